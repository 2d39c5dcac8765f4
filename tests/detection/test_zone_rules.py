from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.detector import DetectionCode, DetectionError
from detection.pipeline import Pipeline
from detection.rules import RuleEngine
from storage.records import Event, RuleSpec, Zone
from tests.detection.scenes import CAMERA, RIGHT_HALF, START_S, person_at, rule, seen

Where = Callable[[float], float | None]


def play(pipeline: Pipeline, where: Where, times: Iterable[float], score: float = 0.9) -> list[Event]:
    """Events of one person whose foot is at x = `where(seconds)`; None: not there."""
    events: list[Event] = []
    for t in times:
        x = where(t)
        boxes = [] if x is None else [person_at(x)]
        events += pipeline.look(seen(*boxes, scores=[score] * len(boxes)), START_S + t).events
    return events


def ticks(until_s: float, per_s: float = 5.0, since_s: float = 0.0) -> list[float]:
    return [since_s + i / per_s for i in range(int((until_s - since_s) * per_s))]


def guarded(**changes: object) -> Pipeline:
    return Pipeline(CAMERA, (rule(**changes),), (RIGHT_HALF,), detector="test detector")  # type: ignore[arg-type] # RuleSpec's fields


def test_whoever_stays_is_reported_once_with_the_frames_times() -> None:
    (event,) = play(guarded(), lambda t: 0.3 + 0.1 * t, ticks(6))
    assert event.since_utc_s == pytest.approx(START_S + 2.0, abs=0.21)
    assert event.utc_s - event.since_utc_s == pytest.approx(1.0, abs=0.21)
    assert (event.camera_id, event.rule_id, event.label, event.detector) == (
        CAMERA,
        "rule-1",
        "person",
        "test detector",
    )
    assert event.box.foot[0] >= 0.5


def test_the_foot_decides_not_the_box() -> None:
    assert play(guarded(), lambda _: 0.49, ticks(5)) == []


def test_whoever_passes_quickly_is_not_reported() -> None:
    assert play(guarded(hold_s=2.0), lambda t: 0.45 + 0.3 * t if t < 1.8 else None, ticks(5)) == []


def test_the_time_before_the_track_is_shown_counts() -> None:
    (event,) = play(guarded(), lambda _: 0.7, ticks(5, per_s=1.3))
    assert event.since_utc_s == START_S
    assert event.utc_s - START_S < 2.0


@pytest.mark.parametrize("changes", [{"labels": ("car",)}, {"min_score": 0.95}, {"enabled": False}])
def test_what_the_rule_does_not_ask_for_is_not_reported(changes: dict[str, object]) -> None:
    assert play(guarded(**changes), lambda _: 0.7, ticks(5)) == []


def test_a_jitter_over_the_edge_neither_ends_nor_repeats_a_stay() -> None:
    events = play(guarded(hold_s=2.0), lambda t: 0.51 if round(t * 5) % 3 else 0.49, ticks(8))
    assert len(events) == 1
    assert events[0].since_utc_s < START_S + 0.5


def test_outside_for_half_a_second_begins_a_new_stay() -> None:
    def where(t: float) -> float:
        return 0.48 if 1.0 < t < 2.0 else 0.52

    (event,) = play(guarded(hold_s=1.5), where, ticks(6))
    assert event.since_utc_s >= START_S + 2.0


def test_a_redetection_at_the_same_place_is_not_new() -> None:
    parked = play(guarded(cooldown_s=5.0), lambda t: 0.7 if t % 4 < 2 else None, ticks(60))
    assert len(parked) == 1


def test_after_the_cooldown_the_place_is_guarded_again() -> None:
    events = play(guarded(cooldown_s=5.0), lambda t: 0.7 if t < 3 or t > 10 else None, ticks(14))
    assert [round(e.since_utc_s - START_S) for e in events] == [0, 10]


def test_another_place_is_not_silenced() -> None:
    events = play(guarded(), lambda t: 0.6 if t < 3 else (None if t < 6 else 0.9), ticks(9))
    assert [e.track_id for e in events] == [1, 2]


