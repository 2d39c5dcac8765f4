"""Small signs whose meaning is in the shape, with colour only as a second help (WCAG 2.2, 1.4.1). GUI thread only."""

from __future__ import annotations

from functools import lru_cache
from math import cos, pi, sin

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPolygonF

from app.feeds import TileState
from storage.records import Severity
from widgets import theme

STATE_COLOURS = {
    TileState.LIVE: theme.LIGHT_GREEN,
    TileState.STALE: theme.YELLOW,
    TileState.CONNECTING: theme.SKY,
    TileState.NO_SIGNAL: theme.LIGHT_VERMILLION,
    TileState.NO_RIGHTS: theme.PURPLE,
}
PAST_COLOURS = {
    TileState.LIVE: theme.PURPLE,
    TileState.STALE: theme.PURPLE,
    TileState.CONNECTING: theme.PURPLE,
    TileState.NO_SIGNAL: theme.MUTED,
    TileState.NO_RIGHTS: theme.PURPLE,
}
_SEVERITY_LOOKS = {
    Severity.INFO: (0, theme.SKY),
    Severity.LOW: (4, theme.LIGHT_GREEN),
    Severity.MEDIUM: (3, theme.YELLOW),
    Severity.HIGH: (-4, theme.ORANGE),
    Severity.CRITICAL: (8, theme.LIGHT_VERMILLION),
}


def draw_state(painter: QPainter, rect: QRectF, state: TileState, *, past: bool = False) -> None:
    """Full disc: live; two bars: stale; open ring: connecting; cross: no signal; a ring with a bar in it: no rights.
    `past`: a triangle that points on says that recordings are played."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour = QColor((PAST_COLOURS if past else STATE_COLOURS)[state])
    pen = QPen(colour, max(1.6, rect.width() / 6))
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    inner = rect.adjusted(1.5, 1.5, -1.5, -1.5)
    if past and state in (TileState.LIVE, TileState.STALE):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        tip = QPointF(inner.right(), inner.center().y())
        painter.drawPolygon(QPolygonF([inner.topLeft(), tip, inner.bottomLeft()]))
    elif state is TileState.LIVE:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(inner)
    elif state is TileState.STALE:
        third = inner.width() / 3
        painter.fillRect(QRectF(inner.left(), inner.top(), third, inner.height()), colour)
        painter.fillRect(QRectF(inner.right() - third, inner.top(), third, inner.height()), colour)
    elif state is TileState.CONNECTING:
        painter.setPen(pen)
        painter.drawArc(inner, 60 * 16, 300 * 16)
    elif state is TileState.NO_RIGHTS:
        pen.setWidthF(max(1.3, rect.width() / 8))
        painter.setPen(pen)
        painter.drawEllipse(inner)
        reach = inner.width() / 4
        painter.drawLine(inner.center() - QPointF(reach, 0), inner.center() + QPointF(reach, 0))
    else:
        painter.setPen(pen)
        painter.drawLine(inner.topLeft(), inner.bottomRight())
        painter.drawLine(inner.topRight(), inner.bottomLeft())
    painter.restore()


def severity_colour(severity: Severity) -> str:
    """The colour of its sign."""
    return _SEVERITY_LOOKS[severity][1]


@lru_cache(maxsize=32)
def severity_sign(severity: Severity, size_px: int, ratio: float) -> QPixmap:
    """Circle 1, square 2, triangle 3, diamond 4, octagon 5, with the number in it."""
    pixmap = QPixmap(round(size_px * ratio), round(size_px * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    corners, colour = _SEVERITY_LOOKS[severity]
    painter.setBrush(QColor(colour))
    rect = QRectF(0.5, 0.5, size_px - 1, size_px - 1)
    if corners:
        painter.drawPolygon(_polygon(rect, corners))
    else:
        painter.drawEllipse(rect)
    font = painter.font()
    font.setPixelSize(round(size_px * 0.62))
    font.setBold(True)
    painter.setFont(font)
    painter.setPen(QColor("#101214"))
    shift = size_px * 0.14 if corners == 3 else 0.0
    painter.drawText(rect.translated(0, shift), Qt.AlignmentFlag.AlignCenter, str(int(severity)))
    painter.end()
    return pixmap


def _polygon(rect: QRectF, corners: int) -> QPolygonF:
    """A regular polygon; a negative count stands on its corner."""
    count = abs(corners)
    start = -pi / 2 if corners < 0 or count % 2 else -pi / 2 + pi / count
    reach = rect.width() / 2 * {4: 1.26, 3: 1.12, 8: 1.04}.get(corners, 1.0)
    middle = rect.center() + QPointF(0, rect.height() * 0.06 if count == 3 else 0)
    spots = [start + 2 * pi * i / count for i in range(count)]
    return QPolygonF([QPointF(middle.x() + reach * cos(a), middle.y() + reach * sin(a)) for a in spots])
