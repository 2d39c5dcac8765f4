"""What is particular to the file: opening, refusing, other processes, sudden death, a full disk."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from storage import database, embedded_journal, handlers, writer
from storage.commands import (
    AcknowledgeAlarm,
    JudgeAlarm,
    PutCredential,
    PutOperator,
    PutRecord,
    RecordEvent,
    RemoveRecord,
    ReopenAlarm,
    SignCheckpoint,
)
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode, StorageError
from storage.journal import Receipt
from storage.keys import SigningKey
from storage.records import Camera, Operator, Place, Role, Verdict
from storage.sealed import Credential, Sealer
from tests.storage.site import ADMIN, OPERATOR, RUNTIME, add_people, event, fill

ROOT = Path(__file__).parents[2]


class Mount(NamedTuple):
    mountpoint: str
    fstype: str
    opts: str = "rw"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal" / "journal.db"


@pytest.fixture
def journal(path: Path) -> Iterator[EmbeddedJournal]:
    with contextlib.closing(open_journal(path)) as opened:
        yield opened


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process's write transaction."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def code_of(call: Callable[[], object]) -> StorageCode:
    with pytest.raises(StorageError) as caught:
        call()
    assert isinstance(caught.value.code, StorageCode)
    return caught.value.code


def process(path: Path, name: str, events: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.storage.journal_process", str(path), name, str(events)]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def go(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("\n")
    child.stdin.flush()


def test_pragmas_are_those_of_the_design(journal: EmbeddedJournal) -> None:
    values = {
        name: journal._connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "journal_size_limit")
    }
    assert values == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "journal_size_limit": 64 << 20}


def test_the_first_operator_is_made_once(journal: EmbeddedJournal) -> None:
    journal.ensure_first_operator("os:anna", "Anna")
    head = journal.head()
    journal.ensure_first_operator("os:boris", "Boris")
    assert journal.head() == head
    assert [o.id for o in journal.registry().operators if o.role is Role.ADMINISTRATOR] == ["os:anna"]


def test_what_was_written_is_there_after_opening_again(path: Path) -> None:
    with contextlib.closing(open_journal(path, SigningKey.generate())) as journal:
        incident_id = fill(journal)
        head = journal.head()
    assert not path.with_name("journal.db-wal").exists()
    with contextlib.closing(open_journal(path)) as journal:
        assert journal.head() == head
        assert journal.incident_file(incident_id).incident.id == incident_id


def test_a_newer_journal_is_refused_unchanged(path: Path) -> None:
    open_journal(path).close()
    with contextlib.closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA user_version = 999")
    before = path.read_bytes()
    assert code_of(lambda: open_journal(path)) is StorageCode.NEWER_JOURNAL
    assert path.read_bytes() == before


def test_other_files_are_refused_unchanged(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("this is no journal")
    other = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(other)) as raw:
        raw.execute("CREATE TABLE recipes (id INTEGER)")
    for path in (text, other):
        before = path.read_bytes()
        assert code_of(lambda path=path: open_journal(path)) is StorageCode.NOT_A_JOURNAL  # type: ignore[misc]
        assert path.read_bytes() == before


def test_a_truncated_journal_is_damaged(path: Path) -> None:
    open_journal(path).close()
    path.write_bytes(path.read_bytes()[:-5000])
    assert code_of(lambda: open_journal(path)) is StorageCode.DAMAGED


def test_a_network_share_is_refused(tmp_path: Path) -> None:
    mounts = [Mount("/", "ext4"), Mount(str(tmp_path / "share"), "cifs"), Mount(str(tmp_path / "share/disk"), "ext4")]
    with pytest.raises(StorageError) as caught:
        open_journal(tmp_path / "share" / "journal.db", mounted=lambda: mounts)
    assert caught.value.code is StorageCode.NETWORK_PATH
    assert caught.value.details["file_system"] == "cifs"
    open_journal(tmp_path / "share" / "disk" / "journal.db", mounted=lambda: mounts).close()
    remote = [Mount(str(tmp_path), "NTFS", "rw,remote")]
    assert code_of(lambda: open_journal(tmp_path / "j.db", mounted=lambda: remote)) is StorageCode.NETWORK_PATH


def test_a_read_only_folder_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.access
    monkeypatch.setattr(os, "access", lambda p, mode: False if Path(p) == path.parent else real(p, mode))
    assert code_of(lambda: open_journal(path)) is StorageCode.READ_ONLY


def test_a_file_that_became_read_only_is_said(journal: EmbeddedJournal) -> None:
    journal._connection.execute("PRAGMA query_only = ON")
    assert code_of(lambda: journal.apply(RecordEvent(event()), RUNTIME)) is StorageCode.READ_ONLY
    journal._connection.execute("PRAGMA query_only = OFF")
    journal.apply(RecordEvent(event()), RUNTIME)
    assert journal.verify().ok


def test_a_full_disk_loses_nothing(journal: EmbeddedJournal) -> None:
    add_people(journal)
    pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count = {pages + 20}")
    stored: list[str] = []

    def write_until_full() -> None:
        while True:
            fact = event(len(stored))
            journal.apply(RecordEvent(fact), RUNTIME)
            stored.append(fact.id)

    assert code_of(write_until_full) is StorageCode.DISK_FULL
    assert len(stored) > 10
    huge = PutRecord(Camera("c9", 9, "x" * 10_000_000, "y"))
    assert code_of(lambda: journal.apply(huge, ADMIN)) is StorageCode.DISK_FULL
    assert [e.id for e in journal.events()] == stored
    assert journal.verify().ok
    journal._connection.execute("PRAGMA max_page_count = 1000000")
    journal.apply(RecordEvent(event(1e6)), RUNTIME)
    assert journal.verify().ok


def test_a_failing_command_does_not_take_its_group_along(journal: EmbeddedJournal, path: Path) -> None:
    """One is refused before it writes, one after (the last administrator), one by the file itself (foreign key)."""
    add_people(journal)
    last_administrator = PutOperator(Operator(ADMIN.id, "x", Role.OPERATOR))
    commands = [
        (RecordEvent(event(0.0)), RUNTIME),
        (RecordEvent(event(0.0)), OPERATOR),
        (RecordEvent(event(1.0)), RUNTIME),
        (last_administrator, ADMIN),
        (PutCredential("nowhere", "x"), ADMIN),
        (RecordEvent(event(2.0)), RUNTIME),
    ]
    answers: list[object] = []
    done = threading.Event()

    def collect(answer: object) -> None:
        answers.append(answer if isinstance(answer, Receipt) else getattr(answer, "code", answer))
        if len(answers) == len(commands):
            done.set()

    with locked(path):  # so that all six wait in one group
        for command, actor in commands:
            journal.apply_soon(command, actor, collect)
    assert done.wait(20)
    assert [a for a in answers if not isinstance(a, Receipt)] == [
        StorageCode.NOT_PERMITTED,
        StorageCode.BAD_VALUE,
        StorageCode.NOT_FOUND,
    ]
    assert len(journal.events()) == 3
    assert journal.verify().ok


def test_a_bug_in_one_command_reaches_its_caller_only(
    journal: EmbeddedJournal, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real = handlers.execute

    def buggy(ledger: object, command: object, actor: object) -> Receipt:
        if isinstance(command, SignCheckpoint):
            raise ZeroDivisionError
        return real(ledger, command, actor)  # type: ignore[arg-type]

    monkeypatch.setattr(writer, "execute", buggy)
    with pytest.raises(ZeroDivisionError):
        journal.apply(SignCheckpoint(), RUNTIME)
    assert "bug while applying" in caplog.text
    journal.apply(RecordEvent(event()), RUNTIME)
    assert journal.writer.alive


def test_a_file_that_stays_busy_is_said(journal: EmbeddedJournal, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "BUSY_DEADLINE_S", 0.05)
    journal._connection.execute("PRAGMA busy_timeout = 10")
    with locked(path):
        assert code_of(lambda: journal.apply(RecordEvent(event()), RUNTIME)) is StorageCode.BUSY
    journal.apply(RecordEvent(event()), RUNTIME)


def test_a_full_queue_is_busy_and_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_journal, "_SUBMIT_SOON_S", 0.05)
    with contextlib.closing(EmbeddedJournal(path, queue_commands=4)) as journal:
        accepted = 0

        def submit_until_full() -> None:
            nonlocal accepted
            while accepted < 50:
                journal.apply_soon(RecordEvent(event(accepted)), RUNTIME)
                accepted += 1

        with locked(path):
            assert code_of(submit_until_full) is StorageCode.BUSY
        assert accepted >= 4
    with contextlib.closing(open_journal(path)) as journal:  # closing wrote what was queued
        assert journal.counts()["events"] == accepted


def test_a_lone_caller_does_not_wait_for_company(journal: EmbeddedJournal) -> None:
    for index in range(20):
        journal.apply(RecordEvent(event(index)), RUNTIME)
    assert journal.writer.groups == journal.writer.commands == 20


def test_callers_at_once_share_commits(journal: EmbeddedJournal) -> None:
    def work(name: int) -> None:
        for index in range(20):
            journal.apply(RecordEvent(event(index, f"camera-{name}")), RUNTIME)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert journal.writer.commands == 160
    assert journal.writer.groups < 100
    assert journal.counts()["alarms"] == 8
    assert journal.verify().ok


def test_readers_of_ended_threads_are_closed(journal: EmbeddedJournal) -> None:
    for _ in range(10):
        thread = threading.Thread(target=journal.head)
        thread.start()
        thread.join()
    journal.head()
    assert len(journal._readers) <= 2


def test_two_openers_see_each_others_changes(path: Path) -> None:
    with contextlib.closing(open_journal(path)) as one, contextlib.closing(open_journal(path)) as two:
        seq = two.head()[0]
        one.apply(RecordEvent(event()), RUNTIME)
        two.apply(RecordEvent(event(1.0)), RUNTIME)
        assert [c.action for c in one.changes(seq)] == [c.action for c in two.changes(seq)] == ["record event"] * 2
        one.apply(RecordEvent(event(2.0)), RUNTIME)
        assert two.alarms()[0].count == 3
        assert two.verify().ok


def test_what_another_process_changed_counts_at_once(path: Path) -> None:
    """Roles and open alarms are remembered between groups only while nobody else writes."""
    with contextlib.closing(open_journal(path)) as one, contextlib.closing(open_journal(path)) as two:
        add_people(one)
        alarm_id = str(two.apply(RecordEvent(event()), RUNTIME).alarm_id)
        two.apply(RecordEvent(event(1.0)), RUNTIME)
        two.apply(AcknowledgeAlarm(alarm_id, 1), OPERATOR)
        one.apply(JudgeAlarm(alarm_id, 2, Verdict.FALSE), OPERATOR)
        one.apply(RemoveRecord("operators", OPERATOR.id), ADMIN)
        assert two.apply(RecordEvent(event(2.0)), RUNTIME).alarm_raised
        assert code_of(lambda: two.apply(ReopenAlarm(alarm_id, 3), OPERATOR)) is StorageCode.UNKNOWN_ACTOR


def test_four_processes_at_once_keep_one_whole_chain(path: Path) -> None:
    """They also create the file at once: it does not exist before."""
    children = [process(path, f"p{n}", 40) for n in range(4)]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "open\n"
    for child in children:
        go(child)
    for child in children:
        out, _ = child.communicate(timeout=60)
        assert child.returncode == 0
        assert len(out.split()) == 40
    with contextlib.closing(open_journal(path)) as journal:
        assert journal.verify().problems == ()
        assert journal.counts()["events"] == 160
        numbers = [i.number[5:] for i in journal.incidents()]
        assert sorted(numbers) == [f"{n:06d}" for n in range(1, 17)]


def test_sudden_death_loses_nothing_acknowledged(path: Path) -> None:
    child = process(path, "victim", 100_000)
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == "open\n"
    go(child)
    acknowledged = [child.stdout.readline().strip() for _ in range(60)]
    child.kill()
    acknowledged += child.stdout.read().split()
    child.wait(10)
    child.stdin.close()
    child.stdout.close()
    with contextlib.closing(open_journal(path)) as journal:
        stored = {e.id for e in journal.events()}
        assert {a for a in acknowledged if len(a) == 32} <= stored
        assert journal.verify().problems == ()


def test_backup_is_a_journal(journal: EmbeddedJournal, tmp_path: Path) -> None:
    add_people(journal)
    target = tmp_path / "backups" / "copy.db"
    journal.backup(str(target))
    assert sorted(p.name for p in target.parent.iterdir()) == ["copy.db"]
    with contextlib.closing(open_journal(target)) as copy:
        assert copy.head() == journal.head()
        assert copy.verify().ok


def test_a_backup_that_is_called_off_leaves_nothing(journal: EmbeddedJournal, tmp_path: Path) -> None:
    add_people(journal)
    target = tmp_path / "backups" / "copy.db"
    assert code_of(lambda: journal.backup(str(target), lambda: True)) is StorageCode.CANCELLED
    assert list(target.parent.iterdir()) == []
    journal.backup(str(target))  # the reader is free again
    with contextlib.closing(open_journal(target)) as copy:
        assert copy.head() == journal.head()


def test_a_backup_is_not_begun_anew_by_those_who_write(
    journal: EmbeddedJournal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_people(journal)
    monkeypatch.setattr(database, "_STEP_PAGES", 1)
    head, looks = journal.head(), 0

    def written() -> bool:
        nonlocal looks
        looks += 1
        if looks % 20 == 1:
            journal.apply(PutRecord(Place(f"p{looks}", "Market", "")), ADMIN)
        return looks > 5000

    target = tmp_path / "copy.db"
    journal.backup(str(target), written)
    assert journal.head() != head
    with contextlib.closing(open_journal(target)) as copy:
        assert copy.head() == head


def test_key_and_checkpoints_inside_the_journals_folder_are_refused(path: Path) -> None:
    key = SigningKey.load_or_create(path.parent / "keys" / "signing.pem")
    assert code_of(lambda: open_journal(path, key)) is StorageCode.BAD_KEY
    assert code_of(lambda: open_journal(path, checkpoints=path.parent / "c")) is StorageCode.BAD_VALUE


def test_without_a_key_nothing_is_signed(journal: EmbeddedJournal) -> None:
    assert code_of(lambda: journal.apply(SignCheckpoint(), RUNTIME)) is StorageCode.BAD_KEY


def test_credentials_are_stored_sealed(journal: EmbeddedJournal, path: Path, tmp_path: Path) -> None:
    add_people(journal)
    journal.apply(PutRecord(Camera("c1", 1, "Gate", "rtsp://host")), ADMIN)
    sealer = Sealer(tmp_path / "keys" / "sealing.key")
    journal.apply(PutCredential("c1", sealer.seal("c1", Credential("admin", "hunter2hunter2"))), ADMIN)
    assert sealer.open("c1", str(journal.sealed_credential("c1"))).password == "hunter2hunter2"
    assert journal.sealed_credential("c2") is None
    for file in path.parent.iterdir():
        assert b"hunter2" not in file.read_bytes()


def test_driver_errors_without_a_meaning_stay_bugs() -> None:
    with (
        pytest.raises(sqlite3.OperationalError),
        database.typed(),
        contextlib.closing(sqlite3.connect(":memory:")) as c,
    ):
        c.execute("SELEKT 1")
