"""A sound for a new alarm, by its severity, where the site allows it. GUI thread only.

PySide6-Essentials has no QtMultimedia: it is the computer's own beep, once for severity 3, twice for 4, three times for
5. Each alarm sounds once, and again only when it has become worse; muted by key until the next one of severity 5.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from storage.records import Alarm, AlarmState, Severity

GAP_MS = 300
_BEEPS = {Severity.MEDIUM: 1, Severity.HIGH: 2, Severity.CRITICAL: 3}


class AlarmSound(QObject):
    """Off unless `enabled`; `beep` is what makes the sound."""

    def __init__(
        self, *, enabled: bool, parent: QObject | None = None, beep: Callable[[], None] = QApplication.beep
    ) -> None:
        super().__init__(parent)
        self.enabled, self.muted = enabled, False
        self._beep = beep
        self._known: dict[str, Severity] | None = None
        self._left = 0
        self._timer = QTimer(self)
        self._timer.setInterval(GAP_MS)
        self._timer.timeout.connect(self._next)

    def hear(self, alarms: Iterable[Alarm], shelved: Collection[str] = (), *, flood: bool = False) -> None:
        """What waits now, without a sound for the ids in `shelved`, nor when they come back; in a flood only severity 5
        sounds. What was open when the program began makes none."""
        waiting = {alarm.id: alarm.severity for alarm in alarms if alarm.state is AlarmState.RAISED}
        known, self._known = self._known, waiting
        if known is None or not self.enabled:
            return
        new = [
            severity
            for alarm_id, severity in waiting.items()
            if severity > known.get(alarm_id, 0) and alarm_id not in shelved
        ]
        worst = max(new, default=None)
        if worst is Severity.CRITICAL:
            self.muted = False
        if worst is not None and not self.muted and (worst is Severity.CRITICAL or not flood):
            self._sound(_BEEPS.get(worst, 0))

    def mute(self) -> None:
        """Silent until the next alarm of severity 5."""
        self.muted = True
        self.stop()

    def stop(self) -> None:
        """No further beep."""
        self._left = 0
        self._timer.stop()

    def _sound(self, beeps: int) -> None:
        if beeps > self._left:
            self._left = beeps
            self._next()
            if self._left:
                self._timer.start()

    def _next(self) -> None:
        if self._left:
            self._left -= 1
            self._beep()
        if not self._left:
            self._timer.stop()
