"""The part of the embedded journal that a timeline asks. Events are kept by who asks (`app.timeline_events`)."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Protocol

from storage import timeline_queries
from storage.driver import Connection
from storage.search import Watch
from storage.timeline_queries import CaseMark, EventMark, EventRow


class _Readable(Protocol):
    def _reading(self) -> AbstractContextManager[Connection]: ...


class TimelineReads:
    """Mixed into a journal that has `_reading`, one read transaction on the asking thread's connection."""

    def timeline_events(
        self: _Readable, from_utc_s: float, to_utc_s: float, after: EventMark | None, watch: Watch
    ) -> tuple[list[EventRow], EventMark, bool]:
        """Events of a time that were written after a mark, up to where they were read, and whether these are all of
        that time: they are with no mark, or where the law took something out since. Raises CANCELLED."""
        with self._reading() as connection, watch.over(connection):
            mark = timeline_queries.event_mark(connection)
            if after is None or after.erasures != mark.erasures or mark.newest < after.newest:
                return timeline_queries.events(connection, from_utc_s, to_utc_s, mark), mark, True
            if mark == after:
                return [], mark, False
            return timeline_queries.later_events(connection, from_utc_s, to_utc_s, after), mark, False

    def hidden_events(
        self: _Readable, cameras: Collection[str], from_utc_s: float, to_utc_s: float, viewer_id: str, watch: Watch
    ) -> list[EventRow]:
        """Events of these cameras and of restricted incidents that the viewer must not know of. Raises CANCELLED."""
        with self._reading() as connection, watch.over(connection):
            return timeline_queries.hidden_events(connection, cameras, from_utc_s, to_utc_s, viewer_id)

    def case_marks(
        self: _Readable, cameras: Collection[str], from_utc_s: float, to_utc_s: float, viewer_id: str, watch: Watch
    ) -> list[CaseMark]:
        """Incidents, marks and bookmarks of cameras in a time, as far as the viewer may know of them. Raises
        CANCELLED."""
        with self._reading() as connection, watch.over(connection):
            return timeline_queries.case_marks(connection, cameras, from_utc_s, to_utc_s, viewer_id)
