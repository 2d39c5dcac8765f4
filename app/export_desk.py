"""The export page's desk: what there is of a time, whose tracks, who must approve; then the export itself.

`ExportDesk` is what the page asks; `SiteExportDesk` does it on task threads, as who sits here when the key is pressed.
One export at a time at a seat. What is cancelled, or cut short by the end of the program, stays to be gone on with.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from app.acting import Acting, Said, seldom
from app.approval_facts import ApprovalFacts, PackagePlan
from app.archive import Archive
from app.camera_rights import seen_by
from app.errors import AppCode, AppError
from app.export_orders import ExportOrder, ExportResult
from app.i18n import _
from app.range_entry import range_text
from app.site_time import zone_of
from app.tasks import Tasks
from storage.errors import WatchfloorError
from storage.people_commands import RecordAccess, RequestApproval
from storage.people_records import AccessKind, ApprovalKind
from storage.records import Actor, Camera
from storage.segments import TOLERANCE_S, SegmentIndex

if TYPE_CHECKING:
    from app.exports import Exports, Unfinished
    from app.kept_tracks import TrackLine
    from app.package_films import Progress


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """What there is of an order, by the index: nothing of the footage is read. `held_s` and `holes_s` are seconds of
    all cameras together; `case` is the incident's, with the word of a second person on its originals."""

    bytes: int
    held_s: float
    holes_s: float
    case: PackagePlan | None = None


class ExportDesk(Protocol):
    """Every call returns at once; `refused` gets the sentence of a refusal."""

    def cameras(self) -> tuple[Camera, ...]:
        """Those that may be seen here now, by number."""

    def plan(self, order: ExportOrder, done: Callable[[ExportPlan], None], refused: Said) -> None:
        """What an order would find."""

    def tracks(self, order: ExportOrder, done: Callable[[tuple[TrackLine, ...]], None], refused: Said) -> None:
        """The stored tracks of an order's only camera; written down as a search, by its reason, first."""

    def ask(self, order: ExportOrder, done: Said, refused: Said) -> None:
        """Ask a second person for the untouched recordings of the order's incident."""

    def export(self, order: ExportOrder, told: Progress, done: Callable[[ExportResult], None], refused: Said) -> None:
        """Write it down, make it, verify it; `told` comes at most once a per cent."""

    def still(self, order: ExportOrder, done: Callable[[ExportResult], None], refused: Said) -> None:
        """A picture of one moment, at once, whatever else is being made."""

    def cancel(self) -> None:
        """Stop; the same order goes on with what is finished."""

    def unfinished(self, done: Callable[[tuple[Unfinished, ...]], None], refused: Said) -> None:
        """What who sits here ordered and did not get."""


