"""A time as an operator types it, read in the site's zone: `18:00`, `yesterday 18:00`, `2026-11-21 18:00`, `-10m`.

Pure; no clock, no thread. The two nights of a year in which the clocks are set are told, never guessed: an hour that
came twice has two moments (`a` or `b` after the time says which, as German law writes it), one that was left out none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.i18n import _, marked

WEEKDAYS = (marked("Mon"), marked("Tue"), marked("Wed"), marked("Thu"), marked("Fri"), marked("Sat"), marked("Sun"))
_LONG_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_YESTERDAY, _TODAY, _NOW = marked("yesterday"), marked("today"), marked("now")
_LONGEST = 60
_LEAP_YEARS = 9
_UNITS_S = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}
_RELATIVE = re.compile(r"([+-])(\d{1,6})\s*(|s|m|min|h|d)")
_TIME = re.compile(r"(\d{1,2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,6}))?)?)?(am|pm)?([ab])?")
_DIGITS = re.compile(r"(\d{2})(\d{2})(\d{2})?(?:[.,](\d{1,6}))?()([ab])?")
_OFFSET = re.compile(r"(?:utc)?(z|[+-]\d{2}:?\d{2})")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_ISO_T = re.compile(r"^(\d{4}-\d{1,2}-\d{1,2})t(\d)")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(?:(\d{4}))?")


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


@dataclass(frozen=True, slots=True)
class _Clock:
    """A time of day; `which` is `a` or `b` in an hour that comes twice, `offset` is typed behind it."""

    time: time
    which: str = ""
    offset: timezone | None = None


def read_time(text: str, zone: ZoneInfo, shown_utc_s: float, now_utc_s: float) -> TimeEntry:
    """What `text` means to somebody who looks at `shown_utc_s`. A time without a day is of the day that is shown, or,
    where that is still to come, of the day before; a day without a time is at the time of day that is shown; `-10m`
    counts from what is shown."""
    words = _ISO_T.sub(r"\1 \2", " ".join(text.casefold().split()))
    if not words or len(words) > _LONGEST:
        return TimeEntry(flaw=TimeFlaw.UNREADABLE)
    shown = datetime.fromtimestamp(shown_utc_s, zone)
    if words in (_NOW, _(_NOW).casefold()):
        return TimeEntry((now_utc_s,))
    relative = _RELATIVE.fullmatch(words)
    if relative is not None:
        return _in_the_past(_moved(relative, shown, zone), now_utc_s)
    try:
        return _absolute(words.split(" "), zone, shown, now_utc_s)
    except (ValueError, OverflowError):  # 25:00, the 31st of June, the year 0
        return TimeEntry(flaw=TimeFlaw.UNREADABLE)


def moments_of(local: datetime, zone: ZoneInfo) -> tuple[float, ...]:
    """The moments at which the clocks of `zone` show the naive time `local`: one, two, or none."""
    found = {local.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1)}
    return tuple(sorted(at for at in found if datetime.fromtimestamp(at, zone).replace(tzinfo=None) == local))


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
    day = _day(words[0], today)
    rest = words[1:] if day is not None else words
    clock = _clock(rest)
    if clock is None:
        if rest:
            return TimeEntry(flaw=TimeFlaw.UNREADABLE)
        clock = _Clock(shown.time())
    if day is not None:
        return _in_the_past(_at(day, clock, zone), now_utc_s)
    read = _at(shown.date(), clock, zone)
    if any(at <= now_utc_s for at in read.moments) or read.flaw is not None:
        return _in_the_past(read, now_utc_s)
    return _in_the_past(_at(shown.date() - timedelta(days=1), clock, zone), now_utc_s)


def _at(day: date, clock: _Clock, zone: ZoneInfo) -> TimeEntry:
    local = datetime.combine(day, clock.time)
    if clock.offset is not None:
        return TimeEntry((local.replace(tzinfo=clock.offset).timestamp(),))
    moments = moments_of(local, zone)
    if clock.which and len(moments) > 1:
        return TimeEntry((moments["ab".index(clock.which)],))
    return _told(moments)


def _told(moments: tuple[float, ...]) -> TimeEntry:
    return TimeEntry(moments) if moments else TimeEntry(flaw=TimeFlaw.SKIPPED)


def _in_the_past(read: TimeEntry, now_utc_s: float) -> TimeEntry:
    past = tuple(at for at in read.moments if at <= now_utc_s)
    if read.flaw is not None:
        return read
    return TimeEntry(past) if past else TimeEntry(flaw=TimeFlaw.FUTURE)


def _day(word: str, today: date) -> date | None:
    """The day that a word names; None when it names none."""
    if word in (_TODAY, _(_TODAY).casefold()):
        return today
    if word in (_YESTERDAY, _(_YESTERDAY).casefold()):
        return today - timedelta(days=1)
    weekday = _weekday(word)
    if weekday is not None:
        return today - timedelta(days=(today.weekday() - weekday - 1) % 7 + 1)
    iso = _ISO.fullmatch(word)
    if iso is not None:
        return date(int(iso[1]), int(iso[2]), int(iso[3]))
    dotted = _DOTTED.fullmatch(word)
    if dotted is None:
        return None
    if dotted[3]:
        return date(int(dotted[3]), int(dotted[2]), int(dotted[1]))
    return _latest(int(dotted[2]), int(dotted[1]), today)


def _latest(month: int, day: int, today: date) -> date:
    """The newest such day that is not to come; the 29th of February is not in every year. Raises ValueError."""
    for year in range(today.year, today.year - _LEAP_YEARS, -1):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found <= today:
            return found
    raise ValueError(month, day)


def _weekday(word: str) -> int | None:
    short = [_(name).casefold() for name in WEEKDAYS]
    if word in short:
        return short.index(word)
    return next((n for n, name in enumerate(_LONG_DAYS) if len(word) > 1 and name.startswith(word)), None)


def _clock(words: list[str]) -> _Clock | None:
    """Hours, minutes, seconds, and which of two; None when they are no time. Raises ValueError for 25:00."""
    if not 1 <= len(words) <= 2:
        return None
    found = _TIME.fullmatch(words[0]) or _DIGITS.fullmatch(words[0])
    behind = _OFFSET.fullmatch(words[1]) if len(words) > 1 else None
    if found is None or (len(words) > 1 and behind is None):
        return None
    hour = int(found[1])
    if found[5]:
        hour = hour % 12 + (12 if found[5] == "pm" else 0) if 1 <= hour <= 12 else 99
    parts = (hour, int(found[2] or 0), int(found[3] or 0), int((found[4] or "0").ljust(6, "0")))
    return _Clock(time(*parts), found[6] or "", _offset(behind[1]) if behind is not None else None)


def _offset(text: str) -> timezone:
    if text == "z":
        return timezone(timedelta(0))
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
