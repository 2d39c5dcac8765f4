"""What an operator does with rows of alarms: take, judge, shelve, look, take back. GUI thread only; the desk brings
changes back.

A row's alarms are one decision: one command each, in the order in which they came, and one step of undo.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app.alarm_rows import AlarmRow
from app.feeds import Desk
from app.i18n import _, marked
from storage.case_commands import ShelveAlarms
from storage.commands import AcknowledgeAlarm, AcknowledgeIncident, Command, JudgeAlarm
from storage.records import Alarm, Incident, Severity, Verdict, new_id
from storage.shelves import LONGEST_S
from widgets.alarm_words import group_text, row_text
from widgets.choice import Question, lettered
from widgets.side_panel import SidePanel
from widgets.undo import UndoSteps
from widgets.wall import Wall
from widgets.words import Names

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Limit:
    """How long something is shelved at most."""

    text: str
    seconds: float
    to_shift_end: bool = False


LIMITS = (
    Limit(marked("15 minutes"), 900.0),
    Limit(marked("1 hour"), 3600.0),
    Limit(marked("End of my shift"), LONGEST_S, to_shift_end=True),
)


class AlarmActions(QObject):
    """Calls of the alarm keys and of Ctrl+Z."""

    said = Signal(str)

    def __init__(
        self, desk: Desk, wall: Wall, panel: SidePanel, undo: UndoSteps, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._desk, self._panel, self._undo = desk, panel, undo
        self.wall_in_use: Callable[[], Wall] = lambda: wall

    def acknowledge(self) -> None:
        """Take the selected row, else the first that waits; without one, a new incident."""
        row = self._panel.row_to_act_on(AcknowledgeAlarm.sources)
        incident = self._panel.incident_to_act_on(AcknowledgeIncident.sources)
        if row is not None:
            self._acknowledge(row)
        elif incident is not None:
            self._desk.acknowledge_incident(incident)
        else:
            self.said.emit(_("Nothing is waiting."))

    def _acknowledge(self, row: AlarmRow) -> None:
        """What was taken stays selected: the next key is about it, not about what came meanwhile."""
        self._panel.alarms.select(row.id)
        alarms = row.in_states(AcknowledgeAlarm.sources)
        if len(alarms) == 1:
            self._desk.acknowledge_alarm(alarms[0])
        else:
            self._desk.apply_all([AcknowledgeAlarm(alarm.id, alarm.version) for alarm in alarms])

    def judge(self, verdict: Verdict) -> None:
        """Judge the selected row, else the first."""
        row = self._panel.row_to_act_on(JudgeAlarm.sources)
        if row is None:
            self.said.emit(_("No alarm to judge."))
            return
        alarms, incident = row.in_states(JudgeAlarm.sources), self._panel.incident.incident
        if verdict is Verdict.JOINED and incident is None:
            self.said.emit(_("Select the incident first (I)."))
            return
        joined_id = incident.id if verdict is Verdict.JOINED and incident is not None else None
        if len(alarms) == 1:
            self._desk.judge_alarm(alarms[0], verdict, *((joined_id,) if joined_id else ()))
        else:
            self._desk.apply_all(self._verdicts(alarms, verdict, joined_id))
        if verdict is Verdict.FALSE:
            name = row_text(row, Names(self._desk.registry()))
            self._undo.alarms_judged_false(alarms, name)
            self.said.emit(_("False alarm: {camera}. Ctrl+Z takes it back.").format(camera=name))

    def _verdicts(self, alarms: tuple[Alarm, ...], verdict: Verdict, incident_id: str | None) -> list[Command]:
        """Of an incident the first-out opens it, the others join it."""
        if verdict is not Verdict.INCIDENT:
            return [JudgeAlarm(a.id, a.version, verdict, incident_id=incident_id) for a in alarms]
        first, opened_id = alarms[0], new_id()
        rules = self._desk.registry().rules
        category = next((r.category_id for r in rules if r.id == first.rule_id), "intrusion")
        opening = JudgeAlarm(first.id, first.version, verdict, category, new_incident_id=opened_id)
        return [opening, *self._verdicts(alarms[1:], Verdict.JOINED, opened_id)]

    def shelve(self) -> None:
        """Ask how long and why; severity 5 is never shelved."""
        row = self._panel.row_to_act_on(JudgeAlarm.sources)
        if row is None:
            self.said.emit(_("No alarm to shelve."))
        elif row.severity >= Severity.CRITICAL:
            self.said.emit(_("Severity 5 cannot be shelved."))
        else:
            self._ask_to_shelve(row)

    def _ask_to_shelve(self, row: AlarmRow) -> None:
        name = group_text(row, Names(self._desk.registry()))

        def done(limit: object, reason: str) -> None:
            assert isinstance(limit, Limit)
            self._shelve(row, name, limit, reason)

        heading = _("Shelve {name}: how long (8 hours at most)? Severity 5 still comes through.").format(name=name)
        options = lettered((limit, _(limit.text), "") for limit in LIMITS)
        why = _("Shelve for {time}: why? Enter shelves, Esc leaves it")
        self._panel.choice.ask(
            Question(
                heading,
                done,
                options,
                _("The reason, as the next shift shall read it"),
                must_say=True,
                chosen_heading=lambda option: why.format(time=option.text),
            )
        )

    def _shelve(self, row: AlarmRow, name: str, limit: Limit, reason: str) -> None:
        command = ShelveAlarms(
            name[:_LONGEST_NAME],
            self._cameras_of(row),
            row.cause.key,
            reason,
            time.time() + limit.seconds,
            limit.to_shift_end,
        )
        self._desk.apply(command)
        self._undo.alarms_shelved(command.new_shelf_id, name)
        self.said.emit(_("Shelved: {name}. Ctrl+Z takes it back.").format(name=name))

    def _cameras_of(self, row: AlarmRow) -> tuple[str, ...]:
        """All cameras of the place or district, as far as this operator may act on them."""
        seen = self._desk.state().seen_cameras
        there = (*self._panel.board.site.cameras_in(row.area), *(alarm.camera_id for alarm in row.alarms))
        return tuple(dict.fromkeys(camera for camera in there if seen is None or camera in seen))

    def clear_flood(self) -> None:
        """The list that a flood left, with the keyboard in it; or all alarms again."""
        self._panel.board.toggle_clearing()
        if self._panel.board.clearing:
            self._panel.alarms.enter()

    def mute(self) -> None:
        """No sound until the next alarm of severity 5."""
        sound = self._panel.board.sound
        sound.mute()
        self.said.emit(
            _("Silent until the next alarm of severity 5.") if sound.enabled else _("Sound is off at this site.")
        )

    def undo(self) -> None:
        """Take the last false verdict, shelf, closure or step back."""
        self.said.emit(self._undo.undo())

    def show_alarm_camera(self) -> None:
        """Bring the camera of the selected (else first) row's first-out forward."""
        row = self._panel.row_to_act_on(JudgeAlarm.sources)
        if row is not None:
            self.bring_forward(row)

    def bring_forward(self, fact: AlarmRow | Incident) -> None:
        """Its camera on the wall, and the keyboard with it."""
        if fact.camera_id:
            self.wall_in_use().show_camera(fact.camera_id)
        self.wall_in_use().setFocus()
