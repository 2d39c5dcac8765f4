"""The life of alarms, and the first and last steps of incidents (`cases` has the others). Runs on the writer thread.

Transitions come from the command's `sources`; a command names the version that its author saw.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select

from storage import schema, schema_cases, values
from storage.access import Permission, may
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
from storage.incident_moves import asked, check_version, done, illegal, move, named, open_incident, settle_alerts
from storage.ledger import Ledger
from storage.outcome import Done
from storage.records import Actor, AlarmState, IncidentState, Verdict, new_id
from storage.rows import plain
from storage.statements import Row, Statement, constant

_alarms = schema.alarms
_NEWER_ALARM = Statement(
    select(_alarms.c.id)
    .where(_alarms.c.group_key == bindparam("group_key"), _alarms.c.state != constant(AlarmState.JUDGED))
    .limit(1)
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
        incident = _joinable(ledger, command.incident_id, actor)
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
        raise illegal(schema.alarms.name, row)
    newer = _NEWER_ALARM.row(ledger.connection, {"group_key": row["group_key"]})
    if newer is not None:  # one open alarm of one place and cause: what happens next would feed only one of two
        raise illegal(schema.alarms.name, row, reason="a newer alarm is open", newer=str(newer["id"]))
    _change_alarm(ledger, row, state=AlarmState.ACKNOWLEDGED, verdict=None, owner_id=actor.id)
    return Done(schema.alarms.name, command.alarm_id, alarm_id=command.alarm_id)


def move_incident(ledger: Ledger, command: AcknowledgeIncident | VerifyIncident, actor: Actor) -> Done:
    """Transitions without more to say: the owner is who acknowledges, or the first who acted."""
    row = asked(ledger, command, actor)
    if isinstance(command, AcknowledgeIncident):
        _refuse_anothers(ledger, row, actor)
    owner_id = actor.id if isinstance(command, AcknowledgeIncident) else row["owner_id"] or actor.id
    return move(ledger, row, command.target, owner_id=owner_id)


def _refuse_anothers(ledger: Ledger, row: Row, actor: Actor) -> None:
    """Who judged the alarm owns the incident: to take it from them needs ASSIGN."""
    if row["owner_id"] in (None, actor.id) or may(ledger.role(actor), Permission.ASSIGN):
        return
    raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, permission=Permission.ASSIGN.value)


def reopen_incident(ledger: Ledger, command: ReopenIncident, actor: Actor) -> Done:
    """Undo a closure. A merged incident stays closed: its alarms are the other one's now."""
    row = asked(ledger, command, actor)
    if row["merged_into_id"] is not None:
        raise illegal(schema.incidents.name, row, reason="merged", into=str(row["merged_into_id"]))
    owner_id = row["owner_id"] or actor.id
    return move(ledger, row, command.target, owner_id=owner_id, outcome=None, closed_utc_s=None)


def close_incident(ledger: Ledger, command: CloseIncident, actor: Actor) -> Done:
    """End it with an outcome and a note; nobody waits for its answers any more."""
    row = asked(ledger, command, actor)
    outcome = values.in_use(ledger, schema_cases.outcomes, plain(command.outcome))["id"]
    note = values.text("note", command.note)
    settle_alerts(ledger, str(row["id"]), "closed")
    return move(ledger, row, command.target, outcome=outcome, note=note)


def record_export(ledger: Ledger, command: RecordExport, actor: Actor) -> Done:
    """Note that a file about the incident left the system."""
    incident = named(ledger, command.incident_id, actor)
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
    return done(incident)


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


def _alarm(ledger: Ledger, command: AcknowledgeAlarm | JudgeAlarm | ReopenAlarm) -> Row:
    row = ledger.get(schema.alarms, command.alarm_id)
    check_version(schema.alarms.name, row, command.version)
    if AlarmState(str(row["state"])) not in command.sources:
        raise illegal(schema.alarms.name, row)
    return row


def _joinable(ledger: Ledger, incident_id: str | None, actor: Actor) -> Row:
    if incident_id is None:
        raise values.bad("incident_id", "no incident to join")
    incident = named(ledger, incident_id, actor)
    if incident["state"] == IncidentState.CLOSED.value:
        raise illegal(schema.incidents.name, incident)
    return incident


def _change_alarm(ledger: Ledger, row: Row, **changes: Any) -> None:
    new = {k: plain(v) for k, v in changes.items()}
    ledger.known.clear()
    ledger.update(schema.alarms, row, {**new, "version": int(row["version"]) + 1})
