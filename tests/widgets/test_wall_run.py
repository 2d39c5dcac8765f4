"""A run of the wall that counts its seconds from the first picture, where there is one to come."""

from __future__ import annotations

import signal
import sys
from types import SimpleNamespace
from typing import cast

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.runtime import Runtime
from storage.journal import Registry
from widgets import wall_run
from widgets.main_window import MainWindow


def test_without_cameras_no_picture_is_waited_for(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[bool] = []
    monkeypatch.setattr(wall_run, "FIRST_PICTURE_S", 1e6)
    monkeypatch.setattr(wall_run, "RunFigures", lambda _runtime: object())
    monkeypatch.setattr(wall_run, "QApplication", SimpleNamespace(exit=lambda: ended.append(True)))
    timed = wall_run._TimedRun(window, cast(Runtime, SimpleNamespace(registry=Registry())), 0.0, None)
    qtbot.waitUntil(lambda: ended == [True])
    window.removeEventFilter(timed)


def test_a_signal_while_the_runtime_is_made_ends_it_whole_before_a_window_is_there(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []
    runtime = SimpleNamespace(stop=lambda: ended.append("stop"), close=lambda: ended.append("close"))
    monkeypatch.setattr(sys, "setswitchinterval", lambda _seconds: None)
    before = signal.getsignal(signal.SIGTERM)

    def make() -> Runtime:
        signal.raise_signal(signal.SIGTERM)
        return cast(Runtime, runtime)

    with pytest.raises(SystemExit) as left:
        wall_run.run_wall(qapp, make, None, None)
    assert left.value.code == 128 + signal.SIGTERM
    assert ended == ["stop", "close"]
    assert signal.getsignal(signal.SIGTERM) is before
