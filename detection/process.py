"""The detection process: `python -m detection.process`, started and stopped by `detection.worker`.

Pulls pictures from the shared slots, looks at them in turns, sends tracks and events to standard output (its own copy
of it: whatever else prints goes to standard error). Ends when standard input ends, so it never outlives its parent.
Holds no Qt, no PyAV, no journal. Main thread: turns, pipelines and sending; one thread reads orders, one beats.
"""

from __future__ import annotations

import logging
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from detection.detector import DetectionCode, DetectionError, Detections, Detector
from detection.messages import (
    AnalyticsCamera,
    Beat,
    CameraMemory,
    Configure,
    Finish,
    Looked,
    Message,
    Ready,
    Refused,
    Setup,
    UseModel,
    read_message,
    write_message,
)
from detection.pipeline import Pipeline
from detection.scheduler import Scheduler, Urgency
from detection.zone_rules import Reported
from video.shared_slots import SharedSlots, SlotPicture, SlotReader, camera_digest

log = logging.getLogger(__name__)

POLL_S = 0.004
"""How soon a picture that was asked for is seen; a frame of 15 fps takes 67 ms."""

BEAT_S = 0.5
STUCK_S = 3.0
"""The main loop is dead when it has not turned for this long (loading a model apart)."""

LOADING_S = 60.0
LOST_LOOK_S = 10.0
DRAIN_S = 1.0


@dataclass(slots=True)
class _Watched:
    """One camera inside the process. `busy_since_s` is when its look in flight was submitted."""

    camera: AnalyticsCamera
    pipeline: Pipeline
    digest: int
    version: int = 0
    busy_since_s: float | None = None


@dataclass(frozen=True, slots=True)
class _Result:
    camera_id: str
    utc_s: float
    pts_s: float
    detections: Detections


class Sender:
    """Standard output for messages; locked, since the beating thread writes too."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Write a message; waits when the parent is slow (then looks wait too)."""
        with self._lock:
            write_message(self._stream, message)


class Watch:
    """Cameras, turns and looks. Everything but `_on_result` runs on the main thread."""

    def __init__(self, send: Callable[[Message], None], reader: SlotReader) -> None:
        self.detector: Detector | None = None
        self._send = send
        self._reader = reader
        self._scheduler = Scheduler()
        self._cameras: dict[str, _Watched] = {}
        self._results: queue.SimpleQueue[_Result] = queue.SimpleQueue()
        self._wake = threading.Event()

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
        self._scheduler.configure({c.camera_id: c.looks_per_s for c in order.cameras}, time.monotonic())

    def use(self, detector: Detector) -> None:
        """Look with this detector from now on; looks in flight with the old one are finished first."""
        old, self.detector = self.detector, detector
        if old is not None:
            old.close()
        for watched in self._cameras.values():
            watched.pipeline.detector = detector.name
        self._send(Ready(detector.name))

    def turn(self) -> None:
        """Deliver results, give out turns, then wait a little."""
        self._wake.wait(POLL_S)
        self._wake.clear()
        self.deliver()
        now_s = time.monotonic()
        self._check_in_flight(now_s)
        if self.detector is not None:
            self._give_turns(self.detector, now_s)

    def deliver(self) -> None:
        """Send what has been seen."""
        while not self._results.empty():
            result = self._results.get()
            watched = self._cameras.get(result.camera_id)
            if watched is None:
                continue
            watched.busy_since_s = None
            look = watched.pipeline.look(result.detections, result.utc_s, result.pts_s)
            self._scheduler.note(result.camera_id, _urgency(bool(look.tracks.tracks), bool(look.tracks.alarmed)))
            self._send(Looked(look.tracks, look.events, watched.pipeline.reported))

    def finish(self) -> None:
        """Look to the end at what is in flight, send it, release the model."""
        if self.detector is not None:
            self.detector.close()
        self.deliver()

    def _give_turns(self, detector: Detector, now_s: float) -> None:
        idle = [i for i in self._scheduler.due(now_s) if self._cameras[i].busy_since_s is None]
        ready = set()
        for camera_id in idle:
            watched = self._cameras[camera_id]
            if self._reader.version(watched.camera.slot, watched.digest) > watched.version:
                ready.add(camera_id)
            else:
                self._reader.ask(watched.camera.slot)
        while ready and detector.ready():
            chosen = self._scheduler.take(ready, now_s)
            if chosen is None:
                return
            ready.discard(chosen)
            self._look(detector, self._cameras[chosen], now_s)

    def _look(self, detector: Detector, watched: _Watched, now_s: float) -> None:
        picture = self._reader.newest(watched.camera.slot, watched.digest, watched.version)
        if picture is None:
            return
        watched.version = picture.version
        watched.busy_since_s = now_s
        detector.submit(picture.image, self._taker(watched.camera.camera_id, picture))

    def _taker(self, camera_id: str, picture: SlotPicture) -> Callable[[Detections], None]:
        def take(detections: Detections) -> None:
            self._results.put(_Result(camera_id, picture.utc_s, picture.pts_s, detections))
            self._wake.set()

        return take

    def _check_in_flight(self, now_s: float) -> None:
        """A look that never ends is a hung runtime: die, the parent starts a new process."""
        for watched in self._cameras.values():
            if watched.busy_since_s is not None and now_s - watched.busy_since_s > LOST_LOOK_S:
                raise RuntimeError(f"a look at {watched.camera.camera_id} did not end within {LOST_LOOK_S} s")

    def _begin(self, camera: AnalyticsCamera, memory: CameraMemory) -> _Watched:
        name = self.detector.name if self.detector else ""
        pipeline = Pipeline(camera.camera_id, detector=name, first_track_id=memory.next_track_id)
        self._arm(pipeline, camera, memory.reported)
        self._reader.ask(camera.slot)
        return _Watched(camera, pipeline, camera_digest(camera.camera_id))

    def _change(self, watched: _Watched, camera: AnalyticsCamera) -> None:
        old, watched.camera = watched.camera, camera
        if old.slot != camera.slot:
            watched.version = 0
        if (old.rules, old.zones) != (camera.rules, camera.zones):
            self._arm(watched.pipeline, camera, watched.pipeline.reported)

    def _arm(self, pipeline: Pipeline, camera: AnalyticsCamera, reported: Sequence[Reported]) -> None:
        """Rules that cannot be used are refused; the camera is looked at without them."""
        try:
            pipeline.change_rules(camera.rules, camera.zones, reported)
        except DetectionError as error:
            pipeline.change_rules((), (), ())
            self._send(Refused(DetectionCode(error.code), error.details, camera.camera_id))