def test_the_same_track_is_silent_while_the_cooldown_lasts() -> None:
    def where(t: float) -> float:
        return 0.6 if t < 3 else (0.4 if t < 5 else 0.75) if t < 5 else min(0.4 + 0.1 * (t - 5), 0.8)

    assert len(play(guarded(cooldown_s=60.0), where, ticks(14))) == 1


@pytest.mark.parametrize("jump_s", [-0.3, -100.0, 6.0, 1e6])
def test_a_jump_of_the_clock_neither_completes_a_stay_nor_reports_again(jump_s: float) -> None:
    pipeline = guarded(hold_s=2.0)
    assert play(pipeline, lambda _: 0.7, ticks(1.8)) == []
    later = [t + jump_s for t in ticks(10, since_s=1.8)]
    events = play(pipeline, lambda _: 0.7, later)
    assert len(events) == 1
    assert events[0].since_utc_s >= START_S + later[0]


@pytest.mark.parametrize("jump_s", [-100.0, 6.0])
def test_a_jump_after_the_report_gives_no_ghost(jump_s: float) -> None:
    pipeline = guarded()
    assert len(play(pipeline, lambda _: 0.7, ticks(3))) == 1
    assert play(pipeline, lambda _: 0.7, [t + jump_s for t in ticks(10, since_s=3)]) == []


def test_while_suspended_nothing_is_reported_and_nothing_begins() -> None:
    pipeline = guarded()
    pipeline.suspend(True)
    assert play(pipeline, lambda _: 0.7, ticks(5)) == []
    pipeline.suspend(False)
    (event,) = play(pipeline, lambda _: 0.7, ticks(10, since_s=5))
    assert event.since_utc_s >= START_S + 5


def test_alarmed_tracks_are_marked_until_they_leave() -> None:
    pipeline = guarded()
    play(pipeline, lambda _: 0.7, ticks(3))
    inside = pipeline.look(seen(person_at(0.7)), START_S + 3).tracks
    assert inside.alarmed == {inside.tracks[0].id}
    play(pipeline, lambda t: 0.7 - 0.1 * (t - 3), ticks(7, since_s=3.2))
    assert pipeline.look(seen(person_at(0.3)), START_S + 7.2).tracks.alarmed == frozenset()


def test_a_new_process_does_not_report_again_who_still_stands_there() -> None:
    first = guarded()
    assert len(play(first, lambda _: 0.7, ticks(40))) == 1
    second = Pipeline(CAMERA, first_track_id=2)
    second.change_rules((rule(),), (RIGHT_HALF,), first.reported)
    assert play(second, lambda _: 0.7, ticks(50, since_s=42)) == []
    assert len(play(second, lambda _: 0.95, ticks(60, since_s=52))) == 1


def test_the_same_frames_give_the_same_events() -> None:
    def facts() -> list[tuple[float, float, int]]:
        events = play(guarded(cooldown_s=3.0), lambda t: 0.3 + 0.1 * (t % 6), ticks(40))
        return [(e.utc_s, e.since_utc_s, e.track_id) for e in events]

    assert facts() == facts()
    assert len(facts()) > 1


@given(st.lists(st.tuples(st.floats(-1, 8), st.one_of(st.none(), st.floats(0, 1))), max_size=40))
@settings(max_examples=60, deadline=None)
def test_no_event_claims_a_shorter_stay_than_asked_for(steps: list[tuple[float, float | None]]) -> None:
    pipeline, t = guarded(hold_s=1.0, cooldown_s=0.5), 0.0
    for dt_s, x in steps:
        t += dt_s
        for event in play(pipeline, lambda _, x=x: x, [t]):  # type: ignore[misc] # bound now
            assert event.utc_s == START_S + t
            assert event.utc_s - event.since_utc_s >= 1.0
            assert event.box.foot[0] >= 0.5 - 1e-6


@pytest.mark.parametrize(
    "zones", [(), (Zone("zone-1", CAMERA, "line", ((0.1, 0.1), (0.9, 0.9))),)], ids=["missing", "unsound"]
)
def test_a_rule_without_a_sound_zone_is_refused(zones: tuple[Zone, ...]) -> None:
    spec: RuleSpec = rule()
    with pytest.raises(DetectionError) as caught:
        RuleEngine(CAMERA, (spec,), zones)
    assert caught.value.code is DetectionCode.BAD_ZONE
