from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.detector import Detections
from detection.openvino_detector import OpenVinoDetector
from detection.stack import SHARED_SCORE, WHOLE_SCORE, lay_out, on_whole_scale, pictures_per_input
from detection.yolo_output import Decoder, Fit
from tests.detection.test_openvino_detector import GREEN, RED, street
from tests.detection.test_yolo_output import columns
from tests.detection.tiny_model import write_tiny_model

UPPER, LOWER = Fit(1.0, 0, 0, 640, 320), Fit(1.0, 0, 320, 640, 320)
DECODER = Decoder(Path("model.xml"), (1, 84, 20), (), ("person", "car"))


@pytest.mark.parametrize(("size", "room"), [((640, 640), 2), ((384, 640), 1), ((960, 960), 2), ((640, 384), 2)])
def test_only_an_input_of_enough_height_is_shared(size: tuple[int, int], room: int) -> None:
    assert pictures_per_input(*size) == room


def test_two_slot_pictures_fill_the_input() -> None:
    canvas = np.zeros((640, 640, 3), np.uint8)
    fits = lay_out([np.full((360, 640, 3), 200, np.uint8), np.full((360, 640, 3), 90, np.uint8)], canvas)
    assert fits == (UPPER, LOWER)
    assert (canvas[:320] == 200).all()
    assert (canvas[320:] == 90).all()


@pytest.mark.parametrize("height_px", [360, 352, 368, 350, 376, 359, 320])
def test_a_squeezed_picture_is_what_a_resize_gives(height_px: int) -> None:
    """360 to 320 rows goes by patterns of 8 rows, 359 by the library; sharper there, so only smooth pictures agree."""
    import cv2

    noise = np.random.default_rng(height_px).integers(0, 255, (height_px, 640, 3), dtype=np.uint8)
    image, canvas = np.asarray(cv2.GaussianBlur(noise, (0, 0), 4), np.uint8), np.zeros((640, 640, 3), np.uint8)
    fits = lay_out([image, image], canvas)
    wanted = cv2.resize(image, (640, 320), interpolation=cv2.INTER_LINEAR)
    assert fits == (UPPER, LOWER)
    assert np.abs(canvas[:320].astype(int) - wanted).max() <= 1
    assert (canvas[320:] == canvas[:320]).all()


def test_one_picture_keeps_its_size_and_lies_in_the_middle() -> None:
    canvas = np.zeros((640, 640, 3), np.uint8)
    (fit,) = lay_out([np.full((360, 640, 3), 200, np.uint8)], canvas)
    assert (fit.top_px, fit.height_px, fit.width_px) == (140, 360, 640)
    assert (canvas == 200).sum() == 360 * 640 * 3


def test_a_picture_of_another_form_is_not_distorted() -> None:
    canvas = np.zeros((640, 640, 3), np.uint8)
    _, fit = lay_out([np.zeros((360, 640, 3), np.uint8), np.full((360, 480, 3), 9, np.uint8)], canvas)
    assert fit.width_px / fit.height_px == pytest.approx(480 / 360, rel=0.01)
    assert fit.top_px >= 320
    assert fit.top_px + fit.height_px <= 640


def test_each_object_belongs_to_the_picture_of_its_middle_and_is_cut_off_there() -> None:
    output = columns((100, 100, 40, 80, 0, 0.8), (300, 330, 40, 100, 0, 0.7), (500, 310, 40, 100, 0, 0.6))
    upper, lower = DECODER.decode_parts((output,), (UPPER, LOWER))
    assert upper.boxes == pytest.approx(
        np.array([[80 / 640, 60 / 320, 120 / 640, 140 / 320], [480 / 640, 260 / 320, 520 / 640, 1.0]]), abs=1e-4
    )
    assert lower.boxes == pytest.approx(np.array([[280 / 640, 0.0, 320 / 640, 60 / 320]]), abs=1e-4)


def test_objects_at_both_sides_of_the_seam_do_not_suppress_each_other() -> None:
    output = columns((300, 318, 40, 60, 0, 0.8), (300, 322, 40, 60, 0, 0.7))
    assert [len(part) for part in DECODER.decode_parts((output,), (UPPER, LOWER))] == [1, 1]


@given(st.lists(st.tuples(st.floats(0, 640), st.floats(0, 640), st.floats(1, 300), st.floats(1, 300)), max_size=12))
@settings(max_examples=40, deadline=None)
def test_boxes_of_both_parts_are_inside_their_pictures(objects: list[tuple[float, float, float, float]]) -> None:
    parts = DECODER.decode_parts((columns(*[(*box, 0, 0.9) for box in objects]),), (UPPER, LOWER))
    assert len(parts) == 2
    for part in parts:
        assert ((part.boxes >= 0) & (part.boxes <= 1)).all()
        assert (part.boxes[:, 2:] > part.boxes[:, :2]).all()


def test_a_shared_score_means_what_a_whole_one_means() -> None:
    scores = np.array([1.0, 0.8, SHARED_SCORE, 0.1, 0.0], np.float32)
    found = on_whole_scale(Detections(np.zeros((5, 4), np.float32), scores, ("person",) * 5))
    assert found.scores.dtype == np.float32
    assert found.scores[2] == pytest.approx(WHOLE_SCORE)
    assert (np.diff(found.scores) < 0).all()
    assert found.scores[0] == pytest.approx(1.0)
    assert (found.scores >= scores - 1e-6).all()


def test_a_real_network_sees_both_halves(tmp_path: Path) -> None:
    """32 rows of the 64x64 input each; a square of 9 rows becomes one cell of 8."""
    detector, found = OpenVinoDetector(write_tiny_model(tmp_path)), list[tuple[Detections, ...]]()
    pictures = [street((16, 9, RED), size=9), street((40, 18, GREEN), size=9)]
    detector.submit_together(pictures, found.append)
    detector.wait()
    assert detector.room == 2
    detector.close()
    upper, lower = found[0]
    assert (upper.labels, lower.labels) == (("person",), ("car",))
    assert upper.boxes[0] == pytest.approx([16 / 64, 9 / 36, 24 / 64, 18 / 36], abs=0.02)
    assert lower.boxes[0] == pytest.approx([40 / 64, 18 / 36, 48 / 64, 27 / 36], abs=0.02)
