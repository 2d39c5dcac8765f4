"""The models of this machine as a list that people read, and the site's choice among them. Reads files: a task's thread
or the command line, never the GUI's."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.archive import Archive
from app.camera_models import OwnModel
from app.i18n import _, marked
from app.model_words import unnamed_words
from app.texts import sentence
from detection.agreement import LEAST_BOXES, LEAST_SHARE, SCORE, Agreement, noted_agreement
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
    cannot be used; `source` says where it came from; `cameras` are the numbers of those that have it as their own;
    `agreement` is there of int8 models that were made here. `unnamed` is said when rules know none of its classes."""

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
    agreement: Agreement | None = None
    unnamed: str = ""

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
    "gather": marked("Gathering pictures: {detail} %"),
    "pictures": marked("The pictures are opened …"),
    "calibrate": marked("Looking at the pictures for the steps of 8 bits: {detail} %"),
    "compare": marked("Comparing with the float model on pictures that were held back …"),
    "bench": marked("Measuring {detail} for 3 s …"),
}


def step_words(step: str) -> str:
    """What long work on a model does just now: a word of `STEPS`, which a detail may follow."""
    word, _space, detail = step.partition(" ")
    return _(STEPS[word]).format(detail=detail) if word in STEPS else step


def model_rows(
    models: Path, in_use: Path | None, own: Sequence[OwnModel] = (), named: Collection[str] | None = None
) -> tuple[ModelRow, ...]:
    """What is in the folder, broken ones too, by name; the model in use first when it lies elsewhere. `own`: what
    single cameras have. `named`: the models' words that the setting names (None: not asked)."""
    found = []
    if models.is_dir():
        found = [p for p in models.iterdir() if not p.name.startswith(".") and (p.is_dir() or p.suffix == ".onnx")]
    rows = [_row(path, models, in_use, named) for path in sorted(found)]
    if in_use is not None and not any(row.in_use for row in rows):
        rows.insert(0, replace(_row(in_use, models, in_use, named), listed=False))
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


def agreement_words(agreed: Agreement) -> str:
    """How far an int8 model agrees with the float model that it was made of."""
    if not agreed.known:
        text = _("The pictures held back show too little ({boxes} boxes) to tell how far it agrees with {name}.")
        return text.format(boxes=agreed.boxes, name=agreed.of)
    text = _(
        "It finds {share} of the {boxes} boxes of {name} (score {score} or more), and {extra} that {name} does not."
    )
    share = f"{agreed.share:.2f}"
    return text.format(boxes=agreed.boxes, name=agreed.of, score=SCORE, share=share, extra=agreed.extra)


def doubt_words(agreed: Agreement | None) -> str:
    """Why a model is not taken unless somebody chooses it; empty for those that are."""
    if agreed is None or agreed.good:
        return ""
    text = _("It is used only where somebody chooses it: {share} at least is wanted, of {boxes} boxes or more.")
    return text.format(share=LEAST_SHARE, boxes=LEAST_BOXES)


def compared_words(source: ModelRow, made: ModelRow) -> list[str]:
    """A float model and the int8 one made of it: what an input costs, how far they agree, and what follows."""
    said = []
    if source.speed is not None and made.speed is not None:
        text = _("CPU time of an input: {int8} {ms_int8} ms, {float} {ms_float} ms ({ratio}).")
        ratio = f"{made.speed.cpu_ms / max(source.speed.cpu_ms, 0.001):.2f}"
        ms_int8, ms_float = f"{made.speed.cpu_ms:.1f}", f"{source.speed.cpu_ms:.1f}"
        names = {"int8": made.name, "float": source.name}
        said.append(text.format(ratio=ratio, ms_int8=ms_int8, ms_float=ms_float, **names))
        said += ratio_words((source, made))
    if made.agreement is not None:
        said += [agreement_words(made.agreement), doubt_words(made.agreement)]
    return [one for one in said if one]


def choose(archive: Archive, name: str, actor: Actor) -> ModelChoice:
    """Note the site's model, with its digest: in the journal, which asks the right to configure, then in the settings.
    Raises DetectionError (UNKNOWN_MODEL, BAD_MODEL, ALTERED_MODEL, WRONG_TASK), StorageError."""
    path = find_model(archive.folders.models, name)
    model, digest = pinned_model(path), model_digest(path)
    old = load(archive.folders.settings)
    detail = f"{path.name} sha256 {digest}; before: {old.detection.model_sha256 or '-'}"
    archive.journal.apply(RecordAccess(AccessKind.MODEL, detail=detail), actor)
    detection = replace(old.detection, model=str(path), model_sha256=digest)
    save(archive.folders.settings, replace(old, detection=detection))
    return ModelChoice(model.name, ModelSource.SETTING, path)


def _row(path: Path, models: Path, in_use: Path | None, named: Collection[str] | None) -> ModelRow:
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
        agreement=noted_agreement(path),
        unnamed=unnamed_words(path.name, model.classes, named) if named is not None else "",
    )
