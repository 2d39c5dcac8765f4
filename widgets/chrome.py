"""The words on a tile, laid out once and kept as pixmaps: text is never laid out per frame. GUI thread only."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter, QPixmap

from app.feeds import TileState
from app.i18n import _, language
from widgets import theme
from widgets.shapes import PAST_COLOURS, STATE_COLOURS, draw_state
from widgets.words import tile_state_word

_WIDE_PX = 300
_MIDDLE_PX = 170
_NARROW_PX = 110
_PAPERS = {False: "#1c2024", True: "#2d4052"}
_PAST_PAPERS = {False: "#29202a", True: "#4a3547"}


class Header(NamedTuple):
    """Everything that a header shows; equal headers share one pixmap."""

    number: int
    name: str
    state: TileState
    age: str
    clock: str
    alarmed: bool
    focused: bool
    recording: bool = False
    masks: str = ""
    lifted: bool = False
    view: str = ""
    quality: str = ""
    lowered: bool = False
    quiet: bool = False
    past: bool = False
    """Of a tile that plays recordings: never to be taken for live."""


def font(size_px: int, *, bold: bool = False) -> QFont:
    """The application's font in a size of its own."""
    made = QFont()
    made.setPixelSize(size_px)
    made.setBold(bold)
    return made


def header_height_px(tile_width_px: int) -> int:
    """Height of a tile's header: smaller tiles have smaller print."""
    return 24 if tile_width_px >= _WIDE_PX else 20 if tile_width_px >= _MIDDLE_PX else 16


class HeaderPrint:
    """One tile's header as a pixmap. What seldom changes is kept, clock and age are printed over a copy: laying out all
    of it twice a second cost 3 % of a wall of 64."""

    def __init__(self) -> None:
        self._key: tuple[object, ...] = ()
        self._still = QPixmap()

    def pixmap(self, header: Header, width_px: int, ratio: float) -> QPixmap:
        """State sign and word, number, name; to the right the picture's clock and age. What has no room is left out,
        the age never."""
        times, right = _times(header, width_px)
        still = header._replace(age="", clock="")
        key = still, width_px, right, ratio, language()
        if key != self._key:
            self._key, self._still = key, _still_header(still, width_px, right, ratio)
        printed = QPixmap(self._still)
        painter = QPainter(printed)
        painter.setFont(font(_print_px(width_px)))
        for text, colour, column in times:
            painter.setPen(QColor(colour))
            painter.drawText(column, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)
        painter.end()
        return printed


def header_pixmap(header: Header, width_px: int, ratio: float) -> QPixmap:
    """A header that is printed once."""
    return HeaderPrint().pixmap(header, width_px, ratio)


def _print_px(width_px: int) -> int:
    height = header_height_px(width_px)
    return height - 11 if height > 16 else 9


def _times(header: Header, width_px: int) -> tuple[list[tuple[str, str, QRect]], int]:
    """Clock and age with their colours and columns, from the right; where everything else must end."""
    height, size_px, right = header_height_px(width_px), _print_px(width_px), width_px - 6
    found = []
    # Widths of the widest texts: the columns of all tiles stay in line while the figures run.
    for text, widest, needed, colour in (
        (header.age, "0.0 s", 0, theme.TEXT),
        (header.clock, "00:00:00", _WIDE_PX, theme.MUTED),
    ):
        if text and width_px >= needed:
            advance = max(_advance(widest, size_px), _advance(text, size_px))
            found.append((text, colour, QRect(right - advance, 0, advance, height)))
            right -= advance + 10
    return found, right


@lru_cache(maxsize=512)
def _advance(text: str, size_px: int) -> int:
    return QFontMetrics(font(size_px)).horizontalAdvance(text)


def _still_header(header: Header, width_px: int, right: int, ratio: float) -> QPixmap:
    height = header_height_px(width_px)
    pixmap = _blank(QSize(width_px, height), ratio)
    papers = _PAST_PAPERS if header.past else _PAPERS
    pixmap.fill(QColor(papers[header.focused]))
    painter = QPainter(pixmap)
    painter.setFont(font(_print_px(width_px)))
    if header.alarmed and not header.quiet:
        painter.fillRect(0, 0, width_px, height, QColor("#5a2608"))
    sign = height - 12 if height > 16 else 8
    draw_state(painter, QRectF(6, (height - sign) / 2, sign, sign), header.state, past=header.past)
    left = _draw_state_word(painter, header, 6 + sign + 5, width_px, height)
    right = _draw_marks(painter, header, right, width_px, height)
    _draw_name(painter, header, QRect(left, 0, right - left, height))
    painter.end()
    return pixmap


