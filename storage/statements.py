"""SQLAlchemy Core statements compiled once to the dialect's SQL and run at the driver's own speed.

Core's execution layer costs 1.5 times the statement itself on an append; compiling once keeps one code path for all
dialects without that cost. Not an ORM: rows are plain mappings of column name to value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import cache
from operator import itemgetter
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, Text, bindparam, insert, literal_column, select, update
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

from storage.driver import Connection, Cursor

Value = str | int | float | bytes | None
Row = dict[str, Any]

_NOTHING: Mapping[str, Value] = {}

DIALECT = sqlite.dialect(paramstyle="qmark")


def constant(value: StrEnum) -> ColumnElement[str]:
    """An enumeration's value as a literal: SQLite cannot choose a partial index by a bound one, and prepares such a
    statement anew at every binding (38 instead of 5 microseconds)."""
    return literal_column(f"'{value.value}'", Text)


class Statement:
    """One statement, compiled when it is first used: three hundred of them would take a tenth of a second of every
    start. Safe to use from any thread on any connection."""

    sql: str
    _order: tuple[str, ...]
    _defaults: dict[str, Any]
    _pick: Callable[[Mapping[str, Value]], Any] | None

    def __init__(self, clause: ClauseElement) -> None:
        self._clause = clause
        self._names: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> object:
        """Asked for what compiling finds out, once: later the attributes are there."""
        if name not in ("sql", "_order", "_defaults", "_pick"):
            raise AttributeError(name)
        self._compile()
        return self.__dict__[name]

    def _compile(self) -> None:
        compiled = cast(SQLCompiler, self._clause.compile(dialect=DIALECT, compile_kwargs={"render_postcompile": True}))
        self.sql = str(compiled)
        self._order = tuple(compiled.positiontup or ())
        self._defaults = {k: v for k, v in compiled.params.items() if v is not None}
        self._pick = itemgetter(*self._order) if len(self._order) > 1 else None

    def values(self, params: Mapping[str, Value]) -> Sequence[Value]:
        """Parameters in the order of the statement's question marks (binding by name costs half as much again)."""
        if self._defaults:
            params = {**self._defaults, **params}
        if self._pick is not None:
            return cast(tuple[Value, ...], self._pick(params))
        return [params[name] for name in self._order]

    def run(self, connection: Connection, params: Mapping[str, Value] = _NOTHING) -> Cursor:
        """Execute; the caller exhausts or closes the cursor."""
        return connection.execute(self.sql, self.values(params))

    def run_many(self, connection: Connection, rows: Sequence[Mapping[str, Value]]) -> None:
        """Execute once per row."""
        connection.executemany(self.sql, map(self.values, rows))

    def rows(self, connection: Connection, params: Mapping[str, Value] = _NOTHING) -> list[Row]:
        """All rows, as dicts."""
        return list(self.stream(connection, params))

    def row(self, connection: Connection, params: Mapping[str, Value] = _NOTHING) -> Row | None:
        """The first row or None; leaves no cursor open."""
        cursor = self.run(connection, params)
        found = cursor.fetchone()
        if found is None:
            return None
        names = self._names_of(cursor)
        cursor.close()
        return dict(zip(names, found, strict=True))

    def stream(self, connection: Connection, params: Mapping[str, Value] = _NOTHING) -> Iterator[Row]:
        """Rows one by one, for passes over whole tables."""
        cursor = self.run(connection, params)
        names = self._names_of(cursor)
        for row in cursor:
            yield dict(zip(names, row, strict=True))

    def _names_of(self, cursor: Cursor) -> tuple[str, ...]:
        if not self._names:
            self._names = tuple(d[0] for d in cursor.description)
        return self._names


@cache
def insert_into(table: Table) -> Statement:
    """INSERT of a whole row."""
    return Statement(insert(table))


@cache
def insert_new_into(table: Table) -> Statement:
    """INSERT of a whole row unless its id is there; the cursor's rowcount says which."""
    return Statement(sqlite.insert(table).on_conflict_do_nothing(index_elements=[table.c.id]))


@cache
def update_of(table: Table, names: tuple[str, ...]) -> Statement:
    """UPDATE of some columns by the row's id (parameter `row_key`); indexes of other columns stay untouched."""
    values: dict[str, Any] = {name: bindparam(name) for name in names}
    return Statement(update(table).where(table.c.id == bindparam("row_key")).values(values))


@cache
def row_by_id(table: Table) -> Statement:
    """SELECT of a whole row by its id (parameter `row_key`)."""
    return Statement(select(table).where(table.c.id == bindparam("row_key")))


@cache
def create_sql(table: Table) -> tuple[str, ...]:
    """CREATE TABLE and CREATE INDEX of one table."""
    indexes = sorted(table.indexes, key=lambda i: str(i.name))
    return (
        str(CreateTable(table).compile(dialect=DIALECT)),
        *(str(CreateIndex(i).compile(dialect=DIALECT)) for i in indexes),
    )


@cache
def create_indexes_sql(table: Table) -> tuple[str, ...]:
    """CREATE INDEX of those indexes that an older file lacks."""
    indexes = sorted(table.indexes, key=lambda i: str(i.name))
    return tuple(str(CreateIndex(i, if_not_exists=True).compile(dialect=DIALECT)) for i in indexes)
