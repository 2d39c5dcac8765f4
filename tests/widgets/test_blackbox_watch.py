"""What the walls show reaches the black box: once per change, with states, masks and who sits there."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.feeds import TileState, TileStatus
from storage.shown_wall import ShownWall
from tests.widgets.fakes import FakeDesk
from widgets.blackbox_watch import BlackBoxWatch
from widgets.main_window import MainWindow
from widgets.wall import Wall


class Box:
    def __init__(self) -> None:
        self.shown: list[ShownWall] = []

    def show(self, wall: ShownWall, utc_s: float) -> bool:
        self.shown.append(wall)
        return True


@pytest.fixture
def box() -> Box:
    return Box()


def test_every_change_is_told_once(qtbot: QtBot, window: MainWindow, desk: FakeDesk, box: Box) -> None:
    operator = ["anna"]
    watch = BlackBoxWatch(lambda: [window.wall], box, lambda: operator[0], window)
    (first,) = box.shown
    assert (first.window, first.monitor, first.operator_id) == (1, 1, "anna")
    assert [tile.camera_id for tile in first.tiles] == [f"c{n}" for n in range(1, 10)]
    assert first.tiles[0].rect[:2] == (0.0, 0.0)
    assert first.tiles[8].rect[2:] == (1.0, 1.0)
    assert first.tiles[0].camera == "1 Main gate"
    watch.look()
    assert len(box.shown) == 1
    window.wall.toggle_enlarged()
    assert [tile.rect for tile in box.shown[-1].tiles] == [(0.0, 0.0, 1.0, 1.0)]
    window.wall.toggle_overlay()
    watch.look()
    assert not box.shown[-1].tiles[0].overlay
    operator[0] = ""
    watch.look()
    assert box.shown[-1].operator_id == ""
    assert len(box.shown) == 4
    watch.close()
    assert box.shown[-1].tiles == ()
    window.wall.toggle_enlarged()
    assert len(box.shown) == 5


def test_states_and_ages_are_those_that_are_painted(window: MainWindow, desk: FakeDesk, box: Box) -> None:
    window.wall.choose_layout(4)
    watch = BlackBoxWatch(lambda: [window.wall], box, lambda: "", window)
    assert {(tile.state, tile.stream, tile.age) for tile in box.shown[-1].tiles} == {("connecting", "", 8)}
    tile = window.wall.tiles[0]
    tile.feed.push()  # type: ignore[attr-defined]  # the fake's
    window.wall._on_tick()
    watch.look()
    assert (box.shown[-1].tiles[0].state, box.shown[-1].tiles[0].stream) == ("live", "main")
    tile.feed.tile_status = TileStatus(TileState.NO_SIGNAL, reason="x")  # type: ignore[attr-defined]  # the fake's
    window.wall._on_refresh()
    watch.look()
    assert box.shown[-1].tiles[0].state == "no_signal"
    watch.close()


def test_windows_come_and_go(qtbot: QtBot, window: MainWindow, desk: FakeDesk, box: Box) -> None:
    other = Wall(desk)
    qtbot.addWidget(other)
    other.show_cameras(("c1", "c2"))
    walls = [window.wall, other]
    watch = BlackBoxWatch(lambda: walls, box, lambda: "", QObject(window))
    assert [(shown.window, len(shown.tiles)) for shown in box.shown] == [(1, 9), (2, 0)], "the other is hidden"
    other.show()
    watch.look()
    assert (box.shown[-1].window, len(box.shown[-1].tiles)) == (2, 2)
    del walls[1]
    watch.look()
    assert (box.shown[-1].window, len(box.shown[-1].tiles)) == (2, 0)
    watch.close()
    other.close()
