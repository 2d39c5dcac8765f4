"""What do two cameras in one input gain, and which people do they lose? Needs `WATCHFLOOR_MODEL`.

`throughput_gain`: looks a second of shared inputs against whole ones, interleaved. `person_recall_over_24px`: scenes
with people of 24-96 px in a 640x360 picture; truth is what a whole input finds from score 0.4, found is IoU 0.5 in the
shared input from 0.25 of the network (0.4 on the scale of whole inputs, see `detection.stack`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness import RUNS, report
from benchmarks.persons import People, real_people
from detection.detector import DetectionCode, DetectionError, Detections, Image
from detection.geometry import iou_matrix
from detection.openvino_detector import OpenVinoDetector
from detection.stack import WHOLE_SCORE

LOOKS = 120
HEIGHTS_PX = (24, 32, 40, 48, 64, 96)
PEOPLE_PER_SIZE = 300
_PER_SCENE = 5
_SAME_IOU = 0.5


def run(runs: int = RUNS, looks: int = LOOKS, people: int = PEOPLE_PER_SIZE) -> dict[str, object]:
    """The figures. Raises DetectionError(NO_MODEL) without `WATCHFLOOR_MODEL`."""
    path = os.environ.get("WATCHFLOOR_MODEL", "")
    if not path:
        raise DetectionError(DetectionCode.NO_MODEL, path="WATCHFLOOR_MODEL")
    detector = OpenVinoDetector(Path(path), labels=("person",))
    real = real_people(detector)
    crowds = {"made": People(3)} | ({"real": People(4, real)} if real else {})
    recalls = {name: _recall(detector, crowd, people) for name, crowd in crowds.items()}
    pictures = [crowds["made"].scene(64, _PER_SCENE) for _ in range(8)]
    shared, whole = [], []
    for _ in range(runs):
        whole.append({"looks_per_s": _rate(detector, pictures, looks, 1)})
        shared.append({"looks_per_s": _rate(detector, pictures, looks, 2)})
    name = detector.name
    detector.close()
    result = report("stack", "higher", shared, {"whole_inputs": whole}, "looks_per_s")
    judged = "real" if real else "made"
    gain, recall = result["ratio"], recalls[judged]["all"]
    ours = {**_figures(result), "throughput_gain": gain, "person_recall_over_24px": recall["recall"]}
    return {
        **result,
        "ours": ours,
        "recall_of": judged,
        "material": {name: crowd.material for name, crowd in crowds.items()},
        "recalls": recalls,
        "detector": name,
    }


def _figures(result: dict[str, object]) -> dict[str, float]:
    found = result["ours"]
    assert isinstance(found, dict)
    return found


def _recall(detector: OpenVinoDetector, crowd: People, people: int) -> dict[str, dict[str, float]]:
    """By height and over all: people pasted, truth, share of it found again, and what only the shared input shows."""
    table: dict[str, dict[str, float]] = {}
    sums = [0, 0, 0, 0]
    for height_px in HEIGHTS_PX:
        counts = [0, 0, 0, 0]
        while counts[0] < people:
            pair = [crowd.scene(height_px, _PER_SCENE) for _ in range(2)]
            counts[0] += 2 * _PER_SCENE
            for picture, found in zip(pair, _together(detector, pair), strict=True):
                for place, count in enumerate(_compared(detector.detect(picture), found), 1):
                    counts[place] += count
        table[str(height_px)] = _row(counts)
        sums = [total + count for total, count in zip(sums, counts, strict=True)]
    table["all"] = _row(sums)
    return table


def _row(counts: Sequence[int]) -> dict[str, float]:
    pasted, truth, found, extra = counts
    return {"people": pasted, "truth": truth, "recall": round(found / max(truth, 1), 4), "only_shared": extra}


def _compared(plain: Detections, found: Detections) -> tuple[int, int, int]:
    """Truth, how many of it were found, and how many detections are no truth of any score."""
    truth, sure = plain.boxes[plain.scores >= WHOLE_SCORE], found.boxes[found.scores >= WHOLE_SCORE]
    if not len(sure):
        return len(truth), 0, 0
    hit = int((iou_matrix(truth, sure).max(axis=1) >= _SAME_IOU).sum()) if len(truth) else 0
    known = int((iou_matrix(sure, plain.boxes).max(axis=1) >= _SAME_IOU).sum()) if len(plain) else 0
    return len(truth), hit, len(sure) - known


def _together(detector: OpenVinoDetector, pictures: Sequence[Image]) -> tuple[Detections, ...]:
    answers: list[tuple[Detections, ...]] = []
    detector.submit_together(pictures, answers.append)
    detector.wait()
    return answers[0]


def _rate(detector: OpenVinoDetector, pictures: Sequence[Image], looks: int, together: int) -> float:
    answers: list[tuple[Detections, ...]] = []
    started = time.perf_counter()
    for number in range(0, looks, together):
        some = [pictures[(number + more) % len(pictures)] for more in range(together)]
        detector.submit_together(some, answers.append)
    detector.wait()
    if sum(map(len, answers)) != looks:
        raise RuntimeError("looks were lost")
    return looks / (time.perf_counter() - started)
