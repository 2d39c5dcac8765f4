"""Somebody with the file (and SQLite, and time, but not the signing key) tries to deceive `verify`."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import chain, checkpoints, schema, verification
from storage.commands import (
    SignCheckpoint,
)
from storage.embedded_journal import open_journal
from storage.errors import StorageCode, StorageError
from storage.journal import Problem, Verification
from storage.keys import SigningKey
from storage.verification import verify_file
from tests.storage.site import RUNTIME, fill, filled


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


def tables(problems: tuple[Problem, ...]) -> set[str]:
    return {p.table for p in problems}


@contextlib.contextmanager
def raw(path: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        yield connection


def test_an_event_behind_a_copy_of_its_old_payload(copy: Path) -> None:
    """The history of an event has no payload, since the row is it; a payload put there must not stand for the row."""
    names = [c.name for c in schema.events.columns]
    with raw(copy) as connection:
        row = dict(zip(names, connection.execute(f"SELECT {', '.join(names)} FROM events").fetchone(), strict=True))
        key = ("events", row["id"])
        text = chain.payload(row)
        connection.execute("UPDATE history SET payload = ? WHERE table_name = ? AND row_id = ?", (text, *key))
        connection.execute("UPDATE events SET label = 'dog', score = 0.01 WHERE id = ?", (row["id"],))
    assert ("history", "payload") in {(p.table, p.field) for p in verify(copy).problems}


def test_a_row_behind_an_erased_history(copy: Path) -> None:
    """The flag alone is no erasure: it must stand in the chain, and then there is no row that nobody can check."""
    with raw(copy) as connection:
        connection.execute("UPDATE history SET payload = NULL, salt = NULL, erased = 1 WHERE table_name = 'incidents'")
        connection.execute("UPDATE incidents SET note = 'nothing happened', state = 'closed'")
    assert {"history", "incidents"} <= tables(verify(copy).problems)


def test_events_behind_an_erased_history(copy: Path) -> None:
    with raw(copy) as connection:
        connection.execute("UPDATE history SET salt = NULL, erased = 1 WHERE table_name = 'events'")
        connection.execute("UPDATE events SET label = 'dog'")
    assert {"history", "events"} <= tables(verify(copy).problems)


SCHEMA_EDITS = {
    "trigger": "CREATE TRIGGER quiet BEFORE INSERT ON events BEGIN SELECT RAISE(IGNORE); END",
    "view over a table": "ALTER TABLE incidents RENAME TO hidden; CREATE VIEW incidents AS SELECT * FROM hidden",
    "view over the schema's own record": "ALTER TABLE meta RENAME TO hidden; CREATE VIEW meta AS SELECT * FROM hidden",
    "column": "ALTER TABLE incidents ADD COLUMN secret TEXT",
    "column gone": "ALTER TABLE incidents DROP COLUMN note",
    "generated column": "ALTER TABLE events ADD COLUMN hidden TEXT GENERATED ALWAYS AS (label) VIRTUAL",
    "table": "CREATE TABLE shadow (id TEXT)",
    "table gone": "DROP TABLE exports",
    "migrations gone": "DROP TABLE _sqlite_migrations",
    "index gone": "DROP INDEX ix_alarms_open",
    "default": (
        "PRAGMA writable_schema = ON;"
        "UPDATE sqlite_master SET sql = replace(sql, 'note TEXT NOT NULL', 'note BLOB NOT NULL')"
        " WHERE name = 'incidents'; PRAGMA writable_schema = RESET"
    ),
}


@pytest.mark.parametrize("edit", SCHEMA_EDITS)
def test_an_edited_schema_is_named(copy: Path, edit: str) -> None:
    with raw(copy) as connection:
        connection.executescript(SCHEMA_EDITS[edit])
    assert "sqlite_master" in tables(verify(copy).problems)


def test_an_index_that_hides_a_row_is_named(copy: Path) -> None:
    """The row is there, but the lists are read through an index that lacks it."""
    with raw(copy) as connection:
        connection.executescript(
            "PRAGMA writable_schema = ON;"
            "UPDATE sqlite_master SET sql = replace(sql, '!= ''closed''', '= ''nothing''')"
            " WHERE name = 'ix_incidents_open';"
            "PRAGMA writable_schema = RESET; REINDEX ix_incidents_open; PRAGMA writable_schema = ON;"
            "UPDATE sqlite_master SET sql = replace(sql, '= ''nothing''', '!= ''closed''')"
            " WHERE name = 'ix_incidents_open'; PRAGMA writable_schema = RESET;"
        )
    assert "sqlite_master" in tables(verify(copy).problems)


HOSTILE = {
    "not UTF-8": "CAST(x'ff41' AS TEXT)",
    "a surrogate": "CAST(x'eda080' AS TEXT)",
    "a blob": "x'ff'",
    "deep JSON": "replace(hex(zeroblob(60000)), '0', '[')",
    "other JSON": "'7'",
    "odd JSON": "'[7, [], [[]], {}]'",
    "NUL": "char(0)",
    "long": "'" + "x" * 70_000 + "'",
}
FIELDS = [
    ("incidents", "note"),
    ("incidents", "id"),
    ("events", "label"),
    ("events", "id"),
    ("events", "utc_s"),
    ("audit", "digests"),
    ("audit", "action"),
    ("audit", "previous_hash"),
    ("history", "payload"),
    ("history", "row_id"),
    ("history", "version"),
    ("meta", "value"),
    ("checkpoints", "rows"),
    ("checkpoints", "seq"),
    ("checkpoints", "signature"),
    ("signing_keys", "public_key"),
    ("evidence", "path"),
    ("_sqlite_migrations", "name"),
]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize(("table", "column"), FIELDS)
def test_hostile_values_are_named_and_stop_nothing(copy: Path, table: str, column: str, value: str) -> None:
    with raw(copy) as connection:
        some = "rowid = (SELECT max(rowid) FROM {0})" if table != "history" else "seq = (SELECT max(seq) FROM {0})"
        where = f" WHERE {some.format(table)}" if table != "meta" else ""
        connection.execute(f'UPDATE {table} SET "{column}" = {HOSTILE[value]}{where}')
    folder = copy.parent.parent
    found = verify_file(copy, checkpoints=folder / "checkpoints", evidence=folder / "evidence")
    assert table in tables(found.problems)


def test_a_sequence_between_two(copy: Path) -> None:
    """A number that SQLite keeps as a float in an integer column names one row and does not drown the others."""
    with raw(copy) as connection:
        connection.execute("UPDATE history SET seq = 5.5 WHERE seq = 5")
    found = verify(copy)
    assert "history" in tables(found.problems)
    assert len(found.problems) < 6


def rebuilt(site: Path, folder: Path) -> Path:
    """Another journal, made by the program itself with another key, in the place of the site's."""
    shutil.copytree(site, folder)
    path = folder / "journal" / "journal.db"
    path.unlink()
    with contextlib.closing(open_journal(path, SigningKey.generate())) as journal:
        fill(journal)
    return path


