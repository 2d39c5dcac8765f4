"""The detection process: `python -m detection.process`, started and stopped by `detection.worker`.

Pulls pictures from the shared slots, looks at them in turns, sends tracks and events to standard output (its own copy
of it: whatever else prints goes to standard error). Ends when standard input ends, so it never outlives its parent.
Holds no Qt, no PyAV, no journal. Main thread: turns, pipelines and sending; one thread reads orders, one beats.
"""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from detection.detector import DetectionCode, DetectionError, Detector
from detection.detectors import SITE
from detection.messages import Beat, Configure, Finish, Message, Refused, Setup, UseModel, read_message, write_message
from detection.watch import Watch
from video.shared_slots import SharedSlots, SlotReader

log = logging.getLogger(__name__)

BEAT_S = 0.5
STUCK_S = 3.0
"""The main loop is dead when it has not turned for this long (loading a model apart)."""

LOADING_S = 60.0
DRAIN_S = 1.0


class Sender:
    """Standard output for messages; locked, since the beating thread writes too."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Write a message; waits when the parent is slow (then looks wait too)."""
        with self._lock:
            write_message(self._stream, message)


def load_detector(order: UseModel, send: Callable[[Message], None]) -> Detector:
    """The wished detector, or the built-in one after saying why not."""
    from detection.people_detector import PeopleDetector

    return load_own_detector(order, send) or PeopleDetector()


def load_own_detector(order: UseModel, send: Callable[[Message], None]) -> Detector | None:
    """The wished detector; none where none is wished, and after saying why not."""
    if order.path is None:
        return None
    from detection.openvino_detector import DEFAULT_LABELS, OpenVinoDetector

    try:
        cache_dir = Path(order.cache_dir) if order.cache_dir else None
        labels = dict(order.classes) or DEFAULT_LABELS
        return OpenVinoDetector(Path(order.path), device=order.device, labels=labels, cache_dir=cache_dir)
    except DetectionError as error:
        send(Refused(DetectionCode(error.code), error.details))
        return None


class Child:
    """Life of the process: orders in, beats out, one watch."""

    def __init__(self, orders: BinaryIO, results: BinaryIO) -> None:
        self._orders = orders
        self._sender = Sender(results)
        self._inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._turned_s = time.monotonic()
        self._grace_s = STUCK_S

    def run(self, setup: Setup) -> None:
        """Work until told to finish or the parent has gone."""
        _be_nice(setup.niceness)
        watch = Watch(self._sender.send, SlotReader(SharedSlots.attach(Path(setup.slots_path), setup.slots)))
        threading.Thread(target=self._read_orders, args=(watch,), name="orders", daemon=True).start()
        threading.Thread(target=self._beat, name="beat", daemon=True).start()
        while self._obey(watch):
            self._turned_s = time.monotonic()
            watch.turn()
        watch.finish()

    def _obey(self, watch: Watch) -> bool:
        while not self._inbox.empty():
            order = self._inbox.get()
            if isinstance(order, Finish):
                return False
            if isinstance(order, Configure):
                watch.configure(order)
            elif isinstance(order, UseModel):
                self._load(watch, order)
        return True

    def _load(self, watch: Watch, order: UseModel) -> None:
        self._grace_s = LOADING_S
        try:
            load = load_detector if order.key == SITE else load_own_detector
            detector = load(order, self._sender.send)
            if detector is not None:  # cameras whose own model cannot be used are looked at by the site's
                watch.use(detector, order.key)
        finally:
            self._turned_s = time.monotonic()
            self._grace_s = STUCK_S

    def _read_orders(self, watch: Watch) -> None:
        message = read_message(self._orders)
        while message is not None:
            self._inbox.put(message)
            watch.wake()
            message = read_message(self._orders)
        self._inbox.put(Finish())
        watch.wake()
        # The parent has gone: nobody reads what the main loop may still be busy with.
        time.sleep(DRAIN_S)
        os._exit(0)

    def _beat(self) -> None:
        while True:
            if time.monotonic() - self._turned_s < self._grace_s:
                self._sender.send(Beat())
            time.sleep(BEAT_S)


def main() -> int:
    """Run as a child: orders on standard input, results on the original standard output."""
    logging.basicConfig(level=logging.WARNING, format="detection process: %(levelname)s %(message)s")
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    setup = read_message(sys.stdin.buffer)
    if not isinstance(setup, Setup):
        return 2
    try:
        Child(sys.stdin.buffer, results).run(setup)
    except BrokenPipeError:
        return 0
    results.flush()
    # Threads of the runtime may still hold interpreter objects: leave without tearing them down.
    os._exit(0)


def _be_nice(niceness: int) -> None:
    if hasattr(os, "nice"):
        os.nice(niceness)


if __name__ == "__main__":
    sys.exit(main())
