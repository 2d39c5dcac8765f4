"""Who fills the role cells of a wall, by stepped time; what is never taken; property tests over whole shifts."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.alarm_tiles import DWELL_S, Firing
from app.attention import Attention, Glance
from app.layouts import Arrangement, CellRole, Layout, Side, grid
from app.role_layouts import ROLE_LAYOUTS, role_layout, title_of
from app.wall_roles import Caption, WallFacts, WallRoles
from app.wall_tours import DWELL_S as TOUR_S
from app.wall_tours import TourPlan

CAMERAS = tuple(f"c{n:02}" for n in range(40))


def wall(name: str) -> Arrangement:
    return Arrangement(CAMERAS, role_layout(name))


def roles() -> WallRoles:
    attention = Attention()
    attention.know(0, CAMERAS)
    return WallRoles(attention)


def alarm(camera: str, severity: int = 3, utc_s: float = 100.0) -> Firing:
    return Firing(f"a-{camera}", camera, "r1", severity, utc_s)


def in_role(arrangement: Arrangement, role: CellRole) -> list[str]:
    cells = arrangement.layout.cells_of(role)
    return [camera for index, camera in arrangement.filled if index in cells]


@pytest.mark.parametrize("layout", ROLE_LAYOUTS)
def test_built_in_layouts_begin_in_a_camera_cell(layout: Layout) -> None:
    assert layout.is_camera(0)
    assert title_of(layout) != layout.name
    assert len(layout.camera_cells) < len(layout)


def test_the_layouts_that_were_promised() -> None:
    sizes = {layout.name: len(layout.camera_cells) for layout in ROLE_LAYOUTS}
    assert sizes == {"hot_spot": 12, "alarms": 12, "attention": 8, "watch": 10, "tour": 12}
    with pytest.raises(KeyError):
        role_layout("none")


@given(st.integers(1, 16), st.lists(st.integers(0, 39), max_size=6))
def test_without_role_cells_nothing_moves(count: int, fires: list[int]) -> None:
    here, mine = Arrangement(CAMERAS, grid(count)), roles()
    alarms = tuple({n: alarm(CAMERAS[n], 5) for n in fires}.values())
    for second in range(0, 120, 7):
        assert mine.step(second, WallFacts(here, alarms if second else ())) is here


def test_the_hot_spot_follows_the_focus_and_stays_when_it_is_entered() -> None:
    mine, here = roles(), wall("hot_spot")
    here = mine.step(0, WallFacts(here))
    assert in_role(here, CellRole.HOT_SPOT) == ["c00"]
    here = mine.step(0.1, WallFacts(here.moved(Side.RIGHT)))
    assert in_role(here, CellRole.HOT_SPOT) == ["c01"]
    inside = here.focused_at(here.layout.cells_of(CellRole.HOT_SPOT)[0])
    assert mine.step(1, WallFacts(inside)) == inside
    assert mine.captions[inside.focus] == Caption(CellRole.HOT_SPOT, "c01")


def test_alarms_come_forward_say_why_and_are_given_back() -> None:
    mine, here = roles(), wall("alarms")
    fires = (alarm("c30", 2), alarm("c31", 5))
    here = mine.step(0, WallFacts(here, fires))
    assert in_role(here, CellRole.ALARM) == ["c31", "c30"]
    cells = here.layout.cells_of(CellRole.ALARM)
    assert mine.captions[cells[0]].firing == fires[1]
    assert mine.captions[cells[3]] == Caption(CellRole.ALARM)
    assert mine.waiting == 0
    for second in range(1, int(DWELL_S) + 2):
        here = mine.step(second, WallFacts(here, fires))
    assert in_role(here, CellRole.ALARM) == []


def test_a_tile_with_the_focus_or_a_camera_in_hand_is_never_taken() -> None:
    mine, here = roles(), wall("alarms")
    four = tuple(alarm(f"c{n}", 1) for n in (20, 21, 22, 23))
    here = mine.step(0, WallFacts(here, four))
    cells = here.layout.cells_of(CellRole.ALARM)
    focused, in_hand = here.camera_in(cells[1]), here.camera_in(cells[2])
    assert focused is not None
    assert in_hand is not None
    here = here.focused_at(cells[1])
    worse = (*four, *(alarm(f"c{n}", 5) for n in (30, 31, 32, 33)))
    for second in range(1, 400):
        here = mine.step(second, WallFacts(here, worse, held=frozenset({in_hand})))
        assert here.camera_in(cells[1]) == focused
        assert here.camera_in(cells[2]) == in_hand
        assert here.focus == cells[1]
    here = here.focused_at(0)
    assert here.camera_in(mine.step(401, WallFacts(here, worse)).focus) == "c00"
    assert focused not in in_role(mine.step(402, WallFacts(here, worse)), CellRole.ALARM)


def test_time_stands_while_the_hot_key_has_the_wall() -> None:
    mine, here = roles(), wall("alarms")
    fires = (alarm("c30"),)
    here = mine.step(0, WallFacts(here, fires))
    pursuit = Arrangement(("c30",), grid(1))
    for second in range(1, 300):
        assert mine.step(second, WallFacts(pursuit, (*fires, alarm("c31", 5)), frozen=True)) is pursuit
    here = mine.step(301, WallFacts(here, fires))
    assert in_role(here, CellRole.ALARM) == ["c30"], "its dwell is not over"


def test_tour_cells_show_what_the_page_does_not_pause_and_skip() -> None:
    mine, here = roles(), wall("tour")
    here = mine.step(0, WallFacts(here))
    assert in_role(here, CellRole.TOUR) == ["c12"]
    assert mine.skip(here)
    here = mine.step(1, WallFacts(here))
    assert in_role(here, CellRole.TOUR) == ["c13"]
    assert not mine.toggle_tour(here)
    for second in range(2, 60):
        here = mine.step(second, WallFacts(here))
    assert in_role(here, CellRole.TOUR) == ["c13"]
    assert mine.captions[here.layout.cells_of(CellRole.TOUR)[0]].paused
    assert mine.toggle_tour(here)
    mine.plan = TourPlan("gates", cameras=("c35", "c36"))
    assert in_role(mine.step(61, WallFacts(here)), CellRole.TOUR)[0] in {"c35", "c36"}


def test_a_tour_of_the_whole_wall_needs_a_key() -> None:
    mine, here = roles(), Arrangement(CAMERAS, grid(9))
    assert not mine.skip(here)
    assert mine.leave(here) is None
    assert mine.toggle_tour(here)
    for second in range(int(TOUR_S) * 2 + 2):
        here = mine.step(second, WallFacts(here))
    assert here.page == 2
    assert mine.leave(here) is here
    assert mine.leave(here) is None


def test_the_attention_tile_shows_the_most_indebted() -> None:
    mine, here = roles(), wall("attention")
    shown: set[str] = set()
    for second in range(400):
        here = mine.step(second, WallFacts(here, live=frozenset(CAMERAS)))
        mine.attention.look(second, [Glance(cell.camera_id, 300, True) for cell in here.seen])
        shown |= set(in_role(here, CellRole.ATTENTION))
    assert shown >= set(CAMERAS[8:])
    assert mine.attention.coverage(400).looked == len(CAMERAS)


story = st.lists(
    st.tuples(
        st.one_of(
            st.sampled_from(list(Side)),
            st.sampled_from([layout.name for layout in ROLE_LAYOUTS]),
            st.sampled_from(["turn", "enlarge", "tour", "skip", "wait", "call"]),
        ),
        st.floats(0.1, 15),
        st.dictionaries(st.integers(0, 39), st.integers(1, 5), max_size=5),
        st.sets(st.integers(0, 39), max_size=3),
    ),
    max_size=30,
)


def moved(mine: WallRoles, here: Arrangement, act: Side | str) -> Arrangement:
    """What an operator does."""
    if isinstance(act, Side):
        return here.moved(act)
    if act in {layout.name for layout in ROLE_LAYOUTS}:
        return here.with_layout(role_layout(act))
    if act == "tour":
        mine.toggle_tour(here)
    elif act == "skip":
        mine.skip(here)
    changes = {"turn": here.turned(1), "enlarge": here.toggled(), "call": here.called_up("c39")}
    return changes.get(act, here)


@given(story)
def test_whatever_happens(acts: list[tuple[Side | str, float, dict[int, int], set[int]]]) -> None:
    """No camera is lost or doubled among the camera cells; held and focused role cells stay; the focus is somewhere."""
    mine, here, now_s, called = roles(), wall("watch"), 0.0, False
    for act, passed_s, fires, held_numbers in acts:
        now_s += passed_s
        here = moved(mine, here, act)
        held = frozenset(CAMERAS[n] for n in held_numbers)
        alarms = tuple(alarm(CAMERAS[n], severity) for n, severity in fires.items())
        after = mine.step(now_s, WallFacts(here, alarms, held, touched_s=now_s, frozen=here.enlarged))
        assert after.order == here.order
        assert after.layout == here.layout
        assert sorted(after.order) == sorted(CAMERAS)
        assert after.focused is not None
        for index, camera in here.filled:
            hot = here.layout.cells[index].role is CellRole.HOT_SPOT
            if not hot and after.page == here.page and (index == here.focus or camera in held):
                assert after.camera_in(index) == camera
        called = called or act == "call"
        alarmed = in_role(after, CellRole.ALARM)
        assert called or len(set(alarmed)) == len(alarmed), "twice only if it was called up by hand"
        here = after


def test_the_focus_leaves_a_role_cell_that_becomes_empty() -> None:
    mine, here = roles(), replace(wall("alarms"), focus=wall("alarms").layout.cells_of(CellRole.ALARM)[0])
    assert mine.step(0, WallFacts(here)).focused == "c00"
