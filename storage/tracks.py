"""Stored tracks: where things were on a camera's picture, minute by minute, in a SQLite file of its own. Not evidence.

Boxes, classes, scores and times; no pictures, no embeddings, no identities. So a person's lawful erasure does not
reach them: nothing here says who somebody was. They obey retention like all else: too old or too much goes, but for the
chunks around alarms that somebody judged, which stay as long as their alarm does (an erased alarm holds nothing),
within the bytes. `TrackStore` belongs to one writing process, any thread; `StoredTracks` reads beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlite_utils

from storage.errors import StorageCode, StorageError
from storage.side_file import SideFile, reading
from storage.track_chunks import SeenLook, unpack

CHUNK_S = 60.0
_REACH_S = 2 * CHUNK_S
"""No chunk is longer."""

_COLUMNS = {"id": int, "camera_id": str, "from_utc_s": float, "to_utc_s": float, "looks": int, "what": bytes}
_INSERT = "INSERT INTO chunks (camera_id, from_utc_s, to_utc_s, looks, what) VALUES (?, ?, ?, ?, ?)"
_IN_TIME = "camera_id = ? AND from_utc_s >= ? AND from_utc_s <= ? AND to_utc_s >= ?"
_HOLD = f"INSERT OR IGNORE INTO held SELECT id FROM chunks WHERE {_IN_TIME}"  # noqa: S608 - constants
_FREE = "id NOT IN (SELECT id FROM held)"
_OLD = f"DELETE FROM chunks WHERE to_utc_s < ? AND {_FREE}"  # noqa: S608 - constants
_FIRST_FREE = f"SELECT id FROM chunks WHERE {_FREE} ORDER BY to_utc_s LIMIT ?"  # noqa: S608 - constants
_FIRST_HELD = "SELECT id FROM chunks ORDER BY to_utc_s LIMIT ?"
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Chunk:
    """A packed minute (`track_chunks.pack`)."""

    camera_id: str
    from_utc_s: float
    to_utc_s: float
    looks: int
    what: bytes


@dataclass(frozen=True, slots=True)
class HeldSpan:
    """A time of a camera whose chunks stay."""

    camera_id: str
    from_utc_s: float
    to_utc_s: float


@dataclass(frozen=True, slots=True)
class Pruned:
    """What pruning left and took: chunks that are held now, chunks that went, held ones among these (no room)."""

    held: int
    gone: int
    held_gone: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What there is of a camera in a time."""

    chunks: int
    looks: int
    packed_bytes: int
    from_utc_s: float
    to_utc_s: float


class TrackStore:
    """The writer. Open once, close once. Raises StorageError as `SideFile` does."""

    def __init__(self, path: Path) -> None:
        self._file = SideFile(path, _create)

    def write(self, chunks: Iterable[Chunk]) -> None:
        """All in one transaction."""
        rows = [(c.camera_id, c.from_utc_s, c.to_utc_s, c.looks, c.what) for c in chunks]
        with self._file.writing():
            self._file.run_many(_INSERT, rows)

    def prune(self, now_utc_s: float, keep_s: float, most_bytes: int, held: Iterable[HeldSpan] | None) -> Pruned:
        """Forget what is too old and not held, then the oldest while it is too much, held ones last of all. `held` is
        None while nobody can say what is held: then nothing is too old, and what was held before still is."""
        before = self._count("chunks")
        with self._file.writing():
            if held is not None:
                self._file.run("DELETE FROM held")
                spans = ((s.camera_id, s.from_utc_s - _REACH_S, s.to_utc_s, s.from_utc_s) for s in held)
                self._file.run_many(_HOLD, spans)
                self._file.run(_OLD, (now_utc_s - keep_s,))
        while self._file.used_bytes() > most_bytes and self._forget(_FIRST_FREE):
            pass
        free_gone = before - self._count("chunks")
        while self._file.used_bytes() > most_bytes and self._forget(_FIRST_HELD):
            pass
        self._file.shrink()
        left = self._count("chunks")
        return Pruned(self._count("held"), before - left, before - free_gone - left)

    def oldest_utc_s(self) -> float | None:
        """Where the oldest chunk begins; None: there is none."""
        found: float | None = self._file.rows("SELECT min(from_utc_s) FROM chunks")[0][0]
        return found

    def used_bytes(self) -> int:
        """Pages that hold something."""
        return self._file.used_bytes()

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def _count(self, table: str) -> int:
        return int(self._file.rows(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608 - our own names

    def _forget(self, which: str) -> int:
        """A tenth of what is left, at most a few hundred at once; how many went."""
        most = min(max(self._count("chunks") // 10, 1), _AT_ONCE)
        ids = self._file.rows(which, (most,))
        with self._file.writing():
            self._file.run_many("DELETE FROM chunks WHERE id = ?", ids)
            self._file.run_many("DELETE FROM held WHERE id = ?", ids)
        return len(ids)


class StoredTracks:
    """The reader: opens the file for each question. Raises StorageError: NOT_FOUND, DAMAGED, NOT_A_JOURNAL."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def coverage(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> Coverage | None:
        """What there is; None: nothing."""
        sql = (
            "SELECT count(*), sum(looks), sum(length(what)), min(from_utc_s), max(to_utc_s) FROM chunks"  # noqa: S608
            f" WHERE {_IN_TIME}"
        )
        with reading(self.path, "chunks") as connection:
            row = connection.execute(sql, _time(camera_id, from_utc_s, to_utc_s)).fetchone()
        return Coverage(*row) if row[0] else None

    def looks(
        self, camera_id: str, from_utc_s: float, to_utc_s: float, wanted: Iterable[str] | None = None
    ) -> Iterator[tuple[float, list[SeenLook]]]:
        """Chunk after chunk in the order of writing, each with the share (0..1) that is read after it; of the `wanted`
        classes alone. A clock that was set back is read as it went. No transaction stays open between two chunks."""
        labels = None if wanted is None else frozenset(wanted)
        sql = f"SELECT id FROM chunks WHERE {_IN_TIME} ORDER BY id"  # noqa: S608 - constants
        with reading(self.path, "chunks") as connection:
            ids = [row[0] for row in connection.execute(sql, _time(camera_id, from_utc_s, to_utc_s))]
            for number, chunk_id in enumerate(ids, 1):
                row = connection.execute("SELECT what FROM chunks WHERE id = ?", (chunk_id,)).fetchone()
                if row is not None:  # pruned meanwhile
                    yield number / len(ids), self._within(row[0], labels, from_utc_s, to_utc_s)

    def _within(self, what: bytes, labels: frozenset[str] | None, from_utc_s: float, to_utc_s: float) -> list[SeenLook]:
        try:
            found = unpack(what, labels)
        except ValueError as error:
            raise StorageError(StorageCode.DAMAGED, path=str(self.path)) from error
        return [look for look in found if from_utc_s <= look.utc_s <= to_utc_s]


def _time(camera_id: str, from_utc_s: float, to_utc_s: float) -> tuple[str, float, float, float]:
    return camera_id, from_utc_s - _REACH_S, to_utc_s, from_utc_s


def _create(db: sqlite_utils.Database) -> None:
    chunks = db.table("chunks")
    chunks.create(_COLUMNS, pk="id", if_not_exists=True)
    chunks.create_index(["camera_id", "from_utc_s"], if_not_exists=True)
    chunks.create_index(["to_utc_s"], if_not_exists=True)
    db.table("held").create({"id": int}, pk="id", if_not_exists=True)
