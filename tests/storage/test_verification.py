"""A good journal verifies; every stored field that is altered by raw SQL is named."""

from __future__ import annotations

import contextlib
import gzip
import json
import shutil
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from storage import columns, schema, schema_cases
from storage.case_commands import AttachExhibit, OpenIncident
from storage.case_records import Exhibit
from storage.chain_walk import ERASURE
from storage.commands import AttachEvidence, RecordEvent, SignCheckpoint
from storage.embedded_journal import open_journal
from storage.errors import StorageCode, StorageError
from storage.evidence import EvidenceStore
from storage.journal import Problem, Verification
from storage.keys import SigningKey
from storage.ledger import Ledger
from storage.records import Box, EvidenceKind, Severity, new_id
from storage.release_records import Erasure
from storage.rows import to_row
from storage.statements import Statement
from storage.verification import verify_file
from tests.storage.site import OPERATOR, RUNTIME, add_people, event, evidence, filled

# An erasure would leave tombstones in every copy: its row is looked at where erasure is tested.
TABLES = [t for t in columns.metadata.sorted_tables if t.name != "erasures"]
COLUMNS = [(t.name, c.name) for t in TABLES for c in t.columns]
MIGRATION_COLUMNS = [("_sqlite_migrations", c) for c in ("id", "migration_set", "name", "applied_at")]
OTHER_VALUES = {
    "INTEGER": "coalesce({0}, 0) + 77",
    "DOUBLE": "coalesce({0}, 0) + 0.001",
    "BLOB": "randomblob(16)",
    "TEXT": "'altered'",
}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a filled and closed journal; never changed."""
    folder = tmp_path_factory.mktemp("original")
    with filled(folder):
        pass
    return folder


@pytest.fixture
def copy(original: Path, tmp_path: Path) -> Path:
    """The journal file of a copy that may be altered."""
    shutil.copytree(original, tmp_path / "copy")
    return tmp_path / "copy" / "journal" / "journal.db"


def verify(path: Path) -> Verification:
    return verify_file(path, checkpoints=path.parent.parent / "checkpoints")


def names(problems: tuple[Problem, ...]) -> set[tuple[str, str]]:
    return {(p.table, p.row_id) for p in problems}


@contextlib.contextmanager
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        yield connection


def test_a_good_journal_is_whole(original: Path) -> None:
    found = verify(original / "journal" / "journal.db")
    assert found.problems == ()
    assert found.ok
    assert found.checkpoints == 1
    assert found.key_fingerprint is not None
    assert found.entries > 15
    assert found.erased == 0


def test_numbers_with_exponents_are_sealed_and_verified(tmp_path: Path) -> None:
    """The quick form writes them in another way than the canonical one: they go the long way."""
    path = tmp_path / "journal.db"
    boxes = [Box(1e-7, 0.1, 1.25e-5, 0.2), Box(0.0, 1.234e-5, 1.0, 5e-324), Box(0.1, 0.0001, 0.2, 0.00012)]
    with contextlib.closing(open_journal(path)) as journal:
        for box in boxes:
            journal.apply(RecordEvent(replace(event(), id=new_id(), box=box, pts_s=1e17)), RUNTIME)
    assert verify_file(path).problems == ()
    with raw(path) as connection:
        connection.execute("UPDATE events SET x1 = 2e-7 WHERE x1 = 1e-7")
    assert {p.table for p in verify_file(path).problems} == {"events"}


def test_every_table_holds_a_row(original: Path) -> None:
    with raw(original / "journal" / "journal.db") as connection:
        empty = [t for t, _ in COLUMNS if not connection.execute(f'SELECT count(*) FROM "{t}"').fetchone()[0]]
    assert empty == []


@pytest.mark.parametrize(("table", "column"), COLUMNS + MIGRATION_COLUMNS)
def test_every_altered_field_is_named(copy: Path, table: str, column: str) -> None:
    with raw(copy) as connection:
        kind = {r[1]: r[2] for r in connection.execute(f'PRAGMA table_info("{table}")')}[column]
        key = 'seq || "/" || position' if table == "history" else "seq" if table == "audit" else "id"
        row_key = connection.execute(f'SELECT {key.replace(chr(34), chr(39))} FROM "{table}" LIMIT 1').fetchone()[0]
        expression = OTHER_VALUES[kind].format(f'"{column}"')
        where = f"{key.replace(chr(34), chr(39))} = ?"
        connection.execute(f'UPDATE "{table}" SET "{column}" = {expression} WHERE {where}', (row_key,))
    found = verify(copy)
    assert not found.ok
    assert table in {p.table for p in found.problems}
    if column not in ("id", "seq", "position"):
        assert (table, str(row_key)) in names(found.problems)
    if table in schema.FACTS and table not in schema.INLINE and column != "id":
        assert column in {p.field for p in found.problems if (p.table, p.row_id) == (table, row_key)}


@pytest.mark.parametrize("table", [t.name for t in TABLES])
def test_a_removed_row_is_noticed(copy: Path, table: str) -> None:
    some = "seq = 3" if table == "history" else f'rowid = (SELECT min(rowid) FROM "{table}")'
    with raw(copy) as connection:
        connection.execute(f'DELETE FROM "{table}" WHERE {some}')
    assert table in {p.table for p in verify(copy).problems}


def test_an_added_row_is_noticed(copy: Path) -> None:
    with raw(copy) as connection:
        connection.execute("CREATE TEMP TABLE made_up AS SELECT * FROM events LIMIT 1")
        connection.execute("UPDATE made_up SET id = 'made-up'")
        connection.execute("INSERT INTO events SELECT * FROM made_up")
        connection.execute("INSERT INTO districts VALUES ('made-up', 'x', 0, 1)")
    assert {("events", "made-up"), ("districts", "made-up")} <= names(verify(copy).problems)


def test_a_cut_tail_is_noticed_by_the_checkpoint_elsewhere(copy: Path) -> None:
    """The cut is made so well that the file itself is consistent: the newest alarm and all of its traces go."""
    with raw(copy) as connection:
        last = connection.execute("SELECT max(seq) FROM audit WHERE action = 'attach evidence'").fetchone()[0]
        for table in ("exports", "checkpoints", "signing_keys", "evidence"):
            connection.execute(f"DELETE FROM {table}")
        connection.execute("DELETE FROM history WHERE seq >= ?", (last,))
        connection.execute("DELETE FROM audit WHERE seq >= ?", (last,))
    assert verify_file(copy).ok
    found = verify(copy)
    assert [p.table for p in found.problems] == ["checkpoints elsewhere"]
    assert "cut off" in found.problems[0].what


def test_an_old_copy_put_back_is_noticed(original: Path, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    key = SigningKey.generate()
    path, elsewhere = folder / "journal" / "journal.db", folder / "checkpoints"
    with contextlib.closing(open_journal(path, key, checkpoints=elsewhere)) as journal:
        journal.apply(SignCheckpoint(), RUNTIME)
        journal.backup(str(tmp_path / "old.db"))
        journal.apply(RecordEvent(event()), RUNTIME)
        journal.apply(SignCheckpoint(), RUNTIME)
        assert journal.verify().ok
    shutil.copy(tmp_path / "old.db", path)
    assert verify_file(path).ok
    assert "old copy" in verify_file(path, checkpoints=elsewhere).problems[0].what
    # Going on from the old copy makes another chain: that is named as well.
    with contextlib.closing(open_journal(path, key)) as journal:
        for index in range(5):
            journal.apply(RecordEvent(event(index)), RUNTIME)
    assert "not the one that was signed" in verify_file(path, checkpoints=elsewhere).problems[0].what


def test_a_rewritten_chain_breaks_the_signature(copy: Path) -> None:
    """Somebody with the file but not the key recomputes everything, the checkpoint's head included."""
    with raw(copy) as connection:
        connection.execute("UPDATE checkpoints SET head = (SELECT hash FROM audit WHERE seq = 2), seq = 2")
    assert ("checkpoints", "signature") in {(p.table, p.field) for p in verify(copy).problems}


