"""`main.py period`: the daily report, or a list of any time, as PDF, XLSX, CSV, JSON or GeoJSON; `main.py sheet`."""

from __future__ import annotations

from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from app.errors import AppCode, AppError
from app.i18n import _
from app.period_facts import Period, day
from app.period_reports import FORMATS, write_open_sheet, write_period
from app.sentences import sentences
from app.site import archive_of_site
from app.site_time import zone_of

_FIRST_YEAR = 1970


def period(
    out: Annotated[Path, typer.Option(help="File to write.")],
    first: Annotated[str, typer.Option("--from", help="First day, 2026-11-01; empty: yesterday alone.")] = "",
    last: Annotated[str, typer.Option("--to", help="Last day; empty: the first one alone.")] = "",
    form: Annotated[str, typer.Option("--format", help=", ".join(FORMATS))] = "pdf",
    reason: Annotated[str, typer.Option(help="Case or reason, for the audit.")] = "periodic report",
) -> None:
    """Report of the incidents of a time: counts, times, list, and what the journal is checked by."""
    with sentences(), archive_of_site() as archive:
        span = chosen(first, last, zone_of(archive.settings))
        typer.echo(write_period(archive, span, form, out, reason))


def sheet(out: Annotated[Path, typer.Option(help="File to write.")]) -> None:
    """Open incidents and telephones on one PDF, for the day the machine dies."""
    with sentences(), archive_of_site() as archive:
        write_open_sheet(archive, out)
        typer.echo(str(out))


def chosen(first: str, last: str, zone: ZoneInfo) -> Period:
    """Days of the site as a period; yesterday when none is given. Raises AppError(BAD_RECORD)."""
    begin = _day(first) if first else datetime.now(zone).date() - timedelta(days=1)
    end = _day(last) if last else begin
    if end < begin:
        raise AppError(AppCode.BAD_RECORD, name=last, known=f"{begin} ...")
    if begin == end:
        return day(zone, begin, _("Daily report {day}").format(day=begin))
    title = _("Report {first} to {last}").format(first=begin, last=end)
    till = datetime.combine(end + timedelta(days=1), time(), zone)
    return Period(title, day(zone, begin, title).from_utc_s, till.astimezone(UTC).timestamp())


def _day(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        found = date.min
    if not _FIRST_YEAR <= found.year < MAXYEAR:
        raise AppError(AppCode.BAD_RECORD, name=text, known="2026-11-01")
    return found
