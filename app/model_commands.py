"""`main.py model ...`: list, fetch, import, choose, remove, measure detection models, make int8 ones."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Annotated

import typer

from app.camera_models import give_model, noted_models, numbers_of
from app.errors import AppCode, AppError
from app.i18n import _
from app.model_pictures import DAY_MINUTES, PictureWish
from app.model_quantizing import quantize
from app.model_rows import (
    ModelRow,
    agreement_words,
    choose,
    compared_words,
    model_rows,
    ratio_words,
    step_words,
)
from app.model_words import name_classes
from app.runtime import RuntimePlan
from app.sentences import sentences
from app.site import archive_of_site, site_plan
from detection.agreement import Agreement, noted_agreement
from detection.detector import DetectionCode, DetectionError
from detection.model_bench import bench_model
from detection.model_import import SIDE_PX, ImportPlan, import_model
from detection.models import ModelChoice, fetch_model, remove_model
from storage.class_names import class_map

model_app = typer.Typer(help="Detection models: list, fetch, import, choose, measure, make int8 ones.")
Name = Annotated[str, typer.Argument(help="As “model list” calls it.")]


@model_app.command("list")
def model_list() -> None:
    """Models found on this machine, with what was measured; * is the site's choice."""
    with sentences():
        plan = site_plan(None)
        rows = _rows(plan)
    for row in rows:
        typer.echo(_line(row))
    if not rows:
        typer.echo(_("There is no model yet: the built-in people detector works."), err=True)


@model_app.command("fetch")
def model_fetch() -> None:
    """Get the official nano weights by ultralytics in a process of its own and export them to OpenVINO once."""
    with sentences():
        choice: ModelChoice = fetch_model(site_plan(None).folders.models, _step)
    typer.echo(str(choice.path))


@model_app.command("import")
def model_import(
    source: Annotated[
        Path, typer.Argument(help="An OpenVINO folder or .xml, an .onnx, or weights of ultralytics (.pt).")
    ],
    side: Annotated[int, typer.Option(help="Input of exported weights, px.", min=64, max=2048)] = SIDE_PX,
) -> None:
    """Take a model from a file, opened in a process without rights and without network; its SHA-256 is noted."""
    with sentences():
        plan = site_plan(None)
        path = import_model(source.expanduser(), plan.folders.models, _step, plan=ImportPlan(side_px=side))
        row = next(row for row in _rows(plan) if row.path == path)
    typer.echo(_line(row))


@model_app.command("choose")
def model_choose(
    name: Name,
    cameras: Annotated[
        str | None, typer.Option(help="Only for the cameras of these numbers, like “3,7”; “” gives them all back.")
    ] = None,
) -> None:
    """Use this model at this site from the next start on; its SHA-256 is noted in the settings and in the journal."""
    with sentences(), archive_of_site() as archive:
        if cameras is None:
            path = choose(archive, name, archive.actor).path
            typer.echo(str(path))
            for text in (row.unnamed for row in _rows(site_plan(None)) if row.name == name and row.unnamed):
                typer.echo(text, err=True)
            _doubt(noted_agreement(path) if path is not None else None)
            return
        give_model(archive, name, numbers_of(cameras), archive.actor)
        typer.echo(_line(next(row for row in _rows(site_plan(None)) if row.name == name)))


@model_app.command("quantize")
def model_quantize(
    name: Name,
    pictures: Annotated[Path | None, typer.Option(help="A folder of pictures of this site's cameras.")] = None,
    cameras: Annotated[str, typer.Option(help="Or pictures out of recordings: numbers of cameras, like “3,7”.")] = "",
    minutes: Annotated[float, typer.Option(help="How far back in the recordings.", min=1, max=525_600)] = DAY_MINUTES,
    reason: Annotated[str, typer.Option(help="Why recordings are looked into; written into the journal first.")] = "",
) -> None:
    """Make an int8 model of a float one with pictures of this site, and compare the two; nothing is chosen by it.

    100 to 300 pictures go through a process without rights and network, and are not kept. Needs nncf."""
    with sentences(), archive_of_site() as archive:
        if (pictures is None) == (not cameras.strip()):
            raise AppError(AppCode.BAD_USAGE)
        wish = PictureWish(pictures, numbers_of(cameras), minutes, reason)
        rows = quantize(archive, name, wish, archive.actor, _step, cancel=threading.Event())
    for text in [*map(_line, rows), *compared_words(*rows)]:
        typer.echo(text)


@model_app.command("classes")
def model_classes(
    lines: Annotated[
        list[str] | None, typer.Argument(help="Like “person: person, pedestrian”; without any they are listed.")
    ] = None,
) -> None:
    """Which words of models are which of ours. A line takes the place of its class's, from the next start on."""
    with sentences(), archive_of_site() as archive:
        named = name_classes(archive, lines, archive.actor) if lines else archive.settings.detection.classes
    for line in named:
        typer.echo(line)


@model_app.command("remove")
def model_remove(name: Name) -> None:
    """Delete a model of the models folder; the site's choice and a camera's own are refused."""
    with sentences():
        plan = site_plan(None)
        if any(row.cameras for row in _rows(plan) if row.name == name):
            raise DetectionError(DetectionCode.MODEL_IN_USE, path=name)
        remove_model(plan.folders.models, name, _chosen(plan))


@model_app.command("bench")
def model_bench(
    name: Annotated[str, typer.Argument(help="One model; without a name all of them.")] = "",
    seconds: Annotated[float, typer.Option(help="How long each.", min=0.2, max=60)] = 3.0,
) -> None:
    """Run each model for 3 s on this machine, each in a process of its own: ms an input, looks a second."""
    with sentences():
        plan = site_plan(None)
        models, device, chosen = plan.folders.models, plan.settings.detection.device, _chosen(plan)
        usable = [row for row in model_rows(models, chosen) if not row.problem]
        rows = [row for row in usable if name in ("", row.name)]
        if not rows:
            raise DetectionError(DetectionCode.UNKNOWN_MODEL if name else DetectionCode.NO_MODEL, path=name)
        for row in rows:
            _step(f"{row.name} …")
            bench_model(row.path, models, seconds=seconds, device=device)
        names = {row.name for row in rows}
        rows = [row for row in model_rows(models, chosen) if row.name in names]
    for text in [*map(_line, rows), *ratio_words(rows)]:
        typer.echo(text)


def _rows(plan: RuntimePlan) -> tuple[ModelRow, ...]:
    own, named = noted_models(plan.settings.detection.camera_models), class_map(plan.settings.detection.classes)
    return model_rows(plan.folders.models, _chosen(plan), own, named)


def _chosen(plan: RuntimePlan) -> Path | None:
    return Path(plan.settings.detection.model) if plan.settings.detection.model else None


def _line(row: ModelRow) -> str:
    speed = f"{row.speed.ms:.1f} ms  {row.speed.looks_per_s:.1f} looks/s" if row.speed is not None else ""
    numbers = ", ".join(map(str, row.cameras))
    cameras = _("cameras {numbers}").format(numbers=numbers) if numbers else ""
    parts = (row.name, row.title, row.precision, speed, row.digest[:16], cameras, row.problem or row.unnamed)
    return ("* " if row.in_use else "  ") + "\t".join(filter(None, parts))


def _doubt(agreed: Agreement | None) -> None:
    """What there is to know of a model that does not speak for itself."""
    if agreed is not None and not agreed.good:
        typer.echo(agreement_words(agreed), err=True)


def _step(text: str) -> None:
    typer.echo(step_words(text), err=True)
