"""The journal view's table: a virtual model that asks for its next page when the table is scrolled to its end, and
takes in what is new without moving what somebody reads. At most `COUNTED` rows. GUI thread only; asks nobody itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QBrush, QColor, QIcon, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.i18n import _, marked
from app.journal_pages import COUNTED
from app.labels import label_of
from storage.journal import Registry
from storage.records import Incident, IncidentState, Severity
from widgets import theme
from widgets.row_tables import dress_rows
from widgets.shapes import severity_sign
from widgets.words import Names

Index = QModelIndex | QPersistentModelIndex
_ROW_PX = 26
_SIGN_PX = 18


@dataclass(frozen=True, slots=True)
class Column:
    """Heading (English source), text, width (0: what is left); left out of a table narrower than `needs_px`."""

    heading: str
    text: Callable[[Incident, Names, ZoneInfo], str]
    width_px: int
    needs_px: int = 0


def _opened(incident: Incident, _names: Names, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(incident.opened_utc_s, zone).strftime("%Y-%m-%d %H:%M:%S")


def _place(incident: Incident, names: Names, _zone: ZoneInfo) -> str:
    return names.place(incident) or incident.address


COLUMNS = (
    Column(marked("Number"), lambda incident, _names, _zone: incident.number, 116),
    Column(marked("Opened"), _opened, 148),
    Column(marked("Category"), lambda incident, names, _zone: names.category(incident.category_id), 130),
    Column(marked("Severity"), lambda incident, _names, _zone: label_of(incident.severity), 118),
    Column(marked("State"), lambda incident, _names, _zone: label_of(incident.state), 106, 600),
    Column(marked("Title"), lambda incident, _names, _zone: incident.title, 0, 720),
    Column(marked("Place"), _place, 190, 880),
    Column(marked("Camera"), lambda incident, names, _zone: names.camera(incident.camera_id), 150, 1020),
    Column(marked("Owner"), lambda incident, names, _zone: names.actor(incident.owner_id) or "–", 110, 1140),
    Column(marked("Outcome"), lambda incident, names, _zone: names.outcome(incident.outcome) or "–", 110, 1250),
)
SEVERITY_COLUMN = 3
_ROLES = frozenset(
    {
        Qt.ItemDataRole.DisplayRole,
        Qt.ItemDataRole.DecorationRole,
        Qt.ItemDataRole.ForegroundRole,
        Qt.ItemDataRole.ToolTipRole,
    }
)


class JournalModel(QAbstractTableModel):
    """Incidents in the order of the answer. `more_wanted` is emitted once per page that is missing."""

    more_wanted = Signal()

    def __init__(self, registry: Registry, zone: ZoneInfo, parent: QWidget) -> None:
        super().__init__(parent)
        self._names, self._zone = Names(registry), zone
        self._rows: list[Incident] = []
        self._texts: dict[str, tuple[str, ...]] = {}
        self._next_id: str | None = None
        self._asked = False
        self._inks = {closed: QBrush(QColor(theme.MUTED if closed else theme.TEXT)) for closed in (False, True)}

    @property
    def rows(self) -> list[Incident]:
        """What is listed; not to be changed."""
        return self._rows

    @property
    def next_id(self) -> str | None:
        """Where the next page begins."""
        return self._next_id

    @property
    def full(self) -> bool:
        """Whether there are more incidents than a table may hold."""
        return self._next_id is not None and len(self._rows) >= COUNTED

    def use_registry(self, registry: Registry) -> None:
        """Names changed."""
        self._names = Names(registry)
        self._texts.clear()
        self._tell(0, len(self._rows) - 1)

    def clear(self) -> None:
        """Nothing is known yet; no page is asked for."""
        self.beginResetModel()
        self._rows, self._texts, self._next_id, self._asked = [], {}, None, False
        self.endResetModel()

    def append_page(self, incidents: tuple[Incident, ...], next_id: str | None) -> None:
        """The page that followed."""
        incidents = incidents[: COUNTED - len(self._rows)]
        self._next_id, self._asked = next_id, False
        if incidents:
            first = len(self._rows)
            self.beginInsertRows(QModelIndex(), first, first + len(incidents) - 1)
            self._rows.extend(incidents)
            self.endInsertRows()

    def page_failed(self) -> None:
        """It may be asked for again."""
        self._asked = False

    def update_known(self, incidents: tuple[Incident, ...]) -> int:
        """Show the newest version of rows that are listed; how many on top are not listed yet."""
        fresh = {i.id: i for i in incidents}
        positions = {row.id: n for n, row in enumerate(self._rows[: 2 * len(incidents)])}
        for incident_id, n in positions.items():
            found = fresh.get(incident_id)
            if found is not None and found != self._rows[n]:
                self._rows[n] = found
                self._texts.pop(incident_id, None)
                self._tell(n, n)
        return sum(incident_id not in positions for incident_id in fresh)

    def replace_top(self, incidents: tuple[Incident, ...], next_id: str | None) -> None:
        """The newest page anew: rows on top come and go one by one where it meets what is listed, else all is reset."""
        fresh = {i.id for i in incidents}
        last = next((n for n in range(len(self._rows) - 1, -1, -1) if self._rows[n].id in fresh), None)
        if last is None:
            self.beginResetModel()
            self._rows, self._texts, self._next_id, self._asked = list(incidents), {}, next_id, False
            self.endResetModel()
            return
        for n in range(last, -1, -1):
            if self._rows[n].id not in fresh:
                self.beginRemoveRows(QModelIndex(), n, n)
                self._texts.pop(self._rows.pop(n).id, None)
                self.endRemoveRows()
        listed = {row.id for row in self._rows}
        for n, incident in enumerate(incidents):
            if incident.id not in listed:
                self.beginInsertRows(QModelIndex(), n, n)
                self._rows.insert(n, incident)
                self.endInsertRows()
        self.update_known(incidents)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Number of incidents listed."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        """Number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def canFetchMore(self, parent: Index) -> bool:
        """Whether a page is missing and not asked for."""
        return not parent.isValid() and self._next_id is not None and not self._asked and not self.full

    def fetchMore(self, parent: Index) -> None:
        """Ask for it, once."""
        if self.canFetchMore(parent):
            self._asked = True
            self.more_wanted.emit()

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object | None:
        """Translated headings."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return _(COLUMNS[section].heading) if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object | None:
        """Texts (made once a row), the severity's sign, closed ones quieter."""
        if role not in _ROLES:  # Qt asks for a dozen of them per cell and picture
            return None
        incident = self._rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._texts_of(incident)[index.column()]
        if role == Qt.ItemDataRole.DecorationRole and index.column() == SEVERITY_COLUMN:
            return _sign(incident.severity)
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._inks[incident.state is IncidentState.CLOSED]
        if role == Qt.ItemDataRole.ToolTipRole:
            return "  ·  ".join(filter(None, self._texts_of(incident)))
        return None

    def _texts_of(self, incident: Incident) -> tuple[str, ...]:
        texts = self._texts.get(incident.id)
        if texts is None:
            texts = tuple(" ".join(c.text(incident, self._names, self._zone).split()) for c in COLUMNS)
            self._texts[incident.id] = texts
        return texts

    def _tell(self, first: int, last: int) -> None:
        if last >= first:
            self.dataChanged.emit(self.index(first, 0), self.index(last, len(COLUMNS) - 1))


