"""What the walls showed at the time that is played, drawn small beside the footage: which monitor had which camera.

It follows the playback's clock and asks a few times a second at most; the newest answer counts. No picture is in it:
the black box holds none. Cameras that are played here are framed. GUI thread only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.feeds import TileState
from app.i18n import _
from app.shown_walls import ShownFeed, ShownMoment, ShownWalls
from app.shown_words import age_words, state_words, window_words
from storage.blackbox import FoundWall
from storage.shown_wall import ShownTile
from widgets import theme
from widgets.bridge import Answers, Bridge
from widgets.chrome import font

WIDTH_PX = 300
ASK_EVERY_S = 0.3
_SAME_S = 0.05
_MARGIN_PX, _LINE_PX, _LEAST_TEXT_PX = 8, 18, 9
_PAPER, _CELL = QColor("#15171b"), QColor("#23282f")
_STATES = {
    TileState.LIVE.value: QColor("#2b3a33"),
    TileState.CONNECTING.value: QColor("#2a2c33"),
    TileState.STALE.value: QColor("#3a3423"),
    TileState.NO_SIGNAL.value: QColor("#3b2622"),
}
_LIFTED = QColor(theme.LIGHT_VERMILLION)


class ShownPane(QWidget):
    """`use` says why it is looked at; without that nothing is asked for. `clock` is monotonic."""

    def __init__(
        self,
        walls: ShownWalls,
        bridge: Bridge,
        zone: ZoneInfo,
        parent: QWidget | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._walls, self._zone, self._clock = walls, zone, clock
        self._answers = Answers(bridge)
        self._feed: ShownFeed | None = None
        self._played: frozenset[str] = frozenset()
        self._wanted: float | None = None
        self._asked_s = float("-inf")
        self.moment: ShownMoment | None = None
        self.problem = ""
        self.setFixedWidth(WIDTH_PX)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName(_("What the walls showed"))
        self.hide()

    def use(self, reason: str, incident_id: str = "") -> None:
        """From now on it is asked for this reason or case."""
        self.forget()
        if reason or incident_id:
            self._feed = self._walls.look(reason, incident_id)

    @property
    def ready(self) -> bool:
        """Whether it was said why."""
        return self._feed is not None

    def show_cameras(self, camera_ids: Collection[str]) -> None:
        """Those that are played here."""
        if frozenset(camera_ids) != self._played:
            self._played = frozenset(camera_ids)
            self.update()

    def show_place(self, utc_s: float) -> None:
        """Where the playback's clock stands; may be called at every tick, cheap."""
        feed, now_s = self._feed, self._clock()
        if feed is None or self.isHidden() or now_s - self._asked_s < ASK_EVERY_S:
            return
        if self._wanted is not None and abs(utc_s - self._wanted) < _SAME_S:
            return
        self._wanted, self._asked_s = utc_s, now_s
        feed.want(utc_s, self._answers.here(self._on_moment), self._answers.here(self._on_refused))

    def forget(self) -> None:
        """Nothing is shown or asked any more."""
        self._answers.forget()
        if self._feed is not None:
            self._feed.close()
        self._feed = self.moment = self._wanted = None
        self._asked_s, self.problem = float("-inf"), ""
        self.update()

    def _on_moment(self, moment: ShownMoment) -> None:
        before, self.moment, self.problem = self.moment, moment, ""
        if before is None or (before.walls, round(before.utc_s)) != (moment.walls, round(moment.utc_s)):
            self.setAccessibleDescription("; ".join(words_of(moment.walls)))
            self.update()

    def _on_refused(self, text: str) -> None:
        self.moment, self.problem = None, text
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as it is."""
        return QSize(WIDTH_PX, 200)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """One wall below the other, all as large as there is room for."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), _PAPER)
        room = QRectF(self.rect()).adjusted(_MARGIN_PX, 4, -_MARGIN_PX, -4)
        moment = self.moment
        when = f"  ·  {datetime.fromtimestamp(moment.utc_s, self._zone):%H:%M:%S}" if moment is not None else ""
        top = _line(painter, room, _("What the walls showed") + when, bold=True)
        told = self._told()
        if told:
            painter.setPen(QColor(theme.MUTED))
            painter.setFont(font(12))
            rest = room.adjusted(0, top - room.top() + 4, 0, 0)
            painter.drawText(rest, Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop, told)
        elif moment is not None:
            self._paint_walls(painter, room.adjusted(0, top - room.top() + 2, 0, 0), moment)
        painter.end()

    def _told(self) -> str:
        if self.problem:
            return self.problem
        if self._feed is None:
            return _("Say for what case or reason it is looked at.")
        if self.moment is not None and not self.moment.walls:
            return _("Nothing is known of this time: no wall was shown, or the black box was not running.")
        return "" if self.moment is not None else _("Looking …")

    def _paint_walls(self, painter: QPainter, room: QRectF, moment: ShownMoment) -> None:
        high = room.height() / len(moment.walls)
        for number, found in enumerate(moment.walls):
            part = QRectF(room.left(), room.top() + number * high, room.width(), high - 4)
            self._paint_wall(painter, part, found, moment.operators)

    def _paint_wall(self, painter: QPainter, room: QRectF, found: FoundWall, operators: dict[str, str]) -> None:
        wall = found.wall
        who = operators.get(wall.operator_id, wall.operator_id) or _("nobody signed in")
        since = f"{datetime.fromtimestamp(found.since_utc_s, self._zone):%H:%M:%S}"
        top = _line(painter, room, f"{window_words(wall)}  ·  {who}")
        top = _line(
            painter,
            room.adjusted(0, top - room.top(), 0, 0),
            _("unchanged since {time}").format(time=since),
            muted=True,
        )
        free = QRectF(room.left(), top, room.width(), max(room.bottom() - top, 0))
        shape = wall.width_px / max(wall.height_px, 1)
        width = min(free.width(), free.height() * shape)
        area = QRectF(free.left(), free.top(), width, width / max(shape, 0.1))
        for tile in wall.tiles:
            self._paint_tile(painter, _cell(area, tile), tile)

    def _paint_tile(self, painter: QPainter, cell: QRectF, tile: ShownTile) -> None:
        painter.fillRect(cell, _STATES.get(tile.state, _CELL))
        played = tile.camera_id in self._played
        painter.setPen(QPen(QColor(theme.PURPLE), 2) if played else QPen(QColor("#3c4249"), 1))
        painter.drawRect(cell)
        size = int(min(max(cell.height() / 4, _LEAST_TEXT_PX), 13))
        words = [tile.camera]
        if tile.state != TileState.LIVE.value:
            words.append(state_words(tile.state))
        elif cell.height() >= 4 * size:
            words.append(age_words(tile.age))
        if tile.lifted:
            words.append(_("MASK LIFTED"))
        painter.save()
        painter.setClipRect(cell)
        painter.setFont(font(size, bold=played))
        for number, word in enumerate(words):
            painter.setPen(_LIFTED if tile.lifted and number == len(words) - 1 else QColor(theme.TEXT))
            line = cell.adjusted(3, 2 + number * (size + 3), -2, 0)
            fitting = painter.fontMetrics().elidedText(word, Qt.TextElideMode.ElideRight, int(line.width()))
            painter.drawText(line, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft, fitting)
        painter.restore()


def words_of(moments: Sequence[FoundWall]) -> list[str]:
    """The cameras that were seen, wall by wall: what a screen reader is told."""
    return [f"{window_words(found.wall)}: " + ", ".join(tile.camera for tile in found.wall.tiles) for found in moments]


def _cell(area: QRectF, tile: ShownTile) -> QRectF:
    left, top, right, bottom = tile.rect
    wide, high = area.width(), area.height()
    return QRectF(
        area.left() + left * wide, area.top() + top * high, (right - left) * wide - 1.5, (bottom - top) * high - 1.5
    )


def _line(painter: QPainter, room: QRectF, text: str, *, bold: bool = False, muted: bool = False) -> float:
    """One line at the top of a room; where it ends."""
    face = font(11 if muted else 12, bold=bold)
    painter.setFont(face)
    painter.setPen(QColor(theme.MUTED if muted else theme.TEXT))
    fitting = QFontMetrics(face).elidedText(text, Qt.TextElideMode.ElideRight, int(room.width()))
    painter.drawText(QRectF(room.left(), room.top(), room.width(), _LINE_PX), Qt.AlignmentFlag.AlignVCenter, fitting)
    return room.top() + _LINE_PX
