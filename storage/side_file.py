"""One small SQLite file beside the journal, for facts that are no evidence: outages of cameras, the wall's black box.

Losing its last second to a power cut is allowed (WAL, synchronous NORMAL). One connection under one lock, any thread;
another process may read at the same time.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlite_utils

from storage import driver
from storage.database import SIDE_FILES, connect_for_reading, typed
from storage.driver import Connection
from storage.durable import make_folder, typed_errors
from storage.errors import StorageCode, StorageError

_LIMIT_BYTES = 4 * 1024 * 1024
BROKEN = frozenset({StorageCode.DAMAGED, StorageCode.NOT_A_JOURNAL})
"""What SQLite says of a file that it cannot read."""


class SideFile:
    """Open once, close once. Raises StorageError: DISK_FULL, READ_ONLY, DAMAGED, NOT_A_JOURNAL, BUSY."""

    def __init__(self, path: Path, create: Callable[[sqlite_utils.Database], None]) -> None:
        make_folder(path.parent)
        self.path = path
        self._lock = threading.RLock()
        with typed(path):
            connection = driver.connect(path)
            self._connection = connection
            try:
                for pragma in ("auto_vacuum = INCREMENTAL", "journal_mode = WAL", "synchronous = NORMAL"):
                    connection.execute(f"PRAGMA {pragma}").fetchone()
                connection.execute(f"PRAGMA journal_size_limit = {_LIMIT_BYTES}").fetchone()
                create(sqlite_utils.Database(connection))
            except BaseException:
                connection.close()
                raise

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        """All rows of a question."""
        with self._lock, typed(self.path):
            return self._connection.execute(sql, values).fetchall()

    def run(self, sql: str, values: Sequence[object] = ()) -> int:
        """One statement; the id of the row that it inserted. To be called inside `writing`."""
        return self._connection.execute(sql, values).lastrowid or 0

    def run_many(self, sql: str, values: Iterable[Sequence[object]]) -> None:
        """One statement for many rows. To be called inside `writing`."""
        self._connection.executemany(sql, values)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction under the file's lock."""
        with self._lock, typed(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def used_bytes(self) -> int:
        """Pages that hold something."""
        size, count, free = (
            int(self.rows(f"PRAGMA {name}")[0][0]) for name in ("page_size", "page_count", "freelist_count")
        )
        return size * (count - free)

    def shrink(self) -> None:
        """Give freed pages back to the disk."""
        self.rows("PRAGMA incremental_vacuum")

    def close(self) -> None:
        """Release the file; a second call does nothing."""
        with self._lock:
            self._connection.close()


@contextlib.contextmanager
def reading(path: Path, table: str) -> Iterator[Connection]:
    """The file of a program that may be writing it, without changing it; DAMAGED when it does not hold `table`.

    Raises StorageError: NOT_FOUND, DAMAGED, NOT_A_JOURNAL."""
    if not path.is_file():
        raise StorageError(StorageCode.NOT_FOUND, path=str(path))
    with typed(path), contextlib.closing(connect_for_reading(path)) as connection:
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (table,)).fetchone():
            raise StorageError(StorageCode.DAMAGED, path=str(path))
        yield connection


def set_aside(path: Path) -> Path:
    """Keep a file that cannot be read beside a new one, in the place of one that was kept before."""
    kept = path.with_name(f"{path.stem}-damaged{path.suffix}")
    with typed_errors(path):
        path.replace(kept)
        for ending in SIDE_FILES:
            path.with_name(path.name + ending).unlink(missing_ok=True)
    return kept