def test_a_stranger_as_signer_is_named(original: Path) -> None:
    path = original / "journal" / "journal.db"
    found = verify_file(path, trusted_keys=["00" * 32])
    assert [(p.table, p.field, p.what) for p in found.problems] == [("checkpoints", "key_id", "signer unknown")]


def test_an_altered_line_elsewhere_is_named(copy: Path) -> None:
    file = next((copy.parent.parent / "checkpoints").iterdir())
    row = json.loads(file.read_text())
    file.write_text(json.dumps({**row, "seq": row["seq"] - 1}) + "\n" + "torn {")
    assert ("checkpoints elsewhere", "line 1") in names(verify(copy).problems)


def test_lawfully_erased_history_is_counted_not_reported(copy: Path) -> None:
    """The row as it stands is a new version without the data; an entry of the chain says what was erased."""
    with raw(copy) as connection:
        ledger = Ledger(connection, time.time)
        ledger.begin()
        incident = Statement(select(schema.incidents)).rows(connection)[-1]
        ledger.update(schema.incidents, incident, {"camera_id": ""})
        by_law = Erasure(new_id(), "incidents", str(incident["id"]), "law", "wish", 1, time.time(), RUNTIME.id)
        ledger.insert(schema_cases.erasures, to_row(by_law, schema_cases.erasures))
        ledger.seal(RUNTIME.id, ERASURE, "incidents", str(incident["id"]))
        ledger.flush()
        connection.execute(
            "UPDATE history SET payload = NULL, salt = NULL, erased = 1 WHERE row_id = ? AND version = 1",
            (incident["id"],),
        )
        connection.execute("COMMIT")
    found = verify(copy)
    assert found.problems == ()
    assert found.erased == 1


