"""Which recording folders were ever used, noted beside the footage index: a folder of these that is there without its
mark is an empty mount point, and recording into it would fill the wrong disk. Any thread; the writer is one.
"""

from __future__ import annotations

import json
import logging
from pathlib import Path

from storage.durable import replace, typed_errors
from storage.errors import StorageError

log = logging.getLogger(__name__)

MARK = ".watchfloor-recordings"
_TEXT = b"Watchfloor records here. Without this file nothing is recorded into this folder.\n"


class KnownFolders:
    """`path` is the list's file; None remembers nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known = self._read()

    def is_missing(self, folder: Path) -> bool:
        """Whether the folder was used before and is not there now, whatever stands in its place."""
        return str(folder) in self._known and not (folder / MARK).exists()

    def used(self, folder: Path) -> None:
        """Mark and note it; where the note cannot be written, the disk is good all the same. Raises StorageError
        READ_ONLY, DISK_FULL; OSError."""
        mark = folder / MARK
        if not mark.exists():
            with typed_errors(mark):
                mark.write_bytes(_TEXT)
        if self._path is not None and str(folder) not in self._known:
            self._known.add(str(folder))
            self._note(self._path)

    def _note(self, path: Path) -> None:
        try:
            replace(path, json.dumps(sorted(self._known), ensure_ascii=False, indent=1).encode())
        except (OSError, StorageError) as error:
            log.warning("the list of recording folders cannot be written: %s", error)

    def _read(self) -> set[str]:
        """A list that cannot be read is begun anew: it only keeps from filling the wrong disk."""
        if self._path is None or not self._path.exists():
            return set()
        try:
            with typed_errors(self._path):
                found = json.loads(self._path.read_bytes())
        except (OSError, StorageError, ValueError) as error:
            log.warning("the list of recording folders cannot be read: %s", error)
            return set()
        return {str(one) for one in found} if isinstance(found, list) else set()
