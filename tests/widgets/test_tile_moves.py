"""Tiles moved on the wall by keyboard and mouse, and taken back."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.layouts import Side, grid
from tests.widgets.fakes import FakeDesk
from widgets.main_window import MainWindow

Key, Modifier = Qt.Key, Qt.KeyboardModifier
ORDER = tuple(f"c{n}" for n in range(1, 10))


def middle(window: MainWindow, camera_id: str) -> QPoint:
    return next(tile.cell.center() for tile in window.wall.tiles if tile.feed.camera.id == camera_id)


def drag(window: MainWindow, start: QPoint, end: QPoint) -> None:
    QTest.mousePress(window.wall, Qt.MouseButton.LeftButton, Modifier.NoModifier, start)
    for step in (1, 2, 3):
        QTest.mouseMove(window.wall, start + (end - start) * step / 3)
        QApplication.processEvents()
    QTest.mouseRelease(window.wall, Qt.MouseButton.LeftButton, Modifier.NoModifier, end)


def test_shift_and_an_arrow_exchange_and_backspace_takes_back(window: MainWindow) -> None:
    wall = window.wall
    QTest.keyClick(wall, Key.Key_Right, Modifier.ShiftModifier)
    QTest.keyClick(wall, Key.Key_Down, Modifier.ShiftModifier)
    assert wall.arrangement.order == ("c2", "c5", "c3", "c4", "c1", "c6", "c7", "c8", "c9")
    assert wall.arrangement.focused == "c1"
    QTest.keyClick(wall, Key.Key_Backspace)
    assert wall.arrangement.order[:2] == ("c2", "c1")
    QTest.keyClick(wall, Key.Key_Backspace)
    assert wall.arrangement.order == ORDER
    QTest.keyClick(wall, Key.Key_Backspace)
    assert wall.arrangement.order == ORDER
    assert "undo" in window.panel.toast.text


def test_every_change_of_the_arrangement_can_be_taken_back(window: MainWindow) -> None:
    wall = window.wall
    QTest.keyClick(wall, Key.Key_2, Modifier.AltModifier)
    for key in (Key.Key_7, Key.Key_Return):  # a camera called up
        QTest.keyClick(wall, key)
    QTest.keyClick(wall, Key.Key_Right, Modifier.ShiftModifier | Modifier.AltModifier)
    assert (len(wall.arrangement.layout), wall.arrangement.focused) == (3, "c7")
    for tiles, first in ((4, "c7"), (4, "c1"), (9, "c1")):
        QTest.keyClick(wall, Key.Key_Backspace)
        assert (len(wall.arrangement.layout), wall.arrangement.order[0]) == (tiles, first)


def test_a_page_turned_or_a_tile_focused_is_no_change(window: MainWindow) -> None:
    window.wall.arrange(window.wall.arrangement.with_layout(grid(4)))
    QTest.keyClick(window.wall, Key.Key_PageDown)
    QTest.keyClick(window.wall, Key.Key_Right)
    QTest.keyClick(window.wall, Key.Key_Backspace)
    assert len(window.wall.arrangement.layout) == 9


def test_backspace_in_a_number_takes_its_last_digit(window: MainWindow) -> None:
    QTest.keyClick(window.wall, Key.Key_Right, Modifier.ShiftModifier)
    for key in (Key.Key_1, Key.Key_2, Key.Key_Backspace):
        QTest.keyClick(window.wall, key)
    assert (window.wall.entry, window.wall.arrangement.order[0]) == ("1", "c2")


def test_a_tile_grows_and_is_split_by_keys(window: MainWindow) -> None:
    wall = window.wall
    QTest.keyClick(wall, Key.Key_Down, Modifier.ShiftModifier | Modifier.AltModifier)
    QTest.keyClick(wall, Key.Key_Right, Modifier.ShiftModifier | Modifier.AltModifier)
    large = wall.arrangement.layout.cells[0]
    assert (large.columns, large.rows, wall.arrangement.focused) == (2, 2, "c1")
    assert set(filter(None, wall.arrangement.order)) == set(ORDER)
    QTest.keyClick(wall, Key.Key_Return, Modifier.ShiftModifier)
    assert len(wall.arrangement.layout) == 9
    QTest.keyClick(wall, Key.Key_Return, Modifier.ShiftModifier)
    assert "one place" in window.panel.toast.text


def test_a_tile_is_dragged_onto_another(window: MainWindow) -> None:
    drag(window, middle(window, "c1"), middle(window, "c9"))
    assert window.wall.arrangement.order == ("c9", *ORDER[1:8], "c1")
    assert window.wall.arrangement.focused == "c1"
    assert not window.wall.testAttribute(Qt.WidgetAttribute.WA_SetCursor)


def test_a_click_moves_nothing(window: MainWindow) -> None:
    spot = middle(window, "c5")
    drag(window, spot, spot + QPoint(2, 1))
    assert (window.wall.arrangement.order, window.wall.arrangement.focused) == (ORDER, "c5")


def test_what_a_tour_or_an_alarm_shows_is_no_change_of_the_operators(window: MainWindow) -> None:
    wall = window.wall
    mine = wall.arrangement
    wall.give(mine.with_layout(grid(4)), {})
    wall.give(mine, {})
    assert not window.moves.take_back()


def test_a_pursuit_is_given_back_whole_and_leaves_nothing_to_undo(window: MainWindow, desk: FakeDesk) -> None:
    wall = window.wall
    wall.pursue("c5", {Side.LEFT: "c4"})
    QTest.keyClick(wall, Key.Key_Right, Modifier.ShiftModifier | Modifier.AltModifier)
    assert wall.pursued == "c5"
    wall.end_pursuit()
    assert wall.arrangement.order == ORDER
    assert not window.moves.take_back()
