"""Layouts, views and tours of the wall in the journal: they come back as they were, and only good ones are taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.commands import PutOperator, PutRecord, RegistryRecord, RemoveRecord
from storage.embedded_journal import EmbeddedJournal
from storage.errors import StorageCode, StorageError
from storage.records import Actor, Operator, Role
from storage.registry_records import CameraGroup, SavedView, Tour, WallLayout
from storage.rows import from_row, registry_row
from storage.wall_records import check_cells
from tests.storage.case_site import SUPERVISOR, case_journal, refused
from tests.storage.site import ADMIN, OPERATOR, RUNTIME, SteppedClock

BIG = WallLayout("big", "One big", 3, 2, ((0, 0, 2, 2), (2, 0, 1, 1), (2, 1, 1, 1)))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[EmbeddedJournal]:
    with case_journal(tmp_path, SteppedClock()) as found:
        yield found


def test_what_is_put_comes_back_as_it_was(journal: EmbeddedJournal) -> None:
    layout = WallLayout("l1", "Doors", 2, 1, ((0, 0, 1, 1), (1, 0, 1, 1)), ("alarm", "camera"), ADMIN.id)
    view = SavedView("v1", "Night", "l1", ("c1", "", "c2"), ADMIN.id)
    tour = Tour("t1", "Round", ("v1",), ("c1",), 12.5, ADMIN.id)
    for record in (layout, view, tour):
        journal.apply(PutRecord(record), ADMIN)
    registry = journal.registry()
    assert (registry.wall_layouts, registry.saved_views, registry.tours) == ((layout,), (view,), (tour,))
    assert all(type(number) is int for cell in registry.wall_layouts[0].cells for number in cell)


@pytest.mark.parametrize(
    "cells",
    [
        (),
        ((0, 0, 2, 2), (2, 0, 1, 1)),  # a hole
        ((0, 0, 2, 2), (1, 0, 2, 1), (2, 1, 1, 1)),  # two in one place
        ((0, 0, 2, 2), (2, 0, 1, 1), (2, 1, 1, 2)),  # beyond the edge
        ((0, 0, 2, 2), (2, 0, 1, 1), (2, 1, 1, 1), (0, 0, 0, 1)),
        ((-1, 0, 4, 2),),
    ],
)
def test_cells_that_do_not_cover_the_grid_once_are_refused(
    journal: EmbeddedJournal, cells: tuple[tuple[int, int, int, int], ...]
) -> None:
    error = refused(journal, PutRecord(WallLayout("l1", "Bad", 3, 2, cells)), StorageCode.BAD_LAYOUT, ADMIN)
    assert error.details["name"] == "Bad"


@given(columns=st.integers(1, 8), rows=st.integers(1, 8), moved=st.integers(0, 63))
def test_a_grid_is_good_and_a_cell_moved_onto_another_is_not(columns: int, rows: int, moved: int) -> None:
    cells = tuple((column, row, 1, 1) for row in range(rows) for column in range(columns))
    layout = WallLayout("l", "Grid", columns, rows, cells)
    check_cells(layout)
    assert from_row(WallLayout, registry_row(layout)) == layout
    if len(cells) > 1:
        index = moved % len(cells)
        twice = (*cells[:index], *cells[index + 1 :], cells[index - 1])
        with pytest.raises(StorageError):
            check_cells(WallLayout("l", "Grid", columns, rows, twice))


@pytest.mark.parametrize(
    ("record", "code"),
    [
        (WallLayout("l", "Huge", 65, 1, tuple((n, 0, 1, 1) for n in range(65))), StorageCode.BAD_LAYOUT),
        (WallLayout("l", " ", 1, 1, ((0, 0, 1, 1),)), StorageCode.BAD_VALUE),
        (WallLayout("l", "Roles", 1, 1, ((0, 0, 1, 1),), ("camera", "camera")), StorageCode.BAD_VALUE),
        (WallLayout("l", "Roles", 1, 1, ((0, 0, 1, 1),), ("juggler",)), StorageCode.BAD_VALUE),
        (SavedView("v", "View", "grid:65"), StorageCode.BAD_VALUE),
        (SavedView("v", "View", "grid:0640"), StorageCode.BAD_VALUE),
        (SavedView("v", "View", "grid:x"), StorageCode.BAD_VALUE),
        (SavedView("v", "View", "nowhere"), StorageCode.BAD_VALUE),
        (SavedView("v", "", "grid:4"), StorageCode.BAD_VALUE),
        (Tour("t", "Tour", ("nowhere",)), StorageCode.BAD_VALUE),
        (Tour("t", "Tour", dwell_s=0.0), StorageCode.BAD_VALUE),
    ],
)
def test_what_no_wall_could_show_is_refused(
    journal: EmbeddedJournal, record: RegistryRecord, code: StorageCode
) -> None:
    refused(journal, PutRecord(record), code, ADMIN)


@pytest.mark.parametrize("actor", [OPERATOR, SUPERVISOR, ADMIN])
def test_everybody_keeps_their_own_and_nobody_anothers(journal: EmbeddedJournal, actor: Actor) -> None:
    own = SavedView("own", "Mine", "grid:4", operator_id=actor.id)
    journal.apply(PutRecord(own), actor)
    other = next(one for one in (OPERATOR, SUPERVISOR) if one != actor)
    refused(journal, RemoveRecord("saved_views", "own"), StorageCode.NOT_PERMITTED, other)
    refused(
        journal,
        PutRecord(SavedView("own", "Yours", "grid:4", operator_id=other.id)),
        StorageCode.NOT_PERMITTED,
        other,
    )
    journal.apply(RemoveRecord("saved_views", "own"), actor)
    journal.apply(PutRecord(own), actor)
    assert journal.registry().saved_views == (own,)


def test_what_belongs_to_the_site_needs_the_right_to_configure(journal: EmbeddedJournal) -> None:
    site = PutRecord(BIG)
    for actor in (OPERATOR, SUPERVISOR, RUNTIME):
        refused(journal, site, StorageCode.NOT_PERMITTED, actor)
    journal.apply(site, ADMIN)
    refused(journal, RemoveRecord("wall_layouts", "big"), StorageCode.NOT_PERMITTED, OPERATOR)
    taken = WallLayout("big", "Mine now", 1, 1, ((0, 0, 1, 1),), operator_id=OPERATOR.id)
    refused(journal, PutRecord(taken), StorageCode.NOT_PERMITTED, OPERATOR)


def test_a_view_names_no_camera_that_its_operator_may_not_see(journal: EmbeddedJournal) -> None:
    journal.apply(PutRecord(CameraGroup("one", "One", ("c1",))), ADMIN)
    journal.apply(PutOperator(Operator(OPERATOR.id, "Olena", Role.OPERATOR, group_ids=("one",))), ADMIN)
    journal.apply(PutRecord(SavedView("v", "Seen", "grid:4", ("c1", ""), OPERATOR.id)), OPERATOR)
    other = SavedView("w", "Not seen", "grid:4", ("c1", "c2"), OPERATOR.id)
    refused(journal, PutRecord(other), StorageCode.NOT_PERMITTED, OPERATOR)
    refused(
        journal,
        PutRecord(Tour("t", "Tour", (), ("c2",), operator_id=OPERATOR.id)),
        StorageCode.NOT_PERMITTED,
        OPERATOR,
    )


def test_a_view_of_the_site_does_not_hang_on_somebodys_own_layout(journal: EmbeddedJournal) -> None:
    journal.apply(
        PutRecord(WallLayout("own", "Own", 1, 1, ((0, 0, 1, 1),), operator_id=ADMIN.id)),
        ADMIN,
    )
    refused(journal, PutRecord(SavedView("v", "View", "own")), StorageCode.BAD_VALUE, ADMIN)
    journal.apply(PutRecord(SavedView("v", "View", "own", operator_id=ADMIN.id)), ADMIN)
    error = refused(journal, RemoveRecord("wall_layouts", "own"), StorageCode.BAD_VALUE, ADMIN)
    assert error.details["reason"] == "in use"
