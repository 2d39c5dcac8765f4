"""Notices when nobody has touched the seat for long. GUI thread only; sees that a key was pressed, never which."""

from __future__ import annotations

import time
from typing import Protocol

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer

TICK_MS = 5000
_KIND = QEvent.Type
_TOUCHES = frozenset({_KIND.KeyPress, _KIND.MouseButtonPress, _KIND.MouseMove, _KIND.Wheel, _KIND.TouchBegin})


class Touched(Protocol):
    """The seat, as far as idleness goes (`sign_in.Seat`)."""

    def touch(self) -> None:
        """Somebody is here."""

    def tick(self) -> None:
        """Look whether it has been long."""


class IdleWatch(QObject):
    """Watches the whole application until `close`."""

    def __init__(self, seat: Touched, application: QCoreApplication, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._seat, self._application = seat, application
        self.touched_s = time.monotonic()
        """When somebody last touched the seat."""
        self.timer = QTimer(self)
        self.timer.setInterval(TICK_MS)
        self.timer.timeout.connect(seat.tick)
        self.timer.start()
        application.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Note the touch; the event goes on."""
        if event.type() in _TOUCHES:
            self.touched_s = time.monotonic()
            self._seat.touch()
        return False

    def close(self) -> None:
        """Watch no more."""
        self.timer.stop()
        self._application.removeEventFilter(self)
