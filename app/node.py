"""The runtime without a wall: `main.py node`. Runs where PySide6 is not installed."""

from __future__ import annotations

import logging
import signal
import threading
from pathlib import Path

from app.outputs import write_outputs
from app.runtime import RunFigures, Runtime

log = logging.getLogger(__name__)

FIRST_PICTURE_S = 15.0
EXIT_LATE = 4


def run_node(runtime: Runtime, seconds: float | None, out: Path | None) -> int:
    """Run until SIGTERM/SIGINT, or `seconds` from the first picture; exit code 4 when a worker missed the deadline."""
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    runtime.start()
    _wait_for_picture(runtime, stop)
    figures = RunFigures(runtime)
    log.info("node runs with %d cameras", len(runtime.registry.cameras))
    stop.wait(seconds)
    metrics = figures.read()
    late = runtime.stop()
    if out is not None:
        write_outputs(runtime, metrics, out)
    runtime.close()
    return EXIT_LATE if late else 0


def _wait_for_picture(runtime: Runtime, stop: threading.Event) -> None:
    waited = 0.0
    while not stop.is_set() and waited < FIRST_PICTURE_S and not runtime.hub.first_picture.wait(0.1):
        waited += 0.1
