"""What moves over the timeline's sheet: playhead, a range that is being chosen, the pointer with its words and preview.

GUI thread only.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPolygonF
from PySide6.QtWidgets import QWidget

from app.timeline import Preview, PreviewFeed
from widgets import theme
from widgets.bridge import Answers, Bridge
from widgets.playback_words import clock_in
from widgets.timeline_legend import text_font
from widgets.timeline_preview import HEIGHT_PX, WIDTH_PX, PreviewCard
from widgets.timeline_sheet import AXIS_PX, CONTEXT_PX, GUTTER_PX, Scene, context_texts
from widgets.timeline_words import Pointed, length_text, moment_text

_FINE_S = 120.0
"""Tenths are said where less than this is seen."""
_REACH_PX = 7
_LINE_PX = 15


def paint_moving(
    painter: QPainter,
    scene: Scene,
    place: float | None,
    chosen: tuple[float, float] | None,
    problem: str,
    *,
    focused: bool,
) -> None:
    """Playhead, range, what went wrong, and the middle where Enter goes."""
    lanes = scene.lanes
    painter.setClipRect(QRectF(lanes.left(), 0, lanes.width(), lanes.bottom()))
    if chosen is not None:
        _paint_range(painter, scene, *sorted(chosen))
    if focused:
        middle = lanes.center().x()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.ACCENT))
        corners = ((middle - 5, AXIS_PX - 9), (middle + 5, AXIS_PX - 9), (middle, AXIS_PX - 1))
        painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))
    if place is not None:
        _paint_playhead(painter, scene, place)
    painter.setClipping(False)
    if problem:
        painter.setFont(text_font(12))
        painter.setPen(QColor(theme.LIGHT_VERMILLION))
        painter.drawText(lanes.adjusted(12, 8, -12, -8), Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap, problem)
    if focused:
        painter.setPen(QColor(theme.ACCENT))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(QRectF(0.5, 0.5, scene.width - 1, scene.height - 1))


def _paint_playhead(painter: QPainter, scene: Scene, utc_s: float) -> None:
    x = scene.lanes.left() + scene.scale.x_of(utc_s)
    painter.fillRect(QRectF(x - 2, AXIS_PX - 6, 4, scene.height), QColor(11, 12, 14, 160))
    painter.fillRect(QRectF(x - 1, AXIS_PX - 6, 2, scene.height), QColor(theme.PURPLE))
    text = clock_in(scene.zone, utc_s)
    font = text_font(12, bold=True)
    painter.setFont(font)
    width = QFontMetricsF(font).horizontalAdvance(text) + 10
    left = min(max(x - width / 2, scene.lanes.left()), scene.lanes.right() - width)  # all of it, also at an edge
    plate = QRectF(left, 0, width, CONTEXT_PX)
    _step_aside(painter, scene, plate)
    painter.fillRect(plate, QColor(theme.PURPLE))
    painter.setPen(QColor("#14101a"))
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)


def _step_aside(painter: QPainter, scene: Scene, plate: QRectF) -> None:
    """A day that the plate would cover is named beside it."""
    for rect, text in context_texts(scene):
        if rect.intersects(plate):
            painter.fillRect(rect, QColor(theme.PANEL))
            beside = QRectF(plate.right() + 6, rect.top(), rect.width(), rect.height())
            if beside.right() > scene.lanes.right():
                beside.moveRight(plate.left() - 6)
            painter.setPen(QColor(theme.MUTED))
            painter.drawText(beside, Qt.AlignmentFlag.AlignVCenter, text)


def _paint_range(painter: QPainter, scene: Scene, begin: float, end: float) -> None:
    left, right = (scene.lanes.left() + scene.scale.x_of(at) for at in (begin, end))
    painter.fillRect(QRectF(left, AXIS_PX, right - left, scene.lanes.height()), QColor(76, 155, 232, 70))
    for x in (left, right):
        painter.fillRect(QRectF(x - 1, AXIS_PX, 2, scene.lanes.height()), QColor(theme.ACCENT))
    painter.setFont(text_font(12, bold=True))
    painter.setPen(QColor(theme.TEXT))
    below = QRectF(left + 6, AXIS_PX + 2, max(right - left, 120), 16)
    painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, length_text(end - begin))


class Pointer:
    """Where the pointer is over a timeline, what it points at, and the picture of that moment."""

    def __init__(self, timeline: QWidget, bridge: Bridge, zone: ZoneInfo) -> None:
        self.card: PreviewCard | None = None
        self._timeline, self._zone = timeline, zone
        self._answers = Answers(bridge)
        self._feed: PreviewFeed | None = None
        self._at: QPoint | None = None
        self._asked: tuple[str, float] | None = None

    def use(self, feed: PreviewFeed | None) -> None:
        """Show pictures of this feed, or none."""
        self.leave()
        if self._feed is not None:
            self._feed.close()
        self._feed = feed
        if feed is None and self.card is not None:
            self.card.deleteLater()
            self.card = None

    def move(self, at: QPoint, scene: Scene) -> None:
        """The pointer is there now."""
        if not QRectF(GUTTER_PX, 0, scene.scale.width_px, scene.lanes.bottom()).contains(QPointF(at)):
            self.leave()
            return
        self._at = at
        self._timeline.update()
        row = scene.row_at(at.y())
        row = scene.focused if row is None else row
        if self._feed is None or scene.answer is None or row is None or row >= len(scene.answer.rows):
            return
        camera_id, utc_s = scene.answer.rows[row].camera_id, scene.scale.utc_of(at.x() - GUTTER_PX)
        if utc_s >= scene.answer.now_utc_s:
            self._hide()
        elif (camera_id, utc_s) != self._asked:
            self._asked = camera_id, utc_s
            ratio = self._timeline.devicePixelRatioF()
            shown = self._answers.here(self._on_preview)
            self._feed.want(camera_id, utc_s, round(WIDTH_PX * ratio), round(HEIGHT_PX * ratio), shown)
            if self.card is not None and self.card.preview is not None and self.card.preview.camera_id == camera_id:
                self.card.place(self._above(at))
            else:
                self._hide(asked=True)

    def leave(self) -> None:
        """It is nowhere over the timeline."""
        if self._at is not None:
            self._at = None
            self._timeline.update()
        self._hide()

    def lines(self, scene: Scene) -> list[str]:
        """The time, and what is there, in words; nothing while it is nowhere."""
        if self._at is None:
            return []
        utc_s = scene.scale.utc_of(self._at.x() - GUTTER_PX)
        found = [moment_text(utc_s, self._zone, fine=scene.scale.span_s < _FINE_S)]
        row = scene.row_at(self._at.y())
        if row is not None and scene.answer is not None and row < len(scene.answer.rows):
            reach_s = _REACH_PX / scene.scale.px_per_s
            found += Pointed(scene.answer, scene.answer.rows[row], utc_s, reach_s).lines()
        return found

    def paint(self, painter: QPainter, scene: Scene) -> None:
        """A line through all rows, and the words."""
        if self._at is not None:
            painter.fillRect(QRectF(self._at.x(), AXIS_PX, 1, scene.lanes.height()), QColor(255, 255, 255, 150))
            _paint_words(painter, scene, QPointF(self._at), self.lines(scene))

    def _hide(self, *, asked: bool = False) -> None:
        if not asked:
            self._asked = None
            self._answers.forget()
        if self.card is not None:
            self.card.clear()

    def _on_preview(self, preview: Preview) -> None:
        if self._asked is None or self._feed is None or self._at is None or preview.camera_id != self._asked[0]:
            return
        if self.card is None:
            self.card = PreviewCard(self._timeline.window())
        found = preview.picture
        caption = moment_text(preview.asked_utc_s if found is None else found.utc_s, self._zone, fine=True)
        self.card.show_preview(preview, caption, self._above(self._at))

    def _above(self, at: QPoint) -> QPoint:
        """In the window's pixels, over the timeline's upper edge when the pointer is in its rows."""
        return self._timeline.mapTo(self._timeline.window(), QPoint(at.x(), min(at.y(), AXIS_PX) - AXIS_PX))


def _paint_words(painter: QPainter, scene: Scene, at: QPointF, lines: list[str]) -> None:
    font = text_font(12)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    width = max(metrics.horizontalAdvance(line) for line in lines) + 16
    height = _LINE_PX * len(lines) + 8
    x = at.x() + 14 if at.x() + 14 + width < scene.width else at.x() - 14 - width
    y = min(max(at.y() + 12, AXIS_PX), max(scene.height - height - 2, 0))
    plate = QRectF(x, y, width, height)
    painter.fillRect(plate, QColor(16, 18, 21, 235))
    painter.fillRect(QRectF(x, y, 2, height), QColor(theme.TEXT))
    for number, line in enumerate(lines):
        painter.setPen(QColor(theme.TEXT if number < 2 else theme.YELLOW))
        below = QRectF(x + 8, y + 4 + number * _LINE_PX, width, _LINE_PX)
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, line)
