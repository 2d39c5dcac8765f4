"""One of each case command about things that do not exist, for the table of every command and every role."""

from __future__ import annotations

from storage.case_commands import (
    AcknowledgeLookout,
    AddNote,
    AddParticipant,
    AnswerHandover,
    AssignIncident,
    AttachExhibit,
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
    ShelveAlarms,
    StepBackIncident,
    UnlinkIncidents,
    UnshelveAlarms,
)
from storage.case_records import Exhibit, HandoverState
from storage.commands import Command
from storage.records import EvidenceKind, Severity
from tests.storage.site import START_UTC_S

CASE_COMMANDS: list[Command] = [
    OpenIncident("theft", Severity.LOW, START_UTC_S),
    EditIncident("i", 1, title="x"),
    AssignIncident("i", 1, "operator-1"),
    HandOverIncident("i", 1, "s"),
    AnswerHandover("h", 1, HandoverState.ACCEPTED),
    ResolveIncident("i", 1),
    StepBackIncident("i", 1),
    MergeIncident("i", 1, "j"),
    LinkIncidents("i", "j"),
    UnlinkIncidents("l"),
    EscalateIncident("i", 1),
    RestrictIncident("i", 1, restricted=True),
    AddNote("x", incident_id="i"),
    EditNote("n", 1, "x"),
    AddParticipant("i", "x"),
    RemoveParticipant("p"),
    DoStep("i", "p", 0),
    PublishLookout("x", "y", Severity.LOW, START_UTC_S + 60.0),
    AcknowledgeLookout("l"),
    CloseLookout("l", 1),
    ShelveAlarms("x", ("c1",), "intrusion/theft", "y", START_UTC_S + 60.0),
    UnshelveAlarms("s", 1),
    AttachExhibit(Exhibit("x", "i", EvidenceKind.STILL, "ab/cd.jpg", "ab" * 32, "still", START_UTC_S, "operator-1")),
]
