"""Undo instead of "are you sure": what an operator can take back, newest first. Each undo is a further command of the
desk, never a removal (the history keeps both). GUI thread only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from app.feeds import Desk
from storage.records import Alarm, AlarmState, Incident, IncidentState, Outcome, Verdict

_STEPS = 20


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that can be taken back."""

    subject: str
    undo: Callable[[], None]


class UndoSteps:
    """The last twenty verdicts "false" and closures."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._steps: deque[Step] = deque(maxlen=_STEPS)

    def alarm_judged_false(self, alarm: Alarm, subject: str) -> None:
        """Remember a false verdict. The journal counted the version up by one when it took it."""
        judged = replace(alarm, state=AlarmState.JUDGED, verdict=Verdict.FALSE, version=alarm.version + 1)
        self._steps.append(Step(subject, lambda: self._desk.reopen_alarm(judged)))

    def incident_closed(self, incident: Incident, outcome: Outcome) -> None:
        """Remember a closure."""
        closed = replace(incident, state=IncidentState.CLOSED, outcome=outcome, version=incident.version + 1)
        self._steps.append(Step(incident.number, lambda: self._desk.reopen_incident(self._newest(closed))))

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
