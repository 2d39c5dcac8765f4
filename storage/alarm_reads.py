"""The part of the embedded journal that says how much alarms ask of operators and what they made of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from storage import noise_queries, queries, verdict_queries
from storage.case_records import Shelf
from storage.driver import Connection
from storage.noise_queries import Noise, Raised
from storage.verdict_queries import Judged


class _Readable(Protocol):
    def _reading(self) -> AbstractContextManager[Connection]: ...


class AlarmReads:
    """Mixed into a journal that has `_reading`, one read transaction on the asking thread's connection."""

    def open_alarm_count(self: _Readable, cameras: Collection[str] | None = None) -> int:
        """See `Journal.open_alarm_count`."""
        with self._reading() as connection:
            return queries.open_alarm_count(connection, cameras)

    def shelves(self: _Readable, since_utc_s: float) -> Sequence[Shelf]:
        """See `Journal.shelves`."""
        with self._reading() as connection:
            return noise_queries.shelves(connection, since_utc_s)

    def raised(self: _Readable, since_utc_s: float, limit: int = 2000) -> Sequence[Raised]:
        """See `Journal.raised`."""
        with self._reading() as connection:
            return noise_queries.raised(connection, since_utc_s, limit)

    def noise(self: _Readable, since_utc_s: float, until_utc_s: float) -> Noise:
        """See `Journal.noise`."""
        with self._reading() as connection:
            return noise_queries.noise(connection, since_utc_s, until_utc_s)

    def judged(self: _Readable, since_utc_s: float, camera_id: str | None = None) -> Sequence[Judged]:
        """See `Journal.judged`."""
        with self._reading() as connection:
            return verdict_queries.judged(connection, since_utc_s, camera_id)
