"""Room for recordings: what is old goes, what the quota and the disks need goes, and when nothing may go, the least
important cameras stop first.

Deletes only what `footage_retention` planned with the locks that the journal just gave; while the journal cannot be
asked, nothing is deleted. What lies in a folder that cannot be reached now is neither counted nor deleted: it waits
for its disk. Used on the footage keeper's thread.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from app.i18n import _, ngettext
from storage.footage_folders import FootageFolders
from storage.footage_records import GapReason, Segment
from storage.footage_retention import DAY_S, Allowance, plan_deletion
from storage.journal import FootageLock, Journal
from storage.segments import SegmentIndex
from storage.settings import RecordingSettings

log = logging.getLogger(__name__)

MOST_A_ROUND = 500
LEAST_RESERVE_BYTES = 256_000_000
_GB = 10**9
_LEVELS = 5
_RELIEF = 0.1


class Importance(Protocol):
    """Cameras that can be told to stop (`recorded_cameras.RecordedCameras`)."""

    @property
    def keep_days(self) -> Mapping[str, int]:
        """How long footage stays, by camera, where it is not the settings' time; 0: no limit."""

    def hold_below(self, importance: int, reason: GapReason) -> int:
        """Stop those of lower importance, let the others go on; how many are stopped."""


class FootageSpace:
    """`beat` is called between deletions and says whether to go on."""

    def __init__(
        self,
        folders: FootageFolders,
        index: SegmentIndex,
        journal: Journal,
        settings: RecordingSettings,
        cameras: Importance,
        *,
        clock: Callable[[], float],
        beat: Callable[[], bool],
    ) -> None:
        self.deleted = 0
        self._folders, self._index, self._journal = folders, index, journal
        self._settings, self._cameras = settings, cameras
        self._clock, self._beat = clock, beat
        self._level = 0
        self._held = 0

    @property
    def held(self) -> int:
        """How many cameras are stopped."""
        return self._held

    @property
    def short(self) -> bool:
        """Whether a disk has less room than is to be left on it. Raises OSError."""
        return any(self._missing(roots) for roots in self._disks())

    def free(self) -> None:
        """Delete what may and must go, at most 500 files; after a StorageError or OSError nothing more."""
        locks = self._journal.footage_locks(self._clock())
        budget = MOST_A_ROUND
        for going in self._plans(locks):
            budget -= self._delete(going[:budget])
            if budget <= 0:
                break
        if budget < MOST_A_ROUND:
            log.info("%d recordings deleted by retention", MOST_A_ROUND - budget)

    def shed(self) -> None:
        """Stop cameras while the roomiest disk has less than is to be left on it: from 80 % down those of importance
        1, from 60 % those of 2, and so on; 5 never. They go on a tenth later. Raises OSError."""
        disks = self._disks()
        if not disks:
            return  # Nothing works at all: that is another trouble.
        share = max(map(self._free, disks)) / self._reserve
        level = _level(share)
        if level < self._level:
            level = min(_level(share - _RELIEF), self._level)
        self._held = self._cameras.hold_below(level + 1, GapReason.DISK_FULL)
        if level != self._level:
            log.warning("%.0f %% of the reserve is free, %d cameras are not recorded", share * 100, self._held)
        self._level = level

    def warning(self) -> str:
        """What an operator has to know, else nothing. Raises OSError."""
        if self._held:
            text = ngettext(
                "The recordings disk is almost full: {count} camera of least importance is not recorded."
                " Free some space.",
                "The recordings disk is almost full: {count} cameras of least importance are not recorded."
                " Free some space.",
                self._held,
            )
            return text.format(count=self._held)
        if not self.short:
            return ""
        return _("The recordings disk is almost full, and the rest is held by alarms and incidents. Free some space.")

    def _plans(self, locks: Iterable[FootageLock]) -> Iterator[list[Segment]]:
        """What is too old, camera by camera; then what the quota and the disks need, oldest first."""
        every, now_utc_s = list(locks), self._clock()
        held: dict[str, list[FootageLock]] = defaultdict(list)
        for lock in every:
            held[lock.camera_id].append(lock)
        days = self._cameras.keep_days
        for camera_id in self._index.camera_ids():
            keep_s = days.get(camera_id, self._settings.keep_days) * DAY_S
            if keep_s:
                oldest, locked = self._reached(camera_id), held[camera_id]
                yield plan_deletion(oldest, locked, Allowance(keep_s), total_bytes=0, now_utc_s=now_utc_s)
        quota = self._settings.quota_gb * _GB
        if quota:
            total = self._index.total_bytes(self._folders.lost)
            allowance = Allowance(0.0, quota)
            yield plan_deletion(self._reached(), every, allowance, total_bytes=total, now_utc_s=now_utc_s)
        for roots in self._disks():
            missing = self._missing(roots)
            if missing:
                there = (s for s in self._index.oldest_first() if _lies_in(s.path, roots))
                allowance = Allowance(missing_bytes=missing)
                yield plan_deletion(there, every, allowance, total_bytes=0, now_utc_s=now_utc_s)

    def _reached(self, camera_id: str | None = None) -> Iterator[Segment]:
        lost = self._folders.lost
        return (s for s in self._index.oldest_first(camera_id) if not _lies_in(s.path, lost))

    def _delete(self, going: list[Segment]) -> int:
        for number, segment in enumerate(going):
            if not self._beat():
                return number
            try:
                Path(segment.path).unlink()
            except FileNotFoundError:
                self._folders.look()  # somebody removed the file, or its whole disk
                if _lies_in(segment.path, self._folders.lost):
                    return number
            self._index.delete(segment)
            self.deleted += 1
        return len(going)

    @property
    def _reserve(self) -> int:
        """What shedding counts in, also where nothing is to be left free: the disk's last bytes are the journal's."""
        return max(self._settings.reserve_gb * _GB, LEAST_RESERVE_BYTES)

    def _free(self, roots: tuple[Path, ...]) -> int:
        return self._folders.free_bytes(roots[0])

    def _missing(self, roots: tuple[Path, ...]) -> int:
        return max(self._settings.reserve_gb * _GB - self._free(roots), 0)

    def _disks(self) -> list[tuple[Path, ...]]:
        """The folders that can be reached, full ones too, those of one disk together."""
        disks: dict[int, list[Path]] = {}
        for path in self._folders.paths:
            if path in self._folders.lost:
                continue
            disks.setdefault(path.stat().st_dev, []).append(path)
        return [tuple(paths) for paths in disks.values()]


def _level(share: float) -> int:
    """Up to which importance cameras stop when this share of the reserve is free."""
    return sum(share < 1 - n / _LEVELS for n in range(1, _LEVELS))


def _lies_in(path: str, roots: tuple[Path, ...]) -> bool:
    return any(Path(path).is_relative_to(root) for root in roots)
