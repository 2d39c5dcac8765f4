"""One camera's recording: which packet goes into which segment, and what is missing. Called on one writer thread.

A segment begins with a key frame: at UTC multiples of `segment_s`, at every new opening of the stream, when the picture
changes its codec or size, and when the clocks disagree by more than two seconds. Its beginning is the UTC of its first
key frame; within it time goes on as the camera's own does: `utc_s = from_utc_s + (pts - first pts)`.
"""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.footage_files import TIMESCALE, Card, segment_path
from storage.records import GapReason, Segment, new_id
from storage.segments import SegmentIndex
from video.fanout import PacketQueue
from video.frame import Packet, StreamInfo
from video.parameter_sets import changed_info
from video.remux import Remux
from video.segment_file import SegmentFile
from video.source import VideoCode, VideoError

log = logging.getLogger(__name__)

RETRY_S = 5.0
IDLE_S = 5.0
STEP_S = 2.0
SYNC_S = 1.0
_MOST_PACKETS = 3000
_MOST_BYTES = 16_000_000
_BATCH = 256
_MOST_HELD = 3
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}

OpenFile = Callable[[Path], SegmentFile]


class RecordingQueue:
    """Where a session leaves packets for the recorder (`fanout.PacketTaker`): bounded, whole GOPs, counting."""

    def __init__(self, most_packets: int = _MOST_PACKETS, most_bytes: int = _MOST_BYTES) -> None:
        self.packets = PacketQueue(float("inf"), most_packets, most_bytes)
        self.newest_s = time.monotonic()
        self._infos: dict[int, StreamInfo] = {}

    def configure(self, generation: int, info: StreamInfo) -> None:
        """A new opening of the stream."""
        self._infos = {**dict(list(self._infos.items())[-3:]), generation: info}

    def put(self, packet: Packet) -> None:
        """Queue; never blocks."""
        self.newest_s = time.monotonic()
        self.packets.put(packet)

    def info(self, generation: int) -> StreamInfo | None:
        """What packets of this opening are."""
        return self._infos.get(generation)


@dataclass(slots=True)
class _Open:
    """The segment at work. Ticks count from its first packet."""

    segment: Segment
    remux: Remux
    info: StreamInfo
    generation: int
    slot: int
    first_pts_s: float
    first_dts_s: float
    last_dts: int = -1
    step: int = TIMESCALE // 25
    whole_dts: int = 0
    dirty: bool = False


