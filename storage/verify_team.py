"""Shares the parts of one verification among processes that see the same state of the file.

Each process opens its own connection and read transaction; they see the same state when they see the same last entry,
since every change adds one (`agree`). A process that cannot start, dies or fails leaves its part to the caller, who
thereby meets the failure itself. `python -m storage.verify_team FILE [KEYS]` is such a process: it reads one request a
line and answers with one line, and ends with its input. Of keys it is told where they lie, never what they are.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from storage import database, driver
from storage.driver import Connection
from storage.errors import StorageError
from storage.journal_keys import JournalKeys
from storage.own_process import process_command, process_environment
from storage.verify_parts import Part, PartResult, from_json, last_seq, run_part, to_json

log = logging.getLogger(__name__)

MOST_PROCESSES = 8
_AGREE_ATTEMPTS = 20
_END_S = 5.0


def processors() -> int:
    """How many processes are worth their start on this machine."""
    count = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return 1 if getattr(sys, "frozen", False) or not sys.executable else min(count, MOST_PROCESSES)


class Mate:
    """One process and the pipe to it; used by one thread at a time."""

    def __init__(self, path: Path, keys: JournalKeys | None = None) -> None:
        where = [] if keys is None else [str(keys.path.absolute())]
        self._process = subprocess.Popen(
            process_command("storage.verify_team", str(path.absolute()), *where),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="ascii",
            env=process_environment(),
        )

    def ask(self, request: dict[str, Any]) -> Any:
        """Its answer; None when it is gone."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError:
            return None
        return json.loads(line) if line.endswith("\n") else None

    def close(self) -> None:
        """End it."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):  # it is gone, with something unwritten
                pipe.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def team(path: Path, mates: int, keys: JournalKeys | None = None) -> Iterator[list[Mate]]:
    """Processes beside this one; fewer, or none, when they cannot be started."""
    with contextlib.ExitStack() as stack:
        found: list[Mate] = []
        for _ in range(mates):
            try:
                mate = Mate(path, keys)
            except OSError as error:
                log.warning("no process to verify with: %s", error)
                break
            stack.callback(mate.close)
            found.append(mate)
        yield found


def agree(connection: Connection, mates: Sequence[Mate]) -> list[Mate]:
    """Begin read transactions everywhere until all see one end of the chain; who does not in time is left out."""
    seq = 0
    for _ in range(_AGREE_ATTEMPTS):
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute("BEGIN")
        seq = last_seq(connection)
        answers = [(mate, mate.ask({"begin": True})) for mate in mates]
        agreed = [mate for mate, answer in answers if answer == {"seq": seq}]
        if len(agreed) == sum(answer is not None for _, answer in answers):
            return agreed
    return [mate for mate, answer in answers if answer == {"seq": seq}]


def share(connection: Connection, parts: Iterable[Part], mates: Sequence[Mate]) -> list[PartResult]:
    """All results, in the order of `parts`. Raises what the caller's own part raises."""
    waiting = list(parts)
    results: dict[int, PartResult] = {}
    left = deque(enumerate(waiting))
    failed: deque[tuple[int, Part]] = deque()
    stopped = threading.Event()

    def feed(mate: Mate) -> None:
        while not stopped.is_set() and (item := _next(left)) is not None:
            answer = mate.ask({"part": asdict(item[1])})
            if answer is None:
                failed.append(item)
                return
            results[item[0]] = from_json(answer)

    with ThreadPoolExecutor(max(len(mates), 1)) as pool:
        done = [pool.submit(feed, mate) for mate in mates]
        try:
            while (item := _next(left)) is not None:
                results[item[0]] = run_part(connection, item[1])
        finally:
            stopped.set()
        for future in done:
            future.result()
    while (item := _next(failed)) is not None:
        log.warning("a process of the verification failed; its part is done here")
        results[item[0]] = run_part(connection, item[1])
    return [results[number] for number in range(len(waiting))]


def _next(items: deque[tuple[int, Part]]) -> tuple[int, Part] | None:
    try:
        return items.popleft()
    except IndexError:
        return None


def _answer(connection: Connection, request: dict[str, Any]) -> dict[str, Any]:
    if "begin" in request:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute("BEGIN")
        return {"seq": last_seq(connection)}
    part = request["part"]
    return to_json(run_part(connection, Part(part["kind"], tuple(part["names"]), part["low"], part["high"])))


def serve(path: Path, requests: Iterable[str], answer: Callable[[str], object], keys: JournalKeys | None = None) -> int:
    """The life of a process; 1 when it could not do its part."""
    try:
        key = database.key_for(path, keys)
        with contextlib.closing(database.connect_for_reading(path, key)) as connection:
            for line in requests:
                answer(json.dumps(_answer(connection, json.loads(line))) + "\n")
    except StorageError:  # the caller meets it too, and says it
        return 1
    except driver.ERRORS:
        return 1
    return 0


def _say(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    gc.disable()  # nothing here refers to itself; looking for it costs a tenth
    path, *where = map(Path, sys.argv[1:])
    sys.exit(serve(path, sys.stdin, _say, JournalKeys(where[0]) if where else None))
