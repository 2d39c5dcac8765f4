"""When incidents were opened: bars over the filtered time; dragging across them chooses a part. GUI thread only."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.i18n import _
from app.journal_pages import Histogram
from widgets import theme

PARTS = 90
_DAY_S = 86400.0
_TICK_PX = 130


class HistogramView(QWidget):
    """`range_chosen` carries begin and end (epoch seconds) of what was dragged across; a double click clears it."""

    range_chosen = Signal(float, float)
    range_cleared = Signal()

    def __init__(self, zone: ZoneInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._zone = zone
        self._shown = Histogram()
        self._box = _DragBox(self)
        self._plot = pg.PlotWidget(viewBox=self._box, background=theme.PANEL)
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.setFrameShape(self._plot.Shape.NoFrame)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._bars = pg.BarGraphItem(x0=[], x1=[], height=[], brush=theme.ACCENT, pen=None)
        self._choice = pg.LinearRegionItem(movable=False, brush=QColor(255, 255, 255, 40), pen=theme.TEXT)
        self._choice.hide()
        self._plot.addItem(self._bars)
        self._plot.addItem(self._choice)
        for side in ("left", "bottom"):
            axis = self._plot.getAxis(side)
            axis.setPen(theme.LINE)
            axis.setTextPen(theme.MUTED)
        self._plot.getAxis("left").setWidth(44)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        self.setFixedHeight(92)
        self.setAccessibleName(_("Incidents over time"))
        self.setToolTip(_("Drag across the bars to choose a time; double-click to see all times"))

    @property
    def shown(self) -> Histogram:
        """What the bars say."""
        return self._shown

    def show_counts(self, histogram: Histogram) -> None:
        """Draw these bars."""
        self._shown = histogram
        self._choice.hide()
        counts = histogram.counts
        low, high = histogram.from_utc_s, histogram.to_utc_s
        width_s = (high - low) / max(len(counts), 1)
        # Seconds since the begin: floats of a drawing have no room for epoch seconds.
        begins = [n * width_s for n in range(len(counts))]
        self._bars.setOpts(x0=begins, x1=[b + width_s * 0.9 for b in begins], height=list(counts))
        if counts:
            self._box.setXRange(0.0, high - low, padding=0.0)
            self._box.setYRange(0.0, max(max(counts), 1) * 1.05, padding=0.0)
            self._show_ticks()
        most = max(counts, default=0)
        text = _("Incidents over time: {count} in all, at most {most} in a bar")
        self.setAccessibleDescription(text.format(count=sum(counts), most=most))

    def x_of(self, utc_s: float) -> int:
        """The pixel of the widget where a time is drawn."""
        scene = self._box.mapViewToScene(QPointF(utc_s - self._shown.from_utc_s, 0.0))
        return int(self._plot.mapTo(self, self._plot.mapFromScene(scene)).x())

    def drag(self, begin: float, end: float, *, finished: bool) -> None:
        """Somebody draws from `begin` to `end` (the drawing's seconds)."""
        if not self._shown.counts:
            return
        span_s = self._shown.to_utc_s - self._shown.from_utc_s
        low, high = (min(max(x, 0.0), span_s) for x in sorted((begin, end)))
        self._choice.setRegion((low, high))
        self._choice.setVisible(not finished)
        if finished and high > low:
            self.range_chosen.emit(self._shown.from_utc_s + low, self._shown.from_utc_s + high)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many times under the bars as have room."""
        super().resizeEvent(event)
        self._show_ticks()

    def _show_ticks(self) -> None:
        if self._shown.counts:
            ticks = self._ticks(self._shown.from_utc_s, self._shown.to_utc_s)
            self._plot.getAxis("bottom").setTicks([ticks])

    def _ticks(self, low: float, high: float) -> list[tuple[float, str]]:
        form = "%H:%M" if high - low <= _DAY_S else "%d.%m. %H:%M" if high - low <= 14 * _DAY_S else "%Y-%m-%d"
        count = max(self.width() // _TICK_PX, 2)
        step_s = (high - low) / count
        middles = [(n + 0.5) * step_s for n in range(count)]
        return [(x, datetime.fromtimestamp(low + x, self._zone).strftime(form)) for x in middles]


class _DragBox(pg.ViewBox):  # type: ignore[misc]  # pyqtgraph has no types
    """Dragging draws a choice instead of moving the picture."""

    def __init__(self, view: HistogramView) -> None:
        super().__init__(enableMenu=False)
        self._view = view
        self.setMouseEnabled(x=False, y=False)
        self.setDefaultPadding(0.0)

    def mouseDragEvent(self, event: Any, axis: Any = None) -> None:
        """pyqtgraph's own drag event, in the scene's pixels."""
        del axis
        event.accept()
        begin = self.mapSceneToView(event.buttonDownScenePos()).x()
        end = self.mapSceneToView(event.scenePos()).x()
        self._view.drag(begin, end, finished=event.isFinish())

    def mouseClickEvent(self, event: Any) -> None:
        """A double click."""
        if event.double():
            event.accept()
            self._view.range_cleared.emit()

    def wheelEvent(self, event: Any, axis: Any = None) -> None:
        """No zoom: the bars are what the journal was asked."""
        del axis
        event.ignore()
