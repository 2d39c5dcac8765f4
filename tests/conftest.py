"""What every test is held to: no network, and no thread, process, timer or file left behind."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import settings
from pytestqt.qtbot import QtBot

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("YOLO_OFFLINE", "1")

if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):  # else every program that a test starts compiles everything anew
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / "watchfloor-tests-pycache")

# What lands is judged by the same examples each time; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("suite", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, max_examples=1_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

_GRACE_S = 30.0
_MOST_RERUNS = 3
_PATIENCE_S = 30.0
QtBot.waitUntil.__kwdefaults__ = {"timeout": int(_PATIENCE_S * 1000)}
QtBot.waitSignal.__kwdefaults__ = {**(QtBot.waitSignal.__kwdefaults__ or {}), "timeout": int(_PATIENCE_S * 1000)}


def wait_until(condition: Callable[[], bool], timeout_s: float = 10.0, what: str = "condition") -> None:
    """Poll `condition` until it holds; fail at the deadline, which no busy machine shall reach: how fast something
    comes is a matter of `benchmarks/`."""
    timeout_s = max(timeout_s, _PATIENCE_S)
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"{what} did not come true within {timeout_s} s"
        time.sleep(0.005)


def _open_files() -> set[str]:
    """Regular files that this process holds open, but for fonts, libraries and what lies under /dev or /proc."""
    names = set()
    for entry in Path("/proc/self/fd").iterdir() if Path("/proc/self/fd").exists() else ():
        try:
            target = entry.readlink()
        except OSError:
            continue
        if target.is_absolute() and not str(target).startswith(("/dev/", "/proc/", "/memfd:", "/anon")):
            names.add(str(target))
    return names


def _children() -> set[int]:
    """Live children, but for multiprocessing's resource tracker, which lives as long as the interpreter by design."""
    return {p.pid for p in psutil.Process().children(recursive=True) if _counts(p)}


def _counts(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and not any("resource_tracker" in w for w in process.cmdline())
    except psutil.NoSuchProcess:
        return False


def _active_timers() -> list[str]:
    core = sys.modules.get("PySide6.QtCore")
    app = core.QCoreApplication.instance() if core else None
    if core is None or app is None:
        return []
    return [repr(t) for t in gc.get_objects() if isinstance(t, core.QTimer) and _is_running(t)]


def _is_running(timer: object) -> bool:
    try:
        return bool(timer.isActive())  # type: ignore[attr-defined]
    except RuntimeError:  # the C++ part is gone
        return False


class _SignalStack(ctypes.Structure):
    """`stack_t` of sigaltstack(2)."""

    _fields_ = (("sp", ctypes.c_void_p), ("flags", ctypes.c_int), ("size", ctypes.c_size_t))


def _drop_signal_stack() -> None:
    """OpenVINO's CPU plug-in gives this thread a signal stack with room for the kernel's frame (AMX state) and nothing
    else: the next signal that Python handles would end the process with SIGSEGV."""
    if sys.platform.startswith("linux") and "openvino" in sys.modules:
        disabled = 2
        ctypes.CDLL(None).sigaltstack(ctypes.byref(_SignalStack(None, disabled, 0)), None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A failed test runs once more and is listed (docs/adr/0014). More than a few of them are no accident."""
    again = len(terminalreporter.stats.get("rerun", []))
    if again > _MOST_RERUNS:
        terminalreporter.write_line(f"{again} tests had to run again: the suite is not fit to land", red=True)
        assert terminalreporter._session is not None
        terminalreporter._session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def _nothing_left_behind(request: pytest.FixtureRequest) -> Iterator[None]:
    threads, children, files = set(threading.enumerate()), _children(), _open_files()
    yield
    left: dict[str, object] = {}
    end = time.monotonic() + _GRACE_S
    while time.monotonic() < end:
        left = {
            "threads": [t.name for t in threading.enumerate() if t not in threads and t.is_alive()],
            "processes": sorted(_children() - children),
            "files": sorted(_open_files() - files),
        }
        if not any(left.values()):
            break
        gc.collect()
        time.sleep(0.02)
    if "qtbot" in request.fixturenames:
        left["timers"] = _active_timers()
    _drop_signal_stack()
    found = {kind: what for kind, what in left.items() if what}
    assert not found, f"{request.node.nodeid} left behind: {found}"


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHFLOOR_HOME", str(tmp_path / "home"))
