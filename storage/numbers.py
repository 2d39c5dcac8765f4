"""Numbers that were given to rows which the law took out since: none is given twice. Runs on the writer thread."""

from __future__ import annotations

from storage import schema
from storage.ledger import Ledger

_PREFIX = "numbers given "


def remember(ledger: Ledger, number: str) -> None:
    """Keep in mind that a number (`2026-000001`, `D-2026-0001`) was given although its row is about to go."""
    series, _dash, serial = number.rpartition("-")
    if int(serial) > remembered(ledger, series):
        ledger.put(schema.meta, {"id": f"{_PREFIX}{series}", "value": str(int(serial))})


def remembered(ledger: Ledger, series: str) -> int:
    """The highest number of an erased row of this series (`2026`, `D-2026`), or 0."""
    known = ledger.find(schema.meta, f"{_PREFIX}{series}")
    return 0 if known is None else int(str(known["value"]))
