"""Detections of one camera become tracks: constant velocity, two-stage IoU association, aware of time.

After Zhang et al., ByteTrack (2022): confident detections are matched first, weak ones only keep known tracks alive.
Time is the frames' own. Pure and synchronous; one tracker per camera, in the detection process.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from detection.detector import Detections, Track, TrackState
from detection.geometry import iou_matrix
from detection.motion_model import shifted
from storage.records import Box

PATH_POINTS = 32
VEHICLES = frozenset({"car", "bus", "truck"})
"""Labels that one vehicle flips between from look to look."""

_ASPECT = 16 / 9
_SAME_VEHICLE = 0.8
"""Two vehicles that cover each other have not nearly the same box."""

_ASIDE = 0.35
"""Share of its height by which a box is widened sideways in the last chance: 0.6 m of a person."""


@dataclass(frozen=True, slots=True)
class TrackerSpec:
    """Tuning, in seconds and 0..1. `reach` widens boxes in the last chance, and `max_gap_s` is the longest pause
    between two looks that a track survives: a slow detector leaves long gaps. What has not left `still_radius` (of the
    box's height) for `stationary_s` is stationary, and is known again at its place for `keep_still_s`."""

    high_score: float = 0.35
    low_score: float = 0.1
    min_iou: float = 0.2
    reach: float = 0.5
    min_hits: int = 2
    keep_lost_s: float = 1.5
    max_gap_s: float = 4.0
    velocity_time_s: float = 0.4
    slow_look_s: float = 0.35
    stationary_s: float = 10.0
    still_radius: float = 0.12
    leave_s: float = 1.0
    keep_still_s: float = 30.0
    same_place_iou: float = 0.5


@dataclass(slots=True)
class _Target:
    """A track's mutable inside; `hits` counts looks that saw it. `anchor` is the place at which its foot stands since
    `still_utc_s`; `away_utc_s`: since when it is not there."""

    id: int
    box: Box
    label: str
    score: float
    first_utc_s: float
    last_utc_s: float
    velocity: tuple[float, float] = (0.0, 0.0)
    hits: int = 1
    anchor: tuple[float, float] = (0.0, 0.0)
    still_utc_s: float = 0.0
    away_utc_s: float | None = None
    stationary: bool = False
    path: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=PATH_POINTS))

    def predicted(self, utc_s: float) -> Box:
        """Where the box should be at `utc_s`."""
        if self.stationary and self.away_utc_s is None:
            return self.box
        dt_s = utc_s - self.last_utc_s
        return shifted(self.box, self.velocity[0] * dt_s, self.velocity[1] * dt_s)

    def settle(self, utc_s: float, spec: TrackerSpec) -> None:
        """Whether it still stands where it stood. One shaken box is no step: it has to be away for `leave_s`."""
        x, y = self.box.foot
        radius = spec.still_radius * (self.box.y2 - self.box.y1)
        # A frame is about 16:9: the same step is a smaller share of its width than of its height.
        if abs(x - self.anchor[0]) * _ASPECT <= radius and abs(y - self.anchor[1]) <= radius:
            self.away_utc_s = None
        elif self.away_utc_s is None:
            self.away_utc_s = utc_s
        if self.away_utc_s is not None and utc_s - self.away_utc_s >= spec.leave_s:
            self.anchor, self.still_utc_s, self.away_utc_s = (x, y), utc_s, None
        self.stationary = utc_s - self.still_utc_s >= spec.stationary_s

    def frozen(self, utc_s: float) -> Track:
        """What others may see."""
        state = TrackState.LIVE if self.last_utc_s == utc_s else TrackState.LOST
        return Track(
            self.id,
            self.box,
            self.label,
            self.score,
            self.velocity,
            self.first_utc_s,
            self.last_utc_s,
            state,
            tuple(self.path),
            self.last_utc_s - self.still_utc_s,
            self.stationary,
        )


@dataclass(frozen=True, slots=True)
class _Sighting:
    box: Box
    score: float
    label: str


