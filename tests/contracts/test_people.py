"""People in the journal: who may act when and on which cameras, passwords, logins, shifts, approvals, accesses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.access import cameras_of, is_valid
from storage.approvals import approval_granted
from storage.case_commands import AddNote, AssignIncident, AttachExhibit, OpenIncident
from storage.case_records import Exhibit
from storage.commands import AcknowledgeAlarm, AcknowledgeIncident, Command, PutOperator, PutRecord, RecordEvent
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode, StorageError
from storage.journal import Journal
from storage.ledger import Ledger
from storage.people_commands import (
    BreakGlass,
    DecideApproval,
    EndShift,
    HandOverShift,
    LendSectors,
    LogIn,
    LogOut,
    RecordAccess,
    RecordFailedLogin,
    RequestApproval,
    ReviewApproval,
    SetPassword,
    ShiftWord,
    StartShift,
    TakeShiftItem,
)
from storage.people_queries import AccessFilter
from storage.people_records import Access, AccessKind, ApprovalKind, ApprovalState, Shift, ShiftItemKind, ShiftState
from storage.records import Actor, Camera, EvidenceKind, Operator, Role, Severity
from storage.registry_records import CameraGroup, Sector
from tests.contracts.people_table import PHC
from tests.contracts.test_journal import opened_incident, outcome, raised_alarm, refused
from tests.storage.site import (
    ADMIN,
    OPERATOR,
    ROLES,
    RUNTIME,
    START_UTC_S,
    SteppedClock,
    add_people,
    add_registry,
    event,
)

OTHER = Actor("operator-2")
SUPERVISOR = ROLES[Role.SUPERVISOR]


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def journal(tmp_path: Path, clock: SteppedClock) -> Iterator[EmbeddedJournal]:
    opened = open_journal(tmp_path / "journal" / "journal.db", clock=clock)
    add_people(opened)
    add_registry(opened)
    opened.apply(PutOperator(Operator(OTHER.id, "Second", Role.OPERATOR)), ADMIN)
    for letter in "abc":
        opened.apply(PutRecord(Sector(letter, f"Sector {letter}", ("c1",))), ADMIN)
    yield opened
    try:
        assert opened.verify().problems == ()
    finally:
        opened.close()


# Validity and camera groups


def test_nobody_acts_outside_their_dates(journal: Journal, clock: SteppedClock) -> None:
    alarm_id = raised_alarm(journal)
    dated = Operator(OPERATOR.id, "Dated", Role.OPERATOR, START_UTC_S + 10, START_UTC_S + 20)
    journal.apply(PutOperator(dated), ADMIN)
    refused(StorageCode.NOT_PERMITTED, journal, AcknowledgeAlarm(alarm_id, 1), OPERATOR)
    clock.utc_s = START_UTC_S + 20
    refused(StorageCode.NOT_PERMITTED, journal, AcknowledgeAlarm(alarm_id, 1), OPERATOR)
    clock.utc_s = START_UTC_S + 19
    journal.apply(AcknowledgeAlarm(alarm_id, 1), OPERATOR)


@given(st.one_of(st.none(), st.floats(0, 100)), st.one_of(st.none(), st.floats(0, 100)), st.floats(-10, 110))
def test_validity_is_half_open(from_s: float | None, to_s: float | None, at_s: float) -> None:
    found = is_valid(Operator("o", "o", Role.OPERATOR, from_s, to_s), at_s)
    assert found == ((from_s is None or at_s >= from_s) and (to_s is None or at_s < to_s))


def grouped(journal: Journal) -> None:
    journal.apply(PutRecord(CameraGroup("g2", "Yards", ("c2",))), ADMIN)
    journal.apply(PutOperator(Operator(OPERATOR.id, "Grouped", Role.OPERATOR, group_ids=("g2",))), ADMIN)


def test_a_group_opens_its_cameras_only(journal: Journal) -> None:
    theirs, other = raised_alarm(journal, 0.0, "c2"), raised_alarm(journal, 1.0, "c3")
    incident_id = opened_incident(journal, 2.0, "c1")
    grouped(journal)
    journal.apply(AcknowledgeAlarm(theirs, 1), OPERATOR)
    for command in (
        AcknowledgeAlarm(other, 1),
        AcknowledgeIncident(incident_id, 1),
        RecordAccess(AccessKind.PTZ, camera_id="c1"),
        RecordAccess(AccessKind.EXPORT, incident_id=incident_id),
        OpenIncident("fight", Severity.LOW, START_UTC_S, camera_id="c1"),
        AddNote("x", incident_id=incident_id),
        RequestApproval(ApprovalKind.MASTER_EXPORT, incident_id, "why"),
        AttachExhibit(_exhibit("x1", incident_id)),
    ):
        refused(StorageCode.NOT_PERMITTED, journal, command, OPERATOR)
    journal.apply(RecordAccess(AccessKind.PTZ, camera_id="c2"), OPERATOR)
    own = str(journal.apply(OpenIncident("fight", Severity.LOW, START_UTC_S, "c2"), OPERATOR).incident_id)
    refused(StorageCode.NOT_PERMITTED, journal, AttachExhibit(_exhibit("x2", own, "c1")), OPERATOR)
    journal.apply(AttachExhibit(_exhibit("x3", own, "c2")), OPERATOR)


def _exhibit(exhibit_id: str, incident_id: str, camera_id: str | None = None) -> Exhibit:
    kind, sha256 = EvidenceKind.STILL, "ab" * 32
    return Exhibit(exhibit_id, incident_id, kind, "ab/cd.jpg", sha256, "still", 0.0, OPERATOR.id, camera_id)


def test_a_group_out_of_use_opens_nothing(journal: Journal) -> None:
    from storage.commands import RemoveRecord

    alarm_id = raised_alarm(journal, 0.0, "c2")
    grouped(journal)
    journal.apply(RemoveRecord("camera_groups", "g2"), ADMIN)
    refused(StorageCode.NOT_PERMITTED, journal, AcknowledgeAlarm(alarm_id, 1), OPERATOR)
    registry = journal.registry()
    operator = next(o for o in registry.operators if o.id == OPERATOR.id)
    assert cameras_of(operator, registry.camera_groups) == frozenset()
    assert cameras_of(Operator("o", "o", Role.OPERATOR), registry.camera_groups) is None


def test_lists_are_filtered_by_the_cameras_of_the_reader(journal: Journal) -> None:
    assert journal.cameras_of(OPERATOR.id) is None
    grouped(journal)
    assert journal.cameras_of(OPERATOR.id) == frozenset({"c2"})
    assert journal.cameras_of("nobody") == frozenset()


def test_an_incident_of_another_group_is_not_taken_with_a_shift(journal: Journal) -> None:
    incident_id = opened_incident(journal, 0.0, "c1")
    shift = started(journal, SUPERVISOR)
    journal.apply(HandOverShift(shift.id, 1, (ShiftWord(ShiftItemKind.INCIDENT, incident_id, "1"),)), SUPERVISOR)
    grouped(journal)
    refused(StorageCode.NOT_PERMITTED, journal, TakeShiftItem(journal.shift_items()[0].id), OPERATOR)


# Passwords and logins


def test_a_password_from_an_administrator_is_temporary(journal: Journal) -> None:
    assert not journal.has_passwords()
    journal.apply(SetPassword(OPERATOR.id, PHC), ADMIN)
    stored = journal.password(OPERATOR.id)
    assert stored is not None
    assert (stored.phc, stored.temporary, stored.set_utc_s) == (PHC, True, START_UTC_S)
    journal.apply(SetPassword(OPERATOR.id, PHC), OPERATOR)
    own = journal.password(OPERATOR.id)
    assert own is not None
    assert not own.temporary
    assert journal.has_passwords()
    assert journal.password(OTHER.id) is None


def test_passwords_of_others_and_nonsense_are_refused(journal: Journal) -> None:
    refused(StorageCode.NOT_PERMITTED, journal, SetPassword(OTHER.id, PHC), OPERATOR)
    refused(StorageCode.NOT_PERMITTED, journal, SetPassword(OTHER.id, PHC), SUPERVISOR)
    refused(StorageCode.BAD_VALUE, journal, SetPassword(OPERATOR.id, "a word in the clear"), OPERATOR)
    refused(StorageCode.BAD_VALUE, journal, SetPassword(RUNTIME.id, PHC), ADMIN)
    refused(StorageCode.NOT_FOUND, journal, SetPassword("nobody", PHC), ADMIN)


def test_a_seat_has_one_person(journal: Journal, clock: SteppedClock) -> None:
    first, second, elsewhere = LogIn("seat 1"), LogIn("seat 1"), LogIn("seat 2")
    journal.apply(first, OPERATOR)
    journal.apply(elsewhere, SUPERVISOR)
    clock.utc_s += 60
    journal.apply(second, OTHER)
    assert [(found.operator_id, found.workstation) for found in journal.logins_open()] == [
        (SUPERVISOR.id, "seat 2"),
        (OTHER.id, "seat 1"),
    ]
    refused(StorageCode.ILLEGAL_TRANSITION, journal, LogOut(first.new_login_id), OPERATOR)
    refused(StorageCode.NOT_PERMITTED, journal, LogOut(second.new_login_id), OPERATOR)
    refused(StorageCode.BAD_VALUE, journal, second, OTHER)
    journal.apply(LogOut(second.new_login_id), OTHER)
    assert [login.operator_id for login in journal.logins_open()] == [SUPERVISOR.id]


def test_failed_logins_are_cut_and_counted(journal: Journal, clock: SteppedClock) -> None:
    journal.apply(RecordFailedLogin("old", "seat"), RUNTIME)
    clock.utc_s += 100
    journal.apply(RecordFailedLogin("x" * 10_000 + "\ud800", "seat\n\x00 1"), RUNTIME)
    journal.apply(RecordFailedLogin("\ud800' OR 1=1", "seat"), RUNTIME)
    found = journal.failed_logins(START_UTC_S + 50)
    assert sorted(len(f.name) for f in found) == [9, 64]
    assert len(journal.failed_logins(START_UTC_S)) == 3
    assert len(journal.failed_logins(0.0, limit=1)) == 1


# Accesses


@pytest.mark.parametrize("kind", [AccessKind.SEARCH, AccessKind.EXPORT, AccessKind.MASK_LIFT, AccessKind.PLAYBACK])
def test_looking_needs_a_case_or_a_reason(journal: Journal, kind: AccessKind) -> None:
    incident_id = opened_incident(journal)
    actor = SUPERVISOR if kind is AccessKind.MASK_LIFT else OPERATOR
    for command in (RecordAccess(kind), RecordAccess(kind, reason=" \n\t ")):
        refused(StorageCode.NO_REASON, journal, command, actor)
    refused(StorageCode.NOT_FOUND, journal, RecordAccess(kind, incident_id="nothing"), actor)
    journal.apply(RecordAccess(kind, reason=" court \n order "), actor)
    journal.apply(RecordAccess(kind, incident_id=incident_id), actor)
    assert {a.reason for a in journal.accesses(AccessFilter())} == {"court order", ""}


@pytest.mark.parametrize(
    ("role", "may_lift"),
    [
        (Role.OPERATOR, False),
        (Role.SUPERVISOR, True),
        (Role.INVESTIGATOR, True),
        (Role.PROTECTION_OFFICER, False),
        (Role.ADMINISTRATOR, True),
    ],
)
def test_a_mask_is_lifted_by_few(journal: Journal, role: Role, may_lift: bool) -> None:
    actor = {**ROLES, Role.OPERATOR: OPERATOR, Role.ADMINISTRATOR: ADMIN}[role]
    command = RecordAccess(AccessKind.MASK_LIFT, "lost child", camera_id="c1")
    if may_lift:
        journal.apply(command, actor)
        assert journal.accesses(AccessFilter())[0].kind is AccessKind.MASK_LIFT
    else:
        refused(StorageCode.NOT_PERMITTED, journal, command, actor)


def test_the_last_minutes_may_be_replayed_at_once(journal: Journal, clock: SteppedClock) -> None:
    def playback(back_s: float) -> RecordAccess:
        return RecordAccess(AccessKind.PLAYBACK, camera_id="c1", from_utc_s=clock.utc_s - back_s)

    journal.apply(playback(600), OPERATOR)
    refused(StorageCode.NO_REASON, journal, playback(600.5), OPERATOR)
    assert journal.accesses(AccessFilter())[0].reason == "instant replay"
    bad = RecordAccess(AccessKind.PLAYBACK, "why", from_utc_s=5.0, to_utc_s=4.0)
    refused(StorageCode.BAD_VALUE, journal, bad, OPERATOR)
    refused(StorageCode.BAD_VALUE, journal, RecordAccess(AccessKind.PLAYBACK, "why", from_utc_s=float("nan")), OPERATOR)


def test_accesses_are_found_by_what_an_auditor_asks(journal: Journal, clock: SteppedClock) -> None:
    incident_id = opened_incident(journal)
    for number in range(6):
        clock.utc_s += number % 2
        camera, case = f"c{number % 2 + 1}", incident_id if number % 3 == 0 else None
        command = RecordAccess(AccessKind.PTZ, camera_id=camera, incident_id=case, detail=str(number))
        journal.apply(command, OPERATOR if number < 4 else OTHER)
    journal.apply(RecordAccess(AccessKind.SEARCH, "why"), OTHER)

    def details(wanted: AccessFilter, limit: int = 100) -> str:
        return "".join(a.detail for a in journal.accesses(wanted, limit) if a.kind is AccessKind.PTZ)

    assert sorted(details(AccessFilter())) == list("012345")
    assert details(AccessFilter(camera_id="c2")) == "531"
    assert details(AccessFilter(incident_id=incident_id)) == "30"
    assert sorted(details(AccessFilter(actor_id=OTHER.id))) == ["4", "5"]
    assert sorted(details(AccessFilter(from_utc_s=START_UTC_S + 1, to_utc_s=START_UTC_S + 2))) == ["1", "2"]
    assert len(journal.accesses(AccessFilter(kind=AccessKind.SEARCH))) == 1
    pages: list[Access] = []
    last: Access | None = None
    while page := journal.accesses(AccessFilter(before=last), 3):
        pages += page
        last = page[-1]
    assert pages == journal.accesses(AccessFilter())


# Approvals


def asked(journal: Journal, kind: ApprovalKind = ApprovalKind.MASTER_EXPORT) -> str:
    command = RequestApproval(kind, "subject", "needed in court")
    journal.apply(command, OPERATOR)
    return command.new_approval_id


def granted(journal: EmbeddedJournal, approval_id: str, kind: ApprovalKind, subject_id: str = "subject") -> bool:
    import contextlib
    import sqlite3

    with contextlib.closing(sqlite3.connect(journal.path)) as connection:
        return approval_granted(Ledger(connection, lambda: 0.0), approval_id, kind, subject_id)


def test_a_second_person_decides(journal: EmbeddedJournal) -> None:
    kind = ApprovalKind.MASTER_EXPORT
    approval_id = asked(journal)
    assert not granted(journal, approval_id, kind)
    refused(StorageCode.NOT_PERMITTED, journal, DecideApproval(approval_id, 1, approved=True), OPERATOR)
    refused(StorageCode.STALE_VERSION, journal, DecideApproval(approval_id, 2, approved=True), SUPERVISOR)
    journal.apply(DecideApproval(approval_id, 1, approved=True, words="seen"), SUPERVISOR)
    refused(StorageCode.ILLEGAL_TRANSITION, journal, DecideApproval(approval_id, 2, approved=False), ADMIN)
    found = journal.approvals(open_only=False)[0]
    assert (found.state, found.decided_by_id, found.words) == (ApprovalState.APPROVED, SUPERVISOR.id, "seen")
    assert journal.approvals() == []
    assert granted(journal, approval_id, kind)
    assert not granted(journal, approval_id, ApprovalKind.ERASURE)
    assert not granted(journal, approval_id, kind, "something else")
    assert not granted(journal, "", kind)


def test_the_same_wish_is_asked_once_until_it_is_answered(journal: EmbeddedJournal) -> None:
    first = asked(journal)
    again = RequestApproval(ApprovalKind.MASTER_EXPORT, "subject", "needed in court")
    refused(StorageCode.ALREADY_ASKED, journal, again, OPERATOR)
    others = (
        replace(again, reason="for the insurer", new_approval_id="a2"),
        replace(again, kind=ApprovalKind.ERASURE, new_approval_id="a3"),
        replace(again, subject_id="another", new_approval_id="a4"),
    )
    for other in others:
        journal.apply(other, OPERATOR)
    journal.apply(replace(again, new_approval_id="a5"), SUPERVISOR)
    journal.apply(DecideApproval(first, 1, approved=False), SUPERVISOR)
    journal.apply(replace(again, new_approval_id="a6"), OPERATOR)
    assert {a.id for a in journal.approvals()} == {"a2", "a3", "a4", "a5", "a6"}


def test_nobody_approves_their_own_wish(journal: EmbeddedJournal) -> None:
    command = RequestApproval(ApprovalKind.DISCLOSURE, "d", "why")
    journal.apply(command, SUPERVISOR)
    refused(StorageCode.NOT_PERMITTED, journal, DecideApproval(command.new_approval_id, 1, approved=True), SUPERVISOR)
    journal.apply(DecideApproval(command.new_approval_id, 1, approved=False), ADMIN)
    assert not granted(journal, command.new_approval_id, ApprovalKind.DISCLOSURE, "d")
    refused(StorageCode.NO_REASON, journal, RequestApproval(ApprovalKind.DISCLOSURE, "d", "  "), SUPERVISOR)
    refused(StorageCode.BAD_VALUE, journal, RequestApproval(ApprovalKind.DISCLOSURE, "", "why"), SUPERVISOR)


def test_broken_glass_is_used_at_once_and_reviewed_by_another(journal: EmbeddedJournal) -> None:
    approval_id = asked(journal)
    refused(StorageCode.NO_REASON, journal, BreakGlass(approval_id, 1, " "), OPERATOR)
    journal.apply(BreakGlass(approval_id, 1, "a child in the water"), OPERATOR)
    assert granted(journal, approval_id, ApprovalKind.MASTER_EXPORT)
    assert [a.state for a in journal.approvals()] == [ApprovalState.BROKEN_GLASS]
    refused(StorageCode.NO_REASON, journal, ReviewApproval(approval_id, 2, ""), SUPERVISOR)
    journal.apply(ReviewApproval(approval_id, 2, "it was right"), SUPERVISOR)
    assert not granted(journal, approval_id, ApprovalKind.MASTER_EXPORT)
    assert journal.approvals(open_only=False)[0].words == "a child in the water\nit was right"
    assert journal.approvals() == []


def test_who_broke_the_glass_does_not_review_it_and_erasing_is_never_urgent(journal: Journal) -> None:
    approval_id = asked(journal)
    journal.apply(BreakGlass(approval_id, 1, "a life"), SUPERVISOR)
    refused(StorageCode.NOT_PERMITTED, journal, ReviewApproval(approval_id, 2, "fine"), SUPERVISOR)
    erasure = asked(journal, ApprovalKind.ERASURE)
    refused(StorageCode.NOT_PERMITTED, journal, BreakGlass(erasure, 1, "a life"), OPERATOR)
    ask = RequestApproval(ApprovalKind.RULE_CHANGE, "r1/0123456789abcdef", "fewer false alarms")
    journal.apply(ask, OPERATOR)
    refused(StorageCode.NOT_PERMITTED, journal, BreakGlass(ask.new_approval_id, 1, "too many alarms"), OPERATOR)


# Shifts


def started(journal: Journal, actor: Actor, *sectors: str) -> Shift:
    command = StartShift("seat", sectors, '{"sound": "There is a sound output."}')
    journal.apply(command, actor)
    return shift_of(journal, command.new_shift_id)


def shift_of(journal: Journal, shift_id: str) -> Shift:
    return next(s for s in journal.shifts(open_only=False) if s.id == shift_id)


def test_one_shift_at_a_time(journal: Journal) -> None:
    shift = started(journal, OPERATOR, "a", "b", "a")
    assert (shift.state, shift.sector_ids, shift.version) == (ShiftState.ON, ("a", "b"), 1)
    refused(StorageCode.ILLEGAL_TRANSITION, journal, StartShift("seat"), OPERATOR)
    refused(StorageCode.NOT_FOUND, journal, StartShift("seat", ("nowhere",)), OTHER)
    for checks in ("[]", "{", '{"x": 1}', '"' + "x" * 9000 + '"'):
        refused(StorageCode.BAD_VALUE, journal, StartShift("seat", checks=checks), OTHER)
    started(journal, OTHER)
    refused(StorageCode.NOT_PERMITTED, journal, EndShift(shift.id, 1), OTHER)
    refused(StorageCode.STALE_VERSION, journal, EndShift(shift.id, 2), OPERATOR)
    journal.apply(EndShift(shift.id, 1), OPERATOR)
    refused(StorageCode.ILLEGAL_TRANSITION, journal, EndShift(shift.id, 2), OPERATOR)
    assert started(journal, OPERATOR).state is ShiftState.ON


def test_items_are_taken_one_by_one_and_the_last_ends_the_shift(journal: Journal, clock: SteppedClock) -> None:
    incident_id = opened_incident(journal, 0.0, "c2")
    shift = started(journal, OPERATOR)
    words = (
        ShiftWord(ShiftItemKind.INCIDENT, incident_id, "still open"),
        ShiftWord(ShiftItemKind.DEAD_CAMERA, "c1", "no picture since noon"),
    )
    journal.apply(HandOverShift(shift.id, 1, words), OPERATOR)
    assert shift_of(journal, shift.id).state is ShiftState.HANDING_OVER
    incident, camera = journal.shift_items()
    clock.utc_s += 5
    receipt = journal.apply(TakeShiftItem(incident.id), OTHER)
    assert receipt.incident_id == incident_id
    file = journal.incident_file(incident_id)
    assert (file.incident.owner_id, file.incident.version) == (OTHER.id, 2)
    assert file.history[-1].action == "take shift item"
    refused(StorageCode.ILLEGAL_TRANSITION, journal, TakeShiftItem(incident.id), SUPERVISOR)
    assert [item.id for item in journal.shift_items()] == [camera.id]
    journal.apply(TakeShiftItem(camera.id), SUPERVISOR)
    over = shift_of(journal, shift.id)
    assert (over.state, over.to_utc_s, over.forced_by_id) == (ShiftState.OVER, START_UTC_S + 5, None)
    assert [item.taken_by_id for item in journal.shift_items(shift.id)] == [OTHER.id, SUPERVISOR.id]
    assert journal.shifts() == []


def test_an_absent_colleagues_shift_is_handed_over_by_a_supervisor(journal: Journal) -> None:
    shift = started(journal, OPERATOR)
    words = (ShiftWord(ShiftItemKind.WORD, "", "gone without a word"),)
    refused(StorageCode.NOT_PERMITTED, journal, HandOverShift(shift.id, 1, words), OTHER)
    journal.apply(HandOverShift(shift.id, 1, words), SUPERVISOR)
    assert shift_of(journal, shift.id).forced_by_id == SUPERVISOR.id
    journal.apply(EndShift(shift.id, 2), SUPERVISOR)
    item = journal.shift_items()[0]
    journal.apply(TakeShiftItem(item.id), OTHER)
    assert shift_of(journal, shift.id).version == 3


def test_a_shift_without_anything_is_over_at_once_and_a_running_one_gives_nothing(journal: Journal) -> None:
    shift = started(journal, OPERATOR)
    refused(
        StorageCode.NOT_FOUND,
        journal,
        HandOverShift(shift.id, 1, (ShiftWord(ShiftItemKind.INCIDENT, "?", ""),)),
        OPERATOR,
    )
    assert journal.shift_items(shift.id) == []
    journal.apply(HandOverShift(shift.id, 1), OPERATOR)
    assert shift_of(journal, shift.id).state is ShiftState.OVER


def test_a_restricted_incident_is_not_taken_by_just_anybody(journal: Journal) -> None:
    incident_id = opened_incident(journal, 0.0, "c1")
    journal.apply(AcknowledgeIncident(incident_id, 1), SUPERVISOR)
    shift = started(journal, SUPERVISOR)
    journal.apply(HandOverShift(shift.id, 1, (ShiftWord(ShiftItemKind.INCIDENT, incident_id, ""),)), SUPERVISOR)
    item = journal.shift_items()[0]
    refused(StorageCode.NOT_PERMITTED, journal, TakeShiftItem(item.id), OTHER)
    journal.apply(TakeShiftItem(item.id), ADMIN)


def test_a_shift_gives_away_only_what_is_its_own(journal: Journal) -> None:
    incident_id = opened_incident(journal, 0.0, "c2")
    journal.apply(AcknowledgeIncident(incident_id, 1), SUPERVISOR)
    words = (ShiftWord(ShiftItemKind.INCIDENT, incident_id, ""),)
    mine, theirs = started(journal, OPERATOR), started(journal, SUPERVISOR)
    refused(StorageCode.NOT_PERMITTED, journal, HandOverShift(mine.id, 1, words), OPERATOR)
    journal.apply(HandOverShift(theirs.id, 1, words), SUPERVISOR)
    journal.apply(AssignIncident(incident_id, 2, ADMIN.id), ADMIN)
    journal.apply(TakeShiftItem(journal.shift_items()[0].id), OTHER)
    assert journal.incident_file(incident_id).incident.owner_id == ADMIN.id
    assert journal.shifts() == [shift_of(journal, mine.id)]


def test_sectors_are_lent_and_come_back(journal: Journal) -> None:
    mine, theirs = started(journal, OPERATOR, "a", "b"), started(journal, OTHER, "c")
    refused(StorageCode.NOT_PERMITTED, journal, LendSectors(mine.id, 1, ("a",), theirs.id), OTHER)
    refused(StorageCode.BAD_VALUE, journal, LendSectors(mine.id, 1, ("c",), theirs.id), OPERATOR)
    refused(StorageCode.BAD_VALUE, journal, LendSectors(mine.id, 1, (), theirs.id), OPERATOR)
    refused(StorageCode.NOT_FOUND, journal, LendSectors(mine.id, 1, ("a",), "nobody"), OPERATOR)
    journal.apply(LendSectors(mine.id, 1, ("a", "b"), theirs.id), OPERATOR)
    assert shift_of(journal, mine.id).sector_ids == ()
    assert shift_of(journal, theirs.id).sector_ids == ("c", "a", "b")
    refused(StorageCode.NOT_PERMITTED, journal, LendSectors(theirs.id, 2, ("c",), mine.id), OPERATOR)
    journal.apply(LendSectors(theirs.id, 2, ("a",), mine.id), OPERATOR)
    journal.apply(LendSectors(theirs.id, 3, ("b",), mine.id), OTHER)
    assert shift_of(journal, mine.id).sector_ids == ("a", "b")


def test_sectors_are_put_down_and_taken_up(journal: Journal) -> None:
    mine = started(journal, OPERATOR, "a")
    journal.apply(LendSectors(mine.id, 1, ("a",)), OPERATOR)
    assert shift_of(journal, mine.id).sector_ids == ()
    theirs = started(journal, OTHER, "b")
    refused(StorageCode.ILLEGAL_TRANSITION, journal, LendSectors(mine.id, 2, ("b",), mine.id), OPERATOR)
    journal.apply(LendSectors(mine.id, 2, ("a",), mine.id), OPERATOR)
    assert shift_of(journal, mine.id).sector_ids == ("a",)
    journal.apply(EndShift(mine.id, 3), OPERATOR)
    refused(StorageCode.ILLEGAL_TRANSITION, journal, LendSectors(theirs.id, 1, ("b",), mine.id), OTHER)


SECTORS = st.lists(st.sampled_from("abc"), max_size=3, unique=True).map(tuple)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), SECTORS), max_size=12))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_sector_is_lost_or_doubled_by_lending(
    journal: EmbeddedJournal, moves: list[tuple[bool, bool, tuple[str, ...]]]
) -> None:
    ids = [started(journal, OPERATOR, "a", "b").id, started(journal, OTHER, "c").id]
    for forth, by_first, sectors in moves:
        source, target = ids if forth else reversed(ids)
        command: Command = LendSectors(source, shift_of(journal, source).version, sectors, target)
        outcome(journal, command, OPERATOR if by_first else OTHER)
        held = [sector for shift_id in ids for sector in shift_of(journal, shift_id).sector_ids]
        assert sorted(held) == ["a", "b", "c"]
    for shift_id, actor in zip(ids, (OPERATOR, OTHER), strict=True):
        journal.apply(EndShift(shift_id, shift_of(journal, shift_id).version), actor)


def test_a_briefing_counts_what_is_open(journal: Journal) -> None:
    raised_alarm(journal, 0.0, "c2")
    opened_incident(journal, 1.0, "c1")
    found = journal.briefing(START_UTC_S)
    assert (found.alarms, found.incidents, found.unowned, found.lookouts) == (1, 1, 1, 0)


def test_a_command_of_nonsense_leaves_the_writer_alive(journal: EmbeddedJournal) -> None:
    for command in (
        RecordAccess("nonsense"),  # type: ignore[arg-type]  # what another program might send
        RequestApproval("nonsense", "x", "y"),  # type: ignore[arg-type]  # as above
        LogIn(5),  # type: ignore[arg-type]  # as above
    ):
        with pytest.raises((StorageError, ValueError, TypeError, AttributeError)):
            journal.apply(command, OPERATOR)
    journal.apply(RecordEvent(event()), RUNTIME)
    assert Camera("c2", 2, "Yard", "rtsp://host/2") in journal.registry().cameras


HARMLESS_IDS = frozenset(
    {
        "new_incident_id",
        "new_handover_id",
        "new_note_id",
        "new_participant_id",
        "new_link_id",
        "new_lookout_id",
        "new_shelf_id",
        "new_login_id",
        "new_shift_id",
        "new_approval_id",
        "new_package_id",
        "new_disclosure_id",
        "route_id",
        "operator_id",
        "operator_ids",
        "category_id",
        "place_id",
        "district_id",
        "object_id",
        "service_id",
        "procedure_id",
        "login_id",
        "shift_id",
        "to_shift_id",
        "sector_ids",
        "approval_id",
        "package_id",
        "lookout_id",
        "record_id",
    }
)
"""Ids in commands that lead to no camera of their own (`record_id` is looked up with its table)."""


def test_every_id_in_a_command_is_looked_up_for_its_camera_or_known_to_have_none() -> None:
    from dataclasses import fields

    from storage.scope import _LOOKS

    names = {item.name for kind in Command.__subclasses__() for item in fields(kind)}
    unknown = {n for n in names if n.endswith(("_id", "_ids"))} - set(_LOOKS) - HARMLESS_IDS
    assert unknown == set()


HARMLESS_RECORDS = frozenset({"event", "evidence", "operator"})
"""Fields of commands that carry a whole record: what only the program itself writes, and what has no camera."""


def test_every_record_in_a_command_is_looked_up_for_its_camera_or_known_to_have_none() -> None:
    from dataclasses import is_dataclass
    from typing import get_args, get_type_hints

    from storage.scope import _LOOKS

    hints = {name: hint for kind in Command.__subclasses__() for name, hint in get_type_hints(kind).items()}
    carrying = {name for name, hint in hints.items() if any(map(is_dataclass, (hint, *get_args(hint))))}
    assert carrying >= {"record", "exhibit", "items"}
    assert carrying - set(_LOOKS) - HARMLESS_RECORDS == set()
