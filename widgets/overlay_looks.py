"""How each class of object is framed: a colour of Okabe and Ito and a shape of its own, so that grey also works.

GUI thread only. Who is alarmed is drawn thicker, in one colour for all, and says the rule's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from detection.detector import Track, TrackState
from widgets import theme

HALO = "#101214"
"""Under every line; opaque, because a pen that lets through costs ten times as much to paint."""
_CUT_PX = 8.0
_CORNER_SHARE = 0.28
"""How much of a side a corner's bracket takes."""


class Frame(StrEnum):
    """Shapes that are told apart without colour."""

    WHOLE = "whole"
    CORNERS = "corners"
    CUT = "cut"
    DASHED = "dashed"
    DOTS_AND_DASHES = "dots_and_dashes"


@dataclass(frozen=True, slots=True)
class ClassLook:
    """Of one class."""

    colour: str
    frame: Frame


_PERSON = ClassLook(theme.SKY, Frame.WHOLE)
_VEHICLE = ClassLook(theme.LIGHT_GREEN, Frame.CORNERS)
_TWO_WHEELS = ClassLook(theme.YELLOW, Frame.CUT)
_THING = ClassLook(theme.PURPLE, Frame.DASHED)
_ANIMAL = ClassLook(theme.ORANGE, Frame.DOTS_AND_DASHES)
_LOOKS = {
    "person": _PERSON,
    **dict.fromkeys(("car", "bus", "truck", "train", "boat"), _VEHICLE),
    **dict.fromkeys(("bicycle", "motorcycle"), _TWO_WHEELS),
    **dict.fromkeys(("bag", "backpack", "handbag", "suitcase"), _THING),
    **dict.fromkeys(("animal", "dog", "cat", "bird", "horse", "cow", "sheep", "bear"), _ANIMAL),
}
_OTHER = ClassLook(theme.TEXT, Frame.DASHED)
_STYLES = {Frame.DASHED: Qt.PenStyle.DashLine, Frame.DOTS_AND_DASHES: Qt.PenStyle.DashDotLine}


def look_of(label: str) -> ClassLook:
    """What a detector's class looks like."""
    return _LOOKS.get(label, _OTHER)


def colour_of(track: Track, *, alarmed: bool) -> str:
    """Of the frame and its plate; muted where no rule takes it for real."""
    if alarmed:
        return theme.LIGHT_VERMILLION
    return theme.MUTED if track.doubt > 0.0 else look_of(track.label).colour


@lru_cache(maxsize=128)
def pen_of(colour: str, width: int, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """A pen, made once: hundreds are taken up a second."""
    return QPen(QColor(colour), width, style)


def draw_frame(painter: QPainter, rect: QRectF, track: Track, *, alarmed: bool) -> None:
    """The box in its class's shape; dotted when the last look did not see the object."""
    look, width = look_of(track.label), 3 if alarmed else 1 if track.doubt > 0.0 else 2
    style = Qt.PenStyle.DotLine if track.state is TrackState.LOST else _STYLES.get(look.frame, Qt.PenStyle.SolidLine)
    lines = _lines(rect, look.frame)
    for pen in (pen_of(HALO, width + 2), pen_of(colour_of(track, alarmed=alarmed), width, style)):
        painter.setPen(pen)
        painter.drawLines(lines)


def _lines(rect: QRectF, frame: Frame) -> list[QLineF]:
    """Lines, because Qt strokes a rectangle with a wide pen some twenty times as long."""
    if frame is Frame.CORNERS:
        return _corners(rect)
    cut = min(_CUT_PX, rect.width() / 3, rect.height() / 3) if frame is Frame.CUT else 0.0
    left, top, right, bottom = rect.left(), rect.top(), rect.right(), rect.bottom()
    sides = [
        QLineF(left + cut, top, right - cut, top),
        QLineF(right, top + cut, right, bottom - cut),
        QLineF(right - cut, bottom, left + cut, bottom),
        QLineF(left, bottom - cut, left, top + cut),
    ]
    if not cut:
        return sides
    return sides + [QLineF(side.p2(), sides[(place + 1) % 4].p1()) for place, side in enumerate(sides)]


def _corners(rect: QRectF) -> list[QLineF]:
    across = QPointF(rect.width() * _CORNER_SHARE, 0.0)
    down = QPointF(0.0, rect.height() * _CORNER_SHARE)
    spots = (
        (rect.topLeft(), across, down),
        (rect.topRight(), -across, down),
        (rect.bottomLeft(), across, -down),
        (rect.bottomRight(), -across, -down),
    )
    return [QLineF(corner, corner + side) for corner, right, up in spots for side in (right, up)]
