"""Compares every current row with its newest history, table by table, as two sorted streams in constant memory."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache

from sqlalchemy import Table, and_, bindparam, func, select

from storage import chain, schema
from storage.driver import Connection
from storage.errors import StorageError
from storage.findings import Findings
from storage.statements import Row, Statement, Value

_h = schema.history.c
_last = (
    select(_h.row_id, func.max(_h.version).label("last"), func.count().label("versions"))
    .where(_h.table_name == bindparam("table_name"))
    .group_by(_h.row_id)
    .subquery()
)
_NEWEST_HISTORY = Statement(
    select(_last.c.row_id, _last.c.last, _last.c.versions, _h.payload, _h.erased)
    .select_from(_last)
    .join(
        schema.history,
        and_(_h.table_name == bindparam("table_name"), _h.row_id == _last.c.row_id, _h.version == _last.c.last),
    )
    .order_by(_last.c.row_id)
)


@cache
def _all_rows(table: Table, names: frozenset[str]) -> Statement:
    """Those columns of the table that the file has: an older one lacks the newest."""
    return Statement(select(*(c for c in table.c if c.name in names)).order_by(table.c.id))


@cache
def _without_history(table: Table) -> Statement:
    joined = table.outerjoin(schema.history, and_(_h.table_name == table.name, _h.row_id == table.c.id))
    return Statement(select(table.c.id).select_from(joined).where(_h.row_id.is_(None)))


def check_rows(connection: Connection, findings: Findings, tables: Iterable[str]) -> dict[str, int]:
    """The changeable fact tables of these names; how many history rows of each the comparison was made with."""
    return {name: _check_table(connection, schema.FACTS[name], findings) for name in tables}


def check_unnamed(connection: Connection, findings: Findings, tables: Iterable[str]) -> None:
    """Rows of immutable tables that no history names. (Their digests were taken from the rows themselves.)"""
    for name in tables:
        for row in _without_history(schema.FACTS[name]).rows(connection):
            findings.add(name, row["id"], "row without history")


def _check_table(connection: Connection, table: Table, findings: Findings) -> int:
    counted = 0
    names = frozenset(str(row[1]) for row in connection.execute(f'PRAGMA table_info("{table.name}")'))
    current = _all_rows(table, names).stream(connection)
    newest = _NEWEST_HISTORY.stream(connection, {"table_name": table.name})
    for row_id, row, history in _merged(current, newest):
        counted += 0 if history is None else int(history["versions"])
        if history is None:
            findings.add(table.name, row_id, "row without history")
        elif row is None:
            if not history["erased"]:
                findings.add(table.name, row_id, "history without row")
        else:
            _compare(table, row, history, findings)
    return counted


def _merged(current: Iterator[Row], newest: Iterator[Row]) -> Iterator[tuple[str, Row | None, Row | None]]:
    row, history = next(current, None), next(newest, None)
    while row is not None or history is not None:
        left = None if row is None else str(row["id"])
        right = None if history is None else str(history["row_id"])
        # UTF-8 order, which is SQLite's, equals code point order, which is Python's.
        name = min(n for n in (left, right) if n is not None)
        yield name, row if left == name else None, history if right == name else None
        if left == name:
            row = next(current, None)
        if right == name:
            history = next(newest, None)


def _compare(table: Table, row: Row, history: Row, findings: Findings) -> None:
    if history["versions"] != history["last"]:
        findings.add("history", f"{table.name}/{row['id']}", "versions missing", "version")
    if history["erased"]:
        findings.add(table.name, row["id"], "still there though its history is erased")
        return
    if history["payload"] == _payload(row):
        return
    payload = _loads(history["payload"])
    if payload is None:
        findings.add(table.name, row["id"], "its newest history is unreadable")
        return
    for name, value in row.items():
        if payload.get(name) != value:
            findings.add(table.name, row["id"], "differs from its newest history", name)


def _payload(row: Row) -> str | None:
    try:
        return chain.payload(row)
    except StorageError:
        return None


def _loads(text: Value) -> dict[str, Value] | None:
    try:
        found = json.loads(str(text))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
