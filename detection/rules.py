"""Guard rules over tracks: the protocol of a rule and the engine that runs a camera's rules.

Rules take time from frames, never from the clock: a replayed file gives the same events.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from detection.crowd_rules import CrowdRule
from detection.detector import DetectionCode, DetectionError, Image, Tally, Track, TrackSet
from detection.line_rules import LineRule
from detection.motion_rules import SpeedRule, StoppedRule, WrongWayRule
from detection.object_rules import AbandonedRule, RemovedRule
from detection.perspective import Ground
from detection.rule_memory import Reported, tolerated_doubt
from detection.scene_rules import LEAST_HEIGHT_PX, LEAST_PERIOD_S, SceneFacts, TamperRule, facts_of
from detection.zone_rules import IntrusionRule, LoiteringRule, PerimeterRule
from storage.errors import StorageError
from storage.recording_schedule import Schedule
from storage.records import Event, RuleKind, RuleSpec, Zone
from storage.registry_records import CameraScale

log = logging.getLogger(__name__)

MAX_GAP_S = 5.0
"""A frame that comes later than this after the one before says nothing about the time between."""


class Rule(Protocol):
    """One guard rule of one camera; keeps its own memory of tracks."""

    spec: RuleSpec

    @property
    def alarmed(self) -> frozenset[int]:
        """Tracks for which the rule has fired and that are still in that condition."""

    def update(self, tracks: TrackSet) -> list[Event]:
        """What happened at this frame."""

    def reset(self, utc_s: float) -> None:
        """The frames' clock jumped to `utc_s`: forget conditions that have begun, keep what has been reported."""

    @property
    def reported(self) -> tuple[Reported, ...]:
        """What has been reported and is not to be reported again within the cooldown."""

    def recall(self, reported: Reported) -> None:
        """Take over what was reported before a restart."""


_Make = Callable[[RuleSpec, Zone, Ground | None], Rule]

KINDS: dict[RuleKind, _Make] = {
    RuleKind.INTRUSION: IntrusionRule,
    RuleKind.LOITERING: LoiteringRule,
    RuleKind.LINE_CROSSING: LineRule,
    RuleKind.CROWD: CrowdRule,
    RuleKind.DENSITY: CrowdRule,
    RuleKind.ABANDONED: AbandonedRule,
    RuleKind.REMOVED: RemovedRule,
    RuleKind.WRONG_WAY: WrongWayRule,
    RuleKind.STOPPED: StoppedRule,
    RuleKind.RUNNING: SpeedRule,
    RuleKind.SPEED: SpeedRule,
    RuleKind.PERIMETER: PerimeterRule,
}
"""Rules over tracks. Tampering is a rule over pictures; signal loss is seen by the application."""

AREA, LINE = "area", "line"


