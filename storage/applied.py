"""Which migration steps a file has had, read without the runner (whose import takes 0.2 s of every start)."""

from __future__ import annotations

from storage.chain import canonical
from storage.driver import Connection
from storage.schema import SCHEMA_VERSION

MIGRATIONS_META = "migrations"
"""Id of the row of `meta` that keeps the runner's table, so that verify covers it."""


def is_current(connection: Connection) -> bool:
    """Whether no step is missing."""
    return bool(connection.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION)


def applied(connection: Connection) -> str:
    """The runner's own table as canonical text."""
    rows = connection.execute("SELECT id, migration_set, name, applied_at FROM _sqlite_migrations ORDER BY id")
    return canonical(rows.fetchall())
