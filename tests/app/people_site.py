"""A journal, a bus, running tasks and a seat, for tests of people."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from argon2 import PasswordHasher

from app.bus import Bus
from app.feeds import Banner, CommandRefused
from app.sign_in import Seat, SeatChanged
from app.tasks import Tasks
from storage import passwords
from storage.commands import PutOperator
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import WatchfloorError
from storage.passwords import sealed
from storage.people_commands import SetPassword
from storage.records import Actor, Operator, Role
from tests.storage.site import ADMIN, OPERATOR, SteppedClock, add_people, add_registry

PASSWORD = "correct horse"
QUICK = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
"""The real parameters are tested in tests/storage/test_passwords.py; here they would only take time."""


@dataclass
class PeopleSite:
    """Everything that a seat needs."""

    journal: EmbeddedJournal
    clock: SteppedClock
    bus: Bus = field(default_factory=Bus)
    tasks: Tasks = field(default_factory=lambda: Tasks(threads=2))
    seats: list[SeatChanged] = field(default_factory=list)
    banners: list[Banner] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    idle_s: float = 0.0

    def seat(self, workstation: str = "seat 1") -> Seat:
        return Seat(
            self.journal,
            self.bus,
            self.tasks,
            ADMIN,
            workstation=workstation,
            clock=self.clock,
            monotonic=lambda: self.idle_s,
        )

    def give_password(self, operator_id: str = OPERATOR.id, password: str = PASSWORD, *, own: bool = True) -> None:
        actor = Actor(operator_id) if own else ADMIN
        self.journal.apply(SetPassword(operator_id, sealed(password)), actor)


@contextlib.contextmanager
def people_site(folder: Path) -> Iterator[PeopleSite]:
    with mock.patch("storage.passwords._HASHER", QUICK):
        passwords._nobodys.cache_clear()
        try:
            with _people_site(folder) as site:
                yield site
        finally:
            passwords._nobodys.cache_clear()


@contextlib.contextmanager
def _people_site(folder: Path) -> Iterator[PeopleSite]:
    clock = SteppedClock()
    journal = open_journal(folder / "journal" / "journal.db", clock=clock)
    add_people(journal)
    add_registry(journal)
    journal.apply(PutOperator(Operator(OPERATOR.id, "Олена", Role.OPERATOR)), ADMIN)
    site = PeopleSite(journal, clock)
    site.bus.subscribe(SeatChanged, site.seats.append)
    site.bus.subscribe(Banner, site.banners.append)
    site.bus.subscribe(CommandRefused, lambda refusal: site.refusals.append(refusal.text))
    for worker in site.tasks.workers:
        worker.start()
    try:
        yield site
    finally:
        for worker in site.tasks.workers:
            worker.stop()
        for worker in site.tasks.workers:
            assert worker.join(60)
        journal.close()


class Answered:
    """Waits for one answer of a seat."""

    def __init__(self) -> None:
        self.error: WatchfloorError | None = None
        self._event = threading.Event()

    def __call__(self, error: WatchfloorError | None) -> None:
        self.error = error
        self._event.set()

    def wait(self) -> WatchfloorError | None:
        assert self._event.wait(60)
        return self.error


def answer_of(ask: Callable[[Answered], None]) -> str:
    """Code of the refusal, or ""."""
    answered = Answered()
    ask(answered)
    error = answered.wait()
    return "" if error is None else error.code.value
