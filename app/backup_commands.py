"""`main.py backup` and `main.py restore`: copies of this site's journal by hand. Need no wall."""

from __future__ import annotations

import contextlib
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app.backups import backup_folder
from app.errors import AppCode, AppError
from app.i18n import _
from app.sentences import sentences
from app.site import site_plan
from storage import database
from storage.backups import Restored, accept, new_path, prune, reject, restore
from storage.erasure_register import reapply_to_file
from storage.errors import StorageCode, StorageError
from storage.journal_keys import JournalKeys
from storage.keys import SigningKey
from storage.verification import verify_file


def add_to(app: typer.Typer) -> None:
    """Register this module's commands."""
    app.command("backup")(backup)
    app.command("restore")(restore_backup)


def backup(
    out: Annotated[Path | None, typer.Option(help="File to write; else one in the backup folder.")] = None,
) -> None:
    """Copy this site's journal, also while it is in use, and verify the copy. Exit code 5: the copy is not intact."""
    with sentences():
        plan = site_plan(None)
        folder = backup_folder(plan.folders, plan.settings.backup)
        source, keys = plan.folders.journal, JournalKeys(plan.folders.journal_keys)
        if not database.inspect(source, keys):
            raise StorageError(StorageCode.NOT_FOUND, path=str(source))
        if out is not None and out.resolve() == source.resolve():
            raise StorageError(StorageCode.BAD_VALUE, field="out", path=str(out))
        path = new_path(folder, time.time()) if out is None else out.with_name(f".{out.name}.new")
        path.unlink(missing_ok=True)
        file_key = database.key_for(source, keys)
        with contextlib.closing(database.connect_for_reading(source, file_key)) as connection:
            database.copy_to(connection, path)
        found = verify_file(path, keys=keys)
        if not found.ok:
            raise AppError(AppCode.NOT_INTACT, path=str(reject(path)))
        if out is None:
            written = accept(path).path
            prune(folder, plan.settings.backup.keep)
        else:
            written = path.replace(out)
        typer.echo(f"{written}\t{found.rows} rows, {found.entries} entries, {written.stat().st_size} bytes")


def restore_backup(
    file: Annotated[Path, typer.Argument(help="A backup of this journal.")],
    force: Annotated[bool, typer.Option("--force", help="Also a copy that is not intact.")] = False,
) -> None:
    """Put a backup in the place of this site's journal; the replaced file stays beside it."""
    with sentences():
        plan = site_plan(None)
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        keys = JournalKeys(plan.folders.journal_keys)
        key = SigningKey.load(plan.folders.signing_key) if plan.folders.signing_key.exists() else None
        done = restore(
            file,
            plan.folders.journal,
            checkpoints=plan.folders.checkpoints,
            reapply=lambda path: reapply_to_file(path, plan.folders.checkpoints, time.time, key, keys),
            force=force,
            stamp=stamp,
            keys=keys,
        )
        for line in said(done):
            typer.echo(line)


def said(done: Restored) -> list[str]:
    """What an administrator has to know after it."""
    lines = [_("The backup was put back; it ends at change {seq}.").format(seq=done.seq)]
    if done.replaced is not None:
        lines.append(_("The replaced journal was kept as {path}.").format(path=done.replaced))
    if done.lost_from_seq is not None:
        at = datetime.fromtimestamp(done.signed_utc_s or 0.0, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        lines.append(
            _(
                "The backup is older than the newest signed checkpoint ({at}): changes {first} to {last} are not in it."
                " They are in the replaced journal only; write down that it was put back, and why."
            ).format(at=at, first=done.lost_from_seq, last=done.lost_to_seq)
        )
    if done.erased_again:
        lines.append(_("{count} erasures that came after the backup were made again.").format(count=done.erased_again))
    return lines
