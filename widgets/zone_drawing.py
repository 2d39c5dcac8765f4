"""How a drawing that is being made looks on the picture: edges, points, a line's direction, people, feet. GUI thread.

Shapes say what colours say too: the chosen point is a large square, a fault makes the edges dashed, who counts is a
full disc.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPolygonF, QTransform

from app.i18n import _
from app.zone_drafts import Point, Shape, ZoneDraft
from app.zone_preview import Foot
from widgets import theme
from widgets.chrome import label_pixmap
from widgets.overlay_looks import HALO

_DARK = QColor(HALO)
_ARROW_PX = 34.0
_HANDLE_PX, _CHOSEN_PX, _FOOT_PX = 4.5, 6.5, 6.0
_PLATE = "#d0101214"
_LEAST_GHOST = 0.03
_GHOSTS = tuple((x + row * 0.05, 0.35 + row * 0.2) for row in range(4) for x in (0.1, 0.4, 0.7))


@dataclass(frozen=True, slots=True)
class Sight:
    """Where the picture's unit square lies on the painter, and the screen's pixel ratio."""

    unit: QTransform
    ratio: float

    def spot(self, point: Point) -> QPointF:
        """A point of the picture in the painter's pixels."""
        return self.unit.map(QPointF(*point))


def draw_draft(painter: QPainter, sight: Sight, draft: ZoneDraft) -> None:
    """Edges, then points; a line with its direction, people with what they say about the ground."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    sound = draft.fault() is None
    spots = [sight.spot(point) for point in draft.now.points]
    if draft.closed and len(spots) > 2:
        _draw_filling(painter, QPolygonF(spots), draft.shape)
    if draft.shape is Shape.PEOPLE and sound:
        _draw_ghosts(painter, sight, draft)
    edges = [(spots[first], spots[last]) for first, last in draft.edges]
    style = Qt.PenStyle.SolidLine if sound else Qt.PenStyle.DashLine
    colour = theme.TEXT if sound else theme.LIGHT_VERMILLION
    for pen in (QPen(_DARK, 5.0), QPen(QColor(colour), 2.2, style)):
        painter.setPen(pen)
        for first, last in edges:
            painter.drawLine(first, last)
    if draft.shape is Shape.LINE and edges:
        _draw_direction(painter, sight, max(edges, key=_length))
    for place, spot in enumerate(spots):
        _draw_point(
            painter, spot, chosen=place == draft.now.chosen, head=draft.shape is Shape.PEOPLE and place % 2 == 1
        )
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)


def draw_feet(painter: QPainter, sight: Sight, feet: tuple[Foot, ...]) -> None:
    """A full disc: the rule sees it here. A ring: it would elsewhere. A cross: it never does."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for foot in feet:
        spot = sight.spot(foot.at)
        for pen in (QPen(_DARK, 5.0), QPen(QColor(theme.SKY if foot.counted else theme.MUTED), 2.4)):
            painter.setPen(pen)
            painter.setBrush(QColor(theme.SKY) if foot.counted and foot.caught else Qt.BrushStyle.NoBrush)
            if foot.counted:
                painter.drawEllipse(spot, _FOOT_PX, _FOOT_PX)
            else:
                reach = QPointF(_FOOT_PX, _FOOT_PX) * 0.8
                across = QPointF(reach.x(), -reach.y())
                painter.drawLine(spot - reach, spot + reach)
                painter.drawLine(spot - across, spot + across)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)


def _draw_filling(painter: QPainter, shape: QPolygonF, kind: Shape) -> None:
    """A mask is hatched, an area is tinted: both let the picture through while they are drawn."""
    tint = QColor(theme.TEXT)
    tint.setAlpha(90 if kind is Shape.MASK else 36)
    style = Qt.BrushStyle.BDiagPattern if kind is Shape.MASK else Qt.BrushStyle.SolidPattern
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(tint, style))
    painter.drawPolygon(shape)


def _draw_point(painter: QPainter, spot: QPointF, *, chosen: bool, head: bool) -> None:
    reach = _CHOSEN_PX if chosen else _HANDLE_PX
    rect = QRectF(spot.x() - reach, spot.y() - reach, 2 * reach, 2 * reach)
    painter.setPen(QPen(_DARK, 2))
    painter.setBrush(QColor(theme.ORANGE if chosen else theme.TEXT))
    if chosen and not head:
        painter.drawRect(rect)
    else:
        painter.drawEllipse(rect.adjusted(-2, -2, 2, 2) if head else rect)


def _draw_direction(painter: QPainter, sight: Sight, edge: tuple[QPointF, QPointF]) -> None:
    """An arrow over the line: from the left to the right of who walks along it is "in"; a mirrored picture shows it
    mirrored."""
    along = edge[1] - edge[0]
    length = _length(edge)
    if length <= 0:
        return
    sign = 1.0 if sight.unit.determinant() >= 0 else -1.0
    over = QPointF(-along.y(), along.x()) * (sign / length)
    middle = (edge[0] + edge[1]) / 2
    tail, tip = middle - over * (_ARROW_PX / 2), middle + over * _ARROW_PX
    side = QPointF(-over.y(), over.x()) * 7
    barb = tip - over * 11
    for pen in (QPen(_DARK, 6.0), QPen(QColor(theme.YELLOW), 2.6)):
        painter.setPen(pen)
        for first, last in ((tail, tip), (tip, barb + side), (tip, barb - side)):
            painter.drawLine(first, last)
    plate = label_pixmap(_("IN"), theme.YELLOW, _PLATE, 11, True, sight.ratio)
    size = plate.deviceIndependentSize()
    where = tip + over * 12 - QPointF(size.width() / 2, size.height() / 2)
    painter.drawPixmap(where.toPoint(), plate)


def _draw_ghosts(painter: QPainter, sight: Sight, draft: ZoneDraft) -> None:
    """How tall a person would be elsewhere: whoever is nonsense there shows that a mark is wrong."""
    ground = draft.ground()
    painter.setPen(QPen(QColor(theme.SKY), 1.6, Qt.PenStyle.DotLine))
    for x, y in _GHOSTS:
        height = ground.height(y) if ground is not None else 0.0
        head = y - height
        if height > _LEAST_GHOST and head > 0:
            painter.drawLine(sight.spot((x, y)), sight.spot((x, head)))


def _length(edge: tuple[QPointF, QPointF]) -> float:
    along = edge[1] - edge[0]
    return math.hypot(along.x(), along.y())
