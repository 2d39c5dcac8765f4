"""Segments as fragments (ISO/IEC 14496-12, 8.8): a header, then `moof` and `mdat` by turns.

Knows only the form that our recorder writes: one video track, perhaps one of sound beside it, one `traf` of each in a
fragment. A file is read once, from front to end, and can be hashed on the way. Decodes nothing.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

_MOST_HEAD_BYTES = 4_000_000
_CHUNK = 1 << 20
Sink = Callable[[bytes], object]


class BadFragmentError(ValueError):
    """Not a segment of ours, or one that is torn in its middle."""


@dataclass(frozen=True, slots=True)
class Head:
    """`ftyp` and `moov`; `tracks` are all `trak` boxes: files with equal ones may be joined. `scales` are ticks a
    second by track id; those of pictures are `timescale`."""

    data: bytes
    tracks: bytes
    scales: dict[int, int]
    video_id: int

    @property
    def timescale(self) -> int:
        """Ticks a second of the pictures' times."""
        return self.scales[self.video_id]


@dataclass(frozen=True, slots=True)
class Run:
    """A track's part of a fragment: its decoding time (ticks of the track) and where in the `moof` it stands."""

    track_id: int
    start: int
    length: int
    samples: int
    time_at: int


@dataclass(frozen=True, slots=True)
class Fragment:
    """A `moof` and how long its `mdat` (with its header) is. Times are ticks of the pictures, `offset` counts from the
    file's start."""

    head: Head
    offset: int
    moof: bytes
    mdat_bytes: int
    runs: tuple[Run, ...]

    @property
    def start(self) -> int:
        """Of its pictures; of its sound where it has nothing else."""
        run = self._shown
        return run.start * self.head.timescale // self.head.scales[run.track_id]

    @property
    def length(self) -> int:
        """As `start`."""
        run = self._shown
        return run.length * self.head.timescale // self.head.scales[run.track_id]

    @property
    def frames(self) -> int:
        """Pictures."""
        return sum(run.samples for run in self.runs if run.track_id == self.head.video_id)

    @property
    def _shown(self) -> Run:
        return next((run for run in self.runs if run.track_id == self.head.video_id), self.runs[0])

    def moved(self, ticks: int, sequence: int) -> bytes:
        """The `moof` with its times later by `ticks` (of the pictures) and another sequence number; its length stays.

        Sound that began a little before the first picture of a copy begins with it."""
        moof = bytearray(self.moof)
        moof[20:24] = struct.pack(">I", sequence & 0xFFFFFFFF)
        for run in self.runs:
            shift = round(ticks * self.head.scales[run.track_id] / self.head.timescale)
            moof[run.time_at : run.time_at + 8] = struct.pack(">Q", max(run.start + shift, 0))
        return bytes(moof)


class Reader:
    """A file read from front to end; what passes is hashed when `hashed`. `told` hears how many bytes were read."""

    def __init__(self, file: BinaryIO, size: int, told: Callable[[int], None], *, hashed: bool) -> None:
        self.at, self.size = 0, size
        self._file, self._told = file, told
        self._hash = hashlib.sha256() if hashed else None

    @property
    def sha256(self) -> str:
        """Of what was read."""
        return self._hash.hexdigest() if self._hash is not None else ""

    def take(self, count: int) -> bytes:
        """Exactly so many bytes. Raises BadFragmentError at the end."""
        data = self._file.read(count)
        if len(data) != count:
            raise BadFragmentError("cut off")
        self.at += count
        if self._hash is not None:
            self._hash.update(data)
        self._told(count)
        return data

    def pass_on(self, count: int, sink: Sink | None) -> None:
        """The next bytes in chunks, to `sink` or nowhere."""
        while count:
            data = self.take(min(count, _CHUNK))
            count -= len(data)
            if sink is not None:
                sink(data)

    def rest(self) -> None:
        """Read to the end, for the hash."""
        while data := self._file.read(_CHUNK):
            self.at += len(data)
            if self._hash is not None:
                self._hash.update(data)
            self._told(len(data))


def read_head(reader: Reader) -> Head:
    """The beginning of a segment. Raises BadFragmentError."""
    data = b""
    while True:
        head, kind, size = _box(reader)
        if size > _MOST_HEAD_BYTES or kind not in (b"ftyp", b"moov", b"free"):
            raise BadFragmentError("no header")
        body = reader.take(size - len(head))
        data += head + body
        if kind == b"moov":
            return _head(data, body)


