"""Schedules: what is read, what is refused, and the two nights on which the clocks are set."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.errors import StorageCode, StorageError
from storage.recording_schedule import DAYS, Schedule

KYIV = ZoneInfo("Europe/Kyiv")


def covered_min(schedule: Schedule, begin: datetime, end: datetime, zone: ZoneInfo = KYIV) -> int:
    """Real minutes of this time that are covered."""
    minutes = round((end - begin) / timedelta(minutes=1))
    return sum(schedule.covers(begin.timestamp() + 60 * n, zone) for n in range(minutes))


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("Mon-Fri 08:00-18:00; Sat 10:00-14:00", ["Mon 08:00", "Fri 17:59", "Sat 10:00"], ["Mon 18:00", "Sun 12:00"]),
        ("08:00-12:00, 13:00-17:00", ["Sun 08:00", "Wed 16:59"], ["Sun 12:30"]),
        ("mon, wed-thu 6:00-7:00", ["Wed 06:30", "Thu 06:00"], ["Tue 06:30"]),
        ("Fri 22:00-06:00", ["Fri 23:00", "Sat 05:59"], ["Fri 05:00", "Sat 06:00"]),
        ("Sun 22:00-06:00", ["Sun 23:59", "Mon 00:00", "Mon 05:59"], ["Mon 06:00", "Sun 05:00"]),
        ("Sat-Mon 00:00-24:00", ["Sat 00:00", "Sun 12:00", "Mon 23:59"], ["Tue 00:00", "Fri 23:59"]),
    ],
)
def test_what_is_written_is_planned(text: str, inside: list[str], outside: list[str]) -> None:
    schedule = Schedule.parse(text)

    def at(moment: str) -> float:
        day, _, clock = moment.partition(" ")
        hour, minute = map(int, clock.split(":"))
        return datetime(2026, 6, 1 + DAYS.index(day.lower()), hour, minute, tzinfo=KYIV).timestamp()

    assert [schedule.covers(at(moment), KYIV) for moment in inside] == [True] * len(inside)
    assert [schedule.covers(at(moment), KYIV) for moment in outside] == [False] * len(outside)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ";",
        "Mon",
        "Mon 08:00",
        "Mon 8-18",
        "Mon 08:00-08:00",
        "Mon 25:00-26:00",
        "Mon 08:60-09:00",
        "Mon 08:00-24:01",
        "24:00-08:00",
        "Montag 08:00-18:00",
        "Mon- 08:00-18:00",
        "Mon 08:00-18:00;",
        "Mon ٠٨:00-18:00",
    ],
)
def test_what_cannot_be_read_is_refused_and_named(text: str) -> None:
    with pytest.raises(StorageError) as caught:
        Schedule.parse(text)
    assert caught.value.code is StorageCode.BAD_SCHEDULE
    assert str(caught.value.details["value"]).lower() in text.lower()


@given(st.text(alphabet="MonTueSa 0123456789:;,-24", max_size=30) | st.text(max_size=20))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(StorageError):
        assert 0 < Schedule.parse(text).minutes < 1 << (7 * 24 * 60)


@pytest.mark.parametrize(
    ("begin", "hours"),
    [
        (datetime(2026, 3, 28, 12, tzinfo=UTC), 7),  # 29 March, 03:00 becomes 04:00
        (datetime(2026, 10, 24, 12, tzinfo=UTC), 9),  # 25 October, 04:00 becomes 03:00
        (datetime(2026, 6, 6, 12, tzinfo=UTC), 8),
    ],
)
def test_a_night_lasts_as_long_as_it_does(begin: datetime, hours: int) -> None:
    schedule = Schedule.parse("22:00-06:00")
    assert covered_min(schedule, begin, begin + timedelta(hours=24)) == hours * 60


def test_the_hour_that_comes_twice_is_planned_twice_and_the_missing_one_never() -> None:
    twice = Schedule.parse("Sun 03:00-04:00")
    assert covered_min(twice, datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 25, 12, tzinfo=UTC)) == 120
    assert covered_min(twice, datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 29, 12, tzinfo=UTC)) == 0


MINUTES = st.integers(0, 24 * 60 - 1)
RANGES = st.tuples(st.integers(0, 6), st.integers(0, 6), MINUTES, MINUTES).filter(lambda r: r[2] != r[3])


@given(
    st.lists(RANGES, min_size=1, max_size=4),
    st.integers(0, 370 * 24 * 60),
    st.sampled_from(["Europe/Kyiv", "America/Sao_Paulo", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]),
)
def test_it_is_what_a_clock_on_the_wall_would_say(
    ranges: list[tuple[int, int, int, int]], minute: int, name: str
) -> None:
    zone = ZoneInfo(name)
    text = "; ".join(
        f"{DAYS[first]}-{DAYS[last]} {begin // 60}:{begin % 60:02}-{end // 60}:{end % 60:02}"
        for first, last, begin, end in ranges
    )
    utc_s = datetime(2026, 1, 1, tzinfo=UTC).timestamp() + 60 * minute
    wall = datetime.fromtimestamp(utc_s, zone)
    now = wall.hour * 60 + wall.minute

    def planned(first: int, last: int, begin: int, end: int) -> bool:
        days = {(first + n) % 7 for n in range((last - first) % 7 + 1)}
        today, yesterday = wall.weekday() in days, (wall.weekday() - 1) % 7 in days
        if begin < end:
            return today and begin <= now < end
        return (today and now >= begin) or (yesterday and now < end)

    assert Schedule.parse(text).covers(utc_s, zone) is any(planned(*one) for one in ranges)
