"""Signs the journal's head every hour, so that a tail cut off later is noticed back to the last hour."""

from __future__ import annotations

from app.archive import Archive
from storage.worker import Worker

PERIOD_S = 3600.0


class Notary(Worker):
    """Owns the time between two checkpoints; the last one is signed when the archive closes."""

    def __init__(self, archive: Archive, period_s: float = PERIOD_S) -> None:
        super().__init__("notary")
        self._archive, self._period_s = archive, period_s

    def run(self) -> None:
        """Sign when the time has come."""
        waited_s = 0.0
        while not self.stopping.is_set():
            self.beat()
            step_s = min(1.0, self._period_s)
            self.stopping.wait(step_s)
            waited_s += step_s
            if waited_s >= self._period_s and not self.stopping.is_set():
                waited_s = 0.0
                self._archive.sign()
