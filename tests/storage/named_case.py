"""An incident that names somebody in every text that it has, closed; and raw looks at what lies on the disk."""

from __future__ import annotations

from pathlib import Path

from storage.case_commands import (
    AddNote,
    AddParticipant,
    EditIncident,
    EditNote,
    HandOverIncident,
    LinkIncidents,
    MergeIncident,
    OpenIncident,
    PublishLookout,
)
from storage.commands import (
    AttachEvidence,
    CloseIncident,
    JudgeAlarm,
    PutOperator,
    PutRecord,
    RecordEvent,
    RecordExport,
)
from storage.embedded_journal import EmbeddedJournal
from storage.people_commands import DecideApproval, RequestApproval
from storage.people_records import ApprovalKind
from storage.records import Actor, Operator, Outcome, Role, Severity, Verdict, new_id
from storage.registry_records import AlertRoute, LegalHold, Service
from storage.release_commands import EraseSubject, RecordPackage
from tests.storage.site import ADMIN, OPERATOR, RUNTIME, START_UTC_S, event, evidence

NAME = "Ксилофонова-Zyx"
OFFICER, SUPERVISOR = Actor("officer-1"), Actor("supervisor-1")


def add_services(journal: EmbeddedJournal) -> None:
    """Two services that escalate to each other in a ring, and who may erase."""
    journal.apply(PutOperator(Operator(OFFICER.id, "Officer", Role.PROTECTION_OFFICER)), ADMIN)
    for record in (
        Service("s1", "Police"),
        Service("s2", "Rescue"),
        AlertRoute("r-1", "s1", "webhook", "https://one.example/", escalate_to_id="s2", answer_s=60.0),
        AlertRoute("r-2", "s2", "webhook", "https://two.example/", escalate_to_id="s1", answer_s=60.0),
    ):
        journal.apply(PutRecord(record), ADMIN)


def version(journal: EmbeddedJournal, incident_id: str) -> int:
    """The incident's version as it is now."""
    return journal.incident_file(incident_id).incident.version


def open_named(journal: EmbeddedJournal, name: str = NAME) -> str:
    """The incident, still open, with an alarm, notes, a hand-over, a bulletin, a link, an export."""
    opened = journal.apply(
        OpenIncident("theft", Severity.MEDIUM, START_UTC_S, "c1", title=f"{name} seen", note=f"bag of {name}"), OPERATOR
    )
    incident_id = str(opened.incident_id)
    seen = event(camera_id="c2")
    alarm = journal.apply(RecordEvent(seen), RUNTIME)
    journal.apply(JudgeAlarm(str(alarm.alarm_id), 1, Verdict.JOINED, incident_id=incident_id), OPERATOR)
    journal.apply(AttachEvidence(evidence(seen.id)), RUNTIME)
    note_id = new_id()
    journal.apply(AddNote(f"calls himself {name}", incident_id=incident_id, new_note_id=note_id), OPERATOR)
    journal.apply(EditNote(note_id, 1, f"called {name} by others", incident_id), OPERATOR)
    journal.apply(AddParticipant(incident_id, f"patrol of {name}"), OPERATOR)
    journal.apply(PublishLookout(name, f"look for {name}", Severity.LOW, START_UTC_S + 60, incident_id), OPERATOR)
    edited = EditIncident(incident_id, version(journal, incident_id), address=f"house of {name}")
    journal.apply(edited, OPERATOR)
    journal.apply(HandOverIncident(incident_id, version(journal, incident_id), "s1", f"take {name}"), OPERATOR)
    other = journal.apply(OpenIncident("fight", Severity.LOW, START_UTC_S), OPERATOR)
    journal.apply(LinkIncidents(incident_id, str(other.incident_id)), OPERATOR)
    journal.apply(RecordExport(incident_id, "pdf", "cd" * 32), ADMIN)
    journal.apply(RecordPackage(incident_id, f"/x/{name}.zip", "ab" * 32, "f", complete=True, recipient=name), ADMIN)
    return incident_id


def close(journal: EmbeddedJournal, incident_id: str, name: str = NAME) -> None:
    """End it."""
    journal.apply(
        CloseIncident(incident_id, version(journal, incident_id), Outcome.DETAINED, f"{name} went home"), OPERATOR
    )


def closed_named(journal: EmbeddedJournal) -> str:
    """The incident, closed."""
    incident_id = open_named(journal)
    close(journal, incident_id)
    return incident_id


def closed_merged(journal: EmbeddedJournal) -> str:
    """The first of two incidents, closed after the second was merged into it."""
    entries = [journal.apply(OpenIncident("theft", Severity.LOW, START_UTC_S), OPERATOR) for _ in range(2)]
    into, second = (str(receipt.incident_id) for receipt in entries)
    journal.apply(MergeIncident(second, version(journal, second), into), OPERATOR)
    close(journal, into)
    return into


def approved(journal: EmbeddedJournal, kind: ApprovalKind, subject_id: str) -> str:
    """An approval that a second person gave."""
    approval_id = new_id()
    journal.apply(RequestApproval(kind, subject_id, "asked for", approval_id), OPERATOR)
    journal.apply(DecideApproval(approval_id, 1, approved=True), SUPERVISOR)
    return approval_id


def erasing(journal: EmbeddedJournal, incident_id: str, subject: str = "incidents") -> EraseSubject:
    """The command, with its approval."""
    approval_id = approved(journal, ApprovalKind.ERASURE, incident_id)
    return EraseSubject(subject, incident_id, "Art. 17 (1) GDPR", "wish of the person", approval_id)


def hold(journal: EmbeddedJournal, **what: object) -> None:
    """A legal hold on it."""
    journal.apply(PutRecord(LegalHold("h1", "court", **what)), ADMIN)  # type: ignore[arg-type]  # its own fields


def said_on_disk(folder: Path, name: str = NAME) -> list[str]:
    """Files under `folder` that hold the name in any letter case that an index may have made of it."""
    words = {name, name.lower(), *name.split("-"), *name.lower().split("-")}
    needles = [word.encode() for word in words]
    found = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        data = path.read_bytes()
        if any(needle in data for needle in needles):
            found.append(path.name)
    return found
