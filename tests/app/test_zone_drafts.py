"""A drawing that is not saved yet: whatever is done to it, it stays in the picture, comes back step by step, and can be
saved exactly when the detection process could use it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.zone_drafts import Drawn, Fault, Point, Shape, ZoneDraft, drawn_on, new_draft
from app.zone_preview import feet, rules_of
from detection.detector import DetectionError, Track, TrackSet
from detection.geometry import checked_line, checked_polygon
from detection.perspective import Ground
from storage.class_names import DEFAULT_CLASSES, class_map
from storage.journal import Registry
from storage.records import Box, RuleSpec, Zone
from storage.registry_records import CameraScale, PrivacyMask

WORDS = class_map(DEFAULT_CLASSES)
SQUARE: tuple[Point, ...] = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
BOW_TIE: tuple[Point, ...] = ((0.2, 0.2), (0.8, 0.8), (0.8, 0.2), (0.2, 0.8))
Change = Callable[[ZoneDraft], None]

points = st.tuples(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5))
places = st.integers(-1, 8)


def _guarded(change: Callable[[ZoneDraft, int], None], place: int) -> Change:
    return lambda draft: change(draft, place) if 0 <= place < len(draft.now.points) else None


changes: st.SearchStrategy[Change] = st.one_of(
    st.builds(lambda p: lambda d: d.add(p), points),
    st.builds(lambda i, p: _guarded(lambda d, at: d.insert(at, p), i), places, points),
    st.builds(lambda i, p: _guarded(lambda d, at: d.move(at, p), i), places, points),
    st.builds(lambda p: lambda d: d.shift(*p), points),
    st.builds(lambda i: lambda d: d.remove(i), places),
    st.builds(lambda i: lambda d: d.choose_next(i), st.sampled_from([-1, 1])),
    st.builds(lambda name: lambda d: d.rename(name), st.text(max_size=5)),
    st.just(ZoneDraft.extend),
    st.just(ZoneDraft.turn_round),
)


def drawn(shape: Shape, *corners: Point) -> ZoneDraft:
    draft = ZoneDraft(shape, "c1", name="Yard")
    for corner in corners:
        draft.add(corner)
    return draft


@given(st.sampled_from(Shape), st.lists(changes, max_size=12))
def test_points_stay_in_the_picture_and_people_upright(shape: Shape, done: list[Change]) -> None:
    draft = ZoneDraft(shape, "c1")
    for change in done:
        change(draft)
    assert all(0.0 <= x <= 1.0 and 0.0 <= y <= 1.0 for x, y in draft.now.points)
    assert -1 <= draft.now.chosen < max(len(draft.now.points), 1)
    if shape is Shape.PEOPLE:
        assert len(draft.now.points) % 2 == 0
        assert all(height > 0 for _x, _y, height in draft.people)


@given(st.sampled_from(Shape), st.lists(changes, max_size=12))
def test_every_step_comes_back_and_goes_on_again(shape: Shape, done: list[Change]) -> None:
    draft = ZoneDraft(shape, "c1", name="Yard")
    begun, seen = draft.now.points, [(draft.now.points, draft.now.name)]
    for change in done:
        change(draft)
        if (draft.now.points, draft.now.name) != seen[-1]:
            seen.append((draft.now.points, draft.now.name))
    last = draft.now.points
    while draft.undo():
        assert (draft.now.points, draft.now.name) in seen
    assert draft.now.points == begun
    assert not draft.changed
    while draft.redo():
        assert (draft.now.points, draft.now.name) in seen
    assert draft.now.points == last


@given(st.sampled_from([Shape.AREA, Shape.MASK, Shape.LINE]), st.lists(points, max_size=6))
def test_it_can_be_saved_exactly_when_a_rule_could_use_it(shape: Shape, corners: list[Point]) -> None:
    draft = drawn(shape, *corners)
    try:
        (checked_line if shape is Shape.LINE else checked_polygon)(draft.now.points)
    except DetectionError:
        assert draft.fault() is not None
        assert draft.fault_text()
    else:
        assert draft.fault() is None
        assert draft.fault_text() == ""


@given(st.lists(points, min_size=2, max_size=5))
def test_people_can_be_saved_only_when_they_stand_on_a_ground(marked: list[Point]) -> None:
    draft = drawn(Shape.PEOPLE, *marked)
    record = draft.made()
    assert isinstance(record, CameraScale)
    if draft.fault() is None:
        assert Ground(record).height(0.5) > 0


@given(st.tuples(st.floats(-2, 2), st.floats(-2, 2)))
def test_the_whole_moves_without_changing_its_shape(away: Point) -> None:
    draft = drawn(Shape.AREA, *SQUARE)
    draft.shift(*away)
    sides = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(draft.now.points)]
    before = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(SQUARE)]
    assert [pytest.approx(side, abs=1e-4) for side in before] == sides


@pytest.mark.parametrize(
    ("shape", "corners", "fault"),
    [
        (Shape.AREA, BOW_TIE, Fault.CROSSING),
        (Shape.MASK, BOW_TIE, Fault.CROSSING),
        (Shape.AREA, SQUARE[:2], Fault.FEW),
        (Shape.AREA, ((0.5, 0.5), (0.5001, 0.5), (0.5001, 0.5001)), Fault.SMALL),
        (Shape.LINE, SQUARE[:1], Fault.FEW),
        (Shape.LINE, ((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)), Fault.CROSSING),
        (Shape.LINE, SQUARE[:2], None),
        (Shape.MASK, SQUARE, None),
        (Shape.PEOPLE, ((0.5, 0.9),), Fault.PEOPLE_FEW),
        (Shape.PEOPLE, ((0.2, 0.6), (0.8, 0.605)), Fault.PEOPLE_ROW),
        (Shape.PEOPLE, ((0.2, 0.5), (0.8, 0.9)), None),
    ],
)
def test_what_is_wrong(shape: Shape, corners: tuple[Point, ...], fault: Fault | None) -> None:
    assert drawn(shape, *corners).fault() is fault


def test_a_nearer_person_that_is_smaller_is_refused() -> None:
    draft = drawn(Shape.PEOPLE, (0.2, 0.5), (0.8, 0.9))
    draft.move(3, (0.8, 0.85))
    assert draft.fault() is Fault.PEOPLE_PLANE
    assert "taller" in draft.fault_text()


def test_a_drag_is_one_step_and_the_next_drag_another() -> None:
    draft = drawn(Shape.AREA, *SQUARE)
    for x in (0.25, 0.3, 0.35):
        draft.move(0, (x, 0.2), "drag 1")
    draft.settle()
    draft.move(0, (0.4, 0.2), "drag 1")
    assert draft.undo()
    assert draft.now.points[0] == (0.35, 0.2)
    assert draft.undo()
    assert draft.now.points == SQUARE


def test_a_change_after_an_undo_leaves_nothing_to_redo() -> None:
    draft = drawn(Shape.AREA, *SQUARE)
    assert draft.undo()
    draft.add((0.3, 0.9))
    assert not draft.redo()
    assert draft.now.points == (*SQUARE[:3], (0.3, 0.9))


def test_keys_alone_make_a_shape_of_each_kind() -> None:
    for shape in Shape:
        draft = ZoneDraft(shape, "c1")
        for _press in range(3):
            draft.extend()
        assert draft.fault() is None, shape


def test_a_point_on_an_edge_changes_nothing_of_the_area() -> None:
    draft = drawn(Shape.AREA, *SQUARE)
    draft.choose(3)
    draft.extend()
    assert draft.now.points == (*SQUARE, (0.2, 0.5))
    assert draft.now.chosen == 4


def test_a_foot_takes_its_head_along_and_a_head_stays_over_its_foot() -> None:
    draft = ZoneDraft(Shape.PEOPLE, "c1", CameraScale("c1", ((0.5, 0.8, 0.3), (0.2, 0.4, 0.1))))
    draft.move(0, (0.6, 0.9))
    assert draft.now.points[:2] == ((0.6, 0.9), (0.6, 0.6))
    draft.move(1, (0.1, 0.5))
    assert draft.now.points[1] == (0.6, 0.5)
    draft.remove(1)
    assert draft.people == ((0.2, 0.4, 0.1),)


def test_people_of_one_height_are_seen_from_above() -> None:
    scale = CameraScale("c1", ((0.2, 0.5, 0.25), (0.8, 0.9, 0.25)))
    assert ZoneDraft(Shape.PEOPLE, "c1", scale).fault() is None


def test_a_line_turned_round_is_the_same_line_the_other_way() -> None:
    draft = drawn(Shape.LINE, *SQUARE[:3])
    draft.choose(0)
    draft.turn_round()
    assert draft.now.points == SQUARE[2::-1]
    assert draft.now.chosen == 2


@pytest.mark.parametrize(
    "record",
    [
        Zone("z1", "c1", "Yard", SQUARE),
        Zone("z1", "c1", "Gate", SQUARE[:2], kind="line"),
        PrivacyMask("m1", "c1", "Window", SQUARE),
        CameraScale("c1", ((0.5, 0.8, 0.3), (0.2, 0.4, 0.1))),
    ],
)
def test_a_record_that_is_only_looked_at_stays_as_it_is(record: Drawn) -> None:
    name = {Zone: "zones", PrivacyMask: "privacy_masks", CameraScale: "camera_scales"}[type(record)]
    registry = Registry(**{name: (record,)})  # type: ignore[arg-type]  # a table's name and its records
    ((shape, found),) = drawn_on(registry, "c1")
    draft = ZoneDraft(shape, "c1", found)
    assert draft.made() == record
    assert draft.table == name
    assert not draft.changed


def test_a_new_one_gets_a_name_that_is_free() -> None:
    registry = Registry(zones=(Zone("z1", "c1", "Area 1", SQUARE), Zone("z2", "c2", "Area 2", SQUARE)))
    assert new_draft(registry, Shape.AREA, "c1").now.name == "Area 2"
    assert new_draft(registry, Shape.MASK, "c1").now.name == "Mask 1"


def track(number: int, foot: Point, label: str = "person", path: tuple[Point, ...] = ()) -> Track:
    x, y = foot
    return Track(number, Box(x - 0.05, y - 0.2, x + 0.05, y), label, 0.8, (0.0, 0.0), 9.0, 10.0, path=path)


def test_a_preview_marks_who_stands_in_it_and_who_counts() -> None:
    rules = (RuleSpec("r1", "c1", "z1", "Yard"), RuleSpec("r2", "c1", "z2", "Other", labels=("car",)))
    tracks = TrackSet("c1", 10.0, (track(1, (0.5, 0.5)), track(2, (0.9, 0.9)), track(3, (0.5, 0.6), "car")))
    seen = feet(Shape.AREA, SQUARE, rules_of(rules, "z1", {}), tracks, 10.0)
    assert [(foot.track_id, foot.counted, foot.caught) for foot in seen] == [
        (1, True, True),
        (2, True, False),
        (3, False, True),
    ]
    assert all(foot.counted for foot in feet(Shape.AREA, SQUARE, (), tracks, 10.0))
    bush = TrackSet("c1", 10.0, (replace(track(5, (0.5, 0.5)), doubt=0.1),))
    for own in ((), rules_of(rules, "z1", {})):
        assert [foot.counted for foot in feet(Shape.AREA, SQUARE, own, bush, 10.0)] == [False]
    things = (RuleSpec("r3", "c1", "z1", "Left luggage", labels=("suitcase", "handbag")),)
    bags = TrackSet("c1", 10.0, (track(4, (0.5, 0.5), "bag"),))
    assert [foot.counted for foot in feet(Shape.AREA, SQUARE, rules_of(things, "z1", WORDS), bags, 10.0)] == [True]
    assert feet(Shape.AREA, SQUARE, (), tracks, 20.0) == ()
    assert feet(Shape.AREA, SQUARE, (), None, 10.0) == ()


@given(st.lists(points, min_size=3, max_size=6), points)
def test_a_preview_of_any_drawing_says_something(corners: list[Point], foot: Point) -> None:
    draft = drawn(Shape.AREA, *corners)
    (seen,) = feet(Shape.AREA, draft.now.points, (), TrackSet("c1", 10.0, (track(1, foot),)), 10.0)
    assert seen.counted


def test_a_preview_of_a_line_marks_who_went_over_it() -> None:
    line: tuple[Point, ...] = ((0.5, 0.1), (0.5, 0.9))
    over, beside = ((0.4, 0.5), (0.6, 0.5)), ((0.4, 0.95), (0.6, 0.95))
    tracks = TrackSet("c1", 10.0, (track(1, (0.6, 0.5), path=over), track(2, (0.6, 0.95), path=beside)))
    assert [foot.caught for foot in feet(Shape.LINE, line, (), tracks, 10.0)] == [True, False]
