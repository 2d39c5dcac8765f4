"""The zoomable timeline of playback: up to 64 cameras from a month down to seconds. One painting widget, GUI thread.

Here are mouse and keys; what is shown, asked for and painted is `timeline_board`'s.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from app.i18n import _
from app.timeline import TimelineDesk
from widgets.bridge import Bridge
from widgets.timeline_board import TimelineBoard
from widgets.timeline_scale import TimeScale
from widgets.timeline_sheet import GUTTER_PX

_ZOOM = 1.25
_KEY_ZOOM = 1.5
_PAN = 0.1
_DRAG_PX = 5
_NOTCH = 120.0
_ZOOMS = {Qt.Key.Key_Plus: 1 / _KEY_ZOOM, Qt.Key.Key_Equal: 1 / _KEY_ZOOM, Qt.Key.Key_Minus: _KEY_ZOOM}
_PANS = {Qt.Key.Key_Left: -_PAN, Qt.Key.Key_Right: _PAN, Qt.Key.Key_PageUp: -1.0, Qt.Key.Key_PageDown: 1.0}
_ROWS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}


class Timeline(TimelineBoard):
    """`sought` carries a chosen time, `range_chosen` begin and end of a chosen range (epoch seconds).

    Wheel: zoom around the pointer (over the names: scroll). Drag: move in time. Click: go there. Shift and drag: choose
    a range. Keys: + and - zoom, left and right move, up and down choose the row, Enter goes to the marked middle."""

    sought = Signal(float)
    range_chosen = Signal(float, float)

    def __init__(self, desk: TimelineDesk, bridge: Bridge, zone: ZoneInfo, parent: QWidget | None = None) -> None:
        super().__init__(desk, bridge, zone, parent)
        self._pressed: QPoint | None = None
        self._grabbed: TimeScale | None = None
        self._pulled_px = 0
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleDescription(
            _("Plus and minus zoom, left and right move in time, up and down choose a camera, Enter goes to the middle")
        )

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the pointer; sideways, or with Shift, move; over the names scroll the rows."""
        x_px, delta = event.position().x() - GUTTER_PX, event.angleDelta()
        sideways = delta.x() or (delta.y() if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 0)
        if x_px < 0:
            self.scroll_rows(round(-delta.y() / _NOTCH * 3 * self.scene().shape.row))
        elif sideways:
            self.show_scale(self.scale.panned(-sideways / _NOTCH * _PAN * self.scale.span_s))
        else:
            self.show_scale(self.scale.zoomed(_ZOOM ** (-delta.y() / _NOTCH), x_px))
        self.pointer.move(event.position().toPoint(), self.scene())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click, a drag or a range."""
        if event.button() != Qt.MouseButton.LeftButton:
            return
        at = event.position().toPoint()
        self._pressed, self._grabbed, self._pulled_px = at, None, at.y()
        self.held = True
        row = self.scene().row_at(at.y())
        if row is not None:
            self.focus_row(row=row)
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and at.x() >= GUTTER_PX:
            utc_s = self._utc_at(at)
            self.chosen = utc_s, utc_s

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Hover, drag, or widen the range."""
        at = event.position().toPoint()
        if self._pressed is None:
            self.pointer.move(at, self.scene())
        elif self.chosen is not None:
            self.chosen = self.chosen[0], self._utc_at(at)
            self.update()
        elif self._grabbed is not None or (at - self._pressed).manhattanLength() >= _DRAG_PX:
            self.pointer.leave()
            self._grabbed = self._grabbed or self.scale
            self.scroll_rows(self._pulled_px - at.y())
            self._pulled_px = at.y()
            self.show_scale(self._grabbed.panned((self._pressed.x() - at.x()) / self._grabbed.px_per_s))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click goes there; a range is told."""
        if event.button() != Qt.MouseButton.LeftButton or self._pressed is None:
            return
        at, dragged, chosen = event.position().toPoint(), self._grabbed is not None, self.chosen
        self._let_go()
        if chosen is not None:
            begin, end = sorted((chosen[0], self._utc_at(at)))
            if (end - begin) * self.scale.px_per_s >= _DRAG_PX:
                self.range_chosen.emit(begin, end)
        elif not dragged and at.x() >= GUTTER_PX:
            self._seek(self._utc_at(at))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """See the class."""
        key, middle_px = Qt.Key(event.key()), self.scale.width_px / 2
        if key in _ZOOMS:
            self.show_scale(self.scale.zoomed(_ZOOMS[key], middle_px))
        elif key in _PANS:
            self.show_scale(self.scale.panned(_PANS[key] * self.scale.span_s))
        elif key in _ROWS:
            self.focus_row(_ROWS[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._seek(self.scale.utc_of(middle_px))
        elif key == Qt.Key.Key_Escape and self.chosen is not None:
            self._let_go()
        else:
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer is elsewhere."""
        super().leaveEvent(event)
        self.pointer.leave()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The middle is marked, where Enter goes."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """The keyboard is elsewhere."""
        super().focusOutEvent(event)
        self.update()

    def close_down(self) -> None:
        """See `TimelineBoard`."""
        self._let_go()
        super().close_down()

    def _let_go(self) -> None:
        self._pressed = self._grabbed = self.chosen = None
        self.held = False
        self.update()

    def _utc_at(self, at: QPoint) -> float:
        return self.scale.utc_of(max(at.x() - GUTTER_PX, 0))

    def _seek(self, utc_s: float) -> None:
        self.show_place(utc_s)
        self.sought.emit(utc_s)
