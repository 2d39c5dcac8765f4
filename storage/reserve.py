"""Room that is kept for the moment when the disk is full: a file that is given up, so that the journal can go on.

It lies on the journal's own file system. `give_up` is called on the journal's writer thread, `fill` by whoever watches
the free space; both may be called from any thread.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from storage.durable import make_folder

log = logging.getLogger(__name__)

SIZE_BYTES = 64 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024


class Reserve:
    """The file at `path`, of `size_bytes` while it is whole."""

    def __init__(
        self,
        path: Path,
        size_bytes: int = SIZE_BYTES,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self.path, self.size_bytes = path, size_bytes
        self._free_bytes = free_bytes
        self._lock = threading.Lock()

    @property
    def whole(self) -> bool:
        """Whether it is there."""
        try:
            return self.path.stat().st_size >= self.size_bytes
        except OSError:
            return False

    def give_up(self) -> bool:
        """Make room; False when there was nothing to give."""
        with self._lock:
            try:
                size = self.path.stat().st_size
                self.path.unlink()
            except OSError:
                return False
        log.error("the disk is full: the reserve of %d MB was given up", size // 1_000_000)
        return size > 0

    def fill(self) -> bool:
        """Take the room back when there is twice as much; says whether the reserve is whole. A disk that refuses it
        leaves none behind."""
        with self._lock:
            if self.whole:
                return True
            try:
                if self._free_bytes(make_folder(self.path.parent)) < 2 * self.size_bytes:
                    return False
                with self.path.open("wb") as file:
                    _allocate(file.fileno(), self.size_bytes)
            except OSError as error:
                log.warning("no reserve on the disk: %s", error)
                with contextlib.suppress(OSError):  # what cannot be removed cannot be made either
                    self.path.unlink(missing_ok=True)
                return False
            return True


def _allocate(handle: int, size_bytes: int) -> None:
    """Blocks that really belong to the file: one with holes would hold nothing back."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, size_bytes)
        return
    left = size_bytes
    while left > 0:  # bytes that no file system folds to nothing
        left -= os.write(handle, os.urandom(min(left, _CHUNK_BYTES)))
