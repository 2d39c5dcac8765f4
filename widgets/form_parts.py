"""What the panel's forms are put together from. GUI thread only."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QWidget


def plain_label(parent: QWidget, name: str = "") -> QLabel:
    """Words that wrap; what somebody typed is never read as HTML. `name` gives it a look of the theme."""
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setObjectName(name)
    return label


def hinted_line(parent: QWidget, title: str, hint: str, letters: int) -> QLineEdit:
    """A line of at most so many letters, with its name for a screen reader and a hint while it is empty."""
    line = QLineEdit(parent)
    line.setMaxLength(letters)
    line.setPlaceholderText(hint)
    line.setAccessibleName(title)
    return line
