"""Several processes behind one service: who looks at what, what one status says, and one that dies alone."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.messages import AnalyticsCamera, CameraLooks, Pace
from detection.models import BUILT_IN
from detection.scheduler import Urgency
from detection.team import DetectionTeam, devices_of, merged, shared_out
from detection.worker import DetectionState, DetectionStatus, Pauses
from tests.conftest import wait_until
from video.shared_slots import SharedSlots

CAMERAS = [AnalyticsCamera(f"c{n}", n) for n in range(4)]
STAND_IN = (
    "import sys; from detection.messages import *\n"
    "write_message(sys.stdout.buffer, Ready('stand-in'))\n"
    "while read_message(sys.stdin.buffer): write_message(sys.stdout.buffer, Beat())\n"
)


class Site:
    def __init__(self, folder: Path) -> None:
        self.slots = SharedSlots.create(4, folder)
        self.statuses: list[DetectionStatus] = []
        self.team = DetectionTeam(
            self.slots,
            BUILT_IN,
            on_tracks=lambda _tracks: None,
            on_event=lambda _event: None,
            on_status=self.statuses.append,
            devices=("CPU", "CPU"),
            pauses=Pauses(restart_s=(0.5,), silence_s=20.0, start_s=30.0),
            command=(sys.executable, "-c", STAND_IN),
        )
        self.team.configure(CAMERAS)
        for worker in self.team.workers:
            worker.start()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.team.stop()
    assert made.team.join(30.0)
    made.slots.close()
    del made.slots, made.team


def test_one_process_dies_and_only_its_cameras_are_paused(site: Site) -> None:
    wait_until(lambda: not site.team.status.waiting and len(site.team.status.pids) == 2)
    first, second = site.team.status.pids
    os.kill(second, signal.SIGKILL)
    wait_until(lambda: any(DetectionState.PAUSED in s.waiting.values() for s in site.statuses))
    paused = next(s for s in site.statuses if DetectionState.PAUSED in s.waiting.values())
    assert (set(paused.waiting), paused.state, paused.pids) == ({"c1", "c3"}, DetectionState.RUNNING, (first,))
    wait_until(lambda: not site.team.status.waiting)
    assert site.team.status.restarts == 1
    assert site.team.status.pids[0] == first
    assert site.team.status.pids[1] != second


def test_after_the_stop_nothing_runs(site: Site) -> None:
    wait_until(lambda: len(site.team.status.pids) == 2)
    site.team.stop()
    assert site.team.join(30.0)
    assert (site.team.status.state, site.team.status.pids) == (DetectionState.STOPPED, ())


@given(
    st.lists(st.integers(0, 30), unique=True, max_size=20), st.lists(st.integers(0, 30), unique=True), st.integers(1, 4)
)
@settings(max_examples=60, deadline=None)
def test_known_cameras_stay_and_the_work_is_shared(before: list[int], after: list[int], count: int) -> None:
    first = shared_out([AnalyticsCamera(f"c{n}", n) for n in before], {}, count)
    second = shared_out([AnalyticsCamera(f"c{n}", n) for n in after], first, count)
    assert set(second) == {f"c{n}" for n in after}
    assert all(second[name] == first[name] for name in first.keys() & second.keys())
    for places in (first, second) if not before else (first,):
        sizes = [list(places.values()).count(place) for place in range(count)]
        assert max(sizes) - min(sizes) <= 1


def test_a_far_view_counts_twice() -> None:
    cameras = [AnalyticsCamera("far", 0, far_view=True), *(AnalyticsCamera(f"c{n}", n) for n in range(1, 5))]
    places = shared_out(cameras, {}, 2)
    assert list(places.values()).count(places["far"]) == 2


def test_devices() -> None:
    assert devices_of("GPU", 2) == ("GPU.0", "GPU.1")
    assert devices_of("GPU", 1) == ("GPU",)
    assert devices_of("CPU", 3) == ("CPU",) * 3


def test_one_status_of_several() -> None:
    looks = CameraLooks(5.0, 80.0, Urgency.IDLE)
    one = DetectionStatus(DetectionState.PAUSED, "a", 0.0, {"x": 3}, 2, waiting={"x": DetectionState.PAUSED})
    two = DetectionStatus(DetectionState.RUNNING, "b", 5.0, {"y": 4}, 1, 77, pace=Pace(9.0, 5.0, True, {"y": looks}))
    both = merged([one, two])
    assert (both.state, both.detector, both.looks, both.restarts) == (
        DetectionState.RUNNING,
        "a, b",
        {"x": 3, "y": 4},
        3,
    )
    assert (both.pid, both.pids, both.waiting) == (77, (77,), {"x": DetectionState.PAUSED})
    assert both.pace == Pace(9.0, 5.0, True, {"y": looks})
    assert merged([one]) is one
