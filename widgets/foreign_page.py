"""A file from elsewhere into the incident: path, what it is, from whom, its clock against a known moment.

A page of the panel, never a dialog. Enter goes on and from the last line takes it in, C cancels, Esc leaves and the
work goes on. GUI thread only; the desk's answers come through the bridge.
"""

from __future__ import annotations

import time
from pathlib import Path
from zoneinfo import ZoneInfo

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from app.errors import AppError
from app.foreign_files import ForeignDesk, ForeignFacts, ForeignWish
from app.i18n import _, marked
from app.range_entry import parse_range, range_text
from app.texts import sentence
from storage.case_records import Exhibit
from storage.records import EvidenceKind, Incident
from widgets.amounts import length_text, size_text
from widgets.bridge import Answers, Bridge
from widgets.claimed_keys import quiet_button
from widgets.export_form import Clock
from widgets.form_parts import hinted_line, plain_label
from widgets.keys import latin_letter
from widgets.second_person import ENTER

_LINES = {
    "path": (marked("File"), marked("/media/usb/IMG_0007.MP4 — or drop it here")),
    "origin": (marked("From whom"), marked("Witness K., phone, brought on a stick")),
    "begins": (marked("It begins at"), marked("by its own clock, if it has one")),
    "showed": (marked("Its clock showed"), marked("2026-11-21 18:03:10, at a known moment")),
    "real": (marked("Real time then"), marked("2026-11-21 18:05:00; alone: of its beginning")),
}
_TIMES = ("begins", "showed", "real")
_LETTERS = 1000
_PLAIN = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier


