"""The walls' black box: at every change, what each wall window showed, in a SQLite file of its own. Not the journal.

A full row names everything that it uses, so that nothing stays behind when it goes; the rows after it hold only what
changed (zlib and JSON). At most `FULL_EVERY` of them follow one full row. `BlackBox` belongs to one writing process,
any thread; `read_walls` reads beside it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlite_utils

from storage.errors import StorageCode, StorageError
from storage.shown_wall import ShownWall, delta, full, place, rebuilt
from storage.side_file import SideFile, reading

FULL_EVERY = 200
GROUP_S = 86400.0
ALIVE_S = 60.0
"""How often the writer says that what was last written still holds."""

_COLUMNS = {"id": int, "window": int, "at_utc_s": float, "base": int, "what": bytes}
_OLD = "coalesce(base, id) IN (SELECT coalesce(base, id) AS g FROM shown GROUP BY g HAVING {having})"
_NEWEST = "SELECT max(coalesce(base, id)) FROM shown GROUP BY window"
_FORGET = f"DELETE FROM shown WHERE {{which}} AND coalesce(base, id) NOT IN ({_NEWEST})"  # noqa: S608 - constants
_GROUPS = f"SELECT DISTINCT coalesce(base, id) AS g FROM shown WHERE g NOT IN ({_NEWEST}) ORDER BY g"  # noqa: S608 - constants
_LAST = """
SELECT id, base, at_utc_s, what FROM shown WHERE window = ? AND at_utc_s <= ? ORDER BY id DESC LIMIT 1
"""
"""By what was written last, not by the latest time: a clock that was set back corrects what it said before."""

_TORN = """
INSERT INTO shown (window, at_utc_s, base, what)
SELECT window, max(at_utc_s, coalesce((SELECT utc_s FROM alive WHERE alive.window = shown.window), 0)), NULL, x''
FROM shown WHERE id IN (SELECT max(id) FROM shown GROUP BY window) AND what != x''
"""


@dataclass(frozen=True, slots=True)
class FoundWall:
    """A wall as it stood from `since_utc_s` on."""

    wall: ShownWall
    since_utc_s: float


@dataclass(slots=True)
class _Group:
    """The full row that is being followed, what was last written, and the numbers of its names."""

    base: int
    begun_utc_s: float
    wall: ShownWall
    names: dict[str, int]
    rows: int = 0


class BlackBox:
    """The writer. Open once, close once. Raises StorageError as `SideFile` does."""

    def __init__(self, path: Path) -> None:
        self._file = SideFile(path, _create)
        self._groups: dict[int, _Group] = {}
        try:
            with self._file.writing():
                self._file.run(_TORN)
        except BaseException:
            self._file.close()
            raise

    def write(self, walls: Iterable[tuple[float, ShownWall]]) -> int:
        """Times and walls in the order in which they were seen; those that say nothing new cost nothing. How many rows
        were written, all in one transaction."""
        before = {window: replace(group, names=dict(group.names)) for window, group in self._groups.items()}
        try:
            with self._file.writing():
                return sum(self._put(at_utc_s, wall) for at_utc_s, wall in walls)
        except BaseException:
            self._groups = before
            raise

    def alive(self, now_utc_s: float) -> None:
        """What was written last still holds."""
        with self._file.writing():
            rows = [(window, now_utc_s) for window in self._groups]
            self._file.run_many("INSERT OR REPLACE INTO alive (window, utc_s) VALUES (?, ?)", rows)

    def prune(self, now_utc_s: float, keep_s: float, most_bytes: int) -> None:
        """Forget what is too old, then the oldest while it is too much; the newest of each window stays."""
        old = _OLD.format(having="max(at_utc_s) < ?")
        with self._file.writing():
            self._file.run(_FORGET.format(which=old), (now_utc_s - keep_s,))
        while self._file.used_bytes() > most_bytes:
            groups = self._file.rows(_GROUPS)
            if not groups:
                break
            last = groups[len(groups) // 10][0]
            with self._file.writing():
                self._file.run(_FORGET.format(which="coalesce(base, id) <= ?"), (last,))
        self._file.shrink()

    def used_bytes(self) -> int:
        """Pages that hold something."""
        return self._file.used_bytes()

    def close(self, now_utc_s: float) -> None:
        """The walls end here."""
        try:
            with self._file.writing():
                for window in self._groups:
                    self._insert(window, now_utc_s, None, b"")
        finally:
            self._groups.clear()
            self._file.close()

    def _put(self, at_utc_s: float, wall: ShownWall) -> int:
        group = self._groups.get(wall.window)
        if group is not None and group.wall == wall:
            return 0
        changed = _changed(group, wall, at_utc_s)
        if group is None or changed is None:
            names: dict[str, int] = {}
            packed = full(wall, names)
            self._groups[wall.window] = _Group(self._insert(wall.window, at_utc_s, None, packed), at_utc_s, wall, names)
        else:
            packed = delta(group.wall, wall, changed, group.names)
            self._insert(wall.window, at_utc_s, group.base, packed)
            group.wall, group.rows = wall, group.rows + 1
        return 1

    def _insert(self, window: int, at_utc_s: float, base: int | None, what: bytes) -> int:
        sql = "INSERT INTO shown (window, at_utc_s, base, what) VALUES (?, ?, ?, ?)"
        return self._file.run(sql, (window, round(at_utc_s, 3), base, what))


def read_walls(path: Path, at_utc_s: float) -> tuple[FoundWall, ...]:
    """What each wall window showed at a time, by its number; one that was not there is left out.

    Raises StorageError: NOT_FOUND (no file), DAMAGED, NOT_A_JOURNAL."""
    with reading(path, "shown") as connection:
        try:
            windows = [row[0] for row in connection.execute("SELECT DISTINCT window FROM shown ORDER BY window")]
            found = [_read(connection, window, at_utc_s) for window in windows]
        except (ValueError, LookupError, TypeError, AttributeError, zlib.error) as error:
            raise StorageError(StorageCode.DAMAGED, path=str(path)) from error
    return tuple(one for one in found if one is not None and one.wall.tiles)


def known_times(path: Path) -> tuple[float, float] | None:
    """From when to when something is known; None where nothing is."""
    with reading(path, "shown") as connection:
        sql = "SELECT min(at_utc_s), max(max(at_utc_s), coalesce((SELECT max(utc_s) FROM alive), 0)) FROM shown"
        first, last = connection.execute(sql).fetchone()
    return None if first is None else (first, last)


def _read(connection: Any, window: int, at_utc_s: float) -> FoundWall | None:
    row = connection.execute(_LAST, (window, at_utc_s)).fetchone()
    if row is None or not row[3]:
        return None
    newest = connection.execute("SELECT max(id) FROM shown WHERE window = ?", (window,)).fetchone()[0]
    alive = connection.execute("SELECT utc_s FROM alive WHERE window = ?", (window,)).fetchone()
    if row[0] == newest and at_utc_s > max(row[2], alive[0] if alive else 0.0) + 2 * ALIVE_S:
        return None
    base = row[0] if row[1] is None else row[1]
    sql = "SELECT base, what FROM shown WHERE (id = ? OR base = ?) AND id <= ? ORDER BY id"
    steps = connection.execute(sql, (base, base, row[0])).fetchall()
    if not steps or steps[0][0] is not None:
        raise ValueError("the full row is missing")
    return FoundWall(rebuilt(window, [step[1] for step in steps]), row[2])


def _changed(group: _Group | None, wall: ShownWall, at_utc_s: float) -> list[int] | None:
    """Places of the tiles that changed; None where a full row is due."""
    if group is None or group.rows >= FULL_EVERY or not 0 <= at_utc_s - group.begun_utc_s < GROUP_S:
        return None
    before = group.wall
    same_place = place(before) == place(wall)
    if not same_place or len(before.tiles) != len(wall.tiles):
        return None
    changed = [n for n, tile in enumerate(wall.tiles) if tile != before.tiles[n]]
    return changed if len(changed) <= max(len(wall.tiles) // 2, 1) else None


def _create(db: sqlite_utils.Database) -> None:
    shown = db.table("shown")
    shown.create(_COLUMNS, pk="id", if_not_exists=True)
    shown.create_index(["window", "at_utc_s"], if_not_exists=True)
    shown.create_index(["base"], if_not_exists=True)
    db.table("alive").create({"window": int, "utc_s": float}, pk="window", if_not_exists=True)
