"""What happened in a time, counted and listed, before it has a form: for the daily report, a shift's and any period's.

Blocking: reads the journal page by page. Restricted incidents are in it only for a reader who may see them; they are
counted as left out for nobody. Quartiles follow the nearest-rank method, so that a printed time is one that happened.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from storage.journal import Journal, Registry
from storage.people_records import Approval, ApprovalState
from storage.records import Incident, IncidentState
from storage.search import IncidentQuery

MOST_INCIDENTS = 20_000
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Period:
    """From the first moment to, and without, the last one; `title` says which in words."""

    title: str
    from_utc_s: float
    to_utc_s: float


@dataclass(frozen=True, slots=True)
class Spread:
    """Seconds of a step over all incidents that took it: how many, the median, the 90th percentile."""

    count: int
    median_s: float
    p90_s: float


@dataclass(frozen=True, slots=True)
class PeriodFacts:
    """Incidents that were opened in the period, oldest first, and what they add up to."""

    period: Period
    incidents: tuple[Incident, ...]
    complete: bool
    by_category: tuple[tuple[str, int], ...]
    by_group: tuple[tuple[str, int], ...]
    by_outcome: tuple[tuple[str, int], ...]
    by_district: tuple[tuple[str, int], ...]
    damage_minor: tuple[tuple[str, int], ...]
    still_open: int
    times: tuple[tuple[str, Spread], ...]
    approvals: tuple[Approval, ...] = ()
    by_place: tuple[tuple[str, int], ...] = ()
    by_camera: tuple[tuple[str, int], ...] = ()
    by_operator: tuple[tuple[str, int], ...] = ()
    rolled_up: bool = False
    """The counts are of kept roll-ups: without restricted incidents, times at most 9 % too long."""


def day(zone: ZoneInfo, of: date, title: str) -> Period:
    """A day of the site: 23, 24 or 25 hours long."""
    begin = datetime.combine(of, time(), zone)
    end = datetime.combine(of + timedelta(days=1), time(), zone)
    return Period(title, begin.astimezone(UTC).timestamp(), end.astimezone(UTC).timestamp())


def listed(journal: Journal, period: Period, viewer_id: str, most: int = MOST_INCIDENTS) -> tuple[list[Incident], bool]:
    """The newest incidents of the time, the newest first, and whether these are all. Raises StorageError."""
    query = IncidentQuery(from_utc_s=period.from_utc_s, to_utc_s=period.to_utc_s)
    found: list[Incident] = []
    before_id: str | None = None
    while len(found) < most:
        page = journal.find_incidents(query, limit=_PAGE, before_id=before_id, viewer_id=viewer_id)
        found.extend(page.incidents)
        before_id = page.next_id
        if before_id is None:
            break
    return found, before_id is None


def gather(journal: Journal, registry: Registry, period: Period, viewer_id: str) -> PeriodFacts:
    """Read and count. Raises StorageError."""
    found, complete = listed(journal, period, viewer_id)
    groups = {category.id: category.group for category in registry.categories}
    counted = [incident for incident in found if incident.merged_into_id is None]
    return PeriodFacts(
        period=period,
        incidents=tuple(reversed(found)),
        complete=complete,
        by_category=_counts(incident.category_id for incident in counted),
        by_group=_counts(groups.get(incident.category_id, "") for incident in counted),
        by_outcome=_counts(incident.outcome for incident in counted if incident.outcome),
        by_district=_counts(incident.district_id for incident in counted if incident.district_id),
        by_place=_counts(incident.place_id for incident in counted if incident.place_id),
        by_camera=_counts(incident.camera_id for incident in counted if incident.camera_id),
        by_operator=_counts(incident.owner_id for incident in counted if incident.owner_id),
        damage_minor=_damage(counted),
        still_open=sum(1 for incident in counted if incident.state is not IncidentState.CLOSED),
        times=_times(counted),
        approvals=broken_glass(journal),
    )


def broken_glass(journal: Journal) -> tuple[Approval, ...]:
    """Emergency uses that nobody has reviewed yet."""
    return tuple(a for a in journal.approvals(open_only=True) if a.state is ApprovalState.BROKEN_GLASS)


def _counts(values: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))


def _damage(incidents: Iterable[Incident]) -> tuple[tuple[str, int], ...]:
    """Sums by currency; nothing is converted."""
    sums: Counter[str] = Counter()
    for incident in incidents:
        if incident.damage_minor is not None:
            sums[incident.currency] += incident.damage_minor
    return tuple(sorted(sums.items()))


_STEPS: tuple[tuple[str, Callable[[Incident], float | None], Callable[[Incident], float | None]], ...] = (
    ("acknowledged", lambda i: i.opened_utc_s, lambda i: i.acknowledged_utc_s),
    ("handed_over", lambda i: i.opened_utc_s, lambda i: i.handed_over_utc_s),
    ("on_scene", lambda i: i.opened_utc_s, lambda i: i.on_scene_utc_s),
    ("closed", lambda i: i.opened_utc_s, lambda i: i.closed_utc_s),
)


def _times(incidents: list[Incident]) -> tuple[tuple[str, Spread], ...]:
    spreads = []
    for name, begin_of, end_of in _STEPS:
        pairs = [(begin_of(incident), end_of(incident)) for incident in incidents]
        lasted = sorted(end - begin for begin, end in pairs if begin is not None and end is not None and end >= begin)
        if lasted:
            spreads.append((name, Spread(len(lasted), _rank(lasted, 0.5), _rank(lasted, 0.9))))
    return tuple(spreads)


def _rank(values: list[float], share: float) -> float:
    """Nearest rank of sorted values."""
    return values[max(math.ceil(len(values) * share) - 1, 0)]
