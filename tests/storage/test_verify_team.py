"""A verification that several processes share names exactly what one alone names."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import shutil
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any, cast

import pytest

from storage import chain, database, verification, verify_parts, verify_team
from storage.commands import RecordEvent, SignCheckpoint
from storage.embedded_journal import open_journal
from storage.errors import StorageCode, StorageError
from storage.journal import Problem
from storage.keys import SigningKey
from storage.verification import verify_file
from storage.verify_parts import PAGES, WALK, Part, PartResult, plan
from storage.verify_team import Mate, agree, share
from tests.storage.site import RUNTIME, event

EVENTS = 60
EDITS = {
    "nothing": "SELECT 1",
    "an event": "UPDATE events SET score = 0.1 WHERE rowid = 20",
    "an event of infinity": "UPDATE events SET score = 9e999 WHERE rowid = 20",
    "an entry of infinity": "UPDATE audit SET at_utc_s = 9e999 WHERE seq = 31",
    "a tiny number": "UPDATE events SET x1 = 1e-7 WHERE rowid = 20",
    "an event gone": "DELETE FROM events WHERE rowid = 20",
    "an event without history": "INSERT INTO events SELECT * FROM made_up",
    "events in another order": "UPDATE events SET rowid = 1000 - rowid",
    "a payload": "UPDATE history SET payload = '{}' WHERE seq = 30 AND payload NOT NULL",
    "a salt": "UPDATE history SET salt = randomblob(16) WHERE seq = 30",
    "a digest": "UPDATE history SET digest = 'x' WHERE seq = 30",
    "history in no order": "UPDATE history SET position = position + 7 WHERE seq = 30",
    "history gone": "DELETE FROM history WHERE seq = 30",
    "history of nobody": "UPDATE history SET seq = 5000 WHERE seq = 30",
    "history of a fraction": "UPDATE history SET seq = 30.5 WHERE seq = 30",
    "history of a word": "UPDATE history SET seq = 'word' WHERE seq = 30",
    "a hash": "UPDATE audit SET hash = 'x' WHERE seq % 5 = 0",
    "a link": "UPDATE audit SET previous_hash = 'x' WHERE seq % 7 = 0",
    "an actor": "UPDATE audit SET actor_id = 'somebody' WHERE seq % 9 = 0",
    "a number for a text": "UPDATE audit SET subject = CAST(x'35' AS BLOB) WHERE seq = 31",
    "entries gone": "DELETE FROM audit WHERE seq BETWEEN 20 AND 26",
    "the first entries gone": "DELETE FROM audit WHERE seq < 4",
    "the last entries gone": "DELETE FROM audit WHERE seq > 40",
    "erased without a word": "UPDATE history SET payload = NULL, salt = NULL, erased = 1 WHERE seq = 30",
    "an alarm": "UPDATE alarms SET count = count + 1",
    "an alarm gone": "DELETE FROM alarms WHERE rowid = 1",
    "not UTF-8": "UPDATE events SET label = CAST(x'ff41' AS TEXT) WHERE rowid = 20",
    "no Unicode": "UPDATE audit SET action = CAST(x'eda080' AS TEXT) WHERE seq = 31",
    "a table of a strange name": 'CREATE TABLE "odd""name" (x)',
    "an odd table name": "UPDATE history SET table_name = x'ff' WHERE seq = 30",
}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed journal with some dozens of entries; never changed."""
    folder = tmp_path_factory.mktemp("original")
    path = folder / "journal" / "journal.db"
    with contextlib.closing(open_journal(path, SigningKey.generate(), checkpoints=folder / "checkpoints")) as journal:
        for index in range(EVENTS):
            journal.apply(RecordEvent(event(index, f"c{index % 7}")), RUNTIME)
        journal.apply(SignCheckpoint(), RUNTIME)
    return path


@pytest.fixture
def copy(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(original, tmp_path / "journal.db"))


def edit(path: Path, sql: str) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute("CREATE TEMP TABLE made_up AS SELECT * FROM events ORDER BY rowid DESC LIMIT 1")
        connection.execute("UPDATE made_up SET id = 'made-up'")
        connection.execute(sql)


def split(monkeypatch: pytest.MonkeyPatch) -> None:
    """Walks of a few entries each."""
    monkeypatch.setattr(verify_parts, "BIG_ENTRIES", 0)


