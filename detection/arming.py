"""Gives a camera's pipeline its rules: what cannot be used rests alone, and that is told. Detection process only."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from detection.detector import DetectionCode, DetectionError, Tally
from detection.messages import AnalyticsCamera, Refused
from detection.pipeline import Pipeline
from detection.rule_memory import Reported
from detection.rules import RuleEngine
from storage.registry_records import CameraScale

Tell = Callable[[Refused], None]


def arm(
    pipeline: Pipeline,
    camera: AnalyticsCamera,
    reported: Sequence[Reported],
    tallies: Sequence[Tally],
    tell: Tell,
) -> tuple[str, ...]:
    """The ids of rules that cannot be used: only these rest, and why is told of each."""
    usable, resting = [], []
    scale = _usable_scale(camera, tell)
    for rule in camera.rules:
        try:
            RuleEngine(camera.camera_id, (rule,), camera.zones, scale=scale, timezone=camera.timezone)
        except DetectionError as error:
            resting.append(rule.id)
            details = {**error.details, "rule": rule.id, "name": rule.name}
            tell(Refused(DetectionCode(error.code), details, camera.camera_id))
        else:
            usable.append(rule)
    pipeline.change_rules(usable, camera.zones, reported, scale=scale, timezone=camera.timezone, tallies=tallies)
    return tuple(resting)


def armed_with(camera: AnalyticsCamera) -> tuple[object, ...]:
    """What the rules are made from."""
    return camera.rules, camera.zones, camera.scale, camera.timezone


def _usable_scale(camera: AnalyticsCamera, tell: Tell) -> CameraScale | None:
    """None when it fits no ground: then only the rules that cannot do without it rest."""
    try:
        RuleEngine(camera.camera_id, (), (), scale=camera.scale)
    except DetectionError as error:
        tell(Refused(DetectionCode(error.code), error.details, camera.camera_id))
        return None
    return camera.scale
