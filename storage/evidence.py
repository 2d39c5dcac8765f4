"""Write-once store of evidence files, named by their SHA-256. Any thread and process may put and read.

Owns the folder and nothing else: which file belongs to which event is a fact of the journal.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from storage.durable import typed_errors, write_new
from storage.errors import StorageCode, StorageError

_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")
_READ_ONLY = 0o440


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
