"""How many rows each fact table has. Any thread, on a connection of its own."""

from __future__ import annotations

from sqlalchemy import func, select

from storage import schema
from storage.driver import Connection
from storage.layout import present
from storage.statements import Statement

_COUNTS = {name: Statement(select(func.count().label("n")).select_from(t)) for name, t in schema.FACTS.items()}


def count_rows(connection: Connection) -> dict[str, int]:
    """Rows by table; a table that an older file lacks is left out."""
    there = present(connection)
    return {name: int((s.row(connection) or {})["n"]) for name, s in _COUNTS.items() if name in there}
