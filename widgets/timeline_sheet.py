"""Paints what of the timeline stands still while playhead and pointer move: rows, axis, names, marks, legend.

Given a painter and a `Scene`; keeps nothing but small signs and texts that are made once. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QImage, QPainter, QPixmap

from app.timeline import TimelineAnswer, TimelineMark
from widgets import theme
from widgets.timeline_lanes import LANE, RowShape, is_hatched
from widgets.timeline_legend import LEGEND_PX, SIGN_PX, legend, mark_sign, text_font
from widgets.timeline_scale import TickKind, TimeScale, midnights, ticks
from widgets.timeline_words import day_text, gap_words, month_text, tick_text

AXIS_PX = 38
CONTEXT_PX = 17
"""Of the axis, from above: the days, and the playhead's time."""
GUTTER_PX = 172
_LOW_PX = 104

_TICK_PX = 92
_APART_PX = 9
_MOST_MARKS = 800
_MOST_TEXTS = 300
_TEXT_ROW_PX = 18
_DAY_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Scene:
    """What is to be painted where. `names` are the rows'; `image` is that of `answer`, made for `shape`; rows begin
    `scrolled_px` above the lanes' upper edge."""

    scale: TimeScale
    zone: ZoneInfo
    width: int
    height: int
    shape: RowShape
    scrolled_px: int
    names: tuple[str, ...]
    focused: int | None
    answer: TimelineAnswer | None
    image: QImage | None
    ratio: float

    @property
    def lanes(self) -> QRectF:
        """Where the rows are: whole ones, where not all of them have room."""
        height = rows_px(self.height)
        if len(self.names) * self.shape.row > height >= self.shape.row:
            height -= height % self.shape.row
        return QRectF(GUTTER_PX, AXIS_PX, self.scale.width_px, height)

    def top_of(self, row: int) -> float:
        """The upper edge of a row."""
        return self.lanes.top() + row * self.shape.row - self.scrolled_px

    def row_at(self, y_px: float) -> int | None:
        """The row at that height of the widget; None: there is none."""
        if not self.lanes.top() <= y_px < self.lanes.bottom():
            return None
        row = int(y_px - self.lanes.top() + self.scrolled_px) // self.shape.row
        return row if row < len(self.names) else None

    def seen_rows(self) -> range:
        """Rows of which something is seen."""
        first = self.scrolled_px // self.shape.row
        last = (self.scrolled_px + int(self.lanes.height())) // self.shape.row
        return range(max(first, 0), min(last + 1, len(self.names)))


def legend_px(height_px: float) -> int:
    """How high the legend is in a timeline of this height: in a low one the rows need its room."""
    return LEGEND_PX if height_px >= _LOW_PX else 0


def rows_px(height_px: int) -> int:
    """What a timeline of this height has for its rows."""
    return max(height_px - AXIS_PX - legend_px(height_px), 0)


def paint_sheet(painter: QPainter, scene: Scene) -> None:
    """All of it, over whatever was there."""
    painter.fillRect(QRectF(0, 0, scene.width, scene.height), QColor(theme.WINDOW))
    painter.fillRect(scene.lanes, QColor(LANE))
    painter.setClipRect(scene.lanes)
    _paint_rows(painter, scene)
    _paint_days(painter, scene)
    _paint_future(painter, scene)
    if scene.answer is not None:
        _paint_gap_texts(painter, scene)
        _paint_marks(painter, scene)
    painter.setClipping(False)
    _paint_names(painter, scene)
    _paint_axis(painter, scene)
    if legend_px(scene.height):
        painter.drawPixmap(QPointF(0, scene.height - LEGEND_PX), legend(scene.width, scene.ratio))


def _paint_rows(painter: QPainter, scene: Scene) -> None:
    answer, image, lanes = scene.answer, scene.image, scene.lanes
    if answer is None or image is None or image.isNull():
        return
    question = answer.question
    low = max(scene.scale.from_utc_s, question.from_utc_s)
    high = min(scene.scale.to_utc_s, question.to_utc_s)
    if high <= low:
        return
    begin, end = ((at - question.from_utc_s) / question.column_s for at in (low, high))
    left, right = scene.scale.x_of(low), scene.scale.x_of(high)
    height = min(image.height() - scene.scrolled_px, int(lanes.height()))
    target = QRectF(lanes.left() + left, lanes.top(), right - left, height)
    painter.drawImage(target, image, QRectF(begin, scene.scrolled_px, end - begin, height))


def _paint_days(painter: QPainter, scene: Scene) -> None:
    lanes = scene.lanes
    for tick in ticks(scene.scale, scene.zone, _TICK_PX):
        x = lanes.left() + round(scene.scale.x_of(tick.utc_s))
        painter.fillRect(QRectF(x, lanes.top(), 1, lanes.height()), QColor(255, 255, 255, 16))
    if scene.scale.span_s < 20 * _DAY_S:
        for utc_s in midnights(scene.scale, scene.zone):
            x = lanes.left() + round(scene.scale.x_of(utc_s))
            painter.fillRect(QRectF(x, lanes.top(), 1, lanes.height()), QColor(255, 255, 255, 54))


