"""Packages from footage to receipt: what is inside, what is missing, what is left behind."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pyrage
import pytest

from app.errors import AppCode, AppError
from app.package_content import CameraScope, PackageContent, StillContent, incident_content, scopes_of
from app.package_films import PackageStep
from app.packages import KEPT_S, PackageResult, Packages
from storage import package_zip
from storage.case_records import Exhibit
from storage.errors import StorageCode, StorageError
from storage.footage_files import hash_file
from storage.footage_records import GapReason, Segment
from storage.keys import SigningKey
from storage.package_manifest import Approval
from storage.package_seal import Recipient
from storage.records import EvidenceKind
from storage.registry_records import CameraScale
from storage.segments import SegmentIndex
from tests.app import case_file
from tests.video.numbered import FPS, numbered_clip, segment

BEGIN = case_file.FIRST_0330
KEY = SigningKey.generate()
STILL = case_file.jpeg(320, 180)


def put_segments(index: SegmentIndex, folder: Path, camera_id: str, begin: float, count: int = 3) -> list[Segment]:
    """Closed segments of 4 s."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for number in range(count):
        path = numbered_clip(folder / f"{camera_id}-{number}.mp4", number * 60, 60)
        one = segment(path, number * 60, 60, begin)
        to_utc_s = one.from_utc_s + 60 / FPS
        found.append(replace(one, id=path.stem, camera_id=camera_id, to_utc_s=to_utc_s, sha256=hash_file(path)))
        index.begin(found[-1])
    return found


@pytest.fixture
def index(tmp_path: Path) -> Iterator[SegmentIndex]:
    opened = SegmentIndex(tmp_path / "index.db")
    yield opened
    opened.close()


@pytest.fixture
def segments(tmp_path: Path, index: SegmentIndex) -> list[Segment]:
    return put_segments(index, tmp_path / "rec", "cam-12", BEGIN)


@pytest.fixture
def packages(tmp_path: Path, index: SegmentIndex) -> Packages:
    return Packages(index, KEY, tmp_path / "work")


def content(begin: float = 1.0, end: float = 9.0, **changes: Any) -> PackageContent:
    scope = CameraScope("cam-12", BEGIN + begin, BEGIN + end, clock_uncertainty_s=0.5)
    made = incident_content(
        case_file.case(STILL),
        case_file.registry(),
        {"still": STILL},
        case_file.context(),
        operator="О. Шевченко",
        scopes=[scope],
        approvals=[Approval("supervisor", BEGIN + 5000)],
    )
    return replace(made, **changes)


def opened(result: PackageResult) -> tuple[dict[str, bytes], dict[str, Any]]:
    with zipfile.ZipFile(result.path) as package:
        files = {name: package.read(name) for name in package.namelist()}
    return files, json.loads(files["manifest.json"])


def packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [hashlib.sha256(bytes(p)).digest() for p in container.demux(video=0) if p.size]


def verified(package: Path, verifier: Path, fingerprint: str) -> int:
    command = [sys.executable, "-I", "-S", str(verifier), str(package), "--fingerprint", fingerprint]
    return subprocess.run(command, capture_output=True, timeout=30, cwd="/", check=False).returncode


def test_a_package_holds_what_was_asked_for_and_its_own_verifier_finds_it_intact(
    tmp_path: Path, packages: Packages, segments: list[Segment]
) -> None:
    steps: list[tuple[PackageStep, float]] = []
    result = packages.build(content(master=True), tmp_path / "out" / "p.zip", lambda s, share: steps.append((s, share)))
    assert result.complete
    assert result.gaps == ()
    files, manifest = opened(result)
    stem = "camera-012_20261025T003001.000Z-1"
    assert list(files) == [
        "README.txt",
        "verify.py",
        "report.pdf",
        "stills/001_camera-012_20261025T003000.040Z.jpg",
        f"view/{stem}.mp4",
        f"master/{stem}.mp4",
        "manifest.json",
        "manifest.sig",
    ]
    (tmp_path / "verify.py").write_bytes(files["verify.py"])
    assert verified(result.path, tmp_path / "verify.py", result.fingerprint) == 0
    assert result.sha256 == hashlib.sha256(result.path.read_bytes()).hexdigest()
    assert result.manifest_sha256 == hashlib.sha256(files["manifest.json"]).hexdigest()
    assert files[list(files)[3]] == STILL
    master = tmp_path / "m.mp4"
    master.write_bytes(files[f"master/{stem}.mp4"])
    assert packets(master) == [digest for s in segments for digest in packets(Path(s.path))][:150]
    assert files["report.pdf"].startswith(b"%PDF")
    assert not list((tmp_path / "work").iterdir())
    assert steps[0][0] is PackageStep.COPY
    assert [share for _step, share in steps] == sorted(share for _step, share in steps)
    assert steps[-1] == (PackageStep.VERIFY, 1.0)
    assert manifest["package"]["complete"] is True


