"""The journal's core behaviour on both drivers: Python's own, and SQLCipher's for an encrypted file."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from storage import database, driver, writer
from storage.commands import AcknowledgeAlarm, PutRecord, RecordEvent
from storage.driver import Connection
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode, StorageError
from storage.journal_keys import JournalKey, JournalKeys, needed_key
from storage.keys import SigningKey
from storage.records import Camera
from storage.search import IncidentQuery, Watch
from storage.verification import verify_file
from tests.storage.named_case import add_services, open_named
from tests.storage.site import ADMIN, OPERATOR, RUNTIME, add_people, add_registry, event

NAME = "Ксилофонова-Zyxwvutsrqp"
KINDS = ("plain", "encrypted")
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A closed journal of each kind with its keys; never changed."""
    folders = {kind: tmp_path_factory.mktemp(kind) for kind in KINDS}
    for kind, folder in folders.items():
        keys = JournalKeys(folder / "keys" / "journal.keys")
        if kind == "encrypted":
            key = JournalKey.generate()
            keys.add(key)
            keys.activate(key.id)
        with contextlib.closing(open_journal(folder / "journal" / "journal.db", keys=keys)) as opened:
            add_people(opened)
            add_registry(opened)
            add_services(opened)
    return folders


@pytest.fixture(params=KINDS)
def site(request: pytest.FixtureRequest, sites: dict[str, Path], tmp_path: Path) -> Path:
    """A copy of one of them."""
    return Path(shutil.copytree(sites[request.param], tmp_path / "site"))


@pytest.fixture
def keys(site: Path) -> JournalKeys:
    """Of a site that encrypts, or of one that does not."""
    return JournalKeys(site / "keys" / "journal.keys")


@pytest.fixture
def path(site: Path) -> Path:
    return site / "journal" / "journal.db"


@pytest.fixture
def journal(path: Path, keys: JournalKeys) -> Iterator[EmbeddedJournal]:
    with contextlib.closing(open_journal(path, SigningKey.generate(), keys=keys)) as opened:
        yield opened


@pytest.fixture
def connection(tmp_path: Path, keys: JournalKeys) -> Iterator[Connection]:
    with contextlib.closing(database.connect(tmp_path / "some.db", keys.active)) as opened:
        opened.execute("CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT NOT NULL)")
        yield opened


def code_of(call: Callable[[], object]) -> StorageCode:
    with pytest.raises(StorageError) as caught:
        call()
    assert isinstance(caught.value.code, StorageCode)
    return caught.value.code


def code_behind(call: Callable[[], object]) -> StorageCode | None:
    """What a driver's error is told as."""
    with pytest.raises(driver.ERRORS) as caught:
        call()
    known = database.translate(caught.value)
    return None if known is None else StorageCode(known.code)


def holding(folder: Path, word: str) -> list[str]:
    return [p.name for p in sorted(folder.iterdir()) if word.encode() in p.read_bytes()]


def test_a_case_is_written_read_found_and_whole(journal: EmbeddedJournal, path: Path, keys: JournalKeys) -> None:
    incident_id = open_named(journal, NAME)
    found = journal.find_incidents(IncidentQuery(text="ксилофонова zyxw*"))
    assert [incident.id for incident in found.incidents] == [incident_id]
    assert journal.incident_file(incident_id).incident.title == f"{NAME} seen"
    assert code_of(lambda: journal.apply(AcknowledgeAlarm("nothing", 1), OPERATOR)) is StorageCode.NOT_FOUND
    assert journal.verify().problems == ()
    head = journal.head()
    journal.close()
    assert path.parent.joinpath("journal.db").read_bytes()[:16].startswith(b"SQLite") is (keys.active is None)
    with contextlib.closing(open_journal(path, keys=keys)) as again:
        assert again.head() == head
        assert again.scrub(whole=True)
        assert again.find_incidents(IncidentQuery(text=NAME)).incidents[0].id == incident_id
    assert verify_file(path, keys=keys).problems == ()


def test_a_name_is_in_the_bytes_of_a_plain_journal_only(
    journal: EmbeddedJournal, path: Path, keys: JournalKeys
) -> None:
    """While it runs, too: `-wal` holds what was written last."""
    open_named(journal, NAME)
    assert path.with_name("journal.db-wal").stat().st_size > 0
    readable = [holding(path.parent, NAME), holding(path.parent, "zyxwvutsrqp")]
    journal.close()
    readable += [holding(path.parent, NAME), holding(path.parent, "CREATE TABLE")]
    assert all(readable) if keys.active is None else not any(readable)


def test_other_threads_read_while_it_is_written(journal: EmbeddedJournal) -> None:
    seen: list[int] = []

    def read() -> None:
        seen.append(journal.counts()["events"])

    for number in range(3):
        journal.apply(RecordEvent(event(number)), RUNTIME)
        reader = threading.Thread(target=read)
        reader.start()
        reader.join()
    assert seen == [1, 2, 3]


