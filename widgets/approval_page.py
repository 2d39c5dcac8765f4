"""Approvals and evidence packages: who waits for a second person's word, the word itself, broken glass and its review.

A page of the panel, never a dialog. The second person signs here by their own name and password, or at another seat as
who is signed in there. GUI thread only; the desk's answers come through the bridge.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QListWidget, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.approval_desk import ApprovalDesk, SecondPerson
from app.approval_facts import ApprovalLine
from app.i18n import _
from storage.people_records import ApprovalKind, ApprovalState
from storage.records import Incident
from widgets.approval_words import facts_text, line_text, what_text
from widgets.bridge import Answers, Bridge
from widgets.choice import Choice, Question
from widgets.claimed_keys import ClaimedKeys, quiet_button
from widgets.keys import latin_letter
from widgets.package_form import PackageForm
from widgets.second_person import ENTER, SecondPersonForm

_COLUMNS = 3
_STUCK_S = 10.0
_LEAST_PX = 48
Word = Callable[[SecondPerson | None], None]


class ApprovalPage(QWidget):
    """The package form, what is open, what is known of the selected approval, the second person's lines, the steps."""

    said = Signal(str)

    def __init__(self, desk: ApprovalDesk, bridge: Bridge, choice: Choice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk, self._bridge, self._choice = desk, bridge, choice
        self._lines: tuple[ApprovalLine, ...] = ()
        self._incident: Incident | None = None
        self._asked_s: float | None = None
        self._again = False
        self._expected = ""
        self._answers = Answers(bridge)
        self.package = PackageForm(desk, bridge, self)
        self.heading, self.facts = QLabel(self), QLabel(self)
        self.list = QListWidget(self)
        self.second = SecondPersonForm(self)
        self.steps: dict[str, tuple[str, Callable[[], None]]] = {
            "P": (_("Package"), self.begin_package),
            "A": (_("Approve"), self.approve),
            "R": (_("Refuse"), self.refuse),
            "G": (_("Danger to life"), self.break_glass),
            "V": (_("Reviewed"), self.review),
        }
        self.buttons = {letter: self._button(letter, text, call) for letter, (text, call) in self.steps.items()}
        self._build()
        self._connect()
        self._show_lines(())

    def _button(self, letter: str, text: str, call: Callable[[], None]) -> QPushButton:
        return quiet_button(self, f"{letter}  {text}", call)

    def _build(self) -> None:
        self.heading.setObjectName("heading")
        self.list.setAccessibleName(_("Approvals"))
        self.facts.setWordWrap(True)
        self.facts.setTextFormat(Qt.TextFormat.PlainText)
        self.facts.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        area = QScrollArea(self)  # somebody's long reason does not push the fields together
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(self.facts)
        for widget in (self.list, area):
            widget.setMinimumHeight(_LEAST_PX)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.addWidget(self.package)
        column.addWidget(self.heading)
        column.addWidget(self.list, 2)
        column.addWidget(area, 1)
        column.addWidget(self.second)
        grid = QGridLayout()
        for number, button in enumerate(self.buttons.values()):
            grid.addWidget(button, number // _COLUMNS, number % _COLUMNS)
        column.addLayout(grid)
        self.setFocusProxy(self.list)

    def _connect(self) -> None:
        ClaimedKeys(self.list, self._call_of)
        self.list.currentRowChanged.connect(lambda _row: self._show_selected())
        self.package.left.connect(self._take_keyboard)
        self.package.asked.connect(self._on_asked)
        self.package.built.connect(self.renew)
        self.package.said.connect(self.said)
        self.second.left.connect(self._take_keyboard)
        self._bridge.seat_changed.connect(self._on_seat_changed)

    def showEvent(self, event: QShowEvent) -> None:
        """What changed meanwhile."""
        super().showEvent(event)
        self.renew()

    def show_incident(self, incident: Incident | None) -> None:
        """The incident that the panel shows: P makes its package."""
        self._incident = incident
        self._show_selected()

    def _on_seat_changed(self, _seat: object) -> None:
        if self.isVisible():
            self.renew()

    def relieve(self) -> None:
        """Somebody else sits here: what was shown and half typed goes, and so do answers that are on their way."""
        self._answers.forget()
        self._incident, self._expected = None, ""
        self._asked_s, self._again = None, False
        self.second.relieve()
        self.package.relieve()
        self._show_lines(())

    def begin_package(self) -> None:
        """Order the package of the incident that is shown."""
        if self._incident is not None or self.package.building:
            self.package.begin(self._incident.id if self._incident is not None else "")
        else:
            self.said.emit(_("Choose the incident first."))

    def waiting(self) -> int:
        """How many approvals wait for somebody's word: to be decided, or to be reviewed."""
        return len(self._lines)

    def renew(self) -> None:
        """Read again; calls that come meanwhile are one."""
        now_s = time.monotonic()
        if self._asked_s is not None and now_s - self._asked_s < _STUCK_S:
            self._again = True
            return
        self._asked_s, self._again = now_s, False
        here = self._answers.here
        self._desk.load(here(self._on_loaded), here(self._on_not_loaded))
        self.package.renew()

    @property
    def selected(self) -> ApprovalLine | None:
        """The approval that is marked."""
        row = self.list.currentRow()
        return self._lines[row] if 0 <= row < len(self._lines) else None

    def approve(self) -> None:
        """The second person says yes."""
        self._decide(_("Approve: {what}. A word, or only Enter"), approved=True)

    def refuse(self) -> None:
        """The second person says no, and why."""
        self._decide(_("Refuse: {what}. Say why"), approved=False)

    def break_glass(self) -> None:
        """Danger to life, and nobody to ask."""
        line = self._in(ApprovalState.REQUESTED)
        if line is None or line.approval.kind is ApprovalKind.ERASURE:
            return

        def go(_value: object, words: str) -> None:
            self._take_keyboard()
            self._desk.break_glass(line, words, *self._both_answers())

        heading = _("Danger to life: {what} is used at once, in your name. Somebody else reviews it tomorrow.")
        self._ask(heading.format(what=what_text(line)), go, _("What is happening, and why nobody can be asked"))

    def review(self) -> None:
        """Somebody else looked at broken glass."""
        line = self._in(ApprovalState.BROKEN_GLASS)
        if line is None:
            return

        def go(_value: object, words: str) -> None:
            self._sign(line, lambda second: self._desk.review(line, words, second, *self._both_answers()))

        self._ask(_("Review: {what}").format(what=what_text(line)), go, _("What you found"))

    def _decide(self, heading: str, *, approved: bool) -> None:
        line = self._in(ApprovalState.REQUESTED)
        if line is None:
            return

        def go(_value: object, words: str) -> None:
            self._sign(
                line,
                lambda second: self._desk.decide(line, words, second, *self._both_answers(), approved=approved),
            )

        self._ask(heading.format(what=what_text(line)), go, _("In a few words"), must_say=not approved)

    def _sign(self, line: ApprovalLine, word: Word) -> None:
        """As who sits here where that is somebody else; otherwise the second person signs."""
        self._take_keyboard()
        if line.alone:
            word(None)
        else:
            self.second.ask(_("Signed by a second person: {what}").format(what=what_text(line)), word)

    def _ask(self, heading: str, go: Callable[[object, str], None], words: str, *, must_say: bool = True) -> None:
        self.second.leave()

        here = self._answers.here(go)

        def later(value: object, said: str) -> None:
            here(value, said)  # first whoever else hears that Enter has had it

        self._choice.ask(Question(heading, later, words=words, must_say=must_say))

    def _both_answers(self) -> tuple[Callable[[str], None], Callable[[str], None]]:
        return self._answers.here(self._on_did), self._answers.here(self._on_refused)

    def _in(self, state: ApprovalState) -> ApprovalLine | None:
        line = self.selected
        return line if line is not None and line.approval.state is state else None

    def _take_keyboard(self) -> None:
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_asked(self, incident_id: str) -> None:
        """The second person may stand beside: their word is one key away."""
        self._expected = incident_id
        self._take_keyboard()
        self.renew()

    def _on_did(self, text: str) -> None:
        if not self.second.isHidden():
            self.second.leave()
            self._take_keyboard()
        self.said.emit(text)
        self.renew()

    def _on_refused(self, text: str) -> None:
        if self.second.isHidden():
            self.said.emit(text)
        else:
            self.second.refuse(text)
        self.renew()

    def _on_not_loaded(self, text: str) -> None:
        self._asked_s = None
        self.said.emit(text)

    def _on_loaded(self, lines: tuple[ApprovalLine, ...]) -> None:
        self._asked_s = None
        if lines != self._lines:
            self._show_lines(lines)
        if self._again:
            self.renew()

    def _show_lines(self, lines: tuple[ApprovalLine, ...]) -> None:
        current = self.selected
        self._lines = lines
        self.list.clear()
        self.list.addItems([line_text(line) for line in lines])
        asked = [(line.approval.subject_id, line.approval.state) for line in lines]
        wanted = (self._expected, ApprovalState.REQUESTED)
        expected = asked.index(wanted) if wanted in asked else None
        self._expected = "" if expected is not None else self._expected
        ids = [line.approval.id for line in lines]
        row = ids.index(current.approval.id) if current is not None and current.approval.id in ids else 0
        self.list.setCurrentRow((row if expected is None else expected) if lines else -1)
        due = sum(line.due for line in lines)
        text = _("Approvals  ·  {count} waiting").format(count=len(lines))
        self.heading.setText(text + (_(", reviews due: {due}").format(due=due) if due else ""))
        self._show_selected()

    def _show_selected(self) -> None:
        line = self.selected
        asked = self._in(ApprovalState.REQUESTED) is not None
        for letter in "AR":
            self.buttons[letter].setEnabled(asked)
        erasure = line is not None and line.approval.kind is ApprovalKind.ERASURE
        self.buttons["G"].setEnabled(asked and not erasure)
        self.buttons["V"].setEnabled(self._in(ApprovalState.BROKEN_GLASS) is not None)
        self.buttons["P"].setEnabled(self._incident is not None)
        self.facts.setText(_("Nobody waits for a second person.") if line is None else facts_text(line))

    def _call_of(self, event: QKeyEvent) -> Callable[[], None] | None:
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return None
        if event.key() in ENTER:
            return self._next_step
        letter = latin_letter(event.key(), event.nativeVirtualKey())
        if letter == "C" and self.package.building:
            return self.package.cancel
        return self.steps[letter][1] if letter in self.steps else None

    def _next_step(self) -> None:
        line = self.selected
        if line is None:
            self.begin_package()
        elif line.approval.state is ApprovalState.REQUESTED:
            self.approve()
        else:
            self.review()
