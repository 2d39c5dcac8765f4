"""Reads immutable rows in the order in which they were written, beside the history that names them.

A lookup by id for each of millions of rows costs two searches; rows lie in the file in the order of the chain, so the
next one is nearly always the one that is asked for.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, bindparam, literal_column, select

from storage import chain, driver
from storage.driver import Connection, Cursor
from storage.errors import StorageError
from storage.statements import Statement

_Row = tuple[Any, ...]


class InlineRows:
    """The rows of one table; `take` moves on."""

    def __init__(self, connection: Connection, table: Table) -> None:
        self._connection = connection
        self._names = tuple(sorted(str(c.name) for c in table.columns))
        columns = [table.c[n] for n in self._names]
        self._id = self._names.index("id")
        rowid: Any = literal_column("rowid")
        self._by_id = Statement(select(*columns).where(table.c.id == bindparam("row_key")))
        self._rowid_of = Statement(select(rowid).select_from(table).where(table.c.id == bindparam("row_key")))
        self._from = Statement(select(*columns).where(rowid > bindparam("after")).order_by(rowid))
        self._cursor: Cursor | None = None
        self._next: _Row | None = None

    def take(self, row_id: object) -> _Row | None:
        """The row of this id, None when there is none."""
        found = self._next
        if found is not None and found[self._id] == row_id:
            self._next = self._cursor.fetchone() if self._cursor is not None else None
            return found
        return self._jump(row_id)

    def gives(self, row: _Row, salt: bytes, digest: object) -> bool:
        """Whether the salted digest of the row's canonical JSON is this one. Nearly always the quick form shows it."""
        values = dict(zip(self._names, row))  # noqa: B905 - of one statement; to be strict costs a tenth
        if chain.quickly_gives(salt, values, digest):
            return True
        try:
            return chain.digest(salt, chain.payload(values)) == digest
        except StorageError:  # a value without canonical form (a blob) was never written by us
            return False

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
        except driver.OPERATIONAL_ERRORS:
            return found
        if at is not None and isinstance(at[0], int):
            self._cursor = self._from.run(self._connection, {"after": at[0]})
            self._next = self._cursor.fetchone()
        return found
