"""Found moments of recordings as a list of thumbnails: the one under the pointer, else the marked one, plays its few
pictures in turn. Enter shows the moment, B bookmarks it, E hands its time to the export. GUI thread only.

Pictures are decoded when they are painted first; a bounded number of them is kept.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QHideEvent, QKeyEvent, QMouseEvent, QPainter, QPixmap, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.footage_search import FoundMoment
from app.i18n import _
from widgets import theme
from widgets.claimed_keys import Call, ClaimedKeys
from widgets.keys import latin_letter

PLAY_MS = 450
_ROW_PX, _GAP_PX = 100, 5
_PICTURE = QSize(160, 90)
_MOST_DECODED = 96
_DOT_PX = 4
_AROUND_S = 5.0
"""What an export gets before and after a moment."""
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_PLAIN = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
Index = QModelIndex | QPersistentModelIndex
Named = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class _Row:
    moment: FoundMoment
    name: str


class MomentModel(QAbstractListModel):
    """The moments in the order in which they were found."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[_Row] = []
        self._decoded: OrderedDict[tuple[int, int], QPixmap] = OrderedDict()

    def rowCount(self, parent: Index | None = None) -> int:
        """How many; a row has no children."""
        return 0 if parent is not None and parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """For who reads the list instead of seeing it."""
        if role not in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.DisplayRole) or not index.isValid():
            return None
        row = self._rows[index.row()]
        return f"{row.name}: {row.moment.text}"

    def moment(self, row: int) -> FoundMoment | None:
        """The moment of a row."""
        return self._rows[row].moment if 0 <= row < len(self._rows) else None

    def name(self, row: int) -> str:
        """Its camera's name."""
        return self._rows[row].name

    def add(self, moments: Sequence[FoundMoment], named: Named) -> None:
        """More of them."""
        if moments:
            self.beginInsertRows(QModelIndex(), len(self._rows), len(self._rows) + len(moments) - 1)
            self._rows += [_Row(moment, named(moment.camera_id)) for moment in moments]
            self.endInsertRows()

    def keep(self, wanted: Callable[[FoundMoment], bool]) -> None:
        """Only those; all others are forgotten."""
        kept = [row for row in self._rows if wanted(row.moment)]
        if len(kept) != len(self._rows):
            self.beginResetModel()
            self._rows = kept
            self._decoded.clear()
            self.endResetModel()

    def picture(self, row: int, place: int) -> QPixmap:
        """One of its pictures; null where there is none."""
        known = self._decoded.get((row, place))
        if known is not None:
            self._decoded.move_to_end((row, place))
            return known
        pixmap = QPixmap()
        pictures = self._rows[row].moment.pictures
        if place < len(pictures):
            pixmap.loadFromData(pictures[place].jpeg)
        self._decoded[row, place] = pixmap
        if len(self._decoded) > _MOST_DECODED:
            self._decoded.popitem(last=False)
        return pixmap


