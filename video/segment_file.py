"""One segment on the disk while it is written: counted, hashed as it goes, marked at every whole fragment.

A write-only file object for PyAV (no `seek`: the muxer then never goes back). The hash is of what was meant to be
written, taken from memory: what the disk made of it is found by `recordings verify`. Used on one writer thread.
"""

from __future__ import annotations

import errno
import hashlib
import os
import struct
from collections.abc import Iterator
from pathlib import Path

from storage.durable import make_folder, sync_folder

_HEADER_BYTES = 8


class BoxEnds:
    """Where top-level boxes end (ISO/IEC 14496-12, 4.2) in a file that comes in pieces."""

    def __init__(self) -> None:
        self.fragments = 0
        self._head = b""
        self._left = 0
        self._kind = b""

    def ends(self, data: memoryview) -> Iterator[int]:
        """Places in `data` where the file is whole: behind every box but a `moof`, whose `mdat` follows."""
        at = 0
        while at < len(data):
            if not self._left:
                at += self._begin(data[at : at + _HEADER_BYTES - len(self._head)])
                if self._head:
                    return
            step = min(self._left, len(data) - at)
            at, self._left = at + step, self._left - step
            if not self._left and self._kind != b"moof":
                self.fragments += self._kind == b"mdat"
                yield at

    def _begin(self, data: memoryview) -> int:
        self._head += bytes(data)
        if len(self._head) == _HEADER_BYTES:
            size, self._kind = struct.unpack(">I4s", self._head)
            # A segment's fragments are far below the 4 GiB from which sizes stand elsewhere.
            self._left, self._head = max(size - _HEADER_BYTES, 0), b""
        return len(data)


class SegmentFile:
    """Made by opening; refuses to overwrite. Raises OSError; StorageError READ_ONLY, DISK_FULL for the folder."""

    def __init__(self, path: Path) -> None:
        make_folder(path.parent)
        self.path = path
        self.size = 0
        self._hash = hashlib.sha256()
        self._mark = (0, self._hash.copy())
        self._boxes = BoxEnds()
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
        self._count(memoryview(data))
        return len(data)

    def _count(self, data: memoryview) -> None:
        """Hash what was written, and remember where it is whole."""
        done = 0
        for end in self._boxes.ends(data):
            self._hash.update(data[done:end])
            self.size += end - done
            done = end
            self._mark = (self.size, self._hash.copy())
        self._hash.update(data[done:])
        self.size += len(data) - done

    def put(self, handle: int, data: memoryview) -> int:
        """The one place where bytes leave."""
        return os.write(handle, data)

    @property
    def whole_bytes(self) -> int:
        """Bytes up to the end of the last whole fragment."""
        return self._mark[0]

    @property
    def fragments(self) -> int:
        """Whole fragments so far."""
        return self._boxes.fragments

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
