"""Writes reports of a time and the hourly sheet of open incidents. Blocking: a task's or a worker's thread."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable
from pathlib import Path

from app.archive import Archive
from app.errors import AppCode, AppError
from app.i18n import spoken
from app.long_periods import gather_long, is_long
from app.period_facts import MOST_INCIDENTS, Period, PeriodFacts, gather
from app.period_tables import period_csv, period_geojson, period_json, period_xlsx
from app.report_facts import ReportContext
from app.report_template import usable_template
from app.reports import write_whole
from app.site_time import zone_of
from storage.durable import make_folder
from storage.errors import WatchfloorError
from storage.journal import Registry
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.records import Actor
from storage.worker import Worker

log = logging.getLogger(__name__)

FORMATS = ("pdf", "xlsx", "csv", "json", "geojson")
SHEET = "open-incidents.pdf"
SHEET_S = 3600.0
_OPEN_SHOWN = 500
LIST_SHOWN = 1000
"""Of the newest incidents of a long time, on paper."""

Make = Callable[[PeriodFacts, Registry, ReportContext], bytes]


def write_period(
    archive: Archive, period: Period, form: str, path: Path, reason: str, actor: Actor | None = None
) -> str:
    """Write a period's report and audit it, as `actor` (the archive's own without one); the file's SHA-256. Verifies
    the journal first, for the daily's last lines.

    Raises AppError(BAD_USAGE, NOT_WRITTEN), StorageError."""
    if form not in FORMATS:
        raise AppError(AppCode.BAD_USAGE, value=form, known=", ".join(FORMATS))
    who = actor or archive.actor
    content = period_content(archive, period, form, who, verified=form == "pdf")
    detail = f"{period.title} {form} {hashlib.sha256(content).hexdigest()}"
    command = RecordAccess(
        AccessKind.EXPORT, reason, from_utc_s=period.from_utc_s, to_utc_s=period.to_utc_s, detail=detail
    )
    archive.journal.apply(command, who)  # first: what is not written down does not leave
    return write_whole(path, content)


def period_content(archive: Archive, period: Period, form: str, actor: Actor, *, verified: bool = False) -> bytes:
    """A period's report as it would be written; nothing is noted. What is kept is counted over all cameras: who may not
    see them all gets what they may see, counted one by one. Raises StorageError."""
    if is_long(archive, period) and archive.journal.cameras_of(actor.id) is None:
        facts = gather_long(archive, period, actor.id, LIST_SHOWN if form == "pdf" else MOST_INCIDENTS)
    else:
        facts = gather(archive.journal, archive.registry, period, actor.id)
    context = _context(archive, verified=verified, actor=actor)
    with spoken(context.language):
        return _maker(form)(facts, archive.registry, context)


def write_open_sheet(archive: Archive, path: Path) -> None:
    """Open incidents and telephones on paper. Restricted ones are left out: the sheet lies about."""
    from app.period_pdf import open_sheet_pdf  # fpdf2 takes 0.5 s to import: not at start

    incidents = tuple(archive.journal.incidents(open_only=True, limit=_OPEN_SHOWN))
    context = _context(archive, verified=False)
    with spoken(context.language):
        write_whole(path, open_sheet_pdf(tuple(i for i in incidents if not i.restricted), archive.registry, context))


def _maker(form: str) -> Make:
    if form == "pdf":
        from app.period_pdf import period_pdf

        return period_pdf
    makers: dict[str, Make] = {"xlsx": period_xlsx, "csv": period_csv, "json": period_json, "geojson": period_geojson}
    return makers[form]


def _context(archive: Archive, *, verified: bool, actor: Actor | None = None) -> ReportContext:
    seq, head = archive.journal.head()
    return ReportContext(
        site_name=archive.settings.site.name,
        zone=zone_of(archive.settings),
        language=archive.settings.site.language or "en",
        actor=(actor or archive.actor).id,
        generated_utc_s=time.time(),
        head_seq=seq,
        head_hash=head,
        key_fingerprint=archive.key.fingerprint,
        verification=archive.journal.verify() if verified else None,
        template=usable_template(archive.settings.reports),
    )


class HourlySheet(Worker):
    """Keeps `open-incidents.pdf` in the reports folder not older than an hour, for the day the machine dies."""

    def __init__(self, archive: Archive, period_s: float = SHEET_S) -> None:
        super().__init__("hourly-sheet")
        self._archive, self._period_s = archive, period_s

    def run(self) -> None:
        """Write at the start of every period, the first one soon after the start."""
        due_s = time.monotonic() + min(60.0, self._period_s)
        while not self.stopping.is_set():
            self.beat()
            self.stopping.wait(min(1.0, self._period_s))
            if time.monotonic() >= due_s and not self.stopping.is_set():
                due_s = time.monotonic() + self._period_s
                self._write()

    def _write(self) -> None:
        try:
            folder = make_folder(self._archive.folders.reports)
            write_open_sheet(self._archive, folder / SHEET)
        except WatchfloorError as error:
            log.warning("the sheet of open incidents was not written: %s", error)
