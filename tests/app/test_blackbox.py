"""The black box from the recorder to the command: queue, faults, the table, the picture, and who may read it."""

from __future__ import annotations

import contextlib
import io
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from app.archive import Archive
from app.blackbox import AGES_S, QUEUE, BlackBoxRecorder, age_bucket
from app.blackbox_commands import blackbox, read_audited, table, time_of
from app.blackbox_picture import WIDTH_PX, drawn
from app.errors import AppCode, AppError
from app.feeds import TileState
from main import app
from storage.blackbox import FoundWall, read_walls
from storage.commands import PutRecord
from storage.errors import StorageCode, StorageError
from storage.folders import Folders
from storage.people_queries import AccessFilter
from storage.people_records import AccessKind
from storage.records import Actor, Camera, Operator, Role
from storage.registry_records import CameraGroup
from storage.settings import BlackBoxSettings, Settings
from storage.shown_wall import ShownWall
from tests.conftest import wait_until
from tests.storage.test_blackbox import START, changed, tile, wall

ALMATY = ZoneInfo("Asia/Almaty")
NAMES = {"anna": "Анна Коваль"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "box" / "blackbox.db"


@pytest.fixture
def recorder(path: Path) -> BlackBoxRecorder:
    return BlackBoxRecorder(path, BlackBoxSettings(), lambda: START + 3600)


def test_a_wall_goes_from_the_queue_to_the_file(recorder: BlackBoxRecorder, path: Path) -> None:
    recorder.start()
    assert recorder.show(wall(4), START)
    assert not recorder.show(wall(4), START + 1)
    assert recorder.show(changed(wall(4), 0, state="stale"), START + 2)
    wait_until(lambda: recorder.rows == 2)
    recorder.show(wall(9), START + 3)
    recorder.stop()
    assert recorder.join(30.0)
    assert recorder.rows == 3, "what came last is written too"
    assert [found.wall for found in read_walls(path, START + 1)] == [wall(4)]
    assert [found.wall for found in read_walls(path, START + 3)] == [wall(9)]


def test_nothing_shown_makes_no_file(recorder: BlackBoxRecorder, path: Path) -> None:
    recorder.work(0.0, START)
    assert not path.exists()


def test_a_full_queue_drops_the_oldest_and_counts(recorder: BlackBoxRecorder, path: Path) -> None:
    for n in range(QUEUE + 30):
        recorder.show(changed(wall(4), 0, age=n % 2), START + n)
    assert recorder.dropped == 30
    recorder.work(0.0, START + QUEUE)
    recorder._close()
    assert read_walls(path, START + 20) == ()
    assert read_walls(path, START + QUEUE + 29)[0].wall == changed(wall(4), 0, age=1)


def test_a_file_that_cannot_be_written_is_tried_again(
    recorder: BlackBoxRecorder, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.parent.write_text("in the way")
    recorder.show(wall(4), START)
    recorder.work(100.0, START)
    assert "not written" in caplog.text
    path.parent.unlink()
    assert recorder.show(wall(4), START + 10), "the same wall is taken again"
    recorder.work(110.0, START + 10)
    assert not path.exists()
    recorder.work(200.0, START + 100)
    recorder._close()
    assert len(read_walls(path, START + 11)) == 1
    assert recorder.dropped == 1


def test_a_damaged_file_is_kept_and_a_new_one_begins(recorder: BlackBoxRecorder, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"torn" * 5000)
    recorder.show(wall(4), START)
    recorder.work(0.0, START)
    recorder._close()
    assert len(read_walls(path, START + 1)) == 1
    assert (path.parent / "blackbox-damaged.db").read_bytes().startswith(b"torn")


def test_a_wall_that_stands_still_is_written_again_after_a_fault(recorder: BlackBoxRecorder, path: Path) -> None:
    """Nobody tells it anew: it has not changed."""
    path.parent.write_text("in the way")
    recorder.show(wall(4), START)
    recorder.work(100.0, START)
    path.parent.unlink()
    recorder.work(200.0, START + 100)
    assert [found.wall for found in read_walls(path, START + 101)] == [wall(4)]
    assert recorder.rows == 1
    recorder.work(201.0, START + 101)
    assert recorder.rows == 1, "once"
    recorder._close()


def test_damage_that_is_met_only_when_it_is_written_is_set_aside_too(recorder: BlackBoxRecorder, path: Path) -> None:
    """The file opens: it would be opened again every minute, and refused again, for ever."""
    before = BlackBoxRecorder(path, BlackBoxSettings(), lambda: START)
    before.show(wall(4), START)
    before.work(0.0, START)
    before._close()
    with contextlib.closing(sqlite3.connect(path)) as raw:
        page, size = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'alive'").fetchone()[0], 4096
        assert raw.execute("PRAGMA page_size").fetchone()[0] == size
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    for at_s in (100.0, 200.0):
        assert recorder.show(wall(9), START + at_s)
        recorder.work(at_s, START + at_s)
    recorder._close()
    assert [found.wall for found in read_walls(path, START + 201)] == [wall(9)]
    assert (path.parent / "blackbox-damaged.db").is_file()


def test_ages_have_buckets() -> None:
    assert [age_bucket(s) for s in (0.0, 0.99, 1.0, 9.0, 3599, 3600, float("inf"))] == [0, 0, 1, 3, 7, 8, 8]
    assert len(AGES_S) == 8


NOW = datetime(2026, 11, 22, 3, 30, tzinfo=UTC)  # 08:30 in Almaty


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-11-22T08:15:00Z", "2026-11-22T08:15:00"),
        ("2026-11-22T08:15:00+05:00", "2026-11-22T03:15:00"),
        ("2026-11-22 08:15:30", "2026-11-22T03:15:30"),
        (" 2026-11-22T08:15 ", "2026-11-22T03:15:00"),
        ("08:15", "2026-11-22T03:15:00"),
        ("8:15", "2026-11-22T03:15:00"),
        ("8:15:07", "2026-11-22T03:15:07"),
        ("23:00", "2026-11-21T18:00:00"),
    ],
)
def test_times_are_of_the_site_unless_they_say_otherwise(text: str, utc: str) -> None:
    assert time_of(text, ALMATY, NOW) == datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    "text", ["", "yesterday", "25:00", "1900-01-01", "0001-01-01", "9999-12-31T23:59:59-12:00", ":15"]
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(AppError) as refused:
        time_of(text, ALMATY, NOW)
    assert refused.value.code is AppCode.BAD_RECORD


