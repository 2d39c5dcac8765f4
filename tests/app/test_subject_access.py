"""What a person gets who asks about themselves: own tracks sharp, nobody else, nothing written by or about others."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader
from typer.testing import CliRunner

from app.package_verifier import INTACT, verify
from app.release_desk import DisclosureFile, packed
from app.subject_access import rows_of, subject_scopes
from app.subject_choice import OwnTrack, SubjectChoice
from app.subject_commands import subject_app
from app.subject_desk import SubjectTracks
from app.subject_papers import WITHHELD
from storage.case_commands import AddNote
from storage.commands import PutOperator, PutRecord
from storage.errors import StorageCode, StorageError
from storage.folders import Folders
from storage.people_commands import DecideApproval
from storage.people_queries import AccessFilter
from storage.people_records import AccessKind, ApprovalKind
from storage.records import Actor, Box, Camera, Operator, Role
from storage.registry_records import CameraGroup
from storage.release_commands import MoveDisclosure, OpenDisclosure, RecordPackage
from storage.release_records import DisclosureKind, DisclosureState
from storage.track_chunks import SeenLook, SeenTrack, pack
from storage.tracks import Chunk, StoredTracks, TrackStore
from tests.app.test_package_desk import IDENTITY, SUPERVISOR, Site
from tests.storage.site import START_UTC_S

OWN = OwnTrack("c1", 3, START_UTC_S + 1)
LEFT, RIGHT = Box(0.0, 0.0, 0.45, 1.0), Box(0.55, 0.0, 1.0, 1.0)
SECRET = "neighbour Pavlo of flat 7"


def keep_tracks(path: Path) -> None:
    """Track 3 from 1 to 4 s at the left, track 4 beside it; another person is track 3 from 6.2 s on."""
    looks = []
    for number in range(5, 36):
        at = START_UTC_S + number / 5
        tracks = [] if 20 < number <= 30 else [SeenTrack(3, LEFT, "person", 0.9, START_UTC_S + 1, at)]
        tracks.append(SeenTrack(4, RIGHT, "person", 0.8, START_UTC_S + 1, at))
        looks.append(SeenLook(at, tuple(tracks)))
    store = TrackStore(path)
    store.write([Chunk("c1", looks[0].utc_s, looks[-1].utc_s, len(looks), pack(looks))])
    store.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    folders = Folders.find().ensure()
    opened = Site(folders, tmp_path / "rec")
    keep_tracks(folders.tracks)
    yield opened
    opened.close()


def asked(site: Site, **changes: object) -> DisclosureFile:
    """A person's request, approved."""
    command = OpenDisclosure(
        authority="Ганна Ө.",
        legal_basis="GDPR Art. 15",
        reference="",
        asked="what you have of me",
        camera_ids=("c1",),
        from_utc_s=START_UTC_S + 0.5,
        to_utc_s=START_UTC_S + 7.5,
        due_utc_s=START_UTC_S + 10**6,
        recipient="Lt. Bondar",
        kind=DisclosureKind.SUBJECT,
    )
    journal, actor = site.archive.journal, site.archive.actor
    journal.apply(replace(command, **changes), actor)  # type: ignore[arg-type]  # fields of a command
    approval = site.approve(ApprovalKind.DISCLOSURE, command.new_disclosure_id)
    moved = MoveDisclosure(command.new_disclosure_id, 1, DisclosureState.APPROVED, approval_id=approval.id)
    journal.apply(moved, actor)
    (disclosure,) = journal.disclosures()
    return DisclosureFile(disclosure, approval)


