"""An int8 model made of a float one: the real process on a tiny network, and what one may say and leave behind."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import cv2
import numpy as np
import pytest

from detection.agreement import Agreement, compared, noted_agreement
from detection.detector import DetectionCode, DetectionError, Detections
from detection.int8_network import blob, groups_of, room_of, tail_names
from detection.model_files import check_model, model_digest, pinned_model, provenance
from detection.model_quantize import QuantizePlan, check_quantizable, int8_metadata, picture_file, quantize_model
from detection.models import BUILT_IN, choose_model
from detection.openvino_detector import OpenVinoDetector, read_network
from detection.picture_roll import add_picture, pictures_of
from storage.errors import StorageCode, StorageError
from tests.detection.test_model_import import ignore
from tests.detection.test_models import write_ir
from tests.detection.test_openvino_detector import GREEN, RED, street
from tests.detection.tiny_model import write_tiny_model

GOOD = "say(done='model.xml', boxes=100, found=95, extra=2, pictures=20, calibrated=80, nncf='3.4')"


def jpeg(number: int) -> bytes:
    image = street(((number % 8) * 8, 2, RED), ((number * 3 % 8) * 8, 18, GREEN))
    return cv2.imencode(".png", image)[1].tobytes()


@pytest.fixture
def roll() -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile() as file:
        yield file


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_ir(tmp_path / "models" / "mine")


def child(tmp_path: Path, body: str, **changes: float) -> QuantizePlan:
    """A process that says and leaves what a test wants, instead of the real one."""
    script = tmp_path / "child.py"
    script.write_text(
        "import json, os, sys, time\nfrom pathlib import Path\n"
        "def say(**w): print(json.dumps(w), flush=True)\nleft = Path(sys.argv[2])\n"
        "def leave(kind='i8'):\n"
        " (left / 'model.bin').write_bytes(b'weights')\n"
        ' (left / \'model.xml\').write_text(f\'<?xml version="1.0"?><net name="n"> element_type="{kind}"\')\n' + body
    )
    command = (sys.executable, str(script))
    return QuantizePlan({"cameras": [3]}, deadline_s=changes.get("deadline_s", 20.0), command=command)


def refusal(source: Path, roll: IO[bytes], plan: QuantizePlan) -> DetectionError:
    with pytest.raises(DetectionError) as caught:
        quantize_model(source, source.parent, roll, ignore, plan=plan)
    assert list(source.parent.iterdir()) == [source], "nothing half-made stays"
    return caught.value


def test_a_tiny_network_is_made_int8_finds_the_same_and_is_pinned(tmp_path: Path) -> None:
    models = tmp_path / "models"
    source = write_tiny_model(models / "tiny", convolves=True)
    steps: list[str] = []
    with picture_file(models) as roll:
        for number in range(24):
            add_picture(roll, jpeg(number))
        add_picture(roll, b"no picture")
        assert list(models.iterdir()) == [source], "pictures have no name on the disk"
        made, agreed = quantize_model(source, models, roll, steps.append, plan=QuantizePlan({"cameras": [3]}, least=20))
    assert made == models / "tiny_int8"
    assert (steps[0] in ("alone", "limited"), steps[1], steps[-1]) == (True, "pictures", "compare")
    assert pinned_model(made).int8
    assert pinned_model(made).classes == check_model(source).classes
    assert (agreed.share, agreed.pictures, agreed.of, noted_agreement(made)) == (1.0, 4, "tiny", agreed)
    facts = provenance(made)
    assert facts["source_sha256"] == {"tiny": model_digest(source)}
    assert (facts["pictures"], facts["calibrated_with"], facts["unreadable"]) == ({"cameras": [3]}, 20, 1)
    assert str(facts["nncf"]).startswith("3.")
    detector = OpenVinoDetector(made)
    assert detector.detect(street((16, 2, RED), (40, 10, GREEN))).labels == ("person", "car")
    detector.close()
    with pytest.raises(DetectionError) as caught:
        check_quantizable(made)
    assert caught.value.code is DetectionCode.NOT_FLOAT


def test_the_tail_stays_float_and_inputs_are_as_in_use(tmp_path: Path) -> None:
    network, height, width = read_network(check_model(write_tiny_model(tmp_path, convolves=True)).path)
    kinds = {node.get_friendly_name(): node.get_type_name() for node in network.get_ordered_ops()}
    tail = {kinds[name] for name in tail_names(network)}
    assert "Convolution" not in tail
    assert {"Concat", "Relu", "Subtract", "Multiply", "Split", "Reshape"} <= tail
    red = street((0, 0, RED), size=64)
    assert [len(group) for group in groups_of([red] * 5, room_of(network))] == [1, 1, 2, 1, 1, 2, 1]
    assert [len(group) for group in groups_of([red] * 3, 1)] == [1, 1, 1]
    picture = blob((red,), height, width)
    assert (picture.shape, picture.dtype.name) == ((1, 3, 64, 64), "float32")
    assert picture[0, :, 32, 32].tolist() == [1.0, 0.0, 0.0], "red is first"


def test_what_a_killed_program_left_is_removed_when_it_is_old(tmp_path: Path) -> None:
    old, new = tmp_path / ".quantize-old", tmp_path / ".quantize-new"
    for folder in (old, new):
        (folder / "made").mkdir(parents=True)
    os.utime(old, (1.0, 1.0))
    picture_file(tmp_path).__exit__(None, None, None)
    assert list(tmp_path.iterdir()) == [new]


def test_files_that_are_no_pictures_are_too_few(source: Path, roll: IO[bytes]) -> None:
    for number in range(3):
        add_picture(roll, b"%d is no picture" % number)
    error = refusal(source, roll, QuantizePlan({}, least=2))
    assert (error.code, error.details) == (DetectionCode.FEW_PICTURES, {"found": 0, "least": 2})


def test_without_the_library_it_is_said_before_pictures_are_gathered(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_quantizable(source)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(DetectionError) as caught:
        check_quantizable(source)
    assert caught.value.code is DetectionCode.NO_QUANTIZER


@pytest.mark.parametrize(
    ("body", "code", "why"),
    [
        ("say(failed='no_nncf')", DetectionCode.NO_QUANTIZER, "no_nncf"),
        ("say(failed='memory')", DetectionCode.QUANTIZE_FAILED, "memory"),
        ("say(failed='bad_model')", DetectionCode.BAD_MODEL, "bad_model"),
        ("leave(); os._exit(9)", DetectionCode.QUANTIZE_FAILED, "process"),
        ("leave(); os.kill(os.getpid(), 9)", DetectionCode.QUANTIZE_FAILED, "process"),
        (GOOD, DetectionCode.QUANTIZE_FAILED, "no model"),
        (f"leave('f32'); {GOOD}", DetectionCode.QUANTIZE_FAILED, "not int8"),
        (
            f"(left / 'model.xml').symlink_to('/etc/passwd'); {GOOD}",
            DetectionCode.QUANTIZE_FAILED,
            "foreign file",
        ),
        (
            f"left.rename(left.with_name('away')); left.symlink_to('/etc'); {GOOD}",
            DetectionCode.QUANTIZE_FAILED,
            "foreign file",
        ),
    ],
)
def test_what_a_process_says_and_leaves_is_judged(
    tmp_path: Path, source: Path, roll: IO[bytes], body: str, code: DetectionCode, why: str
) -> None:
    error = refusal(source, roll, child(tmp_path, body))
    assert (error.code, error.details["why"]) == (code, why)


def test_figures_that_cannot_be_are_cut(tmp_path: Path, source: Path, roll: IO[bytes]) -> None:
    body = "leave(); say(done='x', boxes=100, found=1e6, extra=-3, pictures='many', calibrated=float('nan'))"
    made, agreed = quantize_model(source, source.parent, roll, ignore, plan=child(tmp_path, body))
    assert agreed == Agreement(100, 100, 0, 0, "mine")
    assert json.loads((made / "provenance.json").read_text())["calibrated_with"] == 0


def test_cancelled_and_late_work_ends_with_its_process_and_leaves_nothing(
    tmp_path: Path, source: Path, roll: IO[bytes]
) -> None:
    plan = child(tmp_path, "leave(); say(step='calibrate 5'); time.sleep(60)")
    cancel = threading.Event()
    with pytest.raises(DetectionError) as caught:
        quantize_model(source, source.parent, roll, lambda _: cancel.set(), plan=plan, cancel=cancel)
    assert caught.value.details["why"] == "cancelled"
    assert list(source.parent.iterdir()) == [source]
    late = refusal(source, roll, child(tmp_path, "leave(); time.sleep(60)", deadline_s=0.3))
    assert late.details["why"] == "deadline"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a disk that is always full is Linux's")
def test_a_full_disk_is_said(source: Path) -> None:
    full = Path("/dev/full").open("wb", buffering=1 << 20)  # noqa: SIM115 - closing it fails, too
    add_picture(full, jpeg(0))
    with pytest.raises(StorageError) as caught:
        quantize_model(source, source.parent, full, ignore, plan=QuantizePlan({}))
    assert caught.value.code is StorageCode.DISK_FULL
    assert list(source.parent.iterdir()) == [source]
    with pytest.raises(OSError, match="space"):
        full.close()


def test_the_same_model_is_kept_once(tmp_path: Path, source: Path, roll: IO[bytes]) -> None:
    plan = child(tmp_path, f"leave(); {GOOD}")
    first, _ = quantize_model(source, source.parent, roll, ignore, plan=plan)
    second, _ = quantize_model(source, source.parent, roll, ignore, plan=plan)
    assert first == second == source.parent / "mine_int8"


@pytest.mark.parametrize(("found", "boxes", "taken"), [(95, 100, True), (89, 100, False), (9, 9, False)])
def test_one_that_agrees_too_little_is_taken_by_choice_only(
    tmp_path: Path, source: Path, roll: IO[bytes], found: int, boxes: int, taken: bool
) -> None:
    body = f"leave(); say(done='x', boxes={boxes}, found={found}, extra=0, pictures=20)"
    made, agreed = quantize_model(source, source.parent, roll, ignore, plan=child(tmp_path, body))
    assert agreed.good is taken
    by_itself = choose_model(None, None, None, source.parent).path
    assert by_itself == (made if taken else source)
    assert choose_model(None, made, None, source.parent).path == made
    if not taken:
        for file in source.iterdir():
            file.unlink()
        assert choose_model(None, None, None, source.parent) == BUILT_IN


def test_a_note_that_cannot_be_read_vouches_for_nothing(tmp_path: Path) -> None:
    made = write_ir(tmp_path / "made")
    assert noted_agreement(made) is None
    (made / "provenance.json").write_text('{"agreement": {"boxes": "lots"}}')
    noted = noted_agreement(made)
    assert noted is not None
    assert not noted.good


def found(*boxes: tuple[float, float, str]) -> Detections:
    """Boxes of a fifth of the picture from x on: x, score, label."""
    corners = np.array([[x, 0.2, x + 0.2, 0.4] for x, _, _ in boxes], np.float32).reshape(-1, 4)
    return Detections(corners, np.array([score for _, score, _ in boxes], np.float32), tuple(b[2] for b in boxes))


def test_agreement_counts_each_box_once_and_by_its_class() -> None:
    theirs = found((0.0, 0.9, "person"), (0.4, 0.5, "car"), (0.7, 0.3, "person"))
    twice = found((0.01, 0.8, "person"), (0.02, 0.6, "person"), (0.4, 0.9, "truck"), (0.7, 0.39, "person"))
    assert compared([(theirs, twice)], 1) == Agreement(boxes=2, found=1, extra=2, pictures=1)
    assert compared([(theirs, theirs), (found(), theirs), (theirs, found())], 3) == Agreement(4, 2, 2, 3)
    assert compared([], 0).share == 0.0


@pytest.mark.parametrize(
    "text", ["", "names:\n  0: a\n", "args:\n  batch: 1\n", "args:\n  int8: false\n  half: true\n"]
)
def test_the_metadata_says_int8_and_keeps_the_rest(text: str) -> None:
    changed = int8_metadata(text)
    assert "\n  int8: true\n" in changed
    assert changed.count("int8") == 1
    kept = [line for line in text.splitlines() if "int8" not in line]
    assert [line for line in changed.splitlines() if line in kept] == kept


def test_a_roll_gives_what_was_put_in_and_ends_where_it_is_torn(roll: IO[bytes]) -> None:
    for data in (b"one", b"two" * 1000):
        add_picture(roll, data)
    roll.seek(0)
    assert list(pictures_of(roll)) == [b"one", b"two" * 1000]
    roll.truncate(100)
    roll.seek(0)
    assert list(pictures_of(roll)) == [b"one"]
