"""What may be loaded in which process."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INFERENCE = {"cv2", "nncf", "openvino", "torch", "ultralytics"}


@cache
def _loaded(modules: str) -> frozenset[str]:
    """All that these bring along, in an interpreter of their own."""
    done = subprocess.run(
        [sys.executable, "-c", f"import {modules}\nimport sys\nprint(' '.join(sys.modules))"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
    )
    return frozenset(done.stdout.split())


def _libraries(modules: str) -> frozenset[str]:
    return frozenset(name.partition(".")[0] for name in _loaded(modules))


_GUI = "main, app.runtime, widgets.main_window, widgets.wall_run"
_NODE = "main, app.node, app.runtime, storage.embedded_journal, storage.recoding"
"""A node, and who opens an encrypted journal."""


def test_the_gui_process_loads_no_inference_library() -> None:
    """Neither the command line nor the runtime nor the wall: what none of them together loads, none loads."""
    assert not _libraries(_GUI) & INFERENCE


def test_a_program_that_paints_by_raster_loads_nothing_of_opengl() -> None:
    own = {"widgets.gl_canvas", "widgets.gl_pictures"}
    assert not [name for name in _loaded(_GUI) if "OpenGL" in name or name in own]


def test_the_command_line_and_the_node_load_no_qt() -> None:
    assert "PySide6" not in _libraries(_NODE)


def test_the_detection_process_loads_no_qt() -> None:
    assert "PySide6" not in _libraries("detection.process")


def _named_modules(path: Path) -> set[str]:
    """What a file imports, and every name in its code: comments and docstrings are not looked at."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
        elif isinstance(node, ast.Name):
            names.add(node.id)
    return names


def test_one_module_names_the_drivers_of_sqlite() -> None:
    """Errors of an encrypted journal are no `sqlite3.Error`: who catches these would take a full disk for a bug."""
    packages = ("app", "detection", "resources", "storage", "video", "widgets")
    files = [ROOT / "main.py", *(path for name in packages for path in (ROOT / name).rglob("*.py"))]
    drivers = {"sqlite3", "sqlcipher3", "pysqlite3"}
    mentioning = [path for path in files if any(name in path.read_text(encoding="utf-8") for name in drivers)]
    naming = [path for path in mentioning if _named_modules(path) & drivers]
    assert naming == [ROOT / "storage" / "driver.py"]


def test_the_library_of_encrypted_journals_is_loaded_by_nobody_else() -> None:
    """A site whose journal is plain runs as it always did, with or without it."""
    assert "sqlcipher3" not in _libraries(_NODE)


def test_the_command_line_keeps_to_the_layers() -> None:
    """import-linter takes packages only, so main.py is held to the contracts here."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / "main.py").read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    assert not names & (INFERENCE | {"av", "sqlite3", "sqlite_utils", "sqlalchemy", "benchmarks"})