class RuleEngine:
    """Runs a camera's enabled rules. Raises DetectionError: BAD_ZONE for a zone that is missing or unsound, BAD_RULE
    for a schedule, limit, direction or scale that a rule cannot work with.

    `reported` and `tallies` are what the engine of a process that died had reported and counted; `timezone` is where
    schedules are meant."""

    def __init__(
        self,
        camera_id: str,
        rules: Sequence[RuleSpec],
        zones: Sequence[Zone],
        reported: Sequence[Reported] = (),
        *,
        scale: CameraScale | None = None,
        timezone: str = "UTC",
        tallies: Sequence[Tally] = (),
    ) -> None:
        self.camera_id = camera_id
        self.suspended = False
        self._last_utc_s: float | None = None
        self._facts: SceneFacts | None = None
        self._seen_s = -math.inf
        by_id = {zone.id: zone for zone in zones}
        ground = self.ground = Ground(scale) if scale is not None else None
        zone_info = _zone_info(timezone)
        specs = [spec for spec in rules if spec.enabled]
        made = [_rule_of(spec, by_id, ground) for spec in specs if spec.kind in KINDS]
        self._scenes: list[TamperRule] = [TamperRule(spec) for spec in specs if spec.kind is RuleKind.TAMPER]
        self._rules: list[Rule] = made
        self._armed = {rule.spec.id: _Armed(rule.spec, zone_info) for rule in self._all()}
        self._lines = [rule for rule in made if isinstance(rule, LineRule)]
        self._take_over(reported, tallies)

    def _all(self) -> list[Rule | TamperRule]:
        return [*self._rules, *self._scenes]

    def _take_over(self, reported: Sequence[Reported], tallies: Sequence[Tally]) -> None:
        for rule in self._all():
            for item in reported:
                if item.rule_id == rule.spec.id:
                    rule.recall(item)
        for line in self._lines:
            for tally in tallies:
                if tally.rule_id == line.spec.id:
                    line.count_from(tally)

    @property
    def alarmed(self) -> frozenset[int]:
        """Tracks for which any rule has fired."""
        return frozenset().union(*(rule.alarmed for rule in self._rules))

    @property
    def reported(self) -> tuple[Reported, ...]:
        """What all rules have reported."""
        return tuple(item for rule in self._all() for item in rule.reported)

    @property
    def tallies(self) -> tuple[Tally, ...]:
        """Figures of the lines."""
        return tuple(line.tally for line in self._lines)

    def see(self, image: Image, utc_s: float) -> None:
        """The picture (H,W,3 BGR) of the look that comes next; at most two a second are looked at, and none where no
        rule is about pictures."""
        if not self._scenes or self.suspended or not math.isfinite(utc_s) or image.shape[0] < LEAST_HEIGHT_PX:
            return
        if not 0.0 <= utc_s - self._seen_s < LEAST_PERIOD_S:
            self._seen_s = utc_s
            self._facts = facts_of(image, utc_s)

    def update(self, tracks: TrackSet) -> list[Event]:
        """Events at this frame, in the order of the rules; none while suspended (a PTZ off its preset), which also
        forgets begun conditions. Boxes and times that are no numbers are ignored."""
        if not math.isfinite(tracks.utc_s):
            return []
        previous, self._last_utc_s = self._last_utc_s, tracks.utc_s
        if self.suspended or (previous is not None and not 0.0 <= tracks.utc_s - previous <= MAX_GAP_S):
            self._reset(tracks.utc_s)
        facts, self._facts = self._facts, None
        if self.suspended:
            return []
        if not all(map(_is_sound, tracks.tracks)):
            tracks = replace(tracks, tracks=tuple(filter(_is_sound, tracks.tracks)))
        events: list[Event] = []
        doubted = any(track.doubt > 0.0 for track in tracks.tracks)
        for rule in self._rules:
            if self._may_work(rule, tracks.utc_s):
                events += rule.update(_credible(tracks, rule.spec) if doubted else tracks)
        for scene in self._scenes:
            if facts is not None and self._may_work(scene, tracks.utc_s):
                events += scene.update(facts)
        return events

    def _may_work(self, rule: Rule | TamperRule, utc_s: float) -> bool:
        """Whether its schedule covers the frame's time; when it ends, what has begun is forgotten."""
        armed = self._armed[rule.spec.id]
        before = armed.now
        if armed.at(utc_s):
            return True
        if before:
            rule.reset(utc_s)
        return False

    def _reset(self, utc_s: float) -> None:
        for rule in self._all():
            rule.reset(utc_s)


class _Armed:
    """A rule's schedule, asked once a second of frame time. Raises DetectionError(BAD_RULE, why="schedule")."""

    def __init__(self, spec: RuleSpec, zone: ZoneInfo) -> None:
        try:
            self._schedule = Schedule.parse(spec.schedule) if spec.schedule else None
        except StorageError as error:
            raise DetectionError(DetectionCode.BAD_RULE, why="schedule", rule=spec.id) from error
        self._zone = zone
        self._asked: int | None = None
        self.now = True

    def at(self, utc_s: float) -> bool:
        """Whether the rule works at this time."""
        if self._schedule is not None and int(utc_s) != self._asked:
            self._asked = int(utc_s)
            self.now = self._covers(utc_s)
        return self.now

    def _covers(self, utc_s: float) -> bool:
        try:
            return self._schedule is None or self._schedule.covers(utc_s, self._zone)
        except (OverflowError, ValueError, OSError):  # no such date
            return False


def _credible(tracks: TrackSet, spec: RuleSpec) -> TrackSet:
    """Without scenery that a detector takes for something."""
    most = tolerated_doubt(spec)
    return replace(tracks, tracks=tuple(track for track in tracks.tracks if track.doubt <= most))


def _is_sound(track: Track) -> bool:
    x1, y1, x2, y2 = track.box
    # A sum is a number only when all its parts are.
    return math.isfinite(x1 + y1 + x2 + y2 + track.score) and x2 >= x1 and y2 >= y1


def _zone_info(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise DetectionError(DetectionCode.BAD_RULE, why="timezone") from error


def _rule_of(spec: RuleSpec, zones: dict[str, Zone], ground: Ground | None) -> Rule:
    if spec.zone_id not in zones:
        raise DetectionError(DetectionCode.BAD_ZONE, why="missing", rule=spec.id)
    zone = zones[spec.zone_id]
    if spec.kind is RuleKind.PERIMETER and zone.kind == LINE:
        return LineRule(spec, zone, ground)
    if (zone.kind == LINE) is not (spec.kind is RuleKind.LINE_CROSSING):
        raise DetectionError(DetectionCode.BAD_ZONE, why="kind", rule=spec.id)
    return KINDS[spec.kind](spec, zone, ground)
