"""A witness's film into an incident: whole and by its hash, with its clock set; bad files refused, nothing lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from app.errors import AppCode, AppError
from app.foreign_files import ForeignFiles, ForeignWish
from storage.errors import StorageCode, StorageError
from storage.folders import Folders
from storage.footage_files import hash_file
from storage.records import Actor, EvidenceKind
from tests.app.export_site import ANNA, BEGIN, ExportSite, export_site
from tests.storage.site import RUNTIME


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


@pytest.fixture(scope="session")
def phone_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2 s with its index at the front, as phones' films are sent on; by its own clock it begins at BEGIN."""
    path = tmp_path_factory.mktemp("phone") / "IMG 0007.MP4"
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        container.metadata["creation_time"] = "2027-01-15T08:00:00.000000Z"
        stream = container.add_stream("libx264", rate=30)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.options = {"preset": "ultrafast"}
        for number in range(60):
            noise = np.random.default_rng(number).integers(0, 255, (180, 320, 3), np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(noise, format="rgb24")))
        container.mux(stream.encode())
    return path


def wish(site: ExportSite, path: Path, **times: float) -> ForeignWish:
    return ForeignWish(site.incident, path, "witness K.", **times)


def stored(site: ExportSite) -> list[Path]:
    return [path for path in site.archive.folders.evidence.rglob("*") if path.is_file()]


def unheard(_share: float) -> None:
    """Nobody wants to know."""


def test_a_phones_film_is_taken_in_with_its_clock_set(site: ExportSite, phone_film: Path) -> None:
    files = ForeignFiles(site.archive)
    facts = files.look(phone_film)
    assert (facts.kind, facts.codec, facts.width_px, facts.suffix) == (EvidenceKind.CLIP, "h264", 320, ".mp4")
    assert facts.created_utc_s == BEGIN
    assert facts.duration_s == pytest.approx(2, abs=0.1)
    shares: list[float] = []
    asked = wish(site, phone_film, begins_utc_s=BEGIN, showed_utc_s=BEGIN + 10, real_utc_s=BEGIN + 72.5)
    exhibit = files.take_in(asked, ANNA, shares.append)
    (kept,) = site.archive.journal.incident_file(site.incident).exhibits
    assert (kept.id, kept.name, kept.origin, kept.actor_id) == (exhibit.id, "IMG 0007.MP4", "witness K.", "anna")
    assert kept.clock_offset_s == 62.5
    assert kept.from_utc_s == BEGIN + 62.5
    assert kept.to_utc_s == pytest.approx(BEGIN + 64.5, abs=0.1)
    copy = site.archive.folders.evidence / kept.path
    assert hash_file(copy) == hash_file(phone_film) == kept.sha256
    assert not os.access(copy, os.W_OK) or os.geteuid() == 0
    assert copy.stat().st_mode & 0o222 == 0
    assert shares == sorted(shares)
    assert site.archive.journal.verify().ok


@pytest.mark.parametrize(
    ("times", "begin", "offset"),
    [
        ({}, None, None),
        ({"real_utc_s": 50.0}, 50.0, None),
        ({"begins_utc_s": 40.0}, 40.0, None),
        ({"begins_utc_s": 40.0, "real_utc_s": 50.0}, 50.0, None),
        ({"showed_utc_s": 40.0, "real_utc_s": 50.0}, None, 10.0),
        ({"begins_utc_s": 30.0, "showed_utc_s": 40.0, "real_utc_s": 35.0}, 25.0, -5.0),
    ],
)
def test_what_its_times_mean(times: dict[str, float], begin: float | None, offset: float | None) -> None:
    asked = ForeignWish("i", Path("x"), "w", **times)
    assert (asked.from_utc_s, asked.offset_s) == (begin, offset)


