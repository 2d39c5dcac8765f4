"""A journal that becomes encrypted, plain again, or gets another key: whole, alone, and nothing left in the clear."""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from storage import database, driver, recoding, verify_parts
from storage.backups import restore
from storage.commands import RecordEvent
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode, StorageError
from storage.footage_lock import FolderLock
from storage.journal_keys import JournalKey, JournalKeys, needed_key
from storage.keys import SigningKey
from storage.recoding import plain_copies, recode, recode_journal, wipe, wipe_left
from storage.search import IncidentQuery
from storage.verification import verify_file
from tests.storage.named_case import add_services, open_named
from tests.storage.site import RUNTIME, add_people, add_registry, event

NAME = "Ксилофонова-Zyxwvutsrqp"
PAGE_BYTES = 4096
ROOT = Path(__file__).resolve().parents[2]


class Site:
    """A home with a journal in which a name stands, and copies of checkpoints elsewhere."""

    def __init__(self, root: Path) -> None:
        self.path, self.checkpoints = root / "journal" / "journal.db", root / "checkpoints"
        self.keys = JournalKeys(root / "keys" / "journal.keys")
        self.key = SigningKey.generate()

    def open(self) -> contextlib.closing[EmbeddedJournal]:
        """The journal, opened."""
        return contextlib.closing(open_journal(self.path, self.key, checkpoints=self.checkpoints, keys=self.keys))

    def encrypt(self) -> JournalKey:
        """It, encrypted with a new key."""
        key = JournalKey.generate()
        assert recode_journal(self.path, self.keys, key).found.ok
        return key

    def files(self) -> list[str]:
        """All in the journal's folder."""
        return sorted(file.name for file in self.path.parent.iterdir())

    def found(self) -> int:
        """How many incidents the name finds."""
        with self.open() as journal:
            return len(journal.find_incidents(IncidentQuery(text=NAME)).incidents)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed plain journal; never changed."""
    root = tmp_path_factory.mktemp("made")
    with Site(root).open() as journal:
        add_people(journal)
        add_registry(journal)
        add_services(journal)
        open_named(journal, NAME)
    return root


@pytest.fixture
def site(made: Path, tmp_path: Path) -> Site:
    return Site(Path(shutil.copytree(made, tmp_path / "site")))


def code_of(call: Callable[[], object]) -> StorageCode:
    with pytest.raises(StorageError) as caught:
        call()
    assert isinstance(caught.value.code, StorageCode)
    return caught.value.code


def is_whole(site: Site) -> bool:
    """Whether a verification comes to its end and finds nothing."""
    try:
        return verify_file(site.path, keys=site.keys).ok
    except StorageError:
        return False


def test_there_and_back_nothing_is_lost(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    before = verify_file(site.path, checkpoints=site.checkpoints)
    key = site.encrypt()
    assert needed_key(site.path.read_bytes()) == key.id
    assert site.files() == ["journal.db"]
    assert NAME.encode() not in site.path.read_bytes()
    monkeypatch.setattr(verify_parts, "BIG_ENTRIES", 0)
    shared = verify_file(site.path, checkpoints=site.checkpoints, keys=site.keys, processes=2)
    assert (shared.problems, shared.entries, shared.head) == ((), before.entries, before.head)
    with site.open() as journal:
        journal.apply(RecordEvent(event()), RUNTIME)
    assert site.found() == 1
    recode_journal(site.path, site.keys, None)
    assert site.keys.active is None
    assert site.keys.find(key.id) == key  # backups need it
    after = verify_file(site.path, checkpoints=site.checkpoints)
    assert (after.problems, after.entries) == ((), before.entries + 1)
    assert site.found() == 1
    assert site.files() == ["journal.db"]


def test_another_key_takes_over_and_the_old_backups_still_open(site: Site, tmp_path: Path) -> None:
    first = site.encrypt()
    backup = tmp_path / "backups" / "old.db"
    with site.open() as journal:
        journal.backup(str(backup))
    second = site.encrypt()
    assert [needed_key(file.read_bytes()) for file in (site.path, backup)] == [second.id, first.id]
    assert site.keys.active == second
    restore(backup, site.path, checkpoints=site.checkpoints, keys=site.keys)
    assert site.found() == 1


def test_who_did_it_is_noted_before_the_copy_becomes_the_journal(site: Site) -> None:
    def note(path: Path) -> None:
        with contextlib.closing(open_journal(path, site.key, keys=site.keys)) as journal:
            journal.apply(RecordEvent(event()), RUNTIME)

    before = verify_file(site.path)
    done = recode_journal(site.path, site.keys, JournalKey.generate(), note)
    assert done.found.entries == before.entries
    assert verify_file(site.path, keys=site.keys).entries == before.entries + 1


def test_a_refused_note_changes_nothing(site: Site) -> None:
    def refuse(_path: Path) -> None:
        raise StorageError(StorageCode.NOT_PERMITTED)

    before = site.path.read_bytes()
    assert code_of(lambda: recode_journal(site.path, site.keys, JournalKey.generate(), refuse)) is (
        StorageCode.NOT_PERMITTED
    )
    assert database.is_encrypted(site.path) is False
    assert site.files() == ["journal.db"]
    assert len(site.path.read_bytes()) == len(before)
    assert site.keys.active is None
    assert site.found() == 1


def test_a_running_program_keeps_its_journal(site: Site) -> None:
    """Another process, since locks are between processes, and two libraries in one do not see each other's."""
    command = [sys.executable, "-m", "tests.storage.journal_process", str(site.path), "other", "1"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        assert code_of(site.encrypt) is StorageCode.IN_USE
        assert other.communicate("\n")[0] != ""
    assert not database.is_encrypted(site.path)
    assert verify_file(site.path).ok
    site.encrypt()
    with site.open() as journal:
        assert code_of(lambda: recode_journal(site.path, site.keys, None)) is StorageCode.IN_USE
        journal.apply(RecordEvent(event()), RUNTIME)
        assert journal.verify().ok


def test_nobody_gets_in_while_it_is_recoded(site: Site) -> None:
    key, results = site.encrypt(), list[int]()

    def look(_path: Path) -> None:
        with contextlib.closing(driver.connect(site.path, timeout_s=0.0, key=key)) as other:
            with pytest.raises(driver.ERRORS) as caught:
                other.execute("SELECT count(*) FROM sqlite_master")
            results.append(driver.result_of(caught.value))

    recode_journal(site.path, site.keys, None, look)
    assert results == [driver.Result.BUSY]


def test_a_known_fault_does_not_hinder_and_is_not_hidden(site: Site) -> None:
    with contextlib.closing(database.connect(site.path)) as connection:
        connection.execute("UPDATE incidents SET title = 'altered'")
    done = recode_journal(site.path, site.keys, JournalKey.generate())
    assert not done.found.ok
    assert verify_file(site.path, keys=site.keys).problems == done.found.problems


def test_a_copy_that_differs_is_not_taken(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    real = driver.export

    def forgetful(connection: driver.Connection, target: Path, key: JournalKey | None) -> None:
        real(connection, target, key)
        with contextlib.closing(database.connect(target, key)) as copy:
            copy.execute("DELETE FROM notes")

    monkeypatch.setattr(driver, "export", forgetful)
    assert code_of(site.encrypt) is StorageCode.DAMAGED
    assert site.files() == ["journal.db"]
    assert site.found() == 1


def test_the_wrong_key_is_said_and_the_file_stays_as_it_is(site: Site, tmp_path: Path) -> None:
    site.encrypt()
    before = site.path.read_bytes()
    foreign = JournalKeys(tmp_path / "foreign.keys")
    foreign.add(JournalKey.generate())
    for keys in (None, JournalKeys(tmp_path / "none.keys"), foreign):
        assert code_of(lambda keys=keys: verify_file(site.path, keys=keys)) is StorageCode.KEY_MISSING  # type: ignore[misc]  # bound here
        assert code_of(lambda keys=keys: open_journal(site.path, keys=keys)) is StorageCode.KEY_MISSING  # type: ignore[misc]  # bound here
    assert site.path.read_bytes() == before


def test_a_key_file_that_was_altered_is_refused(site: Site) -> None:
    key = site.encrypt()
    assert site.keys.path.stat().st_mode & 0o077 == 0
    found = json.loads(site.keys.path.read_text())
    found["keys"][key.id] = JournalKey.generate().secret.hex()
    for text in (json.dumps(found), "{", "[]", '{"active": null, "keys": {"x": "y"}}'):
        site.keys.path.write_text(text)
        assert code_of(lambda: open_journal(site.path, keys=site.keys)) is StorageCode.BAD_KEY
    assert key.secret.hex() not in repr(key)


def test_keys_inside_the_journals_folder_are_refused(site: Site) -> None:
    keys = JournalKeys(site.path.parent / "journal.keys")
    assert code_of(lambda: open_journal(site.path, keys=keys)) is StorageCode.BAD_KEY


@pytest.mark.parametrize("page", [0, 1, 40])
def test_one_altered_bit_is_found(site: Site, page: int) -> None:
    site.encrypt()
    data = bytearray(site.path.read_bytes())
    data[page * PAGE_BYTES + 100] ^= 1
    site.path.write_bytes(data)
    assert code_of(lambda: open_journal(site.path, keys=site.keys)) is StorageCode.DAMAGED
    assert not is_whole(site)


def test_a_truncated_file_is_damaged(site: Site) -> None:
    site.encrypt()
    site.path.write_bytes(site.path.read_bytes()[: -3 * PAGE_BYTES])
    assert code_of(lambda: verify_file(site.path, keys=site.keys)) is StorageCode.DAMAGED


def test_a_plain_backup_is_encrypted_when_it_is_put_back(site: Site, tmp_path: Path) -> None:
    backup = tmp_path / "plain.db"
    with site.open() as journal:
        journal.backup(str(backup))
    key = site.encrypt()
    done = restore(backup, site.path, checkpoints=site.checkpoints, keys=site.keys, stamp="now")
    assert needed_key(site.path.read_bytes()) == key.id
    assert done.replaced is not None
    assert needed_key(done.replaced.read_bytes()) == key.id
    assert site.files() == ["journal.db", "journal.db.replaced-now"]
    assert site.found() == 1


def test_a_journal_whose_key_is_lost_makes_room_for_a_backup(site: Site, tmp_path: Path) -> None:
    backup = tmp_path / "plain.db"
    with site.open() as journal:
        journal.backup(str(backup))
    site.encrypt()
    site.keys.path.unlink()
    assert restore(backup, site.path, keys=site.keys, stamp="now").replaced is not None
    assert site.found() == 1


def test_a_full_disk_refuses_before_anything(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(site.path.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=10))
    assert code_of(site.encrypt) is StorageCode.DISK_FULL
    assert site.files() == ["journal.db"]


def test_a_copy_is_recoded_in_its_place(site: Site, tmp_path: Path) -> None:
    copy = tmp_path / "backups" / "journal-20260101-000000.db"
    with site.open() as journal:
        journal.backup(str(copy))
    assert plain_copies([copy.parent, tmp_path / "nowhere"]) == [copy]
    key = JournalKey.generate()
    site.keys.add(key)
    recode(copy, site.keys, key)
    assert plain_copies([copy.parent]) == []
    assert [file.name for file in copy.parent.iterdir()] == [copy.name]
    assert verify_file(copy, keys=site.keys).ok


def test_what_is_wiped_is_overwritten_first(tmp_path: Path) -> None:
    path = tmp_path / "words"
    path.write_bytes(NAME.encode() * 100_000)
    with path.open("rb") as held:
        wipe(path)
        left = held.read()
    assert not path.exists()
    assert len(left) == len(NAME.encode()) * 100_000
    assert NAME.encode() not in left


def test_a_power_cut_after_the_swap_leaves_a_plain_file_that_goes_later(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(_path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(recoding, "wipe", cut)
    with pytest.raises(KeyboardInterrupt):
        site.encrypt()
    assert site.found() == 1
    assert site.keys.active is not None
    left = plain_copies([site.path.parent])
    assert len(left) == 1
    monkeypatch.undo()
    assert wipe_left(site.path) == left
    assert site.files() == ["journal.db"]


def test_a_file_with_another_name_is_not_overwritten(site: Site) -> None:
    """A power cut between the old file's second name and the swap: both names are the live journal."""
    aside = site.path.with_name("journal.db.recoded-x")
    aside.hardlink_to(site.path)
    assert wipe_left(site.path) == [aside]
    assert site.files() == ["journal.db"]
    assert site.found() == 1


def test_a_key_is_not_lost_to_one_who_changes_the_file_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "journal.keys"
    first, second = JournalKeys(path), JournalKeys(path)
    one, other = JournalKey.generate(), JournalKey.generate()
    first.add(one)
    lock = FolderLock(path.parent, f".{path.name}.lock")
    with pytest.raises(StorageError) as added:
        second.add(other)
    with pytest.raises(StorageError) as activated:
        second.activate(one.id)
    lock.release()
    assert (added.value.code, activated.value.code) == (StorageCode.IN_USE, StorageCode.IN_USE)
    second.add(other)
    assert first.ids() == sorted([one.id, other.id])


def test_a_key_file_that_is_put_back_meanwhile_costs_no_journal(site: Site) -> None:
    site.keys.add(JournalKey.generate())
    older = site.keys.path.read_bytes()
    key = JournalKey.generate()
    recode_journal(site.path, site.keys, key, lambda _copy: site.keys.path.write_bytes(older))
    assert site.keys.active == key
    assert site.found() == 1
