"""Open alarms as an operator can work with them: a row per thing that happens, what is shelved, whether it is a flood.

After ISA-18.2 and EEMUA 191: rows in the order of priority and age with their first-out, shelving with a limit, the
rate against what one operator can answer, and a flood mode. Every open alarm is in exactly one row or shelved; severity
5 is never shelved and never grouped: each has a row of its own, above all others. Pure: the caller gives the time, any
thread. A flood follows from when alarms came alone, so that all seats, and one that was started anew, say the same.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from storage.case_records import Shelf, ShelfState
from storage.journal import Registry
from storage.noise_queries import Raised
from storage.records import Alarm, AlarmState, Severity

WINDOW_S = 600.0
TARGET = 2
"""Alarms in ten minutes that one operator can answer (EEMUA 191)."""
FLOOD_AT = 10
CALM_UNDER = 5
LOOKBACK_S = 8 * 3600.0
"""So long a flood's alarms stay on the list to clear."""

_FLOOD = "flood:"


class AreaKind(StrEnum):
    """What a row stands for, the smallest first."""

    CAMERA = "camera"
    PLACE = "place"
    DISTRICT = "district"


class Area(NamedTuple):
    """One camera, or all of a place or a district."""

    kind: AreaKind
    id: str


class Cause(NamedTuple):
    """What kind of rule fired, for which category; a rule that is not known any more is a cause of its own."""

    kind: str
    category_id: str

    @property
    def key(self) -> str:
        """As shelves name it."""
        return f"{self.kind}/{self.category_id}"


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """Alarms that are one thing to decide, the first-out first. `id` is the same as long as it is the same thing."""

    id: str
    area: Area
    cause: Cause
    alarms: tuple[Alarm, ...]

    @property
    def first(self) -> Alarm:
        """The first-out: what the others followed."""
        return self.alarms[0]

    @property
    def severity(self) -> Severity:
        """The highest."""
        return max(alarm.severity for alarm in self.alarms)

    @property
    def count(self) -> int:
        """How often something was seen."""
        return sum(alarm.count for alarm in self.alarms)

    @property
    def first_utc_s(self) -> float:
        """When the first-out came."""
        return self.first.first_utc_s

    @property
    def last_utc_s(self) -> float:
        """When something was seen last."""
        return max(alarm.last_utc_s for alarm in self.alarms)

    @property
    def state(self) -> AlarmState:
        """Raised as long as one waits."""
        waits = any(alarm.state is AlarmState.RAISED for alarm in self.alarms)
        return AlarmState.RAISED if waits else AlarmState.ACKNOWLEDGED

    @property
    def owner_id(self) -> str | None:
        """Who took the first that was taken."""
        return next((alarm.owner_id for alarm in self.alarms if alarm.owner_id), None)

    @property
    def camera_id(self) -> str:
        """The first-out's."""
        return self.first.camera_id

    def in_states(self, states: frozenset[AlarmState]) -> tuple[Alarm, ...]:
        """Its alarms that are in one of the states."""
        return tuple(alarm for alarm in self.alarms if alarm.state in states)


@dataclass(frozen=True, slots=True)
class Flood:
    """More alarms than one operator can answer, from its first alarm until it was calm again (None: still)."""

    from_utc_s: float
    to_utc_s: float | None = None

    def holds(self, utc_s: float) -> bool:
        """Whether an alarm of that time is part of it."""
        return self.from_utc_s <= utc_s and (self.to_utc_s is None or utc_s < self.to_utc_s)


@dataclass(frozen=True, slots=True)
class ShelvedGroup:
    """A shelf in force and the open alarms that it keeps out of the queue."""

    shelf: Shelf
    alarms: tuple[Alarm, ...] = ()


@dataclass(frozen=True, slots=True)
class AlarmView:
    """What stands in the queue, what is shelved, and how much it is. `to_clear` are the open alarms of floods, oldest
    first, one row each: a second way to what `rows` groups. `rate` counts what was raised in the last ten minutes;
    `opened` are the ids of alarms that somebody took one by one, not with a whole group."""

    rows: tuple[AlarmRow, ...] = ()
    shelved: tuple[ShelvedGroup, ...] = ()
    to_clear: tuple[AlarmRow, ...] = ()
    rate: int = 0
    flood: Flood | None = None
    opened: frozenset[str] = frozenset()

    @property
    def standing(self) -> tuple[Alarm, ...]:
        """All alarms of the queue."""
        return tuple(alarm for row in self.rows for alarm in row.alarms)


