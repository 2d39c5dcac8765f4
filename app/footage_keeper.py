"""Looks after what was recorded, slowly: heals after a crash, frees space, warns, seals hours into the journal's chain.

One worker beside the writers. Deletes only what `footage_retention` planned with the locks that the journal just gave;
while the journal cannot be asked, nothing is deleted.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from app.feeds import Banner
from app.i18n import _
from app.texts import sentence
from storage.commands import RecordFootageDigest
from storage.errors import WatchfloorError
from storage.footage_files import hash_file
from storage.footage_retention import DAY_S, Allowance, plan_deletion
from storage.journal import Journal
from storage.records import Actor, Segment
from storage.segments import SegmentIndex, footage_digest
from storage.settings import RecordingSettings
from storage.worker import Worker

log = logging.getLogger(__name__)

PERIOD_S = 30.0
HOUR_S = 3600.0
SETTLE_S = 300.0
"""An hour is sealed when its last segments are surely closed."""
MOST_A_ROUND = 500
BANNER = "recording"
_GB = 10**9
_ACTOR = Actor("service:runtime")


class FootageKeeper(Worker):
    """`tell` gets the banner; `problem` says what the writers suffer from; `left_open` are a crashed run's segments."""

    def __init__(
        self,
        folder: Path,
        index: SegmentIndex,
        journal: Journal,
        settings: RecordingSettings,
        tell: Callable[[Banner], None],
        problem: Callable[[], WatchfloorError | None] = lambda: None,
        *,
        left_open: tuple[Segment, ...] = (),
        clock: Callable[[], float] = time.time,
        free_bytes: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
        period_s: float = PERIOD_S,
    ) -> None:
        super().__init__("footage-keeper")
        self.deleted = 0
        self._folder, self._index, self._journal, self._settings = folder, index, journal, settings
        self._tell, self._problem = tell, problem
        self._left_open = left_open
        self._clock, self._free_bytes, self._period_s = clock, free_bytes, period_s
        self._told = ""
        self._wake = threading.Event()

    def run(self) -> None:
        """A round now and then."""
        due_s = 0.0
        while not self.stopping.is_set():
            self.beat()
            if time.monotonic() >= due_s:
                self.round()
                due_s = time.monotonic() + self._period_s
            self._wake.wait(min(1.0, self._period_s))

    def stop(self) -> None:
        """Ask to stop."""
        super().stop()
        self._wake.set()

    def round(self) -> None:
        """Everything once; a failure of the disk or the journal is said and tried again next time."""
        try:
            self._heal()
            self._free_space()
            self._seal()
            problem = self._problem()
            self._say(sentence(problem) if problem is not None else self._warning())
        except WatchfloorError as error:
            log.warning("recordings are not looked after: %s", error)
            self._say(sentence(error))
        except OSError as error:
            log.warning("recordings are not looked after: %s", error)
            self._say(_("The recordings folder cannot be read. Check the disk."))

    def _heal(self) -> None:
        """Hash what a crash left open."""
        while self._left_open and not self.stopping.is_set():
            self.beat()
            segment, *rest = self._left_open
            try:
                hashed = hash_file(Path(segment.path))
                self._index.close_segment(segment.id, segment.to_utc_s, segment.bytes, hashed)
            except OSError as error:
                log.warning("segment %s cannot be read: %s", segment.path, error)
            self._left_open = tuple(rest)

    def _free_space(self) -> None:
        settings = self._settings
        missing = settings.reserve_gb * _GB - self._free_bytes(self._folder)
        allowance = Allowance(settings.keep_days * DAY_S, settings.quota_gb * _GB, max(missing, 0))
        now_utc_s = self._clock()
        locks = self._journal.footage_locks(now_utc_s)  # raises: then nothing is deleted
        going = plan_deletion(
            self._index.oldest_first(),
            locks,
            allowance,
            total_bytes=self._index.total_bytes(),
            now_utc_s=now_utc_s,
        )
        for segment in going[:MOST_A_ROUND]:
            if self.stopping.is_set():
                return
            self.beat()
            Path(segment.path).unlink(missing_ok=True)
            self._index.delete(segment)
            self.deleted += 1
        if going:
            log.info("%d recordings deleted by retention", min(len(going), MOST_A_ROUND))

    def _warning(self) -> str:
        if self._free_bytes(self._folder) >= self._settings.reserve_gb * _GB:
            return ""
        return _("The recordings disk is almost full, and the rest is held by alarms and incidents. Free some space.")

    def _seal(self) -> None:
        """One digest for every whole hour since the last one in which something was closed."""
        last = self._journal.footage_digests(limit=1)
        oldest = self._index.oldest()
        if not last and oldest is None:
            return
        begin = last[0].to_utc_s if last else oldest.to_utc_s // HOUR_S * HOUR_S if oldest else 0.0
        end = (self._clock() - SETTLE_S) // HOUR_S * HOUR_S
        while begin < end and not self.stopping.is_set():
            self.beat()
            closed = self._index.ended_between(begin, begin + HOUR_S)
            if closed:
                command = RecordFootageDigest(begin, begin + HOUR_S, len(closed), footage_digest(closed))
                self._journal.apply(command, _ACTOR)
            begin += HOUR_S

    def _say(self, text: str) -> None:
        if text != self._told:
            self._told = text
            self._tell(Banner(BANNER, text))


def adopt(index: SegmentIndex, read: Callable[[Path], Segment | None]) -> tuple[Segment, ...]:
    """Segments that a crash left open, as their files tell; the others are forgotten. Before recording."""
    found: list[Segment] = []
    for segment in index.unfinished():
        told = read(Path(segment.path))
        if told is None or told.id != segment.id:
            log.warning("segment %s was left open and cannot be read", segment.path)
            index.discard(segment.id)
            continue
        found.append(told)
    index.grow((segment.id, segment.to_utc_s, segment.bytes) for segment in found)
    return tuple(found)
