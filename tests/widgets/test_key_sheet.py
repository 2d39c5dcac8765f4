"""The list of keys where the panel is narrow: what a key does has more room than the key."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from widgets.key_sheet import KeySheet
from widgets.keys import KEYS


def test_the_meanings_have_room_beside_the_longest_key(qtbot: QtBot) -> None:
    sheet = KeySheet()
    qtbot.addWidget(sheet)
    sheet.resize(380, 700)
    sheet.show()
    qtbot.waitExposed(sheet)
    page = sheet.widget()
    assert page is not None
    assert page.minimumSizeHint().width() <= sheet.viewport().width()
    meanings = {key.meaning for key in KEYS}
    labels = [label for label in page.findChildren(QLabel) if label.text() in meanings]
    assert len(labels) == len(KEYS)
    assert min(label.width() for label in labels) >= 150
    assert all(label.geometry().right() < sheet.viewport().width() for label in labels)
