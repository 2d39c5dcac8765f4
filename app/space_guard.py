"""Watches the free space where the journal lies: warns before it ends, says how long it lasts, takes the reserve back.

The journal's writer itself gives the reserve up when the disk is full; this worker notices and says it.
"""

from __future__ import annotations

import logging
import math
import shutil
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from app.bus import Bus
from app.feeds import Banner
from app.i18n import _
from storage.reserve import Reserve
from storage.worker import Worker

log = logging.getLogger(__name__)

PERIOD_S = 5.0
BANNER = "disk"
LOW_BYTES = 500_000_000
"""Below this the operators are told."""
_SAMPLES = 60
_MOST_MINUTES = 600


class SpaceGuard(Worker):
    """`journal` is the file whose growth says how long the room lasts."""

    def __init__(
        self,
        journal: Path,
        reserve: Reserve,
        bus: Bus,
        *,
        period_s: float = PERIOD_S,
        low_bytes: int = LOW_BYTES,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("space-guard")
        self._journal, self._reserve, self._bus = journal, reserve, bus
        self._period_s, self._low_bytes = period_s, low_bytes
        self._free_bytes, self._clock = free_bytes, clock
        self._samples: deque[tuple[float, int]] = deque(maxlen=_SAMPLES)
        self._told = ""

    def run(self) -> None:
        """Look now and then."""
        while not self.stopping.is_set():
            self.beat()
            try:
                self.look()
            except OSError as error:
                log.warning("the free space cannot be seen: %s", error)
            self.stopping.wait(self._period_s)

    def look(self) -> None:
        """Once."""
        free = self._free_bytes(self._journal.parent)
        self._samples.append((self._clock(), free))
        held = self._reserve.fill()
        if not held:
            self._say(_full(self._minutes(free)))
        elif free < self._low_bytes:
            self._say(_low(free, self._minutes(free)))
        else:
            self._say("")

    def _minutes(self, free: int) -> int | None:
        """How long the room lasts at the pace of the last minutes, None when it does not shrink."""
        (begin_s, before), (end_s, now) = self._samples[0], self._samples[-1]
        if end_s <= begin_s or now >= before:
            return None
        per_minute = (before - now) / (end_s - begin_s) * 60
        return min(math.floor(free / per_minute), _MOST_MINUTES)

    def _say(self, text: str) -> None:
        if text != self._told:
            self._told = text
            self._bus.publish(Banner(BANNER, text))


def _full(minutes: int | None) -> str:
    if minutes is None:
        return _("The disk is full; the journal goes on in the last reserve. Free some space now.")
    return _(
        "The disk is full; the journal goes on in the last reserve, for about {minutes} minutes. Free some space now."
    ).format(minutes=minutes)


def _low(free: int, minutes: int | None) -> str:
    megabytes = free // 1_000_000
    if minutes is None:
        return _("Only {megabytes} MB are free on the journal's disk. Free some space.").format(megabytes=megabytes)
    return _(
        "Only {megabytes} MB are free on the journal's disk, enough for about {minutes} minutes. Free some space."
    ).format(megabytes=megabytes, minutes=minutes)
