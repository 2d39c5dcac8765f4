"""The lookout board in the window: listed, read, published and closed by keyboard."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from storage.case_commands import AcknowledgeLookout, CloseLookout, PublishLookout
from storage.case_records import Lookout, LookoutState
from storage.records import Severity
from tests.widgets.fakes import FakeDesk
from widgets.main_window import MainWindow

Key = Qt.Key


def lookout(number: int, severity: Severity = Severity.HIGH) -> Lookout:
    return Lookout(
        f"l{number}", f"Red van {number}", "no plates", severity, LookoutState.ACTIVE, 1.0, 2e9, "anna", number
    )


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    window = MainWindow(FakeDesk())
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    return window


def test_the_most_urgent_comes_first_and_enter_says_read(window: MainWindow) -> None:
    desk = window._desk
    assert isinstance(desk, FakeDesk)
    desk.change(lookouts=(lookout(1, Severity.LOW), lookout(2, Severity.CRITICAL)))
    assert "2" in window.status.waiting.text()
    QTest.keyClick(window, Key.Key_L)
    board = window.panel.lookouts
    assert board.isVisible()
    assert window.wall.isVisible()
    assert board.list.item(0).text().startswith("Red van 2")
    QTest.keyClick(board.list, Key.Key_Return)
    assert desk.commands == [AcknowledgeLookout("l2")]
    desk.change(lookouts=(lookout(1), lookout(2)), read_lookouts=frozenset({"l2"}))
    assert "not read" not in next(
        board.list.item(n).text() for n in range(2) if board.list.item(n).text().startswith("Red van 2")
    )


def test_a_lookout_is_published_and_closed_for_all(window: MainWindow) -> None:
    desk = window._desk
    assert isinstance(desk, FakeDesk)
    QTest.keyClick(window, Key.Key_L)
    QTest.keyClick(window.panel.lookouts.list, Key.Key_N)
    QTest.keyClicks(window.panel.choice.note, "Lost child: girl of 6, red coat")
    QTest.keyClick(window.panel.choice.note, Key.Key_Return)
    command = desk.commands[-1]
    assert isinstance(command, PublishLookout)
    assert (command.title, command.text) == ("Lost child", "girl of 6, red coat")
    desk.change(lookouts=(lookout(5),))
    QTest.keyClick(window.panel.lookouts.list, Key.Key_X)
    closed: object = desk.commands[-1]
    assert closed == CloseLookout("l5", 5)


def test_without_a_lookout_nothing_is_sent(window: MainWindow) -> None:
    desk = window._desk
    assert isinstance(desk, FakeDesk)
    QTest.keyClick(window, Key.Key_L)
    for key in (Key.Key_Return, Key.Key_X):
        QTest.keyClick(window.panel.lookouts.list, key)
    assert desk.commands == []
    QTest.keyClick(window.panel.lookouts.list, Key.Key_L)
    assert window.panel.pages.currentWidget() is window.panel.work
