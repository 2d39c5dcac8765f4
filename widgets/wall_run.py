"""One run of the wall: show it, measure it if asked, leave its outputs, stop everything. GUI thread."""

from __future__ import annotations

import logging
import math
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path

import psutil
from PySide6.QtCore import QEvent, QObject, QTimer, qVersion
from PySide6.QtWidgets import QApplication

from app import calm_start
from app.metrics import Metrics, with_wall
from app.node import EXIT_LATE, FIRST_PICTURE_S
from app.outputs import write_outputs
from app.run_figures import RunFigures
from app.runtime import Runtime
from app.wall_plans import WallStart
from app.wall_store import WallStore
from storage.errors import WatchfloorError
from widgets import kiosk
from widgets.application import SignalWatch, destroy, grab
from widgets.blackbox_watch import BlackBoxWatch
from widgets.gl_check import KeptChoice
from widgets.gl_choice import WallPainting
from widgets.idle_pages import IdlePages
from widgets.idle_watch import IdleWatch
from widgets.main_window import MainWindow
from widgets.office_pages import prepare
from widgets.single_instance import SingleInstance

log = logging.getLogger(__name__)

CHECK_MS = 20
NAMING_MS = 500
SWITCH_S = 0.001
"""How long another thread may keep Python from the GUI thread, which gives it up in every drawing call: at the usual
5 ms one busy thread made the slowest paints of a wall twice as slow."""


class _TimedRun(QObject):
    """Counts the seconds from the first painted picture, then asks the application to quit (None: never).

    Whoever ends the run, what the wall showed is kept just before its window closes: quitting closes the tiles."""

    def __init__(self, window: MainWindow, runtime: Runtime, seconds: float | None, out: Path | None) -> None:
        super().__init__(window)
        self._window, self._runtime, self._out = window, runtime, out
        self._metrics: Metrics | None = None
        self._refused: WatchfloorError | None = None
        self._seconds = math.inf if seconds is None else seconds
        self._figures: RunFigures | None = None
        self._deadline_s = time.monotonic() + (FIRST_PICTURE_S if runtime.registry.cameras else 0.0)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._on_check)
        self._timer.start(CHECK_MS)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The window is about to close."""
        if watched is self._window and event.type() is QEvent.Type.Close and self._metrics is None:
            self._keep()
        return False

    def finish(self) -> Metrics:
        """The figures of the run. Raises what the figures or the picture were refused with, outside of any slot."""
        if self._metrics is None and self._refused is None:
            self._keep()
        if self._refused is not None:
            raise self._refused
        return self._metrics or self._read()

    def _on_check(self) -> None:
        now_s = time.monotonic()
        if self._figures is None:
            if self._window.wall.figures.first_picture_s is not None or now_s > self._deadline_s:
                calm_start.settle()
                log.info("first picture %.2f s after the start", time.time() - psutil.Process().create_time())
                self._figures = RunFigures(self._runtime)
                self._window.wall.figures.reset()
                self._deadline_s = now_s + self._seconds
        elif now_s >= self._deadline_s:
            self._timer.stop()
            QApplication.exit()  # not quit(): that closes the windows first, and the picture would be empty

    def _keep(self) -> None:
        self._timer.stop()
        try:
            self._metrics = self._read()
            if self._out is not None:
                for number, window in enumerate((self._window, *self._window.walls.windows), 1):
                    grab(window, self._out / f"wall-{number}.png")
        except WatchfloorError as error:
            self._refused = error

    def _read(self) -> Metrics:
        figures = self._figures or RunFigures(self._runtime)
        painted = replace(self._window.wall.figures.read(), tiles=len(self._window.wall.tiles))
        return with_wall(figures.read(), painted)


def run_wall(
    application: QApplication,
    make: Callable[[], Runtime],
    seconds: float | None,
    out: Path | None,
    instance: SingleInstance | None = None,
    start: WallStart | None = None,
) -> int:
    """Show the wall until Quit, SIGTERM or the end of `seconds`; exit code 4 when a worker missed the deadline. Raises
    AppError(UNKNOWN_MONITOR, UNKNOWN_LAYOUT) for a `start` that cannot be.

    A signal while the runtime is made is answered when it is made: half of one cannot be ended in order."""
    sys.setswitchinterval(SWITCH_S)
    with ExitStack() as end:
        signals, runtime = _begun(application, make)
        end.callback(runtime.close)
        end.callback(runtime.stop)
        end.callback(signals.close)
        if signals.heard:
            raise SystemExit(128 + signals.heard)
        wished = start or WallStart()
        screen, begun = kiosk.monitor_of(wished), kiosk.arrangement_of(wished, runtime.registry)
        if _is_interactive(runtime, seconds):
            prepare()
        window = MainWindow(runtime.desk)
        end.callback(destroy, window)
        _choose_layout(window, runtime)
        kiosk.put(window, begun, screen)
        resume = begun is None and runtime.plan.lasting
        return _run(application, window, runtime, seconds, out, instance, resume=resume)


def _begun(application: QApplication, make: Callable[[], Runtime]) -> tuple[SignalWatch, Runtime]:
    with ExitStack() as undo:
        signals = SignalWatch(application, QApplication.exit)
        undo.callback(signals.close)
        runtime = make()
        undo.pop_all()
    return signals, runtime


def _run(
    application: QApplication,
    window: MainWindow,
    runtime: Runtime,
    seconds: float | None,
    out: Path | None,
    instance: SingleInstance | None,
    *,
    resume: bool,
) -> int:
    if instance is not None:
        instance.on_called = partial(_come_forward, window)
    timed = _TimedRun(window, runtime, seconds, out)
    naming = QTimer(window)
    naming.timeout.connect(partial(_name_detector, window, runtime))
    naming.start(NAMING_MS)
    runtime.start()
    runtime.tasks.submit(partial(runtime.seat.people.seat.open, hint=runtime.plan.hint_password))
    idle = IdleWatch(runtime.seat.people.seat, application, window)
    ahead = _pages_ahead(window, idle) if _is_interactive(runtime, seconds) else None
    painting = _painting(window, runtime, seconds)
    window.show()
    window.walls.restore(WallStore(runtime.plan.folders.wall_windows, runtime.tasks.submit), main=resume)
    window.moves.begin()
    watch = _watched(window, runtime)
    application.exec()
    naming.stop()
    if ahead is not None:
        ahead.close()
    if watch is not None:
        watch.close()
    idle.close()
    painting.close()
    metrics = timed.finish()
    window.close()
    late = runtime.stop()
    if out is not None:
        write_outputs(runtime, metrics, out)
    return EXIT_LATE if late else 0


def _is_interactive(runtime: Runtime, seconds: float | None) -> bool:
    """Whether somebody will press keys: a timed run of the demo measures, and imports nothing that it does not need."""
    return runtime.plan.lasting or seconds is None


def _pages_ahead(window: MainWindow, idle: IdleWatch) -> IdlePages:
    """Make the panel's pages while nobody touches the seat, plays or replays."""

    def busy() -> bool:
        return window.playback.view is not None or window.panel.replay.isVisible() or not window.isVisible()

    steps = chain(window.panel.offices.prepare(), window.panel.keys.prepare())
    return IdlePages(steps, lambda: idle.touched_s, busy, window)


