"""Seconds to verify a journal of 1M events against reading and hashing the same bytes once.

The journal (1M events of 50 cameras, one in 20 alarms judged, 1.05M entries, 2.05M history rows, 1.6 GB) is made once
by the program's own handlers and kept in the temporary folder. The reference reads every row of the same tables in
their order and takes SHA-256 of every payload, event and entry with nothing compared: one pass, one thread.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import tempfile
import time
from pathlib import Path

from benchmarks.harness import report
from storage import columns, database, schema
from storage.commands import JudgeAlarm, RecordEvent, SignCheckpoint
from storage.embedded_journal import open_journal
from storage.errors import StorageError
from storage.handlers import execute
from storage.journal import Verification
from storage.keys import SigningKey
from storage.ledger import Ledger
from storage.records import Actor, Box, Event, RuleKind, Severity, Verdict, new_id
from storage.statements import create_sql
from storage.verification import verify_file

EVENTS = 1_000_000
RUNS = 3
_CAMERAS = 50
_AN_ALARM = 20
_A_GROUP = 5000
_RUNTIME, _OPERATOR = Actor("service:runtime"), Actor("os:bench")
_READ = (
    "SELECT * FROM audit ORDER BY seq",
    "SELECT * FROM history ORDER BY seq, position",
    "SELECT * FROM events ORDER BY rowid",
)


def run(events: int = EVENTS, runs: int = RUNS) -> dict[str, object]:
    """The bench's result; `ours.seconds` is the figure to reach (under 5 on two cores)."""
    path = journal_of(events)
    ours: list[dict[str, float]] = []
    reference: list[dict[str, float]] = []
    for _ in range(runs):
        reference.append({"seconds": _read_and_hash(path)})
        before = time.perf_counter()
        found = verify_file(path)
        seconds = time.perf_counter() - before
        _require_whole(found, events)
        ours.append({"seconds": seconds, "events_per_s": events / seconds, "file_mb": path.stat().st_size / 1e6})
    return report("verify", "lower", ours, {"read and hash once": reference}, "seconds")


def journal_of(events: int) -> Path:
    """A journal of so many events, made when there is none of this version and shape yet."""
    folder = Path(tempfile.gettempdir()) / f"watchfloor-bench-{os.getuid() if hasattr(os, 'getuid') else 0}"
    path = folder / f"journal-{schema.SCHEMA_VERSION}-{_shape()}-{events}.db"
    try:
        if path.exists() and database.inspect(path):
            return path
    except StorageError:
        path.unlink()
    making = path.with_suffix(".making")
    for left in (making, Path(f"{making}-wal"), Path(f"{making}-shm")):
        left.unlink(missing_ok=True)
    _make(making, events)
    making.replace(path)
    return path


def _shape() -> str:
    """Changes with every table: a file of another shape is not whole, though its version be the same."""
    made = "".join(sql for table in columns.metadata.sorted_tables for sql in create_sql(table))
    return hashlib.sha256(made.encode()).hexdigest()[:8]


def _make(path: Path, events: int) -> None:
    """Large groups and no fsync: what is written is the same."""
    key = SigningKey.generate()
    with contextlib.closing(open_journal(path, key)) as journal:
        journal.ensure_first_operator(_OPERATOR.id, "Bench")
    with contextlib.closing(database.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        ledger = Ledger(connection, time.time, key)
        for first in range(0, events, _A_GROUP):
            ledger.begin()
            for number in range(first, min(first + _A_GROUP, events)):
                _record(ledger, number)
            ledger.flush()
            connection.execute("COMMIT")
        ledger.begin()
        execute(ledger, SignCheckpoint(), _RUNTIME)
        ledger.flush()
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _record(ledger: Ledger, number: int) -> None:
    receipt = execute(ledger, RecordEvent(event_of(number)), _RUNTIME)
    turn, camera = divmod(number, _CAMERAS)
    if turn % _AN_ALARM == _AN_ALARM - 1 and receipt.alarm_id is not None:
        verdict = Verdict.INCIDENT if camera == 0 else Verdict.FALSE
        execute(ledger, JudgeAlarm(receipt.alarm_id, 1, verdict), _OPERATOR)


def event_of(number: int) -> Event:
    """Numbers with as many digits as a detector's have."""
    camera, utc_s, x = number % _CAMERAS, 1_700_000_000.0 + number * 7.3, 0.1 + number % 31 / 97
    box = Box(x, 0.2123, x + 0.2, 0.7713)
    score, model = 0.5 + number % 97 / 211, "yolo11n int8 CPU"
    names = (new_id(utc_s), f"camera-{camera}", f"rule-{camera}")
    times = (utc_s, utc_s - 1.25, number)
    return Event(*names, RuleKind.INTRUSION, Severity.MEDIUM, *times, "person", score, box, model, number / 15)


def _read_and_hash(path: Path) -> float:
    started = time.perf_counter()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.text_factory = bytes
        for sql in _READ:
            for row in connection.execute(sql):
                hashlib.sha256(b"".join(v if isinstance(v, bytes) else b"%a" % v for v in row)).digest()
    return time.perf_counter() - started


def _require_whole(found: Verification, events: int) -> None:
    if not found.ok or found.entries < events:
        raise AssertionError(found)
