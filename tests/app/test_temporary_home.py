"""A temporary home under a signal at every line of its making and its clearing away."""

from __future__ import annotations

import atexit
import contextlib
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from app import site
from app.signals import STOP_SIGNALS, unwind_on_stop

AtExit = list[Callable[[], object]]
_FILES = {site.__file__, contextlib.__file__}


@pytest.fixture
def at_exit(monkeypatch: pytest.MonkeyPatch) -> AtExit:
    """What the interpreter would do at its end."""
    noted: AtExit = []
    monkeypatch.setattr(atexit, "register", noted.append)
    return noted


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where temporary homes are made; signals unwind."""
    before = {name: signal.getsignal(name) for name in STOP_SIGNALS}
    unwind_on_stop()
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder
    for name, handler in before.items():
        signal.signal(name, handler)


class _SignalAt:
    """Sends a signal when the `number`-th line of the home's own code is reached."""

    def __init__(self, number: int) -> None:
        self._left = number

    def __call__(self, frame: FrameType, event: str, _value: Any) -> _SignalAt | None:
        if frame.f_code.co_filename not in _FILES:
            return None
        self._left -= event == "line"
        if self._left == 0 and event == "line":
            sys.settrace(None)
            signal.raise_signal(signal.SIGTERM)
        return self


def _made_and_cleared_away() -> None:
    with site.trial_plan(["clip.mp4"], None) as plan:
        (plan.folders.data / "journal.db").touch()


def test_a_signal_at_any_line_leaves_no_temporary_home(temporary: Path, at_exit: AtExit) -> None:
    before, line, ended, unwound_late = sys.gettrace(), 0, False, 0
    codes: set[object] = set()
    while not ended:
        line += 1
        sys.settrace(_SignalAt(line))
        try:
            _made_and_cleared_away()
            ended = True
        except SystemExit as left:
            codes.add(left.code)
        finally:
            sys.settrace(before)
        unwound_late += any(temporary.iterdir())
        while at_exit:
            at_exit.pop()()
        assert list(temporary.iterdir()) == [], f"line {line}"
    assert line > 30
    assert codes == {128 + signal.SIGTERM}
    assert unwound_late  # the clearing away itself was broken off, or the test proves nothing
