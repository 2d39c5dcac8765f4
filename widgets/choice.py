"""A question in the panel: one letter, then a line of words, by keyboard alone. Never a dialog over the wall.

Whoever asks gives a `Question`; the answer goes to its `done`. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)

from app.i18n import _
from widgets import theme
from widgets.keys import latin_letter

_COLUMNS = 3
_WORDS = 2000
_STEPS = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Up: -_COLUMNS,
    Qt.Key.Key_Down: _COLUMNS,
}
_LETTERS = "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Option:
    """One answer: its key, what it stands for, how it is shown."""

    letter: str
    value: object
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. Without options only words are asked for; without `words` an option is the whole answer.

    `done(value, words)` gets the option's value (None without options). `chosen_heading(value)` is the heading while
    the words are typed; `adjust(steps)` (arrow up and down meanwhile) changes something and returns a new heading."""

    heading: str
    done: Callable[[object, str], None]
    options: Sequence[Option] = ()
    words: str = ""
    must_say: bool = False
    text: str = ""
    chosen_heading: Callable[[Option], str] = lambda option: option.text
    adjust: Callable[[int], str] | None = None


def lettered(values: Iterable[tuple[object, str, str]]) -> tuple[Option, ...]:
    """Options of (value, text, wished letter); who wishes none, or a taken one, gets the next free sign."""
    known = list(values)
    wished = {letter for _value, _text, letter in known if letter}
    free = iter([letter for letter in _LETTERS if letter not in wished])
    taken: set[str] = set()
    options = []
    for value, text, wish in known:
        letter = wish if wish and wish not in taken else next(free, "")
        taken.add(letter)
        options.append(Option(letter, value, text))
    return tuple(options)


class _OptionButton(QPushButton):
    """Its text ends in dots where it has no room, and never makes the panel wider."""

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(text, parent)
        self._marked = False
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """As every button, with the shortened text."""
        option = QStyleOptionButton()
        self.initStyleOption(option)
        room = self.style().subElementRect(QStyle.SubElement.SE_PushButtonContents, option, self).width()
        shown = self.fontMetrics().elidedText(
            self.text(), Qt.TextElideMode.ElideRight, room, Qt.TextFlag.TextShowMnemonic.value
        )
        option.text = shown
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
        if self._marked:
            painter.setPen(QPen(QColor(theme.ACCENT), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def mark(self, *, marked: bool) -> None:
        """Whether Enter would choose it."""
        if marked != self._marked:
            self._marked = marked
            self.update()


class Choice(QFrame):
    """Hidden until `ask`; then it has the keyboard, so that its letters come before the window's."""

    asked = Signal()
    left = Signal()
    """Answered or left: the keyboard is given back."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.question: Question | None = None
        self.buttons: dict[str, QPushButton] = {}
        self._shown: list[_OptionButton] = []
        self._marked = -1
        self._chosen: Option | None = None
        self.setObjectName("choice")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.heading = QLabel(self)
        self.heading.setObjectName("heading")
        self.heading.setWordWrap(True)
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        self.note = QLineEdit(self)
        self.note.setMaxLength(_WORDS)
        self.note.returnPressed.connect(self._on_return)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(12, 4, 12, 4)
        self._grid.setSpacing(4)
        self._grid.addWidget(self.heading, 0, 0, 1, _COLUMNS)
        self._grid.addWidget(self.note, 1, 0, 1, _COLUMNS)
        self.hide()

    def ask(self, question: Question) -> None:
        """Appear and take the keyboard; a question that was open is left without an answer."""
        self.question, self._chosen = question, None
        self._show_options(question.options)
        self.note.setText(question.text)
        self.note.setPlaceholderText(question.words)
        self._show_step(question.heading, noting=not question.options)
        self.asked.emit()  # now: its size is known
        self.show()
        (self if question.options else self.note).setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _show_options(self, options: Sequence[Option]) -> None:
        for button in self._shown:
            self._grid.removeWidget(button)
            button.deleteLater()
        self._shown, self.buttons, self._marked = [], {}, -1
        for number, option in enumerate(options):
            button = _OptionButton(f"{option.letter}   {option.text}".strip().replace("&", "&&"), self)
            button.setToolTip(option.text)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(partial(self._choose, option))
            self._grid.addWidget(button, 2 + number // _COLUMNS, number % _COLUMNS)
            self._shown.append(button)
            if option.letter:
                self.buttons[option.letter] = button

    def event(self, event: QEvent) -> bool:
        """Claim the letters and Esc before the window's shortcuts get them."""
        asked = event if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) else None
        if asked is not None and (self._option(asked) or asked.key() == Qt.Key.Key_Escape):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A letter chooses, Enter in the line answers, Esc leaves; up and down adjust."""
        option = self._option(event)
        question = self.question
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        elif self._noting and question is not None:
            steps = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()), 0)
            if steps and question.adjust is not None:
                self.heading.setText(question.adjust(steps))
            event.accept()  # what the line leaves over is nobody's: arrows
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()  # of the line that has just answered: not the wall's
            if question is not None and self._marked >= 0:
                self._choose(question.options[self._marked])
        elif event.key() in _STEPS and self._shown:
            self._walk(_STEPS[Qt.Key(event.key())])
        elif option is not None:
            self._choose(option)
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes through the options: there may be more of them than signs."""
        if self.question is None or self._noting or not self._shown:
            return super().focusNextPrevChild(forward)
        self._walk(1 if forward else -1)
        return True

    def _walk(self, steps: int) -> None:
        """Mark another option, around the end; Enter chooses the marked one."""
        count = len(self._shown)
        first = 0 if steps > 0 else count - 1
        self._marked = (self._marked + steps) % count if self._marked >= 0 else first
        for number, button in enumerate(self._shown):
            button.mark(marked=number == self._marked)

    def leave(self) -> None:
        """Close without an answer."""
        self.question = self._chosen = None
        self.hide()
        self.left.emit()

    @property
    def chosen(self) -> Option | None:
        """The option whose words are being typed."""
        return self._chosen

    @property
    def _noting(self) -> bool:
        return not self.note.isHidden()

    def _choose(self, option: Option, _checked: bool = False) -> None:
        question = self.question
        if question is None:
            return
        self._chosen = option
        if question.words:
            self._begin_words(question.chosen_heading(option))
        else:
            self._answer("")

    def _begin_words(self, heading: str) -> None:
        self._show_step(heading, noting=True)
        self.note.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _show_step(self, heading: str, *, noting: bool) -> None:
        self.heading.setText(heading)
        self.note.setVisible(noting)
        for button in self._shown:
            button.setVisible(not noting)

    def _on_return(self) -> None:
        words = " ".join(self.note.text().split())
        if self.question is None:
            return
        if self.question.must_say and not words:
            self.note.setPlaceholderText(_("Say it in a word, or Esc"))
            return
        self._answer(words)

    def _answer(self, words: str) -> None:
        question, chosen = self.question, self._chosen
        self.question = self._chosen = None
        self.hide()
        self.left.emit()
        if question is not None:
            question.done(chosen.value if chosen is not None else None, words)

    def _option(self, event: QKeyEvent) -> Option | None:
        """The option of this key, whatever the keyboard's language is; none while words are typed."""
        if self.question is None or self._noting or event.modifiers() & ~_PLAIN:
            return None
        sign = latin_letter(event.key(), event.nativeVirtualKey()) or event.text()
        return next((o for o in self.question.options if o.letter and o.letter == sign), None)


_PLAIN = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
