"""What every implementation of `storage.journal.Journal` must do. A second implementation is one more fixture value."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from storage.access import PERMISSIONS, Permission
from storage.commands import (
    AcknowledgeAlarm,
    AcknowledgeIncident,
    AttachEvidence,
    CloseIncident,
    Command,
    JudgeAlarm,
    PutCredential,
    PutFirstOperator,
    PutOperator,
    PutRecord,
    RecordEvent,
    RecordExport,
    RecordFootageDigest,
    RemoveRecord,
    ReopenAlarm,
    ReopenIncident,
    SignCheckpoint,
    VerifyIncident,
)
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode, StorageError
from storage.journal import Journal, Receipt
from storage.keys import SigningKey
from storage.records import (
    Actor,
    AlarmState,
    Camera,
    IncidentState,
    Operator,
    Outcome,
    Role,
    RuleSpec,
    Severity,
    Verdict,
)
from tests.contracts.case_table import CASE_COMMANDS
from tests.contracts.people_table import PEOPLE_COMMANDS
from tests.contracts.release_table import RELEASE_COMMANDS
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
    evidence,
)

UnderTest: TypeAlias = EmbeddedJournal


@pytest.fixture
def clock() -> SteppedClock:
    return SteppedClock()


@pytest.fixture(params=["embedded"])
def journal(tmp_path: Path, clock: SteppedClock) -> Iterator[UnderTest]:
    opened = open_journal(tmp_path / "journal" / "journal.db", SigningKey.generate(), clock=clock)
    add_people(opened)
    add_registry(opened)
    yield opened
    try:
        assert opened.verify().problems == ()
    finally:
        opened.close()


def refused(code: StorageCode, journal: Journal, command: Command, actor: Actor) -> None:
    before = journal.head()
    with pytest.raises(StorageError) as caught:
        journal.apply(command, actor)
    assert caught.value.code is code
    assert journal.head() == before


def raised_alarm(journal: Journal, at_s: float = 0.0, camera_id: str = "c1") -> str:
    receipt = journal.apply(RecordEvent(event(at_s, camera_id)), RUNTIME)
    assert receipt.alarm_raised
    assert receipt.alarm_id is not None
    return receipt.alarm_id


def opened_incident(journal: Journal, at_s: float = 0.0, camera_id: str = "c1") -> str:
    receipt = journal.apply(RecordEvent(event(at_s, camera_id), opens_incident=True), RUNTIME)
    assert receipt.incident_id is not None
    return receipt.incident_id


def test_is_a_journal(journal: UnderTest) -> None:
    contract: Journal = journal
    assert contract.head()[0] == len(contract.changes(0))


def test_registry_gives_back_what_was_put(journal: Journal) -> None:
    registry = journal.registry()
    assert registry.cameras[0] == Camera("c1", 1, "Gate", "rtsp://host/main", "rtsp://host/sub", "p1", "o1", True)
    assert registry.zones[0].points == ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))
    assert registry.rules == (RuleSpec("r1", "c1", "z1", "Inside the fence"),)
    assert registry.places[0].latitude_deg == 50.45
    assert registry.neighbours[0].neighbour_id == "c2"
    assert registry.districts[0].name == "Центр"
    assert {c.group for c in registry.categories} == {"crime", "administrative", "other"}
    assert {"intrusion", "robbery", "illegal_parking", "lost_child"} <= {c.id for c in registry.categories}
    assert Operator("service:runtime", "Watchfloor", Role.SERVICE) in registry.operators


def test_a_removed_record_is_gone_and_can_come_back(journal: Journal) -> None:
    camera = Camera("c2", 2, "Yard", "rtsp://host/2")
    journal.apply(RemoveRecord("cameras", "c2"), ADMIN)
    assert [c.id for c in journal.registry().cameras] == ["c1"]
    refused(StorageCode.NOT_FOUND, journal, RemoveRecord("cameras", "c2"), ADMIN)
    journal.apply(PutRecord(Camera("c3", 2, "Same number", "rtsp://host/3")), ADMIN)
    refused(StorageCode.BAD_VALUE, journal, PutRecord(camera), ADMIN)
    refused(StorageCode.BAD_VALUE, journal, RemoveRecord("events", "x"), ADMIN)


def test_bad_values_are_refused_and_cost_nothing(journal: Journal) -> None:
    refused(StorageCode.BAD_VALUE, journal, PutRecord(RuleSpec("r2", "nowhere", "z1", "x")), ADMIN)
    refused(StorageCode.BAD_VALUE, journal, PutRecord(RuleSpec("r2", "c1", "z1", "x", hold_s=float("nan"))), ADMIN)
    refused(StorageCode.BAD_VALUE, journal, PutRecord(Camera("c9", 2**70, "x", "y")), ADMIN)
    refused(StorageCode.BAD_VALUE, journal, PutRecord(Camera("c9", 9, "\ud800", "y")), ADMIN)
    refused(StorageCode.BAD_VALUE, journal, PutOperator(Operator("service:runtime", "x", Role.OPERATOR)), ADMIN)
    refused(StorageCode.BAD_VALUE, journal, RemoveRecord("operators", ADMIN.id), ADMIN)


def test_strange_text_comes_back_as_it_was(journal: Journal) -> None:
    name = "'; DROP TABLE x; -- \x00 \u202e <b>=1+1</b> 🚨 \ufeff\n"
    journal.apply(PutRecord(Camera("c1", 1, name, "rtsp://host/main")), ADMIN)
    assert journal.registry().cameras[0].name == name


def test_events_with_one_cause_feed_one_alarm(journal: Journal) -> None:
    alarm_id = raised_alarm(journal)
    second = journal.apply(RecordEvent(event(30.0, severity=Severity.CRITICAL)), RUNTIME)
    third = journal.apply(RecordEvent(event(900.0)), RUNTIME)
    assert (second.alarm_id, second.alarm_raised) == (third.alarm_id, third.alarm_raised) == (alarm_id, False)
    other = raised_alarm(journal, 31.0, "c2")
    alarms = journal.alarms()
    assert [a.id for a in alarms] == [alarm_id, other]
    assert (alarms[0].count, alarms[0].severity) == (3, Severity.CRITICAL)
    assert (alarms[0].first_utc_s, alarms[0].last_utc_s) == (START_UTC_S, START_UTC_S + 900.0)
    assert [e.utc_s for e in journal.events()] == [START_UTC_S + s for s in (0.0, 30.0, 31.0, 900.0)]


def test_feeding_does_not_void_a_decision_unless_severity_rises(journal: Journal) -> None:
    alarm_id = raised_alarm(journal)
    journal.apply(RecordEvent(event(1.0)), RUNTIME)
    journal.apply(AcknowledgeAlarm(alarm_id, 1), OPERATOR)
    journal.apply(RecordEvent(event(2.0, severity=Severity.CRITICAL)), RUNTIME)
    refused(StorageCode.STALE_VERSION, journal, JudgeAlarm(alarm_id, 2, Verdict.FALSE), OPERATOR)


def test_the_same_event_twice_changes_nothing(journal: Journal) -> None:
    repeated = event()
    first = journal.apply(RecordEvent(repeated, opens_incident=True), RUNTIME)
    head, counts = journal.head(), journal.counts()
    again = journal.apply(RecordEvent(repeated, opens_incident=True), RUNTIME)
    assert (again.alarm_id, again.incident_id, again.incident_number) == (
        first.alarm_id,
        first.incident_id,
        first.incident_number,
    )
    assert not again.alarm_raised
    assert (journal.head(), journal.counts()) == (head, counts)


def test_a_rule_may_open_the_incident_itself(journal: Journal) -> None:
    receipt = journal.apply(RecordEvent(event(), opens_incident=True, category_id="theft"), RUNTIME)
    incident = journal.incidents()[0]
    assert receipt.incident_number == incident.number == "2027-000001"
    assert (incident.category_id, incident.state, incident.owner_id) == ("theft", IncidentState.NEW, None)
    assert (incident.place_id, incident.object_id, incident.restricted) == ("p1", "o1", True)
    alarm = journal.alarms(open_only=False)[0]
    assert (alarm.state, alarm.verdict, alarm.incident_id) == (AlarmState.JUDGED, Verdict.INCIDENT, incident.id)
    assert journal.alarms() == []


def test_one_ongoing_thing_is_one_alarm_while_its_incident_is_open(journal: Journal) -> None:
    incident_id = opened_incident(journal)
    fed = journal.apply(RecordEvent(event(59.0), opens_incident=True), RUNTIME)
    assert (fed.incident_id, fed.alarm_raised) == (incident_id, False)
    late = journal.apply(RecordEvent(event(59.0 + 60.0), opens_incident=True), RUNTIME)
    assert late.alarm_raised
    assert late.incident_number == "2027-000002"
    journal.apply(AcknowledgeIncident(str(late.incident_id), 1), OPERATOR)
    journal.apply(CloseIncident(str(late.incident_id), 2, Outcome.FOUND), OPERATOR)
    assert journal.apply(RecordEvent(event(120.0)), RUNTIME).alarm_raised


def test_numbers_start_again_each_year(journal: Journal, clock: SteppedClock) -> None:
    opened_incident(journal)
    clock.utc_s = 1_830_297_599.9  # 2027-12-31T23:59:59.9Z
    opened_incident(journal, camera_id="c2")
    clock.utc_s += 0.2
    opened_incident(journal, camera_id="c3")
    assert [i.number for i in journal.incidents()] == ["2028-000001", "2027-000002", "2027-000001"]


def test_alarm_to_closed_incident_and_back(journal: Journal) -> None:
    alarm_id = raised_alarm(journal)
    journal.apply(AcknowledgeAlarm(alarm_id, 1), OPERATOR)
    receipt = journal.apply(JudgeAlarm(alarm_id, 2, Verdict.INCIDENT, "fight"), OPERATOR)
    incident_id = str(receipt.incident_id)
    journal.apply(AcknowledgeIncident(incident_id, 1), OPERATOR)
    journal.apply(VerifyIncident(incident_id, 2), OPERATOR)
    journal.apply(CloseIncident(incident_id, 3, Outcome.DETAINED, "two men"), ADMIN)
    closed = journal.incident_file(str(receipt.incident_number)).incident
    assert (closed.state, closed.outcome, closed.note, closed.version) == (
        IncidentState.CLOSED,
        Outcome.DETAINED,
        "two men",
        4,
    )
    journal.apply(ReopenIncident(incident_id, 4), OPERATOR)
    file = journal.incident_file(incident_id)
    assert (file.incident.state, file.incident.outcome) == (IncidentState.ACKNOWLEDGED, None)
    assert [h.action for h in file.history] == [
        "record event",
        "acknowledge alarm",
        "judge alarm",
        "acknowledge incident",
        "verify incident",
        "close incident",
        "reopen incident",
    ]
    assert file.history[-2].changes["outcome"] == (None, "detained")
    assert file.history[-1].changes["outcome"] == ("detained", None)
    assert file.history[1].changes["alarms.state"] == ("raised", "acknowledged")
    assert file.history[-1].actor_id == OPERATOR.id
    assert file.history[-1].hash == journal.head()[1]


def test_false_is_undone_by_reopening(journal: Journal) -> None:
    alarm_id = raised_alarm(journal)
    journal.apply(JudgeAlarm(alarm_id, 1, Verdict.FALSE), OPERATOR)
    assert journal.alarms() == []
    journal.apply(ReopenAlarm(alarm_id, 2), OPERATOR)
    alarm = journal.alarms()[0]
    assert (alarm.state, alarm.verdict, alarm.owner_id) == (AlarmState.ACKNOWLEDGED, None, OPERATOR.id)


def test_joining_an_open_incident(journal: Journal) -> None:
    incident_id = opened_incident(journal)
    alarm_id = raised_alarm(journal, 1.0, "c2")
    refused(StorageCode.BAD_VALUE, journal, JudgeAlarm(alarm_id, 1, Verdict.JOINED), OPERATOR)
    refused(StorageCode.NOT_FOUND, journal, JudgeAlarm(alarm_id, 1, Verdict.JOINED, incident_id="?"), OPERATOR)
    receipt = journal.apply(JudgeAlarm(alarm_id, 1, Verdict.JOINED, incident_id=incident_id), OPERATOR)
    assert receipt.incident_id == incident_id
    file = journal.incident_file(incident_id)
    assert [a.id for a in file.alarms][-1] == alarm_id
    assert len(file.events) == 2


def test_illegal_transitions_and_stale_versions(journal: Journal) -> None:
    incident_id = opened_incident(journal)
    alarm = journal.alarms(open_only=False)[0]
    refused(StorageCode.ILLEGAL_TRANSITION, journal, AcknowledgeAlarm(alarm.id, 1), OPERATOR)
    refused(StorageCode.ILLEGAL_TRANSITION, journal, ReopenAlarm(alarm.id, 1), OPERATOR)
    refused(StorageCode.ILLEGAL_TRANSITION, journal, CloseIncident(incident_id, 1, Outcome.FOUND), OPERATOR)
    refused(StorageCode.ILLEGAL_TRANSITION, journal, ReopenIncident(incident_id, 1), OPERATOR)
    refused(StorageCode.STALE_VERSION, journal, VerifyIncident(incident_id, 2), OPERATOR)
    journal.apply(VerifyIncident(incident_id, 1), OPERATOR)
    refused(StorageCode.ILLEGAL_TRANSITION, journal, AcknowledgeIncident(incident_id, 2), OPERATOR)
    journal.apply(CloseIncident(incident_id, 2, Outcome.FOUND), OPERATOR)
    other = raised_alarm(journal, camera_id="c2")
    joined = JudgeAlarm(other, 1, Verdict.JOINED, incident_id=incident_id)
    refused(StorageCode.ILLEGAL_TRANSITION, journal, joined, OPERATOR)


def test_evidence_reaches_the_incident(journal: Journal) -> None:
    seen = event()
    receipt = journal.apply(RecordEvent(seen, opens_incident=True), RUNTIME)
    piece = evidence(seen.id)
    journal.apply(AttachEvidence(piece), RUNTIME)
    head = journal.head()
    journal.apply(AttachEvidence(piece), RUNTIME)
    assert journal.head() == head
    assert journal.incident_file(str(receipt.incident_id)).evidence == (piece,)
    refused(StorageCode.NOT_FOUND, journal, AttachEvidence(evidence("nothing")), RUNTIME)


def test_an_export_is_in_the_incidents_history(journal: Journal) -> None:
    incident_id = opened_incident(journal)
    journal.apply(RecordExport(incident_id, "pdf", "ab" * 32), OPERATOR)
    last = journal.incident_file(incident_id).history[-1]
    assert (last.action, last.subject, last.subject_id) == ("export", "incidents", incident_id)
    assert last.changes["exports.sha256"] == (None, "ab" * 32)


def held(journal: Journal, now_utc_s: float) -> list[tuple[str, float, float, float | None, bool]]:
    locks = journal.footage_locks(now_utc_s)
    return [
        (lock.camera_id, lock.from_utc_s, lock.to_utc_s, lock.until_utc_s, lock.incident_id is not None)
        for lock in locks
    ]


def test_an_alarm_holds_its_footage_for_three_days(journal: Journal) -> None:
    raised_alarm(journal)
    journal.apply(RecordEvent(event(20.0)), RUNTIME)
    until = START_UTC_S + 20 + 72 * 3600
    assert held(journal, START_UTC_S + 30) == [("c1", START_UTC_S - 30, START_UTC_S + 80, until, False)]
    assert held(journal, until - 1) != []
    assert held(journal, until + 1) == []


def test_an_incident_holds_its_footage_until_it_turns_out_false(journal: Journal) -> None:
    incident_id = opened_incident(journal)
    joined = raised_alarm(journal, 5.0, "c2")
    journal.apply(JudgeAlarm(joined, 1, Verdict.JOINED, incident_id=incident_id), OPERATOR)
    far = START_UTC_S + 10 * 365 * 86400
    assert sorted((camera, until) for camera, _, _, until, _ in held(journal, far)) == [("c1", None), ("c2", None)]
    assert {lock.incident_id for lock in journal.footage_locks(far)} == {incident_id}
    journal.apply(AcknowledgeIncident(incident_id, 1), OPERATOR)
    journal.apply(CloseIncident(incident_id, 2, Outcome.DETAINED), OPERATOR)
    assert len(held(journal, far)) == 2
    journal.apply(ReopenIncident(incident_id, 3), OPERATOR)
    journal.apply(CloseIncident(incident_id, 4, Outcome.FALSE), OPERATOR)
    assert held(journal, far) == []


def test_a_false_alarm_lets_its_footage_go_and_reopening_takes_it_back(journal: Journal) -> None:
    alarm_id = raised_alarm(journal)
    journal.apply(JudgeAlarm(alarm_id, 1, Verdict.FALSE), OPERATOR)
    assert held(journal, START_UTC_S) == []
    journal.apply(ReopenAlarm(alarm_id, 2), OPERATOR)
    assert [lock.alarm_id for lock in journal.footage_locks(START_UTC_S)] == [alarm_id]


def test_footage_digests_come_back_newest_first(journal: Journal) -> None:
    for hour in range(3):
        command = RecordFootageDigest(hour * 3600.0, (hour + 1) * 3600.0, hour, f"{hour}" * 64)
        journal.apply(command, RUNTIME)
    found = journal.footage_digests()
    assert [(d.from_utc_s, d.to_utc_s, d.count) for d in found] == [(7200, 10800, 2), (3600, 7200, 1), (0, 3600, 0)]
    assert found[0].digest == "2" * 64
    assert len(journal.footage_digests(limit=1)) == 1
    refused(StorageCode.BAD_VALUE, journal, RecordFootageDigest(5.0, 5.0, 1, "x"), RUNTIME)


def test_incident_pages_do_not_overlap(journal: Journal, clock: SteppedClock) -> None:
    for index in range(5):
        clock.utc_s += 1
        opened_incident(journal, camera_id=f"x{index}")
    newest = journal.incidents(limit=2)
    older = journal.incidents(limit=10, before_id=newest[-1].id)
    assert [i.number for i in (*newest, *older)] == [f"2027-{n:06d}" for n in (5, 4, 3, 2, 1)]


def test_changes_are_gapless(journal: Journal) -> None:
    after = journal.head()[0]
    alarm_id = raised_alarm(journal)
    journal.apply(AcknowledgeAlarm(alarm_id, 1), OPERATOR)
    changes = journal.changes(after)
    assert [(c.seq, c.action, c.subject, c.subject_id) for c in changes] == [
        (after + 1, "record event", "alarms", alarm_id),
        (after + 2, "acknowledge alarm", "alarms", alarm_id),
    ]
    assert [c.seq for c in journal.changes(after, limit=1)] == [after + 1]


def test_apply_soon_answers_later(journal: Journal) -> None:
    answered = threading.Event()
    answers: list[Receipt | Exception] = []

    def done(answer: Receipt | Exception) -> None:
        answers.append(answer)
        if len(answers) == 2:
            answered.set()

    journal.apply_soon(RecordEvent(event()), RUNTIME, done)
    journal.apply_soon(AcknowledgeAlarm("nothing", 1), OPERATOR, done)
    assert answered.wait(30)
    assert isinstance(answers[0], Receipt)
    assert isinstance(answers[1], StorageError)


def test_unknown_and_removed_actors_are_refused(journal: Journal) -> None:
    alarm_id = raised_alarm(journal)
    refused(StorageCode.UNKNOWN_ACTOR, journal, AcknowledgeAlarm(alarm_id, 1), Actor("os:stranger"))
    journal.apply(AcknowledgeAlarm(alarm_id, 1), OPERATOR)
    journal.apply(RemoveRecord("operators", OPERATOR.id), ADMIN)
    refused(StorageCode.UNKNOWN_ACTOR, journal, JudgeAlarm(alarm_id, 2, Verdict.FALSE), OPERATOR)


COMMANDS: list[Command] = [
    PutRecord(Camera("c5", 5, "x", "y")),
    PutRecord(Operator("o9", "x", Role.OPERATOR)),
    PutOperator(Operator("o9", "x", Role.OPERATOR)),
    PutFirstOperator("o9", "x"),
    PutCredential("c1", "sealed"),
    RemoveRecord("cameras", "c2"),
    RemoveRecord("operators", OPERATOR.id),
    RecordEvent(event()),
    AttachEvidence(evidence("e")),
    AcknowledgeAlarm("a", 1),
    JudgeAlarm("a", 1, Verdict.FALSE),
    ReopenAlarm("a", 1),
    AcknowledgeIncident("i", 1),
    VerifyIncident("i", 1),
    CloseIncident("i", 1, Outcome.FOUND),
    ReopenIncident("i", 1),
    RecordExport("i", "pdf", ""),
    RecordFootageDigest(0.0, 3600.0, 60, "ab" * 32),
    SignCheckpoint(),
    *CASE_COMMANDS,
    *PEOPLE_COMMANDS,
    *RELEASE_COMMANDS,
]


def test_every_command_is_covered_here() -> None:
    # By name: a slotted dataclass leaves its unslotted first self among the subclasses.
    assert {type(c).__name__ for c in COMMANDS} == {c.__name__ for c in Command.__subclasses__()}


def outcome(journal: Journal, command: Command, actor: Actor) -> object:
    try:
        journal.apply(command, actor)
    except StorageError as error:
        return error.code
    return None


@pytest.mark.parametrize("role", list(Role))
def test_every_command_as_every_role(journal: Journal, role: Role) -> None:
    for command in COMMANDS:
        needed = command.permission
        if isinstance(command, PutRecord) and isinstance(command.record, Operator):
            needed = Permission.ADMINISTER
        if isinstance(command, RemoveRecord) and command.table == "operators":
            needed = Permission.ADMINISTER
        if needed in PERMISSIONS[role]:
            assert outcome(journal, command, ROLES[role]) in (None, StorageCode.NOT_FOUND), command
        else:
            refused(StorageCode.NOT_PERMITTED, journal, command, ROLES[role])


def test_an_administrator_may_do_all_that_an_operator_may() -> None:
    assert PERMISSIONS[Role.OPERATOR] <= PERMISSIONS[Role.ADMINISTRATOR]


def test_a_closed_journal_says_so(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal.db")
    journal.close()
    journal.close()
    with pytest.raises(StorageError, match="closed"):
        journal.apply(SignCheckpoint(), RUNTIME)
    with pytest.raises(StorageError, match="closed"):
        journal.head()
