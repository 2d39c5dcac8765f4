"""`main.py soak NAME`: hours or minutes of mistreatment in place of a benchmark's seconds."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Annotated

import typer

from app.errors import AppCode, AppError
from app.exit_codes import FAILED
from app.sentences import sentences

SOAKS = ("detect", "journal", "record", "wall")


def add_to(app: typer.Typer) -> None:
    """Register this module's command."""
    app.command("soak")(soak)


def soak(
    name: Annotated[str, typer.Argument(help=", ".join(SOAKS))],
    rounds: Annotated[int, typer.Option(help="How often, for journal and record.")] = 30,
    minutes: Annotated[float, typer.Option(help="How long, for wall.")] = 60.0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Also write the figures here.")] = None,
) -> None:
    """Mistreat a part of the program again and again, and print what it survived. Exit code 6: not everything."""
    with sentences():
        if name not in SOAKS:
            raise AppError(AppCode.NO_BENCH, name=name)
        module = importlib.import_module(f"benchmarks.soak_{name}")
        result: dict[str, object] = module.run(minutes if name == "wall" else rounds)
    if json_file is not None:
        json_file.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    typer.echo(module.table(result))
    typer.echo(f"soak {name}: {'ok' if result['ok'] else 'NOT OK'}")
    if not result["ok"]:
        raise typer.Exit(FAILED)
