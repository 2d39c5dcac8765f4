"""An outbox with its journal, clock, scripted sender and banners, run as in the program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app.alert_lines import Lines
from app.alert_message import AlertMessage, Attachment, Sender
from app.alert_retries import RoutePauses
from app.delivery import OutboxPlan
from app.errors import AppCode, AppError
from app.feeds import Banner
from app.outbox import Outbox
from storage.registry_records import AlertRoute
from storage.release_commands import MarkAlert
from storage.release_records import Channel, OutboxMessage, OutboxState
from storage.worker import Supervisor
from tests.app.alert_case import ACTOR, INCIDENT, NOW_S, REGISTRY, SITE, MemoryOutbox, routed
from tests.conftest import wait_until

Step = Callable[[AlertMessage], None]


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.utc_s = NOW_S

    def __call__(self) -> float:
        return self.utc_s


class Scripted:
    """A sender that does what the test says, and remembers what it was asked."""

    def __init__(self, step: Step = lambda _message: None) -> None:
        self.step = step
        self.sent: list[str] = []

    def send(self, message: AlertMessage) -> None:
        self.step(message)
        self.sent.append(message.id)


def failing(code: AppCode) -> Step:
    def step(message: AlertMessage) -> None:
        raise AppError(code, target="there")

    return step


@dataclass
class House:
    """An outbox with its journal, clock and banners."""

    sender: Sender
    routes: tuple[AlertRoute, ...] = REGISTRY.alert_routes
    channel: Channel = Channel.SMTP
    stills: Callable[[OutboxMessage], tuple[Attachment, ...]] | None = None
    folder: Path | None = None
    waits: bool = True
    journal: MemoryOutbox = field(default_factory=MemoryOutbox)
    clock: Clock = field(default_factory=Clock)
    banners: list[Banner] = field(default_factory=list)
    lines: Lines = field(default_factory=lambda: Lines(2.0))

    @contextmanager
    def running(self) -> Iterator[Outbox]:
        """Runs as in the program: owned by a supervisor, which must get everything to end in two seconds."""
        plan = OutboxPlan(
            journal=self.journal,
            actor=ACTOR,
            registry=lambda: routed(*self.routes),
            incident=lambda _id: INCIDENT,
            senders={self.channel: self.sender},
            tell=self.banners.append,
            site=SITE,
            stills=self.stills,
            folder=self.folder,
            waits=lambda _message: self.waits,
            clock=self.clock,
            poll_s=0.02,
        )
        outbox = Outbox(plan, self.lines, RoutePauses(lambda: 0.5))
        supervisor = Supervisor(first_pause_s=0.05)
        supervisor.start()
        for worker in outbox.workers:
            supervisor.add(worker)
        try:
            yield outbox
        finally:
            assert supervisor.shutdown(2.0) == []

    def marks(self) -> list[MarkAlert]:
        return [command for command in self.journal.commands if isinstance(command, MarkAlert)]

    def settled(self, *states: OutboxState) -> None:
        wait_until(lambda: sorted(self.journal.states()) == sorted(states), 4.0, f"{states}")