def _paint_future(painter: QPainter, scene: Scene) -> None:
    """What is still to come looks like nothing else."""
    if scene.answer is None or scene.answer.now_utc_s >= scene.scale.to_utc_s:
        return
    x = max(scene.scale.x_of(scene.answer.now_utc_s), 0.0)
    lanes = scene.lanes.adjusted(x, 0, 0, 0)
    painter.fillRect(lanes, QColor(theme.WINDOW))
    painter.fillRect(lanes, QColor(255, 255, 255, 10))
    painter.fillRect(QRectF(lanes.left(), lanes.top(), 1.5, lanes.height()), QColor(theme.LIGHT_GREEN))


def _paint_gap_texts(painter: QPainter, scene: Scene) -> None:
    """Why there is nothing, where a row has room to say it."""
    if scene.answer is None or scene.shape.row < _TEXT_ROW_PX:
        return
    font = text_font(11)
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    left = 0
    for row in scene.seen_rows():
        if row >= len(scene.answer.rows):
            break
        for gap in scene.answer.rows[row].gaps:
            begin = max(scene.scale.x_of(gap.from_utc_s), 0.0)
            end = min(scene.scale.x_of(gap.to_utc_s), scene.scale.width_px)
            if end - begin < 64 or left >= _MOST_TEXTS:
                continue
            left += 1
            rect = QRectF(scene.lanes.left() + begin + 4, scene.top_of(row) + 1, end - begin - 8, scene.shape.row - 2)
            text = metrics.elidedText(gap_words(gap), Qt.TextElideMode.ElideRight, rect.width() - 6)
            plate = QRectF(rect.left(), rect.center().y() - 7, metrics.horizontalAdvance(text) + 6, 14)
            painter.fillRect(plate, QColor(16, 18, 21, 200))
            painter.setPen(QColor(theme.TEXT if is_hatched(gap.reason) else theme.MUTED))
            painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)


def _paint_marks(painter: QPainter, scene: Scene) -> None:
    """Incidents and bookmarks; of those that would cover each other the most severe."""
    left, middle = scene.lanes.left(), scene.top_of(0) + scene.shape.row / 2
    for row, x, mark, room_px in _apart(scene):
        sign = mark_sign(mark.kind, mark.severity, scene.ratio)
        at = QPointF(left + x, middle + row * scene.shape.row)
        painter.drawPixmap(at - QPointF(SIGN_PX / 2, SIGN_PX / 2), sign)
        if mark.text and room_px > 110 and scene.shape.row >= _TEXT_ROW_PX:
            font = text_font(11)
            painter.setFont(font)
            text = QFontMetricsF(font).elidedText(mark.text, Qt.TextElideMode.ElideRight, room_px - 30)
            plate = QRectF(at.x() + 9, at.y() - 7, QFontMetricsF(font).horizontalAdvance(text) + 6, 14)
            painter.fillRect(plate, QColor(16, 18, 21, 200))
            painter.setPen(QColor(theme.TEXT))
            painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)


