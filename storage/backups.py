"""Copies of the journal: their names and how many stay, and putting one back. Owns the files; knows no clock but names.

A copy is written beside (`.new`), verified by the caller, and only then gets its name, so that what bears one was
whole when it was made; one that was not is kept as `.bad`. Putting back never deletes: the replaced file stays beside.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from storage import database, driver
from storage.checkpoints import OutsideCheckpoint, read_outside, set_aside
from storage.database import SIDE_FILES
from storage.durable import make_folder, sync_file, sync_folder, typed_errors
from storage.errors import StorageCode, StorageError
from storage.journal import Verification
from storage.journal_keys import JournalKeys
from storage.recoding import recode
from storage.records import new_id
from storage.schema import meta
from storage.statements import row_by_id
from storage.verification import verify_file

_STAMP = "%Y%m%d-%H%M%S"
_PREFIX, _SUFFIX, _NEW, _BAD = "journal-", ".db", ".new", ".bad"


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy that was whole when it was made."""

    path: Path
    at_utc_s: float


@dataclass(frozen=True, slots=True)
class Restored:
    """What putting a copy back did. `lost_from_seq` is None when no signed checkpoint elsewhere is newer than the copy;
    else the changes from that number to `lost_to_seq`, signed at `signed_utc_s`, are not in it."""

    replaced: Path | None
    seq: int
    lost_from_seq: int | None = None
    lost_to_seq: int | None = None
    signed_utc_s: float | None = None
    erased_again: int = 0


def new_path(folder: Path, at_utc_s: float) -> Path:
    """Where to write a copy that is to be verified."""
    stamp = datetime.fromtimestamp(at_utc_s, UTC).strftime(_STAMP)
    return make_folder(folder) / f"{_PREFIX}{stamp}{_SUFFIX}{_NEW}"


def accept(path: Path) -> Backup:
    """The copy was found whole: give it its name."""
    target = path.with_name(path.name.removesuffix(_NEW))
    with typed_errors(path):
        path.replace(target)
        sync_folder(path.parent)
    return Backup(target, _at_utc_s(target) or 0.0)


def reject(path: Path) -> Path:
    """The copy is not whole: keep it to be looked at, under a name that nobody takes for a good one."""
    target = path.with_name(path.name.removesuffix(_NEW) + _BAD)
    with typed_errors(path):
        path.replace(target)
    return target


def backups(folder: Path) -> list[Backup]:
    """Those of a folder, newest first."""
    found = [(path, _at_utc_s(path)) for path in folder.glob(f"{_PREFIX}*{_SUFFIX}")]
    return sorted((Backup(p, t) for p, t in found if t is not None), key=lambda b: b.at_utc_s, reverse=True)


def prune(folder: Path, keep: int) -> list[Path]:
    """Delete all but the newest `keep` copies, and what an interrupted run left unfinished; says which."""
    going = [backup.path for backup in backups(folder)[max(keep, 1) :]]
    going += sorted(folder.glob(f"{_PREFIX}*{_SUFFIX}{_NEW}*"))
    with typed_errors(folder):
        for path in going:
            path.unlink(missing_ok=True)
    return going


def restore(
    source: Path,
    target: Path,
    *,
    checkpoints: Path | None = None,
    reapply: Callable[[Path], int] | None = None,
    force: bool = False,
    stamp: str = "",
    keys: JournalKeys | None = None,
) -> Restored:
    """Put a copy in the journal's place. The copy is verified first; the replaced file stays beside as
    `<name>.replaced-...`; lines elsewhere that speak of later changes are set aside in their folder. `reapply` is
    called with the journal before it may be opened: it erases again what was erased after the copy was made. Where the
    site encrypts (`keys`), a plain copy is encrypted on its way.

    Raises NOT_FOUND, NOT_A_JOURNAL, NEWER_JOURNAL, KEY_MISSING, NO_CIPHER, DAMAGED and NOT_WHOLE for the copy (DAMAGED
    and NOT_WHOLE unless `force`), IN_USE while a program has the journal open, DISK_FULL, READ_ONLY."""
    if source.resolve() == target.resolve():
        raise StorageError(StorageCode.BAD_VALUE, field="file", path=str(source))
    found = _verified(source, keys, force=force)
    make_folder(target.parent)
    release(target, keys)
    temporary = _copied(source, target, keys)
    try:
        erased = 0 if reapply is None else reapply(temporary)
        release(target, keys)  # again: somebody may have started it meanwhile
        replaced = _moved_aside(target, stamp or new_id())
        with typed_errors(target):
            temporary.replace(target)
            sync_folder(target.parent)
    finally:
        _remove(temporary)
    later = _later(target, found.entries, checkpoints, keys) if found.entries else []
    if checkpoints is not None and later:
        set_aside(checkpoints, journal_id(target, keys), found.entries)
    if not later:
        return Restored(replaced, found.entries, erased_again=erased)
    newest = max(later, key=_seq)
    return Restored(
        replaced, found.entries, found.entries + 1, _seq(newest), float(newest.row.get("at_utc_s") or 0.0), erased
    )


