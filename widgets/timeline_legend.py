"""What signs and colours of the timeline mean, in one line that fits; its fonts. Made once, kept. GUI thread only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPixmap, QPolygonF

from app.i18n import _
from app.labels import label_of
from app.timeline import MarkKind
from storage.footage_records import GapReason
from storage.records import Severity
from widgets import theme
from widgets.shapes import severity_colour, severity_sign
from widgets.timeline_lanes import FOREIGN, FOREIGN_PX, MOVED, RECORDED, is_hatched, reason_colour

LEGEND_PX = 22
SIGN_PX = 13
_FIRST_REASONS = (GapReason.NO_SIGNAL, GapReason.DISK_FAILED)
_LAST_REASONS = (GapReason.NOT_PLANNED, GapReason.STOPPED, GapReason.DELETED, GapReason.UNKNOWN)


_SETTINGS = ((11, 14), (11, 9), (10, 6))
"""Height of the letters and room behind a text, the roomiest first."""
_TEXT_AT_PX = 4


class _Item(NamedTuple):
    """A sign of so many px, painted at a place, and what it means."""

    width: float
    paint: Callable[[QPainter, float], None]
    text: str


@lru_cache(maxsize=4)
def legend(width: int, ratio: float) -> QPixmap:
    """All of it, closer together where it is narrow; what has no room even then is left out whole."""
    pixmap = QPixmap(round(width * ratio), round(LEGEND_PX * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(QColor(theme.PANEL))
    painter, items = QPainter(pixmap), _items(ratio)
    size_px, apart_px = next((one for one in _SETTINGS if _length(items, *one) <= width), _SETTINGS[-1])
    painter.setFont(text_font(size_px))
    metrics, x = QFontMetricsF(painter.font()), 8.0
    for item in items:
        text_px = metrics.horizontalAdvance(item.text)
        if x + item.width + _TEXT_AT_PX + text_px > width:
            break
        item.paint(painter, x)
        painter.setPen(QColor(theme.MUTED))
        rect = QRectF(x + item.width + _TEXT_AT_PX, 0, text_px + 2, LEGEND_PX)
        painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, item.text)
        x = rect.left() + text_px + apart_px
    painter.end()
    return pixmap


def _length(items: Sequence[_Item], size_px: int, apart_px: int) -> float:
    metrics = QFontMetricsF(text_font(size_px))
    texts = sum(metrics.horizontalAdvance(item.text) for item in items)
    return 8 + texts + sum(item.width + _TEXT_AT_PX for item in items) + apart_px * (len(items) - 1)


def _items(ratio: float) -> list[_Item]:
    return [
        _coloured(RECORDED, _("Recorded")),
        _coloured(MOVED, _("Something moved")),
        _Item(14, lambda painter, x: _foreign_swatch(painter, QRectF(x, 6, 14, 10)), _("From elsewhere")),
        *(_reason(one) for one in _FIRST_REASONS),
        _Item(7 * len(Severity) - 2, _paint_bars, _("Events by severity")),
        _signed(MarkKind.INCIDENT, _("Incident"), ratio),
        _signed(MarkKind.BOOKMARK, _("Bookmark"), ratio),
        _signed(MarkKind.MARK, _("Mark"), ratio),
        *(_reason(one) for one in _LAST_REASONS),
    ]


def _coloured(colour: str, text: str, *, hatched: bool = False) -> _Item:
    return _Item(14, lambda painter, x: _swatch(painter, QRectF(x, 6, 14, 10), colour, hatched=hatched), text)


def _reason(reason: GapReason) -> _Item:
    names = {
        GapReason.DISK_FAILED: _("Disk full, failed or slow"),
        GapReason.NOT_PLANNED: _("Not planned"),
        GapReason.STOPPED: _("Stopped"),
        GapReason.DELETED: _("Deleted"),
        GapReason.UNKNOWN: _("Unknown or clock set"),
    }
    return _coloured(reason_colour(reason), names.get(reason) or label_of(reason), hatched=is_hatched(reason))


def _signed(kind: MarkKind, text: str, ratio: float) -> _Item:
    return _Item(SIGN_PX, lambda painter, x: painter.drawPixmap(QPointF(x, 5), mark_sign(kind, 4, ratio)), text)


def _paint_bars(painter: QPainter, x: float) -> None:
    for number, severity in enumerate(Severity):
        painter.fillRect(QRectF(x + 7 * number, 16 - 2 * severity, 5, 2 * severity), QColor(severity_colour(severity)))


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


@lru_cache(maxsize=64)
def mark_sign(kind: MarkKind, severity: int, ratio: float) -> QPixmap:
    """An incident has its severity's sign, a bookmark a flag, a mark a bar with a knob."""
    if kind is MarkKind.INCIDENT:
        return severity_sign(Severity(severity or Severity.MEDIUM), SIGN_PX, ratio)
    pixmap = QPixmap(round(SIGN_PX * ratio), round(SIGN_PX * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor("#101214"), 1))
    painter.setBrush(QColor(theme.TEXT))
    middle = SIGN_PX / 2
    if kind is MarkKind.BOOKMARK:
        points = ((middle - 1, 1), (SIGN_PX - 1, 4), (middle + 1, 7), (middle + 1, SIGN_PX - 1), (middle - 1, 12))
        painter.drawPolygon(QPolygonF([QPointF(*point) for point in points]))
    else:
        painter.drawRect(QRectF(middle - 1, 3, 2, SIGN_PX - 4))
        painter.drawEllipse(QPointF(middle, 3.5), 2.5, 2.5)
    painter.end()
    return pixmap


@lru_cache(maxsize=16)
def text_font(size_px: int, *, bold: bool = False) -> QFont:
    """The program's font in a size of the timeline."""
    font = QFont()
    font.setPixelSize(size_px)
    font.setBold(bold)
    return font
