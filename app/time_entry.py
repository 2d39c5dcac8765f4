"""A time as an operator types it, read in the site's zone: `18:00`, `yesterday 18:00`, `2026-11-21 18:00`, `-10m`.

Pure; no clock, no thread. The two nights of a year in which the clocks are set are told, never guessed: an hour that
came twice has two moments (`a` or `b` after the time says which, as German law writes it), one that was left out none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.i18n import marked
from app.typed_time import TypedClock, clock_of, day_of, moments_at, moments_of, named, plain_words

_NOW = marked("now")
_LONGEST = 60
_UNITS_S = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}
_RELATIVE = re.compile(r"([+-])(\d{1,6})\s*(|s|m|min|h|d)")


class TimeFlaw(StrEnum):
    """Why a text means no moment."""

    UNREADABLE = "unreadable"
    SKIPPED = "skipped"
    FUTURE = "future"


@dataclass(frozen=True, slots=True)
class TimeEntry:
    """The moments (UTC seconds, earlier first) that a text may mean: one, or two in an hour that came twice."""

    moments: tuple[float, ...] = ()
    flaw: TimeFlaw | None = None


def read_time(text: str, zone: ZoneInfo, shown_utc_s: float, now_utc_s: float) -> TimeEntry:
    """What `text` means to somebody who looks at `shown_utc_s`. A time without a day is of the day that is shown, or,
    where that is still to come, of the day before; a day without a time is at the time of day that is shown; `-10m`
    counts from what is shown."""
    words = plain_words(text)
    if not words or len(words) > _LONGEST:
        return TimeEntry(flaw=TimeFlaw.UNREADABLE)
    shown = datetime.fromtimestamp(shown_utc_s, zone)
    if named(words, _NOW):
        return TimeEntry((now_utc_s,))
    relative = _RELATIVE.fullmatch(words)
    if relative is not None:
        return _in_the_past(_moved(relative, shown, zone), now_utc_s)
    try:
        return _absolute(words.split(" "), zone, shown, now_utc_s)
    except (ValueError, OverflowError):  # 25:00, the 31st of June, the year 0
        return TimeEntry(flaw=TimeFlaw.UNREADABLE)


def _moved(found: re.Match[str], shown: datetime, zone: ZoneInfo) -> TimeEntry:
    count = int(found[2]) * (-1 if found[1] == "-" else 1)
    if found[3] != "d":
        return TimeEntry((shown.timestamp() + count * _UNITS_S[found[3]],))
    try:
        return _told(moments_of(shown.replace(tzinfo=None) + timedelta(days=count), zone))
    except (ValueError, OverflowError):
        return TimeEntry(flaw=TimeFlaw.UNREADABLE)


def _absolute(words: list[str], zone: ZoneInfo, shown: datetime, now_utc_s: float) -> TimeEntry:
    today = datetime.fromtimestamp(now_utc_s, zone).date()
    day = day_of(words[0], today)
    rest = words[1:] if day is not None else words
    clock = clock_of(rest)
    if clock is None:
        if rest:
            return TimeEntry(flaw=TimeFlaw.UNREADABLE)
        clock = TypedClock(shown.time())
    if day is not None:
        return _in_the_past(_told(moments_at(day, clock, zone)), now_utc_s)
    read = _told(moments_at(shown.date(), clock, zone))
    if any(at <= now_utc_s for at in read.moments) or read.flaw is not None:
        return _in_the_past(read, now_utc_s)
    return _in_the_past(_told(moments_at(shown.date() - timedelta(days=1), clock, zone)), now_utc_s)


def _told(moments: tuple[float, ...]) -> TimeEntry:
    return TimeEntry(moments) if moments else TimeEntry(flaw=TimeFlaw.SKIPPED)


def _in_the_past(read: TimeEntry, now_utc_s: float) -> TimeEntry:
    past = tuple(at for at in read.moments if at <= now_utc_s)
    if read.flaw is not None:
        return read
    return TimeEntry(past) if past else TimeEntry(flaw=TimeFlaw.FUTURE)