def _apart(scene: Scene) -> Iterator[tuple[int, float, TimelineMark, float]]:
    """Row, place, mark, and how far the next one is."""
    if scene.answer is None:
        return
    told = 0
    for row in scene.seen_rows():
        if row >= len(scene.answer.rows) or told >= _MOST_MARKS:
            return
        marks = scene.answer.rows[row].marks
        if not marks:
            continue
        xs = scene.scale.x_of(0.0) + np.array([mark.utc_s for mark in marks]) * scene.scale.px_per_s
        order = sorted(range(len(marks)), key=lambda n: (-marks[n].severity, xs[n]))
        taken: dict[int, int] = {}
        for number in order:
            if -SIGN_PX <= xs[number] <= scene.scale.width_px + SIGN_PX:
                taken.setdefault(int(xs[number] // _APART_PX), number)
        kept = sorted(taken.values(), key=lambda n: float(xs[n]))
        told += len(kept)
        for place, number in enumerate(kept):
            after = xs[kept[place + 1]] if place + 1 < len(kept) else scene.scale.width_px
            yield row, float(xs[number]), marks[number], float(after - xs[number])


def _paint_names(painter: QPainter, scene: Scene) -> None:
    height = int(scene.lanes.height())
    if height > 0:
        names = _names(scene.names, scene.shape.row, scene.scrolled_px, scene.focused, height, scene.ratio)
        painter.drawPixmap(QPointF(0, AXIS_PX), names)
        _paint_hidden(painter, scene)


def _paint_hidden(painter: QPainter, scene: Scene) -> None:
    """How many rows are above and below of those that have room."""
    seen, row = int(scene.lanes.height()) // scene.shape.row, scene.shape.row
    above = -(-scene.scrolled_px // row)
    below = len(scene.names) - scene.scrolled_px // row - seen
    font = text_font(min(max(row - 2, 8), 11), bold=True)
    painter.setFont(font)
    for number, sign, y in ((above, "▲", scene.lanes.top()), (below, "▼", scene.lanes.bottom() - row)):
        if number > 0 and seen > 1:
            text = f"{sign} {number}"
            width = QFontMetricsF(font).horizontalAdvance(text) + 8
            plate = QRectF(GUTTER_PX - width - 2, y, width, row)
            painter.fillRect(plate, QColor(theme.RAISED))
            painter.setPen(QColor(theme.TEXT))
            painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)


@lru_cache(maxsize=2)
def _names(
    names: tuple[str, ...], row_px: int, scrolled_px: int, focused: int | None, height: int, ratio: float
) -> QPixmap:
    """The rows' names; they stay while the time changes."""
    pixmap = QPixmap(round(GUTTER_PX * ratio), round(height * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(QColor(theme.PANEL))
    painter = QPainter(pixmap)
    font = text_font(min(max(row_px - 2, 8), 12))
    painter.setFont(font)
    metrics = QFontMetricsF(font)
    for row in range(scrolled_px // row_px, min((scrolled_px + height) // row_px + 1, len(names))):
        rect = QRectF(0, row * row_px - scrolled_px, GUTTER_PX, row_px)
        if row == focused:
            painter.fillRect(rect, QColor("#27496b"))
            painter.fillRect(QRectF(0, rect.top(), 3, rect.height()), QColor(theme.ACCENT))
        painter.setPen(QColor(theme.TEXT if row == focused else theme.MUTED))
        text = metrics.elidedText(names[row], Qt.TextElideMode.ElideRight, GUTTER_PX - 16)
        painter.drawText(rect.adjusted(8, 0, -4, 0), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
        if row_px >= _TEXT_ROW_PX:
            painter.fillRect(QRectF(0, rect.bottom() - 1, GUTTER_PX, 1), QColor(theme.WINDOW))
    painter.end()
    return pixmap


def _paint_axis(painter: QPainter, scene: Scene) -> None:
    """Below the times, above them the day (or month) that they belong to, which is always said."""
    lanes = scene.lanes
    painter.fillRect(QRectF(0, 0, scene.width, AXIS_PX), QColor(theme.PANEL))
    painter.setClipRect(QRectF(lanes.left(), 0, lanes.width(), AXIS_PX))
    shown = ticks(scene.scale, scene.zone, _TICK_PX)
    painter.setFont(text_font(12))
    for tick in shown:
        x = lanes.left() + round(scene.scale.x_of(tick.utc_s))
        painter.fillRect(QRectF(x, AXIS_PX - 6, 1, 6), QColor(theme.MUTED))
        painter.setPen(QColor(theme.YELLOW if tick.twice else theme.TEXT))
        rect = QRectF(x - _TICK_PX / 2, CONTEXT_PX, _TICK_PX, 15)
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, tick_text(tick))
    _paint_context(painter, scene)
    painter.setClipping(False)
    painter.fillRect(QRectF(0, AXIS_PX - 1, scene.width, 1), QColor(theme.LINE))


def _paint_context(painter: QPainter, scene: Scene) -> None:
    painter.setFont(text_font(12, bold=True))
    for x, _text in _context_edges(scene)[1:]:
        painter.fillRect(QRectF(round(scene.lanes.left() + x), 0, 1, AXIS_PX), QColor(theme.MUTED))
    painter.setPen(QColor(theme.MUTED))
    for rect, text in context_texts(scene):
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, text)


def context_texts(scene: Scene) -> list[tuple[QRectF, str]]:
    """The days (or months) that are named above the times, and where."""
    metrics, edges = QFontMetricsF(text_font(12, bold=True)), _context_edges(scene)
    found: list[tuple[QRectF, str]] = []
    for number, (x, text) in enumerate(edges):
        end = edges[number + 1][0] if number + 1 < len(edges) else scene.scale.width_px
        width = metrics.horizontalAdvance(text)
        if width + 12 <= end - x:
            found.append((QRectF(scene.lanes.left() + x + 6, 1, width + 2, CONTEXT_PX - 1), text))
    return found


def _context_edges(scene: Scene) -> list[tuple[float, str]]:
    shown = ticks(scene.scale, scene.zone, _TICK_PX)
    word = month_text if shown and shown[0].kind is TickKind.DAY else day_text
    edges: list[tuple[float, str]] = []
    for utc_s in (scene.scale.from_utc_s, *midnights(scene.scale, scene.zone)):
        text = word(datetime.fromtimestamp(utc_s, scene.zone))
        if not edges or edges[-1][1] != text:
            edges.append((scene.scale.x_of(utc_s), text))
    return edges
