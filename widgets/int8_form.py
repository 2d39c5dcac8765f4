"""Two lines that ask with what an int8 model shall be calibrated: pictures, and the reason to look into recordings.

Hidden until somebody asks for it. GUI thread only; nothing is worked on here.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from app.i18n import _
from widgets.claimed_keys import Call, ClaimedKeys


class Int8Form(QWidget):
    """`asked` gets the name of the model that the form was opened for, and pictures and reason as they were typed;
    `left` is called when it closes either way."""

    def __init__(self, asked: Callable[[str, str, str], None], left: Call, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asked, self._left = asked, left
        self._name = ""
        self.pictures, self.reason = QLineEdit(self), QLineEdit(self)
        self.pictures.setAccessibleName(_("Pictures to make the int8 model with"))
        self.pictures.setPlaceholderText(_("Cameras / minutes (3, 7 / 1440), or a folder"))
        self.reason.setAccessibleName(_("Reason to look into recordings"))
        self.reason.setPlaceholderText(_("Reason, where recordings are looked into"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for line in (self.pictures, self.reason):
            column.addWidget(line)
            line.returnPressed.connect(self._ask)
            ClaimedKeys(line, self._call_of)
        self.hide()

    def open(self, name: str) -> None:
        """Ask for this model."""
        self._name = name
        self.show()
        self.pictures.setFocus()

    def close_up(self) -> None:
        """What was typed goes."""
        self._name = ""
        self.pictures.clear()
        self.reason.clear()
        self.hide()

    def _ask(self) -> None:
        """Enter goes on to the reason where that is needed and still empty."""
        pictures, reason = self.pictures.text().strip(), self.reason.text().strip()
        if not pictures:
            self.pictures.setFocus()
        elif not reason and self.pictures.hasFocus() and pictures[0].isdecimal():
            self.reason.setFocus()
        else:
            name = self._name
            self._leave()
            self._asked(name, pictures, reason)

    def _leave(self) -> None:
        self._left()
        self.close_up()

    def _call_of(self, event: QKeyEvent) -> Call | None:
        return self._leave if event.key() == Qt.Key.Key_Escape else None