def load_detector(order: UseModel, send: Callable[[Message], None]) -> Detector:
    """The wished detector, or the built-in one after saying why not."""
    from detection.people_detector import PeopleDetector

    if order.path is None:
        return PeopleDetector()
    from detection.openvino_detector import OpenVinoDetector

    try:
        cache_dir = Path(order.cache_dir) if order.cache_dir else None
        return OpenVinoDetector(Path(order.path), device=order.device, cache_dir=cache_dir)
    except DetectionError as error:
        send(Refused(DetectionCode(error.code), error.details))
        return PeopleDetector()


class Child:
    """Life of the process: orders in, beats out, one watch."""

    def __init__(self, orders: BinaryIO, results: BinaryIO) -> None:
        self._orders = orders
        self._sender = Sender(results)
        self._inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._turned_s = time.monotonic()
        self._grace_s = STUCK_S

    def run(self, setup: Setup) -> None:
        """Work until told to finish or the parent has gone."""
        _be_nice(setup.niceness)
        watch = Watch(self._sender.send, SlotReader(SharedSlots.attach(Path(setup.slots_path), setup.slots)))
        threading.Thread(target=self._read_orders, args=(watch,), name="orders", daemon=True).start()
        threading.Thread(target=self._beat, name="beat", daemon=True).start()
        while self._obey(watch):
            self._turned_s = time.monotonic()
            watch.turn()
        watch.finish()

    def _obey(self, watch: Watch) -> bool:
        while not self._inbox.empty():
            order = self._inbox.get()
            if isinstance(order, Finish):
                return False
            if isinstance(order, Configure):
                watch.configure(order)
            elif isinstance(order, UseModel):
                self._load(watch, order)
        return True

    def _load(self, watch: Watch, order: UseModel) -> None:
        self._grace_s = LOADING_S
        try:
            watch.use(load_detector(order, self._sender.send))
        finally:
            self._turned_s = time.monotonic()
            self._grace_s = STUCK_S

    def _read_orders(self, watch: Watch) -> None:
        message = read_message(self._orders)
        while message is not None:
            self._inbox.put(message)
            watch.wake()
            message = read_message(self._orders)
        self._inbox.put(Finish())
        watch.wake()
        # The parent has gone: nobody reads what the main loop may still be busy with.
        time.sleep(DRAIN_S)
        os._exit(0)

    def _beat(self) -> None:
        while True:
            if time.monotonic() - self._turned_s < self._grace_s:
                self._sender.send(Beat())
            time.sleep(BEAT_S)


def main() -> int:
    """Run as a child: orders on standard input, results on the original standard output."""
    logging.basicConfig(level=logging.WARNING, format="detection process: %(levelname)s %(message)s")
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    setup = read_message(sys.stdin.buffer)
    if not isinstance(setup, Setup):
        return 2
    try:
        Child(sys.stdin.buffer, results).run(setup)
    except BrokenPipeError:
        return 0
    results.flush()
    # Threads of the runtime may still hold interpreter objects: leave without tearing them down.
    os._exit(0)


def _be_nice(niceness: int) -> None:
    if hasattr(os, "nice"):
        os.nice(niceness)


def _urgency(tracked: bool, alarmed: bool) -> Urgency:
    if alarmed:
        return Urgency.ALARM
    return Urgency.TRACKS if tracked else Urgency.IDLE


if __name__ == "__main__":
    sys.exit(main())
