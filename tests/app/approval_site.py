"""A real archive with an incident of 8 s of footage, an operator at a seat, a supervisor with a password beside."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar
from unittest import mock

from app.approval_desk import PackageMaker, PackageWish, SiteApprovalDesk
from app.approval_facts import ApprovalLine, PackagePlan
from app.archive import Archive
from app.bus import Bus
from app.package_desk import PackageDesk
from app.package_films import PackageStep
from app.packages import PackageResult
from app.sign_in import Seat
from app.tasks import Tasks
from storage import passwords
from storage.commands import PutOperator, PutRecord, RecordEvent
from storage.folders import Folders
from storage.passwords import sealed
from storage.people_commands import SetPassword
from storage.records import Actor, Camera, Operator, Role
from storage.segments import SegmentIndex
from storage.settings import Settings
from tests.app.people_site import PASSWORD, QUICK, answer_of
from tests.app.test_packages import put_segments
from tests.storage.site import RUNTIME, START_UTC_S, event

T = TypeVar("T")
ANNA, OLENA, TARAS = Actor("anna"), Actor("olena"), Actor("taras")
PEOPLE = ((ANNA, "Anna", Role.OPERATOR), (OLENA, "Olena", Role.SUPERVISOR), (TARAS, "Taras", Role.OPERATOR))


class ApprovalSite:
    """Anna sits here; `desk` is hers. `maker` replaces the real package desk where it is set."""

    def __init__(self, folders: Folders, recordings: Path) -> None:
        camera = Camera("c1", 1, "Gate", "demo://gate")
        self.archive = Archive(folders, Settings(), [camera])
        journal, admin = self.archive.journal, self.archive.actor
        for actor, name, role in PEOPLE:
            journal.apply(PutOperator(Operator(actor.id, name, role)), admin)
            journal.apply(SetPassword(actor.id, sealed(PASSWORD)), actor)
        journal.apply(PutRecord(camera), admin)
        self.incident = str(journal.apply(RecordEvent(event(6.0), opens_incident=True), RUNTIME).incident_id)
        self.index = SegmentIndex(folders.footage_index)
        put_segments(self.index, recordings, "c1", START_UTC_S, 2)
        self.bus, self.tasks = Bus(), Tasks(2)
        self.maker: PackageMaker | None = None
        self.late_s = 0.0
        for worker in self.tasks.workers:
            worker.start()
        self.seat, self.desk = self.another_seat(ANNA)

    def another_seat(self, actor: Actor) -> tuple[Seat, SiteApprovalDesk]:
        """A seat where somebody else signed in, and its desk."""
        seat = Seat(self.archive.journal, self.bus, self.tasks, self.archive.actor, workstation=f"of {actor.id}")
        seat.open()
        assert answer_of(lambda done: seat.sign_in(actor.id, PASSWORD, done)) == ""
        desk = SiteApprovalDesk(
            self.archive,
            seat,
            self.tasks,
            self.bus,
            lambda: self.maker or PackageDesk(self.archive, self.index),
            clock=lambda: time.time() + self.late_s,
        )
        return seat, desk

    def lines(self, desk: SiteApprovalDesk | None = None) -> tuple[ApprovalLine, ...]:
        """What is open, as that desk sees it."""
        answer = Answer[tuple[ApprovalLine, ...]]()
        (desk or self.desk).load(answer.done, answer.refused)
        return answer.good()

    def plan(self) -> PackagePlan:
        """Of the incident, by Anna."""
        answer = Answer[PackagePlan]()
        self.desk.plan(self.incident, answer.done, answer.refused)
        return answer.good()

    def wish(self, *, master: bool = False, recipient: str = "") -> PackageWish:
        return PackageWish(self.incident, "court order 7", recipient, "Art. 93", master)

    def ask(self) -> ApprovalLine:
        """Anna asks for the originals."""
        answer = Answer[str]()
        self.desk.ask(self.wish(master=True), answer.done, answer.refused)
        answer.good()
        return next(line for line in self.lines() if line.approval.state.value == "requested")

    def build(self, *, master: bool = False, recipient: str = "") -> Answer[PackageResult]:
        answer = Answer[PackageResult]()
        wish = self.wish(master=master, recipient=recipient)
        self.desk.build(wish, lambda step, share: answer.shares.append((step, share)), answer.done, answer.refused)
        return answer

    def close(self) -> None:
        for worker in self.tasks.workers:
            worker.stop()
        for worker in self.tasks.workers:
            assert worker.join(60.0)
        self.index.close()
        self.archive.close()


class Answer(Generic[T]):
    """Waits for one answer of the desk."""

    def __init__(self) -> None:
        self.value: T | None = None
        self.sentence = ""
        self.shares: list[tuple[PackageStep, float]] = []
        self._event = threading.Event()

    def done(self, value: T) -> None:
        self.value = value
        self._event.set()

    def refused(self, sentence: str) -> None:
        self.sentence = sentence
        self._event.set()

    def good(self) -> T:
        assert self._event.wait(60)
        assert self.sentence == ""
        assert self.value is not None
        return self.value

    def refusal(self) -> str:
        assert self._event.wait(60)
        assert self.value is None
        return self.sentence


@contextmanager
def approval_site(folders: Folders, recordings: Path) -> Iterator[ApprovalSite]:
    """With passwords that are quick to check."""
    with mock.patch("storage.passwords._HASHER", QUICK):
        passwords._nobodys.cache_clear()
        try:
            site = ApprovalSite(folders, recordings)
            try:
                yield site
            finally:
                site.close()
        finally:
            passwords._nobodys.cache_clear()
