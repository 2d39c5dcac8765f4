"""How an incident ended: one letter, then a line for a note, inside the panel and by keyboard alone.

Never a dialog over the wall. GUI thread only.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QLineEdit, QPushButton, QWidget

from app.i18n import _
from app.texts import label_of
from storage.records import Outcome
from widgets.keys import latin_letter
from widgets.words import OUTCOME_KEYS

_COLUMNS = 3
_NOTE_LENGTH = 200


class OutcomeChoice(QFrame):
    """Hidden until `ask()`; then it has the keyboard, so that its letters come before the window's."""

    chosen = Signal(object, str)
    """Outcome and note; the note may be empty."""
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._outcome: Outcome | None = None
        self.setObjectName("choice")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._heading = QLabel(self)
        self._heading.setObjectName("muted")
        self.note = QLineEdit(self)
        self.note.setMaxLength(_NOTE_LENGTH)
        self.note.setPlaceholderText(_("Note, if there is one"))
        self.note.returnPressed.connect(self._on_return)
        self.buttons = {outcome: self._button(letter, outcome) for letter, outcome in OUTCOME_KEYS.items()}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 2, 0, 2)
        grid.setSpacing(6)
        grid.addWidget(self._heading, 0, 0, 1, _COLUMNS)
        for number, button in enumerate(self.buttons.values()):
            grid.addWidget(button, 1 + number // _COLUMNS, number % _COLUMNS)
        grid.addWidget(self.note, 1 + len(self.buttons) // _COLUMNS, 0, 1, _COLUMNS)
        self.hide()

    def _button(self, letter: str, outcome: Outcome) -> QPushButton:
        button = QPushButton(f"{letter}   {label_of(outcome)}", self)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.clicked.connect(partial(self._choose, outcome))
        return button

    def ask(self) -> None:
        """Appear and take the keyboard."""
        self._outcome = None
        self.note.clear()
        self._show_step(_("Close as: press the letter, Esc to leave it open"), noting=False)
        self.show()
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def event(self, event: QEvent) -> bool:
        """Claim the letters and Esc before the window's shortcuts get them."""
        asked = event if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) else None
        if asked is not None and (_letter(asked) or asked.key() == Qt.Key.Key_Escape):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A letter chooses, Enter in the note closes, Esc leaves the incident open."""
        letter = _letter(event)
        if event.key() == Qt.Key.Key_Escape:
            self._leave()
        elif self._outcome is not None:
            event.accept()  # what the note's line leaves over is nobody's: Enter, arrows
        elif letter:
            self._choose(OUTCOME_KEYS[letter])
        else:
            super().keyPressEvent(event)

    def _choose(self, outcome: Outcome, _checked: bool = False) -> None:
        self._outcome = outcome
        heading = _("Close as {outcome}: Enter closes, Esc leaves it open").format(outcome=label_of(outcome))
        self._show_step(heading, noting=True)
        self.note.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _show_step(self, heading: str, *, noting: bool) -> None:
        self._heading.setText(heading)
        self.note.setVisible(noting)
        for button in self.buttons.values():
            button.setVisible(not noting)

    def _on_return(self) -> None:
        outcome, self._outcome = self._outcome, None
        if outcome is not None:
            self.hide()
            self.chosen.emit(outcome, " ".join(self.note.text().split()))

    def _leave(self) -> None:
        self._outcome = None
        self.hide()
        self.cancelled.emit()


def _letter(event: QKeyEvent) -> str:
    """The outcome's letter, whatever the keyboard's language is."""
    if event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier:
        return ""
    letter = latin_letter(event.key(), event.nativeVirtualKey())
    return letter if letter in OUTCOME_KEYS else ""
