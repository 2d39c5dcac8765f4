"""A range of time as an operator types it: "yesterday 18:00-18:20", in the site's zone. Pure; any thread.

Understood: a day (today, yesterday, 24.10., 24.10.2026, 2026-10-24) and two times of day; both ends with a day of their
own; "last 5 min"; one time alone (a moment). An end before its beginning on the same day is after midnight. Where a
clock was put back or forward, the beginning is the earlier and the end the later of what may be meant: more is given
then, never less (RFC 5545 leaves it open; PEP 495 names the two by `fold`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from app.errors import AppCode, AppError
from app.i18n import _

LONGEST_S = 31 * 86_400.0
_SPLIT = re.compile(r"\s+(?:-|–|—|\.\.|to)\s+|\s*[–—]\s*|(?<=\d)\s*-\s*(?=\d{1,2}:\d\d)|(?<=\d)-(?=\s)")
_CLOCK = re.compile(
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:[.,]\d{1,3})?))?\s*(?P<utc>utc|z)?$", re.I
)
_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})$")
_DOT_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(?:(\d{4}|\d{2}))?$")
_LAST = re.compile(r"(\d{1,4})\s*(s|sec|m|min|h)\w*$", re.I)
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
    words = " ".join(re.sub(r"(?<=\d)T(?=\d)", " ", text).split())
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
    if head.casefold() not in _named("last", _("last")):
        return None
    found = _LAST.match(rest)
    if found is None:
        return None
    seconds = int(found[1]) * _SECONDS[found[2].casefold()]
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
    if end_day is None and end.clock <= begin.clock and not (begin.utc or end.utc):
        last_day = first_day + timedelta(days=1)
    latest = _moments(last_day, end, zone)
    return TypedRange(min(earliest), max(latest), max(len(earliest), len(latest)) > 1)


@dataclass(frozen=True, slots=True)
class _Clock:
    clock: time
    utc: bool


def _end(text: str, today: date) -> tuple[date | None, _Clock]:
    """Day and time of one end; a day that is not said is None."""
    found = _CLOCK.search(text)
    if found is None:
        raise ValueError(text)
    seconds = float((found["second"] or "0").replace(",", "."))
    whole = int(seconds)
    clock = time(int(found["hour"]), int(found["minute"]), whole, round((seconds - whole) * 1_000_000))
    said = text[: found.start()].strip().rstrip(",")
    return (_day(said, today) if said else None), _Clock(clock, bool(found["utc"]))


def _day(said: str, today: date) -> date:
    word = said.casefold()
    if word in _named("today", _("today")):
        return today
    if word in _named("yesterday", _("yesterday")):
        return today - timedelta(days=1)
    iso = _ISO_DAY.match(said)
    if iso is not None:
        return date(int(iso[1]), int(iso[2]), int(iso[3]))
    dotted = _DOT_DAY.match(said)
    if dotted is None:
        raise ValueError(said)
    year = int(dotted[3]) if dotted[3] else today.year
    found = date(year + 2000 if year < 100 else year, int(dotted[2]), int(dotted[1]))
    return found.replace(year=found.year - 1) if not dotted[3] and found > today else found


def _named(english: str, translated: str) -> frozenset[str]:
    return frozenset({english, translated.casefold()})


def _moments(day: date, end: _Clock, zone: tzinfo) -> list[float]:
    """What a time on a clock may mean: one moment, or two where the clock was changed."""
    if end.utc:
        return [datetime.combine(day, end.clock, UTC).timestamp()]
    return sorted({datetime.combine(day, end.clock, zone).replace(fold=fold).timestamp() for fold in (0, 1)})
