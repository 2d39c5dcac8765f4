"""`main.py record list|put|remove`: the site's own categories, outcomes, services, deadlines, procedures and so on."""

from __future__ import annotations

from typing import Annotated

import typer

from app.errors import AppCode, AppError
from app.record_forms import KINDS, kind_of, made, texts_of
from app.record_names import RecordNames
from app.rule_try_command import put_out_of_use, put_tried
from app.sentences import sentences
from app.site import archive_of_site
from app.site_time import zone_of
from storage.commands import PutRecord, RemoveRecord
from storage.tried_rules import TRIED

record_app = typer.Typer(help="The site's vocabulary: categories, outcomes, services, deadlines, procedures ...")

Kind = Annotated[str, typer.Argument(help=", ".join(KINDS))]


@record_app.command("list")
def list_records(kind: Kind) -> None:
    """Every record of a kind that is in use, a field per column."""
    with sentences():
        kind_of(kind)
        with archive_of_site() as archive:
            for record in getattr(archive.registry, kind):
                typer.echo("\t".join(f"{name}={text}" for name, text in texts_of(record).items()))


@record_app.command("put")
def put_record(
    kind: Kind, values: Annotated[list[str], typer.Argument(help="id=police3 name=District 3 phone=102 ...")]
) -> None:
    """Add or change a record; fields that are not named stay as they are. Others are named by id, name or number."""
    with sentences():
        typed = dict(_pair(value) for value in values)
        record_kind = kind_of(kind)
        with archive_of_site() as archive:
            given = RecordNames(archive.registry, zone_of(archive.settings)).read(kind, typed)
            records = getattr(archive.registry, kind)
            found = next((r for r in records if getattr(r, "id", None) == given.get("id")), None)
            texts = {**(texts_of(found) if found is not None else {}), **given}
            record = made(record_kind, texts)
            if isinstance(record, TRIED):
                put_tried(archive, record)
            else:
                archive.journal.apply(PutRecord(record), archive.actor)


@record_app.command("remove")
def remove_record(kind: Kind, record_id: Annotated[str, typer.Argument(help="Its id.")]) -> None:
    """Take a record out of use; its history stays."""
    with sentences():
        kind_of(kind)
        with archive_of_site() as archive:
            found = next((r for r in getattr(archive.registry, kind) if getattr(r, "id", None) == record_id), None)
            if isinstance(found, TRIED):
                put_out_of_use(archive, found)
            else:
                archive.journal.apply(RemoveRecord(kind, record_id), archive.actor)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise AppError(AppCode.BAD_RECORD, name=text, known="name=value")
    return name.strip(), value
