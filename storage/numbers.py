"""Numbers of incidents (`2026-000001`) and disclosures (`D-2026-0001`): the next of a series. None is given twice, not
even one of a row that the law took out since. Runs on the writer thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache

from sqlalchemy import Table, bindparam, func, select

from storage import schema, schema_cases
from storage.ledger import Ledger
from storage.statements import Row, Statement

_PREFIX = "numbers given "
_SERIES: Mapping[Table, tuple[str, int]] = {schema.incidents: ("", 6), schema_cases.disclosures: ("D-", 4)}
"""What stands before the year, and how many digits behind it."""
_NUMBERED = {str(table.name): table for table in _SERIES}


def next_number(ledger: Ledger, table: Table, utc_s: float) -> str:
    """The number of the table's next row, in the series of the time's year (UTC)."""
    prefix, digits = _SERIES[table]
    series = f"{prefix}{datetime.fromtimestamp(utc_s, UTC).year:04d}"
    bounds: Row = {"low": f"{series}-", "high": f"{series}-~"}
    last, longest = _statements(table)
    highest = max(_serial(last.row(ledger.connection, bounds)), remembered(ledger, series))
    if highest >= 10**digits - 1:
        highest = max(highest, _serial(longest.row(ledger.connection, bounds)))
    return f"{series}-{highest + 1:0{digits}d}"


def of_rows(ledger: Ledger, names: Iterable[tuple[str, str]]) -> list[str]:
    """The numbers of those of these rows (table and id) that have one."""
    rows = [ledger.find(_NUMBERED[table], row_id) for table, row_id in names if table in _NUMBERED]
    return [str(row["number"]) for row in rows if row is not None]


def remember(ledger: Ledger, numbers: Iterable[str]) -> None:
    """Keep in mind that these were given although their rows go."""
    for number in numbers:
        series, _dash, serial = number.rpartition("-")
        if int(serial) > remembered(ledger, series):
            ledger.put(schema.meta, {"id": f"{_PREFIX}{series}", "value": str(int(serial))})


def remembered(ledger: Ledger, series: str) -> int:
    """The highest number of an erased row of this series (`2026`, `D-2026`), or 0."""
    known = ledger.find(schema.meta, f"{_PREFIX}{series}")
    return 0 if known is None else int(str(known["value"]))


@cache
def _statements(table: Table) -> tuple[Statement, Statement]:
    """The last number as texts are ordered, and as numbers are: as texts, 2027-1000000 stands before 2027-999999."""
    number = table.c.number
    there = number.between(bindparam("low"), bindparam("high"))
    longest = select(number).where(there).order_by(func.length(number).desc(), number.desc()).limit(1)
    return Statement(select(func.max(number).label("number")).where(there)), Statement(longest)


def _serial(row: Row | None) -> int:
    return int(str(row["number"]).rpartition("-")[2]) if row and row["number"] else 0
