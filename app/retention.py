"""Retention of journal data: what goes when its time is over, after it was on the list long enough. One slow worker.

The list is the notice: an incident is erased when its category's days are over and it was listed for `notice_days`,
so that nobody is surprised by a changed setting. When it was listed first is kept in a file of ids (`Notices`).
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.age_clock import AgeClock
from app.archive import RUNTIME, Archive
from app.erasing import Eraser
from app.fetch_leftovers import discard_old
from app.recording import recordings_folders
from storage import durable
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.journal import Journal, RetentionCandidate
from storage.release_commands import EraseSubject
from storage.settings import RetentionSettings
from storage.worker import Worker

log = logging.getLogger(__name__)

DAY_S = 86_400.0
PERIOD_S = DAY_S
FIRST_S = 600.0
"""After the start: a machine that is switched off every night gets its round too."""
LISTED = 5000
LEGAL_BASIS = "retention"
_PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class Going:
    """One line of the list: the incident goes at `goes_utc_s` unless it is held."""

    candidate: RetentionCandidate
    listed_utc_s: float
    goes_utc_s: float


class Notices:
    """Since when each incident is on the list. One file, written whole; an unreadable one only begins anew."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, float]:
        """Incident id to when it was listed first."""
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            return {str(key): float(value) for key, value in found.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError):
            log.warning("%s cannot be read: every notice begins again", self._path.name)
            return {}

    def renew(self, incident_ids: Iterable[str], now_utc_s: float) -> dict[str, float]:
        """Put new ones on, take others off. Raises READ_ONLY, DISK_FULL: then nothing goes."""
        known = self.read()
        notices = {incident_id: min(known.get(incident_id, now_utc_s), now_utc_s) for incident_id in incident_ids}
        if notices != known:
            durable.replace(self._path, json.dumps(notices, sort_keys=True).encode(), 0o600)
        return notices


class Retention:
    """The list, and what is done with it. Any thread but the GUI's."""

    def __init__(
        self,
        journal: Journal,
        eraser: Eraser,
        notices: Notices,
        settings: RetentionSettings,
        clock: Callable[[], float] = time.time,
        *,
        leftovers: Callable[[float], object] = lambda _now_utc_s: 0,
    ) -> None:
        self._leftovers = leftovers
        self._journal, self._eraser, self._notices = journal, eraser, notices
        self._settings, self._clock = settings, clock

    def listed(self) -> list[Going]:
        """What goes within the notice, the next first. Puts new ones on the list."""
        now_utc_s, notice_s = self._clock(), self._settings.notice_days * DAY_S
        found = self._journal.retention_candidates(
            now_utc_s + notice_s, LISTED, default_days=self._settings.incident_days
        )
        notices = self._notices.renew((c.incident.id for c in found), now_utc_s)
        going = [Going(c, notices[c.incident.id], max(c.due_utc_s, notices[c.incident.id] + notice_s)) for c in found]
        return sorted(going, key=lambda item: item.goes_utc_s)

    def round(self, stopping: Callable[[], bool] = lambda: False, beat: Callable[[], None] = lambda: None) -> int:
        """Erase what may go now, one after the other, and clean the disk once; how many."""
        done = 0
        for item in self.listed():
            beat()
            if stopping():
                break
            if item.candidate.held or item.goes_utc_s > self._clock():
                continue
            done += self._erased(item)
            time.sleep(_PAUSE_S if done else 0)  # alarms come first
        if done:
            self._eraser.scrub()
            log.info("%d incidents were erased: their time was over", done)
        self._eraser.sweep()
        self._leftovers(self._clock())
        return done

    def _erased(self, item: Going) -> bool:
        incident = item.candidate.incident
        reason = f"{incident.category_id}: kept until its day"
        command = EraseSubject("incidents", incident.id, LEGAL_BASIS, reason, by_rule=True)
        try:
            self._eraser.erase(command, RUNTIME, scrub=False)
        except StorageError as error:
            if error.code not in (StorageCode.HELD, StorageCode.ILLEGAL_TRANSITION, StorageCode.NOT_FOUND):
                raise
            log.info("incident %s stays: %s", incident.number, error)
            return False
        return True


class RetentionKeeper(Worker):
    """A round a day. When asked to stop it finishes the erasure at work."""

    def __init__(self, retention: Retention, period_s: float = PERIOD_S, first_s: float = FIRST_S) -> None:
        super().__init__("retention")
        self.erased = 0
        self._retention, self._period_s, self._first_s = retention, period_s, first_s

    def run(self) -> None:
        """Wait, look, erase; a failure of the disk or the journal is tried again the next day."""
        due_s = time.monotonic() + self._first_s
        while not self.stopping.is_set():
            self.beat()
            if time.monotonic() >= due_s:
                try:
                    self.erased += self._retention.round(self.stopping.is_set, self.beat)
                except WatchfloorError as error:
                    log.error("retention did nothing today: %s", error)
                due_s = time.monotonic() + self._period_s
            self.stopping.wait(min(1.0, self._period_s))


def retention_of(archive: Archive) -> Retention:
    """The list of a home, as its settings want it."""
    eraser = Eraser(archive.journal, archive.store, archive.folders)
    notices = Notices(archive.folders.state / "retention.json")
    recordings = recordings_folders(archive.folders, archive.settings)
    leftovers = partial(discard_old, archive.folders, recordings=recordings)
    settings = archive.settings.retention
    return Retention(archive.journal, eraser, notices, settings, AgeClock(), leftovers=leftovers)
