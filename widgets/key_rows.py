"""Rows with a key each: pressed by the key or by the mouse, marked or not. GUI thread only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from widgets.keys import latin_letter

DIGITS = "123456789"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MOST_ROWS = len(DIGITS + LETTERS)


class KeyRow(NamedTuple):
    """`marked` None: the row cannot be marked, pressing it does something."""

    key: str
    text: str
    marked: bool | None = None


class KeyRows(QWidget):
    """A short list. It never has the keyboard itself: whoever has it asks `take`."""

    chosen = Signal(str)
    """The row's key."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(3)
        self._rows: tuple[KeyRow, ...] = ()
        self.buttons: dict[str, QPushButton] = {}
        self.hide()

    @property
    def rows(self) -> tuple[KeyRow, ...]:
        """What is shown."""
        return self._rows

    def show_rows(self, rows: Sequence[KeyRow]) -> None:
        """Renew the list; buttons that stay are kept, so that a click does not fall through."""
        if tuple(rows) != self._rows:
            self._rows = tuple(rows)
            self._renew()
        self.setVisible(bool(rows))

    def take(self, key: str) -> bool:
        """Choose the row that has this key; False when none has."""
        if key not in self.buttons or self.isHidden():
            return False
        self.chosen.emit(key)
        return True

    def _renew(self) -> None:
        wanted = {row.key for row in self._rows}
        for key in [key for key in self.buttons if key not in wanted]:
            gone = self.buttons.pop(key)
            self._column.removeWidget(gone)
            gone.hide()
            gone.deleteLater()
        for row in self._rows:
            if row.key not in self.buttons:
                self.buttons[row.key] = button = QPushButton(self)
                button.setObjectName("row")
                button.setStyleSheet("text-align: left")
                button.clicked.connect(partial(self._on_clicked, row.key))
                self._column.addWidget(button)
            sign = {None: "", True: "☑ ", False: "☐ "}[row.marked]
            text = f"{sign}{row.key}   {row.text}"
            self.buttons[row.key].setText(text.replace("&", "&&"))
            self.buttons[row.key].setToolTip(row.text)
            self.buttons[row.key].setAccessibleName(row.text)

    def _on_clicked(self, key: str, _checked: bool = False) -> None:
        self.chosen.emit(key)


def key_of(event: QKeyEvent) -> str:
    """The digit, or the letter printed on the key whatever the keyboard's language is; empty for others."""
    text = event.text()
    if text in DIGITS and text:
        return text
    return latin_letter(event.key(), event.nativeVirtualKey())
