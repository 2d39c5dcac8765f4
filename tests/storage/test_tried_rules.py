"""Changes of rules in the journal's one entrance: by whichever command, no confirmed alarm is lost unsigned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from storage.commands import (
    AcknowledgeIncident,
    CloseIncident,
    JudgeAlarm,
    PutRecord,
    RecordEvent,
    RegistryRecord,
    RemoveRecord,
    VerifyIncident,
)
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode
from storage.people_commands import DecideApproval, RequestApproval
from storage.people_records import ApprovalKind, ApprovalState
from storage.records import Outcome, Role, RuleSpec, Verdict, Zone
from storage.registry_records import CameraScale
from storage.tried_rules import LOOKBACK_S, PutTriedRecord, change_id, removal_id
from tests.contracts.test_journal import refused
from tests.storage.site import ADMIN, OPERATOR, ROLES, RUNTIME, SteppedClock, add_people, add_registry, event

SUPERVISOR = ROLES[Role.SUPERVISOR]
SCALE = CameraScale("c1", ((0.5, 0.4, 0.1), (0.5, 0.9, 0.3)))


class Guard:
    """A journal whose rule r1 on camera c1 has found something."""

    def __init__(self, path: Path) -> None:
        self.clock = SteppedClock()
        self.journal: EmbeddedJournal = open_journal(path / "journal" / "journal.db", clock=self.clock)
        add_people(self.journal)
        add_registry(self.journal)
        self.rule = next(rule for rule in self.journal.registry().rules if rule.id == "r1")
        self.zone = next(zone for zone in self.journal.registry().zones if zone.id == self.rule.zone_id)

    def found(self, verdict: Verdict) -> None:
        self.journal.apply(RecordEvent(event()), RUNTIME)
        alarm = self.journal.alarms()[0]
        self.journal.apply(JudgeAlarm(alarm.id, alarm.version, verdict), OPERATOR)

    def signed(self, subject_id: str) -> str:
        ask = RequestApproval(ApprovalKind.RULE_CHANGE, subject_id, "fewer false alarms")
        self.journal.apply(ask, ADMIN)
        self.journal.apply(DecideApproval(ask.new_approval_id, 1, approved=True), SUPERVISOR)
        return ask.new_approval_id

    def changes(self) -> tuple[RegistryRecord, ...]:
        """Each by another way: the rule itself, its zone, the heights of its camera."""
        smaller = replace(self.zone, points=tuple((x / 2, y / 2) for x, y in self.zone.points))
        return replace(self.rule, hold_s=60.0), replace(self.rule, enabled=False), smaller, SCALE


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Guard]:
    made = Guard(tmp_path)
    yield made
    made.journal.close()


def test_an_untried_change_is_refused_by_whichever_record(guard: Guard) -> None:
    guard.found(Verdict.INCIDENT)
    for record in guard.changes():
        refused(StorageCode.NEEDS_TRIAL, guard.journal, PutRecord(record), ADMIN)
    refused(StorageCode.NEEDS_TRIAL, guard.journal, RemoveRecord("rules", "r1"), ADMIN)
    assert guard.rule in guard.journal.registry().rules


def test_what_finds_the_same_and_what_is_new_needs_no_trial(guard: Guard) -> None:
    guard.found(Verdict.INCIDENT)
    for record in (
        replace(guard.rule, name="Night", opens_incident=True),
        replace(guard.zone, name="Yard"),
        Zone("z9", "c1", "New", guard.zone.points),
        RuleSpec("r9", "c1", "z9", "New"),
        RuleSpec("r9", "c1", "z9", "New", hold_s=9.0),
    ):
        guard.journal.apply(PutRecord(record), ADMIN)
    guard.journal.apply(RemoveRecord("rules", "r9"), ADMIN)


def test_false_and_old_alarms_hold_nothing(guard: Guard) -> None:
    guard.found(Verdict.FALSE)
    for record in guard.changes():
        guard.journal.apply(PutRecord(record), ADMIN)
    guard.journal.apply(PutRecord(guard.rule), ADMIN)
    guard.found(Verdict.INCIDENT)
    refused(StorageCode.NEEDS_TRIAL, guard.journal, PutRecord(guard.changes()[0]), ADMIN)
    guard.clock.utc_s += LOOKBACK_S + 60.0
    guard.journal.apply(PutRecord(guard.changes()[0]), ADMIN)


def test_one_that_is_switched_off_needs_a_signature_whatever_its_trial_found(guard: Guard) -> None:
    guard.found(Verdict.INCIDENT)
    off = replace(guard.rule, enabled=False)
    refused(StorageCode.NOT_PERMITTED, guard.journal, PutTriedRecord(off, lost=0), ADMIN)
    guard.journal.apply(PutTriedRecord(off, lost=0, approval_id=guard.signed(change_id(off))), ADMIN)
    guard.journal.apply(PutRecord(guard.rule), ADMIN)  # what is off finds nothing that could be lost


def test_a_signature_is_for_one_change_once(guard: Guard) -> None:
    guard.found(Verdict.INCIDENT)
    later, removal = guard.changes()[0], removal_id("r1")
    signed = guard.signed(change_id(later))
    refused(StorageCode.NOT_PERMITTED, guard.journal, RemoveRecord("rules", "r1", signed), ADMIN)
    guard.journal.apply(PutTriedRecord(later, lost=1, approval_id=signed), ADMIN)
    guard.journal.apply(PutTriedRecord(guard.rule), ADMIN)
    refused(StorageCode.NOT_PERMITTED, guard.journal, PutTriedRecord(later, lost=1, approval_id=signed), ADMIN)
    assert [one.state for one in guard.journal.approvals(open_only=False)] == [ApprovalState.USED]

    out = guard.signed(removal)
    guard.journal.apply(RemoveRecord("rules", "r1", out), ADMIN)
    guard.journal.apply(PutRecord(guard.rule), ADMIN)
    refused(StorageCode.NOT_PERMITTED, guard.journal, RemoveRecord("rules", "r1", out), ADMIN)


def test_a_signature_is_for_a_change_of_what_stood_there_when_it_was_asked_for(guard: Guard) -> None:
    """A to B was signed; from C it might lose more."""
    guard.found(Verdict.INCIDENT)
    later, other = replace(guard.rule, hold_s=60.0), replace(guard.rule, min_score=0.9)
    signed, out = guard.signed(change_id(later)), guard.signed(removal_id("r1"))
    guard.journal.apply(PutTriedRecord(other, lost=0), ADMIN)
    for command in (PutTriedRecord(later, lost=1, approval_id=signed), RemoveRecord("rules", "r1", out)):
        refused(StorageCode.NOT_PERMITTED, guard.journal, command, ADMIN)
    anew = guard.signed(change_id(later))
    guard.journal.apply(PutTriedRecord(later, lost=1, approval_id=anew), ADMIN)


def test_who_signed_does_not_change_it_whoever_asked(guard: Guard) -> None:
    guard.found(Verdict.INCIDENT)
    later = guard.changes()[0]
    for subject_id in (change_id(later), removal_id("r1")):
        ask = RequestApproval(ApprovalKind.RULE_CHANGE, subject_id, "asked for by a friend")
        guard.journal.apply(ask, OPERATOR)
        guard.journal.apply(DecideApproval(ask.new_approval_id, 1, approved=True), ADMIN)
        for command in (
            PutTriedRecord(later, lost=1, approval_id=ask.new_approval_id),
            RemoveRecord("rules", "r1", ask.new_approval_id),
        ):
            refused(StorageCode.NOT_PERMITTED, guard.journal, command, ADMIN)
    assert guard.rule in guard.journal.registry().rules


def test_a_refused_change_spends_no_signature(guard: Guard) -> None:
    guard.found(Verdict.INCIDENT)
    bad = replace(guard.rule, hold_s=-1.0)
    signed = guard.signed(change_id(bad))
    refused(StorageCode.BAD_VALUE, guard.journal, PutTriedRecord(bad, lost=1, approval_id=signed), ADMIN)
    assert [one.state for one in guard.journal.approvals(open_only=False)] == [ApprovalState.APPROVED]


def test_who_calls_false_what_another_confirmed_does_not_change_its_rule_alone(guard: Guard) -> None:
    """Else one person could take a rule's true alarms away: by the verdict first, by the rule then."""
    guard.found(Verdict.INCIDENT)
    mine = guard.journal.incidents()[0]
    journal, later = guard.journal, replace(guard.rule, hold_s=60.0)
    for command in (AcknowledgeIncident, VerifyIncident):
        journal.apply(command(mine.id, journal.incidents()[0].version), ADMIN)
    journal.apply(CloseIncident(mine.id, journal.incidents()[0].version, Outcome.FALSE, "no"), ADMIN)
    refused(StorageCode.NEEDS_TRIAL, journal, PutRecord(later), ADMIN)
    refused(StorageCode.NOT_PERMITTED, journal, PutTriedRecord(later, lost=0), ADMIN)
    refused(StorageCode.NEEDS_TRIAL, journal, RemoveRecord("rules", "r1"), ADMIN)
    journal.apply(PutRecord(replace(guard.rule, name="Another name")), ADMIN)
    journal.apply(PutTriedRecord(later, lost=0, approval_id=guard.signed(change_id(later))), ADMIN)


def test_who_calls_their_own_verdict_false_overturns_nobody(guard: Guard) -> None:
    guard.found(Verdict.INCIDENT)
    journal = guard.journal
    incident = journal.incidents()[0]
    for command in (AcknowledgeIncident, VerifyIncident):
        journal.apply(command(incident.id, journal.incidents()[0].version), OPERATOR)
    journal.apply(CloseIncident(incident.id, journal.incidents()[0].version, Outcome.FALSE, "no"), OPERATOR)
    journal.apply(PutRecord(replace(guard.rule, hold_s=60.0)), ADMIN)
