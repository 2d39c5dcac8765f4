"""`main.py blackbox`: what the walls showed at a time, as a table and a picture. Reading it is written down first."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from app.archive import Archive
from app.camera_rights import seen_by
from app.errors import AppCode, AppError
from app.i18n import _
from app.sentences import sentences
from app.shown_walls import BROKEN, within
from app.shown_words import age_words, state_words, window_words
from app.site import archive_of_site
from app.site_time import offset_text, zone_of
from storage.blackbox import FoundWall, known_times, read_walls
from storage.durable import replace as replace_file
from storage.errors import StorageCode, StorageError
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind

_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?")


def blackbox(
    at: Annotated[str, typer.Option(help="2026-11-22T08:15:00Z, or site time 2026-11-22 09:15:00, or 09:15 (today).")],
    reason: Annotated[str, typer.Option(help="Case or reason, for the audit.")],
    monitor: Annotated[int | None, typer.Option(help="This monitor alone.")] = None,
    out: Annotated[Path | None, typer.Option(help="PNG to write.")] = None,
) -> None:
    """What each monitor's wall showed at a time: cameras, streams, states, boxes, lifted masks, operator."""
    with sentences(), archive_of_site() as archive:
        zone = zone_of(archive.settings)
        utc_s = time_of(at, zone, datetime.now(UTC))
        found = read_audited(archive, utc_s, reason, monitor)
        names = {operator.id: operator.name for operator in archive.registry.operators}
        for wall in found:
            typer.echo(table(wall, utc_s, zone, names))
        if out is not None:
            from app.blackbox_picture import drawn

            replace_file(out.absolute(), drawn(found, utc_s, zone, names))
            typer.echo(str(out))


def time_of(text: str, zone: ZoneInfo, now: datetime) -> float:
    """Epoch seconds of what was typed: ISO 8601 with an offset or Z, else in the site's zone (where a clock repeats an
    hour, the first one); a time of day is the last one that has passed. Raises AppError(BAD_RECORD)."""
    try:
        at = _moment(text.strip(), zone, now)
        found = at.astimezone(UTC).timestamp()
    except (ValueError, OverflowError):
        found = -1.0
    if found < 0:
        raise AppError(AppCode.BAD_RECORD, name=text, known="2026-11-22T08:15:00Z, 2026-11-22 09:15:00, 09:15")
    return found


def _moment(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    if not _CLOCK.fullmatch(text):
        at = datetime.fromisoformat(text)
        return at if at.tzinfo is not None else at.replace(tzinfo=zone)
    clock = time.fromisoformat(text.rjust(5 if text.count(":") == 1 else 8, "0"))
    day = now.astimezone(zone).date()
    today = datetime.combine(day, clock, zone)
    return today if today <= now else datetime.combine(day - timedelta(days=1), clock, zone)


def read_audited(archive: Archive, utc_s: float, reason: str, monitor: int | None = None) -> tuple[FoundWall, ...]:
    """Write down who asks, then read: of cameras that they may not see, nothing but that a tile was there. Raises
    StorageError (NOT_PERMITTED, NO_REASON), AppError (NO_BLACK_BOX, BLACK_BOX_DAMAGED, NOTHING_SHOWN)."""
    detail = _("all monitors") if monitor is None else _("monitor {number}").format(number=monitor)
    access = RecordAccess(AccessKind.BLACK_BOX, reason, from_utc_s=utc_s, to_utc_s=utc_s, detail=detail)
    archive.journal.apply(access, archive.actor)
    path = archive.folders.black_box
    try:
        found = tuple(w for w in read_walls(path, utc_s) if monitor in (None, w.wall.monitor))
        known = known_times(path)
    except StorageError as error:
        if error.code is StorageCode.NOT_FOUND:
            raise AppError(AppCode.NO_BLACK_BOX, path=str(path)) from error
        if error.code in BROKEN:
            raise AppError(AppCode.BLACK_BOX_DAMAGED, path=str(path)) from error
        raise
    if not found:
        zone = zone_of(archive.settings)
        there = " – ".join(_short(edge, zone) for edge in known) if known is not None else _("nothing yet")
        raise AppError(AppCode.NOTHING_SHOWN, name=_short(utc_s, zone), known=there)
    seen = seen_by(archive.registry, archive.actor.id)
    return tuple(replace(one, wall=within(one.wall, seen)) for one in found)


def table(found: FoundWall, utc_s: float, zone: ZoneInfo, names: dict[str, str]) -> str:
    """One wall as text, a line a tile."""
    from app.blackbox_picture import times_of

    wall = found.wall
    operator = names.get(wall.operator_id, wall.operator_id) or _("nobody signed in")
    when = _("{at}, unchanged since {since}").format(at=times_of(utc_s, zone), since=times_of(found.since_utc_s, zone))
    heading = f"{window_words(wall)}  ·  {operator}\n{when}"
    rows = [(_("Cell"), _("Camera"), _("Stream"), _("State"), _("Age"), _("Boxes"), _("Mask"))]
    for tile in wall.tiles:
        cell = ",".join(f"{edge * 100:.0f}" for edge in tile.rect)
        shown, lifted = _("shown") if tile.overlay else "–", _("LIFTED") if tile.lifted else "–"
        rows.append(
            (cell, tile.camera, tile.stream or "–", state_words(tile.state), age_words(tile.age), shown, lifted)
        )
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([heading, *lines, ""])


def _short(utc_s: float, zone: ZoneInfo) -> str:
    at = datetime.fromtimestamp(utc_s, zone)
    return f"{at:%Y-%m-%d %H:%M:%S} {offset_text(at)}"
