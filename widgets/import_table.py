"""The table of an import: a tick, number, state, name, address, why. Ten thousand rows. GUI thread only."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor

from app.camera_import import STATE_TEXTS, ImportRow, RowState
from app.i18n import _, marked
from widgets import theme

_Index = QModelIndex | QPersistentModelIndex
_HEADINGS = ("", marked("No."), marked("State"), marked("Name"), marked("Address"), marked("Line"), marked("Remark"))
TICK, NUMBER, STATE, NAME, ADDRESS, LINE, WHY = range(7)
_NOWHERE = QModelIndex()


class ImportTable(QAbstractTableModel):
    """Rows with a tick each; only new cameras can be ticked, and are at first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: tuple[ImportRow, ...] = ()
        self._ticked: set[int] = set()

    def show_rows(self, rows: tuple[ImportRow, ...]) -> None:
        """Other rows."""
        self.beginResetModel()
        self._rows = rows
        self._ticked = {at for at, row in enumerate(rows) if row.state is RowState.NEW}
        self.endResetModel()

    @property
    def ticked(self) -> tuple[ImportRow, ...]:
        """Those that are to be stored."""
        return tuple(self._rows[at] for at in sorted(self._ticked))

    def row_at(self, at: int) -> ImportRow | None:
        """The row, if there is one."""
        return self._rows[at] if 0 <= at < len(self._rows) else None

    def toggle(self, at: int) -> None:
        """Tick or untick a new camera."""
        row = self.row_at(at)
        if row is not None and row.state is RowState.NEW:
            self._ticked ^= {at}
            self.dataChanged.emit(self.index(at, TICK), self.index(at, TICK))

    def toggle_all(self) -> None:
        """Tick all new cameras, or none when all are."""
        every = {at for at, row in enumerate(self._rows) if row.state is RowState.NEW}
        self._ticked = set() if self._ticked == every else every
        if self._rows:
            self.dataChanged.emit(self.index(0, TICK), self.index(len(self._rows) - 1, TICK))

    def rowCount(self, parent: _Index = _NOWHERE) -> int:
        """See Qt."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = _NOWHERE) -> int:
        """See Qt."""
        return 0 if parent.isValid() else len(_HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Headings."""
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return _(_HEADINGS[section])
        return None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Texts; what is not new is muted, and says so in words as well."""
        row = self._rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self._text(index.row(), index.column())
        if role == Qt.ItemDataRole.ForegroundRole and row.state is not RowState.NEW:
            return QColor(theme.MUTED)
        return None

    def _text(self, at: int, column: int) -> str:
        row = self._rows[at]
        found = row.found
        if column == TICK:
            return ("☑" if at in self._ticked else "☐") if row.state is RowState.NEW else ""
        texts = {
            NUMBER: str(row.number or ""),
            STATE: _(STATE_TEXTS[row.state]),
            NAME: found.name,
            ADDRESS: found.main_url.partition("://")[2] or found.main_url,
            LINE: str(found.line or ""),
            WHY: row.why,
        }
        return texts[column]
