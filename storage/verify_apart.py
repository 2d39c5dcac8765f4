"""Verifies a journal in a process of its own at low priority, for a program that must stay quick meanwhile.

`Apart` is the caller's end; `python -m storage.verify_apart REQUEST` is the process: it prints the outcome as one line
of JSON and ends.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import psutil

from storage.errors import StorageCode, StorageError
from storage.journal_keys import JournalKeys
from storage.own_process import process_command, process_environment
from storage.verification import verify_file

NICE = 10
_SHOWN = 20
_END_S = 2.0


@dataclass(frozen=True, slots=True)
class Request:
    """What to verify; see `verify_file`."""

    path: str
    checkpoints: str | None = None
    evidence: str | None = None
    at_home: bool = False
    home_key: str | None = None
    keys: str | None = None
    """The file of the journals' keys; a request is seen by whoever lists processes, so that no key is ever in it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`problems` are counted, the first ones are in `lines`; `code` and `details` of a journal that could not be read
    to its end."""

    problems: int = 0
    rows: int = 0
    seq: int = 0
    lines: tuple[str, ...] = ()
    code: str | None = None
    details: dict[str, str | int | float] | None = None

    @property
    def ok(self) -> bool:
        """Whether everything was read and nothing found."""
        return self.code is None and not self.problems

    @property
    def error(self) -> StorageError | None:
        """Why it could not be read."""
        return None if self.code is None else StorageError(StorageCode(self.code), **(self.details or {}))


class Apart:
    """A verification under way. `poll` until it answers; `stop` ends it early."""

    def __init__(self, request: Request) -> None:
        """Raises OSError when there is no process to be had."""
        self._process = subprocess.Popen(
            process_command("storage.verify_apart", json.dumps(asdict(request))),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=process_environment(),
        )

    def poll(self, timeout_s: float) -> Outcome | None:
        """The outcome, None while it is not there. Raises DISK_FAILED when the process died without one."""
        try:
            text, _ = self._process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            return None
        try:
            found = json.loads(text)
        except ValueError as error:
            raise StorageError(StorageCode.DISK_FAILED, reason="the verification ended early") from error
        return Outcome(**{**found, "lines": tuple(found["lines"])})

    def stop(self) -> None:
        """End it; harmless afterwards."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.communicate(timeout=_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


def outcome_of(request: Request) -> Outcome:
    """Verify here."""
    try:
        found = verify_file(
            Path(request.path),
            checkpoints=None if request.checkpoints is None else Path(request.checkpoints),
            evidence=None if request.evidence is None else Path(request.evidence),
            at_home=request.at_home,
            home_key=request.home_key,
            processes=1,
            keys=None if request.keys is None else JournalKeys(Path(request.keys)),
        )
    except StorageError as error:
        return Outcome(code=error.code.value, details=error.details)
    lines = tuple(f"{p.table}.{p.field or ''} {p.row_id}: {p.what}" for p in found.problems[:_SHOWN])
    return Outcome(len(found.problems), found.rows, found.entries, lines)


def main(text: str, out: IO[str]) -> None:
    """The process."""
    own = psutil.Process()
    own.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS if sys.platform == "win32" else NICE)
    json.dump(asdict(outcome_of(Request(**json.loads(text)))), out)


if __name__ == "__main__":
    main(sys.argv[1], sys.stdout)
