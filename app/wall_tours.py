"""Tours: what turns by itself on one wall. In tour cells cameras, on the whole wall pages or saved views, each for a
dwell; paused and skipped by key. And the view that an alarm of some severity may call up, which gives the wall back.

Pure; the caller gives the time (seconds of the wall's own clock, which stands while the hot key has it).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from app.alarm_tiles import Firing
from app.layouts import Arrangement

DWELL_S = 10.0
HANDS_OFF_S = 10.0
"""So long after the operator has touched the wall nothing takes it away."""


@dataclass(frozen=True, slots=True)
class TourPlan:
    """What a tour shows, and how long each: `views` on the whole wall (none: its pages), `cameras` in tour cells
    (none: those that the page does not show)."""

    name: str = ""
    views: tuple[Arrangement, ...] = ()
    cameras: tuple[str, ...] = ()
    dwell_s: float = DWELL_S


class Dwell:
    """A clock that is due every so often, until it is paused."""

    def __init__(self) -> None:
        self.paused = False
        self._since_s: float | None = None

    def due(self, now_s: float, dwell_s: float) -> bool:
        """Whether it is time; the next dwell begins with that."""
        if self._since_s is None:
            self._since_s = now_s
        if self.paused or now_s - self._since_s < dwell_s:
            return False
        self._since_s = now_s
        return True

    def restart(self, now_s: float | None = None) -> None:
        """What is shown now is shown for a whole dwell; None: from the next step on."""
        self._since_s = now_s


class CellTour:
    """The tour cells of a wall, which show one stretch of the cameras after the other."""

    def __init__(self) -> None:
        self.dwell = Dwell()
        self._next = 0
        self._shown: dict[int, str] = {}

    def step(
        self, now_s: float, cells: tuple[int, ...], plan: TourPlan, cameras: Sequence[str], kept: Mapping[int, str]
    ) -> dict[int, str]:
        """Camera by cell; `kept` cells are not touched."""
        free = [cell for cell in cells if cell not in kept]
        self._shown = {cell: camera for cell, camera in self._shown.items() if cell in free}
        stops = [camera for camera in cameras if camera not in kept.values()]
        gone = any(camera not in stops for camera in self._shown.values())
        if self.dwell.due(now_s, plan.dwell_s) or gone or len(self._shown) < min(len(free), len(stops)):
            self._turn(free, cameras, stops)
            self.dwell.restart(now_s)
        return dict(self._shown)

    def skip(self) -> None:
        """The next cameras at once."""
        self._shown = {}
        self.dwell.restart()

    def _turn(self, cells: list[int], cameras: Sequence[str], stops: Collection[str]) -> None:
        """The next stops of all cameras, so that one which was left out for now is not passed over for long."""
        turned = [(self._next + n) % len(cameras) for n in range(len(cameras))]
        chosen = [n for n in turned if cameras[n] in stops][: len(cells)]
        self._shown = dict(zip(cells, (cameras[n] for n in chosen), strict=False))
        self._next = chosen[-1] + 1 if chosen else self._next


class WallTour:
    """The whole wall, page by page or view by view. `running` until it is left; what was there before comes back."""

    def __init__(self) -> None:
        self.dwell = Dwell()
        self.before: Arrangement | None = None
        self._stop = -1
        self._due = False
        self._touched_s = float("-inf")

    @property
    def running(self) -> bool:
        """Whether it has the wall, paused or not."""
        return self.before is not None

    def start(self, arrangement: Arrangement, plan: TourPlan) -> None:
        """From here on; of views the first at once."""
        self.before, self._stop, self._due = arrangement, -1, bool(plan.views)
        self.dwell = Dwell()

    def skip(self) -> None:
        """The next one at once."""
        self._due = True

    def leave(self, arrangement: Arrangement) -> Arrangement:
        """The tour is over: views give the wall back, pages stay where they are."""
        before, self.before = self.before, None
        return before if before is not None and self._stop >= 0 else arrangement

    def step(self, now_s: float, arrangement: Arrangement, plan: TourPlan, touched_s: float, held: bool) -> Arrangement:
        """The arrangement to show now. A touch gives the page another dwell; a held focus is turned
        away by key only."""
        if self.before is None:
            return arrangement
        if touched_s > self._touched_s or held:
            self._touched_s = touched_s
            self.dwell.restart(now_s)
        due = self.dwell.due(now_s, plan.dwell_s) or self._due
        if not due:
            return arrangement
        self._due = False
        self.dwell.restart(now_s)
        if not plan.views:
            return arrangement.turned(1)
        self._stop = (self._stop + 1) % len(plan.views)
        return plan.views[self._stop]


@dataclass(frozen=True, slots=True)
class PresetPlan:
    """Alarms of this severity and above call up `view` for a dwell; None: never."""

    view: Arrangement | None = None
    severity: int = 5
    dwell_s: float = 30.0


class AlarmPreset:
    """Calls the plan's view up, once for each alarm that is new, and gives the wall back."""

    def __init__(self) -> None:
        self.before: Arrangement | None = None
        self.firing: Firing | None = None
        self._known: frozenset[str] | None = None
        self._shown: Arrangement | None = None
        self._until_s = 0.0

    def step(
        self,
        now_s: float,
        arrangement: Arrangement,
        plan: PresetPlan,
        firing: Collection[Firing],
        *,
        quiet: bool,
    ) -> Arrangement:
        """The arrangement to show now. `quiet`: nobody works with the wall, so it may be taken."""
        new = self._new(firing, plan.severity)
        if self._shown is not None and not _same_plan(arrangement, self._shown):
            self._forget()
        if plan.view is None:
            return self.leave(arrangement)
        if new is not None and (quiet or self.before is not None):
            self.firing, self._until_s = new, now_s + plan.dwell_s
            if self.before is None:
                self.before, self._shown = arrangement, plan.view
                return plan.view
        if self.before is not None and now_s >= self._until_s and quiet:
            return self.leave(arrangement)
        return arrangement

    def leave(self, arrangement: Arrangement) -> Arrangement:
        """The wall as it was."""
        before = self.before
        self._forget()
        return before if before is not None else arrangement

    def _forget(self) -> None:
        self.before = self.firing = self._shown = None

    def _new(self, firing: Collection[Firing], severity: int) -> Firing | None:
        """The worst alarm since the last step; what was there at the start calls nothing up."""
        known, self._known = self._known, frozenset(one.alarm_id for one in firing)
        if known is None:
            return None
        new = [one for one in firing if one.alarm_id not in known and one.waits and one.severity >= severity]
        return max(new, key=lambda one: (one.severity, one.utc_s), default=None)


def _same_plan(one: Arrangement, other: Arrangement) -> bool:
    """Whether nobody has chosen another wall by hand: the focus may move, role cells may change."""
    return replace(one, focus=0, enlarged=False, filled=()) == replace(other, focus=0, enlarged=False, filled=())
