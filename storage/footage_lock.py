"""One recorder, or one export, per folder: a lock that the system lifts when its process dies, so that none is ever
stale."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from storage.durable import make_folder, typed_errors
from storage.errors import StorageCode, StorageError

LOCK_NAME = ".recorder.lock"
_PID_BYTES = 32


class FolderLock:
    """Held from construction to `release`. Raises FOLDER_TAKEN (with the holder's pid), READ_ONLY, DISK_FULL."""

    def __init__(self, folder: Path, name: str = LOCK_NAME) -> None:
        make_folder(folder)
        self.path = folder / name
        with typed_errors(self.path):
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                _take(handle, folder)
            except BaseException:
                os.close(handle)  # and the lock with it
                raise
        self._handle: int | None = handle

    @property
    def valid(self) -> bool:
        """Whether the folder still has the file that we hold: it may have been removed, or another disk be there."""
        try:
            return self._handle is not None and os.path.samestat(os.fstat(self._handle), self.path.stat())
        except OSError:
            return False

    def release(self) -> None:
        """Let the next one in; a second call does nothing. The file stays: removing it would let two in."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)


def _take(handle: int, folder: Path) -> None:
    try:
        _lock(handle)
    except OSError as error:
        os.lseek(handle, 0, os.SEEK_SET)
        holder = os.read(handle, _PID_BYTES).decode(errors="replace").strip()
        raise StorageError(StorageCode.FOLDER_TAKEN, path=str(folder), pid=holder or "?") from error
    os.ftruncate(handle, 0)
    os.write(handle, f"{os.getpid()}\n".encode())


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        # Bytes far behind the pid, which stays readable.
        os.lseek(handle, 1 << 20, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        os.lseek(handle, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
