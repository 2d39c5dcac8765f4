"""A changed rule tried on stored tracks: the same rule engine, once as it is and once as it would be. Pure, any thread.

Time comes from the tracks, never the clock. What both versions say is laid against the alarms that operators judged, by
rule, time and track: an alarm counts only when the rule as it is finds it again in the tracks, else nobody can tell.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType

from app.errors import AppCode, AppError
from app.rule_files import RuleSet
from detection.detector import DetectionError, TrackSet
from detection.rules import KINDS, MAX_GAP_S, RuleEngine
from storage.class_names import in_our_words
from storage.journal import Registry
from storage.records import Event, RuleSpec, Zone
from storage.registry_records import CameraScale
from storage.verdict_queries import Judged

Tried = RuleSpec | Zone | CameraScale
Chunks = Iterable[tuple[float, Sequence[TrackSet]]]
"""Looks in the order of time, with the share (0..1) that is done after them."""

SLACK_S = 2.0
"""Replayed and live times differ by less than this."""
TOGETHER_S = 60.0
"""Events of a rule that follow each other sooner are one alarm, as in the queue."""

_YIELD_LOOKS = 16
_AS_WRITTEN: Mapping[str, str] = MappingProxyType({})
_SAME_EVENTS = ("name", "severity", "category_id", "opens_incident", "group_id")


@dataclass(frozen=True, slots=True)
class Change:
    """What guards a camera before and after; only the rules that the change touches."""

    before: RuleSet
    after: RuleSet

    @property
    def camera_id(self) -> str:
        """Whose tracks it is tried on."""
        return self.after.camera_id

    @property
    def rules(self) -> tuple[RuleSpec, ...]:
        """All rules of both sides."""
        return (*self.before.rules, *self.after.rules)

    @property
    def labels(self) -> frozenset[str]:
        """The classes that any of them looks at."""
        return frozenset(label for rule in self.rules for label in rule.labels)

    @property
    def can_be_tried(self) -> bool:
        """Whether tracks show what it changes. Tampering and lost signals cannot be seen in them; but that a rule about
        tracks is not one any more, or is changed beside one of those, can."""
        return any(rule.kind in KINDS for rule in self.before.rules) or all(r.kind in KINDS for r in self.after.rules)

    @property
    def matters(self) -> bool:
        """Whether it changes when a rule fires at all."""
        return _bare(self.before) != _bare(self.after)


@dataclass(frozen=True, slots=True)
class TriedAlarm:
    """A judged alarm; `kept` is None when the tracks do not show it."""

    alarm: Judged
    kept: bool | None


@dataclass(frozen=True, slots=True)
class Trial:
    """What a change would have done. `looks` and `covered_s` say on how much it was tried; `added` and `unjudged` are
    alarms that nobody has judged: new ones, and old ones of which `unjudged_gone` would not have come."""

    alarms: tuple[TriedAlarm, ...] = ()
    added: int = 0
    unjudged: int = 0
    unjudged_gone: int = 0
    looks: int = 0
    covered_s: float = 0.0

    def count(self, *, false: bool, kept: bool | None) -> int:
        """Judged alarms of one kind and fate."""
        return sum(one.alarm.false is false and one.kept is kept for one in self.alarms)

    @property
    def removed(self) -> int:
        """False alarms that would not have come."""
        return self.count(false=True, kept=False)

    @property
    def false(self) -> int:
        """False alarms that the tracks show."""
        return self.removed + self.count(false=True, kept=True)

    @property
    def lost(self) -> int:
        """Confirmed alarms that would not have come."""
        return self.count(false=False, kept=False)

    @property
    def confirmed(self) -> int:
        """Confirmed alarms that the tracks show."""
        return self.lost + self.count(false=False, kept=True)

    @property
    def unknown(self) -> int:
        """Judged alarms that the tracks do not show."""
        return sum(one.kept is None for one in self.alarms)


def change_of(
    registry: Registry, record: Tried, timezone: str = "UTC", words: Mapping[str, str] = _AS_WRITTEN
) -> Change | None:
    """What the record would change, on the camera where it is until now: who moves it to another one takes it away
    there. None: no rule needs it. `words`: what models call our classes (`class_map`); the tracks have ours."""
    camera_id, moves = _camera_of(registry, record)
    rules = in_our_words((rule for rule in registry.rules if rule.camera_id == camera_id), words)
    zones = tuple(zone for zone in registry.zones if zone.camera_id == camera_id)
    scale = next((one for one in registry.camera_scales if one.id == camera_id), None)
    before = RuleSet(camera_id, rules, zones, scale, timezone)
    if isinstance(record, RuleSpec):
        old = tuple(rule for rule in rules if rule.id == record.id)
        return Change(
            replace(before, rules=old), replace(before, rules=() if moves else in_our_words((record,), words))
        )
    if isinstance(record, Zone):
        touched = tuple(rule for rule in rules if rule.zone_id == record.id)
        others = tuple(zone for zone in zones if zone.id != record.id)
        after = replace(before, rules=touched, zones=others if moves else (*others, record))
    else:
        touched = tuple(rule for rule in rules if rule.kind in KINDS)
        after = replace(before, rules=touched, scale=record)
    return Change(replace(before, rules=touched), after) if touched else None


def _camera_of(registry: Registry, record: Tried) -> tuple[str, bool]:
    """Where it is until now, and whether it shall be somewhere else."""
    if isinstance(record, CameraScale):
        return record.id, False
    records: Sequence[RuleSpec | Zone] = registry.rules if isinstance(record, RuleSpec) else registry.zones
    known = next((one.camera_id for one in records if one.id == record.id), record.camera_id)
    return known, known != record.camera_id


def try_change(
    change: Change,
    chunks: Chunks,
    verdicts: Iterable[Judged],
    told: Callable[[float], None] = lambda _share: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Trial:
    """Run both versions over the tracks. Raises DetectionError (BAD_ZONE, BAD_RULE) when the new one cannot work, and
    AppError(CANCELLED) soon after `cancelled` says so."""
    after = _engine(change.after)
    try:
        before = _engine(change.before)
    except DetectionError:  # what does not work now raises nothing
        before = _engine(replace(change.before, rules=()))
    old: list[Event] = []
    new: list[Event] = []
    looks, covered_s, last_s = 0, 0.0, None
    for share, sets in chunks:
        for found in sets:
            if last_s is not None and 0.0 <= found.utc_s - last_s <= MAX_GAP_S:
                covered_s += found.utc_s - last_s
            last_s = found.utc_s
            old += before.update(found)
            new += after.update(found)
            looks += 1
            if looks % _YIELD_LOOKS == 0:
                time.sleep(0)  # whoever paints is not to wait for all of it
        if cancelled():
            raise AppError(AppCode.CANCELLED)
        told(share)
    rule_ids = {rule.id for rule in change.rules}
    wanted = [verdict for verdict in verdicts if verdict.rule_id in rule_ids and verdict.camera_id == change.camera_id]
    return replace(compared(old, new, wanted), looks=looks, covered_s=covered_s)


def compared(old: Sequence[Event], new: Sequence[Event], verdicts: Sequence[Judged]) -> Trial:
    """What the rule says as it is and as it would be, laid against the verdicts."""
    was, will = _Timeline(old), _Timeline(new)
    alarms = []
    judged_old: set[int] = set()
    judged_new: set[int] = set()
    for verdict in verdicts:
        span = verdict.since_utc_s, verdict.last_utc_s
        found = was.within(verdict.rule_id, *span)
        tracks = verdict.track_ids | {event.track_id for event in found}
        again = [event for event in will.within(verdict.rule_id, *span) if event.track_id in tracks]
        judged_old |= {id(event) for event in found}
        judged_new |= {id(event) for event in again}
        alarms.append(TriedAlarm(verdict, bool(again) if found else None))
    rest = [event for event in old if id(event) not in judged_old]
    gone = [event for event in rest if not will.has(event)]
    unjudged = _together(rest)
    fresh = [event for event in new if id(event) not in judged_new and not was.has(event)]
    return Trial(
        tuple(alarms),
        added=len(_together(fresh)),
        unjudged=len(unjudged),
        unjudged_gone=sum({id(event) for event in group} <= {id(event) for event in gone} for group in unjudged),
    )


class _Timeline:
    """Events of rules, found by time."""

    def __init__(self, events: Sequence[Event]) -> None:
        self._events = sorted(events, key=lambda event: event.utc_s)
        self._times = [event.utc_s for event in self._events]
        self._longest_s = max((event.utc_s - event.since_utc_s for event in events), default=0.0)

    def within(self, rule_id: str, since_utc_s: float, until_utc_s: float) -> list[Event]:
        """Events of a rule whose time, from its beginning on, touches this one."""
        start = bisect_left(self._times, since_utc_s - SLACK_S)
        end = bisect_left(self._times, until_utc_s + SLACK_S + self._longest_s + SLACK_S)
        return [
            event
            for event in self._events[start:end]
            if event.rule_id == rule_id and event.since_utc_s <= until_utc_s + SLACK_S
        ]

    def has(self, event: Event) -> bool:
        """Whether the same thing is said here, too."""
        found = self.within(event.rule_id, event.since_utc_s, event.utc_s)
        return any(one.track_id == event.track_id for one in found)


def _together(events: Iterable[Event]) -> list[list[Event]]:
    """Events of one rule that follow each other closely."""
    ordered = sorted(events, key=lambda event: (event.rule_id, event.utc_s))
    groups = [ordered[:1]] if ordered else []
    for before, event in pairwise(ordered):
        if event.rule_id == before.rule_id and event.utc_s - before.utc_s <= TOGETHER_S:
            groups[-1].append(event)
        else:
            groups.append([event])
    return groups


def _engine(guard: RuleSet) -> RuleEngine:
    return RuleEngine(guard.camera_id, guard.rules, guard.zones, scale=guard.scale, timezone=guard.timezone)


def _bare(guard: RuleSet) -> tuple[object, ...]:
    """What decides when it fires."""
    neutral = RuleSpec(id="", camera_id="", zone_id="", name="")
    same = {name: getattr(neutral, name) for name in _SAME_EVENTS}
    rules = tuple(replace(rule, **same) for rule in guard.rules if rule.enabled)
    used = {rule.zone_id for rule in rules}
    zones = frozenset((zone.id, zone.points, zone.kind) for zone in guard.zones if zone.id in used)
    return rules, zones, guard.scale if rules else None
