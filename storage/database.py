"""Opens the journal's SQLite file: what may be opened, with which pragmas, and what its errors mean.

A file that is encrypted as a whole says so in its first bytes; `key_for` finds its key before it is opened.
Every connection is in autocommit mode (transactions are written out) and belongs to one thread at a time.
"""

from __future__ import annotations

import contextlib
import os
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

import psutil

from storage import driver
from storage.driver import Connection
from storage.durable import make_folder, sync_file, sync_folder, typed_errors
from storage.errors import StorageCode, StorageError
from storage.journal_keys import MARKED_BYTES, JournalKey, JournalKeys, needed_key
from storage.records import new_id
from storage.schema import APPLICATION_ID, SCHEMA_VERSION

BUSY_TIMEOUT_S = 5.0
JOURNAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024
QUICK_BYTES = 64 * 1024 * 1024
"""A journal up to this size is checked for damage when it is opened (less than 0.1 s)."""
SIDE_FILES = ("-wal", "-shm", "-journal")
MAGIC = b"SQLite format 3\0"
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

_CODES: dict[int, StorageCode] = {
    driver.Result.FULL: StorageCode.DISK_FULL,
    driver.Result.READONLY: StorageCode.READ_ONLY,
    driver.Result.CANTOPEN: StorageCode.READ_ONLY,
    driver.Result.PERM: StorageCode.READ_ONLY,
    driver.Result.AUTH: StorageCode.READ_ONLY,
    driver.Result.BUSY: StorageCode.BUSY,
    driver.Result.LOCKED: StorageCode.BUSY,
    driver.Result.CORRUPT: StorageCode.DAMAGED,
    driver.Result.NOTADB: StorageCode.NOT_A_JOURNAL,
    driver.Result.IOERR: StorageCode.DISK_FAILED,
    driver.Result.CONSTRAINT: StorageCode.BAD_VALUE,
    driver.Result.TOOBIG: StorageCode.BAD_VALUE,
    driver.Result.MISMATCH: StorageCode.BAD_VALUE,
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


def translate(error: driver.Error, path: Path | str = "") -> StorageError | None:
    """The typed failure behind a driver error, None for a bug of ours."""
    code = _CODES.get(driver.result_of(error))
    if undecodable(error) or (code is StorageCode.NOT_A_JOURNAL and driver.is_of_cipher(error)):
        code = StorageCode.DAMAGED
    if code is None:
        return None
    name = str(getattr(error, "sqlite_errorname", ""))
    return StorageError(code, path=str(path), cause=name)


def undecodable(error: driver.Error) -> bool:
    """Whether the driver met text that is not UTF-8 (its own error, without a code of SQLite's)."""
    return not hasattr(error, "sqlite_errorcode") and str(error).startswith("Could not decode to UTF-8")


@contextlib.contextmanager
def typed(path: Path | str = "") -> Iterator[None]:
    """Raise the StorageError behind a driver error; bugs pass as they are."""
    try:
        yield
    except driver.ERRORS as error:
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


def key_for(path: Path, keys: JournalKeys | None) -> JournalKey | None:
    """The key that opens a file, None for a plain one; of a file that is still to be made, the site's. Raises
    KEY_MISSING for an encrypted one whose key is not in `keys`.

    To be asked before this process has the file open, never later: closing any handle of a file takes all locks that
    a process has on it away (POSIX), also those of SQLite, and another program then takes the file for unused."""
    try:
        with path.open("rb") as file:
            begin = file.read(MARKED_BYTES)
    except FileNotFoundError:
        begin = b""
    except OSError:  # SQLite says it better
        return None
    if not begin:
        return None if keys is None else keys.active
    key_id = needed_key(begin)
    if key_id is None:
        return None
    key = None if keys is None else keys.find(key_id)
    if key is None:
        where = {} if keys is None else {"keys": str(keys.path)}
        raise StorageError(StorageCode.KEY_MISSING, path=str(path), key_id=key_id, **where)
    return key


def is_encrypted(path: Path) -> bool:
    """Whether a file that is there, and that this process does not have open, is encrypted by us. Raises READ_ONLY."""
    with typed_errors(path), path.open("rb") as file:
        return needed_key(file.read(MARKED_BYTES)) is not None


def inspect(path: Path, keys: JournalKeys | None = None) -> bool:
    """Whether `path` holds a journal that may be opened; False when it is still to be made. Changes nothing.
    To be asked before this process has the file open (see `key_for`).

    Raises NOT_A_JOURNAL, NEWER_JOURNAL, DAMAGED, READ_ONLY, KEY_MISSING, NO_CIPHER."""
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
    encrypted = needed_key(header) is not None
    if len(header) < _HEADER_BYTES or not (encrypted or header.startswith(MAGIC)):
        raise StorageError(StorageCode.NOT_A_JOURNAL, path=str(path))
    if not encrypted:  # there SQLite itself finds that pages are missing, which are not in the clear
        _check_size(path, header, size)
    return _check_identity(path, key_for(path, keys))


def _check_size(path: Path, header: bytes, size: int) -> None:
    page_bytes = struct.unpack(">H", header[16:18])[0]
    page_bytes = 65536 if page_bytes == 1 else page_bytes
    pages = struct.unpack(">I", header[28:32])[0]
    wal = path.with_name(path.name + "-wal")
    if page_bytes < 512 or page_bytes & (page_bytes - 1):
        raise StorageError(StorageCode.DAMAGED, path=str(path))
    if size < pages * page_bytes and not (wal.exists() and wal.stat().st_size):
        raise StorageError(StorageCode.DAMAGED, path=str(path))


def _check_identity(path: Path, key: JournalKey | None) -> bool:
    with contextlib.closing(connect_for_reading(path, key)) as connection, typed(path):
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


def connect_for_reading(path: Path, key: JournalKey | None = None) -> Connection:
    """A connection that cannot change the file; also of a journal on a read-only medium."""
    connection = driver.connect(path, query="mode=ro", key=key)
    try:
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT_S * 1000)}")
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except driver.OPERATIONAL_ERRORS as error:
        connection.close()
        if driver.result_of(error) != driver.Result.CANTOPEN or path.with_name(path.name + "-wal").exists():
            raise translate(error, path) or error from error
        return driver.connect(path, query="immutable=1", key=key)
    except driver.DATABASE_ERRORS as error:
        connection.close()
        raise translate(error, path) or error from error
    return connection


