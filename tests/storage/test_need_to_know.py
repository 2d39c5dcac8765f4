"""Restricted incidents: who reads them, who acts on them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.case_commands import (
    AddNote,
    AddParticipant,
    AssignIncident,
    AttachExhibit,
    EditIncident,
    LinkIncidents,
    MergeIncident,
    RestrictIncident,
)
from storage.case_records import Exhibit
from storage.commands import (
    AcknowledgeIncident,
    Command,
    PutOperator,
    PutRecord,
    RecordEvent,
    RecordExport,
    VerifyIncident,
)
from storage.embedded_journal import EmbeddedJournal
from storage.errors import StorageCode, StorageError
from storage.people_commands import (
    BreakGlass,
    DecideApproval,
    HandOverShift,
    RecordAccess,
    RequestApproval,
    ShiftWord,
    StartShift,
)
from storage.people_records import AccessKind, ApprovalKind, ShiftItemKind
from storage.records import EvidenceKind, Operator, Role
from storage.registry_records import CameraGroup
from storage.search import IncidentQuery
from tests.storage.case_site import SECOND, SUPERVISOR, case_journal, done, now, opened, refused
from tests.storage.site import ADMIN, OPERATOR, ROLES, RUNTIME, START_UTC_S, SteppedClock, event

INVESTIGATOR = ROLES[Role.INVESTIGATOR]


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def journal(tmp_path: Path, clock: SteppedClock) -> Iterator[EmbeddedJournal]:
    with case_journal(tmp_path, clock) as found:
        yield found


def seers(journal: EmbeddedJournal, incident_id: str) -> set[str]:
    """Who has it in the list; the file must say the same."""
    found = set()
    for actor in (*ROLES.values(), SECOND):
        listed = incident_id in {i.id for i in journal.incidents(viewer_id=actor.id)}
        assert listed == (incident_id in {i.id for i in journal.incidents(open_only=True, viewer_id=actor.id)})
        if listed:
            journal.incident_file(incident_id, viewer_id=actor.id)
            found.add(actor.id)
        else:
            with pytest.raises(StorageError, match="not_permitted"):
                journal.incident_file(incident_id, viewer_id=actor.id)
    return found


ALL = {actor.id for actor in ROLES.values()} | {SECOND.id}
ALWAYS = ALL - {OPERATOR.id, SECOND.id, INVESTIGATOR.id}


def test_need_to_know(journal: EmbeddedJournal) -> None:
    incident_id = opened(journal)
    assert seers(journal, incident_id) == ALL
    done(journal, incident_id, lambda i: RestrictIncident(i.id, i.version, restricted=True), SUPERVISOR)
    assert seers(journal, incident_id) == ALWAYS | {OPERATOR.id}
    names = (SECOND.id, INVESTIGATOR.id)
    done(journal, incident_id, lambda i: RestrictIncident(i.id, i.version, True, names), SUPERVISOR)
    assert seers(journal, incident_id) == ALL
    done(journal, incident_id, lambda i: RestrictIncident(i.id, i.version, True, (SECOND.id,)), SUPERVISOR)
    assert seers(journal, incident_id) == ALWAYS | {OPERATOR.id, SECOND.id}
    done(journal, incident_id, lambda i: RestrictIncident(i.id, i.version, False), SUPERVISOR)
    assert seers(journal, incident_id) == ALL
    done(journal, incident_id, lambda i: RestrictIncident(i.id, i.version, True), SUPERVISOR)
    assert SECOND.id not in seers(journal, incident_id)
    refused(journal, RestrictIncident(incident_id, 6, True, ("nobody",)), StorageCode.BAD_VALUE, SUPERVISOR)
    refused(journal, RestrictIncident(incident_id, 5, True), StorageCode.STALE_VERSION, SUPERVISOR)
    assert incident_id in {i.id for i in journal.incidents()}  # the program itself


def test_every_command_about_it_is_refused_to_others(journal: EmbeddedJournal) -> None:
    secret, open_to_all = opened(journal), opened(journal)
    journal.apply(RestrictIncident(secret, 1, restricted=True), SUPERVISOR)
    commands: list[Command] = [
        VerifyIncident(secret, 2),
        EditIncident(secret, 2, title="x"),
        AssignIncident(secret, 2, SECOND.id),
        AddNote("x", incident_id=secret),
        AddParticipant(secret, "x"),
        LinkIncidents(secret, open_to_all),
        LinkIncidents(open_to_all, secret),
        MergeIncident(secret, 2, open_to_all),
        MergeIncident(open_to_all, 1, secret),
        RecordExport(secret, "pdf", "ab" * 32),
        RecordAccess(AccessKind.PLAYBACK, "curious", incident_id=secret),
        AttachExhibit(Exhibit("x1", secret, EvidenceKind.STILL, "ef/01.jpg", "ef" * 32, "still", 0.0, SECOND.id)),
    ]
    for command in commands:
        refused(journal, command, StorageCode.NOT_PERMITTED, SECOND)
    journal.apply(VerifyIncident(secret, 2), OPERATOR)
    journal.apply(EditIncident(secret, 3, title="x"), SUPERVISOR)


def test_an_alarm_of_a_restricted_camera_does_not_wait_unseen(journal: EmbeddedJournal) -> None:
    incident_id = str(journal.apply(RecordEvent(event(camera_id="c1"), opens_incident=True), RUNTIME).incident_id)
    assert now(journal, incident_id).restricted
    assert seers(journal, incident_id) == ALWAYS | {OPERATOR.id, SECOND.id}
    journal.apply(AcknowledgeIncident(incident_id, 1), SECOND)
    assert seers(journal, incident_id) == ALWAYS | {SECOND.id}


def test_restricting_what_nobody_owns_takes_it(journal: EmbeddedJournal) -> None:
    incident_id = str(journal.apply(RecordEvent(event(camera_id="c2"), opens_incident=True), RUNTIME).incident_id)
    journal.apply(RestrictIncident(incident_id, 1, restricted=True), SUPERVISOR)
    assert now(journal, incident_id).owner_id == SUPERVISOR.id
    refused(journal, AcknowledgeIncident(incident_id, 2), StorageCode.NOT_PERMITTED, OPERATOR)


def test_merging_a_secret_keeps_it(journal: EmbeddedJournal) -> None:
    secret, other = opened(journal), opened(journal)
    journal.apply(RestrictIncident(secret, 1, restricted=True), SUPERVISOR)
    journal.apply(MergeIncident(secret, 2, other), OPERATOR)
    assert now(journal, other).restricted


def test_pages_are_full_without_what_is_hidden(journal: EmbeddedJournal) -> None:
    ids = [opened(journal) for _ in range(6)]
    for incident_id in ids[1::2]:
        journal.apply(RestrictIncident(incident_id, 1, restricted=True), SUPERVISOR)
    seen = [i.id for i in journal.incidents(limit=2, viewer_id=SECOND.id)]
    seen += [i.id for i in journal.incidents(limit=2, viewer_id=SECOND.id, before_id=seen[-1])]
    assert sorted(seen) == sorted(ids[::2])


def test_another_groups_incidents_are_in_no_list(journal: EmbeddedJournal) -> None:
    """A camera group limits what is read as well as what is done; also a supervisor's."""
    theirs, ours = opened(journal, camera_id="c1"), opened(journal, camera_id="c2")
    without = opened(journal, camera_id="")
    journal.apply(EditIncident(theirs, 1, title="informer"), OPERATOR)
    journal.apply(PutRecord(CameraGroup("g2", "Yards", ("c2",))), ADMIN)
    for role in (Role.OPERATOR, Role.SUPERVISOR):
        limited = Operator(SECOND.id, "Second", role, group_ids=("g2",))
        journal.apply(PutOperator(limited), ADMIN)
        viewer_id = limited.id
        assert {i.id for i in journal.incidents(viewer_id=viewer_id)} == {ours, without}
        assert {i.id for i in journal.find_incidents(IncidentQuery(), viewer_id=viewer_id).incidents} == {ours, without}
        assert journal.find_incidents(IncidentQuery(text="informer"), viewer_id=viewer_id).incidents == ()
        assert journal.count_incidents(IncidentQuery(), viewer_id=viewer_id) == 2
        assert journal.count_incidents(IncidentQuery(text="informer"), viewer_id=viewer_id) == 0
        bounds = (START_UTC_S - 1.0, START_UTC_S + 1.0)
        assert journal.histogram(IncidentQuery(), *bounds, 1, viewer_id=viewer_id) == (2,)
        with pytest.raises(StorageError, match="not_permitted"):
            journal.incident_file(theirs, viewer_id=viewer_id)
        journal.incident_file(ours, viewer_id=viewer_id)
    assert len(journal.incidents(viewer_id=SUPERVISOR.id)) == 3


