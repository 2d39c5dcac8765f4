"""What a rule would see in a zone that is being drawn: the feet of the live tracks, and which of them count. Pure; any
thread.

Classes and scores are those of the zone's rules, and scenery that never moved is left out as rules do; without a rule
every other track counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from app.zone_drafts import Point, Shape
from detection.detector import Track, TrackSet
from detection.geometry import Area
from detection.motion_model import extrapolate
from detection.rule_memory import tolerated_doubt
from storage.class_names import in_our_words
from storage.records import RuleSpec

_GONE_S = 1.5
"""Tracks that were not seen for so long are not marked any more."""


@dataclass(frozen=True, slots=True)
class Foot:
    """Where a track stands; `counted`: a rule looks at it; `caught`: it is in the area or went over the line."""

    track_id: int
    label: str
    at: Point
    counted: bool
    caught: bool


def feet(
    shape: Shape, points: tuple[Point, ...], rules: Iterable[RuleSpec], tracks: TrackSet | None, utc_s: float
) -> tuple[Foot, ...]:
    """The feet at the painted picture's time. `points` make a sound shape, or nothing is caught."""
    if tracks is None:
        return ()
    watching = tuple(rule for rule in rules if rule.enabled)
    area = Area(points) if shape in (Shape.AREA, Shape.MASK) and len(points) > 2 else None
    found = []
    for track in tracks.tracks:
        if abs(utc_s - track.last_utc_s) > _GONE_S:
            continue
        at = extrapolate(track, utc_s).foot
        caught = area.holds(at) if area is not None else shape is Shape.LINE and _went_over(track, points)
        found.append(Foot(track.id, track.label, at, _is_counted(track, watching), caught))
    return tuple(found)


def rules_of(rules: Iterable[RuleSpec], zone_id: str, words: Mapping[str, str]) -> tuple[RuleSpec, ...]:
    """The rules that need this zone, about our classes, as tracks have them (`words`: what models call them)."""
    return in_our_words((rule for rule in rules if rule.zone_id == zone_id), words)


def _is_counted(track: Track, rules: tuple[RuleSpec, ...]) -> bool:
    if not rules:
        return track.doubt <= 0.0
    return any(
        track.label in rule.labels and track.score >= rule.min_score and track.doubt <= tolerated_doubt(rule)
        for rule in rules
    )


def _went_over(track: Track, line: tuple[Point, ...]) -> bool:
    return any(_cross(*step, *edge) for step in pairwise(track.path) for edge in pairwise(line))


def _cross(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether the way from `a` to `b` goes through the edge from `c` to `d`."""
    return _left(c, d, a) != _left(c, d, b) and _left(a, b, c) != _left(a, b, d)


def _left(start: Point, end: Point, point: Point) -> bool:
    (x1, y1), (x2, y2), (x, y) = start, end, point
    return (x2 - x1) * (y - y1) > (y2 - y1) * (x - x1)
