"""When cameras gave no picture: a bounded list in a side file of its own that outlives the program. Not the journal.

An outage that is open has no end; `seen_utc_s` says until when it is known to have lasted, which becomes its end when
the program died over it. Any thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import sqlite_utils

from storage.side_file import SideFile

MOST_PER_CAMERA = 100
KEEP_S = 90 * 86400.0
_COLUMNS = {
    "id": str,
    "camera_id": str,
    "from_utc_s": float,
    "to_utc_s": float,
    "seen_utc_s": float,
    "reason": str,
}
_SURPLUS = """
DELETE FROM outages WHERE id IN (
    SELECT id FROM (
        SELECT id, row_number() OVER (PARTITION BY camera_id ORDER BY from_utc_s DESC, id DESC) AS place FROM outages
    ) WHERE place > ?
)
"""


@dataclass(frozen=True, slots=True)
class Outage:
    """No picture from a camera that somebody wanted; `to_utc_s` None: still so. `reason` is an error's code, or
    `stale` for a stream that is open and sends nothing new."""

    id: str
    camera_id: str
    from_utc_s: float
    to_utc_s: float | None
    reason: str

    def lasted_s(self, now_utc_s: float) -> float:
        """Seconds, until now when it is open."""
        return max((now_utc_s if self.to_utc_s is None else self.to_utc_s) - self.from_utc_s, 0.0)


class OutageFile:
    """Open once, close once. Raises StorageError as `SideFile` does."""

    def __init__(self, path: Path) -> None:
        self._file = SideFile(path, _create)

    def end_open(self) -> None:
        """What was open when the program ended lasted until it was last seen."""
        with self._file.writing():
            self._file.run("UPDATE outages SET to_utc_s = max(from_utc_s, seen_utc_s) WHERE to_utc_s IS NULL")

    def put(self, outages: Iterable[Outage], now_utc_s: float) -> None:
        """Outages that began, changed, ended or still are."""
        marks = ", ".join("?" * len(_COLUMNS))
        values = [(one.id, one.camera_id, one.from_utc_s, one.to_utc_s, now_utc_s, one.reason) for one in outages]
        with self._file.writing():
            self._file.run_many(f"INSERT OR REPLACE INTO outages VALUES ({marks})", values)  # noqa: S608 - constants

    def prune(self, now_utc_s: float) -> None:
        """Forget what is old, and what is too many of one camera."""
        with self._file.writing():
            self._file.run("DELETE FROM outages WHERE to_utc_s < ?", (now_utc_s - KEEP_S,))
            self._file.run(_SURPLUS, (MOST_PER_CAMERA,))
        self._file.shrink()

    def load(self) -> tuple[Outage, ...]:
        """All, oldest first."""
        sql = "SELECT id, camera_id, from_utc_s, to_utc_s, reason FROM outages ORDER BY from_utc_s, id"
        return tuple(Outage(*row) for row in self._file.rows(sql))

    def close(self) -> None:
        """Release the file."""
        self._file.close()


def _create(db: sqlite_utils.Database) -> None:
    outages = db.table("outages")
    outages.create(_COLUMNS, pk="id", if_not_exists=True)
    outages.create_index(["camera_id", "from_utc_s"], if_not_exists=True)
