"""What the seat asks about footage elsewhere: what is missing of a camera's time, and to fetch it from its recorder.

`FetchDesk` is what the view asks; `SiteFetchDesk` does it on task threads, as who sits here when the key is pressed.
One fetch at a time at a seat. What is cancelled, or cut short by the end of the program, goes on when asked for again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from app.acting import Acting, Said
from app.archive import Archive
from app.camera_rights import seen_by
from app.i18n import _
from app.tasks import Tasks
from storage.errors import WatchfloorError
from storage.records import Actor, Camera
from storage.segments import SegmentIndex

if TYPE_CHECKING:
    from app.fetch_wish import FetchWish
    from app.fetching import Fetched, Fetches

Span = tuple[float, float]


class FetchDesk(Protocol):
    """Every call returns at once; `refused` gets the sentence of a refusal. Answers come on a task thread."""

    def cameras(self) -> tuple[Camera, ...]:
        """Those that may be seen here now, by number."""

    def missing(
        self,
        camera_id: str,
        from_utc_s: float,
        to_utc_s: float,
        done: Callable[[tuple[Span, ...]], None],
        refused: Said,
    ) -> None:
        """What our own recordings lack of a time."""

    def fetch(
        self, wish: FetchWish, told: Callable[[float], None], done: Callable[[Fetched], None], refused: Said
    ) -> None:
        """Write it down, fetch it, store it; `told` hears the share, 0..1, at most once a per cent."""

    def cancel(self) -> None:
        """Stop; what is whole stays, and the same wish goes on."""


class SiteFetchDesk:
    """Of one archive. `actor` says who sits here, or raises why nobody may act; `changed` wakes the change feed."""

    def __init__(
        self,
        archive: Archive,
        index: SegmentIndex | None,
        folder_of: Callable[[str], Path],
        tasks: Tasks,
        actor: Callable[[], Actor],
        *,
        changed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
        make: Callable[[], Fetches] | None = None,
    ) -> None:
        self._archive, self._index, self._folder_of, self._tasks = archive, index, folder_of, tasks
        self._actor, self._changed, self._clock, self._make = actor, changed, clock, make
        self._acting = Acting(tasks, actor, "footage from a recorder")
        self._busy, self._cancelled = threading.Lock(), threading.Event()

    def cameras(self) -> tuple[Camera, ...]:
        """See `FetchDesk.cameras`."""
        registry = self._archive.registry
        try:
            seen = seen_by(registry, self._actor().id)
        except WatchfloorError:
            return ()
        allowed = (camera for camera in registry.cameras if seen is None or camera.id in seen)
        return tuple(sorted(allowed, key=lambda camera: camera.number))

    def missing(
        self,
        camera_id: str,
        from_utc_s: float,
        to_utc_s: float,
        done: Callable[[tuple[Span, ...]], None],
        refused: Said,
    ) -> None:
        """See `FetchDesk.missing`."""

        def work(_actor: Actor) -> None:
            seen = any(camera.id == camera_id for camera in self.cameras())
            done(self._fetches().missing(camera_id, from_utc_s, to_utc_s) if seen else ())

        self._acting.act(work, refused)

    def fetch(
        self, wish: FetchWish, told: Callable[[float], None], done: Callable[[Fetched], None], refused: Said
    ) -> None:
        """See `FetchDesk.fetch`."""
        if not self._busy.acquire(blocking=False):
            refused(_("Something is being fetched from a recorder already. Wait for it, or cancel it."))
            return
        self._cancelled.clear()
        last = -1

        def tell(share: float) -> None:
            nonlocal last
            if int(share * 100) != last:
                last = int(share * 100)
                told(share)

        def work(actor: Actor) -> None:
            try:
                made = self._fetches().fetch(wish, actor, tell, lambda: self._cancelled.is_set() or self._tasks.ending)
            finally:
                self._busy.release()
            self._changed()
            done(made)

        if not self._acting.act(work, refused, long=True):
            self._busy.release()

    def cancel(self) -> None:
        """See `FetchDesk.cancel`."""
        self._cancelled.set()

    def _fetches(self) -> Fetches:
        if self._make is not None:
            return self._make()
        from app.fetching import Fetches  # with the clients of ONVIF and HTTP: not at start

        return Fetches(self._archive, self._index, self._folder_of, clock=self._clock)
