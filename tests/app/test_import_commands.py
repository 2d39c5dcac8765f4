"""`camera import` as it is typed: shown first, previewed, stored, taken back; over a real journal."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import av
import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from app.camera_import import found_camera, planned
from app.import_preview import preview_of, write_previews
from app.import_store import CameraStore
from app.registry_commands import camera_app
from app.site import archive_of_site
from storage.commands import PutRecord
from storage.errors import WatchfloorError
from storage.records import Actor, Zone

SECRET = "s3cret-word"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WATCHFLOOR_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(*words: str, typed: str = "") -> Result:
    line = typer.Typer()
    line.add_typer(camera_app, name="camera")
    return CliRunner().invoke(line, ["camera", *words], input=typed)


def clip(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.thread_count = 1
        for _ in range(5):
            image = np.full((180, 320, 3), 90, np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def table(folder: Path, count: int = 3) -> str:
    path = folder / "cameras.csv"
    lines = [f"Camera {n};rtsp://admin:{SECRET}@10.0.0.{n}/main;School {n % 2};Street 1;Centre" for n in range(count)]
    path.write_text("name;url;group;address;district\n" + "\n".join(lines), encoding="utf-8")
    return str(path)


def test_nothing_is_stored_before_it_is_confirmed(tmp_path: Path) -> None:
    shown = run("import", table(tmp_path))
    assert shown.exit_code == 0, shown.output
    assert "1\tnew\tCamera 0\trtsp://10.0.0.0/main" in shown.output
    assert "new: 3" in shown.output
    assert SECRET not in shown.output
    assert run("list").output == ""


def test_stored_with_login_place_and_group_and_taken_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    done = run("import", table(tmp_path), "--apply")
    assert done.exit_code == 0, done.output
    assert "3 of 3" in done.output
    with archive_of_site() as archive:
        registry = archive.registry
        camera = next(c for c in registry.cameras if c.number == 2)
        assert archive.logins.url_of(camera) == f"rtsp://admin:{SECRET}@10.0.0.1/main"
        assert [len(group.camera_ids) for group in sorted(registry.camera_groups, key=lambda g: g.name)] == [2, 1]
        assert {camera.place_id for camera in registry.cameras} == {registry.places[0].id}
        assert registry.places[0].district_id == registry.districts[-1].id
        assert registry.districts[-1].name == "Centre"
        zone = Zone("z1", camera.id, "Yard", ((0.1, 0.1), (0.9, 0.1), (0.5, 0.9)))
        archive.journal.apply(PutRecord(zone), archive.actor)
    again = run("import", table(tmp_path), "--apply")
    assert "new: 0, already there: 3" in again.output
    back = run("import", "--remove-last-import")
    assert back.exit_code == 0, back.output
    with archive_of_site() as archive:
        assert [len(part) for part in (archive.registry.cameras, archive.registry.zones)] == [0, 0]
        assert not archive.registry.places
        assert all(not group.camera_ids for group in archive.registry.camera_groups)
        archive.journal.backup(str(tmp_path / "copy.db"))
    assert SECRET not in caplog.text + done.output + again.output
    assert SECRET.encode() not in (tmp_path / "copy.db").read_bytes()
    assert run("import", "--remove-last-import").exit_code == 6


def test_hundreds_are_stored_in_groups_and_a_cancel_keeps_what_was_confirmed(tmp_path: Path) -> None:
    found = [found_camera(f"c{n}", f"rtsp://10.1.{n}.1/main") for n in range(250)]
    told: list[tuple[int, int]] = []
    with archive_of_site() as archive:
        rows = planned(found, ())
        summary = CameraStore(archive).store(rows, lambda *step: told.append(step), lambda: len(told) == 2)
        assert told == [(100, 250), (200, 250)]
        assert (summary.stored, summary.cancelled) == (200, True)
        assert len(archive.journal.registry().cameras) == 200
        assert CameraStore(archive).take_back() == 200


def test_a_refused_camera_stops_the_import_and_can_be_taken_back(tmp_path: Path) -> None:
    with archive_of_site() as archive:
        rows = planned([found_camera("a", "rtsp://h/1"), found_camera("b", "rtsp://h/2")], ())
        CameraStore(archive).store(rows[:1])
        with pytest.raises(WatchfloorError):
            CameraStore(archive, Actor("nobody")).store(rows[1:])
        assert [c.name for c in archive.journal.registry().cameras] == ["a"]
        assert CameraStore(archive).take_back() == 1


def test_previews_are_pictures_and_their_failures_are_sentences(tmp_path: Path) -> None:
    text = tmp_path / "no.mp4"
    text.write_text("no video")
    names = {"Двор 1/2": str(clip(tmp_path / "a.mp4")), "Nothing": str(text)}
    dead = found_camera("Dead", f"rtsp://admin:{SECRET}@127.0.0.1:1/main")
    rows = planned([*(found_camera(name, url) for name, url in names.items()), dead], ())
    seen = {}
    count = write_previews(rows, tmp_path / "pictures", lambda preview: seen.update({preview.row.found.name: preview}))
    assert count == 1
    assert [path.name for path in (tmp_path / "pictures").iterdir()] == ["0001-Двор-1-2.jpg"]
    assert seen["Двор 1/2"].words == "h264 320x180"
    assert "holds no video" in seen["Nothing"].problem
    assert seen["Dead"].problem.startswith("Nothing answers at rtsp://127.0.0.1:1/main")
    assert SECRET not in repr(seen)


def test_a_preview_is_the_first_picture(tmp_path: Path) -> None:
    preview = preview_of(planned([found_camera("a", str(clip(tmp_path / "a.mp4")))], ())[0])
    assert preview.jpeg.startswith(b"\xff\xd8")


def test_a_vendors_cameras_with_a_password_that_is_asked_for(tmp_path: Path) -> None:
    words = ("--vendor", "dahua", "--address", "10.0.0.5-6", "--user", "admin", "--apply")
    done = run("import", *words, typed=f"{SECRET}\n")
    assert done.exit_code == 0, done.output
    assert SECRET not in done.output
    with archive_of_site() as archive:
        camera = next(c for c in archive.registry.cameras if c.number == 2)
        assert archive.logins.url_of(camera).startswith(f"rtsp://admin:{SECRET}@10.0.0.6/cam/")
        assert camera.sub_url == "rtsp://10.0.0.6/cam/realmonitor?channel=1&subtype=1"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 2),
        (("x.csv", "--vendor", "axis"), 2),
        (("--vendor", "axis"), 2),
        (("none.csv",), 6),
        (("--vendor", "nobody", "--address", "10.0.0.1"), 2),
        (("--vendor", "axis", "--address", "10.0.0.9-1"), 6),
    ],
)
def test_what_cannot_be_done_is_one_sentence(words: tuple[str, ...], code: int) -> None:
    refused = run("import", *words)
    assert refused.exit_code == code
    assert len(refused.output.strip().splitlines()) == 1


def test_what_few_runs_need_is_not_imported_at_every_start() -> None:
    code = "import sys, app.commands; print(*{'yaml', 'PIL'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.split() == []


def stored_url(number: int) -> str:
    with archive_of_site() as archive:
        return archive.logins.url_of(next(camera for camera in archive.registry.cameras if camera.number == number))


def test_a_camera_gets_another_login_which_is_asked_for_and_sealed(home: Path) -> None:
    run("add", f"rtsp://admin:{SECRET}@10.0.0.1/main")
    done = run("login", "1", "--user", "guard", typed="an@other/one\n")
    assert done.exit_code == 0, done.output
    assert stored_url(1) == "rtsp://guard:an%40other%2Fone@10.0.0.1/main"
    assert "an@other" not in done.output
    assert not any(b"an@other" in file.read_bytes() for file in home.rglob("*") if file.is_file())
    run("login", "1")
    assert stored_url(1) == "rtsp://10.0.0.1/main"


def test_a_camera_gets_another_address_and_its_login_goes_to_no_other_host() -> None:
    run("add", f"rtsp://admin:{SECRET}@10.0.0.1/main")
    done = run("address", "1", "rtsp://10.0.0.1/high", "--sub", "rtsp://10.0.0.1/low")
    assert done.exit_code == 0, done.output
    assert stored_url(1) == f"rtsp://admin:{SECRET}@10.0.0.1/high"
    assert run("address", "1", "rtsp://10.0.0.2/high", "--sub", "rtsp://10.0.0.1/low").exit_code != 0
    assert stored_url(1) == f"rtsp://admin:{SECRET}@10.0.0.1/high"
    assert run("address", "1", "rtsp://10.0.0.2/high").exit_code == 0
    assert stored_url(1) == "rtsp://10.0.0.2/high"
    assert run("address", "1", "gopher://10.0.0.2/high").exit_code != 0
    assert run("address", "9", "rtsp://10.0.0.2/high").exit_code != 0
