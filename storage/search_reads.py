"""The part of the embedded journal that searches incidents and events. See `journal.Journal`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from storage import event_queries, search_queries, text_queries
from storage.driver import Connection
from storage.event_queries import EventQuery
from storage.records import Event
from storage.search import IncidentQuery, Page, Watch


class _Readable(Protocol):
    def _reading(self) -> AbstractContextManager[Connection]: ...


class SearchReads:
    """Mixed into a journal that has `_reading`, one read transaction on the asking thread's connection."""

    def find_incidents(
        self: _Readable,
        query: IncidentQuery,
        *,
        limit: int = 200,
        before_id: str | None = None,
        viewer_id: str | None = None,
        watch: Watch | None = None,
    ) -> Page:
        """See `Journal.find_incidents`."""
        watch = watch or Watch()
        find = text_queries.find if text_queries.expression(query.text) else search_queries.find
        with self._reading() as connection, watch.over(connection):
            return find(connection, query, limit=limit, before_id=before_id, viewer_id=viewer_id, watch=watch)

    def find_events(
        self: _Readable,
        query: EventQuery,
        *,
        after: Event | None = None,
        limit: int = 200,
        viewer_id: str | None = None,
        watch: Watch | None = None,
    ) -> list[Event]:
        """Events that the query lets pass and the viewer may know of (None: the program), oldest first, those behind
        `after`. Raises CANCELLED."""
        with self._reading() as connection, (watch or Watch()).over(connection):
            return event_queries.found_events(connection, query, after, limit, viewer_id)

    def count_incidents(
        self: _Readable,
        query: IncidentQuery,
        at_most: int = 20_000,
        *,
        viewer_id: str | None = None,
        watch: Watch | None = None,
    ) -> int:
        """See `Journal.count_incidents`."""
        watch = watch or Watch()
        count = text_queries.count if text_queries.expression(query.text) else search_queries.count
        with self._reading() as connection, watch.over(connection):
            return count(connection, query, at_most=at_most, viewer_id=viewer_id, watch=watch)

    def histogram(
        self: _Readable,
        query: IncidentQuery,
        from_utc_s: float,
        to_utc_s: float,
        buckets: int,
        *,
        viewer_id: str | None = None,
        watch: Watch | None = None,
    ) -> tuple[int, ...]:
        """See `Journal.histogram`."""
        watch = watch or Watch()
        width_s = (to_utc_s - from_utc_s) / buckets
        bounds = [*(from_utc_s + n * width_s for n in range(buckets)), to_utc_s]
        count = text_queries.histogram if text_queries.expression(query.text) else search_queries.histogram
        with self._reading() as connection, watch.over(connection):
            return count(connection, query, bounds, viewer_id=viewer_id, watch=watch)

    def incident_span(self: _Readable) -> tuple[float, float] | None:
        """See `Journal.incident_span`."""
        with self._reading() as connection:
            return search_queries.span(connection)
