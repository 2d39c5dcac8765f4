"""What the health page asks: the newest snapshot, what is known of one camera, its last picture with masks burned in.

Every call returns at once; pictures are made on a task thread from the packet ring, one key frame each.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Protocol

from app.archive import Archive
from app.cameras import CameraHub
from app.health import HealthMonitor
from app.health_facts import HealthSnapshot
from app.masked_still import masked_still
from app.masks import masks_of
from app.tasks import Tasks
from storage.outages import Outage
from storage.records import Camera
from video.source import VideoError
from video.stills import still_at

log = logging.getLogger(__name__)

THUMBNAIL_PX = (480, 270)

Pictured = Callable[[bytes, float], None]
"""A JPEG (empty: there is none) and the time of its frame; on a task thread."""


class HealthDesk(Protocol):
    """Every call returns at once."""

    def snapshot(self) -> HealthSnapshot:
        """The newest look at all cameras."""

    def outages(self, camera_id: str) -> tuple[Outage, ...]:
        """The newest outages of a camera, newest first."""

    def offsets(self, camera_id: str) -> tuple[tuple[float, float], ...]:
        """(time, seconds that the camera's clock was ahead), oldest first."""

    def picture(self, camera_id: str, done: Pictured) -> bool:
        """The camera's last picture, small; False when too much is waiting."""


class SiteHealthDesk:
    """The desk of one running site."""

    def __init__(
        self,
        monitor: HealthMonitor,
        hub: CameraHub,
        archive: Archive,
        tasks: Tasks,
        seen: Callable[[], frozenset[str] | None] = lambda: None,
    ) -> None:
        """`seen` are the cameras that who sits here may see, None: all; nothing is told of others."""
        self._monitor, self._hub, self._archive, self._tasks = monitor, hub, archive, tasks
        self._seen = seen
        self._part: tuple[HealthSnapshot, frozenset[str], HealthSnapshot] | None = None

    def snapshot(self) -> HealthSnapshot:
        """See `HealthDesk`. The same object until the monitor or the rights have changed."""
        whole, seen, part = self._monitor.snapshot, self._seen(), self._part
        if seen is None:
            return whole
        if part is None or part[0] is not whole or part[1] != seen:
            cameras = tuple(camera for camera in whole.cameras if camera.camera_id in seen)
            self._part = part = whole, seen, replace(whole, cameras=cameras)
        return part[2]

    def _may_see(self, camera_id: str) -> bool:
        seen = self._seen()
        return seen is None or camera_id in seen

    def outages(self, camera_id: str) -> tuple[Outage, ...]:
        """See `HealthDesk`."""
        return self._monitor.outages(camera_id) if self._may_see(camera_id) else ()

    def offsets(self, camera_id: str) -> tuple[tuple[float, float], ...]:
        """See `HealthDesk`."""
        return self._monitor.offsets(camera_id) if self._may_see(camera_id) else ()

    def picture(self, camera_id: str, done: Pictured) -> bool:
        """See `HealthDesk`."""
        camera = next((c for c in self._archive.registry.cameras if c.id == camera_id), None)
        if camera is None or not self._may_see(camera_id):
            return False
        work = partial(self._taken, camera)
        return self._tasks.submit(work, lambda found: done(*found), lambda _error: done(b"", 0.0))

    def _taken(self, camera: Camera) -> tuple[bytes, float]:
        if not self._may_see(camera.id):
            return b"", 0.0
        sessions = [s for s in self._hub.sessions() if s.camera_id.partition("/")[0] == camera.id]
        newest = max(sessions, key=lambda s: s.status().last_packet_utc_s, default=None)
        gop = newest.ring.last_gop() if newest is not None else ()
        if newest is None or not gop:
            return b"", 0.0
        try:
            still = still_at(newest.ring, gop[0].utc_s)
        except VideoError as error:
            log.debug("%s: no small picture: %s", camera.name, error)
            return b"", 0.0
        return _small(masked_still(still.jpeg, masks_of(self._archive.registry, camera.id))), still.utc_s


def _small(jpeg: bytes) -> bytes:
    from PIL import Image

    with Image.open(io.BytesIO(jpeg)) as source:
        source.thumbnail(THUMBNAIL_PX)
        out = io.BytesIO()
        source.save(out, "JPEG", quality=85)
    return out.getvalue()
