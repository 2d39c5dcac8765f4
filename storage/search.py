"""What can be asked of the journal's incidents: the filter that a view or a saved search holds, and its answer.

Frozen and free of SQL (`search_queries` has that); `Watch` is how a slow question is followed and called off.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from storage import driver
from storage.chain import canonical
from storage.driver import Connection
from storage.errors import StorageCode, StorageError
from storage.records import Incident, IncidentState, Severity

LONGEST_TEXT = 500
GROUPS = ("crime", "administrative", "other")
"""Groups that every journal's categories begin with."""


@dataclass(frozen=True, slots=True)
class IncidentQuery:
    """Which incidents; what is not given does not restrict. Times are of opening, `from_utc_s <= t < to_utc_s`.

    `text`: every word must be there; "in quotes" a phrase; a word ending in * is a beginning."""

    text: str = ""
    from_utc_s: float | None = None
    to_utc_s: float | None = None
    place_id: str | None = None
    district_id: str | None = None
    category_ids: tuple[str, ...] = ()
    camera_id: str | None = None
    states: tuple[IncidentState, ...] = ()
    operator_id: str | None = None
    min_severity: Severity | None = None
    outcome: str | None = None
    service_id: str | None = None
    open_only: bool = False
    group: str | None = None

    def to_json(self) -> str:
        """Canonical JSON of what is given, for `SavedSearch.query`."""
        defaults = asdict(IncidentQuery())
        given = {k: v for k, v in asdict(self).items() if v != defaults[k]}
        return canonical(given)

    @classmethod
    def from_json(cls, text: str) -> IncidentQuery:
        """Raises BAD_VALUE for anything that `to_json` did not write."""
        try:
            found = json.loads(text)
            return cls(**{name: _read(name, value) for name, value in _is(dict, found).items()})
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise StorageError(StorageCode.BAD_VALUE, record=cls.__name__) from error


@dataclass(frozen=True, slots=True)
class Page:
    """Incidents, newest first; `next_id` asks for the following page (`before_id`), None: there is none."""

    incidents: tuple[Incident, ...] = ()
    next_id: str | None = None


class Watch:
    """Follows one question from another thread: `done` grows from 0 to 1, `cancel` ends it with CANCELLED."""

    def __init__(self) -> None:
        self.done = 0.0
        self._cancelled = False
        self._lock = threading.Lock()
        self._connection: Connection | None = None

    @property
    def cancelled(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return self._cancelled

    def cancel(self) -> None:
        """Call it off; from any thread, any number of times, also before it began."""
        with self._lock:
            self._cancelled = True
            if self._connection is not None:
                self._connection.interrupt()

    @contextmanager
    def over(self, connection: Connection) -> Iterator[None]:
        """Watch what is asked of `connection` inside. Raises CANCELLED."""
        with self._lock:
            self._connection = connection
        connection.set_progress_handler(lambda: self._cancelled, _STEPS)
        try:
            self.check()
            yield
        except driver.OPERATIONAL_ERRORS as error:
            if driver.result_of(error) != driver.Result.INTERRUPT:
                raise
            raise StorageError(StorageCode.CANCELLED) from error
        finally:
            with self._lock:
                self._connection = None
            connection.set_progress_handler(None, 0)

    def check(self) -> None:
        """Between two statements. Raises CANCELLED."""
        if self._cancelled:
            raise StorageError(StorageCode.CANCELLED)


_STEPS = 20_000
"""Steps of SQLite's machine between two looks (about a millisecond)."""

_TIMES = frozenset({"from_utc_s", "to_utc_s"})


def _read(name: str, value: Any) -> Any:
    if name == "open_only":
        return _is(bool, value)
    if name in _TIMES:
        if not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(name)
        return float(value)
    if name == "min_severity":
        return Severity(_is(int, value))
    if name == "states":
        return tuple(IncidentState(v) for v in _is(list, value))
    if name == "category_ids":
        return tuple(_is(str, v) for v in _is(list, value))
    return _is(str, value)


def _is(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(kind.__name__)
    return value
