"""The file's schema as a fact: each migration records it in `meta`, so that the chain covers it.

A trigger, a view in a table's place, another affinity or an index that lacks rows deceives every reader without one
row being altered. Here they are compared with the record; `sqlite_master` itself cannot be shadowed.
"""

from __future__ import annotations

import json
from pathlib import Path

from storage import columns, schema
from storage.applied import MIGRATIONS_META, applied
from storage.chain import canonical
from storage.driver import Connection
from storage.errors import StorageCode, StorageError
from storage.findings import Findings
from storage.statements import Value, row_by_id

LAYOUT_META = "layout"
"""Id of the row of `meta` that keeps `layout`."""

_MASTER = "sqlite_master"
_MIGRATIONS = "_sqlite_migrations"
_STATISTICS = frozenset({"sqlite_stat1", "sqlite_stat4"})


def layout(connection: Connection) -> str:
    """Version, tables, indexes, views and triggers with their SQL, as canonical text."""
    rows = connection.execute("SELECT name, type, tbl_name, sql FROM sqlite_master ORDER BY name, type").fetchall()
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    kept = [[_text(value) for value in row] for row in rows if row[0] not in _STATISTICS]
    return canonical([["user_version", str(version)], *kept])


def check_layout(connection: Connection, findings: Findings) -> bool:
    """Name what differs from the record; whether every table that verification reads is there with its columns."""
    missing = _lacking(connection)
    for name in missing:
        findings.add(_MASTER, name, "table or column missing")
    for name, kind in connection.execute("SELECT name, type FROM sqlite_master WHERE type IN ('trigger', 'view')"):
        findings.add(_MASTER, name, f"{_text(kind)} that Watchfloor did not make")
    if missing:
        return False
    recorded = _recorded(connection, LAYOUT_META)
    if recorded is not None:  # a file that an older version made has no record yet
        found = json.loads(layout(connection))
        now, before = {str(r[0]): r for r in found}, {str(r[0]): r for r in recorded if isinstance(r, list) and r}
        for name in sorted({*now, *before}):
            if now.get(name) != before.get(name):
                findings.add(_MASTER, name, "differs from what the migrations made", "sql")
    _check_migrations(connection, findings)
    return True


def refuse_gaps(connection: Connection, path: Path) -> None:
    """Raise DAMAGED, naming the tables, for a file that says it is of this version and lacks a table or a column: a
    table was dropped, or a program made it that was between two versions. Better now than at the first question."""
    missing = _lacking(connection)
    if missing:
        raise StorageError(StorageCode.DAMAGED, path=str(path), cause=f"incomplete: {', '.join(missing)}")


def present(connection: Connection) -> frozenset[str]:
    """Names of all tables."""
    return frozenset(_text(r[0]) for r in connection.execute("SELECT name FROM sqlite_master"))


def _lacking(connection: Connection) -> list[str]:
    """Tables that are missing, or lack a column."""
    return [name for name, names in _wanted(connection).items() if not names <= _columns(connection, name)]


def _wanted(connection: Connection) -> dict[str, set[str]]:
    """Tables and columns; an older file may lack whole tables of later versions."""
    older = connection.execute("PRAGMA user_version").fetchone()[0] < schema.SCHEMA_VERSION
    there = present(connection)
    wanted = {str(t.name): {str(c.name) for c in t.columns} for t in columns.metadata.sorted_tables}
    if older:
        wanted = {name: names - set(schema.ADDED.get(name, ())) for name, names in wanted.items()}
    wanted[_MIGRATIONS] = {"id", "migration_set", "name", "applied_at"}
    first = {"meta", "audit", "history", "events", _MIGRATIONS}
    return {name: kept for name, kept in wanted.items() if name in there or not older or name in first}


def _columns(connection: Connection, table: str) -> set[str]:
    return {_text(r[1]) for r in connection.execute(f'PRAGMA table_info("{table}")')}


def _check_migrations(connection: Connection, findings: Findings) -> None:
    """The migration runner's own table against the copy of it in `meta`."""
    known = _recorded(connection, MIGRATIONS_META)
    try:
        found = json.loads(applied(connection))
    except StorageError:  # a value without canonical form
        findings.add(_MIGRATIONS, "", "altered")
        return
    if known is None:
        return  # reported by the comparison of `meta` with its history
    names = ("id", "migration_set", "name", "applied_at")
    for before, now in zip(known, found, strict=False):
        if not isinstance(before, list) or len(before) != len(names):
            return
        for name, old, new in zip(names, before, now, strict=True):
            if old != new:
                findings.add(_MIGRATIONS, before[0], "altered", name)
    if len(known) != len(found):
        findings.add(_MIGRATIONS, max(len(known), len(found)), "rows added or removed")


def _recorded(connection: Connection, row_id: str) -> list[object] | None:
    row = row_by_id(schema.meta).row(connection, {"row_key": row_id})
    try:
        found = json.loads(_text(row["value"])) if row else None
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, list) else None


def _text(value: Value) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
