"""A state machine over alarms and incidents: the journal and a small model of it never disagree."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from storage.commands import (
    AcknowledgeAlarm,
    AcknowledgeIncident,
    CloseIncident,
    Command,
    JudgeAlarm,
    RecordEvent,
    ReopenAlarm,
    ReopenIncident,
    VerifyIncident,
)
from storage.embedded_journal import open_journal
from storage.errors import StorageCode, StorageError
from storage.records import AlarmState, IncidentState, Outcome, Verdict
from tests.storage.site import OPERATOR, RUNTIME, add_people, event

N, A, V, C = IncidentState.NEW, IncidentState.ACKNOWLEDGED, IncidentState.VERIFIED, IncidentState.CLOSED
INCIDENT_MOVES: dict[type[Command], tuple[set[IncidentState], IncidentState]] = {
    AcknowledgeIncident: ({N}, A),
    VerifyIncident: ({N, A}, V),
    CloseIncident: ({A, V}, C),
    ReopenIncident: ({C}, A),
}


class Workflow(RuleBasedStateMachine):
    """Two cameras; the model keeps state and version of each alarm and incident."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="watchfloor-")
        self.journal = open_journal(Path(self.folder.name) / "journal.db")
        add_people(self.journal)
        self.at_s = 0.0
        self.alarms: dict[str, tuple[AlarmState, Verdict | None, int]] = {}
        self.causes: dict[str, str] = {}
        self.incidents: dict[str, tuple[IncidentState, int]] = {}

    def attempt(self, command: Command, legal: bool, version_holds: bool) -> bool:
        if legal and version_holds:
            self.journal.apply(command, OPERATOR)
            return True
        with pytest.raises(StorageError) as caught:
            self.journal.apply(command, OPERATOR)
        expected = StorageCode.ILLEGAL_TRANSITION if version_holds else StorageCode.STALE_VERSION
        assert caught.value.code is expected
        return False

    @rule(camera=st.sampled_from(["c1", "c2"]), opens=st.booleans(), pause_s=st.sampled_from([1.0, 100.0]))
    def something_happens(self, camera: str, opens: bool, pause_s: float) -> None:
        self.at_s += pause_s
        receipt = self.journal.apply(RecordEvent(event(self.at_s, camera), opens_incident=opens), RUNTIME)
        alarm_id = str(receipt.alarm_id)
        assert receipt.alarm_raised == (alarm_id not in self.alarms)
        if receipt.alarm_raised:
            self.causes[alarm_id] = camera
            judged = (AlarmState.JUDGED, Verdict.INCIDENT, 1)
            self.alarms[alarm_id] = judged if opens else (AlarmState.RAISED, None, 1)
            if opens:
                self.incidents[str(receipt.incident_id)] = (N, 1)

    @precondition(lambda self: self.alarms)
    @rule(data=st.data(), fresh=st.booleans())
    def acknowledge(self, data: st.DataObject, fresh: bool) -> None:
        alarm_id = data.draw(st.sampled_from(sorted(self.alarms)))
        state, _, version = self.alarms[alarm_id]
        command = AcknowledgeAlarm(alarm_id, version if fresh else version - 1)
        if self.attempt(command, state is AlarmState.RAISED, fresh):
            self.alarms[alarm_id] = (AlarmState.ACKNOWLEDGED, None, version + 1)

    @precondition(lambda self: self.alarms)
    @rule(data=st.data(), verdict=st.sampled_from([Verdict.INCIDENT, Verdict.FALSE]), fresh=st.booleans())
    def judge(self, data: st.DataObject, verdict: Verdict, fresh: bool) -> None:
        alarm_id = data.draw(st.sampled_from(sorted(self.alarms)))
        state, _, version = self.alarms[alarm_id]
        command = JudgeAlarm(alarm_id, version if fresh else version + 1, verdict)
        if self.attempt(command, state is not AlarmState.JUDGED, fresh):
            self.alarms[alarm_id] = (AlarmState.JUDGED, verdict, version + 1)
            if verdict is Verdict.INCIDENT:
                self.incidents[command.new_incident_id] = (N, 1)

    @precondition(lambda self: self.alarms)
    @rule(data=st.data())
    def reopen(self, data: st.DataObject) -> None:
        alarm_id = data.draw(st.sampled_from(sorted(self.alarms)))
        _, verdict, version = self.alarms[alarm_id]
        newer = any(
            self.causes[other] == self.causes[alarm_id] and found[0] is not AlarmState.JUDGED
            for other, found in self.alarms.items()
        )
        if self.attempt(ReopenAlarm(alarm_id, version), verdict is Verdict.FALSE and not newer, True):
            self.alarms[alarm_id] = (AlarmState.ACKNOWLEDGED, None, version + 1)

    @precondition(lambda self: self.incidents)
    @rule(data=st.data(), kind=st.sampled_from(list(INCIDENT_MOVES)), fresh=st.booleans())
    def move(self, data: st.DataObject, kind: type[Command], fresh: bool) -> None:
        incident_id = data.draw(st.sampled_from(sorted(self.incidents)))
        state, version = self.incidents[incident_id]
        sources, target = INCIDENT_MOVES[kind]
        values = {"incident_id": incident_id, "version": version if fresh else version - 1}
        if kind is CloseIncident:
            values["outcome"] = Outcome.FOUND
        if self.attempt(kind(**values), state in sources, fresh):
            self.incidents[incident_id] = (target, version + 1)

    def teardown(self) -> None:
        try:
            alarms = {a.id: (a.state, a.verdict, a.version) for a in self.journal.alarms(open_only=False)}
            incidents = {i.id: (i.state, i.version) for i in self.journal.incidents()}
            numbers = [i.number for i in self.journal.incidents()]
            assert (alarms, incidents) == (self.alarms, self.incidents)
            assert len(set(numbers)) == len(numbers)
            assert self.journal.verify().problems == ()
        finally:
            self.journal.close()
            self.folder.cleanup()


TestWorkflow = Workflow.TestCase
TestWorkflow.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
