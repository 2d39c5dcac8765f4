"""Days and times of day as an operator types them, for moments (`time_entry`) and ranges (`range_entry`) alike.

Pure. What is read is a word or two; the zone and its two special nights are the caller's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo

from app.i18n import _, marked

WEEKDAYS = (marked("Mon"), marked("Tue"), marked("Wed"), marked("Thu"), marked("Fri"), marked("Sat"), marked("Sun"))
_LONG_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_YESTERDAY, _TODAY = marked("yesterday"), marked("today")
_LEAP_YEARS = 9
_TIME = re.compile(r"(\d{1,2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,6}))?)?)?(am|pm)?([ab])?")
_DIGITS = re.compile(r"(\d{2})(\d{2})(\d{2})?(?:[.,](\d{1,6}))?()([ab])?")
_OFFSET = re.compile(r"utc|(?:utc)?(?:z|([+-])(\d{2}):?(\d{2}))")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
_ISO_T = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})t(?=\d)")
_UTC_BEHIND = re.compile(r"(?<=\d)(utc|z)\b")
_DOTTED = re.compile(r"(\d{1,2})\.(\d{1,2})\.(?:(\d{4}|\d{2}))?")


@dataclass(frozen=True, slots=True)
class TypedClock:
    """A time of day; `which` is `a` or `b` in an hour that comes twice, `offset` is typed behind it."""

    time: time
    which: str = ""
    offset: timezone | None = None


def plain_words(text: str) -> str:
    """In small letters with single blanks, an ISO 8601 `T` and a `Z` set apart."""
    words = " ".join(text.casefold().split())
    return _UTC_BEHIND.sub(r" \1", _ISO_T.sub(r"\1 ", words))


def named(word: str, english: str) -> bool:
    """Whether a word of `plain_words` is that one, in English or in the operator's language."""
    return word in (english, _(english).casefold())


def moments_of(local: datetime, zone: tzinfo) -> tuple[float, ...]:
    """The moments at which the clocks of `zone` show the naive time `local`: one, two, or none."""
    found = {local.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1)}
    return tuple(sorted(at for at in found if datetime.fromtimestamp(at, zone).replace(tzinfo=None) == local))


def moments_at(day: date, clock: TypedClock, zone: tzinfo) -> tuple[float, ...]:
    """The same for a typed time of a day, with what is typed behind it taken into account."""
    local = datetime.combine(day, clock.time)
    if clock.offset is not None:
        return (local.replace(tzinfo=clock.offset).timestamp(),)
    moments = moments_of(local, zone)
    return (moments["ab".index(clock.which)],) if clock.which and len(moments) > 1 else moments


def day_of(word: str, today: date) -> date | None:
    """The day that a word names; None when it names none. Raises ValueError for the 31st of June."""
    if named(word, _TODAY):
        return today
    if named(word, _YESTERDAY):
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
        century = 2000 if len(dotted[3]) == 2 else 0
        return date(century + int(dotted[3]), int(dotted[2]), int(dotted[1]))
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


def clock_of(words: list[str]) -> TypedClock | None:
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
    return TypedClock(time(*parts), found[6] or "", _offset(behind) if behind is not None else None)


def _offset(found: re.Match[str]) -> timezone:
    minutes = int(found[2]) * 60 + int(found[3]) if found[1] else 0
    return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))
