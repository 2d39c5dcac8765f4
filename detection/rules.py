"""Guard rules over tracks: the protocol of a rule and the engine that runs a camera's rules.

Rules take time from frames, never from the clock: a replayed file gives the same events.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Protocol

from detection.detector import DetectionCode, DetectionError, TrackSet
from detection.zone_rules import IntrusionRule, Reported
from storage.records import Event, RuleKind, RuleSpec, Zone

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


class RuleEngine:
    """Runs a camera's enabled rules. Raises DetectionError(BAD_ZONE) for a zone that is missing or unsound.

    `reported` is what the engine of a process that died had reported."""

    def __init__(
        self, camera_id: str, rules: Sequence[RuleSpec], zones: Sequence[Zone], reported: Sequence[Reported] = ()
    ) -> None:
        self.camera_id = camera_id
        self.suspended = False
        self._last_utc_s: float | None = None
        by_id = {zone.id: zone for zone in zones}
        self._rules = [_rule_of(spec, by_id) for spec in rules if spec.enabled]
        for rule in self._rules:
            for item in reported:
                if item.rule_id == rule.spec.id:
                    rule.recall(item)

    @property
    def alarmed(self) -> frozenset[int]:
        """Tracks for which any rule has fired."""
        return frozenset().union(*(rule.alarmed for rule in self._rules))

    @property
    def reported(self) -> tuple[Reported, ...]:
        """What all rules have reported."""
        return tuple(item for rule in self._rules for item in rule.reported)

    def update(self, tracks: TrackSet) -> list[Event]:
        """Events at this frame; none while suspended (a PTZ off its preset), which also forgets begun conditions."""
        previous, self._last_utc_s = self._last_utc_s, tracks.utc_s
        jumped = previous is not None and not 0.0 <= tracks.utc_s - previous <= MAX_GAP_S
        if jumped or self.suspended:
            for rule in self._rules:
                rule.reset(tracks.utc_s)
        if self.suspended:
            return []
        return [event for rule in self._rules for event in rule.update(tracks)]


def _rule_of(spec: RuleSpec, zones: dict[str, Zone]) -> Rule:
    if spec.zone_id not in zones:
        raise DetectionError(DetectionCode.BAD_ZONE, why="missing", rule=spec.id)
    kinds = {RuleKind.INTRUSION: IntrusionRule}
    return kinds[spec.kind](spec, zones[spec.zone_id])
