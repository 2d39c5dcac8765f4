from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit
from pytestqt.qtbot import QtBot

from widgets.idle_watch import IdleWatch


class Counting:
    def __init__(self) -> None:
        self.touches = self.ticks = 0

    def touch(self) -> None:
        self.touches += 1

    def tick(self) -> None:
        self.ticks += 1


def test_keys_and_mouse_are_touches_and_go_on_to_their_widget(qtbot: QtBot) -> None:
    application = QApplication.instance()
    assert application is not None
    seat, line = Counting(), QLineEdit()
    qtbot.addWidget(line)
    watch = IdleWatch(seat, application)
    try:
        line.show()
        assert seat.touches == 0
        QTest.keyClicks(line, "ab")
        typed = seat.touches
        assert typed >= 2
        assert line.text() == "ab"
        QTest.mouseClick(line, Qt.MouseButton.LeftButton)
        assert seat.touches > typed
        watch.timer.timeout.emit()
        assert seat.ticks == 1
    finally:
        watch.close()
    touches = seat.touches
    QTest.keyClicks(line, "c")
    assert seat.touches == touches
