"""Which firing camera is in which alarm cell of one wall. Pure; the caller gives the time and lives on the GUI thread.

The most severe comes first, of equals the newest. A camera has one cell at most and keeps it until its dwell is over,
or until something worse takes it; cells that somebody works with are never taken. What was pushed out before its dwell
was over comes back when there is room.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from storage.records import Alarm, AlarmState

DWELL_S = 30.0
LEAST_S = 4.0
"""Nobody sees what is shown for less."""


@dataclass(frozen=True, slots=True)
class Firing:
    """An alarm as a tile needs it: `count` grows each time it fires again, `waits` while nobody took it."""

    alarm_id: str
    camera_id: str
    rule_id: str
    severity: int
    utc_s: float
    count: int = 1
    waits: bool = True


def firing_of(alarms: Iterable[Alarm]) -> tuple[Firing, ...]:
    """The alarms that nobody has judged yet."""
    return tuple(
        Firing(a.id, a.camera_id, a.rule_id, int(a.severity), a.last_utc_s, a.count, a.state is AlarmState.RAISED)
        for a in alarms
        if a.state is not AlarmState.JUDGED
    )


@dataclass(frozen=True, slots=True)
class _Heard:
    count: int
    at_s: float
    shown_count: int = 0


@dataclass(frozen=True, slots=True)
class _Place:
    firing: Firing
    heard_s: float
    since_s: float
    until_s: float

    @property
    def rank(self) -> tuple[int, float]:
        return self.firing.severity, self.heard_s


class AlarmTiles:
    """Cells and what they bring forward. `waiting` counts the cameras that found no cell."""

    def __init__(self, dwell_s: float = DWELL_S) -> None:
        self.dwell_s = dwell_s
        self.waiting = 0
        self._heard: dict[str, _Heard] = {}
        self._places: dict[int, _Place] = {}

    def step(
        self, now_s: float, cells: tuple[int, ...], firing: Collection[Firing], kept: Mapping[int, str]
    ) -> dict[int, Firing]:
        """What each cell brings forward now. `kept` are cells that must not change, with their cameras."""
        self._hear(now_s, firing)
        self._places = {cell: place for cell, place in self._places.items() if cell in cells}
        self._renew(now_s, firing)
        self._give_back(now_s, firing, kept)
        self._bring_forward(now_s, cells, firing, kept)
        return {cell: place.firing for cell, place in self._places.items()}

    def _hear(self, now_s: float, firing: Collection[Firing]) -> None:
        heard = {}
        for one in firing:
            known = self._heard.get(one.alarm_id)
            if known is None:
                heard[one.alarm_id] = _Heard(one.count, now_s)
            else:
                heard[one.alarm_id] = replace(known, count=one.count, at_s=now_s) if one.count > known.count else known
        self._heard = heard

    def _renew(self, now_s: float, firing: Collection[Firing]) -> None:
        """A camera that fires again keeps its cell for another dwell."""
        for cell, place in self._places.items():
            again = [
                one
                for one in firing
                if one.camera_id == place.firing.camera_id and self._heard[one.alarm_id].at_s > place.heard_s
            ]
            if again:
                held = [one for one in firing if one.alarm_id == place.firing.alarm_id and one.waits]
                worst = max(again + held, key=lambda one: (one.severity, one.utc_s))
                until_s = now_s + self.dwell_s
                self._places[cell] = replace(place, firing=worst, heard_s=now_s, until_s=until_s)
                for one in again:
                    self._note_shown(one)

    def _give_back(self, now_s: float, firing: Collection[Firing], kept: Mapping[int, str]) -> None:
        """After the dwell; sooner when somebody has judged it."""
        open_ids = {one.alarm_id for one in firing}
        for cell, place in list(self._places.items()):
            judged = place.firing.alarm_id not in open_ids and now_s >= place.since_s + LEAST_S
            if cell not in kept and (now_s >= place.until_s or judged):
                self._note_shown(place.firing)
                del self._places[cell]

    def _bring_forward(
        self, now_s: float, cells: tuple[int, ...], firing: Collection[Firing], kept: Mapping[int, str]
    ) -> None:
        self.waiting = 0
        for one in self._queue(firing, kept):
            cell = self._cell_for(one, now_s, cells, kept)
            if cell is None:
                self.waiting += 1
            else:
                self._places[cell] = _Place(one, self._heard[one.alarm_id].at_s, now_s, now_s + self.dwell_s)

    def _queue(self, firing: Collection[Firing], kept: Mapping[int, str]) -> list[Firing]:
        """What still has to be shown: one alarm a camera, first come the most severe, of equals the newest."""
        here = {place.firing.camera_id for place in self._places.values()} | set(kept.values())
        best: dict[str, Firing] = {}
        for one in sorted(firing, key=self._rank):
            heard = self._heard[one.alarm_id]
            if one.waits and one.camera_id not in here and heard.shown_count < heard.count:
                best[one.camera_id] = one
        return sorted(best.values(), key=self._rank, reverse=True)

    def _rank(self, one: Firing) -> tuple[int, float, float]:
        return one.severity, self._heard[one.alarm_id].at_s, one.utc_s

    def _cell_for(self, one: Firing, now_s: float, cells: tuple[int, ...], kept: Mapping[int, str]) -> int | None:
        """A free cell, else that of the least important camera, if this is more and that one could be seen."""
        free = [cell for cell in cells if cell not in self._places and cell not in kept]
        if free:
            return free[0]
        rank = one.severity, self._heard[one.alarm_id].at_s
        weaker = [
            (place.rank, cell)
            for cell, place in self._places.items()
            if cell not in kept and place.rank < rank and now_s >= place.since_s + LEAST_S
        ]
        return min(weaker)[1] if weaker else None

    def _note_shown(self, one: Firing) -> None:
        heard = self._heard.get(one.alarm_id)
        if heard is not None:
            self._heard[one.alarm_id] = replace(heard, shown_count=max(heard.shown_count, one.count))