_signs: dict[Severity, QIcon] = {}


def _sign(severity: Severity) -> QIcon:
    """The same sign in a selected row: Qt would tint it."""
    icon = _signs.get(severity)
    if icon is None:
        icon = _signs[severity] = QIcon()
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
            icon.addPixmap(severity_sign(severity, _SIGN_PX, 2.0), mode)
    return icon


class JournalTable(QTableView):
    """One row is selected, and stays selected and where it is when rows come in above it."""

    incident_opened = Signal(str)
    """Enter or a double click: more than that a row is selected."""

    def __init__(self, registry: Registry, zone: ZoneInfo, parent: QWidget) -> None:
        super().__init__(parent)
        self.incidents = JournalModel(registry, zone, self)
        self.doubleClicked.connect(lambda index: self.incident_opened.emit(self.incidents.rows[index.row()].id))
        self.setModel(self.incidents)
        dress_rows(self, _ROW_PX, _SIGN_PX)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setAccessibleName(_("Incidents"))
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        for number, column in enumerate(COLUMNS):
            if column.width_px:
                self.setColumnWidth(number, column.width_px)
            else:
                header.setSectionResizeMode(number, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(80)

    @property
    def selected_id(self) -> str | None:
        """Id of the selected incident."""
        rows = self.selectionModel().selectedRows()
        return self.incidents.rows[rows[0].row()].id if rows else None

    @property
    def at_top(self) -> bool:
        """Whether the newest row is in sight."""
        return self.verticalScrollBar().value() < _ROW_PX

    def replace_top(self, incidents: tuple[Incident, ...], next_id: str | None) -> None:
        """See `JournalModel.replace_top`; the rows in sight stay in sight unless the top is."""
        at_top, before = self.at_top, self.incidents.rowCount()
        chosen = self.selected_id
        self.selectionModel().blockSignals(True)  # a row that goes must not choose its neighbour
        self.incidents.replace_top(incidents, next_id)
        if chosen is not None and self.selected_id != chosen:
            self._select_quietly(chosen)
        self.selectionModel().blockSignals(False)
        self.viewport().update()
        bar = self.verticalScrollBar()
        bar.setValue(0 if at_top else bar.value() + (self.incidents.rowCount() - before) * _ROW_PX)

    def to_top(self) -> None:
        """Show the newest row."""
        self.scrollToTop()

    def enter(self) -> None:
        """Take the keyboard, with a row selected."""
        if self.selected_id is None and self.incidents.rows:
            self.selectRow(0)
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out what has no room."""
        super().resizeEvent(event)
        for number, column in enumerate(COLUMNS):
            self.setColumnHidden(number, self.width() < column.needs_px)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Moving and Enter are the table's; digits and letters are left to the window (no search by typing)."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.selected_id is not None:
            self.incident_opened.emit(self.selected_id)
        elif event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End) and self.incidents.rows:
            self.selectRow(0 if event.key() == Qt.Key.Key_Home else self.incidents.rowCount() - 1)
        elif event.text().strip() and event.text().isprintable():
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _select_quietly(self, incident_id: str) -> None:
        for number, row in enumerate(self.incidents.rows):
            if row.id == incident_id:
                self.selectRow(number)
                return
        self.clearSelection()
