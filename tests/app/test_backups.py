from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import typer
from typer.testing import CliRunner

from app import backup_commands
from app.archive import Archive
from app.backups import Backups, backup_folder, last_due_utc_s
from app.bus import Bus
from app.feeds import Banner
from app.verify_command import verify
from storage.backups import Backup, backups
from storage.commands import PutRecord
from storage.folders import Folders
from storage.records import District
from storage.settings import BackupSettings, Settings
from storage.verification import verify_file
from tests.conftest import wait_until
from tests.storage.site import SteppedClock

KYIV = ZoneInfo("Europe/Kyiv")
HOUR_S = 3600.0


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive(Folders.under(tmp_path / "home").ensure(), Settings())
    opened.sign()
    yield opened
    opened.close()


def of_copies(archive: Archive, folder: Path, clock: SteppedClock) -> tuple[Backups, list[Banner]]:
    """Not started yet."""
    bus, banners = Bus(), list[Banner]()
    bus.subscribe(Banner, banners.append)
    return Backups(folder, archive.journal, BackupSettings(keep=2), KYIV, bus, first_s=0.0, clock=clock), banners


@contextlib.contextmanager
def backing_up(archive: Archive, folder: Path, clock: SteppedClock) -> Iterator[tuple[Backups, list[Banner]]]:
    worker, banners = of_copies(archive, folder, clock)
    worker.start()
    try:
        yield worker, banners
    finally:
        worker.stop()
        assert worker.join(30.0)


def test_a_missed_backup_is_made_up_for_and_no_second_one(archive: Archive, tmp_path: Path) -> None:
    clock = SteppedClock()
    with backing_up(archive, tmp_path / "copies", clock) as (worker, banners):
        wait_until(lambda: worker.newest is not None)
    assert worker.newest is not None
    assert verify_file(worker.newest.path).ok
    assert banners == []
    assert not worker._due()
    again, _ = of_copies(archive, tmp_path / "copies", clock)
    assert not again._due()
    clock.utc_s += 24 * HOUR_S
    assert again._due()


def test_the_folder_is_read_once_for_a_day_that_is_done(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SteppedClock()
    with backing_up(archive, tmp_path / "copies", clock) as (worker, _):
        wait_until(lambda: worker.newest is not None)
    worker, _ = of_copies(archive, tmp_path / "copies", clock)
    reads: list[int] = []

    def counted(folder: Path) -> list[Backup]:
        reads.append(1)
        return list(backups(folder))

    monkeypatch.setattr("app.backups.backups", counted)
    assert not any(worker._due() for _ in range(50))
    assert len(reads) == 1
    clock.utc_s -= 48 * HOUR_S  # the newest copy is one of the future now
    assert worker._due()


def test_a_folder_that_cannot_be_written_is_a_banner(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with backing_up(archive, tmp_path / "file" / "copies", SteppedClock()) as (_, banners):
        wait_until(lambda: bool(banners))
    assert banners[0].text


def test_a_journal_that_is_not_intact_gives_no_backup(archive: Archive, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(archive.folders.journal)) as raw:
        raw.execute("UPDATE categories SET name = 'altered' WHERE id = 'fire'")
        raw.commit()
    with backing_up(archive, tmp_path / "copies", SteppedClock()) as (worker, banners):
        wait_until(lambda: bool(banners))
    assert worker.newest is None
    assert [p.suffix for p in (tmp_path / "copies").iterdir()] == [".bad"]


def test_due_at_the_hour_of_the_site_also_on_the_nights_when_clocks_change() -> None:
    def due(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
        now = datetime(year, month, day, hour, minute, tzinfo=KYIV)
        return datetime.fromtimestamp(last_due_utc_s(now.timestamp(), 3, KYIV), KYIV)

    assert due(2026, 6, 10, 2, 59).day == 9
    assert due(2026, 6, 10, 3).day == 10
    assert due(2026, 3, 29, 12).date() == datetime(2026, 3, 29).date()  # 03:00 does not exist in that night
    assert due(2026, 10, 25, 12).hour == 3
    for month, day in ((3, 29), (10, 25)):
        begin = datetime(2026, month, day, tzinfo=KYIV).timestamp()
        dues = {last_due_utc_s(begin + quarter * 900.0, 3, KYIV) for quarter in range(4 * 26)}
        assert all(last_due_utc_s(at, 3, KYIV) <= at for at in dues)
        assert len({datetime.fromtimestamp(at, KYIV).date() for at in dues}) == len(dues)


def test_the_folder_is_in_the_data_folder_unless_the_settings_name_one(tmp_path: Path) -> None:
    folders = Folders.under(tmp_path)
    assert backup_folder(folders, BackupSettings()) == folders.data / "backups"
    assert backup_folder(folders, BackupSettings(folder=str(tmp_path / "x"))) == tmp_path / "x"


def run(*arguments: str) -> tuple[int, str, str]:
    """The commands without the program's own log file."""
    line = typer.Typer()
    backup_commands.add_to(line)
    line.command("verify")(verify)
    result = CliRunner().invoke(line, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_backup_verify_and_restore_by_hand(tmp_path: Path) -> None:
    folders = Folders.find().ensure()
    with contextlib.closing(Archive(folders, Settings())) as archive:
        archive.sign()
        copy = tmp_path / "copy.db"
        code, out, _ = run("backup", "--out", str(copy))  # while it is open
        assert (code, out.split("\t")[0]) == (0, str(copy))
        assert run("backup")[0] == 0
        assert run("restore", str(copy))[0] == 7
        archive.journal.apply(PutRecord(District("d1", "Centre")), archive.actor)
        archive.sign()
        fingerprint = archive.key.fingerprint
    assert run("verify", str(folders.journal), "--key", fingerprint)[0] == 0
    assert run("verify", str(folders.journal), "--key", "00" * 32)[0] == 5
    assert run("verify", str(folders.journal), "--key", "what")[0] == 2
    assert run("verify", str(folders.journal), "--evidence", str(tmp_path / "nowhere"))[0] == 26
    code, out, _ = run("restore", str(copy))
    assert code == 0
    assert "older than the newest signed checkpoint" in out
    assert "replaced-" in out
    assert run("verify", str(folders.journal))[0] == 0


def test_restore_reapplies_erasures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = Folders.find().ensure()
    with contextlib.closing(Archive(folders, Settings())) as archive:
        archive.journal.backup(str(tmp_path / "copy.db"))
    asked: list[tuple[Path, Path]] = []

    def reapply(path: Path, folder: Path, *_others: object) -> int:
        asked.append((path, folder))
        return 3

    monkeypatch.setattr(backup_commands, "reapply_to_file", reapply)
    assert "3 erasures" in run("restore", str(tmp_path / "copy.db"))[1]
    assert [folder for _, folder in asked] == [folders.checkpoints]


def test_without_a_journal_there_is_nothing_to_back_up() -> None:
    assert run("backup")[0] == 26
