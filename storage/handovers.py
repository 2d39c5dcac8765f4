"""Hand-overs to services: the row, the alerts that tell them, the answers and what these do to the incident.

Everything of one hand-over is one transaction: a service that is to be told is never forgotten by a crash in between.
Runs on the writer thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import bindparam, or_, select

from storage import schema, schema_cases, values
from storage.case_commands import AnswerHandover, HandOverIncident
from storage.case_records import Handover, HandoverState, Note, NoteKind
from storage.chain import canonical
from storage.commands import Command
from storage.incident_moves import RANKS, asked, check_version, done, illegal, move, named, settle_alerts, state_of
from storage.ledger import Ledger
from storage.outcome import Done
from storage.records import Actor, IncidentState, Role, new_id
from storage.release_records import Channel, OutboxMessage, OutboxState
from storage.rows import to_row
from storage.statements import Row, Statement, constant

_handovers, _routes, _outbox = schema_cases.handovers, schema_cases.alert_routes, schema_cases.outbox
OPEN = (HandoverState.SENT, HandoverState.ACCEPTED, HandoverState.ON_SCENE)
"""The service has it, or is to have it."""
_OPEN = Statement(
    select(_handovers)
    .where(
        _handovers.c.incident_id == bindparam("incident_id"),
        or_(*(_handovers.c.state == constant(state) for state in OPEN)),
    )
    .order_by(_handovers.c.id.desc())
)
_ROUTES = Statement(
    select(_routes)
    .where(
        _routes.c.service_id == bindparam("service_id"),
        _routes.c.retired == 0,
        _routes.c.enabled == 1,
        _routes.c.min_severity <= bindparam("severity"),
        or_(_routes.c.category_id.is_(None), _routes.c.category_id == bindparam("category_id")),
        or_(_routes.c.district_id.is_(None), _routes.c.district_id == bindparam("district_id")),
    )
    .order_by(_routes.c.id)
)

ANSWERS: dict[HandoverState, frozenset[HandoverState]] = {
    HandoverState.SENT: frozenset(HandoverState) - {HandoverState.SENT},
    HandoverState.ACCEPTED: frozenset(HandoverState) - {HandoverState.SENT, HandoverState.ACCEPTED},
    HandoverState.ON_SCENE: frozenset({HandoverState.DONE, HandoverState.REFUSED, HandoverState.WITHDRAWN}),
}
"""What may follow what."""

_REACHED = {
    HandoverState.SENT: IncidentState.HANDED_OVER,
    HandoverState.ACCEPTED: IncidentState.ACCEPTED,
    HandoverState.ON_SCENE: IncidentState.ON_SCENE,
    HandoverState.DONE: IncidentState.RESOLVED,
}
_WITH_SERVICE = frozenset({IncidentState.HANDED_OVER, IncidentState.ACCEPTED, IncidentState.ON_SCENE})


def hand_over(ledger: Ledger, command: HandOverIncident, actor: Actor) -> Done:
    """Give it to a service and tell it. A second service may be asked while the first one works."""
    row = asked(ledger, command, actor)
    values.new(ledger, _handovers, command.new_handover_id)
    return hand_over_to(ledger, row, command.service_id, command.text, actor, command.new_handover_id)


def hand_over_to(
    ledger: Ledger, row: Row, service_id: str, text: str, actor: Actor, handover_id: str | None = None
) -> Done:
    """The hand-over of an incident that was read here, its messages, its move (never backwards)."""
    values.in_use(ledger, schema_cases.services, service_id)
    words = values.text("text", text)
    now_utc_s = float(ledger.clock())
    handover = Handover(
        id=handover_id or new_id(now_utc_s),
        incident_id=str(row["id"]),
        service_id=service_id,
        at_utc_s=now_utc_s,
        actor_id=actor.id,
        text=words,
        state=HandoverState.SENT,
        version=1,
    )
    ledger.insert(_handovers, to_row(handover, _handovers))
    queue_alerts(ledger, row, service_id, words)
    target = max(IncidentState.HANDED_OVER, state_of(row), key=lambda state: RANKS[state])
    acting = None if ledger.role(actor) is Role.SERVICE else actor.id  # an escalation by the program owns nothing
    return move(ledger, row, target, service_id=service_id, owner_id=row["owner_id"] or acting)


def queue_alerts(ledger: Ledger, incident: Row, service_id: str, text: str) -> int:
    """One message a matching route of the service; how many. The body names no people of ours."""
    key = {name: incident[name] for name in ("severity", "category_id", "district_id")}
    routes = _ROUTES.rows(ledger.connection, {**key, "service_id": service_id})
    now_utc_s = float(ledger.clock())
    body = canonical(_content(ledger, incident, text)) if routes else ""
    for route in routes:
        message = OutboxMessage(
            id=new_id(now_utc_s),
            route_id=str(route["id"]),
            service_id=service_id,
            incident_id=str(incident["id"]),
            channel=Channel(str(route["channel"])),
            target=str(route["target"]),
            body=body,
            state=OutboxState.WAITING,
            attempts=0,
            next_utc_s=now_utc_s,
            created_utc_s=now_utc_s,
            version=1,
        )
        ledger.insert(_outbox, to_row(message, _outbox))
    return len(routes)


def answer_handover(ledger: Ledger, command: AnswerHandover, actor: Actor) -> Done:
    """What the service said on the telephone or the radio; its messages wait for no other answer."""
    handover = ledger.get(_handovers, command.handover_id)
    incident = named(ledger, str(handover["incident_id"]), actor)
    check_version(_handovers.name, handover, command.version)
    if HandoverState(str(handover["state"])) not in command.sources:
        raise illegal(_handovers.name, handover)
    if not isinstance(command.state, HandoverState):
        raise values.bad("state", "not an answer")
    _answer(ledger, handover, command.state, values.text("answer", command.answer))
    settle_alerts(ledger, str(incident["id"]), command.state.value, str(handover["service_id"]))
    return _follow(ledger, incident, command.state)


def answer_handover_of(
    ledger: Ledger, incident_id: str, service_id: str, accepted: bool, answer: str, actor: Actor
) -> Done:
    """A service's answer that came by itself (webhook, MQTT): moves its newest open hand-over as by hand. Without one,
    or when it says again what is known, only the words are kept, as a note. Leaves the outbox to its caller."""
    incident = ledger.get(schema.incidents, incident_id)
    words = values.text("answer", answer)
    state = HandoverState.ACCEPTED if accepted else HandoverState.REFUSED
    ours = [row for row in _open(ledger, incident_id) if row["service_id"] == service_id]
    if ours and state in ANSWERS[HandoverState(str(ours[0]["state"]))]:
        _answer(ledger, ours[0], state, words)
        return _follow(ledger, incident, state)
    now_utc_s = float(ledger.clock())
    service = ledger.find(schema_cases.services, service_id) or {"name": service_id}
    said = f"{service['name']}: {state.value}" + (f": {words}" if words else "")
    note = Note(
        new_id(now_utc_s), NoteKind.ANSWER, now_utc_s, actor.id, said[: values.LONGEST_TEXT], 1, incident_id=incident_id
    )
    ledger.insert(schema_cases.notes, to_row(note, schema_cases.notes))
    return done(incident)


def withdraw_all(ledger: Ledger, incident_id: str) -> None:
    """Undo of a hand-over: nobody has it, nobody is told any more."""
    for handover in _open(ledger, incident_id):
        _answer(ledger, handover, HandoverState.WITHDRAWN, "")
    settle_alerts(ledger, incident_id, HandoverState.WITHDRAWN.value)


def _answer(ledger: Ledger, handover: Row, state: HandoverState, words: str) -> None:
    if state not in ANSWERS[HandoverState(str(handover["state"]))]:
        raise illegal(_handovers.name, handover, target=state.value)
    changes: Row = {"state": state.value, "answered_utc_s": float(ledger.clock())}
    if words:
        changes["answer"] = words
    ledger.update(_handovers, handover, {**changes, "version": int(handover["version"]) + 1})


def _follow(ledger: Ledger, incident: Row, state: HandoverState) -> Done:
    """The incident after an answer: forward to what was reached; back when nobody has it any more. One that is
    resolved or closed stays so."""
    now = state_of(incident)
    left = _open(ledger, str(incident["id"]))
    if state is HandoverState.DONE and left:  # another service still works on it
        return done(incident)
    if state in _REACHED:
        target = _REACHED[state]
        return move(ledger, incident, target) if RANKS[target] > RANKS[now] else done(incident)
    if now not in _WITH_SERVICE:
        return done(incident)
    if not left:
        return move(ledger, incident, IncidentState.VERIFIED, service_id=None)
    best = max((_REACHED[HandoverState(str(row["state"]))] for row in left), key=lambda found: RANKS[found])
    return move(ledger, incident, best, service_id=str(left[0]["service_id"]))


def _open(ledger: Ledger, incident_id: str) -> list[Row]:
    """Newest first."""
    return _OPEN.rows(ledger.connection, {"incident_id": incident_id})


def _content(ledger: Ledger, incident: Row, text: str) -> dict[str, Any]:
    category = ledger.find(schema.categories, str(incident["category_id"])) or {}
    place = ledger.find(schema.places, str(incident["place_id"])) if incident["place_id"] else None
    where = [(place or {}).get("name"), incident["address"] or (place or {}).get("address")]
    return {
        "number": incident["number"],
        "category_id": incident["category_id"],
        "category": category.get("name", ""),
        "severity": incident["severity"],
        "place": ", ".join(str(part) for part in where if part),
        "district_id": incident["district_id"],
        "opened_utc_s": incident["opened_utc_s"],
        "happened_utc_s": incident["happened_utc_s"],
        "link": incident["id"],
        "text": text,
    }


HANDLERS: dict[type[Command], Callable[[Ledger, Any, Actor], Done]] = {
    HandOverIncident: hand_over,
    AnswerHandover: answer_handover,
}
"""Command to what executes it."""
