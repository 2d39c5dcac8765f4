"""Export of recordings: range first, then cameras, why, what, where to; a page of the panel, never a dialog.

By keyboard alone: Enter goes from field to field and from the last one exports, Ctrl+Enter exports at once, C cancels
what is being made, Ctrl+G goes on with what was cut short, Esc leaves and the work goes on. GUI thread only; the desk's
answers come through the bridge. Playback's timeline opens it with `begin`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from app.errors import AppError
from app.export_desk import ExportDesk, ExportPlan
from app.export_orders import Blur, ExportOrder, ExportResult
from app.i18n import _
from app.package_films import PackageStep
from app.texts import sentence
from storage.records import Incident
from widgets.bridge import Answers, Bridge
from widgets.export_form import Clock, ExportForm
from widgets.export_sheet import ExportSheet, is_ours
from widgets.export_times import LENGTH_S, around, last_minutes
from widgets.export_words import approval_text, plan_text, result_text, unfinished_text
from widgets.keys import latin_letter
from widgets.second_person import ENTER

if TYPE_CHECKING:
    from app.exports import Unfinished
    from app.kept_tracks import TrackLine

_STILL_MS = 250
"""How long the typing rests before the index is asked."""


class ExportPage(ExportSheet):
    """Fields, what there is, progress, what came out."""

    said = Signal(str)

    def __init__(
        self,
        desk: ExportDesk,
        bridge: Bridge,
        zone: ZoneInfo,
        clock: Clock = time.time,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(ExportForm(zone, clock), parent)
        self._desk, self._zone, self._clock = desk, zone, clock
        self._answers = Answers(bridge)
        self._asked = 0
        self._listed: ExportOrder | None = None
        self.plan: ExportPlan | None = None
        self.waiting: Unfinished | None = None
        self.result: ExportResult | None = None
        self.building = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_STILL_MS)
        self._rest.timeout.connect(self._read_plan)
        self.export_asked.connect(self.send)
        self.cancel_asked.connect(self.cancel)
        self.again_asked.connect(self.go_on)
        self.form.changed.connect(self._on_changed)
        self.form.tracks_wanted.connect(self._list_tracks)
        self._renew()

    # What the window calls

    def begin(
        self, camera_ids: Sequence[str], from_utc_s: float, to_utc_s: float, reason: str = "", incident_id: str = ""
    ) -> None:
        """A range that was chosen elsewhere, and why it was looked at there, with the keyboard on what comes next; not
        while something is made."""
        if not self.building:
            self._clear_result()
            self.form.show_cameras(self._desk.cameras(), camera_ids)
            self.form.show_times(from_utc_s, to_utc_s)
            self.form.reason.setText(reason)  # another export, another reason
            self.form.reason.selectAll()
            self.form.tick_case(incident_id)
        self._take_keyboard(first=False)

    def suggest(self, camera_id: str | None, utc_s: float | None = None) -> None:
        """The focused camera and its last five whole minutes, or those around the moment that is played there; only
        where nothing was typed yet."""
        if self.building or self.form.range.text() or self.result is not None:
            return
        now = self._clock()
        past = utc_s is not None and now - utc_s > LENGTH_S
        begin, end = around(utc_s, now) if utc_s is not None and past else last_minutes(now)
        self.form.show_cameras(self._desk.cameras(), [camera_id] if camera_id else None)
        self.form.show_times(begin, end)
        self.form.range.selectAll()

    def show_incident(self, incident: Incident | None) -> None:
        """The incident that the panel shows is the case that can be ticked."""
        if not self.building:
            self.form.show_incident(incident)

    def renew(self) -> None:
        """Somebody may have approved, or cameras changed."""
        if not self.building and self.result is None:
            self.form.show_cameras(self._desk.cameras())
            self._ask_soon()

    def relieve(self) -> None:
        """Somebody else sits here: what was typed and found goes. What is being made is stopped: it is not theirs; who
        ordered it goes on with it later."""
        if self.building:
            self._desk.cancel()
        self._answers.forget()
        self.building = False
        self._clear_result()
        self.waiting = self.plan = None
        self._asked += 1
        self.form.show_incident(None)
        self.form.clear()
        self.say("")
        self._renew()
        self._rest.stop()

    # Asking

    def send(self) -> None:
        """Export what is typed; untouched copies that nobody approved are asked for first."""
        if self.building or self.result is not None:
            return
        self.form.settle()
        try:
            order = self.form.order
        except AppError as error:
            self.complain(sentence(error), self.form.range)
            return
        problem, field = self._lacking(order)
        if problem:
            self.complain(problem, field)
            return
        here, case = self._answers.here, self.plan.case if self.plan is not None else None
        if order.master and not order.to_incident and case is not None and not case.granted:
            if case.asked:
                self.say(_("A second person has been asked and has not answered yet."))
            else:
                self._desk.ask(order, here(self._on_asked), here(self.say))
            return
        self._build(order)

    def go_on(self) -> None:
        """Take up what was cancelled or cut short."""
        if self.waiting is not None and not self.building:
            self._clear_result()
            self.form.show_order(self.waiting.order)
            self._build(self.waiting.order)

    def cancel(self) -> None:
        """Stop what is being made; what is finished is kept."""
        if self.building:
            self.cancel_button.setEnabled(False)
            self._desk.cancel()

    def _build(self, order: ExportOrder) -> None:
        here = self._answers.here
        self.building = True
        self.say("")
        self.progress.setValue(0)
        self.progress.setFormat("%p %")
        self.cancel_button.setEnabled(True)
        self._renew()
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self._desk.export(order, here(self._on_progress), here(self._on_built), here(self._on_failed))

    def _lacking(self, order: ExportOrder) -> tuple[str, QWidget]:
        """What is still to be said, and where."""
        if not order.camera_ids:
            return _("Tick at least one camera."), self.form.cameras.line
        if not order.reason and order.incident_id is None:
            return _("Say why, or for which case."), self.form.reason
        if not (order.films or order.still):
            return _("Tick what is wanted: a view copy, an untouched copy, a still."), self.form.view
        if order.master and order.incident_id is None:
            return _("Untouched copies need the incident: select it, and tick the case."), self.form.master
        if order.blur is Blur.ALL_BUT and (len(order.camera_ids) != 1 or not order.keep):
            return _("One track is kept on one camera: tick one camera, and choose the track."), self.form.blur
        return "", self.form.range

    def _list_tracks(self) -> None:
        """The tracks of this time; the reason is written down first, so it must be there."""
        self.form.settle()
        try:
            order = self.form.order
        except AppError as error:
            self.complain(sentence(error), self.form.range)
            return
        if not order.reason and order.incident_id is None:
            self.complain(_("Say why first: the search for tracks is written down."), self.form.reason)
        elif len(order.camera_ids) != 1:
            self.complain(_("One track is kept on one camera: tick one camera."), self.form.cameras.line)
        elif order.to_utc_s > order.from_utc_s:
            self._listed = _for_tracks(order)
            here = self._answers.here
            listed = self._listed
            self._desk.tracks(order, here(lambda found: self._on_tracks(listed, found)), here(self.say))

    def _read_plan(self) -> None:
        """What the index has of it. The newest question counts."""
        meant = self.form.meaning
        if self.building or self.result is not None or meant is None or not self.isVisible():
            return
        self._asked += 1
        number = self._asked
        here = self._answers.here
        self._desk.plan(self.form.order, here(lambda plan: self._on_plan(number, plan)), here(self.say))

    # Answers

    def _on_plan(self, number: int, plan: ExportPlan) -> None:
        if number == self._asked and not self.building:
            self.plan = plan
            self._renew()

    def _on_tracks(self, listed: ExportOrder, found: Sequence[TrackLine]) -> None:
        if listed is not self._listed:
            return
        self.form.show_tracks(found)
        self.say("" if found else _("No tracks are stored of this time."))
        if found:
            self.form.tracks.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_asked(self, text: str) -> None:
        self.said.emit(text)
        self._read_plan()

    def _on_progress(self, step: PackageStep, share: float) -> None:
        if self.building:
            self.show_progress(step, share)

    def _on_built(self, result: ExportResult) -> None:
        self.building = False
        self.result = result
        names = {camera.id: f"{camera.number} {camera.name}" for camera in self._desk.cameras()}
        self.outcome.setText(result_text(result, names, self._zone))
        self._look_for_unfinished()
        self._renew()
        done = _("The export is made: {path}") if result.complete else _("The export is made, PARTIAL: {path}")
        self.said.emit(done.format(path=result.folder or _("into the incident")))

    def _on_failed(self, text: str) -> None:
        had_keyboard = self.hasFocus()
        self.building = False
        self.say(text)
        self._renew()
        if had_keyboard:
            self.form.range.setFocus(Qt.FocusReason.OtherFocusReason)
        self.said.emit(text)
        self._look_for_unfinished()
        self._ask_soon()

    def _on_unfinished(self, found: Sequence[Unfinished]) -> None:
        if not self.building:
            self.waiting = found[0] if found else None
            self._renew()

    # Showing

    def _on_changed(self) -> None:
        if self._listed is not None and self.form.tracks.count():
            try:
                same = _for_tracks(self.form.order) == self._listed
            except AppError:
                same = False
            if not same:  # another camera or time: those tracks are not there
                self._listed = None
                self.form.show_tracks(())
        self.say("")
        self._renew()
        self._ask_soon()

    def _ask_soon(self) -> None:
        """Ask the index when the typing rests; nobody asks for a page that is not seen."""
        if self.isVisible():
            self._rest.start()

    def _look_for_unfinished(self) -> None:
        here = self._answers.here
        self._desk.unfinished(here(self._on_unfinished), here(lambda _text: None))

    def _clear_result(self) -> None:
        self.result = None
        self.outcome.clear()
        self._renew()

    def _renew(self) -> None:
        done, idle = self.result is not None, not self.building
        self.area.setVisible(idle and not done)
        self.outcome.setVisible(done)
        self.progress.setVisible(self.building)
        self.cancel_button.setVisible(self.building)
        self.export_button.setVisible(idle and not done)
        self.summary.setVisible(idle and not done)
        names = {camera.id: f"{camera.number} {camera.name}" for camera in self._desk.cameras()} if self.waiting else {}
        again = self.waiting is not None and idle
        if self.waiting is not None:
            text = _("Cut short: {what}").format(what=unfinished_text(self.waiting.order, names, self._zone))
            self.again.setText(text)
        self.again.setVisible(again)
        self.again_button.setVisible(again)
        lines, asks = self._summary()
        self.summary.setText("\n".join(filter(None, lines)))
        self.export_button.setText(_("Ctrl+Enter  Ask for approval") if asks else _("Ctrl+Enter  Export"))
        keys = _("Esc  Leave, the work goes on") if self.building else _("Enter  Next field     Esc  Leave")
        self.hint.setText(_("Enter  Another export     Esc  Leave") if done else keys)

    def _summary(self) -> tuple[list[str], bool]:
        """What there is and what is needed; whether Enter asks a second person."""
        if self.plan is None or self.form.meaning is None:
            return [], False
        order, case = self.form.order, self.plan.case
        asks = order.master and not order.to_incident and case is not None and not case.granted
        return [plan_text(self.plan) if order.camera_ids else "", approval_text(case, order)], asks

    # Keyboard

    def showEvent(self, event: QShowEvent) -> None:
        """What was cut short is offered."""
        super().showEvent(event)
        self._look_for_unfinished()
        self._ask_soon()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing more is asked."""
        self._rest.stop()
        super().hideEvent(event)

    def event(self, event: QEvent) -> bool:
        """What is typed here is no key of the wall; Esc comes before the window's."""
        asked = event if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) else None
        if asked is not None and is_ours(asked, again=self.waiting is not None):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What the fields leave over."""
        letter = latin_letter(event.key(), event.nativeVirtualKey())
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.key() == Qt.Key.Key_Escape:
            event.ignore()  # the window goes back to the wall; what is being made goes on
            return
        if event.key() in ENTER:
            (self.send if control else self._next_field)()
        elif self.building and letter == "C":
            self.cancel()
        elif control and letter == "G":
            self.go_on()
        event.accept()

    def focusInEvent(self, _event: object) -> None:
        """The keyboard is where something can be typed."""
        if not self.building and self.result is None:
            self._take_keyboard(first=True)

    def _take_keyboard(self, *, first: bool) -> None:
        if self.building or self.result is not None:
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            field = self.form.range if first else self.form.reason
            field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _next_field(self) -> None:
        if self.building:
            return
        if self.result is not None:
            self._clear_result()
            self.form.range.setFocus(Qt.FocusReason.OtherFocusReason)
            self.form.range.selectAll()
            return
        if self.form.cameras.line.hasFocus() and self.form.cameras.take():
            return
        steps = self.form.steps()
        at = next((n for n, widget in enumerate(steps) if widget.hasFocus()), -1)
        inside = self.form.cameras.list.hasFocus()
        at = 1 if inside else at
        if at + 1 < len(steps):
            steps[at + 1].setFocus(Qt.FocusReason.TabFocusReason)
            self.area.ensureWidgetVisible(steps[at + 1])
        else:
            self.send()


def _for_tracks(order: ExportOrder) -> ExportOrder:
    """What of an order decides which tracks there are."""
    return ExportOrder(order.camera_ids, order.from_utc_s, order.to_utc_s)
