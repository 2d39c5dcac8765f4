"""A `main.py` that has its imports behind it and forks for each run: what a run does is tested, and the start of
Python, which takes longer than most of them, is paid once. Each run is a process with an environment and an end of its
own. (`run_until` and the tests of signals start a whole interpreter.)
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AHEAD = ("main", "app.node", "app.demo", "widgets.wall_run", "widgets.kiosk")
_START_S = 300.0
_END_S = 90.0


class WarmProgram:
    """Owns the process that forks; runs are one after the other."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.e2e.warm_program"]
        one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # who forks has no other threads
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=one_thread, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )

    def run(
        self, arguments: Sequence[str], environment: dict[str, str], folder: Path, timeout_s: float
    ) -> tuple[int, str, str]:
        """Exit code, output and errors, which also lie in `folder`. Raises TimeoutExpired, when the run is dead."""
        folder.mkdir(exist_ok=True)
        order = {"arguments": arguments, "environment": environment, "folder": str(folder)}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        pid = self._answer(_START_S)
        assert pid is not None, "no run was begun"
        code = self._answer(timeout_s)
        if code is None:
            os.kill(pid, signal.SIGKILL)
            self._answer(_END_S)
            raise subprocess.TimeoutExpired(list(arguments), timeout_s)
        return code, (folder / "out.txt").read_text(), (folder / "err.txt").read_text()

    def _answer(self, timeout_s: float) -> int | None:
        stream = self._process.stdout
        assert stream is not None
        if not select.select([stream], [], [], timeout_s)[0]:
            return None
        return int(stream.readline())

    def close(self) -> None:
        """The end of its orders ends it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(_END_S)
        self._process.stdout.close()


def _serve() -> None:
    """Returns in the process of a run, which then is `main.py`, and at the end of the orders."""
    for name in AHEAD:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    answers = os.dup(1)
    while line := sys.stdin.buffer.readline():
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            os.close(answers)
            _become(order)
            importlib.import_module("main").main()
            return
        os.write(answers, b"%d\n" % pid)
        _, status = os.waitpid(pid, 0)
        os.write(answers, b"%d\n" % os.waitstatus_to_exitcode(status))


def _become(order: dict[str, object]) -> None:
    folder, environment, arguments = (order[name] for name in ("folder", "environment", "arguments"))
    assert isinstance(environment, dict)
    assert isinstance(arguments, list)
    for number, path in ((0, Path(os.devnull)), (1, Path(str(folder)) / "out.txt"), (2, Path(str(folder)) / "err.txt")):
        handle = os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, number)
        os.close(handle)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    tempfile.tempdir = None
    sys.argv = ["main.py", *arguments]


if __name__ == "__main__":
    _serve()
