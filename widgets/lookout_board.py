"""The lookout board: bulletins at every seat until they expire, read by each operator, closed for all at once.

A page of the panel. What to look for is words, never a face to match. GUI thread only; the desk brings changes back.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from app.feeds import Desk
from app.i18n import _
from storage.case_commands import AcknowledgeLookout, CloseLookout, PublishLookout
from storage.case_records import Lookout
from storage.records import Severity
from widgets.choice import Choice, Question
from widgets.claimed_keys import ClaimedKeys, quiet_button
from widgets.keys import latin_letter
from widgets.shapes import severity_sign
from widgets.words import Names, time_text

HOURS = 8.0
_SIGN_PX = 18


class LookoutBoard(QWidget):
    """Lists what everybody looks for; Enter: read, N: new, X: close for all."""

    def __init__(self, desk: Desk, choice: Choice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._choice = desk, choice
        self._read: frozenset[str] = frozenset()
        self._lookouts: list[Lookout] = []
        self.list = QListWidget(self)
        ClaimedKeys(self.list, self._call_of)
        self.list.setAccessibleName(_("Lookouts"))
        self.list.currentRowChanged.connect(self._on_row)
        self.text = QLabel(self)
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.read_button = quiet_button(self, _("Enter  Read"), self.read)
        self.new_button = quiet_button(self, _("N  New"), self.begin)
        self.close_button = quiet_button(self, _("X  Close for all"), self.close_for_all)
        self._build()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        heading = QLabel(_("Lookouts"), self)
        heading.setObjectName("heading")
        column.addWidget(heading)
        column.addWidget(self.list, 2)
        column.addWidget(self.text, 1)
        buttons = QHBoxLayout()
        for button in (self.read_button, self.new_button, self.close_button):
            buttons.addWidget(button, 1)
        column.addLayout(buttons)
        self.setFocusProxy(self.list)

    def show_lookouts(self, lookouts: tuple[Lookout, ...], read: frozenset[str]) -> None:
        """Renew the list, with the ids of those that this operator has read; the selected one stays selected."""
        current = self.selected
        listed = sorted(lookouts, key=lambda one: (-one.severity, one.expires_utc_s))
        if (listed, read) == (self._lookouts, self._read) and self.list.count() == len(listed):
            return
        self._read, self._lookouts = read, listed
        self.list.clear()
        for one in self._lookouts:
            until = _("until {time}").format(time=time_text(one.expires_utc_s))
            item = QListWidgetItem(severity_sign(one.severity, _SIGN_PX, self.devicePixelRatioF()), "")
            item.setText(f"{one.title}  ·  {until}" + ("" if one.id in self._read else "  ·  " + _("not read")))
            self.list.addItem(item)
        ids = [one.id for one in self._lookouts]
        self.list.setCurrentRow(ids.index(current.id) if current is not None and current.id in ids else 0)
        self._on_row(self.list.currentRow())

    @property
    def selected(self) -> Lookout | None:
        """The lookout that is marked."""
        row = self.list.currentRow()
        return self._lookouts[row] if 0 <= row < len(self._lookouts) else None

    def read(self) -> None:
        """This operator has read it."""
        one = self.selected
        if one is not None:
            self._desk.apply(AcknowledgeLookout(one.id))

    def begin(self) -> None:
        """A new one, for a shift's length: title, then a colon and what to look for."""

        def done(_value: object, words: str) -> None:
            title, _colon, text = words.partition(":")
            expires_utc_s = time.time() + HOURS * 3600.0
            command = PublishLookout(title.strip()[:200], text.strip(), Severity.HIGH, expires_utc_s)
            self._desk.apply(command)

        heading = _("New lookout for {hours} hours: title, a colon, what to look for").format(hours=round(HOURS))
        self._choice.ask(Question(heading, done, words=_("Lost child: girl of 6, red coat"), must_say=True))

    def close_for_all(self) -> None:
        """Nobody has to look any more."""
        one = self.selected
        if one is not None:
            self._desk.apply(CloseLookout(one.id, one.version))

    def _call_of(self, event: QKeyEvent) -> Callable[[], None] | None:
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return None
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return self.read
        letter = latin_letter(event.key(), event.nativeVirtualKey())
        return {"N": self.begin, "X": self.close_for_all}.get(letter)

    def _on_row(self, _row: int) -> None:
        one = self.selected
        if one is None:
            self.text.setText(_("Nothing to look for."))
            return
        by = Names(self._desk.registry()).actor(one.actor_id)
        since = _("{name}, {time}").format(name=by, time=time_text(one.from_utc_s))
        self.text.setText(f"{one.text}\n{since}".strip())
