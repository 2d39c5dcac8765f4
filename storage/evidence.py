"""Write-once store of evidence files, named by their SHA-256. Any thread and process may put and read.

Owns the folder and nothing else: which file belongs to which event is a fact of the journal.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path

from storage.durable import make_folder, sync_folder, typed_errors, write_new
from storage.errors import StorageCode, StorageError
from storage.records import new_id

_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_READ_ONLY = 0o440
_CHUNK = 1 << 20


class EvidenceStore:
    """Files under `folder`, spread over 256 subfolders by the first two digits of their hash."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes, suffix: str) -> tuple[str, str]:
        """Store durably; returns the path relative to the store and the SHA-256. The same bytes are stored once.

        Raises DISK_FULL, READ_ONLY, BAD_VALUE for a suffix that is not like `.jpg`, DAMAGED when other bytes are
        already there under this name."""
        if not _SUFFIX.fullmatch(suffix):
            raise StorageError(StorageCode.BAD_VALUE, suffix=suffix)
        sha256 = hashlib.sha256(data).hexdigest()
        relative = f"{sha256[:2]}/{sha256}{suffix}"
        if not write_new(self.folder / relative, data, _READ_ONLY):
            self.read(relative, sha256)
        return relative, sha256

    def put_file(
        self,
        source: Path,
        suffix: str,
        check: Callable[[Path], None] | None = None,
        told: Callable[[int], None] | None = None,
    ) -> tuple[str, str]:
        """As `put`, for a file of any size, read once; `told` hears how many bytes were copied, `check` is shown the
        copy before it gets its name. What either raises leaves nothing behind. Raises also NOT_FOUND for a source that
        cannot be read."""
        if not _SUFFIX.fullmatch(suffix):
            raise StorageError(StorageCode.BAD_VALUE, suffix=suffix)
        temporary = make_folder(self.folder / "incoming") / f"{new_id()}{suffix}"
        try:
            sha256 = _copied(source, temporary, told)
            if check is not None:
                check(temporary)
            relative = f"{sha256[:2]}/{sha256}{suffix}"
            target = self.folder / relative
            make_folder(target.parent)
            with typed_errors(target):
                if target.exists():
                    _refuse_other(target, sha256)
                else:
                    temporary.chmod(_READ_ONLY)
                    temporary.replace(target)
                    sync_folder(target.parent)
        finally:
            temporary.unlink(missing_ok=True)
        return relative, sha256

    def read(self, path: str, sha256: str) -> bytes:
        """The bytes, checked against their hash. Raises NOT_FOUND, DAMAGED, BAD_VALUE for a path outside."""
        target = self.folder / path
        if not target.resolve().is_relative_to(self.folder.resolve()):
            raise StorageError(StorageCode.BAD_VALUE, path=path)
        try:
            with typed_errors(target):
                data = target.read_bytes()
        except (FileNotFoundError, IsADirectoryError) as error:
            raise StorageError(StorageCode.NOT_FOUND, path=path) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise StorageError(StorageCode.DAMAGED, path=path)
        return data


def _copied(source: Path, target: Path, told: Callable[[int], None] | None) -> str:
    """Copy and sync; the SHA-256 of what was copied."""
    sha256 = hashlib.sha256()
    try:
        file = source.open("rb")
    except OSError as error:
        raise StorageError(StorageCode.NOT_FOUND, path=str(source)) from error
    with file, typed_errors(target), target.open("xb") as copy:
        while data := file.read(_CHUNK):
            sha256.update(data)
            copy.write(data)
            if told is not None:
                told(copy.tell())
        copy.flush()
        os.fsync(copy.fileno())
    return sha256.hexdigest()


def _refuse_other(target: Path, sha256: str) -> None:
    with target.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
            raise StorageError(StorageCode.DAMAGED, path=str(target))
