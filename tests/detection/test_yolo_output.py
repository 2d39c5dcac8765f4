from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.detector import DetectionCode, DetectionError
from detection.yolo_output import COCO_LABELS, Decoder, Fit, letterbox, suppressed

ANY = Path("model.xml")
WHOLE = Fit(1.0, 0, 0, 640, 640)
FIT_640X360 = Fit(1.0, 0, 140, 640, 360)


def columns(*objects: tuple[float, float, float, float, int, float], count: int = 20) -> np.ndarray:
    output = np.zeros((1, 84, count), np.float32)
    for i, (x, y, width, height, class_id, score) in enumerate(objects):
        output[0, :4, i] = x, y, width, height
        output[0, 4 + class_id, i] = score
    return output


def test_coco_is_complete() -> None:
    assert len(COCO_LABELS) == len(set(COCO_LABELS)) == 80
    assert (COCO_LABELS[0], COCO_LABELS[7], COCO_LABELS[79]) == ("person", "truck", "toothbrush")


def test_centre_and_size_become_corners_of_the_picture() -> None:
    found = Decoder(ANY, (1, 84, 20), (), ("person",)).decode(columns((320, 320, 64, 36, 0, 0.8)), FIT_640X360)
    assert found.boxes == pytest.approx(np.array([[288 / 640, 162 / 360, 352 / 640, 198 / 360]]))
    assert (found.labels, found.scores.tolist()) == (("person",), [pytest.approx(0.8)])


def test_an_end_to_end_output_gives_the_same() -> None:
    output = np.zeros((1, 300, 6), np.float32)
    output[0, :3] = [[288, 302, 352, 338, 0.8, 0], [0, 140, 50, 200, 0.9, 30], [1, 1, 2, 2, 0.05, 0]]
    found = Decoder(ANY, (1, 300, 6), (), ("person",)).decode(output, FIT_640X360)
    assert found.labels == ("person",)
    assert found.boxes == pytest.approx(np.array([[288 / 640, 162 / 360, 352 / 640, 198 / 360]]))


def test_overlapping_boxes_of_one_class_are_one_object_and_of_two_classes_two() -> None:
    output = columns((300, 300, 100, 100, 0, 0.6), (304, 300, 100, 100, 0, 0.9), (300, 300, 100, 100, 2, 0.7))
    found = Decoder(ANY, (1, 84, 20), (), ("person", "car")).decode(output, WHOLE)
    assert found.labels == ("person", "car")
    assert found.scores == pytest.approx([0.9, 0.7])


def test_what_lies_in_the_padding_or_is_weak_is_no_detection() -> None:
    output = columns((320, 60, 40, 40, 0, 0.9), (320, 320, 40, 40, 0, 0.05))
    assert len(Decoder(ANY, (1, 84, 20), (), ("person",)).decode(output, FIT_640X360)) == 0


@pytest.mark.parametrize(
    ("shape", "classes"), [((1, 1000), ()), ((1, 116, 8400), ()), ((1, 84, 8400), ("cat", "dog")), ((2, 84, 8400), ())]
)
def test_outputs_of_other_tasks_are_refused(shape: tuple[int, ...], classes: tuple[str, ...]) -> None:
    with pytest.raises(DetectionError) as caught:
        Decoder(ANY, shape, classes, ("person",))
    assert caught.value.code is DetectionCode.WRONG_TASK
    assert caught.value.details["path"] == "model.xml"


def test_a_model_with_foreign_classes_shows_all_of_them() -> None:
    output = np.zeros((1, 6, 3), np.float32)
    output[0, :, 0] = 100, 100, 50, 50, 0.0, 0.9
    assert Decoder(ANY, (1, 6, 3), ("helmet", "vest"), ("person",)).decode(output, WHOLE).labels == ("vest",)


@given(st.integers(1, 1500), st.integers(1, 1500))
@settings(max_examples=30, deadline=None)
def test_letterbox_keeps_the_whole_picture_and_its_aspect(width: int, height: int) -> None:
    canvas = np.zeros((64, 64, 3), np.uint8)
    fit = letterbox(np.full((height, width, 3), 200, np.uint8), canvas)
    assert max(fit.width_px, fit.height_px) == 64
    inner = canvas[fit.top_px : fit.top_px + fit.height_px, fit.left_px : fit.left_px + fit.width_px]
    assert inner.shape == (fit.height_px, fit.width_px, 3)
    assert (inner == 200).all()
    assert (canvas == 200).sum() == inner.size
    assert (canvas == 114).sum() == canvas.size - inner.size


@given(st.lists(st.tuples(*[st.floats(0, 0.875, width=32)] * 2, st.floats(0.125, 1, width=32)), max_size=12))
@settings(max_examples=40, deadline=None)
def test_survivors_do_not_overlap_and_come_best_first(found: list[tuple[float, float, float]]) -> None:
    from detection.geometry import iou_matrix

    boxes = np.array([(x, y, x + 0.1, y + 0.1) for x, y, _ in found], np.float32).reshape(-1, 4)
    scores = np.array([s for *_, s in found], np.float32)
    best = suppressed(boxes, scores, np.zeros(len(found), np.int64), 0.1, 0.5)
    assert (len(best) > 0) == (len(found) > 0)
    assert (np.diff(scores[best]) <= 0).all()
    assert (iou_matrix(boxes[best], boxes[best]) - np.eye(len(best)) <= 0.51).all()


@pytest.mark.parametrize("end_to_end", [False, True])
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_whatever_a_network_answers_boxes_are_whole_and_scores_are_shares(
    end_to_end: bool, data: st.DataObject
) -> None:
    """NaN, infinite and absurd numbers of a damaged or foreign model never reach tracker and rules."""
    odd = st.sampled_from((float("nan"), float("inf"), -float("inf"), 1e30, -1e30, 0.0, 0.5, 3.0, 320.0, 640.0))
    shape = (1, 8, 6) if end_to_end else (1, 84, 8)
    flat = data.draw(st.lists(odd, min_size=60, max_size=60))
    output = np.resize(np.array(flat, np.float32), shape)
    for fits in ((FIT_640X360,), (Fit(1.0, 0, 0, 640, 320), Fit(1.0, 0, 320, 640, 320))):
        for found in Decoder(ANY, shape, (), ("person", "car")).decode_parts((output,), fits):
            assert np.isfinite(found.boxes).all()
            assert ((found.boxes >= 0) & (found.boxes <= 1)).all()
            assert (found.boxes[:, :2] < found.boxes[:, 2:]).all()
            assert ((found.scores > 0) & (found.scores <= 1)).all()
            assert set(found.labels) <= {"person", "car"}