def clear_sides(film: bytes) -> dict[float, tuple[bool, bool]]:
    """By time: whether hard edges are left in the left and the right half."""
    found = {}
    with av.open(BytesIO(film), "r") as container:
        for frame in container.decode(video=0):
            luma = frame.to_ndarray(format="gray").astype(int)
            line = luma[luma.shape[0] // 2 + 20]
            # 32 px blocks are drawn; cells of 13 px never end where two of them do
            hard = [abs(line[edge] - line[edge - 1]) > 120 for edge in range(32, 320, 32)]
            found[round(frame.time or 0.0, 2)] = (any(hard[:4]), any(hard[5:]))
    return found


def test_tracks_to_choose_from_are_told_apart_after_a_new_start(site: Site) -> None:
    stored = StoredTracks(site.archive.folders.tracks)
    rows = rows_of(stored, "c1", START_UTC_S, START_UTC_S + 8)
    assert [(r.track.track_id, round(r.track.first_utc_s - START_UTC_S), r.looks) for r in rows] == [
        (3, 1, 16),
        (4, 1, 31),
        (3, 6, 5),
    ]
    assert rows[0].best_box == pytest.approx(LEFT, abs=0.001)
    assert rows_of(StoredTracks(Path("/none/such.db")), "c1", START_UTC_S, START_UTC_S + 8) == []


def test_without_tracks_or_choice_nothing_is_sharp(site: Site) -> None:
    disclosure = asked(site).disclosure
    stored = StoredTracks(site.archive.folders.tracks)
    for choice, tracks in (
        (SubjectChoice(), stored),
        (SubjectChoice((OWN,)), StoredTracks(Path("/none/such.db"))),
        (SubjectChoice((replace(OWN, camera_id="c2"),)), stored),
        (SubjectChoice((replace(OWN, first_utc_s=START_UTC_S + 3),)), stored),
    ):
        (scope,) = subject_scopes(disclosure, choice, tracks)
        assert (scope.hide_rest, scope.keep_track, scope.boxes) == (True, None, ())


def test_others_of_the_same_number_are_others(site: Site) -> None:
    disclosure = asked(site).disclosure
    (scope,) = subject_scopes(disclosure, SubjectChoice((OWN,)), StoredTracks(site.archive.folders.tracks))
    own = [seen for seen in scope.boxes if seen.track_id == scope.keep_track]
    assert len(own) == 16
    assert max(seen.utc_s for seen in own) == pytest.approx(START_UTC_S + 4, abs=0.01)
    assert {round(seen.box.x1, 2) for seen in scope.boxes if seen.track_id != scope.keep_track} == {0.55}


def test_the_package_of_a_person(site: Site, tmp_path: Path) -> None:
    keys = site.archive.folders.config / "keys" / "recipients"
    keys.mkdir()
    (keys / "Lt. Bondar.pub").write_text(str(IDENTITY.to_public()))  # a known key opens no master to a person
    journal, actor = site.archive.journal, site.archive.actor
    journal.apply(AddNote(SECRET, incident_id=site.incident), actor)
    journal.apply(RecordPackage(site.incident, "p.zip", "ab" * 32, "f", True, recipient=SECRET), actor)
    file = replace(asked(site), choice=SubjectChoice((OWN,), (site.incident,)))
    path = packed(journal, site.desk.of_disclosure, file, tmp_path / "d.zip", "", actor)
    assert verify(str(path), site.archive.key.fingerprint).code == INTACT
    with zipfile.ZipFile(path) as package:
        names = package.namelist()
        content = {name: package.read(name) for name in names}
    assert not [name for name in names if name.startswith(("master/", "stills/"))]
    sides = [side for name in names if name.startswith("view/") for side in clear_sides(content[name]).values()]
    assert sum(left for left, _right in sides) > 20
    assert not any(right for _left, right in sides)
    stored = json.loads(content["stored.json"])
    assert stored["request"]["person"] == "Ганна Ө."
    assert stored["recordings"][0]["looks"] == 16
    assert [incident["notes"][0]["text"] for incident in stored["incidents"]] == [WITHHELD]
    assert [incident["packages"][0]["recipient"] for incident in stored["incidents"]] == [WITHHELD]
    letter = " ".join(page.extract_text() for page in PdfReader(BytesIO(content["report.pdf"])).pages)
    assert "Ганна Ө." in letter
    assert "supervisory" in letter
    for part in (content["stored.json"].decode(), letter, content["manifest.json"].decode()):
        assert SECRET not in part
    (disclosure,) = journal.disclosures()
    assert (disclosure.state, disclosure.kind) == (DisclosureState.PACKED, DisclosureKind.SUBJECT)


def test_nobody_gives_a_master_to_a_person(site: Site) -> None:
    file = asked(site)
    command = RecordPackage(
        file.disclosure.id, "p.zip", "ab" * 32, "f", True, master=True, approval_id=file.disclosure.approval_id
    )
    with pytest.raises(StorageError) as caught:
        site.archive.journal.apply(command, site.archive.actor)
    assert caught.value.code is StorageCode.NOT_PERMITTED


def test_looking_is_written_down_first_and_needs_the_cameras_right(site: Site) -> None:
    journal, admin = site.archive.journal, site.archive.actor
    disclosure = asked(site).disclosure
    desk = SubjectTracks(site.archive, site.index)
    rows = desk.rows(disclosure, admin)
    (access,) = journal.accesses(AccessFilter())
    assert (access.kind, access.reason, access.camera_id) == (AccessKind.PLAYBACK, disclosure.number, "c1")
    with Image.open(BytesIO(desk.picture(disclosure, rows[0], admin))) as picture:
        assert picture.size == (320, 180)
        assert np.asarray(picture.convert("RGB"))[:, :, 0].max() > 200
    far = replace(rows[0], best_utc_s=START_UTC_S + 900)
    assert desk.picture(disclosure, far, admin) == b""
    journal.apply(PutRecord(Camera("c2", 2, "Yard", "demo://yard")), admin)
    journal.apply(PutRecord(CameraGroup("g", "Yard only", ("c2",))), admin)
    journal.apply(PutOperator(Operator("guest", "Guest", Role.SUPERVISOR, group_ids=("g",))), admin)
    for ask in (
        lambda: desk.rows(disclosure, Actor("guest")),
        lambda: desk.picture(disclosure, rows[0], Actor("guest")),
    ):
        with pytest.raises(StorageError):
            ask()
    with pytest.raises(StorageError):
        site.desk.of_disclosure(asked_again(site), Path("/none/p.zip"), Actor("guest"))
    assert len(journal.accesses(AccessFilter())) == 1


def asked_again(site: Site) -> DisclosureFile:
    (disclosure,) = site.archive.journal.disclosures()
    approval = next(a for a in site.archive.journal.approvals(open_only=False) if a.id == disclosure.approval_id)
    return DisclosureFile(disclosure, approval)


def run(*words: str) -> str:
    result = CliRunner().invoke(subject_app, [*words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_command_line_goes_from_question_to_package(site: Site, tmp_path: Path) -> None:
    times = [datetime.fromtimestamp(START_UTC_S + s, UTC).isoformat() for s in (0.5, 7.5)]
    number = run("ask", "Hanna O.", "--camera", "1", "--from", times[0], "--to", times[1]).strip()
    assert number.startswith("D-")
    lines = run("tracks", number, "--pictures", str(tmp_path / "pictures")).splitlines()
    assert [line.split("\t")[0] for line in lines] == ["1", "2", "3"]
    assert len(list((tmp_path / "pictures").iterdir())) == 3
    early = CliRunner().invoke(subject_app, ["make", number, "--out", str(tmp_path / "p.zip")])
    assert early.exit_code != 0
    assert not (tmp_path / "p.zip").exists()
    (approval,) = site.archive.journal.approvals()
    site.archive.journal.apply(DecideApproval(approval.id, approval.version, approved=True), SUPERVISOR)
    wrong = CliRunner().invoke(subject_app, ["make", number, "--out", str(tmp_path / "p.zip"), "--track", "9"])
    assert wrong.exit_code != 0
    run("make", number, "--out", str(tmp_path / "p.zip"), "--track", "1", "--incident", site.incident)
    assert verify(str(tmp_path / "p.zip"), site.archive.key.fingerprint).code == INTACT
