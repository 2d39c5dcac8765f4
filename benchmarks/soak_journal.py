"""kill -9 while the journal is written, again and again: is anything acknowledged lost, is the chain whole?

One journal lives through all rounds. In each, several processes write events to it at once and say the id of every one
that `apply` returned for; all are killed at a random moment. Then the journal is opened as after a crash: every
acknowledged event must be there, nothing may be there twice, and verification must find nothing.
"""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.harness import machine
from storage.commands import RecordEvent, SignCheckpoint
from storage.embedded_journal import open_journal
from storage.errors import StorageError
from storage.keys import SigningKey
from storage.records import Actor, Box, Event, RuleKind, Severity, new_id
from storage.verification import verify_file

ROUNDS = 50
WRITERS = 2
_ROOT = Path(__file__).resolve().parent.parent
_RUNTIME = Actor("service:runtime")
_OPEN_S = 20.0
_ID_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Round:
    """What one kill left."""

    number: int
    ran_s: float
    acknowledged: int
    lost: int
    doubled: int
    problems: int
    unacknowledged: int
    """Written, but its writer was killed before it could say so."""

    @property
    def ok(self) -> bool:
        """Nothing acknowledged lost, nothing twice, the chain whole."""
        return not (self.lost or self.doubled or self.problems)


@dataclass(slots=True)
class _Writer:
    """A process and what it said."""

    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)
    reader: threading.Thread | None = None
    opened: threading.Event = field(default_factory=threading.Event)

    def listen(self) -> None:
        """Until the pipe ends; a line that the kill cut off counts for nothing."""
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                if line.endswith("\n") and len(line) == _ID_LENGTH + 1:
                    self.said.append(line.strip())
                    self.opened.set()  # what is stored first was also said, however slow the machine is
        self.opened.set()


def run(rounds: int = ROUNDS, *, shortest_s: float = 0.1, longest_s: float = 1.5, seed: int = 1) -> dict[str, object]:
    """All rounds; the result says how it went, and `ok`."""
    dice = random.Random(seed)
    done: list[Round] = []
    with tempfile.TemporaryDirectory(prefix="watchfloor-soak-") as name:
        folder = Path(name)
        path, elsewhere = folder / "journal" / "journal.db", folder / "checkpoints"
        key, known = SigningKey.generate(), set[str]()
        open_journal(path, key, checkpoints=elsewhere).close()
        for number in range(1, rounds + 1):
            done.append(_round(number, path, known, dice.uniform(shortest_s, longest_s)))
            with contextlib.closing(open_journal(path, key, checkpoints=elsewhere)) as journal:
                journal.apply(SignCheckpoint(), _RUNTIME)
        whole = verify_file(path, checkpoints=elsewhere, at_home=True, home_key=key.id)
    return {
        "name": "soak journal",
        "machine": machine(),
        "writers": WRITERS,
        "rounds": [asdict(item) for item in done],
        "acknowledged": sum(item.acknowledged for item in done),
        "lost": sum(item.lost for item in done),
        "entries": whole.entries,
        "ok": all(item.ok for item in done) and whole.ok,
    }


def table(result: dict[str, object]) -> str:
    """The result as a table for people."""
    rounds = result["rounds"]
    assert isinstance(rounds, list)
    lines = ["round  ran s  acknowledged  lost  twice  problems  not said"]
    lines += [
        f"{r['number']:5}  {r['ran_s']:5.2f}  {r['acknowledged']:12}  {r['lost']:4}  {r['doubled']:5}  "
        f"{r['problems']:8}  {r['unacknowledged']:8}"
        for r in rounds
    ]
    return "\n".join([*lines, f"{result['acknowledged']} acknowledged, {result['lost']} lost"])


def _round(number: int, path: Path, known: set[str], seconds: float) -> Round:
    writers = [_start(path, f"{number}-{index}") for index in range(WRITERS)]
    try:
        for writer in writers:
            writer.opened.wait(_OPEN_S)
        time.sleep(seconds)
    finally:
        said = [item for writer in writers for item in _kill(writer)]
    stored, doubled, problems = _after(path)
    fresh = set(stored) - known
    known |= set(stored)
    lost = len(set(said) - set(stored))
    return Round(number, round(seconds, 3), len(said), lost, doubled, problems, len(fresh - set(said)))


def _start(path: Path, name: str) -> _Writer:
    command = [sys.executable, "-m", "benchmarks.soak_journal", str(path), name]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=_ROOT)
    writer = _Writer(process)
    writer.reader = threading.Thread(target=writer.listen, daemon=True)
    writer.reader.start()
    return writer


def _kill(writer: _Writer) -> Sequence[str]:
    writer.process.kill()
    writer.process.wait()
    if writer.reader is not None:
        writer.reader.join()
    return writer.said


def _after(path: Path) -> tuple[list[str], int, int]:
    """Ids of the events, how many are there twice, what verification found."""
    try:
        with contextlib.closing(open_journal(path)) as journal:
            stored = [event.id for event in journal.events(limit=10**9)]
        found = verify_file(path)
    except StorageError:
        return [], 0, 1
    return stored, len(stored) - len(set(stored)), len(found.problems)


def write(path: Path, name: str, out: Iterable[int]) -> None:
    """A writer: until it is killed."""
    with contextlib.closing(open_journal(path)) as journal:
        print("open", flush=True)
        for number in out:
            utc_s = 1_800_000_000.0 + number * 10.0
            box = Box(0.1, 0.2, 0.3, 0.4)
            names = (new_id(), f"camera-{name}", "rule", RuleKind.INTRUSION, Severity.MEDIUM)
            event = Event(*names, utc_s, utc_s - 1, number, "person", 0.5, box)
            journal.apply(RecordEvent(event, opens_incident=number % 10 == 0), _RUNTIME)
            print(event.id, flush=True)


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2], range(10**9))
