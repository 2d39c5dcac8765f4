"""What every test is held to: no network, and no thread, process, timer or file left behind."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from hypothesis import settings
from pytestqt.qtbot import QtBot

from storage.worker import Worker

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("YOLO_OFFLINE", "1")

if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):  # else every program that a test starts compiles everything anew
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(tempfile.gettempdir()) / "watchfloor-tests-pycache")

# What lands is judged by the same examples each time; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("suite", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None, max_examples=1_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "suite"))

_LONG = frozenset({"test_bench_track", "test_model_import", "test_motion", "test_motion_search", "test_sudden_deaths"})
_GRACE_S = 30.0
_MOST_RERUNS = 3
_PATIENCE_S = 30.0
QtBot.waitUntil.__kwdefaults__ = {"timeout": int(_PATIENCE_S * 1000)}
QtBot.waitSignal.__kwdefaults__ = {**(QtBot.waitSignal.__kwdefaults__ or {}), "timeout": int(_PATIENCE_S * 1000)}


@contextmanager
def running(workers: Iterable[Worker]) -> Iterator[None]:
    """Workers that run meanwhile and have ended afterwards."""
    workers = tuple(workers)
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        for worker in workers:
            worker.stop()
        assert all(worker.join(_PATIENCE_S) for worker in workers)


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
    if sys.platform != "win32":
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:  # there is none, not even a dead one: nearly always, and psutil reads all of /proc
            return set()
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
    kinds = _kinds(core.QTimer)
    return [repr(t) for t in gc.get_objects() if type(t) in kinds and _is_running(t)]


def _kinds(kind: type) -> set[type]:
    """A class and all below it: asking each of a million objects `isinstance` takes longer than most tests."""
    below: list[type] = kind.__subclasses__()
    return {kind}.union(*map(_kinds, below))


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files whose few tests take long first, then those with many: who gets one of them last works alone at the end."""
    tests_of = Counter(item.path for item in items)
    items.sort(key=lambda item: (not _is_long(item.path), -tests_of[item.path]))


def _is_long(path: Path) -> bool:
    return path.parent.name == "e2e" or path.stem in _LONG


def pytest_collection_finish() -> None:
    """What importing made stays: neither the garbage collector nor the search for timers goes through it each time."""
    gc.collect()
    gc.freeze()


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
    end, pause_s = time.monotonic() + _GRACE_S, 0.001
    while time.monotonic() < end:
        left = {
            "threads": [t.name for t in threading.enumerate() if t not in threads and t.is_alive()],
            "processes": sorted(_children() - children),
            "files": sorted(_open_files() - files),
        }
        if not any(left.values()):
            break
        gc.collect()
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, 0.02)
    if "qtbot" in request.fixturenames:
        left["timers"] = _active_timers()
    _drop_signal_stack()
    found = {kind: what for kind, what in left.items() if what}
    assert not found, f"{request.node.nodeid} left behind: {found}"


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHFLOOR_HOME", str(tmp_path / "home"))
