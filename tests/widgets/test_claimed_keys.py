"""Letters in a box of the panel find an entry; they are no keys of the window."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QComboBox
from pytestqt.qtbot import QtBot

from app.offices import Offices
from storage.registry_records import Service
from tests.widgets.fakes import FakeDesk, alarm
from tests.widgets.test_journal_view import FakePages
from widgets.claimed_keys import LetterBox
from widgets.main_window import MainWindow

Key = Qt.Key


@pytest.fixture
def desk() -> FakeDesk:
    desk = FakeDesk()
    desk.extend(services=(Service("s1", "District 3", phone="102"),))
    desk.offices = Offices(pages=FakePages())
    return desk


@pytest.fixture
def fired(window: MainWindow) -> list[str]:
    """Names of the window's actions, as they are triggered."""
    names: list[str] = []
    for name, action in window.actions_by_name.items():
        action.triggered.connect(lambda _checked=False, name=name: names.append(name))
    return names


@pytest.fixture
def patient_boxes(window: MainWindow) -> Iterator[None]:
    """Letters belong to one word however long the machine takes between them."""
    before_ms = QApplication.keyboardInputInterval()
    QApplication.setKeyboardInputInterval(120_000)
    yield
    QApplication.setKeyboardInputInterval(before_ms)


@pytest.mark.usefixtures("patient_boxes")
def test_letters_in_a_box_find_an_entry(qtbot: QtBot, window: MainWindow, desk: FakeDesk, fired: list[str]) -> None:
    desk.change((alarm(1),))
    QTest.keyClick(window.wall, Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    box = window.panel.records.kinds
    qtbot.waitUntil(box.hasFocus)
    fired.clear()
    QTest.keyClick(box, Key.Key_S)
    QTest.keyClick(box, Key.Key_E)
    QTest.keyClick(box, Key.Key_C)
    assert box.currentText() == "Sectors"
    QTest.keyClick(box, Key.Key_X, Qt.KeyboardModifier.ShiftModifier)
    assert fired == []
    assert desk.asked == []
    QTest.keyClick(box, Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert fired == ["lock"]


def test_space_opens_the_box_and_letters_choose_in_its_list(
    qtbot: QtBot, window: MainWindow, desk: FakeDesk, fired: list[str]
) -> None:
    desk.change((alarm(1),))
    QTest.keyClick(window.wall, Key.Key_R, Qt.KeyboardModifier.ControlModifier)
    box = window.panel.records.kinds
    qtbot.waitUntil(box.hasFocus)
    fired.clear()
    QTest.keyClick(box, Key.Key_Space)
    qtbot.waitUntil(box.view().isVisible)
    popup = QApplication.focusWidget() or box.view()
    QTest.keyClick(popup, Key.Key_N)
    QTest.keyClick(popup, Key.Key_Return)
    assert box.currentText() == "Neighbouring cameras"
    assert [name for name in fired if name != "acknowledge"] == []
    assert desk.asked == []


def test_every_box_beside_the_wall_claims_its_letters(qtbot: QtBot, window: MainWindow, fired: list[str]) -> None:
    QTest.keyClick(window.wall, Key.Key_F)
    view = window.panel.pages.currentWidget()
    assert view is not None
    qtbot.waitUntil(view.isVisible)
    boxes = window.findChildren(QComboBox)
    assert len(boxes) >= 12
    assert all(isinstance(box, LetterBox) for box in boxes)
    fired.clear()
    for box in boxes:
        if box.isVisible():
            box.setFocus()
            QTest.keyClick(box, Key.Key_A)
            QTest.keyClick(box, Key.Key_M)
    assert fired == []


def test_a_cyrillic_letter_is_the_boxs_too(qtbot: QtBot) -> None:
    box = LetterBox()
    qtbot.addWidget(box)
    box.addItems(["Озеро", "Ринок", "Парк"])
    for kind in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
        event = QKeyEvent(kind, 0x041F, Qt.KeyboardModifier.NoModifier, 0, ord("G"), 0, "П")
        event.setAccepted(kind is QEvent.Type.KeyPress)  # as Qt sends them
        QApplication.sendEvent(box, event)
        assert event.isAccepted()
    assert box.currentText() == "Парк"
