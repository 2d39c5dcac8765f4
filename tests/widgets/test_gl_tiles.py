"""Pictures of planes on a wall that paints itself: the moment after OpenGL failed, and before the next picture."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPainter, QRegion

from app.feeds import PlanarFeed, TileState, TileStatus
from app.stream_choice import Wish
from tests.widgets.fakes import FakeDesk, FakeFeed, picture
from tests.widgets.gl_drawing import made, scene
from video.planes import PLANES
from widgets.figures import TileCount
from widgets.tile import Look, Tile
from widgets.tile_view import TileView

CELL = QRect(0, 0, 340, 220)
RED = QColor(230, 40, 40)


class PlainFeed(FakeFeed):
    """Gives what it is asked for."""

    planar = False

    def give_planes(self, *, planes: bool) -> None:
        self.planar = planes

    def push(self, due_s: float | None = None) -> None:
        given = made(scene(), self.wanted, PLANES if self.planar else "bgra")
        young = picture(self.camera.id, 1)
        self._picture = replace(given, due_s=young.due_s, utc_s=young.utc_s)


def tile_of(*, planar: bool, view: TileView | None = None) -> Tile:
    camera = FakeDesk().registry().cameras[0]
    tile = Tile(PlainFeed(camera))
    tile.planar = planar
    tile.view = view or TileView()
    tile.place(CELL, 1.0)
    tile.want(visible=True)
    assert isinstance(tile.feed, PlainFeed)
    tile.feed.push()
    assert tile.pull(TileCount(), 30.0)
    return tile


def painted(tile: Tile, look: Look) -> QImage:
    image = QImage(CELL.size(), QImage.Format.Format_RGB32)
    image.fill(QColor("#ff00ff"))
    painter = QPainter(image)
    tile.paint(painter, QRegion(CELL), look)
    painter.end()
    return image


def test_a_tile_asks_only_a_feed_that_has_planes(qapp: object) -> None:
    assert isinstance(PlainFeed(FakeDesk().registry().cameras[0]), PlanarFeed)
    assert not isinstance(FakeFeed(FakeDesk().registry().cameras[0]), PlanarFeed)
    tile = tile_of(planar=True)
    assert tile.picture is not None
    assert tile.picture.pixel_format == PLANES
    assert tile.beneath
    assert not tile_of(planar=False).beneath
    assert Wish(1, 1, planes=True) != Wish(1, 1)


@pytest.mark.parametrize("view", [TileView(), TileView(zoom=2.0, x=0.2, y=0.2), TileView(mirrored=True)])
def test_planes_are_painted_like_pixels_without_a_graphics_card(qapp: object, view: TileView) -> None:
    planes, pixels = (painted(tile_of(planar=planar, view=view), Look()) for planar in (True, False))
    apart = 0
    for x in range(4, CELL.width() - 4, 7):
        for y in range(26, CELL.height() - 4, 7):
            one, other = planes.pixelColor(x, y), pixels.pixelColor(x, y)
            near = max(abs(one.red() - other.red()), abs(one.green() - other.green()), abs(one.blue() - other.blue()))
            apart += near > 16
    assert apart < 60, "but for edges all of 1,300 are alike"


def test_what_lies_beneath_is_left_alone_and_masked(qapp: object) -> None:
    tile = tile_of(planar=True)
    middle, masked = tile.area.center(), tile.area.topLeft()
    tile.masking.show((((0.0, 0.0), (0.2, 0.0), (0.2, 0.2), (0.0, 0.2)),), 0.0)
    image = painted(tile, Look(beneath=True))
    assert image.pixelColor(middle) == QColor("#ff00ff")
    assert image.pixelColor(masked.x() + 10, masked.y() + 10) != QColor("#ff00ff")


def test_a_stale_picture_of_planes_is_grey_and_said(qapp: object) -> None:
    tile = tile_of(planar=True)
    assert isinstance(tile.feed, PlainFeed)
    tile.feed.tile_status = TileStatus(TileState.NO_SIGNAL)
    tile.refresh(TileCount())
    assert not tile.beneath
    image = painted(tile, Look(beneath=True))
    seen = image.pixelColor(tile.area.left() + 60, tile.area.top() + 40)
    assert seen.saturation() < 30
    assert seen != QColor("#ff00ff")
