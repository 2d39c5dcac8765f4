"""Made material for the storage tests: actors, records, events, a filled journal."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from storage.commands import (
    AttachEvidence,
    PutCredential,
    PutOperator,
    PutRecord,
    RecordEvent,
    RecordExport,
    RecordFootageDigest,
    SignCheckpoint,
)
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.keys import SigningKey
from storage.records import (
    Actor,
    Box,
    BoxMark,
    Camera,
    District,
    Event,
    Evidence,
    EvidenceKind,
    Neighbour,
    Operator,
    Place,
    ProtectedObject,
    Role,
    RuleKind,
    RuleSpec,
    Severity,
    Zone,
    new_id,
)
from tests.storage.site_cases import fill_cases

RUNTIME = Actor("service:runtime")
ADMIN = Actor("os:admin")
OPERATOR = Actor("operator-1")
START_UTC_S = 1_800_000_000.0
ROLES = {
    Role.OPERATOR: OPERATOR,
    Role.SUPERVISOR: Actor("supervisor-1"),
    Role.INVESTIGATOR: Actor("investigator-1"),
    Role.PROTECTION_OFFICER: Actor("protection-officer-1"),
    Role.ADMINISTRATOR: ADMIN,
    Role.SERVICE: RUNTIME,
}


class SteppedClock:
    """A clock that moves only when it is told."""

    def __init__(self, utc_s: float = START_UTC_S) -> None:
        self.utc_s = utc_s

    def __call__(self) -> float:
        return self.utc_s


def event(
    at_s: float = 0.0,
    camera_id: str = "c1",
    severity: Severity = Severity.MEDIUM,
    event_id: str | None = None,
    label: str = "person",
) -> Event:
    utc_s = START_UTC_S + at_s
    box = Box(0.1, 0.2, 0.3, 0.4)
    return Event(
        event_id or new_id(),
        camera_id,
        "r1",
        RuleKind.INTRUSION,
        severity,
        utc_s,
        utc_s - 1,
        7,
        label,
        0.5,
        box,
        "made",
    )


def evidence(event_id: str, path: str = "ab/cd.jpg", sha256: str = "ab" * 32) -> Evidence:
    marks = (BoxMark(Box(0.1, 0.2, 0.3, 0.4), "person", 0.5, 7),)
    return Evidence(new_id(), EvidenceKind.STILL, path, sha256, "c1", event_id, START_UTC_S, START_UTC_S, marks)


def add_people(journal: EmbeddedJournal) -> None:
    """One actor of each role."""
    journal.ensure_first_operator(ADMIN.id, "Admin")
    for role, actor in ROLES.items():
        if role not in (Role.ADMINISTRATOR, Role.SERVICE):
            journal.apply(PutOperator(Operator(actor.id, role.value, role)), ADMIN)


def add_registry(journal: EmbeddedJournal) -> None:
    """One record of each kind; camera c1 has everything."""
    for record in (
        District("d1", "Центр"),
        Place("p1", "Ринок", "Main street 1", "d1", 50.45, 30.52),
        ProtectedObject("o1", "School", "p1"),
        Camera("c1", 1, "Gate", "rtsp://host/main", "rtsp://host/sub", "p1", "o1", True),
        Camera("c2", 2, "Yard", "rtsp://host/2"),
        Neighbour("c1", "left", "c2"),
        Zone("z1", "c1", "Fence", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))),
        RuleSpec("r1", "c1", "z1", "Inside the fence"),
    ):
        journal.apply(PutRecord(record), ADMIN)


def fill(journal: EmbeddedJournal) -> str:
    """At least one row in every table; returns the incident's id."""
    add_people(journal)
    add_registry(journal)
    fill_cases(journal, ADMIN, RUNTIME, START_UTC_S)
    journal.apply(PutCredential("c1", "v1:sealed"), ADMIN)
    journal.apply(RecordFootageDigest(START_UTC_S - 3600, START_UTC_S, 60, "ef" * 32), RUNTIME)
    first = event()
    receipt = journal.apply(RecordEvent(first, opens_incident=True), RUNTIME)
    assert receipt.incident_id is not None
    journal.apply(RecordEvent(event(1.0)), RUNTIME)
    journal.apply(RecordEvent(event(2.0, "c2")), RUNTIME)
    journal.apply(AttachEvidence(evidence(first.id)), RUNTIME)
    journal.apply(RecordExport(receipt.incident_id, "pdf", "cd" * 32), ADMIN)
    journal.apply(SignCheckpoint(), RUNTIME)
    return receipt.incident_id


@contextlib.contextmanager
def filled(folder: Path) -> Iterator[EmbeddedJournal]:
    """A filled journal in `folder/journal`, with copies of checkpoints in `folder/checkpoints`."""
    key = SigningKey.generate()
    with contextlib.closing(
        open_journal(folder / "journal" / "journal.db", key, checkpoints=folder / "checkpoints")
    ) as journal:
        fill(journal)
        yield journal
