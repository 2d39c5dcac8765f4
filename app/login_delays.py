"""How long somebody has to wait after wrong passwords: longer with each, by name and by workstation.

Counted from the journal's failed logins, so that another seat or a new start helps nobody; in memory too, for what the
journal could not take. The wait is short enough that a prank does not shut out a colleague in an emergency. Any thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection
from typing import NamedTuple

from app.archive import RUNTIME
from storage.errors import WatchfloorError
from storage.journal import Journal
from storage.people_commands import RecordFailedLogin

log = logging.getLogger(__name__)

WINDOW_S = 900.0
MOST_S = 60.0
FREE_BY_NAME = 3
FREE_BY_WORKSTATION = 10

_KEPT = 200


class _Failure(NamedTuple):
    name: str
    workstation: str
    at_utc_s: float


class LoginDelays:
    """Failures at one workstation, and of one name anywhere."""

    def __init__(self, journal: Journal, workstation: str, clock: Callable[[], float]) -> None:
        self._journal, self._workstation, self._clock = journal, workstation, clock
        self._lock = threading.Lock()
        self._unwritten: list[_Failure] = []
        self._passed: dict[str, float] = {}

    def wait_s(self, names: Collection[str]) -> float:
        """Seconds until the next try of a person who is called by any of `names`; 0 when it may be now."""
        now_utc_s = self._clock()
        written = [
            _Failure(row.name, row.workstation, row.at_utc_s)
            for row in self._journal.failed_logins(now_utc_s - WINDOW_S)
        ]
        folded = {name.casefold() for name in names}
        with self._lock:
            failures = [f for f in (*written, *self._unwritten) if now_utc_s - WINDOW_S <= f.at_utc_s]
            since_utc_s = max((self._passed.get(name, 0.0) for name in folded), default=0.0)
        by_name = [f.at_utc_s for f in failures if f.name.casefold() in folded and f.at_utc_s > since_utc_s]
        by_workstation = [f.at_utc_s for f in failures if f.workstation == self._workstation]
        return max(_left_s(by_name, FREE_BY_NAME, now_utc_s), _left_s(by_workstation, FREE_BY_WORKSTATION, now_utc_s))

    def failed(self, name: str) -> None:
        """Write a refusal down."""
        try:
            self._journal.apply(RecordFailedLogin(name, self._workstation), RUNTIME)
        except WatchfloorError as error:
            log.error("a failed login could not be written down: %s", error)
            with self._lock:
                self._unwritten = [*self._unwritten, _Failure(name, self._workstation, self._clock())][-_KEPT:]

    def passed(self, names: Collection[str]) -> None:
        """Somebody got in: what they mistyped before counts no more."""
        with self._lock:
            self._passed.update({name.casefold(): self._clock() for name in names})


def _left_s(failures_utc_s: list[float], free: int, now_utc_s: float) -> float:
    if len(failures_utc_s) < free:
        return 0.0
    delay_s = min(2.0 ** (len(failures_utc_s) - free), MOST_S)
    # A clock set back must not make the wait longer than it ever is.
    return min(max(max(failures_utc_s) + delay_s - now_utc_s, 0.0), MOST_S)
