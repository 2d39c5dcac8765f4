"""How a picture lies in its tile: zoomed, moved, turned, mirrored, filling. Pure geometry with Qt's transforms.

The source's unit square is mirrored, then turned clockwise by quarters, then scaled and put into the tile's area.
`x` and `y` say which point of the picture as it is shown (0..1) is in the middle of the tile while it is zoomed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from PySide6.QtCore import QPointF, QRect, QRectF
from PySide6.QtGui import QTransform

MOST_ZOOM = 16.0
ZOOM_STEP = 1.5
PAN_STEP = 0.25
"""Of what is seen."""
_MIRROR = QTransform(-1, 0, 0, 1, 1, 0)
_QUARTER = QTransform(0, 1, -1, 0, 1, 0)


@dataclass(frozen=True, slots=True)
class TileView:
    """One camera's view; the default shows the whole picture as it is."""

    zoom: float = 1.0
    x: float = 0.5
    y: float = 0.5
    quarters: int = 0
    mirrored: bool = False
    filled: bool = False

    @property
    def plain(self) -> bool:
        """The whole picture as it is: nothing has to be transformed."""
        return self == _PLAIN

    @property
    def enlarged(self) -> bool:
        """Whether a part of the picture is looked at."""
        return self.zoom > 1.0

    @property
    def word(self) -> str:
        """What the header says, so that nobody takes a part for the whole or left for right."""
        zoom = f"{self.zoom:.1f}×" if self.enlarged else ""
        turn = f"{self.quarters * 90}°" if self.quarters else ""
        return " ".join(filter(None, (zoom, turn, "⇋" if self.mirrored else "")))

    def whole(self) -> TileView:
        """Without zoom."""
        return replace(self, zoom=1.0, x=0.5, y=0.5)

    def turned(self) -> TileView:
        """By a quarter clockwise, around the tile's middle."""
        return replace(self, quarters=(self.quarters + 1) % 4, x=1.0 - self.y, y=self.x)

    def flipped(self) -> TileView:
        """Left and right exchanged as they are seen now."""
        return replace(self, quarters=-self.quarters % 4, mirrored=not self.mirrored, x=1.0 - self.x)

    def refilled(self) -> TileView:
        """The tile filled, or the whole picture."""
        return replace(self, filled=not self.filled)

    def placed(self, area: QRect, width: float, height: float) -> QRectF:
        """Where the whole picture of this shape lies, parts outside `area` too; directly under the header while it
        fits."""
        if self.quarters % 2:
            width, height = height, width
        choose = max if self.filled else min
        scale = choose(area.width() / width, area.height() / height) * self.zoom
        width, height = width * scale, height * scale
        room = QRectF(area)
        left = _put(room.left(), room.width(), width, self.x, slack=0.5)
        return QRectF(left, _put(room.top(), room.height(), height, self.y, slack=0.0), width, height)

    def unit(self, rect: QRectF) -> QTransform:
        """From the source's unit square to where the picture lies."""
        oriented = _MIRROR if self.mirrored else QTransform()
        for _turn in range(self.quarters):
            oriented = oriented * _QUARTER
        return oriented * QTransform(rect.width(), 0, 0, rect.height(), rect.left(), rect.top())

    def zoomed(self, factor: float, rect: QRectF, area: QRect, spot: QPointF | None = None) -> TileView:
        """Nearer or further; what lies under `spot` (else in the middle) stays there as far as the edges allow."""
        zoom = min(max(self.zoom * factor, 1.0), MOST_ZOOM)
        if zoom == self.zoom or rect.isEmpty():
            return self
        growth, room = zoom / self.zoom, QRectF(area)
        fixed = spot or room.intersected(rect).center()
        left, top = fixed.x() - (fixed.x() - rect.left()) * growth, fixed.y() - (fixed.y() - rect.top()) * growth
        width, height = rect.width() * growth, rect.height() * growth
        x, y = (room.center().x() - left) / width, (room.center().y() - top) / height
        return replace(self, zoom=zoom, x=_kept(x, room.width() / width), y=_kept(y, room.height() / height))

    def panned(self, right: float, down: float, rect: QRectF, area: QRect) -> TileView:
        """By shares of what is seen, to the edge at most."""
        if rect.isEmpty():
            return self
        wide, high = min(area.width() / rect.width(), 1.0), min(area.height() / rect.height(), 1.0)
        return replace(self, x=_kept(self.x + right * wide, wide), y=_kept(self.y + down * high, high))


_PLAIN = TileView()


def _put(begin: float, room: float, size: float, middle: float, *, slack: float) -> float:
    """Where a stretch of `size` begins: inside the room when it fits, else so that `middle` is in the room's middle."""
    if size <= room:
        return float(begin + round((room - size) * slack))
    return min(max(begin + room / 2 - middle * size, begin + room - size), begin)


def _kept(middle: float, share: float) -> float:
    half = min(share, 1.0) / 2
    return min(max(middle, half), 1.0 - half)
