"""What may be loaded in which process."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
INFERENCE = {"cv2", "openvino", "torch", "ultralytics"}


def _loaded(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(' '.join(sys.modules))"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("module", ["main", "widgets.main_window", "widgets.wall_run", "app.runtime"])
def test_the_gui_process_loads_no_inference_library(module: str) -> None:
    assert not _loaded(f"import {module}") & INFERENCE


def test_the_command_line_and_the_node_load_no_qt() -> None:
    assert "PySide6" not in _loaded("import main, app.node, app.runtime")


def test_the_detection_process_loads_no_qt() -> None:
    assert "PySide6" not in _loaded("import detection.process")


def test_the_command_line_keeps_to_the_layers() -> None:
    """import-linter takes packages only, so main.py is held to the contracts here."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / "main.py").read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    assert not names & (INFERENCE | {"av", "sqlite3", "sqlite_utils", "sqlalchemy", "benchmarks"})
