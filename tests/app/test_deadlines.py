"""The worker that watches deadlines: who acted is left alone, who did not is told about, once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.deadlines import BANNER, Deadlines
from app.feeds import Banner
from storage.case_commands import EscalateIncident
from storage.commands import AcknowledgeIncident, Command, RecordEvent, VerifyIncident
from storage.embedded_journal import EmbeddedJournal
from storage.errors import StorageCode, StorageError
from storage.journal import Receipt
from storage.records import Actor, Incident
from tests.storage.case_site import case_journal, now, opened
from tests.storage.site import OPERATOR, RUNTIME, SteppedClock, event


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def journal(tmp_path: Path, clock: SteppedClock) -> Iterator[EmbeddedJournal]:
    with case_journal(tmp_path, clock) as found:
        yield found


@pytest.fixture
def told() -> list[Banner]:
    return []


@pytest.fixture
def deadlines(journal: EmbeddedJournal, clock: SteppedClock, told: list[Banner]) -> Deadlines:
    return Deadlines(journal, told.append, clock=clock)


def test_nothing_is_said_before_the_time(
    journal: EmbeddedJournal, clock: SteppedClock, deadlines: Deadlines, told: list[Banner]
) -> None:
    incident_id = opened(journal, category_id="theft")
    clock.utc_s += 119.0
    deadlines.round()
    assert (told, now(journal, incident_id).version) == ([], 1)


def test_what_nobody_acted_on_is_escalated_and_said_once(
    journal: EmbeddedJournal, clock: SteppedClock, deadlines: Deadlines, told: list[Banner]
) -> None:
    waiting, watched = opened(journal, category_id="theft"), opened(journal, category_id="theft")
    clock.utc_s += 119.0
    journal.apply(VerifyIncident(watched, 1), OPERATOR)
    clock.utc_s += 1.0
    deadlines.round()
    deadlines.round()
    assert deadlines.escalations == 1
    assert now(journal, waiting).escalated_utc_s == clock.utc_s
    assert now(journal, watched).escalated_utc_s is None
    assert [b.key for b in told] == [BANNER]
    assert "2027-000001" in told[0].text
    assert "2027-000002" not in told[0].text
    journal.apply(VerifyIncident(waiting, 2), OPERATOR)
    deadlines.round()
    assert told[1:] == [Banner(BANNER, "")]


def test_many_are_named_in_short(
    journal: EmbeddedJournal, clock: SteppedClock, deadlines: Deadlines, told: list[Banner]
) -> None:
    for _ in range(7):
        opened(journal)
    clock.utc_s += 301.0
    deadlines.round()
    assert (deadlines.escalations, told[-1].text.count("2027-")) == (7, 5)


class Late:
    """A journal whose list of overdue incidents is a moment old: somebody acts between list and command."""

    def __init__(self, journal: EmbeddedJournal, error: StorageError | None = None) -> None:
        self._journal, self._error = journal, error

    def overdue(self, now_utc_s: float, limit: int = 100) -> list[Incident]:
        found = list(self._journal.overdue(now_utc_s, limit))
        for incident in found:
            self._journal.apply(AcknowledgeIncident(incident.id, incident.version), OPERATOR)
        return found

    def apply(self, command: Command, actor: Actor) -> Receipt:
        if self._error is not None and isinstance(command, EscalateIncident):
            raise self._error
        return self._journal.apply(command, actor)

    def incidents(self, *, open_only: bool = False, limit: int = 200) -> list[Incident]:
        return list(self._journal.incidents(open_only=open_only, limit=limit))

    def head(self) -> tuple[int, str]:
        return self._journal.head()


def new_incident(journal: EmbeddedJournal) -> str:
    return str(journal.apply(RecordEvent(event(camera_id="c2"), opens_incident=True), RUNTIME).incident_id)


def test_who_acts_in_the_same_moment_wins(journal: EmbeddedJournal, clock: SteppedClock, told: list[Banner]) -> None:
    incident_id = new_incident(journal)
    clock.utc_s += 60.0
    deadlines = Deadlines(Late(journal), told.append, clock=clock)
    deadlines.round()
    assert (deadlines.escalations, told) == (0, [])
    assert now(journal, incident_id).escalated_utc_s is None


def test_a_journal_that_cannot_write_is_asked_again(
    journal: EmbeddedJournal, clock: SteppedClock, told: list[Banner], caplog: pytest.LogCaptureFixture
) -> None:
    new_incident(journal)
    clock.utc_s += 60.0
    deadlines = Deadlines(Late(journal, StorageError(StorageCode.DISK_FULL)), told.append, clock=clock)
    deadlines.round()
    assert "deadlines are not watched" in caplog.text
    caplog.clear()


def test_it_runs_and_stops(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    new_incident(journal)
    clock.utc_s += 60.0
    said = threading.Event()
    deadlines = Deadlines(journal, lambda _banner: said.set(), clock=clock, period_s=0.05)
    deadlines.start()
    try:
        assert said.wait(30)
    finally:
        deadlines.stop()
        assert deadlines.join(30.0)
