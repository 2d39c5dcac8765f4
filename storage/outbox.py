"""The life of an alert: sent or failed, answered, escalated to the next service. Runs on the writer thread.

Messages are written with the fact that they tell (`handovers.queue_alerts`); who sends them is `app.outbox`.
"""

from __future__ import annotations

from sqlalchemy import bindparam, select

from storage import schema, schema_cases, values
from storage.errors import StorageCode, StorageError
from storage.handovers import answer_handover_of, hand_over_to
from storage.incident_moves import check_version, illegal, settle_alerts
from storage.ledger import Ledger
from storage.outcome import Done
from storage.records import Actor, IncidentState
from storage.release_commands import AnswerAlert, EscalateAlert, MarkAlert
from storage.release_records import OutboxState
from storage.rows import plain
from storage.statements import Row, Statement

_outbox, _handovers = schema_cases.outbox, schema_cases.handovers
_MARKS = frozenset({OutboxState.WAITING, OutboxState.SENT, OutboxState.FAILED})
_SOMEBODY_ACTS = frozenset(
    {IncidentState.ACCEPTED, IncidentState.ON_SCENE, IncidentState.RESOLVED, IncidentState.CLOSED}
)
_LONGEST_CODE = 200

_HANDOVER = Statement(
    select(_handovers)
    .where(_handovers.c.incident_id == bindparam("incident_id"), _handovers.c.service_id == bindparam("service_id"))
    .order_by(_handovers.c.id.desc())
    .limit(1)
)


def mark_alert(ledger: Ledger, command: MarkAlert, _actor: Actor) -> Done:
    """Note an attempt to send and when the next look is due."""
    row = _message(ledger, command)
    if command.state not in _MARKS:
        raise values.bad("state", "no result of an attempt")
    now_utc_s = float(ledger.clock())
    changes: Row = {
        "attempts": int(row["attempts"]) + 1,
        "next_utc_s": values.utc_s("next_utc_s", command.next_utc_s),
        "error": values.text("error", command.error, _LONGEST_CODE),
    }
    if command.state is OutboxState.SENT:
        changes["sent_utc_s"] = now_utc_s
    _move(ledger, row, command.state, changes)
    return Done(_outbox.name, command.message_id, incident_id=str(row["incident_id"]))


def answer_alert(ledger: Ledger, command: AnswerAlert, actor: Actor) -> Done:
    """A service's answer: moves its hand-over, and ends its other messages about the incident. The same answer again
    changes nothing; another one after it is refused."""
    row = ledger.get(_outbox, command.message_id)
    if command.route_id not in (None, row["route_id"]):
        raise StorageError(StorageCode.NOT_FOUND, table=_outbox.name, id=command.message_id)
    answer = values.text("answer", command.answer)
    incident_id, service_id = str(row["incident_id"]), str(row["service_id"])
    if row["state"] == OutboxState.ANSWERED.value and row["answer"] == answer:
        return Done(_outbox.name, command.message_id, incident_id=incident_id, repeated=True)
    if OutboxState(str(row["state"])) not in command.sources:
        raise illegal(_outbox.name, row)
    _answered(ledger, row, answer)
    settle_alerts(ledger, incident_id, "answered", service_id)
    answer_handover_of(ledger, incident_id, service_id, command.accepted, answer, actor)
    return Done(_outbox.name, command.message_id, incident_id=incident_id)


def escalate_alert(ledger: Ledger, command: EscalateAlert, actor: Actor) -> Done:
    """The next service gets a hand-over and messages of its own, unless somebody acts already or it was told before."""
    row = _message(ledger, command)
    incident = ledger.get(schema.incidents, str(row["incident_id"]))
    _move(ledger, row, command.target, {})
    service_id = _next_service(ledger, row)
    acted = IncidentState(str(incident["state"])) in _SOMEBODY_ACTS
    if service_id is not None and not acted and not _told(ledger, incident, service_id):
        before = _HANDOVER.row(ledger.connection, _key(row)) or {}
        hand_over_to(ledger, incident, service_id, str(before.get("text") or ""), actor)
    return Done(_outbox.name, command.message_id, incident_id=str(incident["id"]))


def _next_service(ledger: Ledger, message: Row) -> str | None:
    """The service that the message's route names for want of an answer, if it is in use."""
    route = ledger.find(schema_cases.alert_routes, str(message["route_id"])) or {}
    service = ledger.find(schema_cases.services, str(route.get("escalate_to_id") or ""))
    return None if service is None or service["retired"] else str(service["id"])


def _told(ledger: Ledger, incident: Row, service_id: str) -> bool:
    """Whether the incident was given to this service before: a ring of routes ends where it began."""
    return _HANDOVER.row(ledger.connection, {"incident_id": incident["id"], "service_id": service_id}) is not None


def _key(message: Row) -> Row:
    return {"incident_id": message["incident_id"], "service_id": message["service_id"]}


def _message(ledger: Ledger, command: MarkAlert | EscalateAlert) -> Row:
    row = ledger.get(_outbox, command.message_id)
    check_version(_outbox.name, row, command.version)
    if OutboxState(str(row["state"])) not in command.sources:
        raise illegal(_outbox.name, row)
    return row


def _answered(ledger: Ledger, row: Row, answer: str) -> None:
    _move(ledger, row, OutboxState.ANSWERED, {"answered_utc_s": float(ledger.clock()), "answer": answer})


def _move(ledger: Ledger, row: Row, state: OutboxState, changes: Row) -> None:
    ledger.update(_outbox, row, {**changes, "state": plain(state), "version": int(row["version"]) + 1})
