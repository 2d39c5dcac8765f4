"""Seconds to back a journal of 200,000 events up while it is written, against copying a file of its size.

Ours is `EmbeddedJournal.backup` (SQLite's online copy and its quick check) with 200 events/s recorded meanwhile;
`blocked_p99_ms` is what `apply` took during it. The reference is one copy of the file by the system, synced.
`verified_s` is the verification of the copy, as `main.py backup` makes it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

from benchmarks.harness import report
from benchmarks.verify import event_of, journal_of
from storage.commands import RecordEvent
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.records import Actor
from storage.verification import verify_file

EVENTS = 200_000
RUNS = 3
_EVERY_S = 0.005
_RUNTIME = Actor("service:runtime")


def run(events: int = EVENTS, runs: int = RUNS) -> dict[str, object]:
    """The bench's result; the ratio is of seconds."""
    source = journal_of(events)
    ours: list[dict[str, float]] = []
    reference: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory(prefix="watchfloor-bench-") as name:
        folder = Path(name)
        path = folder / "journal" / "journal.db"
        path.parent.mkdir()
        shutil.copyfile(source, path)
        for number in range(runs):
            reference.append({"seconds": _copy(path, folder / "plain.db")})
            ours.append(_back_up(path, folder / "copy.db", events + number * 1_000_000))
    return report("backup", "lower", ours, {"copy of the file": reference}, "seconds")


def _back_up(path: Path, target: Path, first: int) -> dict[str, float]:
    took_s: list[float] = []
    ended = threading.Event()
    with contextlib.closing(open_journal(path)) as journal:
        writer = threading.Thread(target=_write, args=(journal, first, took_s, ended))
        writer.start()
        try:
            started = time.perf_counter()
            journal.backup(str(target))
            seconds = time.perf_counter() - started
        finally:
            ended.set()
            writer.join()
    started = time.perf_counter()
    found = verify_file(target)
    verified_s = time.perf_counter() - started
    if not found.ok:
        raise AssertionError(found)
    took_s.sort()
    return {
        "seconds": seconds,
        "verified_s": verified_s,
        "blocked_p99_ms": took_s[int(len(took_s) * 0.99)] * 1000,
        "blocked_max_ms": took_s[-1] * 1000,
        "file_mb": target.stat().st_size / 1e6,
    }


def _write(journal: EmbeddedJournal, first: int, took_s: list[float], ended: threading.Event) -> None:
    number = first
    while not ended.wait(_EVERY_S):
        before = time.perf_counter()
        journal.apply(RecordEvent(event_of(number)), _RUNTIME)
        took_s.append(time.perf_counter() - before)
        number += 1


def _copy(path: Path, target: Path) -> float:
    started = time.perf_counter()
    shutil.copyfile(path, target)
    handle = os.open(target, os.O_RDWR)
    os.fsync(handle)
    os.close(handle)
    return time.perf_counter() - started
