"""Makes an encrypted journal of a plain one, the other way round, or one with another key: a copy, verified, that then
takes the file's place in one step. The file is this process's alone meanwhile. Reads and writes files only; who may do
it, and the entry about it, are the caller's.

The plain file that was replaced is overwritten before it is deleted. On a disk with wear levelling (SSD), on file
systems that copy on write and in snapshots its old blocks may stay readable all the same.
"""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import shutil
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from storage import database, driver
from storage.database import SIDE_FILES
from storage.driver import Connection
from storage.durable import sync_file, sync_folder, typed_errors
from storage.errors import StorageCode, StorageError
from storage.journal import Verification
from storage.journal_keys import JournalKey, JournalKeys
from storage.ledger import read_head
from storage.records import new_id
from storage.schema import APPLICATION_ID
from storage.verification import verify_connection, verify_file

log = logging.getLogger(__name__)

_BLOCK_BYTES = 1024 * 1024
_ASIDE = ".recoded-"
_ID_AT = 68
"""Where a plain SQLite file has its application id."""


@dataclass(frozen=True, slots=True)
class Recoded:
    """`found`: the verification of the copy, the same as that of the original, whatever it had named before."""

    found: Verification
    key: JournalKey | None


def recode(path: Path, keys: JournalKeys, key: JournalKey | None) -> None:
    """Bring a copy that nobody uses under `key`, which `keys` must hold (None: plain); a plain original is wiped.
    Raises IN_USE, DISK_FULL, DAMAGED, READ_ONLY, KEY_MISSING, NO_CIPHER; the file is then as it was."""
    plain = not database.is_encrypted(path)
    with _recoded(path, keys, key) as (source, temporary):
        source.close()
        aside = _put(temporary, path)
    _forget(aside, plain=plain)


def recode_journal(
    path: Path, keys: JournalKeys, key: JournalKey | None, note: Callable[[Path], object] = lambda _path: None
) -> Recoded:
    """Bring the site's journal under `key`, which becomes (None: no key is any more) the one of new files. `note` is
    called with the copy when it was verified, to write down who did it. Raises as `recode`, and what `note` raises."""
    if key is not None:
        keys.add(key)
    plain = not database.is_encrypted(path)
    with _recoded(path, keys, key) as (source, temporary):
        found = _compared(source, temporary, keys)
        note(temporary)
        sync_file(temporary)
        written_ns = path.stat().st_mtime_ns
        if os.name == "nt":
            source.close()
        aside = _put(temporary, path)
    if key is not None:
        keys.add(key)  # whoever put an older key file back meanwhile: this one is needed from now on
    keys.activate(None if key is None else key.id)
    if aside.stat().st_mtime_ns != written_ns:  # a program got hold of it at the last moment, and what it wrote is here
        raise StorageError(StorageCode.IN_USE, path=str(aside))
    _forget(aside, plain=plain)
    return Recoded(found, key)


def wipe(path: Path) -> None:
    """Overwrite a file once with noise and delete it; where it has another name as well, only this name goes."""
    with typed_errors(path):
        if path.stat().st_nlink == 1:
            left = path.stat().st_size
            with path.open("r+b", buffering=0) as file:
                while left > 0:
                    left -= file.write(secrets.token_bytes(min(left, _BLOCK_BYTES)))
                os.fsync(file.fileno())
        path.unlink()
        sync_folder(path.parent)


def wipe_left(path: Path) -> list[Path]:
    """What a power cut left of a plain journal that had been replaced already; `path` is the encrypted one."""
    left = left_plain(path)
    for file in left:
        wipe(file)
    return left


def left_plain(path: Path) -> list[Path]:
    """What `wipe_left` would overwrite. It may be another name of the journal's own file: to be asked while this
    process does not have that open (`database.key_for`)."""
    return [file for file in path.parent.glob(f"{path.name}{_ASIDE}*") if is_plain_journal(file)]


def plain_copies(folders: Iterable[Path]) -> list[Path]:
    """Files of journals in the clear in these folders: backups, those kept aside, those from before a migration."""
    files = {file for folder in folders if folder.is_dir() for file in folder.iterdir() if file.is_file()}
    return sorted(file for file in files if is_plain_journal(file))


def is_plain_journal(path: Path) -> bool:
    """Whether a file is a journal of ours in the clear, or a part of one."""
    with typed_errors(path), path.open("rb") as file:
        begin = file.read(_ID_AT + 4)
    return begin.startswith(database.MAGIC) and begin[_ID_AT:] == struct.pack(">I", APPLICATION_ID)


@contextlib.contextmanager
def _recoded(path: Path, keys: JournalKeys, key: JournalKey | None) -> Iterator[tuple[Connection, Path]]:
    """The file, open and this process's alone, and a copy of it under `key` that goes unless it gets another name."""
    temporary = path.with_name(f".{path.name}.{new_id()}.part")
    with typed_errors(path):
        if shutil.disk_usage(path.parent).free < path.stat().st_size:
            raise StorageError(StorageCode.DISK_FULL, path=str(path))
    with contextlib.closing(_alone(path, keys)) as source:
        try:
            with database.typed(path):
                driver.export(source, temporary, key)
            with typed_errors(path):
                sync_file(temporary)
            yield source, temporary
        finally:
            for name in ("", *SIDE_FILES):
                temporary.with_name(temporary.name + name).unlink(missing_ok=True)


def _alone(path: Path, keys: JournalKeys) -> Connection:
    try:
        with database.typed(path):
            return driver.connect_alone(path, database.key_for(path, keys))
    except StorageError as error:
        if error.code is not StorageCode.BUSY:
            raise
        raise StorageError(StorageCode.IN_USE, path=str(path)) from error


def _compared(source: Connection, copy: Path, keys: JournalKeys) -> Verification:
    """What is named of the copy must have been so before. Raises DAMAGED."""
    found = verify_file(copy, keys=keys)
    with database.typed(copy):
        same = (found.entries, found.head) == read_head(source)
        if same and not found.ok:
            source.execute("BEGIN")
            same = verify_connection(source).problems == found.problems
            source.execute("COMMIT")
    if not same:
        raise StorageError(StorageCode.DAMAGED, path=str(copy), cause="the copy is not like the original")
    return found


def _forget(aside: Path, *, plain: bool) -> None:
    if plain:
        wipe(aside)
    else:
        aside.unlink()


def _put(temporary: Path, path: Path) -> Path:
    """In one step, so that there is a journal at any time; the old one's other name."""
    aside = path.with_name(f"{path.name}{_ASIDE}{new_id()}")
    with typed_errors(path):
        try:
            aside.hardlink_to(path)
        except (NotImplementedError, PermissionError):  # exFAT knows no hard links
            path.replace(aside)
        temporary.replace(path)
        sync_folder(path.parent)
    return aside