def _found() -> FoundWall:
    tiles = [tile(n, 3, state=list(TileState)[n % 4].value, age=n) for n in range(9)]
    tiles[4] = replace(tiles[4], lifted=True, overlay=False, camera="5 " + "Очень длинное название камеры " * 5)
    return FoundWall(ShownWall(1, 2, "DP-1", 1920, 1080, "anna", tuple(tiles)), START)


def test_the_table_says_all_of_it() -> None:
    text = table(_found(), START + 5, ALMATY, NAMES)
    lines = text.splitlines()
    assert "Анна Коваль" in lines[0]
    assert "2027-01-15 13:00:05 UTC+05:00 (2027-01-15T08:00:05Z)" in lines[1]
    assert len([line for line in lines if "Камера" in line]) == 8
    assert "LIFTED" in next(line for line in lines if "длинное" in line)


def test_the_picture_tells_states_apart_without_colour() -> None:
    png = drawn([_found(), replace(_found(), wall=replace(_found().wall, window=2))], START + 5, ALMATY, NAMES)
    with Image.open(io.BytesIO(png)) as picture:
        assert picture.format == "PNG"
        assert picture.width == WIDTH_PX
        assert picture.height > 2 * 880
        grey = picture.convert("L")
        cells = [grey.crop((30 + n * 525, 260, 500 + n * 525, 360)).tobytes() for n in range(3)]
    assert len({(min(cell), sum(cell)) for cell in cells}) == 3
    whites = [cell.count(255) for cell in cells]
    assert sorted(whites)[-1] > 0


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive(Folders.under(tmp_path / "site").ensure(), Settings())
    yield opened
    opened.close()


def _record(archive: Archive) -> None:
    recorder = BlackBoxRecorder(archive.folders.black_box, BlackBoxSettings(), lambda: START + 3600)
    recorder.show(wall(4), START)
    recorder.show(replace(wall(9, window=2)), START)
    recorder.work(0.0, START + 30)
    recorder._close()


def test_reading_is_written_down(archive: Archive) -> None:
    _record(archive)
    assert [w.wall.monitor for w in read_audited(archive, START + 10, "complaint 7")] == [1, 2]
    assert [w.wall.monitor for w in read_audited(archive, START + 10, "complaint 7", 2)] == [2]
    accesses = archive.journal.accesses(AccessFilter(kind=AccessKind.BLACK_BOX))
    assert [(a.kind, a.actor_id, a.reason, a.from_utc_s) for a in accesses] == [
        (AccessKind.BLACK_BOX, archive.actor.id, "complaint 7", START + 10)
    ] * 2


