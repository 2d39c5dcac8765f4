"""A state machine over every command about cases, on two connections: whatever people do, the journal stays lawful.

The model knows each incident's state and version and each command's lawful moves; what a command did is read back and
held against them. At the end nothing in the file may look altered.
"""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from storage import case_commands
from storage.case_commands import (
    AcknowledgeLookout,
    AddNote,
    AddParticipant,
    AnswerHandover,
    AssignIncident,
    CloseLookout,
    DoStep,
    EditIncident,
    EditNote,
    EscalateIncident,
    HandOverIncident,
    LinkIncidents,
    MergeIncident,
    OpenIncident,
    PublishLookout,
    RemoveParticipant,
    ResolveIncident,
    RestrictIncident,
    StepBackIncident,
    UnlinkIncidents,
)
from storage.case_records import HandoverState, NoteKind
from storage.commands import (
    AcknowledgeIncident,
    CloseIncident,
    Command,
    JudgeAlarm,
    RecordEvent,
    ReopenAlarm,
    ReopenIncident,
    VerifyIncident,
)
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode, StorageError
from storage.records import Actor, AlarmState, Incident, IncidentState, Severity, Verdict
from storage.release_commands import AnswerAlert, EscalateAlert
from tests.storage.case_site import SECOND, SUPERVISOR, add_site
from tests.storage.site import OPERATOR, RUNTIME, START_UTC_S, SteppedClock, event

S = IncidentState
ANY_OPEN = set(S) - {S.CLOSED}
WITH_SERVICE = {S.HANDED_OVER, S.ACCEPTED, S.ON_SCENE}
EXPECTED = {
    StorageCode.STALE_VERSION,
    StorageCode.ILLEGAL_TRANSITION,
    StorageCode.NOT_PERMITTED,
    StorageCode.NOT_FOUND,
    StorageCode.BAD_VALUE,
}
LAWFUL: dict[type[Command], set[tuple[IncidentState, IncidentState]]] = {
    AcknowledgeIncident: {(S.NEW, S.ACKNOWLEDGED)},
    VerifyIncident: {(S.NEW, S.VERIFIED), (S.ACKNOWLEDGED, S.VERIFIED)},
    ResolveIncident: {(s, S.RESOLVED) for s in ANY_OPEN - {S.NEW, S.RESOLVED}},
    CloseIncident: {(s, S.CLOSED) for s in ANY_OPEN - {S.NEW}},
    ReopenIncident: {(S.CLOSED, S.ACKNOWLEDGED)},
    MergeIncident: {(s, S.CLOSED) for s in ANY_OPEN},
    HandOverIncident: {(s, S.HANDED_OVER) for s in (S.ACKNOWLEDGED, S.VERIFIED, S.HANDED_OVER)},
    AnswerHandover: {(a, b) for a in set(S) - {S.NEW, S.CLOSED} for b in {S.VERIFIED, S.RESOLVED, *WITH_SERVICE}},
    AnswerAlert: {(a, b) for a in {S.ACKNOWLEDGED, S.VERIFIED, *WITH_SERVICE} for b in {S.VERIFIED, *WITH_SERVICE}},
    EscalateAlert: {(a, S.HANDED_OVER) for a in (S.ACKNOWLEDGED, S.VERIFIED)},
    StepBackIncident: {(a, b) for a in ANY_OPEN - {S.NEW} for b in ANY_OPEN if a is not b},
}
"""Moves that a command may make; every command may also leave the state as it is."""

ACTORS = (OPERATOR, SECOND, SUPERVISOR)