def fragments(reader: Reader, of: Head) -> Iterator[Fragment]:
    """Whole fragments after the head; before the next one is asked for, its `mdat` must have been read.

    Ends where the file does, before a torn fragment, or at what follows the last. Raises BadFragmentError."""
    while reader.at + 16 <= reader.size:
        offset = reader.at
        head, kind, size = _box(reader)
        if kind == b"mfra":
            return
        if kind != b"moof" or size > _MOST_HEAD_BYTES:
            raise BadFragmentError("no fragment")
        if offset + size + 8 > reader.size:
            return
        moof = head + reader.take(size - len(head))
        mdat_head, kind, mdat_bytes = _box(reader)
        if kind != b"mdat":
            raise BadFragmentError("no fragment")
        if reader.at - len(mdat_head) + mdat_bytes > reader.size:
            return
        if len(mdat_head) != 8:
            raise BadFragmentError("a large box")
        yield Fragment(of, offset, moof, mdat_bytes, _runs(moof, of))


def _box(reader: Reader) -> tuple[bytes, bytes, int]:
    """A box's header as it stands, its kind, its whole size."""
    head = reader.take(8)
    size, kind = struct.unpack(">I4s", head)
    if size == 1:
        head += reader.take(8)
        size = struct.unpack(">Q", head[8:])[0]
    if size < len(head):
        raise BadFragmentError("no box")
    return head, kind, size


def _inner(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Boxes within a box: kind, where their content starts and ends."""
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        if size < 8 or start + size > end:
            raise BadFragmentError("no box")
        yield kind, start + 8, start + size
        start += size


def _head(data: bytes, moov: bytes) -> Head:
    tracks = [(a, b) for kind, a, b in _inner(moov, 0, len(moov)) if kind == b"trak"]
    found = [_track(moov, a, b) for a, b in tracks]
    videos = [track_id for track_id, kind, _scale in found if kind == b"vide"]
    if len(videos) != 1 or any(not scale for _id, _kind, scale in found):
        raise BadFragmentError("not one track of pictures")
    scales = {track_id: scale for track_id, _kind, scale in found}
    return Head(data, b"".join(moov[a:b] for a, b in tracks), scales, videos[0])


def _track(moov: bytes, begin: int, end: int) -> tuple[int, bytes, int]:
    """8.3.2, 8.4.2, 8.4.3: id, handler and time scale."""
    track_id, kind, scale = 0, b"", 0
    for box, a, b in _inner(moov, begin, end):
        if box == b"tkhd":
            track_id = struct.unpack_from(">I", moov, a + (20 if moov[a] else 12))[0]
        for inner, at, _to in _inner(moov, a, b) if box == b"mdia" else ():
            if inner == b"mdhd":
                scale = struct.unpack_from(">I", moov, at + (20 if moov[at] else 12))[0]
            elif inner == b"hdlr":
                kind = moov[at + 8 : at + 12]
    return track_id, kind, scale


def _runs(moof: bytes, of: Head) -> tuple[Run, ...]:
    trafs = [(a, b) for kind, a, b in _inner(moof, 8, len(moof)) if kind == b"traf"]
    runs = tuple(_traf(moof, a, b) for a, b in trafs)
    if not runs or moof[12:16] != b"mfhd" or any(run.track_id not in of.scales for run in runs):
        raise BadFragmentError("no fragment of this file")
    return runs


def _traf(moof: bytes, begin: int, end: int) -> Run:
    track_id, default, start, time_at, length, samples = 0, 0, 0, 0, 0, 0
    for kind, a, _b in _inner(moof, begin, end):
        if kind == b"tfhd":
            track_id = struct.unpack_from(">I", moof, a + 4)[0]
            default = _default_duration(moof, a)
        elif kind == b"tfdt" and moof[a] == 1:
            time_at = a + 4
            start = struct.unpack_from(">Q", moof, time_at)[0]
        elif kind == b"trun":
            count, ticks = _run(moof, a, default)
            samples, length = samples + count, length + ticks
    if not time_at:
        raise BadFragmentError("no time")
    return Run(track_id, start, length, samples, time_at)


def _default_duration(moof: bytes, at: int) -> int:
    """8.8.7."""
    flags = int.from_bytes(moof[at + 1 : at + 4], "big")
    skipped = at + 8 + 8 * bool(flags & 0x1) + 4 * bool(flags & 0x2)
    return int.from_bytes(moof[skipped : skipped + 4], "big") if flags & 0x8 else 0


def _run(moof: bytes, at: int, default: int) -> tuple[int, int]:
    """8.8.8: samples and the sum of their durations."""
    flags, count = int.from_bytes(moof[at + 1 : at + 4], "big"), int.from_bytes(moof[at + 4 : at + 8], "big")
    if not flags & 0x100:
        return count, default * count
    first = at + 8 + 4 * bool(flags & 0x1) + 4 * bool(flags & 0x4)
    step = 4 * sum(bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800))
    return count, sum(int.from_bytes(moof[p : p + 4], "big") for p in range(first, first + count * step, step))
