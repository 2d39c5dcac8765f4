"""Undo instead of "are you sure": what an operator can take back, newest first. Each undo is a further command of the
desk, never a removal (the history keeps both). GUI thread only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from app.feeds import Desk
from storage.case_commands import StepBackIncident
from storage.commands import PutRecord, RegistryRecord
from storage.records import Alarm, AlarmState, Incident, IncidentState, Verdict

_STEPS = 20


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that can be taken back."""

    subject: str
    undo: Callable[[], None]


class UndoSteps:
    """The last twenty verdicts "false", closures and steps on."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._steps: deque[Step] = deque(maxlen=_STEPS)

    def alarm_judged_false(self, alarm: Alarm, subject: str) -> None:
        """Remember a false verdict. The journal counted the version up by one when it took it."""
        judged = replace(alarm, state=AlarmState.JUDGED, verdict=Verdict.FALSE, version=alarm.version + 1)
        self._steps.append(Step(subject, lambda: self._desk.reopen_alarm(judged)))

    def incident_closed(self, incident: Incident, outcome: str) -> None:
        """Remember a closure."""
        closed = replace(incident, state=IncidentState.CLOSED, outcome=outcome, version=incident.version + 1)
        self._steps.append(Step(incident.number, lambda: self._desk.reopen_incident(self._newest(closed))))

    def incident_moved(self, incident: Incident) -> None:
        """Remember a step on (handed over, resolved)."""

        def back() -> None:
            known = next((i for i in self._desk.state().incidents if i.id == incident.id), None)
            if known is not None:
                self._desk.apply(StepBackIncident(known.id, known.version))

        self._steps.append(Step(incident.number, back))

    def record_removed(self, record: RegistryRecord) -> None:
        """Remember what was taken out of use."""
        name = str(getattr(record, "name", "") or getattr(record, "id", ""))
        self._steps.append(Step(name, lambda: self._desk.apply(PutRecord(record))))

    def clear(self) -> None:
        """Somebody else sits here: these steps were not theirs."""
        self._steps.clear()

    def undo(self) -> str | None:
        """Take the newest back; its subject, or None when there is nothing."""
        if not self._steps:
            return None
        step = self._steps.pop()
        step.undo()
        return step.subject

    def _newest(self, incident: Incident) -> Incident:
        """As the desk knows it now; a closed one may have left the desk's state."""
        known = (i for i in self._desk.state().incidents if i.id == incident.id)
        return next((i for i in known if i.state is IncidentState.CLOSED), incident)
