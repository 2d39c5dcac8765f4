"""How much moved before a camera, minute by minute, out of the stored tracks without unpacking them.

A minute that is in the file was looked at: that nothing moved in it is a fact too. Never the GUI's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

from storage.side_file import reading
from storage.track_chunks import HEAD_BYTES, sightings
from storage.tracks import CHUNK_S

_MINUTES = (
    "SELECT from_utc_s, to_utc_s, substr(what, 1, ?) FROM chunks"
    " WHERE camera_id = ? AND from_utc_s >= ? AND from_utc_s < ? AND to_utc_s > ? ORDER BY from_utc_s"
)
_REACH_S = 2 * CHUNK_S


class Activity(NamedTuple):
    """A stretch that was looked at, and how many tracks were seen at a look, on average."""

    from_utc_s: float
    to_utc_s: float
    tracks: float


class TrackActivity:
    """The reader of one file of stored tracks. Raises StorageError: NOT_FOUND, DAMAGED, NOT_A_JOURNAL."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(
        self, camera_ids: Collection[str], from_utc_s: float, to_utc_s: float, check: Callable[[], None] = lambda: None
    ) -> dict[str, list[Activity]]:
        """Of the cameras that have something, oldest first; `check` is called between two and may raise."""
        found: dict[str, list[Activity]] = {}
        with reading(self.path, "chunks") as connection:
            for camera_id in camera_ids:
                check()
                values = (HEAD_BYTES, camera_id, from_utc_s - _REACH_S, to_utc_s, from_utc_s)
                minutes = [_activity(*row) for row in connection.execute(_MINUTES, values)]
                if minutes:
                    found[camera_id] = minutes
        return found


def _activity(from_utc_s: float, to_utc_s: float, beginning: bytes) -> Activity:
    try:
        looks, seen = sightings(beginning)
    except ValueError:
        return Activity(from_utc_s, to_utc_s, 0.0)
    return Activity(from_utc_s, to_utc_s, seen / max(looks, 1))
