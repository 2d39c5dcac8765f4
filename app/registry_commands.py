"""Command line over the registry: cameras and privacy masks of this site."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from app.archive import Archive
from app.camera_import import found_camera
from app.credentials import split_login
from app.i18n import _
from app.import_commands import camera_import
from app.import_store import remove_camera
from app.sentences import sentences
from app.site import archive_of_site
from detection.geometry import checked_polygon
from storage.commands import PutRecord, RemoveRecord
from storage.errors import StorageCode, StorageError
from storage.records import Camera, new_id
from storage.registry_records import PrivacyMask
from storage.sealed import Credential
from video.source import host_of, redact, scheme_of

camera_app = typer.Typer(help="Cameras of this site: add, list, login, address, remove, import.")
camera_app.command("import")(camera_import)
mask_app = typer.Typer(help="Privacy masks of this site: add, list, remove.")

Number = Annotated[int, typer.Argument(help="The camera's number.")]
Corners = Annotated[list[str], typer.Argument(help="Three or more corners `X,Y`, 0..1 of the picture from top left.")]


@camera_app.command("add")
def camera_add(url: str, name: str = "", number: int = 0) -> None:
    """Add a camera to this site; its password is sealed, never stored in plain text."""
    with sentences(), archive_of_site() as archive:
        taken = {camera.number for camera in archive.registry.cameras}
        if number in taken or number < 0:
            raise StorageError(StorageCode.BAD_VALUE, field="number", value=number)
        number = number or next(n for n in range(1, len(taken) + 2) if n not in taken)
        clean, login = split_login(url if scheme_of(url) else str(Path(url).resolve()))
        camera = Camera(new_id(), number, name or clean.partition("://")[2] or Path(clean).stem, clean)
        archive.journal.apply(PutRecord(camera), archive.actor)
        if login is not None:
            archive.logins.keep(camera.id, login, archive.actor)
    typer.echo(f"{camera.number}\t{camera.name}\t{camera.main_url}")


@camera_app.command("login")
def camera_login(
    number: Number,
    user: Annotated[str, typer.Option(help="The camera's user; the password is asked for, never an argument.")] = "",
) -> None:
    """Give a camera another login, as when its password was changed there; a running Watchfloor opens it anew."""
    with sentences(), archive_of_site() as archive:
        camera = camera_of_number(archive, number)
        password = typer.prompt(_("Password"), hide_input=True, err=True) if user else ""
        archive.logins.keep(camera.id, Credential(user, password), archive.actor)


@camera_app.command("address")
def camera_address(
    number: Number,
    url: str,
    sub: Annotated[str, typer.Option(help="The address of the second, smaller stream; without it there is none.")] = "",
) -> None:
    """Give a camera another address; a login in it replaces the old one, which is never sent to another host."""
    with sentences(), archive_of_site() as archive:
        camera = camera_of_number(archive, number)
        found = found_camera(camera.name, url, sub)
        if found.unread is not None or found.sub_left_out:
            raise StorageError(StorageCode.BAD_VALUE, field="url", value=redact(sub if found.sub_left_out else url))
        if found.login is not None or host_of(found.main_url) != host_of(camera.main_url):
            archive.logins.keep(camera.id, found.login or Credential("", ""), archive.actor)
        archive.journal.apply(PutRecord(replace(camera, main_url=found.main_url, sub_url=found.sub_url)), archive.actor)
    typer.echo(f"{camera.number}\t{camera.name}\t{found.main_url}")


@camera_app.command("list")
def camera_list() -> None:
    """Cameras of this site."""
    with sentences(), archive_of_site() as archive:
        for camera in sorted(archive.registry.cameras, key=lambda c: c.number):
            typer.echo(f"{camera.number}\t{camera.name}\t{camera.main_url}")


@camera_app.command("remove")
def camera_remove(number: Number) -> None:
    """Take a camera out of use, with its zones and rules; its history stays."""
    with sentences(), archive_of_site() as archive:
        remove_camera(archive, camera_of_number(archive, number))


@mask_app.command("add")
def mask_add(
    number: Number,
    corner: Corners,
    name: Annotated[str, typer.Option(help="What is hidden, for whoever reads the list.")] = "Privacy mask",
) -> None:
    """Hide a part of a camera's picture on the wall, in replays, reports and view copies; recordings keep it."""
    with sentences(), archive_of_site() as archive:
        points = tuple(checked_polygon([point(one) for one in corner]))
        mask = PrivacyMask(new_id(), camera_of_number(archive, number).id, name, points)
        archive.journal.apply(PutRecord(mask), archive.actor)
    typer.echo(mask.id)


@mask_app.command("list")
def mask_list() -> None:
    """Privacy masks of this site."""
    with sentences(), archive_of_site() as archive:
        numbers = {camera.id: camera.number for camera in archive.registry.cameras}
        for mask in archive.registry.privacy_masks:
            corners = " ".join(f"{x:g},{y:g}" for x, y in mask.points)
            typer.echo(f"{mask.id}\t{numbers.get(mask.camera_id, '-')}\t{mask.name}\t{corners}")


@mask_app.command("remove")
def mask_remove(mask_id: str) -> None:
    """Take a mask out of use; its history stays."""
    with sentences(), archive_of_site() as archive:
        if not any(mask.id == mask_id for mask in archive.registry.privacy_masks):
            raise StorageError(StorageCode.NOT_FOUND, subject=_("The mask"))
        archive.journal.apply(RemoveRecord("privacy_masks", mask_id), archive.actor)


def camera_of_number(archive: Archive, number: int) -> Camera:
    """The camera. Raises StorageError(NOT_FOUND)."""
    found = [camera for camera in archive.registry.cameras if camera.number == number]
    if not found:
        raise StorageError(StorageCode.NOT_FOUND, subject=_("Camera {number}").format(number=number))
    return found[0]


def point(corner: str) -> tuple[float, float]:
    """A corner as `X,Y`. Raises StorageError(BAD_VALUE)."""
    try:
        x, y = (float(part) for part in corner.split(","))
    except ValueError as error:
        raise StorageError(StorageCode.BAD_VALUE, field="zone", value=corner) from error
    return x, y
