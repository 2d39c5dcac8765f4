"""The part of the embedded journal that reads what leaves the house and what must go by law. See `journal.Journal`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from storage import release_queries
from storage.driver import Connection
from storage.journal import RetentionCandidate
from storage.release_records import Disclosure, Erasure, OutboxMessage, Package


class _Readable(Protocol):
    def _reading(self) -> AbstractContextManager[Connection]: ...


class ReleaseReads:
    """Mixed into a journal that has `_reading`, one read transaction on the asking thread's connection."""

    def outbox(self: _Readable, due_utc_s: float, limit: int) -> Sequence[OutboxMessage]:
        """See `Journal.outbox`."""
        with self._reading() as connection:
            return release_queries.outbox(connection, due_utc_s, limit)

    def messages_of(self: _Readable, incident_id: str) -> Sequence[OutboxMessage]:
        """See `Journal.messages_of`."""
        with self._reading() as connection:
            return release_queries.messages_of(connection, incident_id)

    def disclosures(self: _Readable, *, open_only: bool = True) -> Sequence[Disclosure]:
        """See `Journal.disclosures`."""
        with self._reading() as connection:
            return release_queries.disclosures(connection, open_only=open_only)

    def packages(self: _Readable, subject_id: str) -> Sequence[Package]:
        """See `Journal.packages`."""
        with self._reading() as connection:
            return release_queries.packages(connection, subject_id)

    def erasures(self: _Readable, limit: int = 200) -> Sequence[Erasure]:
        """See `Journal.erasures`."""
        with self._reading() as connection:
            return release_queries.erasures(connection, limit)

    def retention_candidates(
        self: _Readable, until_utc_s: float, limit: int, *, default_days: int = 0
    ) -> Sequence[RetentionCandidate]:
        """See `Journal.retention_candidates`."""
        with self._reading() as connection:
            return release_queries.retention_candidates(connection, until_utc_s, limit, default_days)

    def merged_ids(self: _Readable, incident_id: str) -> Sequence[str]:
        """Incidents that were merged into this one, and into those."""
        with self._reading() as connection:
            return release_queries.merged_ids(connection, incident_id)

    def files_of(self: _Readable, subject_id: str) -> Sequence[str]:
        """Paths in the evidence store that an incident or alarm has."""
        with self._reading() as connection:
            return release_queries.files_of(connection, subject_id)

    def files_in_use(self: _Readable, paths: Collection[str]) -> set[str]:
        """Those of the paths in the evidence store that some row still names."""
        with self._reading() as connection:
            return release_queries.files_in_use(connection, paths)
