"""The clock that ages are reckoned by: what is deleted because it is old is old by this one.

It follows the system's clock, but does not believe a leap into the future: a dead CMOS battery or a wrong time server
would else delete every recording and let go every lock in one night. Such a time is believed when it has stood for a
day. Any thread; it never raises.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable

log = logging.getLogger(__name__)

DAY_S = 86_400.0
LEAP_S = DAY_S
"""More than this at once is a leap. A computer that slept for a weekend waits for a day, too: that costs nothing."""
OFF_S = 14 * DAY_S
"""What may have passed between the newest recording and the start."""
TRUST_S = DAY_S


def newest_known(newest_before: Callable[[float], float | None]) -> float | None:
    """The newest time of recordings that a start may rely on. What was recorded after a leap, before that was believed,
    is of less than a day and stands behind a hole; `newest_before` gives the newest time before another one."""
    newest = newest_before(math.inf)
    if newest is None:
        return None
    before = newest_before(newest - TRUST_S)
    return newest if before is None or newest - TRUST_S - before <= OFF_S else before


class AgeClock:
    """Seconds since the epoch, UTC, when called. `newest_utc_s` is the newest time that is known from before."""

    def __init__(
        self,
        newest_utc_s: float | None = None,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock, self._monotonic = clock, monotonic
        self._lock = threading.Lock()
        self._utc_s = newest_utc_s if newest_utc_s is not None else clock()
        self._at_s = monotonic()
        self._slack_s = OFF_S if newest_utc_s is not None else LEAP_S
        self._since_s: float | None = None

    def __call__(self) -> float:
        """The time that is believed."""
        with self._lock:
            return self._believed()

    @property
    def doubted(self) -> bool:
        """Whether the system's clock is ahead of what is believed."""
        with self._lock:
            self._believed()
            return self._since_s is not None

    def _believed(self) -> float:
        now_s, utc_s = self._monotonic(), self._clock()
        expected_s = self._utc_s + now_s - self._at_s
        if utc_s - expected_s > self._slack_s and not self._has_stood(now_s, utc_s - expected_s):
            return expected_s
        self._utc_s, self._at_s, self._slack_s, self._since_s = utc_s, now_s, LEAP_S, None
        return utc_s

    def _has_stood(self, now_s: float, ahead_s: float) -> bool:
        if self._since_s is None:
            self._since_s = now_s
            log.warning("the clock leapt %.1f days ahead: nothing is deleted for its age for a day", ahead_s / DAY_S)
        return now_s - self._since_s >= TRUST_S