def test_a_restricted_incident_put_down_shows_its_title_to_nobody_else(journal: EmbeddedJournal) -> None:
    secret = opened(journal)
    journal.apply(RestrictIncident(secret, 1, restricted=True), SUPERVISOR)
    shift = StartShift("seat 1")
    journal.apply(shift, OPERATOR)
    words = (ShiftWord(ShiftItemKind.INCIDENT, secret, "the informer"), ShiftWord(ShiftItemKind.WORD, "", "cold"))
    journal.apply(HandOverShift(shift.new_shift_id, 1, words), OPERATOR)
    assert [item.text for item in journal.shift_items(viewer_id=SECOND.id)] == ["cold"]
    assert len(journal.shift_items(viewer_id=SUPERVISOR.id)) == len(journal.shift_items()) == 2


def test_nobody_decides_about_another_groups_camera(journal: EmbeddedJournal) -> None:
    theirs, ours = opened(journal, camera_id="c1"), opened(journal, camera_id="c2")
    journal.apply(PutRecord(CameraGroup("g2", "Yards", ("c2",))), ADMIN)
    journal.apply(PutOperator(Operator(SECOND.id, "Second", Role.SUPERVISOR, group_ids=("g2",))), ADMIN)
    for subject_id in (theirs, ours):
        ask = RequestApproval(ApprovalKind.MASTER_EXPORT, subject_id, "court", f"for {subject_id}")
        journal.apply(ask, OPERATOR)
    refused(journal, DecideApproval(f"for {theirs}", 1, approved=True), StorageCode.NOT_PERMITTED, SECOND)
    refused(journal, BreakGlass(f"for {theirs}", 1, "danger"), StorageCode.NOT_PERMITTED, SECOND)
    journal.apply(DecideApproval(f"for {ours}", 1, approved=True), SECOND)
