"""The way off the GUI thread for anything that reads, writes or waits: a small pool with a bounded queue."""

from __future__ import annotations

import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from storage.worker import Worker

log = logging.getLogger(__name__)
Result = TypeVar("Result")

_WAIT_S = 0.25


class _TaskThread(Worker):
    def __init__(self, name: str, jobs: queue.Queue[Callable[[], None]]) -> None:
        super().__init__(name)
        self._jobs = jobs

    def run(self) -> None:
        """Work until asked to stop AND nothing is left, so that accepted work is not lost at shutdown."""
        while True:
            self.beat()
            try:
                job = self._jobs.get(timeout=_WAIT_S)
            except queue.Empty:
                if self.stopping.is_set():
                    return
                continue
            job()


class Tasks:
    """`submit(work, done, failed)`: the callbacks run on the pool's thread. A full queue refuses and counts.

    Long work (an export, a package, a model that is measured) never has more than half of the threads: an operator's
    command does not wait behind it."""

    def __init__(self, threads: int = 4, limit: int = 256) -> None:
        self.refused = 0
        self._jobs: queue.Queue[Callable[[], None]] = queue.Queue(limit)
        self._limit, self._most_long = limit, max(threads // 2, 1)
        self._lock = threading.Lock()
        self._long_waiting: deque[Callable[[], None]] = deque()
        self._long_running = 0
        self.workers = [_TaskThread(f"task-{n}", self._jobs) for n in range(threads)]

    @property
    def ending(self) -> bool:
        """Whether the pool was asked to stop: a long task had better end."""
        return any(worker.stopping.is_set() for worker in self.workers)

    def submit(
        self,
        work: Callable[[], Result],
        done: Callable[[Result], None] | None = None,
        failed: Callable[[Exception], None] | None = None,
        *,
        long: bool = False,
    ) -> bool:
        """Queue `work`; False when the queue is full or the pool was asked to stop (nothing is done then). `long`: it
        may take more than a second."""
        if self.ending:
            self.refused += 1
            log.warning("a task came after the end was asked for and was refused")
            return False

        def job() -> None:
            try:
                result = work()
                if done:
                    done(result)
            except Exception as error:
                if failed is None:
                    log.exception("task failed")
                else:
                    _tell(failed, error)

        return self._queue_long(job) if long else self._queue(job)

    def _queue(self, job: Callable[[], None]) -> bool:
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            return self._refuse()
        return True

    def _queue_long(self, job: Callable[[], None]) -> bool:
        with self._lock:
            if self._long_running >= self._most_long:
                if len(self._long_waiting) >= self._limit:
                    return self._refuse()
                self._long_waiting.append(job)
                return True
            self._long_running += 1
        if self._queue(partial(self._work_long, job)):
            return True
        with self._lock:
            self._long_running -= 1
        return False

    def _work_long(self, job: Callable[[], None] | None) -> None:
        """One long job after the other, as long as there are any: the place is given back afterwards."""
        while job is not None:
            job()
            with self._lock:
                job = self._long_waiting.popleft() if self._long_waiting else None
                self._long_running -= job is None

    def _refuse(self) -> bool:
        self.refused += 1
        if self.refused.bit_count() == 1:  # the 1st, 2nd, 4th, 8th ...: a flood of refusals is no flood of lines
            log.warning("task queue full, %d refused", self.refused)
        return False


def _tell(failed: Callable[[Exception], None], reason: Exception) -> None:
    """Who cannot be told costs no thread, and no place for long work."""
    try:
        failed(reason)
    except Exception:
        log.exception("a task failed (%s), and nobody could be told", type(reason).__name__)
