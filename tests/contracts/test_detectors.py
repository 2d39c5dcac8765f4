"""What every detector owes, whoever made it. People come from the photograph that the ultralytics package carries."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PilImage

from detection.detector import Detections, Detector, Image
from detection.geometry import iou_matrix
from detection.openvino_detector import OpenVinoDetector
from detection.people_detector import PeopleDetector
from tests.detection.tiny_model import write_tiny_model

PERSON = (222, 405, 345, 863)
"""One pedestrian of bus.jpg, in its pixels."""

MARGIN_PX = 24


def photograph() -> Path:
    spec = find_spec("ultralytics")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "assets" / "bus.jpg"


def with_person(height_px: int = 140, x: int = 300, y: int = 120) -> tuple[Image, list[float]]:
    """A grey 640x360 picture with one pedestrian, and their box. The crop's edge fades into the grey."""
    left, top, right, bottom = PERSON
    scale = height_px / (bottom - top)
    with PilImage.open(photograph()) as photo:
        crop = photo.crop((left - MARGIN_PX, top - MARGIN_PX, right + MARGIN_PX, bottom + MARGIN_PX))
        crop = crop.resize((round(crop.width * scale), round(crop.height * scale)))
    colours = np.asarray(crop, np.float32)[..., ::-1]
    ramp = [np.minimum(np.arange(n), np.arange(n)[::-1]) / (MARGIN_PX * scale) for n in colours.shape[:2]]
    opacity = np.clip(np.minimum(ramp[0][:, None], ramp[1][None]), 0, 1)[..., None]
    picture = np.full((360, 640, 3), 150, np.float32)
    part = np.s_[y : y + colours.shape[0], x : x + colours.shape[1]]
    picture[part] = colours * opacity + picture[part] * (1 - opacity)
    edge = MARGIN_PX * scale
    box = [x + edge, y + edge, x + colours.shape[1] - edge, y + colours.shape[0] - edge]
    return picture.astype(np.uint8), [box[0] / 640, box[1] / 360, box[2] / 640, box[3] / 360]


def red_block(height_px: int = 140, x: int = 300, y: int = 120) -> tuple[Image, list[float]]:
    """What the made network takes for a person: one red cell of its grid over the same picture size."""
    del height_px, x, y
    picture = np.zeros((360, 640, 3), np.uint8)
    picture[100:180, 320:400] = (0, 0, 255)
    return picture, [320 / 640, 100 / 360, 400 / 640, 180 / 360]


@pytest.fixture(params=["people", "openvino"])
def detector(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Detector]:
    made: Detector = PeopleDetector() if request.param == "people" else open_vino(tmp_path_factory)
    yield made
    made.close()


def open_vino(tmp_path_factory: pytest.TempPathFactory) -> Detector:
    given = os.environ.get("WATCHFLOOR_MODEL")
    return OpenVinoDetector(Path(given) if given else write_tiny_model(tmp_path_factory.mktemp("model")))


def scene(detector: Detector) -> tuple[Image, list[float]]:
    return red_block() if "tiny" in detector.name else with_person()


def test_a_person_is_found_where_they_are(detector: Detector) -> None:
    picture, truth = scene(detector)
    found = detector.detect(picture)
    people = [box for box, label, score in zip(found.boxes, found.labels, found.scores, strict=True) if score > 0.35]
    assert found.labels[0] == "person"
    assert len(people) == 1
    assert iou_matrix(people, [truth])[0, 0] > 0.5


def test_an_empty_street_is_empty(detector: Detector) -> None:
    found = detector.detect(np.full((360, 640, 3), 20, np.uint8))
    assert (len(found), found.boxes.shape, found.scores.shape) == (0, (0, 4), (0,))


@pytest.mark.parametrize("size", [(1, 1), (7, 640), (361, 641), (1080, 1920), (640, 64)])
def test_odd_sizes_give_sound_detections(detector: Detector, size: tuple[int, int]) -> None:
    noise = np.random.default_rng(5).integers(0, 255, (*size, 3), np.uint8)
    found = detector.detect(noise)
    assert len(found.boxes) == len(found.scores) == len(found.labels)
    assert found.boxes.dtype == found.scores.dtype == np.float32
    assert ((found.boxes >= 0) & (found.boxes <= 1)).all()
    assert (found.boxes[:, 2:] >= found.boxes[:, :2]).all()
    assert ((found.scores >= 0) & (found.scores <= 1)).all()


def test_submitted_pictures_are_answered_once_each(detector: Detector) -> None:
    picture, _ = scene(detector)
    answers: list[Detections] = []
    complete = threading.Event()

    def keep(found: Detections) -> None:
        answers.append(found)
        if len(answers) == 6:
            complete.set()

    for _ in range(6):
        detector.submit(picture, keep)
    assert complete.wait(20)
    assert [found.labels[:1] for found in answers] == [("person",)] * 6
    assert "OpenVINO" in detector.name or detector.name == "OpenCV HOG people detector (built in)"


def test_pictures_that_share_a_look_are_answered_in_their_order(detector: Detector) -> None:
    picture, truth = scene(detector)
    empty = np.full((360, 640, 3), 20, np.uint8)
    together = [picture, empty][: detector.room] if detector.room > 1 else [picture]
    answers: list[tuple[Detections, ...]] = []
    complete = threading.Event()

    def keep(found: tuple[Detections, ...]) -> None:
        answers.append(found)
        if len(answers) == 2:
            complete.set()

    detector.submit_together(together, keep)
    detector.submit_together(together[::-1], keep)
    assert complete.wait(20)
    for found in answers:
        assert sorted(len(each) for each in found) == [0, 1][-len(together) :]
        seen = next(each for each in found if len(each))
        assert iou_matrix(seen.boxes, [truth])[0, 0] > 0.5
        assert seen.scores[0] > 0.35
    if len(together) == 2:
        assert len(answers[0][0]) == len(answers[1][1]) == 1 or len(answers[0][1]) == len(answers[1][0]) == 1
