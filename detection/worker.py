"""The detection service: keeps one detection process alive and hands on what it sees.

Lives on its own thread in the GUI process or the node, and imports no inference library. Callbacks run on that thread,
one after another, and must return at once. A process that dies or falls silent is replaced: at once the first time,
then with growing pauses; track numbers and cooldowns go on where they were.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from detection.child import COMMAND, ChildProcess
from detection.detector import DetectionCode, DetectionError, TrackSet
from detection.detectors import SITE
from detection.messages import (
    AnalyticsCamera,
    CameraMemory,
    CameraState,
    Configure,
    Finish,
    Looked,
    Message,
    Pace,
    Ready,
    Refused,
    Setup,
    UseModel,
)
from detection.models import BUILT_IN, ModelChoice
from storage.records import Event
from storage.worker import Worker
from video.shared_slots import SharedSlots

log = logging.getLogger(__name__)

NICENESS = 10
TICK_S = 0.25
STATUS_S = 1.0
HEALTHY_S = 30.0
"""A process that worked this long has earned an immediate restart again."""

CRASHES_UNTIL_BUILT_IN = 3
"""A model that kills the process this often before its first look is given up."""


class DetectionState(StrEnum):
    """What the detection process does."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class DetectionStatus:
    """What operators and metrics see. `looks` counts per camera since the service started; `reason` says why the
    detector is not the one that was asked for, or why a camera's rules rest (details: camera).

    `pace` is of the last seconds, None while nothing works. Of several processes (`detection.team`) `state` is the
    best, `waiting` are the cameras of those that do not work, `pid` is the first one's, `others` are the rest.
    `troubled` are cameras of which not everything works."""

    state: DetectionState
    detector: str = ""
    looks_per_s: float = 0.0
    looks: dict[str, int] = field(default_factory=dict)
    restarts: int = 0
    pid: int | None = None
    reason: DetectionError | None = None
    pace: Pace | None = None
    waiting: dict[str, DetectionState] = field(default_factory=dict)
    others: tuple[int, ...] = ()
    troubled: dict[str, CameraState] = field(default_factory=dict)

    @property
    def pids(self) -> tuple[int, ...]:
        """All processes."""
        return (self.pid, *self.others) if self.pid else self.others


@dataclass(frozen=True, slots=True)
class Pauses:
    """Waiting times: before each restart in a row (the last one repeats), and for signs of life."""

    restart_s: tuple[float, ...] = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
    silence_s: float = 5.0
    start_s: float = 30.0
    finish_s: float = 2.0


