"""Files that are whole or absent: temporary file, fsync, atomic name. Maps the system's refusals to typed errors."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from storage.errors import StorageCode, StorageError
from storage.records import new_id

_CODES = {
    errno.ENOSPC: StorageCode.DISK_FULL,
    errno.EDQUOT: StorageCode.DISK_FULL,
    errno.EFBIG: StorageCode.DISK_FULL,
    errno.EROFS: StorageCode.READ_ONLY,
    errno.EACCES: StorageCode.READ_ONLY,
    errno.EPERM: StorageCode.READ_ONLY,
    errno.ENOTDIR: StorageCode.READ_ONLY,
    errno.EEXIST: StorageCode.READ_ONLY,
}


@contextlib.contextmanager
def typed_errors(path: Path) -> Iterator[None]:
    """Turn a full or read-only disk into DISK_FULL or READ_ONLY; other OSErrors pass."""
    try:
        yield
    except OSError as error:
        code = _CODES.get(error.errno or 0)
        if code is None:
            raise
        raise StorageError(code, path=str(path)) from error


def make_folder(path: Path) -> Path:
    """Create a folder and its parents. Raises READ_ONLY, DISK_FULL."""
    with typed_errors(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


def write_new(path: Path, data: bytes, mode: int = 0o600) -> bool:
    """Write `path` whole and synced; False (and nothing changed) when it exists. Raises READ_ONLY, DISK_FULL."""
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{new_id()}.part")
    with typed_errors(path):
        try:
            _write_synced(temporary, data, mode)
            created = _claim(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)
    return created


def replace(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Replace `path` whole and synced. Raises READ_ONLY, DISK_FULL."""
    make_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{new_id()}.part")
    with typed_errors(path):
        try:
            _write_synced(temporary, data, mode)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync_folder(path.parent)


def sync_file(path: Path) -> None:
    """Make what somebody wrote into `path` durable."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def sync_folder(folder: Path) -> None:
    """Make a new name durable (Windows needs and offers nothing here)."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_synced(path: Path, data: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _claim(temporary: Path, path: Path) -> bool:
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return False
    except (NotImplementedError, PermissionError):  # exFAT and some shares know no hard links
        if path.exists():
            return False
        temporary.replace(path)
    return True
