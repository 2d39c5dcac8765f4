"""The life of alarms and incidents: the only code that changes their state. Runs on the writer thread.

Transitions come from the command's `sources`; a command names the version that its author saw.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, func, select

from storage import schema
from storage.commands import (
    AcknowledgeAlarm,
    AcknowledgeIncident,
    CloseIncident,
    JudgeAlarm,
    RecordExport,
    RecordFootageDigest,
    ReopenAlarm,
    ReopenIncident,
    VerifyIncident,
)
from storage.errors import StorageCode, StorageError
from storage.ledger import Ledger
from storage.outcome import Done
from storage.records import Actor, AlarmState, IncidentState, Outcome, Verdict, new_id
from storage.rows import plain
from storage.statements import Row, Statement

_NUMBER = schema.incidents.c.number
_LAST_NUMBER = Statement(
    select(func.max(_NUMBER).label("number")).where(_NUMBER.between(bindparam("low"), bindparam("high")))
)


def acknowledge_alarm(ledger: Ledger, command: AcknowledgeAlarm, actor: Actor) -> Done:
    """The actor takes the alarm."""
    row = _alarm(ledger, command)
    _change_alarm(ledger, row, state=AlarmState.ACKNOWLEDGED, owner_id=actor.id)
    return Done(schema.alarms.name, command.alarm_id, alarm_id=command.alarm_id)


def judge_alarm(ledger: Ledger, command: JudgeAlarm, actor: Actor) -> Done:
    """Make it an incident, join it to an open one, or call it false."""
    row = _alarm(ledger, command)
    incident: Row | None = None
    if not isinstance(command.verdict, Verdict):
        raise StorageError(StorageCode.BAD_VALUE, verdict=str(command.verdict))
    if command.verdict is Verdict.INCIDENT:
        incident = open_incident(ledger, row, command.category_id, command.new_incident_id, actor.id)
    elif command.verdict is Verdict.JOINED:
        incident = _joinable(ledger, command.incident_id)
    incident_id = None if incident is None else str(incident["id"])
    owner_id = row["owner_id"] or actor.id
    _change_alarm(
        ledger, row, state=AlarmState.JUDGED, verdict=command.verdict, incident_id=incident_id, owner_id=owner_id
    )
    number = None if incident is None else str(incident["number"])
    return Done(schema.alarms.name, command.alarm_id, command.alarm_id, incident_id=incident_id, incident_number=number)


def reopen_alarm(ledger: Ledger, command: ReopenAlarm, actor: Actor) -> Done:
    """Undo a false verdict; an incident's alarm is undone by closing the incident as false."""
    row = _alarm(ledger, command)
    if row["verdict"] != Verdict.FALSE.value:
        raise _illegal(schema.alarms.name, row)
    _change_alarm(ledger, row, state=AlarmState.ACKNOWLEDGED, verdict=None, owner_id=actor.id)
    return Done(schema.alarms.name, command.alarm_id, alarm_id=command.alarm_id)


def move_incident(ledger: Ledger, command: AcknowledgeIncident | VerifyIncident | ReopenIncident, actor: Actor) -> Done:
    """Transitions without more to say: the owner is the first who acted; reopening clears the outcome."""
    row = _incident(ledger, command)
    owner_id = actor.id if isinstance(command, AcknowledgeIncident) else row["owner_id"] or actor.id
    outcome = None if isinstance(command, ReopenIncident) else row["outcome"]
    return _change_incident(ledger, row, state=command.target, owner_id=owner_id, outcome=outcome)


def close_incident(ledger: Ledger, command: CloseIncident, _actor: Actor) -> Done:
    """End it with an outcome and a note."""
    row = _incident(ledger, command)
    if not isinstance(command.outcome, Outcome):
        raise StorageError(StorageCode.BAD_VALUE, outcome=str(command.outcome))
    return _change_incident(ledger, row, state=command.target, outcome=command.outcome, note=command.note)


def record_export(ledger: Ledger, command: RecordExport, actor: Actor) -> Done:
    """Note that a file about the incident left the system."""
    incident = ledger.get(schema.incidents, command.incident_id)
    at_utc_s = float(ledger.clock())
    row: Row = {
        "id": new_id(at_utc_s),
        "incident_id": command.incident_id,
        "format": command.format,
        "sha256": command.sha256,
        "at_utc_s": at_utc_s,
        "actor_id": actor.id,
    }
    ledger.insert(schema.exports, row)
    number = str(incident["number"])
    return Done(schema.incidents.name, command.incident_id, incident_id=command.incident_id, incident_number=number)


