"""Footage from the camera's recorder: camera and time, what is missing here, progress, what came. A page of the panel.

Enter goes on and from the last line fills the gaps of our recordings; Ctrl+Enter takes it into the incident instead. C
cancels, Esc leaves and the work goes on. GUI thread only; the desk's answers come through the bridge.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFormLayout, QLineEdit, QProgressBar, QVBoxLayout, QWidget

from app.credentials import split_login, with_login
from app.errors import AppError
from app.fetch_desk import FetchDesk, Span
from app.fetch_wish import FetchInto, FetchWish
from app.i18n import _, marked
from app.range_entry import parse_range, range_text
from app.texts import sentence
from storage.records import Camera, Incident
from storage.sealed import Credential
from widgets.amounts import length_text
from widgets.bridge import Answers, Bridge
from widgets.claimed_keys import quiet_button
from widgets.export_form import Clock
from widgets.form_parts import hinted_line, plain_label
from widgets.keys import latin_letter
from widgets.second_person import ENTER

if TYPE_CHECKING:
    from app.fetching import Fetched

_LINES = {
    "camera": (marked("Camera"), marked("its number")),
    "time": (marked("Time"), marked("yesterday 18:00-18:20")),
    "reason": (marked("Reason or case"), marked("complaint 7; needed unless it goes into an incident")),
    "recorder": (marked("Recorder"), marked("the camera itself; else http://192.168.1.9:8000")),
    "user": (marked("User"), marked("only for a recorder that was typed")),
    "password": (marked("Password"), marked("not kept")),
}
_LETTERS = 1000
_MOST_SPANS = 5
_PLAIN = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier


class FetchPage(QWidget):
    """The lines, what is missing, progress, what became of it."""

    said = Signal(str)
    attached = Signal()
    """What came is among the incident's files."""

    def __init__(
        self, desk: FetchDesk, bridge: Bridge, zone: ZoneInfo, clock: Clock = time.time, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._desk, self._zone, self._clock = desk, zone, clock
        self._answers = Answers(bridge)
        self._incident: Incident | None = None
        self._asked: tuple[str, float, float] | None = None
        self._given: tuple[str, float, float] | None = None
        self._by_hand = False
        self.fetching = False
        self.missing: tuple[Span, ...] | None = None
        self.heading, self.what, self.problem, self.outcome = (plain_label(self) for _number in range(4))
        self.lines = {name: self._line(_(title), _(hint)) for name, (title, hint) in _LINES.items()}
        self.lines["password"].setEchoMode(QLineEdit.EchoMode.Password)
        self.lines["recorder"].editingFinished.connect(self._take_login)
        self.progress = QProgressBar(self)
        self.fill_button = quiet_button(self, _("Enter  Fill our gaps"), self.fill)
        self.case_button = quiet_button(self, _("Ctrl+Enter  Into the incident"), self.into_case)
        self.cancel_button = quiet_button(self, _("C  Cancel"), self.cancel)
        for name in ("camera", "time"):
            self.lines[name].textEdited.connect(self._on_typed)
        self._arrange()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._renew()

    def _line(self, title: str, hint: str) -> QLineEdit:
        line = hinted_line(self, title, hint, _LETTERS)
        line.textEdited.connect(lambda _text: self._say(""))
        line.editingFinished.connect(self._look)
        return line

    def _arrange(self) -> None:
        self.heading.setObjectName("heading")
        self.what.setObjectName("muted")
        self.outcome.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        form = QFormLayout()
        for name, (title, _hint) in _LINES.items():
            form.addRow(_(title), self.lines[name])
        form.addRow(self.what)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.addWidget(self.heading)
        column.addLayout(form)
        for widget in (self.progress, self.problem, self.outcome):
            column.addWidget(widget)
        for button in (self.fill_button, self.case_button, self.cancel_button):
            column.addWidget(button)  # one below the other: an incident's number has no room beside
        column.addStretch(1)

    def show_incident(self, incident: Incident | None) -> None:
        """The incident that the panel shows may take it."""
        if not self.fetching:
            self._incident = incident
            self._renew()

    def begin(
        self, camera_id: str, from_utc_s: float, to_utc_s: float, reason: str = "", *, suggested: bool = False
    ) -> None:
        """A camera's time that was chosen elsewhere, or is only `suggested`, which leaves what was typed here; so does
        what was given before."""
        given = camera_id, from_utc_s, to_utc_s
        if self.fetching or (self._by_hand and (suggested or given == self._given)):
            return
        self._given, self._by_hand = given, False
        camera = next((one for one in self._desk.cameras() if one.id == camera_id), None)
        self.lines["camera"].setText(str(camera.number) if camera is not None else "")
        self.lines["time"].setText(range_text(from_utc_s, to_utc_s, self._zone))
        if reason:
            self.lines["reason"].setText(reason)
        self.outcome.clear()
        self._say("")
        self._look()

    def _on_typed(self, _text: str) -> None:
        self._by_hand = True

    def fill(self) -> None:
        """What is missing of our recordings."""
        self._send(FetchInto.GAPS)

    def into_case(self) -> None:
        """All of the time, as exhibits of the incident."""
        if self._incident is None:
            self._say(_("Choose the incident first."))
        else:
            self._send(FetchInto.CASE)

    def _send(self, into: FetchInto) -> None:
        if self.fetching:
            return
        camera, times, problem, line = self._typed()
        if camera is None or times is None:
            self._say(problem)
            line.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        case = self._incident.id if self._incident is not None and into is FetchInto.CASE else None
        reason, recorder = self.lines["reason"].text().strip(), self._recorder()
        if not reason and case is None:
            self._say(_("Say why, or for which case."))
            self.lines["reason"].setFocus(Qt.FocusReason.OtherFocusReason)
            return
        if not recorder and (self.lines["user"].text() or self.lines["password"].text()):
            self._say(_("Type the address of the recorder whose login this is."))
            self.lines["recorder"].setFocus(Qt.FocusReason.OtherFocusReason)
            return
        here = self._answers.here
        self.fetching = True
        self.progress.setValue(0)
        self.cancel_button.setEnabled(True)
        self.outcome.clear()
        self._say("")
        self._renew()
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        wish = FetchWish(camera.id, *times, reason, case, into, recorder)
        self._desk.fetch(wish, here(self._on_share), here(self._on_fetched), here(self._on_refused))

    def cancel(self) -> None:
        """Stop; what is whole stays, and the same goes on."""
        if self.fetching:
            self.cancel_button.setEnabled(False)
            self._desk.cancel()

    def relieve(self) -> None:
        """Somebody else sits here: what was typed goes, and what is being fetched is not theirs."""
        if self.fetching:
            self._desk.cancel()
        self._answers.forget()
        self._end()
        self._incident = self._asked = self._given = self.missing = None
        self._by_hand = False
        for line in self.lines.values():
            line.clear()
        self.outcome.clear()
        self._say("")
        self._renew()

    def _take_login(self) -> None:
        """A login that was typed with the address does not stand there to be read."""
        typed = self.lines["recorder"].text().strip()
        clean, login = split_login(_with_scheme(typed))
        if login is not None:
            self.lines["recorder"].setText(clean)
            self.lines["user"].setText(login.user)
            self.lines["password"].setText(login.password)

    def _recorder(self) -> str:
        """Its address, with the login."""
        self._take_login()
        address, user, password = (self.lines[name].text() for name in ("recorder", "user", "password"))
        login = Credential(user.strip(), password) if user.strip() or password else None
        return with_login(_with_scheme(address.strip()), login)

    def _typed(self) -> tuple[Camera | None, Span | None, str, QLineEdit]:
        """Camera and time; else what is to be said, and where."""
        word = self.lines["camera"].text().strip()
        cameras = self._desk.cameras()
        camera = next((one for one in cameras if word and word in (str(one.number), one.name)), None)
        if camera is None:
            return None, None, _("Type the number of a camera that you may see."), self.lines["camera"]
        try:
            meant = parse_range(self.lines["time"].text(), self._zone, self._clock())
        except AppError as error:
            return camera, None, sentence(error), self.lines["time"]
        if meant.to_utc_s <= meant.from_utc_s:
            return camera, None, _("Type a beginning and an end."), self.lines["time"]
        return camera, (meant.from_utc_s, meant.to_utc_s), "", self.lines["time"]

    def _look(self) -> None:
        """What is missing of it, once it can be read."""
        camera, times, _problem, _at = self._typed()
        asked = (camera.id, *times) if camera is not None and times is not None else None
        if asked == self._asked or self.fetching:
            return
        self._asked, self.missing = asked, None
        self._renew()
        if asked is not None:
            here = self._answers.here
            self._desk.missing(*asked, here(lambda found: self._on_missing(asked, found)), here(self._say))

    def _on_missing(self, asked: tuple[str, float, float], found: tuple[Span, ...]) -> None:
        if asked == self._asked:
            self.missing = found
            self._renew()

    def _on_share(self, share: float) -> None:
        if self.fetching:
            self.progress.setValue(round(share * 100))

    def _on_fetched(self, made: Fetched) -> None:
        self._end()
        self._asked = None
        self._by_hand = False
        if made.exhibits:
            self.attached.emit()
        if not made.lacks:
            self.lines["reason"].clear()  # of the next one it must be said anew; what lacks is asked for again
        text = fetched_text(made, self._zone)
        self.outcome.setText(text)
        self.said.emit(text.splitlines()[0])
        self._look()
        self._renew()

    def _on_refused(self, text: str) -> None:
        self._end()
        self._asked = None
        self._say(text)
        self.said.emit(text)
        self._look()
        self._renew()

    def _end(self) -> None:
        """The lines have the keyboard again, where the page had it; a password is not left standing."""
        had_keyboard = self.hasFocus()
        self.fetching = False
        self.lines["password"].clear()
        if had_keyboard:
            self._renew()
            self.lines["camera"].setFocus(Qt.FocusReason.OtherFocusReason)

    def _say(self, text: str) -> None:
        self.problem.setText(f"✕ {text}" if text else "")
        self.problem.setVisible(bool(text))

    def _renew(self) -> None:
        self.heading.setText(_("Footage from the camera's recorder"))
        self.what.setText(missing_text(self.missing, self._zone) if self._asked is not None else "")
        for line in self.lines.values():
            line.setEnabled(not self.fetching)
        number = self._incident.number if self._incident is not None else ""
        self.case_button.setText(_("Ctrl+Enter  Into the incident {number}").format(number=number).rstrip())
        self.progress.setVisible(self.fetching)
        self.cancel_button.setVisible(self.fetching)
        self.fill_button.setVisible(not self.fetching)
        self.case_button.setVisible(not self.fetching and self._incident is not None)
        self.outcome.setVisible(bool(self.outcome.text()))

    def event(self, event: QEvent) -> bool:
        """What is typed here is no key of the wall; Esc comes before the window's."""
        asked = event if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) else None
        if asked is not None:
            plain = not asked.modifiers() & ~_PLAIN and asked.key() < Qt.Key.Key_F1
            if plain or (asked.key() in ENTER and asked.modifiers() & Qt.KeyboardModifier.ControlModifier):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What the lines leave over."""
        if event.key() == Qt.Key.Key_Escape:
            event.ignore()  # the window goes back to the wall
            return
        if self.fetching and latin_letter(event.key(), event.nativeVirtualKey()) == "C":
            self.cancel()
        elif event.key() in ENTER and not self.fetching:
            self._go_on(case=bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
        event.accept()

    def focusInEvent(self, _event: object) -> None:
        """The keyboard is where something is still to be typed."""
        if not self.fetching:
            empty = (line for line in self.lines.values() if not line.text().strip())
            next(empty, self.lines["camera"]).setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _go_on(self, *, case: bool) -> None:
        order = list(self.lines.values())
        at = next((n for n, line in enumerate(order) if line.hasFocus()), len(order) - 1)
        if case:
            self.into_case()
        elif at + 1 < len(order):
            order[at + 1].setFocus(Qt.FocusReason.TabFocusReason)
        else:
            self.fill()


def _with_scheme(address: str) -> str:
    return f"http://{address}" if address and "://" not in address else address


def missing_text(missing: tuple[Span, ...] | None, zone: ZoneInfo) -> str:
    """What our own recordings lack."""
    if missing is None:
        return _("Looking what is missing …")
    if not missing:
        return _("Nothing of this is missing in our recordings.")
    length = length_text(sum(end - begin for begin, end in missing))
    rows = [range_text(*span, zone) for span in missing[:_MOST_SPANS]]
    more = ["…"] if len(missing) > _MOST_SPANS else []
    return "\n".join([_("Missing in our recordings: {length}").format(length=length), *rows, *more])


def fetched_text(made: Fetched, zone: ZoneInfo) -> str:
    """What came, from where, and what is still missing."""
    length = length_text(made.seconds)
    if made.exhibits:
        first = _("✓ {length} fetched from {host}, in the incident now.").format(length=length, host=made.host)
    else:
        first = _("✓ {length} fetched from {host}, in our recordings now.").format(length=length, host=made.host)
    rows = [first]
    if made.offset_s is None:
        rows.append(_("Its clock could not be compared with ours."))
    else:
        rows.append(_("Its clock was {offset} s; its times are set by that.").format(offset=f"{made.offset_s:+.1f}"))
    if made.by_request:
        rows.append(_("The recorder did not say when its pictures are from: they count from what was asked for."))
    if made.lacks:
        rows.append(_("PARTIAL: this is missing:"))
        rows += [range_text(*span, zone) for span in made.lacks[:_MOST_SPANS]]
        if made.problem is not None:
            rows += [sentence(made.problem), _("Asked for again, it goes on with what is missing.")]
    return "\n".join(rows)
