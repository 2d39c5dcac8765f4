"""What guard rules remember: what was reported (cooldown by track and by place), figures of lines, still things.

All in frame time and 0..1; nothing here reads a clock. What is `reported` survives a restart of the process.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from detection.detector import Track
from storage.records import Event, RuleKind, RuleSpec, new_id

LEAVE_S = 0.5
"""Over for longer than this is over; shorter is a box that jitters."""

ROUNDING_S = 1e-3
"""Times are floats since 1970: two looks that are 0.4 s apart may be 0.3999999 s apart."""

MIN_LOOKS = 2
PLACE_RADIUS = 0.06
"""Feet closer than this (0..1, both axes) are one place: a re-detection there is not new."""

MAX_PLACES = 64
NEUTRAL = 0.5
_SCORE_SPAN = 0.4
"""How far the whole range of sensitivity moves the lowest score."""

Foot = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Reported:
    """Something was reported; `foot` and `utc_s` are where and when it was last seen in that condition."""

    rule_id: str
    track_id: int
    foot: Foot
    utc_s: float


@dataclass(slots=True)
class Stay:
    """How long one thing has been in a rule's condition."""

    since_utc_s: float
    seen_utc_s: float
    foot: Foot = (0.0, 0.0)
    looks: int = 1
    alarmed: bool = False
    outside_since_s: float | None = None


class Cooldown:
    """Silence about what was reported: the same track, or another one at the same place."""

    def __init__(self, rule_id: str, seconds: float) -> None:
        self._rule_id, self._seconds = rule_id, seconds
        self._places: dict[int, Reported] = {}

    @property
    def reported(self) -> tuple[Reported, ...]:
        """What the silence goes by, oldest first."""
        return tuple(self._places.values())

    def silences(self, track_id: int, foot: Foot, now_s: float) -> bool:
        """Whether this track or this place was reported within the cooldown."""
        x, y = foot
        return any(
            now_s - place.utc_s < self._seconds
            and (known == track_id or (abs(place.foot[0] - x) < PLACE_RADIUS and abs(place.foot[1] - y) < PLACE_RADIUS))
            for known, place in self._places.items()
        )

    def note(self, track_id: int, foot: Foot, now_s: float) -> None:
        """It was reported, or what was reported is still so."""
        self._places.pop(track_id, None)
        self._places[track_id] = Reported(self._rule_id, track_id, foot, now_s)
        if len(self._places) > MAX_PLACES:
            del self._places[next(iter(self._places))]

    def reset(self, utc_s: float) -> None:
        """The frames' clock jumped to `utc_s`: the silence goes on from there."""
        self._places = {i: replace(place, utc_s=min(place.utc_s, utc_s)) for i, place in self._places.items()}

    def recall(self, reported: Reported) -> None:
        """Take over what was reported before a restart."""
        self.note(reported.track_id, reported.foot, reported.utc_s)


@dataclass(slots=True)
class _Anchor:
    foot: Foot
    since_s: float
    away_since_s: float | None = None


class Stillness:
    """Since when each track has stood where it stands; one jump of a box does not count."""

    def __init__(self) -> None:
        self._anchors: dict[int, _Anchor] = {}

    def since(self, track: Track, now_s: float) -> float:
        """Since when it stands; `now_s` while it moves."""
        foot = track.box.foot
        anchor = self._anchors.get(track.id)
        if anchor is None:
            anchor = self._anchors[track.id] = _Anchor(foot, now_s)
        elif not near(foot, anchor.foot, still_radius(track)):
            if anchor.away_since_s is None:
                anchor.away_since_s = now_s
            elif now_s - anchor.away_since_s > LEAVE_S:
                anchor.foot, anchor.since_s, anchor.away_since_s = foot, now_s, None
        else:
            anchor.away_since_s = None
        return anchor.since_s

    def keep(self, present: set[int]) -> None:
        """Forget all other tracks."""
        if self._anchors:
            self._anchors = {track_id: anchor for track_id, anchor in self._anchors.items() if track_id in present}

    def clear(self) -> None:
        """Forget all."""
        self._anchors.clear()


def still_radius(track: Track) -> float:
    """How far the foot of a still thing wanders: a detector's boxes jitter by some share of their size."""
    box = track.box
    return 0.006 + 0.08 * (box.x2 - box.x1 + box.y2 - box.y1)


def near(first: Foot, second: Foot, radius: float) -> bool:
    """Whether two feet are within `radius` in both axes."""
    return abs(first[0] - second[0]) < radius and abs(first[1] - second[1]) < radius


def lowest_score(spec: RuleSpec) -> float:
    """What a sighting must score: the rule's own number, lower with more sensitivity and higher with less."""
    return min(max(spec.min_score + _SCORE_SPAN * (NEUTRAL - spec.sensitivity), 0.0), 1.0)


def tolerated_doubt(spec: RuleSpec) -> float:
    """How far what was never seen to move or to come may fall short: nothing, or more with more sensitivity. What is
    removed stood there before: all that stands is meant."""
    if spec.kind is RuleKind.REMOVED:
        return math.inf
    return max(_SCORE_SPAN * (spec.sensitivity - NEUTRAL), 0.0)


def event_of(spec: RuleSpec, track: Track, since_utc_s: float, utc_s: float) -> Event:
    """The event of a rule about a track."""
    return Event(
        id=new_id(max(utc_s, 0.0)),
        camera_id=spec.camera_id,
        rule_id=spec.id,
        kind=spec.kind,
        severity=spec.severity,
        utc_s=utc_s,
        since_utc_s=since_utc_s,
        track_id=track.id,
        label=track.label,
        score=track.score,
        box=track.box,
    )
