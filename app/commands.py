"""Commands of the command line that need no wall: probe, model, camera, report, verify, bench, node."""

from __future__ import annotations

import importlib
import json
import logging
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from app import backup_commands, soak_commands
from app.alert_commands import alert_app
from app.blackbox_commands import blackbox
from app.credentials import split_login, with_login
from app.erasure_commands import erase_app, retention_app
from app.errors import AppCode, AppError
from app.exit_codes import exit_code_of
from app.export_commands import export_app
from app.journal_commands import journal_app
from app.log import set_up
from app.model_commands import model_app
from app.package_commands import package_app
from app.people_commands import operator_app
from app.period_commands import period, sheet
from app.record_commands import record_app
from app.registry_commands import camera_app, mask_app
from app.replay_command import replay
from app.rule_commands import rule_app
from app.runtime import Runtime, RuntimePlan
from app.sentences import sentences
from app.signals import unwind_on_stop
from app.site import archive_of_site
from app.subject_commands import subject_app
from app.texts import sentence
from app.verify_command import verify
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.folders import Folders
from video.probe import ProbeResult, probe
from video.source import redact

log = logging.getLogger(__name__)

BENCHES = (
    "backup",
    "decode",
    "detect",
    "export",
    "faults",
    "glass",
    "journal",
    "looks",
    "memory",
    "motion_search",
    "open",
    "rebuild",
    "record",
    "report",
    "rules",
    "scenes",
    "scroll",
    "scrub",
    "search",
    "seek",
    "stack",
    "stall",
    "start",
    "switch",
    "timeline",
    "track",
    "verify",
    "wall",
)
_OF_STREAMS = frozenset({"faults", "glass", "memory", "open", "record", "seek", "wall"})


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.command("probe")(probe_sources)
    app.command("report")(report)
    app.command("period")(period)
    app.command("sheet")(sheet)
    app.command("verify")(verify)
    app.command("bench")(bench)
    app.command("replay")(replay)
    app.command("blackbox")(blackbox)
    soak_commands.add_to(app)
    backup_commands.add_to(app)
    app.add_typer(model_app, name="model")
    app.add_typer(camera_app, name="camera")
    app.add_typer(rule_app, name="rule")
    app.add_typer(mask_app, name="mask")
    app.add_typer(record_app, name="record")
    app.add_typer(operator_app, name="operator")
    app.add_typer(alert_app, name="alert")
    app.add_typer(package_app, name="package")
    app.add_typer(export_app, name="export")
    app.add_typer(subject_app, name="subject")
    app.add_typer(journal_app, name="journal")
    app.add_typer(erase_app, name="erase")
    app.add_typer(retention_app, name="retention")


def set_up_log(verbose: bool, name: str) -> None:
    """Log to stderr and, where it can be written, to a file of this command; from here on SIGTERM unwinds."""
    unwind_on_stop()
    set_up(Folders.find().state / "log", verbose=verbose, name=name)


def show_progress(done: int, total: int) -> None:
    """Progress of the demo clips on stderr."""
    end = "\n" if done == total else ""
    typer.echo(f"\rMaking the demo cameras (once): {done}/{total}{end}", err=True, nl=False)


def prepare_out(out: Path | None) -> None:
    """Make the output folder before anything runs, so that a bad path is refused at once."""
    if out is None:
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(StorageCode.READ_ONLY, path=str(out)) from error


def run_node_over(
    plan_of: Callable[[], AbstractContextManager[RuntimePlan]], seconds: float | None, out: Path | None
) -> None:
    """`main.py node`."""
    from app.node import run_node

    with sentences():
        prepare_out(out)
        with plan_of() as plan:
            code = run_node(partial(Runtime, plan), seconds, out)
    sys.exit(code)


def probe_sources(urls: Annotated[list[str], typer.Argument(help="URLs or files.")]) -> None:
    """Say what each source is, or in one sentence why it gives no picture; the exit code is the first failure's."""
    code = 0
    for url in urls:
        try:
            typer.echo(f"{redact(url)}: {_described(probe(with_login(*split_login(url))))}")
        except WatchfloorError as error:
            typer.echo(f"{redact(url)}: {sentence(error)}", err=True)
            code = code or exit_code_of(error)
    raise typer.Exit(code)


def _described(found: ProbeResult) -> str:
    info = found.info
    parts = [info.codec, f"{info.width}x{info.height}", f"{found.fps:.1f} fps"]
    parts.append(f"GOP {found.gop_s:.1f} s" if found.gop_s else "GOP unknown")
    parts.append(f"audio {info.audio_codec}" if info.audio_codec else "no audio")
    return ", ".join(parts)


def report(
    incident: Annotated[str, typer.Argument(help="Number (2026-000001) or id.")],
    out: Annotated[Path, typer.Option(help="File to write.")],
    form: Annotated[str, typer.Option("--format", help="pdf, csv or json.")] = "pdf",
) -> None:
    """Write the report of one incident and note the export in the journal."""
    with sentences(), archive_of_site() as archive:
        try:
            written = archive.reports.write(incident, form, out, archive.actor)
        except StorageError as error:
            if error.code is StorageCode.NOT_FOUND:
                raise AppError(AppCode.UNKNOWN_INCIDENT, incident=incident) from error
            raise
        typer.echo(str(written))


def bench(
    name: Annotated[str, typer.Argument(help=", ".join(BENCHES))],
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the figures here.")] = None,
    streams: Annotated[int | None, typer.Option(help="How many cameras, for benches that have cameras.")] = None,
    runs: Annotated[int | None, typer.Option(help="How often, for benches that have cameras.")] = None,
    rtsp: Annotated[bool, typer.Option("--rtsp", help="With wall: the most RTSP cameras that it holds.")] = False,
    city: Annotated[bool, typer.Option("--city", help="With wall: one camera enlarged, sub-streams around.")] = False,
    peers: Annotated[bool, typer.Option("--peers", help="With wall: beside GStreamer, mpv, ffplay, FFmpeg.")] = False,
    pictures: Annotated[Path | None, typer.Option(help="With scenes: only draw each rule firing, in there.")] = None,
) -> None:
    """Run us and the reference in one run and print the ratio."""
    with sentences():
        if name not in BENCHES:
            raise AppError(AppCode.NO_BENCH, name=name)
        if pictures is not None:
            importlib.import_module("benchmarks.scene_pictures").write(pictures)
            return
        if name in ("detect", "looks", "stack", "stall") and not os.environ.get("WATCHFLOOR_MODEL"):
            raise AppError(AppCode.NO_MODEL_FOR_BENCH)
        kinds = ("_rtsp" * rtsp, "_city" * city, "_peers" * peers) if name == "wall" else ()
        run = importlib.import_module(f"benchmarks.{name}{next(filter(None, kinds), '')}").run
        given = {"streams": streams, "runs": runs} if name in _OF_STREAMS else {}
        result: dict[str, object] = run(**{word: value for word, value in given.items() if value is not None})
    text = json.dumps(result, indent=2)
    if json_file is not None:
        json_file.write_text(text + "\n", encoding="utf-8")
    typer.echo(text)
    title = result.get("name", name)
    typer.echo(f"{title}: ratio {result['ratio']} to {result['reference']} ({result['better']} is better)")
