"""The recording index after an accident: noticed at the start, set aside, made again beside the running recorders.

The files have all that was in it but the reasons of gaps, which are unknown then. Used on the footage keeper's thread,
a slice at a time; what a crash interrupts begins again at the next start. An index is read through at the start where
that is quick or there is reason to doubt it; no start waits for a big one that was closed in order.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from storage.errors import StorageCode, StorageError
from storage.footage_files import read_segment
from storage.footage_records import Segment
from storage.footage_scan import footage_files
from storage.segments import SegmentIndex

log = logging.getLogger(__name__)

CHECKED_BYTES = 64_000_000
"""An index up to this size is always read through: a blink."""
_BATCH = 200
_WAL = ("", "-wal", "-shm")


def open_index(path: Path, roots: Sequence[Path]) -> SegmentIndex:
    """The index, empty and `incomplete` where it was damaged, or was missing while there are recordings.

    Raises StorageError: DISK_FULL, READ_ONLY, BUSY."""
    existed = path.exists()
    try:
        index = _checked(path)
    except StorageError as error:
        if error.code not in (StorageCode.DAMAGED, StorageCode.NOT_A_JOURNAL):
            raise
        log.error("the recording index %s is damaged and is made again: %s", path, error)
        set_aside(path)
        index = SegmentIndex(path)
        existed = False
    if not existed and next(footage_files(roots), None) is not None:
        index.incomplete = True
    return index


def doubt(path: Path) -> None:
    """Something was wrong with the index: the next start reads it through, whatever its size. Raises OSError."""
    _doubted(path).touch()


def _checked(path: Path) -> SegmentIndex:
    doubtful = _is_doubtful(path)
    index = SegmentIndex(path)
    try:
        if doubtful:
            index.check()
            _doubted(path).unlink(missing_ok=True)
    except BaseException:
        index.close()
        raise
    return index


def _is_doubtful(path: Path) -> bool:
    """To be asked before it is opened: what is left of its write-ahead log says that nobody closed it."""
    unclean = path.with_name(f"{path.name}-wal").exists() or _doubted(path).exists()
    return unclean or (path.exists() and path.stat().st_size <= CHECKED_BYTES)


def _doubted(path: Path) -> Path:
    return path.with_name(f"{path.name}.doubted")


def set_aside(path: Path) -> None:
    """Out of the way, for whoever wants to look at it; an earlier one goes."""
    for suffix in _WAL:
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.replace(path.with_name(f"{path.name}.damaged{suffix}"))
    _doubted(path).unlink(missing_ok=True)


class IndexRepair:
    """`step` until `done`."""

    def __init__(self, index: SegmentIndex, roots: Sequence[Path]) -> None:
        self.found = 0
        self._index = index
        self._files: Iterator[Path] | None = footage_files(roots) if index.incomplete else None

    @property
    def done(self) -> bool:
        """Whether the index is whole."""
        return self._files is None

    def step(self, seconds: float) -> None:
        """Go on for so long. Raises StorageError, OSError."""
        end_s = time.monotonic() + seconds
        while self._files is not None and time.monotonic() < end_s:
            paths = list(islice(self._files, _BATCH))
            self.found += self._index.adopt(_segments(paths))
            if len(paths) < _BATCH:
                self._index.name_gaps()
                self._index.incomplete = False
                self._files = None
                log.info("the recording index is whole again, %d files were found", self.found)


def _segments(paths: Sequence[Path]) -> list[Segment]:
    return [found for path in paths if (found := read_segment(path).segment) is not None]