def test_connections_that_come_later_leave_the_locks(journal: EmbeddedJournal, path: Path, keys: JournalKeys) -> None:
    """Whoever looked into the file by itself would take this process's locks away when it closes it, and another
    program could take the write-ahead log from under us."""
    reader = threading.Thread(target=journal.counts)
    reader.start()
    reader.join()
    assert journal.scrub()
    with contextlib.closing(database.connect_for_reading(path, journal.file_key)) as connection:
        connection.execute("SELECT count(*) FROM events").fetchone()
    command = [sys.executable, "-c", _RELEASE, str(path), str(keys.path)]
    done = subprocess.run(command, cwd=ROOT, timeout=60, check=True, capture_output=True, text=True)
    assert done.stdout == StorageCode.IN_USE


_RELEASE = """
import sys
from pathlib import Path
from storage.backups import release
from storage.errors import StorageError
from storage.journal_keys import JournalKeys
path, keys = map(Path, sys.argv[1:])
try:
    release(path, JournalKeys(keys))
except StorageError as error:
    print(error.code, end="")
"""


def test_a_question_is_called_off(journal: EmbeddedJournal) -> None:
    watch = Watch()

    def ask() -> None:
        with journal._reading() as connection, watch.over(connection):
            watch.cancel()
            endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
            connection.execute(endless).fetchone()

    assert code_of(ask) is StorageCode.CANCELLED
    assert journal.counts()["events"] == 0


def test_a_full_disk_loses_nothing(journal: EmbeddedJournal) -> None:
    pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count = {pages + 4}")
    huge = PutRecord(Camera("c9", 9, "x" * 1_000_000, "y"))
    assert code_of(lambda: journal.apply(huge, ADMIN)) is StorageCode.DISK_FULL
    journal._connection.execute("PRAGMA max_page_count = 1000000")
    journal.apply(RecordEvent(event()), RUNTIME)
    assert journal.verify().problems == ()


def test_a_file_that_stays_busy_is_said(
    journal: EmbeddedJournal, path: Path, keys: JournalKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "BUSY_DEADLINE_S", 0.05)
    journal._connection.execute("PRAGMA busy_timeout = 10")
    with contextlib.closing(database.connect(path, keys.active)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert code_of(lambda: journal.apply(RecordEvent(event()), RUNTIME)) is StorageCode.BUSY
        other.execute("ROLLBACK")
    journal.apply(RecordEvent(event()), RUNTIME)


def test_errors_are_told_apart(connection: Connection, tmp_path: Path, keys: JournalKeys) -> None:
    words = "INSERT INTO words (id, word) VALUES (1, ?)"
    connection.execute(words, ("a",))
    assert code_behind(lambda: connection.execute(words, ("b",))) is StorageCode.BAD_VALUE
    assert code_behind(lambda: connection.execute("SELECT nothing")) is None
    connection.execute("UPDATE words SET word = CAST(x'ff41' AS TEXT)")
    assert code_behind(lambda: connection.execute("SELECT word FROM words").fetchone()) is StorageCode.DAMAGED
    with contextlib.closing(database.connect_for_reading(tmp_path / "some.db", keys.active)) as reader:
        assert code_behind(lambda: reader.execute("DELETE FROM words")) is StorageCode.READ_ONLY
    assert isinstance(connection, driver.Connection) is (keys.active is None)


def test_a_backup_has_the_same_key_and_other_first_bytes(
    journal: EmbeddedJournal, path: Path, keys: JournalKeys, tmp_path: Path
) -> None:
    target = tmp_path / "backups" / "copy.db"
    journal.backup(str(target))
    assert verify_file(target, keys=keys).entries == journal.head()[0]
    begins = [file.read_bytes()[:16] for file in (path, target)]
    wanted = None if keys.active is None else keys.active.id
    assert [needed_key(begin) for begin in begins] == [wanted, wanted]
    assert (begins[0] == begins[1]) is (keys.active is None)


@pytest.mark.parametrize("site", ["encrypted"], indirect=True)
def test_two_that_make_a_file_at_once_end_with_one(
    path: Path, keys: JournalKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, made = driver.connect, list[Connection]()

    def late(target: Path, **how: object) -> Connection:
        if not made:
            key = keys.active
            assert key is not None
            made.append(real(target, key=key, salt=key.new_salt()))
            made[0].execute("CREATE TABLE words (word TEXT)")
        return real(target, **how)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(driver, "connect", late)
    with contextlib.closing(database.connect(path.with_name("new.db"), keys.active)) as connection:
        assert connection.execute("SELECT count(*) FROM words").fetchone() == (0,)
    made[0].close()


@pytest.mark.parametrize("site", ["encrypted"], indirect=True)
def test_without_the_library_an_encrypted_journal_is_refused_and_a_plain_one_is_not(
    path: Path, keys: JournalKeys, sites: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()
    monkeypatch.setattr(driver, "_cipher", None)
    monkeypatch.setitem(sys.modules, f"{driver.LIBRARY}.dbapi2", None)
    assert code_of(lambda: open_journal(path, keys=keys)) is StorageCode.NO_CIPHER
    assert code_of(lambda: verify_file(path, keys=keys)) is StorageCode.NO_CIPHER
    assert path.read_bytes() == before
    assert verify_file(sites["plain"] / "journal" / "journal.db", keys=keys).ok