def record_footage_digest(ledger: Ledger, command: RecordFootageDigest, _actor: Actor) -> Done:
    """Put the hashes of closed segments into the chain."""
    if command.to_utc_s <= command.from_utc_s or command.count < 0:
        raise StorageError(StorageCode.BAD_VALUE, table=schema.footage_digests.name, field="to_utc_s")
    at_utc_s = float(ledger.clock())
    row: Row = {
        "id": new_id(at_utc_s),
        "from_utc_s": float(command.from_utc_s),
        "to_utc_s": float(command.to_utc_s),
        "count": command.count,
        "digest": command.digest,
        "at_utc_s": at_utc_s,
    }
    ledger.insert(schema.footage_digests, row)
    return Done(schema.footage_digests.name, str(row["id"]))


def open_incident(ledger: Ledger, alarm: Row, category_id: str, incident_id: str, owner_id: str | None) -> Row:
    """Number and write a new incident about an alarm; place, object and restriction come from its camera."""
    if ledger.find(schema.categories, category_id) is None:
        raise StorageError(StorageCode.BAD_VALUE, table=schema.categories.name, id=category_id)
    if ledger.find(schema.incidents, incident_id) is not None:
        raise StorageError(StorageCode.BAD_VALUE, table=schema.incidents.name, id=incident_id)
    camera = ledger.find(schema.cameras, str(alarm["camera_id"])) or {}
    opened_utc_s = float(ledger.clock())
    row: Row = {
        "id": incident_id,
        "number": _next_number(ledger, opened_utc_s),
        "category_id": category_id,
        "severity": alarm["severity"],
        "state": IncidentState.NEW.value,
        "camera_id": alarm["camera_id"],
        "opened_utc_s": opened_utc_s,
        "version": 1,
        "place_id": camera.get("place_id"),
        "object_id": camera.get("object_id"),
        "owner_id": owner_id,
        "outcome": None,
        "note": "",
        "restricted": camera.get("restricted", 0),
    }
    ledger.insert(schema.incidents, row)
    return row


def _next_number(ledger: Ledger, utc_s: float) -> str:
    year = f"{datetime.fromtimestamp(utc_s, UTC).year:04d}"
    row = _LAST_NUMBER.row(ledger.connection, {"low": f"{year}-", "high": f"{year}-~"}) or {}
    last = int(str(row["number"]).partition("-")[2]) if row.get("number") else 0
    return f"{year}-{last + 1:06d}"


def _alarm(ledger: Ledger, command: AcknowledgeAlarm | JudgeAlarm | ReopenAlarm) -> Row:
    row = ledger.get(schema.alarms, command.alarm_id)
    _check_version(schema.alarms.name, row, command.version)
    if AlarmState(str(row["state"])) not in command.sources:
        raise _illegal(schema.alarms.name, row)
    return row


def _incident(ledger: Ledger, command: AcknowledgeIncident | VerifyIncident | CloseIncident | ReopenIncident) -> Row:
    row = ledger.get(schema.incidents, command.incident_id)
    _check_version(schema.incidents.name, row, command.version)
    if IncidentState(str(row["state"])) not in command.sources:
        raise _illegal(schema.incidents.name, row)
    return row


def _joinable(ledger: Ledger, incident_id: str | None) -> Row:
    if incident_id is None:
        raise StorageError(StorageCode.BAD_VALUE, reason="no incident to join")
    incident = ledger.get(schema.incidents, incident_id)
    if incident["state"] == IncidentState.CLOSED.value:
        raise _illegal(schema.incidents.name, incident)
    return incident


def _change_alarm(ledger: Ledger, row: Row, **changes: Any) -> None:
    new = {k: plain(v) for k, v in changes.items()}
    ledger.known.clear()
    ledger.update(schema.alarms, row, {**new, "version": int(row["version"]) + 1})


def _change_incident(ledger: Ledger, row: Row, **changes: Any) -> Done:
    new = {k: plain(v) for k, v in changes.items()}
    ledger.update(schema.incidents, row, {**new, "version": int(row["version"]) + 1})
    incident_id, number = str(row["id"]), str(row["number"])
    return Done(schema.incidents.name, incident_id, incident_id=incident_id, incident_number=number)


def _check_version(table: str, row: Row, version: int) -> None:
    if row["version"] != version:
        raise StorageError(StorageCode.STALE_VERSION, table=table, id=str(row["id"]), version=version)


def _illegal(table: str, row: Row) -> StorageError:
    return StorageError(StorageCode.ILLEGAL_TRANSITION, table=table, id=str(row["id"]), state=str(row["state"]))
