"""A tick's words in little and in much room."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from pytestqt.qtbot import QtBot

from widgets.export_form import ExportForm
from widgets.wrapped_check import WrappedCheck

WORDS = "Untouched copy, every packet as recorded (a second person approves)"


def test_words_go_on_in_the_next_line_and_come_back(qtbot: QtBot) -> None:
    check = WrappedCheck(WORDS)
    qtbot.addWidget(check)
    whole = check.sizeHint()
    check.resize(whole.width() // 2, 60)
    check.show()
    assert check.text().replace("\n", " ") == WORDS
    widest = max(check.fontMetrics().horizontalAdvance(line) for line in check.text().splitlines())
    assert widest < check.width()
    assert check.sizeHint().height() > whole.height()
    assert check.accessibleName() == WORDS
    check.resize(whole.width() + 40, 60)
    assert check.text() == WORDS
    check.say("Other words")
    assert check.text() == check.accessibleName() == "Other words"


def test_the_export_form_fits_into_a_narrow_panel(qtbot: QtBot) -> None:
    form = ExportForm(ZoneInfo("Europe/Kyiv"), lambda: 1.8e9)
    qtbot.addWidget(form)
    assert form.minimumSizeHint().width() <= 340