def _painting(window: MainWindow, runtime: Runtime, seconds: float | None) -> WallPainting:
    """Before the window is shown; a timed run of the demo tries nothing."""
    kept = KeptChoice(runtime.plan.folders.painting, qVersion())
    wish, tell = runtime.plan.settings.wall.renderer, window.panel.about.show_painting
    painting = WallPainting(wish, kept, runtime.tasks, tell, window)
    painting.say = window.say
    painting.begin()
    painting.take(window.wall)
    window.walls.take_wall = painting.take
    if _is_interactive(runtime, seconds):
        painting.try_later()
    return painting


def _watched(window: MainWindow, runtime: Runtime) -> BlackBoxWatch | None:
    box, seat = runtime.seat.offices.black_box, runtime.seat.people.seat
    if box is None:
        return None
    return BlackBoxWatch(lambda: window.walls.walls, box, lambda: seat.state.operator_id, window)


def _come_forward(window: MainWindow) -> None:
    window.raise_()
    window.activateWindow()


def _name_detector(window: MainWindow, runtime: Runtime) -> None:
    status = runtime.analytics.service.status
    window.show_detector(status.detector, status.looks_per_s)


def _choose_layout(window: MainWindow, runtime: Runtime) -> None:
    """As many tiles as the site says; fewer when the smallest standard grid for its cameras has fewer."""
    tiles = runtime.plan.settings.wall.layout
    if len(runtime.registry.cameras) > tiles:
        window.wall.choose_layout(tiles)
