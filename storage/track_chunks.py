"""A minute of one camera's tracks as few bytes, and back: boxes, classes, scores and times; no pictures, no embeddings.

Pure, any thread. Boxes are kept in steps of 1/8191 of the picture (0.08 px of 640) as uint16, scores in 1/255, times in
milliseconds; what a score is short of (`Track.doubt`) lies above it, in the same column. A track's values are
differences (zigzag) from its look before, low and high bytes apart, then zlib (RFC 1950). Each chunk stands for itself.
A track's velocity and place in the footage are not kept: no rule reads them.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from storage.records import Box

STEPS = 8191
MOST_LOOKS = 4096
MOST_TRACKS = 255
"""Of one look; what is beyond is left out."""
PATH_POINTS = 32
HEAD_BYTES = 512
"""In so many packed bytes a chunk says how much it holds."""

_VERSION = 1
_SCORES = 255
_MOST_AGE_MS = 65535
_HEAD = struct.Struct("<BqHIHH")
_MOST_BYTES = 64 * 1024 * 1024
_LEVEL = 6

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SeenTrack:
    """A track at one look; `path`: foot points that the look before and this one had, the newest last. `last_utc_s` is
    the look's own time when it was seen in it."""

    id: int
    box: Box
    label: str
    score: float
    first_utc_s: float
    last_utc_s: float
    path: tuple[tuple[float, float], ...] = ()
    doubt: float = 0.0


@dataclass(frozen=True, slots=True)
class SeenLook:
    """All tracks at one frame's time."""

    utc_s: float
    tracks: tuple[SeenTrack, ...] = ()


def is_sound(look: SeenLook) -> bool:
    """Whether it can be kept: its time is a number within the calendar."""
    return math.isfinite(look.utc_s) and 0.0 <= look.utc_s < 2.0**38


def pack(looks: Sequence[SeenLook]) -> bytes:
    """Looks in the order of time, at most `MOST_LOOKS`; tracks whose boxes or scores are no numbers are left out.

    Raises ValueError for looks that go back in time or are too many."""
    times = _ms([look.utc_s for look in looks])
    if len(looks) > MOST_LOOKS or (len(times) and int(np.diff(times, prepend=times[:1]).min()) < 0):
        raise ValueError("no minute of looks")
    rows = [
        (number, track)
        for number, look in enumerate(looks)
        for track in [one for one in look.tracks if _is_number(one)][:MOST_TRACKS]
    ]
    ids = list(dict.fromkeys(track.id for _, track in rows))
    index = {track_id: number for number, track_id in enumerate(ids)}
    labels = sorted({track.label for _, track in rows})[:256]
    firsts = {track.id: (number, track) for number, track in reversed(rows)}
    seen = np.array([(index[t.id], number) for number, t in rows], dtype=np.int64).reshape(-1, 2)
    order = np.lexsort((seen[:, 1], seen[:, 0]))
    of_track, of_look = seen[order, 0], seen[order, 1]
    tracks = [rows[place][1] for place in order.tolist()]
    values = (
        np.column_stack(
            (
                of_look,
                _boxes([t.box for t in tracks]),
                _shares([t.score for t in tracks]) + (_shares([t.doubt for t in tracks]) << 8),
                [labels.index(t.label) if t.label in labels else 0 for t in tracks],
                np.clip(times[of_look] - _ms([t.last_utc_s for t in tracks]), 0, _MOST_AGE_MS),
            )
        )
        if tracks
        else np.zeros((0, 8), dtype=np.int64)
    )
    parts = [
        _planes(np.diff(times, prepend=times[:1]), 4),
        np.array([[i & 0xFFFFFFFF, i >> 32] for i in ids], dtype="<u4").tobytes(),
        _planes(np.bincount(of_track, minlength=len(ids)), 2),
        _planes(np.array([_age_ms(times, firsts[i]) for i in ids], dtype=np.int64), 8),
        *(_path(firsts[i][1].path) for i in ids),
        *(_planes(_zigzag(_steps(values[:, column], of_track)), 2) for column in range(values.shape[1])),
    ]
    names = json.dumps(labels).encode()
    base_ms = int(times[0]) if len(times) else 0
    head = _HEAD.pack(_VERSION, base_ms, len(looks), len(rows), len(ids), len(names))
    return zlib.compress(b"".join((head, names, *parts)), _LEVEL)


