"""The runtime without a wall: `main.py node`. Runs where PySide6 is not installed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import FrameType

from app.outputs import write_outputs
from app.run_figures import RunFigures
from app.runtime import Runtime
from app.signals import hear

log = logging.getLogger(__name__)

FIRST_PICTURE_S = 15.0
EXIT_LATE = 4


def run_node(make: Callable[[], Runtime], seconds: float | None, out: Path | None) -> int:
    """Run until SIGTERM/SIGINT, or `seconds` from the first picture; exit code 4 when a worker missed the deadline.

    A signal while the runtime is made is answered when it is made: half of one cannot be ended in order. A second
    signal gives up the outputs, not the order: everything is stopped and the journal closed all the same."""
    stop, heard = threading.Event(), 0

    def on_signal(number: int, _frame: FrameType | None) -> None:
        nonlocal heard
        heard = number
        if stop.is_set():
            raise SystemExit(128 + number)
        stop.set()

    hear(on_signal)
    with ExitStack() as end:
        runtime = make()
        end.callback(runtime.close)
        end.callback(runtime.stop)
        if stop.is_set():
            raise SystemExit(128 + heard)
        runtime.start()
        _wait_for_picture(runtime, stop)
        figures = RunFigures(runtime)
        log.info("node runs with %d cameras", len(runtime.registry.cameras))
        stop.wait(seconds)
        metrics = figures.read()
        late = runtime.stop()
        if out is not None:
            write_outputs(runtime, metrics, out)
    return EXIT_LATE if late else 0


def _wait_for_picture(runtime: Runtime, stop: threading.Event) -> None:
    if not runtime.registry.cameras:
        log.warning("there is no camera yet: main.py camera add URL")
        return
    waited = 0.0
    while not stop.is_set() and waited < FIRST_PICTURE_S and not runtime.hub.first_picture.wait(0.1):
        waited += 0.1
