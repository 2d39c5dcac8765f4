"""Copies of the journal: which stay, and putting one back without losing what it replaces."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

import pytest

from storage.backups import accept, backups, new_path, prune, reject, restore
from storage.commands import RecordEvent, SignCheckpoint
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode, StorageError
from storage.keys import SigningKey
from storage.verification import verify_file
from tests.storage.site import RUNTIME, event

DAY_S = 86_400.0


class Site:
    """A home with a key, checkpoints elsewhere and one backup that is older than the journal."""

    def __init__(self, root: Path) -> None:
        self.path, self.checkpoints = root / "journal" / "journal.db", root / "checkpoints"
        self.key = SigningKey.generate()
        self.backup = root / "backups" / "old.db"
        with self.open() as journal:
            journal.apply(RecordEvent(event(0.0)), RUNTIME)
            journal.apply(SignCheckpoint(), RUNTIME)
            journal.backup(str(self.backup))
            self.seq = journal.head()[0]
            for index in range(3):
                journal.apply(RecordEvent(event(index + 1.0)), RUNTIME)
            journal.apply(SignCheckpoint(), RUNTIME)

    def open(self) -> contextlib.closing[EmbeddedJournal]:
        """The journal, opened."""
        return contextlib.closing(open_journal(self.path, self.key, checkpoints=self.checkpoints))

    def events(self) -> int:
        """How many there are."""
        with self.open() as journal:
            return journal.counts()["events"]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_backup_put_back_is_the_journal_again_and_says_what_is_lost(site: Site) -> None:
    done = restore(site.backup, site.path, checkpoints=site.checkpoints, stamp="now")
    assert (done.seq, done.lost_from_seq, done.lost_to_seq) == (site.seq, site.seq + 1, site.seq + 3)
    assert done.signed_utc_s is not None
    assert site.events() == 1
    assert done.replaced == site.path.with_name("journal.db.replaced-now")
    assert verify_file(done.replaced).ok
    with contextlib.closing(sqlite3.connect(done.replaced)) as replaced:
        assert replaced.execute("SELECT count(*) FROM events").fetchone() == (4,)


def test_after_it_the_journal_is_whole_and_goes_on(site: Site) -> None:
    """The lines elsewhere that speak of what was lost are kept beside, not deleted."""
    restore(site.backup, site.path, checkpoints=site.checkpoints)
    with site.open() as journal:
        journal.apply(RecordEvent(event(9.0)), RUNTIME)
        journal.apply(SignCheckpoint(), RUNTIME)
        assert journal.verify().problems == ()
    aside = list(site.checkpoints.glob("*.superseded-*.txt"))
    assert len(aside) == 1
    assert f'"seq":{site.seq + 3}' in aside[0].read_text()


def test_a_copy_put_back_behind_our_back_is_still_named(site: Site) -> None:
    shutil.copy(site.backup, site.path)
    assert not verify_file(site.path, checkpoints=site.checkpoints).ok


def test_a_backup_as_new_as_the_checkpoints_loses_nothing(site: Site, tmp_path: Path) -> None:
    with site.open() as journal:
        journal.backup(str(tmp_path / "new.db"))
    done = restore(tmp_path / "new.db", site.path, checkpoints=site.checkpoints)
    assert done.lost_from_seq is None
    assert site.events() == 4


def test_an_open_journal_is_not_replaced(site: Site) -> None:
    before = site.path.stat().st_ino
    with site.open() as journal:
        with pytest.raises(StorageError) as caught:
            restore(site.backup, site.path)
        assert caught.value.code is StorageCode.IN_USE
        journal.apply(RecordEvent(event(5.0)), RUNTIME)
    assert site.path.stat().st_ino == before
    assert site.events() == 5


def test_an_altered_backup_is_refused_unless_forced(site: Site) -> None:
    with contextlib.closing(sqlite3.connect(site.backup)) as raw:
        raw.execute("UPDATE events SET label = 'dog'")
        raw.commit()
    with pytest.raises(StorageError) as caught:
        restore(site.backup, site.path)
    assert caught.value.code is StorageCode.NOT_WHOLE
    assert site.events() == 4
    restore(site.backup, site.path, force=True)
    assert site.events() == 1


def test_what_is_no_journal_is_refused(site: Site, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"nothing of ours")
    for path, code in ((tmp_path / "x", StorageCode.NOT_A_JOURNAL), (tmp_path / "y", StorageCode.NOT_FOUND)):
        with pytest.raises(StorageError) as caught:
            restore(path, site.path, force=True)
        assert caught.value.code is code
    assert site.events() == 4
    with pytest.raises(StorageError) as caught:
        restore(site.path, site.path)
    assert caught.value.code is StorageCode.BAD_VALUE


def test_a_damaged_journal_is_kept_beside_its_backup(site: Site) -> None:
    data = bytearray(site.path.read_bytes())
    data[4096 * 3 : 4096 * 6] = b"\xff" * (4096 * 3)
    site.path.write_bytes(data)
    done = restore(site.backup, site.path)
    assert done.replaced is not None
    assert done.replaced.read_bytes()[4096 * 3 : 4096 * 6] == b"\xff" * (4096 * 3)
    assert site.events() == 1


def test_a_backup_where_no_journal_is(site: Site, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere" / "journal.db"
    assert restore(site.backup, target).replaced is None
    assert verify_file(target).ok


def test_what_was_erased_since_is_erased_again_before_anybody_reads_it(site: Site) -> None:
    asked: list[Path] = []

    def reapply(path: Path) -> int:
        asked.append(path)
        assert site.events() == 4  # the old one is still in its place
        return 2

    assert restore(site.backup, site.path, reapply=reapply).erased_again == 2
    assert asked[0].name != site.path.name
    assert [p.name for p in site.path.parent.iterdir() if p.suffix == ".part" or "part" in p.name] == []


def test_the_newest_whole_copies_stay(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    for day in range(5):
        path = new_path(folder, 1_800_000_000.0 + day * DAY_S)
        shutil.copy(site.backup, path)
        accept(path)
    bad = new_path(folder, 1_800_000_000.0 + 6 * DAY_S)
    shutil.copy(site.backup, bad)
    bad = reject(bad)
    new_path(folder, 1.0).write_bytes(b"unfinished")
    (folder / "journal-of-somebody.db").write_bytes(b"not ours")
    newest = backups(folder)[0]
    assert newest.at_utc_s == 1_800_000_000.0 + 4 * DAY_S
    prune(folder, 2)
    assert len(backups(folder)) == 2
    assert backups(folder)[0] == newest
    assert {p.name for p in folder.iterdir()} > {bad.name, "journal-of-somebody.db"}
    assert not list(folder.glob("*.new"))
    prune(folder, 0)
    assert backups(folder) == [newest]
