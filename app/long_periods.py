"""Reports over months and years out of kept roll-ups (`storage.rollups`), and the worker that keeps these fresh.

The counts are exact and of all incidents but restricted ones; the list is of the newest. Renewed hourly, so that what
was erased leaves the counts too, and before every report that uses them.
"""

from __future__ import annotations

import contextlib
import logging
import math
import time
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from app.archive import Archive
from app.period_facts import MOST_INCIDENTS, Period, PeriodFacts, Spread, broken_glass, listed
from app.site_time import zone_of
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.journal import Journal, Registry
from storage.records import IncidentState
from storage.rollups import STEPS, RollupRow, Rollups
from storage.worker import Worker

log = logging.getLogger(__name__)

LONG_S = 62 * 86_400.0
"""A longer time, of whole days, is read from roll-ups."""
RENEW_S = 3600.0
_FIRST_S = 180.0


def opened_rollups(archive: Archive) -> Rollups:
    """The site's; close them. Raises StorageError."""
    folders = archive.folders
    path, zone = folders.data / "rollups" / "rollups.db", zone_of(archive.settings)
    return Rollups(path, folders.journal, zone, archive.journal.file_key)


def is_long(archive: Archive, period: Period) -> bool:
    """Whether roll-ups answer it."""
    zone = zone_of(archive.settings)
    whole = all(
        datetime.fromtimestamp(at, zone).time() == datetime.min.time() for at in (period.from_utc_s, period.to_utc_s)
    )
    return whole and period.to_utc_s - period.from_utc_s > LONG_S


def gather_long(archive: Archive, period: Period, viewer_id: str, most: int = MOST_INCIDENTS) -> PeriodFacts:
    """Counts of roll-ups, renewed now, and the newest `most` incidents. Blocking. Raises StorageError."""
    with contextlib.closing(opened_rollups(archive)) as rollups:
        _renew(rollups)
        zone = zone_of(archive.settings)
        first = datetime.fromtimestamp(period.from_utc_s, zone).date()
        last = datetime.fromtimestamp(period.to_utc_s, zone).date() - timedelta(days=1)
        return _facts(archive.journal, archive.registry, rollups, period, (first, last), viewer_id, most)


def _renew(rollups: Rollups) -> None:
    """Another program that is at it just now will have brought them near enough."""
    try:
        rollups.renew()
    except StorageError as error:
        if error.code is not StorageCode.BUSY:
            raise
        log.warning("the roll-ups are being renewed by another program; the report uses what is kept")


def _facts(
    journal: Journal,
    registry: Registry,
    rollups: Rollups,
    period: Period,
    days: tuple[date, date],
    viewer_id: str,
    most: int,
) -> PeriodFacts:
    found, complete = listed(journal, period, viewer_id, most)
    groups = {category.id: category.group for category in registry.categories}
    by_category = rollups.by("category_id", *days)
    by_group: dict[str, int] = {}
    for row in by_category:
        group = groups.get(row.key, "")
        by_group[group] = by_group.get(group, 0) + row.count
    states = {row.key: row.count for row in rollups.by("state", *days)}
    spreads = ((step, _spread(rollups.times(step, *days))) for step in STEPS)
    return PeriodFacts(
        period=period,
        incidents=tuple(reversed(found)),
        complete=complete,
        by_category=_pairs(by_category),
        by_group=tuple(sorted(by_group.items(), key=lambda item: (-item[1], item[0]))),
        by_outcome=_pairs(rollups.by("outcome", *days)),
        by_district=_pairs(rollups.by("district_id", *days)),
        damage_minor=tuple(sorted((row.key, row.damage_minor) for row in rollups.by("currency", *days))),
        still_open=sum(count for state, count in states.items() if state != IncidentState.CLOSED.value),
        times=tuple((step, spread) for step, spread in spreads if spread is not None),
        approvals=broken_glass(journal),
        by_place=_pairs(rollups.by("place_id", *days)),
        by_camera=_pairs(rollups.by("camera_id", *days)),
        by_operator=_pairs(rollups.by("operator_id", *days)),
        rolled_up=True,
    )


def _pairs(rows: Iterable[RollupRow]) -> tuple[tuple[str, int], ...]:
    return tuple((row.key, row.count) for row in rows if row.key)


def _spread(times: list[tuple[float, int]]) -> Spread | None:
    """Nearest ranks over counted times."""
    count = sum(number for _seconds, number in times)
    return Spread(count, _rank(times, count, 0.5), _rank(times, count, 0.9)) if count else None


def _rank(times: list[tuple[float, int]], count: int, share: float) -> float:
    wanted, seen = max(math.ceil(count * share), 1), 0
    for seconds, number in times:
        seen += number
        if seen >= wanted:
            return seconds
    return times[-1][0]


class RollupKeeper(Worker):
    """Renews the roll-ups hourly, the first time some minutes after the start."""

    def __init__(
        self, archive: Archive, period_s: float = RENEW_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__("roll-ups")
        self._archive, self._period_s, self._clock = archive, period_s, clock

    def run(self) -> None:
        """Until asked to stop."""
        due_s = self._clock() + min(_FIRST_S, self._period_s)
        while not self.stopping.is_set():
            self.beat()
            self.stopping.wait(min(1.0, self._period_s))
            if self._clock() >= due_s and not self.stopping.is_set():
                due_s = self._clock() + self._period_s
                self.renew()

    def renew(self) -> None:
        """Now; a failure is logged, and the next time tries again."""
        try:
            with contextlib.closing(opened_rollups(self._archive)) as rollups:
                rollups.renew(self._stopped)
        except WatchfloorError as error:
            log.warning("the roll-ups were not renewed: %s", error)

    def _stopped(self) -> bool:
        self.beat()
        return self.stopping.is_set()
