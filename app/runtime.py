"""The composition root: builds everything that runs, starts it, stops it against one deadline. Knows no Qt."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.analytics import Analytics
from app.archive import RUNTIME, Archive
from app.bus import Bus
from app.camera_models import own_choices
from app.camera_rights import CameraRights
from app.cameras import CameraHub
from app.decoding import decoding_workers
from app.desk import ChangeFeed, OperatorDesk
from app.feeds import Banner, DeskState, RegistryChanged
from app.footage_searcher import FootageSearcher
from app.governor import Governor, Rung, WallLoad
from app.health import HealthMonitor
from app.health_desk import SiteHealthDesk
from app.i18n import use_language
from app.intake import EventIntake
from app.live_feed import LiveFeed
from app.metrics import UsageMeter
from app.model_desk import SiteModelDesk
from app.notary import Notary
from app.people import People
from app.playback_sources import film_site, playback_desk
from app.playback_wall import SitePlaybackDesk
from app.recording import Recording
from app.replay import Replays
from app.seat_offices import SeatOffices
from app.sign_in import SeatChanged
from app.signal_watch import SignalWatch
from app.site_time import zone_of
from app.stored_tracks import TrackRecorder
from app.tasks import Tasks
from app.texts import sentence
from app.timeline_desk import SiteTimelineDesk, timeline_desk
from app.upkeep import upkeep_workers
from detection.models import ModelChoice, choose_model
from detection.worker import DetectionStatus
from storage.class_names import class_map
from storage.commands import RegistryRecord
from storage.errors import WatchfloorError
from storage.folders import Folders
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.records import Camera
from storage.settings import Settings
from storage.worker import Latecomer, Supervisor, Worker
from video.decode import DecodePool
from video.fanout import PacketRing
from video.footage import StoredFootage
from video.hardware import Hardware

if TYPE_CHECKING:
    from app.alerts_out import AlertsOut

log = logging.getLogger(__name__)

SHUTDOWN_S = 5.0
TASKS_S = 1.0
"""What the last tasks have of it, whatever the detection process does."""


@dataclass(frozen=True, slots=True)
class RuntimePlan:
    """What to run. `records` are put into the journal first (demo, `wall --camera`); `urls` are the cameras' URLs with
    credentials by camera id, kept in memory only. `alerts` may leave the house; `hint_password` says that nobody has a
    password yet; a home that is not `lasting` goes with the run: no backups, no reserve, no sheets."""

    folders: Folders
    settings: Settings
    records: Sequence[RegistryRecord] = ()
    urls: dict[str, str] = field(default_factory=dict)
    model: Path | None = None
    workers: Sequence[Worker] = ()
    alerts: bool = True
    hint_password: bool = True
    lasting: bool = True


class Runtime:
    """Sessions, detection, rules, journal. `start()`, `stop()`, `close()`, once each."""

    def __init__(self, plan: RuntimePlan) -> None:
        choice = _choice(plan)
        use_language(plan.settings.site.language or "en")
        self.plan = plan
        self.started_utc_s = time.time()
        self.bus = Bus()
        self.supervisor = Supervisor()
        self.tasks = Tasks()
        self.meter = UsageMeter()
        self.archive = Archive(plan.folders, plan.settings, plan.records)
        with ExitStack() as undo:
            undo.callback(self.archive.close)
            self.registry = self.archive.registry
            self.hardware = Hardware(plan.settings.video.decoder)
            self.pool = DecodePool(hardware=self.hardware)
            self.hub = CameraHub(self.pool, self.supervisor, self.url_of, ruled=self._ruled)
            self.recording = Recording(plan.folders, plan.settings, self.archive.journal, self.bus)
            undo.callback(self.recording.close)
            self.footage = StoredFootage(self._ring_of, self.recording.between)
            self.health = self._health_monitor()
            self.rights = CameraRights(lambda: self.archive.registry, lambda: self.seat.people.seat.state)
            self.changes = ChangeFeed(self.archive, self.bus, lambda: self.seat.people.seat.state.operator_id)
            self.seat = self._seat_offices()
            viewed = self.seat.people.audit.viewed
            self.replays = Replays(
                self.footage, self.supervisor, lambda: self.registry, viewed=viewed, allowed=self.rights.allows
            )
            self.alerts = self._alerts() if plan.alerts else None
            self.intake = EventIntake(
                self.archive, self.hub, self.tasks, self.changes.nudge, self._refused, self.recording.event
            )
            self.desk = OperatorDesk(
                self.archive,
                self.bus,
                self.tasks,
                self.changes,
                self.open_feed,
                self.replays.open,
                self._ring_of,
                self.recording.start_now,
                lambda: self.seat.people.seat.actor,
                self.seat.offices,
                self.rights.allows,
            )
            self.tracks = self._track_recorder()
            self.analytics = self._analytics(choice)
            self.signals = SignalWatch(
                lambda: self.registry.rules, self.hub.sessions, self.intake.take, zone_of(plan.settings)
            )
            undo.pop_all()
        self.governor = Governor(self._lower, self.bus.publish, self.hub.behind_ms, self.hub.lost_gops)
        self._listen()

    def _seat_offices(self) -> SeatOffices:
        return SeatOffices(
            self.archive,
            self.recording,
            self.bus,
            self.tasks,
            changed=self.changes.nudge,
            dead_cameras=self._dead_cameras,
            health=SiteHealthDesk(self.health, self.hub, self.archive, self.tasks, lambda: self.rights.seen),
            models=self._model_desk(),
            playback=self._playback_desk,
            timeline=self._timeline_desk,
            search=self._footage_searcher,
        )

    def _health_monitor(self) -> HealthMonitor:
        return HealthMonitor(
            lambda: self.registry.cameras,
            lambda: self.hub.sessions(),
            lambda camera_id: self.analytics.looking(camera_id),
            self.plan.folders.outages,
        )

    def _listen(self) -> None:
        self.bus.subscribe(WallLoad, self.governor.take)
        self.bus.subscribe(SeatChanged, lambda _seat: self.changes.renew())
        self.bus.subscribe(RegistryChanged, self._on_registry_changed)
        if self.alerts is not None:
            nudge = self.alerts.nudge  # what the journal now has to send, and answers to what was sent
            self.bus.subscribe(DeskState, lambda _state: nudge())
        self.bus.subscribe(DetectionStatus, lambda _status: self._note_usage())

    def _alerts(self) -> AlertsOut:
        from app.alerts_out import AlertsOut  # mail, MQTT and CAP are imported only where alerts may leave

        return AlertsOut(
            self.archive.journal,
            self.plan.folders,
            self.plan.settings,
            registry=lambda: self.archive.registry,
            changed=self.changes.nudge,
            tell=self.bus.publish,
            load=self.archive.reports.load,
        )

    def _track_recorder(self) -> TrackRecorder | None:
        path, settings = self.plan.folders.tracks, self.plan.settings.tracks
        return TrackRecorder(path, settings, self.archive.journal.judged) if settings.enabled else None

    def _model_desk(self) -> SiteModelDesk:
        return SiteModelDesk(
            self.archive,
            self.tasks,
            lambda: self.seat.people.seat.actor,
            in_use=lambda: self.analytics.choice,
            use=lambda choice: self.analytics.use_model(choice),
            use_own=lambda own: self.analytics.use_own_models(own),
        )

    def _timeline_desk(self, people: People) -> SiteTimelineDesk:
        return timeline_desk(
            self.archive, people, self.footage, self.recording, lambda camera_id: self.rights.allows(camera_id)
        )

    def _playback_desk(self, people: People) -> SitePlaybackDesk:
        return playback_desk(
            self.archive,
            people,
            self.footage,
            self.recording,
            self.supervisor,
            allowed=lambda camera_id: self.rights.allows(camera_id),
            offsets=lambda camera_id, utc_s: [
                *self.health.clocks.of(camera_id, utc_s),
                *self.health.offsets(camera_id),
            ],
            films=film_site(self.archive, people, self.tasks, self.changes.nudge, self.rights.allows),
        )

    def _footage_searcher(self, people: People) -> FootageSearcher:
        seat, tracks = people.seat, self.plan.folders.tracks
        return FootageSearcher(self.archive, self.footage, tracks, lambda: seat.actor, lambda: seat.state.operator_id)

    def _analytics(self, choice: ModelChoice) -> Analytics:
        folders, detection = self.plan.folders, self.plan.settings.detection
        own, refused = own_choices(detection.camera_models, folders.models, self.registry.cameras)
        return Analytics(
            self.hub,
            self.supervisor,
            self.bus,
            choice,
            self.intake.take,
            slots=len(self.registry.cameras),
            device=detection.device,
            processes=detection.processes,
            far_view=detection.far_view,
            own_models=own,
            refused=refused,
            cache=folders.cache,
            timezone=zone_of(self.plan.settings).key,
            on_look=self.replays.recent.before(self.tracks.take if self.tracks is not None else None),
        )

    def start(self) -> None:
        """Start everything; pictures come when cameras answer."""
        self.supervisor.start()
        notary = Notary(self.archive)
        workers: list[Worker] = [*self.plan.workers, *self.tasks.workers, *self.pool.workers]
        workers += [self.hub, self.changes, notary, *self.seat.workers, self.health, self.signals]
        workers += self._metrics_server()
        workers += decoding_workers(
            self.hardware, self.plan.settings.video, self.plan.folders.decoders, self.bus.publish
        )
        workers += (self.tracks,) if self.tracks is not None else ()
        workers += upkeep_workers(self.archive, self.bus, lasting=self.plan.lasting)
        workers += self.alerts.workers if self.alerts is not None else ()
        for worker in workers:
            self.supervisor.add(worker)
        for worker in self.recording.workers:
            self.supervisor.add(worker)
        self.analytics.start(self.registry)
        self._replan()
        if self.analytics.needs_model and not os.environ.get("YOLO_OFFLINE"):
            self.analytics.fetch_model(self.plan.folders.models)

    def _metrics_server(self) -> list[Worker]:
        port = self.plan.settings.health.prometheus_port
        if not port:
            return []
        from app.prometheus import PrometheusServer  # an HTTP server is imported only where one is wanted

        return [PrometheusServer(port, lambda: self.health.snapshot, self._refused_metrics)]

    def _refused_metrics(self, error: WatchfloorError) -> None:
        self.bus.publish(Banner("metrics", sentence(error)))

    def _on_registry_changed(self, changed: RegistryChanged) -> None:
        """Addresses, logins, recording plans and guard rules hold from now on, names everywhere."""
        self.registry = changed.registry
        self.hub.renew(changed.registry.cameras)
        self.intake.renew(changed.registry.rules)
        self.analytics.renew(changed.registry)
        if not self.tasks.submit(self._replan) and not self.tasks.ending:
            self._replan()  # too much is waiting, and nobody would ask again

    def _replan(self) -> None:
        self.recording.start(self.hub, lambda: self.registry)

    def stop(self) -> list[Latecomer]:
        """Ask all, join all against one deadline; names who was late. The journal stays open for the last reports.

        Cameras and detection go first: what the detection process still has to say becomes events in the journal, and
        their stills are tasks. Only then the tasks end. A second call is harmless."""
        end_s = time.monotonic() + SHUTDOWN_S
        self.signals.stop()
        for worker in self.plan.workers:  # the demo's servers: a child that has just been started ends slowly
            worker.stop()
        for session in self.hub.sessions():
            session.stop()
        self.analytics.service.stop()
        if self.analytics.service.join(SHUTDOWN_S - TASKS_S) and not self.intake.settle(end_s - time.monotonic()):
            log.error("the journal did not answer for the last events in time")
        late = self.supervisor.shutdown(end_s - time.monotonic())
        self.analytics.close()
        self.recording.close()
        return late

    def close(self) -> None:
        """Sign the chain and close the journal; last of all."""
        self.archive.sign()
        self.archive.close()

    def open_feed(self, camera_id: str) -> LiveFeed:
        """A camera for a tile."""
        camera = next(c for c in self.registry.cameras if c.id == camera_id)
        zones = tuple(z for z in self.registry.zones if z.camera_id == camera_id)
        rules = tuple(r for r in self.registry.rules if r.camera_id == camera_id)
        tracks, notice, recording = self.analytics.tracks, self.analytics.notice, self.recording.recording
        return LiveFeed(camera, zones, rules, self.hub, tracks, notice, recording, self.rights.allows)

    def _dead_cameras(self) -> list[Camera]:
        """Cameras that are open and give no picture now."""
        dead = self.hub.dark_cameras()
        return [camera for camera in self.registry.cameras if camera.id in dead]

    def _ring_of(self, camera_id: str) -> PacketRing | None:
        return self.hub.ring(camera_id)

    def _ruled(self) -> frozenset[str]:
        """Cameras whose stream is lowered last."""
        return frozenset(rule.camera_id for rule in self.registry.rules if rule.enabled)

    def _lower(self, rung: Rung) -> None:
        """One rung of the load ladder further, up or down; that rules get less is written into the journal."""
        before = self.hub.rung
        self.hub.lower(rung)
        self.analytics.look_less(less=rung >= Rung.LOOKS)
        if Rung.DEGRADED in (before, rung):
            detail = "analytics degraded: key frames only" if rung is Rung.DEGRADED else "analytics restored"
            access = RecordAccess(AccessKind.DEGRADED, "load", detail=detail)
            self.tasks.submit(lambda: self.archive.journal.apply(access, RUNTIME))

    def url_of(self, camera: Camera) -> str:
        """The camera's URL with its credentials; without them when the key is lost: its tile then says so."""
        try:
            return self.plan.urls.get(camera.id) or self.archive.logins.url_of(camera)
        except WatchfloorError as error:
            log.error("login of camera %s cannot be used: %s", camera.id, error)
            self._refused(error)
            return camera.main_url

    def worker_pids(self) -> tuple[int, ...]:
        """Processes of ours besides this one."""
        return self.analytics.service.status.pids

    def _note_usage(self) -> None:
        """Once a second, so that the share of a detection process that dies is not lost."""
        self.meter.read(self.worker_pids())

    def _refused(self, error: WatchfloorError) -> None:
        self.bus.publish(Banner("journal", sentence(error)))


def _choice(plan: RuntimePlan) -> ModelChoice:
    """Which model to begin with; a bad `--model` is refused before anything is opened."""
    wished = Path(plan.settings.detection.model) if plan.settings.detection.model else None
    environment, pin = os.environ.get("WATCHFLOOR_MODEL"), plan.settings.detection.model_sha256
    found = choose_model(plan.model, wished, environment, plan.folders.models, setting_sha256=pin)
    return replace(found, classes=tuple(class_map(plan.settings.detection.classes).items()))