class Site:
    """Where cameras stand and what rules look for, by id, of one registry."""

    def __init__(self, registry: Registry) -> None:
        self._place_of = {c.id: c.place_id for c in registry.cameras if c.place_id}
        self._district_of = {p.id: p.district_id for p in registry.places if p.district_id}
        self._cause_of = {r.id: Cause(r.kind.value, r.category_id) for r in registry.rules}
        self._cameras = tuple(c.id for c in registry.cameras)

    def cause_of(self, alarm: Alarm | Raised) -> Cause:
        """Kind and category of its rule."""
        return self._cause_of.get(alarm.rule_id) or Cause("", alarm.rule_id)

    def place_of(self, camera_id: str) -> Area:
        """The camera's place, else the camera."""
        place_id = self._place_of.get(camera_id)
        return Area(AreaKind.PLACE, place_id) if place_id else Area(AreaKind.CAMERA, camera_id)

    def district_of(self, camera_id: str) -> Area:
        """The district, else the place, else the camera."""
        place = self.place_of(camera_id)
        district_id = self._district_of.get(place.id) if place.kind is AreaKind.PLACE else None
        return Area(AreaKind.DISTRICT, district_id) if district_id else place

    def cameras_in(self, area: Area) -> tuple[str, ...]:
        """All cameras there."""
        if area.kind is AreaKind.CAMERA:
            return (area.id,)
        area_of = self.place_of if area.kind is AreaKind.PLACE else self.district_of
        return tuple(camera_id for camera_id in self._cameras if area_of(camera_id) == area)


def view_of(
    site: Site,
    alarms: Iterable[Alarm],
    raised: Iterable[Raised],
    shelves: Iterable[Shelf],
    now_utc_s: float,
    before: AlarmView | None = None,
) -> AlarmView:
    """All open alarms of now. `raised` tells of those that were judged since; both may name the same ones. `before` is
    the view that was shown till now: it tells what was taken alone and what with its group."""
    shelves = tuple(shelves)
    waiting = [alarm for alarm in alarms if alarm.state is not AlarmState.JUDGED]
    standing, groups = _shelved(site, waiting, [s for s in shelves if in_force(s, now_utc_s)])
    times = _annunciated(site, [*raised, *waiting], shelves, now_utc_s)
    seen = floods(times, now_utc_s)
    flood = seen[-1] if seen and seen[-1].to_utc_s is None else None
    opened = _opened(standing, before or AlarmView())
    came_in_flood = [alarm for alarm in standing if any(one.holds(alarm.first_utc_s) for one in seen)]
    return AlarmView(
        rows=_in_flood(site, standing, opened) if flood is not None else _in_calm(site, standing),
        shelved=groups,
        to_clear=tuple(_alone(site, alarm) for alarm in sorted(came_in_flood, key=_age)),
        rate=sum(1 for utc_s in times if utc_s > now_utc_s - WINDOW_S),
        flood=flood,
        opened=opened,
    )


def unshelved(
    registry: Registry, alarms: Sequence[Alarm], shelves: Iterable[Shelf], now_utc_s: float
) -> Sequence[Alarm]:
    """The alarms that no shelf keeps away now."""
    kept_by = [shelf for shelf in shelves if in_force(shelf, now_utc_s)]
    return _shelved(Site(registry), alarms, kept_by)[0] if kept_by else alarms


def quiet_cameras(view: AlarmView) -> frozenset[str]:
    """In a flood the cameras that have neither an alarm of severity 5 nor one that an operator has opened: a robbery
    must stand out on a wall where everything has an alarm. None when it is calm."""
    if view.flood is None:
        return frozenset()
    loud = {a.camera_id for a in view.standing if a.severity >= Severity.CRITICAL or a.id in view.opened}
    return frozenset(alarm.camera_id for alarm in view.standing) - loud


def in_force(shelf: Shelf, utc_s: float) -> bool:
    """Whether it keeps alarms away at that time."""
    return shelf.state is ShelfState.PUT_UP and shelf.from_utc_s <= utc_s < shelf.until_utc_s


def floods(times: Iterable[float], now_utc_s: float) -> tuple[Flood, ...]:
    """Begun with the tenth alarm in ten minutes, over when fewer than five are left in them (hysteresis); each counts
    from the first alarm of its first ten. `times` in any order."""
    found: list[Flood] = []
    window: deque[float] = deque()
    began: float | None = None

    def leave(until_utc_s: float) -> None:
        nonlocal began
        while window and window[0] <= until_utc_s - WINDOW_S:
            left = window.popleft() + WINDOW_S
            if began is not None and len(window) < CALM_UNDER:
                found.append(Flood(began, left))
                began = None

    for utc_s in sorted(min(utc_s, now_utc_s) for utc_s in times):
        leave(utc_s)
        window.append(utc_s)
        if began is None and len(window) >= FLOOD_AT:
            began = window[0]
    leave(now_utc_s)
    return tuple(found) if began is None else (*found, Flood(began))


