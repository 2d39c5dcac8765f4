"""How fast a model is on this machine: a few seconds in a process of its own, and the figures kept for the list.

Which precision is faster depends on the CPU (int8 with VNNI, bf16 with AMX), so nobody knows before it was measured.
Blocks; a task's thread or the command line. Loads no inference library.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from detection.detector import DetectionCode, DetectionError
from detection.model_files import model_digest
from detection.model_process import ModelProcess, safe_environment
from storage.durable import replace

COMMAND = (sys.executable, "-m", "detection.bench_child")
SECONDS = 3.0
LOADING_S = 120.0
FIGURES = ".bench.json"
_CODES = {"bad_model": DetectionCode.BAD_MODEL, "wrong_task": DetectionCode.WRONG_TASK}
_CODES["altered_model"] = DetectionCode.ALTERED_MODEL


@dataclass(frozen=True, slots=True)
class ModelSpeed:
    """What was measured: one input of `pictures` pictures takes `ms`, and `cpu_ms` of all cores together (0: measured
    before that was kept). `digest` is the model that it was."""

    ms: float
    looks_per_s: float
    pictures: int
    int8: bool
    device: str
    at_utc_s: float
    digest: str
    cpu_ms: float = 0.0


def bench_model(
    path: Path,
    models: Path,
    *,
    seconds: float = SECONDS,
    device: str = "CPU",
    cancel: threading.Event | None = None,
    command: Sequence[str] = COMMAND,
) -> ModelSpeed:
    """Measure and keep. Raises DetectionError: BENCH_FAILED (why), BAD_MODEL, WRONG_TASK, ALTERED_MODEL."""
    digest = model_digest(path)
    with tempfile.TemporaryDirectory(prefix="watchfloor-bench-") as home:
        child = ModelProcess((*command, str(path.resolve()), str(seconds), device), safe_environment(Path(home)))
        try:
            said = child.answer(
                DetectionCode.BENCH_FAILED, _ignore, cancel or threading.Event(), LOADING_S + 2 * seconds
            )
        except DetectionError as error:
            why = str(error.details.get("why", ""))
            raise DetectionError(_CODES.get(why, DetectionCode.BENCH_FAILED), why=why, path=str(path)) from error
        finally:
            child.end()
    try:
        speed = ModelSpeed(
            float(said["ms"]),
            float(said["looks_per_s"]),
            int(said["pictures"]),
            bool(said["int8"]),
            device,
            time.time(),
            digest,
            float(said.get("cpu_ms", 0.0)),
        )
    except (KeyError, ValueError) as error:
        raise DetectionError(DetectionCode.BENCH_FAILED, why="process", path=str(path)) from error
    _keep(models, path.name, speed)
    return speed


def known_speed(models: Path, path: Path) -> ModelSpeed | None:
    """What was measured before, if it was this very model; reads the model's files."""
    facts = _figures(models).get(path.name)
    if not isinstance(facts, dict):
        return None
    try:
        speed = ModelSpeed(**facts)
    except TypeError:
        return None
    return speed if speed.digest == model_digest(path) else None


def _keep(models: Path, name: str, speed: ModelSpeed) -> None:
    if os.access(models, os.W_OK):
        figures = _figures(models) | {name: asdict(speed)}
        kept = {known: facts for known, facts in figures.items() if (models / known).exists()}
        replace(models / FIGURES, json.dumps(kept, indent=1).encode())


def _figures(models: Path) -> dict[str, object]:
    try:
        found = json.loads((models / FIGURES).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _ignore(_step: str) -> None:
    """A measurement has no steps."""
