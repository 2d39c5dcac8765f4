"""Opens the journal's SQLite file: what may be opened, with which pragmas, and what its errors mean.

Every connection is in autocommit mode (transactions are written out) and belongs to one thread at a time.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

import psutil

from storage.durable import make_folder, sync_file, sync_folder, typed_errors
from storage.errors import StorageCode, StorageError
from storage.records import new_id
from storage.schema import APPLICATION_ID, SCHEMA_VERSION

BUSY_TIMEOUT_S = 5.0
JOURNAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024
QUICK_BYTES = 64 * 1024 * 1024
"""A journal up to this size is checked for damage when it is opened (less than 0.1 s)."""
SIDE_FILES = ("-wal", "-shm", "-journal")
_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_WAL_ATTEMPTS = 100
_WAL_PAUSE_S = 0.05
_STEP_PAGES = 4096
_CHECKED_STEPS = 100_000

# 9p is left out: sandboxes mount their local root with it.
NETWORK_FILE_SYSTEMS = frozenset(
    {
        "afpfs",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "davfs",
        "davfs2",
        "fuse.glusterfs",
        "fuse.rclone",
        "fuse.s3fs",
        "fuse.sshfs",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "smb2",
        "smb3",
        "smbfs",
        "webdav",
    }
)

_CODES = {
    sqlite3.SQLITE_FULL: StorageCode.DISK_FULL,
    sqlite3.SQLITE_READONLY: StorageCode.READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: StorageCode.READ_ONLY,
    sqlite3.SQLITE_PERM: StorageCode.READ_ONLY,
    sqlite3.SQLITE_AUTH: StorageCode.READ_ONLY,
    sqlite3.SQLITE_BUSY: StorageCode.BUSY,
    sqlite3.SQLITE_LOCKED: StorageCode.BUSY,
    sqlite3.SQLITE_CORRUPT: StorageCode.DAMAGED,
    sqlite3.SQLITE_NOTADB: StorageCode.NOT_A_JOURNAL,
    sqlite3.SQLITE_IOERR: StorageCode.DISK_FAILED,
    sqlite3.SQLITE_CONSTRAINT: StorageCode.BAD_VALUE,
    sqlite3.SQLITE_TOOBIG: StorageCode.BAD_VALUE,
    sqlite3.SQLITE_MISMATCH: StorageCode.BAD_VALUE,
}


class Partition(Protocol):
    """What `psutil.disk_partitions` says of one mounted file system."""

    @property
    def mountpoint(self) -> str:
        """Where it is mounted."""

    @property
    def fstype(self) -> str:
        """Its type."""

    @property
    def opts(self) -> str:
        """Its options; Windows says `remote` here."""


def _mounted() -> Iterable[Partition]:
    found: Iterable[Partition] = psutil.disk_partitions(all=True)
    return found


def translate(error: sqlite3.Error, path: Path | str = "") -> StorageError | None:
    """The typed failure behind a driver error, None for a bug of ours."""
    code = _CODES.get(getattr(error, "sqlite_errorcode", 0) & 0xFF)
    if undecodable(error):
        code = StorageCode.DAMAGED
    if code is None:
        return None
    name = str(getattr(error, "sqlite_errorname", ""))
    return StorageError(code, path=str(path), cause=name)


def undecodable(error: sqlite3.Error) -> bool:
    """Whether the driver met text that is not UTF-8 (its own error, without a code of SQLite's)."""
    return not hasattr(error, "sqlite_errorcode") and str(error).startswith("Could not decode to UTF-8")


@contextlib.contextmanager
def typed(path: Path | str = "") -> Iterator[None]:
    """Raise the StorageError behind a driver error; bugs pass as they are."""
    try:
        yield
    except sqlite3.Error as error:
        known = translate(error, path)
        if known is None:
            raise
        raise known from error


def refuse_network_path(path: Path, mounted: Callable[[], Iterable[Partition]] = _mounted) -> None:
    """Raise NETWORK_PATH for a file on a share: WAL needs memory shared by all who open it."""
    text = str(path.absolute())
    if text.startswith(("\\\\", "//")):
        raise StorageError(StorageCode.NETWORK_PATH, path=text, file_system="unc")
    holding = [p for p in mounted() if Path(text).is_relative_to(p.mountpoint)]
    if not holding:
        return
    nearest = max(holding, key=lambda p: len(p.mountpoint))
    if nearest.fstype.lower() in NETWORK_FILE_SYSTEMS or "remote" in nearest.opts.split(","):
        raise StorageError(StorageCode.NETWORK_PATH, path=text, file_system=nearest.fstype)


def inspect(path: Path) -> bool:
    """Whether `path` holds a journal that may be opened; False when it is still to be made. Changes nothing.

    Raises NOT_A_JOURNAL, NEWER_JOURNAL, DAMAGED, READ_ONLY."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER_BYTES)
        size = path.stat().st_size
    except FileNotFoundError:
        return False
    except (PermissionError, IsADirectoryError) as error:
        raise StorageError(StorageCode.READ_ONLY, path=str(path)) from error
    if not header:
        return False
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise StorageError(StorageCode.NOT_A_JOURNAL, path=str(path))
    _check_size(path, header, size)
    return _check_identity(path)


def _check_size(path: Path, header: bytes, size: int) -> None:
    page_bytes = struct.unpack(">H", header[16:18])[0]
    page_bytes = 65536 if page_bytes == 1 else page_bytes
    pages = struct.unpack(">I", header[28:32])[0]
    wal = path.with_name(path.name + "-wal")
    if page_bytes < 512 or page_bytes & (page_bytes - 1):
        raise StorageError(StorageCode.DAMAGED, path=str(path))
    if size < pages * page_bytes and not (wal.exists() and wal.stat().st_size):
        raise StorageError(StorageCode.DAMAGED, path=str(path))


def _check_identity(path: Path) -> bool:
    with contextlib.closing(connect_for_reading(path)) as connection, typed(path):
        application = connection.execute("PRAGMA application_id").fetchone()[0]
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not application and not tables:
        return False
    if application != APPLICATION_ID:
        raise StorageError(StorageCode.NOT_A_JOURNAL, path=str(path))
    if version > SCHEMA_VERSION:
        raise StorageError(StorageCode.NEWER_JOURNAL, path=str(path), version=version, known=SCHEMA_VERSION)
    return True


def connect_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that cannot change the file; also of a journal on a read-only medium."""
    uri = path.absolute().as_uri()
    connection = sqlite3.connect(f"{uri}?mode=ro", uri=True, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_CANTOPEN or path.with_name(path.name + "-wal").exists():
            raise translate(error, path) or error from error
        return sqlite3.connect(f"{uri}?immutable=1", uri=True, isolation_level=None, check_same_thread=False)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise translate(error, path) or error from error
    return connection


def connect(path: Path) -> sqlite3.Connection:
    """A connection of the writer. Raises READ_ONLY, DISK_FULL, BUSY."""
    with typed(path):
        connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False, cached_statements=256
        )
    try:
        with typed(path):
            _to_wal(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA journal_size_limit = {JOURNAL_SIZE_LIMIT_BYTES}")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection for queries of one thread; it can change nothing."""
    with typed(path):
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA query_only = ON")
    return connection


def refuse_damage(connection: sqlite3.Connection, path: Path) -> None:
    """Raise DAMAGED for a file whose pages do not fit together. A large one is left to the verification that comes
    after every start: nobody waits for it."""
    if path.stat().st_size > QUICK_BYTES:
        return
    with typed(path):
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if found != "ok":
        raise StorageError(StorageCode.DAMAGED, path=str(path), cause=readable(found))


def readable(text: object) -> str:
    """What SQLite says of damage, as text."""
    return text if isinstance(text, str) else repr(text)


def copy_to(connection: sqlite3.Connection, target: Path, stopped: Callable[[], bool] = lambda: False) -> None:
    """Copy what a connection sees into a new file that is one file, checked roughly. Raises DAMAGED, DISK_FULL,
    READ_ONLY, and CANCELLED soon after `stopped` says so; the caller removes what a failure leaves."""

    def look(_status: int = 0, _left: int = 0, _pages: int = 0) -> None:
        if stopped():
            raise StorageError(StorageCode.CANCELLED)

    with typed(target), contextlib.closing(sqlite3.connect(target)) as copy:
        _copy_in_steps(connection, copy, look)
        copy.execute("PRAGMA journal_mode = DELETE").fetchone()
        copy.set_progress_handler(lambda: int(stopped()), _CHECKED_STEPS)
        try:
            found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.OperationalError:
            look()
            raise
        if found != "ok":
            raise StorageError(StorageCode.DAMAGED, path=str(target))


def copy_whole(connection: sqlite3.Connection, target: Path, stopped: Callable[[], bool] = lambda: False) -> None:
    """`copy_to` beside `target`, then take its place, synced: what stands there is whole, or as it was before."""
    make_folder(target.parent)
    temporary = target.with_name(f".{target.name}.{new_id()}.part")
    try:
        copy_to(connection, temporary, stopped)
        with typed_errors(target):
            sync_file(temporary)
            temporary.replace(target)
            sync_folder(target.parent)
    finally:
        for name in ("", *SIDE_FILES):
            temporary.with_name(temporary.name + name).unlink(missing_ok=True)


def _copy_in_steps(connection: sqlite3.Connection, copy: sqlite3.Connection, look: Callable[..., None]) -> None:
    """One reading transaction around all steps: without it every write between two of them begins the copy anew."""
    if connection.in_transaction:
        connection.backup(copy, pages=_STEP_PAGES, progress=look)
        return
    connection.execute("BEGIN")
    try:
        connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        connection.backup(copy, pages=_STEP_PAGES, progress=look)
    finally:
        connection.execute("COMMIT")


def require_writable(path: Path) -> None:
    """Raise READ_ONLY when the file or its folder takes no changes (SQLite itself would open it and fail later)."""
    target = path if path.exists() else path.parent
    if not os.access(target, os.W_OK) or not os.access(path.parent, os.W_OK):
        raise StorageError(StorageCode.READ_ONLY, path=str(path))


def _to_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL; SQLite's busy handler does not cover this switch, so several starters take turns here."""
    for attempt in range(_WAL_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or attempt == _WAL_ATTEMPTS - 1:
                raise
            time.sleep(_WAL_PAUSE_S)
