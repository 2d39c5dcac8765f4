"""Typed times: days, clocks, what is meant by half of it, and the two nights of the year."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.time_entry import TimeEntry, TimeFlaw, read_time
from app.typed_time import moments_of

ZONE = ZoneInfo("Europe/Kyiv")
UTC = ZoneInfo("UTC")


def at(text: str, zone: ZoneInfo = ZONE, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).timestamp()


NOW = at("2026-11-22 12:30:00")  # a Sunday
SHOWN = at("2026-11-22 12:29:00.250000")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("11:00", "2026-11-22 11:00:00"),
        ("1100", "2026-11-22 11:00:00"),
        ("110059", "2026-11-22 11:00:59"),
        ("9", "2026-11-22 09:00:00"),
        (" 11:00:02.5 ", "2026-11-22 11:00:02.500000"),
        ("18:00", "2026-11-21 18:00:00"),
        ("6pm", "2026-11-21 18:00:00"),
        ("12:15am", "2026-11-22 00:15:00"),
        ("yesterday 18:00", "2026-11-21 18:00:00"),
        ("Today 11:00", "2026-11-22 11:00:00"),
        ("fri 18:00", "2026-11-20 18:00:00"),
        ("sunday 11:00", "2026-11-15 11:00:00"),
        ("2026-11-21 18:00", "2026-11-21 18:00:00"),
        ("2026-11-21T18:00", "2026-11-21 18:00:00"),
        ("21.11.2026 18:00", "2026-11-21 18:00:00"),
        ("3.12. 18:00", "2025-12-03 18:00:00"),
        ("29.2. 18:00", "2024-02-29 18:00:00"),
        ("yesterday", "2026-11-21 12:29:00.250000"),
        ("2026-11-21 18:00 +01:00", "2026-11-21 19:00:00"),
        ("2026-11-21 18:00 Z", "2026-11-21 20:00:00"),
        ("-10m", "2026-11-22 12:19:00.250000"),
        ("-90", "2026-11-22 12:27:30.250000"),
        ("- 2h", None),
        ("-2h", "2026-11-22 10:29:00.250000"),
        ("+20s", "2026-11-22 12:29:20.250000"),
        ("-1d", "2026-11-21 12:29:00.250000"),
        ("now", "2026-11-22 12:30:00"),
    ],
)
def test_what_is_typed_means(typed: str, meant: str | None) -> None:
    expected = TimeEntry((at(meant),)) if meant else TimeEntry(flaw=TimeFlaw.UNREADABLE)
    assert read_time(typed, ZONE, SHOWN, NOW) == expected


def test_a_time_without_a_day_is_of_the_day_that_is_shown() -> None:
    assert read_time("18:00", ZONE, at("2026-11-03 09:00:00"), NOW).moments == (at("2026-11-03 18:00:00"),)


@pytest.mark.parametrize(
    "typed", ["", "25:00", "18:61", "31.6. 10:00", "yesterday yesterday", "2026-13-01", "13pm", "x" * 61, "18:00 noon"]
)
def test_what_is_no_time_is_said_to_be_none(typed: str) -> None:
    assert read_time(typed, ZONE, SHOWN, NOW) == TimeEntry(flaw=TimeFlaw.UNREADABLE)


@pytest.mark.parametrize("typed", ["today 18:00", "2026-11-23 10:00", "+1d", "+2h"])
def test_what_is_still_to_come_cannot_be_played(typed: str) -> None:
    assert read_time(typed, ZONE, SHOWN, NOW) == TimeEntry(flaw=TimeFlaw.FUTURE)


def test_the_hour_that_came_twice_has_two_moments() -> None:
    first, second = at("2026-10-25 03:30:00"), at("2026-10-25 03:30:00", fold=1)
    assert second - first == 3600
    assert read_time("2026-10-25 03:30", ZONE, SHOWN, NOW).moments == (first, second)
    assert read_time("2026-10-25 03:30a", ZONE, SHOWN, NOW).moments == (first,)
    assert read_time("2026-10-25 0330b", ZONE, SHOWN, NOW).moments == (second,)
    assert read_time("2026-10-25 03:30 +02:00", ZONE, SHOWN, NOW).moments == (second,)


def test_only_what_has_passed_of_it_may_be_meant() -> None:
    between = at("2026-10-25 03:40:00")
    assert read_time("03:30", ZONE, between, between).moments == (at("2026-10-25 03:30:00"),)


def test_the_hour_that_was_left_out_is_said_to_be() -> None:
    assert read_time("2026-03-29 03:30", ZONE, SHOWN, NOW) == TimeEntry(flaw=TimeFlaw.SKIPPED)
    shown = at("2026-03-30 03:30:00")
    assert read_time("-1d", ZONE, shown, NOW) == TimeEntry(flaw=TimeFlaw.SKIPPED)


def test_a_letter_behind_a_plain_hour_does_no_harm() -> None:
    assert read_time("11:00b", ZONE, SHOWN, NOW).moments == (at("2026-11-22 11:00:00"),)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2026, 11, 21)).map(lambda d: d.replace(microsecond=0)))
def test_every_local_time_is_found_again(local: datetime) -> None:
    read = read_time(f"{local:%Y-%m-%d %H:%M:%S}", ZONE, SHOWN, NOW)
    assert read.moments == moments_of(local, ZONE)
    for moment in read.moments:
        assert datetime.fromtimestamp(moment, ZONE).replace(tzinfo=None) == local


@given(st.text(max_size=70))
def test_no_text_is_too_strange(text: str) -> None:
    read = read_time(text, UTC, SHOWN, NOW)
    assert bool(read.moments) != bool(read.flaw)
    assert all(moment <= NOW for moment in read.moments)
