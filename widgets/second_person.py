"""A second person's name and password, typed at this seat for one act. Part of a page, never a dialog.

The password leaves its field at once and is kept nowhere. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.approval_desk import SecondPerson
from app.i18n import _
from widgets.claimed_keys import claims_escape

ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_LONGEST = 1024
Step = Callable[[SecondPerson], None]


class SecondPersonForm(QFrame):
    """Hidden until `ask`. Enter goes on, from the password it is sent; Esc leaves."""

    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._step: Step | None = None
        self._waiting = False
        self.heading, self.problem = QLabel(self), QLabel(self)
        self.heading.setObjectName("heading")
        for label in (self.heading, self.problem):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.name, self.password = self._line(_("Name of the second person")), self._line(_("Their own password"))
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.enter = QPushButton(self)
        self.enter.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.enter.clicked.connect(lambda _checked=False: self.send())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 4)
        for widget in (self.heading, self.name, self.password, self.problem, self.enter):
            column.addWidget(widget)
        self.hide()

    def _line(self, text: str) -> QLineEdit:
        line = QLineEdit(self)
        line.setMaxLength(_LONGEST)
        line.setPlaceholderText(text)
        line.setAccessibleName(text)
        return line

    def ask(self, heading: str, step: Step) -> None:
        """Appear empty, with the keyboard; `step` gets what was typed."""
        self._step = step
        self.heading.setText(heading)
        self.name.clear()
        self._renew("", waiting=False)
        self.show()
        self.name.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def send(self) -> None:
        """Give both to the step; once."""
        name = self.name.text().strip()
        if self._step is None or self._waiting:
            return
        if not name or not self.password.text():
            (self.password if name else self.name).setFocus(Qt.FocusReason.OtherFocusReason)
            return
        second = SecondPerson(name, self.password.text())
        self._renew("", waiting=True)
        self._step(second)

    def refuse(self, text: str) -> None:
        """It was not accepted: the password is typed again."""
        self._renew(text, waiting=False)
        self.password.setFocus(Qt.FocusReason.OtherFocusReason)

    def leave(self) -> None:
        """Nothing is decided, or it is done."""
        self._step = None
        self._renew("", waiting=False)
        self.hide()

    def relieve(self) -> None:
        """Somebody else sits at this seat: nothing that was typed stays."""
        self.name.clear()
        self.leave()

    def _renew(self, problem: str, *, waiting: bool) -> None:
        self._waiting = waiting
        self.password.clear()
        self.problem.setText(f"✕ {problem}" if problem else "")
        self.problem.setVisible(bool(problem))
        self.enter.setText(_("Checking…") if waiting else _("Enter  Sign"))
        self.enter.setEnabled(not waiting)

    def event(self, event: QEvent) -> bool:
        """Esc comes before the window's."""
        return claims_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Esc, which the lines leave over."""
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
            self.left.emit()
        elif event.key() in ENTER and self.name.hasFocus():
            self.password.setFocus(Qt.FocusReason.TabFocusReason)
        elif event.key() in ENTER:
            self.send()
        event.accept()
