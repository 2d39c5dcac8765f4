"""`main.py journal`: whether this site's journal is encrypted as a whole, and making it so or not. Needs no wall."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from app.backups import backup_folder
from app.i18n import _
from app.sentences import sentences
from app.site import archive_of_site, site_plan
from storage import database
from storage.access import Permission, may
from storage.embedded_journal import open_journal
from storage.errors import StorageCode, StorageError
from storage.folders import Folders
from storage.journal_keys import JournalKey, JournalKeys
from storage.keys import SigningKey
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.recoding import plain_copies, recode, recode_journal, wipe_left
from storage.records import Actor
from storage.settings import Settings

journal_app = typer.Typer(help="Encryption of the journal's file as a whole (SQLCipher).")


@journal_app.command("status")
def journal_status() -> None:
    """Whether the journal is encrypted, with which key, and which copies of it lie in the clear."""
    with sentences():
        plan = site_plan(None)
        folders, keys = plan.folders, JournalKeys(plan.folders.journal_keys)
        if not folders.journal.exists():
            raise StorageError(StorageCode.NOT_FOUND, path=str(folders.journal))
        key = database.key_for(folders.journal, keys)
        typer.echo(f"{folders.journal}\t{_('plain') if key is None else _('encrypted')}")
        if key is not None:
            typer.echo(f"{keys.path}\t{key.id}")
        for path in _copies(folders, plan.settings, key):
            typer.echo(f"{path}\t{_('plain')}")


@journal_app.command("encrypt")
def encrypt_journal(
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Take a new key, also if it is encrypted already.")
    ] = False,
    copies: Annotated[bool, typer.Option("--copies", help="Encrypt the copies that lie in the clear too.")] = False,
) -> None:
    """Encrypt this site's journal; backups made from then on are encrypted too. The program must not run."""
    with sentences():
        folders, settings, actor, signing_key = _administrator()
        keys = JournalKeys(folders.journal_keys)
        was_plain = not database.is_encrypted(folders.journal)
        if was_plain or new_key:
            key = keys.active if keys.active is not None and not new_key else JournalKey.generate()
            note = _note(keys, signing_key, actor, f"encrypted with the key {key.id}")
            done = recode_journal(folders.journal, keys, key, note)
            said = _("The journal was encrypted and verified; its last change is {seq}.")
            typer.echo(said.format(seq=done.found.entries))
        else:
            key = _known_key(folders, keys)
            typer.echo(_("The journal is encrypted already."))
        _tell_key(keys)
        left = wipe_left(folders.journal)
        for path in left:
            typer.echo(_("A plain file of an interrupted run was overwritten and deleted: {path}").format(path=path))
        found = _copies(folders, settings, key)
        _settle_copies(found, keys, key, copies=copies)
        if was_plain or left or (found and copies):
            _tell_limits()


@journal_app.command("decrypt")
def decrypt_journal() -> None:
    """Make this site's journal a plain file again. The program must not run."""
    with sentences():
        folders, _settings, actor, signing_key = _administrator()
        keys = JournalKeys(folders.journal_keys)
        if not database.is_encrypted(folders.journal):
            keys.activate(None)
            typer.echo(_("The journal is a plain file already."))
            return
        done = recode_journal(folders.journal, keys, None, _note(keys, signing_key, actor, "decrypted"))
        typer.echo(
            _("The journal was decrypted and verified; its last change is {seq}.").format(seq=done.found.entries)
        )
        typer.echo(_("Keep the key file {path}: older backups need it.").format(path=keys.path))


@journal_app.command("take-keys")
def take_keys(file: Annotated[Path, typer.Argument(help="Key file of another site, or a copy of this one's.")]) -> None:
    """Add the keys of another key file to this site's, so that what they encrypted can be read and put back here."""
    with sentences():
        given, keys = JournalKeys(file), JournalKeys(site_plan(None).folders.journal_keys)
        if not file.is_file():
            raise StorageError(StorageCode.NOT_FOUND, path=str(file))
        keys.add(*(key for key_id in given.ids() if (key := given.find(key_id)) is not None))
        for key_id in keys.ids():
            typer.echo(f"{keys.path}\t{key_id}")


def _administrator() -> tuple[Folders, Settings, Actor, SigningKey]:
    """Who runs this, if they may. The journal is open only as long as this takes. Raises NOT_PERMITTED."""
    with archive_of_site() as archive:
        role = next((o.role for o in archive.registry.operators if o.id == archive.actor.id), None)
        if not may(role, Permission.ADMINISTER):
            raise StorageError(
                StorageCode.NOT_PERMITTED, actor=archive.actor.id, permission=Permission.ADMINISTER.value
            )
        return archive.folders, archive.settings, archive.actor, archive.key


def _note(keys: JournalKeys, signing_key: SigningKey, actor: Actor, detail: str) -> Callable[[Path], None]:
    """Writes into a copy who did it, so that the entry is there when the copy becomes the journal."""

    def write(path: Path) -> None:
        with contextlib.closing(open_journal(path, signing_key, keys=keys)) as journal:
            journal.apply(RecordAccess(AccessKind.ENCRYPTION, detail=detail), actor)

    return write


def _copies(folders: Folders, settings: Settings, key: JournalKey | None) -> list[Path]:
    """Plain copies beside an encrypted journal, and in the folder of backups."""
    if key is None:
        return []
    found = plain_copies([folders.journal.parent, backup_folder(folders, settings.backup)])
    return [path for path in found if path != folders.journal]


def _tell_key(keys: JournalKeys) -> None:
    typer.echo(
        _(
            "The key lies in {path}. Keep a copy of this file in another place, never with the backups: without it"
            " neither the journal nor a backup can be read, by nobody."
        ).format(path=keys.path)
    )


def _known_key(folders: Folders, keys: JournalKeys) -> JournalKey:
    """Of a journal that is encrypted already; backups of an interrupted run were to be encrypted with it."""
    key = database.key_for(folders.journal, keys)
    assert key is not None
    if keys.active is None:
        keys.activate(key.id)
    return key


def _settle_copies(paths: list[Path], keys: JournalKeys, key: JournalKey, *, copies: bool) -> None:
    for path in paths:
        if copies:
            recode(path, keys, key)
            typer.echo(_("Encrypted: {path}").format(path=path))
        else:
            typer.echo(_("This copy lies in the clear: {path}. Delete it, or give --copies.").format(path=path))


def _tell_limits() -> None:
    typer.echo(
        _(
            "Plain files were overwritten once and deleted. On an SSD, in snapshots and in what was copied elsewhere"
            " their words may still be readable: encrypt such disks as a whole, and destroy them when they leave."
        )
    )
