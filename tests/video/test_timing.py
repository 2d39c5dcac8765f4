from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video.timing import StreamClock, Timeline

WALL = 1_800_000_000.0


def test_jumps_and_missing_times_go_on_smoothly() -> None:
    timeline = Timeline(step_s=0.1)
    given_s = [None, 0.0, 0.1, 0.2, 5000.0, 5000.1, 3.0, 3.1, None, 3.3]
    got = [timeline.continued(value) for value in given_s]
    steps = [b - a for a, b in itertools.pairwise(got)]
    assert all(0 < step < 0.21 for step in steps), got


def test_reordered_frames_keep_their_places() -> None:
    timeline = Timeline(step_s=0.1)
    assert [timeline.continued(value) for value in (0.0, 0.3, 0.1, 0.2, 0.6)] == [0.0, 0.3, 0.1, 0.2, 0.6]


def test_repeated_times_still_grow() -> None:
    timeline = Timeline(step_s=0.1)
    got = [timeline.continued(1.0) for _ in range(5)]
    assert got == sorted(set(got))


@given(st.lists(st.floats(0, 0.5), min_size=5, max_size=60))
def test_arrival_with_any_delay_never_runs_backwards_nor_ahead(delays: list[float]) -> None:
    clock = StreamClock(step_s=0.04)
    previous_s, arrival_s = 0.0, 0.0
    for number, delay in enumerate(delays):
        arrival_s = max(arrival_s, 100 + number * 0.04 + delay)
        stamp = clock.stamp(number * 0.04, arrival_s, WALL + arrival_s, None)
        assert previous_s <= stamp.due_s <= arrival_s + 1e-9
        assert stamp.utc_s - stamp.due_s == pytest.approx(WALL, abs=1e-3)
        previous_s = stamp.due_s


def test_jitter_is_taken_out_of_arrival_times() -> None:
    clock = StreamClock(step_s=0.04)
    stamps = [clock.stamp(n * 0.04, 100 + n * 0.04 + (n * 7 % 5) * 0.01, WALL, None) for n in range(100)]
    steps = [b.due_s - a.due_s for a, b in itertools.pairwise(stamps)]
    assert max(abs(step - 0.04) for step in steps) < 0.001


def test_a_burst_at_the_start_ends_at_the_undelayed_time() -> None:
    clock = StreamClock(step_s=0.04)
    stamps = [clock.stamp(n * 0.04, max(100.5, 100 + n * 0.04), WALL, None) for n in range(20)]
    assert stamps[-1].due_s == pytest.approx(100 + 19 * 0.04)


def test_a_first_packet_without_time_puts_nothing_into_the_future() -> None:
    clock = StreamClock(step_s=0.04)
    clock.stamp(None, 100.7, WALL + 0.7, WALL)
    for n in range(50):
        arrival_s = max(100.7, 100 + n * 0.04)
        stamp = clock.stamp(n * 0.04, arrival_s, WALL + arrival_s - 100, WALL)
        assert stamp.due_s <= arrival_s + 1e-6
    assert stamp.due_s == pytest.approx(arrival_s, abs=1e-6)


def test_carried_time_is_trusted_near_the_hosts_only() -> None:
    near, far = StreamClock(), StreamClock()
    stamp = near.stamp(5.0, 100.0, WALL, WALL - 5.5)
    assert near.carried
    assert stamp.utc_s == pytest.approx(WALL - 0.5)
    assert stamp.due_s == pytest.approx(99.5)
    stamp = far.stamp(5.0, 100.0, WALL, WALL - 65.0)
    assert not far.carried
    assert far.offset_s == pytest.approx(-60.0)
    assert stamp.utc_s == pytest.approx(WALL)


def test_a_late_sender_report_is_slewed_in() -> None:
    clock = StreamClock(step_s=0.04)
    last_s = 0.0
    for n in range(400):
        start = WALL - 0.8 if n >= 100 else None
        stamp = clock.stamp(n * 0.04, 100 + n * 0.04, WALL + n * 0.04, start)
        step_s = stamp.utc_s - last_s
        assert n == 0 or 0.035 < step_s < 0.045
        last_s = stamp.utc_s
    assert last_s == pytest.approx(WALL + 399 * 0.04 - 0.8, abs=0.01)
