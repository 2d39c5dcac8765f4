"""How far cameras' clocks were ahead, an hour a row, in a side file that outlives the program. Not the journal.

What playback takes out of the times of footage that is days old. Any thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import sqlite_utils

from storage.side_file import SideFile

HOUR_S = 3600.0
KEEP_S = 400 * 86400.0
_COLUMNS = {"camera_id": str, "hour_utc_s": float, "low_s": float, "middle_s": float, "high_s": float}


@dataclass(frozen=True, slots=True)
class OffsetHour:
    """What was measured of one camera's clock in the hour that begins then: least, median, most."""

    camera_id: str
    hour_utc_s: float
    low_s: float
    middle_s: float
    high_s: float


class OffsetFile:
    """Open once, close once. Raises StorageError as `SideFile` does."""

    def __init__(self, path: Path) -> None:
        self._file = SideFile(path, _create)

    def put(self, hours: Iterable[OffsetHour], now_utc_s: float) -> None:
        """Hours that are new or have more in them now; what is too old goes."""
        rows = [(one.camera_id, one.hour_utc_s, one.low_s, one.middle_s, one.high_s) for one in hours]
        with self._file.writing():
            self._file.run_many("INSERT OR REPLACE INTO hours VALUES (?, ?, ?, ?, ?)", rows)
            self._file.run("DELETE FROM hours WHERE hour_utc_s < ?", (now_utc_s - KEEP_S,))

    def between(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> tuple[OffsetHour, ...]:
        """Hours that touch this time, oldest first."""
        sql = "SELECT * FROM hours WHERE camera_id = ? AND hour_utc_s > ? AND hour_utc_s < ? ORDER BY hour_utc_s"
        return tuple(OffsetHour(*row) for row in self._file.rows(sql, (camera_id, from_utc_s - HOUR_S, to_utc_s)))

    def close(self) -> None:
        """Release the file."""
        self._file.close()


def _create(db: sqlite_utils.Database) -> None:
    hours = db.table("hours")
    hours.create(_COLUMNS, pk=("camera_id", "hour_utc_s"), if_not_exists=True)
    hours.create_index(["hour_utc_s"], if_not_exists=True)