def _draw_state_word(painter: QPainter, header: Header, left: int, width_px: int, height: int) -> int:
    word = _("ALARM") if header.alarmed else tile_state_word(header.state, past=header.past)
    if header.alarmed and width_px < _NARROW_PX:
        word = "!"  # never by its colour alone
    elif not header.alarmed and width_px < _WIDE_PX:
        return left  # the name needs the room; the sign has a shape, and what is not live says so in large print
    colours = PAST_COLOURS if header.past else STATE_COLOURS
    painter.setPen(QColor(theme.TEXT if header.alarmed else colours[header.state]))
    advance = painter.fontMetrics().horizontalAdvance(word)
    painter.drawText(QRect(left, 0, advance + 2, height), Qt.AlignmentFlag.AlignVCenter, word)
    return left + advance + 8


def _draw_marks(painter: QPainter, header: Header, right: int, width_px: int, height: int) -> int:
    """What the picture is made from and what is done with it; returns where the name must end."""
    if header.quality:
        right = _draw_word(painter, header.quality, theme.YELLOW if header.lowered else theme.MUTED, right, height)
    if header.recording and width_px >= _MIDDLE_PX:
        right = _draw_word(painter, _("REC"), theme.MUTED, right, height)
    if header.view:
        right = _draw_word(painter, header.view, theme.ACCENT, right, height)
    return _draw_masks(painter, header, right, width_px, height) if header.masks else right


