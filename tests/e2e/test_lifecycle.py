"""How a run begins and ends: signals at any moment, refused outputs, a site without cameras."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from app import exit_codes
from storage.folders import Folders
from tests.conftest import wait_until
from tests.e2e.conftest import Program, environment
from tests.e2e.warm_program import ROOT
from tests.video.conftest import make_clip

_START_S = 120.0
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are sent in another way there")


Begin = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Start `main.py` with a home and a folder for what is temporary; what a failed test leaves running is killed."""
    begun: list[subprocess.Popen[bytes]] = []

    def start(home: Path, temporary: Path, *words: str) -> subprocess.Popen[bytes]:
        temporary.mkdir(exist_ok=True)
        env = environment(home, TMPDIR=str(temporary))
        command = [sys.executable, str(ROOT / "main.py"), *words]
        begun.append(subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.DEVNULL))
        return begun[-1]

    yield start
    for process in begun:
        if process.poll() is None:
            process.kill()
            process.wait()


def _end(process: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM) -> int:
    """Signal, and wait: the exit code, after making sure that no child outlived it."""
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    code = process.wait(90)
    _, left = psutil.wait_procs(children, 30)
    assert left == []
    return code


def _clip_begun(home: Path) -> bool:
    return any(Folders.under(home).demo.glob("*.part")) or any(Folders.under(home).demo.glob(".*.part"))


def test_sigterm_while_the_demo_is_made_leaves_nothing_behind(begin: Begin, home: Path, tmp_path: Path) -> None:
    process = begin(home, tmp_path / "tmp", "node", "--demo")
    wait_until(lambda: _clip_begun(home), _START_S, "the first clip")
    assert _end(process) == 128 + signal.SIGTERM
    assert not _clip_begun(home)
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_at_the_start_of_a_run_leaves_nothing_behind(
    begin: Begin, demo_home: Path, tmp_path: Path, number: signal.Signals
) -> None:
    temporary = tmp_path / "tmp"
    process = begin(demo_home, temporary, "node", "--demo")
    wait_until(lambda: temporary.exists() and any(temporary.glob("watchfloor-*")), _START_S, "the temporary home")
    assert _end(process, number) in {0, 128 + number}
    assert list(temporary.glob("watchfloor-*")) == []


def test_sigterm_ends_a_wall_that_then_leaves_its_outputs(begin: Begin, demo_home: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = begin(demo_home, tmp_path / "tmp", "demo", "--offscreen", "--out", str(out))
    wait_until(lambda: len(psutil.Process(process.pid).children()) >= 3, _START_S, "the demo's processes")
    assert _end(process) == 0
    assert json.loads((out / "metrics.json").read_text())["tiles"] == 9
    assert {"wall-1.png", "journal.db", "events.csv", "metrics.json"} <= {path.name for path in out.iterdir()}


@pytest.mark.parametrize(("words", "blocked"), [(["node"], "metrics.json"), (["wall", "--offscreen"], "wall-1.png")])
def test_an_output_that_cannot_be_written_is_said_and_ends_the_run(
    program: Program, tmp_path: Path, words: list[str], blocked: str
) -> None:
    clip = make_clip(tmp_path / "clip.mp4")
    (tmp_path / "out" / blocked).mkdir(parents=True)
    done = program(*words, "--camera", str(clip), "--seconds", "1", "--out", str(tmp_path / "out"))
    assert done.code == exit_codes.FAILED
    assert "Traceback" not in done.err
    assert blocked in done.err


def test_a_site_without_cameras_does_not_wait_for_a_picture(program: Program, tmp_path: Path) -> None:
    done = program("--offscreen", "--seconds", "0.5", "--out", str(tmp_path / "out"))
    assert done.code == 0, done.err
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["cameras"] == 0
    verified = program("verify", str(tmp_path / "out" / "journal.db"))
    assert (verified.code, verified.out.splitlines()[-1]) == (0, "ok")


def test_a_home_that_cannot_exist_is_one_sentence(program: Program) -> None:
    done = program("camera", "list", home=Path("/proc/self/nowhere"))
    assert done.code != 0
    done.assert_one_sentence()
