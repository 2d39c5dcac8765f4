"""Reports from the panel: an incident, a day, a shift or any time; looked at as it will be printed, then written.

`ReportDesk` is what a view asks; `SiteReportDesk` works on task threads. A preview is drawn by PDFium (pypdfium2),
which is not to be used by two threads at once: one lock. What is written is noted in the journal.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from app.archive import Archive
from app.bus import Bus
from app.errors import AppCode, AppError
from app.feeds import CommandRefused
from app.i18n import _, marked
from app.period_facts import Period, day
from app.period_reports import FORMATS as PERIOD_FORMATS
from app.period_reports import period_content, write_period
from app.report_template import template_of
from app.reports import FORMATS as INCIDENT_FORMATS
from app.site_time import zone_of
from app.tasks import Tasks
from app.texts import sentence
from storage.durable import make_folder
from storage.errors import WatchfloorError
from storage.records import Actor

log = logging.getLogger(__name__)

_MOST_PX = 2400
_DRAWING = threading.Lock()


class ReportKind(StrEnum):
    """What is reported."""

    DAY = "day"
    SHIFT = "shift"
    PERIOD = "period"
    INCIDENT = "incident"


KIND_NAMES = {
    ReportKind.DAY: marked("Day"),
    ReportKind.SHIFT: marked("My last shift"),
    ReportKind.PERIOD: marked("Any time"),
    ReportKind.INCIDENT: marked("Incident"),
}


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """A report that somebody wants. `incident`: number or id; `first`, `last`: days, as they were typed (a day: the
    first alone; empty: today). `reason` is for the audit."""

    kind: ReportKind
    form: str = "pdf"
    incident: str = ""
    first: str = ""
    last: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """A report that is not written yet: `pages` of them, and what is wrong with the site's template ("": nothing)."""

    pdf: bytes
    pages: int
    warning: str = ""


@dataclass(frozen=True, slots=True)
class PagePicture:
    """A page as it will look: `width` x `height` px, RGB, rows without gaps."""

    number: int
    width: int
    height: int
    rgb: bytes


class ReportDesk(Protocol):
    """What a view of reports can ask. Every call returns at once; answers come on a task thread, refusals over the
    bus."""

    def preview(self, order: ReportOrder, done: Callable[[Preview], None], refused: Callable[[str], None]) -> None:
        """Make it, but for the verification of the journal, and write nothing."""

    def page(self, preview: Preview, number: int, width_px: int, done: Callable[[PagePicture], None]) -> None:
        """Draw one page, counted from 0."""

    def write(self, order: ReportOrder, done: Callable[[str], None]) -> None:
        """Write it into the reports folder; `done` gets the sentence to show."""


def formats_of(kind: ReportKind) -> tuple[str, ...]:
    """Which forms there are."""
    return INCIDENT_FORMATS if kind is ReportKind.INCIDENT else PERIOD_FORMATS