def test_the_manifest_tells_where_when_who_why_and_with_what(
    tmp_path: Path, packages: Packages, segments: list[Segment]
) -> None:
    result = packages.build(content(master=True, legal_basis="Art. 93", retention="until 2027"), tmp_path / "p.zip")
    files, manifest = opened(result)
    assert manifest["package"]["operator"] == "О. Шевченко"
    assert manifest["package"]["reason"] == "Incident 2026-000042"
    assert (manifest["package"]["legal_basis"], manifest["package"]["retention"]) == ("Art. 93", "until 2027")
    assert manifest["package"]["software"].startswith("Watchfloor ")
    assert manifest["package"]["approvals"][0]["operator"] == "supervisor"
    assert manifest["journal"] == {"seq": 117, "head": hashlib.sha256(b"head").hexdigest(), "verified_intact": True}
    (source,) = manifest["sources"]
    assert (source["number"], source["name"], source["place"]) == (12, "Північні ворота", case_file.UKRAINIAN)
    assert (source["clock_offset_s"], source["clock_uncertainty_s"], source["resolution_class"]) == (None, 0.5, None)
    view, master = manifest["recordings"]
    assert (view["kind"], view["codec"], view["frames"], view["fps"]) == ("view", "h264", 121, 15.0)
    assert view["from_local"] == "2026-10-25T03:30:01.000+03:00"
    assert (master["kind"], master["width_px"], master["height_px"], master["frames"]) == ("master", 320, 180, 150)
    assert (master["from_utc"], master["to_utc"]) == ("2026-10-25T00:30:00.000Z", "2026-10-25T00:30:10.000Z")
    assert [(s["sha256"], s["proved"]) for s in master["segments"]] == [(s.sha256, True) for s in segments]
    for film in (view, master):
        assert film["sha256"] == hashlib.sha256(files[film["path"]]).hexdigest()
    assert manifest["scope"][0]["from_utc_s"] == BEGIN + 1


def test_a_sealed_master_is_opened_by_its_recipient_only(
    tmp_path: Path, packages: Packages, segments: list[Segment]
) -> None:
    identity = pyrage.x25519.Identity.generate()
    recipient = Recipient(str(identity.to_public()), identity.to_public())
    made = content(master=True, recipient=recipient, recipient_name="Police")
    files, manifest = opened(packages.build(made, tmp_path / "p.zip"))
    master = manifest["recordings"][1]
    assert master["path"].endswith(".mp4.age")
    plain = pyrage.decrypt(files[master["path"]], [identity])
    assert hashlib.sha256(plain).hexdigest() == master["opened"]["sha256"]
    (tmp_path / "m.mp4").write_bytes(plain)
    assert len(packets(tmp_path / "m.mp4")) == master["frames"]
    assert manifest["package"]["sealed"] == {"scheme": "age-encryption.org/v1", "recipient": recipient.name}
    assert "age --decrypt" in files["README.txt"].decode()
    assert packages.build(content(), tmp_path / "q.zip").bytes < len(plain) + 10**7
    assert not any(name.startswith("master") for name in opened(packages.build(content(), tmp_path / "q.zip"))[0])


def test_a_hole_an_altered_segment_and_a_lost_still_make_it_partial(
    tmp_path: Path, packages: Packages, segments: list[Segment], index: SegmentIndex
) -> None:
    index.open_gap("cam-12", BEGIN + 12, GapReason.DISK_FULL)
    path = Path(segments[1].path)
    data = bytearray(path.read_bytes())
    data[-300] ^= 1
    path.write_bytes(data)
    evidence = case_file.case(STILL).evidence[0]
    result = packages.build(content(0, 20, stills=(StillContent(evidence, None),)), tmp_path / "p.zip")
    assert not result.complete
    assert [(g.reason, round(g.to_utc_s - g.from_utc_s)) for g in result.gaps] == [
        ("still still is missing or altered", 0),
        ("altered", 4),
        ("disk_full", 8),
    ]
    files, manifest = opened(result)
    assert manifest["package"]["complete"] is False
    assert [(g["reason"], round(g["length_s"])) for g in manifest["gaps"]][1:] == [("altered", 4), ("disk_full", 8)]
    assert len([name for name in files if name.startswith("view/")]) == 2
    text = files["README.txt"].decode()
    assert "PARTIAL" in text
    assert "The recording was altered" in text
    assert "The disk was full" in text


