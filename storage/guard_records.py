"""What zones, guard rules and camera scales must be like, so that a detection process can use them. On the writer
thread. Whether a polygon crosses itself is `detection.geometry`'s to say."""

from __future__ import annotations

from math import isfinite

from storage import values
from storage.bearings import degrees_of
from storage.commands import RegistryRecord
from storage.recording_schedule import Schedule
from storage.records import RuleKind, RuleSpec, Zone
from storage.registry_records import CameraScale

ZONE_CORNERS = {"area": 3, "line": 2, "far": 3}
"""A zone's kinds, and the points that each needs; "far" marks the part that is looked at larger."""

DIRECTIONS = ("", "in", "out")
_SCALE_PLACES = 2
_LONGEST_S = 7 * 86_400.0
_NEEDS_LIMIT = frozenset({RuleKind.CROWD, RuleKind.DENSITY, RuleKind.SPEED})


def check(record: RegistryRecord) -> None:
    """Raises BAD_VALUE, or BAD_SCHEDULE for a schedule that cannot be read."""
    if isinstance(record, Zone):
        _check_zone(record)
    elif isinstance(record, RuleSpec):
        _check_rule(record)
    elif isinstance(record, CameraScale):
        _check_scale(record)


def _check_zone(zone: Zone) -> None:
    if zone.kind not in ZONE_CORNERS:
        raise values.bad("kind", "unknown")
    if len(zone.points) < ZONE_CORNERS[zone.kind] or not all(isfinite(v) for point in zone.points for v in point):
        raise values.bad("points", "not a zone of the picture")


def _check_rule(rule: RuleSpec) -> None:
    checks = {
        "sensitivity": 0.0 <= rule.sensitivity <= 1.0,
        "min_score": 0.0 <= rule.min_score <= 1.0,
        "hold_s": 0.0 <= rule.hold_s <= _LONGEST_S,
        "cooldown_s": 0.0 <= rule.cooldown_s <= _LONGEST_S,
        "limit": _is_limit(rule),
        "direction": _is_direction(rule),
    }
    for name, good in checks.items():
        if not good:
            raise values.bad(name, "not of a rule", record="RuleSpec")
    if rule.schedule:
        Schedule.parse(rule.schedule)


def _is_limit(rule: RuleSpec) -> bool:
    if rule.limit is None:
        return rule.kind not in _NEEDS_LIMIT
    return isfinite(rule.limit) and 0.0 < rule.limit <= _LONGEST_S


def _is_direction(rule: RuleSpec) -> bool:
    if rule.kind is not RuleKind.WRONG_WAY:
        return rule.direction in DIRECTIONS
    try:
        return degrees_of(rule.direction) >= 0.0
    except ValueError:
        return False


def _check_scale(scale: CameraScale) -> None:
    sound = all(isfinite(v) and 0.0 <= v <= 1.0 for person in scale.people for v in person)
    if len(scale.people) < _SCALE_PLACES or not sound or any(height <= 0.0 for _, _, height in scale.people):
        raise values.bad("people", "a standing person at two places or more", record="CameraScale")
