"""An authority's letter, typed in: line by line beside the wall, by keyboard alone. GUI thread only."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QLineEdit, QWidget

from app.errors import AppError
from app.i18n import _, marked
from app.range_entry import parse_range
from storage.records import Camera
from storage.release_commands import OpenDisclosure
from storage.release_records import DisclosureKind
from widgets.claimed_keys import claims_escape

DAY_S = 86_400.0
_LETTERS = 2000
_FIELDS = {
    "authority": (marked("Authority"), marked("Police, 3rd department")),
    "reference": (marked("Its reference"), "12-345/2026"),
    "legal_basis": (marked("Legal basis"), marked("Article and law")),
    "asked": (marked("Asked for"), marked("In the letter's words")),
    "cameras": (marked("Cameras"), "1, 4-6"),
    "begin": (marked("From"), marked("yesterday 18:00-18:20, or 2026-11-20 14:00")),
    "end": (marked("Until"), "2026-11-20 14:30"),
    "days": (marked("Answer in days"), "10"),
    "recipient": (marked("Who fetches it"), ""),
}
_OF_PERSON = {
    "authority": (marked("Person who asks"), marked("Name")),
    "legal_basis": (marked("Legal basis"), "GDPR Art. 15"),
    "reference": (marked("Their reference"), ""),
    "asked": (marked("Asked for"), marked("Where and when they were, how they looked")),
}
"""Lines that are called otherwise when a person asks about themselves."""
_DAYS = {DisclosureKind.AUTHORITY: "10", DisclosureKind.SUBJECT: "30"}
_BASIS = "GDPR Art. 15"
_NEEDED = ("authority", "legal_basis", "asked")


class DisclosureForm(QFrame):
    """Enter goes on to the next line, and from the last one writes it down; Esc leaves it."""

    sent = Signal(object)
    """An `OpenDisclosure`."""
    left = Signal()

    def __init__(self, cameras: Callable[[], Sequence[Camera]], zone: ZoneInfo, parent: QWidget | None = None) -> None:
        """`cameras` gives those of now; times without an offset are in `zone`, the site's."""
        super().__init__(parent)
        self._cameras, self._zone = cameras, zone
        self._kind = DisclosureKind.AUTHORITY
        self.lines: dict[str, QLineEdit] = {}
        self._titles: dict[str, QLabel] = {}
        self.problem = QLabel(self)
        self.problem.setWordWrap(True)
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 4, 0, 4)
        heading = QLabel(_("New request: Enter goes on, Esc leaves it"), self)
        heading.setObjectName("muted")
        grid.addWidget(heading, 0, 0, 1, 2)
        for row, (name, (title, hint)) in enumerate(_FIELDS.items(), start=1):
            line = QLineEdit(self)
            line.setMaxLength(_LETTERS)
            line.setPlaceholderText(_(hint))
            line.setAccessibleName(_(title))
            line.returnPressed.connect(self._on_return)
            self._titles[name] = QLabel(_(title), self)
            grid.addWidget(self._titles[name], row, 0)
            grid.addWidget(line, row, 1)
            self.lines[name] = line
        grid.addWidget(self.problem, len(_FIELDS) + 1, 0, 1, 2)
        self.hide()

    def begin(self, kind: DisclosureKind = DisclosureKind.AUTHORITY) -> None:
        """Appear empty, with the keyboard."""
        self._kind = kind
        for name, (title, hint) in self._words().items():
            line = self.lines[name]
            line.clear()
            line.setPlaceholderText(_(hint) if hint else "")
            line.setAccessibleName(_(title))
            self._titles[name].setText(_(title))
        self.lines["days"].setText(_DAYS[kind])
        if kind is DisclosureKind.SUBJECT:
            self.lines["legal_basis"].setText(_BASIS)
        self.problem.clear()
        self.show()
        self.lines["authority"].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _words(self) -> dict[str, tuple[str, str]]:
        return _FIELDS | (_OF_PERSON if self._kind is DisclosureKind.SUBJECT else {})

    def relieve(self) -> None:
        """Somebody else sits here: what was typed goes."""
        for line in self.lines.values():
            line.clear()
        self.problem.clear()
        self.hide()

    def event(self, event: QEvent) -> bool:
        """Esc comes before the window's."""
        return claims_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves."""
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
            self.left.emit()
        else:
            event.accept()  # nothing typed here is a key of the wall

    def _on_return(self) -> None:
        names = list(self.lines)
        at = next((n for n, name in enumerate(names) if self.lines[name].hasFocus()), len(names) - 1)
        if names[at] == "begin" and self._take_range():
            at += 1
        if at + 1 < len(names):
            self.lines[names[at + 1]].setFocus(Qt.FocusReason.TabFocusReason)
            return
        try:
            command = self._command()
        except _WrongLineError as error:
            self._show_problem(error)
            return
        self.hide()
        self.sent.emit(command)

    def _take_range(self) -> bool:
        """Both times from one line, as everywhere else: they are shown as they were understood."""
        try:
            meant = parse_range(self.lines["begin"].text(), self._zone, time.time())
        except AppError:
            return False
        if meant.to_utc_s > meant.from_utc_s:
            self.lines["end"].setText(_moment_text(meant.to_utc_s, self._zone))
        self.lines["begin"].setText(_moment_text(meant.from_utc_s, self._zone))
        return meant.to_utc_s > meant.from_utc_s

    def _command(self) -> OpenDisclosure:
        texts = {name: " ".join(line.text().split()) for name, line in self.lines.items()}
        for name in _NEEDED:
            if not texts[name]:
                raise _WrongLineError(name, _("This line is needed."))
        camera_ids = camera_ids_of(texts["cameras"], self._cameras())
        if not camera_ids:
            raise _WrongLineError("cameras", _("Give the numbers of known cameras, like 1, 4-6."))
        begin, end = moment_of(texts["begin"], self._zone), moment_of(texts["end"], self._zone)
        if begin is None or end is None or end <= begin:
            wrong = "begin" if begin is None else "end"
            raise _WrongLineError(wrong, _("Give date and time, like 2026-11-20 14:00; the end after the beginning."))
        if not texts["days"].isascii() or not texts["days"].isdigit() or int(texts["days"]) > 3650:
            raise _WrongLineError("days", _("Give a number of days."))
        return OpenDisclosure(
            authority=texts["authority"],
            legal_basis=texts["legal_basis"],
            reference=texts["reference"],
            asked=texts["asked"],
            camera_ids=camera_ids,
            from_utc_s=begin,
            to_utc_s=end,
            due_utc_s=time.time() + int(texts["days"]) * DAY_S,
            recipient=texts["recipient"],
            kind=self._kind,
        )

    def _show_problem(self, error: _WrongLineError) -> None:
        self.problem.setText(f"{_(self._words()[error.name][0])}: {error.text}")
        self.lines[error.name].setFocus(Qt.FocusReason.OtherFocusReason)
        self.lines[error.name].selectAll()


class _WrongLineError(Exception):
    """A line that cannot be taken, and what to do about it."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(name)
        self.name, self.text = name, text


def camera_ids_of(text: str, cameras: Sequence[Camera]) -> tuple[str, ...]:
    """`1, 4-6` as ids; empty when any part is no known camera."""
    known = {camera.number: camera.id for camera in cameras}
    found: list[str] = []
    for part in text.replace(";", ",").split(","):
        first, dash, last = (piece.strip() for piece in part.partition("-"))
        if not first.isdecimal() or (dash and not last.isdecimal()):
            return ()
        low, high = int(first), int(last) if dash else int(first)
        ids = [camera_id for number, camera_id in sorted(known.items()) if low <= number <= high]
        if not ids or (not dash and low not in known):
            return ()
        found += ids
    return tuple(dict.fromkeys(found))


def _moment_text(utc_s: float, zone: ZoneInfo) -> str:
    """As `moment_of` reads it, with its offset: an hour may come twice."""
    return datetime.fromtimestamp(utc_s, zone).isoformat(" ", "seconds")


def moment_of(text: str, zone: ZoneInfo) -> float | None:
    """Date and time in the site's zone, or with an offset of its own (RFC 3339); None for anything else.

    An hour that comes twice (the clocks go back) is the first one; the offset says the other."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
