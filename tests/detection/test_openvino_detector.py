from __future__ import annotations

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest

from detection.detector import DetectionCode, DetectionError, Detections, Image
from detection.openvino_detector import IN_FLIGHT, OpenVinoDetector
from tests.detection.tiny_model import write_tiny_model
from tests.detection.tiny_onnx import write_tiny_onnx

RED, GREEN, BLUE = (0, 0, 255), (0, 255, 0), (255, 0, 0)


def street(*patches: tuple[int, int, tuple[int, int, int]], width: int = 64, height: int = 36, size: int = 8) -> Image:
    """A black picture with squares of one colour (BGR) at x, y."""
    image = np.zeros((height, width, 3), np.uint8)
    for x, y, colour in patches:
        image[y : y + size, x : x + size] = colour
    return image


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model"))


def test_colours_scale_letterbox_and_names_are_right(model: Path) -> None:
    """64x36 lies at rows 14..50 of the 64x64 input: y = 2 of the picture is a cell's upper edge."""
    detector = OpenVinoDetector(model)
    found = detector.detect(street((16, 2, RED), (40, 10, GREEN), (0, 26, BLUE)))
    detector.close()
    assert found.labels == ("person", "car")
    assert found.scores == pytest.approx([1.0, 1.0], abs=0.02)
    expected = [[16 / 64, 2 / 36, 24 / 64, 10 / 36], [40 / 64, 10 / 36, 48 / 64, 18 / 36]]
    assert found.boxes == pytest.approx(np.array(expected), abs=1e-3)
    assert detector.name == "YOLOtiny (OpenVINO, CPU)"


def test_an_onnx_file_is_run_straight(tmp_path: Path) -> None:
    detector = OpenVinoDetector(write_tiny_onnx(tmp_path / "mine.onnx"))
    found = detector.detect(street((16, 2, RED), (40, 10, GREEN)))
    detector.close()
    assert found.labels == ("person",)
    assert found.boxes == pytest.approx(np.array([[16 / 64, 2 / 36, 24 / 64, 10 / 36]]), abs=1e-3)


@pytest.mark.parametrize("factor", [2, 10])
def test_a_larger_picture_gives_the_same_boxes(model: Path, factor: int) -> None:
    detector = OpenVinoDetector(model)
    image = street((16 * factor, 2 * factor, RED), width=64 * factor, height=36 * factor, size=8 * factor)
    found = detector.detect(image)
    detector.close()
    assert found.boxes[0] == pytest.approx([16 / 64, 2 / 36, 24 / 64, 10 / 36], abs=0.02)


def test_only_wanted_classes_are_looked_for(model: Path) -> None:
    detector = OpenVinoDetector(model, labels=("car",))
    assert detector.detect(street((16, 2, RED), (40, 10, GREEN))).labels == ("car",)
    detector.close()


def test_many_in_flight_each_get_their_own_answer(model: Path) -> None:
    detector, answers, lock = OpenVinoDetector(model), dict[int, Detections](), threading.Lock()

    def keep(number: int, found: Detections) -> None:
        with lock:
            answers[number] = found

    for number in range(40):
        image = street(((number % 8) * 8, 2, RED))
        detector.submit(image, lambda found, number=number: keep(number, found))  # type: ignore[misc] # bound now
    detector.wait()
    assert detector.ready()
    detector.close()
    detector.close()
    assert sorted(answers) == list(range(40))
    assert all(round(float(found.boxes[0, 0]) * 8) == number % 8 for number, found in answers.items())
    assert IN_FLIGHT == 3


def test_80_classes_without_names_are_cocos(tmp_path: Path) -> None:
    detector = OpenVinoDetector(write_tiny_model(tmp_path, metadata=False))
    assert detector.detect(street((16, 2, RED))).labels == ("person",)
    detector.close()


def test_a_model_of_its_own_name_is_called_by_it_too(model: Path, tmp_path: Path) -> None:
    """Two models of one kind at a site: the status line and every event tell them apart."""
    for part in model.iterdir():
        shutil.copy(part, tmp_path / part.name.replace("tiny", "gate_six"))
    detector = OpenVinoDetector(tmp_path)
    detector.close()
    assert detector.name == "YOLOtiny gate_six (OpenVINO, CPU)"


def test_a_cache_folder_is_used(model: Path, tmp_path: Path) -> None:
    for _ in range(2):
        detector = OpenVinoDetector(model, cache_dir=tmp_path)
        assert detector.detect(street((16, 2, RED))).labels == ("person",)
        detector.close()
    assert list(tmp_path.iterdir())


def test_a_network_that_openvino_refuses(tmp_path: Path) -> None:
    (tmp_path / "bad.xml").write_text('<?xml version="1.0"?><net name="x" version="11"><layers>')
    (tmp_path / "bad.bin").write_bytes(b"weights")
    with pytest.raises(DetectionError) as caught:
        OpenVinoDetector(tmp_path)
    assert caught.value.code is DetectionCode.BAD_MODEL
    assert caught.value.details["path"] == str(tmp_path)


def test_a_device_that_is_not_there(model: Path) -> None:
    with pytest.raises(DetectionError) as caught:
        OpenVinoDetector(model, device="NO_SUCH_DEVICE")
    assert caught.value.code is DetectionCode.BAD_MODEL
