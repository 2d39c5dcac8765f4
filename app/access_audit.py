"""Looking is written down: replays, exports, searches, lifted masks, PTZ, as `RecordAccess` by whoever sits here.

Returns at once on the GUI thread: the journal is asked on a task thread. An access that needs a case or a reason is to
be asked for with `ask` BEFORE it is given: `viewed` is for the last minutes, which need none.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from app.bus import Bus
from app.errors import AppCode, AppError
from app.feeds import CommandRefused
from app.tasks import Tasks
from app.texts import sentence
from storage.errors import WatchfloorError
from storage.journal import Journal
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.records import Actor, Camera

log = logging.getLogger(__name__)


class AccessAudit:
    """`actor` says who sits at the seat, or raises why nobody may act (`sign_in.Seat.actor`)."""

    def __init__(self, journal: Journal, bus: Bus, tasks: Tasks, actor: Callable[[], Actor]) -> None:
        self._journal, self._bus, self._tasks, self._actor = journal, bus, tasks, actor

    def viewed(self, camera: Camera, utc_s: float) -> None:
        """Somebody looks at a time of this camera that has passed (`replay.Viewed`)."""
        self.ask(RecordAccess(AccessKind.PLAYBACK, camera_id=camera.id, from_utc_s=utc_s), lambda: None)

    def ask(self, access: RecordAccess, granted: Callable[[], None]) -> None:
        """Write it down, then call `granted` on a task thread; a refusal is shown and nothing is granted."""
        try:
            actor = self._actor()
        except WatchfloorError as error:
            self._refuse(error)
            return

        def work() -> None:
            self._journal.apply(access, actor)
            granted()

        if not self._tasks.submit(work, failed=self._failed):
            self._refuse(AppError(AppCode.SEAT_BUSY))

    def _failed(self, error: Exception) -> None:
        if isinstance(error, WatchfloorError):
            self._refuse(error)
        else:
            log.error("an access could not be written down", exc_info=error)
            self._refuse(AppError(AppCode.INTERNAL))

    def _refuse(self, error: WatchfloorError) -> None:
        self._bus.publish(CommandRefused(sentence(error)))
