"""Scrub previews: small key frames of recordings for whoever runs over the timeline with the pointer.

One thread for all views, the newest wish wins, a bounded cache that goes with the view. A look is playback: it is
written down once a camera and opened view (`PreviewFeed`), with the reason or the case, before the first picture is
given; whoever sits down later is written down anew. Rights are asked before a picture is made and again before it is
given; masks are those of now.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from app.masks import masks_of
from app.newest_lane import NewestLane
from app.timeline import Preview, Shown
from storage.errors import WatchfloorError
from storage.journal import Registry
from storage.logins import INSTANT_S
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.records import Actor
from storage.search import Watch
from video.footage import Footage
from video.frame import Picture
from video.key_frames import KeyFrames

log = logging.getLogger(__name__)

_MOST_KEPT = 96
_LARGEST_PX = 640
_GROWING_S = 30.0

Box = tuple[int, int]


class Written(Protocol):
    """`access_audit.AccessAudit`, as far as it is asked here."""

    def ask(self, access: RecordAccess, granted: Callable[[], None]) -> None:
        """Write it down, then call `granted`."""


@dataclass(frozen=True, slots=True)
class _Wish:
    camera_id: str
    utc_s: float
    box: Box
    shown: Shown


@dataclass(slots=True)
class _Kept:
    """A key frame's picture, good for every time from its own to `until_utc_s`."""

    picture: Picture
    until_utc_s: float


class Previews:
    """Made once a seat; `worker` is for the supervisor. `allowed` says whether who sits here may see a camera."""

    def __init__(
        self,
        footage: Footage,
        registry: Callable[[], Registry],
        actor: Callable[[], Actor],
        allowed: Callable[[str], bool],
        audit: Written,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.registry, self.actor, self.allowed, self.audit, self.clock = registry, actor, allowed, audit, clock
        self.worker = NewestLane("previews")
        self._frames = KeyFrames(footage)
        self._kept: OrderedDict[tuple[str, Box, float], _Kept] = OrderedDict()

    def open(self, reason: str, incident_id: str | None = None) -> PreviewSession:
        """Begin to look (`TimelineDesk.previews`)."""
        return PreviewSession(self, reason, incident_id)

    def forget(self) -> None:
        """No picture outlives the view that asked for it: footage may be deleted meanwhile."""
        self.worker.put("forget", Watch(), self._kept.clear)

    def picture(self, camera_id: str, utc_s: float, box: Box) -> Picture | None:
        """On the worker's thread."""
        for (of, size, key_utc_s), kept in self._kept.items():
            if of == camera_id and size == box and key_utc_s <= utc_s <= kept.until_utc_s:
                self._kept.move_to_end((of, size, key_utc_s))
                return kept.picture
        picture = self._frames.picture(camera_id, utc_s, box)
        if picture is not None:
            whole_utc_s = self.clock() - _GROWING_S  # a later key frame may still come where it is recorded now
            self._kept[camera_id, box, picture.utc_s] = _Kept(picture, max(picture.utc_s, min(utc_s, whole_utc_s)))
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return picture


class PreviewSession:
    """One view's looks (`timeline.PreviewFeed`)."""

    def __init__(self, previews: Previews, reason: str, incident_id: str | None) -> None:
        self._previews, self._reason, self._incident_id = previews, reason, incident_id
        self._lock = threading.Lock()
        self._granted: dict[tuple[str, str, bool], bool] = {}
        self._wish: _Wish | None = None
        self._closed = False

    def want(self, camera_id: str, utc_s: float, width_px: int, height_px: int, shown: Shown) -> None:
        """See `PreviewFeed.want`."""
        box = max(min(width_px, _LARGEST_PX), 2), max(min(height_px, _LARGEST_PX), 2)
        wish = _Wish(camera_id, utc_s, box, shown)
        grant = self._grant(wish)
        if grant is None:
            return
        with self._lock:
            if self._closed:
                return
            self._wish = wish
            known = self._granted.get(grant)
            if known is None:
                self._granted[grant] = False
        if known:
            self._look(wish)
        elif known is None:
            access = RecordAccess(
                AccessKind.PLAYBACK, self._reason, camera_id, self._incident_id, utc_s, detail="timeline preview"
            )
            self._previews.audit.ask(access, lambda: self._let(grant))

    def close(self) -> None:
        """See `PreviewFeed.close`."""
        with self._lock:
            self._closed, self._wish = True, None
        self._previews.forget()

    def _grant(self, wish: _Wish) -> tuple[str, str, bool] | None:
        """What has to be written down for this wish: who looks at which camera, and whether at the last minutes only,
        for which no reason is needed. None: they may not; without a reason what is older simply has no preview."""
        try:
            actor_id = self._previews.actor().id
        except WatchfloorError:
            return None
        if not self._previews.allowed(wish.camera_id):
            return None
        if self._reason or self._incident_id is not None:
            return actor_id, wish.camera_id, False
        recent = wish.utc_s >= self._previews.clock() - INSTANT_S
        return (actor_id, wish.camera_id, True) if recent else None

    def _let(self, grant: tuple[str, str, bool]) -> None:
        """It is written down; the newest wish is carried out if it is still of this camera."""
        with self._lock:
            self._granted[grant] = True
            wish = self._wish
        if wish is not None and self._grant(wish) == grant:
            self._look(wish)

    def _look(self, wish: _Wish) -> None:
        self._previews.worker.put(self, Watch(), lambda: self._show(wish))

    def _show(self, wish: _Wish) -> None:
        """On the worker's thread: a picture that may not be seen any more is not given."""
        try:
            picture = self._previews.picture(wish.camera_id, wish.utc_s, wish.box) if self._may(wish) else None
        except WatchfloorError as error:  # an index that cannot be read now: the next wish is carried out
            log.warning("no preview: %s", error)
            return
        if self._may(wish):
            masks = masks_of(self._previews.registry(), wish.camera_id)
            wish.shown(Preview(wish.camera_id, wish.utc_s, picture, masks))

    def _may(self, wish: _Wish) -> bool:
        grant = self._grant(wish)
        with self._lock:
            return not self._closed and grant is not None and self._granted.get(grant, False)
