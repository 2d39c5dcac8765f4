"""The parent's handle on a fetching process: reads its progress lines, bounded in time, can be cancelled."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

from detection.detector import DetectionCode, DetectionError

COMMAND = (sys.executable, "-m", "detection.model_fetch")
_ROOT = Path(__file__).resolve().parent.parent
_TICK_S = 0.1
_WAITING_LINES = 256


class FetchChild:
    """One `python -m detection.model_fetch FOLDER`. It says JSON lines: {"step"}, at the end {"done"} or {"failed"}."""

    def __init__(self, models: Path, command: tuple[str, ...] = COMMAND) -> None:
        self._process = subprocess.Popen(
            (*command, str(models.resolve())),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=_ROOT,
            env=os.environ | {"ULTRALYTICS_SAFE_LOAD": "1", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"},
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        if self._process.stdout is None:
            raise RuntimeError("the fetching process has no output")
        self._lines: queue.Queue[str | None] = queue.Queue(_WAITING_LINES)
        self._reader = threading.Thread(
            target=self._read, args=(self._process.stdout,), name="fetch-lines", daemon=True
        )
        self._reader.start()

    def result(
        self, on_progress: Callable[[str], None], cancel: threading.Event, deadline_s: float, quiet_s: float
    ) -> Path:
        """Wait for the end. Raises DetectionError(FETCH_FAILED)."""
        end_s = time.monotonic() + deadline_s
        heard_s = time.monotonic()
        while True:
            _check_time(cancel, end_s, heard_s + quiet_s)
            try:
                line = self._lines.get(timeout=_TICK_S)
            except queue.Empty:
                continue
            heard_s = time.monotonic()
            said = _parsed(line)
            if "done" in said:
                return Path(said["done"])
            if "failed" in said:
                raise DetectionError(DetectionCode.FETCH_FAILED, why=said["failed"])
            if "step" in said:
                on_progress(said["step"])

    def end(self) -> None:
        """End the process if it still runs; safe to call twice."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(5.0)
        while self._reader.is_alive():
            while not self._lines.empty():
                self._lines.get_nowait()
            self._reader.join(_TICK_S)

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self._lines.put(line)
        self._lines.put(None)


def _check_time(cancel: threading.Event, end_s: float, quiet_end_s: float) -> None:
    now_s = time.monotonic()
    whys = {"cancelled": cancel.is_set(), "deadline": now_s > end_s, "quiet": now_s > quiet_end_s}
    for why, true in whys.items():
        if true:
            raise DetectionError(DetectionCode.FETCH_FAILED, why=why)


def _parsed(line: str | None) -> dict[str, str]:
    """What a line says; other libraries may print between ours. A child that ends without a word has failed."""
    if line is None:
        return {"failed": "process"}
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in said.items()} if isinstance(said, dict) else {}
