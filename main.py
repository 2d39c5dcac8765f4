#!/usr/bin/env python3
"""Watchfloor's command line. Qt is imported only inside the commands that show a wall."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from app import calm_start, commands
from app.errors import AppCode, AppError
from app.recording_commands import recordings_app
from app.runtime import Runtime, RuntimePlan
from app.sentences import sentences
from app.site import demo_plan, site_plan, trial_plan
from app.wall_plans import WallStart

Seconds = Annotated[float | None, typer.Option(help="Stop after so many seconds, counted from the first picture.")]
Out = Annotated[Path | None, typer.Option(help="Folder for pictures, journal, reports and figures of the run.")]
Offscreen = Annotated[bool, typer.Option("--offscreen", help="Draw without a screen.")]
Model = Annotated[Path | None, typer.Option(help="YOLO model: an OpenVINO IR folder or an ONNX file.")]
Cameras = Annotated[list[str] | None, typer.Option("--camera", help="URL or file; repeat for more.")]
Monitor = Annotated[int | None, typer.Option(help="Kiosk: full screen on this monitor (1, 2, ...), without the panel.")]
LayoutName = Annotated[str, typer.Option("--layout", help="Begin with this view, layout or number of tiles.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Log more.")]

app = typer.Typer(
    name="watchfloor",
    help="Watchfloor, the operator workstation of a situation centre. Without a command: the wall of this site.",
    epilog="Exit codes: 0 done, 2 usage, 3 something is missing (one sentence says what), others: docs/EXIT_CODES.md.",
    pretty_exceptions_enable=False,
    no_args_is_help=False,
    add_completion=False,
)
commands.add_to(app)
app.add_typer(recordings_app, name="recordings")


@app.callback(invoke_without_command=True)
def wall_of_site(
    context: typer.Context,
    seconds: Seconds = None,
    out: Out = None,
    offscreen: Offscreen = False,
    model: Model = None,
    monitor: Monitor = None,
    layout: LayoutName = "",
    verbose: Verbose = False,
) -> None:
    """Watchfloor, the operator workstation of a situation centre. Without a command: the wall of this site."""
    commands.set_up_log(verbose, context.invoked_subcommand or "wall")
    calm_start.settle()
    if context.invoked_subcommand is None:
        _show(lambda: nullcontext(site_plan(model)), seconds, out, offscreen, WallStart(monitor, layout))


@app.command()
def demo(
    seconds: Seconds = None,
    out: Out = None,
    offscreen: Offscreen = False,
    model: Model = None,
    monitor: Monitor = None,
    layout: LayoutName = "",
) -> None:
    """The wall over ten embedded demo cameras, with a journal in a temporary home."""
    _show(lambda: demo_plan(model, commands.show_progress), seconds, out, offscreen, WallStart(monitor, layout))


@app.command()
def wall(
    camera: Cameras = None,
    seconds: Seconds = None,
    out: Out = None,
    offscreen: Offscreen = False,
    model: Model = None,
    monitor: Monitor = None,
    layout: LayoutName = "",
) -> None:
    """A trial wall over any sources; nothing is kept after it."""
    _show(lambda: trial_plan(camera or [], model), seconds, out, offscreen, WallStart(monitor, layout))


@app.command()
def node(
    camera: Cameras = None,
    with_demo: Annotated[bool, typer.Option("--demo", help="Over the demo cameras.")] = False,
    seconds: Seconds = None,
    out: Out = None,
    model: Model = None,
) -> None:
    """The same runtime without a wall and without Qt, as a service."""
    commands.run_node_over(_plan_of_node(camera or [], with_demo, model), seconds, out)


def _plan_of_node(
    cameras: Sequence[str], with_demo: bool, model: Path | None
) -> Callable[[], AbstractContextManager[RuntimePlan]]:
    if with_demo:
        return lambda: demo_plan(model, commands.show_progress)
    if cameras:
        return lambda: trial_plan(cameras, model)
    return lambda: nullcontext(site_plan(model))


def _show(
    plan_of: Callable[[], AbstractContextManager[RuntimePlan]],
    seconds: float | None,
    out: Path | None,
    offscreen: bool,
    start: WallStart,
) -> None:
    with sentences():
        try:
            from widgets.application import create_application
            from widgets.kiosk import monitor_of
            from widgets.single_instance import SingleInstance
            from widgets.wall_run import run_wall
        except ImportError as error:
            raise AppError(AppCode.NO_QT) from error
        commands.prepare_out(out)
        application = create_application(offscreen=offscreen)
        monitor_of(start)  # a wrong number is said before anything is opened
        with plan_of() as plan:
            instance = SingleInstance(plan.folders.data, application)
            try:
                code = run_wall(application, partial(Runtime, plan), seconds, out, instance, start)
            finally:
                instance.close()
    sys.exit(code)


def main() -> None:
    """Entry point of the installed program."""
    app()


if __name__ == "__main__":
    main()
