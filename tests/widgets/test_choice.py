"""The one way to ask: more options than letters, and signs in their texts."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from widgets.choice import Choice, Question, lettered

Key = Qt.Key


@pytest.fixture
def choice(qtbot: QtBot) -> Choice:
    choice = Choice()
    qtbot.addWidget(choice)
    return choice


def asked(choice: Choice, count: int) -> list[object]:
    """The answers that come."""
    answers: list[object] = []
    options = lettered((number, f"Option {number}", "") for number in range(count))
    choice.ask(Question("Which?", lambda value, _words: answers.append(value), options))
    return answers


def buttons(choice: Choice) -> list[QPushButton]:
    return [button for button in choice.findChildren(QPushButton) if not button.isHidden()]


def test_options_beyond_the_letters_have_a_button_each(choice: Choice) -> None:
    answers = asked(choice, 120)
    assert len(buttons(choice)) == 120
    assert len(choice.buttons) == 35
    assert len({(button.x(), button.y()) for button in buttons(choice)}) == 120
    last = next(button for button in buttons(choice) if button.text() == "Option 119")
    QTest.mouseClick(last, Qt.MouseButton.LeftButton)
    assert answers == [119]


def test_the_buttons_of_the_question_before_are_gone(choice: Choice, qtbot: QtBot) -> None:
    asked(choice, 50)
    asked(choice, 2)
    qtbot.waitUntil(lambda: len(buttons(choice)) == 2)
    QTest.keyClick(choice, Key.Key_2)
    assert choice.isHidden()


def test_while_words_are_typed_no_option_is_seen(choice: Choice) -> None:
    options = lettered((number, f"Option {number}", "") for number in range(40))
    choice.ask(Question("Which?", lambda _value, _words: None, options, words="Say it"))
    QTest.keyClick(choice, Key.Key_1)
    assert not choice.note.isHidden()
    assert buttons(choice) == []


def test_an_ampersand_is_no_shortcut_of_the_button(choice: Choice) -> None:
    choice.ask(Question("Which?", lambda _value, _words: None, lettered([("a", "Park & &river", "P")])))
    button = choice.buttons["P"]
    assert button.text() == "P   Park && &&river"
    assert button.shortcut().isEmpty()


def test_options_without_a_letter_are_reached_by_tab_and_arrows(choice: Choice) -> None:
    answers = asked(choice, 40)
    QTest.keyClick(choice, Key.Key_Return)
    assert not answers, "nothing is marked yet"
    QTest.keyClick(choice, Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
    QTest.keyClick(choice, Key.Key_Left)
    QTest.keyClick(choice, Key.Key_Return)
    assert answers == [38]
    answers = asked(choice, 40)
    for key in (Key.Key_Tab, Key.Key_Down, Key.Key_Right, Key.Key_Tab, Key.Key_Enter):
        QTest.keyClick(choice, key)
    assert answers == [5]


def test_its_size_is_known_when_room_is_made_for_it(choice: Choice) -> None:
    asked(choice, 2)
    choice.leave()
    heights: list[int] = []
    choice.asked.connect(lambda: heights.append(choice.sizeHint().height()))
    options = lettered((number, f"Option {number}", "") for number in range(24))
    choice.ask(Question("A heading of several lines. " * 9, lambda _value, _words: None, options))
    QApplication.processEvents()
    assert heights == [choice.sizeHint().height()]
