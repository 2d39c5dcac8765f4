"""The camera list by keyboard and mouse, over ten thousand cameras."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.camera_rows import camera_rows, matching
from app.feeds import TileState
from storage.journal import Registry
from storage.records import Camera, Place
from storage.registry_records import CameraGroup
from tests.widgets.fakes import FakeDesk
from widgets.application import destroy
from widgets.camera_list import CameraList
from widgets.camera_table import STATE
from widgets.main_window import MainWindow
from widgets.shapes import draw_state

Key = Qt.Key
MANY = 10_000


def _registry(count: int) -> Registry:
    places = (Place("p1", "River port"), Place("p2", "Old town"))
    numbers = range(1, count + 1)
    cameras = tuple(Camera(f"c{n}", n, f"Gate {n % 7}", f"test://{n}", place_id=f"p{n % 2 + 1}") for n in numbers)
    return Registry(cameras=cameras, places=places, camera_groups=(CameraGroup("g", "North", ("c1", "c2")),))


@pytest.fixture
def desk() -> FakeDesk:
    made = FakeDesk(0)
    made.extend(**{name: getattr(_registry(20), name) for name in ("cameras", "places", "camera_groups")})
    return made


@pytest.fixture
def window(qtbot: QtBot, desk: FakeDesk) -> Iterator[MainWindow]:
    made = MainWindow(desk)
    made.resize(1500, 800)
    made.wall.choose_layout(4)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    destroy(made)


def _press(window: MainWindow, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    QTest.keyClick(window.focusWidget(), key, modifier)


def _open(window: MainWindow) -> CameraList:
    _press(window, Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    page = window.panel.pages.currentWidget()
    assert isinstance(page, CameraList)
    assert page.line.hasFocus()
    return page


def test_words_are_looked_for_in_number_name_and_place() -> None:
    rows = camera_rows(_registry(200))
    assert len(matching(rows, "")) == 200
    assert [row.number for row in matching(rows, "12")][:2] == [12, 120]
    assert {row.place for row in matching(rows, "port")} == {"River port"}
    assert {row.number for row in matching(rows, "gate 3 OLD")} >= {3, 17}
    assert not matching(rows, "quay")
    assert rows[0].groups == "North"


def test_a_letter_over_ten_thousand_cameras_is_answered_at_once(qtbot: QtBot, desk: FakeDesk) -> None:
    desk.extend(**{name: getattr(_registry(MANY), name) for name in ("cameras", "places", "camera_groups")})
    page = CameraList(desk)
    qtbot.addWidget(page)
    page.resize(520, 700)
    page.show()
    page.begin()
    times = []
    for letter in "gate 4 port":
        before = time.perf_counter()
        QTest.keyClicks(page.line, letter)
        page.table.viewport().repaint()
        times.append((time.perf_counter() - before) * 1000)
    print(f"a letter over {MANY} cameras: {max(times):.1f} ms at most")
    assert 0 < page.model.rowCount() < MANY
    assert {row.place for row in page.model.rows} == {"River port"}


def test_enter_brings_the_camera_into_the_focused_tile(window: MainWindow) -> None:
    page = _open(window)
    QTest.keyClicks(page.line, "17")
    _press(window, Key.Key_Return)
    assert window.wall.arrangement.focused == "c17"
    assert window.wall.arrangement.focus == 0
    assert window.wall.hasFocus()
    assert window.panel.pages.currentWidget() is window.panel.work


def test_a_camera_that_is_on_the_wall_is_focused_where_it_is(window: MainWindow) -> None:
    page = _open(window)
    QTest.keyClicks(page.line, "3")
    _press(window, Key.Key_Return)
    assert window.wall.arrangement.on_page == ("c1", "c2", "c3", "c4")
    assert window.wall.arrangement.focus == 2


def test_space_puts_cameras_beside_and_keeps_the_list(window: MainWindow) -> None:
    page = _open(window)
    QTest.keyClicks(page.line, "17 ")
    page.line.clear()
    QTest.keyClicks(page.line, "9 ")
    assert page.line.hasFocus()
    assert window.wall.arrangement.on_page == ("c1", "c17", "c9", "c4")
    assert window.wall.arrangement.focus == 0
    _press(window, Key.Key_Escape)
    assert window.wall.hasFocus()
    assert window.panel.pages.currentWidget() is window.panel.work


def test_space_belongs_to_a_name_until_an_arrow_chooses(window: MainWindow) -> None:
    page = _open(window)
    QTest.keyClicks(page.line, "gate 4")
    assert page.line.text() == "gate 4"
    _press(window, Key.Key_Down)
    _press(window, Key.Key_Space)
    assert window.wall.arrangement.on_page[1] == "c11"


def test_a_wall_of_one_tile_gets_room_for_the_other(window: MainWindow) -> None:
    window.wall.choose_layout(1)
    page = _open(window)
    QTest.keyClicks(page.line, "17 ")
    assert window.wall.arrangement.on_page[:2] == ("c1", "c17")


def test_cameras_of_another_group_are_listed_and_not_called_up(window: MainWindow, desk: FakeDesk) -> None:
    desk.hidden = frozenset({"c17"})
    page = _open(window)
    QTest.keyClicks(page.line, "17")
    assert page.model.index(0, STATE).data() == "No rights"
    before = window.wall.arrangement
    for key in (Key.Key_Space, Key.Key_Return):
        _press(window, key)
    assert window.wall.arrangement == before
    assert page.line.hasFocus()


def test_a_row_is_dragged_onto_a_tile(window: MainWindow) -> None:
    page = _open(window)
    viewport = page.table.viewport()
    row = page.table.visualRect(page.model.index(8, 0)).center()
    tile = window.wall.tiles[2].cell.center()
    there = viewport.mapFromGlobal(window.wall.mapToGlobal(tile))
    QTest.mousePress(viewport, Qt.MouseButton.LeftButton, pos=row)
    QTest.mouseMove(viewport, row + QPoint(30, 30))
    QTest.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=there)
    assert window.wall.arrangement.on_page == ("c1", "c2", "c9", "c4")


def test_a_changed_registry_is_listed_and_the_mark_stays(window: MainWindow, desk: FakeDesk) -> None:
    page = _open(window)
    _press(window, Key.Key_Down)
    cameras = desk.registry().cameras
    desk.extend(cameras=(replace(cameras[0], id="c0", number=0), *cameras))
    page.renew()
    assert page.model.rowCount() == len(cameras) + 1
    assert page.selected is not None
    assert page.selected.camera_id == "c2"


def test_every_state_has_a_shape_of_its_own() -> None:
    seen = set()
    for state in TileState:
        image = QImage(32, 32, QImage.Format.Format_Grayscale8)
        image.fill(QColor("black"))
        painter = QPainter(image)
        draw_state(painter, QRectF(0, 0, 32, 32), state)
        painter.end()
        inked = bytes(1 if value else 0 for value in bytes(image.constBits()))
        assert sum(inked) > 20
        seen.add(inked)
    assert len(seen) == len(TileState)
