"""What the machine writes: events that raise or feed alarms, and their evidence. Runs on the writer thread."""

from __future__ import annotations

import logging

from sqlalchemy import and_, bindparam, select

from storage import schema
from storage.commands import AttachEvidence, RecordEvent
from storage.incident_moves import open_incident
from storage.ledger import Ledger
from storage.outcome import Done
from storage.records import Actor, AlarmState, Event, IncidentState, Verdict, new_id
from storage.rows import event_row, evidence_row
from storage.statements import Row, Statement, constant

log = logging.getLogger(__name__)

ALARM_WINDOW_S = 60.0
"""An event this soon after a judged incident's alarm, while the incident is open, is the same ongoing thing."""

_alarms, _incidents, _events = schema.alarms, schema.incidents, schema.events
_ALARM_OF_EVENT = Statement(
    select(_alarms.c.id, _alarms.c.incident_id, _incidents.c.number)
    .select_from(_events)
    .join(_alarms, _alarms.c.id == _events.c.alarm_id)
    .outerjoin(_incidents, _incidents.c.id == _alarms.c.incident_id)
    .where(_events.c.id == bindparam("event_id"))
)
_OPEN_ALARM = Statement(
    select(_alarms)
    .where(_alarms.c.group_key == bindparam("group_key"), _alarms.c.state != constant(AlarmState.JUDGED))
    .order_by(_alarms.c.id.desc())
    .limit(1)
)
_ONGOING_ALARM = Statement(
    select(_alarms)
    .join(
        _incidents,
        and_(_incidents.c.id == _alarms.c.incident_id, _incidents.c.state != constant(IncidentState.CLOSED)),
    )
    .where(
        _alarms.c.group_key == bindparam("group_key"),
        _alarms.c.last_utc_s > bindparam("after_utc_s"),
        _alarms.c.first_utc_s < bindparam("before_utc_s"),  # a clock set back makes nothing ongoing
    )
    .order_by(_alarms.c.id.desc())
    .limit(1)
)


def record_event(ledger: Ledger, command: RecordEvent, actor: Actor) -> Done:
    """Write the event and feed or raise its alarm. An event id that is there already changes nothing."""
    event = command.event
    alarm = _alarm_to_feed(ledger, event)
    new = _new_alarm(ledger, event) if alarm is None else alarm
    if not ledger.insert_new(schema.events, event_row(event, str(new["id"]))):
        return _repeated(ledger, event)
    if alarm is not None:
        _feed(ledger, alarm, event)
        return _done(alarm, raised=False, number=_number(ledger, alarm))
    incident: Row = {}
    if command.opens_incident and not _in_use(ledger, command.category_id):
        log.warning("no category %r: the alarm waits for an operator's verdict", command.category_id)
    elif command.opens_incident:
        incident = open_incident(ledger, new, command.category_id, new_id(ledger.clock()), None)
        judged = {"state": AlarmState.JUDGED.value, "verdict": Verdict.INCIDENT.value, "owner_id": actor.id}
        new = {**new, **judged, "incident_id": incident["id"]}
    ledger.insert(schema.alarms, new)
    return _done(new, raised=True, number=incident.get("number"))


def attach_evidence(ledger: Ledger, command: AttachEvidence, _actor: Actor) -> Done:
    """Add a stored file to its event's alarm. Evidence that is there already changes nothing."""
    evidence = command.evidence
    event = ledger.get(schema.events, evidence.event_id)
    alarm = ledger.get(schema.alarms, str(event["alarm_id"]))
    repeated = ledger.find(schema.evidence, evidence.id) is not None
    if not repeated:
        ledger.insert(schema.evidence, evidence_row(evidence, str(alarm["id"])))
    return _done(alarm, raised=False, number=_number(ledger, alarm), repeated=repeated)


def _alarm_to_feed(ledger: Ledger, event: Event) -> Row | None:
    key = event.group_key
    return (
        ledger.known.get(key)
        or _OPEN_ALARM.row(ledger.connection, {"group_key": key})
        or _ONGOING_ALARM.row(
            ledger.connection,
            {
                "group_key": key,
                "after_utc_s": event.utc_s - ALARM_WINDOW_S,
                "before_utc_s": event.utc_s + ALARM_WINDOW_S,
            },
        )
    )


def _in_use(ledger: Ledger, category_id: str) -> bool:
    row = ledger.find(schema.categories, category_id)
    return row is not None and not row["retired"]


def _feed(ledger: Ledger, alarm: Row, event: Event) -> None:
    """Count, times and severity; only a higher severity is a new version, since it may change a decision."""
    severity, version, utc_s = int(alarm["severity"]), int(alarm["version"]), float(event.utc_s)
    changes: Row = {
        "count": int(alarm["count"]) + 1,
        "first_utc_s": min(float(alarm["first_utc_s"]), utc_s),
        "last_utc_s": max(float(alarm["last_utc_s"]), utc_s),
    }
    if int(event.severity) > severity:
        changes |= {"severity": int(event.severity), "version": version + 1}
    fed = ledger.update(schema.alarms, alarm, changes)
    if fed["state"] != AlarmState.JUDGED.value:
        ledger.known[event.group_key] = fed


def _repeated(ledger: Ledger, event: Event) -> Done:
    found = _ALARM_OF_EVENT.row(ledger.connection, {"event_id": event.id}) or {}
    return _done(found, raised=False, number=found["number"], repeated=True)


def _new_alarm(ledger: Ledger, event: Event) -> Row:
    return {
        "id": new_id(ledger.clock()),
        "group_key": event.group_key,
        "camera_id": event.camera_id,
        "rule_id": event.rule_id,
        "severity": int(event.severity),
        "state": AlarmState.RAISED.value,
        "first_utc_s": float(event.utc_s),
        "last_utc_s": float(event.utc_s),
        "count": 1,
        "first_event_id": event.id,
        "version": 1,
        "owner_id": None,
        "verdict": None,
        "incident_id": None,
    }


def _number(ledger: Ledger, alarm: Row) -> object:
    if alarm["incident_id"] is None:
        return None
    return ledger.get(schema.incidents, str(alarm["incident_id"]))["number"]


def _done(alarm: Row, *, raised: bool, number: object, repeated: bool = False) -> Done:
    incident_id = alarm["incident_id"]
    return Done(
        schema.alarms.name,
        str(alarm["id"]),
        alarm_id=str(alarm["id"]),
        alarm_raised=raised,
        incident_id=None if incident_id is None else str(incident_id),
        incident_number=None if number is None else str(number),
        repeated=repeated,
    )
