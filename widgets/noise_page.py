"""The noisiest cameras and rules of the last seven days as a page of the panel, each with what would help.

By keyboard alone: arrows choose, Tab goes from cameras to rules, Enter brings the camera to the wall. Read on a task
thread when the page is shown. Where a change of the rule is advised it is prepared: T tries it on stored tracks, and
what it would have done stands below the advice; Ctrl+Enter saves it. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
from storage.records import RuleSpec
from widgets.claimed_keys import Call, ClaimedKeys
from widgets.keys import latin_letter
from widgets.row_tables import dress_rows
from widgets.trial_line import TrialLine

_ROW_PX = 24
_ALARMS_PX, _FALSE_PX = 66, 72


class NoisePage(QWidget):
    """Two tables of at most ten rows, and the advice for the marked one."""

    camera_chosen = Signal(str)
    said = Signal(str)

    def __init__(
        self,
        desk: NoiseDesk,
        call_soon: Callable[[Callable[[], None]], None],
        parent: QWidget | None = None,
        *,
        trial: TrialLine | None = None,
        rules: Callable[[], Iterable[RuleSpec]] = tuple,
    ) -> None:
        """`trial`: where prepared changes are tried and saved; `rules` as they are now."""
        super().__init__(parent)
        self.trial, self._rules_now = trial, rules
        self._desk, self._call_soon = desk, call_soon
        self._asked = 0
        self.report: NoiseReport | None = None
        self.total, self.help, self.mend = QLabel(self), QLabel(self), QLabel(self)
        self._offered: RuleSpec | None = None
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
        self.mend.setText(_("T  Try this on the tracks of the last days     Ctrl+Enter  Save it"))
        self.mend.hide()
        if self.trial is not None:
            column.addWidget(self.trial)
            self.trial.said.connect(self.said)
            self.trial.saved.connect(lambda _record: self.renew())
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
        if self.trial is not None:
            self.trial.relieve()
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
        prepared = row.mend if row is not None else None
        self.mend.setVisible(prepared is not None and self.trial is not None)
        if self.trial is not None and self._offered is not None and prepared != self._offered:
            self._offered = None
            self.trial.offer(None, None)

    def _try(self) -> None:
        """What the prepared change would have done."""
        row = self._mendable()
        if self.trial is not None and row is not None and row.mend is not None:
            self._offered = row.mend
            self.trial.offer(row.mend, row.rule)

    def _save(self) -> None:
        row = self._mendable()
        if self.trial is not None and row is not None and row.mend is not None:
            self._offered = row.mend
            self.trial.save(row.mend)

    def _mendable(self) -> NoisyRow | None:
        """The marked row, if a change of it is prepared and still fits; why not is said."""
        row = self.marked
        if row is None or row.mend is None:
            self.said.emit(_("No change is prepared here: it is offered at a rule whose alarms are often false."))
            return None
        return row if self._is_fresh(row) else None

    def _is_fresh(self, row: NoisyRow) -> bool:
        """Nobody has changed the rule since this was read."""
        fresh = any(rule == row.rule for rule in self._rules_now())
        if not fresh:
            self.said.emit(_("The rule was changed meanwhile: this is read again."))
            self.renew()
        return fresh

    def _call_of(self, table: QTableWidget, event: QKeyEvent) -> Call | None:
        if event.key() == Qt.Key.Key_Tab:
            return partial((self.rules if table is self.cameras else self.cameras).setFocus)
        ctrl = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return self._save if ctrl else self._choose
        letter = latin_letter(event.key(), event.nativeVirtualKey())
        if self.trial is not None and letter == "T" and not event.modifiers():
            return self._try
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
