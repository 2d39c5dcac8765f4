"""Command line over the people of this site: `main.py operator add|list|remove|password`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from app.archive import Archive
from app.i18n import _
from app.labels import label_of
from app.sentences import sentences
from app.site import archive_of_site
from storage.commands import PutOperator, RemoveRecord
from storage.errors import StorageCode, StorageError
from storage.passwords import LEAST_LETTERS, sealed
from storage.people_commands import SetPassword
from storage.records import Operator, Role, new_id

operator_app = typer.Typer(help="People of this site: add, list, remove, give a password.")

_SERVED = frozenset({Role.SERVICE})
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="UTC day.")]
Who = Annotated[str, typer.Argument(help="Name or id.")]


@operator_app.command("add")
def operator_add(
    name: str,
    role: Annotated[Role, typer.Option(help="What they may do.")] = Role.OPERATOR,
    first_day: Day = None,
    last_day: Day = None,
    group: Annotated[list[str] | None, typer.Option(help="Camera group; repeat for more. None: all cameras.")] = None,
) -> None:
    """Add somebody; they can sign in as soon as they have a password."""
    with sentences(), archive_of_site() as archive:
        taken = {o.name.casefold() for o in archive.registry.operators}
        if role in _SERVED or not name.strip() or name.strip().casefold() in taken:
            raise StorageError(StorageCode.BAD_VALUE, field="name" if role not in _SERVED else "role", value=name)
        operator = Operator(
            new_id(), name.strip(), role, _start_of(first_day), _end_of(last_day), _groups(archive, group or [])
        )
        archive.journal.apply(PutOperator(operator), archive.actor)
    typer.echo(f"{operator.id}\t{operator.name}\t{operator.role.value}")


@operator_app.command("list")
def operator_list() -> None:
    """People of this site, their role, and whether they have a password."""
    with sentences(), archive_of_site() as archive:
        for operator in archive.registry.operators:
            if operator.role not in _SERVED:
                typer.echo("\t".join((operator.id, operator.name, label_of(operator.role), _state(archive, operator))))


@operator_app.command("remove")
def operator_remove(who: Who) -> None:
    """Take somebody out of use; what they did stays in the journal."""
    with sentences(), archive_of_site() as archive:
        archive.journal.apply(RemoveRecord("operators", _operator(archive, who).id), archive.actor)


@operator_app.command("password")
def operator_password(
    who: Annotated[str, typer.Argument(help="Name or id; without it your own.")] = "",
) -> None:
    """Set a password: typed twice, or one line of the standard input. Somebody else's is a temporary one."""
    with sentences(), archive_of_site() as archive:
        operator = _operator(archive, who or archive.actor.id)
        phc = sealed(_asked(operator.name))
        archive.journal.apply(SetPassword(operator.id, phc), archive.actor)
        stored = archive.journal.password(operator.id)
    if stored is not None and stored.temporary:
        typer.echo(_("{name} has a temporary password, to be changed at the next login.").format(name=operator.name))
    else:
        typer.echo(_("{name} has a new password.").format(name=operator.name))


def _asked(name: str) -> str:
    """Never an argument: those are seen by everybody on the machine."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    text = _("Password of {name} (at least {least} letters)").format(name=name, least=LEAST_LETTERS)
    found: str = typer.prompt(text, hide_input=True, confirmation_prompt=True)
    return found


def _operator(archive: Archive, who: str) -> Operator:
    people = [o for o in archive.registry.operators if o.role not in _SERVED]
    found = [o for o in people if o.id == who] or [o for o in people if o.name.casefold() == who.casefold()]
    if len(found) != 1:
        raise StorageError(StorageCode.NOT_FOUND, subject=who)
    return found[0]


def _groups(archive: Archive, names: list[str]) -> tuple[str, ...]:
    ids = {g.id: g.id for g in archive.registry.camera_groups}
    ids |= {g.name: g.id for g in archive.registry.camera_groups}
    unknown = [name for name in names if name not in ids]
    if unknown:
        raise StorageError(StorageCode.NOT_FOUND, subject=unknown[0])
    return tuple(dict.fromkeys(ids[name] for name in names))


def _state(archive: Archive, operator: Operator) -> str:
    stored = archive.journal.password(operator.id)
    if stored is None:
        return _("no password")
    return _("temporary password") if stored.temporary else _("password")


def _start_of(day: datetime | None) -> float | None:
    return None if day is None else day.replace(tzinfo=UTC).timestamp()


def _end_of(day: datetime | None) -> float | None:
    """The last day belongs to them."""
    return None if day is None else day.replace(tzinfo=UTC).timestamp() + 86400.0
