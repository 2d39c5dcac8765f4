"""What a wall is painted on: its own widget, or a canvas that the graphics card paints (`gl_canvas`). GUI thread."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

from PySide6.QtCore import QRect, Qt, QTimer
from PySide6.QtGui import QPainter, QPaintEvent, QRegion
from PySide6.QtWidgets import QWidget

from widgets.tile import Look

_AT_ONCE = 8
"""Tiles with boxes and zones take about 0.4 ms each to paint."""


class Canvas(Protocol):
    """What paints in the surface's place, with its `paint_on`."""

    def renew(self, *area: QRect | QRegion) -> None:
        """Paint this again; without an area everything."""

    def end(self) -> None:
        """Go, and let the surface paint itself."""


class WallSurface(QWidget):
    """Opaque. A canvas is put over it with `paint_by`."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas: Canvas | None = None
        self.look = Look()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def paint_by(self, canvas: Canvas | None) -> None:
        """From now on `canvas` paints; None: the surface itself, as at first."""
        self.canvas = canvas

    def update(self, *area: Any) -> None:
        """Paint this again; without an area everything."""
        self.canvas.renew(*area) if self.canvas is not None else super().update(*area)

    def update_in_turns(self, areas: Sequence[QRect | QRegion]) -> None:
        """Paint these again, the half of many a millisecond later: what an operator presses comes between."""
        due = [area for area in areas if not area.isEmpty()]
        later = len(due) // 2 if len(due) > _AT_ONCE and self.canvas is None else 0
        self._update_all(due[later:])
        if later:
            QTimer.singleShot(1, self, partial(self._update_all, due[:later]))

    def _update_all(self, areas: Sequence[QRect | QRegion]) -> None:
        region = QRegion()
        for area in areas:
            region |= area
        if not region.isEmpty():
            self.update(region)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint what lies in the region, unless a canvas does."""
        if self.canvas is None:
            painter = QPainter(self)
            self.paint_on(painter, event.region(), self.look)
            painter.end()

    def paint_on(self, painter: QPainter, region: QRegion, look: Look) -> None:
        """Paint what lies in the region."""
        raise NotImplementedError
