"""All cameras of the site as a page of the panel: filtered with every letter, brought to the wall by Enter.

The keyboard stays in the line: arrows choose, Enter brings the camera into the focused tile, Space puts it beside, Esc
goes back. A row may also be dragged onto a tile. GUI thread only; reads what is in memory, never disk or network.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QMouseEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.camera_rows import CameraRow, camera_rows, matching
from app.feeds import Desk
from app.i18n import _
from storage.journal import Registry
from widgets import theme
from widgets.camera_table import GROUP, NUMBER, PLACE, SIGN_PX, STATE, CameraTable
from widgets.claimed_keys import Call, ClaimedKeys
from widgets.row_tables import dress_rows

REFRESH_MS = 1000
_ROW_PX = 24
_WIDTHS_PX = {NUMBER: 44, PLACE: 104, GROUP: 88, STATE: 104}
_NEEDS_PX = {PLACE: 400, GROUP: 480}
_MOST_TYPED = 100


class CameraList(QWidget):
    """A line, the table, what was found."""

    chosen = Signal(str)
    """Into the focused tile."""
    beside = Signal(str)
    """Beside it."""
    dropped = Signal(str, QPoint)
    """Dragged to a point of the screen."""
    gone = Signal()
    """Back to the wall."""
    said = Signal(str)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._registry: Registry | None = None
        self._all: tuple[CameraRow, ...] = ()
        self._walking = False
        self._dragged: tuple[str, QPoint] | None = None
        self.line, self.table = QLineEdit(self), QTableView(self)
        self.count, self.hint = QLabel(self), QLabel(self)
        self.model = CameraTable(desk.may_see, self)
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.renew)
        self._dress_table()
        self._lay_out()
        ClaimedKeys(self.line, self._call_of)

    def _dress_table(self) -> None:
        table, header = self.table, self.table.horizontalHeader()
        table.setModel(self.model)
        table.setAccessibleName(_("Cameras"))
        table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        dress_rows(table, _ROW_PX, SIGN_PX)
        header.setSectionsClickable(False)
        header.setHighlightSections(False)
        for column in range(self.model.columnCount()):
            if column in _WIDTHS_PX:
                table.setColumnWidth(column, _WIDTHS_PX[column])
            else:
                header.setSectionResizeMode(column, QHeaderView.ResizeMode.Stretch)
        table.doubleClicked.connect(lambda _index: self._choose())
        table.viewport().installEventFilter(self)
        self.line.installEventFilter(self)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        heading = QLabel(_("Cameras"), self)
        heading.setObjectName("heading")
        self.line.setMaxLength(_MOST_TYPED)
        self.line.setPlaceholderText(_("Number, name or place"))
        self.line.setAccessibleName(_("Number, name or place"))
        self.line.textEdited.connect(self._on_typed)
        self.hint.setText(_("Enter  Into the focused tile     Space  Beside it     Esc  Wall"))
        for label in (self.count, self.hint):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setObjectName("muted")
        for widget in (heading, self.line, self.count):
            column.addWidget(widget)
        column.addWidget(self.table, 1)
        column.addWidget(self.hint)
        self.setFocusProxy(self.line)

    @property
    def selected(self) -> CameraRow | None:
        """The marked camera."""
        row = self.table.currentIndex().row()
        return self.model.rows[row] if 0 <= row < len(self.model.rows) else None

    def begin(self) -> None:
        """Opened by its key: the line is empty, every camera is listed."""
        self.line.clear()
        self.renew()
        self._filter()

    def relieve(self) -> None:
        """Somebody else sits here: what was typed goes."""
        self.begin()

    def renew(self) -> None:
        """The registry and the states of now."""
        registry = self._desk.registry()
        if registry is not self._registry:
            self._registry, self._all = registry, camera_rows(registry)
            self._filter(keep=True)
        health = self._desk.offices.health
        snapshot = health.snapshot().cameras if health is not None else ()
        self.model.show_states({camera.camera_id: camera.state for camera in snapshot})

    def _on_typed(self, _text: str) -> None:
        self._walking = False
        self._filter()

    def _filter(self, *, keep: bool = False) -> None:
        """List what is meant; the first is marked, or (with `keep`) the one that was."""
        before = self.selected if keep else None
        rows = matching(self._all, self.line.text())
        self.model.show_rows(rows)
        found = (n for n, row in enumerate(rows) if before is not None and row.camera_id == before.camera_id)
        if rows:
            self.table.selectRow(next(found, 0))
        told = _("{found} of {all}").format(found=len(rows), all=len(self._all))
        self.count.setText(told if rows else _("No camera is called so."))

    # Keys and mouse

    def _call_of(self, event: QKeyEvent) -> Call | None:
        """Keys that the line does not need, and that are not the window's while it has the keyboard."""
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        pressed = event.key()
        if pressed in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and modifiers == Qt.KeyboardModifier.ShiftModifier:
            return self._put_beside
        if modifiers:
            return None
        if pressed == Qt.Key.Key_Space:
            return None if self._typing_words else self._put_beside
        step = max(self.table.viewport().height() // _ROW_PX, 1)
        calls: dict[int, Call] = {
            Qt.Key.Key_Return: self._choose,
            Qt.Key.Key_Enter: self._choose,
            Qt.Key.Key_Escape: self.gone.emit,
            Qt.Key.Key_Up: partial(self._move, -1),
            Qt.Key.Key_Down: partial(self._move, 1),
            Qt.Key.Key_PageUp: partial(self._move, -step),
            Qt.Key.Key_PageDown: partial(self._move, step),
        }
        return calls.get(pressed)

    @property
    def _typing_words(self) -> bool:
        """Whether Space belongs to a name that is being typed: not behind a number, nor once an arrow has chosen."""
        typed = self.line.text()
        return bool(typed) and not typed.isdecimal() and not self._walking

    def _move(self, rows: int) -> None:
        self._walking = True
        if self.model.rows:
            self.table.selectRow(min(max(self.table.currentIndex().row() + rows, 0), len(self.model.rows) - 1))

    def _choose(self) -> None:
        self._with_selected(self.chosen.emit)

    def _put_beside(self) -> None:
        self._with_selected(self.beside.emit)

    def _with_selected(self, call: Callable[[str], None]) -> None:
        row = self.selected
        if row is None:
            return
        if self._desk.may_see(row.camera_id):
            call(row.camera_id)
        else:
            self.said.emit(_("Your camera groups do not hold this camera."))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A row is pressed, moved away and let go over a tile; the line's keys move the table's row."""
        if watched is self.line:
            if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
                theme.mark(self.table, "keys", on=event.type() == QEvent.Type.FocusIn)
        elif isinstance(event, QMouseEvent):
            kind = event.type()
            if kind == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
                self._press(event.position().toPoint())
            elif kind == QEvent.Type.MouseMove and self._dragged is not None:
                if self._is_far(event.globalPosition().toPoint()):
                    self.table.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
                return True  # no selection by dragging
            elif kind == QEvent.Type.MouseButtonRelease and self._dragged is not None:
                self._let_go(event.globalPosition().toPoint())
        return super().eventFilter(watched, event)

    def _press(self, spot: QPoint) -> None:
        row = self.table.rowAt(spot.y())
        held = 0 <= row < len(self.model.rows)
        start = self.table.viewport().mapToGlobal(spot)
        self._dragged = (self.model.rows[row].camera_id, start) if held else None
        self._walking = True

    def _is_far(self, spot: QPoint) -> bool:
        far = (spot - self._dragged[1]).manhattanLength() if self._dragged is not None else 0
        return far >= QApplication.startDragDistance()

    def _let_go(self, spot: QPoint) -> None:
        far, dragged = self._is_far(spot), self._dragged
        self._dragged = None
        self.table.viewport().unsetCursor()
        if dragged is not None and far and self._desk.may_see(dragged[0]):
            self.dropped.emit(dragged[0], spot)

    # Life

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out what has no room."""
        super().resizeEvent(event)
        for column, needs_px in _NEEDS_PX.items():
            self.table.setColumnHidden(column, self.width() < needs_px)

    def showEvent(self, event: QShowEvent) -> None:
        """Look now, then every second."""
        super().showEvent(event)
        self.renew()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody reads."""
        super().hideEvent(event)
        self._timer.stop()
        self._dragged = None
