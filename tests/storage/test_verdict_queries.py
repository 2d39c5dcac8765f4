"""What became of alarms: false when called so or when the incident ended so, confirmed otherwise; open ones not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.commands import AcknowledgeIncident, CloseIncident, JudgeAlarm, PutOperator, RecordEvent
from storage.embedded_journal import EmbeddedJournal
from storage.records import Operator, Role, Verdict
from tests.storage.site import ADMIN, OPERATOR, RUNTIME, START_UTC_S, SteppedClock, event


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[EmbeddedJournal]:
    opened = EmbeddedJournal(tmp_path / "journal.db", clock=SteppedClock())
    opened.ensure_first_operator(ADMIN.id, "Admin")
    opened.apply(PutOperator(Operator(OPERATOR.id, "Operator", Role.OPERATOR)), ADMIN)
    yield opened
    opened.close()


def judged(journal: EmbeddedJournal, at_s: float, verdict: Verdict, incident_id: str | None = None) -> str:
    journal.apply(RecordEvent(event(at_s)), RUNTIME)
    journal.apply(RecordEvent(event(at_s + 5)), RUNTIME)
    alarm = journal.alarms()[0]
    receipt = journal.apply(JudgeAlarm(alarm.id, alarm.version, verdict, incident_id=incident_id), OPERATOR)
    return str(receipt.incident_id)


def test_verdicts_by_time_and_camera(journal: EmbeddedJournal) -> None:
    judged(journal, 0, Verdict.FALSE)
    incident_id = judged(journal, 100, Verdict.INCIDENT)
    judged(journal, 200, Verdict.JOINED, incident_id)
    journal.apply(RecordEvent(event(300)), RUNTIME)  # nobody has judged it
    found = journal.judged(START_UTC_S - 10)
    assert [(one.since_utc_s - START_UTC_S, one.last_utc_s - START_UTC_S, one.false) for one in found] == [
        (-1, 5, True),
        (99, 105, False),
        (199, 205, False),
    ]
    assert {one.track_ids for one in found} == {frozenset({7})}
    assert len(journal.judged(START_UTC_S + 150, "c1")) == 1
    assert journal.judged(START_UTC_S - 10, "c2") == []


def test_an_incident_that_ended_as_false_was_a_false_alarm(journal: EmbeddedJournal) -> None:
    incident_id = judged(journal, 0, Verdict.INCIDENT)
    incident = journal.incident_file(incident_id).incident
    journal.apply(AcknowledgeIncident(incident.id, incident.version), OPERATOR)
    journal.apply(CloseIncident(incident.id, incident.version + 1, "false", "a cat"), OPERATOR)
    assert [one.false for one in journal.judged(START_UTC_S - 10)] == [True]