def test_of_cameras_of_other_groups_nothing_is_read(archive: Archive) -> None:
    _record(archive)
    (whole, *_rest) = read_audited(archive, START + 10, "complaint 7")
    own, *others = dict.fromkeys(tile.camera_id for tile in whole.wall.tiles if tile.camera_id)
    assert others
    archive.journal.apply(PutRecord(Camera(own, 1, "Gate", "demo://gate")), archive.actor)
    archive.journal.apply(PutRecord(CameraGroup("g1", "Gates", (own,))), archive.actor)
    olga = Operator("olga", "Olga", Role.SUPERVISOR, group_ids=("g1",))
    archive.journal.apply(PutRecord(olga), archive.actor)
    archive.actor = Actor(olga.id)
    archive.reload()
    (seen, *_rest) = read_audited(archive, START + 10, "complaint 7")
    before = {one.rect: one for one in whole.wall.tiles}
    assert [one.rect for one in seen.wall.tiles] == list(before)
    for one in seen.wall.tiles:
        if before[one.rect].camera_id == own:
            assert one == before[one.rect]
        else:
            assert one.camera not in {other.camera for other in whole.wall.tiles}
            assert (one.camera_id, one.stream, one.state) == ("", "", "no_rights")
    words = table(seen, START + 10, ZoneInfo("UTC"), {})
    assert not any(one.camera in words for one in whole.wall.tiles if one.camera_id in others)


def test_without_a_reason_or_the_right_nothing_is_read(archive: Archive) -> None:
    with pytest.raises(StorageError) as unreasoned:
        read_audited(archive, START, "  ")
    assert unreasoned.value.code is StorageCode.NO_REASON
    for role, allowed in (
        (Role.OPERATOR, False),
        (Role.SUPERVISOR, True),
        (Role.INVESTIGATOR, True),
        (Role.PROTECTION_OFFICER, True),
    ):
        archive.journal.apply(PutRecord(Operator(f"o-{role}", f"Olga {role}", role)), archive.actor)
        before, archive.actor = archive.actor, Actor(f"o-{role}")
        with pytest.raises((StorageError, AppError)) as refused:
            read_audited(archive, START, "curious")
        assert refused.value.code is (AppCode.NO_BLACK_BOX if allowed else StorageCode.NOT_PERMITTED)
        archive.actor = before


def test_a_missing_a_damaged_and_an_empty_moment_are_told_apart(archive: Archive) -> None:
    with pytest.raises(AppError) as missing:
        read_audited(archive, START, "x")
    assert missing.value.code is AppCode.NO_BLACK_BOX
    _record(archive)
    with pytest.raises(AppError) as nothing:
        read_audited(archive, START - 100, "x")
    assert nothing.value.code is AppCode.NOTHING_SHOWN
    archive.folders.black_box.write_bytes(b"x" * 9000)
    with pytest.raises(AppError) as damaged:
        read_audited(archive, START, "x")
    assert damaged.value.code is AppCode.BLACK_BOX_DAMAGED


def test_the_command_prints_and_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "cli"
    monkeypatch.setenv("WATCHFLOOR_HOME", str(home))
    run, command = CliRunner(), typer.Typer()
    command.command()(blackbox)
    assert "blackbox" in [known.name for known in app.registered_commands]
    missing = run.invoke(command, ["--at", "2027-01-15T08:00:10Z", "--reason", "x"])
    assert missing.exit_code == 3
    assert missing.output.count("\n") == 1
    archive = Archive(Folders.under(home).ensure(), Settings())
    _record(archive)
    archive.close()
    out = tmp_path / "sub" / "box.png"
    done = run.invoke(command, ["--at", "2027-01-15T08:00:10Z", "--reason", "x", "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert done.output.count("Камера") == 13
    with Image.open(out) as picture:
        assert picture.format == "PNG"
    one = run.invoke(command, ["--at", "2027-01-15T08:00:10Z", "--reason", "x", "--monitor", "1"])
    assert one.output.count("Камера") == 4
    later = run.invoke(command, ["--at", "2027-01-16", "--reason", "x"])
    assert later.exit_code == 26
    assert later.output.count("\n") == 1
