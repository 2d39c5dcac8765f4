"""Rules about many: so many in a zone at once (crowd), or so many a square metre (density), for `hold_s`.

Counts flicker: a track that was lost a moment ago still counts, and the end of a crowd takes longer than its beginning.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from detection.detector import DetectionCode, DetectionError, Track, TrackSet
from detection.geometry import Area, checked_polygon
from detection.perspective import Ground
from detection.rule_memory import MIN_LOOKS, ROUNDING_S, Cooldown, Reported, event_of, lowest_score
from storage.records import Box, Event, RuleKind, RuleSpec, Zone

DIP_S = 1.5
"""Fewer for less than this is a flicker."""

UNSEEN_S = 0.8
"""Who was last seen so long ago still counts."""

END_S = 5.0
END_SHARE = 0.8
"""A reported crowd is over when there are fewer than this share of the limit for `END_S`."""

_ALL = 0
"""A crowd is no single track: its cooldown goes by this number and its place."""


@dataclass(slots=True)
class _Gathering:
    since_utc_s: float
    looks: int = 1
    alarmed: bool = False
    low_since_s: float | None = None


class CrowdRule:
    """Fires once per gathering. Raises DetectionError(BAD_RULE): density without a camera's scale, or no limit."""

    def __init__(self, spec: RuleSpec, zone: Zone, ground: Ground | None = None) -> None:
        if spec.limit is None or spec.limit <= 0:
            raise DetectionError(DetectionCode.BAD_RULE, why="limit", rule=spec.id)
        self.spec = spec
        polygon = checked_polygon(zone.points)
        self._area = Area(polygon)
        self._share = 1.0
        if spec.kind is RuleKind.DENSITY:
            if ground is None:
                raise DetectionError(DetectionCode.BAD_RULE, why="scale", rule=spec.id)
            self._share = 1.0 / max(ground.area_m2(polygon), 0.1)
        self._limit, self._hold_s = spec.limit, spec.hold_s - ROUNDING_S
        self._labels, self._min_score = frozenset(spec.labels), lowest_score(spec)
        self._gathering: _Gathering | None = None
        self._members: tuple[int, ...] = ()
        self._cooldown = Cooldown(spec.id, spec.cooldown_s)

    @property
    def alarmed(self) -> frozenset[int]:
        """Everybody in a reported crowd."""
        return frozenset(self._members if self._gathering is not None and self._gathering.alarmed else ())

    @property
    def reported(self) -> tuple[Reported, ...]:
        """What the cooldown goes by."""
        return self._cooldown.reported

    def update(self, tracks: TrackSet) -> list[Event]:
        """At most one event at this frame."""
        fresh_s = tracks.utc_s - UNSEEN_S
        inside = [
            t
            for t in tracks.tracks
            if t.label in self._labels
            and t.last_utc_s >= fresh_s
            and t.score >= self._min_score
            and self._area.holds(t.box.foot)
        ]
        self._members = tuple(t.id for t in inside)
        if not self._goes_on(len(inside) * self._share, tracks.utc_s):
            return []
        return self._due(inside, tracks.utc_s)

    def reset(self, utc_s: float) -> None:
        """Forget a gathering that has begun."""
        self._gathering, self._members = None, ()
        self._cooldown.reset(utc_s)

    def recall(self, reported: Reported) -> None:
        """Take over what was reported before a restart."""
        self._cooldown.recall(reported)

    def _goes_on(self, level: float, now_s: float) -> bool:
        """Whether there are many now; keeps when that began, over short dips."""
        gathering = self._gathering
        if gathering is None:
            if level >= self._limit:
                self._gathering = _Gathering(now_s)
            return False
        wanted, patience_s = (self._limit * END_SHARE, END_S) if gathering.alarmed else (self._limit, DIP_S)
        if level >= wanted:
            gathering.looks += 1
            gathering.low_since_s = None
            return level >= self._limit
        if gathering.low_since_s is None:
            gathering.low_since_s = now_s
        elif now_s - gathering.low_since_s > patience_s:
            self._gathering = None
        return False

    def _due(self, inside: list[Track], now_s: float) -> list[Event]:
        gathering = self._gathering
        if gathering is None or gathering.looks < MIN_LOOKS or now_s - gathering.since_utc_s < self._hold_s:
            return []
        whole = _around(inside)
        known = gathering.alarmed or self._cooldown.silences(_ALL, whole.box.foot, now_s)
        gathering.alarmed = True
        self._cooldown.note(_ALL, whole.box.foot, now_s)
        return [] if known else [event_of(self.spec, whole, gathering.since_utc_s, now_s)]


def _around(inside: list[Track]) -> Track:
    """The oldest of them, with the box around all and their mean score."""
    boxes = [t.box for t in inside]
    box = Box(min(b.x1 for b in boxes), min(b.y1 for b in boxes), max(b.x2 for b in boxes), max(b.y2 for b in boxes))
    oldest = min(inside, key=lambda t: t.id)
    return replace(oldest, box=box, score=sum(t.score for t in inside) / len(inside))
