"""Is a track something that came, or scenery that a detector takes for something? Bushes, statues, boards, posters.

What was seen to move counts, as does what stands where the picture usually looks otherwise (`detection.usual_view`),
what a detector is convinced of, and what goes on for one of these. All else is in doubt (`Track.doubt`) until then: it
is tracked, shown and stored, and rules leave it out. A shape or size that no person has asks for more conviction and
silences nobody. Conviction alone ends for what lives and has kept as still as a statue for minutes; a car may stand.
Times are the frames' own; one camera's, in the detection process.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from detection.detector import Track, TrackState
from detection.geometry import iou_matrix
from detection.motion_model import shifted
from detection.perspective import ASPECT, Ground
from detection.usual_view import UsualView
from storage.records import Box

CONVINCING = 0.6
ODD_CONVINCING = 0.75
"""For a person that is wider than high, or of a size that nobody has where it stands."""

SOON = 0.05
"""So much over it convinces at once; else it takes `SURE_S`."""

SURE_S = 1.0
_NO_LONGER = 0.15
_STEADY_S = 1.0
ORIGIN_S = 1.0
"""A track's place is the mean of its first boxes."""

FAR = 0.3
LEAP = 0.45
WENT = 0.15
WENT_S = 1.0
"""It has moved when it was `LEAP` of its size away, `FAR` of it in two looks, or `WENT` of it for `WENT_S`."""

BACK_S = 10.0
GREW = 1.4
CHECK_S = 0.4
LATER_CHECK_S = 1.0
"""Places are compared so often in a track's first `YOUNG_S`, and then."""

YOUNG_S = 5.0
_CAME_CHECKS = 2
_SAME_CHECKS = 3
PASSED_ON_S = 30.0
NEXT_S = 3.0
_SAME_IOU = 0.3
_FELL_IOU = 0.1
_EDGE = 0.01
_MOST_LEFT = 64
_ODD_SIZES = (0.4, 2.2)
STATUE_S = 120.0
STATUE_KNOWN_S = 3600.0
_STATUE_IOU = 0.5
_LEAST_DOUBT = 0.01
PERSON = "person"
_LIVING = frozenset({PERSON, "animal"})
_WHOLLY = 1.0
"""The doubt of a statue."""


@dataclass(slots=True)
class _Evidence:
    """What is known of one track."""

    box: Box
    born_s: float
    seen_s: float
    steady: float
    origin: Box
    still_since_s: float
    looks: int = 0
    far_looks: int = 0
    near_s: float = 0.0
    away_s: float = 0.0
    sure_since_s: float | None = None
    moved: bool = False
    goes_on: bool = False
    sure: bool = False
    came: bool = False
    statue: bool = False
    checked_s: float = -math.inf
    changes: int = 0

    @property
    def counts(self) -> bool:
        """Whether there is no doubt of it."""
        return self.moved or self.goes_on or self.came or (self.sure and not self.statue)

    @property
    def has_place(self) -> bool:
        """Whether it is known to have come from elsewhere: how its place looks says no more."""
        return self.moved or self.goes_on

    def see(self, track: Track, needed: float) -> None:
        """A further look at it."""
        now_s, box = track.last_utc_s, track.box
        passed_s, self.seen_s, self.box = now_s - self.seen_s, now_s, box
        self.looks += 1
        self.steady += (track.score - self.steady) * passed_s / (passed_s + _STEADY_S)
        self._convince(needed, now_s)
        self._step(box, now_s)

    def _convince(self, needed: float, now_s: float) -> None:
        if self.steady < needed:
            self.sure_since_s = None
            self.sure = self.sure and self.steady >= needed - _NO_LONGER
            return
        if self.sure_since_s is None:
            self.sure_since_s = now_s
        self.sure = self.sure or self.steady >= needed + SOON or now_s - self.sure_since_s >= SURE_S

    def _step(self, box: Box, now_s: float) -> None:
        away, young = _way(self.origin, box), now_s - self.born_s <= ORIGIN_S
        if away < WENT:
            self.near_s = now_s
        else:
            self.away_s = now_s
        self.far_looks = self.far_looks + 1 + (young and away >= LEAP) if away >= FAR else 0
        self.moved = self.moved or self.far_looks >= 2 or now_s - self.near_s >= WENT_S
        # A box that slipped over to a passer-by and back is no walk.
        self.moved = self.moved and now_s - self.away_s < BACK_S
        if young and not self.moved:
            share = 1 / (self.looks + 1)
            self.origin = Box(*(old + (new - old) * share for old, new in zip(self.origin, box, strict=True)))

    def check(self, view: UsualView, now_s: float) -> None:
        """Compare its place with how that usually looks; what passes before it is not yet a change."""
        if now_s - self.checked_s < (CHECK_S if now_s - self.born_s < YOUNG_S else LATER_CHECK_S):
            return
        self.checked_s = now_s
        if view.has_changed(self.box, now_s):
            self.changes = max(self.changes, 0) + 1
            self.came = self.came or self.changes >= _CAME_CHECKS
        else:
            self.changes = min(self.changes, 0) - 1
            self.came = self.came and self.changes > -_SAME_CHECKS


