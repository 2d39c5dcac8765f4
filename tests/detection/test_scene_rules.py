"""A camera that somebody covers, blurs, turns or darkens, or whose picture freezes; and weather, which is none."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from detection.pipeline import Pipeline
from detection.scene_rules import facts_of
from storage.records import Event, RuleKind
from tests.detection.rule_scenes import WHOLE, rule
from tests.detection.scenes import CAMERA, START_S, seen
from tests.detection.tamper_scenes import BEGIN_S, HARMLESS, SECONDS, STREETS, TROUBLES, Change, street

LOOKS_PER_S = 2.0
SPEC = rule(RuleKind.TAMPER, limit=5.0, cooldown_s=60.0)


def watched(change: Change, number: int, pipeline: Pipeline | None = None, since_s: float = 0.0) -> list[Event]:
    pipeline = pipeline or guarded()
    random = np.random.default_rng(number)
    events: list[Event] = []
    for look in range(int((SECONDS - since_s) * LOOKS_PER_S)):
        at_s = since_s + look / LOOKS_PER_S
        pipeline.see(change(street(number), at_s, random), START_S + at_s)
        events += pipeline.look(seen(), START_S + at_s).events
    return events


def guarded() -> Pipeline:
    return Pipeline(CAMERA, (SPEC,), (WHOLE,))


@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.parametrize("number", range(len(STREETS)))
def test_a_trouble_is_told_once_by_its_name(name: str, number: int) -> None:
    label, change = TROUBLES[name]
    events = watched(change, number)
    assert [(e.label, e.kind) for e in events] == [(label, RuleKind.TAMPER)]
    waited_s = events[0].utc_s - START_S - BEGIN_S
    assert 5.0 <= waited_s <= 12.0
    assert events[0].since_utc_s - START_S == pytest.approx(BEGIN_S, abs=1.1)


@pytest.mark.parametrize("name", HARMLESS)
def test_weather_lights_and_traffic_are_no_trouble(name: str) -> None:
    for number in range(len(STREETS)):
        assert watched(HARMLESS[name], number) == [], f"{name} {number}"


def test_a_covered_camera_is_not_told_again_after_a_restart() -> None:
    first = guarded()
    _label, change = TROUBLES["covered"]
    assert len(watched(change, 0, first)) == 1
    second = Pipeline(CAMERA)
    second.change_rules((SPEC,), (WHOLE,), first.reported)
    assert watched(change, 0, second, since_s=BEGIN_S + 10.0) == []


def test_while_suspended_and_after_a_jump_of_the_clock_nothing_is_told() -> None:
    pipeline = guarded()
    pipeline.suspend(True)
    assert watched(TROUBLES["dark"][1], 0, pipeline) == []
    pipeline = guarded()
    random = np.random.default_rng(1)
    events: list[Event] = []
    for look in range(40):
        at_s = look / 2 + (100.0 * (look // 8))  # every four seconds the clock jumps
        pipeline.see(TROUBLES["dark"][1](street(0), BEGIN_S + 1, random), START_S + at_s)
        events += pipeline.look(seen(), START_S + at_s).events
    assert events == []


@pytest.mark.parametrize("shape", [(0, 0, 3), (2, 2, 3), (90, 160, 3), (360, 640, 3), (1, 640, 3), (200, 91, 3)])
def test_any_size_of_a_picture_is_borne(shape: tuple[int, int, int]) -> None:
    pipeline = guarded()
    for at_s in range(3):
        pipeline.see(np.zeros(shape, np.uint8), START_S + at_s)
        pipeline.look(seen(), START_S + at_s)


def test_another_resolution_is_no_frozen_picture_and_no_crash() -> None:
    pipeline = guarded()
    events: Iterable[Event] = ()
    for look in range(60):
        size = (360, 640, 3) if look % 2 else (270, 480, 3)
        pipeline.see(np.full(size, 90, np.uint8), START_S + look / 2)
        events = [*events, *pipeline.look(seen(), START_S + look / 2).events]
    assert all(e.label != "frozen" for e in events)


def test_figures_of_a_flat_picture_are_numbers() -> None:
    facts = facts_of(np.zeros((360, 640, 3), np.uint8), 0.0)
    assert np.isfinite(facts.outline).all()
    assert (facts.mean, facts.spread, facts.detail) == (0.0, 0.0, 0.0)
