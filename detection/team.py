"""Several detection processes behind one service: one per device, cameras shared out among them.

Each has a `DetectionService` of its own, which restarts it by itself; here is only who looks at what, and one status
for all. Callbacks come on the services' threads: of one camera always on one, of two cameras perhaps at once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from detection.child import COMMAND
from detection.detector import TrackSet
from detection.messages import AnalyticsCamera, CameraLooks, Pace
from detection.models import ModelChoice
from detection.worker import DetectionService, DetectionState, DetectionStatus, Pauses
from storage.records import Event
from storage.worker import Worker
from video.shared_slots import SharedSlots

_BEST_FIRST = (DetectionState.RUNNING, DetectionState.STARTING, DetectionState.PAUSED, DetectionState.STOPPED)


class DetectionTeam:
    """`devices` has one entry per process. The supervisor starts `workers`; the rest may be called from any thread."""

    def __init__(
        self,
        slots: SharedSlots,
        choice: ModelChoice,
        *,
        on_tracks: Callable[[TrackSet], None],
        on_event: Callable[[Event], None],
        on_status: Callable[[DetectionStatus], None],
        devices: Sequence[str] = ("CPU",),
        cache: Path | None = None,
        pauses: Pauses | None = None,
        command: Sequence[str] = COMMAND,
        others: Mapping[str, ModelChoice] | None = None,
    ) -> None:
        self.status = DetectionStatus(DetectionState.STOPPED)
        self._on_status = on_status
        self._lock = threading.Lock()
        self._places: dict[str, int] = {}
        self.cameras: tuple[AnalyticsCamera, ...] = ()
        self._services = tuple(
            DetectionService(
                slots,
                choice,
                on_tracks=on_tracks,
                on_event=on_event,
                on_status=self._say,
                device=device,
                cache=cache,
                pauses=pauses,
                command=command,
                others=others,
                name="detection service" if len(devices) == 1 else f"detection service {number}",
            )
            for number, device in enumerate(devices, 1)
        )

    @property
    def workers(self) -> tuple[Worker, ...]:
        """One per process."""
        return self._services

    def configure(self, cameras: Sequence[AnalyticsCamera]) -> None:
        """Look at exactly these cameras. A known one stays where its tracks are."""
        with self._lock:
            self.cameras = tuple(cameras)
            self._places = shared_out(cameras, self._places, len(self._services))
            parts = [[c for c in cameras if self._places[c.camera_id] == n] for n in range(len(self._services))]
        for service, part in zip(self._services, parts, strict=True):
            service.configure(part)

    def use_model(self, choice: ModelChoice) -> None:
        """Change the detector of all."""
        for service in self._services:
            service.use_model(choice)

    def use_others(self, others: Mapping[str, ModelChoice]) -> None:
        """The models of cameras that have one of their own, for all."""
        for service in self._services:
            service.use_others(others)

    def stop(self) -> None:
        """Ask all to stop."""
        for service in self._services:
            service.stop()

    def join(self, timeout_s: float) -> bool:
        """Wait for all; False when the deadline passed."""
        end_s = time.monotonic() + timeout_s
        late = [service for service in self._services if not service.join(max(end_s - time.monotonic(), 0.0))]
        return not late

    def _say(self, _status: DetectionStatus) -> None:
        with self._lock:
            self.status = status = merged([service.status for service in self._services])
        self._on_status(status)


def devices_of(device: str, count: int) -> tuple[str, ...]:
    """A device for each of `count` processes: graphics cards one by one, anything else shared."""
    if device == "GPU" and count > 1:
        return tuple(f"GPU.{number}" for number in range(count))
    return (device,) * max(count, 1)


def shared_out(cameras: Sequence[AnalyticsCamera], places: dict[str, int], count: int) -> dict[str, int]:
    """Which of `count` processes looks at which camera: known ones stay, new ones go where there is least to do."""
    found = {c.camera_id: places[c.camera_id] for c in cameras if c.camera_id in places}
    load = [0.0] * count
    for camera in cameras:
        if camera.camera_id in found:
            load[found[camera.camera_id]] += _cost(camera)
    for camera in cameras:
        if camera.camera_id not in found:
            place = load.index(min(load))
            found[camera.camera_id] = place
            load[place] += _cost(camera)
    return found


def merged(statuses: Sequence[DetectionStatus]) -> DetectionStatus:
    """One status of several processes: the best state, the sum of figures, the first reason."""
    if len(statuses) == 1:
        return statuses[0]
    pids = [status.pid for status in statuses if status.pid]
    names = dict.fromkeys(status.detector for status in statuses if status.detector)
    return DetectionStatus(
        state=min((status.state for status in statuses), key=_BEST_FIRST.index),
        detector=", ".join(names),
        looks_per_s=sum(status.looks_per_s for status in statuses),
        looks={camera_id: count for status in statuses for camera_id, count in status.looks.items()},
        restarts=sum(status.restarts for status in statuses),
        pid=pids[0] if pids else None,
        reason=next((status.reason for status in statuses if status.reason), None),
        pace=_merged_pace([status.pace for status in statuses if status.pace]),
        waiting={camera_id: state for status in statuses for camera_id, state in status.waiting.items()},
        others=tuple(pids[1:]),
        troubled={camera_id: state for status in statuses for camera_id, state in status.troubled.items()},
    )


def _merged_pace(paces: Sequence[Pace]) -> Pace | None:
    if not paces:
        return None
    cameras: dict[str, CameraLooks] = {}
    for pace in paces:
        cameras |= pace.cameras
    asked, held = sum(pace.asked_per_s for pace in paces), sum(pace.looks_per_s for pace in paces)
    return Pace(asked, held, any(pace.overloaded for pace in paces), cameras)


def _cost(camera: AnalyticsCamera) -> float:
    return camera.looks_per_s * (2 if camera.far_view else 1)
