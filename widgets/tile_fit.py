"""Where a picture lies in its tile, and how many pixels of it are asked for. Pure geometry in the wall's pixels."""

from __future__ import annotations

import math

from PySide6.QtCore import QRect, QRectF

from video.frame import Picture
from widgets.tile_view import TileView

ROUNDING_PX = 6
"""So many pixels less than its place may a picture have that was made for it."""


def asked_px(view: TileView, whole: QRectF, picture: Picture, ratio: float) -> tuple[int, int]:
    """Device pixels that the whole picture has on the wall, before it is turned; never more than the source has."""
    wide, high = (whole.height(), whole.width()) if view.quarters % 2 else (whole.width(), whole.height())
    most = picture.source_width, picture.source_height
    return min(math.ceil(wide * ratio), most[0]), min(math.ceil(high * ratio), most[1])


def shape(picture: Picture) -> tuple[int, int, int, int, bool]:
    """What a picture's place depends on: width and height of its source, and its own; whether it is not scaled yet."""
    own = picture.width, picture.height
    return picture.source_width, picture.source_height, *own, picture.planes is not None


def fitted(area: QRect, picture: Picture | None, ratio: float) -> QRectF:
    """The largest rectangle of the source's shape, right below the header, on whole pixels; what is left lies below it.

    A picture that was made for this area has a few pixels less at most: then it is painted one to one."""
    if picture is None or area.isEmpty():
        return QRectF(area)
    scale = min(area.width() / picture.source_width, area.height() / picture.source_height)
    width, height = round(picture.source_width * scale), round(picture.source_height * scale)
    own = picture.width / ratio, picture.height / ratio
    if abs(own[0] - width) + abs(own[1] - height) <= ROUNDING_PX:
        width, height = round(own[0]), round(own[1])
    return QRectF(area.left() + (area.width() - width) // 2, area.top(), width, height)


def is_own_size(picture: Picture, place: QRectF) -> bool:
    """Whether the picture is painted pixel by pixel into exactly its rectangle."""
    return (picture.width, picture.height) == (place.width(), place.height())


def stripes(area: QRect, place: QRect, rounding_px: int) -> tuple[QRect, ...]:
    """The stripes beside a picture of another shape than the tile, and the pixels that rounding may leave free."""
    if area.isEmpty():
        return ()
    inner = place.adjusted(rounding_px, rounding_px, -rounding_px, -rounding_px)
    found = (
        QRect(area.left(), area.top(), area.width(), inner.top() - area.top()),
        QRect(area.left(), inner.bottom() + 1, area.width(), area.bottom() - inner.bottom()),
        QRect(area.left(), inner.top(), inner.left() - area.left(), inner.height()),
        QRect(inner.right() + 1, inner.top(), area.right() - inner.right(), inner.height()),
    )
    return tuple(bar for bar in found if not bar.isEmpty())
