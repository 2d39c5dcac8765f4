"""Further monitors: windows opened, used and closed by key; remembered, lost with their monitor and back with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.sign_in import SeatChanged
from app.wall_store import MonitorId, WallPlace, WallStore
from storage.case_commands import OpenIncident
from storage.records import Neighbour, Role
from tests.widgets.fakes import FakeDesk, alarm
from widgets import theme
from widgets.main_window import MainWindow
from widgets.wall_window import WallWindow, identity_of

Key, Modifier = Qt.Key, Qt.KeyboardModifier
ROOT = Path(__file__).resolve().parents[2]


def at_once(work: Callable[[], None]) -> bool:
    work()
    return True


@pytest.fixture
def second(window: MainWindow, qtbot: QtBot) -> WallWindow:
    """A wall window that has the keyboard; the wall of the main window shows four tiles."""
    QTest.keyClick(window.wall, Key.Key_2, Modifier.AltModifier)
    QTest.keyClick(window.wall, Key.Key_F6)
    made = window.walls.windows[0]
    qtbot.waitUntil(made.wall.hasFocus)
    return made


def test_another_window_goes_on_where_the_wall_ends(window: MainWindow, second: WallWindow) -> None:
    assert window.wall.arrangement.on_page == ("c1", "c2", "c3", "c4")
    assert second.wall.arrangement.on_page == ("c5", "c6", "c7", "c8")
    assert not second.isFullScreen()  # the only monitor is the main window's


def test_keys_go_to_the_wall_of_the_focused_window(window: MainWindow, second: WallWindow) -> None:
    QTest.keyClick(second.wall, Key.Key_1, Modifier.AltModifier)
    QTest.keyClick(second.wall, Key.Key_PageDown)
    QTest.keyClick(second.wall, Key.Key_O)
    assert (len(second.wall.arrangement.layout), second.wall.look.overlay) == (1, False)
    assert (len(window.wall.arrangement.layout), window.wall.look.overlay) == (4, True)
    QTest.keyClick(second.wall, Key.Key_Backspace)
    assert len(second.wall.arrangement.layout) == 4


def test_keys_of_another_alphabet_reach_it_too(second: WallWindow) -> None:
    QTest.keyClick(second.wall, Qt.Key(0x0429), Modifier.NoModifier)  # no Latin letter: nothing happens
    assert second.wall.look.overlay


def test_an_incident_is_entered_about_the_tile_of_that_window(
    window: MainWindow, second: WallWindow, desk: FakeDesk, qtbot: QtBot
) -> None:
    QTest.keyClick(second.wall, Key.Key_E)
    qtbot.waitUntil(window.isActiveWindow)
    assert window.panel.choice.hasFocus()
    question = window.panel.choice.question
    assert question is not None
    QTest.keyClick(window.panel.choice, Qt.Key(ord(question.options[0].letter)))
    QTest.keyClick(window.panel.choice.note, Key.Key_Return)
    command = desk.commands[-1]
    assert isinstance(command, OpenIncident)
    assert command.camera_id == "c5"
    qtbot.waitUntil(second.isActiveWindow)  # the keyboard is given back


def test_acknowledging_leaves_the_keyboard_where_it_is(window: MainWindow, second: WallWindow, desk: FakeDesk) -> None:
    desk.change(alarms=(alarm(5),))
    QTest.keyClick(second.wall, Key.Key_Space)
    assert desk.asked == [("acknowledge_alarm", "a5")]
    assert second.isActiveWindow()


def test_alarms_are_marked_on_every_wall_also_on_a_later_one(
    window: MainWindow, second: WallWindow, desk: FakeDesk, qtbot: QtBot
) -> None:
    desk.change(alarms=(alarm(5),))
    qtbot.waitUntil(lambda: [t.feed.camera.id for t in second.wall.tiles if t.alarmed] == ["c5"])
    third = window.walls.open_next()
    third.wall.show_cameras(("c5",))
    assert [tile.alarmed for tile in third.wall.tiles] == [True]


def test_masks_come_back_on_every_wall_when_somebody_else_sits_here(window: MainWindow, second: WallWindow) -> None:
    second.wall.lifts.lift("c5")
    window.walls.show_seat(SeatChanged("boris", "Boris", Role.OPERATOR))
    assert second.wall.lifts.left_s("c5") == 0


def test_the_keyboard_goes_round_the_windows(window: MainWindow, second: WallWindow, qtbot: QtBot) -> None:
    QTest.keyClick(second.wall, Key.Key_F7)
    qtbot.waitUntil(window.wall.hasFocus)
    QTest.keyClick(window.wall, Key.Key_F7)
    qtbot.waitUntil(second.wall.hasFocus)


def test_a_window_is_closed_by_key_and_gives_its_cameras_back(
    window: MainWindow, second: WallWindow, desk: FakeDesk, qtbot: QtBot
) -> None:
    feed = desk.feeds["c5"]
    QTest.keyClick(second.wall, Key.Key_W, Modifier.ControlModifier)
    assert (window.walls.windows, feed.closed) == ([], True)
    assert window.isVisible()


def test_closing_it_leaves_the_keyboard_with_the_main_window(
    window: MainWindow, second: WallWindow, qtbot: QtBot
) -> None:
    QTest.keyClick(second.wall, Key.Key_W, Modifier.ControlModifier)
    qtbot.waitUntil(lambda: window.isActiveWindow() and window.wall.hasFocus())


def test_escape_out_of_a_page_leads_back_to_the_window_that_asked_for_it(
    window: MainWindow, second: WallWindow, qtbot: QtBot
) -> None:
    for pressed in (Key.Key_L, Key.Key_F1, Key.Key_I):
        QTest.keyClick(second.wall, pressed)
        qtbot.waitUntil(window.isActiveWindow)
        QTest.keyClick(window.focusWidget(), Key.Key_Escape)
        qtbot.waitUntil(second.wall.hasFocus)
        assert window.panel.pages.currentWidget() is window.panel.work


def test_who_went_to_the_main_wall_meanwhile_stays_there(window: MainWindow, second: WallWindow, qtbot: QtBot) -> None:
    QTest.keyClick(second.wall, Key.Key_L)
    qtbot.waitUntil(window.isActiveWindow)
    QTest.mouseClick(window.wall, Qt.MouseButton.LeftButton)
    QTest.keyClick(window.wall, Key.Key_L)  # away
    QTest.keyClick(window.wall, Key.Key_L)  # and there again
    QTest.keyClick(window.focusWidget(), Key.Key_Escape)
    for _turn in range(5):  # a window is activated by an event
        QApplication.processEvents()
    assert window.wall.hasFocus()
    assert window.isActiveWindow()


def test_escape_closes_the_replay_before_the_full_screen(window: MainWindow, second: WallWindow) -> None:
    second.toggle_full_screen()
    QTest.keyClick(second.wall, Key.Key_R)
    assert window.panel.replay.isVisible()
    QTest.keyClick(second.wall, Key.Key_Escape)
    assert (window.panel.replay.isVisible(), second.isFullScreen()) == (False, True)
    QTest.keyClick(second.wall, Key.Key_Escape)
    assert not second.isFullScreen()


def test_a_tile_is_dragged_to_the_wall_of_another_window(window: MainWindow, second: WallWindow) -> None:
    window.panel.hide()
    window.setGeometry(0, 0, 700, 400)  # both on the one small screen, side by side
    second.setGeometry(0, 450, 480, 270)
    QApplication.processEvents()
    start = second.wall.tiles[0].cell.center()
    there = window.wall.mapToGlobal(window.wall.tiles[3].cell.center())
    QTest.mousePress(second.wall, Qt.MouseButton.LeftButton, Modifier.NoModifier, start)
    QTest.mouseMove(second.wall, start - start / 2)
    QApplication.processEvents()
    QTest.mouseRelease(second.wall, Qt.MouseButton.LeftButton, Modifier.NoModifier, second.wall.mapFromGlobal(there))
    assert window.wall.arrangement.on_page == ("c1", "c2", "c3", "c5")
    assert second.wall.arrangement.on_page == ("c5", "c6", "c7", "c8")


def test_windows_of_missing_monitors_wait_and_are_not_forgotten(window: MainWindow, tmp_path: Path) -> None:
    store = WallStore(tmp_path / "wall_windows.toml", at_once)
    here = identity_of(QGuiApplication.primaryScreen())
    away = WallPlace(MonitorId("Dell", "U2720Q", "ABC", "DP-9"), "grid:4", ("c1",))
    store.keep((WallPlace(here, "grid:4", ("c9", "", "c2"), 2, full_screen=False, area=(5, 5, 640, 360)), away))
    window.walls.restore(store)
    (shown,) = window.walls.windows
    assert (shown.wall.arrangement.on_page, shown.wall.arrangement.focused) == (("c9", "", "c2", ""), "c2")
    assert (shown.width(), shown.height()) == (640, 360)
    window.close()
    assert {place.monitor.name for place in store.load()} == {here.name, "DP-9"}
    assert away in store.load()


def test_a_change_is_remembered_before_the_end(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    path = tmp_path / "wall_windows.toml"
    window.walls.restore(WallStore(path, at_once))
    window.walls.open_next()
    qtbot.waitUntil(lambda: len(WallStore(path, at_once).load()) == 1)


def test_the_main_wall_is_as_it_was_left(window: MainWindow, desk: FakeDesk, qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "wall_windows.toml"
    window.walls.restore(WallStore(path, at_once), main=True)
    window.wall.choose_layout(4)
    window.wall.call_up("c7")
    window.wall.turn_page(1)
    left = window.wall.arrangement
    window.wall.pursue("c1", {})  # what only lasts a while is not it
    window.walls.close_all()
    later = MainWindow(desk)
    qtbot.addWidget(later)
    later.walls.restore(WallStore(path, at_once), main=True)
    assert later.wall.arrangement == left
    plain = MainWindow(desk)
    qtbot.addWidget(plain)
    plain.walls.restore(WallStore(path, at_once))
    assert plain.wall.arrangement != left


def test_what_nobody_did_by_hand_is_not_written_down(window: MainWindow, second: WallWindow, tmp_path: Path) -> None:
    written: list[int] = []
    store = WallStore(tmp_path / "wall_windows.toml", lambda _work: not written.append(1))  # type: ignore[func-returns-value]  # None: taken
    window.walls.restore(store, main=True)
    for wall in (window.wall, second.wall):
        wall.give(wall.arrangement.turned(1), {})
    assert not window.walls.remembering
    second.wall.turn_page(1)
    assert window.walls.remembering


def test_the_hot_key_acts_on_the_wall_of_its_window(
    window: MainWindow, second: WallWindow, desk: FakeDesk, qtbot: QtBot
) -> None:
    desk.extend(neighbours=(Neighbour("c5", "right", "c6"),))
    QTest.keyClick(second.wall, Key.Key_Insert)
    assert (second.wall.pursued, window.wall.pursued) == ("c5", "")
    qtbot.waitUntil(window.panel.choice.hasFocus)
    QTest.keyClick(window.panel.choice, Key.Key_Escape)
    qtbot.waitUntil(second.wall.hasFocus)
    QTest.keyClick(second.wall, Key.Key_Right)
    assert second.wall.pursued == "c6"
    QTest.keyClick(window.wall, Key.Key_Right)
    assert window.wall.arrangement.focused == "c2"  # its arrows are its own
    window.pursuit.begin("c1", 0.0)  # one at a time
    assert (second.wall.pursued, window.wall.pursued) == ("", "c1")


def test_the_frame_of_a_wall_without_the_keyboard_is_another(window: MainWindow, second: WallWindow) -> None:
    with_keys, without = (wall.grab().toImage() for wall in (second.wall, window.wall))
    assert second.wall.hasFocus()
    corner = second.wall.tiles[0].cell
    assert with_keys.pixelColor(corner.left() + 1, corner.center().y()).name() == theme.ACCENT
    row = {without.pixelColor(1, y).name() for y in range(20, window.wall.tiles[0].cell.height())}
    assert theme.ACCENT not in row
    assert len(row) > 1  # broken, so that it is not told by colour alone


@pytest.fixture(scope="module")
def monitors(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """What `two_screens` saw, in a process of its own: the screens are given before Qt begins."""
    folder = tmp_path_factory.mktemp("monitors")
    command = [sys.executable, "-m", "tests.widgets.two_screens", str(folder)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), folder


def test_a_second_monitor_has_its_own_pixel_ratio(monitors: tuple[dict[str, Any], Path]) -> None:
    main, wall = monitors[0]["opened"]
    assert (main["screen"], main["ratio"], wall["screen"], wall["ratio"]) == ("LEFT", 1.0, "RIGHT", 2.0)
    assert (wall["full"], wall["size"]) == (True, [1280, 720])
    assert wall["wanted"][0] > 1280 / 2  # pictures in device pixels
    sizes = [QImage(str(monitors[1] / f"wall-{number}.png")).size().toTuple() for number in (1, 2)]
    assert sizes == [(1600, 900), (2560, 1440)]


def test_a_window_is_moved_to_the_next_monitor_and_takes_its_pixels(monitors: tuple[dict[str, Any], Path]) -> None:
    moved, part = monitors[0]["moved"][1], monitors[0]["part"][1]
    assert (moved["screen"], moved["full"], moved["ratio"], moved["size"]) == ("LEFT", True, 1.0, [1600, 900])
    assert (part["screen"], part["full"], part["ratio"]) == ("RIGHT", False, 2.0)
    assert part["size"][0] < 1280


def test_a_window_goes_with_its_monitor_and_comes_back_with_it(monitors: tuple[dict[str, Any], Path]) -> None:
    found = monitors[0]
    assert found["unplugged"] == found["opened"][:1]  # nothing jumped onto the main window's monitor
    assert found["back"] == found["opened"]


def test_a_kiosk_fills_its_monitor_and_no_window_covers_it(monitors: tuple[dict[str, Any], Path]) -> None:
    (kiosk,) = monitors[0]["kiosk"]
    assert (kiosk["screen"], kiosk["full"], kiosk["size"]) == ("RIGHT", True, [1280, 720])
    assert kiosk["tiles"] == ["c1", "c2", "c3", "c4"]


def test_the_next_start_has_the_window_again_and_a_closed_one_not(monitors: tuple[dict[str, Any], Path]) -> None:
    found = monitors[0]
    assert found["restored"][1] == found["opened"][1]
    assert found["remembered"] == 0
