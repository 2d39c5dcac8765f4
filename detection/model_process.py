"""The parent's handle on a process that does one thing to a model and says JSON lines: {"step"}, then {"done"} or
{"failed"}. Bounded in time and in what is read, can be cancelled, and ends with its whole process group.

What the process says is not trusted further than its form: strings and numbers, by names that the caller asks for.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

from detection.detector import DetectionCode, DetectionError

Said = dict[str, str | int | float]
Progress = Callable[[str], None]

_ROOT = Path(__file__).resolve().parent.parent
_TICK_S = 0.1
_WAITING_LINES = 256
_LONGEST_LINE = 16_384
_HOMES = (
    *("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "TMPDIR", "TEMP", "TMP"),
    *("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "YOLO_CONFIG_DIR", "MPLCONFIGDIR", "TORCH_HOME"),
)
_KEPT_VARIABLES = ("PATH", "SYSTEMROOT", "LANG", "LC_ALL", "VIRTUAL_ENV", "LD_LIBRARY_PATH", "NUMBER_OF_PROCESSORS")


def safe_environment(home: Path) -> dict[str, str]:
    """For a process that reads foreign files: its own home, nothing of ours, no downloads, nothing installed, weights
    read without running what is in them."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    homes = dict.fromkeys(_HOMES, str(home))
    return {
        **kept,
        **homes,
        "ULTRALYTICS_SAFE_LOAD": "1",
        "YOLO_OFFLINE": "true",
        "YOLO_AUTOINSTALL": "false",
        "YOLO_VERBOSE": "false",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONNOUSERSITE": "1",
    }


class ModelProcess:
    """One process, in a process group of its own. Made, used and ended by one thread."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], reads: IO[bytes] | None = None) -> None:
        """`reads`: an open file that it gets as its standard input; without one it gets nothing."""
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL if reads is None else reads,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env=dict(environment),
            text=True,
            encoding="utf-8",
            errors="replace",
            process_group=0,
        )
        if self._process.stdout is None:
            raise RuntimeError("the process has no output")
        self._lines: queue.Queue[str | None] = queue.Queue(_WAITING_LINES)
        self._reader = threading.Thread(
            target=self._read, args=(self._process.stdout,), name="model-lines", daemon=True
        )
        self._reader.start()

    def answer(
        self,
        code: DetectionCode,
        on_progress: Progress,
        cancel: threading.Event,
        deadline_s: float,
        quiet_s: float | None = None,
    ) -> Said:
        """The line with "done". Raises DetectionError(code, why="cancelled" | "deadline" | "quiet" | "process" | what
        the process gave as its reason); a process that ends without a word has failed."""
        end_s = time.monotonic() + deadline_s
        heard_s = time.monotonic()
        while True:
            _check_time(code, cancel, end_s, heard_s + (quiet_s or deadline_s))
            try:
                line = self._lines.get(timeout=_TICK_S)
            except queue.Empty:
                continue
            heard_s = time.monotonic()
            said = _parsed(line)
            if "done" in said:
                return said
            if "failed" in said:
                raise DetectionError(code, why=str(said.pop("failed"))[:200], **_details(said))
            if "step" in said:
                on_progress(str(said["step"])[:200])

    def end(self) -> None:
        """End the process and what it has started; safe to call twice."""
        if self._process.returncode is None:  # not asked with poll: it may have ended, and left others in its group
            self._kill()
        self._process.wait(5.0)
        while self._reader.is_alive():
            while not self._lines.empty():
                self._lines.get_nowait()
            self._reader.join(_TICK_S)

    def _kill(self) -> None:
        if sys.platform == "win32":
            self._process.kill()
            return
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # macOS refuses a group that has ended
            self._process.kill()

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in iter(lambda: stream.readline(_LONGEST_LINE), ""):
                self._lines.put(line)
        self._lines.put(None)


def _check_time(code: DetectionCode, cancel: threading.Event, end_s: float, quiet_end_s: float) -> None:
    now_s = time.monotonic()
    whys = {"cancelled": cancel.is_set(), "deadline": now_s > end_s, "quiet": now_s > quiet_end_s}
    for why, true in whys.items():
        if true:
            raise DetectionError(code, why=why)


def _details(said: Said) -> Said:
    return {key: value for key, value in said.items() if key.isidentifier() and key not in ("self", "why", "code")}


def _parsed(line: str | None) -> Said:
    """What a line says; other libraries may print between ours."""
    if line is None:
        return {"failed": "process"}
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(said, dict):
        return {}
    return {str(k): v if isinstance(v, int | float) else str(v) for k, v in said.items()}
