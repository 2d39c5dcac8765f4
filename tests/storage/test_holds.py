"""A legal hold keeps what it was put on, whatever the case is merged into and whichever part of it is to be erased."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.case_commands import AddNote, CloseLookout, MergeIncident, OpenIncident, PublishLookout
from storage.case_records import NoteKind
from storage.commands import CloseIncident, JudgeAlarm, RecordEvent, RemoveRecord
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode, StorageError
from storage.records import Actor, Outcome, Severity, Verdict
from storage.release_commands import EraseSubject
from tests.storage.named_case import OFFICER, add_services, close, erasing, hold, version
from tests.storage.site import ADMIN, OPERATOR, RUNTIME, START_UTC_S, SteppedClock, add_people, add_registry, event

BY_RULE = ("retention", "its time is over")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[EmbeddedJournal]:
    with contextlib.closing(open_journal(tmp_path / "journal" / "journal.db", clock=SteppedClock())) as opened:
        add_people(opened)
        add_registry(opened)
        add_services(opened)
        yield opened


def entered(journal: EmbeddedJournal) -> str:
    return str(journal.apply(OpenIncident("theft", Severity.LOW, START_UTC_S), OPERATOR).incident_id)


def merged(journal: EmbeddedJournal) -> tuple[str, str]:
    """An incident with an alarm of camera 2, merged into another one; both ids."""
    one, other = entered(journal), entered(journal)
    alarm = journal.apply(RecordEvent(event(camera_id="c2")), RUNTIME)
    journal.apply(JudgeAlarm(str(alarm.alarm_id), 1, Verdict.JOINED, incident_id=one), OPERATOR)
    journal.apply(MergeIncident(one, version(journal, one), other), OPERATOR)
    return one, other


def refused(journal: EmbeddedJournal, command: EraseSubject, actor: Actor = OFFICER) -> None:
    with pytest.raises(StorageError) as caught:
        journal.erase(command, actor)
    assert caught.value.code is StorageCode.HELD


@pytest.mark.parametrize("on_the_merged_one", [True, False])
def test_a_hold_on_either_of_two_merged_incidents_keeps_both(journal: EmbeddedJournal, on_the_merged_one: bool) -> None:
    one, other = merged(journal)
    hold(journal, incident_id=one if on_the_merged_one else other)
    close(journal, other)
    refused(journal, erasing(journal, other))
    refused(journal, erasing(journal, one))
    refused(journal, EraseSubject("incidents", other, *BY_RULE, by_rule=True), RUNTIME)
    refused(journal, EraseSubject("incidents", one, *BY_RULE, by_rule=True), RUNTIME)
    journal.apply(RemoveRecord("legal_holds", "h1"), ADMIN)
    journal.erase(erasing(journal, other), OFFICER)
    assert journal.incidents() == []


def test_a_hold_on_the_time_of_a_merged_incident_keeps_it(journal: EmbeddedJournal) -> None:
    one = str(journal.apply(OpenIncident("theft", Severity.LOW, START_UTC_S, "c2"), OPERATOR).incident_id)
    other = entered(journal)
    journal.apply(MergeIncident(one, 1, other), OPERATOR)
    close(journal, other)
    hold(journal, camera_id="c2")
    refused(journal, erasing(journal, other))


def test_footage_of_a_held_incident_stays_held_after_its_merge(journal: EmbeddedJournal) -> None:
    one, other = merged(journal)
    hold(journal, incident_id=one)
    close_as_false = CloseIncident(other, version(journal, other), Outcome.FALSE)
    journal.apply(close_as_false, OPERATOR)  # the incident itself lets it go
    held = [lock for lock in journal.footage_locks(START_UTC_S) if lock.camera_id == "c2" and lock.held_by == "h1"]
    assert held != []


def test_a_merged_incident_does_not_go_by_its_day_before_the_one_that_goes_on(journal: EmbeddedJournal) -> None:
    one, other = merged(journal)
    refused(journal, EraseSubject("incidents", one, *BY_RULE, by_rule=True), RUNTIME)
    listed = {c.incident.id: c.held for c in journal.retention_candidates(START_UTC_S + 1e8, 10, default_days=1)}
    assert listed == {one: True}
    close(journal, other)
    journal.erase(EraseSubject("incidents", other, *BY_RULE, by_rule=True), RUNTIME)
    journal.erase(EraseSubject("incidents", one, *BY_RULE, by_rule=True), RUNTIME)
    assert journal.incidents() == []


def test_a_held_camera_keeps_its_alarms_and_notes(journal: EmbeddedJournal) -> None:
    alarm_id = str(journal.apply(RecordEvent(event(camera_id="c2")), RUNTIME).alarm_id)
    journal.apply(JudgeAlarm(alarm_id, 1, Verdict.FALSE), OPERATOR)
    mark = AddNote("he ran", NoteKind.MARK, camera_id="c2", utc_s=START_UTC_S)
    journal.apply(mark, OPERATOR)
    hold(journal, camera_id="c2")
    refused(journal, erasing(journal, alarm_id, "alarms"))
    refused(journal, erasing(journal, mark.new_note_id, "notes"))
    journal.apply(RemoveRecord("legal_holds", "h1"), ADMIN)
    journal.erase(erasing(journal, alarm_id, "alarms"), OFFICER)
    journal.erase(erasing(journal, mark.new_note_id, "notes"), OFFICER)


def test_a_held_incident_keeps_its_bulletin(journal: EmbeddedJournal) -> None:
    incident_id = entered(journal)
    bulletin = PublishLookout("x", "look for x", Severity.LOW, START_UTC_S + 1.0, incident_id)
    journal.apply(bulletin, OPERATOR)
    journal.apply(CloseLookout(bulletin.new_lookout_id, 1), OPERATOR)
    hold(journal, incident_id=incident_id)
    refused(journal, erasing(journal, bulletin.new_lookout_id, "lookouts"))
