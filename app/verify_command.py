"""`main.py verify`: whether a journal file is whole. Needs no wall, no key and no open journal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.errors import AppCode, AppError
from app.i18n import _
from app.sentences import sentences
from app.verifier import home_key
from storage.errors import StorageCode, StorageError
from storage.folders import Folders
from storage.journal_keys import JournalKeys
from storage.settings import load
from storage.verification import verify_file

_KEY_DIGITS = 64


def verify(
    path: Annotated[Path, typer.Argument(help="A journal file.")],
    evidence: Annotated[Path | None, typer.Option(help="Evidence folder; of this site's journal it is known.")] = None,
    key: Annotated[list[str] | None, typer.Option(help="Fingerprint of a signer to trust; repeat for more.")] = None,
    keys: Annotated[Path | None, typer.Option(help="Key file of an encrypted journal from another site.")] = None,
) -> None:
    """Check a journal: chain, digests, rows against their history, checkpoints. Exit code 5: altered."""
    with sentences():
        folders = Folders.find()
        folders = folders.with_data(load(folders.settings).paths.data)
        at_home = path.resolve() == folders.journal.resolve()
        if evidence is None and at_home and folders.evidence.is_dir():
            evidence = folders.evidence
        if evidence is not None and not evidence.is_dir():
            raise StorageError(StorageCode.NOT_FOUND, path=str(evidence))
        result = verify_file(
            path,
            checkpoints=folders.checkpoints,
            evidence=evidence,
            trusted_keys=[_identifier(text) for text in key] if key else None,
            at_home=at_home,
            home_key=home_key(folders) if at_home else None,
            keys=JournalKeys(keys or folders.journal_keys),
        )
        typer.echo(
            f"{result.rows} rows, {result.entries} entries, {result.checkpoints} checkpoints, head {result.head}"
        )
        typer.echo(f"key {result.key_fingerprint or _('unknown')}")
        if result.erased:
            typer.echo(f"{result.erased} erased")
        for problem in result.problems:
            field = f".{problem.field}" if problem.field else ""
            typer.echo(f"ALTERED {problem.table}{field} {problem.row_id}: {problem.what}", err=True)
        if not result.ok:
            raise AppError(AppCode.NOT_INTACT, path=str(path))
    typer.echo("ok")


def _identifier(fingerprint: str) -> str:
    """A key's id from its fingerprint as it is printed (groups of four) or copied. Raises BAD_USAGE."""
    text = "".join(fingerprint.split()).lower()
    if len(text) != _KEY_DIGITS or any(c not in "0123456789abcdef" for c in text):
        raise AppError(AppCode.BAD_USAGE, field="key")
    return text
