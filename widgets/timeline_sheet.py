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
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPen, QPixmap, QPolygonF

from app.i18n import _
from app.labels import label_of
from app.timeline import MarkKind, TimelineAnswer, TimelineMark
from storage.footage_records import GapReason
from storage.records import Severity
from widgets import theme
from widgets.shapes import severity_colour, severity_sign
from widgets.timeline_lanes import FOREIGN, FOREIGN_PX, LANE, MOVED, RECORDED, RowShape, is_hatched, reason_colour
from widgets.timeline_scale import TickKind, TimeScale, midnights, ticks
from widgets.timeline_words import day_text, gap_words, month_text, tick_text

AXIS_PX = 38
GUTTER_PX = 172
LEGEND_PX = 22
_LOW_PX = 104

_TICK_PX = 92
_SIGN_PX = 13
_APART_PX = 9
_MOST_MARKS = 800
_MOST_TEXTS = 300
_TEXT_ROW_PX = 18
_DAY_S = 86_400.0
_FIRST_REASONS = (GapReason.NO_SIGNAL, GapReason.DISK_FAILED)
_LAST_REASONS = (GapReason.NOT_PLANNED, GapReason.STOPPED, GapReason.DELETED, GapReason.UNKNOWN)


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
        """Where the rows are."""
        return QRectF(GUTTER_PX, AXIS_PX, self.scale.width_px, max(self.height - AXIS_PX - legend_px(self.height), 0))

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
        painter.drawPixmap(QPointF(0, scene.height - LEGEND_PX), _legend(scene.width, scene.ratio))


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
        sign = _mark_sign(mark.kind, mark.severity, scene.ratio)
        at = QPointF(left + x, middle + row * scene.shape.row)
        painter.drawPixmap(at - QPointF(_SIGN_PX / 2, _SIGN_PX / 2), sign)
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
            if -_SIGN_PX <= xs[number] <= scene.scale.width_px + _SIGN_PX:
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
        rect = QRectF(x - _TICK_PX / 2, 17, _TICK_PX, 15)
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, tick_text(tick))
    days = bool(shown) and shown[0].kind is TickKind.DAY
    _paint_context(painter, scene, months=days)
    painter.setClipping(False)
    painter.fillRect(QRectF(0, AXIS_PX - 1, scene.width, 1), QColor(theme.LINE))


def _paint_context(painter: QPainter, scene: Scene, *, months: bool) -> None:
    lanes, font = scene.lanes, text_font(12, bold=True)
    painter.setFont(font)
    painter.setPen(QColor(theme.MUTED))
    metrics = QFontMetricsF(font)
    word = month_text if months else day_text
    begins = [scene.scale.from_utc_s, *midnights(scene.scale, scene.zone)]
    parts: list[tuple[float, str]] = []
    for utc_s in begins:
        text = word(datetime.fromtimestamp(utc_s, scene.zone))
        if not parts or parts[-1][1] != text:
            parts.append((scene.scale.x_of(utc_s), text))
    for number, (x, text) in enumerate(parts):
        end = parts[number + 1][0] if number + 1 < len(parts) else scene.scale.width_px
        left = lanes.left() + x
        if number:
            painter.fillRect(QRectF(round(left), 0, 1, AXIS_PX), QColor(theme.MUTED))
        if metrics.horizontalAdvance(text) + 12 <= end - x:
            painter.drawText(QRectF(left + 6, 1, end - x, 16), Qt.AlignmentFlag.AlignVCenter, text)


@lru_cache(maxsize=64)
def _mark_sign(kind: MarkKind, severity: int, ratio: float) -> QPixmap:
    """An incident has its severity's sign, a bookmark a flag, a mark a bar with a knob."""
    if kind is MarkKind.INCIDENT:
        return severity_sign(Severity(severity or Severity.MEDIUM), _SIGN_PX, ratio)
    pixmap = QPixmap(round(_SIGN_PX * ratio), round(_SIGN_PX * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor("#101214"), 1))
    painter.setBrush(QColor(theme.TEXT))
    middle = _SIGN_PX / 2
    if kind is MarkKind.BOOKMARK:
        points = ((middle - 1, 1), (_SIGN_PX - 1, 4), (middle + 1, 7), (middle + 1, _SIGN_PX - 1), (middle - 1, 12))
        painter.drawPolygon(QPolygonF([QPointF(*point) for point in points]))
    else:
        painter.drawRect(QRectF(middle - 1, 3, 2, _SIGN_PX - 4))
        painter.drawEllipse(QPointF(middle, 3.5), 2.5, 2.5)
    painter.end()
    return pixmap


