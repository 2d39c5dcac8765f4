"""Keys that a list, box or form takes before the window's shortcuts; buttons that leave the keyboard. GUI thread."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QPushButton, QWidget

Call = Callable[[], None]
_PLAIN = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier


class ClaimedKeys(QObject):
    """Keys of `widget` for which `call_of` knows a call: they come before the window's and the widget's own."""

    def __init__(self, widget: QWidget, call_of: Callable[[QKeyEvent], Call | None]) -> None:
        super().__init__(widget)
        self._call_of = call_of
        widget.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Claim at ShortcutOverride, act at KeyPress."""
        call = self._call_of(event) if isinstance(event, QKeyEvent) else None
        if call is None:
            return False
        event.accept()
        if event.type() == QEvent.Type.KeyPress:
            call()
        return True


class LetterBox(QComboBox):
    """A list to choose from beside the wall: letters and digits find an entry in it, and are no keys of the window."""

    def event(self, event: QEvent) -> bool:
        """Claim them."""
        asked = event if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) else None
        if asked is not None and not asked.modifiers() & ~_PLAIN and asked.text().isalnum():
            event.accept()
            return True
        return super().event(event)


def claims_escape(event: QEvent) -> bool:
    """Whether this is Esc asking whose it is; it is accepted then: a form's Esc comes before the window's."""
    asked = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
    if asked and event.key() == Qt.Key.Key_Escape:  # type: ignore[attr-defined]  # a key event, see above
        event.accept()
        return True
    return False


def quiet_button(parent: QWidget, text: str, call: Call, look: str = "") -> QPushButton:
    """A button for the mouse that leaves the keyboard where it is; `look` is its name in the style sheet."""
    button = QPushButton(text, parent)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    if look:
        button.setObjectName(look)
    button.clicked.connect(lambda _checked=False: call())
    return button
