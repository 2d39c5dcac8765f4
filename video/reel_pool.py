"""A few threads that serve many reels in turn: whoever is due first, each by one thread at a time.

A job says when it wants to be served again, or nothing until it is nudged. Orders come from any thread.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Protocol

from storage.worker import Worker
from video.convert import Scalers

log = logging.getLogger(__name__)

THREADS = 2
_REST_S = 0.5
_FAILED_S = 5.0


class Job(Protocol):
    """What is served. `turn` and `close` are never called at the same time."""

    def turn(self, scalers: Scalers) -> float | None:
        """Work for a short while; the monotonic time of the next turn, None: not before a nudge."""

    def close(self) -> None:
        """Release files and decoders; nothing comes afterwards."""


class ReelPool:
    """`workers` are for a supervisor to own. After `stop` they end within a turn; the last one closes all jobs."""

    def __init__(self, name: str, threads: int = THREADS) -> None:
        self._orders = threading.Condition()
        self._due: dict[Job, float | None] = {}
        self._busy: set[Job] = set()
        self._gone: set[Job] = set()
        self._working = 0
        self.workers = tuple(_ReelWorker(f"{name}-{number}", self) for number in range(threads))

    def add(self, job: Job) -> None:
        """Serve it from now on."""
        with self._orders:
            self._due[job] = 0.0
            self._orders.notify()

    def remove(self, job: Job) -> None:
        """Serve it no more; a worker closes it."""
        with self._orders:
            if job in self._due:
                del self._due[job]
                self._gone.add(job)
                self._orders.notify()

    def nudge(self, *jobs: Job) -> None:
        """There is something to do at once."""
        with self._orders:
            for job in jobs:
                if job in self._due:
                    self._due[job] = 0.0
            self._orders.notify_all()

    def stop(self) -> None:
        """Ask all workers to end."""
        for worker in self.workers:
            worker.stop()

    def wake(self) -> None:
        """Workers look at their orders."""
        with self._orders:
            self._orders.notify_all()

    def enter(self) -> None:
        """A worker begins."""
        with self._orders:
            self._working += 1

    def leave(self) -> None:
        """A worker ends; the last one of a stopped pool closes what is left."""
        with self._orders:
            self._working -= 1
            last = not self._working and all(worker.stopping.is_set() for worker in self.workers)
            left = [*self._due, *self._gone] if last else []
            if last:
                self._due.clear()
                self._gone.clear()
        for job in left:
            job.close()

    def serve(self, scalers: Scalers) -> None:
        """One job's turn, or a rest until one is due."""
        with self._orders:
            job, gone = self._next()
            if job is None:
                return
            self._busy.add(job)
            if not gone:
                self._due[job] = None
        due_s: float | None = None
        try:
            if gone:
                job.close()
            else:
                due_s = job.turn(scalers)
        except Exception:  # one job's fault is not the others' end: it is tried again, seldom
            log.exception("a turn of playback failed")
            due_s = time.monotonic() + _FAILED_S
        finally:
            with self._orders:
                self._busy.discard(job)
                known = self._due.get(job, 0.0)
                if job in self._due and due_s is not None and (known is None or due_s < known):
                    self._due[job] = due_s
                self._orders.notify()

    def _next(self) -> tuple[Job | None, bool]:
        """Who is due, after a wait for the next one if need be; whether it is to be closed."""
        for job in self._gone - self._busy:
            self._gone.discard(job)
            return job, True
        now_s = time.monotonic()
        waiting = [(due_s, job) for job, due_s in self._due.items() if due_s is not None and job not in self._busy]
        due_s, found = min(waiting, key=lambda item: item[0], default=(now_s + _REST_S, None))
        if found is not None and due_s <= now_s:
            return found, False
        self._orders.wait(min(due_s - now_s, _REST_S))
        return None, False


class _ReelWorker(Worker):
    """One thread of the pool."""

    def __init__(self, name: str, pool: ReelPool) -> None:
        super().__init__(name)
        self._pool = pool
        self._scalers = Scalers()

    def run(self) -> None:
        """Serve until asked to stop."""
        self._pool.enter()
        try:
            while not self.stopping.is_set():
                self.beat()
                self._pool.serve(self._scalers)
        finally:
            self._pool.leave()

    def stop(self) -> None:
        """Ask, and wake."""
        super().stop()
        self._pool.wake()
