"""The panel beside the wall: alarm queue, incidents, the chosen incident; or the keys; or what this program is.

It never lies over the wall. It only shows and selects; the window connects it to the desk. GUI thread only.
"""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.alarm_rows import AlarmRow
from app.feeds import Desk, DeskState
from app.i18n import _
from storage.records import AlarmState, Incident, IncidentState
from widgets.alarm_board import AlarmBoard, ElidedHeading
from widgets.alarm_queue import ALARM_COLUMNS, INCIDENT_COLUMNS, FactTable
from widgets.banner import Toast
from widgets.bridge import Bridge
from widgets.choice import Choice
from widgets.incident_panel import IncidentPanel
from widgets.key_sheet import AboutPage, KeySheet
from widgets.lookout_board import LookoutBoard
from widgets.office_pages import OfficePages
from widgets.quick_entry import QuickEntry
from widgets.record_page import RecordPage
from widgets.replay_pane import ReplayPane
from widgets.shelf_board import ShelfBoard
from widgets.still_view import LEAST_PX

NARROW_PX, WIDE_PX = 380, 520
_TABLE_PX = 52
_ROOMY_PX = 900
_HIGHEST_LEAST_PX = 560
_LEAST_WORK_PX = 430
"""What the work page needs beside a question, without the still."""


