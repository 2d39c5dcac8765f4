"""Where a time stands on the timeline, and which times its axis names. Pure.

Names are wall-clock times of the site's zone: in the night in which an hour comes twice it is named twice, and the hour
that is left out is not named. Positions are linear in UTC, so that such a day is 25 or 23 hours wide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from enum import Enum
from zoneinfo import ZoneInfo

SHORTEST_S = 5.0
LONGEST_S = 62 * 86_400.0
_DAY_S = 86_400.0
_MINUTE_S = 60.0
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200)
_STEPS_DAYS = (1, 2, 7, 14, 28)


@dataclass(frozen=True, slots=True)
class TimeScale:
    """The times of the left and the right edge, and how far apart these are."""

    from_utc_s: float
    to_utc_s: float
    width_px: float

    @property
    def span_s(self) -> float:
        """How much time is seen."""
        return self.to_utc_s - self.from_utc_s

    @property
    def px_per_s(self) -> float:
        """How wide a second is."""
        return self.width_px / self.span_s

    def x_of(self, utc_s: float) -> float:
        """Pixels right of the left edge."""
        return (utc_s - self.from_utc_s) * self.px_per_s

    def utc_of(self, x_px: float) -> float:
        """The time that stands there."""
        return self.from_utc_s + x_px / self.px_per_s

    def zoomed(self, factor: float, x_px: float) -> TimeScale:
        """So many times as much time, the time at `x_px` staying there."""
        span_s = min(max(self.span_s * factor, SHORTEST_S), LONGEST_S)
        fixed, share = self.utc_of(x_px), x_px / max(self.width_px, 1.0)
        return TimeScale(fixed - share * span_s, fixed + (1.0 - share) * span_s, self.width_px)

    def panned(self, seconds: float) -> TimeScale:
        """Later by so much."""
        return TimeScale(self.from_utc_s + seconds, self.to_utc_s + seconds, self.width_px)


class TickKind(Enum):
    """How a time is named."""

    SECOND = "second"
    MINUTE = "minute"
    DAY = "day"


@dataclass(frozen=True, slots=True)
class Tick:
    """A time to name. `twice`: this wall-clock time comes twice in this night, its offset must be said."""

    utc_s: float
    local: datetime
    kind: TickKind
    twice: bool = False


def ticks(scale: TimeScale, zone: ZoneInfo, room_px: float) -> list[Tick]:
    """Times to name, at least about `room_px` apart."""
    least_s = room_px / scale.px_per_s
    step_s = next((step for step in _STEPS_S if step >= least_s), None)
    if step_s is not None:
        kind = TickKind.SECOND if step_s < _MINUTE_S else TickKind.MINUTE
        return [_tick(utc_s, zone, kind) for utc_s in _clock_times(scale.from_utc_s, scale.to_utc_s, step_s, zone)]
    days = next((step for step in _STEPS_DAYS if step * _DAY_S >= least_s), _STEPS_DAYS[-1])
    return [_tick(utc_s, zone, TickKind.DAY) for utc_s in midnights(scale, zone, days)]


def midnights(scale: TimeScale, zone: ZoneInfo, every: int = 1) -> Iterator[float]:
    """When the days of the zone begin that begin within the scale; every so many days of the calendar."""
    day = datetime.fromtimestamp(scale.from_utc_s, zone).date()
    while (utc_s := midnight(day, zone)) <= scale.to_utc_s:
        if utc_s >= scale.from_utc_s and day.toordinal() % every == 0:
            yield utc_s
        day += timedelta(days=1)


def midnight(day: date, zone: ZoneInfo) -> float:
    """When a day begins."""
    return datetime.combine(day, clock_time.min, zone).timestamp()


def _clock_times(from_utc_s: float, to_utc_s: float, step_s: int, zone: ZoneInfo) -> Iterator[float]:
    """All times at which the wall clock shows a multiple of the step."""
    at = int(from_utc_s) - 1
    while (at := _next(at, step_s, zone)) <= to_utc_s:
        if at >= from_utc_s:
            yield float(at)


def _next(after: int, step_s: int, zone: ZoneInfo) -> int:
    offset = _offset(after, zone)
    found = after + step_s - (after + offset) % step_s
    changed = _offset(found, zone)
    if changed == offset:
        return found
    begin = found - (found + changed) % step_s  # the clock was set on the way there
    candidates = (at for at in (begin, begin + step_s) if at > after and _offset(at, zone) == changed)
    return next(candidates, begin + 2 * step_s)


def _offset(utc_s: int, zone: ZoneInfo) -> int:
    offset = datetime.fromtimestamp(utc_s, zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _tick(utc_s: float, zone: ZoneInfo, kind: TickKind) -> Tick:
    local = datetime.fromtimestamp(utc_s, zone)
    other = local.replace(fold=1 - local.fold)
    return Tick(
        utc_s, local, kind, kind is not TickKind.DAY and other.utcoffset() != local.utcoffset() and _real(other)
    )


def _real(local: datetime) -> bool:
    """Whether the wall clock ever showed this."""
    there = datetime.fromtimestamp(local.timestamp(), local.tzinfo)
    return there.replace(tzinfo=None) == local.replace(tzinfo=None)
