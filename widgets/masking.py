"""Privacy masks over one picture: paths in the painter's pixels, made once for a place, and their honest word. GUI
thread only."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPainterPathStroker, QPolygonF, QTransform

from app.i18n import _
from app.masks import MASK_COLOUR, Polygon

COLOUR = QColor(*MASK_COLOUR)
_EDGE_PX = 4.0
"""Half of it lies outside: half a pixel of a face is not wanted either."""


class Masking:
    """Which masks a picture has and whether they are lifted. `paint` goes over every picture that is painted."""

    def __init__(self) -> None:
        self._masks: tuple[Polygon, ...] = ()
        self._minutes = 0
        self._unit = QTransform()
        self._paths: list[QPainterPath] | None = None

    @property
    def lifted(self) -> bool:
        """Whether masks that the camera has are not painted."""
        return bool(self._masks and self._minutes)

    @property
    def word(self) -> str:
        """For the header; empty where the camera has no mask."""
        if not self._masks:
            return ""
        return _("LIFTED {minutes} min").format(minutes=self._minutes) if self._minutes else _("MASKED")

    @property
    def notice(self) -> str:
        """For the lower edge while the masks are lifted."""
        if not self.lifted:
            return ""
        return _("Mask lifted {minutes} min").format(minutes=self._minutes)

    def show(self, masks: tuple[Polygon, ...], lifted_s: float) -> bool:
        """Take the camera's masks and for how long they are lifted; whether it has to be painted again."""
        minutes = math.ceil(lifted_s / 60)
        changed = masks != self._masks or minutes != self._minutes
        if masks != self._masks:
            self._paths = None
        self._masks, self._minutes = masks, minutes
        return changed

    def place(self, unit: QTransform) -> None:
        """Where the picture's unit square lies from now on."""
        if unit != self._unit:
            self._unit, self._paths = unit, None

    def paint(self, painter: QPainter) -> None:
        """Cover, whatever lies below."""
        if not self._masks or self._minutes:
            return
        if self._paths is None:
            self._paths = [path for mask in self._masks for path in _made(mask, self._unit)]
        for path in self._paths:
            painter.fillPath(path, COLOUR)


def _made(mask: Polygon, unit: QTransform) -> tuple[QPainterPath, QPainterPath]:
    """The area and its edge: two paths, because areas of opposite turns would cancel each other in one."""
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    path.addPolygon(unit.map(QPolygonF([QPointF(*point) for point in mask])))
    path.closeSubpath()
    stroker = QPainterPathStroker()
    stroker.setWidth(_EDGE_PX)
    edge = stroker.createStroke(path)
    edge.setFillRule(Qt.FillRule.WindingFill)
    return path, edge
