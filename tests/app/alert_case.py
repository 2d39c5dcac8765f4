"""An incident, its registry and a journal in memory, for the alert tests."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from app.alert_message import AlertMessage, compose
from storage.commands import Command
from storage.errors import StorageCode, StorageError
from storage.journal import Receipt, Registry
from storage.records import Actor, Camera, Category, Incident, IncidentState, Place, Severity
from storage.registry_records import AlertRoute, Service
from storage.release_commands import AnswerAlert, EscalateAlert, MarkAlert
from storage.release_records import Channel, OutboxMessage, OutboxState

ACTOR = Actor("service:runtime")
NOW_S = 1_790_000_000.0
SITE = "Old Town"
INCIDENT = Incident(
    id="0199aa",
    number="2026-000123",
    category_id="fight",
    severity=Severity.HIGH,
    state=IncidentState.VERIFIED,
    camera_id="cam-7",
    opened_utc_s=NOW_S,
    version=3,
    place_id="square",
    owner_id="op-anna",
    note="Ivan Petrenko has a knife",
    title="Ivan Petrenko",
)
REGISTRY = Registry(
    cameras=(Camera("cam-7", 7, "Fountain", "rtsp://10.0.0.7/main"),),
    places=(Place("square", "Market square", "Main St. 1", None, 50.45, 30.52),),
    categories=(Category("fight", "Fight", "crime"),),
    services=(Service("police", "Police"), Service("duty", "Duty office")),
    alert_routes=(AlertRoute("route-1", "police", "smtp", "duty@police.example"),),
)


def outgoing(number: int = 1, route_id: str = "route-1", **changes: object) -> OutboxMessage:
    message = OutboxMessage(
        id=f"{number:032x}",
        route_id=route_id,
        service_id="police",
        incident_id=INCIDENT.id,
        channel=Channel.SMTP,
        target="duty@police.example",
        body="Ivan Petrenko has a knife",
        state=OutboxState.WAITING,
        attempts=0,
        next_utc_s=NOW_S,
        created_utc_s=NOW_S,
        version=1,
    )
    return replace(message, **changes)  # type: ignore[arg-type]  # fields by name, in a test


def message(number: int = 1, **changes: object) -> AlertMessage:
    """What a sender gets."""
    made = compose(outgoing(number), INCIDENT, REGISTRY, SITE)
    return replace(made, **changes)  # type: ignore[arg-type]  # fields by name, in a test


def routed(*routes: AlertRoute) -> Registry:
    """The registry with these routes."""
    return replace(REGISTRY, alert_routes=routes)


@dataclass
class MemoryOutbox:
    """The journal's outbox with its rules: versions, states, what is due; `refusing` fails every command."""

    messages: dict[str, OutboxMessage] = field(default_factory=dict)
    commands: list[Command] = field(default_factory=list)
    refusing: StorageCode | None = None
    refused: int = 0

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def put(self, *messages: OutboxMessage) -> None:
        with self._lock:
            self.messages.update({m.id: m for m in messages})

    def states(self) -> list[OutboxState]:
        with self._lock:
            return [m.state for m in self.messages.values()]

    def outbox(self, due_utc_s: float, limit: int) -> Sequence[OutboxMessage]:
        open_states = {OutboxState.WAITING, OutboxState.SENT}
        with self._lock:
            due = [m for m in self.messages.values() if m.state in open_states and m.next_utc_s <= due_utc_s]
        return sorted(due, key=lambda m: (m.next_utc_s, m.id))[:limit]

    def apply(self, command: Command, actor: Actor) -> Receipt:
        assert actor == ACTOR
        with self._lock:
            if self.refusing is not None:
                self.refused += 1
                raise StorageError(self.refusing)
            made = cast("MarkAlert | EscalateAlert | AnswerAlert", command)
            before = self.messages.get(made.message_id)
            if before is None:
                raise StorageError(StorageCode.NOT_FOUND)
            if before.state not in made.sources:
                raise StorageError(StorageCode.ILLEGAL_TRANSITION)
            if not isinstance(made, AnswerAlert) and made.version != before.version:
                raise StorageError(StorageCode.STALE_VERSION)
            self.messages[before.id] = _after(before, made)
            self.commands.append(command)
        return Receipt(seq=len(self.commands))


def _after(before: OutboxMessage, command: MarkAlert | EscalateAlert | AnswerAlert) -> OutboxMessage:
    version = before.version + 1
    match command:
        case MarkAlert():
            attempts, next_s = before.attempts + 1, command.next_utc_s
            return replace(
                before, state=command.state, attempts=attempts, next_utc_s=next_s, error=command.error, version=version
            )
        case EscalateAlert():
            return replace(before, state=OutboxState.ESCALATED, version=version)
        case AnswerAlert():
            return replace(before, state=OutboxState.ANSWERED, answer=command.answer, version=version)
