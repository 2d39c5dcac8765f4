"""The models of this machine as a list that people read, and the site's choice among them. Reads files: a task's thread
or the command line, never the GUI's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.archive import Archive
from app.camera_models import OwnModel
from app.i18n import _, marked
from app.texts import sentence
from detection.detector import DetectionError
from detection.model_bench import ModelSpeed, known_speed
from detection.model_files import ModelFile, model_digest, pinned_model, provenance
from detection.models import ModelChoice, ModelSource, find_model
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.records import Actor
from storage.settings import load, save


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model of the folder, or the one in use wherever it lies. `name` is what commands call it; `problem` is why it
    cannot be used; `source` says where it came from; `cameras` are the numbers of those that have it as their own."""

    name: str
    path: Path
    title: str = ""
    int8: bool = False
    classes: int = 0
    in_use: bool = False
    listed: bool = True
    speed: ModelSpeed | None = None
    source: str = ""
    digest: str = ""
    problem: str = ""
    cameras: tuple[int, ...] = ()

    @property
    def precision(self) -> str:
        """The word for it."""
        return "" if self.problem else "int8" if self.int8 else _("float")


STEPS = {
    "alone": marked("The file is opened without rights and without network."),
    "limited": marked("The file is opened with few rights."),
    "export": marked("Exporting to OpenVINO …"),
    "look": marked("A first look …"),
    "download": marked("Downloading …"),
}


def step_words(step: str) -> str:
    """What an import or a fetch does just now."""
    return _(STEPS[step]) if step in STEPS else step


def model_rows(models: Path, in_use: Path | None, own: Sequence[OwnModel] = ()) -> tuple[ModelRow, ...]:
    """What is in the folder, broken ones too, by name; the model in use first when it lies elsewhere. `own`: what
    single cameras have."""
    found = []
    if models.is_dir():
        found = [p for p in models.iterdir() if not p.name.startswith(".") and (p.is_dir() or p.suffix == ".onnx")]
    rows = [_row(path, models, in_use) for path in sorted(found)]
    if in_use is not None and not any(row.in_use for row in rows):
        rows.insert(0, replace(_row(in_use, models, in_use), listed=False))
    return tuple(replace(row, cameras=tuple(one.number for one in own if one.name == row.name)) for row in rows)


def ratio_words(rows: Sequence[ModelRow]) -> list[str]:
    """What int8 gives against float, for models of which both were measured."""
    said = []
    for one in rows:
        if one.speed is None or not one.int8:
            continue
        for other in rows:
            if other.speed is not None and not other.int8 and other.title == one.title:
                ratio = f"{one.speed.looks_per_s / other.speed.looks_per_s:.2f}"
                text = _("{int8} gives {ratio} times the looks of {float}.")
                said.append(text.format(int8=one.name, ratio=ratio, float=other.name))
    return said


def choose(archive: Archive, name: str, actor: Actor) -> ModelChoice:
    """Note the site's model, with its digest: in the journal, which asks the right to configure, then in the settings.
    Raises DetectionError (NO_MODEL, BAD_MODEL, ALTERED_MODEL, WRONG_TASK), StorageError."""
    path = find_model(archive.folders.models, name)
    model, digest = pinned_model(path), model_digest(path)
    old = load(archive.folders.settings)
    detail = f"{path.name} sha256 {digest}; before: {old.detection.model_sha256 or '-'}"
    archive.journal.apply(RecordAccess(AccessKind.MODEL, detail=detail), actor)
    detection = replace(old.detection, model=str(path), model_sha256=digest)
    save(archive.folders.settings, replace(old, detection=detection))
    return ModelChoice(model.name, ModelSource.SETTING, path)


def _row(path: Path, models: Path, in_use: Path | None) -> ModelRow:
    used = in_use is not None and in_use.resolve().is_relative_to(path.resolve())
    try:
        model: ModelFile = pinned_model(path)
    except DetectionError as error:
        return ModelRow(path.name, path, in_use=used, problem=sentence(error))
    facts = provenance(path)
    return ModelRow(
        path.name,
        path,
        model.name,
        model.int8,
        len(model.classes),
        used,
        speed=known_speed(models, path),
        source=str(facts.get("source", "")),
        digest=model_digest(path),
    )
