"""How an incident ended, by one letter, inside the panel: never a dialog over the wall. GUI thread only."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QWidget

from app.i18n import _
from app.texts import label_of
from storage.records import Outcome
from widgets.keys import latin_letter
from widgets.words import OUTCOME_KEYS

_COLUMNS = 3


class OutcomeChoice(QFrame):
    """Hidden until `ask()`; then it has the keyboard, so that its letters come before the window's."""

    chosen = Signal(object)
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("choice")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 2, 0, 2)
        grid.setSpacing(6)
        heading = QLabel(_("Close as: press the letter, Esc to leave it open"), self)
        heading.setObjectName("muted")
        grid.addWidget(heading, 0, 0, 1, _COLUMNS)
        for number, (letter, outcome) in enumerate(OUTCOME_KEYS.items()):
            button = QPushButton(f"{letter}   {label_of(outcome)}", self)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(partial(self._choose, outcome))
            grid.addWidget(button, 1 + number // _COLUMNS, number % _COLUMNS)
        self.hide()

    def ask(self) -> None:
        """Appear and take the keyboard."""
        self.show()
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def event(self, event: QEvent) -> bool:
        """Claim the letters before the window's shortcuts get them."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _letter(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A letter chooses, Esc leaves the incident open."""
        letter = _letter(event)
        if letter:
            self._choose(OUTCOME_KEYS[letter])
        elif event.key() == Qt.Key.Key_Escape:
            self.hide()
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)

    def _choose(self, outcome: Outcome, _checked: bool = False) -> None:
        self.hide()
        self.chosen.emit(outcome)


def _letter(event: QKeyEvent) -> str:
    """The outcome's letter, whatever the keyboard's language is."""
    if event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier:
        return ""
    letter = latin_letter(event.key(), event.nativeVirtualKey())
    return letter if letter in OUTCOME_KEYS else ""
