from __future__ import annotations

import pytest

from detection.gate_worth import GateWorth
from detection.messages import Pace
from detection.pace import PaceMeter
from detection.scheduler import Scheduler, Urgency
from tests.detection.test_scheduler import run, scheduler_of


def paced(scheduler: Scheduler, look_s: float, seconds: float, meter: PaceMeter, from_s: float = 0.0) -> Pace:
    """The last report of a detector that needs `look_s` per look."""
    cameras, now_s, free_s, last = [f"c{i}" for i in range(4)], from_s, from_s, Pace(0, 0, False, {})
    while now_s < from_s + seconds:
        if now_s >= free_s:
            for turn in scheduler.take(cameras, now_s):
                free_s = now_s + look_s
                meter.took(turn, now_s)
                meter.looked(turn.camera_id, 0.1, now_s)
        else:
            scheduler.hold(cameras, now_s)
        last = meter.report(now_s, scheduler.asked_hz(), scheduler.urgency) or last
        now_s += 0.005
    return last


def test_what_is_held_and_asked_for_is_told_and_overload_comes_and_goes() -> None:
    scheduler = scheduler_of(dict.fromkeys([f"c{i}" for i in range(4)], 5.0))
    scheduler.note("c1", Urgency.TRACKS, 0.0)
    meter = PaceMeter(0.0)
    quiet = paced(scheduler, 0.01, 12.0, meter)
    assert (quiet.overloaded, quiet.asked_per_s) == (False, 20.0)
    assert quiet.looks_per_s == pytest.approx(20.0, rel=0.05)
    assert quiet.cameras["c1"].reason is Urgency.TRACKS
    assert quiet.cameras["c0"].looks_per_s == pytest.approx(5.0, rel=0.1)
    assert quiet.cameras["c0"].latency_ms == pytest.approx(100.0)
    busy = paced(scheduler, 0.08, 12.0, meter, 12.0)
    assert busy.overloaded
    assert busy.looks_per_s == pytest.approx(12.0, rel=0.1)
    assert not paced(scheduler, 0.01, 12.0, meter, 24.0).overloaded


def test_a_camera_that_is_looked_at_no_more_is_not_told() -> None:
    meter, idle = PaceMeter(0.0), lambda _camera_id: Urgency.IDLE
    meter.looked("gone", 0.1, 0.5)
    meter.looked("removed", 0.1, 0.5)
    meter.forget(frozenset({"gone"}))
    first = meter.report(1.0, 1.0, idle)
    assert first is not None
    assert set(first.cameras) == {"gone"}
    assert meter.report(1.5, 1.0, idle) is None
    last = meter.report(9.0, 1.0, idle)
    assert last is not None
    assert last.cameras == {}


def test_a_slow_camera_is_no_overload() -> None:
    """It gives one picture a second where five are asked for: the detector is not what is missing."""
    scheduler, meter = scheduler_of({"a": 5.0}), PaceMeter(0.0)
    for second in range(20):
        for turn in scheduler.take(["a"], float(second)):
            meter.took(turn, float(second))
        report = meter.report(float(second), 5.0, scheduler.urgency)
        assert report is None or not report.overloaded


@pytest.mark.parametrize(("look_s", "overloaded"), [(0.5, True), (0.15, False)])
def test_a_look_that_takes_longer_than_its_cameras_turn_is_overload(look_s: float, overloaded: bool) -> None:
    """With few cameras no picture ever waits for the detector: all of them are always in it."""
    scheduler, meter = scheduler_of({"a": 5.0}), PaceMeter(0.0)
    said, now_s, answer_s = False, 0.0, 0.0
    for step in range(200):
        now_s = step * 0.05
        if now_s >= answer_s > 0.0:
            scheduler.answered("a", now_s)
            answer_s = 0.0
        for turn in scheduler.take(["a"], now_s) if answer_s == 0.0 else ():
            meter.took(turn, now_s)
            answer_s = now_s + look_s
        report = meter.report(now_s, 5.0, scheduler.urgency)
        said = said or (report is not None and report.overloaded)
    assert said is overloaded


def test_the_gate_rests_where_a_look_is_cheap_but_not_in_overload() -> None:
    worth = GateWorth(0.0)
    worth.looks = 20
    assert not worth.judge(1.0, 0.5, overloaded=False)  # 25 ms a look
    worth.looks = 20
    assert worth.judge(2.0, 0.51, overloaded=False)  # half a millisecond
    assert not worth.pays
    assert not worth.judge(3.0, 9.0, overloaded=False)  # too few looks to tell
    assert worth.judge(4.0, 9.0, overloaded=True)
    assert worth.pays
    worth.looks = 20
    assert not worth.judge(5.0, 9.01, overloaded=False)
    worth.looks = 20
    assert worth.judge(70.0, 9.02, overloaded=False)
    assert not worth.pays


def test_held_turns_are_counted_only_while_the_detector_is_busy() -> None:
    assert run(scheduler_of({"a": 5.0, "b": 5.0}), ["a", "b"], 0.01, 5.0).held_s < 0.1
