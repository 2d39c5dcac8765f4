"""One typed line over a view, with what it means beside it: Enter takes it, Esc leaves it. GUI thread only."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QWidget

_FIELD_PX = 220
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class PromptLine(QFrame):
    """Hidden until `ask`. Its letters are no keys of the window."""

    entered = Signal(str)
    """Enter, with what is typed; the line stays until `leave`."""
    left = Signal()
    """It went, whyever."""

    def __init__(self, heading: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("playback_popup")
        self.heading, self.field, self.meaning = QLabel(heading, self), QLineEdit(self), QLabel(self)
        self.field.setMinimumWidth(_FIELD_PX)
        self.field.setAccessibleName(heading)
        self.field.installEventFilter(self)
        self.setFocusProxy(self.field)
        for label in (self.heading, self.meaning):
            label.setTextFormat(Qt.TextFormat.PlainText)
        line = QHBoxLayout(self)
        line.setContentsMargins(10, 8, 10, 8)
        line.setSpacing(10)
        line.addWidget(self.heading)
        line.addWidget(self.field)
        line.addWidget(self.meaning, 1)
        self.hide()

    def ask(self) -> None:
        """Empty, seen, with the keyboard."""
        self.field.clear()
        self.show()
        self.raise_()
        self.field.setFocus()

    def leave(self) -> None:
        """Away with it."""
        if not self.isHidden():
            self.hide()
            self.left.emit()

    def tell(self, text: str, *, quiet: bool) -> None:
        """What stands beside the field."""
        self.meaning.setText(text)
        self.meaning.setObjectName("muted" if quiet else "heading")
        self.meaning.style().unpolish(self.meaning)
        self.meaning.style().polish(self.meaning)
        self.adjustSize()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Enter and Esc are the field's, before the window's shortcuts and whoever lies behind it."""
        if not isinstance(event, QKeyEvent) or event.type() is QEvent.Type.KeyRelease:
            return super().eventFilter(watched, event)
        if event.key() not in (*_ENTER, Qt.Key.Key_Escape):
            return super().eventFilter(watched, event)
        event.accept()
        if event.type() is QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            self.leave()
        elif event.type() is QEvent.Type.KeyPress:
            self.entered.emit(self.field.text().strip())
        return True
