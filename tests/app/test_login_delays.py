from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.login_delays import FREE_BY_NAME, MOST_S, _left_s

TIMES = st.lists(st.floats(0, 1000), max_size=60)


@given(TIMES, st.floats(0, 2000))
def test_the_wait_is_bounded_whatever_the_clock_does(failures_utc_s: list[float], now_utc_s: float) -> None:
    wait_s = _left_s(failures_utc_s, FREE_BY_NAME, now_utc_s)
    assert 0 <= wait_s <= MOST_S
    if len(failures_utc_s) < FREE_BY_NAME or now_utc_s >= max(failures_utc_s) + MOST_S:
        assert wait_s == 0


@given(st.integers(0, 40))
def test_one_more_failure_never_makes_it_shorter(count: int) -> None:
    assert _left_s([5.0] * (count + 1), FREE_BY_NAME, 5.0) >= _left_s([5.0] * count, FREE_BY_NAME, 5.0)


def test_the_delay_doubles() -> None:
    assert [_left_s([5.0] * n, FREE_BY_NAME, 5.0) for n in range(12)] == [0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
