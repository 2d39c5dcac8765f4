"""Reads immutable rows in the order in which they were written, beside the history that names them.

A lookup by id for each of millions of rows costs two searches; rows lie in the file in the order of the chain, so the
next one is nearly always the one that is asked for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from sqlalchemy import Table, bindparam, literal_column, select

from storage import chain
from storage.errors import StorageError
from storage.statements import Statement

_Row = tuple[Any, ...]
_quote, _real, _whole = chain.quote, float.__repr__, int.__repr__

_EVENT = (
    *("alarm_id", "camera_id", "detector", "id", "kind", "label", "pts_s", "rule_id", "score", "severity"),
    *("since_utc_s", "track_id", "utc_s", "x1", "x2", "y1", "y2"),
)


def _event_text(row: _Row) -> str:
    """Canonical JSON of a sound event, three times as fast as the encoder makes it. Raises TypeError for others."""
    alarm, camera, detector, row_id, kind, label, pts_s, rule, score, severity, since, track, utc_s, x1, x2, y1, y2 = (
        row
    )
    return (
        f'{{"alarm_id":{_quote(alarm)},"camera_id":{_quote(camera)},"detector":{_quote(detector)},"id":{_quote(row_id)},'
        f'"kind":{_quote(kind)},"label":{_quote(label)},"pts_s":{_real(pts_s)},"rule_id":{_quote(rule)},'
        f'"score":{_real(score)},"severity":{_whole(severity)},"since_utc_s":{_real(since)},"track_id":{_whole(track)},'
        f'"utc_s":{_real(utc_s)},"x1":{_real(x1)},"x2":{_real(x2)},"y1":{_real(y1)},"y2":{_real(y2)}}}'
    )


_FAST: dict[tuple[str, ...], Callable[[_Row], str]] = {_EVENT: _event_text}


class InlineRows:
    """The rows of one table; `take` moves on."""

    def __init__(self, connection: sqlite3.Connection, table: Table) -> None:
        self._connection = connection
        self._names = tuple(sorted(str(c.name) for c in table.columns))
        columns = [table.c[n] for n in self._names]
        self._id = self._names.index("id")
        rowid: Any = literal_column("rowid")
        self._by_id = Statement(select(*columns).where(table.c.id == bindparam("row_key")))
        self._rowid_of = Statement(select(rowid).select_from(table).where(table.c.id == bindparam("row_key")))
        self._from = Statement(select(*columns).where(rowid > bindparam("after")).order_by(rowid))
        self._cursor: sqlite3.Cursor | None = None
        self._next: _Row | None = None
        self._make = _FAST.get(self._names)

    def take(self, row_id: object) -> _Row | None:
        """The row of this id, None when there is none."""
        found = self._next
        if found is not None and found[self._id] == row_id:
            self._next = self._cursor.fetchone() if self._cursor is not None else None
            return found
        return self._jump(row_id)

    def fast_payload(self, row: _Row) -> str:
        """The canonical JSON of a sound row; of another one it may be anything but another row's."""
        if self._make is not None:
            try:
                return self._make(row)
            except TypeError:
                return ""
        return self.payload(row)

    def payload(self, row: _Row) -> str:
        """The canonical JSON of any row; empty for one that has none."""
        try:
            return chain.payload(dict(zip(self._names, row, strict=True)))
        except StorageError:
            return ""

    def close(self) -> None:
        """Leave no cursor open."""
        if self._cursor is not None:
            self._cursor.close()
        self._cursor = self._next = None

    def _jump(self, row_id: object) -> _Row | None:
        """Look a row up and go on behind it. What is in a table's place may have no row numbers."""
        if not isinstance(row_id, str | int | float | bytes):
            return None
        found: _Row | None = self._by_id.run(self._connection, {"row_key": row_id}).fetchone()
        if found is None:
            return None
        self.close()
        try:
            at = self._rowid_of.run(self._connection, {"row_key": row_id}).fetchone()
        except sqlite3.OperationalError:
            return found
        if at is not None and isinstance(at[0], int):
            self._cursor = self._from.run(self._connection, {"after": at[0]})
            self._next = self._cursor.fetchone()
        return found