def connect(path: Path, key: JournalKey | None = None) -> Connection:
    """A connection of the writer. Raises READ_ONLY, DISK_FULL, BUSY, NO_CIPHER."""
    if key is None or (path.exists() and path.stat().st_size):
        return _connect_writer(path, key)
    try:
        return _connect_writer(path, key, key.new_salt())
    except StorageError as error:
        if error.code is not StorageCode.DAMAGED:
            raise
    return _connect_writer(path, key)  # another process made it meanwhile, with its own salt


def _connect_writer(path: Path, key: JournalKey | None, salt: bytes | None = None) -> Connection:
    with typed(path):
        connection = driver.connect(path, timeout_s=BUSY_TIMEOUT_S, cached_statements=256, key=key, salt=salt)
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


def connect_reader(path: Path, key: JournalKey | None = None) -> Connection:
    """A connection for queries of one thread; it can change nothing."""
    with typed(path):
        connection = driver.connect(path, timeout_s=BUSY_TIMEOUT_S, key=key)
        connection.execute("PRAGMA query_only = ON")
    return connection


def refuse_damage(connection: Connection, path: Path) -> None:
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


def copy_to(connection: Connection, target: Path, stopped: Callable[[], bool] = lambda: False) -> None:
    """Copy what a connection sees into a new file that is one file, checked roughly, and encrypted with the same key if
    that one is. Raises DAMAGED, DISK_FULL, READ_ONLY, and CANCELLED soon after `stopped` says so; the caller removes
    what a failure leaves."""

    def look(_status: int = 0, _left: int = 0, _pages: int = 0) -> None:
        if stopped():
            raise StorageError(StorageCode.CANCELLED)

    with typed(target), contextlib.closing(driver.connect_like(connection, target)) as copy:
        _copy_in_steps(connection, copy, look)
        copy.execute("PRAGMA journal_mode = DELETE").fetchone()
        copy.set_progress_handler(lambda: int(stopped()), _CHECKED_STEPS)
        try:
            found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        except driver.OPERATIONAL_ERRORS:
            look()
            raise
        if found != "ok":
            raise StorageError(StorageCode.DAMAGED, path=str(target))


def copy_whole(connection: Connection, target: Path, stopped: Callable[[], bool] = lambda: False) -> None:
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


def _copy_in_steps(connection: Connection, copy: Connection, look: Callable[..., None]) -> None:
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


def _to_wal(connection: Connection) -> None:
    """Switch to WAL; SQLite's busy handler does not cover this switch, so several starters take turns here."""
    for attempt in range(_WAL_ATTEMPTS):
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchone()
            return
        except driver.OPERATIONAL_ERRORS as error:
            if driver.result_of(error) != driver.Result.BUSY or attempt == _WAL_ATTEMPTS - 1:
                raise
            time.sleep(_WAL_PAUSE_S)
