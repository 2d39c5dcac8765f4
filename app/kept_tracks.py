"""Stored tracks of a time for whoever exports it: which there are, and what is pixelated when one of them is kept.

Numbers of tracks begin anew with the detection process: a track here is a number without a longer pause, named by it
and by where it is first seen in this time. Where nobody looked, nobody can say who is there: the whole picture is
pixelated then. Reads a side file: a task thread's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from app.errors import AppCode, AppError
from storage.errors import StorageCode, StorageError
from storage.records import Box
from storage.track_chunks import SeenLook
from storage.tracks import StoredTracks
from video.view_copy import SeenBox

EVERYBODY = -1
"""The `keep_track` of a film in which nobody is kept."""
_UNSEEN = -2
_WHOLE = Box(0.0, 0.0, 1.0, 1.0)
_MARGIN_S = 1.0
_PAUSE_S = 5.0
_HOLE_S = 1.5
"""Looks that saw nothing are kept once a second: more than this between two is a time without looks."""
_HELD_S = 1.2
"""And this where something was seen: a film covers a box for half of it before and after its look."""
_NEAR_S = 0.3
"""Between two looks at a track that are further apart than this, all is covered that lies between its boxes."""
_STEP_S = 0.5


@dataclass(frozen=True, slots=True)
class TrackLine:
    """One track of a time: what it is and from when to when it is seen there."""

    key: str
    label: str
    from_utc_s: float
    to_utc_s: float


@dataclass(frozen=True, slots=True)
class Blurred:
    """What is pixelated, in the numbers of this answer; in `unseen_s` of the time nobody looked."""

    boxes: tuple[SeenBox, ...]
    keep: int
    unseen_s: float


def track_lines(stored: StoredTracks, camera_id: str, from_utc_s: float, to_utc_s: float) -> tuple[TrackLine, ...]:
    """In the order of their first times; nothing where no tracks are stored. Raises StorageError: DAMAGED."""
    return tuple(_Tracks(stored, camera_id, from_utc_s, to_utc_s).lines)


def blurred_boxes(stored: StoredTracks, camera_id: str, from_utc_s: float, to_utc_s: float, keep: str = "") -> Blurred:
    """All boxes of the time; `keep` is the key of the one that is not pixelated, empty for nobody.

    Raises AppError(NO_SUCH_TRACK), StorageError(DAMAGED)."""
    found = _Tracks(stored, camera_id, from_utc_s, to_utc_s)
    keys = [line.key for line in found.lines]
    if keep and keep not in keys:
        raise AppError(AppCode.NO_SUCH_TRACK, camera=camera_id)
    number = keys.index(keep) if keep else EVERYBODY
    holes = _holes(found.times, from_utc_s - _MARGIN_S, to_utc_s + _MARGIN_S)
    cover = [SeenBox(at, _UNSEEN, _WHOLE) for begin, end in holes for at in _steps(begin, end)]
    cover += [box for box in found.ways if box.track_id != number]
    unseen_s = sum(max(min(end, to_utc_s) - max(begin, from_utc_s), 0.0) for begin, end in holes)
    return Blurred((*found.boxes, *cover), number, unseen_s)


class _Tracks:
    """The tracks of one camera and time, numbered by their first appearance."""

    def __init__(self, stored: StoredTracks, camera_id: str, from_utc_s: float, to_utc_s: float) -> None:
        self.lines: list[TrackLine] = []
        self.boxes: list[SeenBox] = []
        self.ways: list[SeenBox] = []
        self.times: list[tuple[float, bool]] = []
        self._last: dict[int, SeenBox] = {}
        self._open: dict[int, int] = {}
        for look in _looks(stored, camera_id, from_utc_s - _MARGIN_S, to_utc_s + _MARGIN_S):
            self.times.append((look.utc_s, bool(look.tracks)))
            for track in look.tracks:
                self._add(SeenBox(look.utc_s, self._number(track.id, track.label, look.utc_s), track.box))

    def _add(self, seen: SeenBox) -> None:
        last = self._last.get(seen.track_id)
        if last is not None and seen.utc_s - last.utc_s > _NEAR_S:
            way = _both(last.box, seen.box)
            self.ways += [SeenBox(at, seen.track_id, way) for at in _steps(last.utc_s, seen.utc_s)]
        self._last[seen.track_id] = seen
        self.boxes.append(seen)

    def _number(self, track_id: int, label: str, utc_s: float) -> int:
        number = self._open.get(track_id)
        if number is None or utc_s - self.lines[number].to_utc_s > _PAUSE_S:
            number = self._open[track_id] = len(self.lines)
            self.lines.append(TrackLine(f"{track_id}@{utc_s:.3f}", label, utc_s, utc_s))
        line = self.lines[number]
        self.lines[number] = TrackLine(line.key, label, line.from_utc_s, utc_s)
        return number


def _looks(stored: StoredTracks, camera_id: str, from_utc_s: float, to_utc_s: float) -> Iterator[SeenLook]:
    try:
        chunks = [looks for _share, looks in stored.looks(camera_id, from_utc_s, to_utc_s)]
    except StorageError as error:
        if error.code is not StorageCode.NOT_FOUND:
            raise
        return
    yield from sorted((look for looks in chunks for look in looks), key=lambda look: look.utc_s)


def _holes(times: list[tuple[float, bool]], from_utc_s: float, to_utc_s: float) -> list[tuple[float, float]]:
    """Where no look is; `times` grow, with whether something was seen."""
    edges = [(from_utc_s, False), *times, (to_utc_s, False)]
    return [(a, b) for (a, one), (b, other) in pairwise(edges) if b - a > (_HELD_S if one or other else _HOLE_S)]


def _both(one: Box, other: Box) -> Box:
    return Box(min(one.x1, other.x1), min(one.y1, other.y1), max(one.x2, other.x2), max(one.y2, other.y2))


def _steps(begin: float, end: float) -> Iterator[float]:
    at = begin
    while at < end:
        yield at
        at += _STEP_S
    yield end
