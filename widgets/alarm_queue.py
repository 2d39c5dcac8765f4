"""The alarm queue, a row per thing that happens, in the order of `app.alarm_rows`; and the incidents.

GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QIcon, QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHeaderView, QTableView, QWidget

from app.alarm_rows import AlarmRow
from app.i18n import _, marked
from app.labels import label_of
from storage.journal import Registry
from storage.records import AlarmState, Incident, IncidentState, Severity
from widgets import theme
from widgets.alarm_words import narrow_text, what_text, where_text
from widgets.row_tables import dress_rows
from widgets.shapes import severity_sign
from widgets.words import Names, clock_text

Row = TypeVar("Row", AlarmRow, Incident)
Index = QModelIndex | QPersistentModelIndex
_SIGN_PX = 18
ROW_PX = 26
_MAX_ROWS = 5000
_ROOMY_PX = 480
_WIDE_PX = 498
_ALWAYS = 1 << 24


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column: its heading (English source), its text, its width, 0 for what is left.

    A table narrower than `needs_px` leaves the column out (what names the row must not be cut for it), one of
    `below_px` and more has room for a better one."""

    heading: str
    text: Callable[[Row, Names], str]
    width_px: int
    right: bool = False
    needs_px: int = 0
    below_px: int = _ALWAYS


_SHORT_STATES = {
    AlarmState.RAISED: marked("Raised"),
    AlarmState.ACKNOWLEDGED: marked("Taken"),
    AlarmState.JUDGED: marked("Judged"),
}
_SHORT_INCIDENT_STATES = {
    IncidentState.NEW: marked("New"),
    IncidentState.ACKNOWLEDGED: marked("Taken"),
    IncidentState.VERIFIED: marked("Verified"),
    IncidentState.HANDED_OVER: marked("Given"),
    IncidentState.ACCEPTED: marked("Accepted"),
    IncidentState.ON_SCENE: marked("On scene"),
    IncidentState.RESOLVED: marked("Resolved"),
    IncidentState.CLOSED: marked("Closed"),
}
ALARM_COLUMNS: tuple[Column[AlarmRow], ...] = (
    Column("", lambda _row, _names: "", 30),
    Column(marked("Camera"), where_text, 0, needs_px=_WIDE_PX),
    Column(marked("Camera"), narrow_text, 0, below_px=_WIDE_PX),
    Column(marked("Rule"), what_text, 106, needs_px=_WIDE_PX),
    Column(marked("Since"), lambda row, _names: clock_text(row.first_utc_s)[:5], 48, True, _WIDE_PX),
    Column(marked("Since"), lambda row, _names: clock_text(row.first_utc_s), 68, True, 0, _WIDE_PX),
    Column(marked("Last"), lambda row, _names: clock_text(row.last_utc_s)[:5], 48, True, _WIDE_PX),
    Column(marked("Count"), lambda row, _names: str(row.count), 48, right=True),
    Column(marked("State"), lambda row, _names: _(_SHORT_STATES[row.state]), 56),
    Column(marked("Owner"), lambda row, names: names.actor(row.owner_id) or "–", 90, needs_px=600),
)
INCIDENT_COLUMNS: tuple[Column[Incident], ...] = (
    Column("", lambda _incident, _names: "", 30),
    Column(marked("Number"), lambda incident, _names: incident.number, 104, needs_px=_ROOMY_PX),
    Column(marked("Number"), lambda incident, _names: incident.number.rpartition("-")[2], 64, below_px=_ROOMY_PX),
    Column(marked("Category"), lambda incident, names: names.category(incident.category_id), 90, needs_px=580),
    Column(marked("Camera"), lambda incident, names: names.camera(incident.camera_id), 0),
    Column(marked("Opened"), lambda incident, _names: clock_text(incident.opened_utc_s), 68, True, _ROOMY_PX),
    Column(marked("Opened"), lambda incident, _names: clock_text(incident.opened_utc_s)[:5], 52, True, 0, _ROOMY_PX),
    Column(marked("State"), lambda incident, _names: _(_SHORT_INCIDENT_STATES[incident.state]), 62),
)


class FactModel(QAbstractTableModel, Generic[Row]):
    """Rows of alarms or incidents; replaced as a whole when the desk's state changes."""

    def __init__(self, columns: tuple[Column[Row], ...], registry: Registry, parent: QWidget) -> None:
        super().__init__(parent)
        self._columns: tuple[Column[Row], ...] = columns
        self._names = Names(registry)
        self._rows: tuple[Row, ...] = ()

    def replace_rows(self, rows: tuple[Row, ...], registry: Registry) -> bool:
        """Show these rows (at most 5000); False when they are the same as before."""
        rows = rows[:_MAX_ROWS]
        if rows == self._rows:
            return False
        self.beginResetModel()
        self._rows, self._names = rows, Names(registry)
        self.endResetModel()
        return True

    @property
    def rows(self) -> tuple[Row, ...]:
        """What is listed."""
        return self._rows

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Number of facts."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Number of columns."""
        return 0 if parent.isValid() else len(self._columns)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object | None:
        """Translated headings, aligned as their columns."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _(self._columns[section].heading)
        return self._alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object | None:
        """Texts, the severity's sign, and what stands out."""
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[column].text(row, self._names)
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            return _sign(row.severity)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(column)
        if role == Qt.ItemDataRole.ForegroundRole:
            return _ink(row)
        return self._tip(row, column) if role == Qt.ItemDataRole.ToolTipRole else None

    def _alignment(self, column: int) -> Qt.AlignmentFlag:
        side = Qt.AlignmentFlag.AlignRight if self._columns[column].right else Qt.AlignmentFlag.AlignLeft
        return side | Qt.AlignmentFlag.AlignVCenter

    def _tip(self, row: Row, column: int) -> str:
        """The severity's name; else the whole row, also what a narrow table has no room for."""
        if column == 0:
            return label_of(row.severity)
        cells = [c.text(row, self._names) for c in self._columns[1:] if c.below_px == _ALWAYS]
        return "  ·  ".join(filter(None, cells))