class CameraRecorder:
    """Give it turns (`work`) and an end (`end`). `active` may be read anywhere: footage reaches the disk."""

    def __init__(
        self,
        camera_id: str,
        folder: Path,
        index: SegmentIndex,
        *,
        segment_s: float = 60.0,
        open_file: OpenFile = SegmentFile,
        retry_s: float = RETRY_S,
    ) -> None:
        self.camera_id = camera_id
        self.queue = RecordingQueue()
        self.problem: WatchfloorError | None = None
        self.segments = self.failures = 0
        self._folder, self._index = folder, index
        self._segment_s = segment_s
        self._open_file, self._retry_s = open_file, retry_s
        self._open: _Open | None = None
        self._held: list[Packet] = []
        self._gaps = 0
        self._reason = GapReason.UNKNOWN
        self._now_s = self._retry_at_s = 0.0
        self._synced_s = 0.0
        self._refused = -1

    @property
    def active(self) -> bool:
        """Whether a segment is open and takes packets."""
        return self._open is not None

    @property
    def dropped_gops(self) -> int:
        """GOPs that the disk was too slow for."""
        return self.queue.packets.dropped_gops

    def work(self, now_s: float) -> tuple[str, float, int] | None:
        """Write what is there; (segment id, to_utc_s, bytes) when more of it reached the file. `now_s` is monotonic."""
        self._now_s = now_s
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
        return self._progress(now_s)

    def end(self, reason: GapReason = GapReason.STOPPED) -> None:
        """Write what is queued and close; from here on there is a gap."""
        self.work(time.monotonic())
        held, self._held = self._held, []
        for packet in held:
            self._write(packet)
        self._finish(reason)

    def _take(self, packet: Packet) -> None:
        """Packets that came before the stream knew its time wait for the one that tells it."""
        timeless = packet.av.pts is None and packet.av.dts is None
        if timeless and self._begins(packet) and len(self._held) < _MOST_HELD:
            self._held.append(packet)
            return
        held, self._held = self._held, []
        if held and not timeless:
            held = _dated(held, packet, self.queue.info(packet.generation))
        for waiting in (*held, packet):
            self._write(waiting)

    def _begins(self, packet: Packet) -> bool:
        """Whether this may still be the very beginning of an opening."""
        return self._open is None or self._open.generation != packet.generation

    def _write(self, packet: Packet) -> None:
        if self._now_s < self._retry_at_s or packet.generation == self._refused:
            return
        try:
            if packet.key:
                self._turn(packet)
            if self._open is not None and packet.generation == self._open.generation:
                self._mux(self._open, packet)
        except (OSError, StorageError) as error:
            self._failed(error)
        except VideoError as error:
            self._refused = packet.generation
            self._report(error)

    def _turn(self, packet: Packet) -> None:
        """Begin a new segment with this key frame, if it is time for one."""
        opened = self._open
        slot = int(packet.utc_s // self._segment_s)
        if opened is None or opened.generation != packet.generation:
            info = self.queue.info(packet.generation)
            self._finish(GapReason.NO_SIGNAL)
        else:
            info = changed_info(opened.info, packet)
            drift_s = packet.utc_s - opened.segment.from_utc_s - (packet.pts_s - opened.first_pts_s)
            if info is None and slot == opened.slot and abs(drift_s) <= STEP_S:
                return
            info = info or opened.info
            reason = GapReason.CLOCK_STEP if abs(drift_s) > STEP_S else GapReason.UNKNOWN
            self._finish(reason, at_once=True, next_dts_s=_dts_s(packet))
        if info is not None and self._now_s >= self._retry_at_s:
            self._begin(packet, changed_info(info, packet) or info, slot)

    def _begin(self, packet: Packet, info: StreamInfo, slot: int) -> None:
        card = Card(new_id(packet.utc_s), self.camera_id, packet.utc_s, info.codec, info.width, info.height)
        path = segment_path(self._folder, card)
        segment = Segment(card.id, self.camera_id, str(path.absolute()), packet.utc_s, packet.utc_s, 0, *_shape(info))
        file = self._open_file(path)
        try:
            remux = Remux(file, info, card.text())
            self._index.begin(segment, self._reason)
        except BaseException:
            file.abandon()
            path.unlink(missing_ok=True)  # Nothing of anybody's footage is in it yet.
            raise
        if self.problem is not None:
            log.info("camera %s is recorded again", self.camera_id)
        self.problem = None
        self.segments += 1
        frame = round(TIMESCALE / info.fps) if info.fps else TIMESCALE // 25
        self._open = _Open(
            segment, remux, info, packet.generation, slot, packet.pts_s, _dts_s(packet), step=frame, dirty=True
        )

    def _mux(self, opened: _Open, packet: Packet) -> None:
        dts = max(round((_dts_s(packet) - opened.first_dts_s) * TIMESCALE), opened.last_dts + 1)
        # The first picture's delay behind its decoding stays in every time stamp: no edit list, no negative time.
        pts = max(round((packet.pts_s - opened.first_dts_s) * TIMESCALE), dts)
        opened.remux.add(packet.av, pts, dts, opened.step, key=packet.key)
        if packet.key and dts:
            opened.whole_dts, opened.dirty = dts, True
        opened.last_dts = dts

    def _progress(self, now_s: float) -> tuple[str, float, int] | None:
        """At most once a second: let the disk have it, and say how far the file goes."""
        opened = self._open
        if opened is None or not opened.dirty or now_s - self._synced_s < SYNC_S:
            return None
        self._synced_s = now_s
        opened.dirty = False
        try:
            opened.remux.file.sync()
        except OSError as error:
            self._failed(error)
            return None
        return opened.segment.id, _at(opened, opened.whole_dts), opened.remux.file.whole_bytes

    def _finish(self, reason: GapReason, *, at_once: bool = False, next_dts_s: float | None = None) -> None:
        """Close the open segment. Unless the next one begins `at_once`, a gap is open from its end on."""
        opened, self._open = self._open, None
        if opened is None:
            return  # What is missing has its reason already.
        self._reason = reason
        if next_dts_s is not None:
            opened.step = max(round((next_dts_s - opened.first_dts_s) * TIMESCALE) - opened.last_dts, 1)
        end = opened.last_dts + opened.step
        try:
            opened.remux.close()
            size, sha256 = opened.remux.file.finish()
        except OSError as error:
            self._open = opened
            self._failed(error)
            return
        self._close_in_index(opened, end, size, sha256)
        if not at_once:
            self._open_gap(_at(opened, end), reason)

    def _failed(self, error: OSError | StorageError) -> None:
        """The disk refuses: keep what is whole, note the gap, try again later. Nothing else stops."""
        full = error.errno in _FULL if isinstance(error, OSError) else error.code is StorageCode.DISK_FULL
        self._retry_at_s = self._now_s + self._retry_s
        self.failures += 1
        self._reason = GapReason.DISK_FULL if full else GapReason.DISK_FAILED
        if isinstance(error, OSError):
            code = VideoCode.DISK_FULL if full else VideoCode.DISK_FAILED
            self._report(VideoError(code, path=str(self._folder), errno=error.errno or 0))
        else:
            self._report(error)
        opened, self._open = self._open, None
        if opened is not None:
            size, sha256 = opened.remux.file.abandon()
            opened.remux.discard()
            self._close_in_index(opened, opened.whole_dts, size, sha256)
            self._open_gap(_at(opened, opened.whole_dts), self._reason)

    def _close_in_index(self, opened: _Open, end: int, size: int, sha256: str) -> None:
        try:
            self._index.close_segment(opened.segment.id, _at(opened, end), size, sha256)
        except StorageError as error:
            self._report(error)  # The next start reads the file itself.

    def _open_gap(self, from_utc_s: float, reason: GapReason) -> None:
        try:
            self._index.open_gap(self.camera_id, from_utc_s, reason)
        except StorageError as error:
            self._report(error)  # The next segment makes the gap, with the same reason.

    def _report(self, error: WatchfloorError) -> None:
        if self.problem is None or self.problem.code is not error.code:
            log.warning("camera %s is not recorded: %s", self.camera_id, error)
        self.problem = error


def _at(opened: _Open, dts: int) -> float:
    return opened.segment.from_utc_s + dts / TIMESCALE


def _dts_s(packet: Packet) -> float:
    """When the packet is to be decoded, on the stream's continuous time; its own pts where it has no other."""
    pts, dts = packet.av.pts, packet.av.dts
    if pts is None or dts is None or pts == dts:
        return packet.pts_s
    tick = packet.av.time_base  # makes a Fraction: only asked for where frames are reordered
    if tick is None:
        return packet.pts_s
    return packet.pts_s - (pts - dts) * float(tick)


def _dated(held: list[Packet], packet: Packet, info: StreamInfo | None) -> list[Packet]:
    """Give packets without a time the frames before the first one that has it."""
    frame_s = 1 / (info.fps if info and info.fps else 25.0)
    begin_s = _dts_s(packet) - packet.pts_s
    return [
        replace(
            early,
            pts_s=packet.pts_s + begin_s - (len(held) - at) * frame_s,
            utc_s=packet.utc_s + begin_s - (len(held) - at) * frame_s,
        )
        for at, early in enumerate(held)
    ]


def _shape(info: StreamInfo) -> tuple[str, int, int]:
    return info.codec, info.width, info.height
