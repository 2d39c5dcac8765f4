"""What a power cut leaves: a write-ahead log that ends anywhere, or whose last sectors never reached the disk."""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
from pathlib import Path

import pytest

from storage.commands import RecordEvent
from storage.embedded_journal import open_journal
from storage.errors import StorageCode, StorageError
from tests.storage.site import RUNTIME, event

EVENTS = 12
SECTOR_BYTES = 512


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a journal as it lies on the disk while it runs: file and log, with `EVENTS` acknowledged in the log.
    Each event's number is its camera."""
    folder = tmp_path_factory.mktemp("running")
    path = folder / "live" / "journal.db"
    with contextlib.closing(open_journal(path)) as journal:
        journal._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        journal._connection.execute("PRAGMA wal_autocheckpoint = 0")
        for number in range(EVENTS):
            journal.apply(RecordEvent(event(number, f"c{number}")), RUNTIME)
        (folder / "cut").mkdir()
        for name in ("journal.db", "journal.db-wal"):
            shutil.copy(path.with_name(name), folder / "cut" / name)
    return folder / "cut"


def events_after(folder: Path, tmp_path: Path, wal: bytes) -> list[str]:
    """Cameras of the events that a journal has which is opened after the cut; it must be whole and go on."""
    target = tmp_path / str(len(list(tmp_path.iterdir())))
    shutil.copytree(folder, target)
    (target / "journal.db-wal").write_bytes(wal)
    with contextlib.closing(open_journal(target / "journal.db")) as journal:
        found = [e.camera_id for e in journal.events()]
        journal.apply(RecordEvent(event(100.0, "after")), RUNTIME)
        assert journal.verify().problems == ()
    return found


def test_a_log_that_ends_anywhere_keeps_whole_commands_in_their_order(running: Path, tmp_path: Path) -> None:
    wal = (running / "journal.db-wal").read_bytes()
    everything = [f"c{n}" for n in range(EVENTS)]
    assert events_after(running, tmp_path, wal) == everything
    chance = random.Random(7)
    cuts = sorted({0, 31, 32, 33, len(wal) - 1, *(chance.randrange(len(wal)) for _ in range(12))})
    kept = [events_after(running, tmp_path, wal[:cut]) for cut in cuts]
    assert all(found == everything[: len(found)] for found in kept)
    assert [len(found) for found in kept] == sorted(len(found) for found in kept)
    assert len(kept[0]) == 0
    assert len({len(found) for found in kept}) > 3


def test_sectors_that_never_reached_the_disk_end_the_log_there(running: Path, tmp_path: Path) -> None:
    """Written in another order than asked for: a hole of zeros, and whole frames behind it."""
    wal = (running / "journal.db-wal").read_bytes()
    chance = random.Random(11)
    sectors = [at for at in range(len(wal) // 3, len(wal) - SECTOR_BYTES) if at % SECTOR_BYTES == 0]
    written = [at for at in sectors if any(wal[at : at + SECTOR_BYTES])]
    for at in chance.sample(written, 6):
        found = events_after(running, tmp_path, wal[:at] + bytes(SECTOR_BYTES) + wal[at + SECTOR_BYTES :])
        assert found == [f"c{n}" for n in range(len(found))]
        assert len(found) < EVENTS


def test_a_damaged_page_is_found_when_the_journal_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with contextlib.closing(open_journal(path)) as journal:
        for number in range(200):
            journal.apply(RecordEvent(event(number, f"c{number}")), RUNTIME)
    before = path.read_bytes()
    with contextlib.closing(sqlite3.connect(path)) as raw:
        root = raw.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events'").fetchone()[0]
    data = bytearray(before)
    begin = (root - 1) * 4096
    data[begin : begin + 64] = bytes(255 - b for b in data[begin : begin + 64])
    path.write_bytes(data)
    with pytest.raises(StorageError) as caught:
        open_journal(path)
    assert caught.value.code is StorageCode.DAMAGED
    assert path.read_bytes()[100:] == bytes(data)[100:]  # left as it was, to be looked at
    path.write_bytes(before)
    open_journal(path).close()
