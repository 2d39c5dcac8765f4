"""Layouts and views as arrangements: nothing is lost or doubled, whatever is exchanged, merged and split."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import wall_plans
from app.errors import AppCode, AppError
from app.layouts import Arrangement, Cell, CellRole, Layout, Side, grid
from app.role_layouts import role_layout
from app.wall_plans import arranged, key_of, layout_named, layout_of, record_of, start_of
from storage.journal import Registry
from storage.records import Camera
from storage.registry_records import CELL_ROLES, SavedView, WallLayout

CAMERAS = tuple(f"c{n}" for n in range(1, 11))
BIG = WallLayout("big", "One big", 3, 2, ((0, 0, 2, 2), (2, 0, 1, 1), (2, 1, 1, 1)), ("camera", "alarm", "camera"))
REGISTRY = Registry(
    cameras=tuple(Camera(one, number, one, "test://") for number, one in enumerate(CAMERAS)),
    wall_layouts=(BIG, WallLayout("own", "Mine", 2, 1, ((0, 0, 1, 1), (1, 0, 1, 1)), operator_id="anna")),
    saved_views=(
        SavedView("v1", "Night", "grid:4", ("c3", "", "gone", "c1"), "anna"),
        SavedView("v2", "night", "big", ("c5",)),
    ),
)


def test_the_journal_knows_the_roles_of_cells() -> None:
    assert set(CELL_ROLES) == {role.value for role in CellRole}


def test_a_layout_comes_back_as_it_was() -> None:
    layout = layout_of(BIG)
    assert [cell.role for cell in layout.cells] == [CellRole.CAMERA, CellRole.ALARM, CellRole.CAMERA]
    assert record_of(layout, BIG.name, None, BIG.id) == BIG
    assert record_of(grid(4), "Four", "anna").roles == ()


def test_keys_name_grids_and_layouts() -> None:
    assert layout_named(REGISTRY, "grid:16") == grid(16)
    assert [layout_named(REGISTRY, key) for key in ("grid:0", "grid:65", "grid:x", "nowhere")] == [None] * 4
    assert (key_of(REGISTRY, grid(16)), key_of(REGISTRY, layout_of(BIG))) == ("grid:16", "big")
    mine = Layout("any name", 2, 1, (Cell(0, 0), Cell(1, 0)))
    assert (key_of(REGISTRY, mine, "anna"), key_of(REGISTRY, mine, "boris")) == ("grid:2", "grid:2")
    odd = Layout("", 2, 1, (Cell(0, 0, 2, 1),))
    assert key_of(REGISTRY, odd) == ""


def test_a_layout_that_nobody_saved_is_spelled_out() -> None:
    odd = Layout("", 2, 2, (Cell(0, 0, 2, 1), Cell(0, 1, role=CellRole.ALARM), Cell(1, 1)))
    assert layout_named(REGISTRY, wall_plans.spelled(REGISTRY, odd)) == odd
    assert wall_plans.spelled(REGISTRY, grid(9)) == "grid:9"


@pytest.mark.parametrize(
    "key",
    [
        "cells:",
        "cells:2",
        "cells:2 2",
        "cells:0 0",
        "cells:2 1;0 0 1 1 camera",
        "cells:1 1;0 0 1 1 juggler",
        "cells:1 1;0 0 x 1 camera",
        "cells:1 1;0 0 1",
        "cells:99 1;0 0 99 1 camera",
        "cells:1 1;0 0 9999999999 1 camera",
    ],
)
def test_a_key_that_spells_no_layout_is_none(key: str) -> None:
    assert layout_named(REGISTRY, key) is None


def test_a_view_keeps_its_gaps_and_the_other_cameras_follow() -> None:
    view = REGISTRY.saved_views[0]
    found = arranged(REGISTRY, view.layout, view.camera_ids, CAMERAS)
    assert found.on_page == ("c3", "", "", "c1")  # a camera that is gone leaves its cell empty
    assert found.pages == 3
    assert sorted(camera for camera in found.order if camera) == sorted(CAMERAS)


def test_a_view_of_a_layout_that_is_gone_is_a_grid() -> None:
    assert arranged(REGISTRY, "nowhere", ("c1", "c2"), CAMERAS).layout == grid(2)


def test_a_start_is_named_by_view_layout_or_number_and_the_sites_comes_first() -> None:
    assert start_of(REGISTRY, "NIGHT", CAMERAS).on_page[0] == "c5"
    assert start_of(REGISTRY, "mine", CAMERAS).on_page == ("c1", "c2")
    assert len(start_of(REGISTRY, "16", CAMERAS).layout) == len(start_of(REGISTRY, "grid:16", CAMERAS).layout) == 16
    assert start_of(REGISTRY, "hot-spot", CAMERAS).layout is role_layout("hot_spot")
    with pytest.raises(AppError) as refused:
        start_of(REGISTRY, "Nowhere", CAMERAS)
    assert refused.value.code is AppCode.UNKNOWN_LAYOUT
    assert (
        refused.value.details["known"]
        == "Mine, Night, One big, night, hot_spot, alarms, attention, watch, tour, 1 - 64"
    )


def test_exchanging_moves_the_focus_along_and_fills_gaps() -> None:
    four = Arrangement(CAMERAS[:3], grid(4))
    changed = wall_plans.exchanged(four, 0, 3)
    assert (changed.on_page, changed.focus) == (("", "c2", "c3", "c1"), 3)
    assert wall_plans.exchanged(changed, 3, 0).order == CAMERAS[:3]
    roles = Arrangement(CAMERAS, layout_of(BIG))
    assert wall_plans.exchanged(roles, 0, 1) is roles  # what fires has no place of its own


def test_a_camera_from_elsewhere_pushes_none_off_the_wall() -> None:
    four = Arrangement(CAMERAS[:5], grid(4))
    assert wall_plans.placed(four, 1, "c9").order == ("c1", "c9", "c3", "c4", "c5", "c2")
    assert wall_plans.placed(four, 1, "c5").order == ("c1", "c5", "c3", "c4", "c2")


def test_cells_merge_and_split_by_the_focus() -> None:
    four = Arrangement(CAMERAS[:6], grid(4))
    wide = wall_plans.merged(four, Side.RIGHT)
    assert wide.layout.cells == (Cell(0, 0, 2, 1), Cell(0, 1), Cell(1, 1))
    assert wide.on_page == ("c1", "c3", "c4")
    whole = wall_plans.merged(wide, Side.DOWN)
    assert (whole.layout.cells, whole.on_page) == ((Cell(0, 0, 2, 2),), ("c1",))
    assert wall_plans.merged(whole, Side.DOWN) is whole
    assert len(wall_plans.split(whole).layout) == 4
    assert wall_plans.split(four) is four


def test_a_merge_that_would_cut_a_cell_is_none() -> None:
    pinwheel = (Cell(0, 0, 2, 1), Cell(2, 0, 1, 2), Cell(0, 1, 1, 2), Cell(1, 1), Cell(1, 2, 2, 1))
    here = Arrangement(CAMERAS, Layout("", 3, 3, pinwheel), focus=3)
    assert wall_plans.merged(here, Side.RIGHT) is here


_STEPS = st.sampled_from(
    [*[("merged", side) for side in Side], ("split", None), ("exchanged", 1), *[("moved", side) for side in Side]]
)


@given(tiles=st.sampled_from([4, 9, 16]), steps=st.lists(_STEPS, max_size=12))
def test_whatever_is_done_every_camera_stays_and_none_is_doubled(
    tiles: int, steps: list[tuple[str, Side | int | None]]
) -> None:
    now = Arrangement(CAMERAS, grid(tiles))
    for name, what in steps:
        if isinstance(what, Side):
            now = now.moved(what) if name == "moved" else wall_plans.merged(now, what)
        elif isinstance(what, int):
            now = wall_plans.exchanged(now, now.focus, min(what, len(now.layout) - 1))
        else:
            now = wall_plans.split(now)
        assert sorted(camera for camera in now.order if camera) == sorted(CAMERAS)
