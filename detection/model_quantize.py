"""Makes an int8 model of a float one of the models folder: calibrated with the site's own pictures, in a process
without rights (`detection.quantize_child`), compared with the float model, pinned, and listed beside it.

Nothing is chosen here. A model that finds too little of what the float model finds is only used where somebody chooses
it (`detection.agreement`). Blocks for minutes: a task's thread or the command line. Needs no network.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from detection.agreement import NOTE, Agreement
from detection.detector import DetectionCode, DetectionError
from detection.model_files import METADATA, check_model, model_digest, pinned_model
from detection.model_import import note, put_in_place, take_files
from detection.model_process import ModelProcess, Said, safe_environment
from storage.durable import typed_errors

COMMAND = (sys.executable, "-m", "detection.quantize_child")
DEADLINE_S = 4 * 3600.0
WANTED, LEAST = 300, 100
"""Pictures to calibrate with: as many as nncf asks for; with fewer than the least the steps of 8 bits are guesses."""
WORK_PREFIX = ".quantize-"
SUFFIX = "_int8"
_STALE_S = 86_400.0
"""So old a work folder is one that a killed program has left: half a model, no picture."""

_CODES = {
    "few": DetectionCode.FEW_PICTURES,
    "no_nncf": DetectionCode.NO_QUANTIZER,
    "bad_model": DetectionCode.BAD_MODEL,
    "wrong_task": DetectionCode.WRONG_TASK,
    "altered_model": DetectionCode.ALTERED_MODEL,
}


@dataclass(frozen=True, slots=True)
class QuantizePlan:
    """How to make it; `pictures` is what is noted of the pictures beside the model."""

    pictures: Mapping[str, object]
    least: int = LEAST
    deadline_s: float = DEADLINE_S
    command: tuple[str, ...] = COMMAND


def check_quantizable(source: Path) -> None:
    """To be asked before pictures are gathered. Raises DetectionError: NOT_FLOAT, NO_QUANTIZER, and what `pinned_model`
    raises."""
    if pinned_model(source).int8:
        raise DetectionError(DetectionCode.NOT_FLOAT, path=source.name)
    if importlib.util.find_spec("nncf") is None:
        raise DetectionError(DetectionCode.NO_QUANTIZER)


def picture_file(models: Path) -> AbstractContextManager[IO[bytes]]:
    """An open file without a name for a `detection.picture_roll`, on the disk of the models: pictures of a site do not
    outlive the work, whatever ends it."""
    with typed_errors(models):
        models.mkdir(parents=True, exist_ok=True)
        for left in models.glob(f"{WORK_PREFIX}*"):
            if time.time() - left.stat().st_mtime > _STALE_S:
                shutil.rmtree(left, ignore_errors=True)
        return tempfile.TemporaryFile(dir=models)


def quantize_model(
    source: Path,
    models: Path,
    roll: IO[bytes],
    on_progress: Callable[[str], None],
    *,
    plan: QuantizePlan,
    cancel: threading.Event | None = None,
) -> tuple[Path, Agreement]:
    """The int8 model's folder in `models`, and how far it agrees with its source.

    Raises DetectionError: FEW_PICTURES (found, least), NO_QUANTIZER, BAD_MODEL, WRONG_TASK, ALTERED_MODEL,
    QUANTIZE_FAILED (why="cancelled" | "deadline" | "process" | "memory" | a word of the process); StorageError:
    DISK_FULL, READ_ONLY."""
    with typed_errors(models), tempfile.TemporaryDirectory(prefix=WORK_PREFIX, dir=models) as folder:
        work = Path(folder)
        left, home, made = work / "left", work / "home", work / "made"
        for made_folder in (left, home, made):
            made_folder.mkdir()
        _name_classes(source, left)
        roll.flush()
        roll.seek(0)
        said = _asked(source, left, home, roll, plan, on_progress, cancel or threading.Event())
        take_files(left, work, made, DetectionCode.QUANTIZE_FAILED)
        _check_int8(made, source)
        _name_classes(source, made)
        agreement = _agreement(said, source)
        facts = {
            "source": source.name,
            "source_sha256": {source.name: model_digest(source)},
            NOTE: agreement.as_note(),
            "calibrated_with": _whole(said, "calibrated"),
            "unreadable": _whole(said, "unreadable"),
            "pictures": dict(plan.pictures),
            **{name: str(said.get(name, ""))[:40] for name in ("nncf", "openvino")},
        }
        note(made, facts)
        return put_in_place(made, models, f"{source.stem if source.is_file() else source.name}{SUFFIX}"), agreement


def _asked(
    source: Path,
    left: Path,
    home: Path,
    roll: IO[bytes],
    plan: QuantizePlan,
    on_progress: Callable[[str], None],
    cancel: threading.Event,
) -> Said:
    command = (*plan.command, str(source.resolve()), str(left.resolve()), str(plan.least))
    child = ModelProcess(command, safe_environment(home.resolve()), roll)
    try:
        return child.answer(DetectionCode.QUANTIZE_FAILED, on_progress, cancel, plan.deadline_s)
    except DetectionError as error:
        why = str(error.details.get("why", ""))
        code = _CODES.get(why, DetectionCode.QUANTIZE_FAILED)
        if code is DetectionCode.FEW_PICTURES:
            found = error.details.get("found", 0)
            raise DetectionError(code, found=found, least=plan.least) from error
        raise DetectionError(code, why=why, path=source.name) from error
    finally:
        child.end()


def _check_int8(made: Path, source: Path) -> None:
    """Of the network alone, since what is said beside it is ours."""
    (made / METADATA).unlink(missing_ok=True)
    try:
        why = "" if check_model(made).int8 else "not int8"
    except DetectionError as error:
        raise DetectionError(DetectionCode.QUANTIZE_FAILED, why="no model", path=source.name) from error
    if why:
        raise DetectionError(DetectionCode.QUANTIZE_FAILED, why=why, path=source.name)


def _name_classes(source: Path, left: Path) -> None:
    """The float model's metadata, with the precision that its int8 model has."""
    metadata = check_model(source).path.parent / METADATA
    if metadata.is_file():
        (left / METADATA).write_text(int8_metadata(metadata.read_text("utf-8", errors="replace")), "utf-8")


def int8_metadata(text: str) -> str:
    """As ultralytics writes it: `int8: true` among the `args`."""
    line = re.compile(r"^(\s+)int8:.*$", re.MULTILINE)
    if line.search(text):
        return line.sub(r"\1int8: true", text)
    if re.search(r"^args:[ \t]*$", text, re.MULTILINE):
        return re.sub(r"^(args:[ \t]*)$", r"\1\n  int8: true", text, count=1, flags=re.MULTILINE)
    return f"{text.rstrip()}\nargs:\n  int8: true\n"


def _agreement(said: Said, source: Path) -> Agreement:
    boxes, pictures = _whole(said, "boxes"), _whole(said, "pictures")
    return Agreement(boxes, min(_whole(said, "found"), boxes), _whole(said, "extra"), pictures, source.name)


def _whole(said: Said, name: str) -> int:
    """A count that the process said, as far as it is one."""
    value = said.get(name, 0)
    return max(int(value), 0) if isinstance(value, int | float) and abs(value) < 1e9 else 0