def test_another_journal_in_its_place(original: Path, tmp_path: Path) -> None:
    """Rebuilt from nothing and signed with another key: only the checkpoints elsewhere know a journal of this site."""
    path = rebuilt(original, tmp_path / "site")
    with contextlib.closing(open_journal(path, checkpoints=tmp_path / "site" / "checkpoints")) as journal:
        assert "checkpoints elsewhere" in tables(journal.verify().problems)


def test_another_key_and_all_signed_again(original: Path, tmp_path: Path) -> None:
    """The same journal number, so that the checkpoints elsewhere are found."""
    path = rebuilt(original, tmp_path / "site")
    with contextlib.closing(sqlite3.connect(original / "journal" / "journal.db")) as connection:
        old = connection.execute("SELECT value FROM meta WHERE id = 'journal_id'").fetchone()[0]
    with raw(path) as connection:
        connection.execute("UPDATE meta SET value = ? WHERE id = 'journal_id'", (old,))
    problems = verify(path).problems
    assert {"its key is not in the journal's register", "the chain is not the one that was signed"} <= {
        p.what for p in problems if p.table == "checkpoints elsewhere"
    }


def test_a_wal_from_elsewhere_beside_a_copy(copy: Path, tmp_path: Path) -> None:
    """A left over WAL with other rows is read as SQLite reads it, and what it changes is named."""
    with raw(copy) as connection:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("UPDATE incidents SET note = 'altered'")
        target = tmp_path / "with wal" / "journal.db"
        target.parent.mkdir()
        for name in ("journal.db", "journal.db-wal"):
            shutil.copy(copy.with_name(name), target.with_name(name))
    assert ("incidents", "note") in {(p.table, p.field) for p in verify_file(target).problems}


