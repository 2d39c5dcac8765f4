"""Looks after what was recorded, slowly: heals after a crash, frees space, warns, seals hours into the journal's chain.

One worker beside the writers. What may be deleted is `app.footage_space`'s affair, the index `app.index_repair`'s.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from app.age_clock import AgeClock
from app.archive import RUNTIME
from app.feeds import Banner
from app.footage_space import FootageSpace, Importance
from app.i18n import _
from app.index_repair import IndexRepair, doubt
from app.texts import sentence
from storage.commands import RecordFootageDigest
from storage.errors import StorageCode, WatchfloorError
from storage.footage_files import hash_file, read_segment
from storage.footage_folders import FootageFolders
from storage.footage_records import Segment
from storage.journal import Journal
from storage.segments import SegmentIndex, footage_digest
from storage.settings import RecordingSettings
from storage.worker import Worker

log = logging.getLogger(__name__)

PERIOD_S = 30.0
URGENT_S = 3.0
HOUR_S = 3600.0
SETTLE_S = 300.0
"""An hour is sealed when its last segments are surely closed."""
BANNER = "recording"
_SLICE_S = 10.0
_MOST_UNFINISHED = 200


class Recorded(Importance, Protocol):
    """The cameras behind the recordings (`recorded_cameras.RecordedCameras`)."""

    @property
    def open_segments(self) -> frozenset[str]:
        """Segments at work now."""

    @property
    def trouble(self) -> WatchfloorError | None:
        """What their recorders suffer from."""

    def tidy(self) -> None:
        """Let go of cameras that need not be open."""


class FootageKeeper(Worker):
    """`tell` gets the banner."""

    def __init__(
        self,
        folders: FootageFolders,
        index: SegmentIndex,
        journal: Journal,
        settings: RecordingSettings,
        tell: Callable[[Banner], None],
        cameras: Recorded,
        *,
        clock: Callable[[], float] = time.time,
        ages: AgeClock | None = None,
        period_s: float = PERIOD_S,
    ) -> None:
        """Hours are sealed by `clock`; what is too old is too old by `ages`."""
        super().__init__("footage-keeper")
        self._folders, self._index, self._journal = folders, index, journal
        self._tell, self._cameras = tell, cameras
        self._clock, self._ages, self._period_s = clock, ages, period_s
        self._space = FootageSpace(folders, index, journal, settings, cameras, clock=ages or clock, beat=self._goes_on)
        self._repair = IndexRepair(index, folders.paths)
        self._unreadable: set[str] = set()
        self._futile = False
        self._failure = ""
        self._told = ""
        self._sealed_to_utc_s = float("-inf")

    @property
    def deleted(self) -> int:
        """Files that retention took since the start."""
        return self._space.deleted

    def run(self) -> None:
        """A look every second, a round now and then; when a disk is short of room, sooner."""
        looked_s = float("-inf")
        while not self.stopping.is_set():
            self.beat()
            self.look()
            waited_s = time.monotonic() - looked_s
            if waited_s >= self._period_s or (waited_s >= URGENT_S and self._is_urgent()):
                self.round()
                looked_s = time.monotonic()
            self.stopping.wait(min(1.0, self._period_s))

    def look(self) -> None:
        """What cannot wait for the next round: folders that come and go, cameras that must stop or may go on."""
        self._folders.look()
        self._cameras.tidy()
        self._try(self._space.shed)
        self._say(self._text())

    def round(self) -> None:
        """Everything once; a failure of the disk or the journal is said and tried again next time."""
        self._failure = ""
        for task in (self._repair_index, self._free, self._heal, self._seal):
            self._try(task)
        self.look()

    def _try(self, task: Callable[[], None]) -> None:
        try:
            task()
        except WatchfloorError as error:
            log.warning("recordings are not looked after: %s", error)
            self._failure = sentence(error)
            if error.code is StorageCode.DAMAGED:
                self._try(lambda: doubt(self._index.path))
        except OSError as error:
            log.warning("recordings are not looked after: %s", error)
            self._failure = _("The recordings folder cannot be read. Check the disk.")

    def _goes_on(self) -> bool:
        self.beat()
        return not self.stopping.is_set()

    def _free(self) -> None:
        before = self._space.deleted
        self._futile = True  # until something was deleted: looking through a long index again and again helps nobody
        self._space.free()
        self._futile = self._space.deleted == before and self._space.short

    def _is_urgent(self) -> bool:
        try:
            return not self._repair.done or (not self._futile and self._space.short)
        except OSError:
            return False

    def _text(self) -> str:
        """The one sentence that an operator has to know now."""
        trouble = self._cameras.trouble or self._folders.problem
        if trouble is not None and not self._space.held:
            return sentence(trouble)
        if not self._repair.done:
            return _("The index of the recordings was damaged or lost. It is made again; recording goes on.")
        if self._ages is not None and self._ages.doubted:
            return _(
                "The clock is far ahead of the newest recording: nothing is deleted for its age for a day."
                " Check the clock."
            )
        try:
            return self._failure or self._space.warning()
        except OSError:
            return _("The recordings folder cannot be read. Check the disk.")

    def _repair_index(self) -> None:
        self._repair.step(_SLICE_S)

    def _heal(self) -> None:
        """Hash what a crash left open and what only files told of; a slice at a time, it may be terabytes."""
        end_s = time.monotonic() + _SLICE_S
        # In this order: what is closed between the two questions is looked up again before it is touched.
        unfinished = self._index.unfinished(_MOST_UNFINISHED + len(self._unreadable))
        at_work = self._cameras.open_segments | self._unreadable
        for segment in unfinished:
            if not self._goes_on() or time.monotonic() > end_s:
                return
            if segment.id not in at_work:
                self._finish(segment)

    def _finish(self, segment: Segment) -> None:
        path = Path(segment.path)
        told = read_segment(path).segment
        now = self._index.segment(segment.id)
        if now is None or now.closed:
            return
        try:
            hashed = hash_file(path) if told is not None else ""
        except OSError as error:
            log.debug("%s cannot be hashed: %s", path, error)
            told = None
        if told is None:
            log.warning("segment %s cannot be read", path)
            self._unreadable.add(segment.id)
        else:
            self._index.close_segment(segment.id, told.to_utc_s, told.bytes, hashed)

    def _seal(self) -> None:
        """One digest for every whole hour since the last one in which something was closed; looked for once an hour."""
        end = (self._clock() - SETTLE_S) // HOUR_S * HOUR_S
        if end == self._sealed_to_utc_s:
            return
        last = self._journal.footage_digests(limit=1)
        oldest = self._index.oldest()
        if not last and oldest is None:
            return
        begin = last[0].to_utc_s if last else oldest.to_utc_s // HOUR_S * HOUR_S if oldest else 0.0
        while begin < end and not self.stopping.is_set():
            self.beat()
            closed = self._index.ended_between(begin, begin + HOUR_S)
            if closed:
                command = RecordFootageDigest(begin, begin + HOUR_S, len(closed), footage_digest(closed))
                self._journal.apply(command, RUNTIME)
            begin += HOUR_S
        if begin >= end:
            self._sealed_to_utc_s = end

    def _say(self, text: str) -> None:
        if text != self._told:
            self._told = text
            self._tell(Banner(BANNER, text))
