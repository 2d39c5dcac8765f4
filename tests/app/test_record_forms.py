"""Records and plain texts: everything that is shown can be read back; what does not fit is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import AppCode, AppError
from app.record_forms import KINDS, kind_of, made, texts_of
from storage.records import Category, IncidentState, Place, Severity
from storage.registry_records import Deadline, Procedure, RecordingPlan, SavedView, Service, WallLayout

_WORDS = st.text(st.characters(codec="utf-8", exclude_characters=";", exclude_categories=("C", "Z")), min_size=1)


@given(_WORDS, _WORDS, st.none() | st.integers(1, 400))
def test_what_is_shown_is_read_back(name: str, letter: str, days: int | None) -> None:
    record = Category("c1", name, "crime", letter, Severity.HIGH, days)
    assert made(Category, texts_of(record)) == record


@given(st.lists(_WORDS, max_size=5))
def test_lists_are_read_back(steps: list[str]) -> None:
    record = Procedure("p1", "theft", "Theft", tuple(steps))
    assert made(Procedure, texts_of(record)) == record


def test_rows_of_numbers_and_empty_items_are_read_back() -> None:
    layout = WallLayout("l1", "Big", 3, 2, ((0, 0, 2, 2), (2, 0, 1, 1), (2, 1, 1, 1)), ("alarm", "camera", "camera"))
    assert texts_of(layout)["cells"] == "0, 0, 2, 2; 2, 0, 1, 1; 2, 1, 1, 1"
    view = SavedView("v1", "Gates", "l1", ("c1", "", "c2"))
    assert texts_of(view)["camera_ids"] == "c1; -; c2"
    for record in (layout, view):
        assert made(type(record), texts_of(record)) == record


def test_every_kind_has_a_table_and_a_heading() -> None:
    from storage.rows import REGISTRY_TABLES

    assert set(KINDS) <= set(REGISTRY_TABLES)
    assert all(heading for _kind, heading in KINDS.values())


def test_fields_that_are_not_given_keep_their_default() -> None:
    assert made(Service, {"id": "s1", "name": "District 3"}) == Service("s1", "District 3")
    deadline = made(Deadline, {"id": "d1", "state": "new", "seconds": "90"})
    assert deadline == Deadline("d1", IncidentState.NEW, 90.0)
    assert made(RecordingPlan, {"id": "c1", "audio": "yes"}) == RecordingPlan("c1", audio=True)
    assert made(Place, {"id": "p", "name": "n", "latitude_deg": "47.1"}) == Place("p", "n", latitude_deg=47.1)


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        (Service, {"id": "s1"}),
        (Service, {"id": "s1", "name": "x", "fax": "1"}),
        (Deadline, {"id": "d", "state": "asleep", "seconds": "1"}),
        (Deadline, {"id": "d", "state": "new", "seconds": "soon"}),
        (RecordingPlan, {"id": "c1", "audio": "perhaps"}),
        (Category, {"id": "c", "name": "n", "group": "g", "severity": "9"}),
        (WallLayout, {"id": "l", "name": "n", "columns": "2", "rows": "1", "cells": "0,0,2"}),
        (WallLayout, {"id": "l", "name": "n", "columns": "2", "rows": "1", "cells": "0,0,2,x"}),
    ],
)
def test_what_does_not_fit_is_said(kind: type, texts: dict[str, str]) -> None:
    with pytest.raises(AppError) as caught:
        made(kind, texts)
    assert caught.value.code is AppCode.BAD_RECORD


def test_an_unknown_kind_is_said() -> None:
    with pytest.raises(AppError):
        kind_of("operators")
