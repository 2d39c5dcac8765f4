"""At least one row in each table about cases, people and what leaves the house, for `site.fill`."""

from __future__ import annotations

from storage.case_commands import (
    AcknowledgeLookout,
    AddNote,
    AddParticipant,
    AttachExhibit,
    DoStep,
    HandOverIncident,
    LinkIncidents,
    OpenIncident,
    PublishLookout,
    RestrictIncident,
    ShelveAlarms,
)
from storage.case_records import Exhibit
from storage.commands import Command, PutRecord, RegistryRecord
from storage.embedded_journal import EmbeddedJournal
from storage.people_commands import (
    HandOverShift,
    LogIn,
    RecordAccess,
    RecordFailedLogin,
    RequestApproval,
    SetPassword,
    ShiftWord,
    StartShift,
)
from storage.people_records import AccessKind, ApprovalKind, ShiftItemKind
from storage.records import Actor, EvidenceKind, IncidentState, Severity
from storage.registry_records import (
    AlertRoute,
    CameraGroup,
    CameraScale,
    Deadline,
    LegalHold,
    PrivacyMask,
    Procedure,
    RecordingPlan,
    SavedSearch,
    SavedView,
    Sector,
    Service,
    Tour,
    WallLayout,
)
from storage.release_commands import OpenDisclosure, RecordPackage

PHC = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g"


def fill_registry(journal: EmbeddedJournal, admin: Actor) -> None:
    """What a site edits around incidents and recordings."""
    records: tuple[RegistryRecord, ...] = (
        Service("police", "Police", phone="102"),
        AlertRoute("hook", "police", "webhook", "https://police.example"),
        Sector("north", "North", ("c1",)),
        PrivacyMask("m1", "c1", "Windows", ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5))),
        CameraScale("c1", ((0.5, 0.4, 0.1), (0.5, 0.9, 0.35))),
        CameraGroup("streets", "Streets", ("c1", "c2")),
        Procedure("theft", "theft", "Theft", ("Look", "Call")),
        Deadline("ack", IncidentState.ACKNOWLEDGED, 300.0),
        RecordingPlan("c1"),
        LegalHold("hold", "court", camera_id="c2"),
        SavedSearch("mine", admin.id, "Mine", "{}"),
        WallLayout("big", "One big", 2, 2, ((0, 0, 1, 2), (1, 0, 1, 1), (1, 1, 1, 1)), ("alarm", "camera", "camera")),
        SavedView("gates", "Gates", "big", ("c1", "", "c2"), admin.id),
        Tour("round", "Round", (), ("c1", "c2"), 15.0),
    )
    for record in records:
        journal.apply(PutRecord(record), admin)


def fill_cases(journal: EmbeddedJournal, admin: Actor, runtime: Actor, utc_s: float) -> None:
    """An incident by hand with all that can hang on it; passwords, a shift, an approval; a package, a request."""
    fill_registry(journal, admin)
    by_hand = OpenIncident("theft", Severity.LOW, utc_s, "c2")
    other = OpenIncident("fire", Severity.LOW, utc_s)
    case, shift = by_hand.new_incident_id, StartShift("seat", ("north",))
    bulletin = PublishLookout("Van", "white", Severity.LOW, 4e9)
    commands: tuple[Command, ...] = (
        by_hand,
        other,
        HandOverIncident(case, 1, "police", "at the gate"),
        AddNote("words", incident_id=case),
        AddParticipant(case, "Patrol 12"),
        DoStep(case, "theft", 0),
        LinkIncidents(case, other.new_incident_id),
        RestrictIncident(case, 2, restricted=True, operator_ids=("operator-1",)),
        AttachExhibit(Exhibit("x1", case, EvidenceKind.STILL, "ef/01.jpg", "ef" * 32, "still", utc_s, admin.id)),
        bulletin,
        AcknowledgeLookout(bulletin.new_lookout_id),
        ShelveAlarms("Gate", ("c1",), "intrusion/intrusion", "wind in the trees", 4e9),
        SetPassword(admin.id, PHC),
        LogIn("seat"),
        shift,
        HandOverShift(shift.new_shift_id, 1, (ShiftWord(ShiftItemKind.WORD, "", "mind the gate"),)),
        RequestApproval(ApprovalKind.MASTER_EXPORT, case, "court"),
        RecordAccess(AccessKind.PLAYBACK, "case", "c1", case, utc_s, utc_s + 60.0),
        RecordPackage(case, "package.zip", "ab" * 32, "ab:cd", complete=True),
        OpenDisclosure("Police", "Art. 10", "77/1", "the gate", ("c1",), utc_s, utc_s + 60.0, 4e9),
    )
    for command in commands:
        journal.apply(command, admin)
    journal.apply(RecordFailedLogin("x", "seat"), runtime)
