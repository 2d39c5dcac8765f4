"""The operator's say over a tile's stream: main by key, what it is made from as a tooltip; the wall's load, told.

GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QToolTip

from app.bus import Bus
from app.i18n import _
from widgets.quality_words import quality_sentence
from widgets.wall import Wall

_LOAD_MS = 1000
_WINDOW_S = 3.0


class StreamTools(QObject):
    """For one wall; `close` ends the timer."""

    said = Signal(str)

    def __init__(self, wall: Wall, bus: Bus, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wall, self._bus = wall, bus
        wall.installEventFilter(self)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOAD_MS)
        self._timer.timeout.connect(self._on_load)
        self._timer.start()

    def calls(self) -> dict[str, Callable[[], None]]:
        """By the names of the key table."""
        return {"high": self.toggle_high}

    def toggle_high(self) -> None:
        """The focused tile's main stream whatever its size, or by its size again."""
        tile = self._wall.focused_tile
        if tile is None:
            self.said.emit(_("No camera is focused."))
            return
        tile.forced = not tile.forced
        tile.want(visible=self._wall.isVisible())
        camera = tile.feed.camera
        if camera.sub_url is None:
            text = _("{camera} has one stream only; it is not lowered until Shift+F is pressed again.")
        else:
            text = _("{camera}: main stream until Shift+F is pressed again.")
        if not tile.forced:
            text = _("{camera}: stream by the tile's size again.")
        self.said.emit(text.format(camera=f"{camera.number} {camera.name}"))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The pointer rests over a tile."""
        if not isinstance(event, QHelpEvent) or event.type() is not QEvent.Type.ToolTip:
            return super().eventFilter(watched, event)
        tile = next((tile for tile in self._wall.tiles if tile.cell.contains(event.pos())), None)
        text = quality_sentence(tile.feed.camera, tile.status) if tile is not None else ""
        QToolTip.showText(event.globalPos(), text, self._wall)
        return True

    def close(self) -> None:
        """The wall closes."""
        self._timer.stop()

    def _on_load(self) -> None:
        if self._wall.isVisible():
            self._bus.publish(self._wall.figures.load(_WINDOW_S, wall=str(id(self._wall))))
