"""The one module that names SQLite's drivers: Python's own, and SQLCipher's for a file that is encrypted as a whole.

A plain file never loads SQLCipher. Its errors are no `sqlite3.Error`, so that whoever catches asks for the families
below, which grow once, when SQLCipher is loaded, before any connection of it exists. Any thread.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import sqlite3
import threading
from collections.abc import Callable
from enum import IntEnum
from pathlib import Path
from typing import Any, TypeAlias, cast

from storage.errors import StorageCode, StorageError
from storage.journal_keys import JournalKey

Connection: TypeAlias = sqlite3.Connection
Cursor: TypeAlias = sqlite3.Cursor
Error: TypeAlias = sqlite3.Error
"""For annotations: SQLCipher's have the same attributes."""

ERRORS: tuple[type[sqlite3.Error], ...] = (sqlite3.Error,)
DATABASE_ERRORS: tuple[type[sqlite3.DatabaseError], ...] = (sqlite3.DatabaseError,)
OPERATIONAL_ERRORS: tuple[type[sqlite3.OperationalError], ...] = (sqlite3.OperationalError,)
INTEGRITY_ERRORS: tuple[type[sqlite3.IntegrityError], ...] = (sqlite3.IntegrityError,)

LIBRARY = "sqlcipher3"
COPY = "copy"
"""Name under which `copy_between_kinds` attaches its target."""
_loading = threading.Lock()
_cipher: Callable[..., Any] | None = None


class Result(IntEnum):
    """SQLite's primary result codes that somebody here asks for."""

    ERROR = sqlite3.SQLITE_ERROR
    PERM = sqlite3.SQLITE_PERM
    BUSY = sqlite3.SQLITE_BUSY
    LOCKED = sqlite3.SQLITE_LOCKED
    READONLY = sqlite3.SQLITE_READONLY
    INTERRUPT = sqlite3.SQLITE_INTERRUPT
    IOERR = sqlite3.SQLITE_IOERR
    CORRUPT = sqlite3.SQLITE_CORRUPT
    FULL = sqlite3.SQLITE_FULL
    CANTOPEN = sqlite3.SQLITE_CANTOPEN
    TOOBIG = sqlite3.SQLITE_TOOBIG
    CONSTRAINT = sqlite3.SQLITE_CONSTRAINT
    MISMATCH = sqlite3.SQLITE_MISMATCH
    AUTH = sqlite3.SQLITE_AUTH
    NOTADB = sqlite3.SQLITE_NOTADB


def result_of(error: Error) -> int:
    """The primary result code behind an error; 0 for one of the driver's own."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def is_of_cipher(error: Error) -> bool:
    """Whether SQLCipher raised it, which is asked for files with our mark only."""
    return not isinstance(error, sqlite3.Error)


def connect(
    path: Path,
    *,
    timeout_s: float = 5.0,
    cached_statements: int = 128,
    query: str = "",
    key: JournalKey | None = None,
    salt: bytes | None = None,
) -> Connection:
    """In autocommit mode, for whichever thread. `query`: parameters of SQLite's URI, like `mode=ro`. `key` opens an
    encrypted file; with `salt` it makes a new one.

    Raises `ERRORS`; StorageError NO_CIPHER where SQLCipher is not installed."""
    open_one = sqlite3.connect if key is None else _load(path)
    connection = open_one(
        f"{path.absolute().as_uri()}?{query}" if query else str(path),
        timeout=timeout_s,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=cached_statements,
        uri=bool(query),
    )
    return cast(Connection, connection) if key is None else _unlocked(connection, key, salt)


def key_of(connection: Connection) -> JournalKey | None:
    """The key of the file that a connection has open, None for a plain one."""
    return getattr(connection, "journal_key", None)


def connect_like(connection: Connection, path: Path) -> Connection:
    """A new file of the same kind as the one that a connection has open, under the same key."""
    key = key_of(connection)
    return connect(path, key=key, salt=None if key is None else key.new_salt())


def connect_alone(path: Path, key: JournalKey | None) -> Connection:
    """For `export`: nobody else can read or write the file from now on. Raises `ERRORS` (BUSY), NO_CIPHER."""
    found = _load(path)(str(path), timeout=1.0, isolation_level=None, check_same_thread=False)
    connection = cast(Connection, found) if key is None else _unlocked(found, key)
    try:
        connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        connection.execute("PRAGMA main.locking_mode = EXCLUSIVE").fetchone()
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def export(connection: Connection, target: Path, key: JournalKey | None) -> None:
    """Write all that a connection of `connect_alone` has into a new file, encrypted with `key` or (None) plain."""
    secret = "" if key is None else _spelled(key, key.new_salt())
    connection.execute(f"ATTACH DATABASE ? AS {COPY} KEY ?", (str(target), secret))
    try:
        connection.execute(f"SELECT sqlcipher_export('{COPY}')").fetchone()
        for name in ("application_id", "user_version"):  # which an export leaves out
            value = int(connection.execute(f"PRAGMA main.{name}").fetchone()[0])
            connection.execute(f"PRAGMA {COPY}.{name} = {value}")
    finally:
        connection.execute(f"DETACH DATABASE {COPY}")


def _unlocked(connection: Any, key: JournalKey, salt: bytes | None = None) -> Connection:
    connection.journal_key = key
    connection.set_key(_spelled(key, salt or b""))
    return cast(Connection, connection)


def _spelled(key: JournalKey, salt: bytes) -> str:
    """A raw key as SQLCipher reads it: no passphrase, nothing is derived."""
    return f"x'{key.secret.hex()}{salt.hex()}'"


def _load(path: Path | str) -> Callable[..., Any]:
    """SQLCipher's `connect`, loaded at the first need of it."""
    with _loading:
        if _cipher is None:
            try:
                library = importlib.import_module(f"{LIBRARY}.dbapi2")
            except ImportError as error:
                raise StorageError(StorageCode.NO_CIPHER, path=str(path)) from error
            return _take(library)
        return _cipher


def _take(library: Any) -> Callable[..., Any]:
    global _cipher, ERRORS, DATABASE_ERRORS, OPERATIONAL_ERRORS, INTEGRITY_ERRORS
    ERRORS = (*ERRORS, library.Error)
    DATABASE_ERRORS = (*DATABASE_ERRORS, library.DatabaseError)
    OPERATIONAL_ERRORS = (*OPERATIONAL_ERRORS, library.OperationalError)
    INTEGRITY_ERRORS = (*INTEGRITY_ERRORS, library.IntegrityError)
    with contextlib.closing(library.connect(":memory:")) as connection:
        connection.execute("PRAGMA cipher_log_level = NONE").fetchone()  # else it writes to stderr by itself
    with_key = type("WithKey", (library.Connection,), {"journal_key": None})
    _cipher = functools.partial(library.connect, factory=with_key)
    return _cipher
