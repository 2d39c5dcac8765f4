"""Copies the journal every day while it is in use, verifies each copy, and keeps the newest ones.

One worker; the copy is SQLite's own online one, the verification a process of its own at low priority. A copy that was
missed (the machine was off) is made up for.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from app.bus import Bus
from app.feeds import Banner
from app.i18n import _
from app.texts import sentence
from app.verifier import verified_apart
from storage.backups import Backup, accept, backups, new_path, prune, reject
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.folders import Folders
from storage.journal import Journal
from storage.settings import BackupSettings
from storage.verify_apart import Request
from storage.worker import Worker

log = logging.getLogger(__name__)

FIRST_S = 120.0
"""After the start, when cameras and detection have settled."""
BANNER = "backup"
_STEP_S = 0.5
_RETRY_S = 1800.0


def backup_folder(folders: Folders, settings: BackupSettings) -> Path:
    """Where copies go."""
    return Path(settings.folder).expanduser() if settings.folder else folders.data / "backups"


def last_due_utc_s(now_utc_s: float, hour: int, zone: tzinfo) -> float:
    """The last moment at which the site's clock showed that hour (on the night without it, the moment after)."""
    now = datetime.fromtimestamp(now_utc_s, zone)
    due = now.replace(hour=hour, minute=0, second=0, microsecond=0, fold=0)
    if due.timestamp() > now_utc_s:
        due = (now - timedelta(days=1)).replace(hour=hour, minute=0, second=0, microsecond=0, fold=0)
    return due.timestamp()


class Backups(Worker):
    """`newest` is the newest whole copy, for the seat test; `keys` the file of the journals' keys."""

    def __init__(
        self,
        folder: Path,
        journal: Journal,
        settings: BackupSettings,
        zone: tzinfo,
        bus: Bus,
        *,
        first_s: float = FIRST_S,
        keys: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__("backups")
        self._folder, self._journal, self._settings, self._zone, self._bus = folder, journal, settings, zone, bus
        self._clock, self._keys = clock, keys
        self._retry_s = time.monotonic() + first_s
        self._told = ""
        self._done_utc_s = float("-inf")

    @property
    def newest(self) -> Backup | None:
        """The newest whole copy."""
        found = backups(self._folder)
        return found[0] if found else None

    def run(self) -> None:
        """Look once a second whether one is due."""
        while not self.stopping.is_set():
            self.beat()
            if self._settings.enabled and time.monotonic() >= self._retry_s and self._due():
                self._retry_s = time.monotonic() + _RETRY_S
                self._make()
            self.stopping.wait(_STEP_S)

    def _due(self) -> bool:
        """The folder is read once for each moment that is due, not twice a second."""
        now_utc_s = self._clock()
        due_utc_s = last_due_utc_s(now_utc_s, self._settings.hour, self._zone)
        if due_utc_s == self._done_utc_s:
            return False
        newest = self.newest
        # A clock set back makes the newest copy one of the future; then it counts as none.
        made_utc_s = 0.0 if newest is None or newest.at_utc_s > now_utc_s else newest.at_utc_s
        if made_utc_s < due_utc_s:
            return True
        self._done_utc_s = due_utc_s
        return False

    def _make(self) -> None:
        try:
            made = make_backup(self._folder, self._journal, self._clock(), self, self._keys)
        except WatchfloorError as error:
            self._fail(sentence(error))
        except OSError as error:
            self._fail(_("The journal could not be backed up. Check the backup folder."), error)
        else:
            if made is not None:
                prune(self._folder, self._settings.keep)
                self._say("")

    def _fail(self, text: str, error: OSError | None = None) -> None:
        log.error("no backup: %s", error or text)
        self._say(text)

    def _say(self, text: str) -> None:
        if text != self._told:
            self._told = text
            self._bus.publish(Banner(BANNER, text))


def make_backup(
    folder: Path, journal: Journal, at_utc_s: float, worker: Worker, keys: Path | None = None
) -> Backup | None:
    """Copy, verify (`keys`: the file of the journals' keys), name; None when the worker was asked to stop first. Raises
    StorageError, OSError."""
    path = new_path(folder, at_utc_s)

    def stopped() -> bool:
        worker.beat()
        return worker.stopping.is_set()

    try:
        journal.backup(str(path), stopped)
    except StorageError as error:
        if error.code is StorageCode.CANCELLED:
            return None
        raise
    found = verified_apart(Request(str(path), keys=None if keys is None else str(keys)), worker)
    if found is None:
        path.unlink(missing_ok=True)
        return None
    if not found.ok:
        kept = reject(path)
        log.error("a fresh backup is not intact, kept as %s: %s", kept, found.lines or found.code)
        raise found.error or StorageError(StorageCode.NOT_WHOLE, path=str(kept), problems=found.problems)
    return accept(path)