def test_exhibits_go_with_their_origin_and_clock_and_raw_ones_only_with_the_master(
    tmp_path: Path, packages: Packages
) -> None:
    store = tmp_path / "evidence"
    store.mkdir()
    film, picture = b"film of a witness" * 9000, STILL
    for name, data in (("f.mov", film), ("p.jpg", picture), ("bad.mov", b"x")):
        (store / name).write_bytes(data)
    shown = Exhibit("e0", "incident", EvidenceKind.STILL, "p.jpg", _sha(picture), "photo", BEGIN, "op-7")
    raw = Exhibit(
        "e1", "incident", EvidenceKind.FILE, "f.mov", _sha(film), "IMG_1.MOV", BEGIN, "op-7", origin="Witness K."
    )
    lost = replace(raw, id="e2", path="bad.mov")
    outside = replace(raw, id="e3", path="../index.db")
    file = replace(case_file.case(STILL), exhibits=(shown, replace(raw, clock_offset_s=-2.5), lost, outside))
    made = replace(
        incident_content(file, case_file.registry(), {"still": STILL}, case_file.context(), operator="op", store=store),
        scopes=(),
    )
    result = packages.build(made, tmp_path / "p.zip")
    assert [gap.reason for gap in result.gaps] == [f"exhibit {name} is missing or altered" for name in ("e2", "e3")]
    files, manifest = opened(result)
    assert files["stills/exhibit-001.jpg"] == picture
    assert [e["exhibit_id"] for e in manifest["exhibits"]] == ["e0"]
    identity = pyrage.x25519.Identity.generate()
    sealed = replace(made, master=True, recipient=Recipient("police", identity.to_public()))
    files, manifest = opened(packages.build(sealed, tmp_path / "p.zip"))
    assert pyrage.decrypt(files["master/exhibit-002.mov.age"], [identity]) == film
    exhibit = manifest["exhibits"][1]
    assert (exhibit["name"], exhibit["origin"], exhibit["clock_offset_s"]) == ("IMG_1.MOV", "Witness K.", -2.5)
    assert (exhibit["from_utc"], exhibit["added_utc"]) == (None, "2026-10-25T00:30:00.000Z")
    assert exhibit["opened"]["sha256"] == _sha(film)


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_without_any_footage_the_papers_still_go(tmp_path: Path, packages: Packages) -> None:
    result = packages.build(content(master=True), tmp_path / "p.zip")
    assert [g.reason for g in result.gaps] == ["not_begun"]
    assert "report.pdf" in opened(result)[0]


def test_a_cancelled_package_leaves_nothing_but_its_work_and_goes_on(
    tmp_path: Path, packages: Packages, segments: list[Segment]
) -> None:
    seen: list[PackageStep] = []

    def stop() -> bool:
        return PackageStep.PACK in seen

    with pytest.raises(AppError) as caught:
        packages.build(content(), tmp_path / "p.zip", lambda step, _share: seen.append(step), stop)
    assert caught.value.code is AppCode.CANCELLED
    assert not [p for p in tmp_path.iterdir() if "p.zip" in p.name]
    (work,) = (tmp_path / "work").iterdir()
    assert work.stat().st_mode & 0o777 == 0o700
    views = {p.name: p.stat().st_mtime_ns for p in (work / "view").glob("*.mp4")}
    again: list[PackageStep] = []
    kept: list[int] = []

    def watch(step: PackageStep, _share: float) -> None:
        again.append(step)
        kept.extend(p.stat().st_mtime_ns for p in (work / "view").glob("*.mp4"))

    packages.build(content(), tmp_path / "p.zip", watch)
    assert PackageStep.VIEW not in again
    assert set(kept) == set(views.values())
    assert not list((tmp_path / "work").iterdir())


