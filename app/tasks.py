"""The way off the GUI thread for anything that reads, writes or waits: a small pool with a bounded queue."""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
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
    """`submit(work, done, failed)`: the callbacks run on the pool's thread. A full queue refuses and counts."""

    def __init__(self, threads: int = 4, limit: int = 256) -> None:
        self.refused = 0
        self._jobs: queue.Queue[Callable[[], None]] = queue.Queue(limit)
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
    ) -> bool:
        """Queue `work`; False when the queue is full or the pool was asked to stop (nothing is done then)."""
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
                    failed(error)

        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            self.refused += 1
            log.warning("task queue full, %d refused", self.refused)
            return False
        return True
