"""`main.py camera import`: cameras of another system, shown first, stored only with --apply."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.archive import Archive
from app.camera_import import STATE_TEXTS, FoundCamera, ImportRow, RowState, planned
from app.errors import AppCode, AppError
from app.i18n import _, ngettext
from app.import_origins import Origin, read_cameras
from app.import_preview import Preview, write_previews
from app.import_store import CameraStore
from app.sentences import sentences
from app.site import archive_of_site
from app.vendor_templates import TEMPLATES, vendor_cameras
from storage.sealed import Credential

Source = Annotated[str, typer.Argument(help="A file, or the address of a MediaMTX API (http://host:9997).")]
Vendors = ", ".join(TEMPLATES)


def camera_import(
    source: Source = "",
    origin: Annotated[Origin | None, typer.Option("--from", help="What the file is, when it cannot be told.")] = None,
    vendor: Annotated[str, typer.Option(help=f"Instead of a file: {Vendors}.")] = "",
    address: Annotated[str, typer.Option(help="With --vendor: 192.168.1.10-20, several by commas.")] = "",
    channels: Annotated[str, typer.Option(help="With --vendor: 1, or 1-16 of a recorder.")] = "1",
    user: Annotated[str, typer.Option(help="With --vendor: the cameras' user; the password is asked for.")] = "",
    server: Annotated[str, typer.Option(help="With --vendor axxon: the server's name in Axxon.")] = "",
    preview: Annotated[Path | None, typer.Option(help="Look at each new camera; a JPEG each into this folder.")] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Store the new ones.")] = False,
    take_back: Annotated[bool, typer.Option("--remove-last-import", help="Take the last import back.")] = False,
) -> None:
    """Take cameras over from CSV, Frigate, go2rtc, MediaMTX, or by a vendor's addresses; shows first, stores with
    --apply."""
    with sentences():
        if take_back:
            with archive_of_site() as archive:
                count = CameraStore(archive).take_back()
            text = ngettext("{count} camera was taken out of use.", "{count} cameras were taken out of use.", count)
            typer.echo(text.format(count=count))
            return
        found = _found(source, origin, vendor, address, channels, user, server)
        with archive_of_site() as archive:
            rows = planned(found, archive.registry.cameras)
            _show(rows)
            if preview is not None:
                write_previews(rows, preview, _show_preview)
            if apply:
                _store(archive, rows)
            elif any(row.state is RowState.NEW for row in rows):
                typer.echo(_("Nothing was stored. Give --apply to store the new ones."))


def _found(
    source: str, origin: Origin | None, vendor: str, address: str, channels: str, user: str, server: str
) -> list[FoundCamera]:
    if bool(source) == bool(vendor) or bool(vendor) != bool(address):
        raise AppError(AppCode.BAD_USAGE)
    if source:
        return read_cameras(source, origin)
    login = Credential(user, typer.prompt(_("Password"), hide_input=True, err=True)) if user else None
    return vendor_cameras(vendor, address, channels, login, server)


def _show(rows: tuple[ImportRow, ...]) -> None:
    """The table: tabs between columns, no login anywhere."""
    for row in rows:
        found = row.found
        columns = (
            str(row.number or "-"),
            _(STATE_TEXTS[row.state]),
            found.name,
            found.main_url or "-",
            found.sub_url or "-",
            found.group or found.place.name or found.place.address or "-",
            _("line {line}").format(line=found.line) if found.line else "-",
            row.why,
        )
        typer.echo("\t".join(" ".join(column.split()) for column in columns))
    counts = {state: sum(row.state is state for row in rows) for state in RowState}
    typer.echo(", ".join(f"{_(STATE_TEXTS[state])}: {count}" for state, count in counts.items()))


def _show_preview(preview: Preview) -> None:
    typer.echo(f"{preview.row.number}\t{preview.row.found.name}\t{preview.words or preview.problem}")


def _store(archive: Archive, rows: tuple[ImportRow, ...]) -> None:
    summary = CameraStore(archive).store(rows)
    typer.echo(_("{stored} of {wanted} cameras were stored.").format(stored=summary.stored, wanted=summary.wanted))
    if summary.stored:
        typer.echo(_("“main.py camera import --remove-last-import” takes them back; “camera remove” a single one."))
