"""Whom does a far view find that the whole picture does not show? Needs `WATCHFLOOR_MODEL`.

Streets of 1920x1080 with cut-out people of 8-32 px (in the 640x360 of a whole picture) in the part that is looked at
larger, a third of the picture wide. Ours: whole and crop in one input, as a camera with a far zone is looked at.
Reference: the whole picture in an input of its own, which costs the same. Truth is where people were pasted; found is
IoU 0.5 at a score of 0.4. `nobody` counts boxes in that part that are no person, per hundred pictures.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from benchmarks.harness import report
from detection.detector import DetectionCode, DetectionError, Detections, Floats, Image
from detection.far_view import submit_far
from detection.geometry import iou_matrix
from detection.openvino_detector import OpenVinoDetector
from detection.stack import WHOLE_SCORE
from video.cutouts import Cutouts, Look
from video.street import LIGHTS, Backdrop, draw_street

WIDTH, HEIGHT, LARGER = 1920, 1080, 3
PART = (1 / 3, 1 / 3, 2 / 3, 2 / 3)
HEIGHTS_PX = (8, 12, 16, 24, 32)
SCENES = 24
_IN_SCENE = 4
_SAME_IOU = 0.5
_CLOTHES = (None, (60, 60, 70), (150, 40, 40), (40, 70, 130), (200, 200, 190))


def run(runs: int = 3, scenes: int = SCENES) -> dict[str, object]:
    """The figures. Raises DetectionError(NO_MODEL) without `WATCHFLOOR_MODEL`."""
    path = os.environ.get("WATCHFLOOR_MODEL", "")
    if not path:
        raise DetectionError(DetectionCode.NO_MODEL, path="WATCHFLOOR_MODEL")
    detector = OpenVinoDetector(Path(path), labels=("person",))
    far: list[dict[str, float]] = []
    whole: list[dict[str, float]] = []
    for number in range(runs):
        streets = _Streets(number)
        found = {height_px: _counted(detector, streets, height_px, scenes) for height_px in HEIGHTS_PX}
        for figures, place in ((far, 0), (whole, 1)):
            figures.append(_figures({height_px: counts[place] for height_px, counts in found.items()}, scenes))
    detector.close()
    return report("far", "higher", far, {"whole_input": whole}, "recall") | {"detector": detector.name}


class _Streets:
    """Street scenes with people in the far part, and where they are."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        self._cutouts = Cutouts()
        kinds = [(kind, light) for kind in ("street", "plaza", "avenue") for light in LIGHTS]
        self._grounds = [draw_street(Backdrop(n, *kind), WIDTH, HEIGHT) for n, kind in enumerate(kinds)]

    def scene(self, height_px: int) -> tuple[Image, Image, Floats]:
        """The whole picture as a slot holds it, the crop, and the people's boxes, 0..1 of the whole."""
        random = self._random
        picture = self._grounds[random.integers(len(self._grounds))].copy()
        boxes = []
        left, top, right, bottom = (round(v * side) for v, side in zip(PART, (WIDTH, HEIGHT) * 2, strict=True))
        for place in range(_IN_SCENE):
            coat, trousers = (_CLOTHES[random.integers(len(_CLOTHES))] for _ in range(2))
            look = Look(("cream", "dark")[random.integers(2)], coat, trousers)
            sprite = self._cutouts.sprite(
                look, height_px * LARGER, int(random.integers(8)), bool(random.integers(2)), (1.0, 1.0, 1.0)
            )
            x1, y1, x2, y2 = sprite.body
            x = left + round((place + random.uniform(0.15, 0.6)) * (right - left) / _IN_SCENE)
            y = round(random.uniform(top + 4, bottom - y2 - 4))
            sprite.paste(picture, x, y)
            boxes.append(((x + x1) / WIDTH, (y + y1) / HEIGHT, (x + x2) / WIDTH, (y + y2) / HEIGHT))
        image: Image = np.ascontiguousarray(picture[..., ::-1])
        cells = image.reshape(HEIGHT // LARGER, LARGER, WIDTH // LARGER, LARGER, 3)
        small: Image = cells.mean(axis=(1, 3)).round().astype(np.uint8)
        return small, np.ascontiguousarray(image[top:bottom, left:right]), np.array(boxes, np.float32)


def _counted(
    detector: OpenVinoDetector, streets: _Streets, height_px: int, scenes: int
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """People, found, nobody: of the far view and of the whole input."""
    sums = np.zeros((2, 3), int)
    for _ in range(scenes):
        whole, crop, truth = streets.scene(height_px)
        answers: list[tuple[Detections, ...]] = []
        submit_far(detector, whole, crop, PART, answers.append)
        detector.wait()
        sums += [_judged(answers[0][0], truth), _judged(detector.detect(whole), truth)]
    far, plain = (tuple(int(count) for count in row) for row in sums)
    return (far[0], far[1], far[2]), (plain[0], plain[1], plain[2])


def _judged(seen: Detections, truth: Floats) -> tuple[int, int, int]:
    middle = (seen.boxes[:, :2] + seen.boxes[:, 2:]) / 2
    inside = (middle > PART[:2]).all(axis=1) & (middle < PART[2:]).all(axis=1) & (seen.scores >= WHOLE_SCORE)
    boxes = seen.boxes[inside]
    if not len(boxes):
        return len(truth), 0, 0
    iou = iou_matrix(truth, boxes)
    return len(truth), int((iou.max(axis=1) >= _SAME_IOU).sum()), int((iou.max(axis=0) < _SAME_IOU).sum())


def _figures(counts: dict[int, tuple[int, int, int]], scenes: int) -> dict[str, float]:
    people, found, nobody = (sum(column) for column in zip(*counts.values(), strict=True))
    by_height = {f"recall_{height_px}px": count[1] / count[0] for height_px, count in counts.items()}
    return {"recall": max(found, 1) / people, **by_height, "nobody": nobody / (len(counts) * scenes) * 100}