def test_a_photo_is_a_still(site: ExportSite, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpeg"
    Image.new("RGB", (64, 48), (10, 90, 200)).save(path)
    exhibit = ForeignFiles(site.archive).take_in(wish(site, path), ANNA, unheard)
    assert (exhibit.kind, exhibit.path.endswith(".jpg")) == (EvidenceKind.STILL, True)


def bad(tmp_path: Path, phone_film: Path, name: str) -> Path:
    """One of the files that are sent."""
    path, whole = tmp_path / f"{name}.mp4", phone_film.read_bytes()
    photo = tmp_path / "whole.jpg"
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (200, 300, 3), np.uint8)).save(photo)
    contents = {
        "empty": b"",
        "text": b"hello, I saw it all\n" * 50,
        "cut": whole[: len(whole) * 2 // 3],
        "head": whole[:2000],
        "playlist": b"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:1,\n" + bytes(phone_film) + b"\n#EXT-X-ENDLIST\n",
        "concat": f"ffconcat version 1.0\nfile '{phone_film}'\n".encode(),
        "photo": photo.read_bytes()[:4000],
    }
    if name == "folder":
        path.mkdir()
    elif name != "missing":
        path.write_bytes(contents[name])
    return path


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("missing", AppCode.FOREIGN_NO_FILE),
        ("folder", AppCode.FOREIGN_NO_FILE),
        ("empty", AppCode.FOREIGN_EMPTY),
        ("text", AppCode.FOREIGN_NOT_FILM),
        ("playlist", AppCode.FOREIGN_NOT_FILM),
        ("concat", AppCode.FOREIGN_NOT_FILM),
        ("cut", AppCode.FOREIGN_TRUNCATED),
        ("head", AppCode.FOREIGN_TRUNCATED),
        ("photo", AppCode.FOREIGN_TRUNCATED),
    ],
)
def test_a_bad_file_is_refused_and_leaves_nothing(
    quiet_site: ExportSite, tmp_path: Path, phone_film: Path, name: str, code: AppCode
) -> None:
    site = quiet_site
    before = stored(site)
    path = bad(tmp_path, phone_film, name)
    with pytest.raises(AppError) as caught:
        ForeignFiles(site.archive).take_in(wish(site, path), ANNA, unheard)
    assert caught.value.code is code
    assert stored(site) == before
    assert not site.archive.journal.incident_file(site.incident).exhibits


def test_one_that_does_not_fit_on_the_disk_is_refused(
    quiet_site: ExportSite, phone_film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = quiet_site
    monkeypatch.setattr("storage.package_zip._free", lambda _folder: 1000)
    with pytest.raises(AppError) as caught:
        ForeignFiles(site.archive).take_in(wish(site, phone_film), ANNA, unheard)
    assert caught.value.code is AppCode.FOREIGN_TOO_LARGE
    monkeypatch.undo()
    monkeypatch.setattr("app.foreign_files.MOST_BYTES", 1000)
    with pytest.raises(AppError) as caught:
        ForeignFiles(site.archive).look(phone_film)
    assert caught.value.code is AppCode.FOREIGN_TOO_LARGE


def test_cancelled_in_the_middle_nothing_stays(quiet_site: ExportSite, phone_film: Path) -> None:
    site = quiet_site
    before = stored(site)

    def stop(share: float) -> None:
        if share > 0.2:
            raise AppError(AppCode.CANCELLED)

    with pytest.raises(AppError):
        ForeignFiles(site.archive).take_in(wish(site, phone_film), ANNA, stop)
    assert stored(site) == before


def test_who_may_not_handle_incidents_and_no_origin(quiet_site: ExportSite, phone_film: Path) -> None:
    site = quiet_site
    files = ForeignFiles(site.archive)
    with pytest.raises(StorageError) as caught:
        files.take_in(wish(site, phone_film), Actor("stranger"), unheard)
    assert caught.value.code is StorageCode.NOT_PERMITTED
    with pytest.raises(StorageError) as caught:
        files.take_in(ForeignWish(site.incident, phone_film, " "), ANNA, unheard)
    assert caught.value.code is StorageCode.NO_REASON
    with pytest.raises(StorageError) as caught:
        files.take_in(ForeignWish("none", phone_film, "w"), RUNTIME, unheard)
    assert caught.value.code in (StorageCode.NOT_FOUND, StorageCode.NOT_PERMITTED)


def test_a_photo_of_a_phone_that_holds_a_second_picture_is_a_still(site: ExportSite, tmp_path: Path) -> None:
    """CIPA DC-007: a JPEG with another one behind its end."""
    path = tmp_path / "phone.jpg"
    Image.new("RGB", (64, 48)).save(path, "MPO", save_all=True, append_images=[Image.new("RGB", (32, 24))])
    facts = ForeignFiles(site.archive).look(path)
    assert (facts.kind, facts.suffix, facts.width_px) == (EvidenceKind.STILL, ".jpg", 64)


@pytest.mark.parametrize(
    ("name", "shown"),
    [(b"caf\xe9.jpg", "caf_.jpg"), ("a\u202egpj.jpg".encode(), "a_gpj.jpg"), (b"a\nb.jpg", "a b.jpg")],
)
def test_names_that_no_journal_takes_or_that_mislead_are_made_plain(
    site: ExportSite, tmp_path: Path, name: bytes, shown: str
) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    with path.open("wb") as file:
        Image.new("RGB", (64, 48)).save(file, "JPEG")
    assert ForeignFiles(site.archive).take_in(wish(site, path), ANNA, unheard).name == shown
