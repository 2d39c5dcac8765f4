"""The operator's desk: commands off the GUI thread, what is open brought back over the bus (`feeds.Desk`)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from app.archive import Archive
from app.bus import Bus
from app.feeds import CameraFeed, CommandRefused, DeskState, ReplayFeed
from app.i18n import _
from app.tasks import Tasks
from app.texts import sentence
from storage.commands import (
    AcknowledgeAlarm,
    AcknowledgeIncident,
    CloseIncident,
    Command,
    JudgeAlarm,
    ReopenAlarm,
    ReopenIncident,
    VerifyIncident,
)
from storage.durable import make_folder
from storage.errors import WatchfloorError
from storage.journal import IncidentFile, Journal, Registry
from storage.records import Alarm, Incident, Outcome, Verdict
from storage.worker import Worker

log = logging.getLogger(__name__)

POLL_S = 0.25


class ChangeFeed(Worker):
    """Follows the journal's change feed, also for what other processes wrote, and publishes the newest DeskState."""

    def __init__(self, journal: Journal, bus: Bus) -> None:
        super().__init__("change-feed")
        self.state = DeskState()
        self._journal, self._bus = journal, bus
        self._wake = threading.Event()

    def nudge(self) -> None:
        """Look now: this process has just changed something."""
        self._wake.set()

    def run(self) -> None:
        """Look four times a second, or when nudged."""
        self.refresh()
        while not self.stopping.is_set():
            self.beat()
            self._wake.wait(POLL_S)
            self._wake.clear()
            if self._journal.changes(self.state.seq, limit=1):
                self.refresh()

    def stop(self) -> None:
        """Ask to stop."""
        super().stop()
        self._wake.set()

    def refresh(self) -> None:
        """Read what is open and publish it."""
        seq, _hash = self._journal.head()
        alarms = tuple(self._journal.alarms(open_only=True))
        incidents = tuple(self._journal.incidents(open_only=False, limit=100))
        self.state = DeskState(alarms, incidents, seq)
        self._bus.publish(self.state)


class OperatorDesk:
    """What one operator can see and do."""

    def __init__(
        self,
        archive: Archive,
        bus: Bus,
        tasks: Tasks,
        changes: ChangeFeed,
        open_feed: Callable[[str], CameraFeed],
        open_replay: Callable[[str, float], ReplayFeed | None],
    ) -> None:
        self.bus = bus
        self._archive, self._tasks, self._changes, self._open_feed = archive, tasks, changes, open_feed
        self._open_replay = open_replay
        self._registry = archive.registry

    def registry(self) -> Registry:
        """Registry as read at start."""
        return self._registry

    def state(self) -> DeskState:
        """Newest state."""
        return self._changes.state

    def feed(self, camera_id: str) -> CameraFeed:
        """Open a camera for a tile."""
        return self._open_feed(camera_id)

    def replay(self, camera_id: str, seconds_back: float) -> ReplayFeed | None:
        """Play the camera's footage from so many seconds ago."""
        return self._open_replay(camera_id, seconds_back)

    def acknowledge_alarm(self, alarm: Alarm) -> None:
        """Take it."""
        self._apply(AcknowledgeAlarm(alarm.id, alarm.version))

    def judge_alarm(self, alarm: Alarm, verdict: Verdict, incident_id: str | None = None) -> None:
        """Incident, joined or false; the incident gets the rule's category."""
        category = next((r.category_id for r in self._registry.rules if r.id == alarm.rule_id), "intrusion")
        self._apply(JudgeAlarm(alarm.id, alarm.version, verdict, category, incident_id))

    def reopen_alarm(self, alarm: Alarm) -> None:
        """Undo a false verdict."""
        self._apply(ReopenAlarm(alarm.id, alarm.version))

    def acknowledge_incident(self, incident: Incident) -> None:
        """Become its owner."""
        self._apply(AcknowledgeIncident(incident.id, incident.version))

    def verify_incident(self, incident: Incident) -> None:
        """Confirm it."""
        self._apply(VerifyIncident(incident.id, incident.version))

    def close_incident(self, incident: Incident, outcome: Outcome, note: str = "") -> None:
        """Close it."""
        self._apply(CloseIncident(incident.id, incident.version, outcome, note))

    def reopen_incident(self, incident: Incident) -> None:
        """Undo a closure."""
        self._apply(ReopenIncident(incident.id, incident.version))

    def load_incident(self, incident_id: str, done: Callable[[IncidentFile, dict[str, bytes]], None]) -> None:
        """Read it with its stills on a task thread."""
        self._run(lambda: done(*self._archive.reports.load(incident_id)))

    def write_report(self, incident_id: str, done: Callable[[str], None]) -> None:
        """Write the PDF on a task thread."""
        archive = self._archive

        def work() -> None:
            folder = make_folder(archive.folders.reports)
            done(str(archive.reports.write(incident_id, "pdf", folder, archive.actor)))

        self._run(work)

    def _apply(self, command: Command) -> None:
        def work() -> None:
            self._archive.journal.apply(command, self._archive.actor)
            self._changes.nudge()

        self._run(work)

    def _run(self, work: Callable[[], None]) -> None:
        if not self._tasks.submit(work, failed=self._refused):
            self.bus.publish(CommandRefused(_("Too much is waiting; nothing was done. Try again in a moment.")))

    def _refused(self, error: Exception) -> None:
        if isinstance(error, WatchfloorError):
            self.bus.publish(CommandRefused(sentence(error)))
        else:
            log.error("command failed", exc_info=error)
            self.bus.publish(CommandRefused(_("This did not work: a fault in the program, noted in the log.")))
