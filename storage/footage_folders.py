"""The folders into which a site records: who has them, which of them work, and which one a camera's next file goes to.

Several folders share the load in proportion to their free space; one that fails is left for the others and comes back
when it works again. With a single folder there is no choice: it is tried again and again. A folder that was used
before and is not there any more (its disk is not mounted) is never made anew. Any thread; asks the disk outside its
lock.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.durable import typed_errors
from storage.errors import StorageCode, StorageError
from storage.footage_lock import FolderLock
from storage.known_folders import KnownFolders
from storage.records import new_id

log = logging.getLogger(__name__)

ROOM_BYTES = 64_000_000
"""A folder whose disk was full comes back when there is so much room again."""
_STAY = 2.0
"""A camera changes its folder when another one offers so many times the space."""


def free_bytes_of(folder: Path) -> int:
    """What may still be written there. Raises OSError."""
    return shutil.disk_usage(folder).free


@dataclass(slots=True)
class _Place:
    path: Path
    lock: FolderLock | None = None
    error: StorageError | None = None


class FootageFolders:
    """Locked from construction to `release`. Raises the first folder's StorageError when none can be used. `known` is
    the file that remembers which folders were used."""

    def __init__(
        self, paths: Sequence[Path], *, known: Path | None = None, free_bytes: Callable[[Path], int] = free_bytes_of
    ) -> None:
        self.free_bytes = free_bytes
        self._known = KnownFolders(known)
        self._places = [_Place(path) for path in dict.fromkeys(paths)]
        self._lock = threading.Lock()
        self._of: dict[str, Path] = {}
        for place in self._places:
            place.error = self._take(place)
            if place.error is not None:
                log.warning("recordings folder %s is not used: %s", place.path, place.error)
        if not self.healthy:
            raise next(place.error for place in self._places if place.error is not None)

    @property
    def paths(self) -> tuple[Path, ...]:
        """All of them."""
        return tuple(place.path for place in self._places)

    @property
    def healthy(self) -> tuple[Path, ...]:
        """Those that work, as far as is known."""
        return tuple(place.path for place in self._places if place.error is None)

    @property
    def lost(self) -> tuple[Path, ...]:
        """Those whose files cannot be reached now (not mounted, read-only, somebody else's). A full one is not lost."""
        errors = [(place.path, place.error) for place in self._places]
        return tuple(path for path, error in errors if error is not None and error.code is not StorageCode.DISK_FULL)

    @property
    def problem(self) -> StorageError | None:
        """What is wrong with the first one that does not work."""
        return next((place.error for place in self._places if place.error is not None), None)

    def choose(self, camera_id: str) -> Path:
        """Where this camera's next file belongs: where it is, unless another folder works (much) better. Raises
        FOLDER_MISSING when that would be a folder whose disk is away."""
        offers = self._offers()
        with self._lock:
            others = Counter(path for camera, path in self._of.items() if camera != camera_id)
            shares = {path: free / (others[path] + 1) for path, free in offers.items()}
            current = self._of.get(camera_id, self._places[0].path)
            if shares:
                best = max(shares, key=lambda path: shares[path])
                stays = camera_id in self._of and shares.get(current, -1.0) * _STAY >= shares[best]
                current = current if stays else best
                self._of[camera_id] = current
        if self._known.is_missing(current):
            raise StorageError(StorageCode.FOLDER_MISSING, path=str(current))
        return current

    def failed(self, folder: Path, code: StorageCode) -> bool:
        """Writing there failed; True when there is another folder to go on in at once."""
        for place in self._places:
            if place.path == folder and len(self._places) > 1 and place.error is None:
                log.warning("recordings folder %s is left: %s", folder, code.value)
                place.error = StorageError(code, path=str(folder))
        return any(path != folder for path in self.healthy)

    def look(self) -> None:
        """See whether the folders are still ours and whether failed ones work again; now and then, on one thread."""
        for place in self._places:
            if place.error is None and place.lock is not None and not place.lock.valid:
                place.error = self._again(place)
            elif place.error is not None and (len(self._places) > 1 or _is_away(place)):
                place.error = self._again(place)
                if place.error is None:
                    log.info("recordings folder %s is used again", place.path)

    def release(self) -> None:
        """Let others record there."""
        for place in self._places:
            if place.lock is not None:
                place.lock.release()

    def _offers(self) -> dict[Path, float]:
        if len(self._places) == 1:
            return {self._places[0].path: 1.0}
        found: dict[Path, float] = {}
        for path in self.healthy:
            if self._known.is_missing(path):
                self.failed(path, StorageCode.FOLDER_MISSING)
                continue
            try:
                found[path] = float(self.free_bytes(path))
            except OSError:
                self.failed(path, StorageCode.DISK_FAILED)
        return found

    def _again(self, place: _Place) -> StorageError | None:
        """Take a folder (again). One of several is not made anew: what is missing may be a disk that is not mounted."""
        several = len(self._places) > 1
        if several and not place.path.is_dir():
            return StorageError(StorageCode.DISK_FAILED, path=str(place.path))
        if place.lock is not None:
            place.lock.release()
            place.lock = None
        error = self._take(place)
        if error is None and several and self._is_full(place.path):
            error = StorageError(StorageCode.DISK_FULL, path=str(place.path))
        return error

    def _take(self, place: _Place) -> StorageError | None:
        """Lock it, unless its disk is away; what stands against it."""
        if self._known.is_missing(place.path):
            return StorageError(StorageCode.FOLDER_MISSING, path=str(place.path))
        return _locked(place, self._known)

    def _is_full(self, path: Path) -> bool:
        try:
            return self.free_bytes(path) < ROOM_BYTES
        except OSError:
            return True


def _is_away(place: _Place) -> bool:
    return place.error is not None and place.error.code is StorageCode.FOLDER_MISSING


def _locked(place: _Place, known: KnownFolders) -> StorageError | None:
    """Lock a folder and write something there; what stands against it."""
    try:
        place.lock = FolderLock(place.path)
        probe = place.path / f".{new_id()}.probe"
        with typed_errors(probe):
            probe.write_bytes(b"?" * 4096)
            probe.unlink()
        known.used(place.path)
    except StorageError as error:
        return error
    except OSError:
        return StorageError(StorageCode.DISK_FAILED, path=str(place.path))
    return None


class OneFolder:
    """A folder without lock or choice, for tests and benches."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def choose(self, camera_id: str) -> Path:
        """The folder."""
        del camera_id
        return self._path

    def failed(self, folder: Path, code: StorageCode) -> bool:
        """There is no other one."""
        del folder, code
        return False
