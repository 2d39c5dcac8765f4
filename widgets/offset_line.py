"""How far a camera's clock was from ours in the last hours: a small line with its least and most. GUI thread only."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.i18n import _
from widgets import theme
from widgets.words import clock_text

Points = tuple[tuple[float, float], ...]
_LEAST_SPAN_S = 0.2
_TEXT_PX = 16


class OffsetLine(QWidget):
    """Time to the right, the camera's clock ahead of ours upwards; the dashed line is no difference."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.points: Points = ()
        self.setMinimumSize(120, 70)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(_("Clock of the camera"))

    def sizeHint(self) -> QSize:
        """Beside the small picture."""
        return QSize(200, 90)

    def show_points(self, points: Points) -> None:
        """(time, seconds ahead), oldest first."""
        if points != self.points:
            self.points = points
            self.setAccessibleDescription(self._words())
            self.update()

    def _words(self) -> str:
        if not self.points:
            return _("The camera tells no time.")
        values = [value for _at, value in self.points]
        text = _("Clock {least:+.2f} to {most:+.2f} s since {begin}")
        return text.format(least=min(values), most=max(values), begin=clock_text(self.points[0][0]))

    def paintEvent(self, event: QPaintEvent) -> None:
        """The line, and in words what it says."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(event.rect(), QColor(theme.WALL))
        area = QRectF(self.rect()).adjusted(6, 4, -6, -_TEXT_PX - 4)
        painter.setPen(QColor(theme.MUTED))
        words = painter.fontMetrics().elidedText(self._words(), Qt.TextElideMode.ElideRight, self.width() - 12)
        painter.drawText(QRectF(6, self.height() - _TEXT_PX - 2, self.width() - 12, _TEXT_PX), words)
        if self.points:
            self._paint_line(painter, area)
        painter.end()

    def _paint_line(self, painter: QPainter, area: QRectF) -> None:
        values = [value for _at, value in self.points]
        least, most = min(0.0, *values), max(0.0, *values)
        span, (first_s, last_s) = max(most - least, _LEAST_SPAN_S), (self.points[0][0], self.points[-1][0])
        middle = (most + least) / 2

        def y_of(value: float) -> float:
            return area.center().y() - (value - middle) / span * area.height()

        painter.setPen(QPen(QColor(theme.LINE), 1, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(area.left(), y_of(0)), QPointF(area.right(), y_of(0)))
        width_s = max(last_s - first_s, 1.0)
        line = [QPointF(area.left() + (at - first_s) / width_s * area.width(), y_of(v)) for at, v in self.points]
        painter.setPen(QPen(QColor(theme.SKY), 1.5))
        painter.drawPolyline(QPolygonF(line))
        painter.setBrush(QColor(theme.SKY))
        painter.drawEllipse(line[-1], 2.5, 2.5)
