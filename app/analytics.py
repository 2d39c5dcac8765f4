"""Detection as the rest of the program sees it: newest tracks per camera, events, and what is degraded.

Owns the shared slots, the detection service and the background fetch of a model. No frame passes through here.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from app.bus import Bus
from app.cameras import CameraHub
from app.feeds import Banner
from app.i18n import _
from app.texts import sentence
from detection.detector import DetectionError, TrackSet
from detection.messages import AnalyticsCamera
from detection.models import ModelChoice, ModelFetch
from detection.worker import DetectionService, DetectionState, DetectionStatus
from storage.journal import Registry
from storage.records import Camera, Event
from storage.worker import Supervisor
from video.shared_slots import SharedSlots, SlotTap

log = logging.getLogger(__name__)

RULE_LOOKS_PER_S = 5.0
OTHER_LOOKS_PER_S = 3.0


class Analytics:
    """Wires cameras to the detection process. Callbacks come on the service's thread and return at once."""

    def __init__(
        self,
        hub: CameraHub,
        supervisor: Supervisor,
        bus: Bus,
        choice: ModelChoice,
        on_event: Callable[[Event], None],
        *,
        slots: int,
        device: str = "CPU",
        cache: Path | None = None,
    ) -> None:
        self.looks = 0
        self.track_count = 0
        self._hub, self._supervisor, self._bus, self._choice = hub, supervisor, bus, choice
        self._tracks: dict[str, TrackSet] = {}
        self._known: dict[str, int] = {}
        self._taps: list[tuple[Camera, SlotTap]] = []
        self._fetch: ModelFetch | None = None
        self._reason: DetectionError | None = None
        self._running = False
        self._refused: set[str] = set()
        self._slots = SharedSlots.create(max(slots, 1))
        self._lock = threading.Lock()
        self.service = DetectionService(
            self._slots,
            choice,
            on_tracks=self._on_tracks,
            on_event=on_event,
            on_status=self._on_status,
            device=device,
            cache=cache,
        )

    @property
    def needs_model(self) -> bool:
        """Whether only the built-in detector is there."""
        return self._choice.path is None

    def start(self, registry: Registry) -> None:
        """Attach every camera and start the process."""
        cameras = registry.cameras[: self._slots.count]
        for slot, camera in enumerate(cameras):
            tap = SlotTap(self._slots, slot)
            self._hub.attach(camera, tap)
            self._taps.append((camera, tap))
        self.service.configure(_configuration(cameras, registry))
        self._supervisor.add(self.service)
        self._say_what_is_missing()

    def fetch_model(self, models: Path) -> None:
        """Get the official weights in the background; the built-in detector works meanwhile."""
        self._fetch = ModelFetch(models, on_progress=self._on_fetch, on_done=self._on_fetched)
        self._supervisor.add(self._fetch)

    def tracks(self, camera_id: str) -> TrackSet | None:
        """Newest tracks; a plain dictionary read, safe on any thread."""
        return self._tracks.get(camera_id)

    def notice(self, camera_id: str) -> str:
        """What a tile must say about analytics, empty when all is well."""
        state = self.service.status.state
        if state is DetectionState.PAUSED:
            return _("Analytics paused")
        if state is DetectionState.STARTING:
            return _("Analytics starting")
        return _("Rules suspended: zone cannot be used") if camera_id in self._refused else ""

    def close(self) -> None:
        """Release the shared memory, after the service has stopped."""
        for camera, tap in self._taps:
            self._hub.detach(camera.id, tap)
        self._taps.clear()
        self._slots.close()

    def _on_tracks(self, found: TrackSet) -> None:
        self.looks += 1
        self._tracks[found.camera_id] = found
        newest = max((track.id for track in found.tracks), default=0)
        known = self._known.get(found.camera_id, 0)
        if newest > known:
            self.track_count += sum(track.id > known for track in found.tracks)
            self._known[found.camera_id] = newest

    def _on_status(self, status: DetectionStatus) -> None:
        if status.state is DetectionState.PAUSED:
            self._tracks.clear()
            self._known.clear()
        if status.state is DetectionState.RUNNING and not self._running:
            log.info("detection runs with %s", status.detector)
        self._running = status.state is DetectionState.RUNNING
        if status.reason is not self._reason:
            self._reason = status.reason
            self._tell(status.reason)
        self._bus.publish(status)

    def _tell(self, reason: DetectionError | None) -> None:
        """Once per reason: a camera's rules that cannot be used, or a detector that is not the one asked for."""
        camera_id = str(reason.details.get("camera", "")) if reason else ""
        if camera_id:
            self._refused.add(camera_id)
        self._bus.publish(Banner(f"rules {camera_id}" if camera_id else "detector", sentence(reason) if reason else ""))

    def _say_what_is_missing(self) -> None:
        if self._choice.refused is not None:
            self._bus.publish(Banner("model", sentence(self._choice.refused)))
        if self.needs_model:
            self._bus.publish(
                Banner(
                    "detector",
                    _("No YOLO model yet: the built-in people detector is working, which sees less."),
                    _("Get one with: main.py model fetch, or name one with --model PATH"),
                )
            )

    def _on_fetch(self, text: str) -> None:
        self._bus.publish(Banner("fetch", _("Fetching the YOLO model: {step}").format(step=text)))

    def _on_fetched(self, result: ModelChoice | DetectionError) -> None:
        self._bus.publish(Banner("fetch", ""))
        if isinstance(result, DetectionError):
            log.warning("no model: %s", result)
            self._bus.publish(Banner("detector", sentence(result), _("By hand: main.py wall --model PATH")))
            return
        self._choice = result
        self.service.use_model(result)
        self._bus.publish(Banner("detector", ""))


def _configuration(cameras: Sequence[Camera], registry: Registry) -> list[AnalyticsCamera]:
    rules_of = {c.id: tuple(r for r in registry.rules if r.camera_id == c.id and r.enabled) for c in cameras}
    return [
        AnalyticsCamera(
            camera_id=camera.id,
            slot=slot,
            zones=tuple(z for z in registry.zones if z.camera_id == camera.id),
            rules=rules_of[camera.id],
            looks_per_s=RULE_LOOKS_PER_S if rules_of[camera.id] else OTHER_LOOKS_PER_S,
        )
        for slot, camera in enumerate(cameras)
    ]
