"""When a route is tried again: exponential back-off with jitter, one pause for all messages of a route. Any thread."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

FIRST_S = 2.0
LONGEST_S = 900.0
_SPREAD = 0.5


@dataclass(slots=True)
class _Pause:
    failures: int = 0
    until_utc_s: float = 0.0


class RoutePauses:
    """Failures of each route since its last success. `jitter` gives 0..1: a pause is 75 to 125 % of its length, so that
    many sites do not knock together at a server that comes back."""

    def __init__(self, jitter: Callable[[], float] = random.random) -> None:
        self._jitter = jitter
        self._lock = threading.Lock()
        self._pauses: dict[str, _Pause] = {}

    def open(self, route_id: str, now_utc_s: float) -> bool:
        """Whether the route may be tried now; a clock that was set back does not close it for longer."""
        with self._lock:
            pause = self._pauses.get(route_id)
        longest_s = LONGEST_S * (1.0 + _SPREAD / 2)
        return pause is None or not now_utc_s < pause.until_utc_s <= now_utc_s + longest_s

    def failed(self, route_id: str, now_utc_s: float) -> float:
        """Count a failure; when the next try is due."""
        with self._lock:
            pause = self._pauses.setdefault(route_id, _Pause())
            length_s = min(FIRST_S * 2.0 ** min(pause.failures, 16), LONGEST_S)
            pause.failures += 1
            pause.until_utc_s = now_utc_s + length_s * (1.0 + _SPREAD * (self._jitter() - 0.5))
            return pause.until_utc_s

    def succeeded(self, route_id: str) -> bool:
        """Forget the failures; whether there were any."""
        with self._lock:
            return self._pauses.pop(route_id, None) is not None