def test_work_of_a_package_that_was_cancelled_days_ago_goes(tmp_path: Path, packages: Packages) -> None:
    old, young = tmp_path / "work" / "old", tmp_path / "work" / "young"
    for folder in (old, young):
        folder.mkdir(parents=True)
    os.utime(old, (time.time() - 2 * KEPT_S,) * 2)
    packages.build(content(), tmp_path / "p.zip")
    assert not old.exists()
    assert young.exists()


def test_a_failure_leaves_no_unsealed_copies(
    tmp_path: Path, packages: Packages, segments: list[Segment], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.package_verifier.verify", lambda *_arguments: _verdict())
    with pytest.raises(AppError) as caught:
        packages.build(content(), tmp_path / "p.zip")
    assert caught.value.code is AppCode.PACKAGE_NOT_INTACT
    assert not list((tmp_path / "work").iterdir())
    assert not (tmp_path / "p.zip").exists()


def _verdict() -> Any:
    from app.package_verifier import ALTERED, Verdict

    return Verdict(ALTERED, ["the disk lied"], "", 0, "")


def test_a_disk_without_room_is_refused_before_anything_is_made(
    tmp_path: Path, packages: Packages, segments: list[Segment], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert packages.estimate(content(master=True)) > packages.estimate(content()) > 0
    monkeypatch.setattr(package_zip, "_free", lambda _folder: 1000)
    with pytest.raises(StorageError) as caught:
        packages.build(content(), tmp_path / "out" / "p.zip")
    assert caught.value.code is StorageCode.DISK_FULL
    assert not list((tmp_path / "out").glob("*"))


def test_the_same_scope_twice_is_refused(tmp_path: Path, packages: Packages) -> None:
    made = content()
    with pytest.raises(StorageError) as caught:
        packages.build(replace(made, scopes=made.scopes * 2), tmp_path / "p.zip")
    assert caught.value.code is StorageCode.BAD_VALUE


def test_scopes_come_from_the_alarms() -> None:
    file = case_file.case(STILL)
    (alarm,) = file.alarms
    near = replace(alarm, first_utc_s=alarm.last_utc_s + 60, last_utc_s=alarm.last_utc_s + 70)
    far = replace(alarm, first_utc_s=alarm.last_utc_s + 6000, last_utc_s=alarm.last_utc_s + 6010)
    other = replace(alarm, camera_id="cam-1")
    found = scopes_of(replace(file, alarms=(far, alarm, other, near)))
    assert found == (
        CameraScope("cam-1", alarm.first_utc_s - 10, alarm.last_utc_s + 30),
        CameraScope("cam-12", alarm.first_utc_s - 10, near.last_utc_s + 30),
        CameraScope("cam-12", far.first_utc_s - 10, far.last_utc_s + 30),
    )
    opened_utc_s = file.incident.opened_utc_s
    assert scopes_of(replace(file, alarms=())) == (CameraScope("cam-12", opened_utc_s - 10, opened_utc_s + 30),)


@pytest.mark.parametrize("language", ["en", "uk", "ru", "kk"])
def test_the_readme_speaks_the_sites_language(
    tmp_path: Path, packages: Packages, segments: list[Segment], language: str
) -> None:
    context = case_file.context(language=language)
    files, _manifest = opened(packages.build(content(context=context), tmp_path / "p.zip"))
    text = files["README.txt"].decode()
    assert "python3 verify.py PACKAGE.zip" in text
    assert KEY.fingerprint in text
    assert hashlib.sha256(files["verify.py"]).hexdigest() in text
    assert "{" not in text


def test_a_calibrated_camera_tells_what_its_films_can_be_used_for(
    packages: Packages, segments: list[Segment], tmp_path: Path
) -> None:
    scale = CameraScale("cam-12", ((0.5, 0.4, 0.2), (0.5, 0.9, 0.6)))
    asked = content()
    calibrated = replace(asked, registry=replace(asked.registry, camera_scales=(scale,)))
    _files, manifest = opened(packages.build(calibrated, tmp_path / "p.zip"))
    source = next(one for one in manifest["sources"] if one["id"] == "cam-12")
    assert source["resolution_class"] == "observe"  # 180 px of a person of 0.6 of the picture: 64 px/m
    bands = source["resolution_bands"]
    assert [band["level"] for band in bands] == ["detect", "observe"]
    assert bands[0]["bottom"] == bands[1]["top"]
    assert 62.5 <= bands[1]["least_px_per_m"] < bands[1]["most_px_per_m"] < 125
