"""A thread that answers only the newest question of each asker: what a moving pointer asks is soon of no interest."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from storage.search import Watch
from storage.worker import Worker

_WAIT_S = 0.25


class NewestLane(Worker):
    """Bounded by the number of askers: each has one question waiting at most. `replaced` counts those that went."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.replaced = 0
        self._waiting: OrderedDict[Hashable, tuple[Watch, Callable[[], None]]] = OrderedDict()
        self._at_work: tuple[Hashable, Watch] | None = None
        self._changed = threading.Condition()

    def put(self, asker: Hashable, watch: Watch, job: Callable[[], None]) -> None:
        """Instead of what this asker asked before; any thread, returns at once."""
        with self._changed:
            before = self._waiting.pop(asker, None)
            at_work = self._at_work
            if before is not None:
                self.replaced += 1
                before[0].cancel()
            self._waiting[asker] = watch, job
            self._changed.notify()
        if at_work is not None and at_work[0] == asker:
            at_work[1].cancel()

    def run(self) -> None:
        """Answer until asked to stop; what waits then is not answered."""
        while not self.stopping.is_set():
            self.beat()
            with self._changed:
                if not self._waiting:
                    self._changed.wait(_WAIT_S)
                    continue
                asker, (watch, job) = self._waiting.popitem(last=False)
                self._at_work = asker, watch
            job()
            with self._changed:
                self._at_work = None

    def stop(self) -> None:
        """Ask, call off what is at work, and wake."""
        super().stop()
        with self._changed:
            at_work = self._at_work
            self._changed.notify()
        if at_work is not None:
            at_work[1].cancel()
