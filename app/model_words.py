"""Whether rules know what a model finds: its words against those that the setting `[detection] classes` names.

A model of which no word is named shows all of them under their own names, and no rule speaks of any: that has to be
said wherever such a model is listed, chosen or begins to look. Reads a model's metadata: any thread but the GUI's.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from app.archive import Archive
from app.errors import AppCode, AppError
from app.i18n import _
from detection.detector import DetectionError
from detection.model_files import check_model
from detection.models import ModelChoice
from storage.class_names import class_map
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.records import Actor
from storage.settings import load, save

_MOST_WORDS = 6


def unnamed_words(name: str, classes: Sequence[str], named: Collection[str]) -> str:
    """What to say of a model with these `classes`; empty where the setting names one of them, or nobody knows them."""
    if not classes or any(word in named for word in classes):
        return ""
    words = ", ".join(classes[:_MOST_WORDS]) + (" …" if len(classes) > _MOST_WORDS else "")
    text = _(
        "No rule sees what the model {name} finds: “[detection] classes” in settings.toml names none of its words"
        " ({words})."
    )
    return text.format(name=name, words=words)


def name_classes(archive: Archive, lines: Sequence[str], actor: Actor) -> tuple[str, ...]:
    """Each line takes the place of its class's (one without words: of nothing); all lines as they are from the next
    start on. The journal asks the right to configure. Raises AppError(BAD_CLASSES), StorageError."""
    settings = load(archive.folders.settings)
    by_class = {line.partition(":")[0].strip(): line.strip() for line in (*settings.detection.classes, *lines)}
    after = tuple(line for line in by_class.values() if line.partition(":")[2] or ":" not in line)
    try:
        class_map(after)
    except ValueError as error:
        raise AppError(AppCode.BAD_CLASSES, line=str(error)) from error
    archive.journal.apply(RecordAccess(AccessKind.MODEL, detail=f"classes {'; '.join(after)}"), actor)
    save(archive.folders.settings, replace(settings, detection=replace(settings.detection, classes=after)))
    return after


def unnamed_of(choice: ModelChoice) -> str:
    """The same of a model that is to look, with its own choice of words."""
    if choice.path is None or not choice.classes:
        return ""
    try:
        model = check_model(choice.path)
    except DetectionError:  # whoever loads it says so
        return ""
    return unnamed_words(choice.path.name, model.classes, dict(choice.classes))