class SiteExportDesk:
    """Of one archive and one footage index. `actor` says who sits here, or raises why nobody may act; `changed` wakes
    the change feed."""

    def __init__(
        self,
        archive: Archive,
        footage: SegmentIndex,
        tasks: Tasks,
        actor: Callable[[], Actor],
        *,
        changed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._archive, self._footage, self._tasks = archive, footage, tasks
        self._actor, self._changed, self._clock = actor, changed, clock
        self._acting = Acting(tasks, actor, "a step of an export")
        self._facts = ApprovalFacts(archive.journal)
        self._busy = threading.Lock()
        self._cancelled = threading.Event()

    def cameras(self) -> tuple[Camera, ...]:
        """See `ExportDesk.cameras`."""
        registry = self._archive.registry
        try:
            seen = seen_by(registry, self._actor().id)
        except WatchfloorError:
            return ()
        allowed = (camera for camera in registry.cameras if seen is None or camera.id in seen)
        return tuple(sorted(allowed, key=lambda camera: camera.number))

    def plan(self, order: ExportOrder, done: Callable[[ExportPlan], None], refused: Said) -> None:
        """See `ExportDesk.plan`."""

        def work(actor: Actor) -> None:
            allowed = {camera.id for camera in self.cameras()}
            held = holes = size = 0.0
            for camera_id in (one for one in order.camera_ids if one in allowed):
                found = self._footage.between(camera_id, order.from_utc_s, order.to_utc_s)
                size += sum(segment.bytes for segment in found)
                spans = [(s.from_utc_s, s.to_utc_s) for s in found]
                missing = _missing_s(spans, order.from_utc_s, order.to_utc_s)
                held, holes = held + order.to_utc_s - order.from_utc_s - missing, holes + missing
            case = self._facts.plan(order.incident_id, actor.id) if order.incident_id is not None else None
            done(ExportPlan(int(size), held, holes, case))

        self._acting.act(work, refused)

    def tracks(self, order: ExportOrder, done: Callable[[tuple[TrackLine, ...]], None], refused: Said) -> None:
        """See `ExportDesk.tracks`."""

        def work(actor: Actor) -> None:
            if len(order.camera_ids) != 1:
                raise AppError(AppCode.EXPORT_NOTHING_CHOSEN)
            exports = self._exports()
            exports.check(order, actor)
            (camera_id,) = order.camera_ids
            access = RecordAccess(
                AccessKind.SEARCH,
                order.reason,
                camera_id,
                order.incident_id,
                order.from_utc_s,
                order.to_utc_s,
                "stored tracks for an export",
            )
            self._archive.journal.apply(access, actor)
            done(exports.tracks(camera_id, order.from_utc_s, order.to_utc_s))

        self._acting.act(work, refused, long=True)

    def ask(self, order: ExportOrder, done: Said, refused: Said) -> None:
        """See `ExportDesk.ask`. What the second person must know stands in the reason."""

        def work(actor: Actor) -> None:
            if order.incident_id is None:
                raise AppError(AppCode.EXPORT_NEEDS_CASE)
            command = RequestApproval(ApprovalKind.MASTER_EXPORT, order.incident_id, self._asked(order))
            self._archive.journal.apply(command, actor)
            self._changed()
            done(_("A second person was asked for the originals."))

        self._acting.act(work, refused)

    def export(self, order: ExportOrder, told: Progress, done: Callable[[ExportResult], None], refused: Said) -> None:
        """See `ExportDesk.export`."""
        if not self._busy.acquire(blocking=False):
            refused(_("An export is being made already. Wait for it, or cancel it."))
            return
        self._cancelled.clear()

        def work(actor: Actor) -> None:
            try:
                result = self._exports().make(
                    order,
                    actor,
                    progress=seldom(told),
                    cancelled=lambda: self._cancelled.is_set() or self._tasks.ending,
                )
            finally:
                self._busy.release()
            self._changed()
            done(result)

        if not self._acting.act(work, refused, long=True):
            self._busy.release()

    def still(self, order: ExportOrder, done: Callable[[ExportResult], None], refused: Said) -> None:
        """See `ExportDesk.still`."""

        def work(actor: Actor) -> None:
            result = self._exports().make(order, actor, cancelled=lambda: self._tasks.ending)
            self._changed()
            done(result)

        self._acting.act(work, refused)

    def cancel(self) -> None:
        """See `ExportDesk.cancel`."""
        self._cancelled.set()

    def unfinished(self, done: Callable[[tuple[Unfinished, ...]], None], refused: Said) -> None:
        """See `ExportDesk.unfinished`."""
        self._acting.act(lambda actor: done(self._exports().unfinished(actor.id)), refused)

    def _exports(self) -> Exports:
        from app.exports import Exports  # with what draws films: not at start

        return Exports(self._archive, self._footage, self._clock)

    def _asked(self, order: ExportOrder) -> str:
        names = {camera.id: f"{camera.number} {camera.name}" for camera in self._archive.registry.cameras}
        cameras = ", ".join(names.get(camera_id, camera_id) for camera_id in order.camera_ids)
        span = range_text(order.from_utc_s, order.to_utc_s, zone_of(self._archive.settings))
        return "; ".join(filter(None, (order.reason, cameras, span)))


def _missing_s(spans: list[tuple[float, float]], from_utc_s: float, to_utc_s: float) -> float:
    """How much of a time the spans leave open."""
    missing, covered = 0.0, from_utc_s
    for begin, end in (*sorted(spans), (to_utc_s, to_utc_s)):
        if begin - covered > TOLERANCE_S:
            missing += min(begin, to_utc_s) - covered
        covered = max(covered, end)
    return missing
