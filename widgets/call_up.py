"""Calling a camera up by its number: the digits typed so far and their badge on the focused tile. GUI thread only."""

from __future__ import annotations

from PySide6.QtCore import QObject, QPoint, QRect, QTimer, Signal
from PySide6.QtGui import QPainter

from app.i18n import _
from storage.journal import Registry
from storage.records import Camera
from widgets import theme
from widgets.chrome import label_pixmap

_ENTRY_MS = 4000
_DIGITS = 6
_PRINT_PX = 20


class CallUp(QObject):
    """An entry that forgets itself after four seconds."""

    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.text = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_ENTRY_MS)
        self._timer.timeout.connect(self.clear)

    def add(self, digit: str) -> None:
        """One more digit; of more than six the last six count."""
        self._set((self.text + digit)[-_DIGITS:])

    def remove_last(self) -> None:
        """Correct the last digit."""
        self._set(self.text[:-1])

    def clear(self) -> None:
        """Forget the entry."""
        self._timer.stop()
        self.text = ""
        self.changed.emit()

    def stop(self) -> None:
        """Stop the timer, for good."""
        self._timer.stop()

    def camera(self, registry: Registry) -> Camera | None:
        """The camera with this number."""
        number = int(self.text) if self.text else -1
        return next((camera for camera in registry.cameras if camera.number == number), None)

    def paint(self, painter: QPainter, area: QRect, registry: Registry, ratio: float) -> None:
        """The number and what it stands for, in the middle of the tile that it would go to."""
        if not self.text:
            return
        camera = self.camera(registry)
        name, paper = (camera.name, "#e0234a70") if camera else (_("no such camera"), "#e0702a10")
        badge = label_pixmap(f"{self.text}   {name}", theme.TEXT, paper, _PRINT_PX, True, ratio)
        size = badge.deviceIndependentSize().toSize()
        painter.drawPixmap(area.center() - QPoint(size.width() // 2, size.height() // 2), badge)

    def _set(self, text: str) -> None:
        self.text = text
        self._timer.start()
        self.changed.emit()