def _draw_masks(painter: QPainter, header: Header, right: int, width_px: int, height: int) -> int:
    """A square, half covered, and its word; hollow and yellow while the mask is lifted. Small tiles have no word."""
    colour = theme.YELLOW if header.lifted else theme.MUTED
    if width_px >= _WIDE_PX:
        right = _draw_word(painter, header.masks, colour, right, height) + 6
    side = max(height // 2 - 3, 6)
    square = QRect(right - side, (height - side) // 2, side, side)
    painter.setPen(QColor(colour))
    painter.drawRect(square.adjusted(0, 0, -1, -1))
    if not header.lifted:
        painter.fillRect(square.adjusted(0, side // 2, 0, 0), QColor(colour))
    return square.left() - 10


def _draw_word(painter: QPainter, word: str, colour: str, right: int, height: int) -> int:
    """A quiet word that ends at `right`; where what is left of it must end. No dot for a recording: it is the normal
    state and asks for nobody's eye."""
    advance = painter.fontMetrics().horizontalAdvance(word)
    painter.setPen(QColor(colour))
    painter.drawText(QRect(right - advance, 0, advance, height), Qt.AlignmentFlag.AlignVCenter, word)
    return right - advance - 10


def _draw_name(painter: QPainter, header: Header, rect: QRect) -> None:
    if rect.width() <= 0:
        return
    plain = painter.font()
    bold = QFont(plain)
    bold.setBold(True)
    number = str(header.number)
    painter.setFont(bold)
    painter.setPen(QColor(theme.TEXT))
    painter.drawText(rect, Qt.AlignmentFlag.AlignVCenter, number)
    taken = QFontMetrics(bold).horizontalAdvance(number) + 6
    painter.setFont(plain)
    name = painter.fontMetrics().elidedText(header.name, Qt.TextElideMode.ElideRight, max(rect.width() - taken, 0))
    painter.drawText(rect.adjusted(taken, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, name)


@lru_cache(maxsize=512)
def label_pixmap(text: str, ink: str, paper: str, size_px: int, bold: bool, ratio: float) -> QPixmap:
    """A word on a plate, as boxes, zones, notices and the entry badge carry it."""
    face = font(size_px, bold=bold)
    metrics = QFontMetrics(face)
    pixmap = _blank(QSize(metrics.horizontalAdvance(text) + 8, metrics.height() + 2), ratio)
    pixmap.fill(QColor(paper))
    painter = QPainter(pixmap)
    painter.setFont(face)
    painter.setPen(QColor(ink))
    painter.drawText(QRect(QRect(0, 0, 0, 0).topLeft(), pixmap.deviceIndependentSize().toSize()), _CENTRE, text)
    painter.end()
    return pixmap


_CENTRE = Qt.AlignmentFlag.AlignCenter


@lru_cache(maxsize=256)
def notice_pixmap(text: str, width_px: int, ratio: float) -> QPixmap:
    """One line along the lower edge of a picture: what is degraded."""
    face = font(12 if width_px >= _WIDE_PX else 10)
    metrics = QFontMetrics(face)
    pixmap = _blank(QSize(width_px, metrics.height() + 6), ratio)
    pixmap.fill(QColor(20, 18, 8, 215))
    painter = QPainter(pixmap)
    painter.setFont(face)
    painter.setPen(QColor(theme.YELLOW))
    line = metrics.elidedText("▲ " + text, Qt.TextElideMode.ElideRight, width_px - 12)
    painter.drawText(QRect(6, 0, width_px - 12, metrics.height() + 6), Qt.AlignmentFlag.AlignVCenter, line)
    painter.end()
    return pixmap


def dimmed(image: QImage, ratio: float) -> QImage:
    """Grey and dark, in the format of what is painted on: then painting it is a copy. It took half of a dead tile."""
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8).convertToFormat(QImage.Format.Format_RGB32)
    grey.setDevicePixelRatio(1.0)
    painter = QPainter(grey)
    painter.fillRect(grey.rect(), QColor(8, 9, 11, 150))
    painter.end()
    grey.setDevicePixelRatio(ratio)
    return grey


def draw_message(
    painter: QPainter, rect: QRect, state: TileState, head: str, sentence: str, *, brief: str = "", past: bool = False
) -> None:
    """Sign, a large word and a sentence in the middle of a tile that has no live picture; where the sentence has no
    room, `brief` instead of it. Nothing is cut through."""
    size = max(11, min(22, rect.height() // 9))
    sign = size * (1.5 if rect.height() >= _LARGE_PX else 1.0)
    room = rect.adjusted(6, 4, -6, -4)
    face, small = _fitting(head, size, room.width()), font(max(10, round(size * 0.72)))
    metrics, head_px = QFontMetrics(small), QFontMetrics(face).height()
    below = QRect(room.left(), 0, room.width(), max(round(room.height() - sign - 6 - head_px - 4), 0))
    words = metrics.boundingRect(below, _WRAPPED, sentence) if sentence else QRect()
    if words.height() > below.height() or words.width() > below.width():
        sentence = metrics.elidedText(brief or sentence, Qt.TextElideMode.ElideRight, below.width())
        sentence = sentence if metrics.height() <= below.height() else ""
        words = QRect(0, 0, 0, metrics.height())
    height = sign + 6 + head_px + (4 + words.height() if sentence else 0)
    top = room.top() + max(0.0, (room.height() - height) / 2)
    draw_state(painter, QRectF(rect.center().x() - sign / 2, top, sign, sign), state, past=past)
    line = QRect(room.left(), round(top + sign + 6), room.width(), head_px)
    painter.setPen(QColor(theme.TEXT))
    painter.setFont(face)
    painter.drawText(line, _CENTRE, head)
    painter.setFont(small)
    painter.setPen(QColor("#c4cad1"))
    below.moveTop(line.bottom() + 5)
    painter.drawText(below, _WRAPPED, sentence)


_LEAST_PX, _LARGE_PX = 8, 80
_WRAPPED = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)


def _fitting(text: str, size_px: int, width_px: int) -> QFont:
    """A bold font in which the text fits, no larger than asked for."""
    face = font(size_px, bold=True)
    while size_px > _LEAST_PX and QFontMetrics(face).horizontalAdvance(text) > width_px:
        size_px -= 1
        face = font(size_px, bold=True)
    return face


def _blank(size: QSize, ratio: float) -> QPixmap:
    pixmap = QPixmap(round(size.width() * ratio), round(size.height() * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    return pixmap
