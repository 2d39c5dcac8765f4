"""The board of a wall without a clock: which tiles are read again, and what a region's painting touches."""

from __future__ import annotations

import time
from collections import Counter
from typing import ClassVar

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QColor, QImage, QPainter, QRegion
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.feeds import TileState, TileStatus
from app.layouts import Arrangement, grid
from tests.widgets.fakes import FakeDesk
from widgets.figures import WallFigures
from widgets.tile import GUTTER_PX, Look, Tile
from widgets.tile_board import TileBoard

SIZE = (1280, 720)
UNTOUCHED = QColor("#123456")


class CountedTile(Tile):
    """Notes how often its state was read."""

    reads: ClassVar[Counter[str]] = Counter()

    def refresh(self, count: object) -> QRect:
        """Count, and say where it was."""
        self.reads[self.feed.camera.id] += 1
        return self.cell


def board_of(qtbot: QtBot, tiles: int, tile_of: type[Tile] = Tile) -> tuple[TileBoard, FakeDesk]:
    desk, surface = FakeDesk(tiles), QWidget()
    qtbot.addWidget(surface)
    surface.resize(*SIZE)
    board = TileBoard(desk, surface, WallFigures(), lambda _camera_id: 0.0, tile_of)
    arrangement = Arrangement((), grid(1)).with_cameras(tuple(c.id for c in desk.registry().cameras))
    arrangement = arrangement.with_layout(grid(tiles))
    board.open(arrangement)
    board.place(arrangement)
    return board, desk


def painted(board: TileBoard, region: QRegion) -> QImage:
    image = QImage(*SIZE, QImage.Format.Format_RGB32)
    image.fill(UNTOUCHED)
    painter = QPainter(image)
    board.paint(painter, region, Look())
    painter.end()
    return image


def touched(image: QImage, spot: QRect) -> bool:
    return any(
        image.pixelColor(x, y) != UNTOUCHED
        for x in range(spot.left(), spot.right() + 1)
        for y in range(spot.top(), spot.bottom() + 1)
    )


@pytest.mark.parametrize(("tiles", "share"), [(16, 1 / 15), (9, 1 / 4), (4, 1 / 30), (1, 1 / 15)])
def test_every_tile_is_read_in_its_turn_and_never_all_at_once(qtbot: QtBot, tiles: int, share: float) -> None:
    board, _desk = board_of(qtbot, tiles, CountedTile)
    CountedTile.reads = Counter()
    counts = [len(board.refresh(share)) for _step in range(2 * round(1 / share))]
    assert max(counts) <= tiles * share + 1
    assert set(CountedTile.reads) == {tile.feed.camera.id for tile in board}
    assert max(CountedTile.reads.values()) - min(CountedTile.reads.values()) <= 1
    assert 2 * tiles - 1 <= sum(counts) <= 2 * tiles


def test_all_are_read_when_all_are_asked_for(qtbot: QtBot) -> None:
    board, _desk = board_of(qtbot, 9, CountedTile)
    board.refresh(0.3)
    CountedTile.reads = Counter()
    assert len(board.refresh()) == 9
    assert set(CountedTile.reads.values()) == {1}


def test_a_board_without_tiles_has_nothing_to_read(qtbot: QtBot) -> None:
    board, _desk = board_of(qtbot, 4)
    board.close()
    assert board.refresh() == board.refresh(0.1) == []


def test_a_new_picture_paints_its_tile_and_nothing_beside_it(qtbot: QtBot) -> None:
    board, desk = board_of(qtbot, 4)
    first, second = tuple(board)[:2]
    for feed in desk.feeds.values():
        feed.push()
    board.pull(30.0)
    image = painted(board, QRegion(first.area))
    assert touched(image, QRect(first.area.center(), first.area.center()))
    assert not touched(image, second.cell)
    above = QRect(first.cell.left(), first.cell.top(), first.cell.width(), first.area.top() - first.cell.top())
    assert not touched(image, above), "neither the header nor the focus frame is drawn again"
    whole = painted(board, QRegion(QRect(0, 0, *SIZE)))
    assert touched(whole, second.cell)
    assert touched(whole, QRect(first.cell.left(), first.cell.top(), first.cell.width(), GUTTER_PX))


def test_a_complex_region_is_painted_like_the_whole_wall(qtbot: QtBot) -> None:
    board, desk = board_of(qtbot, 16)
    for feed in desk.feeds.values():
        feed.push()
    board.pull(30.0)
    whole = painted(board, QRegion(QRect(0, 0, *SIZE)))
    region = QRegion()
    for tile in list(board)[::2]:
        region |= tile.area
    image = painted(board, region)
    for tile in list(board)[::2]:
        assert image.copy(tile.area) == whole.copy(tile.area)


def test_a_dead_tile_is_painted_again_only_when_it_says_something_else(qtbot: QtBot) -> None:
    board, desk = board_of(qtbot, 4)
    for feed in desk.feeds.values():
        feed.push()
    board.pull(30.0)
    live = painted(board, QRegion(QRect(0, 0, *SIZE)))
    for feed in desk.feeds.values():
        feed.push(due_s=time.monotonic() - 86_400)  # its age is told in hours: it does not change meanwhile
        feed.tile_status = TileStatus(TileState.NO_SIGNAL, attempt=2, reason="Nobody answers.")
    board.pull(30.0)
    assert all(not area.isEmpty() for area in board.refresh())
    dead = painted(board, QRegion(QRect(0, 0, *SIZE)))
    assert [area.isEmpty() for area in board.refresh()] == [True] * 4
    first = next(iter(board))
    desk.feeds[first.feed.camera.id].tile_status = TileStatus(TileState.NO_SIGNAL, attempt=3, reason="Nobody answers.")
    assert [area.isEmpty() for area in board.refresh()] == [False, True, True, True]
    corner = first.area.topLeft() + QPoint(first.area.width() // 2, 6)
    before, after = live.pixelColor(corner), dead.pixelColor(corner)
    assert after.lightness() < before.lightness() / 2
    assert max(after.red(), after.green(), after.blue()) - min(after.red(), after.green(), after.blue()) <= 2


def test_header_and_picture_never_say_two_things(qtbot: QtBot) -> None:
    """A wall that got no processor for a while: what was live at the last refresh has grown old when it is painted."""
    board, desk = board_of(qtbot, 1)
    tile, whole = next(iter(board)), QRegion(QRect(0, 0, *SIZE))
    feed = desk.feeds[tile.feed.camera.id]
    feed.push()
    board.pull(30.0)
    board.refresh()
    painted(board, whole)
    assert tile.header.state is TileState.LIVE
    feed.push(due_s=time.monotonic() - 60.0)
    board.pull(30.0)
    painted(board, whole)
    assert (tile.state, tile.header.state) == (TileState.STALE, TileState.STALE)
