"""At a locked seat looking goes on and control is blocked, by key, by mouse and in the panel; who unlocks goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.offices import Offices
from app.sign_in import SeatChanged
from tests.widgets.conftest import opened
from tests.widgets.fakes import FakeDesk, alarm, incident
from tests.widgets.people_fakes import NOBODY, FakePeople
from tests.widgets.test_main_window import changed
from tests.widgets.test_relief import ANNA
from widgets.keys import KEYS
from widgets.main_window import MainWindow
from widgets.seat_gate import LOOKS

Key = Qt.Key
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def desk() -> FakeDesk:
    made = FakeDesk()
    people = FakePeople(NOBODY)
    people.bus = made.bus
    made.offices = Offices(people=people)
    return made


@pytest.fixture
def window(qtbot: QtBot, desk: FakeDesk) -> Iterator[MainWindow]:
    made = opened(qtbot, desk)
    sit(qtbot, made, desk, ANNA)
    changed(qtbot, made, desk, (alarm(1), alarm(2)), (incident(1),))
    yield made
    made.close()


def sit(qtbot: QtBot, window: MainWindow, desk: FakeDesk, seat: SeatChanged) -> None:
    desk.bus.publish(seat)
    qtbot.waitUntil(lambda: window.page_keys.seat == seat)


@pytest.fixture(params=[replace(ANNA, locked=True), replace(ANNA, must_change=True), SeatChanged()])
def away(request: pytest.FixtureRequest, qtbot: QtBot, window: MainWindow, desk: FakeDesk) -> SeatChanged:
    seat: SeatChanged = request.param
    sit(qtbot, window, desk, seat)
    return seat


def test_no_key_but_those_of_looking_does_anything(away: SeatChanged, window: MainWindow, desk: FakeDesk) -> None:
    del away
    page, order = window.panel.pages.currentWidget(), window.wall.arrangement.order
    layout = window.wall.arrangement.layout
    for name, action in window.actions_by_name.items():
        if name not in LOOKS:
            action.trigger()
    assert (desk.asked, desk.commands) == ([], [])
    assert window.panel.pages.currentWidget() is page
    assert (window.wall.arrangement.order, window.wall.arrangement.layout) == (order, layout)
    assert window.panel.choice.question is None
    assert len(window.walls.walls) == 1
    assert "sign in" in window.panel.toast.text


def test_tiles_stay_where_they_are(away: SeatChanged, window: MainWindow) -> None:
    del away
    wall = window.wall
    order = wall.arrangement.order
    wall.setFocus()
    for pressed, modifiers in (
        (Key.Key_5, Qt.KeyboardModifier.NoModifier),
        (Key.Key_Right, SHIFT),
        (Key.Key_Right, SHIFT | Qt.KeyboardModifier.AltModifier),
        (Key.Key_Backspace, Qt.KeyboardModifier.NoModifier),
    ):
        QTest.keyClick(wall, pressed, modifiers)
    QTest.keyClick(window, Key.Key_5)
    assert wall.entry == ""
    first, second = (tile.cell.center() for tile in wall.tiles[:2])
    QTest.mousePress(wall, Qt.MouseButton.LeftButton, pos=first)
    for step in (1, 2, 3):
        QTest.mouseMove(wall, first + (second - first) * step / 3)
    QTest.mouseRelease(wall, Qt.MouseButton.LeftButton, pos=second)
    assert wall.arrangement.order == order


def test_looking_goes_on(away: SeatChanged, window: MainWindow) -> None:
    del away
    wall = window.wall
    wall.setFocus()
    focused = wall.arrangement.focused
    QTest.keyClick(wall, Key.Key_Right)
    assert wall.arrangement.focused != focused
    QTest.keyClick(wall, Key.Key_Return)
    assert wall.arrangement.enlarged
    QTest.keyClick(wall, Key.Key_Escape)
    assert not wall.arrangement.enlarged
    before = wall.look.overlay
    window.actions_by_name["overlay"].trigger()
    assert wall.look.overlay != before


def test_of_the_panel_only_the_login_can_be_used(
    qtbot: QtBot, away: SeatChanged, window: MainWindow, desk: FakeDesk
) -> None:
    del away
    pages, login = window.panel.pages, window.panel.offices.made("login")
    assert login is not None
    usable = [page for page in map(pages.widget, range(pages.count())) if page is not None and page.isEnabled()]
    assert set(usable) == {login, window.panel.keys, window.panel.about}
    QTest.mouseClick(window.panel.alarms.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    assert window.panel.alarms.selected is None
    sit(qtbot, window, desk, ANNA)
    assert window.panel.work.isEnabled()
    QTest.keyClick(window.wall, Key.Key_Space)
    assert desk.asked == [("acknowledge_alarm", "a2")]


def test_every_key_that_is_named_here_is_one() -> None:
    assert {key.name for key in KEYS} >= LOOKS
