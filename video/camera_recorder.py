"""One camera's recording: which packet goes into which segment, and what is missing. Called on one writer thread.

A segment begins with a key frame: at UTC multiples of `segment_s`, at every new opening of the stream, when the picture
changes its codec or size, and when the clocks disagree by more than two seconds. Its beginning is the UTC of its first
key frame; within it time goes on as the camera's own does: `utc_s = from_utc_s + (pts - first pts)`.
"""

from __future__ import annotations

import errno
import logging
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.footage_files import TIMESCALE, Card, segment_path
from storage.footage_records import GapReason, Segment
from storage.records import new_id
from storage.segments import SegmentIndex
from video.audio import AudioInfo
from video.fanout import PacketRing
from video.frame import Packet, StreamInfo
from video.open_segment import OpenSegment
from video.parameter_sets import changed_info
from video.recording_gate import RecordingGate
from video.recording_queue import RecordingQueue, dated, dts_s
from video.remux import Remux
from video.segment_file import SegmentFile
from video.source import VideoCode, VideoError

log = logging.getLogger(__name__)

RETRY_S = 5.0
IDLE_S = 5.0
STEP_S = 2.0
SYNC_S = 1.0
_BATCH = 256
_MOST_HELD = 3
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, StorageCode.DISK_FULL}

OpenFile = Callable[[Path], SegmentFile]


class Shelf(Protocol):
    """Where files go (`footage_folders.FootageFolders`)."""

    def choose(self, camera_id: str) -> Path:
        """The folder of this camera's next file."""

    def failed(self, folder: Path, code: StorageCode) -> bool:
        """Writing there failed; True: there is another one to go on in."""


