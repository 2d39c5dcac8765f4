"""Exports over a real archive and real footage: packets, holes, rights, what is written down, cancel and go on."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from app.erasing import Eraser, _names
from app.errors import AppCode, AppError
from app.export_orders import Blur, ExportOrder, ExportResult, PieceKind
from app.export_verifier import verify_export
from app.exports import KEPT_S
from app.package_films import PackageStep
from app.texts import sentence
from storage.case_commands import OpenIncident
from storage.commands import CloseIncident, PutOperator
from storage.errors import StorageCode, StorageError
from storage.folders import Folders
from storage.footage_files import hash_file
from storage.keys import SigningKey, signature_holds
from storage.people_commands import DecideApproval, RequestApproval
from storage.people_queries import AccessFilter
from storage.people_records import AccessKind, Approval, ApprovalKind
from storage.records import Actor, EvidenceKind, Operator, Outcome, Role, Severity
from storage.release_commands import EraseSubject
from storage.release_records import Package
from tests.app.export_site import ANNA, BEGIN, OLENA, TARAS, ExportSite, export_site, of_segments, packets
from video.copied_fragments import CopyFile


@pytest.fixture
def site(tmp_path: Path) -> Iterator[ExportSite]:
    with export_site(Folders.find().ensure(), tmp_path / "rec") as opened:
        yield opened


@pytest.fixture(scope="module")
def quiet_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExportSite]:
    """Shared by tests that change nothing in it."""
    folder = tmp_path_factory.mktemp("quiet")
    with export_site(Folders.under(folder / "home").ensure(), folder / "rec") as opened:
        yield opened


def approve(site: ExportSite) -> Approval:
    journal = site.archive.journal
    journal.apply(RequestApproval(ApprovalKind.MASTER_EXPORT, site.incident, "court order"), ANNA)
    (asked,) = [a for a in journal.approvals() if a.subject_id == site.incident]
    journal.apply(DecideApproval(asked.id, asked.version, approved=True, words="yes"), OLENA)
    return asked


def told(result: ExportResult) -> dict[str, Any]:
    assert result.folder is not None
    tree: dict[str, Any] = json.loads((result.folder / "export.json").read_bytes())
    return tree


def noted(site: ExportSite) -> list[tuple[AccessKind, str, str | None, str]]:
    found = site.archive.journal.accesses(AccessFilter())
    return [(a.kind, a.actor_id, a.camera_id, a.reason) for a in found if a.kind is AccessKind.EXPORT]


def packages(site: ExportSite) -> list[Package]:
    return list(site.archive.journal.packages(site.incident))


def pictures(path: Path) -> list[np.ndarray[Any, Any]]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


def test_a_view_copy_for_a_reason_is_written_down_first(site: ExportSite) -> None:
    steps: list[PackageStep] = []
    result = site.exports.make(site.order(begin=1, end=9), ANNA, progress=lambda step, _share: steps.append(step))
    assert result.complete
    assert result.folder is not None
    assert result.folder.parent == site.exports.folder
    names = sorted(p.relative_to(result.folder).as_posix() for p in result.folder.rglob("*") if p.is_file())
    assert names == ["README.txt", "export.json", "export.sig", f"view/{Path(result.pieces[0].path).name}"]
    (piece,) = result.pieces
    assert piece.frames == len(packets(result.folder / piece.path)) == 121
    assert (piece.codec, piece.kind, piece.unproved) == ("h264", PieceKind.VIEW, 0)
    assert noted(site) == [(AccessKind.EXPORT, "anna", "c1", "case 7")]
    assert PackageStep.VERIFY in steps
    key, data = site.archive.key, (result.folder / "export.json").read_bytes()
    assert signature_holds(key.public_key, (result.folder / "export.sig").read_text().strip(), data)
    assert result.sha256 == hash_file(result.folder / "export.json")
    assert told(result)["files"][0]["sha256"] == hash_file(result.folder / piece.path)
    assert [s["proved"] for s in told(result)["files"][0]["segments"]] == [True, True, True]
    assert not list(site.exports.folder.glob(".work-*"))


def test_untouched_packets_are_the_sources_and_a_hole_makes_it_partial(site: ExportSite) -> None:
    approve(site)
    order = site.order("c1", "c2", master=True, view=False, incident_id=site.incident)
    result = site.exports.make(order, ANNA)
    assert result.folder is not None
    of_gate = [p for p in result.pieces if p.camera_id == "c1"]
    assert packets(result.folder / of_gate[0].path) == of_segments(site.segments)
    of_yard = [p for p in result.pieces if p.camera_id == "c2"]
    assert len(of_yard) == 2
    assert not result.complete
    (gap,) = result.gaps
    assert (gap.source_id, round(gap.from_utc_s - BEGIN), round(gap.to_utc_s - BEGIN)) == ("c2", 4, 8)
    assert told(result)["complete"] is False
    assert told(result)["gaps"][0]["length_s"] == pytest.approx(4, abs=0.1)
    assert "PARTIAL" in (result.folder / "README.txt").read_text()
    (package,) = packages(site)
    assert (package.path, package.master, package.complete) == (str(result.folder), True, False)
    with pytest.raises(StorageError, match="no approval"):
        site.exports.make(order, ANNA)  # one word of a second person is for one export


def test_an_altered_recording_is_named_and_not_delivered(site: ExportSite) -> None:
    source = Path(site.segments[1].path)
    data = bytearray(source.read_bytes())
    data[-200] ^= 1
    source.write_bytes(data)
    result = site.exports.make(site.order(), ANNA)
    assert [(gap.reason, round(gap.from_utc_s - BEGIN)) for gap in result.gaps] == [("altered", 4)]
    assert len(result.pieces) == 2
    with pytest.raises(AppError, match="altered"):
        site.exports.make(site.order(begin=5, end=7), ANNA)
    still = site.exports.make(site.order("c2", begin=1, end=1, view=False, still=True), ANNA)
    assert still.complete
    with pytest.raises(AppError) as caught:
        site.exports.make(site.order(begin=5, end=5, view=False, still=True), ANNA)
    assert caught.value.details["reason"] == "altered"


@pytest.mark.parametrize(
    ("actor", "changes", "code"),
    [
        (TARAS, {"camera_ids": ("c2",)}, StorageCode.NOT_PERMITTED),
        (TARAS, {"camera_ids": ("c1", "c2")}, StorageCode.NOT_PERMITTED),
        (ANNA, {"masked": False}, StorageCode.NOT_PERMITTED),
        (ANNA, {"reason": " "}, StorageCode.NO_REASON),
        (ANNA, {"master": True}, AppCode.EXPORT_NEEDS_CASE),
        (ANNA, {"to_incident": True}, AppCode.EXPORT_NEEDS_CASE),
        (ANNA, {"view": False}, AppCode.EXPORT_NOTHING_CHOSEN),
        (ANNA, {"camera_ids": ()}, AppCode.EXPORT_NOTHING_CHOSEN),
        (ANNA, {"camera_ids": ("c9",)}, StorageCode.NOT_FOUND),
        (Actor("stranger"), {}, StorageCode.NOT_PERMITTED),
    ],
)
def test_who_may_not_gets_nothing_and_nothing_is_read(
    quiet_site: ExportSite, actor: Actor, changes: dict[str, Any], code: str
) -> None:
    site = quiet_site
    order = ExportOrder(
        **{"camera_ids": ("c1",), "from_utc_s": BEGIN, "to_utc_s": BEGIN + 4, "reason": "case", **changes}
    )
    with pytest.raises((AppError, StorageError)) as caught:
        site.exports.make(order, actor)
    assert caught.value.code == code
    assert not site.exports.folder.exists()
    assert noted(site) == []


def test_nothing_recorded_is_refused(site: ExportSite) -> None:
    with pytest.raises(AppError) as caught:
        site.exports.make(site.order(begin=100, end=110), ANNA)
    assert caught.value.code is AppCode.EXPORT_EMPTY
    assert list(site.exports.folder.iterdir()) == []


def test_a_cancelled_export_goes_on_and_is_offered_to_its_operator_alone(site: ExportSite) -> None:
    order = site.order("c1", "c2", begin=0, end=12)
    halted = {"share": 0.5}
    seen: list[float] = []

    def run() -> ExportResult:
        return site.exports.make(
            order,
            ANNA,
            progress=lambda _step, share: seen.append(share),
            cancelled=lambda: bool(seen) and seen[-1] > halted["share"],
        )

    with pytest.raises(AppError) as caught:
        run()
    assert caught.value.code is AppCode.CANCELLED
    (left,) = site.exports.unfinished("anna")
    assert left.order == order
    assert site.exports.unfinished("olena") == ()
    finished = sorted(p.stat().st_mtime_ns for p in site.exports.folder.rglob("view/*.mp4"))
    assert finished
    halted["share"] = 2.0
    result = run()
    assert result.folder is not None
    kept = {p.stat().st_mtime_ns for p in result.folder.rglob("view/*.mp4")}
    assert set(finished) <= kept, "what was finished is not made again"
    assert site.exports.unfinished("anna") == ()
    assert len(noted(site)) == 4


def test_masks_are_covered_unless_somebody_with_the_right_says_otherwise(site: ExportSite) -> None:
    site.mask()
    masked = site.exports.make(site.order(begin=5, end=5, view=False, still=True), OLENA)
    bare = site.exports.make(site.order(begin=5, end=5, view=False, still=True, masked=False), OLENA)
    first, second = (r.folder / r.pieces[0].path for r in (masked, bare) if r.folder is not None)
    assert pixel(first) == pytest.approx((60, 64, 70), abs=4)
    assert pixel(second) != pytest.approx((60, 64, 70), abs=4)
    assert "unmasked" in site.archive.journal.accesses(AccessFilter())[0].detail
    film = site.exports.make(site.order(begin=0, end=1), ANNA)
    assert film.pieces[0].masks == 1


def test_a_still_has_its_frames_size_and_the_classes_beside_it(site: ExportSite) -> None:
    result = site.exports.make(site.order("c1", "c2", begin=5.02, end=5.02, view=False, still=True), ANNA)
    assert result.folder is not None
    gate, card = (p for p in result.pieces if p.camera_id == "c1")
    assert (gate.width_px, gate.height_px) == (320, 180)
    assert gate.from_utc_s == pytest.approx(BEGIN + 5, abs=0.001)
    assert any("detect: " in note for note in gate.notes)
    with Image.open(result.folder / gate.path) as picture, Image.open(result.folder / card.path) as with_text:
        assert picture.size == (320, 180)
        assert with_text.size[0] > 320
        assert with_text.size[1] > 180
        inside = np.asarray(with_text.convert("L"), float)[:180, :320] - np.asarray(picture.convert("L"), float)
        assert float(np.abs(inside).mean()) < 3, "nothing is printed over the picture"
    (gap,) = result.gaps
    assert gap.source_id == "c2"


def test_into_the_incident_the_files_are_exhibits_and_no_second_person_is_needed(site: ExportSite) -> None:
    order = site.order(begin=0, end=4, master=True, still=True, incident_id=site.incident, reason="", to_incident=True)
    result = site.exports.make(order, ANNA)
    assert result.folder is None
    exhibits = site.archive.journal.incident_file(site.incident).exhibits
    assert sorted(e.kind for e in exhibits) == [EvidenceKind.CLIP] * 2 + [EvidenceKind.STILL] * 2
    store = site.archive.folders.evidence
    assert all(hash_file(store / e.path) == e.sha256 for e in exhibits)
    assert {e.camera_id for e in exhibits} == {"c1"}
    assert packages(site) == []
    assert list(site.exports.folder.iterdir()) == []
    assert list((store / "incoming").iterdir()) == []


def test_everybody_is_pixelated_and_where_nobody_looked_all_is(site: ExportSite) -> None:
    site.store_tracks(pause=(2.0, 6.0))
    plain = site.exports.make(site.order(begin=0, end=8), ANNA)
    blurred = site.exports.make(site.order(begin=0, end=8, blur=Blur.EVERYBODY), ANNA)
    assert plain.folder is not None
    assert blurred.folder is not None
    assert blurred.pieces[0].blurred
    assert blurred.pieces[0].unseen_s == pytest.approx(4, abs=0.6)
    assert "whole picture is pixelated" in (blurred.folder / "README.txt").read_text()
    before, after = (pictures(r.folder / r.pieces[0].path) for r in (plain, blurred) if r.folder is not None)
    looked, unlooked = 15, 60
    corner = np.s_[-30:, 140:180]
    assert np.abs(before[looked][corner].astype(int) - after[looked][corner]).mean() < 8
    assert np.abs(before[unlooked][corner].astype(int) - after[unlooked][corner]).mean() > 8


def test_a_track_that_is_not_there_is_refused(site: ExportSite) -> None:
    site.store_tracks()
    with pytest.raises(AppError) as caught:
        site.exports.make(site.order(blur=Blur.ALL_BUT, keep="9@1.000"), ANNA)
    assert caught.value.code is AppCode.NO_SUCH_TRACK


def test_a_segment_that_is_still_written_counts_as_unproved(site: ExportSite, tmp_path: Path) -> None:
    whole = Path(site.segments[2].path).read_bytes()
    growing = tmp_path / "growing.mp4"
    growing.write_bytes(whole[: len(whole) - 400])
    site.index.discard(site.segments[2].id)
    site.index.begin(replace(site.segments[2], id="open", path=str(growing), sha256=None, bytes=len(whole) - 400))
    result = site.exports.make(site.order(begin=8, end=12), ANNA)
    assert result.pieces[0].unproved == 1
    assert not result.complete


def test_an_order_is_read_as_it_was_kept() -> None:
    order = ExportOrder(("c1", "c2"), 1.5, 2.5, "why", "i1", blur=Blur.ALL_BUT, keep="3@1.000", still=True)
    assert ExportOrder.read(order.kept("anna")) == ("anna", order)


def pixel(path: Path) -> tuple[int, ...]:
    with Image.open(path) as picture:
        found = picture.convert("RGB").getpixel((40, 90))
    assert isinstance(found, tuple)
    return tuple(int(value) for value in found)


def test_what_was_exported_or_cut_short_goes_with_an_erased_incident(site: ExportSite) -> None:
    journal, officer = site.archive.journal, Actor("officer")
    journal.apply(PutOperator(Operator(officer.id, "Officer", Role.PROTECTION_OFFICER)), site.archive.actor)
    incident = str(journal.apply(OpenIncident("theft", Severity.LOW, BEGIN, "c1"), ANNA).incident_id)
    other = site.exports.make(site.order(begin=0, end=2), ANNA)
    site.exports.make(site.order(begin=0, end=2, incident_id=incident), ANNA)
    with pytest.raises(AppError):
        site.exports.make(site.order(incident_id=incident), ANNA, cancelled=lambda: True)
    assert len(list(site.exports.folder.iterdir())) == 3
    version = journal.incident_file(incident).incident.version
    journal.apply(CloseIncident(incident, version, Outcome.FOUND, "done"), ANNA)
    journal.apply(RequestApproval(ApprovalKind.ERASURE, incident, "wish", "a1"), ANNA)
    journal.apply(DecideApproval("a1", 1, approved=True), OLENA)
    command = EraseSubject("incidents", incident, "Art. 17 (1) GDPR", "wish of the person", "a1")
    Eraser(journal, site.archive.store, site.archive.folders).erase(command, officer)
    assert list(site.exports.folder.iterdir()) == [other.folder]


def test_a_recording_that_is_deleted_while_it_is_copied_is_missing(site: ExportSite) -> None:
    source = Path(site.segments[1].path)

    def delete(_step: PackageStep, share: float) -> None:
        if share > 0.1:  # of the first 0.15, in which the three are copied
            source.unlink(missing_ok=True)

    result = site.exports.make(site.order(), ANNA, progress=delete)
    assert not source.exists()
    assert [(gap.reason, round(gap.from_utc_s - BEGIN)) for gap in result.gaps] == [("missing", 4)]


def test_every_byte_of_the_papers_is_signed(site: ExportSite) -> None:
    result = site.exports.make(site.order(end=1), ANNA)
    assert result.folder is not None
    paper = told(result)["readme"]
    assert hash_file(result.folder / paper["path"]) == paper["sha256"]


def test_a_still_is_blurred_as_the_film_beside_it(site: ExportSite) -> None:
    site.store_tracks()
    times = {"begin": 5, "end": 6, "still": True}
    plain, blurred = (site.exports.make(site.order(**times, blur=blur), ANNA) for blur in (Blur.NOBODY, Blur.EVERYBODY))
    key = site.exports.tracks("c1", BEGIN + 5, BEGIN + 6)[0].key
    kept = site.exports.make(site.order(**times, blur=Blur.ALL_BUT, keep=key), ANNA)
    before, after, but_one = (still_of(result) for result in (plain, blurred, kept))
    person, car, wall = np.s_[50:130, 40:90], np.s_[80:120, 200:280], np.s_[165:, 85:105]
    for area, by_all, by_one in ((person, True, False), (car, True, True), (wall, False, True)):
        assert bool(np.abs(before[area] - after[area]).mean() > 4) is by_all
        assert bool(np.abs(before[area] - but_one[area]).mean() > 4) is by_one
    assert all(piece.blurred for piece in blurred.pieces)


def still_of(result: ExportResult) -> np.ndarray[Any, Any]:
    assert result.folder is not None
    (name,) = (p.path for p in result.pieces if p.kind is PieceKind.STILL and not p.path.endswith("_card.jpg"))
    with Image.open(result.folder / name) as picture:
        return np.asarray(picture.convert("L"), float)


def test_a_right_that_is_taken_away_while_the_films_are_made_counts(site: ExportSite) -> None:
    def take_away(_step: PackageStep, _share: float) -> None:
        operator = Operator("anna", "Anna", Role.OPERATOR, group_ids=("g1",))
        site.archive.journal.apply(PutOperator(operator), site.archive.actor)

    with pytest.raises(StorageError) as caught:
        site.exports.make(site.order("c2", end=3), ANNA, progress=take_away)
    assert caught.value.code is StorageCode.NOT_PERMITTED
    assert list(site.exports.folder.iterdir()) == []


def test_a_mask_that_is_drawn_while_the_films_are_made_is_in_them(site: ExportSite) -> None:
    drawn: list[float] = []

    def draw(_step: PackageStep, share: float) -> None:
        if not drawn and share > 0.3:
            drawn.append(share)
            site.mask()

    result = site.exports.make(site.order(end=2), ANNA, progress=draw)
    assert drawn
    assert result.folder is not None
    (piece,) = result.pieces
    assert piece.masks == 1
    assert pictures(result.folder / piece.path)[5][60:, :150].std() < 3


def test_a_film_that_was_finished_before_more_was_recorded_is_made_anew(site: ExportSite) -> None:
    last, shares = site.segments[2], [0.0]
    site.index.discard(last.id)
    order = site.order("c1", "c2")
    with pytest.raises(AppError):
        site.exports.make(
            order, ANNA, progress=lambda _step, share: shares.append(share), cancelled=lambda: shares[-1] > 0.5
        )
    assert list(site.exports.folder.rglob("view/camera-001*.mp4"))
    site.index.adopt([last])
    pieces = site.exports.make(order, ANNA).pieces
    assert sum(piece.frames for piece in pieces if piece.camera_id == "c1") == 180


def test_a_film_that_was_altered_after_it_was_finished_is_made_anew(site: ExportSite) -> None:
    shares = [0.0]
    order = site.order("c1", "c2", end=1)
    with pytest.raises(AppError):
        site.exports.make(
            order, ANNA, progress=lambda _step, share: shares.append(share), cancelled=lambda: shares[-1] > 0.5
        )
    (first,) = site.exports.folder.rglob("films-*/view/camera-001*.mp4")
    (other,) = (path.read_bytes() for path in site.exports.folder.rglob("films-*/master-1/*.mp4"))
    first.write_bytes(other)
    made = site.exports.make(order, ANNA)
    assert made.folder is not None
    assert (made.folder / made.pieces[0].path).read_bytes() != other


def test_what_a_cancelled_run_attached_is_not_attached_twice(site: ExportSite, monkeypatch: pytest.MonkeyPatch) -> None:
    order = site.order(end=4, master=True, incident_id=site.incident, to_incident=True)
    put_file, put = site.archive.store.put_file, list[object]()

    def noted(*values: Any, **named: Any) -> tuple[str, str]:
        put.append(values)
        return put_file(*values, **named)

    monkeypatch.setattr(site.archive.store, "put_file", noted)
    with pytest.raises(AppError):
        site.exports.make(order, ANNA, cancelled=lambda: bool(put))
    assert len(site.archive.journal.incident_file(site.incident).exhibits) == 1
    site.exports.make(order, ANNA, cancelled=lambda: False)
    assert len(site.archive.journal.incident_file(site.incident).exhibits) == 2


def test_a_reason_cannot_look_like_another_line(site: ExportSite) -> None:
    reason = "case 7\r\nNothing is missing.\u202e\0"
    result = site.exports.make(site.order(end=1, still=True, reason=reason), ANNA)
    assert result.folder is not None
    assert "Reason: case 7 Nothing is missing.\r\n" in (result.folder / "README.txt").read_bytes().decode()
    assert told(result)["reason"] == "case 7 Nothing is missing."


def test_the_same_export_twice_at_once_is_refused_in_a_sentence(site: ExportSite) -> None:
    refused: list[AppError] = []

    def again(_step: PackageStep, share: float) -> None:
        if not refused:
            assert site.exports.unfinished("anna") == (), "what is being made is not offered to be gone on with"
            with pytest.raises(AppError) as caught:
                site.exports.make(site.order(), ANNA)
            refused.append(caught.value)

    result = site.exports.make(site.order(), ANNA, progress=again)
    assert result.complete
    assert refused[0].code is AppCode.EXPORT_RUNNING
    assert refused[0].details["pid"] == str(os.getpid())
    assert "being made already" in sentence(refused[0])
    assert site.exports.make(site.order(), ANNA).complete, "a lock goes with who held it"


def test_an_old_work_folder_that_somebody_is_at_stays(site: ExportSite) -> None:
    long_ago = time.time() - 2 * KEPT_S
    abandoned = site.exports.folder / ".work-abandoned"
    seen: list[bool] = []

    def meanwhile(_step: PackageStep, _share: float) -> None:
        if not seen:
            (work,) = site.exports.folder.glob(".work-*")
            abandoned.mkdir()
            for folder in (work, abandoned):
                os.utime(folder, (long_ago, long_ago))
            site.exports.make(site.order(end=1, still=True, view=False), ANNA)
            seen.append(work.exists())

    assert site.exports.make(site.order(), ANNA, progress=meanwhile).complete
    assert seen == [True]
    assert not abandoned.exists()


def test_two_exports_of_one_name_at_once_do_not_disturb_each_other(site: ExportSite) -> None:
    others: list[ExportResult] = []

    def beside(step: PackageStep, _share: float) -> None:
        if step is PackageStep.VERIFY and not others:
            others.append(site.exports.make(site.order(end=2, still=True), ANNA))

    first = site.exports.make(site.order(end=2), ANNA, progress=beside)
    assert first.folder is not None
    assert others[0].folder is not None
    assert first.folder != others[0].folder
    assert verify_export(first.folder).problems == verify_export(others[0].folder).problems == ()


def test_untouched_copies_that_are_finished_are_not_copied_again(
    site: ExportSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = site.order("c1", "c2", master=True, incident_id=site.incident, to_incident=True)
    shares: list[float] = []
    with pytest.raises(AppError):
        site.exports.make(
            order, ANNA, progress=lambda _step, share: shares.append(share), cancelled=lambda: shares[-1:] > [0.3]
        )
    masters = sorted(site.exports.folder.rglob("films-*/master-*/*.mp4"))
    assert len(masters) == 3
    before = [(path.stat().st_ino, path.stat().st_mtime_ns) for path in masters]
    taken: list[object] = []
    monkeypatch.setattr(CopyFile, "continued", lambda *values: taken.append(values))
    after: list[tuple[int, int]] = []

    def look(step: PackageStep, _share: float) -> None:
        if step is PackageStep.VERIFY and not after:
            after.extend((path.stat().st_ino, path.stat().st_mtime_ns) for path in masters)

    result = site.exports.make(order, ANNA, progress=look)
    assert taken == []
    assert [one[0] for one in after] == [one[0] for one in before]
    assert [piece.kind for piece in result.pieces].count(PieceKind.MASTER) == 3


def test_a_recording_that_is_altered_after_it_was_copied_is_named_when_the_export_goes_on(site: ExportSite) -> None:
    shares: list[float] = []
    with pytest.raises(AppError):
        site.exports.make(
            site.order(),
            ANNA,
            progress=lambda _step, share: shares.append(share),
            cancelled=lambda: shares[-1:] > [0.3],
        )
    source = Path(site.segments[1].path)
    data = bytearray(source.read_bytes())
    data[-200] ^= 1
    source.write_bytes(data)
    result = site.exports.make(site.order(), ANNA)
    assert [gap.reason for gap in result.gaps] == ["altered"]


def test_an_export_proves_itself_without_the_site(site: ExportSite) -> None:
    result = site.exports.make(site.order(end=1, still=True), ANNA)
    folder = result.folder
    assert folder is not None
    whole = verify_export(folder)
    assert (whole.problems, whole.files, whole.complete) == ((), 4, True)
    assert whole.fingerprint == site.archive.key.fingerprint
    film = folder / result.pieces[0].path
    original = film.read_bytes()
    film.write_bytes(original[:-1] + b"x")
    (folder / "note.txt").write_text("beside")
    assert verify_export(folder).problems == (
        f"{result.pieces[0].path} was altered",
        "note.txt does not belong to the export",
    )
    film.unlink()
    assert f"{result.pieces[0].path} is missing" in verify_export(folder).problems
    paper = folder / "export.json"
    for spoilt in (b'{"files": [], "readme": {"path": "a", "bytes": Infinity, "sha256": ""}}', b"{}"):
        signed, _written = paper.read_bytes(), paper.write_bytes(spoilt)
        assert "has not the form" in verify_export(folder).problems[0]
        paper.write_bytes(signed)
    paper.write_bytes(paper.read_bytes().replace(b"case 7", b"case 8"))
    assert "does not belong to export.json" in verify_export(folder).problems[0]
    paper.write_bytes(b"[1, 2")
    assert "has not the form" in verify_export(folder).problems[0]
    paper.unlink()
    with pytest.raises(AppError) as caught:
        verify_export(folder)
    assert caught.value.code is AppCode.NOT_AN_EXPORT


def test_what_another_key_signed_is_not_called_altered(site: ExportSite) -> None:
    result, other = site.exports.make(site.order(end=1), ANNA), SigningKey.generate()
    assert result.folder is not None
    tree = told(result)
    tree["signing_key"] |= {"public_key": None, "fingerprint": other.fingerprint}
    data = json.dumps(tree).encode()
    (result.folder / "export.json").write_bytes(data)
    (result.folder / "export.sig").write_text(other.sign(data))
    for ours in ("", site.archive.key.public_key):
        verdict = verify_export(result.folder, ours)
        assert (verdict.problems, verdict.another) == ((), True)
    whole = verify_export(result.folder, other.public_key)
    assert (whole.problems, whole.another) == ((), False)


def test_no_link_passes_for_a_folder_and_no_name_acts_on_a_terminal(site: ExportSite, tmp_path: Path) -> None:
    folder = site.exports.make(site.order(end=1), ANNA).folder
    assert folder is not None
    (folder / "x\x1b[2Jy").write_text("")
    assert verify_export(folder).problems == ("'x\\x1b[2Jy' does not belong to the export",)
    (folder / "x\x1b[2Jy").unlink()
    (folder / "view").rename(tmp_path / "elsewhere")
    (folder / "view").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert verify_export(folder).problems == ("view does not belong to the export",)


def test_a_name_in_the_papers_never_leads_out_of_the_folder(site: ExportSite) -> None:
    result = site.exports.make(site.order(end=1), ANNA)
    assert result.folder is not None
    paper = result.folder / "export.json"
    tree = told(result)
    tree["files"][0]["path"] = "../../secret"
    data = json.dumps(tree).encode()
    paper.write_bytes(data)
    (result.folder / "export.sig").write_text(site.archive.key.sign(data))
    assert "no name of a file of an export" in verify_export(result.folder).problems[0]


def test_an_export_for_a_reason_goes_with_the_incident_that_the_reason_names(site: ExportSite) -> None:
    journal, officer = site.archive.journal, Actor("officer")
    journal.apply(PutOperator(Operator(officer.id, "Officer", Role.PROTECTION_OFFICER)), site.archive.actor)
    incident = str(journal.apply(OpenIncident("theft", Severity.LOW, BEGIN, "c1"), ANNA).incident_id)
    found = journal.incident_file(incident).incident
    other = site.exports.make(site.order(end=1, reason=f"for {found.number}9"), ANNA)
    site.exports.make(site.order(end=1, reason=f"case {found.number}, police"), ANNA)
    for reason in (f"№{found.number}", f"{found.number}9"):
        with pytest.raises(AppError):
            site.exports.make(site.order(reason=reason), ANNA, cancelled=lambda: True)
    journal.apply(CloseIncident(incident, found.version, Outcome.FOUND, "done"), ANNA)
    journal.apply(RequestApproval(ApprovalKind.ERASURE, incident, "wish", "a1"), ANNA)
    journal.apply(DecideApproval("a1", 1, approved=True), OLENA)
    command = EraseSubject("incidents", incident, "Art. 17 (1) GDPR", "wish of the person", "a1")
    Eraser(journal, site.archive.store, site.archive.folders).erase(command, officer)
    assert [one.order.reason for one in site.exports.unfinished(ANNA.id)] == [f"{found.number}9"]
    assert [path for path in site.exports.folder.iterdir() if not path.name.startswith(".")] == [other.folder]


def test_the_work_of_an_export_that_nobody_can_read_goes_with_what_it_names(tmp_path: Path) -> None:
    order = tmp_path / "order.json"
    for text, goes in (("{torn 2026-000001", True), ("{torn", False), ('["x", {"id": "i-7"}]', True), ("[]", False)):
        order.write_text(text)
        assert _names(order, {"i-7": "2026-000001"}) is goes
    assert not _names(tmp_path / "none", {"i-7": "2026-000001"})
