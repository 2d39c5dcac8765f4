"""Which cameras are looked at by a model of their own: noted in the settings with its digest, in the journal who chose.

At most one model besides the site's works at a time. Reads model files: a task's thread, the command line or the start.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from app.archive import Archive
from app.i18n import _
from detection.detector import DetectionCode, DetectionError
from detection.detectors import MOST_MODELS
from detection.model_files import model_digest, pinned_model
from detection.models import ModelChoice, ModelSource, find_model
from storage.errors import StorageCode, StorageError
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.records import Actor, Camera
from storage.settings import load, save

log = logging.getLogger(__name__)

_ENTRY = re.compile(r"(\d+) (.+) ([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class OwnModel:
    """One camera's: its number, the model as it is called in the models folder, and its digest."""

    number: int
    name: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.number} {self.name} {self.sha256}"


def noted_models(entries: Iterable[str]) -> tuple[OwnModel, ...]:
    """What the settings say, by number; what cannot be read is logged and left out."""
    found: dict[int, OwnModel] = {}
    for entry in entries:
        match = _ENTRY.fullmatch(entry.strip())
        if match is None:
            log.warning("the setting camera_models has an entry that cannot be read: %.80s", entry)
            continue
        found[int(match[1])] = OwnModel(int(match[1]), match[2], match[3])
    return tuple(found[number] for number in sorted(found))


def numbers_of(text: str) -> tuple[int, ...]:
    """Cameras' numbers as people write them: "3, 7 12". Raises StorageError(NOT_FOUND) for a word that is no number."""
    words = re.split(r"[\s,;]+", text.strip()) if text.strip() else []
    for word in words:
        if not word.isdecimal():
            raise StorageError(StorageCode.NOT_FOUND, subject=_("Camera {number}").format(number=word[:20]))
    return tuple(sorted({int(word) for word in words}))


def own_choices(
    entries: Iterable[str], models: Path, cameras: Iterable[Camera]
) -> tuple[dict[str, ModelChoice], DetectionError | None]:
    """By camera id; whatever cannot be used is left out, so that the site's model looks there, and the first reason is
    given."""
    numbers = {camera.number: camera.id for camera in cameras}
    choices: dict[str, ModelChoice] = {}
    refused: DetectionError | None = None
    for one in noted_models(entries):
        try:
            if one.number in numbers:
                choices[numbers[one.number]] = _checked(one, models, choices.values())
        except DetectionError as error:
            log.warning("camera %d keeps the site's model: %s", one.number, error)
            refused = refused or error
    return choices, refused


def give_model(archive: Archive, name: str, numbers: Collection[int], actor: Actor) -> dict[str, ModelChoice]:
    """Exactly these cameras are looked at by this model (none: no camera any more), the others as before. The journal
    asks the right to configure. Raises DetectionError (also TOO_MANY_MODELS), StorageError (also NOT_FOUND)."""
    known = {camera.number for camera in archive.journal.registry().cameras}
    for number in sorted(set(numbers) - known):
        raise StorageError(StorageCode.NOT_FOUND, subject=_("Camera {number}").format(number=number))
    path = find_model(archive.folders.models, name)
    pinned_model(path)
    digest = model_digest(path)
    settings = load(archive.folders.settings)
    before = noted_models(settings.detection.camera_models)
    kept = [one for one in before if one.name != name and one.number not in numbers]
    if numbers and len({one.name for one in kept} | {name}) > MOST_MODELS - 1:
        raise DetectionError(DetectionCode.TOO_MANY_MODELS, most=MOST_MODELS)
    after = sorted([*kept, *(OwnModel(number, name, digest) for number in numbers)], key=lambda one: one.number)
    had = _listed(one.number for one in before if one.name == name)
    detail = f"{name} sha256 {digest} for cameras {_listed(numbers)}; before: {had}"
    archive.journal.apply(RecordAccess(AccessKind.MODEL, detail=detail), actor)
    detection = replace(settings.detection, camera_models=tuple(map(str, after)))
    save(archive.folders.settings, replace(settings, detection=detection))
    return own_choices(detection.camera_models, archive.folders.models, archive.journal.registry().cameras)[0]


def _checked(one: OwnModel, models: Path, others: Iterable[ModelChoice]) -> ModelChoice:
    try:
        path = find_model(models, one.name)
    except DetectionError as error:
        raise DetectionError(DetectionCode.BAD_MODEL, path=one.name, why="missing") from error
    model = pinned_model(path)
    if model_digest(path) != one.sha256:
        raise DetectionError(DetectionCode.ALTERED_MODEL, path=str(path))
    if len({other.path for other in others} | {path}) > MOST_MODELS - 1:
        raise DetectionError(DetectionCode.TOO_MANY_MODELS, most=MOST_MODELS)
    return ModelChoice(model.name, ModelSource.SETTING, path)


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(numbers))) or "-"
