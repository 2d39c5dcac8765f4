"""An incident's evidence package, ordered beside the wall: why, for whom, with the originals or not; then how far it is
and what came out. By keyboard alone. GUI thread only; the desk's answers come through the bridge.
"""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from app.approval_desk import ApprovalDesk, PackageWish
from app.approval_facts import PackagePlan
from app.i18n import _, marked
from app.package_films import PackageStep
from app.packages import PackageResult
from widgets.approval_words import approval_text, result_text, scope_text
from widgets.bridge import Answers, Bridge
from widgets.claimed_keys import quiet_button
from widgets.form_parts import hinted_line, plain_label
from widgets.keys import latin_letter
from widgets.second_person import ENTER

_LETTERS = 500
_LINES = {
    "reason": (marked("Reason or case"), marked("Court order 12-345/2026")),
    "recipient": (marked("For whom"), marked("Police, 3rd department")),
    "legal_basis": (marked("Legal basis"), marked("Article and law")),
}
_STEPS = {
    PackageStep.COPY: marked("copying the recordings"),
    PackageStep.VIEW: marked("making the view copies"),
    PackageStep.PACK: marked("packing"),
    PackageStep.VERIFY: marked("verifying"),
}
_PLAIN = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier


class PackageForm(QFrame):
    """Hidden until `begin`. Enter goes on and from the last field makes it; Esc leaves, and what is being made goes on;
    C cancels that."""

    left = Signal()
    asked = Signal(str)
    """A second person was asked; the incident's id."""
    built = Signal()
    said = Signal(str)

    def __init__(self, desk: ApprovalDesk, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._desk = desk
        self.plan: PackagePlan | None = None
        self.building = False
        self._incident_id = ""
        self._asked = self._answered = 0
        self._send_when_read = False
        self._answers = Answers(bridge)
        self.heading, self.scopes, self.key, self.approval, self.problem, self.result = (
            plain_label(self) for _number in range(6)
        )
        self.heading.setObjectName("heading")
        self.scopes.setObjectName("muted")
        self.key.setObjectName("muted")
        self.result.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.lines = {name: self._line(title, hint) for name, (title, hint) in _LINES.items()}
        self.lines["recipient"].editingFinished.connect(self._look_up_key)
        self.originals = QCheckBox(_("With the originals (a second person approves)"), self)
        self.originals.toggled.connect(lambda _on: self._renew())
        self.progress = QProgressBar(self)
        self.build_button = quiet_button(self, "", self.send)
        self.cancel_button = quiet_button(self, _("C  Cancel"), self.cancel)
        self._arrange()
        self.hide()

    def _line(self, title: str, hint: str) -> QLineEdit:
        return hinted_line(self, _(title), _(hint), _LETTERS)

    def _arrange(self) -> None:
        self.fields = QWidget(self)
        form = QFormLayout(self.fields)
        form.setContentsMargins(0, 0, 0, 0)
        for name, (title, _hint) in _LINES.items():
            form.addRow(_(title), self.lines[name])
        form.addRow(self.key)
        form.addRow(self.originals)
        form.addRow(self.approval)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 4)
        for widget in (self.heading, self.scopes, self.fields, self.progress, self.result, self.problem):
            column.addWidget(widget)
        buttons = QHBoxLayout()
        buttons.addWidget(self.build_button, 1)
        buttons.addWidget(self.cancel_button, 1)
        column.addLayout(buttons)

    def begin(self, incident_id: str) -> None:
        """Appear with the keyboard, empty for another incident than before; what is being made is shown instead."""
        self.show()
        if self.building:
            self.setFocus(Qt.FocusReason.ShortcutFocusReason)
            return
        if incident_id != self._incident_id:
            for line in self.lines.values():
                line.clear()
            self.originals.setChecked(False)
            self.plan = None
        self._incident_id, self._send_when_read = incident_id, False
        self.result.clear()
        self._say("")
        self._renew()
        self._read_plan()
        self._look_up_key()
        again = bool(self.wish.reason) and self.originals.isChecked()  # they come back when it is approved
        first = self.originals if again else self.lines["reason"]
        first.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def renew(self) -> None:
        """A second person may have answered."""
        if self._incident_id and self.isVisible() and not self.building and not self.result.text():
            self._read_plan()

    def _read_plan(self) -> None:
        here = self._answers.here
        self._asked += 1
        number = self._asked
        self._desk.plan(
            self._incident_id, here(partial(self._on_plan, number)), here(partial(self._on_no_plan, number))
        )

    @property
    def wish(self) -> PackageWish:
        """What is typed."""
        texts = {name: " ".join(line.text().split()) for name, line in self.lines.items()}
        return PackageWish(self._incident_id, master=self.originals.isChecked(), **texts)

    def send(self) -> None:
        """Make it; with originals that nobody approved yet, ask a second person first. While the plan is being read,
        which may say that somebody approved meanwhile, it waits for that."""
        plan, wish = self.plan, self.wish
        if self.building or self.result.text():
            return
        self._send_when_read = self._answered < self._asked
        if plan is None or self._send_when_read:
            return
        here = self._answers.here
        if not wish.reason:
            self._say(_("Say why, or for which case."))
            self.lines["reason"].setFocus(Qt.FocusReason.OtherFocusReason)
        elif not wish.master or plan.granted:
            self._begin_building()
            self._desk.build(wish, here(self._on_progress), here(self._on_built), here(self._on_failed))
        elif plan.asked:
            self._say(_("A second person has been asked and has not answered yet."))
        else:
            self._say("")
            self._desk.ask(wish, here(self._on_asked), here(self._say))

    def cancel(self) -> None:
        """Stop what is being made."""
        if self.building:
            self.cancel_button.setEnabled(False)
            self._desk.cancel()

    def leave(self) -> None:
        """Give the keyboard back; what is being made goes on and stays visible."""
        self._send_when_read = False
        self.setVisible(self.building)
        self.left.emit()

    def relieve(self) -> None:
        """Somebody else sits here: what was typed goes. What is being made is written down for who ordered it, and
        said to nobody here."""
        self._answers.forget()
        self.building = self._send_when_read = False
        self._answered = self._asked
        self.plan, self._incident_id = None, ""
        for line in self.lines.values():
            line.clear()
        self.originals.setChecked(False)
        for label in (self.key, self.result):
            label.clear()
        self._say("")
        self.hide()

    def _begin_building(self) -> None:
        self.building = True
        self._say("")
        self.progress.setValue(0)
        self.progress.setFormat("%p %")
        self.cancel_button.setEnabled(True)
        self._renew()
        self.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_plan(self, number: int, plan: PackagePlan) -> None:
        """Only the newest question's answer counts: answers may overtake each other."""
        if number < self._asked:
            return
        self._answered = number
        if plan.incident_id == self._incident_id and not self.building:
            self.plan = plan
            self._renew()
            if self._send_when_read:
                self.send()

    def _on_no_plan(self, number: int, text: str) -> None:
        if number == self._asked:
            self._answered, self._send_when_read = number, False
            self._say(text)

    def _on_asked(self, text: str) -> None:
        self.said.emit(text)
        self.asked.emit(self._incident_id)
        self._read_plan()

    def _on_progress(self, step: PackageStep, share: float) -> None:
        if self.building:
            self.progress.setValue(round(share * 100))
            self.progress.setFormat(f"%p %  {_(_STEPS[step])}")

    def _on_built(self, result: PackageResult) -> None:
        self.building = False
        cameras = self.plan.cameras if self.plan is not None else {}
        self.result.setText(result_text(result, cameras))
        self._renew()
        self.said.emit(_("The package is made: {path}").format(path=result.path))
        self.built.emit()

    def _on_failed(self, text: str) -> None:
        had_keyboard = self.hasFocus()
        self.building = False
        self._say(text)
        self._renew()
        if had_keyboard:
            self.lines["reason"].setFocus(Qt.FocusReason.OtherFocusReason)
        self.said.emit(text)
        self._read_plan()

    def _look_up_key(self) -> None:
        name = self.wish.recipient
        self.key.clear()
        if name:
            here = self._answers.here
            self._desk.look_up_key(name, here(lambda known: self._on_key(name, known)), here(self._say))

    def _on_key(self, name: str, known: bool) -> None:  # a callback of one value
        if name == self.wish.recipient:
            sealed = _("The recipient's key is known: originals go sealed.")
            self.key.setText(sealed if known else _("No key of this recipient is known: originals would go unsealed."))

    def _say(self, text: str) -> None:
        self.problem.setText(f"✕ {text}" if text else "")
        self.problem.setVisible(bool(text))

    def _renew(self) -> None:
        plan, done = self.plan, bool(self.result.text())
        self.heading.setText(_("Evidence package  ·  {number}").format(number=plan.number if plan else "…"))
        self.scopes.setText(scope_text(plan) if plan is not None else "")
        master = self.originals.isChecked()
        self.approval.setText(approval_text(plan) if plan is not None and master else "")
        self.approval.setVisible(bool(self.approval.text()))
        self.fields.setVisible(not self.building and not done)
        self.progress.setVisible(self.building)
        self.result.setVisible(done)
        self.cancel_button.setVisible(self.building)
        self.build_button.setVisible(not self.building and not done)
        asks = master and plan is not None and not plan.granted
        self.build_button.setText(_("Enter  Ask for approval") if asks else _("Enter  Make the package"))
        self.build_button.setEnabled(not (asks and plan is not None and plan.asked))

    def event(self, event: QEvent) -> bool:
        """What is typed here is no key of the wall; Esc comes before the window's."""
        asked = event if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) else None
        if asked is not None and not asked.modifiers() & ~_PLAIN and asked.key() < Qt.Key.Key_F1:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What the fields leave over."""
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        elif self.building and latin_letter(event.key(), event.nativeVirtualKey()) == "C":
            self.cancel()
        elif event.key() in ENTER:
            self._go_on()
        event.accept()

    def _go_on(self) -> None:
        order = [*self.lines.values(), self.originals]
        at = next((n for n, widget in enumerate(order) if widget.hasFocus()), len(order) - 1)
        if self.result.text():
            self.leave()
        elif at + 1 < len(order):
            order[at + 1].setFocus(Qt.FocusReason.TabFocusReason)
        else:
            self.send()
