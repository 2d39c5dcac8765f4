"""Starting the program as a user would: `python main.py ...` in a process of its own, with a home of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.demo import DemoSite
from storage.folders import Folders

_LOG_LINE = re.compile(r"\d{4}-\d\d-\d\dT")
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Finished:
    """A program run that ended."""

    code: int
    out: str
    err: str

    def assert_one_sentence(self) -> None:
        """The operator got a sentence: no traceback, no log noise."""
        assert "Traceback" not in self.err, self.err
        lines = [line for line in self.err.splitlines() if line.strip() and not _LOG_LINE.match(line)]
        assert len(lines) == 1, self.err


Program = Callable[..., Finished]


def environment(home: Path, **changes: str | None) -> dict[str, str]:
    """This machine's environment with a home of its own; None removes a variable."""
    env = dict(os.environ) | {"WATCHFLOOR_HOME": str(home), "YOLO_OFFLINE": "1", "QT_QPA_PLATFORM": "offscreen"}
    for name, value in changes.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = value
    return env


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in whose cache the demo clips are already made."""
    home = tmp_path_factory.mktemp("demo-home")
    DemoSite.prepare(Folders.under(home).demo, lambda _done, _total: None)
    return home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home."""
    return tmp_path / "home"


@pytest.fixture
def program(home: Path) -> Program:
    """Run `main.py` to its end."""

    def run(*args: str, timeout_s: float = 110, home: Path = home, **changes: str | None) -> Finished:
        done = subprocess.run(
            [sys.executable, str(ROOT / "main.py"), *args],
            cwd=ROOT,
            env=environment(home, **changes),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    return run