class ForeignPage(QWidget):
    """The lines, what the file is, progress, what became of it."""

    said = Signal(str)
    taken = Signal()
    """The incident has a file more."""

    def __init__(
        self,
        desk: ForeignDesk,
        bridge: Bridge,
        zone: ZoneInfo,
        clock: Clock = time.time,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._desk, self._zone, self._clock = desk, zone, clock
        self._answers = Answers(bridge)
        self._incident: Incident | None = None
        self._looking = ""
        self.facts: ForeignFacts | None = None
        self.taking = False
        self.heading, self.what, self.meaning, self.problem, self.outcome = (plain_label(self) for _number in range(5))
        self.lines = {name: self._line(_(title), _(hint)) for name, (title, hint) in _LINES.items()}
        self.progress = QProgressBar(self)
        self.choose_button = quiet_button(self, _("Choose…"), self.choose)
        self.take_button = quiet_button(self, _("Enter  Take it into the incident"), self.send)
        self.cancel_button = quiet_button(self, _("C  Cancel"), self.cancel)
        self._arrange()
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._renew()

    def _line(self, title: str, hint: str) -> QLineEdit:
        line = hinted_line(self, title, hint, _LETTERS)
        line.textEdited.connect(lambda _text: self._say(""))
        line.textChanged.connect(lambda _text: self._renew())
        return line

    def _arrange(self) -> None:
        self.heading.setObjectName("heading")
        self.what.setObjectName("muted")
        self.meaning.setObjectName("muted")
        self.outcome.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.lines["path"].editingFinished.connect(self._look)
        form = QFormLayout()
        row = QHBoxLayout()
        row.addWidget(self.lines["path"], 1)
        row.addWidget(self.choose_button)
        form.addRow(_(_LINES["path"][0]), row)
        form.addRow(self.what)
        for name, (title, _hint) in list(_LINES.items())[1:]:
            form.addRow(_(title), self.lines[name])
        form.addRow(self.meaning)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.addWidget(self.heading)
        column.addLayout(form)
        for widget in (self.progress, self.problem, self.outcome):
            column.addWidget(widget)
        buttons = QHBoxLayout()
        buttons.addWidget(self.take_button, 1)
        buttons.addWidget(self.cancel_button, 1)
        column.addLayout(buttons)
        column.addStretch(1)

    def show_incident(self, incident: Incident | None) -> None:
        """The incident that the panel shows takes the file."""
        if not self.taking:
            self._incident = incident
            self._renew()

    def choose(self) -> None:
        """Look for the file; the wall stays in use meanwhile."""
        dialog = QFileDialog(self, _("Choose a file for the incident"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setModal(False)
        dialog.fileSelected.connect(self.show_path)
        dialog.show()

    def show_path(self, path: str) -> None:
        """A file that was chosen or dropped."""
        self.lines["path"].setText(path)
        self._look()

    @property
    def wish(self) -> ForeignWish:
        """What is typed. Raises AppError(RANGE_UNREADABLE, RANGE_EMPTY) for a time that is none."""
        times = {name: self._time(name) for name in _TIMES}
        incident_id = self._incident.id if self._incident is not None else ""
        origin = " ".join(self.lines["origin"].text().split())
        begins, showed, real = (times[name] for name in _TIMES)
        return ForeignWish(incident_id, self._path, origin, begins, showed, real)

    def send(self) -> None:
        """Take it in."""
        if self.taking:
            return
        problem, line = self._lacking()
        if problem:
            self._say(problem)
            line.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        here = self._answers.here
        self.taking = True
        self.progress.setValue(0)
        self.cancel_button.setEnabled(True)
        self.outcome.clear()
        self._say("")
        self._renew()
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self._desk.take_in(self.wish, here(self._on_share), here(self._on_taken), here(self._on_refused))

    def cancel(self) -> None:
        """Stop; nothing stays of it."""
        if self.taking:
            self.cancel_button.setEnabled(False)
            self._desk.cancel()

    def relieve(self) -> None:
        """Somebody else sits here: what was typed goes; a file that is being taken in is not."""
        if self.taking:
            self._desk.cancel()
        self._answers.forget()
        self._end()
        self._incident = self.facts = None
        self._looking = ""
        for line in self.lines.values():
            line.clear()
        self.outcome.clear()
        self._say("")
        self._renew()

    @property
    def _path(self) -> Path:
        return Path(self.lines["path"].text().strip()).expanduser()

    def _time(self, name: str) -> float | None:
        text = self.lines[name].text().strip()
        return parse_range(text, self._zone, self._clock()).from_utc_s if text else None

    def _lacking(self) -> tuple[str, QLineEdit]:
        """What is still to be said, and where."""
        if self._incident is None:
            return _("Choose the incident first."), self.lines["path"]
        if not self.lines["path"].text().strip():
            return _("Name the file, choose it, or drop it here."), self.lines["path"]
        if not self.lines["origin"].text().strip():
            return _("Say from whom it is."), self.lines["origin"]
        for name in _TIMES:
            try:
                self._time(name)
            except AppError as error:
                return sentence(error), self.lines[name]
        if self.lines["showed"].text().strip() and not self.lines["real"].text().strip():
            return _("Say what the real time was when its clock showed that."), self.lines["real"]
        return "", self.lines["path"]

    def _look(self) -> None:
        path = self.lines["path"].text().strip()
        if not path or path == self._looking or self.taking:
            return
        self._looking = path
        self.facts = None
        self.outcome.clear()
        here = self._answers.here
        self._desk.look(self._path, here(lambda facts: self._on_facts(path, facts)), here(self._on_no_facts))

    def _on_facts(self, path: str, facts: ForeignFacts) -> None:
        if path != self._looking:
            return
        self.facts = facts
        if facts.created_utc_s is not None and not self.lines["begins"].text():
            self.lines["begins"].setText(range_text(facts.created_utc_s, facts.created_utc_s, self._zone))
        self._renew()

    def _on_no_facts(self, text: str) -> None:
        self._looking = ""
        self._say(text)

    def _on_share(self, share: float) -> None:
        if self.taking:
            self.progress.setValue(round(share * 100))

    def _on_taken(self, exhibit: Exhibit) -> None:
        number = self._incident.number if self._incident is not None else ""
        self._end()
        text = _("✓ {name} belongs to {number} now.").format(name=exhibit.name, number=number)
        self.outcome.setText(f"{text}\nSHA-256 {exhibit.sha256[:32]} {exhibit.sha256[32:]}")
        self._looking, self.facts = "", None
        for line in self.lines.values():
            line.clear()
        self.said.emit(text)
        self.taken.emit()
        self._renew()

    def _on_refused(self, text: str) -> None:
        self._end()
        self._say(text)
        self._renew()
        self.said.emit(text)

    def _end(self) -> None:
        """The lines have the keyboard again, where the page had it."""
        had_keyboard = self.hasFocus()
        self.taking = False
        if had_keyboard:
            self._renew()
            self.lines["path"].setFocus(Qt.FocusReason.OtherFocusReason)

    def _say(self, text: str) -> None:
        self.problem.setText(f"✕ {text}" if text else "")
        self.problem.setVisible(bool(text))

    def _renew(self) -> None:
        number = self._incident.number if self._incident is not None else _("no incident is selected")
        self.heading.setText(_("A file from elsewhere  ·  {number}").format(number=number))
        self.what.setText(_facts_text(self.facts) if self.facts is not None else "")
        self.meaning.setText(self._meaning())
        for line in self.lines.values():
            line.setEnabled(not self.taking)
        self.choose_button.setEnabled(not self.taking)
        self.progress.setVisible(self.taking)
        self.cancel_button.setVisible(self.taking)
        self.take_button.setVisible(not self.taking)
        self.outcome.setVisible(bool(self.outcome.text()))

    def _meaning(self) -> str:
        """What the typed times come to."""
        try:
            wish = self.wish
        except AppError:
            return ""
        parts = []
        if wish.offset_s is not None:
            parts.append(_("Its clock is set by {seconds} s.").format(seconds=f"{wish.offset_s:+.0f}"))
        elif any(self.lines[name].text() for name in _TIMES):
            parts.append(_("Its clock is not compared."))
        if wish.from_utc_s is not None:
            begin = range_text(wish.from_utc_s, wish.from_utc_s, self._zone)
            compared = wish.offset_s is not None
            text = _("It really begins at {time}.") if compared else _("Taken as right, it begins at {time}.")
            parts.append(text.format(time=begin))
        return " ".join(parts)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """A file may be dropped."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Its path, as if it was typed."""
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths and not self.taking:
            self.show_path(paths[0])

    def event(self, event: QEvent) -> bool:
        """What is typed here is no key of the wall; Esc comes before the window's."""
        asked = event if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) else None
        if asked is not None and not asked.modifiers() & ~_PLAIN and asked.key() < Qt.Key.Key_F1:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What the lines leave over."""
        if event.key() == Qt.Key.Key_Escape:
            event.ignore()  # the window goes back to the wall
            return
        if self.taking and latin_letter(event.key(), event.nativeVirtualKey()) == "C":
            self.cancel()
        elif event.key() in ENTER and not self.taking:
            self._go_on()
        event.accept()

    def focusInEvent(self, _event: object) -> None:
        """The keyboard is where something can be typed."""
        if not self.taking:
            self.lines["path"].setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _go_on(self) -> None:
        order = list(self.lines.values())
        at = next((n for n, line in enumerate(order) if line.hasFocus()), len(order) - 1)
        if at + 1 < len(order):
            order[at + 1].setFocus(Qt.FocusReason.TabFocusReason)
        else:
            self.send()


def _facts_text(facts: ForeignFacts) -> str:
    """What the file is."""
    size = f"{facts.width_px}x{facts.height_px}, {size_text(facts.bytes)}"
    if facts.kind is EvidenceKind.STILL:
        return _("A picture, {size}.").format(size=size)
    sound = _("with sound") if facts.sound else _("no sound")
    length = length_text(facts.duration_s)
    return _("A film of {length}, {codec}, {size}, {sound}.").format(
        length=length, codec=facts.codec, size=size, sound=sound
    )
