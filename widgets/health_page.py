"""Health of the cameras as a page of the panel: worst first, the selected one with its outages and its clock.

By keyboard alone: arrows choose, Enter brings the camera to the wall, Home sorts anew. While somebody reads, values
change in place and the order stays. GUI thread only; reads what the monitor left, asks no disk and no network.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from zoneinfo import ZoneInfo

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHeaderView, QLabel, QTableView, QVBoxLayout, QWidget

from app.health_desk import HealthDesk
from app.health_facts import CameraHealth, HealthSnapshot, HealthState, state_word
from app.i18n import _
from widgets.claimed_keys import Call, ClaimedKeys
from widgets.health_detail import HealthDetail
from widgets.health_table import COLUMNS, SIGN_PX, HealthTable
from widgets.row_tables import dress_rows

REFRESH_MS = 1000
HOLD_S = 10.0
"""So long after the last key the order stays as it is."""

_ROW_PX = 24


class HealthPage(QWidget):
    """Counts, table, detail."""

    camera_chosen = Signal(str)

    def __init__(
        self,
        desk: HealthDesk,
        call_soon: Callable[[Callable[[], None]], None],
        zone: ZoneInfo,
        parent: QWidget | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._desk, self._clock = desk, clock
        self._snapshot = HealthSnapshot()
        self._touched_s = float("-inf")
        self.counts, self.hint = QLabel(self), QLabel(self)
        self.model = HealthTable(self)
        self.table = QTableView(self)
        self.detail = HealthDetail(desk, call_soon, zone, self, clock)
        self._timer = QTimer(self)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self.renew)
        self._dress_table()
        self._dress_labels()
        self._lay_out()
        ClaimedKeys(self.table, self._call_of)

    def _dress_table(self) -> None:
        table, header = self.table, self.table.horizontalHeader()
        table.setModel(self.model)
        table.setAccessibleName(_("Health of the cameras"))
        dress_rows(table, _ROW_PX, SIGN_PX)
        header.setSectionsClickable(False)
        header.setHighlightSections(False)
        header.setMinimumSectionSize(30)
        for number, column in enumerate(COLUMNS):
            if column.width_px:
                table.setColumnWidth(number, column.width_px)
            else:
                header.setSectionResizeMode(number, QHeaderView.ResizeMode.Stretch)
        table.selectionModel().currentRowChanged.connect(lambda *_rows: self._show_selected())
        table.doubleClicked.connect(lambda _index: self._choose())
        table.clicked.connect(lambda _index: self._touch())

    def _dress_labels(self) -> None:
        for label in (self.counts, self.hint):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setObjectName("muted")
        self.hint.setText(_("Enter  Show on the wall     Home  Sort anew"))

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        heading = QLabel(_("Health of the cameras"), self)
        heading.setObjectName("heading")
        for widget in (heading, self.counts):
            column.addWidget(widget)
        column.addWidget(self.table, 1)
        column.addWidget(self.hint)
        column.addWidget(self.detail)
        self.setFocusProxy(self.table)

    @property
    def selected(self) -> CameraHealth | None:
        """The marked camera."""
        row = self.table.currentIndex().row()
        return self.model.rows[row] if 0 <= row < len(self.model.rows) else None

    @property
    def held(self) -> bool:
        """Whether somebody reads, so that the order stays."""
        return self.table.hasFocus() and self._clock() - self._touched_s < HOLD_S

    def renew(self) -> None:
        """Take the newest look; a page that is shown again is in the order of now."""
        self._show(self._desk.snapshot(), sort=not self.held)

    def sort_now(self) -> None:
        """The worst on top, and selected."""
        self._touch()
        self._show(self._desk.snapshot(), sort=True)
        if self.model.rows:
            self.table.selectRow(0)
            self.table.scrollToTop()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out what has no room."""
        super().resizeEvent(event)
        for number, column in enumerate(COLUMNS):
            self.table.setColumnHidden(number, self.width() < column.needs_px)

    def showEvent(self, event: QShowEvent) -> None:
        """Look now, then every second."""
        super().showEvent(event)
        self.renew()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody reads."""
        super().hideEvent(event)
        self._timer.stop()

    def _show(self, snapshot: HealthSnapshot, *, sort: bool) -> None:
        if self._snapshot is snapshot and not (sort and self._unsorted()):
            return
        chosen, self._snapshot = self.selected, snapshot
        if self.model.show_snapshot(snapshot, sort=sort):
            row = self.model.row_of(chosen.camera_id) if chosen is not None else 0
            if self.model.rows:
                self.table.selectRow(max(row, 0))
        self.counts.setText(_counts(snapshot))
        self._show_selected()

    def _unsorted(self) -> bool:
        rows = self.model.rows
        return any(a.trouble > b.trouble for a, b in pairwise(rows))

    def _call_of(self, event: QKeyEvent) -> Call | None:
        """Keys of the table; any of its keys says that somebody reads."""
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return None
        step = self.table.viewport().height() // _ROW_PX
        calls: dict[int, Call] = {
            Qt.Key.Key_Return: self._choose,
            Qt.Key.Key_Enter: self._choose,
            Qt.Key.Key_Home: self.sort_now,
            Qt.Key.Key_End: partial(self._move, len(self.model.rows)),
            Qt.Key.Key_Up: partial(self._move, -1),
            Qt.Key.Key_Down: partial(self._move, 1),
            Qt.Key.Key_PageUp: partial(self._move, -step),
            Qt.Key.Key_PageDown: partial(self._move, step),
        }
        return calls.get(event.key())

    def _move(self, rows: int) -> None:
        self._touch()
        if self.model.rows:
            self.table.selectRow(min(max(self.table.currentIndex().row() + rows, 0), len(self.model.rows) - 1))

    def _touch(self) -> None:
        self._touched_s = self._clock()

    def _choose(self) -> None:
        self._touch()
        if self.selected is not None:
            self.camera_chosen.emit(self.selected.camera_id)

    def _show_selected(self) -> None:
        self.detail.show_camera(self.selected, self._snapshot.at_utc_s)


def _counts(snapshot: HealthSnapshot) -> str:
    counted = [(state_word(state), snapshot.count(state)) for state in HealthState]
    return "  ·  ".join(f"{word} {count}" for word, count in counted if count) or _("Looking …")
