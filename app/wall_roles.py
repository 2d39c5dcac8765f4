"""Who fills the role cells of one wall, and what may turn the whole wall by itself. One object a wall; pure.

GUI thread. The caller gives facts and time and shows the arrangement that comes back. Without role cells nothing moves
unless the operator has started a tour or switched an alarm view on. A cell that has the focus, and one whose camera is
held (manual PTZ, an incident in hand), is never taken by an alarm, a tour or a debt. Only the hot-spot follows at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.alarm_tiles import AlarmTiles, Firing
from app.attention import Attention, AttentionTiles
from app.layouts import Arrangement, CellRole
from app.wall_tours import HANDS_OFF_S, AlarmPreset, CellTour, PresetPlan, TourPlan, WallTour

_MOST_STEP_S = 5.0


@dataclass(frozen=True, slots=True)
class WallFacts:
    """What is so now. `frozen`: the hot key has the wall, or one camera is enlarged; `held`: cameras that somebody
    works with; `live`: cameras that are seen alive."""

    arrangement: Arrangement
    firing: tuple[Firing, ...] = ()
    held: frozenset[str] = frozenset()
    live: frozenset[str] = frozenset()
    touched_s: float = float("-inf")
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Caption:
    """Why a role cell shows what it shows."""

    role: CellRole
    camera_id: str = ""
    firing: Firing | None = None
    paused: bool = False
    owed_s: float = 0.0


class WallRoles:
    """`plan` is the tour, `preset` the view that alarms call up; both may be set at any time."""

    def __init__(self, attention: Attention) -> None:
        self.attention = attention
        self.plan = TourPlan()
        self.preset = PresetPlan()
        self.alarms = AlarmTiles()
        self.cell_tour = CellTour()
        self.wall_tour = WallTour()
        self.alarm_view = AlarmPreset()
        self.captions: Mapping[int, Caption] = {}
        self._debts = AttentionTiles(attention)
        self._recent: tuple[str, ...] = ()
        self._has_alarm_cells = False
        self._last_s: float | None = None
        self._clock_s = 0.0

    @property
    def waiting(self) -> int:
        """Firing cameras that found no alarm cell on a layout that has some."""
        return self.alarms.waiting if self._has_alarm_cells else 0

    def step(self, now_s: float, facts: WallFacts) -> Arrangement:
        """The arrangement to show now; its order differs only when a tour or an alarm turns the whole wall."""
        passed_s = 0.0 if self._last_s is None else min(now_s - self._last_s, _MOST_STEP_S)
        self._last_s = now_s
        if facts.frozen:
            return facts.arrangement
        self._clock_s += passed_s
        return self._filled(now_s, replace(facts, arrangement=self._turned(now_s, facts)))

    def _turned(self, now_s: float, facts: WallFacts) -> Arrangement:
        held = facts.arrangement.focused in facts.held
        quiet = not held and now_s - facts.touched_s >= HANDS_OFF_S
        called = self.alarm_view.step(self._clock_s, facts.arrangement, self.preset, facts.firing, quiet=quiet)
        if self.alarm_view.before is not None:
            return called
        return self.wall_tour.step(self._clock_s, called, self.plan, facts.touched_s, held)

    def _filled(self, now_s: float, facts: WallFacts) -> Arrangement:
        arrangement, layout = facts.arrangement, facts.arrangement.layout
        self._has_alarm_cells = bool(layout.cells_of(CellRole.ALARM))
        if len(layout.camera_cells) == len(layout):
            self.captions = {}
            return arrangement
        kept = _kept(arrangement, facts.held)
        firing = self.alarms.step(self._clock_s, layout.cells_of(CellRole.ALARM), facts.firing, kept)
        tour_cells = layout.cells_of(CellRole.TOUR)
        touring = self.cell_tour.step(self._clock_s, tour_cells, self.plan, self._stops(arrangement), kept)
        debts = self._debts.step(now_s, layout.cells_of(CellRole.ATTENTION), kept, facts.live)
        filled = {cell: one.camera_id for cell, one in firing.items()} | touring | debts | kept
        changed = arrangement.filled_with(filled | self._hot(arrangement))
        self.captions = self._captions(changed, firing)
        return _with_a_focus(changed)

    def _stops(self, arrangement: Arrangement) -> tuple[str, ...]:
        """What the tour cells show: the tour's own cameras, else those that the page does not show."""
        if self.plan.cameras:
            return self.plan.cameras
        others = tuple(c for c in arrangement.order if c and c not in arrangement.on_page)
        return others or tuple(filter(None, arrangement.order))

    def _hot(self, arrangement: Arrangement) -> dict[int, str]:
        """The focused camera large, and in further hot-spots those that had the focus before. With the focus in a
        hot-spot they stay."""
        cells = arrangement.layout.cells_of(CellRole.HOT_SPOT)
        if not cells:
            return {}
        focused = arrangement.focused
        if arrangement.focus in cells:
            return {cell: camera for cell, camera in arrangement.filled if cell in cells}
        if focused is not None:
            self._recent = (focused, *(c for c in self._recent if c != focused))[: len(cells)]
        return dict(zip(cells, self._recent, strict=False))

    def _captions(self, arrangement: Arrangement, firing: Mapping[int, Firing]) -> dict[int, Caption]:
        captions, filled = {}, dict(arrangement.filled)
        for index, cell in enumerate(arrangement.layout.cells):
            if cell.role is not CellRole.CAMERA:
                camera, cause = filled.get(index, ""), firing.get(index)
                cause = cause if cause is not None and cause.camera_id == camera else None
                owed_s = self._debts.owed_s.get(index, 0.0) if cell.role is CellRole.ATTENTION and camera else 0.0
                captions[index] = Caption(cell.role, camera, cause, self.cell_tour.dwell.paused, owed_s)
        return captions

    # What the operator asks for

    def toggle_tour(self, arrangement: Arrangement) -> bool:
        """Start it, pause it, go on: in the tour cells, else on the whole wall. Whether it runs now."""
        if self._in_cells(arrangement):
            dwell = self.cell_tour.dwell
        elif not self.wall_tour.running:
            self.wall_tour.start(arrangement, self.plan)
            return True
        else:
            dwell = self.wall_tour.dwell
        dwell.paused = not dwell.paused
        dwell.restart()
        return not dwell.paused

    def _in_cells(self, arrangement: Arrangement) -> bool:
        """Whether the tour is that of the tour cells; one of views needs the whole wall."""
        whole = self.wall_tour.running or bool(self.plan.views)
        return not whole and bool(arrangement.layout.cells_of(CellRole.TOUR))

    def is_touring(self, arrangement: Arrangement) -> bool:
        """Whether a tour is under way, paused ones apart."""
        if self._in_cells(arrangement):
            return not self.cell_tour.dwell.paused
        return self.wall_tour.running and not self.wall_tour.dwell.paused

    def skip(self, arrangement: Arrangement) -> bool:
        """The next stop of the tour at once; False when there is none."""
        if self._in_cells(arrangement):
            self.cell_tour.skip()
        elif self.wall_tour.running:
            self.wall_tour.skip()
        else:
            return False
        return True

    def leave(self, arrangement: Arrangement) -> Arrangement | None:
        """Esc: what took the whole wall gives it back; None when nothing has."""
        if self.alarm_view.before is not None:
            return self.alarm_view.leave(arrangement)
        return self.wall_tour.leave(arrangement) if self.wall_tour.running else None


def _kept(arrangement: Arrangement, held: frozenset[str]) -> dict[int, str]:
    """Role cells that must not change, with their cameras; a hot-spot follows the focus whatever happens."""
    cells = arrangement.layout.cells
    return {
        index: camera
        for index, camera in arrangement.filled
        if cells[index].role is not CellRole.HOT_SPOT and (index == arrangement.focus or camera in held)
    }


def _with_a_focus(arrangement: Arrangement) -> Arrangement:
    """The focus is never on a role cell that shows nothing."""
    if arrangement.layout.is_camera(arrangement.focus) or arrangement.focused is not None:
        return arrangement
    first = next(iter(arrangement.layout.camera_cells), arrangement.focus)
    return replace(arrangement, focus=first)
