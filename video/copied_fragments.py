"""One file of an exported range: fragments of segments one after another, and the check that they arrived.

Used by `video.export_copy` on its thread. Times: `shift` moves a segment's ticks to those of the file, which begins
at 0.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

import av
import av.error

from storage.durable import typed_errors
from storage.footage_records import Segment
from storage.segments import TOLERANCE_S
from video.fragments import BadFragmentError, Fragment, Head, Reader, fragments, read_head
from video.source import VideoCode, VideoError

Told = Callable[[int], None]


class SourceFlaw(StrEnum):
    """Why nothing was taken from a segment."""

    ALTERED = "altered"
    MISSING = "missing"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class CopyPart:
    """What a file has of one segment: bytes `first` to `last` of the source, from `offset` on in the copy."""

    segment: Segment
    shift: int
    sequence: int
    first: int
    last: int
    offset: int
    start: int
    end: int
    from_utc_s: float
    to_utc_s: float
    frames: int

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> CopyPart:
        """From its own `asdict`. Raises TypeError."""
        return cls(**{**values, "segment": Segment(**values["segment"])})


class CopyFile:
    """A file while it is written. `parts` are finished and proved."""

    def __init__(self, path: Path, file: BinaryIO, head: Head, parts: list[CopyPart]) -> None:
        self.path, self.head, self.parts = path, head, parts
        self._file = file

    @classmethod
    def continued(
        cls, current: CopyFile | None, path: Path, segment: Segment, from_utc_s: float, to_utc_s: float, told: Told
    ) -> tuple[CopyFile | None, SourceFlaw | None]:
        """Take what `segment` has of the range, into `current` where it goes on there, else into a new file at `path`.

        Returns the file (None: nothing of the range was in it) or why nothing was taken; then nothing is left of it.
        Raises StorageError, OSError of the copy, and what `told` raises."""
        try:
            with Path(segment.path).open("rb") as source:
                size = os.fstat(source.fileno()).st_size
                reader = Reader(source, size, told, hashed=segment.sha256 is not None)
                return cls._taken(current, path, segment, reader, (from_utc_s, to_utc_s))
        except FileNotFoundError:
            return None, SourceFlaw.MISSING

    @classmethod
    def reopened(cls, path: Path, parts: list[CopyPart]) -> CopyFile:
        """A file of an earlier run, cut back to its finished parts. Raises OSError, BadFragmentError."""
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            head = read_head(Reader(file, size, _unheard, hashed=False))
        if size < _end_of(parts):
            raise BadFragmentError("an earlier copy is incomplete")
        copy = cls(path, path.open("r+b"), head, parts)
        copy.cut_back()
        return copy

    @classmethod
    def _taken(
        cls, current: CopyFile | None, path: Path, segment: Segment, reader: Reader, asked: tuple[float, float]
    ) -> tuple[CopyFile | None, SourceFlaw | None]:
        target, part = current, None
        try:
            head = read_head(reader)
            for fragment in fragments(reader, head):
                begin = segment.from_utc_s + fragment.start / head.timescale
                end = begin + fragment.length / head.timescale
                if end <= asked[0] or begin >= asked[1]:
                    reader.pass_on(fragment.mdat_bytes - 8, None)
                    continue
                if part is None:
                    target = _target(current, path, head, begin, segment.origin)
                    part = target.begin(segment, fragment, begin)
                part = target.add(part, fragment, reader) if target is not None else None
            reader.rest()
            flaw = SourceFlaw.ALTERED if segment.sha256 and reader.sha256 != segment.sha256 else None
        except BadFragmentError:
            # What cannot be read because it was altered is altered in the first place.
            reader.rest()
            flaw = SourceFlaw.ALTERED if segment.sha256 and reader.sha256 != segment.sha256 else SourceFlaw.UNREADABLE
        except BaseException:
            _undo(target, current)
            raise
        if flaw is not None or part is None or target is None:
            _undo(target, current)
            return None, flaw
        target.parts.append(part)
        return target, None

    def begin(self, segment: Segment, fragment: Fragment, utc_s: float) -> CopyPart:
        """The part that begins with this fragment; its time never lies before the end of what is there."""
        scale, last = self.head.timescale, self.parts[-1] if self.parts else None
        origin_utc_s = self.parts[0].from_utc_s if self.parts else utc_s
        start = max(round((utc_s - origin_utc_s) * scale), last.end if last else 0)
        return CopyPart(
            segment=segment,
            shift=start - fragment.start,
            sequence=last.sequence + 1 if last else 1,
            first=fragment.offset,
            last=fragment.offset,
            offset=self._file.tell(),
            start=start,
            end=start,
            from_utc_s=utc_s,
            to_utc_s=utc_s,
            frames=0,
        )

    def add(self, part: CopyPart, fragment: Fragment, reader: Reader) -> CopyPart:
        """Copy a fragment, whose `mdat` comes next from `reader`; `sequence` of the part is that of its last one."""
        with typed_errors(self.path):
            sequence = part.sequence + (1 if part.frames else 0)
            self._file.write(fragment.moved(part.shift, sequence))
            self._file.write(_mdat_head(fragment))
            reader.pass_on(fragment.mdat_bytes - 8, self._file.write)
        scale = self.head.timescale
        end = part.shift + fragment.start + fragment.length
        return replace(
            part,
            sequence=sequence,
            last=fragment.offset + len(fragment.moof) + fragment.mdat_bytes,
            end=end,
            to_utc_s=part.from_utc_s + (end - part.start) / scale,
            frames=part.frames + fragment.frames,
        )

    def cut_back(self) -> None:
        """Forget what came after the finished parts; a file without any is removed."""
        if self.parts:
            self._file.truncate(_end_of(self.parts))
            self._file.seek(0, os.SEEK_END)
        else:
            self.close()
            self.path.unlink(missing_ok=True)

    def flush(self) -> None:
        """The disk has it."""
        with typed_errors(self.path):
            self._file.flush()
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """A second call does nothing."""
        if not self._file.closed:
            self._file.close()

    def figures(self) -> tuple[int, str]:
        """Size and SHA-256. Raises OSError."""
        with self.path.open("rb") as file:
            return os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest()


def check_copy(copy: CopyFile) -> int:
    """Read a closed copy again: byte for byte its sources but for the two moved numbers, and both ends decode.

    Returns its frames. Raises VideoError(DAMAGED)."""
    with copy.path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        same = file.read(len(copy.head.data)) == copy.head.data and size == _end_of(copy.parts)
        same = same and all(_same(part, file) for part in copy.parts)
    if not same:
        raise VideoError(VideoCode.DAMAGED, url=str(copy.path))
    _decode_ends(copy)
    return sum(part.frames for part in copy.parts)


def _same(part: CopyPart, copy: BinaryIO) -> bool:
    """Whether the copy, from its position on, is the part of the source that it should be."""
    sequence = 0
    with Path(part.segment.path).open("rb") as source:
        reader = Reader(source, os.fstat(source.fileno()).st_size, _unheard, hashed=False)
        head = read_head(reader)
        source.seek(part.first)
        reader.at = part.first
        for fragment in fragments(reader, head):
            if fragment.offset >= part.last:
                break
            found = copy.read(len(fragment.moof) + 8)
            sequence = sequence or int.from_bytes(found[20:24], "big")
            if found != fragment.moved(part.shift, sequence) + _mdat_head(fragment):
                return False
            sequence += 1
            equal = _Equal(copy)
            reader.pass_on(fragment.mdat_bytes - 8, equal.compare)
            if not equal.so_far:
                return False
    return sequence - 1 == part.sequence


class _Equal:
    """Whether another file has the same bytes."""

    def __init__(self, other: BinaryIO) -> None:
        self.so_far = True
        self._other = other

    def compare(self, data: bytes) -> None:
        """The next ones."""
        self.so_far = self.so_far and self._other.read(len(data)) == data


def _decode_ends(copy: CopyFile) -> None:
    """A player can open it: the first and the last key frame decode. Raises VideoError(DAMAGED)."""
    try:
        with av.open(str(copy.path)) as container:
            stream = container.streams.video[0]
            for pts in (0, copy.parts[-1].end):
                if pts:
                    container.seek(pts, stream=stream)
                next(iter(container.decode(stream)))
    except (av.error.FFmpegError, StopIteration, IndexError) as error:
        raise VideoError(VideoCode.DAMAGED, url=str(copy.path)) from error


def _target(current: CopyFile | None, path: Path, head: Head, utc_s: float, origin: str) -> CopyFile:
    """The file in which this goes on: same track and origin, no hole, no step back; else a new one."""
    same = current is not None and current.head.tracks == head.tracks
    same = same and current is not None and current.parts[-1].segment.origin == origin
    if current is not None and same and abs(utc_s - current.parts[-1].to_utc_s) <= TOLERANCE_S:
        return current
    with typed_errors(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o600)
        file = os.fdopen(handle, "w+b")
        file.write(head.data)
    return CopyFile(path, file, head, [])


def _undo(target: CopyFile | None, current: CopyFile | None) -> None:
    if target is not None and (target is current or not target.parts):
        target.cut_back()


def _end_of(parts: list[CopyPart]) -> int:
    last = parts[-1]
    return last.offset + last.last - last.first


def _mdat_head(fragment: Fragment) -> bytes:
    return fragment.mdat_bytes.to_bytes(4, "big") + b"mdat"


def _unheard(_count: int) -> None:
    """Nobody wants to know."""