@pytest.mark.parametrize("name", EDITS)
def test_parts_together_name_what_one_pass_names(copy: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(copy, EDITS[name])
    alone = verify_file(copy, processes=1)
    split(monkeypatch)
    monkeypatch.setattr(verification, "plan", lambda connection, _processes: plan(connection, 3))
    together = verify_file(copy, processes=1)
    assert set(together.problems) == set(alone.problems)
    assert (together.rows, together.entries, together.head, together.erased) == (
        (alone.rows, alone.entries, alone.head, alone.erased)
    )
    assert alone.ok == (name in ("nothing", "events in another order"))


@pytest.mark.parametrize("name", ["nothing", "an event", "not UTF-8", "a link"])
def test_processes_together_name_what_one_names(copy: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(copy, EDITS[name])
    alone = verify_file(copy, processes=1)
    split(monkeypatch)
    together = verify_file(copy, processes=2)
    assert set(together.problems) == set(alone.problems)
    assert (together.rows, together.entries, together.head) == (alone.rows, alone.entries, alone.head)


def test_a_journal_that_is_being_written_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    split(monkeypatch)
    path, ended = tmp_path / "journal" / "journal.db", threading.Event()
    with contextlib.closing(open_journal(path)) as journal:

        def write() -> None:
            number = 0
            while not ended.wait(0.002):
                journal.apply(RecordEvent(event(number, f"c{number % 5}")), RUNTIME)
                number += 1

        writer = threading.Thread(target=write)
        writer.start()
        try:
            before = journal.head()[0]
            found = verify_file(path, processes=2)
        finally:
            ended.set()
            writer.join()
    assert found.problems == ()
    assert found.entries >= before


class Deaf:
    """A mate that dies at its first part."""

    def __init__(self, seq: int) -> None:
        self.seq = seq

    def ask(self, request: dict[str, Any]) -> Any:
        """Agrees, and is gone."""
        return {"seq": self.seq} if "begin" in request else None


def test_the_part_of_a_dead_process_is_done_here(original: Path) -> None:
    with contextlib.closing(database.connect_for_reading(original)) as connection:
        mate = cast(Mate, Deaf(verify_parts.last_seq(connection)))
        assert agree(connection, [mate]) == [mate]
        parts = plan(connection, 2)
        results = share(connection, parts, [mate])
    assert len(results) == len(parts)
    assert sum(r.walked.entries for r in results if r.walked) > EVENTS


def test_a_process_that_sees_another_state_is_left_out(original: Path) -> None:
    with contextlib.closing(database.connect_for_reading(original)) as connection:
        assert agree(connection, [cast(Mate, Deaf(1))]) == []


@pytest.mark.parametrize(
    "sql", ["DROP TABLE audit", "DROP TABLE history", "UPDATE audit SET hash = CAST(x'ff' AS TEXT) WHERE seq = 50"]
)
@pytest.mark.parametrize("processes", [1, 2])
def test_what_is_gone_or_unreadable_is_named_not_raised(copy: Path, sql: str, processes: int) -> None:
    edit(copy, sql)
    assert not verify_file(copy, processes=processes).ok


@pytest.mark.parametrize("executable", ["/no/such/python", "/bin/false"])
def test_without_processes_one_does_it_all(original: Path, executable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    assert verify_file(original, processes=3).ok


def test_a_frozen_program_starts_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert verify_team.processors() == 1


def test_damage_met_by_a_process_is_raised_here(original: Path, tmp_path: Path) -> None:
    data = bytearray(original.read_bytes())
    size = len(data)
    for page in range(4096 * 4, size, 4096):
        data[page : page + 200] = b"\xff" * 200
    path = tmp_path / "damaged.db"
    path.write_bytes(data)
    with pytest.raises(StorageError) as caught:
        verify_file(path, processes=2)
    assert caught.value.code is StorageCode.DAMAGED


def test_results_travel_as_they_are(original: Path) -> None:
    with contextlib.closing(database.connect_for_reading(original)) as connection:
        result = verify_parts.run_part(connection, Part(WALK))
        assert verify_parts.from_json(json.loads(json.dumps(verify_parts.to_json(result)))) == result
        pages = verify_parts.run_part(connection, Part(PAGES, ("events", "audit")))
    assert verify_parts.from_json(verify_parts.to_json(pages)) == pages
    problem = PartResult(problems=(Problem("t", "\udcff", "x", None),))
    assert verify_parts.from_json(json.loads(json.dumps(verify_parts.to_json(problem)))) == problem


def test_a_process_ends_with_its_input_and_fails_quietly(original: Path, tmp_path: Path) -> None:
    answers: list[object] = []
    requests = ['{"begin": true}\n', '{"part": {"kind": "walk", "names": [], "low": 0, "high": 9}}\n']
    assert verify_team.serve(original, requests, answers.append) == 0
    assert len(answers) == 2
    assert verify_team.serve(tmp_path / "nothing.db", requests, answers.append) == 1


@pytest.mark.parametrize("name", ["journal-0001.db.gz", "journal-0002.db.gz"])
def test_a_file_of_an_older_version_is_verified_as_it_is(tmp_path: Path, name: str) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(gzip.decompress((Path(__file__).parent / "data" / name).read_bytes()))
    before = path.read_bytes()
    found = verify_file(path)
    assert found.problems == ()
    assert found.entries > 10
    assert path.read_bytes() == before
    edit(path, "UPDATE incidents SET note = 'altered'")
    assert ("incidents", "note") in {(p.table, p.field) for p in verify_file(path).problems}


@pytest.mark.parametrize("value", ["x'ff'", "9e999"])
def test_a_value_without_form_is_not_saved_by_a_hash_that_fits_another(copy: Path, value: str) -> None:
    """The hash is made again as if the field were nothing, or null."""
    for text in (b"", b"null"):
        with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            entry = dict(connection.execute("SELECT * FROM audit WHERE seq = 31").fetchone())
            body = {k: entry[k] for k in sorted(entry) if k not in ("hash", "previous_hash")} | {"at_utc_s": None}
            form = chain.canonical(body).encode() if text else b""
            forged = hashlib.sha256(str(entry["previous_hash"]).encode() + form).hexdigest()
            connection.execute(f"UPDATE audit SET at_utc_s = {value}, hash = ? WHERE seq = 31", (forged,))
            connection.execute("UPDATE audit SET previous_hash = ? WHERE seq = 32", (forged,))
        assert ("audit", "31", "entry altered") in {(p.table, p.row_id, p.what) for p in verify_file(copy).problems}
