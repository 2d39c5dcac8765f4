"""Where the far part of a picture lies, and how what is seen in it and in the whole becomes one list."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.detector import Detections, Image
from detection.far_view import FAR, far_part, in_whole, merged, submit_far
from storage.records import Zone

PART = (0.5, 0.25, 0.75, 0.5)
CAMERA = "c1"
numbers = st.floats(-0.5, 1.5, allow_nan=False)


def zone(*points: tuple[float, float], kind: str = FAR, camera_id: str = CAMERA) -> Zone:
    return Zone("z", camera_id, "Far", points, kind=kind)


def seen(*boxes: tuple[float, float, float, float], score: float = 0.5, label: str = "person") -> Detections:
    array = np.array(boxes, np.float32).reshape(-1, 4)
    return Detections(array, np.full(len(boxes), score, np.float32), (label,) * len(boxes))


def test_only_a_far_zone_of_this_camera_makes_a_far_view() -> None:
    corners = ((0.2, 0.2), (0.4, 0.2), (0.4, 0.3))
    assert far_part((zone(*corners, kind="area"), zone(*corners, camera_id="other")), CAMERA) is None
    assert far_part((zone(*corners),), CAMERA) == pytest.approx((0.2, 0.15, 0.4, 0.35))


@given(st.lists(st.tuples(numbers, numbers), min_size=3, max_size=6))
def test_the_part_lies_within_the_picture_has_its_aspect_and_holds_the_zone(points: list[tuple[float, float]]) -> None:
    part = far_part((zone(*points),), CAMERA)
    assert part is not None
    x1, y1, x2, y2 = part
    assert -1e-9 <= x1 < x2 <= 1 + 1e-9
    assert -1e-9 <= y1 < y2 <= 1 + 1e-9
    assert x2 - x1 == pytest.approx(y2 - y1)
    for x, y in points:
        assert x1 - 1e-6 <= min(max(x, 0.0), 1.0) <= x2 + 1e-6
        assert y1 - 1e-6 <= min(max(y, 0.0), 1.0) <= y2 + 1e-6


def test_boxes_of_the_crop_come_back_to_the_whole_picture() -> None:
    found = in_whole(seen((0.0, 0.0, 1.0, 1.0), (0.4, 0.4, 0.6, 0.8)), PART)
    assert found.boxes == pytest.approx(np.array([PART, (0.6, 0.35, 0.65, 0.45)]))


def test_who_is_seen_in_both_is_one_with_the_finer_box_and_the_better_score() -> None:
    whole = seen((0.6, 0.35, 0.65, 0.46), (0.1, 0.5, 0.2, 0.9), score=0.7)
    found = merged(whole, seen((0.4, 0.4, 0.6, 0.8), (0.8, 0.1, 0.85, 0.3), score=0.5), PART)
    assert len(found) == 3
    assert found.scores == pytest.approx([0.7, 0.7, 0.5])
    assert np.abs(found.boxes - np.array((0.6, 0.35, 0.65, 0.45))).max(axis=1).min() < 1e-6


def test_what_the_crop_cuts_off_does_not_halve_whom_the_whole_shows() -> None:
    bus = seen((0.4, 0.3, 0.6, 0.45), label="bus")
    half = seen((0.0, 0.2, 0.4, 0.8), label="bus")
    assert merged(bus, half, PART).boxes == pytest.approx(bus.boxes)
    assert len(merged(seen(), half, PART)) == 1, "nobody else shows it"
    at_the_rim = merged(seen((0.9, 0.5, 1.0, 0.9)), seen((0.6, 0.2, 1.0, 0.9)), (0.75, 0.5, 1.0, 0.75))
    assert len(at_the_rim) == 2, "the picture itself ends there"


def test_a_small_one_before_a_large_one_is_another() -> None:
    large = seen((0.55, 0.2, 0.7, 0.6))
    assert len(merged(large, seen((0.4, 0.4, 0.5, 0.6)), PART)) == 2
    assert len(merged(seen((0.6, 0.35, 0.65, 0.45), label="car"), seen((0.4, 0.4, 0.6, 0.8)), PART)) == 2


class _Detector:
    """Answers backwards and on another thread; finds the place that its picture's first pixel names."""

    name = "backwards"

    def __init__(self, room: int) -> None:
        self.room = room
        self._waiting: list[Callable[[], None]] = []

    def _found(self, image: Image) -> Detections:
        x = float(image[0, 0, 0]) / 100
        return seen((x, 0.4, x + 0.1, 0.6))

    def detect(self, image: Image) -> Detections:
        return self._found(image)

    def ready(self) -> bool:
        return True

    def submit(self, image: Image, done: Callable[[Detections], None]) -> None:
        self._waiting.append(lambda: done(self._found(image)))

    def submit_together(self, images: Sequence[Image], done: Callable[[tuple[Detections, ...]], None]) -> None:
        self._waiting.append(lambda: done(tuple(map(self._found, images))))

    def close(self) -> None:
        for answer in reversed(self._waiting):
            thread = threading.Thread(target=answer)
            thread.start()
            thread.join()


@pytest.mark.parametrize("room", [1, 2])
def test_whole_and_crop_are_told_apart_whoever_answers_first(room: int) -> None:
    detector = _Detector(room)
    whole, crop = (np.full((4, 4, 3), value, np.uint8) for value in (10, 40))
    answers: list[tuple[Detections, ...]] = []
    submit_far(detector, whole, crop, PART, answers.append)
    detector.close()
    ((found,),) = answers
    assert sorted(found.boxes[:, 0].tolist()) == pytest.approx([0.1, 0.5 + 0.25 * 0.4])
