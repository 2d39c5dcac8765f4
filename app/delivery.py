"""One delivery of one alert: made, sent, and what became of it told to the journal and to the operator.

Runs on the outbox's delivery threads; holds nothing that must survive. A message is sent at least once: after a crash
between sending and noting it goes out again under the same id.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from app.alert_lines import Lines
from app.alert_message import AlertMessage, Attachment, Sender, compose, route_of
from app.alert_retries import RoutePauses
from app.errors import AppCode, AppError
from app.feeds import Banner
from app.texts import sentence
from storage.commands import Command
from storage.errors import StorageError, WatchfloorError
from storage.journal import Receipt, Registry
from storage.records import Actor, Incident
from storage.registry_records import AlertRoute
from storage.release_commands import EscalateAlert, MarkAlert
from storage.release_records import Channel, OutboxMessage, OutboxState

log = logging.getLogger(__name__)

ATTEMPTS = 12
"""Refusals after which a message is given up: with the pauses between them about fifty minutes."""
GIVE_UP_S = 86_400.0
"""So long a message is tried when nothing answers at its target at all."""
NEVER_UTC_S = 253_402_300_799.0
"""The end of the year 9999: nothing is expected any more."""
_HOPELESS = frozenset({AppCode.ALERT_TARGET, AppCode.ALERT_NOT_VALID})
_NETWORK = frozenset({AppCode.ALERT_UNREACHABLE, AppCode.ALERT_TIMEOUT})


class OutboxJournal(Protocol):
    """What the delivery needs of the journal."""

    def apply(self, command: Command, actor: Actor) -> Receipt:
        """As `Journal.apply`."""

    def outbox(self, due_utc_s: float, limit: int) -> Sequence[OutboxMessage]:
        """Waiting messages that are due, and sent ones whose answer is overdue; the longest due first."""


@dataclass(frozen=True, slots=True)
class OutboxPlan:
    """What delivery works with. `stills` gives the encrypted pictures for a route that wants some, or raises
    AppError; `waits` says whether the message's service still has to say something about an incident that is not over;
    `folder` (None: no lock) is where the lock lies that lets one process of a machine deliver."""

    journal: OutboxJournal
    actor: Actor
    registry: Callable[[], Registry]
    incident: Callable[[str], Incident]
    senders: Mapping[Channel, Sender]
    tell: Callable[[Banner], None]
    site: str
    stills: Callable[[OutboxMessage], tuple[Attachment, ...]] | None = None
    folder: Path | None = None
    waits: Callable[[OutboxMessage], bool] = lambda _message: True
    clock: Callable[[], float] = time.time
    poll_s: float = 1.0


class Delivery:
    """Sends and notes. Several threads at once, on different routes."""

    def __init__(self, plan: OutboxPlan, lines: Lines, pauses: RoutePauses) -> None:
        self._plan, self._lines, self._pauses = plan, lines, pauses
        self._delivered: set[str] = set()
        self._without_pictures: set[str] = set()

    def deliver(self, message: OutboxMessage) -> None:
        """Send one message and note what became of it."""
        failure: WatchfloorError | None = AppError(AppCode.INTERNAL, name=message.id)
        try:
            failure = self._sent(message)
        finally:  # also when a sender has a bug: its message is not tried for ever
            if failure is None:
                self._note_sent(message)
            elif not self._lines.is_cut:  # a connection that shutdown cut is nobody's failure
                self._note_failure(message, failure)

    def escalate(self, message: OutboxMessage, version: int) -> bool:
        """The next service is told; False when the journal refused."""
        return self._apply(EscalateAlert(message.id, version))

    def _sent(self, message: OutboxMessage) -> WatchfloorError | None:
        """None when the other side has it; an earlier delivery whose note failed is not repeated."""
        if message.id in self._delivered:
            return None
        sender = self._plan.senders.get(message.channel)
        if sender is None:
            return AppError(AppCode.ALERT_TARGET, target=message.target, reason=str(message.channel))
        try:
            sender.send(self._composed(message))
        except WatchfloorError as error:
            return error
        self._delivered.add(message.id)
        return None

    def _composed(self, message: OutboxMessage) -> AlertMessage:
        registry, incident = self._plan.registry(), self._plan.incident(message.incident_id)
        return replace(compose(message, incident, registry, self._plan.site), attachments=self._pictures(message))

    def _pictures(self, message: OutboxMessage) -> tuple[Attachment, ...]:
        """Encrypted stills where the route is for a named recipient. Without its key they are refused, and said so;
        the alert itself goes: nobody waits for help because of a picture."""
        route = self._route(message)
        try:
            found = self._stills(message, route) if route is not None and route.stills else ()
        except AppError as error:
            log.warning("alert %s goes without pictures: %s", message.id, error)
            self._without_pictures.add(message.route_id)
            self._plan.tell(Banner(_pictures_key(message), sentence(error)))
            return ()
        if message.route_id in self._without_pictures:
            self._without_pictures.discard(message.route_id)
            self._plan.tell(Banner(_pictures_key(message), ""))
        return found

    def _stills(self, message: OutboxMessage, route: AlertRoute) -> tuple[Attachment, ...]:
        """What waits for an address that the route no longer has is for nobody who is named."""
        moved = route.target != message.target
        if self._plan.stills is None or message.channel is not Channel.SMTP or moved:
            shown = message.target if message.channel is Channel.SMTP else message.channel.value
            raise AppError(AppCode.ALERT_NO_KEY, target=shown)
        return self._plan.stills(message)

    def _note_sent(self, message: OutboxMessage) -> None:
        route = self._route(message)
        wait_s = route.answer_s if route is not None else 0.0
        next_s = self._plan.clock() + wait_s if wait_s > 0 else NEVER_UTC_S
        if self._apply(MarkAlert(message.id, message.version, OutboxState.SENT, next_s)):
            self._delivered.discard(message.id)
        if self._pauses.succeeded(message.route_id):
            self._plan.tell(Banner(_key(message), ""))

    def _note_failure(self, message: OutboxMessage, failure: WatchfloorError) -> None:
        now_s = self._plan.clock()
        next_s = self._pauses.failed(message.route_id, now_s)
        over = given_up(message, failure, now_s)
        log.warning("alert %s not sent, %s: %s", message.id, "given up" if over else "to be tried again", failure)
        self._plan.tell(Banner(_key(message), sentence(failure)))
        route, code = self._route(message), failure.code.value
        if not over:
            due_s = min(next_s, max(answer_due_utc_s(message, route), now_s))
            self._apply(MarkAlert(message.id, message.version, OutboxState.WAITING, due_s, code))
            return
        failed = MarkAlert(message.id, message.version, OutboxState.FAILED, NEVER_UTC_S, code)
        if self._apply(failed) and route is not None and route.escalate_to_id is not None:
            self.escalate(message, message.version + 1)

    def _route(self, message: OutboxMessage) -> AlertRoute | None:
        return route_of(message, self._plan.registry())

    def _apply(self, command: MarkAlert | EscalateAlert) -> bool:
        """False when the journal refused: somebody answered or marked it meanwhile, or it is busy. Due again then."""
        try:
            self._plan.journal.apply(command, self._plan.actor)
        except StorageError as error:
            log.warning("alert %s could not be marked: %s", command.message_id, error)
            return False
        return True


def given_up(message: OutboxMessage, failure: WatchfloorError, now_utc_s: float) -> bool:
    """Whether trying again is of no use: hopeless at once, refused often enough, or silent for a day."""
    if failure.code in _HOPELESS:
        return True
    if failure.code in _NETWORK:
        return now_utc_s - message.created_utc_s > GIVE_UP_S
    return message.attempts + 1 >= ATTEMPTS


def answer_due_utc_s(message: OutboxMessage, route: AlertRoute | None) -> float:
    """When the next service is told instead of one that could not be reached: it has not answered either. Never, if
    there is no next one."""
    if route is None or route.escalate_to_id is None or route.answer_s <= 0:
        return NEVER_UTC_S
    return message.created_utc_s + route.answer_s


def _pictures_key(message: OutboxMessage) -> str:
    return f"alert-pictures:{message.route_id}"


def _key(message: OutboxMessage) -> str:
    return f"alert-route:{message.route_id}"
