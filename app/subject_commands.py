"""`main.py subject`: a person asks what is stored of them: write it down, choose their tracks, make their package."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from app.archive import Archive
from app.errors import AppCode, AppError
from app.i18n import _
from app.labels import object_name
from app.release_desk import DisclosureFile, disclosure_files, packed
from app.report_facts import utc_text
from app.sentences import sentences
from app.site import archive_of_site
from app.site_time import zone_of
from app.subject_choice import OwnTrack, SubjectChoice, TrackRow
from app.subject_desk import SubjectTracks
from storage.durable import make_folder, write_new
from storage.people_commands import RequestApproval
from storage.people_records import ApprovalKind
from storage.release_commands import MoveDisclosure, OpenDisclosure
from storage.release_records import DisclosureKind, DisclosureState
from storage.segments import SegmentIndex

subject_app = typer.Typer(help="Persons who ask what is stored of them: others are made unrecognisable.")
_DAY_S = 86_400.0
Number = Annotated[str, typer.Argument(help="Number of the request, D-2026-0001.")]


@subject_app.command("ask")
def subject_ask(
    name: Annotated[str, typer.Argument(help="Who asks.")],
    camera: Annotated[list[int], typer.Option(help="Number of a camera; repeat for more.")],
    begin: Annotated[str, typer.Option("--from", help="2026-11-20 14:00, in the site's zone, or with an offset.")],
    end: Annotated[str, typer.Option("--to", help="Until when.")],
    asked: Annotated[str, typer.Option(help="What was asked, in their words.")] = "What is stored of me",
    basis: Annotated[str, typer.Option(help="Legal basis.")] = "GDPR Art. 15",
    days: Annotated[int, typer.Option(min=1, max=3650, help="Days to answer in.")] = 30,
) -> None:
    """Write a request down: its footage is held from now on, and a second person is asked."""
    with sentences(), archive_of_site() as archive:
        zone = zone_of(archive.settings)
        command = OpenDisclosure(
            authority=name,
            legal_basis=basis,
            reference="",
            asked=asked,
            camera_ids=tuple(_camera_id(archive, number) for number in camera),
            from_utc_s=_moment(begin, zone),
            to_utc_s=_moment(end, zone),
            due_utc_s=time.time() + days * _DAY_S,
            kind=DisclosureKind.SUBJECT,
        )
        archive.journal.apply(command, archive.actor)
        ask = RequestApproval(ApprovalKind.DISCLOSURE, command.new_disclosure_id, basis)
        archive.journal.apply(ask, archive.actor)
        found = next(d for d in archive.journal.disclosures() if d.id == command.new_disclosure_id)
        typer.echo(found.number)


@subject_app.command("tracks")
def subject_tracks(
    number: Number,
    pictures: Annotated[Path | None, typer.Option(help="Folder for a picture of each track.")] = None,
) -> None:
    """Stored tracks of a request's cameras and time, numbered for `make --track`. Looking is written down."""
    with sentences(), archive_of_site() as archive:
        file = _file_of(archive, number)
        index = SegmentIndex(archive.folders.footage_index)
        try:
            tracks = SubjectTracks(archive, index)
            for place, row in enumerate(tracks.rows(file.disclosure, archive.actor), start=1):
                typer.echo(_line(archive, place, row))
                jpeg = tracks.picture(file.disclosure, row, archive.actor) if pictures is not None else b""
                if pictures is not None and jpeg:
                    write_new(make_folder(pictures) / f"{file.disclosure.number}-track-{place:03d}.jpg", jpeg)
        finally:
            index.close()


@subject_app.command("make")
def subject_make(
    number: Number,
    out: Annotated[Path, typer.Option(help="The package, a ZIP file, to write.")],
    track: Annotated[list[int] | None, typer.Option(help="Number in `tracks` of one that is theirs; repeat.")] = None,
    incident: Annotated[list[str] | None, typer.Option(help="Incident that they were part of; repeat.")] = None,
) -> None:
    """Make the package, when a second person said yes: view copies, the letter, and what is stored as JSON."""
    from app.package_desk import PackageDesk  # numpy, Pillow and PyAV: not at start

    with sentences(), archive_of_site() as archive:
        file = _approved(archive, _file_of(archive, number))
        index = SegmentIndex(archive.folders.footage_index)
        try:
            choice = SubjectChoice(_chosen(archive, index, file, track or []), tuple(incident or []))
            file = DisclosureFile(file.disclosure, file.approval, file.package, choice)
            maker = PackageDesk(archive, index).of_disclosure
            typer.echo(packed(archive.journal, maker, file, out.absolute(), "", archive.actor))
        finally:
            index.close()


def _chosen(archive: Archive, index: SegmentIndex, file: DisclosureFile, places: list[int]) -> tuple[OwnTrack, ...]:
    if not places:
        return ()
    tracks = SubjectTracks(archive, index)
    rows = tracks.rows(file.disclosure, archive.actor)
    for place in places:
        if not 1 <= place <= len(rows):
            raise AppError(AppCode.BAD_RECORD, name=str(place), known=f"1 ... {len(rows)}")
    return tuple(rows[place - 1].track for place in places)


def _approved(archive: Archive, file: DisclosureFile) -> DisclosureFile:
    """The step that the second person's yes allows, where it was not taken yet."""
    disclosure = file.disclosure
    if disclosure.state is not DisclosureState.RECEIVED or not file.granted or file.approval is None:
        return file
    move = MoveDisclosure(disclosure.id, disclosure.version, DisclosureState.APPROVED, approval_id=file.approval.id)
    archive.journal.apply(move, archive.actor)
    return _file_of(archive, disclosure.number)


def _file_of(archive: Archive, number: str) -> DisclosureFile:
    """A person's request. Raises AppError(BAD_RECORD)."""
    every = disclosure_files(archive.journal, open_only=False)
    files = [f for f in every if f.disclosure.kind is DisclosureKind.SUBJECT]
    found = next((f for f in files if number in (f.disclosure.number, f.disclosure.id)), None)
    if found is None:
        known = ", ".join(f.disclosure.number for f in files) or "-"
        raise AppError(AppCode.BAD_RECORD, name=number, known=known)
    return found


def _line(archive: Archive, place: int, row: TrackRow) -> str:
    cameras = {camera.id: f"{camera.number} {camera.name}" for camera in archive.registry.cameras}
    zone = zone_of(archive.settings)
    begin, end = (utc_text(at, zone, timespec="milliseconds") for at in (row.track.first_utc_s, row.last_utc_s))
    camera = cameras.get(row.track.camera_id, row.track.camera_id)
    return f"{place}\t{camera}\t{begin}\t{end}\t{object_name(row.label)}"


def _camera_id(archive: Archive, number: int) -> str:
    found = next((camera.id for camera in archive.registry.cameras if camera.number == number), None)
    if found is None:
        known = ", ".join(str(camera.number) for camera in archive.registry.cameras)
        raise AppError(AppCode.BAD_RECORD, name=_("camera {number}").format(number=number), known=known)
    return found


def _moment(text: str, zone: ZoneInfo) -> float:
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError, OSError) as error:
        raise AppError(AppCode.BAD_RECORD, name=text, known="2026-11-20 14:00") from error
