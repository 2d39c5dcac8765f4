"""Rows/s of `apply(RecordEvent)` against raw sqlite3 that writes the same rows, indexes and commits.

8 threads call `apply` flat out, each waiting for its answer. The reference replays what ours wrote: the same rows by
the same statements in groups of the same mean size, on one thread, without permission, version and chain checks,
digests, queues and threads. `soon_*` is the same through `apply_soon` (4 threads, at most 64 unanswered events each)
with a reference of its own, since its groups are larger. `durable_p99_ms` is the time from `apply` to its return for
the slowest percent of a paced load (500/s from 8 threads, 8 readers beside); `at_3000_p99_ms` is the same at 3,000/s,
of which `at_3000_rows_per_s` were reached.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.harness import machine
from storage import columns, database, schema
from storage.commands import RecordEvent
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.journal import Receipt
from storage.records import Actor, Box, Event, RuleKind, Severity, new_id
from storage.statements import Row, Statement, Value, create_sql, insert_into, update_of

EVENTS = 4000
SOON_THREADS = 4
SOON_UNANSWERED = 64
THREADS = 8
PACED_S = 3.0
PACED_THREADS = 8
PACED_PER_S = 500
PRESSED_PER_S = 3000
READERS = 8
Write = tuple[str, Sequence[Value]]
_FED = ("count", "last_utc_s", "revision")
_RUNTIME = Actor("service:runtime")


def run(json_runs: int = 5) -> dict[str, object]:
    """`json_runs` interleaved runs of both; medians."""
    applied, soon = _Comparison(), _Comparison()
    for _ in range(json_runs):
        soon.add(SOON_THREADS, _submit_soon)
        applied.add(THREADS, lambda journal, events: _submit(journal, events, 0.0))
    with tempfile.TemporaryDirectory(prefix="watchfloor-bench-") as folder:
        p50_ms, p99_ms, _ = _paced(Path(folder) / "paced", PACED_PER_S)
        _, pressed_p99_ms, reached = _paced(Path(folder) / "pressed", PRESSED_PER_S)
    return {
        "name": "journal",
        "machine": machine(),
        "better": "higher",
        "runs": json_runs,
        "spread": [round(min(applied.ratios), 4), round(max(applied.ratios), 4)],
        "ours": {
            "rows_per_s": round(statistics.median(applied.ours)),
            "rows_per_commit": round(statistics.median(applied.per_commit), 1),
            "durable_p99_ms": round(p99_ms, 2),
            "durable_p50_ms": round(p50_ms, 2),
            "at_3000_p99_ms": round(pressed_p99_ms, 2),
            "at_3000_rows_per_s": round(reached),
            "soon_rows_per_s": round(statistics.median(soon.ours)),
            "soon_ratio": round(soon.ratio, 3),
        },
        "references": {
            "sqlite3": {
                "rows_per_s": round(statistics.median(applied.raw)),
                "soon_rows_per_s": round(statistics.median(soon.raw)),
            }
        },
        "reference": "sqlite3",
        "ratio": round(applied.ratio, 3),
    }


class _Comparison:
    """Runs of one way of submitting, each with its reference right after it."""

    def __init__(self) -> None:
        self.ours: list[float] = []
        self.raw: list[float] = []
        self.ratios: list[float] = []
        self.per_commit: list[float] = []

    @property
    def ratio(self) -> float:
        """Median of the runs' own ratios."""
        return statistics.median(self.ratios)

    def add(self, threads: int, submit: Callable[[EmbeddedJournal, list[list[Event]]], object]) -> None:
        """One run."""
        with tempfile.TemporaryDirectory(prefix="watchfloor-bench-") as folder:
            path = Path(folder) / "ours" / "journal.db"
            rows_per_s, per_commit = _flat_out(path, threads, submit)
            reference = _raw(Path(folder) / "raw.db", path, per_commit)
        self.ours.append(rows_per_s)
        self.raw.append(reference)
        self.ratios.append(rows_per_s / reference)
        self.per_commit.append(per_commit)


def _event(camera: int, index: int) -> Event:
    utc_s = 1_800_000_000.0 + index * 0.1
    box = Box(0.1, 0.2, 0.3, 0.4)
    return Event(
        new_id(),
        f"camera-{camera}",
        "rule",
        RuleKind.INTRUSION,
        Severity.MEDIUM,
        utc_s,
        utc_s - 1,
        index,
        "person",
        0.5,
        box,
    )


