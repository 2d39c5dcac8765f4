"""The journal's reads about cases: what hangs on an incident, what is late, what everybody looks for.

Functions of a connection; each exhausts its cursor.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, bindparam, or_, select

from storage import need_to_know, schema, schema_cases
from storage.case_records import (
    Exhibit,
    Handover,
    HandoverState,
    IncidentLink,
    Lookout,
    LookoutReceipt,
    LookoutState,
    Note,
    NoteKind,
    Participant,
    ProcedureStep,
)
from storage.driver import Connection
from storage.film_clocks import with_clocks
from storage.records import Incident, IncidentState
from storage.release_records import OutboxMessage, Package
from storage.rows import from_row
from storage.statements import Row, Statement, constant

_incidents, _notes, _handovers = schema.incidents, schema_cases.notes, schema_cases.handovers
_lookouts, _receipts = schema_cases.lookouts, schema_cases.lookout_receipts
_LIMIT: Any = bindparam("row_limit")

_PARTS: dict[str, tuple[Table, type]] = {
    "notes": (_notes, Note),
    "handovers": (_handovers, Handover),
    "participants": (schema_cases.participants, Participant),
    "steps": (schema_cases.procedure_steps, ProcedureStep),
    "links": (schema_cases.incident_links, IncidentLink),
    "alerts": (schema_cases.outbox, OutboxMessage),
    "packages": (schema_cases.packages, Package),
    "exhibits": (schema_cases.exhibits, Exhibit),
}
"""Fields of `journal.IncidentFile` and where they come from."""


def _of_incident(table: Table) -> Statement:
    key: Any = bindparam("incident_id")
    if table is schema_cases.packages:
        wanted = table.c.subject_id == key
    elif table is schema_cases.incident_links:
        wanted = or_(table.c.incident_id == key, table.c.other_id == bindparam("incident_id"))
    else:
        wanted = table.c.incident_id == key
    return Statement(select(table).where(wanted).order_by(table.c.id))


_OF_INCIDENT = {name: _of_incident(table) for name, (table, _) in _PARTS.items()}
_GRANTS = Statement(select(schema_cases.grants).where(schema_cases.grants.c.incident_id == bindparam("incident_id")))
_OVERDUE = Statement(
    select(_incidents)
    .where(
        _incidents.c.due_utc_s.is_not(None),
        _incidents.c.due_utc_s <= bindparam("now_utc_s"),
        _incidents.c.state != constant(IncidentState.CLOSED),
    )
    .order_by(_incidents.c.due_utc_s)
    .limit(_LIMIT)
)
_ALL_OPEN_HANDOVERS = (
    select(_handovers)
    .join(_incidents, _incidents.c.id == _handovers.c.incident_id)
    .where(
        or_(
            _handovers.c.state == constant(HandoverState.SENT),
            _handovers.c.state == constant(HandoverState.ACCEPTED),
            _handovers.c.state == constant(HandoverState.ON_SCENE),
        ),
        _incidents.c.state != constant(IncidentState.CLOSED),
    )
    .order_by(_handovers.c.id)
)
_OPEN_HANDOVERS = {
    True: Statement(_ALL_OPEN_HANDOVERS),
    False: Statement(_ALL_OPEN_HANDOVERS.where(need_to_know.CLAUSE)),
}
_LOOKOUTS = Statement(
    select(_lookouts)
    .where(_lookouts.c.state == constant(LookoutState.ACTIVE), _lookouts.c.expires_utc_s > bindparam("now_utc_s"))
    .order_by(_lookouts.c.severity.desc(), _lookouts.c.id.desc())
)
_RECEIPTS = Statement(
    select(_receipts).where(_receipts.c.lookout_id == bindparam("lookout_id")).order_by(_receipts.c.at_utc_s)
)
_OPEN_NOTES = Statement(
    select(_notes)
    .where(
        _notes.c.actor_id == bindparam("actor_id"),
        _notes.c.incident_id.is_(None),
        or_(_notes.c.kind == constant(NoteKind.MARK), _notes.c.kind == constant(NoteKind.BOOKMARK)),
    )
    .order_by(_notes.c.id.desc())
    .limit(_LIMIT)
)


def parts(connection: Connection, incident_id: str) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Everything that hangs on the incident as fields of `IncidentFile`, and the rows (table, id) for its history.
    What was taken back (removed) is only in the history."""
    found: dict[str, Any] = {}
    subjects: list[tuple[str, str]] = []
    for name, (table, kind) in _PARTS.items():
        rows = _OF_INCIDENT[name].rows(connection, {"incident_id": incident_id})
        found[name] = tuple(from_row(kind, row) for row in rows if not row.get("removed"))
        subjects += _subjects(table, rows)
    found["exhibits"] = with_clocks(found["exhibits"], found["notes"])
    subjects += _subjects(schema_cases.grants, _GRANTS.rows(connection, {"incident_id": incident_id}))
    return found, subjects


def overdue(connection: Connection, now_utc_s: float, limit: int) -> list[Incident]:
    """Incidents whose deadline has passed, the longest ago first."""
    rows = _OVERDUE.rows(connection, {"now_utc_s": now_utc_s, "row_limit": limit})
    return [from_row(Incident, row) for row in rows]


def open_handovers(connection: Connection, viewer_id: str | None = None) -> list[Handover]:
    """Hand-overs of open incidents that a service has or is to have, oldest first; only of incidents that the viewer
    may know of."""
    sees_all = need_to_know.sees_all(connection, viewer_id)
    values = {} if sees_all else need_to_know.clause_values(connection, str(viewer_id))
    return [from_row(Handover, row) for row in _OPEN_HANDOVERS[sees_all].rows(connection, values)]


def lookouts(connection: Connection, now_utc_s: float) -> list[Lookout]:
    """Bulletins in force, most severe and newest first."""
    return [from_row(Lookout, row) for row in _LOOKOUTS.rows(connection, {"now_utc_s": now_utc_s})]


def lookout_receipts(connection: Connection, lookout_id: str) -> list[LookoutReceipt]:
    """Who has read it, the first one first."""
    return [from_row(LookoutReceipt, row) for row in _RECEIPTS.rows(connection, {"lookout_id": lookout_id})]


def open_notes(connection: Connection, actor_id: str, limit: int) -> list[Note]:
    """The author's marks and bookmarks that belong to no incident yet, newest first."""
    rows = _OPEN_NOTES.rows(connection, {"actor_id": actor_id, "row_limit": limit})
    return [from_row(Note, row) for row in rows]


def _subjects(table: Table, rows: list[Row]) -> list[tuple[str, str]]:
    return [(str(table.name), str(row["id"])) for row in rows]
