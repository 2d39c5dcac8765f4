"""A full disk: the journal goes on in the reserve, nothing that was confirmed is lost, and what fails says why."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from storage.commands import RecordEvent
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode, StorageError
from storage.reserve import Reserve
from tests.storage.site import RUNTIME, event

SIZE_BYTES = 1_000_000


@pytest.fixture
def reserve(tmp_path: Path) -> Reserve:
    return Reserve(tmp_path / "data" / "reserve", SIZE_BYTES)


class Disk:
    """Room for the journal as SQLite sees it: so many pages more than it has."""

    def __init__(self, reserve: Reserve) -> None:
        self.reserve = reserve
        self.journal: EmbeddedJournal | None = None
        self.asked = 0

    def leave(self, pages: int) -> None:
        """Set how many pages the file may grow by."""
        assert self.journal is not None
        connection = self.journal._connection
        now = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {now + pages}").fetchone()

    def on_full(self) -> bool:
        """As the program's: the reserve, which is as large as its file says."""
        self.asked += 1
        if not self.reserve.give_up():
            return False
        self.leave(SIZE_BYTES // 4096)
        return True


@pytest.fixture
def disk(tmp_path: Path, reserve: Reserve) -> Iterator[Disk]:
    made = Disk(reserve)
    with contextlib.closing(open_journal(tmp_path / "journal" / "journal.db", on_full=made.on_full)) as journal:
        made.journal = journal
        yield made
        made.leave(100_000)
        assert journal.verify().ok


def write_until_full(journal: EmbeddedJournal, most: int = 200) -> int:
    """How many large events were confirmed before one was refused."""
    for done in range(most):
        try:
            journal.apply(RecordEvent(replace(event(done), label="x" * 50_000)), RUNTIME)
        except StorageError as error:
            if error.code is not StorageCode.DISK_FULL:
                raise
            return done
    raise AssertionError("never full")


def test_the_journal_goes_on_in_the_reserve(disk: Disk) -> None:
    journal = disk.journal
    assert journal is not None
    assert disk.reserve.fill()
    disk.leave(0)
    confirmed = write_until_full(journal)
    assert confirmed >= SIZE_BYTES // 60_000
    assert journal.counts()["events"] == confirmed
    assert not disk.reserve.whole
    assert disk.asked == 2  # the second time there was nothing left to give


def test_without_a_reserve_a_full_disk_is_refused_at_once(disk: Disk) -> None:
    assert disk.journal is not None
    disk.leave(0)
    assert write_until_full(disk.journal) == 0
    assert disk.journal.counts()["events"] == 0


def test_a_group_that_meets_the_full_disk_is_done_once_more_as_a_whole(disk: Disk) -> None:
    journal = disk.journal
    assert journal is not None
    assert disk.reserve.fill()
    disk.leave(0)
    answers: list[object] = []
    for index in range(5):
        journal.apply_soon(RecordEvent(replace(event(index), label="x" * 20_000)), RUNTIME, answers.append)
    journal.apply(RecordEvent(event(9.0)), RUNTIME)
    assert len(answers) == 5
    assert not [a for a in answers if isinstance(a, Exception)]
    assert journal.counts()["events"] == 6


def test_it_really_holds_blocks(reserve: Reserve) -> None:
    assert reserve.fill()
    assert reserve.whole
    assert reserve.path.stat().st_blocks * 512 >= SIZE_BYTES
    before = reserve.path.stat().st_ino
    assert reserve.fill()
    assert reserve.path.stat().st_ino == before


def test_it_is_given_up_once_and_comes_back(reserve: Reserve) -> None:
    assert not reserve.give_up()
    reserve.fill()
    assert reserve.give_up()
    assert not reserve.give_up()
    assert not reserve.whole
    assert reserve.fill()


def test_it_takes_no_room_that_others_need(tmp_path: Path) -> None:
    room = [2 * SIZE_BYTES - 1]
    reserve = Reserve(tmp_path / "reserve", SIZE_BYTES, lambda _folder: room[0])
    assert not reserve.fill()
    assert not reserve.path.exists()
    room[0] += 1
    assert reserve.fill()


def _refuses(*_args: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_that_refuses_leaves_no_half_of_it(reserve: Reserve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("storage.reserve._allocate", _refuses)
    assert not reserve.fill()
    assert not reserve.path.exists()


def test_without_fallocate_bytes_are_written(reserve: Reserve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "posix_fallocate", raising=False)
    assert reserve.fill()
    assert reserve.path.stat().st_blocks * 512 >= SIZE_BYTES
