"""`main.py recordings fetch`: footage of a camera from the recorder that has it. Needs no wall."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.archive import Archive
from app.errors import AppCode, AppError
from app.export_commands import range_of
from app.i18n import _
from app.range_entry import range_text
from app.recording import recordings_folders
from app.sentences import sentences
from app.site import archive_of_site
from app.site_time import zone_of
from app.texts import sentence
from storage.known_folders import KnownFolders
from storage.segments import SegmentIndex

if TYPE_CHECKING:
    from app.fetching import Fetched


def fetch(
    camera: Annotated[str, typer.Option(help="Number, name or id of the camera.")],
    begin: Annotated[
        str, typer.Option("--from", help="“yesterday 18:00”, “2026-10-24 18:00:05”; site time, or … UTC.")
    ],
    end: Annotated[str, typer.Option("--to", help="As --from, or a time of the same day.")],
    reason: Annotated[str, typer.Option(help="Why, or for which case; written into the journal first.")] = "",
    incident: Annotated[
        str, typer.Option(help="Number or id of an incident: the footage becomes its exhibits, nothing is filled.")
    ] = "",
    recorder: Annotated[
        str,
        typer.Option(
            envvar="WATCHFLOOR_RECORDER",
            help="http://[user:password@]host[:port], where it is not the camera itself. With a password rather in the"
            " variable: others on this machine can read command lines.",
        ),
    ] = "",
    recording: Annotated[str, typer.Option(help="Which of the recorder's recordings, by token or name.")] = "",
) -> None:
    """Fetch footage from a recorder (ONVIF Profile G, or its maker's address): into the gaps of our recordings, or as
    exhibits of an incident.

    Cancelled with Ctrl+C or cut short it goes on when the same is asked for again. PARTIAL ends with code 41."""
    from app.fetch_wish import FetchInto, FetchWish
    from app.fetching import Fetches  # with the clients of ONVIF and HTTP

    with sentences(), archive_of_site() as archive, _index(archive) as index:
        meant = range_of(begin, end, archive)
        wish = FetchWish(
            camera_id=_camera(archive, camera),
            from_utc_s=meant.from_utc_s,
            to_utc_s=meant.to_utc_s,
            reason=reason,
            incident_id=archive.journal.incident_file(incident).incident.id if incident else None,
            into=FetchInto.CASE if incident else FetchInto.GAPS,
            recorder=recorder,
            recording=recording,
        )
        made = Fetches(archive, index, lambda _camera_id: _folder(archive)).fetch(wish, archive.actor, _show)
        _tell(made, archive)
        if made.lacks:
            raise typer.Exit(41)


def _camera(archive: Archive, word: str) -> str:
    cameras = archive.registry.cameras
    meant = next((c.id for c in cameras if word in (c.id, str(c.number)) or c.name.casefold() == word.casefold()), None)
    if meant is None:
        raise AppError(AppCode.BAD_RECORD, name=word, known=", ".join(f"{c.number} {c.name}" for c in cameras[:8]))
    return meant


def _folder(archive: Archive) -> Path:
    """The first recordings folder that is there; a wall may write into it beside us."""
    known = KnownFolders(archive.folders.known_recordings)
    folders = recordings_folders(archive.folders, archive.settings)
    there = next((folder for folder in folders if folder.is_dir() and not known.is_missing(folder)), None)
    if there is None:
        raise AppError(AppCode.NO_RECORDINGS)
    return there


@contextlib.contextmanager
def _index(archive: Archive) -> Iterator[SegmentIndex]:
    index = SegmentIndex(archive.folders.footage_index)
    try:
        yield index
    finally:
        index.close()


def _show(share: float) -> None:
    typer.echo(f"\r{share:4.0%}", err=True, nl=share >= 1.0)


def _tell(made: Fetched, archive: Archive) -> None:
    zone = zone_of(archive.settings)
    typer.echo(made.origin)
    for segment in made.segments if not made.exhibits else ():
        typer.echo(f"{segment.path}\t{segment.bytes}\t{segment.sha256}")
    for exhibit in made.exhibits:
        typer.echo(f"{exhibit.name}\t{exhibit.sha256}")
    if made.by_request:
        typer.echo(
            _("The recorder did not say when its pictures are from: they count from what was asked for."), err=True
        )
    if made.lacks:
        typer.echo(_("PARTIAL: this is missing:"), err=True)
        for span in made.lacks:
            typer.echo(f"  {range_text(*span, zone)}", err=True)
        if made.problem is not None:
            typer.echo(f"  {sentence(made.problem)}", err=True)
