"""Tours and alarm views by stepped time: what is shown when, what a touch delays, what comes back."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.alarm_tiles import Firing
from app.layouts import Arrangement, Side, grid
from app.wall_tours import AlarmPreset, CellTour, PresetPlan, TourPlan, WallTour

CAMERAS = tuple(f"c{n}" for n in range(10))
WALL = Arrangement(CAMERAS, grid(4))
VIEWS = (Arrangement(("c8",), grid(1)), Arrangement(("c3", "c4"), grid(2)))
BAD = Firing("a1", "c7", "r1", 5, 100.0)


# In cells


@given(st.integers(1, 12), st.integers(1, 4))
def test_every_camera_of_a_tour_comes_round_and_none_twice_at_once(count: int, cells: int) -> None:
    tour, plan, cameras = CellTour(), TourPlan(dwell_s=10), CAMERAS[:count]
    seen: set[str] = set()
    for second in range(0, 10 * (count + 1), 5):
        shown = tour.step(second, tuple(range(cells)), plan, cameras, {})
        assert len(set(shown.values())) == len(shown) == min(cells, len(cameras))
        seen |= set(shown.values())
    assert seen == set(cameras)


def test_a_cell_tour_pauses_skips_and_leaves_kept_cells_alone() -> None:
    tour, plan = CellTour(), TourPlan(dwell_s=10)
    assert tour.step(0, (0,), plan, CAMERAS, {}) == {0: "c0"}
    assert tour.step(9.9, (0,), plan, CAMERAS, {}) == {0: "c0"}
    assert tour.step(10, (0,), plan, CAMERAS, {}) == {0: "c1"}
    tour.dwell.paused = True
    assert tour.step(500, (0,), plan, CAMERAS, {}) == {0: "c1"}
    tour.skip()
    assert tour.step(501, (0,), plan, CAMERAS, {}) == {0: "c2"}
    tour.dwell.paused = False
    assert tour.step(502, (0, 1), plan, CAMERAS, {0: "c2"}) == {1: "c3"}
    assert tour.step(600, (0, 1), plan, ("c2",), {0: "c2"}) == {}, "not the kept camera a second time"


# The whole wall


def test_pages_turn_and_a_touch_gives_the_page_another_dwell() -> None:
    tour, plan = WallTour(), TourPlan(dwell_s=10)
    assert tour.step(0, WALL, plan, -99, held=False) is WALL, "nothing runs by itself"
    tour.start(WALL, plan)
    wall = tour.step(1, WALL, plan, -99, held=False)
    assert wall.page == 0
    assert tour.step(9, wall, plan, 8.5, held=False).page == 0
    assert tour.step(18, wall, plan, 8.5, held=False).page == 0
    wall = tour.step(19, wall, plan, 8.5, held=False)
    assert wall.page == 1
    for now_s in (20, 40, 60):
        assert tour.step(now_s, wall, plan, 8.5, held=True) is wall, "somebody works with the focused tile"
    tour.skip()
    assert tour.step(60.5, wall, plan, 8.5, held=True).page == 2, "unless the operator asks for it"
    assert tour.step(61, wall, plan, 8.5, held=False) is wall
    assert tour.step(71, wall, plan, 8.5, held=False).page == 2
    assert tour.leave(wall) is wall, "pages stay where they are"
    assert tour.step(999, wall, plan, 8.5, held=False) is wall


def test_a_tour_of_views_pauses_skips_and_gives_the_wall_back() -> None:
    tour, plan = WallTour(), TourPlan("night", VIEWS, dwell_s=10)
    tour.start(WALL, plan)
    wall = tour.step(0, WALL, plan, -99, held=False)
    assert wall == VIEWS[0]
    tour.dwell.paused = True
    assert tour.step(100, wall, plan, -99, held=False) is wall
    tour.skip()
    wall = tour.step(101, wall, plan, -99, held=False)
    assert wall == VIEWS[1]
    tour.dwell.paused = False
    tour.step(102, wall, plan, -99, held=False)
    assert tour.step(112, wall, plan, -99, held=False) == VIEWS[0]
    assert tour.leave(wall) is WALL
    assert not tour.running


# Views that alarms call up

PLAN = PresetPlan(VIEWS[0], severity=4, dwell_s=30)


def started() -> AlarmPreset:
    """One that has seen the present alarms: none."""
    preset = AlarmPreset()
    preset.step(0, WALL, PLAN, (), quiet=True)
    return preset


def test_an_alarm_calls_its_view_up_and_the_wall_comes_back() -> None:
    preset = started()
    shown = preset.step(1, WALL, PLAN, (BAD,), quiet=True)
    assert shown is VIEWS[0]
    assert preset.firing == BAD
    assert preset.step(30, shown, PLAN, (BAD,), quiet=True) is shown
    assert preset.step(31, shown, PLAN, (BAD,), quiet=True) is WALL
    assert preset.step(100, WALL, PLAN, (BAD,), quiet=True) is WALL, "once for each alarm"


def test_nothing_is_called_up_by_mild_old_taken_alarms_nor_over_hands_nor_when_off() -> None:
    for bad in (replace(BAD, severity=3), replace(BAD, waits=False)):
        assert started().step(1, WALL, PLAN, (bad,), quiet=True) is WALL
    assert started().step(1, WALL, PLAN, (BAD,), quiet=False) is WALL
    assert started().step(1, WALL, PresetPlan(), (BAD,), quiet=True) is WALL
    at_start = AlarmPreset()
    assert at_start.step(0, WALL, PLAN, (BAD,), quiet=True) is WALL


def test_a_further_alarm_holds_the_view_and_hands_on_the_wall_delay_the_giving_back() -> None:
    preset = started()
    shown = preset.step(1, WALL, PLAN, (BAD,), quiet=True)
    preset.step(20, shown, PLAN, (BAD, replace(BAD, alarm_id="a2")), quiet=False)
    assert preset.step(49, shown, PLAN, (BAD,), quiet=True) is shown
    looked_at = shown.moved(Side.RIGHT)
    assert preset.step(60, looked_at, PLAN, (BAD,), quiet=False) is looked_at
    assert preset.step(61, looked_at, PLAN, (BAD,), quiet=True) is WALL


def test_another_wall_chosen_by_hand_is_the_operators() -> None:
    preset = started()
    preset.step(1, WALL, PLAN, (BAD,), quiet=True)
    chosen = WALL.with_layout(grid(9))
    for now_s in (5, 50, 500):
        assert preset.step(now_s, chosen, PLAN, (BAD,), quiet=True) is chosen
    assert preset.before is None


def test_escape_gives_the_wall_back_and_so_does_switching_it_off() -> None:
    preset = started()
    shown = preset.step(1, WALL, PLAN, (BAD,), quiet=True)
    assert preset.leave(shown) is WALL
    preset = started()
    shown = preset.step(1, WALL, PLAN, (BAD,), quiet=True)
    assert preset.step(2, shown, PresetPlan(), (BAD,), quiet=True) is WALL
