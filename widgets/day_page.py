"""A month of days with what is recorded of each as a bar: by arrows to a day, by Enter there. GUI thread only."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.i18n import _
from app.timeline import RecordedDay, TimelineDesk
from app.typed_time import WEEKDAYS
from widgets import theme
from widgets.bridge import Answers, Bridge
from widgets.chrome import font

_DAYS = 42
_CELL_W_PX, _CELL_H_PX = 52, 38
_HEAD_PX, _FOOT_PX, _MARGIN_PX = 52, 26, 10
_BAR_PX, _LEAST_BAR_PX = 4, 4
_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -7, Qt.Key.Key_Down: 7}
_MONTHS = {Qt.Key.Key_PageUp: -1, Qt.Key.Key_PageDown: 1}
_Flag = Qt.AlignmentFlag


class DayPage(QWidget):
    """Hidden until `begin`; without a `desk` the days are there, what is recorded of them is not known."""

    chosen = Signal(object)
    """A `datetime.date`."""
    left = Signal()

    def __init__(self, desk: TimelineDesk | None, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(_("Calendar of recordings"))
        self._desk, self._answers = desk, Answers(bridge)
        self._cameras: tuple[str, ...] = ()
        self._today = self.day = date.min
        self._asked: date | None = None
        self.shares: dict[date, float] = {}
        self.resize(self.sizeHint())
        self.hide()

    def sizeHint(self) -> QSize:
        """Seven columns, six weeks."""
        high = _HEAD_PX + 6 * _CELL_H_PX + _FOOT_PX + 2 * _MARGIN_PX
        return QSize(7 * _CELL_W_PX + 2 * _MARGIN_PX, high)

    def begin(self, camera_ids: Sequence[str], day: date, today: date) -> None:
        """Show the month of `day`; what comes after `today` cannot be chosen."""
        self._cameras, self._today = tuple(camera_ids), today
        self.shares, self._asked = {}, None
        self._go_to(day)
        self.show()
        self.raise_()
        self.setFocus()

    @property
    def first(self) -> date:
        """The first day of the page: a Monday, of the week in which the month begins."""
        begin = self.day.replace(day=1)
        return begin - timedelta(days=begin.weekday())

    def cell(self, index: int) -> QRect:
        """Where a day of the page lies."""
        left = _MARGIN_PX + index % 7 * _CELL_W_PX
        return QRect(left, _MARGIN_PX + _HEAD_PX + index // 7 * _CELL_H_PX, _CELL_W_PX, _CELL_H_PX)

    def _go_to(self, day: date) -> None:
        self.day = min(day, self._today)
        if self._desk is not None and self.first != self._asked:
            self._asked = self.first
            self._answers.forget()
            done, failed = self._answers.here(self._on_days), self._answers.here(_quietly)
            self._desk.days(self._cameras, self.first, _DAYS, done, failed)
        self.update()

    def _on_days(self, days: tuple[RecordedDay, ...]) -> None:
        self.shares |= {one.day: one.share for one in days}
        self.update()

    def close_down(self) -> None:
        """Wait for no answer any more."""
        self._answers.forget()

    # Keys and mouse

    def event(self, event: QEvent) -> bool:
        """All plain keys are its own while it is open: none of them may act on a wall."""
        asked = event if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) else None
        with_control = asked is not None and bool(asked.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if asked is not None and not with_control and asked.key() < Qt.Key.Key_F1:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows, PgUp and PgDn a month, Enter, Esc."""
        pressed = Qt.Key(event.key())
        if pressed in _STEPS:
            self._go_to(self.day + timedelta(days=_STEPS[pressed]))
        elif pressed in _MONTHS:
            self._go_to(_month_on(self.day, _MONTHS[pressed]))
        elif pressed in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self.day)
        elif pressed in (Qt.Key.Key_Escape, Qt.Key.Key_D):
            self._leave()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click chooses a day."""
        spot = event.position().toPoint()
        index = next((n for n in range(_DAYS) if self.cell(n).contains(spot)), None)
        if index is not None and self.first + timedelta(days=index) <= self._today:
            self._choose(self.first + timedelta(days=index))

    def _choose(self, day: date) -> None:
        self._leave()
        self.chosen.emit(day)

    def _leave(self) -> None:
        self._answers.forget()
        self._asked = None
        self.hide()
        self.left.emit()

    # Painting

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Month, weekdays, days."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.PANEL))
        painter.setPen(QPen(QColor(theme.PURPLE), 1))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        self._paint_head(painter)
        for index in range(_DAYS):
            self._paint_day(painter, index)
        painter.setFont(font(11))
        painter.setPen(QColor(theme.MUTED))
        foot = self.rect().adjusted(_MARGIN_PX, 0, -_MARGIN_PX, -6)
        painter.drawText(foot, _Flag.AlignBottom | _Flag.AlignHCenter, _("Arrows · PgUp PgDn month · Enter · Esc"))
        painter.end()

    def _paint_head(self, painter: QPainter) -> None:
        painter.setPen(QColor(theme.TEXT))
        painter.setFont(font(15, bold=True))
        title = QRect(_MARGIN_PX, _MARGIN_PX, 7 * _CELL_W_PX, 26)
        painter.drawText(title, _Flag.AlignCenter, f"{self.day:%Y-%m}")
        painter.setFont(font(11))
        painter.setPen(QColor(theme.MUTED))
        for column, name in enumerate(WEEKDAYS):
            cell = QRect(_MARGIN_PX + column * _CELL_W_PX, _MARGIN_PX + 28, _CELL_W_PX, 22)
            painter.drawText(cell, _Flag.AlignCenter, _(name))

    def _paint_day(self, painter: QPainter, index: int) -> None:
        day = self.first + timedelta(days=index)
        cell = self.cell(index).adjusted(2, 2, -2, -2)
        share = self.shares.get(day, 0.0)
        if day == self.day:
            painter.fillRect(cell, QColor("#4a3547"))
        if day == self._today:
            painter.setPen(QColor(theme.MUTED))
            painter.drawRect(cell.adjusted(0, 0, -1, -1))
        told = day.month == self.day.month and day <= self._today
        painter.setFont(font(13, bold=share > 0))
        painter.setPen(QColor((theme.TEXT if share > 0 or self._desk is None else theme.MUTED) if told else "#565d66"))
        painter.drawText(cell.adjusted(0, 0, 0, -_BAR_PX - 3), _Flag.AlignCenter, str(day.day))
        if day <= self._today and self._desk is not None:
            bar = QRect(cell.left() + 4, cell.bottom() - _BAR_PX - 2, cell.width() - 8, _BAR_PX)
            painter.fillRect(bar, QColor(theme.LINE))
            if share > 0:
                bar.setWidth(max(round(share * bar.width()), _LEAST_BAR_PX))
                painter.fillRect(bar, QColor(theme.SKY))


def _month_on(day: date, months: int) -> date:
    """The same day of another month, its last day where there is none."""
    number = day.year * 12 + day.month - 1 + months
    year, month = number // 12, number % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _quietly(_text: str) -> None:
    """The days stay without their bars; the timeline tells why."""