def release(path: Path, keys: JournalKeys | None = None) -> None:
    """Bring everything into the one file; one that is too damaged for it, or whose key is lost, is left as it is.
    Raises IN_USE while another program has it open: SQLite leaves WAL mode only for the last one."""
    if not path.exists():
        return
    try:
        key = database.key_for(path, keys)
    except StorageError as error:
        if error.code is not StorageCode.KEY_MISSING:
            raise
        return
    try:
        with contextlib.closing(driver.connect(path, timeout_s=1.0, key=key)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    except driver.ERRORS as error:
        known = database.translate(error, path)
        if known is None or known.code is StorageCode.BUSY:
            raise StorageError(StorageCode.IN_USE, path=str(path)) from error


def journal_id(path: Path, keys: JournalKeys | None = None) -> str:
    """The journal's own number, empty when it cannot be read."""
    key = database.key_for(path, keys)
    with contextlib.closing(database.connect_for_reading(path, key)) as connection, database.typed(path):
        row = row_by_id(meta).row(connection, {"row_key": "journal_id"})
    return str(row["value"]) if row else ""


def _at_utc_s(path: Path) -> float | None:
    text = path.name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
    try:
        return datetime.strptime(text, _STAMP).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def _verified(source: Path, keys: JournalKeys | None, *, force: bool) -> Verification:
    """Without the checkpoints elsewhere: a copy is older than they are, which is no fault of it."""
    try:
        found = verify_file(source, keys=keys)
    except StorageError as error:
        if error.code is not StorageCode.DAMAGED or not force:
            raise
        return Verification(0, 0, "", None, 0, ())
    if not found.ok and not force:
        raise StorageError(StorageCode.NOT_WHOLE, path=str(source), problems=len(found.problems))
    return found


def _copied(source: Path, target: Path, keys: JournalKeys | None) -> Path:
    """A copy through SQLite, so that a WAL beside the source is not forgotten; a damaged file is copied as it is."""
    temporary = target.with_name(f".{target.name}.{new_id()}.part")
    with typed_errors(target):
        if shutil.disk_usage(target.parent).free < source.stat().st_size:
            raise StorageError(StorageCode.DISK_FULL, path=str(target))
    try:
        _copy(source, temporary, keys)
        with typed_errors(target):
            sync_file(temporary)
    except BaseException:
        _remove(temporary)
        raise
    return temporary


def _copy(source: Path, temporary: Path, keys: JournalKeys | None) -> None:
    try:
        key = database.key_for(source, keys)
        with contextlib.closing(database.connect_for_reading(source, key)) as connection:
            database.copy_to(connection, temporary)
        if keys is not None and keys.active is not None and not database.is_encrypted(temporary):
            recode(temporary, keys, keys.active)
    except StorageError as error:
        if error.code is not StorageCode.DAMAGED:
            raise
        _remove(temporary)
        with typed_errors(temporary):
            shutil.copyfile(source, temporary)


def _remove(temporary: Path) -> None:
    for name in ("", *SIDE_FILES):
        temporary.with_name(temporary.name + name).unlink(missing_ok=True)


def _moved_aside(target: Path, stamp: str) -> Path | None:
    if not target.exists():
        return None
    aside = target.with_name(f"{target.name}.replaced-{stamp}")
    with typed_errors(target):
        for name in ("", *SIDE_FILES):
            file = target.with_name(target.name + name)
            if file.exists():
                file.replace(aside.with_name(aside.name + name))
    return aside


def _later(path: Path, seq: int, checkpoints: Path | None, keys: JournalKeys | None) -> list[OutsideCheckpoint]:
    if checkpoints is None:
        return []
    return [copy for copy in read_outside(checkpoints).get(journal_id(path, keys), []) if _seq(copy) > seq]


def _seq(copy: OutsideCheckpoint) -> int:
    seq = copy.row.get("seq")
    return seq if isinstance(seq, int) else 0
