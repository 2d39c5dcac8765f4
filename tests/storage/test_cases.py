"""Incidents by hand, corrections, owners, deadlines, undo, merge, links: what the journal does and refuses."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.case_commands import (
    AddNote,
    AssignIncident,
    EditIncident,
    EscalateIncident,
    HandOverIncident,
    OpenIncident,
    ResolveIncident,
    StepBackIncident,
)
from storage.case_records import HandoverState, NoteKind
from storage.commands import (
    AcknowledgeIncident,
    CloseIncident,
    JudgeAlarm,
    PutRecord,
    RecordEvent,
    ReopenIncident,
    VerifyIncident,
)
from storage.embedded_journal import EmbeddedJournal
from storage.errors import StorageCode
from storage.records import IncidentState, Outcome, Severity, Source, Verdict
from storage.registry_records import Deadline
from storage.release_records import OutboxState
from tests.storage.case_site import SECOND, SUPERVISOR, case_journal, done, file_of, handed_over, now, opened, refused
from tests.storage.site import ADMIN, OPERATOR, RUNTIME, START_UTC_S, SteppedClock, event


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def journal(tmp_path: Path, clock: SteppedClock) -> Iterator[EmbeddedJournal]:
    with case_journal(tmp_path, clock) as found:
        yield found


def close(journal: EmbeddedJournal, incident_id: str, outcome: str = Outcome.FOUND) -> None:
    done(journal, incident_id, lambda i: CloseIncident(i.id, i.version, outcome))


def test_an_entry_by_hand_is_numbered_owned_and_acknowledged(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    clock.utc_s += 5.0
    command = OpenIncident(
        "theft", Severity.HIGH, START_UTC_S, "c1", Source.CALL, "A bag", "said on the phone", "Side street 2"
    )
    receipt = journal.apply(command, OPERATOR)
    found = now(journal, command.new_incident_id)
    assert (receipt.incident_id, receipt.incident_number) == (found.id, "2027-000001")
    assert (found.state, found.owner_id, found.source) == (IncidentState.ACKNOWLEDGED, OPERATOR.id, Source.CALL)
    assert (found.opened_utc_s, found.acknowledged_utc_s) == (clock.utc_s, clock.utc_s)
    assert (found.happened_utc_s, found.title, found.address) == (START_UTC_S, "A bag", "Side street 2")
    assert (found.place_id, found.object_id, found.district_id, found.restricted) == ("p1", "o1", "d1", True)
    assert found.due_utc_s == clock.utc_s + 120.0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"category_id": "old"}, "categories"),
        ({"category_id": "none"}, "categories"),
        ({"place_id": "p2"}, "places"),
        ({"place_id": "none"}, "places"),
        ({"district_id": "d2"}, "districts"),
        ({"object_id": "none"}, "objects"),
        ({"severity": 9}, "severity"),
        ({"source": Source.ALARM}, "source"),
        ({"happened_utc_s": float("nan")}, "happened_utc_s"),
        ({"happened_utc_s": -1.0}, "happened_utc_s"),
        ({"happened_utc_s": 1e15}, "happened_utc_s"),
        ({"title": "x" * 201}, "title"),
        ({"title": "a\0b"}, "title"),
        ({"title": 5}, "title"),
        ({"note": "x" * 10_000_000}, "note"),
        ({"address": "\ud800"}, "address"),
        ({"new_incident_id": ""}, "id"),
        ({"camera_id": "x" * 201}, "camera_id"),
    ],
)
def test_an_entry_with_a_bad_value_is_refused(journal: EmbeddedJournal, changes: dict[str, object], field: str) -> None:
    values: dict[str, object] = {"category_id": "fire", "severity": Severity.LOW, "happened_utc_s": START_UTC_S}
    error = refused(journal, OpenIncident(**(values | changes)), StorageCode.BAD_VALUE)  # type: ignore[arg-type]
    assert error.details["field"] == field


def test_a_place_brings_its_district(journal: EmbeddedJournal) -> None:
    command = OpenIncident("fire", Severity.LOW, START_UTC_S, place_id="p1")
    journal.apply(command, OPERATOR)
    assert now(journal, command.new_incident_id).district_id == "d1"
    refused(journal, command, StorageCode.BAD_VALUE)  # its id is there already


def test_corrections_leave_the_rest_and_name_the_version(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    incident_id = opened(journal)
    first = now(journal, incident_id)
    edit = EditIncident(
        incident_id, 1, title="Smoke", severity=Severity.CRITICAL, damage_minor=12_50, currency="EUR", place_id="p1"
    )
    journal.apply(edit, SECOND)
    found = now(journal, incident_id)
    assert (found.title, found.severity, found.damage_minor, found.currency) == (
        "Smoke",
        Severity.CRITICAL,
        1250,
        "EUR",
    )
    assert (found.category_id, found.owner_id, found.version) == (first.category_id, OPERATOR.id, 2)
    refused(journal, edit, StorageCode.STALE_VERSION)
    head = journal.head()
    journal.apply(EditIncident(incident_id, 2, title="Smoke"), SECOND)
    assert journal.head() == head
    clock.utc_s += 10.0
    journal.apply(EditIncident(incident_id, 2, category_id="theft", place_id=""), OPERATOR)
    found = now(journal, incident_id)
    assert (found.place_id, found.due_utc_s) == (None, clock.utc_s + 120.0)


@pytest.mark.parametrize(
    "changes",
    [
        {"category_id": "old"},
        {"place_id": "p2"},
        {"severity": 0},
        {"damage_minor": -1},
        {"damage_minor": 2**60},
        {"currency": "euro"},
        {"currency": "éur"},
        {"happened_utc_s": float("inf")},
    ],
)
def test_bad_corrections_are_refused(journal: EmbeddedJournal, changes: dict[str, object]) -> None:
    incident_id = opened(journal)
    refused(journal, EditIncident(incident_id, 1, **changes), StorageCode.BAD_VALUE)  # type: ignore[arg-type]


def test_every_move_stamps_its_time_once(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    incident_id = opened(journal)
    opened_s = clock.utc_s
    clock.utc_s += 10.0
    handover = handed_over(journal, incident_id)
    assert (handover.at_utc_s, now(journal, incident_id).handed_over_utc_s) == (clock.utc_s, clock.utc_s)
    clock.utc_s += 10.0
    close(journal, incident_id)
    found = now(journal, incident_id)
    assert (found.acknowledged_utc_s, found.closed_utc_s) == (opened_s, clock.utc_s)
    assert found.due_utc_s is None
    clock.utc_s += 10.0
    done(journal, incident_id, lambda i: ReopenIncident(i.id, i.version))
    found = now(journal, incident_id)
    assert (found.closed_utc_s, found.outcome, found.acknowledged_utc_s) == (None, None, opened_s)
    assert found.due_utc_s == clock.utc_s + 300.0


def test_verifying_first_counts_as_acknowledging(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    receipt = journal.apply(RecordEvent(event(camera_id="c2"), opens_incident=True), RUNTIME)
    incident_id = str(receipt.incident_id)
    assert now(journal, incident_id).due_utc_s == clock.utc_s + 60.0
    clock.utc_s += 7.0
    found = done(journal, incident_id, lambda i: VerifyIncident(i.id, i.version))
    assert (found.acknowledged_utc_s, found.owner_id, found.due_utc_s) == (clock.utc_s, OPERATOR.id, None)


def test_a_retired_category_is_refused_for_alarms_too(journal: EmbeddedJournal) -> None:
    alarm_id = str(journal.apply(RecordEvent(event(camera_id="c2")), RUNTIME).alarm_id)
    refused(journal, JudgeAlarm(alarm_id, 1, Verdict.INCIDENT, "old"), StorageCode.BAD_VALUE)


def test_a_rule_with_a_retired_category_leaves_the_alarm_to_people(
    journal: EmbeddedJournal, caplog: pytest.LogCaptureFixture
) -> None:
    receipt = journal.apply(RecordEvent(event(camera_id="c2"), opens_incident=True, category_id="old"), RUNTIME)
    assert (receipt.incident_id, len(journal.alarms())) == (None, 1)
    assert "waits for an operator" in caplog.text
    caplog.clear()


def test_owners_take_give_and_are_relieved(journal: EmbeddedJournal) -> None:
    incident_id = opened(journal)
    take = AssignIncident(incident_id, 1, SECOND.id)
    assert refused(journal, take, StorageCode.NOT_PERMITTED, SECOND).details["permission"] == "assign"
    journal.apply(take, OPERATOR)
    assert now(journal, incident_id).owner_id == SECOND.id
    refused(journal, AssignIncident(incident_id, 2, OPERATOR.id), StorageCode.NOT_PERMITTED, OPERATOR)
    journal.apply(AssignIncident(incident_id, 2, OPERATOR.id), SUPERVISOR)
    found = now(journal, incident_id)
    assert (found.owner_id, found.state) == (OPERATOR.id, IncidentState.ACKNOWLEDGED)
    for nobody in ("nobody", "investigator-1", RUNTIME.id):
        refused(journal, AssignIncident(incident_id, 3, nobody), StorageCode.BAD_VALUE, SUPERVISOR)


def test_anybody_takes_what_nobody_has_but_gives_it_to_no_other(journal: EmbeddedJournal) -> None:
    incident_id = str(journal.apply(RecordEvent(event(camera_id="c2"), opens_incident=True), RUNTIME).incident_id)
    refused(journal, AssignIncident(incident_id, 1, SECOND.id), StorageCode.NOT_PERMITTED, OPERATOR)
    journal.apply(AssignIncident(incident_id, 1, OPERATOR.id), OPERATOR)
    assert now(journal, incident_id).owner_id == OPERATOR.id


def test_a_passed_deadline_escalates_once(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    incident_id = opened(journal, category_id="theft")
    assert journal.overdue(clock.utc_s + 119.0) == []
    refused(journal, EscalateIncident(incident_id, 1), StorageCode.ILLEGAL_TRANSITION, RUNTIME)
    clock.utc_s += 120.0
    assert [i.id for i in journal.overdue(clock.utc_s)] == [incident_id]
    refused(journal, EscalateIncident(incident_id, 1), StorageCode.NOT_PERMITTED, OPERATOR)
    journal.apply(EscalateIncident(incident_id, 1), RUNTIME)
    file = file_of(journal, incident_id)
    assert (file.incident.escalated_utc_s, file.incident.due_utc_s) == (clock.utc_s, None)
    assert file.incident.state is IncidentState.ACKNOWLEDGED
    assert [(n.kind, n.actor_id) for n in file.notes] == [(NoteKind.NOTE, RUNTIME.id)]
    assert sorted(m.route_id for m in file.alerts) == ["r-hook", "r-theft"]
    assert journal.overdue(clock.utc_s + 1e6) == []
    refused(journal, EscalateIncident(incident_id, 2), StorageCode.ILLEGAL_TRANSITION, RUNTIME)
    found = done(journal, incident_id, lambda i: VerifyIncident(i.id, i.version))
    assert found.escalated_utc_s is None


def test_who_acts_in_time_is_not_escalated(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    incident_id = opened(journal)
    clock.utc_s += 1000.0
    late = journal.overdue(clock.utc_s)[0]
    journal.apply(VerifyIncident(incident_id, 1), OPERATOR)
    refused(journal, EscalateIncident(late.id, late.version), StorageCode.STALE_VERSION, RUNTIME)
    assert journal.overdue(clock.utc_s) == []


def test_a_deadline_taken_out_of_use_counts_no_more(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    journal.apply(PutRecord(Deadline("theft-ack", IncidentState.ACKNOWLEDGED, 30.0, "theft")), ADMIN)
    assert now(journal, opened(journal, category_id="theft")).due_utc_s == clock.utc_s + 30.0


def test_stepping_back_undoes_one_move_after_the_other(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    incident_id = str(journal.apply(RecordEvent(event(camera_id="c2"), opens_incident=True), RUNTIME).incident_id)
    done(journal, incident_id, lambda i: AcknowledgeIncident(i.id, i.version))
    done(journal, incident_id, lambda i: VerifyIncident(i.id, i.version))
    done(journal, incident_id, lambda i: EditIncident(i.id, i.version, title="kept"))
    handover = handed_over(journal, incident_id)
    assert now(journal, incident_id).service_id == "police"

    def back() -> None:
        clock.utc_s += 1.0
        done(journal, incident_id, lambda i: StepBackIncident(i.id, i.version))

    back()
    file = file_of(journal, incident_id)
    assert (file.incident.state, file.incident.service_id) == (IncidentState.VERIFIED, None)
    assert (file.incident.handed_over_utc_s, file.incident.title) == (None, "kept")
    assert file.handovers[0].state is HandoverState.WITHDRAWN
    assert file.handovers[0].id == handover.id
    assert {(m.state, m.error) for m in file.alerts} == {(OutboxState.FAILED, "withdrawn")}
    back()
    assert now(journal, incident_id).state is IncidentState.ACKNOWLEDGED
    done(journal, incident_id, lambda i: ResolveIncident(i.id, i.version))
    back()
    back()
    found = now(journal, incident_id)
    assert (found.state, found.acknowledged_utc_s, found.owner_id) == (IncidentState.NEW, None, None)
    refused(journal, StepBackIncident(incident_id, found.version), StorageCode.ILLEGAL_TRANSITION)


def test_stepping_back_goes_neither_before_the_entry_nor_into_a_closure(journal: EmbeddedJournal) -> None:
    incident_id = opened(journal)
    refused(journal, StepBackIncident(incident_id, 1), StorageCode.ILLEGAL_TRANSITION)
    close(journal, incident_id)
    refused(journal, StepBackIncident(incident_id, 2), StorageCode.ILLEGAL_TRANSITION)
    done(journal, incident_id, lambda i: ReopenIncident(i.id, i.version))
    refused(journal, StepBackIncident(incident_id, 3), StorageCode.ILLEGAL_TRANSITION)
    done(journal, incident_id, lambda i: VerifyIncident(i.id, i.version))
    found = done(journal, incident_id, lambda i: StepBackIncident(i.id, i.version))
    assert found.state is IncidentState.ACKNOWLEDGED


def test_an_owner_given_since_the_move_stays(journal: EmbeddedJournal) -> None:
    incident_id = str(journal.apply(RecordEvent(event(camera_id="c2"), opens_incident=True), RUNTIME).incident_id)
    done(journal, incident_id, lambda i: AcknowledgeIncident(i.id, i.version))
    done(journal, incident_id, lambda i: AssignIncident(i.id, i.version, SECOND.id))
    found = done(journal, incident_id, lambda i: StepBackIncident(i.id, i.version), SECOND)
    assert (found.state, found.owner_id) == (IncidentState.NEW, SECOND.id)


def test_an_entry_by_hand_holds_its_cameras_footage(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    def held() -> list[tuple[str, float, float]]:
        locks = journal.footage_locks(clock.utc_s)
        assert all(lock.until_utc_s is None for lock in locks)
        return sorted((lock.camera_id, lock.from_utc_s - START_UTC_S, lock.to_utc_s - START_UTC_S) for lock in locks)

    incident_id = opened(journal)
    journal.apply(OpenIncident("fire", Severity.LOW, START_UTC_S), OPERATOR)  # a call without a camera
    assert held() == [("c2", -60.0, 3600.0)]
    bookmark = AddNote("", NoteKind.BOOKMARK, incident_id, "c1", START_UTC_S + 50.0)
    journal.apply(bookmark, OPERATOR)
    assert held() == [("c1", 20.0, 110.0), ("c2", -60.0, 3600.0)]
    clock.utc_s += 30.0
    close(journal, incident_id)
    assert held() == [("c1", 20.0, 110.0), ("c2", -60.0, 300.0)]
    done(journal, incident_id, lambda i: ReopenIncident(i.id, i.version))
    clock.utc_s += 1000.0
    close(journal, incident_id)
    assert ("c2", -60.0, 1030.0) in held()
    done(journal, incident_id, lambda i: ReopenIncident(i.id, i.version))
    close(journal, incident_id, Outcome.FALSE)
    assert held() == []


def test_numbers_go_on_after_a_million(journal: EmbeddedJournal) -> None:
    # Not by a million commands: what the next number is made of is the column.
    for index, number in enumerate(("2027-999998", "2027-999999", "2027-1000000", "2027-1000001")):
        incident_id = opened(journal)
        assert index or now(journal, incident_id).number == "2027-000001"
        if not index:
            forge_number(journal, incident_id, "2027-999998")
            continue
        assert now(journal, incident_id).number == number
    restore_number(journal)


def forge_number(journal: EmbeddedJournal, incident_id: str, number: str) -> None:
    raw(journal, "UPDATE incidents SET number = ? WHERE id = ?", number, incident_id)


def restore_number(journal: EmbeddedJournal) -> None:
    raw(journal, "UPDATE incidents SET number = '2027-000001' WHERE number = '2027-999998'")


def raw(journal: EmbeddedJournal, sql: str, *values: str) -> None:
    with contextlib.closing(sqlite3.connect(journal.path, isolation_level=None)) as connection:
        connection.execute(sql, values)


def test_handing_over_needs_a_service_in_use(journal: EmbeddedJournal) -> None:
    incident_id = opened(journal)
    for service_id in ("old", "none"):
        refused(journal, HandOverIncident(incident_id, 1, service_id), StorageCode.BAD_VALUE)
    refused(journal, HandOverIncident(incident_id, 1, "fire", "a\0"), StorageCode.BAD_VALUE)


def test_another_s_new_incident_is_taken_only_by_who_may_assign(journal: EmbeddedJournal) -> None:
    journal.apply(RecordEvent(event(camera_id="c2")), RUNTIME)
    alarm = journal.alarms()[0]
    receipt = journal.apply(JudgeAlarm(alarm.id, alarm.version, Verdict.INCIDENT, "theft"), OPERATOR)
    incident = now(journal, str(receipt.incident_id))
    assert (incident.state, incident.owner_id, incident.restricted) == (IncidentState.NEW, OPERATOR.id, False)
    refused(journal, AcknowledgeIncident(incident.id, incident.version), StorageCode.NOT_PERMITTED, actor=SECOND)
    journal.apply(AcknowledgeIncident(incident.id, incident.version), SUPERVISOR)
    assert now(journal, incident.id).owner_id == SUPERVISOR.id
