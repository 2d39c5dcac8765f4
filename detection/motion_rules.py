"""Rules about how something moves in a zone: against the allowed way, not at all (stopped), or too fast.

Speeds come from a scale that an operator drew and an assumed lens: a warning, not a measurement.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from detection.detector import DetectionCode, DetectionError, Track, TrackSet
from detection.perspective import ASPECT, PERSON_M, Ground
from detection.rule_memory import Stay, Stillness
from detection.zone_rules import StayRule
from storage.bearings import degrees_of
from storage.records import Event, RuleKind, RuleSpec, Zone

STOPPED_S = 60.0
STILL_S = 2.0
"""Not moving for less than this is slow traffic."""

HIDDEN_S = 60.0
"""A stopped thing may be hidden by traffic for so long and is still the same stop."""

PARKED_SILENCE_S = 3600.0
"""A parked car is seen again and again for hours: the place of a stop is known for at least so long."""

RUNNING_KMH = 12.0
WINDOW_S = 1.2
_LEAST_WINDOW_S = 0.7
_LEAST_LOOKS = 4
_SLOWER = 0.8
"""Who was fast is not, when slower than this share of the limit."""

_MOST_KMH = 300.0
"""Faster is a track that jumped to another object."""

AGAINST = 0.06
"""The way (share of the picture's height) that somebody must go against the direction, and half a box more."""


class StoppedRule(StayRule):
    """It stands still in the zone for `limit` seconds (stopped vehicle, illegal parking)."""

    handover_s = HIDDEN_S

    def __init__(self, spec: RuleSpec, zone: Zone, ground: Ground | None = None) -> None:
        super().__init__(spec, zone, ground)
        self.hold_s = spec.limit if spec.limit is not None else STOPPED_S
        self._still = Stillness()

    @staticmethod
    def silence_s(spec: RuleSpec) -> float:
        """The cooldown, and at least as long as parked things are known."""
        return max(spec.cooldown_s, PARKED_SILENCE_S)

    def holds(self, track: Track, now_s: float) -> bool:
        """Whether it stands, in the zone."""
        return self.area.holds(track.box.foot) and now_s - self._still.since(track, now_s) >= STILL_S

    def new_stay(self, track: Track, now_s: float) -> Stay:
        """A stop began when the thing came to a halt."""
        return Stay(self._still.since(track, now_s), now_s, looks=2)

    def update(self, tracks: TrackSet) -> list[Event]:
        """Events at this frame."""
        self._still.keep({t.id for t in tracks.tracks})
        return super().update(tracks)

    def reset(self, utc_s: float) -> None:
        """Forget stops that have begun."""
        super().reset(utc_s)
        self._still.clear()


Sample = tuple[float, float, float, float]
"""Time, place (metres, or picture heights without a scale) to the right and away, height of the box."""


class SpeedRule(StayRule):
    """It is faster than `limit` km/h in the zone for `hold_s`. Running needs no scale: a person's own height serves.

    Raises DetectionError(BAD_RULE, why="scale" | "limit")."""

    def __init__(self, spec: RuleSpec, zone: Zone, ground: Ground | None = None) -> None:
        super().__init__(spec, zone, ground)
        running = spec.kind is RuleKind.RUNNING
        if ground is None and not running:
            raise DetectionError(DetectionCode.BAD_RULE, why="scale", rule=spec.id)
        limit = spec.limit if spec.limit is not None else RUNNING_KMH if running else 0.0
        if limit <= 0.0:
            raise DetectionError(DetectionCode.BAD_RULE, why="limit", rule=spec.id)
        self._limit_mps = limit / 3.6
        self._samples: dict[int, deque[Sample]] = {}
        self._fast: set[int] = set()

    def holds(self, track: Track, now_s: float) -> bool:
        """Whether it is fast, in the zone."""
        if not self.area.holds(track.box.foot):
            self._samples.pop(track.id, None)
            self._fast.discard(track.id)
            return False
        speed = self._speed_mps(track, now_s)
        wanted = self._limit_mps * (_SLOWER if track.id in self._fast else 1.0)
        fast = wanted <= speed <= _MOST_KMH / 3.6
        (self._fast.add if fast else self._fast.discard)(track.id)
        return fast

    def update(self, tracks: TrackSet) -> list[Event]:
        """Events at this frame."""
        if self._samples:
            present = {t.id for t in tracks.tracks}
            self._samples = {i: samples for i, samples in self._samples.items() if i in present}
            self._fast &= present
        return super().update(tracks)

    def reset(self, utc_s: float) -> None:
        """Forget places and what was fast."""
        super().reset(utc_s)
        self._samples.clear()
        self._fast.clear()

    def _speed_mps(self, track: Track, now_s: float) -> float:
        samples = self._samples.setdefault(track.id, deque(maxlen=32))
        if not samples or now_s > samples[-1][0]:
            x, y = track.box.foot if self.ground is None else self.ground.place(track.box.foot)
            samples.append((now_s, x * ASPECT if self.ground is None else x, y, track.box.y2 - track.box.y1))
        while len(samples) > _LEAST_LOOKS and now_s - samples[0][0] > WINDOW_S:
            samples.popleft()
        if len(samples) < _LEAST_LOOKS or samples[-1][0] - samples[0][0] < _LEAST_WINDOW_S:
            return 0.0
        return _slope(samples) * (1.0 if self.ground is not None else _metres_per_height(samples))


def _metres_per_height(samples: deque[Sample]) -> float:
    return PERSON_M * len(samples) / max(sum(s[3] for s in samples), 0.02)


def _slope(samples: deque[Sample]) -> float:
    """Speed by the line of least squares through the places."""
    mean_s = sum(s[0] for s in samples) / len(samples)
    spread = right = away = 0.0
    for at_s, x, z, _ in samples:
        dt_s = at_s - mean_s
        spread += dt_s * dt_s
        right += dt_s * x
        away += dt_s * z
    return math.hypot(right, away) / spread


@dataclass(slots=True)
class _Way:
    """The farthest place along the allowed way so far, in picture heights."""

    along: float
    across: float


class WrongWayRule(StayRule):
    """It goes against the allowed direction in the zone. Raises DetectionError(BAD_RULE, why="direction")."""

    def __init__(self, spec: RuleSpec, zone: Zone, ground: Ground | None = None) -> None:
        super().__init__(spec, zone, ground)
        try:
            degrees = degrees_of(spec.direction)
        except ValueError as error:
            raise DetectionError(DetectionCode.BAD_RULE, why="direction", rule=spec.id) from error
        self._way = math.sin(math.radians(degrees)), -math.cos(math.radians(degrees))
        self._ways: dict[int, _Way] = {}
        self.hold_s = 0.0

    def holds(self, track: Track, now_s: float) -> bool:
        """Whether it has gone far enough against the way, and still is not back on it."""
        del now_s
        foot = track.box.foot
        if not self.area.holds(foot):
            self._ways.pop(track.id, None)
            return False
        x, y = foot[0] * ASPECT, foot[1]
        along, across = x * self._way[0] + y * self._way[1], x * self._way[1] - y * self._way[0]
        way = self._ways.get(track.id)
        if way is None or along > way.along:
            self._ways[track.id] = _Way(along, across)
            return False
        against, aside = way.along - along, abs(across - way.across)
        box = track.box
        needed = AGAINST + 0.5 * min((box.x2 - box.x1) * ASPECT, box.y2 - box.y1)
        return against >= needed and against >= aside / math.sqrt(3.0)

    def update(self, tracks: TrackSet) -> list[Event]:
        """Events at this frame."""
        if self._ways:
            present = {t.id for t in tracks.tracks}
            self._ways = {i: way for i, way in self._ways.items() if i in present}
        return super().update(tracks)

    def reset(self, utc_s: float) -> None:
        """Forget ways that have begun."""
        super().reset(utc_s)
        self._ways.clear()
