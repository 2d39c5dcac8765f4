"""Alerts from waiting to answered or escalated; packages and disclosures with their approvals; what they hold."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage.case_commands import HandOverIncident, OpenIncident
from storage.case_records import HandoverState
from storage.commands import AcknowledgeIncident, CloseIncident, Command, PutRecord, RecordEvent, RemoveRecord
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode, StorageError
from storage.footage_records import Segment
from storage.footage_retention import Allowance, plan_deletion
from storage.keys import SigningKey
from storage.people_records import ApprovalKind
from storage.records import Actor, Camera, Category, IncidentState, Outcome, Severity, new_id
from storage.registry_records import AlertRoute, LegalHold
from storage.release_commands import (
    AnswerAlert,
    EscalateAlert,
    MarkAlert,
    MoveDisclosure,
    OpenDisclosure,
    RecordPackage,
)
from storage.release_records import DisclosureState, OutboxMessage, OutboxState
from tests.storage.named_case import add_services, approved, close, hold, version
from tests.storage.site import ADMIN, OPERATOR, RUNTIME, START_UTC_S, SteppedClock, add_people, add_registry, event

DAY_S = 86_400.0
SHA256 = "ab" * 32


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture
def journal(tmp_path: Path, clock: SteppedClock) -> Iterator[EmbeddedJournal]:
    path = tmp_path / "journal" / "journal.db"
    with contextlib.closing(open_journal(path, SigningKey.generate(), clock=clock)) as opened:
        add_people(opened)
        add_registry(opened)
        add_services(opened)
        yield opened
        assert opened.verify().problems == ()


def refused(journal: EmbeddedJournal, command: Command, actor: Actor, code: StorageCode) -> None:
    head = journal.head()
    with pytest.raises(StorageError) as caught:
        journal.apply(command, actor)
    assert caught.value.code is code
    assert journal.head() == head


@pytest.fixture
def incident_id(journal: EmbeddedJournal) -> str:
    """An incident that was handed over to the first service, whose one message waits."""
    opened = journal.apply(OpenIncident("theft", Severity.HIGH, START_UTC_S, "c1"), OPERATOR)
    found = str(opened.incident_id)
    journal.apply(HandOverIncident(found, 1, "s1", "a bicycle"), OPERATOR)
    return found


def message(journal: EmbeddedJournal, incident_id: str, service_id: str = "s1") -> OutboxMessage:
    return next(m for m in journal.messages_of(incident_id) if m.service_id == service_id)


def test_a_message_is_sent_and_then_its_answer_is_due(
    journal: EmbeddedJournal, incident_id: str, clock: SteppedClock
) -> None:
    waiting = journal.outbox(clock.utc_s, 10)
    assert [(m.state, m.attempts, m.version) for m in waiting] == [(OutboxState.WAITING, 0, 1)]
    retry = MarkAlert(waiting[0].id, 1, OutboxState.WAITING, clock.utc_s + 5, "app.alert_timeout")
    journal.apply(retry, RUNTIME)
    assert journal.outbox(clock.utc_s, 10) == []
    clock.utc_s += 5
    journal.apply(MarkAlert(waiting[0].id, 2, OutboxState.SENT, clock.utc_s + 60), RUNTIME)
    sent = message(journal, incident_id)
    assert (sent.state, sent.attempts, sent.sent_utc_s, sent.error) == (OutboxState.SENT, 2, clock.utc_s, "")
    assert journal.outbox(clock.utc_s, 10) == []
    assert [m.id for m in journal.outbox(clock.utc_s + 60, 10)] == [sent.id]
    refused(journal, MarkAlert(sent.id, 2, OutboxState.SENT, 1.0), RUNTIME, StorageCode.STALE_VERSION)
    refused(journal, MarkAlert(sent.id, 3, OutboxState.ANSWERED, 1.0), RUNTIME, StorageCode.BAD_VALUE)
    journal.apply(MarkAlert(sent.id, 3, OutboxState.FAILED, 1e11), RUNTIME)
    refused(journal, MarkAlert(sent.id, 4, OutboxState.SENT, 1.0), RUNTIME, StorageCode.ILLEGAL_TRANSITION)


@pytest.mark.parametrize(
    ("accepted", "state", "after"),
    [
        (True, HandoverState.ACCEPTED, IncidentState.ACCEPTED),
        (False, HandoverState.REFUSED, IncidentState.VERIFIED),
    ],
)
def test_an_answer_moves_the_hand_over(
    journal: EmbeddedJournal, incident_id: str, accepted: bool, state: HandoverState, after: IncidentState
) -> None:
    sent = message(journal, incident_id)
    answer = AnswerAlert(sent.id, accepted, "on our way")
    journal.apply(answer, RUNTIME)
    file = journal.incident_file(incident_id)
    assert (file.incident.state, file.handovers[0].state, file.handovers[0].answer) == (after, state, "on our way")
    assert (message(journal, incident_id).state, journal.outbox(1e11, 10)) == (OutboxState.ANSWERED, [])
    head = journal.head()
    journal.apply(answer, RUNTIME)
    assert journal.head() == head
    refused(journal, AnswerAlert(sent.id, accepted, "another"), RUNTIME, StorageCode.ILLEGAL_TRANSITION)


def test_a_routes_secret_answers_no_alert_of_another_route(journal: EmbeddedJournal, incident_id: str) -> None:
    sent = message(journal, incident_id)
    refused(journal, AnswerAlert(sent.id, accepted=True, route_id="r-2"), RUNTIME, StorageCode.NOT_FOUND)
    journal.apply(AnswerAlert(sent.id, accepted=True, route_id=sent.route_id), RUNTIME)


def test_one_answer_ends_the_services_other_messages(journal: EmbeddedJournal) -> None:
    journal.apply(PutRecord(AlertRoute("r-3", "s1", "smtp", "a@example.org")), ADMIN)
    opened = journal.apply(OpenIncident("theft", Severity.HIGH, START_UTC_S, "c1"), OPERATOR)
    journal.apply(HandOverIncident(str(opened.incident_id), 1, "s1"), OPERATOR)
    first, _second = journal.messages_of(str(opened.incident_id))
    journal.apply(AnswerAlert(first.id, accepted=True), RUNTIME)
    assert journal.outbox(1e11, 10) == []


def test_escalation_goes_round_a_ring_once(journal: EmbeddedJournal, incident_id: str, clock: SteppedClock) -> None:
    first = message(journal, incident_id)
    journal.apply(MarkAlert(first.id, 1, OutboxState.SENT, clock.utc_s + 60), RUNTIME)
    clock.utc_s += 60
    journal.apply(EscalateAlert(first.id, 2), RUNTIME)
    file = journal.incident_file(incident_id)
    assert [(h.service_id, h.text) for h in file.handovers] == [("s1", "a bicycle"), ("s2", "a bicycle")]
    second = message(journal, incident_id, "s2")
    assert (message(journal, incident_id).state, second.state) == (OutboxState.ESCALATED, OutboxState.WAITING)
    journal.apply(EscalateAlert(second.id, 1), RUNTIME)
    assert len(journal.incident_file(incident_id).handovers) == 2, "s1 was told before"
    assert journal.outbox(1e11, 10) == []
    refused(journal, EscalateAlert(second.id, 2), RUNTIME, StorageCode.ILLEGAL_TRANSITION)


def test_nobody_is_told_when_somebody_acts_already(journal: EmbeddedJournal, incident_id: str) -> None:
    journal.apply(PutRecord(Category("theft", "Theft", "crime")), ADMIN)
    first = message(journal, incident_id)
    journal.apply(MarkAlert(first.id, 1, OutboxState.FAILED, 1e11, "app.alert_target"), RUNTIME)
    closing = CloseIncident(incident_id, version(journal, incident_id), Outcome.FOUND)
    journal.apply(closing, OPERATOR)
    journal.apply(EscalateAlert(first.id, 2), RUNTIME)
    assert len(journal.incident_file(incident_id).handovers) == 1


def test_the_late_answer_of_who_was_passed_over_still_counts(journal: EmbeddedJournal, incident_id: str) -> None:
    first = message(journal, incident_id)
    journal.apply(EscalateAlert(first.id, 1), RUNTIME)
    journal.apply(AnswerAlert(first.id, accepted=True, answer="sorry, here we are"), RUNTIME)
    assert journal.incident_file(incident_id).incident.state is IncidentState.ACCEPTED


def test_masters_leave_only_with_an_approval(journal: EmbeddedJournal, incident_id: str) -> None:
    bare = RecordPackage(incident_id, "p.zip", SHA256, "f", complete=True, master=True)
    refused(journal, bare, ADMIN, StorageCode.NOT_PERMITTED)
    other = approved(journal, ApprovalKind.MASTER_EXPORT, "another incident")
    wrong = RecordPackage(incident_id, "p.zip", SHA256, "f", complete=True, master=True, approval_id=other)
    refused(journal, wrong, ADMIN, StorageCode.NOT_PERMITTED)
    right = approved(journal, ApprovalKind.MASTER_EXPORT, incident_id)
    journal.apply(
        RecordPackage(incident_id, "p.zip", SHA256, "f", complete=True, master=True, approval_id=right), ADMIN
    )
    journal.apply(RecordPackage(incident_id, "q.zip", SHA256, "f", complete=False), ADMIN)
    assert [(p.master, p.complete, p.actor_id) for p in journal.packages(incident_id)] == [
        (True, True, ADMIN.id),
        (False, False, ADMIN.id),
    ]
    refused(journal, RecordPackage(incident_id, "p", "short", "f", complete=True), ADMIN, StorageCode.BAD_VALUE)


def test_one_approval_is_for_one_package(journal: EmbeddedJournal, incident_id: str) -> None:
    approval_id = approved(journal, ApprovalKind.MASTER_EXPORT, incident_id)
    for_court = RecordPackage(incident_id, "p.zip", SHA256, "f", True, True, approval_id, "court")
    journal.apply(for_court, ADMIN)
    for_press = RecordPackage(incident_id, "q.zip", SHA256, "f", True, True, approval_id, "newspaper")
    refused(journal, for_press, ADMIN, StorageCode.NOT_PERMITTED)


def ask(number: str = "77/1", due_s: float = 10 * DAY_S, **changes: Any) -> OpenDisclosure:
    values: dict[str, Any] = {
        "authority": "Police",
        "legal_basis": "Art. 10",
        "reference": number,
        "asked": "the gate at noon",
        "camera_ids": ("c1", "c2"),
        "from_utc_s": START_UTC_S - 600,
        "to_utc_s": START_UTC_S - 300,
        "due_utc_s": START_UTC_S + due_s,
        "recipient": "Officer 7",
    }
    return OpenDisclosure(**{**values, **changes})


def state(journal: EmbeddedJournal, disclosure_id: str) -> tuple[DisclosureState, int]:
    found = next(d for d in journal.disclosures(open_only=False) if d.id == disclosure_id)
    return found.state, found.version


def test_a_disclosure_from_letter_to_receipt(journal: EmbeddedJournal) -> None:
    wanted = ask()
    journal.apply(wanted, ADMIN)
    own = wanted.new_disclosure_id
    assert [(d.number, d.state, d.camera_ids) for d in journal.disclosures()] == [
        ("D-2027-0001", DisclosureState.RECEIVED, ("c1", "c2"))
    ]
    for skipped in (DisclosureState.PACKED, DisclosureState.GIVEN, DisclosureState.RECEIVED):
        refused(journal, MoveDisclosure(own, 1, skipped), ADMIN, StorageCode.ILLEGAL_TRANSITION)
    refused(journal, MoveDisclosure(own, 1, DisclosureState.APPROVED), ADMIN, StorageCode.NOT_PERMITTED)
    approval_id = approved(journal, ApprovalKind.DISCLOSURE, own)
    refused(journal, MoveDisclosure(own, 2, DisclosureState.APPROVED), ADMIN, StorageCode.STALE_VERSION)
    journal.apply(MoveDisclosure(own, 1, DisclosureState.APPROVED, approval_id=approval_id), ADMIN)
    package = RecordPackage(own, "p.zip", SHA256, "f", complete=True, master=True, approval_id=approval_id)
    refused(journal, MoveDisclosure(own, 2, DisclosureState.PACKED, package_id="?"), ADMIN, StorageCode.NOT_FOUND)
    journal.apply(package, ADMIN)
    packed = MoveDisclosure(own, 2, DisclosureState.PACKED, package_id=package.new_package_id, given="c1 only")
    journal.apply(packed, ADMIN)
    refused(journal, MoveDisclosure(own, 3, DisclosureState.GIVEN), ADMIN, StorageCode.BAD_VALUE)
    journal.apply(MoveDisclosure(own, 3, DisclosureState.GIVEN, receipt="signed by Officer 7"), ADMIN)
    assert journal.disclosures() == []
    done = journal.disclosures(open_only=False)[0]
    assert (done.state, done.given, done.receipt, done.package_id) == (
        DisclosureState.GIVEN,
        "c1 only",
        "signed by Officer 7",
        package.new_package_id,
    )
    late = MoveDisclosure(own, 4, DisclosureState.REFUSED, refused="too late")
    refused(journal, late, ADMIN, StorageCode.ILLEGAL_TRANSITION)


def test_a_refusal_says_why_and_lists_go_by_deadline(journal: EmbeddedJournal) -> None:
    late, soon = ask("1", 20 * DAY_S), ask("2", DAY_S)
    for wanted in (late, soon):
        journal.apply(wanted, ADMIN)
    assert [d.reference for d in journal.disclosures()] == ["2", "1"]
    own = soon.new_disclosure_id
    refused(journal, MoveDisclosure(own, 1, DisclosureState.REFUSED), ADMIN, StorageCode.BAD_VALUE)
    journal.apply(MoveDisclosure(own, 1, DisclosureState.REFUSED, refused="no basis"), ADMIN)
    assert [d.reference for d in journal.disclosures()] == ["1"]
    assert {d.number for d in journal.disclosures(open_only=False)} == {"D-2027-0001", "D-2027-0002"}


@pytest.mark.parametrize(
    "changes",
    [
        {"authority": " "},
        {"legal_basis": ""},
        {"camera_ids": ()},
        {"to_utc_s": START_UTC_S - 600},
        {"due_utc_s": float("nan")},
        {"asked": "x\0y"},
    ],
)
def test_a_request_that_makes_no_sense(journal: EmbeddedJournal, changes: dict[str, Any]) -> None:
    refused(journal, ask(**changes), ADMIN, StorageCode.BAD_VALUE)


def segment(camera_id: str, from_utc_s: float) -> Segment:
    return Segment(new_id(), camera_id, "/x", from_utc_s, from_utc_s + 60, 1, "h264", 1, 1, SHA256)


def going(journal: EmbeddedJournal, *segments: Segment) -> list[Segment]:
    now_utc_s = START_UTC_S + 400 * DAY_S
    locks = journal.footage_locks(now_utc_s)
    return plan_deletion(segments, locks, Allowance(keep_s=DAY_S), total_bytes=9, now_utc_s=now_utc_s)


def test_a_request_holds_its_footage_at_once_and_until_it_is_over(journal: EmbeddedJournal) -> None:
    asked_for = [segment("c1", START_UTC_S - 650), segment("c2", START_UTC_S - 310)]
    others = [segment("c3", START_UTC_S - 500), segment("c1", START_UTC_S - 290)]
    assert going(journal, *asked_for, *others) == [*asked_for, *others]
    wanted = ask()
    journal.apply(wanted, ADMIN)
    assert going(journal, *asked_for, *others) == others
    assert {lock.held_by for lock in journal.footage_locks(START_UTC_S)} == {wanted.new_disclosure_id}
    journal.apply(MoveDisclosure(wanted.new_disclosure_id, 1, DisclosureState.REFUSED, refused="no"), ADMIN)
    assert going(journal, *asked_for, *others) == [*asked_for, *others]


def test_a_legal_hold_holds_its_footage(journal: EmbeddedJournal) -> None:
    old, new = segment("c1", START_UTC_S - 3 * DAY_S), segment("c1", START_UTC_S - DAY_S)
    other = segment("c2", START_UTC_S - DAY_S)
    hold(journal, camera_id="c1", from_utc_s=START_UTC_S - 2 * DAY_S)
    assert going(journal, old, new, other) == [old, other]
    hold(journal)
    assert going(journal, old, new, other) == []
    journal.apply(RemoveRecord("legal_holds", "h1"), ADMIN)
    assert going(journal, old, new, other) == [old, new, other]


def test_a_hold_on_an_incident_holds_its_footage_though_it_was_false(journal: EmbeddedJournal) -> None:
    receipt = journal.apply(RecordEvent(event(camera_id="c2"), opens_incident=True), RUNTIME)
    incident_id = str(receipt.incident_id)
    journal.apply(AcknowledgeIncident(incident_id, 1), OPERATOR)
    journal.apply(CloseIncident(incident_id, version(journal, incident_id), Outcome.FALSE), OPERATOR)
    seen = segment("c2", START_UTC_S - 10)
    assert going(journal, seen) == [seen]
    hold(journal, incident_id=incident_id)
    assert going(journal, seen) == []


def test_what_retention_would_take(journal: EmbeddedJournal, clock: SteppedClock) -> None:
    journal.apply(PutRecord(Camera("c3", 3, "x", "y")), ADMIN)
    journal.apply(PutRecord(Category("theft", "Theft", "crime", keep_days=10)), ADMIN)
    journal.apply(PutRecord(Category("fight", "Fight", "crime")), ADMIN)
    for category_id, camera_id in (("theft", "c1"), ("theft", "c2"), ("fight", "c3")):
        opened = journal.apply(OpenIncident(category_id, Severity.LOW, START_UTC_S, camera_id), OPERATOR)
        close(journal, str(opened.incident_id))
    still_open = journal.apply(OpenIncident("theft", Severity.LOW, START_UTC_S), OPERATOR)
    journal.apply(PutRecord(LegalHold("h1", "court", "c2")), ADMIN)

    def numbers(after_days: float, limit: int = 10, default_days: int = 0) -> list[tuple[str, bool]]:
        until = START_UTC_S + after_days * DAY_S
        found = journal.retention_candidates(until, limit, default_days=default_days)
        return [(c.incident.number[-1], c.held) for c in found]

    assert numbers(9.9) == []
    assert numbers(10.1) == [("1", False), ("2", True)]
    assert numbers(10.1, default_days=11) == [("1", False), ("2", True)]
    assert numbers(11.1, default_days=11) == [("1", False), ("2", True), ("3", False)]
    assert numbers(11.1, limit=1, default_days=11) == [("1", False)]
    assert journal.retention_candidates(START_UTC_S + 20 * DAY_S, 9)[0].due_utc_s == START_UTC_S + 10 * DAY_S
    assert still_open.incident_id not in {c.incident.id for c in journal.retention_candidates(1e11, 9, default_days=1)}