class Cases(RuleBasedStateMachine):
    """Three people at two journals of one file."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(prefix="watchfloor-")
        self.clock = SteppedClock()
        path = Path(self.folder.name) / "journal.db"
        self.journals: tuple[EmbeddedJournal, ...] = (open_journal(path, clock=self.clock),)
        add_site(self.journals[0])
        self.journals += (open_journal(path, clock=self.clock),)
        self.seen: dict[str, Incident] = {}
        self.links: list[str] = []
        self.notes: dict[str, Actor] = {}
        self.participants: list[str] = []
        self.lookouts: list[str] = []
        self.happened_s = 0.0

    @initialize()
    def begin(self) -> None:
        """Nobody waits for the first two."""
        self.attempt(OpenIncident("theft", Severity.HIGH, START_UTC_S, "c2"), OPERATOR, 0)
        self.attempt(RecordEvent(event(0.0, "c2"), opens_incident=True), RUNTIME, 0)

    def attempt(self, command: Command, actor: Actor, side: int) -> bool:
        """Apply, then hold what became of every incident against what the command may do."""
        self.clock.utc_s += 1.0
        before = self.seen
        refusal: StorageError | None = None
        try:
            self.journals[side].apply(command, actor)
        except StorageError as error:
            refusal = error
        accepted = refusal is None
        assert refusal is None or refusal.code in EXPECTED, refusal
        self.seen = {i.id: i for i in self.journals[1 - side].incidents()}
        if not accepted:
            assert self.seen == before
        for incident_id, old in before.items():
            self.lawful(command, old, self.seen[incident_id])
        return accepted

    def lawful(self, command: Command, old: Incident, new: Incident) -> None:
        if old == new:
            return
        assert new.version == old.version + 1
        named = {getattr(command, name, None) for name in ("incident_id", "into_id", "handover_id", "message_id")}
        assert old.id in named or any(hasattr(command, name) for name in ("handover_id", "message_id"))
        if getattr(command, "incident_id", None) == old.id and hasattr(command, "version"):
            assert command.version == old.version
        if old.state is not new.state:
            assert (old.state, new.state) in LAWFUL.get(type(command), set()), (command, old.state, new.state)
        assert new.number == old.number
        assert new.opened_utc_s == old.opened_utc_s

    def some(self, data: st.DataObject) -> Incident:
        return self.seen[data.draw(st.sampled_from(sorted(self.seen)), label="incident")]

    def version(self, data: st.DataObject, incident: Incident) -> int:
        """Mostly the one that is there."""
        return incident.version + data.draw(st.sampled_from([0, 0, 0, 0, -1, 1]), label="version")

    @rule(category=st.sampled_from(["theft", "fire", "old"]), side=st.integers(0, 1), who=st.sampled_from(ACTORS))
    def enter(self, category: str, side: int, who: Actor) -> None:
        self.attempt(OpenIncident(category, Severity.MEDIUM, START_UTC_S, "c2"), who, side)

    @rule(camera=st.sampled_from(["c1", "c2"]), opens=st.booleans(), pause_s=st.sampled_from([1.0, 100.0]))
    def something_happens(self, camera: str, opens: bool, pause_s: float) -> None:
        self.happened_s += pause_s
        self.attempt(RecordEvent(event(self.happened_s, camera), opens_incident=opens), RUNTIME, 0)

    @rule(data=st.data(), verdict=st.sampled_from(Verdict), side=st.integers(0, 1), who=st.sampled_from(ACTORS))
    def judge(self, data: st.DataObject, verdict: Verdict, side: int, who: Actor) -> None:
        alarms = self.journals[0].alarms(open_only=False)
        if not alarms:
            return
        alarm = data.draw(st.sampled_from(sorted(alarms, key=lambda a: a.id)))
        if alarm.state is AlarmState.JUDGED:
            self.attempt(ReopenAlarm(alarm.id, alarm.version), who, side)
        else:
            joined = self.some(data).id
            self.attempt(JudgeAlarm(alarm.id, alarm.version, verdict, "fire", joined), who, side)

    @rule(
        data=st.data(),
        kind=st.sampled_from(
            [AcknowledgeIncident, VerifyIncident, ResolveIncident, StepBackIncident, ReopenIncident, CloseIncident]
        ),
        side=st.integers(0, 1),
        who=st.sampled_from(ACTORS),
    )
    def move(self, data: st.DataObject, kind: type[Command], side: int, who: Actor) -> None:
        incident = self.some(data)
        values: dict[str, Any] = {"incident_id": incident.id, "version": self.version(data, incident)}
        if kind is CloseIncident:
            values["outcome"] = data.draw(st.sampled_from(["found", "false", "nonsense"]))
        self.attempt(kind(**values), who, side)

    @rule(data=st.data(), side=st.integers(0, 1), who=st.sampled_from(ACTORS))
    def merge_or_link(self, data: st.DataObject, side: int, who: Actor) -> None:
        one, two = self.some(data), self.some(data)
        if data.draw(st.booleans()):
            self.attempt(MergeIncident(one.id, self.version(data, one), two.id), who, side)
        else:
            link = LinkIncidents(one.id, two.id)
            if self.attempt(link, who, side):
                self.links.append(link.new_link_id)

    @precondition(lambda self: self.links)
    @rule(data=st.data(), side=st.integers(0, 1), who=st.sampled_from(ACTORS))
    def unlink(self, data: st.DataObject, side: int, who: Actor) -> None:
        self.attempt(UnlinkIncidents(data.draw(st.sampled_from(self.links))), who, side)

    @rule(
        data=st.data(),
        service=st.sampled_from(["police", "fire", "old"]),
        side=st.integers(0, 1),
        who=st.sampled_from(ACTORS),
    )
    def hand_over(self, data: st.DataObject, service: str, side: int, who: Actor) -> None:
        incident = self.some(data)
        self.attempt(HandOverIncident(incident.id, self.version(data, incident), service), who, side)

    @rule(data=st.data(), state=st.sampled_from(HandoverState), side=st.integers(0, 1), who=st.sampled_from(ACTORS))
    def answer(self, data: st.DataObject, state: HandoverState, side: int, who: Actor) -> None:
        file = self.journals[0].incident_file(self.some(data).id)
        if file.handovers:
            handover = data.draw(st.sampled_from(file.handovers))
            self.attempt(AnswerHandover(handover.id, handover.version, state, "words"), who, side)

    @rule(data=st.data(), accepted=st.booleans(), escalate=st.booleans())
    def alert(self, data: st.DataObject, accepted: bool, escalate: bool) -> None:
        file = self.journals[0].incident_file(self.some(data).id)
        if not file.alerts:
            return
        message = data.draw(st.sampled_from(file.alerts))
        if escalate:
            self.attempt(EscalateAlert(message.id, message.version), RUNTIME, 0)
        else:
            self.attempt(AnswerAlert(message.id, accepted), RUNTIME, 1)

    @rule(data=st.data(), side=st.integers(0, 1), who=st.sampled_from(ACTORS))
    def edit(self, data: st.DataObject, side: int, who: Actor) -> None:
        incident = self.some(data)
        title, category = data.draw(st.sampled_from(["", "x", "\0"])), data.draw(st.sampled_from([None, "theft"]))
        command = EditIncident(incident.id, self.version(data, incident), category, title=title)
        self.attempt(command, who, side)

    @rule(data=st.data(), side=st.integers(0, 1), who=st.sampled_from(ACTORS), to=st.sampled_from(ACTORS))
    def assign(self, data: st.DataObject, side: int, who: Actor, to: Actor) -> None:
        incident = self.some(data)
        self.attempt(AssignIncident(incident.id, self.version(data, incident), to.id), who, side)

    @rule(data=st.data(), side=st.integers(0, 1), who=st.sampled_from(ACTORS), restricted=st.booleans())
    def restrict(self, data: st.DataObject, side: int, who: Actor, restricted: bool) -> None:
        incident = self.some(data)
        named = tuple(data.draw(st.sets(st.sampled_from([a.id for a in ACTORS]))))
        self.attempt(RestrictIncident(incident.id, self.version(data, incident), restricted, named), who, side)

    @rule(data=st.data(), wait_s=st.sampled_from([0.0, 200.0]))
    def escalate(self, data: st.DataObject, wait_s: float) -> None:
        self.clock.utc_s += wait_s
        incident = self.some(data)
        due = incident.due_utc_s is not None and incident.due_utc_s <= self.clock.utc_s + 1.0
        accepted = self.attempt(EscalateIncident(incident.id, incident.version), RUNTIME, 0)
        assert accepted == due

    @rule(data=st.data(), side=st.integers(0, 1), who=st.sampled_from(ACTORS), kind=st.sampled_from(NoteKind))
    def write(self, data: st.DataObject, side: int, who: Actor, kind: NoteKind) -> None:
        note = AddNote("words", kind, data.draw(st.sampled_from([None, self.some(data).id])), "c2", START_UTC_S)
        if self.attempt(note, who, side):
            self.notes[note.new_note_id] = who
        participant = AddParticipant(self.some(data).id, "Patrol")
        if self.attempt(participant, who, side):
            self.participants.append(participant.new_participant_id)
        self.attempt(
            DoStep(self.some(data).id, "steps", data.draw(st.integers(-1, 3)), kind is NoteKind.NOTE), who, side
        )

    @precondition(lambda self: self.notes and self.participants)
    @rule(data=st.data(), side=st.integers(0, 1), who=st.sampled_from(ACTORS))
    def rewrite(self, data: st.DataObject, side: int, who: Actor) -> None:
        note_id = data.draw(st.sampled_from(sorted(self.notes)))
        accepted = self.attempt(EditNote(note_id, 1, "other words", self.some(data).id), who, side)
        assert not accepted or self.notes[note_id] is who
        self.attempt(RemoveParticipant(data.draw(st.sampled_from(self.participants))), who, side)

    @rule(data=st.data(), side=st.integers(0, 1), who=st.sampled_from(ACTORS))
    def look_out(self, data: st.DataObject, side: int, who: Actor) -> None:
        bulletin = PublishLookout("Van", "", Severity.LOW, self.clock.utc_s + 100.0, self.some(data).id)
        if self.attempt(bulletin, who, side):
            self.lookouts.append(bulletin.new_lookout_id)
        if self.lookouts:
            lookout_id = data.draw(st.sampled_from(self.lookouts))
            self.attempt(AcknowledgeLookout(lookout_id), who, side)
            self.attempt(CloseLookout(lookout_id, data.draw(st.integers(1, 2))), who, 1 - side)

    @invariant()
    def lists_agree(self) -> None:
        """What holds after every step."""
        numbers = sorted(i.number for i in self.seen.values())
        assert numbers == [f"2027-{n:06d}" for n in range(1, len(numbers) + 1)]
        for incident in self.seen.values():
            closed = incident.state is S.CLOSED
            assert closed == bool(incident.outcome or incident.merged_into_id)
            assert closed == (incident.closed_utc_s is not None)
            assert not (closed and incident.due_utc_s is not None)
            assert (incident.state is S.NEW) or incident.acknowledged_utc_s is not None
            assert incident.merged_into_id is None or incident.merged_into_id in self.seen
            assert (incident.state not in WITH_SERVICE) or incident.service_id is not None
        alarms = self.journals[1].alarms(open_only=False)
        still_open = [a.group_key for a in alarms if a.state is not AlarmState.JUDGED]
        assert len(still_open) == len(set(still_open))
        for alarm in alarms:
            assert alarm.incident_id is None or alarm.incident_id in self.seen
            assert (alarm.verdict in (Verdict.INCIDENT, Verdict.JOINED)) == (alarm.incident_id is not None)

    def teardown(self) -> None:
        with contextlib.ExitStack() as stack:
            stack.callback(self.folder.cleanup)
            for journal in self.journals:
                stack.callback(journal.close)
            journal = self.journals[0]
            assert journal.verify().problems == ()
            assert journal.head()[0] == len(journal.changes(0, limit=100_000))
            for incident in journal.incidents():
                file = journal.incident_file(incident.id)
                assert file.incident == incident
                self.told_in_full(file.incident, file.history)

    def told_in_full(self, incident: Incident, history: Any) -> None:
        """The history leads to the present state of the incident, step by step without a gap."""
        state: object = None
        for entry in history:
            if "state" in entry.changes:
                before, after = entry.changes["state"]
                assert before == state
                state = after
        assert state == incident.state.value


def test_the_machine_tries_every_command_about_incidents() -> None:
    """A new command about cases is to be added above; shelves are about alarms (`test_shelves`)."""
    tried = {name for name in globals() if isinstance(globals()[name], type)}
    wanted = {c.__name__ for c in vars(case_commands).values() if isinstance(c, type) and issubclass(c, Command)}
    assert wanted - tried - {"Command", "AttachExhibit", "ShelveAlarms", "UnshelveAlarms"} == set()


TestCases = Cases.TestCase
TestCases.settings = settings(max_examples=12, stateful_step_count=30, deadline=None)
