from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.scheduler import FLOOR_HZ, LINGER_S, Scheduler, Urgency


@dataclass
class Run:
    """What a detector that needs `look_s` per input and always finds new pictures does for some seconds."""

    turns: Counter[str] = field(default_factory=Counter)
    inputs: list[tuple[str, ...]] = field(default_factory=list)
    worst_s: dict[str, float] = field(default_factory=dict)
    held_s: float = 0.0


def run(scheduler: Scheduler, cameras: list[str], look_s: float, seconds: float, room: int = 1) -> Run:
    found, last, now_s, free_s = Run(), dict.fromkeys(cameras, 0.0), 0.0, 0.0
    while now_s < seconds:
        if now_s >= free_s:
            taken = scheduler.take(cameras, now_s, room)
            if taken:
                free_s = now_s + look_s
                found.inputs.append(tuple(turn.camera_id for turn in taken))
            for turn in taken:
                found.turns[turn.camera_id] += 1
                found.held_s += turn.held_s
                last[turn.camera_id] = now_s
        else:
            scheduler.hold(cameras, now_s)
        for camera in cameras:
            found.worst_s[camera] = max(found.worst_s.get(camera, 0.0), now_s - last[camera])
        now_s += 0.005
    return found


def scheduler_of(rates_hz: dict[str, float], *, alone: Collection[str] = (), gated: Collection[str] = ()) -> Scheduler:
    scheduler = Scheduler()
    scheduler.configure(rates_hz, 0.0, alone=alone, gated=gated)
    return scheduler


def test_a_fast_detector_keeps_each_cameras_own_rate() -> None:
    turns = run(scheduler_of({"a": 5.0, "b": 2.0}), ["a", "b"], look_s=0.001, seconds=20).turns
    assert turns["a"] == pytest.approx(100, rel=0.05)
    assert turns["b"] == pytest.approx(40, rel=0.05)


@pytest.mark.parametrize("room", [1, 2])
def test_turns_are_equal_when_there_are_too_few(room: int) -> None:
    cameras = [f"c{i}" for i in range(9)]
    found = run(scheduler_of(dict.fromkeys(cameras, 5.0)), cameras, look_s=0.1, seconds=90, room=room)
    assert max(found.turns.values()) - min(found.turns.values()) <= 3
    assert sum(found.turns.values()) == pytest.approx(room * 90 / 0.1, rel=0.1)
    assert found.held_s > 0


def test_urgency_decides_who_gets_more() -> None:
    cameras = ["idle", "motion", "tracks", "alarm"] + [f"c{i}" for i in range(9)]
    scheduler = scheduler_of(dict.fromkeys(cameras, 5.0))
    for camera in cameras[1:4]:
        scheduler.note(camera, Urgency[camera.upper()], 0.0)
    scheduler.note("unknown", Urgency.ALARM, 0.0)
    turns = run(scheduler, cameras, look_s=0.1, seconds=120).turns
    assert turns["alarm"] > 1.2 * turns["tracks"] > 1.2 * turns["motion"] > 1.2 * turns["idle"] > 0


@given(
    st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.floats(0.5, 15.0), min_size=1, max_size=12),
    st.lists(st.sampled_from(list(Urgency)), min_size=12, max_size=12),
    st.floats(0.02, 0.3),
    st.sampled_from([1, 2]),
    st.sets(st.integers(0, 11)),
    st.sets(st.integers(0, 11)),
)
@settings(max_examples=40, deadline=None)
def test_nobody_waits_longer_than_the_bound(
    rates: dict[str, float], urgencies: list[Urgency], look_s: float, room: int, alone: set[int], gated: set[int]
) -> None:
    names = list(rates)
    scheduler = scheduler_of(
        rates,
        alone={name for i, name in enumerate(names) if i in alone},
        gated={name for i, name in enumerate(names) if i in gated},
    )
    for camera, urgency in zip(names, urgencies, strict=False):
        scheduler.note(camera, urgency, 0.0)
    longest_s = max(1 / min(rate, FLOOR_HZ) for rate in rates.values())
    bound_s = longest_s + LINGER_S + 2 * max(Urgency) * (len(rates) + 1) * (look_s + 0.01)
    found = run(scheduler, names, look_s, 2 * bound_s, room)
    assert max(found.worst_s.values()) <= bound_s


def test_two_cameras_share_an_input_and_stay_together() -> None:
    cameras = ["a", "b", "c", "d"]
    found = run(scheduler_of(dict.fromkeys(cameras, 5.0)), cameras, look_s=0.02, seconds=20, room=2)
    assert {len(together) for together in found.inputs} == {2}
    assert all(count == pytest.approx(100, rel=0.05) for count in found.turns.values())
    assert found.held_s == pytest.approx(0.0, abs=0.5)


def test_a_far_view_never_shares_and_the_only_camera_does_not_wait_for_another() -> None:
    scheduler = scheduler_of({"far": 5.0, "near": 5.0, "other": 5.0}, alone={"far"})
    inputs = run(scheduler, ["far", "near", "other"], look_s=0.01, seconds=4, room=2).inputs
    assert ("far",) in inputs
    assert all(together == ("far",) or "far" not in together for together in inputs)
    assert run(scheduler_of({"a": 5.0}), ["a"], look_s=0.01, seconds=4, room=2).turns["a"] == pytest.approx(20, abs=1)


def test_who_waits_for_a_second_that_does_not_come_goes_alone() -> None:
    scheduler = scheduler_of({"a": 5.0, "silent": 5.0})
    assert scheduler.take(["a"], 0.0, 2) == ()
    assert scheduler.take(["a"], LINGER_S / 2, 2) == ()
    assert [turn.camera_id for turn in scheduler.take(["a"], LINGER_S + 0.01, 2)] == ["a"]


def test_a_still_camera_rests_at_the_floor_is_glanced_at_and_wakes_at_once() -> None:
    scheduler = scheduler_of({"a": 5.0}, gated={"a"})
    assert run(scheduler, ["a"], look_s=0.01, seconds=10).turns["a"] == pytest.approx(10, abs=1)
    assert scheduler.asked_hz() == pytest.approx(FLOOR_HZ)
    scheduler.take(["a"], 20.0)
    assert scheduler.glances(20.1) == []
    assert scheduler.glances(20.21) == ["a"]
    scheduler.glanced("a", 20.21)
    assert scheduler.glances(20.4) == []
    assert scheduler.due(20.22) == []
    scheduler.note("a", Urgency.MOTION, 20.45)
    assert scheduler.due(20.45) == ["a"]
    assert scheduler.glances(99.0) == []
    assert scheduler.asked_hz() == pytest.approx(5.0)


def test_a_camera_without_a_picture_waits_without_holding_up_others() -> None:
    scheduler = scheduler_of({"silent": 5.0, "live": 5.0})
    assert run(scheduler, ["live"], look_s=0.01, seconds=4).turns["live"] == pytest.approx(20, abs=1)
    assert scheduler.due(4.0)[0] == "silent"


def test_a_new_configuration_keeps_the_queue() -> None:
    scheduler = scheduler_of({"a": 1.0})
    assert [turn.camera_id for turn in scheduler.take(["a"], 0.0)] == ["a"]
    scheduler.configure({"a": 1.0, "b": 1.0}, 0.5)
    assert scheduler.due(0.6) == ["b"]
    assert scheduler.next_due_s() == 0.5
    scheduler.configure({}, 0.7)
    assert scheduler.next_due_s() is None
