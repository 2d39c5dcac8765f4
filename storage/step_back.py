"""What undoing an incident's last move means, read from its history. Runs on the writer thread."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import bindparam, select

from storage import schema
from storage.case_commands import StepBackIncident
from storage.incident_moves import STAMPS, illegal
from storage.ledger import Ledger
from storage.records import IncidentState
from storage.statements import Row, Statement

_history, _audit = schema.history, schema.audit
_VERSIONS = Statement(
    select(_audit.c.action, _history.c.payload)
    .select_from(_history)
    .join(_audit, _audit.c.seq == _history.c.seq)
    .where(_history.c.table_name == bindparam("table_name"), _history.c.row_id == bindparam("row_id"))
    .order_by(_history.c.version)
)
_SET_BY_MOVES = (*STAMPS.values(), "owner_id", "service_id")

_Payload = dict[str, Any]


def before_last_move(ledger: Ledger, row: Row) -> tuple[IncidentState, dict[str, Any]]:
    """The state before the last move that still stands, and the fields that this move set, as they were before it;
    what was changed since keeps its value. A step back undone is no move.

    Raises ILLEGAL_TRANSITION when there is nothing to go back to, or only a closure: that is closed again instead."""
    ledger.flush()  # commands of the same group belong to the history too
    moves = _moves(ledger, row)
    if not moves:
        raise illegal(schema.incidents.name, row, reason="nothing to go back to")
    before, after = moves[-1]
    target = IncidentState(before["state"])
    if target is IncidentState.CLOSED:
        raise illegal(schema.incidents.name, row, reason="it was closed")
    fields = [name for name in _SET_BY_MOVES if before.get(name) != after.get(name) and row[name] == after.get(name)]
    return target, {name: before.get(name) for name in fields}


def _moves(ledger: Ledger, row: Row) -> list[tuple[_Payload, _Payload]]:
    """The moves that were not undone, oldest first: the row before and after each."""
    found: list[tuple[_Payload, _Payload]] = []
    last: _Payload | None = None
    key = {"table_name": schema.incidents.name, "row_id": row["id"]}
    for version in _VERSIONS.rows(ledger.connection, key):
        if version["payload"] is None:  # erased by law: nothing before it can be known
            found, last = [], None
            continue
        now: _Payload = json.loads(version["payload"])
        if last is not None and now["state"] != last["state"]:
            if version["action"] == StepBackIncident.action:
                del found[-1:]
            else:
                found.append((last, now))
        last = now
    return found
