"""The status bar where it is narrow: what has no room is left out whole, and comes back with the room."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
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


class Squeezed(QObject):
    """What was shown only to be hidden again, or made narrower than its words, at any moment."""

    def __init__(self, line: StatusLine) -> None:
        super().__init__(line)
        self._line = line
        self.found: list[str] = []
        for label in line.findChildren(QLabel):
            label.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() in (QEvent.Type.Show, QEvent.Type.Resize):
            self.found += clipped(self._line)
        return super().eventFilter(watched, event)


def test_no_word_is_cut_for_one_picture_while_the_figures_are_renewed(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    line = StatusLine(window)
    line.resize(1000, 30)
    window.show()
    now = Situation(16, 16, 64, 1, 4, 2, 1, 3, "YOLO11n (OpenVINO, CPU)", 6.0, coverage="64 of 64 cameras looked at")
    line.show_situation(now)
    QApplication.processEvents()
    squeezed = Squeezed(line)
    line.show_situation(now)
    QApplication.processEvents()
    assert squeezed.found == []
    assert not line.detector.isVisible()
