"""Where a model comes from: the command line, the settings, the environment, the models folder, or nowhere.

Runs in the GUI process or the command line; loads no inference library. Getting a model: `ModelFetch`, whose work is
done by a process of its own (`detection.model_fetch`).
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from detection.agreement import noted_agreement
from detection.detector import DetectionCode, DetectionError
from detection.model_files import check_model, model_digest
from detection.model_process import ModelProcess
from storage.worker import Worker

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "detection.model_fetch")
FETCH_DEADLINE_S = 300.0
QUIET_S = 60.0
"""A fetch without any progress for this long has failed."""

Progress = Callable[[str], None]


class ModelSource(StrEnum):
    """Who named the model."""

    COMMAND_LINE = "command_line"
    SETTING = "setting"
    ENVIRONMENT = "environment"
    FOLDER = "folder"
    BUILT_IN = "built_in"


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model to use; `path` None is the built-in people detector. `refused`: why an earlier wish was passed over.
    `classes`: pairs of the model's word and ours; empty: as the detector has them."""

    name: str
    source: ModelSource
    path: Path | None = None
    refused: DetectionError | None = None
    classes: tuple[tuple[str, str], ...] = ()


BUILT_IN = ModelChoice("OpenCV HOG people detector (built in)", ModelSource.BUILT_IN)


def choose_model(
    explicit: Path | None, setting: Path | None, environment: str | None, models: Path, *, setting_sha256: str = ""
) -> ModelChoice:
    """The first usable model in this order, then the newest of the `models` folder, else the built-in detector.

    Raises DetectionError for a bad `explicit` path: who names a model wants that one. Other bad wishes are passed over
    and told in `refused`, as is a `setting` that has not the digest that was noted when it was chosen. An int8 model
    that was made here and finds too little of what its float model finds has to be chosen by somebody."""
    if explicit is not None:
        return _choice(explicit, ModelSource.COMMAND_LINE)
    refused: DetectionError | None = None
    wishes = ((setting, ModelSource.SETTING), (Path(environment) if environment else None, ModelSource.ENVIRONMENT))
    for path, source in wishes:
        if path is None:
            continue
        try:
            if source is ModelSource.SETTING and setting_sha256:
                _check_digest(path, setting_sha256)
            return _choice(path, source, refused)
        except DetectionError as error:
            log.warning("%s: %s", source.value, error)
            refused = refused or error
    best = next((one for one in list_models(models) if _speaks_for_itself(one)), BUILT_IN)
    return ModelChoice(best.name, best.source, best.path, refused)


def list_models(models: Path) -> list[ModelChoice]:
    """Usable models of the folder, newest first; what is broken is logged and left out."""
    if not models.is_dir():
        return []
    candidates = [p for p in models.iterdir() if p.suffix == ".onnx" or (p.is_dir() and not p.name.startswith("."))]
    found = []
    for path in sorted(candidates, key=lambda p: (-p.stat().st_mtime, p.name)):
        try:
            found.append(_choice(path, ModelSource.FOLDER))
        except DetectionError as error:
            log.info("not a model: %s", error)
    return found


def _speaks_for_itself(choice: ModelChoice) -> bool:
    """Whether it may be taken without anybody's choice."""
    agreed = noted_agreement(choice.path) if choice.path is not None else None
    return agreed is None or agreed.good


def find_model(models: Path, name: str) -> Path:
    """The model of the folder that is called so, or whose folder is. Raises DetectionError(UNKNOWN_MODEL)."""
    for choice in list_models(models):
        if choice.path is not None and choice.path.name == name:
            return choice.path
    raise DetectionError(DetectionCode.UNKNOWN_MODEL, path=name)


def remove_model(models: Path, name: str, in_use: Path | None = None) -> None:
    """Delete a model of the folder, also a broken one. Raises DetectionError(UNKNOWN_MODEL, MODEL_IN_USE), OSError."""
    path = models / name
    plain = bool(name) and Path(name).name == name and not name.startswith(".")
    if not plain or path.is_symlink() or not path.exists():
        raise DetectionError(DetectionCode.UNKNOWN_MODEL, path=name)
    if in_use is not None and in_use.resolve().is_relative_to(path.resolve()):
        raise DetectionError(DetectionCode.MODEL_IN_USE, path=name)
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def fetch_model(
    models: Path,
    on_progress: Progress,
    *,
    cancel: threading.Event | None = None,
    deadline_s: float = FETCH_DEADLINE_S,
    command: tuple[str, ...] = COMMAND,
) -> ModelChoice:
    """Get the official nano weights into `models` and return the exported model; blocks, `cancel` ends it early.

    Raises DetectionError: NO_DOWNLOAD when `YOLO_OFFLINE` is set (nothing is started then), FETCH_FAILED
    (why="network" | "deadline" | "quiet" | "cancelled" | "process" | what the process said)."""
    if os.environ.get("YOLO_OFFLINE", "").lower() not in ("", "0", "false"):
        raise DetectionError(DetectionCode.NO_DOWNLOAD)
    environment = os.environ | {"ULTRALYTICS_SAFE_LOAD": "1", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}
    child = ModelProcess((*command, str(models.resolve())), environment)
    try:
        cancelled = cancel or threading.Event()
        said = child.answer(DetectionCode.FETCH_FAILED, on_progress, cancelled, deadline_s, QUIET_S)
    finally:
        child.end()
    return _choice(Path(str(said["done"])), ModelSource.FOLDER)


class ModelFetch(Worker):
    """Fetches once in the background. `on_done` gets the choice or the reason, on this worker's thread."""

    def __init__(
        self,
        models: Path,
        *,
        on_progress: Progress,
        on_done: Callable[[ModelChoice | DetectionError], None],
        command: tuple[str, ...] = COMMAND,
    ) -> None:
        super().__init__("model fetch")
        self._models, self._on_progress, self._on_done, self._command = models, on_progress, on_done, command

    def run(self) -> None:
        """Fetch, tell, end; nothing restarts a fetch."""
        try:
            result: ModelChoice | DetectionError = fetch_model(
                self._models, self._tell, cancel=self.stopping, command=self._command
            )
        except DetectionError as error:
            result = error
        if not self.stopping.is_set():
            self._on_done(result)
        self.stopping.set()

    def _tell(self, step: str) -> None:
        self.beat()
        self._on_progress(step)


def _check_digest(path: Path, sha256: str) -> None:
    if model_digest(path) != sha256:
        raise DetectionError(DetectionCode.ALTERED_MODEL, path=str(path))


def _choice(path: Path, source: ModelSource, refused: DetectionError | None = None) -> ModelChoice:
    return ModelChoice(check_model(path).name, source, path.resolve(), refused)
