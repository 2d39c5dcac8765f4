"""A recording schedule as an administrator types it: "Mon-Fri 08:00-18:00; Sat 10:00-14:00", in the site's zone.

Wall time: a range over the night in which the clock is set back lasts an hour longer (the hour that comes twice is
covered twice), one over the other night an hour less. Pure; any thread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo

from storage.errors import StorageCode, StorageError

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MIN = 24 * 60
_WEEK_MIN = 7 * _DAY_MIN
_ITEM = re.compile(r"(?P<days>[a-z][a-z,\s-]*?)?\s*(?P<ranges>\d[\d:,\s-]*)", re.ASCII)
_RANGE = re.compile(r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Minutes of a week as bits, the first is Monday 00:00. `parse` makes it."""

    minutes: int

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Items are separated by semicolons; each has days (none: every day) and ranges, separated by commas. A range
        that ends before it begins goes over midnight and belongs to the day on which it begins; 24:00 is midnight.

        Raises StorageError(BAD_SCHEDULE) with the item that cannot be read; an empty text is one."""
        minutes = 0
        for item in text.split(";"):
            minutes |= _item(item.strip().lower(), text)
        return cls(minutes)

    def covers(self, utc_s: float, zone: tzinfo) -> bool:
        """Whether this moment is planned where the clocks show `zone`."""
        at = datetime.fromtimestamp(utc_s, zone)
        return bool(self.minutes >> (at.weekday() * _DAY_MIN + at.hour * 60 + at.minute) & 1)


def _item(item: str, text: str) -> int:
    found = _ITEM.fullmatch(item)
    if found is None:
        raise _bad(item or text)
    ranges = [_range(part, item) for part in found["ranges"].split(",")]
    minutes = 0
    for day in _days(found["days"] or "mon-sun", item):
        for begin, length in ranges:
            minutes |= ((1 << length) - 1) << (day * _DAY_MIN + begin)
    # What runs over Sunday's midnight belongs to the beginning of the week.
    return (minutes & ((1 << _WEEK_MIN) - 1)) | minutes >> _WEEK_MIN


def _days(text: str, item: str) -> Iterator[int]:
    for part in text.split(","):
        first, dash, last = (word.strip() for word in part.partition("-"))
        if first not in DAYS or (dash and last not in DAYS):
            raise _bad(item)
        begin = DAYS.index(first)
        count = (DAYS.index(last) - begin) % 7 + 1 if dash else 1
        yield from ((begin + n) % 7 for n in range(count))


def _range(text: str, item: str) -> tuple[int, int]:
    """First minute of the day, and how many."""
    found = _RANGE.fullmatch(text)
    if found is None:
        raise _bad(item)
    begin_h, begin_min, end_h, end_min = (int(part) for part in found.groups())
    begin, end = begin_h * 60 + begin_min, end_h * 60 + end_min
    if begin_min > 59 or end_min > 59 or begin >= _DAY_MIN or end > _DAY_MIN or begin == end:
        raise _bad(item)
    return begin, (end - begin) % _DAY_MIN or _DAY_MIN


def _bad(item: str) -> StorageError:
    return StorageError(StorageCode.BAD_SCHEDULE, value=item.strip())