def _flat_out(
    path: Path, threads: int, submit: Callable[[EmbeddedJournal, list[list[Event]]], object]
) -> tuple[float, float]:
    """Rows/s, and the events per commit that came of it."""
    with contextlib.closing(open_journal(path)) as journal:
        events = [[_event(t, i) for i in range(EVENTS // threads)] for t in range(threads)]
        _submit(journal, [[_event(t, 0)] for t in range(threads)], 0.0)
        groups, commands = journal.writer.groups, journal.writer.commands
        started = time.perf_counter()
        submit(journal, events)
        seconds = time.perf_counter() - started
        per_commit = (journal.writer.commands - commands) / (journal.writer.groups - groups)
    return sum(map(len, events)) / seconds, per_commit


def _submit_soon(journal: EmbeddedJournal, events: list[list[Event]]) -> None:
    """One thread per list, a bounded number unanswered; returns when every event is durable."""

    def work(mine: list[Event]) -> None:
        room = threading.Semaphore(SOON_UNANSWERED)

        def answered(answer: Receipt | Exception) -> None:
            if not isinstance(answer, Receipt):
                raise answer
            room.release()

        for event in mine:
            room.acquire()
            journal.apply_soon(RecordEvent(event), _RUNTIME, answered)
        for _ in range(SOON_UNANSWERED):
            room.acquire()

    _run([threading.Thread(target=work, args=(mine,)) for mine in events])


def _run(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _paced(folder: Path, per_s: int) -> tuple[float, float, float]:
    """Median and slowest percent of `apply` in milliseconds, and the rows/s that were reached."""
    count = int(per_s * PACED_S / PACED_THREADS)
    done = threading.Event()
    with contextlib.closing(open_journal(folder / "journal.db")) as journal:
        readers = [threading.Thread(target=_read, args=(journal, done)) for _ in range(READERS)]
        for reader in readers:
            reader.start()
        events = [[_event(t, i) for i in range(count)] for t in range(PACED_THREADS)]
        started = time.perf_counter()
        latencies = sorted(_submit(journal, events, PACED_THREADS / per_s))
        reached = len(latencies) / (time.perf_counter() - started)
        done.set()
        for reader in readers:
            reader.join()
    return latencies[len(latencies) // 2] * 1000, latencies[int(len(latencies) * 0.99)] * 1000, reached


def _read(journal: EmbeddedJournal, done: threading.Event) -> None:
    while not done.wait(0.05):
        journal.alarms()
        journal.changes(max(journal.head()[0] - 50, 0))


def _submit(journal: EmbeddedJournal, events: list[list[Event]], every_s: float) -> list[float]:
    """One thread per list; `apply` durations in seconds."""
    latencies: list[float] = []

    def work(mine: list[Event]) -> None:
        started = time.perf_counter()
        for index, event in enumerate(mine):
            if every_s:
                time.sleep(max(started + index * every_s - time.perf_counter(), 0.0))
            before = time.perf_counter()
            journal.apply(RecordEvent(event), _RUNTIME)
            latencies.append(time.perf_counter() - before)

    _run([threading.Thread(target=work, args=(mine,)) for mine in events])
    return latencies


def _raw(path: Path, source: Path, per_commit: float) -> float:
    """Events/s of writing the rows that `source` holds with plain sqlite3, `per_commit` events a commit."""
    work = _rows_of(source)
    with contextlib.closing(database.connect(path)) as connection:
        for table in columns.metadata.sorted_tables:
            for statement in create_sql(table):
                connection.execute(statement)
        connection.execute("PRAGMA foreign_keys = OFF")
        started = time.perf_counter()
        for first in range(0, len(work), max(round(per_commit), 1)):
            connection.execute("BEGIN IMMEDIATE")
            for statements in work[first : first + max(round(per_commit), 1)]:
                for sql, values in statements:
                    connection.execute(sql, values)
            connection.execute("COMMIT")
        seconds = time.perf_counter() - started
    return len(work) / seconds


def _rows_of(source: Path) -> list[list[Write]]:
    """Per event the statements that write its rows: event, alarm, two history rows, audit."""
    work = []
    with contextlib.closing(sqlite3.connect(source)) as connection:
        connection.row_factory = sqlite3.Row
        events = {r["id"]: dict(r) for r in connection.execute("SELECT * FROM events")}
        alarms = {r["id"]: dict(r) for r in connection.execute("SELECT * FROM alarms")}
        audits = connection.execute("SELECT * FROM audit WHERE action = 'record event' ORDER BY seq").fetchall()
        for audit in audits:
            writes: list[Write] = []
            for row in connection.execute("SELECT * FROM history WHERE seq = ? ORDER BY position", (audit["seq"],)):
                writes.append(_fact(dict(row), events, alarms))
                writes.append(_write(insert_into(schema.history), dict(row)))
            writes.append(_write(insert_into(schema.audit), dict(audit)))
            work.append(writes)
    return work


def _fact(history: Row, events: dict[str, Row], alarms: dict[str, Row]) -> Write:
    row_id = history["row_id"]
    if history["table_name"] == "events":
        return _write(insert_into(schema.events), events[row_id])
    if history["version"] == 1:
        return _write(insert_into(schema.alarms), alarms[row_id])
    fed = json.loads(history["payload"])
    return _write(update_of(schema.alarms, _FED), {**fed, "row_key": row_id})


def _write(statement: Statement, row: Row) -> Write:
    return statement.sql, statement.values(row)
