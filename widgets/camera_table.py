"""The table of the camera list: a virtual model over rows that somebody else chose. GUI thread only."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QIcon, QPainter, QPixmap

from app.camera_rows import CameraRow
from app.feeds import TileState
from app.health_facts import HealthState, state_word
from app.i18n import _, marked
from widgets import theme
from widgets.health_table import sign
from widgets.shapes import draw_state

SIGN_PX = 14
HEADINGS = (marked("No."), marked("Camera"), marked("Place"), marked("Group"), marked("State"))
NUMBER, NAME, PLACE, GROUP, STATE = range(len(HEADINGS))
_Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()


class CameraTable(QAbstractTableModel):
    """`may_see` says whether a camera's picture may be called up; who may not sees that in its state."""

    def __init__(self, may_see: Callable[[str], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: Sequence[CameraRow] = ()
        self._may_see = may_see
        self._states: Mapping[str, HealthState] = {}
        self._ink, self._grey = QBrush(QColor(theme.TEXT)), QBrush(QColor(theme.MUTED))

    def show_rows(self, rows: Sequence[CameraRow]) -> None:
        """Other rows."""
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def show_states(self, states: Mapping[str, HealthState]) -> None:
        """How the cameras are now; asks only for what is seen."""
        self._states = states
        if self.rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, STATE))

    def rowCount(self, parent: _Index = _NOWHERE) -> int:
        """See Qt."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = _NOWHERE) -> int:
        """See Qt."""
        return 0 if parent.isValid() else len(HEADINGS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Translated headings."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return _(HEADINGS[section]) if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Texts; the state has a sign whose meaning is in its shape, besides its word."""
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, index.column())
        if role == Qt.ItemDataRole.DecorationRole and index.column() == STATE:
            return self._sign(row)
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._ink if self._may_see(row.camera_id) else self._grey
        if role == Qt.ItemDataRole.ToolTipRole:
            return "  ·  ".join(filter(None, (self._text(row, column) for column in range(len(HEADINGS)))))
        return None

    def _text(self, row: CameraRow, column: int) -> str:
        if column == STATE:
            return self._state_text(row)
        return {NUMBER: str(row.number), NAME: row.name, PLACE: row.place, GROUP: row.groups}[column]

    def _state_text(self, row: CameraRow) -> str:
        if not self._may_see(row.camera_id):
            return _("No rights")
        state = self._states.get(row.camera_id)
        return state_word(state) if state is not None else "–"

    def _sign(self, row: CameraRow) -> QIcon | None:
        if not self._may_see(row.camera_id):
            return _no_rights()
        state = self._states.get(row.camera_id)
        return sign(state) if state is not None else None


@lru_cache(maxsize=1)
def _no_rights() -> QIcon:
    ratio = 2.0
    pixmap = QPixmap(QSize(SIGN_PX, SIGN_PX) * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    draw_state(painter, QRectF(0, 0, SIGN_PX, SIGN_PX), TileState.NO_RIGHTS)
    painter.end()
    icon = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
        icon.addPixmap(pixmap, mode)
    return icon
