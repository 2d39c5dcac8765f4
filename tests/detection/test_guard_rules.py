"""What every rule has in common: cooldown, restart, clock jumps, schedules, boxes that are no numbers; and each one's
own edges. Whole stories with their figures are in `test_rule_scenarios`."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.detector import DetectionCode, DetectionError, Tally, Track, TrackSet, TrackState
from detection.perspective import Ground
from detection.rules import KINDS, RuleEngine
from storage.recording_schedule import Schedule
from storage.records import Box, Event, RuleKind, RuleSpec, Zone
from storage.registry_records import CameraScale
from tests.detection.rule_scenes import FENCE, GATE, SCALE, WHOLE, YARD, rule
from tests.detection.scenes import CAMERA, START_S

THINGS = ("backpack",)
SPECS: dict[RuleKind, tuple[RuleSpec, Zone]] = {
    RuleKind.INTRUSION: (rule(RuleKind.INTRUSION), YARD),
    RuleKind.LOITERING: (rule(RuleKind.LOITERING, limit=3.0), YARD),
    RuleKind.LINE_CROSSING: (rule(RuleKind.LINE_CROSSING), GATE),
    RuleKind.CROWD: (rule(RuleKind.CROWD, limit=1.0), YARD),
    RuleKind.DENSITY: (rule(RuleKind.DENSITY, limit=0.001), YARD),
    RuleKind.ABANDONED: (rule(RuleKind.ABANDONED, THINGS, limit=2.0), YARD),
    RuleKind.REMOVED: (rule(RuleKind.REMOVED, THINGS, limit=2.0), YARD),
    RuleKind.WRONG_WAY: (rule(RuleKind.WRONG_WAY, direction="270"), YARD),
    RuleKind.STOPPED: (rule(RuleKind.STOPPED, limit=3.0), YARD),
    RuleKind.RUNNING: (rule(RuleKind.RUNNING, hold_s=0.2, limit=3.0), WHOLE),
    RuleKind.SPEED: (rule(RuleKind.SPEED, hold_s=0.2, limit=3.0), WHOLE),
    RuleKind.PERIMETER: (rule(RuleKind.PERIMETER, hold_s=0.4), FENCE),
}
MOVING = (RuleKind.LINE_CROSSING, RuleKind.WRONG_WAY, RuleKind.RUNNING, RuleKind.SPEED)
TICKS = [i * 0.2 for i in range(100)]


def track(
    x: float, y: float = 0.8, at_s: float = 0.0, number: int = 1, label: str = "person", **changes: object
) -> Track:
    made = Track(number, Box(x - 0.04, y - 0.3, x + 0.04, y), label, 0.9, (0.0, 0.0), START_S, START_S + at_s)
    return replace(made, **changes)  # type: ignore[arg-type] # names of Track's fields


def engine(kind: RuleKind, **changes: object) -> RuleEngine:
    spec, zone = SPECS[kind]
    return RuleEngine(CAMERA, (replace(spec, **changes),), (zone,), scale=SCALE)  # type: ignore[arg-type] # RuleSpec's


def happening(kind: RuleKind, at_s: float, number: int = 1) -> list[Track]:
    """What every kind of rule is about, again and again: 5 s of it, 5 s of nothing (removed: 13 and 7)."""
    if kind is RuleKind.REMOVED:
        return [track(0.7, at_s=at_s, number=number, label="backpack")] if at_s % 20.0 < 13.0 else []
    phase = at_s % 10.0
    if phase >= 5.0:
        return []
    x = 0.2 + 0.15 * phase if kind in MOVING else 0.7
    y = 0.6 if kind is RuleKind.PERIMETER else 0.8
    label = "backpack" if kind is RuleKind.ABANDONED else "person"
    return [track(x, y, at_s, number, label)]


def play(
    guard: RuleEngine, kind: RuleKind, since_s: float = 0.0, until_s: float = 20.0, number: int = 1
) -> list[Event]:
    events: list[Event] = []
    for t in (since_s + i * 0.2 for i in range(int((until_s - since_s) * 5))):
        events += guard.update(TrackSet(CAMERA, START_S + t, tuple(happening(kind, t, number))))
    return events


@pytest.mark.parametrize("kind", SPECS)
def test_what_happens_again_within_the_cooldown_is_told_once(kind: RuleKind) -> None:
    events = play(engine(kind, cooldown_s=60.0), kind, until_s=40.0)
    assert [e.kind for e in events] == [kind]
    assert events[0].since_utc_s <= events[0].utc_s


def test_every_kind_is_tried_here() -> None:
    assert set(SPECS) == set(KINDS)


@pytest.mark.parametrize("kind", SPECS)
def test_a_new_process_with_the_memory_of_the_old_one_does_not_tell_again(kind: RuleKind) -> None:
    first = engine(kind, cooldown_s=60.0)
    assert len(play(first, kind)) == 1
    spec, zone = SPECS[kind]
    second = RuleEngine(CAMERA, (replace(spec, cooldown_s=60.0),), (zone,), first.reported, scale=SCALE)
    # Who moves is somewhere else by now: there the track alone is known.
    number = 1 if kind in MOVING else 7
    assert play(second, kind, since_s=20.0, until_s=40.0, number=number) == []


@pytest.mark.parametrize("kind", SPECS)
@pytest.mark.parametrize("jump_s", [-50.0, 6.0])
def test_a_clock_that_jumps_completes_nothing(kind: RuleKind, jump_s: float) -> None:
    """Looks of half a second between jumps never make a condition that needs a second or more."""
    guard, events, shift_s = engine(kind, hold_s=1.0), [], 1000.0
    for index in range(100):
        if index % 3 == 0:
            shift_s += jump_s
        t = index * 0.2
        tracks = tuple(replace(x, last_utc_s=START_S + t + shift_s) for x in happening(kind, t))
        events += guard.update(TrackSet(CAMERA, START_S + t + shift_s, tracks))
    assert [e for e in events if e.kind is not RuleKind.LINE_CROSSING] == []


@pytest.mark.parametrize("kind", SPECS)
def test_a_suspended_camera_is_silent(kind: RuleKind) -> None:
    guard = engine(kind)
    guard.suspended = True
    assert play(guard, kind) == []
    assert guard.alarmed == frozenset()


@pytest.mark.parametrize("kind", SPECS)
def test_outside_of_its_schedule_a_rule_is_silent(kind: RuleKind) -> None:
    assert play(engine(kind, schedule="Mon 00:00-00:01"), kind) == []
    assert play(engine(kind, schedule="Mon-Sun 00:00-24:00", cooldown_s=60.0), kind) != []


@given(
    st.sampled_from(sorted(SPECS)),
    st.sampled_from(["Mon-Fri 22:00-06:00", "22:13-22:14", "Sat,Sun 00:00-24:00"]),
    st.floats(0.0, 7 * 86_400.0),
    st.sampled_from(["UTC", "Europe/Kyiv", "Asia/Almaty"]),
)
@settings(max_examples=60, deadline=None)
def test_no_event_lies_outside_of_the_schedule(kind: RuleKind, schedule: str, offset_s: float, zone_name: str) -> None:
    spec, zone = SPECS[kind]
    guard = RuleEngine(
        CAMERA, (replace(spec, schedule=schedule, cooldown_s=0.0),), (zone,), scale=SCALE, timezone=zone_name
    )
    for index in range(600):
        t = index * 0.2
        tracks = tuple(happening(kind, t))
        for event in guard.update(TrackSet(CAMERA, START_S + offset_s + t, tracks)):
            assert Schedule.parse(schedule).covers(event.utc_s, ZoneInfo(zone_name))


_NUMBERS = st.one_of(st.floats(-0.5, 1.5), st.sampled_from([float("nan"), float("inf"), -float("inf"), 1e308]))
_TRACKS = st.builds(
    Track,
    st.integers(1, 6),
    st.builds(Box, _NUMBERS, _NUMBERS, _NUMBERS, _NUMBERS),
    st.sampled_from(["person", "backpack", "car", ""]),
    _NUMBERS,
    st.just((0.0, 0.0)),
    st.just(START_S),
    st.floats(START_S - 5, START_S + 60),
    st.sampled_from(TrackState),
    st.lists(st.tuples(_NUMBERS, _NUMBERS), max_size=3).map(tuple),
)


@given(
    st.lists(st.tuples(st.one_of(st.floats(-7, 7), st.just(float("nan"))), st.lists(_TRACKS, max_size=5)), max_size=12)
)
@settings(max_examples=120, deadline=None)
def test_any_tracks_are_borne_and_give_the_same_events_again(steps: list[tuple[float, list[Track]]]) -> None:
    def facts() -> list[tuple[str, float, int]]:
        specs = [replace(spec, id=kind.value, zone_id=kind.value) for kind, (spec, _zone) in SPECS.items()]
        zones = [replace(zone, id=kind.value) for kind, (_spec, zone) in SPECS.items()]
        guard = RuleEngine(CAMERA, specs, zones, scale=SCALE)
        found, t = [], 0.0
        for step_s, tracks in steps:
            unique = tuple({x.id: x for x in tracks}.values())
            events = guard.update(TrackSet(CAMERA, START_S + t + step_s, unique))
            order = [list(SPECS).index(e.kind) for e in events]
            assert order == sorted(order), "events come in the order of the rules"
            found += [(e.rule_id, e.utc_s, e.track_id) for e in events]
            t += 0.0 if step_s != step_s else max(step_s, 0.0)
        return found

    assert facts() == facts()


def crossing(*xs: float, y: float = 0.8, direction: str = "") -> tuple[list[Event], Tally]:
    guard = engine(RuleKind.LINE_CROSSING, direction=direction, cooldown_s=0.0)
    events: list[Event] = []
    for index, x in enumerate(xs):
        at_s = index * 0.2
        events += guard.update(TrackSet(CAMERA, START_S + at_s, (track(x, y, at_s),)))
    return events, guard.tallies[0]


def test_a_crossing_that_jitters_counts_once() -> None:
    events, tally = crossing(0.7, 0.6, 0.51, 0.49, 0.51, 0.495, 0.505, 0.49, 0.51, 0.4, 0.3, 0.2)
    assert (len(events), tally.ins, tally.outs) == (1, 1, 0)


def test_both_ways_are_counted_and_only_the_wanted_one_is_told() -> None:
    there_and_back = (0.7, 0.6, 0.4, 0.3, 0.3, 0.4, 0.6, 0.7, 0.7)
    events, tally = crossing(*there_and_back, direction="out")
    assert (len(events), tally.ins, tally.outs) == (1, 1, 1)


def test_one_wild_box_beyond_the_line_is_no_crossing() -> None:
    events, tally = crossing(0.7, 0.7, 0.7, 0.2, 0.7, 0.7, 0.7)
    assert (events, tally.ins, tally.outs) == ([], 0, 0)


def test_who_walks_round_the_end_of_a_line_does_not_cross_it() -> None:
    guard = engine(RuleKind.LINE_CROSSING)
    way = ((0.7, 0.8), (0.6, 0.5), (0.55, 0.22), (0.45, 0.22), (0.4, 0.5), (0.3, 0.8), (0.3, 0.8))
    for index, (x, y) in enumerate(way):
        assert guard.update(TrackSet(CAMERA, START_S + index * 0.2, (track(x, y, index * 0.2),))) == []
    assert guard.tallies == (Tally("r", 0, 0),)


def test_figures_go_on_after_a_restart() -> None:
    spec, zone = SPECS[RuleKind.LINE_CROSSING]
    assert RuleEngine(CAMERA, (spec,), (zone,), tallies=(Tally("r", 4, 2),)).tallies == (Tally("r", 4, 2),)


def test_a_car_parked_for_a_day_is_told_once() -> None:
    """Seen badly, lost for minutes, its box shaken: a day in looks of two seconds."""
    guard = engine(RuleKind.STOPPED, labels=("car",), limit=60.0)
    events: list[Event] = []
    number = 1
    for index in range(24 * 1800):
        at_s = index * 2.0
        hidden = index % 500 < 25
        number += index % 500 == 25
        x = 0.7 + 0.004 * (index % 3)
        seen = () if hidden else (track(x, at_s=at_s, number=number, label="car"),)
        events += guard.update(TrackSet(CAMERA, START_S + at_s, seen))
    assert len(events) == 1


def test_a_gap_of_looks_is_not_time_in_the_zone() -> None:
    guard = engine(RuleKind.LOITERING, limit=30.0)
    assert guard.update(TrackSet(CAMERA, START_S, (track(0.7),))) == []
    assert guard.update(TrackSet(CAMERA, START_S + 0.2, (track(0.7, at_s=0.2),))) == []
    assert guard.update(TrackSet(CAMERA, START_S + 60.0, (track(0.7, at_s=60.0),))) == []


@pytest.mark.parametrize(
    ("changes", "zone", "code"),
    [
        ({"schedule": "Someday"}, YARD, DetectionCode.BAD_RULE),
        ({"kind": RuleKind.CROWD}, YARD, DetectionCode.BAD_RULE),
        ({"kind": RuleKind.WRONG_WAY}, YARD, DetectionCode.BAD_RULE),
        ({"kind": RuleKind.WRONG_WAY, "direction": "nan"}, YARD, DetectionCode.BAD_RULE),
        ({"kind": RuleKind.SPEED}, YARD, DetectionCode.BAD_RULE),
        ({}, GATE, DetectionCode.BAD_ZONE),
        ({"kind": RuleKind.LINE_CROSSING}, YARD, DetectionCode.BAD_ZONE),
        ({}, replace(YARD, points=((0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0))), DetectionCode.BAD_ZONE),
        ({}, replace(YARD, points=((1.1, 0.0), (1.5, 0.0), (1.5, 1.0))), DetectionCode.BAD_ZONE),
    ],
)
def test_what_a_rule_cannot_work_with_is_refused(changes: dict[str, object], zone: Zone, code: DetectionCode) -> None:
    with pytest.raises(DetectionError) as caught:
        RuleEngine(CAMERA, (replace(rule(RuleKind.INTRUSION), **changes),), (zone,), scale=SCALE)  # type: ignore[arg-type]
    assert caught.value.code is code


def test_density_and_speed_need_a_scale() -> None:
    for kind in (RuleKind.SPEED, RuleKind.DENSITY):
        spec, zone = SPECS[kind]
        with pytest.raises(DetectionError):
            RuleEngine(CAMERA, (spec,), (zone,))


def test_a_scale_gives_back_the_height_of_people_and_metres() -> None:
    ground = Ground(SCALE)
    assert ground.height(0.4) == pytest.approx(0.12)
    across, along = ground.metres_per_fraction((0.5, 0.9))
    assert across == pytest.approx(16 / 9 * 1.7 / 0.35)
    assert along > across / 2
    assert ground.distance_m((0.4, 0.9), (0.5, 0.9)) == pytest.approx(across * 0.1)
    assert ground.area_m2(((0.4, 0.8), (0.6, 0.8), (0.6, 0.9), (0.4, 0.9))) > 0.5


@pytest.mark.parametrize(
    "people", [(), ((0.5, 0.5, 0.2),), ((0.5, 0.5, 0.0), (0.5, 0.9, 0.3)), ((0.5, 0.4, 0.5), (0.5, 0.9, 0.1))]
)
def test_a_scale_that_fits_no_ground_is_refused(people: tuple[tuple[float, float, float], ...]) -> None:
    with pytest.raises(DetectionError) as caught:
        Ground(CameraScale(CAMERA, people))
    assert caught.value.code is DetectionCode.BAD_RULE


def test_sensitivity_moves_the_score_that_is_needed() -> None:
    for sensitivity, told in ((0.5, False), (1.0, True)):
        guard = engine(RuleKind.INTRUSION, sensitivity=sensitivity, min_score=0.5)
        events: list[Event] = []
        for t in TICKS[:20]:
            events += guard.update(TrackSet(CAMERA, START_S + t, (track(0.7, at_s=t, score=0.4),)))
        assert bool(events) is told
