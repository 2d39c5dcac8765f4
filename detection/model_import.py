"""Takes a model from a file into the models folder: an OpenVINO IR, ONNX, or the weights of ultralytics (.pt).

The file is copied, opened by a process that has given up its rights (`detection.import_child`), and what that leaves is
judged again here, by its form alone. Source and digests are noted and pinned in `provenance.json`. Works without any
network; blocks, so call it on a task's thread or from the command line.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from detection.detector import DetectionCode, DetectionError
from detection.model_files import (
    METADATA,
    MODEL_SUFFIXES,
    PROVENANCE,
    check_model,
    file_digests,
    file_sha256,
    model_digest,
)
from detection.model_process import ModelProcess, Said, safe_environment

COMMAND = (sys.executable, "-m", "detection.import_child")
DEADLINE_S = 300.0
MOST_BYTES = 2 << 30
WORK_PREFIX = ".import-"
SIDE_PX = 640

_CODES = {
    "task": DetectionCode.WRONG_TASK,
    "wrong_task": DetectionCode.WRONG_TASK,
    "size": DetectionCode.WRONG_SIZE,
    "classes": DetectionCode.WRONG_CLASSES,
    "bad_model": DetectionCode.BAD_MODEL,
    "unknown_model": DetectionCode.BAD_MODEL,
    "corrupt": DetectionCode.BAD_MODEL,
    "RuntimeError": DetectionCode.BAD_MODEL,
}


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """How to import; `side_px` is the input of exported weights."""

    side_px: int = SIDE_PX
    deadline_s: float = DEADLINE_S
    command: tuple[str, ...] = COMMAND


def import_model(
    source: Path,
    models: Path,
    on_progress: Callable[[str], None],
    *,
    plan: ImportPlan | None = None,
    cancel: threading.Event | None = None,
) -> Path:
    """The model's folder in `models`; the folder of before when the same model is already there.

    Raises DetectionError: UNKNOWN_MODEL (no such file), BAD_MODEL, WRONG_TASK, WRONG_SIZE, WRONG_CLASSES, IMPORT_FAILED
    (why="unsafe" | "deadline" | "cancelled" | "process" | "large" | a word of the process). OSError of the disk."""
    plan = plan or ImportPlan()
    files = _files_of(source)
    models.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=WORK_PREFIX, dir=models) as folder:
        work = Path(folder)
        inside, home, made = work / "in", work / "home", work / "made"
        for made_folder in (inside, home, made):
            made_folder.mkdir()
        copies = [Path(shutil.copyfile(file, inside / file.name)) for file in files]
        digests = {copy.name: file_sha256(copy) for copy in copies}
        said = _opened(copies[0], home, plan, on_progress, cancel or threading.Event())
        _take_over(inside, copies, str(said["done"]), made)
        check_model(made)
        note(made, {"source": source.name, "source_sha256": digests, "seen_as": str(said.get("name", ""))[:200]})
        return put_in_place(made, models, _name_of(source))


def _files_of(source: Path) -> list[Path]:
    """What is copied; the network or the weights first."""
    if source.is_file() and source.suffix.lower() == ".pt":
        found = [source]
    else:
        network = check_model(source).path
        beside = [network.with_suffix(".bin")] if network.suffix.lower() == ".xml" else []
        metadata = network.parent / METADATA
        found = [network, *beside, *([metadata] if metadata.is_file() else [])]
    if sum(file.stat().st_size for file in found) > MOST_BYTES:
        raise DetectionError(DetectionCode.IMPORT_FAILED, why="large", path=str(source))
    if not all(file.stat().st_size for file in found[:1]):
        raise DetectionError(DetectionCode.BAD_MODEL, why="empty", path=str(source))
    return found


def _opened(
    copy: Path, home: Path, plan: ImportPlan, on_progress: Callable[[str], None], cancel: threading.Event
) -> Said:
    child = ModelProcess((*plan.command, str(copy.resolve()), str(plan.side_px)), safe_environment(home.resolve()))
    try:
        return child.answer(DetectionCode.IMPORT_FAILED, on_progress, cancel, plan.deadline_s)
    except DetectionError as error:
        why = str(error.details.get("why", ""))
        raise DetectionError(_CODES.get(why, DetectionCode.IMPORT_FAILED), why=why, path=copy.name) from error
    finally:
        child.end()


def _take_over(inside: Path, copies: list[Path], answer: str, made: Path) -> None:
    """Move what makes the model to `made`: of a network our own copies, of weights what the export has left, which has
    to be plain files of the known kinds within the work folder."""
    if copies[0].suffix.lower() != ".pt":
        for copy in copies:
            copy.rename(made / copy.name)
        return
    take_files(Path(answer), inside, made, DetectionCode.IMPORT_FAILED)


def take_files(left: Path, inside: Path, made: Path, code: DetectionCode) -> None:
    """Move what a process has left in the folder `left` within `inside` to `made`: plain files of the known kinds, and
    nothing else. Raises DetectionError(code, why="foreign file")."""
    if left.is_symlink() or not left.is_dir() or left.resolve().parent != inside.resolve():
        raise DetectionError(code, why="foreign file", path=left.name)
    for path in sorted(left.iterdir()):
        if path.suffix.lower() not in MODEL_SUFFIXES and path.name != METADATA:
            continue
        if path.is_symlink() or not path.is_file() or path.stat().st_size > MOST_BYTES:
            raise DetectionError(code, why="foreign file", path=path.name)
        path.rename(made / path.name)


def note(made: Path, facts: Mapping[str, object]) -> None:
    """Write down where the model comes from, and pin its files."""
    pinned = {
        **facts,
        "network_sha256": file_digests(made),
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    (made / PROVENANCE).write_text(json.dumps(pinned, indent=1), "utf-8")


def put_in_place(made: Path, models: Path, name: str) -> Path:
    """Under a free name, in one rename; the folder of before where the same model is already there."""
    digest = model_digest(made)
    for number in range(1, 1000):
        target = models / (name if number == 1 else f"{name}-{number}")
        if not target.exists():
            return made.rename(target)
        if target.is_dir() and _digest_or_none(target) == digest:
            return target
    raise DetectionError(DetectionCode.IMPORT_FAILED, why="name", path=name)


def _digest_or_none(folder: Path) -> str | None:
    try:
        return model_digest(folder)
    except DetectionError:
        return None


def _name_of(source: Path) -> str:
    stem = source.stem if source.is_file() else source.name
    plain = re.sub(r"[^\w.-]+", "_", stem).strip("._-")[:60]
    return plain.removesuffix("_openvino_model") or "model"
