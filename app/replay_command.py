"""`main.py replay`: a file looked at again with rules; the same detections give the same events on every run."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from app.errors import AppCode, AppError
from app.i18n import _
from app.rule_files import RuleSet, events_json, read_rules
from app.sentences import sentences
from app.site import archive_of_site
from app.site_time import zone_of
from detection.detector import DetectionCode, DetectionError
from detection.file_replay import replayed
from detection.messages import UseModel
from detection.models import BUILT_IN, choose_model
from detection.pipeline import Pipeline
from detection.process import load_detector
from storage.class_names import DEFAULT_CLASSES, class_map, in_our_words
from storage.errors import StorageCode, StorageError
from storage.folders import Folders
from video.file_looks import LOOKS_PER_S, file_looks

_START = "2000-01-01T12:00:00"
"""When a file begins whose time nobody gives: fixed, so that schedules give the same events."""


def replay(
    file: Annotated[str, typer.Argument(help="Video file.")],
    rules: Annotated[Path | None, typer.Option(help="Rules, zones and scale as JSON.")] = None,
    camera: Annotated[int | None, typer.Option(help="The rules of this camera's number.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write the events here as JSON.")] = None,
    model: Annotated[Path | None, typer.Option(help="YOLO model: an OpenVINO IR folder or an ONNX file.")] = None,
    detector: Annotated[str, typer.Option(help="`people`: the built-in one; `model`: the model that is found.")] = "",
    start: Annotated[str, typer.Option(help="When the file begins, local time of the site.")] = _START,
    looks_per_s: Annotated[
        float, typer.Option(min=0.5, max=30.0, help="Looks a second of the file's time.")
    ] = LOOKS_PER_S,
) -> None:
    """Look at a file again with rules and print its events; looks lie at fixed places of the file's own time."""
    with sentences():
        guarded, words = _guarded(rules, camera)
        pipeline = Pipeline(guarded.camera_id)
        told = in_our_words(guarded.rules, words)
        pipeline.change_rules(told, guarded.zones, (), scale=guarded.scale, timezone=guarded.timezone)
        start_utc_s = _utc_s(start, guarded)
        found = load_detector(replace(_wish(model, detector), classes=tuple(words.items())), _refuse)
        pipeline.detector = found.name
        typer.echo(found.name, err=True)
        try:
            text = events_json(replayed(file_looks(file, looks_per_s), found, pipeline, start_utc_s))
        finally:
            found.close()
        if out is not None:
            out.write_text(text, encoding="utf-8")
        typer.echo(text, nl=False)


def _guarded(rules: Path | None, camera: int | None) -> tuple[RuleSet, dict[str, str]]:
    """What guards it, and what models call our classes: of a file those of COCO, of a camera the site's."""
    if (rules is None) == (camera is None):
        raise AppError(AppCode.BAD_USAGE)
    if rules is not None:
        return read_rules(rules), class_map(DEFAULT_CLASSES)
    with archive_of_site() as archive:
        registry, zone = archive.registry, zone_of(archive.settings).key
        words = class_map(archive.settings.detection.classes)
    found = next((c for c in registry.cameras if c.number == camera), None)
    if found is None:
        raise StorageError(StorageCode.NOT_FOUND, subject=_("Camera {number}").format(number=camera))
    guarded = RuleSet(
        found.id,
        tuple(r for r in registry.rules if r.camera_id == found.id),
        tuple(z for z in registry.zones if z.camera_id == found.id),
        next((s for s in registry.camera_scales if s.id == found.id), None),
        zone,
    )
    return guarded, words


def _wish(model: Path | None, detector: str) -> UseModel:
    """The model that a start would use, or the built-in detector."""
    if detector not in ("", "people", "model"):
        raise AppError(AppCode.BAD_USAGE)
    if detector == "people" and model is None:
        return UseModel(None, "CPU", None)
    choice = choose_model(model, None, os.environ.get("WATCHFLOOR_MODEL"), Folders.find().models)
    if detector == "model" and choice == BUILT_IN:
        raise DetectionError(DetectionCode.NO_MODEL)
    return UseModel(str(choice.path) if choice.path else None, "CPU", None)


def _utc_s(text: str, guarded: RuleSet) -> float:
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=ZoneInfo(guarded.timezone))).astimezone(UTC).timestamp()
    except (ValueError, OverflowError) as error:
        raise AppError(AppCode.BAD_RECORD, name="start", known=_START) from error


def _refuse(message: object) -> None:
    """A model that was named and cannot be used ends a replay: with another one the events would be others."""
    raise DetectionError(DetectionCode.BAD_MODEL, path=str(getattr(message, "details", {}).get("path", "")))