class DetectionService(Worker):
    """Owns the detection process. `configure` and `use_model` may be called from any thread, at any time."""

    def __init__(
        self,
        slots: SharedSlots,
        choice: ModelChoice,
        *,
        on_tracks: Callable[[TrackSet], None],
        on_event: Callable[[Event], None],
        on_status: Callable[[DetectionStatus], None],
        device: str = "CPU",
        cache: Path | None = None,
        pauses: Pauses | None = None,
        command: Sequence[str] = COMMAND,
        name: str = "detection service",
        others: Mapping[str, ModelChoice] | None = None,
    ) -> None:
        super().__init__(name)
        self.status = DetectionStatus(DetectionState.STOPPED)
        self._slots, self._choice, self._device, self._cache = slots, choice, device, cache
        self._on_tracks, self._on_event, self._on_status = on_tracks, on_event, on_status
        self._pauses = pauses or Pauses()
        self._command = command
        self._lock = threading.Lock()
        self._cameras: tuple[AnalyticsCamera, ...] = ()
        self._others: dict[str, ModelChoice] = dict(others or {})
        self._sent: dict[str, UseModel] = {}
        self._orders: queue.SimpleQueue[AnalyticsOrder] = queue.SimpleQueue()
        self._memories: dict[str, CameraMemory] = {}
        self._looks: dict[str, int] = {}
        self._troubled: dict[str, CameraState] = {}
        self._crashes = 0
        self._in_a_row = 0
        self._status_due_s = 0.0

    def configure(self, cameras: Sequence[AnalyticsCamera]) -> None:
        """Look at exactly these cameras."""
        with self._lock:
            self._cameras = tuple(cameras)
        self._orders.put(AnalyticsOrder.CAMERAS)

    def use_model(self, choice: ModelChoice) -> None:
        """Change the detector; the old one works until the new one is loaded."""
        with self._lock:
            self._choice = choice
        self._crashes = 0
        self._orders.put(AnalyticsOrder.MODEL)

    def use_others(self, others: Mapping[str, ModelChoice]) -> None:
        """The models of cameras that have one of their own, by `AnalyticsCamera.model`; before these are configured."""
        with self._lock:
            self._others = dict(others)
        self._crashes = 0
        self._orders.put(AnalyticsOrder.OTHERS)

    def run(self) -> None:
        """Keep a process running until asked to stop."""
        while not self.stopping.is_set():
            started_s = time.monotonic()
            self._live_with(ChildProcess(self._command))
            if self.stopping.is_set():
                break
            self._in_a_row = 0 if time.monotonic() - started_s > HEALTHY_S else self._in_a_row + 1
            self._give_up_bad_model()
            self._pause()
        self._say(state=DetectionState.STOPPED, pid=None, pace=None, looks_per_s=0.0)

    def _live_with(self, child: ChildProcess) -> None:
        try:
            self._troubled.clear()
            self._say(state=DetectionState.STARTING, pid=child.pid)
            self._introduce(child)
            self._attend(child)
            if self.stopping.is_set():
                self._finish(child)
        finally:
            child.end(1.0)

    def _introduce(self, child: ChildProcess) -> None:
        while not self._orders.empty():
            self._orders.get()
        child.send(Setup(str(self._slots.path), self._slots.count, NICENESS))
        child.send(self._model_order())
        self._sent.clear()
        self._send_others(child)
        child.send(self._camera_order())

    def _attend(self, child: ChildProcess) -> None:
        """Receive until the child ends, falls silent, or the service is to stop."""
        heard_s = time.monotonic()
        while not self.stopping.is_set() and not child.gone:
            self.beat()
            self._pass_orders(child)
            message = child.receive(TICK_S)
            now_s = time.monotonic()
            if message is not None:
                heard_s = now_s
                self._take(message)
            starting = self.status.state is DetectionState.STARTING
            if now_s - heard_s > (self._pauses.start_s if starting else self._pauses.silence_s):
                log.warning("the detection process fell silent; ending it")
                child.kill()
                return
            self._say_again(now_s)

    def _pass_orders(self, child: ChildProcess) -> None:
        orders = set()
        while not self._orders.empty():
            orders.add(self._orders.get())
        if AnalyticsOrder.MODEL in orders:
            self._say(reason=None)
            child.send(self._model_order())
        if AnalyticsOrder.OTHERS in orders:
            self._send_others(child)
        if AnalyticsOrder.CAMERAS in orders:
            child.send(self._camera_order())

    def _finish(self, child: ChildProcess) -> None:
        """Let the child end by itself and take what it still has to say: no event is lost on a clean stop."""
        child.send(Finish())
        end_s = time.monotonic() + self._pauses.finish_s
        while not child.gone and time.monotonic() < end_s:
            message = child.receive(0.05)
            if message is not None:
                self._take(message)

    def _take(self, message: Message) -> None:
        if isinstance(message, Looked):
            self._take_look(message)
        elif isinstance(message, Pace):
            self._say(pace=message, looks_per_s=message.looks_per_s)
        elif isinstance(message, Ready):
            self._say(state=DetectionState.RUNNING, detector=message.detector)
        elif isinstance(message, CameraState):
            self._troubled[message.camera_id] = message
            self._say()
        elif isinstance(message, Refused):
            camera = {"camera": message.camera_id} if message.camera_id else {}
            log.warning("%s %s %s", message.code, message.camera_id or "", message.details)
            self._say(reason=DetectionError(message.code, **{**message.details, **camera}))

    def _take_look(self, look: Looked) -> None:
        tracks = look.tracks
        old = self._memories.get(tracks.camera_id, CameraMemory())
        next_id = max((track.id + 1 for track in tracks.tracks), default=1)
        self._memories[tracks.camera_id] = CameraMemory(max(old.next_track_id, next_id), look.reported, tracks.tallies)
        self._looks[tracks.camera_id] = self._looks.get(tracks.camera_id, 0) + 1
        self._crashes = 0
        self._on_tracks(tracks)
        for event in look.events:
            self._on_event(event)

    def _give_up_bad_model(self) -> None:
        """A camera's own models first: which of several it was cannot be known."""
        self._crashes += 1
        with self._lock:
            path = next((choice.path for choice in self._others.values()), self._choice.path)
            if path is None or self._crashes < CRASHES_UNTIL_BUILT_IN:
                return
            if self._others:
                self._others = {}
            else:
                self._choice = BUILT_IN
        self._crashes = 0
        log.warning("the model %s ends the detection process; it is not used any more", path)
        self._say(reason=DetectionError(DetectionCode.BAD_MODEL, path=str(path), why="crash"))

    def _pause(self) -> None:
        """Wait before the next process; the first restart in a row is immediate."""
        pauses = self._pauses.restart_s
        pause_s = pauses[min(max(self._in_a_row - 1, 0), len(pauses) - 1)]
        log.warning("the detection process ended; a new one starts in %.0f s", pause_s)
        self._say(state=DetectionState.PAUSED, pid=None, pace=None, looks_per_s=0.0, restarts=self.status.restarts + 1)
        end_s = time.monotonic() + pause_s
        while time.monotonic() < end_s and not self.stopping.wait(min(TICK_S, max(end_s - time.monotonic(), 0.0))):
            self.beat()

    def _send_others(self, child: ChildProcess) -> None:
        """Those that this process does not have yet."""
        with self._lock:
            wanted = {key: self._use_order(choice, key) for key, choice in self._others.items()}
        for key, order in wanted.items():
            if self._sent.get(key) != order:
                child.send(order)
        self._sent = wanted

    def _model_order(self) -> UseModel:
        with self._lock:
            return self._use_order(self._choice)

    def _use_order(self, choice: ModelChoice, key: str = SITE) -> UseModel:
        cache = str(self._cache.resolve()) if self._cache else None
        path = str(choice.path.resolve()) if choice.path else None
        return UseModel(path, self._device, cache, choice.classes, key)

    def _camera_order(self) -> Configure:
        with self._lock:
            return Configure(self._cameras, dict(self._memories), tuple(self._others))

    def _say_again(self, now_s: float) -> None:
        """Also of a process that is busy loading and sends no figures."""
        if now_s >= self._status_due_s:
            self._say()

    def _say(self, **changes: object) -> None:
        self._status_due_s = time.monotonic() + STATUS_S
        self.status = replace(self.status, looks=dict(self._looks), **changes)  # type: ignore[arg-type] # names are ours
        working = self.status.state is DetectionState.RUNNING
        with self._lock:
            known = {camera.camera_id for camera in self._cameras}
        waiting = {} if working else dict.fromkeys(known, self.status.state)
        troubled = {i: s for i, s in self._troubled.items() if i in known and (s.resting or s.failures)}
        self.status = replace(self.status, waiting=waiting, troubled=troubled)
        self._on_status(self.status)


class AnalyticsOrder(StrEnum):
    """What changed since the process was last told."""

    CAMERAS = "cameras"
    MODEL = "model"
    OTHERS = "others"
