"""One segment on the disk while it is written: counted, hashed as it goes, marked at every whole fragment.

A write-only file object for PyAV (no `seek`: the muxer then never goes back). The hash is of what was meant to be
written, taken from memory: what the disk made of it is found by `recordings verify`. Used on one writer thread.
"""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

from storage.durable import make_folder, sync_folder


class SegmentFile:
    """Made by opening; refuses to overwrite. Raises OSError; StorageError READ_ONLY, DISK_FULL for the folder."""

    def __init__(self, path: Path) -> None:
        make_folder(path.parent)
        self.path = path
        self.size = 0
        self._hash = hashlib.sha256()
        self._mark = (0, self._hash.copy())
        self._broken = False
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self._handle: int | None = os.open(path, flags, 0o640)
        sync_folder(path.parent)

    def write(self, data: bytes) -> int:
        """Called by the muxer; after a failure everything more is swallowed, so that it can be closed."""
        if self._broken or self._handle is None:
            return len(data)
        view = memoryview(data)
        try:
            while view:
                view = view[self.put(self._handle, view) :]
        except OSError:
            self._broken = True
            raise
        self._hash.update(data)
        self.size += len(data)
        return len(data)

    def put(self, handle: int, data: memoryview) -> int:
        """The one place where bytes leave."""
        return os.write(handle, data)

    def mark(self) -> None:
        """What is written so far is whole."""
        self._mark = (self.size, self._hash.copy())

    @property
    def whole_bytes(self) -> int:
        """Bytes up to the last mark."""
        return self._mark[0]

    def sync(self) -> None:
        """Wait until the disk has it. Raises OSError; also when the file was removed under our hands."""
        if self._handle is not None and not self._broken:
            if not os.fstat(self._handle).st_nlink:
                raise FileNotFoundError(errno.ENOENT, "removed while it was written", str(self.path))
            # Windows and macOS have no fdatasync.
            getattr(os, "fdatasync", os.fsync)(self._handle)

    def finish(self) -> tuple[int, str]:
        """Close; size and SHA-256 of the file. Raises OSError."""
        self.sync()
        self._close()
        return self.size, self._hash.hexdigest()

    def abandon(self) -> tuple[int, str]:
        """Cut back to the last whole fragment and close, whatever the disk says; size and SHA-256 of what is left."""
        size, hashed = self._mark
        self._broken = True
        try:
            if self._handle is not None:
                os.ftruncate(self._handle, size)
        except OSError:
            size = self.size  # It stays torn at its end, and the hash is of what should be there.
        finally:
            self._close()
        return size, hashed.hexdigest()

    def _close(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)
