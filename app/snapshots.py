"""A single picture out of the wall: full size, privacy masks burned in, for a reason that is written down first.

The frame is taken when the key is pressed, because the packet ring forgets it while the reason is typed. Returns at
once on the GUI thread; tasks do the work.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.archive import Archive
from app.camera_rights import seen_by
from app.errors import AppCode, AppError
from app.masked_still import masked_still
from app.masks import masks_of
from app.site_time import zone_of
from app.tasks import Tasks
from storage.access import Permission, may
from storage.durable import write_new
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.records import Actor, Camera
from video.fanout import PacketRing
from video.source import VideoCode, VideoError
from video.stills import Still, still_at

WAIT_S = 5.0
_MOST_OF_A_NAME = 999
_LONGEST_NAME = 60

Taken = Callable[[str, bytes], None]
"""Told the path (empty when no file was wanted) and the JPEG; on a task thread."""


@dataclass(frozen=True, slots=True)
class PictureOrder:
    """What becomes of a picture. `to_file` False: it is only handed over (clipboard). `masked` False needs the right
    to lift masks. It is mirrored, then turned clockwise by quarters, as the tile shows it."""

    reason: str
    to_file: bool = True
    masked: bool = True
    quarters: int = 0
    mirrored: bool = False


class Snapshot:
    """One frame of one camera, held until it is let go or forgotten (`feeds.PictureShot`)."""

    def __init__(
        self,
        archive: Archive,
        tasks: Tasks,
        camera: Camera,
        ring: PacketRing | None,
        utc_s: float,
        actor: Callable[[], Actor],
        refused: Callable[[Exception], None],
    ) -> None:
        self._archive, self._tasks, self._camera = archive, tasks, camera
        self._actor, self._refused = actor, refused
        self._taken = threading.Event()
        self._still: Still | None = None
        self._utc_s = utc_s
        if ring is None or not tasks.submit(lambda: self._take(ring), failed=lambda _error: self._taken.set()):
            self._taken.set()

    def let_go(self, order: PictureOrder, done: Taken) -> None:
        """Write the export down, then the file; `done` afterwards. A refusal is shown and nothing leaves."""
        try:
            actor = self._actor()
        except WatchfloorError as error:
            self._refused(error)
            return
        if not self._tasks.submit(lambda: self._let_go(order, actor, done), failed=self._refused):
            self._refused(AppError(AppCode.SEAT_BUSY))

    def _take(self, ring: PacketRing) -> None:
        self._still = still_at(ring, self._utc_s)
        self._taken.set()

    def _let_go(self, order: PictureOrder, actor: Actor, done: Taken) -> None:
        self._taken.wait(WAIT_S)
        if self._still is None:
            raise VideoError(VideoCode.NOT_BUFFERED, utc_s=self._utc_s)
        self._require_camera(actor)
        self._require(actor, Permission.EXPORT)
        if not order.masked:
            self._require(actor, Permission.LIFT_MASK)
        masks = masks_of(self._archive.registry, self._camera.id) if order.masked else ()
        jpeg = masked_still(self._still.jpeg, masks, quarters=order.quarters, mirrored=order.mirrored)
        name = self._name(self._still.utc_s)
        detail = ", ".join((f"{name}.jpg" if order.to_file else "clipboard", "masked" if order.masked else "unmasked"))
        at = self._still.utc_s
        access = RecordAccess(AccessKind.EXPORT, order.reason, self._camera.id, None, at, at, detail)
        self._archive.journal.apply(access, actor)
        done(str(self._written(name, jpeg)) if order.to_file else "", jpeg)

    def _require_camera(self, actor: Actor) -> None:
        """Who lets it go may be somebody else than who took it."""
        seen = seen_by(self._archive.registry, actor.id)
        if seen is not None and self._camera.id not in seen:
            raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, reason="camera of another group")

    def _require(self, actor: Actor, permission: Permission) -> None:
        operators = self._archive.registry.operators
        role = next((operator.role for operator in operators if operator.id == actor.id), None)
        if not may(role, permission):
            raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, permission=permission.value)

    def _name(self, utc_s: float) -> str:
        """Time of the frame with its offset, and the camera; nothing that a file system refuses."""
        at = datetime.fromtimestamp(round(utc_s, 3), zone_of(self._archive.settings))
        camera = re.sub(r"[^\w.-]+", "-", self._camera.name).strip("-.")[:_LONGEST_NAME]
        return f"{at:%Y-%m-%d_%H-%M-%S}.{at.microsecond // 1000:03d}{at:%z}_{self._camera.number:03d}_{camera}"

    def _written(self, name: str, jpeg: bytes) -> Path:
        folder = self._archive.folders.pictures
        for number in range(1, _MOST_OF_A_NAME):
            path = folder / (f"{name}.jpg" if number == 1 else f"{name}-{number}.jpg")
            if write_new(path, jpeg, 0o644):
                return path
        raise StorageError(StorageCode.READ_ONLY, path=str(folder))
