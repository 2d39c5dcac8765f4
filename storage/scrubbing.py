"""Takes erased words off the disk: out of the full-text index, the free pages and the write-ahead log.

SQLite overwrites what it deletes (`secure_delete`, on for every writer of ours), but a full-text index only marks a
removal until its segments are merged, and the log keeps old pages until it is truncated. What a program without
`secure_delete` left in free pages goes only by writing the file anew. Any thread but the GUI's.
"""

from __future__ import annotations

import contextlib
import logging
import time
from pathlib import Path

from storage import database
from storage.driver import Connection
from storage.journal_keys import JournalKey

log = logging.getLogger(__name__)

PAGES_A_STEP = 200
"""So few that the writer waits for some milliseconds only."""
_INDEX = "search"
_WAIT_MS = 1000
_STEP_PAUSE_S = 0.01


def scrub(path: Path, *, whole: bool = False, key: JournalKey | None = None) -> bool:
    """Do it; False when somebody still read an old state, so that the log could not be truncated."""
    with contextlib.closing(database.connect(path, key)) as connection:
        connection.execute("PRAGMA secure_delete = ON").fetchone()
        merge_index(connection)
        if whole:
            connection.execute("VACUUM")
        return _truncated(connection)


def merge_index(connection: Connection) -> int:
    """Merge all segments of the full-text index into one, step by step; how many steps it took.

    FTS5's `merge` with a negative number gathers all segments and works off so many pages; it changes fewer than two
    rows when nothing is left to do."""
    there = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_INDEX,)).fetchone()
    steps, pages = 0, -PAGES_A_STEP
    while there is not None:
        before = connection.total_changes
        connection.execute(f"INSERT INTO {_INDEX} ({_INDEX}, rank) VALUES ('merge', ?)", (pages,))  # noqa: S608 - a constant
        steps, pages = steps + 1, PAGES_A_STEP
        if connection.total_changes - before < 2:
            return steps
        time.sleep(_STEP_PAUSE_S)  # alarms come first
    return steps


def _truncated(connection: Connection) -> bool:
    """Readers that finish within a second are waited for."""
    connection.execute(f"PRAGMA busy_timeout = {_WAIT_MS}").fetchone()
    busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    if busy:
        log.warning("the write-ahead log could not be truncated: somebody reads an old state")
    return not busy