class Tracker:
    """Tracks of one camera. Identifiers only grow; `first_id` continues the numbering after a restart."""

    def __init__(self, spec: TrackerSpec | None = None, first_id: int = 1) -> None:
        self._spec = spec or TrackerSpec()
        self._next_id = first_id
        self._targets: list[_Target] = []
        self._utc_s: float | None = None

    def update(self, detections: Detections, utc_s: float) -> tuple[Track, ...]:
        """Tracks at `utc_s` in order of id: seen now (LIVE) or at most `keep_lost_s` ago (LOST).

        A clock that jumps back ends every track; a repeated time only adds nothing to velocities."""
        previous_utc_s = self._expire(utc_s)
        spec = self._spec
        sightings = _sightings(detections, spec.low_score)
        high = [s for s in sightings if s.score >= spec.high_score]
        low = [s for s in sightings if s.score < spec.high_score]
        awake = [t for t in self._targets if self._is_awake(t, utc_s, previous_utc_s)]
        asleep = [t for t in self._targets if not self._is_awake(t, utc_s, previous_utc_s)]
        targets, high = self._match(awake, high, utc_s, spec.min_iou)
        targets, _ = self._match(targets, low, utc_s, spec.min_iou)
        _, high = self._match(asleep, high, utc_s, spec.same_place_iou)
        unsure = [t for t in targets if self._may_be_far(t, utc_s, previous_utc_s)]
        _, high = self._match(unsure, high, utc_s, spec.min_iou, spec.reach)
        for sighting in high:
            self._begin(sighting, utc_s)
        return tuple(t.frozen(utc_s) for t in self._targets if self._is_shown(t, utc_s))

    def _expire(self, utc_s: float) -> float | None:
        """Forget what is over; returns when the last look was, None when this is the first after a beginning."""
        previous, self._utc_s = self._utc_s, utc_s
        if previous is None or utc_s < previous:
            self._targets.clear()
        self._targets = [
            t
            for t in self._targets
            if self._is_awake(t, utc_s, previous) or (t.stationary and utc_s - t.last_utc_s <= self._spec.keep_still_s)
        ]
        return previous

    def _is_awake(self, target: _Target, utc_s: float, previous_utc_s: float | None) -> bool:
        """Whether it is looked for where it should be by now; other stationary ones only at their very place."""
        if utc_s - target.last_utc_s <= self._spec.keep_lost_s:
            return True
        return target.last_utc_s == previous_utc_s and utc_s - previous_utc_s <= self._spec.max_gap_s

    def _may_be_far(self, target: _Target, utc_s: float, previous_utc_s: float | None) -> bool:
        """Whether a guess of its place is poor: nobody knows its speed yet, or looks are rare. With many looks a second
        a wide search would take it over to a neighbour (crowds)."""
        rare = target.last_utc_s == previous_utc_s and utc_s - target.last_utc_s >= self._spec.slow_look_s
        return target.hits == 1 or rare

    def _is_shown(self, target: _Target, utc_s: float) -> bool:
        return target.hits >= self._spec.min_hits and utc_s - target.last_utc_s <= self._spec.keep_lost_s

    def _match(
        self, targets: list[_Target], sightings: list[_Sighting], utc_s: float, min_iou: float, reach: float = 0.0
    ) -> tuple[list[_Target], list[_Sighting]]:
        """Greedy by falling IoU; returns what found no partner. `reach` widens boxes by that share of their width."""
        if not targets or not sightings:
            return targets, sightings
        expected = _grown(np.array([t.predicted(utc_s) for t in targets]), reach)
        seen = _grown(np.array([s.box for s in sightings]), reach)
        overlap = iou_matrix(expected, seen)
        free_targets, free_sightings = set(range(len(targets))), set(range(len(sightings)))
        rows, columns = np.nonzero(overlap >= min_iou)
        order = np.argsort(-overlap[rows, columns], kind="stable")
        for row, column in zip(rows[order].tolist(), columns[order].tolist(), strict=True):
            fits = row in free_targets and column in free_sightings
            if fits and _same_kind(targets[row].label, sightings[column].label):
                free_targets.remove(row)
                free_sightings.remove(column)
                self._continue(targets[row], sightings[column], utc_s)
        return [targets[i] for i in sorted(free_targets)], [sightings[i] for i in sorted(free_sightings)]

    def _begin(self, sighting: _Sighting, utc_s: float) -> None:
        target = _Target(self._next_id, sighting.box, sighting.label, sighting.score, utc_s, utc_s)
        target.anchor, target.still_utc_s = sighting.box.foot, utc_s
        target.path.append(sighting.box.foot)
        self._next_id += 1
        self._targets.append(target)

    def _continue(self, target: _Target, sighting: _Sighting, utc_s: float) -> None:
        dt_s = utc_s - target.last_utc_s
        if dt_s > 0:
            # The first pair of looks is all that is known; later the noise of single boxes is smoothed away.
            share = dt_s / (dt_s + self._spec.velocity_time_s * (0.25 if target.hits == 1 else 1.0))
            target.velocity = _blended(target, sighting.box, dt_s, share)
        if sighting.score > target.score:
            target.label = sighting.label
        target.score += 0.5 * (sighting.score - target.score)
        target.box = sighting.box
        target.hits += 1
        target.last_utc_s = utc_s
        target.path.append(sighting.box.foot)
        target.settle(utc_s, self._spec)


