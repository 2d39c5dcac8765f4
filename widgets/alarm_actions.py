"""What an operator does with alarms: take, judge, look, take back. GUI thread only; the desk brings changes back."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.feeds import Desk
from app.i18n import _
from storage.commands import AcknowledgeAlarm, AcknowledgeIncident, JudgeAlarm
from storage.records import Alarm, Incident, Verdict
from widgets.side_panel import SidePanel
from widgets.undo import UndoSteps
from widgets.wall import Wall
from widgets.words import Names


class AlarmActions(QObject):
    """Calls of the alarm keys and of Ctrl+Z."""

    said = Signal(str)

    def __init__(
        self, desk: Desk, wall: Wall, panel: SidePanel, undo: UndoSteps, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._desk, self._wall, self._panel, self._undo = desk, wall, panel, undo

    def acknowledge(self) -> None:
        """Take the selected alarm, else the newest that waits; without one, a new incident."""
        alarm = self._panel.alarm_to_act_on(AcknowledgeAlarm.sources)
        incident = self._panel.incident_to_act_on(AcknowledgeIncident.sources)
        if alarm is not None:
            self._desk.acknowledge_alarm(alarm)
        elif incident is not None:
            self._desk.acknowledge_incident(incident)
        else:
            self.said.emit(_("Nothing is waiting."))

    def judge(self, verdict: Verdict) -> None:
        """Judge the selected alarm, else the newest."""
        alarm = self._panel.alarm_to_act_on(JudgeAlarm.sources)
        if alarm is None:
            self.said.emit(_("No alarm to judge."))
            return
        incident = self._panel.incident.incident
        if verdict is not Verdict.JOINED:
            self._desk.judge_alarm(alarm, verdict)
        elif incident is None:
            self.said.emit(_("Select the incident first (I)."))
        else:
            self._desk.judge_alarm(alarm, verdict, incident.id)
        if verdict is Verdict.FALSE:
            name = Names(self._desk.registry()).camera(alarm.camera_id)
            self._undo.alarm_judged_false(alarm, name)
            self.said.emit(_("False alarm: {camera}. Ctrl+Z takes it back.").format(camera=name))

    def undo(self) -> None:
        """Take the last false verdict or closure back."""
        subject = self._undo.undo()
        self.said.emit(_("Reopened: {subject}").format(subject=subject) if subject else _("Nothing to undo."))

    def show_alarm_camera(self) -> None:
        """Bring the camera of the selected (else newest) alarm forward."""
        alarm = self._panel.alarm_to_act_on(JudgeAlarm.sources)
        if alarm is not None:
            self.bring_forward(alarm)

    def bring_forward(self, fact: Alarm | Incident) -> None:
        """Its camera on the wall, and the keyboard with it."""
        if fact.camera_id:
            self._wall.show_camera(fact.camera_id)
        self._wall.setFocus()
