"""Layouts: cells cover the wall and never overlap; no camera is lost by any sequence of operator's moves."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.layouts import STANDARD, Arrangement, Cell, CellRole, Layout, Side, grid

counts = st.integers(1, 64)
BIG_LEFT = Layout(
    "1+5",
    3,
    3,
    (Cell(0, 0, 2, 2), Cell(2, 0), Cell(2, 1), Cell(0, 2), Cell(1, 2), Cell(2, 2)),
)


@given(counts)
def test_grid_covers_the_wall_without_overlap(count: int) -> None:
    layout = grid(count)
    rects = [layout.rect(i) for i in range(len(layout))]
    assert len(layout) >= count
    assert sum((r - x) * (b - y) for x, y, r, b in rects) == pytest.approx(1.0)
    for i, (x1, y1, r1, b1) in enumerate(rects):
        for x2, y2, r2, b2 in rects[i + 1 :]:
            assert min(r1, r2) <= max(x1, x2) or min(b1, b2) <= max(y1, y2)


@pytest.mark.parametrize("count", STANDARD)
def test_standard_layouts_are_square(count: int) -> None:
    layout = grid(count)
    assert (layout.columns * layout.rows, layout.columns) == (count, layout.rows)


@pytest.mark.parametrize(("count", "shape"), [(2, (2, 1)), (3, (2, 2)), (12, (4, 3)), (20, (5, 4)), (64, (8, 8))])
def test_grid_wastes_little(count: int, shape: tuple[int, int]) -> None:
    assert (grid(count).columns, grid(count).rows) == shape


@pytest.mark.parametrize("count", [0, 65])
def test_grid_refuses_what_is_no_wall(count: int) -> None:
    with pytest.raises(ValueError, match="tiles"):
        grid(count)


@pytest.mark.parametrize("cells", [(Cell(0, 0),), (Cell(0, 0, 2, 1), Cell(1, 0)), (Cell(0, 0), Cell(2, 0))])
def test_bad_layouts_are_refused(cells: tuple[Cell, ...]) -> None:
    with pytest.raises(ValueError, match="overlap"):
        Layout("bad", 2, 1, cells)


def test_neighbours_follow_spans() -> None:
    assert BIG_LEFT.neighbour(0, Side.RIGHT) == 1
    assert BIG_LEFT.neighbour(2, Side.LEFT) == 0
    assert BIG_LEFT.neighbour(0, Side.DOWN) == 3
    assert BIG_LEFT.neighbour(5, Side.UP) == 2
    assert BIG_LEFT.neighbour(0, Side.LEFT) == 0


@given(counts, st.data())
def test_arrows_come_back(count: int, data: st.DataObject) -> None:
    layout = grid(count)
    here = data.draw(st.integers(0, len(layout) - 1))
    for side, back in ((Side.LEFT, Side.RIGHT), (Side.UP, Side.DOWN)):
        there = layout.neighbour(here, side)
        assert there == here or layout.neighbour(there, back) == here


def cameras(count: int) -> tuple[str, ...]:
    return tuple(f"c{i}" for i in range(count))


def test_pages_turn_around_the_end() -> None:
    wall = Arrangement(cameras(10), grid(4))
    assert (wall.pages, wall.on_page) == (3, ("c0", "c1", "c2", "c3"))
    assert wall.turned(-1).on_page == ("c8", "c9")
    assert wall.turned(3) == wall


def test_layout_change_keeps_the_focused_camera() -> None:
    wall = Arrangement(cameras(16), grid(16)).focused_on("c13").with_layout(grid(4))
    assert (wall.page, wall.focused) == (3, "c13")


def test_enlarge_shows_one_and_comes_back() -> None:
    wall = Arrangement(cameras(9), grid(9)).focused_on("c4")
    assert wall.toggled().shown == (("c4", (0.0, 0.0, 1.0, 1.0)),)
    assert wall.toggled().moved(Side.RIGHT).shown[0][0] == "c5"
    assert wall.toggled().toggled() == wall
    assert not Arrangement((), grid(4)).toggled().enlarged


def test_call_up_changes_places() -> None:
    wall = Arrangement(cameras(10), grid(4)).moved(Side.RIGHT).called_up("c9")
    assert wall.on_page == ("c0", "c9", "c2", "c3")
    assert wall.order.index("c1") == 9
    assert wall.called_up("unknown") == wall


def test_other_cameras_keep_the_focus() -> None:
    wall = Arrangement(cameras(9), grid(4)).focused_on("c6").with_cameras(("c6", "c7"))
    assert (wall.page, wall.focus, wall.focused) == (0, 0, "c6")
    assert wall.with_cameras(()).focused is None


steps = st.lists(
    st.one_of(
        st.sampled_from(list(Side)),
        st.integers(1, 64),
        st.sampled_from(["next", "previous", "enlarge"]),
        st.integers(0, 29).map(lambda i: f"c{i}"),
    ),
    max_size=30,
)


def after(wall: Arrangement, step: Side | int | str) -> Arrangement:
    if isinstance(step, Side):
        return wall.moved(step)
    if isinstance(step, int):
        return wall.with_layout(grid(step))
    turns = {"next": 1, "previous": -1}
    if step in turns:
        return wall.turned(turns[step])
    return wall.toggled() if step == "enlarge" else wall.called_up(step)


@given(st.integers(1, 30), steps)
def test_no_camera_is_ever_lost(count: int, moves: list[Side | int | str]) -> None:
    wall = Arrangement(cameras(count), grid(9))
    for step in moves:
        wall = after(wall, step)
        assert sorted(wall.order) == sorted(cameras(count))
        assert wall.focused is not None
        assert 0 <= wall.page < wall.pages


# Role cells


ROLES = st.sampled_from([role for role in CellRole if role is not CellRole.CAMERA])


@st.composite
def role_layouts(draw: st.DrawFn) -> Layout:
    """A grid some of whose cells have a role, one camera cell at least."""
    count = draw(st.integers(1, 20))
    plain = grid(count)
    roles = draw(st.dictionaries(st.integers(1, len(plain) - 1), ROLES)) if len(plain) > 1 else {}
    cells = tuple(replace(cell, role=roles.get(i, CellRole.CAMERA)) for i, cell in enumerate(plain.cells))
    return Layout("roles", plain.columns, plain.rows, cells)


fillings = st.dictionaries(st.integers(0, 30), st.integers(0, 40).map(lambda i: f"c{i}"), max_size=8)
role_steps = st.lists(
    st.one_of(
        st.sampled_from(list(Side)),
        st.integers(0, 29).map(lambda i: f"c{i}"),
        st.just("next"),
        fillings,
        role_layouts(),
    ),
    max_size=20,
)


@given(st.integers(1, 30), role_layouts(), role_steps)
def test_role_cells_never_change_the_order(
    count: int, layout: Layout, moves: list[Side | str | dict[int, str] | Layout]
) -> None:
    wall = Arrangement(cameras(count), layout)
    for step in moves:
        if isinstance(step, dict):
            before = wall
            wall = wall.filled_with(step)
            assert (wall.order, wall.page, wall.on_page) == (before.order, before.page, before.on_page)
        elif isinstance(step, Layout):
            wall = wall.with_layout(step)
        else:
            wall = after(wall, step)
        own = [c for i, c in wall.taken if wall.layout.is_camera(i)]
        assert tuple(own) == wall.on_page, "cameras of the order are in camera cells only, each in its place"
        assert sorted(wall.order) == sorted(cameras(count)), "none is lost, none doubled"
        assert all(not wall.layout.is_camera(i) for i, _camera in wall.filled)
        assert 0 <= wall.page < wall.pages


@given(st.integers(1, 30), role_layouts())
def test_pages_show_every_camera_once(count: int, layout: Layout) -> None:
    wall = Arrangement(cameras(count), layout)
    pages = [wall.turned(n).on_page for n in range(wall.pages)]
    assert [camera for page in pages for camera in page] == list(cameras(count))
    assert all(len(page) <= len(layout.camera_cells) for page in pages)


_ROW = (CellRole.CAMERA, CellRole.ALARM, CellRole.CAMERA)
COLUMN = Layout("column", 3, 2, tuple(Cell(c, r, role=_ROW[c]) for r in range(2) for c in range(3)))
"""camera, alarm, camera; twice."""


def test_arrows_enter_a_role_cell_only_while_it_shows_something() -> None:
    wall = Arrangement(cameras(8), COLUMN)
    assert wall.moved(Side.RIGHT).focused == "c1", "past the empty alarm cell"
    filled = wall.filled_with({1: "c7"})
    assert filled.moved(Side.RIGHT).focused == "c7"
    assert filled.moved(Side.RIGHT).moved(Side.RIGHT).focused == "c1"


def test_the_focus_stays_in_a_role_cell_and_calls_up_there() -> None:
    wall = Arrangement(cameras(8), COLUMN).filled_with({1: "c7"}).focused_at(1)
    assert wall.with_cameras(cameras(9)).focused == "c7"
    called = wall.called_up("c3")
    assert (called.focused, called.order) == ("c3", wall.order)
    assert wall.toggled().seen[0].camera_id == "c7"
    assert wall.toggled().filled_with({}).enlarged is False


def test_a_camera_is_focused_where_it_is_seen() -> None:
    wall = Arrangement(cameras(8), COLUMN).filled_with({1: "c7", 4: "c0"})
    assert wall.focused_on("c0").focus == 0, "its own cell before a role cell"
    assert (wall.focused_on("c7").page, wall.focused_on("c7").focus) == (0, 1), "no page is turned for it"
    assert wall.filled_with({}).focused_on("c7").page == 1


def test_another_layout_begins_with_empty_role_cells() -> None:
    wall = Arrangement(cameras(8), COLUMN).filled_with({1: "c7"})
    assert wall.with_layout(grid(4)).filled == ()
    assert wall.with_layout(COLUMN).filled == wall.filled
