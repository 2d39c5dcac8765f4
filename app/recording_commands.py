"""`main.py recordings`: what there is, the index made again, and whether anything was altered. Needs no wall."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import typer

from app.archive import opened
from app.errors import AppCode, AppError
from app.fetch_commands import fetch
from app.i18n import _
from app.index_repair import set_aside
from app.recording import recordings_folders
from app.sentences import sentences
from app.site import site_plan
from storage import footage_scan
from storage.errors import StorageCode, StorageError
from storage.footage_folders import FootageFolders
from storage.segments import SegmentIndex

recordings_app = typer.Typer(help="Recordings of this site: list, make the index again, verify, fetch what is missing.")
recordings_app.command("fetch")(fetch)


@recordings_app.command("list")
def list_recordings() -> None:
    """What is recorded, camera by camera, and what is missing."""
    with sentences(), _index() as index:
        for camera_id in index.camera_ids():
            segments = index.between(camera_id, 0.0, 1e11)
            last = index.newest_utc_s(camera_id) or 0.0
            size = sum(segment.bytes for segment in segments)
            typer.echo(f"{camera_id}\t{_span(segments[0].from_utc_s, last)}\t{len(segments)}\t{size / 1e6:.1f} MB")
            for gap in index.gaps(camera_id, 0.0, last):
                typer.echo(f"  {_span(gap.from_utc_s, gap.to_utc_s)}\t{gap.reason.value}")


@recordings_app.command("rebuild")
def rebuild() -> None:
    """Make the index again from the files alone; not while something records."""
    with sentences():
        plan = site_plan(None)
        folders = FootageFolders(recordings_folders(plan.folders, plan.settings), known=plan.folders.known_recordings)
        try:
            _refuse_missing(folders)
            _set_aside_damaged(plan.folders.footage_index)
            with _index() as index:
                checked = footage_scan.rebuild(index, folders.paths)
        finally:
            folders.release()
        _show(checked)


@recordings_app.command("verify")
def verify() -> None:
    """Hold every closed recording against its hash, and the hashes against the journal. Exit code 5: altered."""
    with sentences(), _index() as index:
        plan = site_plan(None)
        with opened(plan.folders, plan.settings) as archive:
            digests = archive.journal.footage_digests()
        checked = footage_scan.verify(index, digests)
        _show(checked)
        if checked.findings:
            raise AppError(AppCode.FOOTAGE_NOT_INTACT)
    typer.echo("ok")


@contextlib.contextmanager
def _index() -> Iterator[SegmentIndex]:
    index = SegmentIndex(site_plan(None).folders.footage_index)
    try:
        yield index
    finally:
        index.close()


def _refuse_missing(folders: FootageFolders) -> None:
    """An index without one of the folders would forget what is there."""
    if folders.problem is not None:
        raise folders.problem


def _set_aside_damaged(path: Path) -> None:
    """A damaged index goes aside: the files have all that was in it but the reasons of gaps."""
    try:
        index = SegmentIndex(path)
    except StorageError as error:
        if error.code not in (StorageCode.DAMAGED, StorageCode.NOT_A_JOURNAL):
            raise
        set_aside(path)
    else:
        index.close()


def _show(checked: footage_scan.Checked) -> None:
    typer.echo(_("{count} recordings").format(count=checked.segments))
    for finding in checked.findings:
        typer.echo(f"{finding.flaw.value.upper()} {finding.path}", err=True)


def _span(from_utc_s: float, to_utc_s: float) -> str:
    begin, end = (datetime.fromtimestamp(at, UTC) for at in (from_utc_s, to_utc_s))
    return f"{begin:%Y-%m-%d %H:%M:%S} - {end:%Y-%m-%d %H:%M:%S} UTC"
