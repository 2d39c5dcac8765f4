"""The one place where an incident is made, moved and changed. Runs on the writer thread.

Every move stamps its time once, asks the registry when somebody must act next, and is a new version. Which moves are
legal stands with the commands (`sources`, `target`).
"""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import and_, bindparam, or_, select

from storage import need_to_know, numbers, schema, schema_cases, values
from storage.errors import StorageCode, StorageError
from storage.ledger import Ledger
from storage.outcome import Done
from storage.records import Actor, Incident, IncidentState, Severity
from storage.release_records import OutboxState
from storage.rows import plain, to_row
from storage.statements import Row, Statement, Value, constant

_deadlines = schema_cases.deadlines
_DEADLINE = Statement(
    select(_deadlines)
    .where(
        _deadlines.c.state == bindparam("state"),
        _deadlines.c.retired == 0,
        or_(_deadlines.c.category_id == bindparam("category_id"), _deadlines.c.category_id.is_(None)),
    )
    .order_by(_deadlines.c.category_id.is_(None), _deadlines.c.seconds)
    .limit(1)
)
_outbox = schema_cases.outbox
_OPEN_ALERTS = Statement(
    select(_outbox).where(
        and_(
            _outbox.c.incident_id == bindparam("incident_id"),
            or_(*(_outbox.c.state == constant(state) for state in (OutboxState.WAITING, OutboxState.SENT))),
        )
    )
)

STAMPS = {
    IncidentState.ACKNOWLEDGED: "acknowledged_utc_s",
    IncidentState.HANDED_OVER: "handed_over_utc_s",
    IncidentState.ON_SCENE: "on_scene_utc_s",
    IncidentState.CLOSED: "closed_utc_s",
}
"""The time that a state sets when it is reached for the first time."""

RANKS = {state: rank for rank, state in enumerate(IncidentState)}
"""How far a state is."""


class OfIncident(Protocol):
    """A command about an incident."""

    @property
    def incident_id(self) -> str:
        """Which."""

    @property
    def version(self) -> int:
        """The version that its author saw."""

    @property
    def sources(self) -> frozenset[IncidentState]:
        """The states in which it may be done."""


def named(ledger: Ledger, incident_id: str, actor: Actor) -> Row:
    """An incident that the actor may see. Raises NOT_FOUND, NOT_PERMITTED."""
    row = ledger.get(schema.incidents, incident_id)
    need_to_know.require(ledger, row, actor)
    return row


def asked(ledger: Ledger, command: OfIncident, actor: Actor) -> Row:
    """A command's incident. Raises NOT_FOUND, NOT_PERMITTED, STALE_VERSION, ILLEGAL_TRANSITION."""
    row = named(ledger, command.incident_id, actor)
    check_version(schema.incidents.name, row, command.version)
    if state_of(row) not in command.sources:
        raise illegal(schema.incidents.name, row)
    return row


def state_of(row: Row) -> IncidentState:
    """The row's state."""
    return IncidentState(str(row["state"]))


def move(ledger: Ledger, row: Row, target: IncidentState, **changes: Any) -> Done:
    """To another state. What `changes` says goes before the stamps and the deadline that belong to the state."""
    now_utc_s = float(ledger.clock())
    stamps = {STAMPS[state] for state in (IncidentState.ACKNOWLEDGED, target) if state in STAMPS and _acted(target)}
    changes = {**{stamp: now_utc_s for stamp in stamps if row[stamp] is None}, **changes}
    due_utc_s = due(ledger, str(row["category_id"]), target)
    return change(ledger, row, **{"state": target, "due_utc_s": due_utc_s, "escalated_utc_s": None, **changes})


def _acted(target: IncidentState) -> bool:
    """Whoever does anything about an incident has taken note of it."""
    return target is not IncidentState.NEW


def change(ledger: Ledger, row: Row, **changes: Any) -> Done:
    """Write a new version of the row."""
    new = {k: plain(v) for k, v in changes.items()}
    ledger.update(schema.incidents, row, {**new, "version": int(row["version"]) + 1})
    return done(row)


