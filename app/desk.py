"""The operator's desk: commands off the GUI thread, what is open brought back over the bus (`feeds.Desk`)."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from app.alarm_rows import LOOKBACK_S
from app.archive import Archive
from app.bus import Bus
from app.command_lane import CommandLane, Refused
from app.feeds import CameraFeed, CommandRefused, DeskState, RegistryChanged, ReplayFeed
from app.i18n import _
from app.offices import Offices
from app.snapshots import Snapshot
from app.tasks import Tasks
from app.texts import sentence
from storage.case_commands import AttachExhibit, OpenIncident
from storage.case_records import Exhibit
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
from storage.journal import IncidentFile, Receipt, Registry
from storage.records import Actor, Alarm, EvidenceKind, Incident, Verdict, new_id
from storage.rows import REGISTRY_TABLES
from storage.worker import Worker
from video.fanout import PacketRing
from video.stills import still_at

log = logging.getLogger(__name__)

POLL_S = 0.25
_MOST_CHANGES = 500
_TOLD = frozenset({*REGISTRY_TABLES, "credentials"})
_MOST_ALARMS = 5000
_MOST_RAISED = 2000


class ChangeFeed(Worker):
    """Follows the journal's change feed, also for what other processes wrote, and publishes the newest DeskState."""

    def __init__(self, archive: Archive, bus: Bus, viewer_id: Callable[[], str] | None = None) -> None:
        """`viewer_id` is who sits here now: only what that operator may know of is listed."""
        super().__init__("change-feed")
        self.state = DeskState()
        self._archive, self._journal, self._bus = archive, archive.journal, bus
        self.viewer_id = viewer_id or (lambda: archive.actor.id)
        self._wake = threading.Event()
        self._stale = False
        self._registry_seq = archive.registry_seq

    def nudge(self) -> None:
        """Look now: this process has just changed something."""
        self._wake.set()

    def renew(self) -> None:
        """Somebody else sits here: read everything again."""
        self._stale = True
        self._wake.set()

    def run(self) -> None:
        """Look four times a second, or when nudged."""
        self.refresh()
        while not self.stopping.is_set():
            self.beat()
            self._wake.wait(POLL_S)
            self._wake.clear()
            self._follow_registry()
            if self._stale or self._journal.head()[0] != self.state.seq:
                self._stale = False
                self.refresh()

    def stop(self) -> None:
        """Ask to stop."""
        super().stop()
        self._wake.set()

    def _follow_registry(self) -> None:
        """Up to `_registry_seq` everybody has the registry. It moves only past changes that were looked at here, and
        past one of the registry only after that was read and told: what fails is tried again."""
        more = True
        while more and not self.stopping.is_set():
            changes = self._journal.changes(self._registry_seq, limit=_MOST_CHANGES)
            more = len(changes) == _MOST_CHANGES
            seen = changes[-1].seq if changes else self._registry_seq
            if any(change.subject in _TOLD for change in changes):
                self._archive.reload()
                self._bus.publish(RegistryChanged(self._archive.registry))
                seen = max(seen, self._archive.registry_seq)
            self._registry_seq = seen

    def refresh(self) -> None:
        """Read what is open and publish it."""
        seq, _hash = self._journal.head()
        viewer_id = self.viewer_id()
        seen = self._journal.cameras_of(viewer_id)
        since_utc_s = time.time() - LOOKBACK_S
        alarms = self._journal.alarms(open_only=True, limit=_MOST_ALARMS, cameras=seen)
        unlisted = self._journal.open_alarm_count(seen) - len(alarms) if len(alarms) >= _MOST_ALARMS else 0
        raised = self._journal.raised(since_utc_s, limit=_MOST_RAISED)
        incidents = self._journal.incidents(open_only=False, limit=100, viewer_id=viewer_id)
        lookouts = tuple(self._journal.lookouts(time.time()))
        shelves = self._journal.shelves(since_utc_s)
        self.state = DeskState(
            alarms=tuple(alarms),
            incidents=tuple(i for i in incidents if seen is None or not i.camera_id or i.camera_id in seen),
            seq=seq,
            lookouts=lookouts,
            marks=tuple(self._journal.open_notes(viewer_id)),
            handovers=tuple(self._journal.open_handovers(viewer_id)),
            read_lookouts=frozenset(one.id for one in lookouts if self._has_read(one.id, viewer_id)),
            raised=tuple(r for r in raised if seen is None or r.camera_id in seen),
            shelves=tuple(s for s in shelves if seen is None or not seen.isdisjoint(s.camera_ids)),
            seen_cameras=seen,
            unlisted_alarms=max(unlisted, 0),
        )
        self._bus.publish(self.state)

    def _has_read(self, lookout_id: str, operator_id: str) -> bool:
        receipts = self._journal.lookout_receipts(lookout_id)
        return any(receipt.operator_id == operator_id for receipt in receipts)


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
        ring_of: Callable[[str], PacketRing | None] = lambda _camera_id: None,
        record_now: Callable[[str, float], bool] = lambda _camera_id, _seconds: False,
        actor: Callable[[], Actor] | None = None,
        offices: Offices | None = None,
        may_see: Callable[[str], bool] = lambda _camera_id: True,
    ) -> None:
        """`actor` says who sits here now, or raises why nobody may act; `may_see`, which cameras may be seen here."""
        self.bus = bus
        self._archive, self._tasks, self._changes, self._open_feed = archive, tasks, changes, open_feed
        self._open_replay, self._ring_of, self._record_now = open_replay, ring_of, record_now
        self._may_see = may_see
        self._actor = actor or (lambda: archive.actor)
        self.offices = offices or Offices()
        self._lane = CommandLane(tasks, self._applied, self._refused)

    def registry(self) -> Registry:
        """The registry as the change feed read it last."""
        return self._archive.registry

    def may_see(self, camera_id: str) -> bool:
        """Whether who sits here may see this camera."""
        return self._may_see(camera_id)

    def state(self) -> DeskState:
        """Newest state."""
        return self._changes.state

    def feed(self, camera_id: str) -> CameraFeed:
        """Open a camera for a tile."""
        return self._open_feed(camera_id)

    def replay(self, camera_id: str, seconds_back: float) -> ReplayFeed | None:
        """Play the camera's footage from so many seconds ago; None where nobody may act now, or not see it."""
        return self._open_replay(camera_id, seconds_back) if self._may_see(camera_id) and self._may_act() else None

    def record_now(self, camera_id: str, seconds: float) -> bool:
        """Record on demand; False where nobody may act now, or not see the camera."""
        return self._may_see(camera_id) and self._may_act() and self._record_now(camera_id, seconds)

    def _may_act(self) -> bool:
        """Whether somebody who may act sits here; a sentence says why not."""
        try:
            self._actor()
        except WatchfloorError as error:
            self._refused(error)
            return False
        return True

    def shoot(self, camera_id: str, utc_s: float) -> Snapshot | None:
        """Hold the frame of this time, at full size; nothing of a camera that may not be seen here."""
        camera = next((c for c in self._archive.registry.cameras if c.id == camera_id), None)
        if camera is None or not self._may_see(camera_id):
            return None
        ring = self._ring_of(camera_id)
        return Snapshot(self._archive, self._tasks, camera, ring, utc_s, self._actor, self._refused)

    def acknowledge_alarm(self, alarm: Alarm) -> None:
        """Take it."""
        self._apply(AcknowledgeAlarm(alarm.id, alarm.version))

    def judge_alarm(self, alarm: Alarm, verdict: Verdict, incident_id: str | None = None) -> None:
        """Incident, joined or false; the incident gets the rule's category."""
        category = next((r.category_id for r in self._archive.registry.rules if r.id == alarm.rule_id), "intrusion")
        self._apply(JudgeAlarm(alarm.id, alarm.version, verdict, category, incident_id))

    def reopen_alarm(self, alarm: Alarm, refused: Refused | None = None) -> None:
        """Undo a false verdict."""
        self.apply(ReopenAlarm(alarm.id, alarm.version), refused=refused)

    def acknowledge_incident(self, incident: Incident) -> None:
        """Become its owner."""
        self._apply(AcknowledgeIncident(incident.id, incident.version))

    def verify_incident(self, incident: Incident) -> None:
        """Confirm it."""
        self._apply(VerifyIncident(incident.id, incident.version))

    def close_incident(self, incident: Incident, outcome: str, note: str = "") -> None:
        """Close it."""
        self._apply(CloseIncident(incident.id, incident.version, outcome, note))

    def reopen_incident(self, incident: Incident, refused: Refused | None = None) -> None:
        """Undo a closure."""
        self.apply(ReopenIncident(incident.id, incident.version), refused=refused)

    def load_incident(self, incident_id: str, done: Callable[[IncidentFile, dict[str, bytes]], None]) -> None:
        """Read it with its stills on a task thread, for who sits here: without anybody it would be the program."""
        try:
            actor = self._actor()
        except WatchfloorError as error:
            self._refused(error)
            return
        self._run(lambda: done(*self._archive.reports.load(incident_id, actor.id)))

    def write_report(self, incident_id: str, done: Callable[[str], None]) -> None:
        """Write the PDF on a task thread."""
        archive = self._archive
        try:
            actor = self._actor()
        except WatchfloorError as error:
            self._refused(error)
            return

        def work() -> None:
            folder = make_folder(archive.folders.reports)
            done(str(archive.reports.write(incident_id, "pdf", folder, actor)))

        self._run(work)

    def actor_id(self) -> str:
        """Who sits here; empty when nobody may act."""
        try:
            return self._actor().id
        except WatchfloorError:
            return ""

    def apply(
        self, command: Command, done: Callable[[Receipt], None] | None = None, refused: Refused | None = None
    ) -> None:
        """Any command, on a task thread, after those that were given before it."""
        self._submit((command,), done, refused)

    def apply_all(self, commands: Sequence[Command], refused: Refused | None = None) -> None:
        """Several commands as one wish."""
        self._submit(commands, None, refused)

    def _submit(
        self, commands: Sequence[Command], done: Callable[[Receipt], None] | None, refused: Refused | None
    ) -> None:
        try:
            actor = self._actor()
        except WatchfloorError as error:
            self._refused(error)
        else:
            if self._lane.submit_all(commands, actor, done, refused):
                return
            self.bus.publish(CommandRefused(_("Too much is waiting; nothing was done. Try again in a moment.")))
        if refused is not None:
            refused()

    def _applied(self, command: Command, actor: Actor) -> Receipt:
        receipt = self._archive.journal.apply(command, actor)
        self._changes.nudge()
        return receipt

    def enter_incident(self, command: OpenIncident, done: Callable[[Receipt], None] | None = None) -> None:
        """The incident first, so that it is durable whatever becomes of its still."""
        actor_id = self.actor_id()

        def then(receipt: Receipt) -> None:
            self._attach_still(command, str(receipt.incident_id), Actor(actor_id))
            self._changes.nudge()
            if done is not None:
                done(receipt)

        self.apply(command, then)

    def _attach_still(self, command: OpenIncident, incident_id: str, actor: Actor) -> None:
        ring = self._ring_of(command.camera_id)
        if ring is None:
            return
        try:
            still = still_at(ring, command.happened_utc_s)
            path, sha256 = self._archive.store.put(still.jpeg, ".jpg")
        except WatchfloorError as error:
            log.warning("no still of incident %s: %s", incident_id, error)
            return
        exhibit = Exhibit(
            id=new_id(),
            incident_id=incident_id,
            kind=EvidenceKind.STILL,
            path=path,
            sha256=sha256,
            name="",
            at_utc_s=0.0,
            actor_id="",
            camera_id=command.camera_id,
            from_utc_s=still.utc_s,
            to_utc_s=still.utc_s,
        )
        self._archive.journal.apply(AttachExhibit(exhibit), actor)

    def _apply(self, command: Command) -> None:
        self.apply(command)

    def _run(self, work: Callable[[], None]) -> None:
        if not self._tasks.submit(work, failed=self._refused):
            self.bus.publish(CommandRefused(_("Too much is waiting; nothing was done. Try again in a moment.")))

    def _refused(self, error: Exception) -> None:
        if isinstance(error, WatchfloorError):
            self.bus.publish(CommandRefused(sentence(error)))
        else:
            log.error("command failed", exc_info=error)
            self.bus.publish(CommandRefused(_("This did not work: a fault in the program, noted in the log.")))
