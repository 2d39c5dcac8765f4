"""The noisiest cameras and rules of the last seven days as a page of the panel, each with what would help.

By keyboard alone: arrows choose, Tab goes from cameras to rules, Enter brings the camera to the wall. Read on a task
thread when the page is shown. GUI thread only. The prepared mend of a rule (tried against stored
verdicts before it is saved) will stand below the advice: `mend` is its line and stays empty until then.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.i18n import _, ngettext
from app.noise import DAYS, NoiseDesk, NoiseReport, NoisyRow
from widgets.claimed_keys import Call, ClaimedKeys
from widgets.row_tables import dress_rows

_ROW_PX = 24
_ALARMS_PX, _FALSE_PX = 66, 72


class NoisePage(QWidget):
    """Two tables of at most ten rows, and the advice for the marked one."""

    camera_chosen = Signal(str)

    def __init__(
        self, desk: NoiseDesk, call_soon: Callable[[Callable[[], None]], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._desk, self._call_soon = desk, call_soon
        self._asked = 0
        self.report: NoiseReport | None = None
        self.total, self.help, self.mend = QLabel(self), QLabel(self), QLabel(self)
        self.cameras = _table(_("Noisiest cameras"), self)
        self.rules = _table(_("Noisiest rules"), self)
        self._rows: dict[QTableWidget, tuple[NoisyRow, ...]] = {self.cameras: (), self.rules: ()}
        for table in self._rows:
            ClaimedKeys(table, partial(self._call_of, table))
            table.currentCellChanged.connect(lambda *_cells: self._show_marked())
            table.installEventFilter(self)
        self._lay_out()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        for title, table in ((_("Noisiest cameras"), self.cameras), (_("Noisiest rules"), self.rules)):
            heading = QLabel(title, self)
            heading.setObjectName("heading")
            column.addWidget(heading)
            if table is self.cameras:
                column.addWidget(self.total)
            column.addWidget(table, 1)
        for label in (self.total, self.help, self.mend):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.total.setObjectName("muted")
        column.addWidget(self.help)
        column.addWidget(self.mend)
        self.mend.hide()
        hint = QLabel(_("Enter  Show on the wall     Tab  Cameras or rules"), self)
        hint.setObjectName("muted")
        column.addWidget(hint)
        self.setFocusProxy(self.cameras)

    @property
    def marked(self) -> NoisyRow | None:
        """The marked row of the table that has, or had last, the keyboard."""
        table = self.rules if self.rules.hasFocus() else self.cameras
        row = table.currentRow()
        return self._rows[table][row] if 0 <= row < len(self._rows[table]) else None

    def renew(self) -> None:
        """Read again; the newest answer counts."""
        self._asked += 1
        number = self._asked

        def arrived(report: NoiseReport | None) -> None:
            self._call_soon(lambda: self._show(number, report))

        if not self._desk.read(arrived, lambda _error: arrived(None)):
            self._show(number, None)
        elif self.report is None:
            self.total.setText(_("Reading …"))

    def relieve(self) -> None:
        """Somebody else sits here: what the one before saw goes."""
        self._asked += 1
        self._fill(NoiseReport(0.0, 0.0))
        self.report = None
        self.total.setText("")
        if self.isVisible():
            self.renew()

    def showEvent(self, event: QShowEvent) -> None:
        """Read now; not at every change of the journal."""
        super().showEvent(event)
        self.renew()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The advice is about the table that has the keyboard."""
        if event.type() == QEvent.Type.FocusIn:
            self._show_marked()
        return super().eventFilter(watched, event)

    def _show(self, number: int, report: NoiseReport | None) -> None:
        if number != self._asked:
            return
        if report is None:
            self.total.setText(_("This could not be read now. Press F12 twice to try again."))
            return
        self.report = report
        text = ngettext(
            "{count} alarm in {days} days, {rate} in 10 minutes on average",
            "{count} alarms in {days} days, {rate} in 10 minutes on average",
            report.alarms,
        )
        rate = report.alarms / (DAYS * 144)
        self.total.setText(text.format(count=report.alarms, days=DAYS, rate=f"{rate:.2f}"))
        self._fill(report)

    def _fill(self, report: NoiseReport) -> None:
        for table, rows in ((self.cameras, report.cameras), (self.rules, report.rules)):
            before = table.currentRow()
            self._rows[table] = rows
            table.setRowCount(len(rows))
            for number, row in enumerate(rows):
                for column, text in enumerate(_cells(row)):
                    table.setItem(number, column, _item(text, right=column > 0, tip=row.help))
            if rows:
                table.selectRow(min(max(before, 0), len(rows) - 1))
        self._show_marked()

    def _show_marked(self) -> None:
        row = self.marked
        self.help.setText(row.help if row is not None else _("No alarm in these days."))
        self.mend.setText(row.mend if row is not None else "")
        self.mend.setVisible(bool(self.mend.text()))

    def _call_of(self, table: QTableWidget, event: QKeyEvent) -> Call | None:
        if event.key() == Qt.Key.Key_Tab:
            return partial((self.rules if table is self.cameras else self.cameras).setFocus)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return self._choose
        return None

    def _choose(self) -> None:
        row = self.marked
        if row is not None and row.camera_id:
            self.camera_chosen.emit(row.camera_id)


def _table(name: str, parent: QWidget) -> QTableWidget:
    table = QTableWidget(0, 3, parent)
    table.setAccessibleName(name)
    table.setHorizontalHeaderLabels([_("Name"), _("Alarms"), _("False")])
    dress_rows(table, _ROW_PX)
    table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    header = table.horizontalHeader()
    header.setHighlightSections(False)
    header.setSectionsClickable(False)
    header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
    table.setColumnWidth(1, _ALARMS_PX)
    table.setColumnWidth(2, _FALSE_PX)
    return table


def _cells(row: NoisyRow) -> tuple[str, str, str]:
    share = row.figure.false_share
    return row.name, str(row.figure.alarms), "–" if share is None else f"{share:.0%}"


def _item(text: str, *, right: bool, tip: str) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    item.setToolTip(tip)
    side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
    item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
    return item
