"""The wall under real keys and clicks: what is shown, what feeds are asked, what a tile admits."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.feeds import TileState, TileStatus
from tests.widgets.conftest import opened
from tests.widgets.fakes import FakeDesk
from widgets import theme
from widgets.main_window import MainWindow
from widgets.wall import FAST_MS, NORMAL_MS, Wall

Key = Qt.Key


def on_page(wall: Wall) -> tuple[str, ...]:
    return wall.arrangement.on_page


def shown(wall: Wall) -> list[str]:
    return [tile.feed.camera.id for tile in wall.tiles]


def states(wall: Wall) -> list[TileState]:
    return [tile.state for tile in wall.tiles]


def pushed(qtbot: QtBot, window: MainWindow, desk: FakeDesk, camera_id: str, due_s: float | None = None) -> None:
    """A picture is pushed and the wall has painted it."""
    tile = next(t for t in window.wall.tiles if t.feed.camera.id == camera_id)
    painted = window.wall.figures.tile(camera_id).totals(0.0)[0]
    desk.feeds[camera_id].push(due_s)
    qtbot.waitUntil(lambda: window.wall.figures.tile(camera_id).totals(0.0)[0] > painted)
    assert tile.picture is not None


def grabbed(window: MainWindow) -> QImage:
    return window.wall.grab().toImage()


def test_every_camera_gets_a_tile_in_number_order(window: MainWindow) -> None:
    assert shown(window.wall) == [f"c{n}" for n in range(1, 10)]


def test_tiles_ask_for_their_device_pixels(window: MainWindow, desk: FakeDesk) -> None:
    for tile in window.wall.tiles:
        ratio = window.wall.devicePixelRatioF()
        assert desk.feeds[tile.feed.camera.id].wanted == (
            int(tile.area.width() * ratio),
            int(tile.area.height() * ratio),
        )


def test_a_hidden_wall_asks_for_nothing(window: MainWindow, desk: FakeDesk) -> None:
    window.hide()
    assert {feed.wanted for feed in desk.feeds.values()} == {(0, 0)}


def test_picture_reaches_the_screen_one_to_one(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    pushed(qtbot, window, desk, "c2")
    tile = window.wall.tiles[1]
    assert tile.picture is not None
    left = tile.area.left() + (tile.area.width() - tile.picture.width) // 2
    top = tile.area.top()
    source = QImage(
        tile.picture.pixels,
        tile.picture.width,
        tile.picture.height,
        tile.picture.stride,
        QImage.Format.Format_RGB32,
    )
    image = grabbed(window)
    spots = [(x, y) for x in range(8, source.width() - 8, 13) for y in range(8, source.height() - 8, 11)]
    wrong = [s for s in spots if image.pixelColor(left + s[0], top + s[1]).rgb() != source.pixelColor(*s).rgb()]
    assert wrong == []


def test_nothing_old_shows_beside_a_picture(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    window.wall.toggle_enlarged()
    desk.feeds["c1"].tile_status = TileStatus(TileState.NO_SIGNAL, reason="No answer.")
    qtbot.waitUntil(lambda: states(window.wall) == [TileState.NO_SIGNAL])
    desk.feeds["c1"].tile_status = TileStatus(TileState.LIVE, fps=15)
    pushed(qtbot, window, desk, "c1")
    qtbot.waitUntil(lambda: states(window.wall) == [TileState.LIVE])
    window.resize(1400, 1000)
    pushed(qtbot, window, desk, "c1")
    area = window.wall.tiles[0].area
    image = grabbed(window)
    beside = {image.pixelColor(area.center().x(), area.bottom() - above).name() for above in (2, 20)}
    assert beside == {theme.WALL}


def test_call_up_by_number(qtbot: QtBot, window: MainWindow) -> None:
    QTest.keyClick(window.wall, Key.Key_Right)
    QTest.keyClicks(window.wall, "9")
    assert window.wall.entry == "9"
    QTest.keyClick(window.wall, Key.Key_Return)
    assert on_page(window.wall)[:2] == ("c1", "c9")
    assert on_page(window.wall)[8] == "c2"
    assert window.wall.entry == ""


def test_an_unknown_number_changes_nothing_and_stays_to_be_corrected(qtbot: QtBot, window: MainWindow) -> None:
    before = window.wall.arrangement
    QTest.keyClicks(window.wall, "77")
    QTest.keyClick(window.wall, Key.Key_Return)
    assert (window.wall.arrangement, window.wall.entry) == (before, "77")
    QTest.keyClick(window.wall, Key.Key_Backspace)
    assert window.wall.entry == "7"
    QTest.keyClick(window.wall, Key.Key_Escape)
    assert window.wall.entry == ""


def test_entry_badge_is_painted(qtbot: QtBot, window: MainWindow) -> None:
    before = grabbed(window)
    QTest.keyClicks(window.wall, "4")
    assert grabbed(window) != before


def test_enlarge_by_enter_and_back(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    small = desk.feeds["c1"].wanted
    QTest.keyClick(window.wall, Key.Key_Return)
    assert shown(window.wall) == ["c1"]
    assert desk.feeds["c1"].wanted > small
    assert desk.feeds["c2"].wanted == (0, 0)
    assert not desk.feeds["c2"].closed
    QTest.keyClick(window.wall, Key.Key_Escape)
    assert len(shown(window.wall)) == 9
    assert desk.feeds["c1"].wanted == small


def test_enlarge_by_double_click(qtbot: QtBot, window: MainWindow) -> None:
    centre = window.wall.tiles[4].cell.center()
    QTest.mouseClick(window.wall, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, centre)
    assert window.wall.arrangement.focused == "c5"
    QTest.mouseDClick(window.wall, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, centre)
    assert shown(window.wall) == ["c5"]
    QTest.mouseDClick(window.wall, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(50, 50))
    assert len(shown(window.wall)) == 9


def test_arrows_move_the_focus(qtbot: QtBot, window: MainWindow) -> None:
    for pressed, camera_id in ((Key.Key_Right, "c2"), (Key.Key_Down, "c5"), (Key.Key_Left, "c4"), (Key.Key_Up, "c1")):
        QTest.keyClick(window.wall, pressed)
        assert window.wall.arrangement.focused == camera_id


@pytest.mark.parametrize(("digit", "tiles"), [(Key.Key_1, 1), (Key.Key_2, 4), (Key.Key_3, 9), (Key.Key_4, 9)])
def test_layout_keys(qtbot: QtBot, window: MainWindow, desk: FakeDesk, digit: Qt.Key, tiles: int) -> None:
    QTest.keyClick(window.wall, digit, Qt.KeyboardModifier.AltModifier)
    assert len(shown(window.wall)) == tiles
    open_feeds = [c for c, feed in desk.feeds.items() if not feed.closed]
    assert open_feeds == shown(window.wall)


def test_pages(qtbot: QtBot, window: MainWindow) -> None:
    QTest.keyClick(window.wall, Key.Key_2, Qt.KeyboardModifier.AltModifier)
    QTest.keyClick(window.wall, Key.Key_PageDown)
    assert shown(window.wall) == ["c5", "c6", "c7", "c8"]
    QTest.keyClick(window.wall, Key.Key_PageUp)
    QTest.keyClick(window.wall, Key.Key_PageUp)
    assert shown(window.wall) == ["c9"]


def test_timer_is_faster_for_few_tiles(window: MainWindow) -> None:
    assert window.wall.timer_hz == pytest.approx(1000 / NORMAL_MS)
    window.wall.choose_layout(4)
    assert window.wall.timer_hz == pytest.approx(1000 / FAST_MS)


def test_a_fresh_picture_is_live_and_an_old_one_stale(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    pushed(qtbot, window, desk, "c1")
    assert states(window.wall)[0] is TileState.LIVE
    pushed(qtbot, window, desk, "c1", time.monotonic() - 12)
    assert states(window.wall)[0] is TileState.STALE
    tile = window.wall.tiles[0]
    image = grabbed(window)
    spot = tile.area.topLeft() + QPoint(20, 20)
    colour = image.pixelColor(spot)
    assert max(colour.red(), colour.green(), colour.blue()) - min(colour.red(), colour.green(), colour.blue()) < 4


def test_no_signal_says_why(qtbot: QtBot, window: MainWindow, desk: FakeDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[object, ...]] = []
    monkeypatch.setattr("widgets.tile.draw_message", lambda _painter, _rect, *words, **_more: said.append(words))
    desk.feeds["c3"].tile_status = TileStatus(TileState.NO_SIGNAL, attempt=4, reason="The camera refuses the login.")
    qtbot.waitUntil(lambda: (TileState.NO_SIGNAL, "NO SIGNAL", "The camera refuses the login. Attempt 4.") in said)
    desk.feeds["c3"].tile_status = TileStatus(TileState.CONNECTING, attempt=5)
    qtbot.waitUntil(lambda: (TileState.CONNECTING, "CONNECTING · attempt 5", "") in said)


def test_notice_changes_the_tile(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    pushed(qtbot, window, desk, "c1")
    tile = window.wall.tiles[0]
    foot = tile.area.adjusted(4, tile.area.height() - 12, 0, 0)
    before = grabbed(window).copy(foot)
    desk.feeds["c1"].tile_status = TileStatus(TileState.LIVE, fps=15, notice="Analytics paused.")
    qtbot.waitUntil(lambda: tile.status.notice != "")
    assert grabbed(window).copy(foot) != before


def test_overlay_key(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    desk.feeds["c2"].show_tracks(frozenset({7}))
    pushed(qtbot, window, desk, "c2")
    area = window.wall.tiles[1].area
    drawn = grabbed(window).copy(area)
    QTest.keyClick(window.wall, Key.Key_O)
    assert grabbed(window).copy(area) != drawn
    QTest.keyClick(window.wall, Key.Key_O)
    assert grabbed(window).copy(area) == drawn


def test_figures_count_shown_pictures(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    for _number in range(3):
        pushed(qtbot, window, desk, "c1")
    figures = window.wall.figures.read()
    assert figures.tiles == 1
    assert window.wall.figures.first_picture_s is not None
    assert figures.frame_age_p50_ms is not None
    qtbot.waitUntil(lambda: window.wall.figures.read().gui_stall_p99_ms is not None)


def test_closing_the_window_gives_every_feed_back(window: MainWindow, desk: FakeDesk) -> None:
    window.close()
    assert all(feed.closed for feed in desk.feeds.values())


def test_sixteen_tiles_paint(qtbot: QtBot) -> None:
    desk = FakeDesk(16)
    window = opened(qtbot, desk)
    for feed in desk.feeds.values():
        feed.running = True
    qtbot.waitUntil(lambda: window.wall.figures.read().tiles == 16)
    assert window.wall.live_count() == 16
    window.close()


def test_nothing_ever_lies_over_the_wall(qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> None:
    for name, action in window.actions_by_name.items():
        if name not in ("quit", "full_screen", "wall_window"):
            action.trigger()
            assert QApplication.activeModalWidget() is None
    tops = [w for w in QApplication.topLevelWidgets() if w.isVisible() and w is not window]
    assert tops == []
    assert not window.panel.geometry().intersects(window.wall.geometry())
