"""Footage from a foreign recorder as files like our own recordings: fragmented MP4, a minute each, a fragment a GOP.

Each says of itself whose camera it is, when it begins (by our clock) and that it comes from elsewhere (`Card.origin`).
A file is written in a folder beside the recordings, read again, held against the hash of what was meant to be written,
its first picture decoded, and only then gets its name. One task thread.
"""

from __future__ import annotations

import logging
from collections import deque
from pathlib import Path

import av
import av.error

from storage.durable import make_folder, sync_folder
from storage.errors import StorageCode, StorageError
from storage.footage_files import TIMESCALE, UNFINISHED, Card, hash_file, read_segment, segment_path
from storage.footage_records import Segment
from storage.records import new_id
from video.audio import AudioPacket
from video.frame import Packet, StreamInfo
from video.open_segment import OpenSegment
from video.recording_queue import dts_s
from video.remux import Remux
from video.replay_source import Gop
from video.segment_file import SegmentFile
from video.source import VideoCode, VideoError

log = logging.getLogger(__name__)

PIECE_S = 60.0
_JOINT_S = 0.5
_MOST_BYTES = 2_000_000_000


class PieceWriter:
    """Give it GOPs; it gives finished files. After an error call `abandon`."""

    def __init__(self, camera_id: str, folder: Path, origin: str) -> None:
        self._camera_id, self._folder, self._origin = camera_id, folder, origin
        self._open: OpenSegment | None = None
        self._last: Packet | None = None
        self._path = Path()
        self._no_sound: deque[AudioPacket] = deque()

    @property
    def fresh(self) -> bool:
        """Whether the next GOP begins a file."""
        return self._open is None

    def take(self, gop: Gop, info: StreamInfo) -> Segment | None:
        """Write a GOP; the file that was finished by it. Raises VideoError, StorageError, OSError."""
        first, opened, done = gop.packets[0], self._open, None
        goes_on = opened is not None and gop.follows and int(first.utc_s // PIECE_S) == opened.slot
        if opened is not None and not (goes_on and info.extradata == opened.info.extradata):
            done = self.end(dts_s(first) if gop.follows else None)
        if self._open is None:
            self._begin(first, info)
        if self._open is not None:
            if self._open.remux.file.size > _MOST_BYTES:
                raise VideoError(VideoCode.DAMAGED, path=str(self._path))
            for packet in gop.packets:
                self._open.mux(packet, self._no_sound)
            self._last = gop.packets[-1]
            count, length_s = len(gop.packets) - 1, dts_s(gop.packets[-1]) - dts_s(first)
            if count > 0:  # how long the very last frame is, as far as one can know
                self._open.step = max(round(length_s / count * TIMESCALE), 1)
        return done

    def end(self, next_dts_s: float | None = None) -> Segment | None:
        """Finish the file at work, check it and give it its name; None when there is none. Raises as `take`."""
        opened, self._open = self._open, None
        if opened is None:
            return None
        near = next_dts_s is not None and self._last is not None and 0 < next_dts_s - dts_s(self._last) < _JOINT_S
        try:
            to_utc_s, size, sha256 = opened.close(next_dts_s if near else None, self._no_sound)
        except BaseException:
            opened.abandon()
            self._path.unlink(missing_ok=True)
            raise
        try:
            return self._checked(opened.segment, to_utc_s, size, sha256)
        except BaseException:
            self._path.unlink(missing_ok=True)
            raise

    def abandon(self) -> None:
        """Nothing stays of the file at work."""
        opened, self._open = self._open, None
        if opened is not None:
            opened.abandon()
            self._path.unlink(missing_ok=True)

    def _begin(self, packet: Packet, info: StreamInfo) -> None:
        card = Card(
            new_id(packet.utc_s), self._camera_id, packet.utc_s, info.codec, info.width, info.height, self._origin
        )
        final = segment_path(self._folder, card)
        self._path = make_folder(self._folder / UNFINISHED) / f".{final.name}"
        shape = info.codec, info.width, info.height
        segment = Segment(
            card.id, self._camera_id, str(final.absolute()), packet.utc_s, packet.utc_s, 0, *shape, None, self._origin
        )
        file = SegmentFile(self._path)
        try:
            remux = Remux(file, info, card.text())
        except BaseException:
            file.abandon()
            self._path.unlink(missing_ok=True)
            raise
        slot = int(packet.utc_s // PIECE_S)
        self._open = OpenSegment(
            segment, remux, info, packet.generation, slot, packet.pts_s, dts_s(packet), step=TIMESCALE // 25
        )

    def _checked(self, segment: Segment, to_utc_s: float, size: int, sha256: str) -> Segment:
        read = read_segment(self._path)
        same = read.segment is not None and read.flaw is None and read.segment.id == segment.id
        if not same or self._path.stat().st_size != size or hash_file(self._path) != sha256:
            raise VideoError(VideoCode.DISK_FAILED, path=segment.path)
        _decode_first(self._path)
        final = Path(segment.path)
        make_folder(final.parent)
        if final.exists():
            raise StorageError(StorageCode.READ_ONLY, path=segment.path)
        self._path.rename(final)
        sync_folder(final.parent)
        return Segment(
            segment.id,
            segment.camera_id,
            segment.path,
            segment.from_utc_s,
            to_utc_s,
            size,
            segment.codec,
            segment.width,
            segment.height,
            sha256,
            segment.origin,
        )


def _decode_first(path: Path) -> None:
    """Raises VideoError(DAMAGED)."""
    try:
        with av.open(str(path)) as container:
            next(iter(container.decode(video=0)))
    except (av.error.FFmpegError, StopIteration, IndexError) as error:
        raise VideoError(VideoCode.DAMAGED, url=str(path)) from error
