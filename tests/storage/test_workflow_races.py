"""Two writers, two connections, two processes' worth of journals: whoever comes second is told so."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage.case_commands import EditIncident, HandOverIncident, MergeIncident, OpenIncident, StepBackIncident
from storage.commands import CloseIncident, Command, VerifyIncident
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode, StorageError
from storage.records import Actor, IncidentState, Outcome, Severity
from tests.storage.case_site import SECOND, case_journal, done, now, opened
from tests.storage.site import OPERATOR, START_UTC_S, SteppedClock

ROUNDS = 12


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[EmbeddedJournal, EmbeddedJournal]]:
    clock = SteppedClock()
    with (
        case_journal(tmp_path, clock) as one,
        contextlib.closing(open_journal(one.path, clock=clock)) as two,
    ):
        yield one, two


def both(tries: list[Callable[[], object]]) -> list[object]:
    """Run the tries at the same moment; what each was told."""
    gate = threading.Barrier(len(tries))
    answers: list[object] = [None] * len(tries)

    def attempt(index: int) -> None:
        gate.wait(10)
        try:
            tries[index]()
        except StorageError as error:
            answers[index] = error.code

    threads = [threading.Thread(target=attempt, args=(index,)) for index in range(len(tries))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    return answers


def raced(pair: tuple[EmbeddedJournal, EmbeddedJournal], commands: list[tuple[Command, Actor]]) -> list[object]:
    def wish(index: int) -> Callable[[], object]:
        return lambda: pair[index].apply(*commands[index])

    return sorted(both([wish(0), wish(1)]), key=str)


def test_of_two_with_the_same_version_one_is_refused(pair: tuple[EmbeddedJournal, EmbeddedJournal]) -> None:
    incident_id = opened(pair[0])
    for turn in range(ROUNDS):
        version = now(pair[0], incident_id).version
        answers = raced(
            pair,
            [
                (EditIncident(incident_id, version, title=f"first {turn}"), OPERATOR),
                (EditIncident(incident_id, version, title=f"second {turn}"), SECOND),
            ],
        )
        assert answers == [None, StorageCode.STALE_VERSION]
        assert now(pair[1], incident_id).version == version + 1


def test_a_closure_and_a_handover_never_both_happen(pair: tuple[EmbeddedJournal, EmbeddedJournal]) -> None:
    for _ in range(ROUNDS):
        incident_id = opened(pair[0])
        answers = raced(
            pair,
            [
                (CloseIncident(incident_id, 1, Outcome.FOUND), OPERATOR),
                (HandOverIncident(incident_id, 1, "fire"), SECOND),
            ],
        )
        assert answers == [None, StorageCode.STALE_VERSION]
        found = pair[1].incident_file(incident_id)
        assert (found.incident.state is IncidentState.CLOSED) == (found.handovers == ())


def test_two_merges_into_each_other_close_only_one(pair: tuple[EmbeddedJournal, EmbeddedJournal]) -> None:
    for _ in range(ROUNDS):
        one, two = opened(pair[0]), opened(pair[0])
        answers = raced(pair, [(MergeIncident(one, 1, two), OPERATOR), (MergeIncident(two, 1, one), SECOND)])
        assert answers[0] is None
        assert answers[1] in (StorageCode.STALE_VERSION, StorageCode.ILLEGAL_TRANSITION)
        assert {now(pair[0], i).state for i in (one, two)} == {IncidentState.CLOSED, IncidentState.ACKNOWLEDGED}


def test_numbers_are_gapless_over_two_writers(pair: tuple[EmbeddedJournal, EmbeddedJournal]) -> None:
    def many(journal: EmbeddedJournal) -> None:
        for _ in range(ROUNDS):
            journal.apply(OpenIncident("fire", Severity.LOW, START_UTC_S), OPERATOR)

    assert both([lambda: many(pair[0]), lambda: many(pair[1])]) == [None, None]
    numbers = sorted(i.number for i in pair[0].incidents())
    assert numbers == [f"2027-{n:06d}" for n in range(1, 2 * ROUNDS + 1)]


def test_stepping_back_sees_moves_of_its_own_group(pair: tuple[EmbeddedJournal, EmbeddedJournal]) -> None:
    """Commands queued together share a transaction: the history of the first ones is not written yet."""
    journal = pair[0]
    incident_id = opened(journal)
    answered = threading.Semaphore(0)
    for command in (
        VerifyIncident(incident_id, 1),
        HandOverIncident(incident_id, 2, "fire"),
        StepBackIncident(incident_id, 3),
        StepBackIncident(incident_id, 4),
    ):
        journal.apply_soon(command, OPERATOR, lambda _answer: answered.release())
    for _ in range(4):
        assert answered.acquire(timeout=60)
    found = now(journal, incident_id)
    assert (found.state, found.version) == (IncidentState.ACKNOWLEDGED, 5)
    done(journal, incident_id, lambda i: VerifyIncident(i.id, i.version))