def unpack(what: bytes, wanted: Iterable[str] | None = None) -> list[SeenLook]:
    """The looks again; of the `wanted` classes alone where these are given. Raises ValueError for what is no chunk."""
    try:
        return _unpacked(what, None if wanted is None else frozenset(wanted))
    except (LookupError, TypeError, struct.error, zlib.error, UnicodeDecodeError, OverflowError) as error:
        raise ValueError("no chunk of tracks") from error


def sightings(beginning: bytes) -> tuple[int, int]:
    """How many looks a chunk holds and how many tracks were seen in them, told by its first `HEAD_BYTES`. Raises
    ValueError."""
    try:
        head = zlib.decompressobj().decompress(beginning, _HEAD.size)
        version, _base_ms, looks, count, _tracks, _names = _HEAD.unpack(head)
    except (zlib.error, struct.error) as error:
        raise ValueError("no chunk") from error
    if version != _VERSION:
        raise ValueError("another version")
    return looks, count


def _unpacked(what: bytes, wanted: frozenset[str] | None) -> list[SeenLook]:
    opened = zlib.decompressobj()
    data = opened.decompress(what, _MOST_BYTES)
    if not opened.eof:
        raise ValueError("too long or cut off")
    reader = _Reader(data)
    version, base_ms, looks, count, track_count, names = reader.head()
    if version != _VERSION:
        raise ValueError("another version")
    labels = json.loads(reader.take(names))
    if not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
        raise ValueError("no labels")
    times = base_ms + np.cumsum(reader.planes(looks, 4))
    halves = np.frombuffer(reader.take(8 * track_count), dtype="<u4").reshape(-1, 2).astype(np.int64)
    ids = halves[:, 0] | (halves[:, 1] << 32)
    lengths = reader.planes(track_count, 2)
    ages = reader.planes(track_count, 8)
    paths = [reader.path() for _ in range(track_count)]
    if int(lengths.sum()) != count:
        raise ValueError("tracks and sightings differ")
    of_track = np.repeat(np.arange(track_count), lengths)
    values = np.column_stack([_summed(_unzigzag(reader.planes(count, 2)), of_track, lengths) for _ in range(8)])
    return _looks(times, values, of_track, _Table(ids, ages, paths, labels), wanted)


@dataclass(frozen=True, slots=True)
class _Table:
    ids: Ints
    ages_ms: Ints
    paths: list[tuple[tuple[float, float], ...]]
    labels: list[str]


def _looks(times: Ints, values: Ints, of_track: Ints, table: _Table, wanted: frozenset[str] | None) -> list[SeenLook]:
    utc_s = (times / 1000.0).tolist()
    found: list[list[SeenTrack]] = [[] for _ in utc_s]
    boxes = (values[:, 1:5] / STEPS).tolist()
    scores, doubts = ((part / _SCORES).tolist() for part in (values[:, 5] & _SCORES, values[:, 5] >> 8))
    rows = values[:, (0, 6, 7)].tolist()
    last, first_s, path = -1, 0.0, []  # type: int, float, list[tuple[float, float]]
    for number, of in enumerate(of_track.tolist()):
        look, label_number, age_ms = rows[number]
        box = Box(*boxes[number])
        if of != last:
            last, first_s = of, (int(times[look]) - int(table.ages_ms[of])) / 1000.0
            path = list(table.paths[of])
        elif not age_ms:
            path.append(box.foot)
        label = table.labels[label_number]
        if wanted is None or label in wanted:
            seen_s = (int(times[look]) - age_ms) / 1000.0 if age_ms else utc_s[look]
            track = SeenTrack(
                int(table.ids[of]),
                box,
                label,
                scores[number],
                first_s,
                seen_s,
                tuple(path[-PATH_POINTS:]),
                doubts[number],
            )
            found[look].append(track)
    return [
        SeenLook(at, tuple(sorted(tracks, key=_by_id)) if len(tracks) > 1 else tuple(tracks))
        for at, tracks in zip(utc_s, found, strict=True)
    ]


def _by_id(track: SeenTrack) -> int:
    return track.id


