"""`main.py erase` and `main.py retention`: what goes by law or by its day. Needs no wall."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer

from app.archive import Archive
from app.erasing import Eraser
from app.errors import AppCode, AppError
from app.i18n import _
from app.retention import Retention, retention_of
from app.sentences import sentences
from app.site import archive_of_site
from storage.errors import StorageCode, StorageError
from storage.release_commands import EraseSubject

erase_app = typer.Typer(help="Lawful erasure: an incident, an operator who left, a disclosure, a lookout, a note.")
retention_app = typer.Typer(help="Retention of journal data: what will go, and when.")

Basis = Annotated[str, typer.Option(help="The law that it is erased by, like `Art. 17 (1) GDPR`.")]
Reason = Annotated[str, typer.Option(help="Why; stays in the journal for ever, so name nobody.")]
Approval = Annotated[str, typer.Option(help="Id of the second person's approval.")]


@erase_app.command("incident")
def erase_incident(
    incident: Annotated[str, typer.Argument(help="Number (2026-000001) or id.")],
    basis: Basis,
    reason: Reason,
    approval: Approval,
) -> None:
    """Erase a closed incident with its notes, alarms, pictures, hand-overs, packages and reports."""
    with sentences(), archive_of_site() as archive:
        try:
            subject_id = archive.journal.incident_file(incident).incident.id
        except StorageError as error:
            if error.code is StorageCode.NOT_FOUND:
                raise AppError(AppCode.UNKNOWN_INCIDENT, incident=incident) from error
            raise
        _erase(archive, EraseSubject("incidents", subject_id, basis, reason, approval))


@erase_app.command("subject")
def erase_other(
    subject: Annotated[str, typer.Argument(help="operators, disclosures, lookouts, notes or alarms.")],
    subject_id: Annotated[str, typer.Argument(help="Its id.")],
    basis: Basis,
    reason: Reason,
    approval: Approval,
) -> None:
    """Erase something else that is finished, by its id."""
    with sentences(), archive_of_site() as archive:
        _erase(archive, EraseSubject(subject, subject_id, basis, reason, approval))


@erase_app.command("list")
def erase_list() -> None:
    """What was erased: when, what, by which law, by whom, how many rows."""
    with sentences(), archive_of_site() as archive:
        for done in archive.journal.erasures(1000):
            what = f"{done.subject} {done.subject_id}"
            typer.echo(f"{_day(done.at_utc_s)}\t{what}\t{done.legal_basis}\t{done.actor_id}\t{done.rows}")


@retention_app.command("list")
def retention_list() -> None:
    """What will go, before it goes. A legal hold on one keeps it."""
    with sentences(), _retention() as retention:
        for item in retention.listed():
            incident = item.candidate.incident
            kept = "\t" + _("held") if item.candidate.held else ""
            typer.echo(f"{_day(item.goes_utc_s)}\t{incident.number}\t{incident.category_id}{kept}")


@contextmanager
def _retention() -> Iterator[Retention]:
    with archive_of_site() as archive:
        yield retention_of(archive)


def _erase(archive: Archive, command: EraseSubject) -> None:
    done = Eraser(archive.journal, archive.store, archive.folders).erase(command, archive.actor)
    rows = next((e.rows for e in archive.journal.erasures(10) if e.subject_id == command.subject_id), 0)
    typer.echo(_("{rows} rows and {files} files were erased").format(rows=rows, files=done.files))
    if not done.clean:
        typer.echo(_("Something still reads the journal: remains go from the disk with the next erasure."), err=True)


def _day(utc_s: float) -> str:
    return f"{datetime.fromtimestamp(utc_s, UTC):%Y-%m-%d}"