def _sign(severity: Severity) -> QIcon:
    """The same sign in a selected row: Qt would tint it."""
    icon = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
        icon.addPixmap(severity_sign(severity, _SIGN_PX, 2.0), mode)
    return icon


def _ink(row: AlarmRow | Incident) -> QBrush | None:
    """What waits for somebody is bright; what is being handled is quieter; what is closed is quiet."""
    if isinstance(row, AlarmRow):
        return QBrush(QColor(theme.TEXT if row.state is AlarmState.RAISED else theme.MUTED))
    return QBrush(QColor(theme.MUTED if row.state is IncidentState.CLOSED else theme.TEXT))


class FactTable(QTableView, Generic[Row]):
    """A table of facts for the keyboard: one row is selected and stays selected by id through updates."""

    row_selected = Signal(object)
    row_activated = Signal(object)

    def __init__(
        self, columns: tuple[Column[Row], ...], registry: Registry, parent: QWidget, nothing: str = ""
    ) -> None:
        """`nothing` is the line that stands for an empty table."""
        super().__init__(parent)
        self._columns: tuple[Column[Row], ...] = columns
        self._nothing = nothing
        self.follow: Callable[[Row, tuple[Row, ...]], str] = lambda _gone, _before: ""
        """The id of what is to be selected when the selected row is gone; "": nothing."""
        self.facts: FactModel[Row] = FactModel(columns, registry, self)
        self.setModel(self.facts)
        dress_rows(self, ROW_PX, _SIGN_PX)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._size_columns(columns)
        self.horizontalHeader().setVisible(False)
        self.selectionModel().selectionChanged.connect(self._on_selection_changed)
        self.doubleClicked.connect(self._on_activated)

    def _size_columns(self, columns: tuple[Column[Row], ...]) -> None:
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setMinimumSectionSize(24)
        for number, column in enumerate(columns):
            stretch = QHeaderView.ResizeMode.Stretch if not column.width_px else QHeaderView.ResizeMode.Fixed
            header.setSectionResizeMode(number, stretch)
            if column.width_px:
                self.setColumnWidth(number, column.width_px)

    def show_rows(self, rows: tuple[Row, ...], registry: Registry) -> None:
        """Replace the rows; the selected fact stays selected when it is still there, or what `follow` finds for it."""
        selected, before = self.selected, self.facts.rows
        self.blockSignals(True)
        changed = self.facts.replace_rows(rows, registry)
        if changed and selected is not None and not self.select(selected.id):
            self.select(self.follow(selected, before))
        self.blockSignals(False)
        self.horizontalHeader().setVisible(bool(self.facts.rows))
        if changed and selected != self.selected:
            self.row_selected.emit(self.selected)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out what has no room."""
        super().resizeEvent(event)
        for number, column in enumerate(self._columns):
            self.setColumnHidden(number, not column.needs_px <= self.width() < column.below_px)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The rows, or one calm line instead of an empty grid."""
        super().paintEvent(event)
        if not self.facts.rows:
            painter = QPainter(self.viewport())
            painter.setPen(QColor(theme.MUTED))
            top_left = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft
            painter.drawText(self.viewport().rect().adjusted(12, 4, -12, 0), top_left, self._nothing)
            painter.end()

    @property
    def selected(self) -> Row | None:
        """The selected fact."""
        rows = self.selectionModel().selectedRows()
        return self.facts.rows[rows[0].row()] if rows else None

    def select(self, fact_id: str) -> bool:
        """Select a fact by id; False when it is not listed."""
        for number, row in enumerate(self.facts.rows):
            if row.id == fact_id:
                self.selectRow(number)
                return True
        return False

    def enter(self) -> None:
        """Take the keyboard, with a row selected."""
        if self.selected is None and self.facts.rows:
            self.selectRow(0)
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Up, down and Enter are the table's; digits and letters are left to the window (no search by typing)."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.selected is not None:
            self.row_activated.emit(self.selected)
        elif event.text().strip() and event.text().isprintable():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _on_selection_changed(self) -> None:
        if not self.signalsBlocked():
            self.row_selected.emit(self.selected)

    def _on_activated(self) -> None:
        self.row_activated.emit(self.selected)
