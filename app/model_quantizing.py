"""An int8 model made here, as an administrator's act: written down, calibrated with the site's pictures, measured.

The page and `main.py model quantize` do the same. Nothing is chosen by it. Blocks for minutes.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from pathlib import Path

from app.archive import Archive
from app.camera_models import numbers_of
from app.errors import AppCode, AppError
from app.model_pictures import DAY_MINUTES, Course, PictureWish, gather
from app.model_rows import ModelRow, model_rows
from detection.detector import DetectionError
from detection.model_bench import SECONDS, bench_model
from detection.model_files import model_digest
from detection.model_quantize import QuantizePlan, check_quantizable, picture_file, quantize_model
from detection.models import find_model
from storage.errors import StorageCode, StorageError
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.records import Actor

log = logging.getLogger(__name__)

Step = Callable[[str], None]
"""Told the word of a step, as `model_rows.step_words` reads it."""


def quantize(
    archive: Archive,
    name: str,
    wish: PictureWish,
    actor: Actor,
    step: Step,
    *,
    cancel: threading.Event,
    plan: Callable[[dict[str, object]], QuantizePlan] = QuantizePlan,
    seconds: float = SECONDS,
) -> tuple[ModelRow, ModelRow]:
    """The float model and the int8 one made of it, both measured. The journal asks the right to configure.

    Raises AppError(CANCELLED), DetectionError (see `quantize_model`; NO_MODEL), StorageError (see `gather`)."""
    models, device = archive.folders.models, archive.settings.detection.device
    source = find_model(models, name)
    check_quantizable(source)
    where = f"folder {wish.folder}" if wish.folder is not None else f"cameras {', '.join(map(str, wish.numbers))}"
    detail = f"an int8 model is made of {name} sha256 {model_digest(source)} with pictures of {where}"
    archive.journal.apply(RecordAccess(AccessKind.MODEL, wish.reason, detail=detail), actor)
    try:
        with picture_file(models) as roll:
            pictures = gather(wish, archive, actor, name, roll, Course(_in_tenths(step), cancel.is_set))
            made, _agreed = quantize_model(source, models, roll, step, plan=plan(pictures), cancel=cancel)
    except DetectionError as error:
        if error.details.get("why") == "cancelled":
            raise AppError(AppCode.CANCELLED) from error
        raise
    for path in (source, made):
        step(f"bench {path.name}")
        try:
            bench_model(path, models, seconds=seconds, device=device, cancel=cancel)
        except DetectionError as error:  # cancelled now, say: the model is whole, and can be measured at any time
            log.warning("%s was not measured: %s", path.name, error)
    rows = {row.path: row for row in model_rows(models, None)}
    return rows[source], rows[made]


def _in_tenths(step: Step) -> Callable[[float], None]:
    """Not a word at every picture."""
    told: set[int] = set()

    def at(share: float) -> None:
        tenth = int(share * 10)
        if tenth not in told:
            told.add(tenth)
            step(f"gather {tenth * 10}")

    return at


def wish_of(pictures: str, reason: str) -> PictureWish:
    """What people write: a folder ("/srv/pictures"), or numbers of cameras ("3, 7"), with the minutes of recordings
    behind a slash ("3, 7 / 600"). Raises StorageError(NOT_FOUND)."""
    text = pictures.strip()
    cameras, slash, length = text.partition("/")
    if not cameras or not re.fullmatch(r"[\d\s,;]+", cameras):
        return PictureWish(folder=Path(text).expanduser(), reason=reason)
    if slash and not length.strip().isdecimal():
        raise StorageError(StorageCode.NOT_FOUND, subject=text)
    return PictureWish(numbers=numbers_of(cameras), minutes=float(length) if slash else DAY_MINUTES, reason=reason)