def test_erased_without_the_flag_is_a_problem(copy: Path) -> None:
    with raw(copy) as connection:
        connection.execute("UPDATE history SET payload = NULL, salt = NULL WHERE table_name = 'incidents'")
    assert "history" in {p.table for p in verify(copy).problems}


def test_evidence_files_are_checked_on_wish(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "evidence")
    path = tmp_path / "journal" / "journal.db"
    with contextlib.closing(open_journal(path)) as journal:
        seen = event()
        journal.apply(RecordEvent(seen), RUNTIME)
        pieces = [evidence(seen.id, *store.put(data, ".jpg")) for data in (b"one", b"two", b"three")]
        for piece in pieces:
            journal.apply(AttachEvidence(piece), RUNTIME)
        assert journal.verify(evidence=store.folder).ok
    altered, missing = store.folder / pieces[0].path, store.folder / pieces[1].path
    altered.chmod(0o600)
    altered.write_bytes(b"other")
    missing.unlink()
    found = verify_file(path, evidence=store.folder)
    assert {(p.row_id, p.field) for p in found.problems} == {(pieces[0].id, "sha256"), (pieces[1].id, "path")}


def test_files_of_exhibits_are_checked_with_them(tmp_path: Path) -> None:
    store = EvidenceStore(tmp_path / "evidence")
    path = tmp_path / "journal" / "journal.db"
    with contextlib.closing(open_journal(path)) as journal:
        add_people(journal)
        incident_id = str(journal.apply(OpenIncident("theft", Severity.LOW, 0.0), OPERATOR).incident_id)
        stored = [store.put(data, ".pdf") for data in (b"one", b"two", b"three")]
        for number, (name, sha256) in enumerate(stored):
            exhibit = Exhibit(f"x{number}", incident_id, EvidenceKind.STILL, name, sha256, "a letter", 0.0, OPERATOR.id)
            journal.apply(AttachExhibit(exhibit), OPERATOR)
        assert journal.verify(evidence=store.folder).ok
    altered, missing = (store.folder / stored[number][0] for number in (0, 1))
    altered.chmod(0o600)
    altered.write_bytes(b"other")
    missing.unlink()
    found = verify_file(path, evidence=store.folder)
    assert {(p.table, p.row_id, p.field) for p in found.problems} == {
        ("exhibits", "x0", "sha256"),
        ("exhibits", "x1", "path"),
    }


@pytest.mark.parametrize(("version", "expected"), [(1, {("evidence", "file missing")}), (2, set())])
def test_files_of_an_older_journal_without_exhibits_are_checked(
    tmp_path: Path, version: int, expected: set[tuple[str, str]]
) -> None:
    path = tmp_path / "journal.db"
    old = Path(__file__).parent / "data" / f"journal-{version:04d}.db.gz"
    path.write_bytes(gzip.decompress(old.read_bytes()))
    found = verify_file(path, evidence=tmp_path)
    assert {(p.table, p.what) for p in found.problems} == expected


def test_verifying_changes_nothing(copy: Path) -> None:
    before = copy.read_bytes()
    verify(copy)
    assert copy.read_bytes() == before


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        verify_file(tmp_path / "nothing.db")
    assert caught.value.code is StorageCode.NOT_FOUND
