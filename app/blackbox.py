"""Records what the walls showed: takes whole walls from the GUI thread, writes what changed in batches on its own.

The queue is bounded and drops the oldest, counted; what comes after it is coded against what was written, so nothing
but the dropped moment is missing. A file that cannot be written is said once in the log and tried again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from storage.blackbox import ALIVE_S, BlackBox
from storage.errors import StorageError, WatchfloorError
from storage.settings import BlackBoxSettings
from storage.shown_wall import ShownWall
from storage.side_file import BROKEN, set_aside
from storage.worker import Worker

log = logging.getLogger(__name__)

QUEUE = 256
AGES_S = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 3600.0)
"""Upper ends of the buckets of a picture's age; the one after them holds all that is older, or no picture."""

_BATCH_S = 1.0
_PRUNE_S = 3600.0
_RETRY_S = 60.0


def age_bucket(age_s: float) -> int:
    """Which of `AGES_S` holds an age."""
    return next((number for number, end_s in enumerate(AGES_S) if age_s < end_s), len(AGES_S))


class BlackBoxRecorder(Worker):
    """`show` is called by every wall, whenever it may have changed; everything else happens on the worker's thread."""

    def __init__(self, path: Path, settings: BlackBoxSettings, clock: Callable[[], float] = time.time) -> None:
        super().__init__("black box")
        self.dropped = 0
        self.rows = 0
        self._path, self._settings, self._clock = path, settings, clock
        self._queue: deque[tuple[float, ShownWall]] = deque()
        self._shown: dict[int, ShownWall] = {}
        self._newest: dict[int, ShownWall] = {}
        self._lost = False
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._box: BlackBox | None = None
        self._alive_s = self._prune_s = self._retry_s = 0.0

    def show(self, wall: ShownWall, utc_s: float) -> bool:
        """What a wall window shows now; False when that is known already. Returns at once."""
        self._newest[wall.window] = wall
        if self._shown.get(wall.window) == wall:
            return False
        self._shown[wall.window] = wall
        with self._lock:
            if len(self._queue) >= QUEUE:
                self._queue.popleft()
                self.dropped += 1
            self._queue.append((utc_s, wall))
        return True

    def run(self) -> None:
        """Write once a second until asked to stop; the last wall's end is written too."""
        self._lost = True  # begun again after a fault: walls that stand still are not told again
        try:
            while not self.stopping.is_set():
                self.beat()
                self.work(time.monotonic(), self._clock())
                self._wake.wait(_BATCH_S)
            self.work(time.monotonic(), self._clock())
        finally:
            self._close()

    def stop(self) -> None:
        """Ask, and wake."""
        super().stop()
        self._wake.set()

    def work(self, now_s: float, now_utc_s: float) -> None:
        """One batch; `now_s` is monotonic."""
        if now_s < self._retry_s:
            return
        with self._lock:
            batch = list(self._queue)
            self._queue.clear()
        told = len(batch)
        if self._lost:
            batch += [(now_utc_s, wall) for wall in list(self._newest.values())]
        if not batch and self._box is None:
            return
        try:
            self._write(batch, now_s, now_utc_s)
            self._lost = False
        except WatchfloorError as error:
            self.dropped += told
            self._failed(error, now_s)

    def _write(self, batch: list[tuple[float, ShownWall]], now_s: float, now_utc_s: float) -> None:
        if self._box is None:
            self._box = self._opened()
        if batch:
            self.rows += self._box.write(batch)
        if now_s >= self._alive_s:
            self._alive_s = now_s + ALIVE_S
            self._box.alive(now_utc_s)
        if now_s >= self._prune_s:
            self._prune_s = now_s + _PRUNE_S
            self._box.prune(now_utc_s, self._settings.keep_days * 86400.0, self._settings.most_mb * 1_000_000)

    def _opened(self) -> BlackBox:
        try:
            return BlackBox(self._path)
        except StorageError as error:
            if error.code not in BROKEN:
                raise
            log.error("the black box cannot be read; it is kept as %s, a new one begins", set_aside(self._path).name)
            return BlackBox(self._path)

    def _failed(self, error: WatchfloorError, now_s: float) -> None:
        """Begin anew in a while, with full rows of what is shown then."""
        log.error("the black box is not written: %s", error)
        self._retry_s = now_s + _RETRY_S
        self._close()
        self._shown.clear()
        self._lost = True
        if error.code not in BROKEN or not self._path.is_file():
            return
        try:
            log.error("the black box cannot be read; it is kept as %s", set_aside(self._path).name)
        except StorageError as kept:
            log.error("the black box cannot be set aside: %s", kept)

    def _close(self) -> None:
        box, self._box = self._box, None
        if box is None:
            return
        try:
            box.close(self._clock())
        except WatchfloorError as error:
            log.error("the black box has no end: %s", error)
