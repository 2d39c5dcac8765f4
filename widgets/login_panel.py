"""Who sits at this seat: sign in, unlock, relieve, change the password, lock, sign out. A page of the panel beside the
wall: never modal, never over a picture. GUI thread only; passwords go to the desk and are wiped from their fields."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QFocusEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.i18n import _
from app.labels import label_of
from app.people_desk import PeopleDesk
from app.sign_in import SeatChanged
from widgets.bridge import Bridge

_LONGEST = 1024


class LoginPanel(QWidget):
    """`desk` answers on any thread; `bridge` brings the answers here."""

    def __init__(self, desk: PeopleDesk, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._desk, self._bridge = desk, bridge
        self._seat = SeatChanged()
        self._waiting = False
        self._wants_change = False
        self._build()
        bridge.seat_changed.connect(self.show_seat)
        self.show_seat(desk.state().seat)

    def _build(self) -> None:
        self.heading, self.sentence = QLabel(self), QLabel(self)
        self.heading.setObjectName("heading")
        self.sentence.setObjectName("muted")
        self.name, self.password = QLineEdit(self), self._secret(_("Password"))
        self.name.setPlaceholderText(_("Name"))
        self.name.setAccessibleName(_("Name"))
        self.new, self.again = self._secret(_("New password, at least 8 letters")), self._secret(_("Once more"))
        self.error = QLabel(self)
        for label in (self.heading, self.sentence, self.error):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self.enter = self._button(self._submit)
        self.lock_button = self._button(self._desk.lock, _("Lock"))
        self.leave_button = self._button(self._desk.sign_out, _("Sign out"))
        self.change_button = self._button(self._ask_change, _("Change password"))
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 12, 10)
        for widget in (self.heading, self.sentence, self.name, self.password, self.new, self.again, self.error):
            column.addWidget(widget)
        column.addWidget(self.enter)
        line = QHBoxLayout()
        for button in (self.lock_button, self.leave_button, self.change_button):
            line.addWidget(button)
        column.addLayout(line)
        column.addStretch(1)
        self.name.returnPressed.connect(self._on_name_given)
        self.password.returnPressed.connect(self._on_password_given)
        self.new.returnPressed.connect(lambda: self.again.setFocus(Qt.FocusReason.TabFocusReason))
        self.again.returnPressed.connect(self._submit)

    def _secret(self, text: str) -> QLineEdit:
        line = QLineEdit(self)
        line.setEchoMode(QLineEdit.EchoMode.Password)
        line.setMaxLength(_LONGEST)
        line.setPlaceholderText(text)
        line.setAccessibleName(text)
        return line

    def _button(self, pressed: Callable[[], None], text: str = "") -> QPushButton:
        button = QPushButton(text, self)
        button.setAutoDefault(True)
        button.clicked.connect(lambda: pressed())
        return button

    def show_seat(self, seat: SeatChanged) -> None:
        """Who sits here now. When that is other than before, the keyboard goes to the field that is asked for first;
        who is typing is not disturbed by being told the same again."""
        before, self._seat = self._seat, seat
        if not seat.may_act or not seat.operator_id:
            self._wants_change = False
        if seat != before:
            self._wipe(self.password, self.new, self.again)
            self.name.setText(seat.name if seat.locked else "")
            self._say("")
            self._take_caret()
        else:
            self._renew()

    def showEvent(self, event: QShowEvent) -> None:
        """The keyboard goes to the first empty field."""
        super().showEvent(event)
        self._take_caret()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Whoever brings the page forward gives it the keyboard: it belongs to a field, or to the first button."""
        super().focusInEvent(event)
        self._take_caret()
        if self.hasFocus() and not self.lock_button.isHidden():
            self.lock_button.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _renew(self) -> None:
        seat, changing = self._seat, self._changing
        asks = changing or not seat.may_act
        self.heading.setText(_heading(seat))
        self.sentence.setText(self._what_to_do())
        self.name.setVisible(asks and not changing)
        self.password.setVisible(asks and (not changing or seat.by_password))
        self.new.setVisible(changing)
        self.again.setVisible(changing)
        self.enter.setVisible(asks)
        self.enter.setText(self._enter_text())
        self.enter.setEnabled(not self._waiting)
        for button in (self.lock_button, self.leave_button, self.change_button):
            button.setVisible(seat.may_act and not changing)
        self.error.setVisible(bool(self.error.text()))
        if asks and self.isVisible() and not any(line.hasFocus() for line in self._fields):
            self._take_caret()

    @property
    def _changing(self) -> bool:
        return bool(self._seat.operator_id) and not self._seat.locked and (self._seat.must_change or self._wants_change)

    def _enter_text(self) -> str:
        if self._waiting:
            return _("Checking…")
        if self._changing:
            return _("Set the new password")
        return _("Unlock or relieve") if self._seat.locked else _("Sign in")

    def _what_to_do(self) -> str:
        if self._changing and self._seat.must_change:
            return _("Your password is a temporary one: choose your own.")
        if self._seat.locked:
            return _("The pictures go on. Unlock by your password; a colleague relieves you by name and password.")
        if not self._seat.operator_id:
            return _("The pictures go on; to do something, sign in.")
        return ""

    @property
    def _fields(self) -> list[QLineEdit]:
        """Those that are asked for, from top to bottom."""
        return [line for line in (self.name, self.password, self.new, self.again) if not line.isHidden()]

    def _take_caret(self) -> None:
        """The keyboard to the first field that is empty, else to the last."""
        fields = self._fields
        if fields and self.isVisible():
            wanted = next((line for line in fields if not line.text()), fields[-1])
            wanted.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _on_name_given(self) -> None:
        self.password.setFocus(Qt.FocusReason.TabFocusReason)

    def _on_password_given(self) -> None:
        if self._changing:
            self.new.setFocus(Qt.FocusReason.TabFocusReason)
        else:
            self._submit()

    def _ask_change(self) -> None:
        self._wants_change = True
        self._renew()

    def _submit(self) -> None:
        if self._waiting:
            return
        if self._changing and self.new.text() != self.again.text():
            self._wipe(self.new, self.again)
            self._say(_("The two new passwords differ. Type them again."))
            return
        self._waiting = True
        said = self._bridge.on_gui_thread(self._on_answer)
        if self._changing:
            self._desk.change_password(self.password.text(), self.new.text(), said)
        else:
            self._desk.sign_in(self.name.text(), self.password.text(), said)
        self._wipe(self.password, self.new, self.again)
        self._renew()

    def _on_answer(self, refusal: str) -> None:
        self._waiting = False
        if not refusal:
            self._wants_change = False
            self.name.setText(self._seat.name if self._seat.locked else "")
        self._say(refusal)

    def _say(self, text: str) -> None:
        self.error.setText(f"✕ {text}" if text else "")
        self._renew()

    def _wipe(self, *lines: QLineEdit) -> None:
        for line in lines:
            line.clear()


def _heading(seat: SeatChanged) -> str:
    if not seat.operator_id:
        return _("Nobody is signed in")
    role = label_of(seat.role) if seat.role is not None else ""
    who = f"{seat.name}  ·  {role}"
    return _("Locked: {who}").format(who=who) if seat.locked else who