def _shelved(
    site: Site, alarms: Sequence[Alarm], shelves: Sequence[Shelf]
) -> tuple[list[Alarm], tuple[ShelvedGroup, ...]]:
    """What stands, and each shelf with what it keeps: an alarm that two keep away is counted with the first."""
    standing: list[Alarm] = []
    kept: dict[str, list[Alarm]] = {shelf.id: [] for shelf in shelves}
    for alarm in alarms:
        shelf = next((one for one in shelves if _keeps(site, one, alarm)), None)
        (standing if shelf is None else kept[shelf.id]).append(alarm)
    return standing, tuple(ShelvedGroup(shelf, tuple(sorted(kept[shelf.id], key=_age))) for shelf in shelves)


def _keeps(site: Site, shelf: Shelf, alarm: Alarm | Raised) -> bool:
    if alarm.severity >= Severity.CRITICAL:
        return False
    return alarm.camera_id in shelf.camera_ids and site.cause_of(alarm).key == shelf.cause


def _annunciated(
    site: Site, raised: Sequence[Raised | Alarm], shelves: Sequence[Shelf], now_utc_s: float
) -> list[float]:
    """When alarms came to the queue: without those that were shelved when they came."""
    since_utc_s = now_utc_s - LOOKBACK_S
    recent = {one.id: one for one in raised if one.first_utc_s > since_utc_s}
    return [
        one.first_utc_s
        for one in recent.values()
        if not any(s.from_utc_s <= one.first_utc_s < s.until_utc_s and _keeps(site, s, one) for s in shelves)
    ]


def _in_calm(site: Site, alarms: Sequence[Alarm]) -> tuple[AlarmRow, ...]:
    critical = [alarm for alarm in alarms if alarm.severity >= Severity.CRITICAL]
    rest = [alarm for alarm in alarms if alarm.severity < Severity.CRITICAL]
    return (*_ordered(_alone(site, alarm) for alarm in critical), *_ordered(_by_place(site, rest)))


def _opened(alarms: Iterable[Alarm], before: AlarmView) -> frozenset[str]:
    groups = [row for row in before.rows if row.id.startswith(_FLOOD) and len(row.alarms) > 1]
    in_group = {alarm.id for row in groups for alarm in row.alarms}
    taken = (alarm.id for alarm in alarms if alarm.state is AlarmState.ACKNOWLEDGED)
    return frozenset(alarm_id for alarm_id in taken if alarm_id in before.opened or alarm_id not in in_group)


def _in_flood(site: Site, alarms: Sequence[Alarm], opened: frozenset[str]) -> tuple[AlarmRow, ...]:
    """Severity 5, then what an operator has opened, then the rest by cause and district."""
    critical = [alarm for alarm in alarms if alarm.severity >= Severity.CRITICAL]
    rest = [alarm for alarm in alarms if alarm.severity < Severity.CRITICAL]
    return (
        *_ordered(_alone(site, alarm) for alarm in critical),
        *_ordered(_by_place(site, (alarm for alarm in rest if alarm.id in opened))),
        *_ordered(_by_district(site, (alarm for alarm in rest if alarm.id not in opened))),
    )


def _by_place(site: Site, alarms: Iterable[Alarm]) -> list[AlarmRow]:
    return _grouped((site.place_of(alarm.camera_id), site.cause_of(alarm), alarm) for alarm in alarms)


def _by_district(site: Site, alarms: Iterable[Alarm]) -> list[AlarmRow]:
    rows = _grouped((site.district_of(alarm.camera_id), site.cause_of(alarm), alarm) for alarm in alarms)
    return [AlarmRow(f"{_FLOOD}{row.id}", row.area, row.cause, row.alarms) for row in rows]


def _grouped(alarms: Iterable[tuple[Area, Cause, Alarm]]) -> list[AlarmRow]:
    groups: dict[tuple[Area, Cause], list[Alarm]] = {}
    for area, cause, alarm in alarms:
        groups.setdefault((area, cause), []).append(alarm)
    return [
        AlarmRow(f"{area.kind}:{area.id}/{cause.key}", area, cause, tuple(sorted(group, key=_age)))
        for (area, cause), group in groups.items()
    ]


def _alone(site: Site, alarm: Alarm) -> AlarmRow:
    return AlarmRow(f"alarm:{alarm.id}", Area(AreaKind.CAMERA, alarm.camera_id), site.cause_of(alarm), (alarm,))


def _ordered(rows: Iterable[AlarmRow]) -> list[AlarmRow]:
    """The most severe first, of equals the newest: taking one moves none."""
    return sorted(rows, key=lambda row: (-row.severity, -row.first_utc_s, row.id))


def _age(alarm: Alarm) -> tuple[float, str]:
    return alarm.first_utc_s, alarm.id