@lru_cache(maxsize=4)
def _legend(width: int, ratio: float) -> QPixmap:
    pixmap = QPixmap(round(width * ratio), round(LEGEND_PX * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(QColor(theme.PANEL))
    painter = QPainter(pixmap)
    painter.setFont(text_font(11))
    metrics, x = QFontMetricsF(painter.font()), 8.0
    for text, colour in ((_("Recorded"), RECORDED), (_("Something moved"), MOVED)):
        _swatch(painter, QRectF(x, 6, 14, 10), colour, hatched=False)
        x = _worded(painter, metrics, x + 18, text)
    _foreign_swatch(painter, QRectF(x, 6, 14, 10))
    x = _worded(painter, metrics, x + 18, _("From elsewhere"))
    x = _reasons(painter, metrics, x, _FIRST_REASONS)
    for severity in Severity:
        painter.fillRect(QRectF(x, 16 - 2 * severity, 5, 2 * severity), QColor(severity_colour(severity)))
        x += 7
    x = _worded(painter, metrics, x + 3, _("Events by severity"))
    signs = ((MarkKind.INCIDENT, _("Incident")), (MarkKind.BOOKMARK, _("Bookmark")), (MarkKind.MARK, _("Mark")))
    for kind, text in signs:
        painter.drawPixmap(QPointF(x, 5), _mark_sign(kind, 4, ratio))
        x = _worded(painter, metrics, x + _SIGN_PX + 4, text)
    _reasons(painter, metrics, x, _LAST_REASONS)
    painter.end()
    return pixmap


def _reasons(painter: QPainter, metrics: QFontMetricsF, x: float, reasons: tuple[GapReason, ...]) -> float:
    names = {GapReason.DISK_FAILED: _("Disk full, failed or slow"), GapReason.UNKNOWN: _("Unknown or clock set")}
    for reason in reasons:
        _swatch(painter, QRectF(x, 6, 14, 10), reason_colour(reason), hatched=is_hatched(reason))
        x = _worded(painter, metrics, x + 18, names.get(reason) or label_of(reason))
    return x


def _worded(painter: QPainter, metrics: QFontMetricsF, x: float, text: str) -> float:
    painter.setPen(QColor(theme.MUTED))
    painter.drawText(QRectF(x, 0, metrics.horizontalAdvance(text) + 2, LEGEND_PX), Qt.AlignmentFlag.AlignVCenter, text)
    return x + metrics.horizontalAdvance(text) + 14


def _foreign_swatch(painter: QPainter, rect: QRectF) -> None:
    """With the lines of the lanes, which are every so many px from below."""
    _swatch(painter, rect, RECORDED, hatched=False)
    for above_px in range(FOREIGN_PX, int(rect.height()) + 1, FOREIGN_PX):
        painter.fillRect(QRectF(rect.left(), rect.bottom() - above_px, rect.width(), 1), QColor(FOREIGN))


def _swatch(painter: QPainter, rect: QRectF, colour: str, *, hatched: bool) -> None:
    painter.fillRect(rect, QColor(colour))
    if hatched:
        painter.save()
        painter.setClipRect(rect)
        painter.setPen(QPen(QColor(colour).darker(190), 2))
        for n in range(-2, 4):
            x = rect.left() + n * 6
            painter.drawLine(QPointF(x, rect.bottom()), QPointF(x + rect.height(), rect.top()))
        painter.restore()
    painter.setPen(QColor(255, 255, 255, 40))
    painter.drawRect(rect.adjusted(0.5, 0.5, -0.5, -0.5))


@lru_cache(maxsize=16)
def text_font(size_px: int, *, bold: bool = False) -> QFont:
    """The program's font in a size of the timeline."""
    font = QFont()
    font.setPixelSize(size_px)
    font.setBold(bold)
    return font
