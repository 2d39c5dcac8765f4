"""Pages of the panel made ahead while nobody touches the seat, one at a time: the first key of each would otherwise
hold up the wall's pictures while its form is made. GUI thread only.

Nothing is asked of a desk here, and nothing is shown.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QTimer

log = logging.getLogger(__name__)

STEP_MS = 200
REST_S = 2.0
"""So long nobody has touched anything before a step is done."""


class IdlePages(QObject):
    """`steps` does a small step for each value that it gives; `busy` says that somebody looks closely, as at a replay;
    `touched_s` is when somebody last touched the seat (monotonic)."""

    def __init__(
        self,
        steps: Iterator[str],
        touched_s: Callable[[], float],
        busy: Callable[[], bool],
        parent: QObject | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._steps, self._touched_s, self._busy, self._clock = steps, touched_s, busy, clock
        self._timer = QTimer(self)
        self._timer.setInterval(STEP_MS)
        self._timer.timeout.connect(self.step)
        self._timer.start()

    @property
    def done(self) -> bool:
        """Whether everything is made."""
        return not self._timer.isActive()

    def step(self) -> None:
        """The next one, if nobody is at work."""
        if self._clock() - self._touched_s() < REST_S or self._busy():
            return
        begun_s = time.thread_time()
        made = next(self._steps, "")
        if made:
            log.debug("%s was made ahead in %.1f ms", made, (time.thread_time() - begun_s) * 1000)
        else:
            self.close()

    def close(self) -> None:
        """No more of it."""
        self._timer.stop()
