"""The status bar where it is narrow: what has no room is left out whole, and comes back with the room."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from widgets.status_line import Situation, StatusLine


def clipped(line: StatusLine) -> list[str]:
    labels = [label for label in line.findChildren(QLabel) if label.isVisible() and label is not line.message]
    return [label.text() for label in labels if label.width() < label.minimumSizeHint().width()]


def test_what_has_no_room_is_left_out_and_comes_back(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    line = StatusLine(window)
    line.resize(1900, 30)
    window.show()
    line.show_situation(
        Situation(16, 16, 64, 1, 4, 2, 1, 3, "YOLO11n (OpenVINO, CPU)", 6.0, coverage="64 of 64 cameras looked at")
    )
    assert line.detector.isVisible()
    line.resize(1000, 30)
    QApplication.processEvents()
    assert not line.detector.isVisible()
    assert line.alarms.isVisible()
    assert clipped(line) == []
    line.say("A sentence that is longer than the room there is for it, however short it may seem to who wrote it.")
    assert line.minimumSizeHint().width() <= 1000
    line.resize(1900, 30)
    QApplication.processEvents()
    assert line.detector.isVisible()
    line.clear()