class FootageResults(QListView):
    """The list. `played` is what the playing row shows now: (row, picture)."""

    moment_chosen = Signal(str, float)
    """Camera and time to show."""
    range_chosen = Signal(tuple, float, float)
    """Cameras, from, to: for the export."""
    bookmark_asked = Signal(object)
    """A `FoundMoment`."""
    letter_refused = Signal()
    """A letter was pressed that means nothing here."""

    def __init__(self, zone: tzinfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.found = MomentModel(self)
        self.setModel(self.found)
        self._delegate = _Thumbnails(self, zone)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName(_("Found moments"))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._hovered = -1
        self._played = (-1, 0)
        self._timer = QTimer(self)
        self._timer.setInterval(PLAY_MS)
        self._timer.timeout.connect(self._play_on)
        self.doubleClicked.connect(lambda _index: self._choose())
        self.selectionModel().currentChanged.connect(lambda *_indexes: self._play_again())
        ClaimedKeys(self, self._call_of)

    @property
    def played(self) -> tuple[int, int]:
        """Row and picture that play now; row -1: none does."""
        return self._played

    @property
    def chosen(self) -> FoundMoment | None:
        """The marked moment."""
        return self.found.moment(self.currentIndex().row())

    def add(self, moments: Sequence[FoundMoment], named: Named) -> None:
        """More; the first one that came is marked."""
        self.found.add(moments, named)
        if not self.currentIndex().isValid() and self.found.rowCount():
            self.setCurrentIndex(self.found.index(0))

    def clear(self) -> None:
        """None any more."""
        self.found.keep(lambda _moment: False)
        self._hovered = -1
        self._play_again()

    def keep(self, wanted: Callable[[FoundMoment], bool]) -> None:
        """Only those."""
        self.found.keep(wanted)
        self._play_again()

    # What plays

    def _play_again(self) -> None:
        """The row under the pointer, else the marked one, from its cover on."""
        row = self._hovered if self._hovered >= 0 else self.currentIndex().row()
        moment = self.found.moment(row)
        before = self._played[0]
        self._played = (row, moment.cover) if moment is not None else (-1, 0)
        plays = moment is not None and len(moment.pictures) > 1 and self.isVisible()
        if plays:
            self._timer.start()
        else:
            self._timer.stop()
        for one in {before, row}:
            self.update(self.found.index(one))

    def _play_on(self) -> None:
        row, place = self._played
        moment = self.found.moment(row)
        if moment is not None and moment.pictures:
            self._played = row, (place + 1) % len(moment.pictures)
            self.update(self.found.index(row))

    def _hover(self, row: int) -> None:
        if row != self._hovered:
            self._hovered = row
            self._play_again()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """What is under the pointer plays."""
        super().mouseMoveEvent(event)
        self._hover(self.indexAt(event.position().toPoint()).row())

    def leaveEvent(self, event: QEvent) -> None:
        """The marked one plays again."""
        super().leaveEvent(event)
        self._hover(-1)

    def showEvent(self, event: QShowEvent) -> None:
        """Go on."""
        super().showEvent(event)
        self._play_again()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: no timer runs."""
        super().hideEvent(event)
        self._hovered = -1
        self._timer.stop()

    # Keys

    def _call_of(self, event: QKeyEvent) -> Call | None:
        """Letters of the window are refused here: who types another reason closes no incident with it."""
        if event.modifiers() & ~_PLAIN:
            return None
        if event.key() in _ENTER:
            return _nothing if event.isAutoRepeat() else self._choose
        letter = latin_letter(event.key(), event.nativeVirtualKey())
        if not letter:
            return None
        letters: dict[str, Call] = {"B": self._bookmark, "E": self._export}
        shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        call = self.letter_refused.emit if shifted else letters.get(letter, self.letter_refused.emit)
        return _nothing if event.isAutoRepeat() else call

    def _choose(self) -> None:
        moment = self.chosen
        if moment is not None:
            self.moment_chosen.emit(moment.camera_id, moment.utc_s)

    def _bookmark(self) -> None:
        moment = self.chosen
        if moment is not None:
            self.bookmark_asked.emit(moment)

    def _export(self) -> None:
        moment = self.chosen
        if moment is not None:
            self.range_chosen.emit((moment.camera_id,), moment.from_utc_s - _AROUND_S, moment.to_utc_s + _AROUND_S)


class _Thumbnails(QStyledItemDelegate):
    """A picture with a dot for each of them below, and beside it when, where and what."""

    def __init__(self, results: FootageResults, zone: tzinfo) -> None:
        super().__init__(results)
        self._results, self._zone = results, zone

    def sizeHint(self, option: QStyleOptionViewItem, _index: Index) -> QSize:
        """Rows of one height."""
        return QSize(option.rect.width(), _ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One row."""
        row, model = index.row(), self._results.found
        moment = model.moment(row)
        if moment is None:
            return
        painter.save()
        marked = bool(option.state & QStyle.StateFlag.State_Selected)
        chosen = theme.CURRENT if self._results.hasFocus() else theme.CHOSEN
        painter.fillRect(option.rect, QColor(chosen if marked else theme.PANEL))
        frame = QRect(option.rect.topLeft(), _PICTURE).translated(_GAP_PX, _GAP_PX)
        self._paint_picture(painter, frame, row, moment)
        words = option.rect.adjusted(_PICTURE.width() + 3 * _GAP_PX, _GAP_PX, -_GAP_PX, -_GAP_PX)
        self._paint_words(painter, words, moment, model.name(row), bright=marked)
        painter.setPen(QColor(theme.LINE))
        painter.drawLine(option.rect.bottomLeft(), option.rect.bottomRight())
        painter.restore()

    def _paint_picture(self, painter: QPainter, frame: QRect, row: int, moment: FoundMoment) -> None:
        painter.fillRect(frame, QColor(theme.WALL))
        played, place = self._results.played
        shown = place if played == row else moment.cover
        pixmap = self._results.found.picture(row, shown)
        if pixmap.isNull():
            painter.setPen(QColor(theme.MUTED))
            painter.drawText(frame, Qt.AlignmentFlag.AlignCenter, _("No recording"))
            return
        size = pixmap.size().scaled(frame.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(frame.topLeft(), size)
        target.moveCenter(frame.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawPixmap(target, pixmap)
        count = len(moment.pictures)
        if count > 1 and played == row:
            step = 2 * _DOT_PX + 1
            left = frame.center().x() - (count * step) // 2
            for number in range(count):
                colour = QColor(theme.TEXT) if number == shown else QColor(255, 255, 255, 90)
                painter.fillRect(left + number * step, frame.bottom() - 2 * _DOT_PX, _DOT_PX, _DOT_PX, colour)

    def _paint_words(self, painter: QPainter, area: QRect, moment: FoundMoment, name: str, *, bright: bool) -> None:
        at = datetime.fromtimestamp(moment.utc_s, self._zone)
        usual, muted = painter.font(), QColor(theme.TEXT if bright else theme.MUTED)
        bold = QFont(usual)
        bold.setBold(True)
        line = painter.fontMetrics().lineSpacing() + 2
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
        painter.setPen(QColor(theme.TEXT))
        painter.setFont(bold)
        taken = painter.boundingRect(area, flags, f"{at:%H:%M:%S}")
        painter.drawText(area, flags, f"{at:%H:%M:%S}")
        painter.setFont(usual)
        painter.drawText(area.adjusted(0, 2 * line, 0, 0), flags | Qt.TextFlag.TextWordWrap, moment.text)
        painter.setPen(muted)
        painter.drawText(area.adjusted(taken.width() + 2 * _GAP_PX, 0, 0, 0), flags, f"{at:%Y-%m-%d}")
        where = " · ".join(filter(None, (_length_text(moment), name)))
        elided = painter.fontMetrics().elidedText(where, Qt.TextElideMode.ElideRight, area.width())
        painter.drawText(area.adjusted(0, line, 0, 0), flags, elided)


def _length_text(moment: FoundMoment) -> str:
    length_s = moment.to_utc_s - moment.from_utc_s
    return _("{seconds} s").format(seconds=f"{length_s:.0f}") if length_s >= 1.0 else ""


def _nothing() -> None:
    """A key that is held down acts once."""