class SiteReportDesk:
    """Of one archive; `actor` says who sits here now."""

    def __init__(
        self,
        archive: Archive,
        bus: Bus,
        tasks: Tasks,
        actor: Callable[[], Actor],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._archive, self._bus, self._tasks, self._actor, self._clock = archive, bus, tasks, actor, clock

    def preview(self, order: ReportOrder, done: Callable[[Preview], None], refused: Callable[[str], None]) -> None:
        """See `ReportDesk`."""
        self._act(lambda actor: done(self.made(order, actor)), refused=refused)

    def page(self, preview: Preview, number: int, width_px: int, done: Callable[[PagePicture], None]) -> None:
        """See `ReportDesk`."""
        self._act(lambda _actor: done(drawn(preview.pdf, number, width_px)))

    def write(self, order: ReportOrder, done: Callable[[str], None]) -> None:
        """See `ReportDesk`."""
        self._act(lambda actor: done(_("Written: {path}").format(path=self.written(order, actor))), long=True)

    def made(self, order: ReportOrder, actor: Actor) -> Preview:
        """Make it now, as PDF. Blocking. Raises AppError, StorageError."""
        if order.kind is ReportKind.INCIDENT:
            pdf = self._archive.reports.content(order.incident, "pdf", actor)
        else:
            pdf = period_content(self._archive, self._period(order, actor), "pdf", actor)
        return Preview(pdf, pages_of(pdf), self._warning())

    def written(self, order: ReportOrder, actor: Actor) -> Path:
        """Write it now. Blocking. Raises AppError, StorageError."""
        if order.form not in formats_of(order.kind):
            raise AppError(AppCode.BAD_USAGE, value=order.form, known=", ".join(formats_of(order.kind)))
        folder = make_folder(self._archive.folders.reports)
        if order.kind is ReportKind.INCIDENT:
            return self._archive.reports.write(order.incident, order.form, folder, actor)
        period = self._period(order, actor)
        zone = zone_of(self._archive.settings)
        span = "-".join(
            f"{datetime.fromtimestamp(at, zone):%Y%m%dT%H%M}" for at in (period.from_utc_s, period.to_utc_s)
        )
        path = folder / f"{order.kind.value}-{span}.{order.form}"
        write_period(self._archive, period, order.form, path, order.reason or _(KIND_NAMES[order.kind]), actor)
        return path

    def _period(self, order: ReportOrder, actor: Actor) -> Period:
        from app.period_commands import chosen  # typer: not at start

        zone = zone_of(self._archive.settings)
        if order.kind is ReportKind.SHIFT:
            return self._shift(actor)
        if order.kind is ReportKind.PERIOD:
            return chosen(order.first, order.last, zone)
        today = datetime.fromtimestamp(self._clock(), zone).date()
        of = _day_of(order.first) if order.first else today
        return day(zone, of, _("Daily report {day}").format(day=of))

    def _shift(self, actor: Actor) -> Period:
        """The newest one of who sits here. Raises AppError(BAD_RECORD)."""
        shifts = [s for s in self._archive.journal.shifts(open_only=False) if s.operator_id == actor.id]
        if not shifts:
            raise AppError(AppCode.BAD_RECORD, name=_(KIND_NAMES[ReportKind.SHIFT]), known="-")
        shift = max(shifts, key=lambda one: one.from_utc_s)
        end = shift.to_utc_s if shift.to_utc_s is not None else self._clock()
        operators = self._archive.journal.registry().operators
        name = next((operator.name for operator in operators if operator.id == actor.id), actor.id)
        return Period(_("Shift of {name}").format(name=name), shift.from_utc_s, max(end, shift.from_utc_s + 1.0))

    def _warning(self) -> str:
        try:
            template_of(self._archive.settings.reports)
        except AppError as error:
            return sentence(error)
        return ""

    def _act(
        self, work: Callable[[Actor], None], *, long: bool = False, refused: Callable[[str], None] | None = None
    ) -> None:
        def failed(error: Exception) -> None:
            if not isinstance(error, WatchfloorError):
                log.error("a report failed", exc_info=error)
            text = sentence(error if isinstance(error, WatchfloorError) else AppError(AppCode.INTERNAL))
            self._bus.publish(CommandRefused(text))
            if refused is not None:
                refused(text)

        try:
            actor = self._actor()
        except WatchfloorError as error:
            failed(error)
            return
        if not self._tasks.submit(lambda: work(actor), failed=failed, long=long):
            failed(AppError(AppCode.SEAT_BUSY))


def pages_of(pdf: bytes) -> int:
    """How many pages there are. Blocking."""
    import pypdfium2  # 40 ms: not at start

    with _DRAWING, contextlib.closing(pypdfium2.PdfDocument(pdf)) as document:
        return len(document)


def drawn(pdf: bytes, number: int, width_px: int) -> PagePicture:
    """One page as a picture of that width. Blocking; a page that is not there is the nearest."""
    import pypdfium2

    with _DRAWING, contextlib.closing(pypdfium2.PdfDocument(pdf)) as document:
        place = min(max(number, 0), len(document) - 1)
        page = document[place]
        scale = min(max(width_px, 100), _MOST_PX) / page.get_width()
        picture = page.render(scale=scale, rev_byteorder=True).to_pil().convert("RGB")
        return PagePicture(place, picture.width, picture.height, picture.tobytes())


def _day_of(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise AppError(AppCode.BAD_RECORD, name=text, known="2026-11-01") from error
