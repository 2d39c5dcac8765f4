from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.detector import DetectionCode, DetectionError
from detection.geometry import area, checked_polygon, crosses_itself, inside, iou_matrix

UNIT = st.floats(0.0, 1.0, width=32)
POINT = st.tuples(UNIT, UNIT)
SQUARE = ((0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8))
ARROW = ((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.5, 0.3), (0.1, 0.9))


@st.composite
def boxes(draw: st.DrawFn) -> tuple[float, float, float, float]:
    x1, x2 = sorted((draw(UNIT), draw(UNIT)))
    y1, y2 = sorted((draw(UNIT), draw(UNIT)))
    return x1, y1, x2 + 0.01, y2 + 0.01


def test_points_of_a_concave_zone() -> None:
    points = [(0.15, 0.2), (0.5, 0.2), (0.5, 0.5), (0.85, 0.8), (0.95, 0.5), (math.nan, 0.5)]
    assert inside(points, ARROW).tolist() == [True, True, False, True, False, False]


def test_no_points() -> None:
    assert inside([], SQUARE).shape == (0,)


@given(POINT, st.integers(0, 4))
def test_inside_does_not_depend_on_the_first_corner_or_on_direction(point: tuple[float, float], turn: int) -> None:
    turned = ARROW[turn:] + ARROW[:turn]
    expected = inside([point], ARROW).tolist()
    assert inside([point], turned).tolist() == expected
    assert inside([point], turned[::-1]).tolist() == expected


@given(POINT)
def test_a_square_contains_what_lies_between_its_sides(point: tuple[float, float]) -> None:
    x, y = point
    if all(abs(v - edge) > 1e-6 for v in point for edge in (0.2, 0.8)):
        assert inside([point], SQUARE)[0] == (0.2 < x < 0.8 and 0.2 < y < 0.8)


def test_area_of_a_square() -> None:
    assert area(SQUARE) == pytest.approx(0.36)


def test_a_zone_is_clipped_to_the_picture_and_loses_repeated_corners() -> None:
    drawn = ((-0.5, 0.0), (-0.5, 0.0), (0.5, 0.0), (0.5, 1.7), (0.0, 1.0))
    assert checked_polygon(drawn) == ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))


@pytest.mark.parametrize(
    ("points", "why"),
    [
        ((), "points"),
        (((0.1, 0.1), (0.9, 0.9)), "points"),
        (((0.1, 0.1), (0.1, 0.1), (0.9, 0.9), (0.1, 0.1)), "points"),
        (((2.0, 2.0), (3.0, 2.0), (3.0, 3.0)), "points"),
        (((0.1, 0.1), (0.1001, 0.1), (0.1, 0.1001)), "area"),
        (((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9)), "crossing"),
        (((0.1, 0.1), (0.9, 0.1), (0.5, 0.1), (0.5, 0.9)), "crossing"),
        (((0.1, 0.1), (0.9, math.nan), (0.9, 0.9)), "not_finite"),
        (((0.1, 0.1), (0.9, math.inf), (0.9, 0.9)), "not_finite"),
    ],
)
def test_unsound_zones_are_refused(points: tuple[tuple[float, float], ...], why: str) -> None:
    with pytest.raises(DetectionError) as caught:
        checked_polygon(points)
    assert caught.value.code is DetectionCode.BAD_ZONE
    assert caught.value.details["why"] == why


@given(st.lists(st.tuples(st.floats(), st.floats()), max_size=8))
def test_any_drawing_gives_a_sound_zone_or_a_typed_refusal(points: list[tuple[float, float]]) -> None:
    try:
        zone = checked_polygon(points)
    except DetectionError:
        return
    assert len(zone) >= 3
    assert area(zone) > 0
    assert not crosses_itself(zone)
    assert all(0.0 <= value <= 1.0 for point in zone for value in point)


@given(st.lists(boxes(), max_size=5), st.lists(boxes(), max_size=5))
def test_iou_is_a_symmetric_share(
    first: list[tuple[float, float, float, float]], second: list[tuple[float, float, float, float]]
) -> None:
    overlap = iou_matrix(first, second)
    assert overlap.shape == (len(first), len(second))
    assert ((overlap >= 0) & (overlap <= 1 + 1e-9)).all()
    assert np.allclose(overlap, iou_matrix(second, first).T)
    assert np.allclose(np.diag(iou_matrix(first, first)), 1.0)


def test_iou_of_half_covered_boxes() -> None:
    assert iou_matrix([(0, 0, 2, 1)], [(1, 0, 3, 1), (5, 5, 6, 6)]).tolist() == [pytest.approx([1 / 3, 0.0])]