class SidePanel(QWidget):
    """Pages: work, keys, about, lookouts, shelves; below them what is asked, the replay, a passing sentence."""

    def __init__(self, desk: Desk, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(NARROW_PX)
        self._desk = desk
        self._expected = self._unchosen = ""
        registry = desk.registry()
        self.alarms: FactTable[AlarmRow] = FactTable(ALARM_COLUMNS, registry, self, _("No open alarm"))
        self.incidents: FactTable[Incident] = FactTable(INCIDENT_COLUMNS, registry, self, _("No incident yet"))
        self.alarms.setAccessibleName(_("Alarm queue"))
        self.incidents.setAccessibleName(_("Incidents"))
        self.choice = Choice(self)
        self.incident = IncidentPanel(desk, bridge, self.choice, self)
        self.entry = QuickEntry(desk, self.choice, self)
        self.replay = ReplayPane(desk, self)
        self.toast = Toast(self)
        self._alarm_heading, self._incident_heading = ElidedHeading(self), QLabel(self)
        self.board = AlarmBoard(desk, self.alarms, self._alarm_heading, self)
        self.pages = QStackedWidget(self)
        self.keys, self.about = KeySheet(self), AboutPage(self)
        self.lookouts = LookoutBoard(desk, self.choice, self)
        self.shelves = ShelfBoard(desk, self)
        self.records = RecordPage(desk, self, bridge)
        self.work = self._built_work()
        for page in (self.work, self.keys, self.about, self.lookouts, self.shelves, self.records):
            self.pages.addWidget(page)
            if page is not self.work:  # a page that is seldom seen does not decide how small the window may be
                page.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.offices = OfficePages(desk, bridge, self.choice, self.pages)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.pages, 1)
        column.addWidget(self.choice, 0, Qt.AlignmentFlag.AlignBottom)
        column.addWidget(self.replay)
        column.addWidget(self.toast, 0, Qt.AlignmentFlag.AlignBottom)
        self.replay.opened.connect(lambda opened: self._make_room(replaying=opened))
        self.choice.asked.connect(lambda: self._make_room(asking=True))
        self.choice.left.connect(lambda: self._make_room(asking=False))
        self.board.view_changed.connect(lambda: self.shelves.show_shelves(self.board.view.shelved))
        self.incidents.row_selected.connect(self._on_incident_selected)

    def _built_work(self) -> QWidget:
        splitter = QSplitter(Qt.Orientation.Vertical, self)
        splitter.setHandleWidth(1)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self._titled(self._alarm_heading, self.alarms))
        splitter.addWidget(self._titled(self._incident_heading, self.incidents))
        splitter.addWidget(self.incident)
        for number, stretch in enumerate((2, 2, 5)):
            splitter.setStretchFactor(number, stretch)
        splitter.setSizes([180, 190, 610])
        return splitter

    def _titled(self, heading: QLabel, table: QWidget) -> QWidget:
        box = QWidget(self)
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 6, 0, 0)
        column.setSpacing(4)
        heading.setObjectName("heading")
        heading.setContentsMargins(12, 0, 12, 0)
        column.addWidget(heading)
        table.setMinimumHeight(_TABLE_PX)
        column.addWidget(table, 1)
        return box

    def show_state(self, state: DeskState) -> None:
        """Renew the tables; the open incident stays open, and the newest is shown when none is."""
        registry = self._desk.registry()
        self.board.show_state(state)
        self.shelves.show_shelves(self.board.view.shelved)
        open_first = tuple(sorted(state.incidents, key=lambda i: i.state is IncidentState.CLOSED))
        self.incidents.show_rows(open_first, registry)
        still_open = sum(1 for incident in state.incidents if incident.state is not IncidentState.CLOSED)
        self._incident_heading.setText(_("Incidents  ·  {count} open").format(count=still_open))
        self.records.renew()
        self.offices.renew()
        self.lookouts.show_lookouts(state.lookouts, state.read_lookouts)
        self._renew_incident(open_first)

    def expect(self, incident_id: str) -> None:
        """Show this incident as soon as the desk knows it."""
        self._expected = incident_id

    def relieve(self) -> None:
        """Somebody else sits here: nothing stays of what the one before chose, found or typed; the next state of the
        desk brings what the next one may know of."""
        self._expected = self._unchosen = ""
        self.replay.close_replay()
        self.board.relieve()
        self.alarms.clearSelection()
        self.incidents.clearSelection()
        self.incident.show_incident(None)
        self.records.relieve()
        self.offices.relieve()

    def _renew_incident(self, incidents: tuple[Incident, ...]) -> None:
        expected = next((i for i in incidents if i.id == self._expected), None)
        if expected is not None:
            self._expected = ""
            self.incidents.select(expected.id)
            self.incident.show_incident(expected)
            return
        current = self.incident.incident
        fresh = next((i for i in incidents if current is not None and i.id == current.id), None)
        if fresh is not None:
            self.incident.show_incident(fresh)
            return
        hidden = current is not None and current.camera_id and not self._desk.may_see(current.camera_id)
        if current is not None and (hidden or current.id == self._unchosen):  # who sits here now may not know of it
            self.incidents.clearSelection()
            self.incident.show_incident(None)
        if self.incident.incident is None and incidents:
            self._unchosen = incidents[0].id
            self.incidents.select(self._unchosen)

    def minimumSizeHint(self) -> QSize:
        """Never so high that the window would have to grow on a small screen: then the largest page gives way."""
        least = super().minimumSizeHint()
        return QSize(least.width(), min(least.height(), _HIGHEST_LEAST_PX))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the replay its share."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self, *, replaying: bool | None = None, asking: bool | None = None) -> None:
        """On a small screen the replay or a question takes the place of the still, both that of the work page; the
        window may then stay as small as it is."""
        replaying = not self.replay.isHidden() if replaying is None else replaying
        asking = not self.choice.isHidden() if asking is None else asking
        roomy = self.height() >= _ROOMY_PX
        asked_px = self.choice.sizeHint().height() if asking and not roomy else 0
        self.replay.set_room(self.width(), self.height() - asked_px)
        self.incident.still.setMinimumHeight(0 if replaying or asking else LEAST_PX)
        self.incident.still.setVisible(roomy or not (replaying or asking))
        tall = asking and self.choice.sizeHint().height() + _LEAST_WORK_PX > self.height()
        self.pages.setVisible(roomy or not (asking and (replaying or tall)))
        self.pages.updateGeometry()  # the stack does not pass it on that a page of it became smaller

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter that a line of a page leaves over is nobody's: it must not act on the wall."""
        entered = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if not (entered and self.pages.currentWidget() is not self.work):
            super().keyPressEvent(event)

    def _on_incident_selected(self, incident: Incident | None) -> None:
        if incident is not None:
            self.incident.show_incident(incident)

    def row_to_act_on(self, states: frozenset[AlarmState]) -> AlarmRow | None:
        """The selected row when an alarm of it is in one of the states, else the first that has one: the most severe,
        of equals the newest."""
        selected = self.alarms.selected
        if selected is not None and selected.in_states(states):
            return selected
        return next((row for row in self.alarms.facts.rows if row.in_states(states)), None)

    def incident_to_act_on(self, states: frozenset[IncidentState]) -> Incident | None:
        """The incident in the panel when it is in one of the states, else the newest that is."""
        current = self.incident.incident
        if current is not None and current.state in states:
            return current
        fitting = [incident for incident in self.incidents.facts.rows if incident.state in states]
        return max(fitting, key=lambda incident: incident.opened_utc_s, default=None)

    def add_page(self, page: QWidget) -> None:
        """A page that somebody else fills; it does not decide how small the window may be."""
        page.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.pages.addWidget(page)

    def show_page(self, page: QWidget) -> None:
        """Show a page, or go back to work when it is already there."""
        self.pages.setCurrentWidget(self.work if self.pages.currentWidget() is page else page)
