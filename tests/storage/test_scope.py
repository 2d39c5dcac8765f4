"""Camera groups of who configures: no registry record reaches a camera of another group, by whichever field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.commands import PutOperator, PutRecord, RegistryRecord, RemoveRecord
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode
from storage.people_commands import DecideApproval, RequestApproval
from storage.people_records import ApprovalKind
from storage.records import Actor, Camera, Neighbour, Operator, Role, RuleSpec, Zone
from storage.registry_records import CameraGroup, CameraScale, LegalHold, RecordingPlan, Sector
from storage.tried_rules import change_id
from tests.contracts.test_journal import opened_incident, refused
from tests.storage.site import ADMIN, SteppedClock, add_people, add_registry

YARD = Actor("yard")
"""May configure, on the cameras of group g2 only: that is c2."""
AREA = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[EmbeddedJournal]:
    opened = open_journal(tmp_path / "journal" / "journal.db", clock=SteppedClock())
    add_people(opened)
    add_registry(opened)
    opened.apply(PutRecord(CameraGroup("g2", "Yards", ("c2",))), ADMIN)
    opened.apply(PutOperator(Operator(YARD.id, "Yard", Role.ADMINISTRATOR, group_ids=("g2",))), ADMIN)
    yield opened
    opened.close()


def _records(camera_id: str, other_id: str) -> tuple[RegistryRecord, ...]:
    return (
        RecordingPlan(camera_id, mode="off"),
        LegalHold("h1", "why", camera_id=camera_id),
        Neighbour(camera_id, "left", other_id),
        Zone("z9", camera_id, "Yard", AREA),
        CameraGroup("g9", "New", (camera_id,)),
        Sector("s9", "New", (camera_id,)),
    )


def test_records_of_other_cameras_are_refused(journal: EmbeddedJournal) -> None:
    for record in _records("c1", "c2"):
        refused(StorageCode.NOT_PERMITTED, journal, PutRecord(record), YARD)
    refused(StorageCode.NOT_PERMITTED, journal, PutRecord(Neighbour("c2", "left", "c1")), YARD)
    refused(StorageCode.NOT_PERMITTED, journal, PutRecord(CameraGroup("g2", "Yards", ("c2", "c1"))), YARD)


def test_records_of_the_own_cameras_are_taken(journal: EmbeddedJournal) -> None:
    journal.apply(PutRecord(Camera("c9", 99, "Second yard", "test://9")), ADMIN)
    journal.apply(PutRecord(CameraGroup("g2", "Yards", ("c2", "c9"))), ADMIN)
    for record in _records("c2", "c9"):
        journal.apply(PutRecord(record), YARD)
    journal.apply(RemoveRecord("recording_plans", "c2"), YARD)
    journal.apply(RemoveRecord("neighbours", "c2/left/c9"), YARD)


def test_a_hold_is_of_its_incidents_camera(journal: EmbeddedJournal) -> None:
    theirs, own = opened_incident(journal, 0.0, "c1"), opened_incident(journal, 1.0, "c2")
    refused(StorageCode.NOT_PERMITTED, journal, PutRecord(LegalHold("h1", "why", incident_id=theirs)), YARD)
    journal.apply(PutRecord(LegalHold("h2", "why", incident_id=own)), YARD)


def test_what_is_of_another_camera_is_not_removed(journal: EmbeddedJournal) -> None:
    theirs = opened_incident(journal, 0.0, "c1")
    for record in (*_records("c1", "c2"), LegalHold("h2", "why", incident_id=theirs)):
        journal.apply(PutRecord(record), ADMIN)
    for table, record_id in (
        ("recording_plans", "c1"),
        ("legal_holds", "h1"),
        ("legal_holds", "h2"),
        ("neighbours", "c1/left/c2"),
        ("camera_groups", "g9"),
        ("sectors", "s9"),
        ("cameras", "c1"),
    ):
        refused(StorageCode.NOT_PERMITTED, journal, RemoveRecord(table, record_id), YARD)


def test_what_is_of_another_camera_is_not_moved_to_the_own_one(journal: EmbeddedJournal) -> None:
    journal.apply(PutRecord(Zone("z9", "c1", "Yard", AREA)), ADMIN)
    journal.apply(PutRecord(RuleSpec("r9", "c1", "z9", "Rule")), ADMIN)
    journal.apply(PutRecord(LegalHold("h1", "why", camera_id="c1")), ADMIN)
    journal.apply(PutRecord(Zone("z2", "c2", "Yard", AREA)), YARD)
    for record in (
        Zone("z9", "c2", "Yard", AREA),
        RuleSpec("r9", "c2", "z2", "Rule", enabled=False),
        LegalHold("h1", "why", camera_id="c2"),
    ):
        refused(StorageCode.NOT_PERMITTED, journal, PutRecord(record), YARD)


def test_a_camera_and_its_scale_are_by_their_id(journal: EmbeddedJournal) -> None:
    camera = next(camera for camera in journal.registry().cameras if camera.id == "c1")
    refused(StorageCode.NOT_PERMITTED, journal, PutRecord(camera), YARD)
    refused(StorageCode.NOT_PERMITTED, journal, PutRecord(CameraScale("c1", ((0.1, 0.1, 0.2),))), YARD)
    refused(StorageCode.NOT_PERMITTED, journal, PutRecord(Camera("c99", 99, "New", "test://")), YARD)


def test_a_change_of_anothers_rule_is_not_signed_for(journal: EmbeddedJournal) -> None:
    records = (
        Zone("z9", "c1", "Yard", AREA),
        RuleSpec("r9", "c1", "z9", "Rule"),
        CameraScale("c1", ((0.5, 0.4, 0.1), (0.5, 0.9, 0.3))),
    )
    for record in records:
        journal.apply(PutRecord(record), ADMIN)
        ask = RequestApproval(ApprovalKind.RULE_CHANGE, change_id(record), "fewer false alarms")
        refused(StorageCode.NOT_PERMITTED, journal, ask, YARD)
        journal.apply(ask, ADMIN)
        refused(StorageCode.NOT_PERMITTED, journal, DecideApproval(ask.new_approval_id, 1, approved=True), YARD)
    own = Zone("z2", "c2", "Yard", AREA)
    journal.apply(PutRecord(own), YARD)
    ask = RequestApproval(ApprovalKind.RULE_CHANGE, change_id(own), "fewer false alarms")
    journal.apply(ask, ADMIN)
    journal.apply(DecideApproval(ask.new_approval_id, 1, approved=True), YARD)