@dataclass(slots=True)
class Doubts:
    """One camera's. `judged` is called with the tracks of each look in the order of time."""

    _known: dict[int, _Evidence] = field(default_factory=dict)
    _left: list[_Evidence] = field(default_factory=list)
    _statues: dict[int, _Evidence] = field(default_factory=dict)

    def judged(
        self, tracks: Sequence[Track], view: UsualView, utc_s: float, ground: Ground | None = None
    ) -> tuple[Track, ...]:
        """The tracks with their doubts."""
        self._forget({track.id for track in tracks}, utc_s)
        found = []
        for track in tracks:
            needed = _needed(track, ground)
            evidence = self._known.get(track.id)
            if evidence is None:
                evidence = self._known[track.id] = self._begun(track, tracks)
            if track.state is TrackState.LIVE:
                evidence.see(track, needed)
                if not evidence.has_place and (track.label in _LIVING or not evidence.sure):
                    evidence.check(view, utc_s)
                    self._wait(track, evidence, utc_s)
            if not evidence.counts:
                short = _WHOLLY if evidence.statue else max(needed - evidence.steady, _LEAST_DOUBT)
                track = replace(track, doubt=short)
            found.append(track)
        return tuple(found)

    def _wait(self, track: Track, evidence: _Evidence, utc_s: float) -> None:
        """What lives, was convincing and kept still for so long is a statue."""
        if track.label in _LIVING and not evidence.came and utc_s - evidence.still_since_s >= STATUE_S:
            evidence.statue = True
        if evidence.statue:
            self._statues.pop(track.id, None)
            self._statues[track.id] = evidence
            if len(self._statues) > _MOST_LEFT:
                del self._statues[next(iter(self._statues))]

    def _begun(self, track: Track, tracks: Sequence[Track]) -> _Evidence:
        evidence = _Evidence(
            track.box, track.first_utc_s, track.last_utc_s, track.score, _born(track), track.first_utc_s
        )
        evidence.near_s = track.last_utc_s
        evidence.statue = self._is_known_statue(track)
        if not evidence.statue:
            self._inherit(evidence, track, tracks)
        return evidence

    def _inherit(self, evidence: _Evidence, track: Track, tracks: Sequence[Track]) -> None:
        """What stands where something that counted was lost goes on for it; things come out of hands."""
        counted = [(t, self._known[t.id]) for t in tracks if t.id in self._known and self._known[t.id].counts]
        lost = [known for other, known in counted if other.state is TrackState.LOST]
        before = [known for known in (*self._left, *lost) if _follows(track, known)]
        in_hands = track.label != PERSON and any(t.label == PERSON and _holds(t.box, track.box) for t, _ in counted)
        evidence.goes_on = in_hands or any(known.has_place or known.came for known in before)
        if before:
            evidence.sure, evidence.still_since_s = True, min(known.still_since_s for known in before)

    def _is_known_statue(self, track: Track) -> bool:
        """Whether one was lost at its place; one that has moved away is none any more."""
        places = [
            one.box
            for one in self._statues.values()
            if not one.has_place and track.first_utc_s - one.seen_s <= STATUE_KNOWN_S
        ]
        return bool(places) and float(iou_matrix(places, track.box).max()) >= _STATUE_IOU

    def _forget(self, present: set[int], utc_s: float) -> None:
        gone = [track_id for track_id in self._known if track_id not in present]
        for track_id in gone:
            evidence = self._known.pop(track_id)
            if evidence.counts:
                self._left.append(evidence)
        if self._left:
            self._left = [left for left in self._left[-_MOST_LEFT:] if 0.0 <= utc_s - left.seen_s <= PASSED_ON_S]


def _born(track: Track) -> Box:
    """Where it was at its first look: a track is shown from its second on."""
    (x, y), (foot_x, foot_y) = track.path[0] if track.path else track.box.foot, track.box.foot
    return shifted(track.box, x - foot_x, y - foot_y)


def _way(origin: Box, box: Box) -> float:
    """How far a box has gone, in its own sizes: both of its sides have, or the inner one of what came in at the
    picture's edge; who comes straight closer grows in both ways."""
    wide, high = max(origin.x2 - origin.x1, 1e-6), max(origin.y2 - origin.y1, 1e-6)
    wider, higher = (box.x2 - box.x1) / wide, (box.y2 - box.y1) / high
    if min(wider, higher) >= GREW or max(wider, higher) <= 1 / GREW:
        return FAR
    aside = _shift(origin.x1, origin.x2, box.x1, box.x2) * ASPECT
    down = _shift(origin.y1, origin.y2, box.y1, box.y2)
    return math.hypot(aside, down) / max(wide * ASPECT, high)


def _shift(low: float, high: float, new_low: float, new_high: float) -> float:
    """How far a stretch from low to high has gone along its axis."""
    lower, higher = new_low - low, new_high - high
    both = min(abs(lower), abs(higher)) if lower * higher > 0.0 else 0.0
    return max(both, higher if low <= _EDGE else 0.0, -lower if high >= 1.0 - _EDGE else 0.0)


def _follows(track: Track, left: _Evidence) -> bool:
    """Whether it may be the same: at the same place; or a moment later where it was, however it lies now, or as large
    and not a size further."""
    box, old = track.box, left.box
    common = float(iou_matrix(box, old)[0, 0])
    if track.first_utc_s - left.seen_s > NEXT_S:
        return common >= _SAME_IOU
    as_large = 1 / GREW <= (box.y2 - box.y1) / max(old.y2 - old.y1, 1e-6) <= GREW
    return common >= _FELL_IOU or (as_large and _way(old, box) <= 1.0)


def _holds(outer: Box, inner: Box) -> bool:
    x, y = (inner.x1 + inner.x2) / 2, (inner.y1 + inner.y2) / 2
    return outer.x1 <= x <= outer.x2 and outer.y1 <= y <= outer.y2


def _needed(track: Track, ground: Ground | None) -> float:
    if track.label != PERSON:
        return CONVINCING
    box = track.box
    high = box.y2 - box.y1
    odd = (box.x2 - box.x1) * ASPECT > high
    if not odd and ground is not None:
        share = high / ground.height(box.y2)
        odd = not _ODD_SIZES[0] <= share <= _ODD_SIZES[1]
    return ODD_CONVINCING if odd else CONVINCING
