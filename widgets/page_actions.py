"""What of the panel is seen, and by whose hands: pages, who may act, what was found in the journal. GUI thread only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication, QWidget

from app.feeds import Desk
from app.i18n import _
from app.sign_in import SeatChanged
from storage.journal import IncidentFile
from storage.records import Incident
from widgets.bridge import Bridge
from widgets.choice import Question
from widgets.side_panel import SidePanel
from widgets.tile_tools import TileTools
from widgets.undo import UndoSteps
from widgets.wall import Wall


class PageActions(QObject):
    """Calls of the keys that open a page or need the panel."""

    said = Signal(str)

    def __init__(
        self, desk: Desk, bridge: Bridge, wall: Wall, panel: SidePanel, undo: UndoSteps, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._desk, self._bridge, self._wall, self._panel, self._undo = desk, bridge, wall, panel, undo
        self.tools: TileTools | None = None
        self.seat = SeatChanged()
        self.wall_in_use: Callable[[], Wall] = lambda: wall
        self.end_pursuit: Callable[[], None] = wall.end_pursuit
        self.leave: Callable[[], object] = wall.setFocus
        """The keyboard to where the page that is left was opened from."""

    def enter_table(self, table: QWidget) -> None:
        """The keyboard to the alarms or the incidents."""
        self._panel.show()
        self._panel.pages.setCurrentWidget(self._panel.work)
        (self._panel.alarms if table is self._panel.alarms else self._panel.incidents).enter()

    def in_panel(self, call: Callable[[], None]) -> Callable[[], None]:
        """Whoever asks something needs the panel."""

        def called() -> None:
            self._panel.show()
            self._panel.pages.setCurrentWidget(self._panel.work)
            call()

        return called

    def ask(self, question: Question) -> None:
        """A question that is asked in the panel."""
        self.in_panel(partial(self._panel.choice.ask, question))()

    def at_moment(self, call: Callable[[str, float], None]) -> Callable[[], None]:
        """With the focused camera and the time of the frame that is painted there."""

        def called() -> None:
            moment = self.wall_in_use().moment()
            if moment is None:
                self.said.emit(_("No camera is focused."))
                return
            self.in_panel(partial(call, *moment))()

        return called

    def show_page(self, page: QWidget) -> None:
        """Show a page, or go back to work when it is there."""
        self._panel.show()
        self._panel.show_page(page)

    def lock(self) -> None:
        """Keep the picture, block control, until a password is given."""
        people = self._desk.offices.people
        if people is not None:
            people.lock()

    def enter_office(self, name: str) -> None:
        """A page of what the seat can do besides."""
        page = self._panel.offices.page(name)
        self._panel.offices.show_incident(self._panel.incident.incident)
        if page is None:
            self.said.emit(_("This is not available here."))
        else:
            self.enter_page(page)

    def begin_package(self) -> None:
        """The form of an evidence package of the incident in the panel."""
        incident = self._panel.incident.incident
        if incident is None:
            self.said.emit(_("No incident is selected."))
            return
        page = self._panel.offices.begin_package(incident)
        if page is None:
            self.said.emit(_("This is not available here."))
        else:
            self._panel.show()
            self._panel.pages.setCurrentWidget(page)

    def begin_export(self) -> None:
        """The export page with the focused camera; a second time: back to the wall."""
        moment = self.wall_in_use().moment()
        page = self._panel.offices.suggest_export(*moment if moment is not None else (None,))
        if page is None:
            self.said.emit(_("This is not available here."))
        else:
            self._panel.offices.show_incident(self._panel.incident.incident)
            self.enter_page(page)

    def begin_fetch(
        self, camera_id: str, from_utc_s: float, to_utc_s: float, reason: str = "", *, suggested: bool = False
    ) -> None:
        """The page that fetches from a recorder, with a camera's time; a second time: back to the wall."""
        page = self._panel.offices.begin_fetch(camera_id, from_utc_s, to_utc_s, reason, suggested=suggested)
        if page is None:
            self.said.emit(_("This is not available here."))
        else:
            self._panel.offices.show_incident(self._panel.incident.incident)
            self.enter_page(page)

    def begin_search(self) -> None:
        """The page that searches recordings, with the focused camera; a second time: back to the wall."""
        moment = self.wall_in_use().moment()
        page = self._panel.offices.suggest_search(moment[0] if moment is not None else None)
        if page is None:
            self.said.emit(_("This is not available here."))
        else:
            self._panel.offices.show_incident(self._panel.incident.incident)
            self.enter_page(page)

    def begin_export_of(
        self, camera_ids: Sequence[str], from_utc_s: float, to_utc_s: float, reason: str = "", incident_id: str = ""
    ) -> None:
        """The export page with a range that was chosen elsewhere, why it was looked at there, and the keyboard."""
        page = self._panel.offices.page("export")
        if page is None:
            self.said.emit(_("This is not available here."))
            return
        self._panel.show()
        self._panel.pages.setCurrentWidget(page)
        self._panel.offices.show_incident(self._panel.incident.incident)
        self._panel.offices.begin_export(camera_ids, from_utc_s, to_utc_s, reason, incident_id)

    def show_seat(self, seat: SeatChanged) -> None:
        """Who may not act is asked to sign in, beside the wall; who may again goes on at the wall."""
        before, self.seat = self.seat, seat
        self._leave_to(before, seat)
        if self.tools is not None:
            self.tools.show_seat(seat)
        if not seat.may_act:
            self._ask_to_sign_in()

    def _ask_to_sign_in(self) -> None:
        """The login page to the front, also where the panel was off; who is typing there goes on."""
        page = self._panel.offices.page("login")
        if page is None:
            return
        self._panel.show()
        self._panel.pages.setCurrentWidget(page)
        focused = QApplication.focusWidget()
        if focused is None or not page.isAncestorOf(focused):
            page.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _leave_to(self, before: SeatChanged, seat: SeatChanged) -> None:
        """What one operator left half done, or could take back, is not the next one's."""
        relieved = bool(before.operator_id) and seat.operator_id != before.operator_id
        if (relieved or not seat.may_act) and self._panel.choice.question is not None:
            self._panel.choice.leave()
        if relieved:
            self._undo.clear()
            self.end_pursuit()  # its next hops would be written down in another's name
            self._panel.relieve()
        elif seat.operator_id != before.operator_id:
            self._panel.offices.relieve()
        if not seat.may_act:
            self._panel.replay.close_replay()
        elif not before.may_act and self._panel.pages.currentWidget() is self._panel.offices.made("login"):
            self._panel.pages.setCurrentWidget(self._panel.work)
            self._wall.setFocus()

    def show_found(self, incident_id: str) -> None:
        """Chosen in the journal: shown in the panel, its camera brought forward."""
        known = next((i for i in self._desk.state().incidents if i.id == incident_id), None)
        if known is not None:
            self._panel.incidents.select(known.id)
            self._show_found(known)
        else:
            asked_by = self.seat.operator_id

            def arrived(file: IncidentFile, _stills: dict[str, bytes]) -> None:
                if self.seat.operator_id == asked_by:
                    self._show_found(file.incident)

            self._desk.load_incident(incident_id, self._bridge.on_gui_thread(arrived))

    def _show_found(self, incident: Incident) -> None:
        self._panel.pages.setCurrentWidget(self._panel.work)
        self._panel.incident.show_incident(incident)
        if incident.camera_id:
            self._wall.show_camera(incident.camera_id)

    def enter_page(self, page: QWidget) -> None:
        """Show a page and give it the keyboard; a second time: back to the wall."""
        self.show_page(page)
        if self._panel.pages.currentWidget() is page:
            page.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            self.leave()
