"""The disclosure desk: requests of authorities, and of persons about themselves, by deadline, each step by one key. A
page of the panel, never a dialog.

Enter does the next step of the selected request. GUI thread only; answers of the desk come from task threads through
the bridge.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.i18n import _
from app.labels import label_of
from app.release_desk import DisclosureFile, Done, ReleaseDesk
from app.site_time import offset_text
from app.subject_choice import SubjectChoice
from app.subject_desk import SubjectDesk
from storage.release_commands import OpenDisclosure
from storage.release_records import DisclosureKind, DisclosureState
from widgets.bridge import Answers, Bridge
from widgets.claimed_keys import ClaimedKeys, quiet_button
from widgets.disclosure_form import DAY_S, DisclosureForm
from widgets.keys import latin_letter
from widgets.subject_picker import SubjectPicker

_COLUMNS = 2
_NEXT = {DisclosureState.RECEIVED: "A", DisclosureState.APPROVED: "P", DisclosureState.PACKED: "G"}
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
WordStep = Callable[[DisclosureFile, str, Done], None]


class DisclosureDesk(QWidget):
    """List, what is known of the selected request, a line for words, the steps."""

    said = Signal(str)
    """A sentence to show."""

    def __init__(
        self,
        desk: ReleaseDesk,
        bridge: Bridge,
        zone: ZoneInfo,
        parent: QWidget | None = None,
        subjects: SubjectDesk | None = None,
    ) -> None:
        """`subjects` finds what is a person's own; without it no such request can be packed."""
        super().__init__(parent)
        self._desk = desk
        self._zone = zone
        self._answers = Answers(bridge)
        self._asked = self._shown = 0
        self._files: tuple[DisclosureFile, ...] = ()
        self._listed: list[str] = []
        self._all = False
        self._step: Callable[[str], None] | None = None
        self.list = QListWidget(self)
        self.list.setAccessibleName(_("Requests of authorities"))
        ClaimedKeys(self.list, self._call_of_list)
        self.list.currentRowChanged.connect(lambda _row: self._show_selected())
        self.facts = QLabel(self)
        self.facts.setWordWrap(True)
        self.facts.setTextFormat(Qt.TextFormat.PlainText)
        self.facts.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.words = QLineEdit(self)
        self.words.setMaxLength(2000)
        ClaimedKeys(self.words, self._call_of_words)
        self.words.hide()
        self.form = DisclosureForm(desk.cameras, zone, self)
        self.form.sent.connect(self._on_sent)
        self.form.left.connect(self._on_left)
        self.picker = SubjectPicker(subjects, bridge, zone, self) if subjects is not None else None
        if self.picker is not None:
            self.picker.left.connect(self._on_left)
            self.picker.chosen.connect(self._on_chosen)
        self._packing: DisclosureFile | None = None
        self.buttons = {letter: self._button(letter, text, call) for letter, (text, call) in self._steps().items()}
        self._build()

    def _steps(self) -> dict[str, tuple[str, Callable[[], None]]]:
        persons = {"S": (_("New: a person's own"), self.begin_person)} if self.picker is not None else {}
        return {
            "N": (_("New"), self.begin),
            **persons,
            "A": (_("Approval"), self.approve),
            "P": (_("Package"), self.pack),
            "L": (_("Letter, label"), self.write_papers),
            "G": (_("Handed over"), self.give),
            "R": (_("Refuse"), self.refuse),
            "O": (_("Open only / all"), self.show_all),
        }

    def _button(self, letter: str, text: str, call: Callable[[], None]) -> QPushButton:
        return quiet_button(self, f"{letter}  {text}", call, "step")

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        heading = QLabel(_("Requests of authorities"), self)
        heading.setObjectName("heading")
        column.addWidget(heading)
        column.addWidget(self.list, 2)
        column.addWidget(self.form)
        if self.picker is not None:
            column.addWidget(self.picker, 4)
        column.addWidget(self.facts, 2)
        column.addWidget(self.words)
        column.addStretch(0)  # while the list is hidden, the form stays on top
        grid = QGridLayout()
        for number, button in enumerate(self.buttons.values()):
            grid.addWidget(button, number // _COLUMNS, number % _COLUMNS)
        column.addLayout(grid)
        self.setFocusProxy(self.list)
        self._show_selected()

    def refresh(self) -> None:
        """Read the requests again; the selected one stays selected."""
        self._asked += 1
        self._desk.load(self._answers.here(partial(self._on_loaded, self._asked)), open_only=not self._all)

    def relieve(self) -> None:
        """Somebody else sits here: what was shown and half typed goes, and so do answers that are on their way."""
        self._answers.forget()
        self._all = False
        self._step = None
        self.words.clear()
        self.words.hide()
        self.form.relieve()
        self._packing = None
        if self.picker is not None:
            self.picker.relieve()
        self.list.show()
        self.facts.show()
        self._show_files(())

    @property
    def selected(self) -> DisclosureFile | None:
        """The request that is marked."""
        row = self.list.currentRow()
        return self._files[row] if 0 <= row < len(self._files) else None

    def begin(self) -> None:
        """Type a letter in."""
        self._begin(DisclosureKind.AUTHORITY)

    def begin_person(self) -> None:
        """A person asks what is stored of them."""
        self._begin(DisclosureKind.SUBJECT)

    def _begin(self, kind: DisclosureKind) -> None:
        self._make_room()
        self.form.begin(kind)

    def _make_room(self) -> None:
        self.list.hide()
        self.facts.hide()

    def approve(self) -> None:
        """Ask a second person; or, when one said yes, go on."""
        file = self._in(DisclosureState.RECEIVED)
        if file is None:
            return
        if file.granted:
            self._desk.approve(file, self._did)
        elif file.approval is not None and file.approval.state.value == "requested":
            self.said.emit(_("A second person has been asked and has not answered yet."))
        else:
            self._ask(_("Why it should be given: the second person reads it"), file, self._desk.ask_approval)

    def pack(self) -> None:
        """Make the package."""
        file = self._in(DisclosureState.APPROVED)
        if file is not None and file.disclosure.kind is DisclosureKind.SUBJECT:
            self._choose(file)
        elif file is not None:
            hint = _("What is given, when it is not all; Enter makes the package")
            self._ask(hint, file, self._desk.pack, needed=False)

    def _choose(self, file: DisclosureFile) -> None:
        """What is the person's own, then the package."""
        if self.picker is not None:
            self._packing = file
            self._make_room()
            self.picker.begin(file.disclosure)

    def _on_chosen(self, choice: SubjectChoice) -> None:
        file = self._packing
        self._on_left()
        if file is not None:
            self._desk.pack(replace(file, choice=choice), "", self._did)

    def write_papers(self) -> None:
        """Reply letter and label."""
        file = self.selected
        if file is not None:
            self._desk.write_papers(file, self._did)

    def give(self) -> None:
        """It was handed over."""
        file = self._in(DisclosureState.PACKED)
        if file is not None:
            self._ask(_("Who signed the receipt, and when"), file, self._desk.give)

    def refuse(self) -> None:
        """It is not given."""
        file = self._in(DisclosureState.RECEIVED, DisclosureState.APPROVED, DisclosureState.PACKED)
        if file is not None:
            self._ask(_("Why it is refused: it stands in the letter"), file, self._desk.refuse)

    def show_all(self) -> None:
        """Those that are over too, or only open ones."""
        self._all = not self._all
        self._shown = self._asked + 1  # what is on its way answers the other question
        self.refresh()

    def _in(self, *states: DisclosureState) -> DisclosureFile | None:
        file = self.selected
        return file if file is not None and file.disclosure.state in states else None

    def _ask(self, hint: str, file: DisclosureFile, step: WordStep, *, needed: bool = True) -> None:
        """One line of words, then the step."""

        def go(words: str) -> None:
            if words or not needed:
                self._leave_words()
                step(file, words, self._did)

        self._step = go
        self.words.clear()
        self.words.setPlaceholderText(hint)
        self.words.setAccessibleName(hint)
        self.words.show()
        self.words.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _leave_words(self) -> None:
        self._step = None
        self.words.hide()
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _call_of_list(self, event: QKeyEvent) -> Callable[[], None] | None:
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return None
        letter = latin_letter(event.key(), event.nativeVirtualKey())
        if event.key() in _ENTER:
            file = self.selected
            letter = _NEXT.get(file.disclosure.state, "L") if file is not None else "N"
        steps = self._steps()
        return steps[letter][1] if letter in steps else None

    def _call_of_words(self, event: QKeyEvent) -> Callable[[], None] | None:
        if event.key() in _ENTER and self._step is not None:
            return partial(self._step, " ".join(self.words.text().split()))
        return self._leave_words if event.key() == Qt.Key.Key_Escape else None

    def _on_sent(self, command: OpenDisclosure) -> None:
        self._on_left()
        self._desk.open(command, self._did)

    def _on_left(self) -> None:
        self._packing = None
        self.list.show()
        self.facts.show()
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_did(self, text: str) -> None:
        self.said.emit(text)
        self.refresh()

    @property
    def _did(self) -> Callable[[str], None]:
        return self._answers.here(self._on_did)

    def _on_loaded(self, number: int, files: tuple[DisclosureFile, ...]) -> None:
        if number >= self._shown:  # a later question may have been answered first
            self._shown = number
            self._show_files(files)

    def _show_files(self, files: tuple[DisclosureFile, ...]) -> None:
        listed = [_line(file) for file in files]  # days go by without a change
        if (files, listed) == (self._files, self._listed):
            return
        current = self.selected
        self._files, self._listed = files, listed
        self.list.clear()
        self.list.addItems(listed)
        ids = [file.disclosure.id for file in files]
        row = ids.index(current.disclosure.id) if current is not None and current.disclosure.id in ids else 0
        self.list.setCurrentRow(row if files else -1)
        self._show_selected()

    def _show_selected(self) -> None:
        file = self.selected
        state = file.disclosure.state if file is not None else None
        self.buttons["A"].setEnabled(state is DisclosureState.RECEIVED)
        self.buttons["P"].setEnabled(state is DisclosureState.APPROVED)
        self.buttons["G"].setEnabled(state is DisclosureState.PACKED)
        self.buttons["R"].setEnabled(state in _NEXT)
        self.buttons["L"].setEnabled(file is not None)
        self.facts.setText(_("No request is open.") if file is None else self._facts(file))

    def _facts(self, file: DisclosureFile) -> str:
        one = file.disclosure
        begin, end = (datetime.fromtimestamp(at, self._zone) for at in (one.from_utc_s, one.to_utc_s))
        rows = [
            (_("Reference"), one.reference),
            (_("Legal basis"), one.legal_basis),
            (_("Asked for"), one.asked),
            (_("From"), f"{begin:%Y-%m-%d %H:%M:%S} {offset_text(begin)}"),
            (_("Until"), f"{end:%Y-%m-%d %H:%M:%S} {offset_text(end)}"),
            (_("Who fetches it"), one.recipient),
            (_("Approval"), label_of(file.approval.state) if file.approval else ""),
            (_("Package"), file.package.path if file.package else ""),
            (_("Given"), one.given),
            (_("Refused"), one.refused),
            (_("Receipt"), one.receipt),
        ]
        return "\n".join(f"{title}: {text}" for title, text in rows if text)


def _line(file: DisclosureFile) -> str:
    disclosure = file.disclosure
    days = (disclosure.due_utc_s - time.time()) / DAY_S
    left = _("late") if days < 0 else _("{days} days left").format(days=int(days))
    over = disclosure.state in (DisclosureState.GIVEN, DisclosureState.REFUSED)
    state = label_of(disclosure.state)
    if disclosure.state is DisclosureState.RECEIVED and file.granted:
        state = _("Second person said yes")
    person = _("about themselves") if disclosure.kind is DisclosureKind.SUBJECT else ""
    parts = [disclosure.number, disclosure.authority, person, state, "" if over else left]
    return "  ·  ".join(part for part in parts if part)