class CameraRecorder:
    """Give it turns (`work`) and an end (`end`). `active` may be read anywhere: footage reaches the disk."""

    def __init__(
        self,
        camera_id: str,
        shelf: Shelf,
        index: SegmentIndex,
        *,
        segment_s: float = 60.0,
        open_file: OpenFile = SegmentFile,
        retry_s: float = RETRY_S,
        gate: RecordingGate | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.camera_id = camera_id
        self.queue = RecordingQueue()
        self.gate = gate or RecordingGate()
        self.ring: PacketRing | None = None
        self.problem: WatchfloorError | None = None
        self.segment_id = ""
        self.segments = self.failures = 0
        self._shelf, self._index = shelf, index
        self._folder = Path()
        self._segment_s = segment_s
        self._open_file, self._retry_s = open_file, retry_s
        self._open: OpenSegment | None = None
        self._held: list[Packet] = []
        self._gaps = 0
        self._reason = GapReason.UNKNOWN
        self._now_s = self._retry_at_s = 0.0
        self._synced_s = 0.0
        self._refused = -1
        self._clock = clock
        self._written = (-1, -1)
        self._mute: set[str] = set()
        self._fresh: deque[RecordingQueue] = deque()
        self._dropped = 0

    @property
    def active(self) -> bool:
        """Whether a segment is open and takes packets."""
        return self._open is not None

    @property
    def dropped_gops(self) -> int:
        """GOPs that the disk was too slow for."""
        return self._dropped + self.queue.packets.dropped_gops

    def renew(self) -> RecordingQueue:
        """The queue for another session, which counts its openings anew; the next turn goes over to it. Any thread."""
        fresh = RecordingQueue()
        self._fresh.append(fresh)
        return fresh

    def rest(self) -> None:
        """Nothing is planned and no session is open: the gap from here on says so. Before the first turn."""
        self._turn_gap(self._clock(), GapReason.NOT_PLANNED)

    def _go_over(self) -> None:
        while self._fresh:
            self._finish(GapReason.NO_SIGNAL)
            self._dropped += self.queue.packets.dropped_gops
            self.queue = self._fresh.popleft()
            self._held, self._gaps, self._refused, self._written = [], 0, -1, (-1, -1)

    def work(self, now_s: float) -> tuple[str, float, int] | None:
        """Write what is there; (segment id, to_utc_s, bytes) when more of it reached the file. `now_s` is monotonic."""
        self._now_s = now_s
        self._go_over()
        self._rewind()
        while True:
            gaps, packets = self.queue.packets.take(_BATCH)
            if gaps != self._gaps:
                self._gaps = gaps
                self._finish(GapReason.TOO_SLOW)
            for packet in packets:
                self._take(packet)
            if len(packets) < _BATCH:
                break
        if self._open is not None and now_s - self.queue.newest_s > IDLE_S:
            self._finish(GapReason.NO_SIGNAL)
        elif self._reason is GapReason.NOT_PLANNED and now_s - self.queue.newest_s > IDLE_S:
            self._miss(self._clock())
        return self._progress(now_s)

    def end(self, reason: GapReason = GapReason.STOPPED) -> None:
        """Write what is queued and close; from here on there is a gap."""
        self.work(time.monotonic())
        held, self._held = self._held, []
        for packet in held:
            self._write(packet)
        self._finish(reason)
        if self._reason is GapReason.NOT_PLANNED:
            self._turn_gap(self._clock(), reason)

    def _rewind(self) -> None:
        """What was wanted after it had passed: from its GOP on, as far as the ring holds it."""
        since_utc_s = self.gate.take_wish()
        if since_utc_s is None or self._open is not None or self.ring is None:
            return
        gops = self.ring.gops()
        begin = max((n for n, (_, gop) in enumerate(gops) if gop[0].utc_s <= since_utc_s), default=0)
        for info, gop in gops[begin:]:
            if self.queue.info(gop[0].generation) is None:
                self.queue.configure(gop[0].generation, info)
            if gop[0].key and (gop[0].generation, gop[0].seq) > self._written:
                for packet in gop:
                    self._take(packet)

    def _miss(self, utc_s: float) -> None:
        """The plan wants this time, and nothing comes: that is another gap than the one before."""
        if self.gate.refusal(utc_s) is None:
            self._turn_gap(utc_s, GapReason.NO_SIGNAL)

    def _take(self, packet: Packet) -> None:
        """Packets that came before the stream knew its time wait for the one that tells it."""
        if (packet.generation, packet.seq) <= self._written:
            return  # `_rewind` was faster than the queue.
        timeless = packet.av.pts is None and packet.av.dts is None
        if timeless and self._begins(packet) and len(self._held) < _MOST_HELD:
            self._held.append(packet)
            return
        held, self._held = self._held, []
        if held and not timeless:
            held = dated(held, packet, self.queue.info(packet.generation))
        for waiting in (*held, packet):
            self._write(waiting)

    def _begins(self, packet: Packet) -> bool:
        """Whether this may still be the very beginning of an opening."""
        return self._open is None or self._open.generation != packet.generation

    def _write(self, packet: Packet) -> None:
        if self._now_s < self._retry_at_s or packet.generation == self._refused:
            return
        try:
            refusal = self.gate.refusal(packet.utc_s) if packet.key else None
            if refusal is not None:
                self._refuse(packet, refusal)
            elif packet.key:
                self._turn(packet)
            if self._open is not None and packet.generation == self._open.generation:
                self._mux_both(self._open, packet)
        except (OSError, StorageError) as error:
            self._failed(error)
        except VideoError as error:
            self._refused = packet.generation
            self._report(error)

    def _refuse(self, packet: Packet, reason: GapReason) -> None:
        """Nobody wants this: close what is open; the gap from here on has this reason."""
        self.problem = None  # Nothing is tried, so nothing fails.
        if self._open is not None:
            self._finish(reason, next_dts_s=dts_s(packet) if packet.generation == self._open.generation else None)
        elif self._reason is not reason:
            self._turn_gap(packet.utc_s, reason)

    def _turn(self, packet: Packet) -> None:
        """Begin a new segment with this key frame, if it is time for one."""
        opened = self._open
        slot = int(packet.utc_s // self._segment_s)
        if opened is None or opened.generation != packet.generation:
            info = self.queue.info(packet.generation)
            self._finish(GapReason.NO_SIGNAL)
        else:
            info = changed_info(opened.info, packet)
            drift_s = opened.drift_s(packet)
            if info is None and slot == opened.slot and abs(drift_s) <= STEP_S:
                return
            step = info is None or abs(drift_s) > STEP_S
            info = info or opened.info
            reason = GapReason.CLOCK_STEP if step else GapReason.NO_SIGNAL
            self._finish(reason, at_once=True, next_dts_s=dts_s(packet))
        if info is not None and self._now_s >= self._retry_at_s:
            self._begin(packet, changed_info(info, packet) or info, slot)

    def _begin(self, packet: Packet, info: StreamInfo, slot: int) -> None:
        card = Card(new_id(packet.utc_s), self.camera_id, packet.utc_s, info.codec, info.width, info.height)
        self._folder = self._shelf.choose(self.camera_id)
        path = segment_path(self._folder, card)
        segment = Segment(card.id, self.camera_id, str(path.absolute()), packet.utc_s, packet.utc_s, 0, *_shape(info))
        remux = self._remux(path, info, card, packet.generation)
        self.segment_id = card.id  # before the index knows it: who looks after crashes leaves this one alone
        try:
            self._index.begin(segment, self._reason)
        except BaseException:
            remux.file.abandon()
            remux.discard()
            path.unlink(missing_ok=True)  # Nothing of anybody's footage is in it yet.
            raise
        if self.problem is not None:
            log.info("camera %s is recorded again", self.camera_id)
        self.problem = None
        self.segments += 1
        frame = round(TIMESCALE / info.fps) if info.fps else TIMESCALE // 25
        times = packet.pts_s, dts_s(packet)
        self._open = OpenSegment(segment, remux, info, packet.generation, slot, *times, step=frame)

    def _remux(self, path: Path, info: StreamInfo, card: Card, generation: int) -> Remux:
        """With sound where there is some and MP4 takes it: sound never costs the picture."""
        audio = self.queue.audio_info(generation)
        if audio is not None and audio.codec not in self._mute:
            try:
                return self._new_file(path, info, card, audio)
            except VideoError as error:
                self._silence(audio, error)
        return self._new_file(path, info, card)

    def _new_file(self, path: Path, info: StreamInfo, card: Card, audio: AudioInfo | None = None) -> Remux:
        file = self._open_file(path)
        try:
            return Remux(file, info, card.text(), audio)
        except BaseException:
            file.abandon()
            path.unlink(missing_ok=True)
            raise

    def _silence(self, audio: AudioInfo | None, error: VideoError) -> None:
        if audio is not None:
            self._mute.add(audio.codec)
            log.warning("camera %s is recorded without its sound (%s): %s", self.camera_id, audio.codec, error)

    def _mux_both(self, opened: OpenSegment, packet: Packet) -> None:
        """The picture, and the sound up to it; sound that the muxer chokes on ends the segment and comes no more."""
        try:
            opened.mux(packet, self.queue.audio)
            self._written = (packet.generation, packet.seq)
        except VideoError as error:
            if not opened.remux.sounds:
                raise
            self._silence(self.queue.audio_info(opened.generation), error)
            self._finish(GapReason.UNKNOWN, at_once=True)

    def _progress(self, now_s: float) -> tuple[str, float, int] | None:
        """At most once a second: let the disk have it, and say how far the file goes."""
        opened = self._open
        if opened is None or opened.synced == opened.remux.file.fragments or now_s - self._synced_s < SYNC_S:
            return None
        self._synced_s = now_s
        file = opened.remux.file
        opened.synced, whole_utc_s, size = file.fragments, opened.whole_utc_s, file.whole_bytes
        try:
            file.sync()
        except OSError as error:
            self._failed(error)
            return None
        return opened.segment.id, whole_utc_s, size

    def _finish(self, reason: GapReason, *, at_once: bool = False, next_dts_s: float | None = None) -> None:
        """Close the open segment. Unless the next one begins `at_once`, a gap is open from its end on."""
        opened, self._open = self._open, None
        if opened is None:
            return  # What is missing has its reason already.
        self._reason = reason
        try:
            end_utc_s, size, sha256 = opened.close(next_dts_s, self.queue.audio)
        except OSError as error:
            self._open = opened
            self._failed(error)
            return
        except VideoError as error:
            self._spoiled(opened, error)
            return
        self._close_in_index(opened, end_utc_s, size, sha256)
        if not at_once:
            self._open_gap(end_utc_s, reason)

    def _spoiled(self, opened: OpenSegment, error: VideoError) -> None:
        """The muxer could not end the file, mostly because of its sound: keep what is whole. No disk is to blame."""
        if opened.remux.sounds:
            self._silence(self.queue.audio_info(opened.generation), error)
        else:
            self._report(error)
        self._keep_whole(opened)

    def _keep_whole(self, opened: OpenSegment) -> None:
        end_utc_s, size, sha256 = opened.abandon()
        self._close_in_index(opened, end_utc_s, size, sha256)
        self._open_gap(end_utc_s, self._reason)

    def _failed(self, error: OSError | StorageError) -> None:
        """The disk refuses: keep what is whole, note the gap, try again later, or elsewhere at once.

        What refuses may also be the index: then the folder is not to blame."""
        full = error.errno in _FULL if isinstance(error, OSError) else error.code in _FULL
        code = StorageCode.DISK_FULL if full else StorageCode.DISK_FAILED
        blamed = isinstance(error, OSError) or error.details.get("path") != str(self._index.path)
        elsewhere = blamed and self._shelf.failed(self._folder, code)
        self._retry_at_s = self._now_s + (0.0 if elsewhere else self._retry_s)
        self.failures += 1
        self._reason = GapReason.DISK_FULL if full else GapReason.DISK_FAILED
        if isinstance(error, OSError):
            told = VideoCode.DISK_FULL if full else VideoCode.DISK_FAILED
            self._report(VideoError(told, path=str(self._folder), errno=error.errno or 0))
        else:
            self._report(error)
        opened, self._open = self._open, None
        if opened is not None:
            self._keep_whole(opened)

    def _close_in_index(self, opened: OpenSegment, end_utc_s: float, size: int, sha256: str) -> None:
        try:
            self._index.close_segment(opened.segment.id, end_utc_s, size, sha256)
        except StorageError as error:
            self._report(error)  # Whoever looks after crashes finds it without a hash and reads the file itself.
        self.segment_id = ""

    def _open_gap(self, from_utc_s: float, reason: GapReason) -> None:
        try:
            self._index.open_gap(self.camera_id, from_utc_s, reason)
        except StorageError as error:
            self._report(error)  # The next segment makes the gap, with the same reason.

    def _turn_gap(self, utc_s: float, reason: GapReason) -> None:
        self._reason = reason
        try:
            self._index.turn_gap(self.camera_id, utc_s, reason)
        except StorageError as error:
            self._report(error)

    def _report(self, error: WatchfloorError) -> None:
        if self.problem is None or self.problem.code is not error.code:
            log.warning("camera %s is not recorded: %s", self.camera_id, error)
        self.problem = error


def _shape(info: StreamInfo) -> tuple[str, int, int]:
    return info.codec, info.width, info.height
