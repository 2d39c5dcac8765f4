"""An operator's commands go one after the other, and each knows what the one before it changed."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from app.command_lane import CommandLane
from app.tasks import Tasks
from storage.case_commands import AddNote, HandOverIncident, ResolveIncident
from storage.commands import AcknowledgeIncident, Command, VerifyIncident
from storage.errors import StorageCode, StorageError
from storage.journal import Receipt
from storage.records import Actor
from tests.conftest import wait_until

ANNA = Actor("anna")


@pytest.fixture
def tasks() -> Iterator[Tasks]:
    tasks = Tasks(threads=3)
    for worker in tasks.workers:
        worker.start()
    yield tasks
    for worker in tasks.workers:
        worker.stop()
    for worker in tasks.workers:
        assert worker.join(30.0)


class _Journal:
    """One incident with a version; refuses what was made from another one."""

    def __init__(self, version: int) -> None:
        self.version = version
        self.done: list[Command] = []

    def apply(self, command: Command, _actor: Actor) -> Receipt:
        version = getattr(command, "version", self.version)
        if version != self.version:
            raise StorageError(StorageCode.STALE_VERSION)
        self.version += isinstance(command, AcknowledgeIncident | VerifyIncident | HandOverIncident | ResolveIncident)
        self.done.append(command)
        return Receipt(len(self.done))


def test_keys_in_a_row_are_done_in_order_with_the_versions_they_need(tasks: Tasks) -> None:
    journal, failures = _Journal(4), list[Exception]()
    lane = CommandLane(tasks, journal.apply, failures.append)
    receipts: list[int] = []
    for command in (AcknowledgeIncident("i", 4), AddNote("x", incident_id="i"), VerifyIncident("i", 4)):
        assert lane.submit(command, ANNA, lambda receipt: receipts.append(receipt.seq))
    assert lane.submit(HandOverIncident("i", 5, "s"), ANNA)
    wait_until(lambda: len(journal.done) + len(failures) == 4)
    assert failures == []
    assert [type(command) for command in journal.done] == [
        AcknowledgeIncident,
        AddNote,
        VerifyIncident,
        HandOverIncident,
    ]
    assert receipts == [1, 2, 3]
    assert journal.version == 7


def test_who_was_overtaken_by_somebody_else_is_refused(tasks: Tasks) -> None:
    journal, failures = _Journal(4), list[Exception]()
    lane = CommandLane(tasks, journal.apply, failures.append)
    lane.submit(AcknowledgeIncident("i", 4), ANNA)
    wait_until(lambda: journal.version == 5)
    journal.version = 6
    lane.submit(VerifyIncident("i", 4), ANNA)
    lane.submit(VerifyIncident("i", 6), ANNA)
    wait_until(lambda: journal.version == 7)
    assert [error.code for error in failures if isinstance(error, StorageError)] == [StorageCode.STALE_VERSION]


def test_a_refused_command_does_not_bring_the_next_one_forward(tasks: Tasks) -> None:
    journal, failures = _Journal(9), list[Exception]()
    lane = CommandLane(tasks, journal.apply, failures.append)
    lane.submit(AcknowledgeIncident("i", 4), ANNA)
    lane.submit(VerifyIncident("i", 4), ANNA)
    wait_until(lambda: len(failures) == 2)
    assert journal.done == []


def test_too_much_is_refused_and_nothing_of_it_is_done(tasks: Tasks) -> None:
    gate, done = threading.Event(), list[Command]()

    def slow(command: Command, _actor: Actor) -> Receipt:
        gate.wait(10.0)
        done.append(command)
        return Receipt(1)

    lane = CommandLane(tasks, slow, lambda _error: None)
    taken = sum(lane.submit(AddNote(str(number)), ANNA) for number in range(200))
    gate.set()
    assert taken < 200
    wait_until(lambda: len(done) == taken)


def test_several_commands_are_one_wish_and_a_refusal_stops_none(tasks: Tasks) -> None:
    journal, failures, receipts = _Journal(4), list[Exception](), list[int]()
    lane = CommandLane(tasks, journal.apply, failures.append)
    many = [AcknowledgeIncident("i", 4), VerifyIncident("other", 1), VerifyIncident("other", 2), VerifyIncident("i", 4)]
    assert lane.submit_all(many, ANNA, lambda receipt: receipts.append(receipt.seq))
    assert lane.submit_all([AddNote(str(n)) for n in range(300)], ANNA, lambda receipt: receipts.append(receipt.seq))
    wait_until(lambda: bool(receipts))
    assert len(failures) == 1
    assert [type(command) for command in journal.done[:2]] == [AcknowledgeIncident, VerifyIncident]
    assert receipts == [302]
