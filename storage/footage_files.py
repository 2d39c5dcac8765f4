"""What a recorded file is called and what it says of itself. Reads MP4 boxes (ISO/IEC 14496-12), decodes nothing.

Layout: `FOLDER/camera/YYYY-MM-DD/HH-MM-SS.mmmZ_ID.mp4`, UTC. The same facts stand in the file's metadata (`Card`), so
that a renamed or moved file still tells whose it is. Times come from the fragments themselves: a torn file counts up to
its last whole fragment. Pure functions of a file; any thread.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import quote

from storage.footage_records import Segment

TIMESCALE = 90_000
UNFINISHED = ".fetching"
"""In a recordings folder: files from elsewhere that are being written, under names that no walk looks at."""
SUFFIX = ".mp4"
_MARK = "watchfloor-footage-1"
_HEADER_BYTES = 8
_CHUNK_BYTES = 1024 * 1024
_MOST_MOOV_BYTES = 4_000_000


class Flaw(StrEnum):
    """Why a file of the folder is not (wholly) footage of ours."""

    EMPTY = "empty"
    FOREIGN = "foreign"
    TORN = "torn"
    UNREADABLE = "unreadable"
    MISSING = "missing"
    ALTERED = "altered"
    DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class Card:
    """What a segment says of itself, as JSON in the MP4's comment. `origin`: see `Segment`."""

    id: str
    camera_id: str
    from_utc_s: float
    codec: str
    width: int
    height: int
    origin: str = ""

    def text(self) -> str:
        """For the metadata field."""
        values = asdict(self)
        if not self.origin:
            del values["origin"]  # our own look as they always did
        return json.dumps({"format": _MARK, **values}, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str) -> Card | None:
        """None for a comment that is not ours."""
        try:
            values = json.loads(text)
            if values.pop("format", "") != _MARK:
                return None
            return cls(**values)
        except (ValueError, TypeError, AttributeError):
            return None


class Reading(NamedTuple):
    """What a file turned out to be; a torn one has both a segment and a flaw."""

    segment: Segment | None
    flaw: Flaw | None


class _Box(NamedTuple):
    kind: bytes
    start: int
    end: int


def segment_path(folder: Path, card: Card) -> Path:
    """Where a segment belongs."""
    at = datetime.fromtimestamp(card.from_utc_s, UTC)
    name = f"{at:%H-%M-%S}.{at.microsecond // 1000:03d}Z_{card.id}{SUFFIX}"
    return folder / quote(card.camera_id, safe="") / f"{at:%Y-%m-%d}" / name


def read_segment(path: Path) -> Reading:
    """A file's own account: card, end, length; the hash is not taken (`hash_file`)."""
    try:
        with path.open("rb") as file:
            return _read(path, file)
    except FileNotFoundError:
        return Reading(None, Flaw.MISSING)
    except (OSError, struct.error):
        return Reading(None, Flaw.UNREADABLE)


def hash_file(path: Path) -> str:
    """SHA-256 of the whole file. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_unless(path: Path, stopping: Callable[[], bool]) -> str | None:
    """The same for a long file at a time when the program may be asked to end: None when it was. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while not stopping():
            data = file.read(_CHUNK_BYTES)
            if not data:
                return digest.hexdigest()
            digest.update(data)
    return None


def _read(path: Path, file: BinaryIO) -> Reading:
    size = path.stat().st_size
    if not size:
        return Reading(None, Flaw.EMPTY)
    card: Card | None = None
    end, torn, pending = 0, False, 0
    for box in _boxes(file, 0, size):
        if box.end > size:
            torn = True
            break
        if box.kind == b"moov" and card is None:
            card = _card(file, box)
        elif box.kind == b"moof":
            pending = _fragment_end(file, box)
        elif box.kind == b"mdat":
            end = pending or end
    if card is None:
        return Reading(None, Flaw.FOREIGN)
    segment = Segment(
        id=card.id,
        camera_id=card.camera_id,
        path=str(path.absolute()),
        from_utc_s=card.from_utc_s,
        to_utc_s=card.from_utc_s + end / TIMESCALE,
        bytes=size,
        codec=card.codec,
        width=card.width,
        height=card.height,
        origin=card.origin,
    )
    return Reading(segment, Flaw.TORN if torn else None)


def _boxes(file: BinaryIO, start: int, end: int) -> Iterator[_Box]:
    """Boxes from `start` on; the last one may claim to end behind `end`."""
    while start < end:
        file.seek(start)
        header = file.read(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES:
            yield _Box(b"", start, end + 1)  # A header cut in two.
            return
        size, kind = struct.unpack(">I4s", header)
        inner = start + _HEADER_BYTES
        if size == 1:
            size = struct.unpack(">Q", file.read(8))[0]
            inner += 8
        if size < inner - start:
            yield _Box(b"", start, end + 1)
            return
        yield _Box(kind, inner, start + size)
        start += size


def _find(file: BinaryIO, box: _Box, *kinds: bytes) -> Iterator[_Box]:
    for inner in _boxes(file, box.start, box.end):
        if inner.kind == kinds[0]:
            if len(kinds) == 1:
                yield inner
            else:
                yield from _find(file, inner, *kinds[1:])


def _card(file: BinaryIO, moov: _Box) -> Card | None:
    """From moov/udta/meta/ilst/(c)cmt/data; `meta` is a full box (4 bytes of version and flags)."""
    if moov.end - moov.start > _MOST_MOOV_BYTES:
        return None
    for meta in _find(file, moov, b"udta", b"meta"):
        inner = _Box(meta.kind, meta.start + 4, meta.end)
        for data in _find(file, inner, b"ilst", b"\xa9cmt", b"data"):
            file.seek(data.start + 8)  # type and locale
            return Card.parse(file.read(data.end - data.start - 8).decode(errors="replace"))
    return None


def _fragment_end(file: BinaryIO, moof: _Box) -> int:
    """Decode time at which a fragment ends, in ticks."""
    for traf in _find(file, moof, b"traf"):
        default, at = 0, 0
        for box in _boxes(file, traf.start, traf.end):
            file.seek(box.start)
            body = file.read(box.end - box.start)
            if box.kind == b"tfhd":
                default = _default_duration(body)
            elif box.kind == b"tfdt":
                at = struct.unpack(">Q" if body[0] else ">I", body[4 : 12 if body[0] else 8])[0]
            elif box.kind == b"trun":
                at += _run_length(body, default)
        return at
    return 0


def _default_duration(body: bytes) -> int:
    flags = int.from_bytes(body[1:4], "big")
    skipped = 8 + 8 * bool(flags & 0x1) + 4 * bool(flags & 0x2)
    return int.from_bytes(body[skipped : skipped + 4], "big") if flags & 0x8 else 0


def _run_length(body: bytes, default: int) -> int:
    """Sum of the durations of a track run."""
    flags, count = int.from_bytes(body[1:4], "big"), int.from_bytes(body[4:8], "big")
    start = 8 + 4 * bool(flags & 0x1) + 4 * bool(flags & 0x4)
    if not flags & 0x100:
        return default * count
    step = 4 * sum(bool(flags & bit) for bit in (0x100, 0x200, 0x400, 0x800))
    return sum(int.from_bytes(body[at : at + 4], "big") for at in range(start, start + count * step, step))
