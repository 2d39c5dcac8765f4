from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from tests.widgets.people_fakes import ME, NOBODY, FakePeople
from widgets.bridge import Bridge
from widgets.login_panel import LoginPanel

ENTER = Qt.Key.Key_Return


@pytest.fixture
def desk() -> FakePeople:
    return FakePeople(NOBODY)


@pytest.fixture
def panel(qtbot: QtBot, desk: FakePeople) -> Iterator[LoginPanel]:
    bridge = Bridge(desk.bus)
    made = LoginPanel(desk, bridge)
    qtbot.addWidget(made)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    qtbot.waitUntil(lambda: made.focusWidget() is not None and made.isActiveWindow())
    yield made
    bridge.close()


def typed(qtbot: QtBot, line: QLineEdit, text: str) -> None:
    QTest.keyClicks(line, text)
    QTest.keyClick(line, ENTER)


def test_signing_in_by_keyboard(qtbot: QtBot, desk: FakePeople, panel: LoginPanel) -> None:
    assert panel.focusWidget() is panel.name
    assert "Nobody" in panel.heading.text()
    typed(qtbot, panel.name, "Olena")
    assert panel.focusWidget() is panel.password
    typed(qtbot, panel.password, "a secret")
    assert desk.asked == [("sign_in", "Olena", "a secret")]
    assert panel.password.text() == ""
    desk.publish_seat(ME)
    qtbot.waitUntil(lambda: panel.name.isHidden())
    assert panel.heading.text() == "Olena  ·  Operator"
    assert panel.password.isHidden()


def test_a_refusal_is_said_and_the_password_is_gone(qtbot: QtBot, desk: FakePeople, panel: LoginPanel) -> None:
    desk.refusal = "Name and password do not fit."
    QTest.keyClicks(panel.name, "Olena")
    QTest.keyClicks(panel.password, "wrong")
    QTest.mouseClick(panel.enter, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "do not fit" in panel.error.text())
    assert not panel.error.isHidden()
    assert (panel.name.text(), panel.password.text()) == ("Olena", "")
    assert panel.enter.isEnabled()


def test_passwords_are_never_shown(panel: LoginPanel) -> None:
    for line in (panel.password, panel.new, panel.again):
        assert line.echoMode() is QLineEdit.EchoMode.Password


def test_a_locked_seat_names_who_sits_here_and_asks_for_the_password(
    qtbot: QtBot, desk: FakePeople, panel: LoginPanel
) -> None:
    desk.publish_seat(replace(ME, locked=True))
    qtbot.waitUntil(lambda: panel.heading.text().startswith("Locked: Olena"))
    assert panel.name.text() == "Olena"
    assert panel.focusWidget() is panel.password
    typed(qtbot, panel.password, "a secret")
    assert desk.asked == [("sign_in", "Olena", "a secret")]


def test_a_temporary_password_is_changed_first(qtbot: QtBot, desk: FakePeople, panel: LoginPanel) -> None:
    desk.publish_seat(replace(ME, must_change=True))
    qtbot.waitUntil(lambda: not panel.new.isHidden())
    assert panel.name.isHidden()
    typed(qtbot, panel.password, "old one")
    typed(qtbot, panel.new, "new secret")
    typed(qtbot, panel.again, "new sekret")
    assert "differ" in panel.error.text()
    assert desk.asked == []
    typed(qtbot, panel.new, "new secret")
    typed(qtbot, panel.again, "new secret")
    assert desk.asked == [("change", "old one", "new secret")]


def test_changing_locking_and_leaving_by_mouse(qtbot: QtBot, desk: FakePeople, panel: LoginPanel) -> None:
    desk.publish_seat(ME)
    qtbot.waitUntil(lambda: not panel.change_button.isHidden())
    QTest.mouseClick(panel.lock_button, Qt.MouseButton.LeftButton)
    QTest.mouseClick(panel.leave_button, Qt.MouseButton.LeftButton)
    QTest.mouseClick(panel.change_button, Qt.MouseButton.LeftButton)
    assert desk.asked == [("lock",), ("sign_out",)]
    assert not panel.new.isHidden()
    assert not panel.password.isHidden()
    typed(qtbot, panel.password, "old one")
    typed(qtbot, panel.new, "new secret")
    typed(qtbot, panel.again, "new secret")
    assert desk.asked[-1] == ("change", "old one", "new secret")
    qtbot.waitUntil(lambda: panel.new.isHidden())


def test_the_first_password_needs_no_old_one(qtbot: QtBot, desk: FakePeople, panel: LoginPanel) -> None:
    desk.publish_seat(replace(ME, by_password=False))
    qtbot.waitUntil(lambda: not panel.change_button.isHidden())
    QTest.mouseClick(panel.change_button, Qt.MouseButton.LeftButton)
    assert panel.password.isHidden()
    typed(qtbot, panel.new, "new secret")
    typed(qtbot, panel.again, "new secret")
    assert desk.asked == [("change", "", "new secret")]