def test_values_swapped_between_two_rows(copy: Path) -> None:
    with raw(copy) as connection:
        first, second = (r[0] for r in connection.execute("SELECT id FROM events ORDER BY id LIMIT 2"))
        connection.execute("PRAGMA foreign_keys = OFF")
        for before, after in ((first, "between"), (second, first), ("between", second)):
            connection.execute("UPDATE events SET id = ? WHERE id = ?", (after, before))
    assert {first, second} <= {p.row_id for p in verify(copy).problems if p.table == "events"}


def test_history_in_another_order(copy: Path) -> None:
    with raw(copy) as connection:
        seq = connection.execute("SELECT seq FROM history WHERE position = 1 LIMIT 1").fetchone()[0]
        for before, after in ((0, 90), (1, 0), (90, 1)):
            connection.execute("UPDATE history SET position = ? WHERE seq = ? AND position = ?", (after, seq, before))
    assert "history" in tables(verify(copy).problems)


def test_a_forged_chain_without_the_key(copy: Path) -> None:
    """One incident's note altered, and payload, digest, entry and all hashes after it recomputed."""
    with raw(copy) as connection:
        connection.row_factory = sqlite3.Row
        row = connection.execute("SELECT * FROM history WHERE table_name = 'incidents' ORDER BY seq DESC").fetchone()
        payload = {**json.loads(row["payload"]), "note": "altered"}
        digest = chain.digest(row["salt"], chain.payload(payload))
        connection.execute("UPDATE incidents SET note = 'altered' WHERE id = ?", (row["row_id"],))
        connection.execute(
            "UPDATE history SET payload = ?, digest = ? WHERE seq = ? AND position = ?",
            (chain.payload(payload), digest, row["seq"], row["position"]),
        )
        head = chain.GENESIS
        for entry in connection.execute("SELECT * FROM audit ORDER BY seq").fetchall():
            fields = {**dict(entry), "previous_hash": head}
            fields["digests"] = fields["digests"].replace(row["digest"], digest)
            head = chain.entry_hash(fields)
            connection.execute(
                "UPDATE audit SET previous_hash = ?, digests = ?, hash = ? WHERE seq = ?",
                (fields["previous_hash"], fields["digests"], head, entry["seq"]),
            )
    assert {"checkpoints", "checkpoints elsewhere"} <= tables(verify(copy).problems)
    assert {"checkpoints"} == tables(verify_file(copy).problems)


def test_a_checkpoint_signed_while_verifying_is_no_cut(original: Path, tmp_path: Path) -> None:
    """The folder elsewhere is read before the transaction's first read fixes what it sees."""
    path, elsewhere = tmp_path / "journal" / "journal.db", tmp_path / "checkpoints"
    with contextlib.closing(open_journal(path, SigningKey.generate(), checkpoints=elsewhere)) as journal:
        journal.apply(SignCheckpoint(), RUNTIME)
        real = checkpoints.read_outside

        def slow(folder: Path) -> dict[str, list[checkpoints.OutsideCheckpoint]]:
            found = real(folder)
            journal.apply(SignCheckpoint(), RUNTIME)
            return found

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(verification, "read_outside", slow)
            assert journal.verify().problems == ()


def test_altered_bytes_are_damage_for_other_readers(copy: Path) -> None:
    with raw(copy) as connection:
        connection.execute("UPDATE incidents SET note = CAST(x'ff' AS TEXT)")
    with contextlib.closing(open_journal(copy)) as journal, pytest.raises(StorageError) as caught:
        journal.incidents()
    assert caught.value.code is StorageCode.DAMAGED
