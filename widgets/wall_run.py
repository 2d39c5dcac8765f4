"""One run of the wall: show it, measure it if asked, leave its outputs, stop everything. GUI thread."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import psutil
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from app.metrics import Metrics, with_wall
from app.node import EXIT_LATE, FIRST_PICTURE_S
from app.outputs import write_outputs
from app.runtime import RunFigures, Runtime
from widgets.application import SignalWatch, grab
from widgets.main_window import MainWindow
from widgets.single_instance import SingleInstance

log = logging.getLogger(__name__)

CHECK_MS = 20
NAMING_MS = 500


class _TimedRun(QObject):
    """Counts the seconds from the first painted picture, then grabs the window and asks the application to quit."""

    def __init__(self, window: MainWindow, runtime: Runtime, seconds: float, out: Path | None) -> None:
        super().__init__(window)
        self.metrics: Metrics | None = None
        self._window, self._runtime, self._seconds, self._out = window, runtime, seconds, out
        self._figures: RunFigures | None = None
        self._deadline_s = time.monotonic() + FIRST_PICTURE_S
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._on_check)
        self._timer.start(CHECK_MS)

    def _on_check(self) -> None:
        now_s = time.monotonic()
        if self._figures is None:
            if self._window.wall.figures.first_picture_s is not None or now_s > self._deadline_s:
                log.info("first picture %.2f s after the start", time.time() - psutil.Process().create_time())
                self._figures = RunFigures(self._runtime)
                self._window.wall.figures.reset()
                self._deadline_s = now_s + self._seconds
        elif now_s >= self._deadline_s:
            self._timer.stop()
            self._finish(self._figures)

    def _finish(self, figures: RunFigures) -> None:
        painted = replace(self._window.wall.figures.read(), tiles=len(self._window.wall.tiles))
        if self._out is not None:
            grab(self._window, self._out / "wall-1.png")
        self.metrics = with_wall(figures.read(), painted)
        QApplication.quit()


def run_wall(
    application: QApplication,
    runtime: Runtime,
    seconds: float | None,
    out: Path | None,
    instance: SingleInstance | None = None,
) -> int:
    """Show the wall until Quit, SIGTERM or the end of `seconds`; exit code 4 when a worker missed the deadline."""
    signals = SignalWatch(application, QApplication.quit)
    window = MainWindow(runtime.desk)
    if instance is not None:
        instance.on_called = partial(_come_forward, window)
    _choose_layout(window, runtime)
    timed = _TimedRun(window, runtime, seconds, out) if seconds is not None else None
    naming = QTimer(window)
    naming.timeout.connect(lambda: window.show_detector(runtime.analytics.service.status.detector))
    naming.start(NAMING_MS)
    runtime.start()
    window.show()
    application.exec()
    naming.stop()
    window.close()
    late = runtime.stop()
    if out is not None and timed is not None and timed.metrics is not None:
        write_outputs(runtime, timed.metrics, out)
    runtime.close()
    signals.close()
    return EXIT_LATE if late else 0


def _come_forward(window: MainWindow) -> None:
    window.raise_()
    window.activateWindow()


def _choose_layout(window: MainWindow, runtime: Runtime) -> None:
    """As many tiles as the site says; fewer when the smallest standard grid for its cameras has fewer."""
    tiles = runtime.plan.settings.wall.layout
    if len(runtime.registry.cameras) > tiles:
        window.wall.choose_layout(tiles)
