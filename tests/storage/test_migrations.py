"""Numbered steps: a backup first, all or nothing, and one schema that the MetaData describes."""

from __future__ import annotations

import contextlib
import gzip
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlite_utils

from storage import applied, columns, database, migrations, schema
from storage.commands import RecordFootageDigest
from storage.embedded_journal import open_journal
from storage.errors import StorageCode, StorageError
from storage.records import Source
from storage.verification import verify_file
from tests.storage.site import RUNTIME


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "journal.db"
    open_journal(path).close()
    return path


@pytest.fixture
def _next_step(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A program of version 4, beside a file of version 3."""
    monkeypatch.setattr(schema, "SCHEMA_VERSION", 4)
    monkeypatch.setattr(database, "SCHEMA_VERSION", 4)
    monkeypatch.setattr(applied, "SCHEMA_VERSION", 4)
    yield
    del migrations.steps._migrations[3:]


def add_note(db: sqlite_utils.Database) -> None:
    db.conn.execute("ALTER TABLE alarms ADD COLUMN note TEXT")


def add_note_badly(db: sqlite_utils.Database) -> None:
    add_note(db)
    db.conn.execute("ALTER TABLE nowhere ADD COLUMN note TEXT")


def test_tables_are_those_of_the_metadata(path: Path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as raw:
        tables = {r[0] for r in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for table in columns.metadata.sorted_tables:
            names = {r[1] for r in raw.execute(f'PRAGMA table_info("{table.name}")')}
            assert names == {c.name for c in table.columns}
    index = {"search", "search_config", "search_data", "search_docs", "search_idx"}
    assert tables == {t.name for t in columns.metadata.sorted_tables} | {"_sqlite_migrations"} | index


def test_every_list_query_has_an_index() -> None:
    indexed = {str(i.name) for t in columns.metadata.sorted_tables for i in t.indexes}
    assert {"ix_alarms_open", "ix_alarms_list", "ix_events_time", "ix_events_alarm", "ix_incidents_open"} <= indexed


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_version_is_brought_forward_and_its_facts_stay(tmp_path: Path, version: int) -> None:
    """The files were written by the programs of version 1 (commit 314dbb8) and 2 (8fd0d9b), kept as they were."""
    path = tmp_path / "journal.db"
    old = gzip.decompress((Path(__file__).parent / "data" / f"journal-{version:04d}.db.gz").read_bytes())
    path.write_bytes(old)
    assert verify_file(path).problems == ()
    with contextlib.closing(open_journal(path)) as journal:
        assert journal.counts()["incidents"] == 1
        assert journal.counts()["footage_digests"] == version - 1
        assert [a.camera_id for a in journal.alarms(open_only=False)]
        incident = journal.incidents()[0]
        assert (incident.source, incident.title, incident.damage_minor) == (Source.ALARM, "", None)
        assert {c.id: c.letter for c in journal.registry().categories}["robbery"] == "R"
        assert "detained" in {o.id for o in journal.registry().outcomes}
        journal.apply(RecordFootageDigest(0.0, 3600.0, 1, "ab" * 32), RUNTIME)
        assert journal.verify().problems == ()
    with contextlib.closing(sqlite3.connect(path.with_name(f"journal.db.before-{version + 1}.bak"))) as backup:
        assert backup.execute("PRAGMA user_version").fetchone()[0] == version
        assert backup.execute("SELECT count(*) FROM audit").fetchone()[0] >= 12
    assert _layout(path) == _layout_of_new(tmp_path)


def _layout(path: Path) -> dict[str, str]:
    """Every table and index with the text it was made by."""
    with contextlib.closing(sqlite3.connect(path)) as raw:
        rows = raw.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {name: " ".join(sql.split()) for name, sql in rows}


def _layout_of_new(folder: Path) -> dict[str, str]:
    open_journal(folder / "new" / "journal.db").close()
    return _layout(folder / "new" / "journal.db")


@pytest.mark.usefixtures("_next_step")
def test_an_older_journal_is_copied_then_brought_forward(path: Path) -> None:
    size = path.stat().st_size
    migrations.steps(name="0004_note")(add_note)
    open_journal(path).close()
    with contextlib.closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA user_version").fetchone()[0] == 4
        assert "note" in [r[1] for r in raw.execute("PRAGMA table_info(alarms)")]
    backup = path.with_name("journal.db.before-4.bak")
    assert backup.stat().st_size == size
    assert verify_file(backup).ok
    assert verify_file(path).ok


@pytest.mark.usefixtures("_next_step")
def test_a_copy_that_fails_leaves_the_one_before_and_the_journal(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_connection: sqlite3.Connection, target: Path, *_: object) -> None:
        target.write_bytes(b"half")
        raise StorageError(StorageCode.DISK_FULL, path=str(target))

    migrations.steps(name="0004_note")(add_note)
    backup = path.with_name("journal.db.before-4.bak")
    backup.write_bytes(b"of an earlier attempt")
    before = sorted(file.name for file in path.parent.iterdir())
    with monkeypatch.context() as patched:
        patched.setattr(database, "copy_to", full)
        with pytest.raises(StorageError) as caught:
            open_journal(path)
    assert caught.value.code is StorageCode.DISK_FULL
    assert backup.read_bytes() == b"of an earlier attempt"
    assert sorted(file.name for file in path.parent.iterdir()) == before
    with contextlib.closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA user_version").fetchone()[0] == 3
    open_journal(path).close()
    assert verify_file(backup).ok


@pytest.mark.usefixtures("_next_step")
def test_what_another_process_migrated_meanwhile_is_not_copied_over_the_old_one(path: Path) -> None:
    backup = path.with_name("journal.db.before-4.bak")
    backup.write_bytes(b"by the other process")
    migrations.steps(name="0004_note")(add_note)
    with contextlib.closing(database.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 4")  # it came between our look and our copy
        migrations.migrate(connection, path, exists=True)
    assert backup.read_bytes() == b"by the other process"
    assert not path.with_name("journal.db.before-5.bak").exists()


@pytest.mark.usefixtures("_next_step")
def test_a_step_that_fails_changes_nothing(path: Path) -> None:
    migrations.steps(name="0004_bad")(add_note_badly)
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        open_journal(path)
    with contextlib.closing(sqlite3.connect(path)) as raw:
        assert raw.execute("PRAGMA user_version").fetchone()[0] == 3
        assert "note" not in [r[1] for r in raw.execute("PRAGMA table_info(alarms)")]
    assert verify_file(path).ok


@pytest.mark.parametrize(
    "gap", ["DROP TABLE shelves", "ALTER TABLE zones DROP COLUMN kind", 'ALTER TABLE rules DROP COLUMN "limit"']
)
def test_a_file_of_this_version_that_lacks_something_is_refused_at_once(path: Path, gap: str) -> None:
    """As one of version 3 that was made before the step had grown, or one that somebody cut."""
    with contextlib.closing(sqlite3.connect(path)) as raw:
        raw.execute(gap)
    before = path.read_bytes()
    with pytest.raises(StorageError) as caught:
        open_journal(path)
    assert caught.value.code is StorageCode.DAMAGED
    assert gap.split()[2] in str(caught.value.details["cause"])
    assert path.read_bytes() == before
