"""Ranges as they are typed, in ordinary nights and in the two nights when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import AppCode, AppError
from app.range_entry import parse_range, range_text

KYIV = ZoneInfo("Europe/Kyiv")
NOW = datetime(2026, 11, 22, 20, 30, tzinfo=KYIV)


def read(text: str, now: datetime = NOW) -> tuple[str, str, bool]:
    found = parse_range(text, KYIV, now.timestamp())
    begin, end = (datetime.fromtimestamp(at, UTC) for at in (found.from_utc_s, found.to_utc_s))
    return f"{begin:%m-%d %H:%M:%S}", f"{end:%m-%d %H:%M:%S}", found.doubtful


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("yesterday 18:00-18:20", "11-21 16:00:00", "11-21 16:20:00"),
        ("Yesterday 18:00 - 18:20", "11-21 16:00:00", "11-21 16:20:00"),
        ("today 18:00:05–18:00:20", "11-22 16:00:05", "11-22 16:00:20"),
        ("18:00-18:20", "11-22 16:00:00", "11-22 16:20:00"),
        ("18:00 to 18:20", "11-22 16:00:00", "11-22 16:20:00"),
        ("20.11. 23:50-00:10", "11-20 21:50:00", "11-20 22:10:00"),
        ("20.11.2026 23:50 - 21.11.2026 00:10", "11-20 21:50:00", "11-20 22:10:00"),
        ("2026-11-20 23:50:00 - 2026-11-21 00:10:00", "11-20 21:50:00", "11-20 22:10:00"),
        ("2026-11-20T23:50 - 2026-11-21T00:10", "11-20 21:50:00", "11-20 22:10:00"),
        ("2026-11-20 23:50Z - 2026-11-20 23:55Z", "11-20 23:50:00", "11-20 23:55:00"),
        ("last 5 min", "11-22 18:25:00", "11-22 18:30:00"),
        ("last 90 s", "11-22 18:28:30", "11-22 18:30:00"),
        ("yesterday 18:00:05", "11-21 16:00:05", "11-21 16:00:05"),
        ("24.12. 10:00-10:05", "12-24 08:00:00", "12-24 08:05:00"),
        ("fri 18:00-18:20", "11-20 16:00:00", "11-20 16:20:00"),
        ("20.11.26, 6pm - 6:20pm", "11-20 16:00:00", "11-20 16:20:00"),
        ("20.11. 1800 - 1820", "11-20 16:00:00", "11-20 16:20:00"),
        ("20.11. 18:00 +01:00 - 18:20 +01:00", "11-20 17:00:00", "11-20 17:20:00"),
        ("25.10.2026 3:30a-3:40b", "10-25 00:30:00", "10-25 01:40:00"),
    ],
)
def test_what_is_understood(text: str, begin: str, end: str) -> None:
    assert read(text) == (begin, end, False)


def test_a_day_without_a_year_is_the_last_one() -> None:
    assert datetime.fromtimestamp(parse_range("24.12. 10:00-10:05", KYIV, NOW.timestamp()).from_utc_s, UTC).year == 2025


def test_the_night_in_which_an_hour_is_repeated_is_read_wide() -> None:
    assert read("25.10.2026 03:30-03:40") == ("10-25 00:30:00", "10-25 01:40:00", True)
    assert read("25.10.2026 03:30 UTC - 03:40 UTC") == ("10-25 03:30:00", "10-25 03:40:00", False)
    assert read("25.10.2026 02:30-04:30") == ("10-24 23:30:00", "10-25 02:30:00", False)


def test_the_night_in_which_an_hour_is_skipped_is_read_wide() -> None:
    assert read("29.03.2026 03:30-03:40") == ("03-29 00:30:00", "03-29 01:40:00", True)
    assert read("29.03.2026 02:30-04:30") == ("03-29 00:30:00", "03-29 01:30:00", False)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "18:00-", "25:00-26:00", "31.02. 10:00-11:00", "18:00-18:20-18:40", "soon 18:00", "last"]
)
def test_what_is_not_understood_is_refused(text: str) -> None:
    with pytest.raises(AppError) as caught:
        parse_range(text, KYIV, NOW.timestamp())
    assert caught.value.code is AppCode.RANGE_UNREADABLE


@pytest.mark.parametrize(
    "text",
    ["today 23:00-23:10", "2026-11-20 10:00 - 2026-11-19 10:00", "2026-01-01 1:00 - 2026-11-01 1:00", "last 9999 h"],
)
def test_a_range_that_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(AppError) as caught:
        parse_range(text, KYIV, NOW.timestamp())
    assert caught.value.code is AppCode.RANGE_EMPTY


@given(st.integers(1_600_000_000, 1_790_000_000), st.integers(0, 90_000))
def test_what_is_printed_can_be_typed_again(begin: int, seconds: int) -> None:
    text = range_text(begin, begin + seconds, KYIV)
    found = parse_range(text, KYIV, NOW.timestamp())
    assert (found.from_utc_s, found.to_utc_s, found.doubtful) == (begin, begin + seconds, False)


@pytest.mark.parametrize("begin", [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 0, 30, tzinfo=UTC)])
def test_it_is_printed_unmistakably_in_the_two_nights(begin: datetime) -> None:
    at = begin.timestamp()
    found = parse_range(range_text(at, at + 5400, KYIV), KYIV, NOW.timestamp())
    assert (found.from_utc_s, found.to_utc_s, found.doubtful) == (at, at + 5400, False)
