"""Cameras, turns and looks inside the detection process: which picture goes into which input, and what comes of it.

One thread, the process's main one; only `_Answers` is filled on the detector's threads. See `detection.scheduler` for
who is next, `detection.motion` for who moves, `detection.process` for the life around it.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from detection.arming import arm, armed_with
from detection.detector import Detections, Detector
from detection.detectors import SITE, Detectors
from detection.far_view import submit_far
from detection.gate_worth import GateWorth
from detection.messages import (
    AnalyticsCamera,
    CameraMemory,
    CameraState,
    Configure,
    Looked,
    Message,
    Ready,
)
from detection.mishaps import Mishaps
from detection.motion import HOLD_S, MotionGate
from detection.pace import PaceMeter
from detection.pipeline import Look, Pipeline
from detection.scheduler import Scheduler, Urgency
from video.shared_slots import SlotPicture, SlotReader, camera_digest

log = logging.getLogger(__name__)

POLL_S = 0.004
"""How soon a picture that was asked for is seen; a frame of 15 fps takes 67 ms."""

LOST_LOOK_S = 10.0
FETCHED_INPUTS = 4
"""Pictures are fetched for this many inputs ahead: more would be old when their turn comes."""

_UNANSWERED_S = 0.5
"""A camera that gives no picture for so long does not keep others from being fetched."""

_LIKELY_SCORE = 0.35


@dataclass(slots=True)
class _Watched:
    """One camera inside the process. `busy_since_s` is when its look in flight was submitted, `picture` what was
    fetched for the next one, `crop` the far part of that picture, if the camera has one."""

    camera: AnalyticsCamera
    pipeline: Pipeline
    digest: int
    version: int = 0
    busy_since_s: float | None = None
    asked_s: float | None = None
    picture: SlotPicture | None = None
    crop: SlotPicture | None = None
    gate: MotionGate = field(default_factory=MotionGate)
    moving_until_s: float = 0.0
    next_track_id: int = 1
    mishaps: Mishaps = field(default_factory=Mishaps)
    said: CameraState = field(default_factory=lambda: CameraState(""))

    def memory(self) -> CameraMemory:
        """What its next pipeline must not forget."""
        return CameraMemory(self.next_track_id, self.pipeline.reported, self.pipeline.tallies)


@dataclass(frozen=True, slots=True)
class _Result:
    camera_id: str
    utc_s: float
    pts_s: float
    detections: Detections


class Watch:
    """Cameras, turns and looks. Everything but what `_taker` makes runs on the main thread."""

    def __init__(self, send: Callable[[Message], None], reader: SlotReader) -> None:
        self.detectors = Detectors()
        self._send = send
        self._reader = reader
        self._scheduler = Scheduler()
        self._cameras: dict[str, _Watched] = {}
        self._results: queue.SimpleQueue[_Result] = queue.SimpleQueue()
        self._wake = threading.Event()
        self._pace = PaceMeter(time.monotonic())
        self._worth = GateWorth(time.process_time())

    def wake(self) -> None:
        """Something happened: do not wait for the next poll."""
        self._wake.set()

    def configure(self, order: Configure) -> None:
        """Take over the cameras; known ones keep their tracks."""
        kept = {}
        for camera in order.cameras:
            watched = self._cameras.get(camera.camera_id)
            if watched is None:
                watched = self._begin(camera, order.memories.get(camera.camera_id, CameraMemory()))
            else:
                self._change(watched, camera)
            watched.pipeline.suspend(camera.suspended)
            kept[camera.camera_id] = watched
        self._cameras = kept
        self._pace.forget(frozenset(kept))
        self.detectors.keep(order.models)
        self._plan()

    def use(self, detector: Detector, key: str = SITE) -> None:
        """Look with this detector from now on, at the cameras that wish this key (the site's: all others); looks in
        flight with the old one are finished first."""
        self.detectors.use(key, detector)
        self._plan()
        self._send(Ready(self.detectors.name))

    def turn(self) -> None:
        """Deliver results, fetch pictures, give out turns, then wait a little."""
        self._wake.wait(POLL_S)
        self._wake.clear()
        self.deliver()
        now_s = time.monotonic()
        self._check_in_flight(now_s)
        if self.detectors:
            near = self._scheduler.soon(now_s)
            self._glance(now_s, near)
            self._fetch(now_s, near, FETCHED_INPUTS * self.detectors.room)
            self._give_turns(now_s)
        self._report(now_s)

    def deliver(self) -> None:
        """Send what has been seen."""
        while not self._results.empty():
            result = self._results.get()
            watched = self._cameras.get(result.camera_id)
            if watched is None:
                continue
            watched.busy_since_s = None
            now_s = time.monotonic()
            self._scheduler.answered(result.camera_id, now_s)
            look = self._looked(watched, result, now_s)
            if look is None:
                continue
            self._scheduler.note(result.camera_id, _urgency(watched, result.detections, look, now_s), now_s)
            self._pace.looked(result.camera_id, max(time.time() - result.utc_s, 0.0), now_s)
            self._send(Looked(look.tracks, look.events, watched.pipeline.reported))

    def _looked(self, watched: _Watched, result: _Result, now_s: float) -> Look | None:
        """None when this camera's pipeline failed: the others go on."""
        if watched.mishaps.rests(now_s):
            return None
        try:
            look = watched.pipeline.look(result.detections, result.utc_s, result.pts_s)
        except Exception as error:  # noqa: BLE001 - whatever it is, it ends this camera's pipeline only
            self._failed(watched, error, now_s)
            return None
        watched.next_track_id = max([watched.next_track_id, *(track.id + 1 for track in look.tracks.tracks)])
        if watched.mishaps.worked():
            self._tell(watched, CameraState(watched.camera.camera_id, watched.said.resting))
        return look

    def _failed(self, watched: _Watched, error: Exception, now_s: float) -> None:
        """One camera's pipeline broke: counted, logged, and begun anew after a pause that grows."""
        pause_s, count = watched.mishaps.note(now_s), watched.mishaps.count
        camera_id = watched.camera.camera_id
        if count & (count - 1) == 0:  # 1, 2, 4, 8 ...
            log.error("pipeline of %s failed, %d so far; again in %.0f s", camera_id, count, pause_s, exc_info=error)
        try:
            memory = watched.memory()
        except Exception as again:  # noqa: BLE001 - what broke may not even be read
            log.warning("nothing of the pipeline of %s could be kept: %s", camera_id, type(again).__name__)
            memory = CameraMemory(watched.next_track_id)
        watched.busy_since_s, watched.picture, watched.crop, watched.gate = None, None, None, MotionGate()
        watched.pipeline = self._made(watched.camera, memory)
        watched.pipeline.suspend(watched.camera.suspended)
        resting = arm(watched.pipeline, watched.camera, memory.reported, memory.tallies, self._send)
        self._tell(watched, CameraState(camera_id, resting, count))

    def _tell(self, watched: _Watched, state: CameraState) -> None:
        """Once for each change."""
        if state != watched.said:
            watched.said = state
            self._send(state)

    def finish(self) -> None:
        """Look to the end at what is in flight, send it, release the model."""
        self.detectors.close()
        self.deliver()

    def _plan(self) -> None:
        cameras = [watched.camera for watched in self._cameras.values()]
        self._scheduler.configure(
            {c.camera_id: c.looks_per_s for c in cameras},
            time.monotonic(),
            alone={c.camera_id for c in cameras if c.far_view},
            gated={c.camera_id for c in cameras if c.gated and self._worth.pays},
            models={c.camera_id: self.detectors.key(c.model) for c in cameras},
        )
        for watched in self._cameras.values():
            detector = self.detectors.of(watched.camera.model)
            watched.pipeline.detector = detector.name if detector is not None else ""

    def _glance(self, now_s: float, near: Collection[str]) -> None:
        """Compare still cameras' pictures; what moves is looked at, with the picture that showed it."""
        for camera_id in self._scheduler.glances(now_s):
            watched = self._cameras[camera_id]
            if watched.mishaps.rests(now_s) or watched.busy_since_s is not None or not self._renewed(watched, now_s):
                continue
            self._scheduler.glanced(camera_id, now_s)
            if self._moved(watched, now_s):
                self._scheduler.note(camera_id, Urgency.MOTION, now_s)
            elif camera_id not in near:
                watched.picture = None

    def _fetch(self, now_s: float, near: Sequence[str], most: int) -> None:
        """Have a picture ready for those who are next; who gives none for long keeps nobody else from it."""
        for camera_id in near:
            watched = self._cameras[camera_id]
            if watched.busy_since_s is not None or watched.mishaps.rests(now_s):
                continue
            if watched.picture is None and not self._renewed(watched, now_s) and _silent(watched, now_s):
                continue
            most -= 1
            if most <= 0:
                return

    def _renewed(self, watched: _Watched, now_s: float) -> bool:
        """Whether a newer picture came, of a far view with the crop of the same frame; asks for one if not."""
        camera, crop = watched.camera, None
        newest = self._reader.newest(camera.slot, watched.digest, watched.version)
        if newest is not None and camera.far_slot is not None:
            crop = self._reader.newest(camera.far_slot, watched.digest)
        if newest is None or (camera.far_slot is not None and (crop is None or crop.seq != newest.seq)):
            self._reader.ask(camera.slot)
            watched.asked_s = now_s if watched.asked_s is None else watched.asked_s
            return False
        watched.version, watched.picture, watched.crop, watched.asked_s = newest.version, newest, crop, None
        return True

    def _give_turns(self, now_s: float) -> None:
        ready = {
            camera_id
            for camera_id, watched in self._cameras.items()
            if watched.picture is not None and watched.busy_since_s is None and not watched.mishaps.rests(now_s)
        }
        while ready:
            rooms = self.detectors.rooms()
            able = {name for name in ready if self.detectors.key(self._cameras[name].camera.model) in rooms}
            taken = self._scheduler.take(able, now_s, rooms) if able else ()
            if not taken:
                break
            for turn in taken:
                self._pace.took(turn, now_s)
                ready.discard(turn.camera_id)
            self._look([self._cameras[turn.camera_id] for turn in taken], now_s)
        else:
            return
        self._scheduler.hold(ready - able, now_s)

    def _look(self, together: Sequence[_Watched], now_s: float) -> None:
        taken = []
        for watched in together:
            picture, watched.picture = watched.picture, None
            if picture is None:
                continue
            watched.busy_since_s = now_s
            if self._scheduler.urgency(watched.camera.camera_id) <= Urgency.MOTION:
                self._moved(watched, now_s, picture)
            if self._seen(watched, picture, now_s):
                taken.append((watched, picture))
        self._worth.looks += len(taken)
        detector = self.detectors.of(together[0].camera.model)
        if not taken or detector is None:
            return
        (first, picture), crop = taken[0], together[0].crop
        if crop is not None and first.camera.far_part is not None:
            submit_far(detector, picture.image, crop.image, first.camera.far_part, self._taker(taken))
        else:
            detector.submit_together([picture.image for _, picture in taken], self._taker(taken))

    def _seen(self, watched: _Watched, picture: SlotPicture, now_s: float) -> bool:
        try:
            watched.pipeline.see(picture.image, picture.utc_s)
        except Exception as error:  # noqa: BLE001 - as in `_looked`
            self._failed(watched, error, now_s)
            return False
        return True

    def _moved(self, watched: _Watched, now_s: float, picture: SlotPicture | None = None) -> bool:
        picture = picture or watched.picture
        if not watched.camera.gated or picture is None:
            return False
        try:
            moved = watched.gate.moved(picture.image, picture.utc_s)
        except Exception as error:  # noqa: BLE001 - as in `_looked`
            self._failed(watched, error, now_s)
            return False
        if moved:
            watched.moving_until_s = now_s + HOLD_S
        return moved

    def _taker(self, taken: Sequence[tuple[_Watched, SlotPicture]]) -> Callable[[tuple[Detections, ...]], None]:
        facts = [(watched.camera.camera_id, picture.utc_s, picture.pts_s) for watched, picture in taken]

        def take(found: tuple[Detections, ...]) -> None:
            for fact, detections in zip(facts, found, strict=True):
                self._results.put(_Result(*fact, detections))
            self._wake.set()

        return take

    def _report(self, now_s: float) -> None:
        pace = self._pace.report(now_s, self._scheduler.asked_hz(), self._scheduler.urgency, self._scheduler.rate_hz)
        if pace is None:
            return
        self._send(pace)
        if self._worth.judge(now_s, time.process_time(), overloaded=pace.overloaded):
            self._plan()

    def _check_in_flight(self, now_s: float) -> None:
        """A look that never ends is a hung runtime: die, the parent starts a new process."""
        for watched in self._cameras.values():
            if watched.busy_since_s is not None and now_s - watched.busy_since_s > LOST_LOOK_S:
                raise RuntimeError(f"a look at {watched.camera.camera_id} did not end within {LOST_LOOK_S} s")

    def _begin(self, camera: AnalyticsCamera, memory: CameraMemory) -> _Watched:
        pipeline = self._made(camera, memory)
        watched = _Watched(camera, pipeline, camera_digest(camera.camera_id), next_track_id=memory.next_track_id)
        watched.said = CameraState(camera.camera_id)
        resting = arm(pipeline, camera, memory.reported, memory.tallies, self._send)
        self._tell(watched, CameraState(camera.camera_id, resting))
        self._reader.ask(camera.slot)
        return watched

    def _made(self, camera: AnalyticsCamera, memory: CameraMemory) -> Pipeline:
        detector = self.detectors.of(camera.model)
        name = detector.name if detector is not None else ""
        return Pipeline(camera.camera_id, detector=name, first_track_id=memory.next_track_id)

    def _change(self, watched: _Watched, camera: AnalyticsCamera) -> None:
        old, watched.camera = watched.camera, camera
        if (old.slot, old.far_slot) != (camera.slot, camera.far_slot):
            watched.version, watched.picture, watched.crop = 0, None, None
        if armed_with(old) != armed_with(camera):
            resting = arm(watched.pipeline, camera, watched.pipeline.reported, (), self._send)
            self._tell(watched, replace(watched.said, resting=resting))


def _silent(watched: _Watched, now_s: float) -> bool:
    return watched.asked_s is not None and now_s - watched.asked_s > _UNANSWERED_S


def _urgency(watched: _Watched, found: Detections, look: Look, now_s: float) -> Urgency:
    """What may become a track is looked at again soon, as is what has just moved or gone."""
    if look.tracks.alarmed:
        return Urgency.ALARM
    if look.tracks.tracks:
        watched.moving_until_s = now_s + HOLD_S
        return Urgency.TRACKS
    likely = len(found) > 0 and float(found.scores.max()) >= _LIKELY_SCORE
    return Urgency.MOTION if likely or now_s < watched.moving_until_s else Urgency.IDLE
