"""Which footage there is and which is missing: an index beside the recordings, in a SQLite file of its own.

Not the journal: it can be rebuilt from the segment files alone (`app.recording` walks them) and is therefore written
without waiting for the disk. A segment's `to_utc_s` and `bytes` are those of its last whole fragment on the disk. Any
thread; one connection under one lock. Another process may read at the same time (WAL).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import sqlite_utils

from storage import driver
from storage.chain import canonical
from storage.database import typed
from storage.durable import make_folder
from storage.errors import StorageCode, StorageError
from storage.footage_records import Gap, GapReason, Segment

TOLERANCE_S = 0.5
"""Less than this between two segments is no gap."""

_LONGEST_S = 7200.0
_PAGE = 1000
_NAMES = "id, camera_id, path, from_utc_s, to_utc_s, bytes, codec, width, height, sha256, origin"
_COLUMNS = {
    "id": str,
    "camera_id": str,
    "path": str,
    "from_utc_s": float,
    "to_utc_s": float,
    "bytes": int,
    "codec": str,
    "width": int,
    "height": int,
    "sha256": str,
    "origin": str,
}
_ORIGIN = "ALTER TABLE segments ADD COLUMN origin TEXT NOT NULL DEFAULT ''"
"""Of an index that an older version made; that version reads and writes on beside it."""
_FOREIGN_INDEX = (
    "CREATE INDEX IF NOT EXISTS idx_segments_foreign ON segments (camera_id, from_utc_s) WHERE origin <> ''"
)


_CAMERAS = """
WITH RECURSIVE camera(id) AS (
    SELECT min(camera_id) FROM segments
    UNION ALL
    SELECT (SELECT min(camera_id) FROM segments WHERE camera_id > camera.id) FROM camera WHERE camera.id IS NOT NULL
)
SELECT id FROM camera WHERE id IS NOT NULL
"""
"""One step in the index a camera, where DISTINCT reads all of it."""

_KNOWN = """
SELECT min(first), max(last) FROM (
    SELECT min(from_utc_s) AS first, max(to_utc_s) AS last FROM segments WHERE camera_id = ?1
    UNION ALL SELECT min(from_utc_s), max(coalesce(to_utc_s, 9e99)) FROM gaps WHERE camera_id = ?1
)
"""
"""Of a camera: where its footage and its gaps begin, and where they end."""

_UNNAMED = """
INSERT INTO gaps (camera_id, from_utc_s, to_utc_s, reason)
SELECT camera_id, end_utc_s, from_utc_s, ? FROM (
    SELECT camera_id, from_utc_s, max(to_utc_s) OVER (
        PARTITION BY camera_id ORDER BY from_utc_s, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS end_utc_s FROM segments
) AS pair
WHERE from_utc_s - end_utc_s > ? AND NOT EXISTS (
    SELECT 1 FROM gaps AS known WHERE known.camera_id = pair.camera_id
    AND known.from_utc_s < pair.from_utc_s AND coalesce(known.to_utc_s, 9e99) > pair.end_utc_s
)
"""


class SegmentIndex:
    """Open once per process, close once. Raises StorageError: DISK_FULL, READ_ONLY, DAMAGED, BUSY."""

    def __init__(self, path: Path) -> None:
        make_folder(path.parent)
        self.path = path
        self._lock = threading.RLock()
        with typed(path):
            connection = driver.connect(path)
            self._connection = connection
            try:
                connection.execute("PRAGMA journal_mode = WAL").fetchone()
                connection.execute("PRAGMA synchronous = NORMAL")
                _create(sqlite_utils.Database(connection))
            except BaseException:
                connection.close()
                raise

    def begin(self, segment: Segment, reason: GapReason = GapReason.UNKNOWN) -> None:
        """A new file was opened; what is missing before it becomes a gap with `reason` (or that of an open gap)."""
        with self._writing():
            self._close_gap(segment, reason)
            self._add([segment])

    def grow(self, progress: Iterable[tuple[str, float, int]]) -> None:
        """Segments (id, to_utc_s, bytes) have more on the disk."""
        rows = [(to_utc_s, size, segment_id) for segment_id, to_utc_s, size in progress]
        with self._writing():
            self._connection.executemany("UPDATE segments SET to_utc_s = ?, bytes = ? WHERE id = ?", rows)

    def close_segment(self, segment_id: str, to_utc_s: float, size: int, sha256: str) -> None:
        """The file is finished; `sha256` is of the whole of it."""
        sql = "UPDATE segments SET to_utc_s = ?, bytes = ?, sha256 = ? WHERE id = ?"
        with self._writing():
            self._connection.execute(sql, (to_utc_s, size, sha256, segment_id))

    def discard(self, segment_id: str) -> None:
        """Forget a segment without leaving a gap: its file never held anything."""
        with self._writing():
            self._connection.execute("DELETE FROM segments WHERE id = ?", (segment_id,))

    def open_gap(self, camera_id: str, from_utc_s: float, reason: GapReason) -> None:
        """From here on nothing is recorded; ends with the camera's next segment. A gap that is open already stays."""
        with self._writing():
            self._connection.execute(
                "INSERT OR IGNORE INTO gaps (camera_id, from_utc_s, to_utc_s, reason) SELECT ?, ?, NULL, ?"
                " WHERE NOT EXISTS (SELECT 1 FROM gaps WHERE camera_id = ? AND to_utc_s IS NULL)",
                (camera_id, from_utc_s, reason.value, camera_id),
            )

    def turn_gap(self, camera_id: str, utc_s: float, reason: GapReason) -> None:
        """From here on there is another reason why nothing is recorded: the open gap ends, the next one begins."""
        with self._writing():
            sql = "UPDATE gaps SET to_utc_s = max(from_utc_s, ?) WHERE camera_id = ? AND to_utc_s IS NULL"
            self._connection.execute(sql, (utc_s, camera_id))
            self._connection.execute(
                "INSERT INTO gaps (camera_id, from_utc_s, to_utc_s, reason) VALUES (?, ?, NULL, ?)",
                (camera_id, utc_s, reason.value),
            )

    def delete(self, segment: Segment) -> None:
        """The file was deleted by retention; neighbouring deleted times become one gap."""
        camera, begin, end = segment.camera_id, segment.from_utc_s, segment.to_utc_s
        where = f"camera_id = ? AND reason = '{GapReason.DELETED.value}'"
        with self._writing():
            self._connection.execute("DELETE FROM segments WHERE id = ?", (segment.id,))
            grown = self._connection.execute(
                f"UPDATE gaps SET to_utc_s = max(to_utc_s, ?) WHERE {where} AND to_utc_s BETWEEN ? AND ?",  # noqa: S608 - constants
                (end, camera, begin - TOLERANCE_S, end),
            )
            if not grown.rowcount:
                self._add_gap(Gap(camera, begin, end, GapReason.DELETED))

    def check(self) -> None:
        """Raise DAMAGED when the file is not whole."""
        if self._rows("PRAGMA quick_check(1)")[0][0] != "ok":
            raise StorageError(StorageCode.DAMAGED, path=str(self.path))

    @property
    def incomplete(self) -> bool:
        """Whether there are files that are not in here yet; outlives the process."""
        return bool(self._rows("PRAGMA user_version")[0][0])

    @incomplete.setter
    def incomplete(self, value: bool) -> None:
        self._rows(f"PRAGMA user_version = {int(value)}")

    def adopt(self, segments: Iterable[Segment]) -> int:
        """Take segments that files told of; those that are known stay as they are. How many were not."""
        with self._writing():
            before = self._connection.total_changes
            self._add(segments, "IGNORE")
            return self._connection.total_changes - before

    def fill(self, segment: Segment) -> bool:
        """Footage from elsewhere (`Segment.origin`) where ours is missing: the gaps of its time end, or begin anew
        behind it, with the reason they have. False: nothing is missing there any more, and it was not taken."""
        camera, begin, end = segment.camera_id, segment.from_utc_s, segment.to_utc_s
        with self._writing():
            if self._holds(camera, begin, end):
                return False
            self._add([segment], "IGNORE")
            sql = (
                "SELECT rowid, from_utc_s, to_utc_s, reason FROM gaps WHERE camera_id = ? AND from_utc_s < ?"
                " AND (to_utc_s IS NULL OR to_utc_s > ?)"
            )
            for row_id, gap_from, gap_to, reason in self._connection.execute(sql, (camera, end, begin)).fetchall():
                self._connection.execute("DELETE FROM gaps WHERE rowid = ?", (row_id,))
                self._leave_gap(camera, gap_from, begin, reason)
                if gap_to is None:
                    self._leave_gap(camera, end, None, reason)
                else:
                    self._leave_gap(camera, end, gap_to, reason)
        return True

    def name_gaps(self) -> None:
        """What is missing between two segments and has no reason becomes a gap of unknown reason."""
        with self._writing():
            self._connection.execute(_UNNAMED, (GapReason.UNKNOWN.value, TOLERANCE_S))

    def between(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> tuple[Segment, ...]:
        """Segments that hold something of this time, by their beginning; after a clock step back they overlap."""
        return self._segments(
            "camera_id = ? AND from_utc_s > ? AND from_utc_s < ? AND to_utc_s > ? ORDER BY from_utc_s, id",
            (camera_id, from_utc_s - _LONGEST_S, to_utc_s, from_utc_s),
        )

    def gaps(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> tuple[Gap, ...]:
        """Known gaps that touch this time, by their beginning; one that is still open ends at `to_utc_s`."""
        sql = (
            "SELECT from_utc_s, coalesce(to_utc_s, ?), reason FROM gaps WHERE camera_id = ? AND from_utc_s < ?"
            " AND (to_utc_s IS NULL OR to_utc_s > ?) ORDER BY from_utc_s"
        )
        rows = self._rows(sql, (to_utc_s, camera_id, to_utc_s, from_utc_s))
        return tuple(Gap(camera_id, begin, end, GapReason(reason)) for begin, end, reason in rows)

    def reasons(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> tuple[Gap, ...]:
        """`gaps`, and what of this time is before all that is known of the camera, or after it."""
        begin, end = self._rows(_KNOWN, (camera_id,))[0]
        begin, end = (to_utc_s, to_utc_s) if begin is None else (begin, end)
        before = Gap(camera_id, from_utc_s, min(begin, to_utc_s), GapReason.NOT_BEGUN)
        after = Gap(camera_id, max(end, from_utc_s), to_utc_s, GapReason.NOT_YET)
        found = before, *self.gaps(camera_id, from_utc_s, to_utc_s), after
        return tuple(gap for gap in found if gap.to_utc_s > gap.from_utc_s)

    def segment(self, segment_id: str) -> Segment | None:
        """By id."""
        return next(iter(self._segments("id = ?", (segment_id,))), None)

    def camera_ids(self) -> tuple[str, ...]:
        """Cameras of which there is footage."""
        return tuple(row[0] for row in self._rows(_CAMERAS))

    def oldest(self, camera_id: str | None = None) -> Segment | None:
        """The segment that begins first."""
        where = "camera_id = ?" if camera_id is not None else "1"
        found = self._segments(
            f"{where} ORDER BY from_utc_s, id LIMIT 1", (camera_id,) if camera_id is not None else ()
        )
        return next(iter(found), None)

    def newest_utc_s(self, camera_id: str) -> float | None:
        """Up to where there is footage of a camera."""
        found: float | None = self._rows("SELECT max(to_utc_s) FROM segments WHERE camera_id = ?", (camera_id,))[0][0]
        return found

    def newest_before(self, utc_s: float) -> float | None:
        """The newest end of footage, of whichever camera, before that time."""
        found: float | None = self._rows("SELECT max(to_utc_s) FROM segments WHERE to_utc_s < ?", (utc_s,))[0][0]
        return found

    def total_bytes(self, without: Iterable[Path] = ()) -> int:
        """Of all segments, but for those in some folders."""
        prefixes = [f"{folder}{os.sep}" for folder in without]
        where = " AND ".join(["1"] + ["substr(path, 1, ?) <> ?"] * len(prefixes))
        values = [value for prefix in prefixes for value in (len(prefix), prefix)]
        sql = f"SELECT coalesce(sum(bytes), 0) FROM segments WHERE {where}"  # noqa: S608 - constants
        return int(self._rows(sql, values)[0][0])

    def oldest_first(self, camera_id: str | None = None) -> Iterator[Segment]:
        """All segments (of a camera), read page by page."""
        after: tuple[float, str] = (float("-inf"), "")
        of, camera = ("camera_id = ? AND ", (camera_id,)) if camera_id is not None else ("", ())
        where = f"{of}(from_utc_s, id) > (?, ?) ORDER BY from_utc_s, id LIMIT ?"
        while page := self._segments(where, (*camera, *after, _PAGE)):
            yield from page
            after = (page[-1].from_utc_s, page[-1].id)

    def unfinished(self, limit: int = -1, *, newest: bool = False) -> tuple[Segment, ...]:
        """Segments without a hash, oldest (or newest) first: open now, left so by a crash, or told of by files only."""
        order = "from_utc_s DESC, id DESC" if newest else "from_utc_s, id"
        return self._segments(f"sha256 IS NULL ORDER BY {order} LIMIT ?", (limit,))

    def ended_between(self, from_utc_s: float, to_utc_s: float) -> tuple[Segment, ...]:
        """Closed segments of all cameras that we recorded and that ended in this time: those that a digest is of."""
        where = "sha256 IS NOT NULL AND origin = '' AND to_utc_s >= ? AND to_utc_s < ? ORDER BY id"
        return self._segments(where, (from_utc_s, to_utc_s))

    def deleted_between(self, from_utc_s: float, to_utc_s: float) -> bool:
        """Whether retention deleted something of this time, of any camera."""
        sql = "SELECT 1 FROM gaps WHERE reason = ? AND from_utc_s < ? AND to_utc_s > ? LIMIT 1"
        return bool(self._rows(sql, (GapReason.DELETED.value, to_utc_s, from_utc_s)))

    def rebuild(self, segments: Iterable[Segment]) -> None:
        """Forget everything and take these; what is missing between them becomes gaps of unknown reason."""
        with self._writing():
            self._connection.execute("DELETE FROM segments")
            self._connection.execute("DELETE FROM gaps")
            self._add(segments)
            self._connection.execute(_UNNAMED, (GapReason.UNKNOWN.value, TOLERANCE_S))
        self.incomplete = False

    def close(self) -> None:
        """Release the file; a second call does nothing."""
        with self._lock:
            self._connection.close()

    def _close_gap(self, segment: Segment, reason: GapReason) -> None:
        camera, begin = segment.camera_id, segment.from_utc_s
        sql = "SELECT rowid, from_utc_s FROM gaps WHERE camera_id = ? AND to_utc_s IS NULL"
        found = self._connection.execute(sql, (camera,)).fetchone()
        if found is not None:
            if begin - found[1] > TOLERANCE_S:
                self._connection.execute("UPDATE gaps SET to_utc_s = ? WHERE rowid = ?", (begin, found[0]))
            else:
                self._connection.execute("DELETE FROM gaps WHERE rowid = ?", (found[0],))
            return
        last = self.newest_utc_s(camera)
        if last is not None and begin - last > TOLERANCE_S:
            self._add_gap(Gap(camera, last, begin, reason))

    def _add(self, segments: Iterable[Segment], known: str = "REPLACE") -> None:
        marks = ", ".join("?" * len(_COLUMNS))
        rows = [tuple(asdict(segment).values()) for segment in segments]
        self._connection.executemany(f"INSERT OR {known} INTO segments ({_NAMES}) VALUES ({marks})", rows)  # noqa: S608 - constants

    def _add_gap(self, gap: Gap) -> None:
        values = (gap.camera_id, gap.from_utc_s, gap.to_utc_s, gap.reason.value)
        self._connection.execute(
            "INSERT INTO gaps (camera_id, from_utc_s, to_utc_s, reason) VALUES (?, ?, ?, ?)", values
        )

    def _holds(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> bool:
        """Whether less than a gap is missing of a time."""
        sql = (
            "SELECT from_utc_s, to_utc_s FROM segments WHERE camera_id = ? AND from_utc_s > ? AND from_utc_s < ?"
            " AND to_utc_s > ? ORDER BY from_utc_s"
        )
        at, missing_s = from_utc_s, 0.0
        values = (camera_id, from_utc_s - _LONGEST_S, to_utc_s, from_utc_s)
        for begin, end in self._connection.execute(sql, values).fetchall():
            missing_s, at = missing_s + max(begin - at, 0.0), max(at, end)
        return missing_s + max(to_utc_s - at, 0.0) <= TOLERANCE_S

    def _leave_gap(self, camera_id: str, from_utc_s: float, to_utc_s: float | None, reason: str) -> None:
        """What of a gap is left beside what was fetched; not what is shorter than a gap is."""
        if to_utc_s is None or to_utc_s - from_utc_s > TOLERANCE_S:
            values = (camera_id, from_utc_s, to_utc_s, reason)
            self._connection.execute(
                "INSERT INTO gaps (camera_id, from_utc_s, to_utc_s, reason) VALUES (?, ?, ?, ?)", values
            )

    def _segments(self, where: str, values: Sequence[object] = ()) -> tuple[Segment, ...]:
        rows = self._rows(f"SELECT {_NAMES} FROM segments WHERE {where}", values)  # noqa: S608 - constants
        return tuple(Segment(*row) for row in rows)

    def _rows(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        with self._lock, typed(self.path):
            return self._connection.execute(sql, values).fetchall()

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction under the index's lock."""
        with self._lock, typed(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


def footage_digest(segments: Iterable[Segment]) -> str:
    """SHA-256 over the identities and hashes of closed segments, independent of folders and order."""
    parts = sorted([segment.id, segment.camera_id, segment.sha256 or ""] for segment in segments)
    return hashlib.sha256(canonical(parts).encode()).hexdigest()


def _create(db: sqlite_utils.Database) -> None:
    segments = db.table("segments")
    segments.create(_COLUMNS, pk="id", not_null={"origin"}, defaults={"origin": ""}, if_not_exists=True)
    if "origin" not in segments.columns_dict:
        db.execute(_ORIGIN)
    segments.create_index(["camera_id", "from_utc_s"], if_not_exists=True)
    segments.create_index(["from_utc_s", "id"], if_not_exists=True)
    segments.create_index(["camera_id", "to_utc_s"], if_not_exists=True)
    segments.create_index(["to_utc_s"], if_not_exists=True)
    db.execute(_FOREIGN_INDEX)
    gaps = db.table("gaps")
    gaps.create({"camera_id": str, "from_utc_s": float, "to_utc_s": float, "reason": str}, if_not_exists=True)
    gaps.create_index(["camera_id", "from_utc_s"], if_not_exists=True)
