"""`main.py export`: recordings of a time as films and stills, over the same work as the page's; `main.py export verify`
checks one. Needs no wall."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.archive import Archive
from app.errors import AppCode, AppError
from app.i18n import _
from app.package_commands import MakeByDefault, own_key
from app.package_verifier import wanted_id
from app.range_entry import TypedRange, parse_range
from app.sentences import sentences
from app.site import archive_of_site
from app.site_time import zone_of
from storage.errors import StorageCode, StorageError
from storage.segments import SegmentIndex

if TYPE_CHECKING:
    from app.export_orders import ExportResult
    from app.package_films import PackageStep


export_app = typer.Typer(cls=MakeByDefault, help="Recordings as films and stills: export them, verify an export.")


@export_app.command("make")
def export(
    camera: Annotated[list[str], typer.Option(help="Number, name or id of a camera; repeat for more.")],
    begin: Annotated[
        str, typer.Option("--from", help="“yesterday 18:00”, “2026-10-24 18:00:05”; site time, or … UTC.")
    ],
    out: Annotated[Path, typer.Option(help="Folder to make; one that is there gets a number beside it.")],
    end: Annotated[str, typer.Option("--to", help="As --from, or a time of the same day; without it: a still.")] = "",
    reason: Annotated[str, typer.Option(help="Why, or for which case; written into the journal first.")] = "",
    incident: Annotated[str, typer.Option(help="Number (2026-000001) or id of the incident it is for.")] = "",
    view: Annotated[bool, typer.Option("--view/--no-view", help="A film to look at, masks filled.")] = True,
    master: Annotated[
        bool, typer.Option("--master", help="The recordings untouched; needs --incident, approved.")
    ] = False,
    still: Annotated[bool, typer.Option("--still", help="A still of the beginning.")] = False,
    blur: Annotated[bool, typer.Option("--blur", help="Pixelate everybody whom the detector found.")] = False,
    bare: Annotated[bool, typer.Option("--without-masks", help="Without privacy masks; needs the right.")] = False,
) -> None:
    """Export recordings: view copies, untouched copies, stills; verified, PARTIAL with the list of what is missing.

    Cancelled with Ctrl+C it goes on when the same is asked for again."""
    from app.export_orders import Blur, ExportOrder  # numpy and PyAV: not at start
    from app.exports import Exports

    with sentences(), archive_of_site() as archive:
        meant = range_of(begin, end, archive)
        film = meant.to_utc_s > meant.from_utc_s
        order = ExportOrder(
            camera_ids=_cameras(archive, camera),
            from_utc_s=meant.from_utc_s,
            to_utc_s=meant.to_utc_s,
            reason=reason,
            incident_id=archive.journal.incident_file(incident).incident.id if incident else None,
            view=view and film,
            master=master and film,
            still=still or not film,
            masked=not bare,
            blur=Blur.EVERYBODY if blur else Blur.NOBODY,
        )
        index = SegmentIndex(archive.folders.footage_index)
        try:
            result = Exports(archive, index).make(order, archive.actor, out.absolute(), _show)
        finally:
            index.close()
        _tell(result, archive)


@export_app.command("verify")
def verify(
    folder: Annotated[Path, typer.Argument(help="An export, as it was made.")],
    key: Annotated[str, typer.Option(help="Fingerprint of the signer; without it, this site's own key.")] = "",
) -> None:
    """Check an export: signature, every file. Exit codes: 0 as it was signed by a known key, 3 by an unknown one, 5
    altered, or by another one than --key."""
    from app.export_verifier import verify_export

    with sentences():
        own = own_key()
        try:
            wanted = wanted_id(key) or (own.id if own is not None else "")
        except ValueError as error:
            raise StorageError(StorageCode.BAD_VALUE, field="key") from error
        verdict = verify_export(folder, own.public_key if own is not None else "")
        for problem in verdict.problems:
            typer.echo(f"ALTERED {problem}", err=True)
        if verdict.key_id:
            typer.echo(_("signed by {fingerprint}").format(fingerprint=verdict.fingerprint))
        if verdict.problems:
            raise AppError(AppCode.EXPORT_ALTERED, path=str(folder))
        if verdict.another or (key and verdict.key_id != wanted):
            raise AppError(AppCode.ANOTHER_SIGNER, path=str(folder))
        if verdict.key_id != wanted:
            raise AppError(AppCode.UNKNOWN_SIGNER)
        typer.echo(_("{count} files, all as they were signed").format(count=verdict.files))
        if not verdict.complete:
            typer.echo(_("It is PARTIAL: README.txt tells what is missing."))


def range_of(begin: str, end: str, archive: Archive) -> TypedRange:
    """What was typed, in the site's zone. Raises AppError."""
    zone, now = zone_of(archive.settings), time.time()
    return parse_range(f"{begin} - {end}" if end else begin, zone, now)


def _cameras(archive: Archive, wanted: list[str]) -> tuple[str, ...]:
    """Ids by number, name or id. Raises AppError(BAD_RECORD)."""
    found = []
    for word in wanted:
        cameras = archive.registry.cameras
        meant = next(
            (c.id for c in cameras if word in (c.id, str(c.number)) or c.name.casefold() == word.casefold()), None
        )
        if meant is None:
            raise AppError(AppCode.BAD_RECORD, name=word, known=", ".join(f"{c.number} {c.name}" for c in cameras[:8]))
        found.append(meant)
    return tuple(dict.fromkeys(found))


def _show(step: PackageStep, share: float) -> None:
    """Progress on stderr."""
    typer.echo(f"\r{share:4.0%} {step.value:10}", err=True, nl=share >= 1.0)


def _tell(result: ExportResult, archive: Archive) -> None:
    from app.export_papers import gap_text, piece_notes

    names = {camera.id: f"{camera.number} {camera.name}" for camera in archive.registry.cameras}
    typer.echo(str(result.folder))
    for piece in result.pieces:
        typer.echo(f"{piece.path}\t{piece.bytes}\t{piece.sha256}")
        for note in (*piece.notes, *piece_notes(piece)):
            typer.echo(f"  {note}", err=True)
    typer.echo(_("signed by {fingerprint}").format(fingerprint=result.fingerprint))
    if not result.complete:
        typer.echo(_("PARTIAL: this is missing:"), err=True)
        for gap in result.gaps:
            typer.echo(f"  {gap_text(gap, names, zone_of(archive.settings))}", err=True)
