"""The whole program in this process, as an end-to-end test of keys drives it: a runtime and its window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pytestqt.qtbot import QtBot

from app.runtime import Runtime
from widgets.application import destroy
from widgets.main_window import MainWindow


@contextmanager
def running(runtime: Runtime) -> Iterator[Runtime]:
    """Started, somebody at the seat; stopped and closed at the end."""
    runtime.start()
    runtime.seat.people.seat.open()
    yield runtime
    runtime.stop()
    runtime.close()


@contextmanager
def opened(qtbot: QtBot, runtime: Runtime, ready: Callable[[MainWindow], bool]) -> Iterator[MainWindow]:
    """Its window, active and `ready`."""
    window = MainWindow(runtime.desk)
    window.resize(1600, 900)
    window.show()
    qtbot.waitExposed(window)
    window.activateWindow()
    qtbot.waitUntil(lambda: window.isActiveWindow() and ready(window))
    yield window
    destroy(window)
