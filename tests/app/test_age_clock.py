from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.age_clock import DAY_S, LEAP_S, OFF_S, TRUST_S, AgeClock, newest_known

START_UTC_S = 1_790_000_000.0


class Machine:
    """Its clock, and what has really passed."""

    def __init__(self) -> None:
        self.utc_s, self.passed_s = START_UTC_S, 0.0

    def age_clock(self, newest_utc_s: float | None = None) -> AgeClock:
        return AgeClock(newest_utc_s, clock=lambda: self.utc_s, monotonic=lambda: self.passed_s)

    def wait(self, seconds: float) -> None:
        self.utc_s += seconds
        self.passed_s += seconds


def test_it_follows_the_clock_and_small_steps_of_it() -> None:
    machine = Machine()
    ages = machine.age_clock()
    machine.wait(3600.0)
    assert ages() == machine.utc_s
    machine.utc_s += LEAP_S / 2
    assert ages() == machine.utc_s
    machine.utc_s -= 7200.0
    assert ages() == machine.utc_s
    assert not ages.doubted


def test_a_leap_is_not_believed_before_it_has_stood_for_a_day() -> None:
    machine = Machine()
    ages = machine.age_clock()
    machine.utc_s += 365 * DAY_S
    assert ages() == START_UTC_S
    assert ages.doubted
    machine.wait(TRUST_S / 2)
    assert ages() == START_UTC_S + TRUST_S / 2
    machine.wait(TRUST_S / 2)
    assert ages() == machine.utc_s
    assert not ages.doubted


def test_a_leap_that_is_taken_back_was_none() -> None:
    machine = Machine()
    ages = machine.age_clock()
    machine.utc_s += 365 * DAY_S
    assert ages.doubted
    machine.utc_s -= 365 * DAY_S
    machine.wait(60.0)
    assert ages() == machine.utc_s
    assert not ages.doubted


@pytest.mark.parametrize(("off_s", "believed"), [(OFF_S - 1, True), (OFF_S + 1, False)])
def test_at_the_start_the_newest_recording_is_what_is_known(off_s: float, *, believed: bool) -> None:
    machine = Machine()
    ages = machine.age_clock(START_UTC_S - off_s)
    assert (ages() == machine.utc_s) is believed
    assert ages.doubted is not believed


@given(st.lists(st.tuples(st.floats(0, DAY_S), st.floats(-400 * DAY_S, 400 * DAY_S)), max_size=20))
def test_never_later_than_the_clock_and_never_a_leap_within_a_day(steps: list[tuple[float, float]]) -> None:
    machine = Machine()
    ages = machine.age_clock()
    for wait_s, step_s in steps:
        before_s = ages()
        machine.wait(wait_s)
        machine.utc_s += step_s
        told_s = ages()
        assert told_s <= max(machine.utc_s, before_s + wait_s)
        assert ages() == told_s


def newest_of(*times_utc_s: float) -> float | None:
    return newest_known(lambda before_s: max((at for at in times_utc_s if at < before_s), default=None))


def test_what_was_recorded_by_a_clock_that_had_leapt_is_not_relied_on_at_the_next_start() -> None:
    leapt_s = START_UTC_S + 400 * DAY_S
    assert newest_of(START_UTC_S, leapt_s, leapt_s + 3600.0) == START_UTC_S
    assert newest_of(START_UTC_S, leapt_s, leapt_s + TRUST_S + 1) == leapt_s + TRUST_S + 1  # it has stood for a day
    assert newest_of(START_UTC_S, START_UTC_S + OFF_S) == START_UTC_S + OFF_S
    assert newest_of(START_UTC_S) == START_UTC_S
    assert newest_of() is None