def _blended(target: _Target, box: Box, dt_s: float, share: float) -> tuple[float, float]:
    old = target.box
    measured = (
        (box.x1 + box.x2 - old.x1 - old.x2) / (2 * dt_s),
        (box.y1 + box.y2 - old.y1 - old.y2) / (2 * dt_s),
    )
    vx, vy = target.velocity
    return vx + share * (measured[0] - vx), vy + share * (measured[1] - vy)


def _sightings(detections: Detections, low_score: float) -> list[_Sighting]:
    """Usable detections in an order that does not depend on the detector's (so that ids do not either)."""
    boxes = np.asarray(detections.boxes, dtype=np.float64).reshape(-1, 4)
    scores = np.asarray(detections.scores, dtype=np.float64).reshape(-1)
    sound = np.isfinite(boxes).all(axis=1) & np.isfinite(scores) & (scores >= low_score)
    sound &= (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    usable = np.flatnonzero(sound).tolist()
    found = [_Sighting(Box(*boxes[i].tolist()), float(scores[i]), detections.labels[i]) for i in usable]
    return sorted(_once(found), key=lambda s: (s.box, s.label, s.score))


def _once(found: list[_Sighting]) -> list[_Sighting]:
    """A vehicle that a detector tells as two kinds at the same place is one: the likelier."""
    vehicles = sorted((s for s in found if s.label in VEHICLES), key=lambda s: (-s.score, s.label, s.box))
    if len({s.label for s in vehicles}) < 2:
        return found
    overlap = iou_matrix([s.box for s in vehicles], [s.box for s in vehicles])
    kept: list[int] = []
    for place in range(len(vehicles)):
        if not any(overlap[place, other] >= _SAME_VEHICLE for other in kept):
            kept.append(place)
    return [s for s in found if s.label not in VEHICLES] + [vehicles[place] for place in kept]


def _grown(boxes: npt.NDArray[np.float64], reach: float) -> npt.NDArray[np.float64]:
    """By a share of the width; sideways at least by one of the height: who runs goes further between two looks than a
    slim box is wide."""
    if reach == 0.0:
        return boxes
    down = (boxes[:, 2] - boxes[:, 0]) * reach
    aside = np.maximum(down, (boxes[:, 3] - boxes[:, 1]) * (_ASIDE / _ASPECT))
    grown: npt.NDArray[np.float64] = boxes + np.stack((-aside, -down, aside, down), axis=1)
    return grown


def _same_kind(first: str, second: str) -> bool:
    return first == second or (first in VEHICLES and second in VEHICLES)