def done(row: Row, *, repeated: bool = False) -> Done:
    """The receipt of a command about this incident."""
    incident_id, number = str(row["id"]), str(row["number"])
    return Done(schema.incidents.name, incident_id, incident_id=incident_id, incident_number=number, repeated=repeated)


def deadline(ledger: Ledger, category_id: str, state: IncidentState) -> Row | None:
    """The deadline of a state: the category's own before the general one, the shortest first."""
    return _DEADLINE.row(ledger.connection, {"state": state.value, "category_id": category_id})


def due(ledger: Ledger, category_id: str, state: IncidentState) -> float | None:
    """When somebody must have acted, counted from now."""
    row = deadline(ledger, category_id, state)
    return None if row is None else float(ledger.clock()) + float(row["seconds"])


def create(ledger: Ledger, incident: Incident) -> Row:
    """Number and write a new incident; `number`, its opening, `version` and the deadline are set here."""
    opened_utc_s = float(ledger.clock())
    row = to_row(incident, schema.incidents)
    number = numbers.next_number(ledger, schema.incidents, opened_utc_s)
    row |= {"opened_utc_s": opened_utc_s, "number": number, "version": 1}
    row["due_utc_s"] = due(ledger, incident.category_id, incident.state)
    ledger.insert(schema.incidents, row)
    return {**row, "revision": 1}


def of_camera(ledger: Ledger, camera_id: str) -> dict[str, Any]:
    """Place, object, district and restriction that an incident gets from its camera."""
    camera = ledger.find(schema.cameras, camera_id) if camera_id else None
    if camera is None:
        return {"place_id": None, "object_id": None, "district_id": None, "restricted": False}
    place = ledger.find(schema.places, str(camera["place_id"])) if camera["place_id"] else None
    return {
        "place_id": camera["place_id"],
        "object_id": camera["object_id"],
        "district_id": None if place is None else place["district_id"],
        "restricted": bool(camera["restricted"]),
    }


def open_incident(ledger: Ledger, alarm: Row, category_id: str, incident_id: str, owner_id: str | None) -> Row:
    """A new incident about an alarm. Raises BAD_VALUE for a category that is not in use."""
    values.in_use(ledger, schema.categories, category_id)
    values.new(ledger, schema.incidents, incident_id)
    camera_id = str(alarm["camera_id"])
    incident = Incident(
        id=incident_id,
        number="",
        category_id=category_id,
        severity=Severity(alarm["severity"]),
        state=IncidentState.NEW,
        camera_id=camera_id,
        opened_utc_s=0.0,
        version=1,
        owner_id=owner_id,
        happened_utc_s=float(alarm["first_utc_s"]),
        **of_camera(ledger, camera_id),
    )
    return create(ledger, incident)


def settle_alerts(ledger: Ledger, incident_id: str, reason: str, service_id: str | None = None) -> None:
    """Messages that wait for sending or for an answer (of one service, or of all) do so no longer, and why."""
    for row in _OPEN_ALERTS.rows(ledger.connection, {"incident_id": incident_id}):
        if service_id is None or row["service_id"] == service_id:
            changes: dict[str, Value] = {
                "state": OutboxState.FAILED.value,
                "error": reason,
                "version": int(row["version"]) + 1,
            }
            ledger.update(_outbox, row, changes)


def check_version(table: str, row: Row, version: int) -> None:
    """Raises STALE_VERSION: somebody else was first."""
    if row["version"] != version:
        raise StorageError(StorageCode.STALE_VERSION, table=table, id=str(row["id"]), version=version)


def illegal(table: str, row: Row, **details: str) -> StorageError:
    """The refusal of a transition."""
    state = str(row["state"])
    return StorageError(StorageCode.ILLEGAL_TRANSITION, table=table, id=str(row["id"]), state=state, **details)
