"""The panel beside the wall: alarm queue, incidents, the chosen incident; or the keys; or what this program is.

It never lies over the wall. It only shows and selects; the window connects it to the desk. GUI thread only.
"""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.feeds import Desk, DeskState
from app.i18n import _
from storage.records import Alarm, AlarmState, Incident, IncidentState
from widgets.alarm_queue import ALARM_COLUMNS, INCIDENT_COLUMNS, FactTable
from widgets.banner import Toast
from widgets.bridge import Bridge
from widgets.incident_panel import IncidentPanel
from widgets.key_sheet import AboutPage, KeySheet
from widgets.replay_pane import ReplayPane
from widgets.still_view import LEAST_PX

NARROW_PX, WIDE_PX = 380, 520
_TABLE_PX = 52
_ROOMY_PX = 900


class SidePanel(QWidget):
    """Three pages: work, keys, about."""

    def __init__(self, desk: Desk, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(NARROW_PX)
        self._desk = desk
        registry = desk.registry()
        self.alarms: FactTable[Alarm] = FactTable(ALARM_COLUMNS, registry, self, _("No open alarm"))
        self.incidents: FactTable[Incident] = FactTable(INCIDENT_COLUMNS, registry, self, _("No incident yet"))
        self.alarms.setAccessibleName(_("Alarm queue"))
        self.incidents.setAccessibleName(_("Incidents"))
        self.incident = IncidentPanel(desk, bridge, self)
        self.replay = ReplayPane(desk, self)
        self.toast = Toast(self)
        self._alarm_heading, self._incident_heading = QLabel(self), QLabel(self)
        self.pages = QStackedWidget(self)
        self.keys, self.about = KeySheet(self), AboutPage(self)
        self.work = self._built_work()
        for page in (self.work, self.keys, self.about):
            self.pages.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.pages, 1)
        column.addWidget(self.replay)
        column.addWidget(self.toast)
        self.replay.opened.connect(self._on_replay_opened)
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
        self.alarms.show_rows(state.alarms, registry)
        waiting = sum(1 for alarm in state.alarms if alarm.state is AlarmState.RAISED)
        self._alarm_heading.setText(
            _("Alarms  ·  {count} open, {waiting} waiting").format(count=len(state.alarms), waiting=waiting)
        )
        open_first = tuple(sorted(state.incidents, key=lambda i: i.state is IncidentState.CLOSED))
        self.incidents.show_rows(open_first, registry)
        still_open = sum(1 for incident in state.incidents if incident.state is not IncidentState.CLOSED)
        self._incident_heading.setText(_("Incidents  ·  {count} open").format(count=still_open))
        self._renew_incident(open_first)

    def _renew_incident(self, incidents: tuple[Incident, ...]) -> None:
        current = self.incident.incident
        fresh = next((i for i in incidents if current is not None and i.id == current.id), None)
        if fresh is not None:
            self.incident.show_incident(fresh)
        elif current is None and incidents:
            self.incidents.select(incidents[0].id)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the replay its share."""
        super().resizeEvent(event)
        self.replay.set_room(self.width(), self.height())
        self._make_room(opened=not self.replay.isHidden())

    def _on_replay_opened(self, opened: bool) -> None:
        self._make_room(opened=opened)

    def _make_room(self, *, opened: bool) -> None:
        """On a small screen the replay takes the place of the still; the window may then become as small as before."""
        self.incident.still.setMinimumHeight(0 if opened else LEAST_PX)
        self.incident.still.setVisible(not opened or self.height() >= _ROOMY_PX)

    def _on_incident_selected(self, incident: Incident | None) -> None:
        if incident is not None:
            self.incident.show_incident(incident)

    def alarm_to_act_on(self, states: frozenset[AlarmState]) -> Alarm | None:
        """The selected alarm when it is in one of the states, else the newest that is."""
        selected = self.alarms.selected
        if selected is not None and selected.state in states:
            return selected
        fitting = [alarm for alarm in self.alarms.facts.rows if alarm.state in states]
        return max(fitting, key=lambda alarm: alarm.first_utc_s, default=None)

    def incident_to_act_on(self, states: frozenset[IncidentState]) -> Incident | None:
        """The incident in the panel when it is in one of the states, else the newest that is."""
        current = self.incident.incident
        if current is not None and current.state in states:
            return current
        fitting = [incident for incident in self.incidents.facts.rows if incident.state in states]
        return max(fitting, key=lambda incident: incident.opened_utc_s, default=None)

    def show_page(self, page: QWidget) -> None:
        """Show a page, or go back to work when it is already there."""
        self.pages.setCurrentWidget(self.work if self.pages.currentWidget() is page else page)
