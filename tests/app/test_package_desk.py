"""Packages over a real journal: two persons for a master, written down or not there, disclosures sealed."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyrage
import pytest

from app.archive import Archive
from app.package_desk import PackageDesk, PackageOrder, known_recipient
from app.package_verifier import INTACT, verify
from app.release_desk import DisclosureFile
from storage.commands import PutOperator, PutRecord, RecordEvent
from storage.errors import StorageCode, StorageError
from storage.folders import Folders
from storage.package_seal import Recipient
from storage.people_commands import DecideApproval, RequestApproval
from storage.people_records import Approval, ApprovalKind, ApprovalState
from storage.records import Actor, Camera, Operator, Role
from storage.release_commands import OpenDisclosure
from storage.segments import SegmentIndex
from storage.settings import Settings
from tests.app.test_packages import put_segments
from tests.storage.site import RUNTIME, START_UTC_S, event

SUPERVISOR, OFFICER = Actor("supervisor-1"), Actor("officer-1")
IDENTITY = pyrage.x25519.Identity.generate()


class Site:
    """An incident of camera c1 with 8 s of footage, people of two roles."""

    def __init__(self, folders: Folders, recordings: Path) -> None:
        self.archive = Archive(folders, Settings(), [Camera("c1", 1, "Gate", "demo://gate")])
        journal, admin = self.archive.journal, self.archive.actor
        journal.apply(PutOperator(Operator(SUPERVISOR.id, "Olena S.", Role.SUPERVISOR)), admin)
        journal.apply(PutOperator(Operator(OFFICER.id, "Officer", Role.PROTECTION_OFFICER)), admin)
        journal.apply(PutRecord(Camera("c1", 1, "Gate", "demo://gate")), admin)
        receipt = journal.apply(RecordEvent(event(6.0), opens_incident=True), RUNTIME)
        self.incident = str(receipt.incident_id)
        self.index = SegmentIndex(folders.footage_index)
        put_segments(self.index, recordings, "c1", START_UTC_S, 2)
        self.desk = PackageDesk(self.archive, self.index)

    def close(self) -> None:
        self.index.close()
        self.archive.close()

    def approve(self, kind: ApprovalKind, subject_id: str) -> Approval:
        """The second person says yes."""
        request = RequestApproval(kind, subject_id, "court")
        self.archive.journal.apply(request, self.archive.actor)
        self.archive.journal.apply(DecideApproval(request.new_approval_id, 1, approved=True), SUPERVISOR)
        found = self.archive.journal.approvals(open_only=False)
        return next(approval for approval in found if approval.id == request.new_approval_id)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    opened = Site(Folders.find().ensure(), tmp_path / "rec")
    yield opened
    opened.close()


def manifest(path: Path) -> dict[str, object]:
    with zipfile.ZipFile(path) as package:
        found: dict[str, object] = json.loads(package.read("manifest.json"))
    return found


def test_a_package_is_written_down(site: Site, tmp_path: Path) -> None:
    actor = site.archive.actor
    result = site.desk.of_incident(site.incident, tmp_path / "p.zip", PackageOrder(recipient_name="Police"), actor)
    (noted,) = site.archive.journal.packages(site.incident)
    assert (noted.id, noted.sha256, noted.fingerprint) == (result.package_id, result.sha256, result.fingerprint)
    assert (noted.complete, noted.master, noted.recipient) == (False, False, "Police")
    assert verify(str(result.path), site.archive.key.fingerprint).code == INTACT
    assert site.archive.journal.verify().ok


def test_a_master_needs_a_second_person(site: Site, tmp_path: Path) -> None:
    key = Recipient(str(IDENTITY.to_public()), IDENTITY.to_public())
    order = PackageOrder(master=True, recipient=key, recipient_name="Police")
    with pytest.raises(StorageError) as caught:
        site.desk.of_incident(site.incident, tmp_path / "p.zip", order, site.archive.actor)
    assert caught.value.code is StorageCode.NOT_PERMITTED
    assert not (tmp_path / "p.zip").exists()
    approval = site.approve(ApprovalKind.MASTER_EXPORT, site.incident)
    result = site.desk.of_incident(site.incident, tmp_path / "p.zip", order, site.archive.actor)
    (noted,) = site.archive.journal.packages(site.incident)
    assert (noted.master, noted.approval_id) == (True, approval.id)
    told = manifest(result.path)["package"]
    assert isinstance(told, dict)
    assert told["approvals"][0]["operator"] == "Olena S."
    with zipfile.ZipFile(result.path) as package:
        name = next(name for name in package.namelist() if name.startswith("master/"))
        assert pyrage.decrypt(package.read(name), [IDENTITY])[4:8] == b"ftyp"


def test_who_may_not_export_is_refused_at_once_and_what_is_not_written_down_is_not_there(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(StorageError) as caught:
        site.desk.of_incident(site.incident, tmp_path / "p.zip", PackageOrder(), OFFICER)
    assert caught.value.code is StorageCode.NOT_PERMITTED

    def refuse(*_arguments: object) -> None:
        raise StorageError(StorageCode.DISK_FULL)

    with monkeypatch.context() as patched:
        patched.setattr(site.archive.journal, "apply", refuse)
        with pytest.raises(StorageError):
            site.desk.of_incident(site.incident, tmp_path / "p.zip", PackageOrder(), site.archive.actor)
    assert not (tmp_path / "p.zip").exists()
    with pytest.raises(StorageError) as unknown:
        site.desk.of_incident("2020-000001", tmp_path / "p.zip", PackageOrder(), site.archive.actor)
    assert unknown.value.code is StorageCode.NOT_FOUND


def _never(*_arguments: object) -> None:
    raise AssertionError("hours of work for somebody who may not have it")


def test_a_disclosure_goes_out_sealed_for_its_recipient(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, actor = site.archive.journal, site.archive.actor
    command = OpenDisclosure(
        authority="Police",
        legal_basis="Art. 93",
        reference="17/2026",
        asked="two cameras",
        camera_ids=("c1",),
        from_utc_s=START_UTC_S + 1,
        to_utc_s=START_UTC_S + 7,
        due_utc_s=START_UTC_S + 10**6,
        recipient="Lt. Ғ. Bondar",
    )
    journal.apply(command, actor)
    (disclosure,) = journal.disclosures()
    file = DisclosureFile(disclosure)
    with pytest.raises(StorageError) as caught:
        site.desk.of_disclosure(file, tmp_path / "d.zip", actor)
    assert caught.value.code is StorageCode.NOT_PERMITTED
    approved = replace(file, approval=site.approve(ApprovalKind.DISCLOSURE, disclosure.id))
    assert approved.approval is not None
    assert approved.approval.state is ApprovalState.APPROVED
    with monkeypatch.context() as patched:
        patched.setattr(site.desk._packages, "build", _never)
        with pytest.raises(StorageError) as stranger:
            site.desk.of_disclosure(approved, tmp_path / "d.zip", Actor("os:stranger"))
    assert stranger.value.code is StorageCode.NOT_PERMITTED
    made = site.desk.of_disclosure(approved, tmp_path / "d.zip", actor)
    assert (made.complete, made.master) == (True, False)
    first = manifest(made.path)["package"]
    assert isinstance(first, dict)
    assert first["id"] == made.package_id
    keys = site.archive.folders.config / "keys" / "recipients"
    keys.mkdir()
    (keys / "Lt. Ғ. Bondar.pub").write_text(str(IDENTITY.to_public()))
    sealed = site.desk.of_disclosure(approved, tmp_path / "d.zip", actor)
    assert (sealed.complete, sealed.master) == (True, True)
    told = manifest(sealed.path)["package"]
    assert isinstance(told, dict)
    assert (told["legal_basis"], told["recipient"]) == ("Art. 93", "Lt. Ғ. Bondar")
    assert verify(str(sealed.path), site.archive.key.fingerprint).code == INTACT


@pytest.mark.parametrize("name", ["", "../../signing", "a/b", "nobody", "."])
def test_a_name_never_leads_out_of_the_keys_folder(name: str) -> None:
    assert known_recipient(Folders.find(), name) is None
