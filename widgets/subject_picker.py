"""What is a person's own among the stored tracks of their request: a list to mark by Space, a picture of the one that
is selected, a line for the numbers of incidents. Part of the disclosure desk's page; GUI thread only.

Nothing is marked at first, and what is not marked is not shown sharp.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QListWidget, QVBoxLayout, QWidget

from app.i18n import _, ngettext
from app.labels import object_name
from app.subject_choice import SubjectChoice, TrackRow
from app.subject_desk import SubjectDesk
from storage.release_records import Disclosure
from widgets.bridge import Answers, Bridge
from widgets.claimed_keys import ClaimedKeys, claims_escape
from widgets.still_view import StillView, decoded

_MARKS = {True: "☑", False: "☐"}
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
_MOST_INCIDENTS = 50
_REST_MS = 120
"""So long a row rests before its picture is asked for: an arrow that is held down asks for none."""


class SubjectPicker(QFrame):
    """`begin` shows it; Enter in the last line sends the choice, Esc leaves it."""

    chosen = Signal(object)
    """A `SubjectChoice`."""
    left = Signal()

    def __init__(self, desk: SubjectDesk, bridge: Bridge, zone: ZoneInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._zone = desk, zone
        self._answers = Answers(bridge)
        self._disclosure: Disclosure | None = None
        self._rows: tuple[TrackRow, ...] = ()
        self._marked: set[int] = set()
        self.heading = QLabel(self)
        self.heading.setObjectName("muted")
        self.heading.setWordWrap(True)
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        self.list = QListWidget(self)
        self.list.setAccessibleName(_("Stored tracks: mark the person's own"))
        ClaimedKeys(self.list, self._call_of_list)
        self.list.currentRowChanged.connect(self._on_row)
        self.still = StillView(self)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._ask_picture)
        self.incidents = QLineEdit(self)
        self.incidents.setMaxLength(2000)
        self.incidents.setPlaceholderText(_("Incidents they were part of: numbers, by commas; Enter makes the package"))
        self.incidents.setAccessibleName(_("Incidents they were part of"))
        ClaimedKeys(self.incidents, self._call_of_line)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 4)
        for part, stretch in ((self.heading, 0), (self.list, 2), (self.still, 3), (self.incidents, 0)):
            column.addWidget(part, stretch)
        self.hide()

    def begin(self, disclosure: Disclosure) -> None:
        """Appear, and ask for the tracks of this request."""
        self._forget()
        self._disclosure = disclosure
        self.heading.setText(_("Reading the stored tracks …"))
        self.show()
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)
        self._desk.rows(disclosure, self._answers.here(self._on_rows))

    def relieve(self) -> None:
        """Somebody else sits here: what was shown and marked goes, and so do answers that are on their way."""
        self._forget()
        self.hide()

    def event(self, event: QEvent) -> bool:
        """Esc comes before the window's."""
        return claims_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves."""
        if event.key() == Qt.Key.Key_Escape:
            self._leave()
        else:
            event.accept()

    def toggle(self) -> None:
        """Mark the selected track, or not."""
        number = self.list.currentRow()
        if not 0 <= number < len(self._rows):
            return
        self._marked ^= {number}
        self.list.item(number).setText(self._line(number))
        self._say_marked()

    def send(self) -> None:
        """The choice is made."""
        numbers = [part for part in self.incidents.text().replace(",", " ").split() if part]
        tracks = tuple(self._rows[number].track for number in sorted(self._marked))
        choice = SubjectChoice(tracks, tuple(dict.fromkeys(numbers))[:_MOST_INCIDENTS])
        self.relieve()
        self.chosen.emit(choice)

    def _leave(self) -> None:
        self.relieve()
        self.left.emit()

    def _forget(self) -> None:
        self._answers.forget()
        self._disclosure, self._rows = None, ()
        self._marked.clear()
        self.list.clear()
        self.incidents.clear()
        self.still.show_still(QImage(), ())
        self._rest.stop()

    def _call_of_list(self, event: QKeyEvent) -> Callable[[], None] | None:
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return None
        if event.key() == Qt.Key.Key_Space:
            return self.toggle
        if event.key() in _ENTER:
            return partial(self.incidents.setFocus, Qt.FocusReason.TabFocusReason)
        return self._leave if event.key() == Qt.Key.Key_Escape else None

    def _call_of_line(self, event: QKeyEvent) -> Callable[[], None] | None:
        if event.key() in _ENTER:
            return self.send
        return self._leave if event.key() == Qt.Key.Key_Escape else None

    def _on_rows(self, rows: tuple[TrackRow, ...]) -> None:
        self._rows = rows
        self.list.addItems([self._line(number) for number in range(len(rows))])
        self._say_marked()
        if rows:
            self.list.setCurrentRow(0)

    def _on_row(self, _number: int) -> None:
        self.still.show_still(QImage(), ())
        self._rest.start()

    def _ask_picture(self) -> None:
        number = self.list.currentRow()
        if self._disclosure is not None and 0 <= number < len(self._rows):
            found = self._answers.here(partial(self._on_picture, number))
            self._desk.picture(self._disclosure, self._rows[number], found)

    def _on_picture(self, number: int, jpeg: bytes) -> None:
        if jpeg and number == self.list.currentRow():
            self.still.show_still(decoded(jpeg), ())

    def _line(self, number: int) -> str:
        row = self._rows[number]
        begin, end = (
            datetime.fromtimestamp(at, self._zone).strftime("%H:%M:%S")
            for at in (row.track.first_utc_s, row.last_utc_s)
        )
        names = {camera.id: f"{camera.number} {camera.name}" for camera in self._desk.cameras()}
        camera = names.get(row.track.camera_id, row.track.camera_id)
        parts = (f"{begin} – {end}", camera, object_name(row.label), f"#{row.track.track_id}")
        return f"{_MARKS[number in self._marked]}  {'  ·  '.join(parts)}"

    def _say_marked(self) -> None:
        if not self._rows:
            self.heading.setText(
                _("No tracks are stored of this time: nothing will be shown sharp. Enter goes on, Esc leaves it.")
            )
            return
        marked = ngettext("{count} track is marked", "{count} tracks are marked", len(self._marked))
        hint = _("Space marks what is the person's own; all else is pixelated. Enter goes on, Esc leaves it.")
        self.heading.setText(f"{marked.format(count=len(self._marked))}. {hint}")
