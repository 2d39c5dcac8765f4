"""Starting the program as a user would: `python main.py ...` in a process of its own, with a home of its own.

A run that has to see something goes on until it has seen it: how soon that is, is a matter of `benchmarks/`.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage.errors import StorageError
from storage.folders import Folders
from storage.footage_lock import FolderLock
from tests.conftest import wait_until
from tests.e2e.warm_program import ROOT, WarmProgram
from video.demo_clips import make_clips
from video.demo_scenes import SCENES

_LOG_LINE = re.compile(r"\d{4}-\d\d-\d\dT")
_MOST_S = 100.0
_END_S = 90.0
_LOOK_S = 0.25
_TEST_S = 400


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Programs are started and clips made in these tests: minutes on a busy machine."""
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.timeout(_TEST_S))


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


def run_until(enough: Callable[[str], bool], *args: str, folder: Path, home: Path, **changes: str | None) -> Finished:
    """Run `main.py` until `enough` holds of what it has logged, then end it by a signal. `folder` gets its log."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "log.txt"
    command = [sys.executable, str(ROOT / "main.py"), *args, "--seconds", str(_MOST_S)]
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment(home, **changes), stdout=subprocess.DEVNULL, stderr=errors
        )
        try:
            end_s = time.monotonic() + _MOST_S
            while process.poll() is None and not enough(log.read_text(errors="replace")):
                assert time.monotonic() < end_s, log.read_text(errors="replace")[-3000:]
                time.sleep(_LOOK_S)
            if sys.platform != "win32" and process.poll() is None:
                process.send_signal(signal.SIGTERM)
            code = process.wait(_END_S + (_MOST_S if sys.platform == "win32" else 0.0))
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    return Finished(code, "", log.read_text(errors="replace"))


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is known of an event while the program runs."""

    utc_s: float
    pts_s: float
    camera_id: str
    rule_id: str


def sightings(journal: Path | None) -> list[Sighting]:
    """The events in the journal of a program that runs; none as long as it has no journal."""
    if journal is None:
        return []
    try:
        with closing(sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT utc_s, pts_s, camera_id, rule_id FROM events").fetchall()
    except sqlite3.OperationalError:  # its tables are being made
        return []
    return [Sighting(*row) for row in rows]


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in whose cache the demo clips are already made: once for all workers; each has a home of its own."""
    base = tmp_path_factory.getbasetemp()
    made = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demo-clips"
    alone = _alone_in(made)
    try:
        make_clips(SCENES, made, lambda _done, _total: None)
    finally:
        alone.release()
    home = tmp_path_factory.mktemp("demo-home")
    demo = Folders.under(home).demo
    demo.mkdir(parents=True)
    for file in (*made.glob("*.mp4"), *made.glob("*.json")):
        shutil.copy2(file, demo)
    return home


def _alone_in(folder: Path) -> FolderLock:
    taken: list[FolderLock] = []

    def took() -> bool:
        with contextlib.suppress(StorageError):
            taken.append(FolderLock(folder))
        return bool(taken)

    wait_until(took, _TEST_S, "the clips that another worker makes")
    return taken[0]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home."""
    return tmp_path / "home"


@pytest.fixture(scope="package")
def warm() -> Iterator[WarmProgram | None]:
    """Has `main.py` imported; None on a system whose processes do not fork."""
    made = WarmProgram() if sys.platform != "win32" else None
    yield made
    if made is not None:
        made.close()


@pytest.fixture
def program(home: Path, warm: WarmProgram | None, tmp_path: Path) -> Program:
    """Run `main.py` to its end."""

    def run(*args: str, timeout_s: float = 110, home: Path = home, **changes: str | None) -> Finished:
        env = environment(home, **changes)
        if warm is not None:
            return Finished(*warm.run(args, env, tmp_path / "program", timeout_s))
        command = [sys.executable, str(ROOT / "main.py"), *args]
        done = subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=timeout_s, check=False
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    return run
