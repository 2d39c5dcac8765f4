"""The playback's clock: pure arithmetic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from video.play_clock import LIVE_S, PlayClock

EDGE = 1_000_000.0
TIMES = st.floats(0, EDGE, allow_nan=False)
MOMENTS = st.floats(0, 1e5, allow_nan=False)
SPEEDS = st.sampled_from([sign * speed for sign in (1, -1) for speed in (0.125, 0.5, 1.0, 4.0, 16.0)])


@given(TIMES, MOMENTS, SPEEDS, st.floats(0, 3600))
def test_it_goes_at_its_speed_and_never_past_the_present(utc_s: float, now_s: float, speed: float, gone: float) -> None:
    clock = PlayClock(now_s, utc_s).played(speed, now_s, EDGE)
    assert clock.at(now_s + gone, EDGE) == pytest.approx(min(utc_s + gone * speed, EDGE), abs=1e-3)
    assert clock.at(now_s + gone, EDGE) <= EDGE


@given(TIMES, MOMENTS, SPEEDS, SPEEDS, st.floats(0, 3600), st.floats(0, 3600))
def test_orders_do_not_move_it(utc_s: float, now_s: float, first: float, then: float, gone: float, rest: float) -> None:
    playing = PlayClock(now_s, utc_s).played(first, now_s, EDGE)
    here = playing.at(now_s + gone, EDGE)
    assert playing.played(then, now_s + gone, EDGE).at(now_s + gone, EDGE) == here
    standing = playing.paused(now_s + gone, EDGE)
    assert standing.at(now_s + gone + rest, EDGE) == here
    assert standing.jump == playing.jump


@given(TIMES, TIMES, MOMENTS, SPEEDS)
def test_a_seek_goes_there_and_is_a_new_jump(utc_s: float, target: float, now_s: float, speed: float) -> None:
    for clock in (PlayClock(now_s, utc_s), PlayClock(now_s, utc_s).played(speed, now_s, EDGE)):
        found = clock.sought(target, now_s, EDGE)
        assert found.at(now_s, EDGE) == target
        assert (found.jump, found.playing, found.speed) == (clock.jump + 1, clock.playing, clock.speed)


def test_it_catches_up_with_the_present_and_stays_with_it() -> None:
    clock = PlayClock(0.0, 90.0).played(4.0, 0.0, 100.0)
    assert not clock.at_edge(1.0, 101.0)
    assert clock.at(4.0, 104.0) == 104.0
    assert clock.at_edge(4.0, 104.0)
    assert clock.at(9.0, 109.0) == 109.0
    standing = clock.paused(9.0, 109.0)
    assert standing.at(9.0 + LIVE_S * 3, 109.0 + LIVE_S * 3) == 109.0
    assert not standing.at_edge(9.0 + LIVE_S * 3, 109.0 + LIVE_S * 3)


def test_the_future_is_the_present() -> None:
    assert PlayClock(0.0, 50.0).sought(500.0, 0.0, 100.0).anchor_utc_s == 100.0


def test_what_plays_keeps_its_side_and_what_stands_takes_it_from_the_step() -> None:
    standing = PlayClock(0.0, 50.0).sought(49.0, 0.0, 100.0, backward=True)
    assert standing.backward
    back = standing.played(-1.0, 0.0, 100.0).sought(40.0, 0.0, 100.0, backward=False)
    assert back.backward
