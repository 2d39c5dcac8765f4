"""Which cameras are recorded when: their plans, and who may open the gates besides (alarms, operators).

Gives every recorder its session's packets and packet ring. `event` and `start_now` may be called on any thread; the
rest belongs to whoever starts and tidies (`app.recording`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo

from app.cameras import CameraHub
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.footage_records import GapReason
from storage.journal import Registry
from storage.recording_schedule import Schedule
from storage.records import Camera
from storage.registry_records import RecordingPlan
from video.camera_recorder import CameraRecorder
from video.recorder import RecorderPool
from video.recording_gate import PRE_ROLL_S, RecordingGate, RecordingMode
from video.recording_queue import RecordingQueue

log = logging.getLogger(__name__)

_LATE_S = 6.0
"""An event is known so much later than it happened, at worst."""


@dataclass(slots=True)
class _Entry:
    camera: Camera
    plan: RecordingPlan
    recorder: CameraRecorder
    queue: RecordingQueue | None = None
    """What its session feeds; None: no session is kept open for it."""


class RecordedCameras:
    """`zone` is the site's; `clock` UTC seconds."""

    def __init__(self, pool: RecorderPool, zone: tzinfo, clock: Callable[[], float]) -> None:
        self.problem: StorageError | None = None
        self._pool, self._zone, self._clock = pool, zone, clock
        self._lock = threading.Lock()
        self._hub: CameraHub | None = None
        self._entries: dict[str, _Entry] = {}
        self._keep_days: dict[str, int] = {}

    def start(self, hub: CameraHub, registry: Registry) -> None:
        """Record these cameras as planned; one without a plan always. Again when plans or cameras have changed."""
        self._hub, self.problem = hub, None
        self._keep_days = keep_days_of(registry)
        plans = {plan.id: plan for plan in registry.recording_plans}
        for camera_id in self._entries.keys() - {camera.id for camera in registry.cameras}:
            self._replan(self._entries[camera_id], RecordingPlan(camera_id, RecordingMode.OFF))
            self._detach(self._entries[camera_id])
        for camera in registry.cameras:
            plan = plans.get(camera.id) or RecordingPlan(camera.id)
            entry = self._entries.get(camera.id)
            if entry is None:
                self._entries[camera.id] = entry = self._entry(camera, plan)
                if plan.mode == RecordingMode.OFF:
                    entry.recorder.rest()
            else:
                self._replan(entry, plan)
            if plan.mode != RecordingMode.OFF:
                self._attach(entry)

    def event(self, camera_id: str, utc_s: float) -> None:
        """Something happened there: a camera that is recorded on event is, from before it."""
        entry = self._entries.get(camera_id)
        if entry is not None:
            entry.recorder.gate.event(utc_s)

    def start_now(self, camera_id: str, seconds: float) -> bool:
        """Record for so long whatever the plan says; False for a camera that is not known here."""
        entry = self._entries.get(camera_id)
        if entry is None:
            return False
        now_utc_s = self._clock()
        with self._lock:
            entry.recorder.gate.want(now_utc_s, now_utc_s + seconds)
        self._attach(entry)
        return True

    def tidy(self) -> None:
        """Let go of cameras whose plan is "off" and whose demand is over."""
        for entry in list(self._entries.values()):
            if entry.plan.mode == RecordingMode.OFF and not entry.recorder.active:
                self._detach(entry, unless_wanted=True)

    @property
    def trouble(self) -> WatchfloorError | None:
        """What the first recorder that does not record suffers from, else what is wrong with a plan."""
        recorders = self._pool.recorders
        return next((one.problem for one in recorders if one.problem is not None), self.problem)

    def hold_below(self, importance: int, reason: GapReason) -> int:
        """Stop cameras of lower importance for this reason, let the others go on; how many are stopped that would
        else be recorded."""
        held = 0
        for entry in list(self._entries.values()):
            stopped = entry.plan.importance < importance and entry.queue is not None
            entry.recorder.gate.hold(reason if stopped else None)
            held += stopped
        return held

    @property
    def keep_days(self) -> Mapping[str, int]:
        """How long footage stays, by camera, where it is not the settings' time; 0: no limit."""
        return self._keep_days

    @property
    def open_segments(self) -> frozenset[str]:
        """Those at work: nobody else's to touch."""
        return frozenset(entry.recorder.segment_id for entry in list(self._entries.values()))

    def _entry(self, camera: Camera, plan: RecordingPlan) -> _Entry:
        mode, planned = self._rule(camera, plan)
        return _Entry(camera, plan, self._pool.add(camera.id, RecordingGate(mode, planned)))

    def _replan(self, entry: _Entry, plan: RecordingPlan) -> None:
        moved = (plan.stream, plan.audio) != (entry.plan.stream, entry.plan.audio)
        entry.plan = plan
        entry.recorder.gate.replan(*self._rule(entry.camera, plan))
        if moved:
            self._detach(entry)

    def _rule(self, camera: Camera, plan: RecordingPlan) -> tuple[RecordingMode, Callable[[float], bool]]:
        """A plan that cannot be read loses no footage: the camera is always recorded, and the banner says why."""
        try:
            mode = RecordingMode(plan.mode)
        except ValueError:
            log.warning("camera %s has the unknown recording mode %r, it is always recorded", plan.id, plan.mode)
            return RecordingMode.CONTINUOUS, lambda _utc_s: True
        if mode is not RecordingMode.SCHEDULED:
            return mode, lambda _utc_s: True
        try:
            schedule = Schedule.parse(plan.schedule)
        except StorageError as error:
            log.warning("camera %s is always recorded: %s", plan.id, error)
            self.problem = StorageError(StorageCode.BAD_SCHEDULE, **error.details, name=camera.name)
            return RecordingMode.CONTINUOUS, lambda _utc_s: True
        return mode, lambda utc_s: schedule.covers(utc_s, self._zone)

    def _attach(self, entry: _Entry) -> None:
        with self._lock:
            if self._hub is None or entry.queue is not None:
                return
            queue = entry.queue = entry.recorder.renew()
        session = self._hub.record(entry.camera, queue, sub=entry.plan.stream == "sub")
        entry.recorder.ring = session.ring
        if entry.plan.mode == RecordingMode.EVENT:
            session.ring.keep(PRE_ROLL_S + _LATE_S)
        if entry.plan.audio:
            session.add_ear(queue)

    def _detach(self, entry: _Entry, *, unless_wanted: bool = False) -> None:
        with self._lock:
            wanted = unless_wanted and entry.recorder.gate.until_utc_s >= self._clock()
            queue = entry.queue
            if self._hub is None or queue is None or wanted:
                return
            entry.queue = None
        self._hub.unrecord(entry.camera, queue)


def keep_days_of(registry: Registry) -> dict[str, int]:
    """For how many days footage of each camera stays where it is not the settings' time (0: no limit): its own plan's,
    else the longest of its groups."""
    days: dict[str, int] = {}
    for group in registry.camera_groups:
        if group.keep_days is not None:
            days |= {one: _longer(days.get(one), group.keep_days) for one in group.camera_ids}
    return days | {plan.id: plan.keep_days for plan in registry.recording_plans if plan.keep_days is not None}


def _longer(first: int | None, second: int) -> int:
    return second if first is None else max(first, second) if first and second else 0
