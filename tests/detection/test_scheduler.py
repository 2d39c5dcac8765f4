from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.scheduler import Scheduler, Urgency


def served(scheduler: Scheduler, cameras: list[str], look_s: float, seconds: float) -> Counter[str]:
    """Turns given by a detector that needs `look_s` per look and always finds a new picture."""
    turns: Counter[str] = Counter()
    now_s = 0.0
    while now_s < seconds:
        camera = scheduler.take(cameras, now_s)
        if camera is not None:
            turns[camera] += 1
        now_s += look_s if camera is not None else 0.005
    return turns


def test_a_fast_detector_keeps_each_cameras_own_rate() -> None:
    scheduler = Scheduler()
    scheduler.configure({"a": 5.0, "b": 2.0}, 0.0)
    turns = served(scheduler, ["a", "b"], look_s=0.001, seconds=20)
    assert turns["a"] == pytest.approx(100, rel=0.05)
    assert turns["b"] == pytest.approx(40, rel=0.05)


def test_turns_are_equal_when_there_are_too_few() -> None:
    scheduler = Scheduler()
    cameras = [f"c{i}" for i in range(9)]
    scheduler.configure(dict.fromkeys(cameras, 5.0), 0.0)
    turns = served(scheduler, cameras, look_s=0.1, seconds=90)
    assert max(turns.values()) - min(turns.values()) <= 2


def test_urgency_decides_who_gets_more() -> None:
    scheduler = Scheduler()
    cameras = ["idle", "tracks", "alarm"] + [f"c{i}" for i in range(9)]
    scheduler.configure(dict.fromkeys(cameras, 5.0), 0.0)
    scheduler.note("tracks", Urgency.TRACKS)
    scheduler.note("alarm", Urgency.ALARM)
    scheduler.note("unknown", Urgency.ALARM)
    turns = served(scheduler, cameras, look_s=0.1, seconds=60)
    assert turns["alarm"] > 1.3 * turns["tracks"] > 1.3 * turns["idle"] > 0


@given(
    st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.floats(0.5, 15.0), min_size=1, max_size=12),
    st.lists(st.sampled_from(list(Urgency)), min_size=12, max_size=12),
    st.floats(0.02, 0.3),
)
@settings(max_examples=40, deadline=None)
def test_nobody_starves(rates: dict[str, float], urgencies: list[Urgency], look_s: float) -> None:
    scheduler = Scheduler()
    scheduler.configure(rates, 0.0)
    for camera, urgency in zip(rates, urgencies, strict=False):
        scheduler.note(camera, urgency)
    patience_s = 5 * (max(1 / rate for rate in rates.values()) + len(rates) * look_s * max(Urgency))
    assert set(served(scheduler, list(rates), look_s, patience_s)) == set(rates)


def test_a_camera_without_a_picture_waits_without_holding_up_others() -> None:
    scheduler = Scheduler()
    scheduler.configure({"silent": 5.0, "live": 5.0}, 0.0)
    assert served(scheduler, ["live"], look_s=0.01, seconds=4)["live"] == pytest.approx(20, abs=1)
    assert scheduler.due(4.0)[0] == "silent"


def test_a_new_configuration_keeps_the_queue() -> None:
    scheduler = Scheduler()
    scheduler.configure({"a": 1.0}, 0.0)
    assert scheduler.take(["a"], 0.0) == "a"
    scheduler.configure({"a": 1.0, "b": 1.0}, 0.5)
    assert scheduler.due(0.6) == ["b"]
    assert scheduler.next_due_s() == 0.5
    scheduler.configure({}, 0.7)
    assert scheduler.next_due_s() is None
