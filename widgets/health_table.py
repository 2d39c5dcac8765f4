"""The table of the cameras' health: a virtual model whose values change in place and whose order changes only when it
is told to. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QIcon, QPainter, QPixmap

from app.feeds import TileState
from app.health_facts import CameraHealth, HealthSnapshot, HealthState, reason_words, state_word
from app.i18n import _, marked
from widgets import theme
from widgets.shapes import draw_state
from widgets.words import age_text

SIGN_PX = 14
_Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_SIGNS = {
    HealthState.NO_SIGNAL: TileState.NO_SIGNAL,
    HealthState.STALE: TileState.STALE,
    HealthState.CONNECTING: TileState.CONNECTING,
    HealthState.GOOD: TileState.LIVE,
}
_ROLES = frozenset(
    {
        Qt.ItemDataRole.DisplayRole,
        Qt.ItemDataRole.DecorationRole,
        Qt.ItemDataRole.ForegroundRole,
        Qt.ItemDataRole.TextAlignmentRole,
        Qt.ItemDataRole.ToolTipRole,
    }
)


@dataclass(frozen=True, slots=True)
class Column:
    """Heading (English source), text at a time, width (0: what is left); left out below `needs_px`; numbers stand to
    the right."""

    heading: str
    text: Callable[[CameraHealth, float], str]
    width_px: int
    needs_px: int = 0
    number: bool = False


def bitrate_text(bits_per_s: float) -> str:
    """Mbit/s, or kbit/s below a tenth of one."""
    if not bits_per_s:
        return "–"
    return f"{bits_per_s / 1e6:.1f} M" if bits_per_s >= 100_000 else f"{bits_per_s / 1e3:.0f} k"


def offset_text(offset_s: float | None) -> str:
    """Seconds with their sign; a camera that is minutes off in minutes."""
    if offset_s is None:
        return "–"
    return f"{offset_s:+.2f} s" if abs(offset_s) < 60 else f"{offset_s / 60:+.0f} min"


def state_text(camera: CameraHealth, now_utc_s: float) -> str:
    """The state, and for how long when there is no picture."""
    word = state_word(camera.state)
    return word if camera.since_utc_s is None else f"{word} {age_text(now_utc_s - camera.since_utc_s)}"


def _last(camera: CameraHealth, now_utc_s: float) -> str:
    return age_text(now_utc_s - camera.last_picture_utc_s) if camera.last_picture_utc_s else "–"


def _looks(camera: CameraHealth, _now_utc_s: float) -> str:
    return f"{camera.looks_per_s:.1f}" if camera.looks else "–"


COLUMNS = (
    Column(marked("State"), state_text, 122),
    Column(marked("Camera"), lambda camera, _now: f"{camera.number} {camera.name}", 0),
    Column(marked("fps"), lambda camera, _now: f"{camera.fps:.0f}" if camera.fps else "–", 36, 420, number=True),
    Column(marked("bit/s"), lambda camera, _now: bitrate_text(camera.bitrate_bps), 54, 470, number=True),
    Column(marked("Lost"), lambda camera, _now: str(camera.losses or "–"), 52, 0, number=True),
    Column(marked("Again"), lambda camera, _now: str(camera.reconnects or "–"), 48, 500, number=True),
    Column(marked("Last"), _last, 58, 560, number=True),
    Column(marked("Clock"), lambda camera, _now: offset_text(camera.clock_offset_s), 66, 640, number=True),
    Column(marked("Looks/s"), _looks, 60, 720, number=True),
    Column(marked("Why"), lambda camera, _now: reason_words(camera.reason), 170, 820),
)


class HealthTable(QAbstractTableModel):
    """Rows by camera. `show_snapshot` changes values; the order is that of `sort` until it is sorted again."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[CameraHealth] = []
        self._at_utc_s = 0.0
        self._inks = {
            state: QBrush(QColor(theme.MUTED if state is HealthState.CLOSED else theme.TEXT)) for state in HealthState
        }

    @property
    def rows(self) -> list[CameraHealth]:
        """What is listed; not to be changed."""
        return self._rows

    def show_snapshot(self, snapshot: HealthSnapshot, *, sort: bool) -> bool:
        """New values; with `sort`, or when other cameras are there, also a new order. Whether the order changed."""
        fresh = {camera.camera_id: camera for camera in snapshot.cameras}
        self._at_utc_s = snapshot.at_utc_s
        same = len(fresh) == len(self._rows) and all(row.camera_id in fresh for row in self._rows)
        rows = [fresh[row.camera_id] for row in self._rows] if same and not sort else list(fresh.values())
        if not same or sort:
            rows.sort(key=lambda camera: camera.trouble)
        if same and [row.camera_id for row in rows] == [row.camera_id for row in self._rows]:
            self._rows = rows
            if rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(COLUMNS) - 1))
            return False
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()
        return True

    def row_of(self, camera_id: str) -> int:
        """Where a camera stands; -1 when it does not."""
        return next((n for n, row in enumerate(self._rows) if row.camera_id == camera_id), -1)

    def rowCount(self, parent: _Index = _NOWHERE) -> int:
        """See Qt."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: _Index = _NOWHERE) -> int:
        """See Qt."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Translated headings."""
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _aligned(COLUMNS[section])
        return _(COLUMNS[section].heading) if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Texts; the state has a sign whose meaning is in its shape, besides its word."""
        if role not in _ROLES:
            return None
        camera, column = self._rows[index.row()], COLUMNS[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.text(camera, self._at_utc_s)
        if role == Qt.ItemDataRole.DecorationRole:
            return sign(camera.state) if index.column() == 0 else None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _aligned(column)
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._inks[camera.state]
        return "  ·  ".join(f"{_(c.heading)} {c.text(camera, self._at_utc_s)}" for c in COLUMNS)


def _aligned(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column.number else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


_signs: dict[HealthState, QIcon] = {}


def sign(state: HealthState) -> QIcon:
    """The wall's own signs; a triangle for an unsteady one, nothing for a camera that is not open."""
    icon = _signs.get(state)
    if icon is None:
        icon = _signs[state] = QIcon()
        pixmap = _drawn(state)
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
            icon.addPixmap(pixmap, mode)
    return icon


def _drawn(state: HealthState) -> QPixmap:
    ratio = 2.0
    pixmap = QPixmap(QSize(SIGN_PX, SIGN_PX) * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    area = QRectF(0, 0, SIGN_PX, SIGN_PX)
    if state in _SIGNS:
        draw_state(painter, area, _SIGNS[state])
    elif state is HealthState.UNSTEADY:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.YELLOW))
        inner = area.adjusted(1, 1.5, -1, -1.5)
        painter.drawPolygon([inner.bottomLeft(), inner.bottomRight(), (inner.topLeft() + inner.topRight()) / 2])
    painter.end()
    return pixmap
