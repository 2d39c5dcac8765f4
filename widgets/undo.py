"""Undo instead of "are you sure": what an operator can take back, newest first. Each undo is a further command of the
desk, never a removal (the history keeps both); what others have moved on since stays as they made it. A step whose
command was refused is kept: it can be tried again. GUI thread only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from app.feeds import Desk
from app.i18n import _
from storage.case_commands import StepBackIncident, UnshelveAlarms
from storage.commands import PutRecord, RegistryRecord, ReopenAlarm
from storage.records import Alarm, AlarmState, Incident, IncidentState, Verdict
from widgets.bridge import Answers, Bridge

_STEPS = 20

Refused = Callable[[], None]
Undo = Callable[[Refused], bool]
"""Asks for it, and says whether it still could; what it is given is called when the command is refused."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that can be taken back."""

    subject: str
    undo: Undo


class UndoSteps:
    """The last twenty verdicts "false", closures and steps on."""

    def __init__(self, desk: Desk, bridge: Bridge) -> None:
        self._desk = desk
        self._answers = Answers(bridge)
        self._steps: deque[Step] = deque(maxlen=_STEPS)

    def alarms_judged_false(self, alarms: Sequence[Alarm], subject: str) -> None:
        """Remember a false verdict on a row. The journal counted each version up by one when it took it."""

        def back(refused: Refused) -> bool:
            if len(alarms) == 1:
                judged = replace(alarms[0], state=AlarmState.JUDGED, verdict=Verdict.FALSE)
                self._desk.reopen_alarm(replace(judged, version=judged.version + 1), refused)
            else:
                self._desk.apply_all([ReopenAlarm(alarm.id, alarm.version + 1) for alarm in alarms], refused)
            return True

        self._steps.append(Step(subject, back))

    def alarms_shelved(self, shelf_id: str, subject: str) -> None:
        """Remember a shelf."""

        def back(refused: Refused) -> bool:
            self._desk.apply(UnshelveAlarms(shelf_id, 1), refused=refused)
            return True

        self._steps.append(Step(subject, back))

    def incident_closed(self, incident: Incident, outcome: str) -> None:
        """Remember a closure."""
        closed = replace(incident, state=IncidentState.CLOSED, outcome=outcome, version=incident.version + 1)

        def back(refused: Refused) -> bool:
            now = self._still(closed)
            if now is not None:
                self._desk.reopen_incident(now, refused)
            return now is not None

        self._steps.append(Step(incident.number, back))

    def incident_moved(self, before: Incident, made: Incident) -> None:
        """Remember a step on (handed over, resolved). A second service was no step on: a step back would undo
        something else."""

        def back(refused: Refused) -> bool:
            now = self._still(made) if made.state is not before.state else None
            if now is not None:
                self._desk.apply(StepBackIncident(now.id, now.version), refused=refused)
            return now is not None

        self._steps.append(Step(before.number, back))

    def record_removed(self, record: RegistryRecord) -> None:
        """Remember what was taken out of use."""
        name = str(getattr(record, "name", "") or getattr(record, "id", ""))

        def back(refused: Refused) -> bool:
            self._desk.apply(PutRecord(record), refused=refused)
            return True

        self._steps.append(Step(name, back))

    def remember(self, subject: str, undo: Undo) -> None:
        """Remember anything else that can be taken back."""
        self._steps.append(Step(subject, undo))

    def clear(self) -> None:
        """Somebody else sits here: these steps were not theirs."""
        self._steps.clear()
        self._answers.forget()

    def undo(self) -> str:
        """Take the newest back; the sentence that says what became of it."""
        if not self._steps:
            return _("Nothing to undo.")
        step = self._steps.pop()
        begun = step.undo(self._answers.here(partial(self._keep, step)))
        text = _("Reopened: {subject}") if begun else _("{subject} has moved on since: nothing was undone.")
        return text.format(subject=step.subject)

    def _keep(self, step: Step) -> None:
        """Its command was refused. Where that was told at once and more was remembered meanwhile, it is the newest."""
        if step not in self._steps:
            self._steps.append(step)

    def _still(self, made: Incident) -> Incident | None:
        """`made` as the desk knows it now: also where it has not heard of it yet, or has it no longer in its state.
        None when somebody moved it on."""
        known = next((i for i in self._desk.state().incidents if i.id == made.id), None)
        if known is None or known.version < made.version:
            return made
        return known if _stand(known) == _stand(made) else None


def _stand(incident: Incident) -> tuple[IncidentState, str | None, str | None]:
    return incident.state, incident.outcome, incident.service_id
