"""A range of time as an operator types it: "yesterday 18:00-18:20", in the site's zone. Pure; any thread.

Understood: a day (today, yesterday, 24.10., 24.10.2026, 2026-10-24) and two times of day; both ends with a day of their
own; "last 5 min"; one time alone (a moment). An end before its beginning on the same day is after midnight. Where a
clock was put back or forward, the beginning is the earlier and the end the later of what may be meant: more is given
then, never less (RFC 5545 leaves it open; PEP 495 names the two by `fold`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from app.errors import AppCode, AppError
from app.i18n import marked
from app.typed_time import TypedClock, clock_of, day_of, moments_at, named, plain_words

LONGEST_S = 31 * 86_400.0
_LAST = marked("last")
_SPLIT = re.compile(r"\s+(?:-|–|—|\.\.|to)\s+|\s*[–—]\s*|(?<=[\dabm])\s*-\s*(?=\d{1,2}:\d\d)|(?<=\d)-(?=\s)")
_SPAN = re.compile(r"(\d{1,4})\s*(s|sec|m|min|h)\w*$")
_SECONDS = {"s": 1.0, "sec": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


@dataclass(frozen=True, slots=True)
class TypedRange:
    """What was meant, epoch seconds; `doubtful`: an end fell into an hour that a clock repeats or skips, and the wider
    reading was taken. A moment has its end at its beginning."""

    from_utc_s: float
    to_utc_s: float
    doubtful: bool = False


def parse_range(text: str, zone: tzinfo, now_utc_s: float) -> TypedRange:
    """Raises AppError: RANGE_UNREADABLE, RANGE_EMPTY (it begins in the future, ends before it begins, or is longer than
    a month)."""
    words = plain_words(text)
    today = datetime.fromtimestamp(now_utc_s, zone).date()
    try:
        found = _last(words, now_utc_s) or _typed(words, zone, today)
    except (ValueError, OverflowError):
        raise AppError(AppCode.RANGE_UNREADABLE, value=text) from None
    if (
        found.to_utc_s < found.from_utc_s
        or found.from_utc_s > now_utc_s
        or found.to_utc_s - found.from_utc_s > LONGEST_S
    ):
        raise AppError(AppCode.RANGE_EMPTY, value=text)
    return found


def range_text(from_utc_s: float, to_utc_s: float, zone: tzinfo) -> str:
    """As it can be typed again: whole seconds, the beginning downwards, the end upwards; UTC where a clock was changed
    in between or the site's time would be read in two ways."""
    begin, end = float(from_utc_s // 1), float(-(-to_utc_s // 1))
    text = _text(begin, end, zone)
    try:
        again = parse_range(text, zone, end)
    except AppError:
        again = None
    if again is not None and (again.from_utc_s, again.to_utc_s, again.doubtful) == (begin, end, False):
        return text
    first, last = (datetime.fromtimestamp(at, UTC) for at in (begin, end))
    return f"{first:%Y-%m-%d %H:%M:%S} UTC - {last:%Y-%m-%d %H:%M:%S} UTC"


def _text(begin: float, end: float, zone: tzinfo) -> str:
    first, last = (datetime.fromtimestamp(at, zone) for at in (begin, end))
    if begin == end:
        return f"{first:%Y-%m-%d %H:%M:%S}"
    day = "" if first.date() == last.date() else f"{last:%Y-%m-%d} "
    return f"{first:%Y-%m-%d %H:%M:%S} - {day}{last:%H:%M:%S}"


def _last(words: str, now_utc_s: float) -> TypedRange | None:
    head, _space, rest = words.partition(" ")
    found = _SPAN.match(rest) if named(head, _LAST) else None
    if found is None:
        return None
    seconds = int(found[1]) * _SECONDS[found[2]]
    return TypedRange(now_utc_s - seconds, now_utc_s)


def _typed(words: str, zone: tzinfo, today: date) -> TypedRange:
    parts = _SPLIT.split(words)
    if len(parts) > 2:
        raise ValueError(words)
    day, begin = _end(parts[0], today)
    first_day = day or today
    earliest = _moments(first_day, begin, zone)
    if len(parts) == 1:
        return TypedRange(min(earliest), min(earliest), len(earliest) > 1)
    end_day, end = _end(parts[1], today)
    last_day = end_day or first_day
    if end_day is None and end.time <= begin.time and begin.offset == end.offset is None:
        last_day = first_day + timedelta(days=1)
    latest = _moments(last_day, end, zone)
    return TypedRange(min(earliest), max(latest), max(len(earliest), len(latest)) > 1)


def _end(text: str, today: date) -> tuple[date | None, TypedClock]:
    """Day and time of one end; a day that is not said is None. Raises ValueError."""
    words = text.split()
    for length in (2, 1):  # a time with "utc" or an offset behind it, or without
        clock = clock_of(words[-length:])
        said = [word.rstrip(",") for word in words[:-length]]
        if clock is not None and len(said) <= 1:
            return (_day(said[0], today) if said else None), clock
    raise ValueError(text)


def _day(said: str, today: date) -> date:
    found = day_of(said, today)
    if found is None:
        raise ValueError(said)
    return found


def _moments(day: date, clock: TypedClock, zone: tzinfo) -> tuple[float, ...]:
    """What a time on a clock may mean: one moment, or two where the clock was changed, also where it was skipped."""
    found = moments_at(day, clock, zone)
    return found or tuple(datetime.combine(day, clock.time, zone).replace(fold=fold).timestamp() for fold in (0, 1))
