"""The one life cycle of everything that runs, and the supervisor that restarts what dies.

A worker owns one thread. `stop()` only asks; `join(timeout_s)` waits; nobody kills a thread.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)

LONGEST_PAUSE_S = 30.0
HEALTHY_S = 60.0
"""A worker that ran this long before it died begins its pauses anew."""


class Worker:
    """Subclass and write `run()`: loop until `self.stopping.is_set()`, calling `beat()` at least once a second."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.stopping = threading.Event()
        self.failures = 0
        self.heartbeat_s = time.monotonic()
        self._thread: threading.Thread | None = None
        self._started_s = 0.0

    def run(self) -> None:
        """The work, on the worker's own thread."""
        raise NotImplementedError

    def start(self) -> None:
        """Start the thread; starting a live worker is a bug."""
        if self.alive:
            raise RuntimeError(f"{self.name} is already running")
        self.beat()
        self._started_s = time.monotonic()
        self._thread = threading.Thread(target=self._guarded, name=self.name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ask to stop; returns at once. Override to wake a blocking wait, and call super."""
        self.stopping.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the end; False when the deadline passed."""
        if self._thread is None:
            return True
        self._thread.join(max(timeout_s, 0.0))
        return not self._thread.is_alive()

    def beat(self) -> None:
        """Say that the worker is alive."""
        self.heartbeat_s = time.monotonic()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    @property
    def ident(self) -> int | None:
        """The thread's identifier, to find its stack."""
        return self._thread.ident if self._thread else None

    def _guarded(self) -> None:
        try:
            self.run()
        except Exception:
            healthy = time.monotonic() - self._started_s > HEALTHY_S
            self.failures = 1 if healthy else self.failures + 1
            log.exception("worker %s died", self.name)


@dataclass(frozen=True, slots=True)
class Latecomer:
    """A worker that missed the shutdown deadline, with its stack."""

    name: str
    stack: str


class Supervisor(Worker):
    """Owns workers: starts them, restarts the dead (back-off 1, 2, 4 ... 30 s), stops all against one deadline."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, first_pause_s: float = 1.0) -> None:
        super().__init__("supervisor")
        self._clock = clock
        self._first_pause_s = first_pause_s
        self._lock = threading.Lock()
        self._workers: list[Worker] = []
        self._due: dict[Worker, float] = {}
        self._wake = threading.Event()

    def add(self, worker: Worker) -> None:
        """Own and start `worker`. Owned only when it runs: what is just being started, which takes seconds on a busy
        machine, is not taken for dead and started twice."""
        try:
            worker.start()
        finally:
            with self._lock:
                if not worker.stopping.is_set():  # else it was removed meanwhile
                    self._workers.append(worker)
            if self.stopping.is_set():
                worker.stop()

    def remove(self, worker: Worker, timeout_s: float) -> bool:
        """Stop `worker` and forget it; False when it missed the deadline."""
        with self._lock:
            if worker in self._workers:
                self._workers.remove(worker)
            self._due.pop(worker, None)
        worker.stop()
        return worker.join(timeout_s)

    def run(self) -> None:
        """Look after the workers four times a second."""
        while not self.stopping.is_set():
            self.beat()
            self.restart_dead()
            self._wake.wait(0.25)

    def restart_dead(self) -> None:
        """Restart workers whose thread ended without being asked, when their pause is over."""
        now = self._clock()
        with self._lock:
            dead = [w for w in self._workers if not w.alive and not w.stopping.is_set()]
            for worker in dead:
                if now >= self._due.setdefault(worker, now + self._pause_s(worker)):
                    del self._due[worker]
                    log.warning("restarting %s, attempt %d", worker.name, worker.failures)
                    _start_again(worker)

    def _pause_s(self, worker: Worker) -> float:
        # The exponent is bounded too: 2.0 ** 1024 overflows, which half a day of failures reaches.
        return min(self._first_pause_s * 2.0 ** min(max(worker.failures - 1, 0), 16), LONGEST_PAUSE_S)

    def stop(self) -> None:
        """Ask the supervisor and everything it owns to stop."""
        super().stop()
        self._wake.set()
        with self._lock:
            for worker in reversed(self._workers):
                worker.stop()

    def shutdown(self, deadline_s: float) -> list[Latecomer]:
        """Stop all, wait for all against one deadline, name who missed it."""
        self.stop()
        end = time.monotonic() + deadline_s
        with self._lock:
            owned: list[Worker] = [*reversed(self._workers), self]
        return [_latecomer(w) for w in owned if not w.join(end - time.monotonic())]


def _start_again(worker: Worker) -> None:
    try:
        worker.start()
    except (RuntimeError, MemoryError):  # the system gives no thread now: the next pause is longer, others go on
        worker.failures += 1
        log.exception("worker %s cannot be started", worker.name)


def _latecomer(worker: Worker) -> Latecomer:
    frame = sys._current_frames().get(worker.ident or 0)  # noqa: SLF001 - the documented way to a stack
    stack = "".join(traceback.format_stack(frame)) if frame else ""
    log.error("%s missed the shutdown deadline\n%s", worker.name, stack)
    return Latecomer(worker.name, stack)
