"""What fetches left on the disk that were cut short: it goes when nobody goes on with it, or with its incident.

No work of a fetch is a recording: retention and erasure would not find it otherwise. Needs no client of ONVIF; any
thread but the GUI's.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from app.errors import AppCode, AppError
from storage.errors import StorageCode, StorageError
from storage.folders import Folders
from storage.footage_files import UNFINISHED
from storage.footage_lock import FolderLock

log = logging.getLogger(__name__)

KEPT_S = 3 * 86_400.0
"""How long the work of a fetch for a case is kept when it was cut short."""
WISH = "order.json"
"""In a work folder: for which incident it is."""
_UNFINISHED_S = 86_400.0
_LOCK = ".lock"


def works(folders: Folders) -> Path:
    """Where fetches for cases do their work, a folder each."""
    return folders.data / "fetched"


def discard_old(folders: Folders, now_utc_s: float, recordings: Iterable[Path] = ()) -> int:
    """Remove what was cut short long ago and never gone on with; how much."""
    count = 0
    for work in _old(works(folders), now_utc_s - KEPT_S):
        with suppress(AppError):  # at work
            alone(work).release()
            shutil.rmtree(work, ignore_errors=True)
            count += 1
    for folder in recordings:
        for file in _old(folder / UNFINISHED, now_utc_s - _UNFINISHED_S):
            file.unlink(missing_ok=True)
            count += 1
    if count:
        log.info("%d leftovers of fetches were removed", count)
    return count


def alone(work: Path) -> FolderLock:
    """Nobody else works there until it is released. Raises AppError(FETCH_RUNNING)."""
    try:
        return FolderLock(work, _LOCK)
    except StorageError as error:
        if error.code is not StorageCode.FOLDER_TAKEN:
            raise
        raise AppError(AppCode.FETCH_RUNNING) from error


def _old(folder: Path, before_utc_s: float) -> Iterator[Path]:
    for left in folder.glob("*") if folder.is_dir() else ():
        with suppress(OSError):
            if left.stat().st_mtime < before_utc_s:
                yield left