def _is_number(track: SeenTrack) -> bool:
    x1, y1, x2, y2 = track.box
    return math.isfinite(x1 + y1 + x2 + y2 + track.score + track.first_utc_s + track.last_utc_s) and track.id >= 0


def _ms(utc_s: Sequence[float]) -> Ints:
    return np.rint(np.array(utc_s, dtype=np.float64) * 1000.0).astype(np.int64)


def _age_ms(times: Ints, first: tuple[int, SeenTrack]) -> int:
    number, track = first
    return max(int(times[number]) - round(track.first_utc_s * 1000.0), 0)


def _boxes(boxes: Sequence[Box]) -> Ints:
    found = np.array(boxes, dtype=np.float64).reshape(-1, 4)
    steps: Ints = np.rint(np.clip(found, 0.0, 1.0) * STEPS).astype(np.int64)
    return steps


def _shares(values: Sequence[float]) -> Ints:
    """0..1 in steps of 1/255."""
    return np.clip(np.rint(np.array(values, dtype=np.float64) * _SCORES), 0, _SCORES).astype(np.int64)


def _path(path: tuple[tuple[float, float], ...]) -> bytes:
    kept = [point for point in path[-PATH_POINTS:] if all(map(math.isfinite, point))]
    points = np.rint(np.clip(np.array(kept, dtype=np.float64).reshape(-1, 2), 0.0, 1.0) * STEPS)
    return struct.pack("<B", len(kept)) + points.astype("<u2").tobytes()


def _steps(column: Ints, of_track: Ints) -> Ints:
    """Differences from the row before; a track's first row is kept whole."""
    found = np.diff(column, prepend=np.int64(0))
    begins = np.flatnonzero(np.diff(of_track, prepend=np.int64(-1)))
    found[begins] = column[begins]
    return found


def _summed(steps: Ints, of_track: Ints, lengths: Ints) -> Ints:
    """The values of `_steps` again."""
    total = np.cumsum(steps)
    begins = np.cumsum(lengths) - lengths
    before = np.where(begins > 0, total[begins - 1], 0) if len(total) else begins
    found: Ints = total - before[of_track] if len(total) else total
    if len(found) and (found.min() < 0 or found.max() > _MOST_AGE_MS):
        raise ValueError("a value beyond its range")
    return found


def _zigzag(values: Ints) -> Ints:
    return np.where(values < 0, -2 * values - 1, 2 * values)


def _unzigzag(values: Ints) -> Ints:
    return np.where(values & 1, -(values >> 1) - 1, values >> 1)


def _planes(values: Ints, size: int) -> bytes:
    """All lowest bytes, then all next ones: what hardly changes lies together. Two bytes that are not enough for a
    difference are marked by four of them."""
    wide = 4 if size == 2 and len(values) and int(values.max()) > 0xFFFF else size
    raw = values.astype(np.dtype(f"<u{wide}")).view(np.uint8).reshape(-1, wide)
    return struct.pack("<B", wide) + raw.T.tobytes()


class _Reader:
    """Takes one part after the other; LookupError at the end."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, size: int) -> bytes:
        """The next bytes."""
        part = self._data[self._at : self._at + size]
        if len(part) < size:
            raise LookupError("cut off")
        self._at += size
        return part

    def head(self) -> tuple[Any, ...]:
        """Version, first time, looks, sightings, tracks, length of the labels."""
        return _HEAD.unpack(self.take(_HEAD.size))

    def planes(self, count: int, size: int) -> Ints:
        """What `_planes` wrote."""
        wide = self.take(1)[0]
        if wide not in (size, 4):
            raise LookupError("no such width")
        raw = np.frombuffer(self.take(count * wide), dtype=np.uint8).reshape(wide, count)
        whole = np.ascontiguousarray(raw.T).view(np.dtype(f"<u{wide}")).reshape(-1)
        found: Ints = whole.astype(np.int64)
        return found

    def path(self) -> tuple[tuple[float, float], ...]:
        """A track's foot points."""
        count = self.take(1)[0]
        points = np.frombuffer(self.take(4 * count), dtype="<u2").reshape(-1, 2) / STEPS
        return tuple((x, y) for x, y in points.tolist())
