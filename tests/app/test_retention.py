"""What goes is on the list first, goes on its day, is noted, and is nowhere afterwards; what is held stays."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.archive import Archive
from app.erasing import Eraser
from app.erasure_commands import erase_app, retention_app
from app.retention import DAY_S, LEGAL_BASIS, Going, Notices, Retention, RetentionKeeper
from storage.case_commands import AddNote, MergeIncident, OpenIncident
from storage.commands import (
    AttachEvidence,
    CloseIncident,
    JudgeAlarm,
    PutOperator,
    PutRecord,
    RecordEvent,
    ReopenIncident,
)
from storage.errors import StorageCode, StorageError
from storage.folders import Folders
from storage.people_commands import DecideApproval, RequestApproval
from storage.people_records import ApprovalKind
from storage.records import (
    Actor,
    Box,
    Camera,
    Category,
    Event,
    Evidence,
    EvidenceKind,
    Operator,
    Outcome,
    Role,
    RuleKind,
    Severity,
    Verdict,
    new_id,
)
from storage.registry_records import LegalHold
from storage.release_commands import EraseSubject, MoveDisclosure, OpenDisclosure, RecordPackage
from storage.release_records import DisclosureState
from storage.settings import RetentionSettings, Settings
from tests.conftest import wait_until
from tests.storage.named_case import NAME, said_on_disk

RUNTIME = Actor("service:runtime")
OFFICER, SUPERVISOR = Actor("officer-1"), Actor("supervisor-1")


class Clock:
    def __init__(self, utc_s: float) -> None:
        self.utc_s = utc_s

    def __call__(self) -> float:
        return self.utc_s


class Site:
    """A home whose closed thefts go after ten days, with a week on the list."""

    def __init__(self, folders: Folders) -> None:
        self.archive = Archive(folders, Settings())
        self.journal, self.actor = self.archive.journal, self.archive.actor
        for operator in (
            Operator(OFFICER.id, "Officer", Role.PROTECTION_OFFICER),
            Operator(SUPERVISOR.id, "Supervisor", Role.SUPERVISOR),
        ):
            self.journal.apply(PutOperator(operator), self.actor)
        self.journal.apply(PutRecord(Category("theft", "Theft", "crime", keep_days=10)), self.actor)
        self.incident_id, self.still = self._closed()
        closed = self.journal.incident_file(self.incident_id).incident.closed_utc_s
        self.closed_utc_s = float(closed or 0.0)
        self.clock = Clock(self.closed_utc_s)
        self.eraser = Eraser(self.journal, self.archive.store, folders)
        self.notices = Notices(folders.state / "retention.json")
        self.retention = Retention(self.journal, self.eraser, self.notices, RetentionSettings(), self.clock)

    def _closed(self) -> tuple[str, Path]:
        opened = self.journal.apply(
            OpenIncident("theft", Severity.LOW, 1.8e9, "c1", title=NAME, note=f"bag of {NAME}"), self.actor
        )
        incident_id = str(opened.incident_id)
        self.journal.apply(AddNote(f"says {NAME}", incident_id=incident_id), self.actor)
        seen = Event(
            new_id(), "c1", "r1", RuleKind.INTRUSION, Severity.LOW, 1.8e9, 1.8e9, 1, "person", 0.5, Box(0, 0, 1, 1)
        )
        alarm = self.journal.apply(RecordEvent(seen), RUNTIME)
        joined = JudgeAlarm(str(alarm.alarm_id), 1, Verdict.JOINED, incident_id=incident_id)
        self.journal.apply(joined, self.actor)
        path, sha256 = self.archive.store.put(b"a face in the crowd", ".jpg")
        still = Evidence(new_id(), EvidenceKind.STILL, path, sha256, "c1", seen.id, 1.8e9, 1.8e9)
        self.journal.apply(AttachEvidence(still), RUNTIME)
        version = self.journal.incident_file(incident_id).incident.version
        self.journal.apply(CloseIncident(incident_id, version, Outcome.FOUND, NAME), self.actor)
        return incident_id, self.archive.store.folder / path

    def after(self, days: float) -> list[Going]:
        """The list so many days after the closure."""
        self.clock.utc_s = self.closed_utc_s + days * DAY_S
        return self.retention.listed()


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders.under(tmp_path / "home").ensure()


@pytest.fixture
def site(folders: Folders) -> Iterator[Site]:
    made = Site(folders)
    yield made
    made.archive.close()


def test_on_the_list_a_week_before_and_gone_on_the_day(site: Site, tmp_path: Path) -> None:
    assert site.after(2.9) == []
    listed = site.after(3.1)
    assert [item.candidate.incident.id for item in listed] == [site.incident_id]
    assert listed[0].goes_utc_s == pytest.approx(site.closed_utc_s + 10.1 * DAY_S)
    site.after(10.0)
    assert site.retention.round() == 0
    site.after(10.2)
    assert site.retention.round() == 1
    assert said_on_disk(tmp_path) == []
    assert not site.still.exists()
    found = site.journal.verify(evidence=site.archive.store.folder)
    assert (found.problems, found.erased > 5) == ((), True)
    done = site.journal.erasures()[0]
    assert (done.subject_id, done.legal_basis, done.actor_id) == (site.incident_id, LEGAL_BASIS, RUNTIME.id)
    assert site.retention.listed() == []
    assert site.notices.read() == {}


def test_a_changed_setting_surprises_nobody(site: Site) -> None:
    site.after(400)
    assert site.retention.round() == 0
    site.after(406.9)
    assert site.retention.round() == 0
    site.after(407.1)
    assert site.retention.round() == 1


def test_zero_days_keeps_for_ever(site: Site) -> None:
    site.journal.apply(PutRecord(Category("theft", "Theft", "crime", keep_days=0)), site.actor)
    assert site.after(9999) == []
    site.journal.apply(PutRecord(Category("theft", "Theft", "crime")), site.actor)
    assert site.after(9999) == []


def test_what_is_held_is_listed_and_stays(site: Site) -> None:
    site.journal.apply(PutRecord(LegalHold("h", "court", incident_id=site.incident_id)), site.actor)
    site.after(3.5)
    assert [item.candidate.held for item in site.after(11)] == [True]
    assert site.retention.round() == 0
    assert site.still.exists()


def test_an_unreadable_list_begins_the_notice_again(site: Site, folders: Folders) -> None:
    site.after(3.5)
    (folders.state / "retention.json").write_text("[1, 2")
    site.after(11)
    assert site.retention.round() == 0


def test_the_worker_makes_its_round_and_stops_at_once(site: Site) -> None:
    site.after(3.5)
    site.after(11)
    keeper = RetentionKeeper(site.retention, period_s=0.05, first_s=0.0)
    keeper.start()
    try:
        wait_until(lambda: keeper.erased == 1)
    finally:
        keeper.stop()
        assert keeper.join(30.0)


def test_a_failing_journal_is_tried_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.after(3.5)
    site.after(11)
    tried = threading.Event()

    def busy(*_args: object) -> None:
        tried.set()
        raise StorageError(StorageCode.BUSY)

    monkeypatch.setattr(site.eraser, "erase", lambda *_a, **_k: busy())
    keeper = RetentionKeeper(site.retention, period_s=0.02, first_s=0.0)
    keeper.start()
    try:
        assert tried.wait(30)
        tried.clear()
        assert tried.wait(30)
    finally:
        keeper.stop()
        assert keeper.join(30.0)


def test_files_about_it_go_and_others_stay(site: Site, folders: Folders, tmp_path: Path) -> None:
    number = site.journal.incident_file(site.incident_id).incident.number
    report = folders.reports / f"incident-{number}.pdf"
    package, foreign = folders.data / "packages" / "p.zip", tmp_path / "foreign.zip"
    other = folders.reports / "incident-1999-000001.pdf"
    for path in (report, package, foreign, other):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    for path in (package, foreign):
        command = RecordPackage(site.incident_id, str(path), "ab" * 32, "f", complete=True)
        site.journal.apply(command, site.actor)
    by_rule = EraseSubject("incidents", site.incident_id, "law", "wish", by_rule=True)
    done = site.eraser.erase(by_rule, RUNTIME)
    assert (done.files, done.clean) == (3, True)
    assert [path.exists() for path in (report, package, foreign, other)] == [False, False, True, True]


def test_the_sweep_takes_only_old_files_that_no_row_names(site: Site) -> None:
    young, _ = site.archive.store.put(b"young", ".jpg")
    old, _ = site.archive.store.put(b"old", ".jpg")
    for path in (site.still, site.archive.store.folder / old):
        os.utime(path, (1e9, 1e9))
    assert site.eraser.sweep() == 1
    assert site.still.exists()
    assert (site.archive.store.folder / young).exists()
    assert not (site.archive.store.folder / old).exists()


def granted(site: Site, subject_id: str = "") -> str:
    approval_id = new_id()
    asked = RequestApproval(ApprovalKind.ERASURE, subject_id or site.incident_id, "wish", approval_id)
    site.journal.apply(asked, site.actor)
    site.journal.apply(DecideApproval(approval_id, 1, approved=True), SUPERVISOR)
    return approval_id


def test_the_command_line(site: Site, folders: Folders) -> None:
    number = site.journal.incident_file(site.incident_id).incident.number
    approval_id = granted(site)
    site.journal.apply(PutOperator(Operator("os:second", "x", Role.ADMINISTRATOR)), site.actor)
    site.archive.close()
    run = CliRunner()
    assert run.invoke(retention_app, []).output == ""
    words = ["incident", number, "--basis", "Art. 17", "--reason", "wish", "--approval", approval_id]
    assert run.invoke(erase_app, words).exit_code != 0, "an administrator may not erase"
    archive = Archive(folders, Settings())
    me = Operator(archive.actor.id, "me", Role.PROTECTION_OFFICER)
    archive.journal.apply(PutOperator(me), Actor("os:second"))
    archive.close()
    done = run.invoke(erase_app, words)
    assert done.exit_code == 0, done.output
    assert "rows and 1 files were erased" in done.output
    assert "Art. 17" in run.invoke(erase_app, ["list"]).output
    missing = run.invoke(erase_app, ["incident", "2026-999999", *words[2:]])
    assert missing.exit_code != 0


def test_settings_of_a_category_come_before_the_sites(site: Site) -> None:
    settings = replace(RetentionSettings(), incident_days=5)
    retention = Retention(site.journal, site.eraser, site.notices, settings, site.clock)
    site.clock.utc_s = site.closed_utc_s + 2 * DAY_S
    assert retention.listed() == []
    site.journal.apply(PutRecord(Category("theft", "Theft", "crime")), site.actor)
    assert len(retention.listed()) == 1


def test_papers_and_packages_of_a_merged_incident_go_too(site: Site, folders: Folders) -> None:
    merged = str(site.journal.apply(OpenIncident("theft", Severity.LOW, 1.8e9, title=NAME), site.actor).incident_id)
    number = site.journal.incident_file(merged).incident.number
    version = site.journal.incident_file(site.incident_id).incident.version
    site.journal.apply(ReopenIncident(site.incident_id, version), site.actor)
    site.journal.apply(MergeIncident(merged, 1, site.incident_id), site.actor)
    site.journal.apply(CloseIncident(site.incident_id, version + 1, Outcome.FOUND), site.actor)
    report, package = folders.reports / f"incident-{number}.pdf", folders.data / "packages" / "p.zip"
    for path in (report, package):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    site.journal.apply(RecordPackage(merged, str(package), "ab" * 32, "f", complete=True), site.actor)
    command = EraseSubject("incidents", site.incident_id, "law", "wish", granted(site))
    site.eraser.erase(command, OFFICER)
    assert [path.exists() for path in (report, package)] == [False, False]


def test_letter_and_label_of_a_disclosure_go_too(site: Site, folders: Folders) -> None:
    asked = OpenDisclosure("Police", "Art. 10", "1", NAME, ("c1",), 1.0, 2.0, 3.0, NAME)
    site.journal.apply(PutRecord(Camera("c1", 1, "Gate", "rtsp://10.0.0.5/1")), site.actor)
    site.journal.apply(asked, site.actor)
    moved = MoveDisclosure(asked.new_disclosure_id, 1, DisclosureState.REFUSED, refused="no basis")
    site.journal.apply(moved, site.actor)
    number = site.journal.disclosures(open_only=False)[0].number
    letter, other = folders.reports / f"{number}-letter.pdf", folders.reports / f"{number}0-letter.pdf"
    for path in (letter, other):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    approval_id = granted(site, asked.new_disclosure_id)
    command = EraseSubject("disclosures", asked.new_disclosure_id, "law", "wish", approval_id)
    site.eraser.erase(command, OFFICER)
    assert [path.exists() for path in (letter, other)] == [False, True]
