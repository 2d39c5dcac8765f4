"""A camera of which one part is looked at larger: the whole picture and a crop of the main stream in one input.

Who stands far away has a few pixels in the 640 px of the whole picture, and as many more in the crop as that is smaller
than the whole. Here is where the crop lies, and how what is seen in both becomes one list. Pure; boxes are 0..1.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from detection.detector import Detections, Detector, Floats, Image
from storage.records import Zone

FAR = "far"
"""The kind of a zone that says which part is looked at larger; its bounding box counts."""

LEAST_SIDE = 0.1
"""A smaller part is widened: it would be larger than the sensor's pixels in any case."""

_EDGE = 0.01
"""What touches the crop's edge is cut off there (unless the picture ends there, too)."""

_SAME_IOU = 0.45
"""From here on two boxes of one label, one of the whole picture and one of the crop, are the same object."""

_WITHIN = 0.5
"""A box that is cut off is part of an object that covers so much of it."""

Part = tuple[float, float, float, float]
"""x1, y1, x2, y2 of the whole picture."""

WHOLE: Part = (0.0, 0.0, 1.0, 1.0)


def far_part(zones: Sequence[Zone], camera_id: str) -> Part | None:
    """The part of the camera's picture that its far zone marks: its bounding box, made as wide as high in fractions
    (the crop has the picture's aspect), within the picture. None: it has no such zone."""
    zone = next((zone for zone in zones if zone.camera_id == camera_id and zone.kind == FAR), None)
    if zone is None:
        return None
    xs, ys = ([min(max(point[axis], 0.0), 1.0) for point in zone.points] for axis in (0, 1))
    side = min(max(max(xs) - min(xs), max(ys) - min(ys), LEAST_SIDE), 1.0)
    left, top = (min(max((max(v) + min(v) - side) / 2, 0.0), 1.0 - side) for v in (xs, ys))
    return left, top, left + side, top + side


def submit_far(
    detector: Detector, whole: Image, crop: Image, part: Part, done: Callable[[tuple[Detections, ...]], None]
) -> None:
    """Look at both: in one input if it has room for two, else one after the other. `done` gets one list."""
    if detector.room > 1:
        detector.submit_together((whole, crop), lambda found: done((merged(found[0], found[1], part),)))
        return
    found: dict[bool, Detections] = {}
    lock = threading.Lock()

    def take(of_crop: bool, detections: Detections) -> None:
        with lock:
            found[of_crop] = detections
            if len(found) < len((whole, crop)):
                return
        done((merged(found[False], found[True], part),))

    detector.submit(whole, partial(take, False))
    detector.submit(crop, partial(take, True))


def in_whole(found: Detections, part: Part) -> Detections:
    """Detections of the crop as detections of the whole picture."""
    x1, y1, x2, y2 = part
    scale, offset = (np.array(v, np.float32) for v in ((x2 - x1, y2 - y1) * 2, (x1, y1) * 2))
    return replace(found, boxes=found.boxes * scale + offset)


def merged(whole: Detections, crop: Detections, part: Part) -> Detections:
    """One list of what both show, best first. What the crop cuts off is believed only where the whole picture does not
    show it; of the same object the box of the crop counts, which is finer, with the better score."""
    if not len(crop):
        return whole
    larger = in_whole(crop, part)
    iou, within = _overlaps(whole, larger)
    same = iou >= _SAME_IOU
    kept_larger = ~(_cut_off(crop.boxes, part) & (within >= _WITHIN).any(axis=0))
    kept_whole = np.logical_not((same & kept_larger[None]).any(axis=1))
    scores = larger.scores.copy()
    for at in np.flatnonzero(kept_larger):
        scores[at] = max(scores[at], whole.scores[same[:, at]].max(initial=0.0))
    boxes = np.concatenate((whole.boxes[kept_whole], larger.boxes[kept_larger]))
    scores = np.concatenate((whole.scores[kept_whole], scores[kept_larger]))
    labels = [label for label, kept in zip(whole.labels, kept_whole, strict=True) if kept]
    labels += [label for label, kept in zip(larger.labels, kept_larger, strict=True) if kept]
    order = np.argsort(-scores, kind="stable")
    return Detections(boxes[order], scores[order], tuple(labels[at] for at in order))


def _cut_off(boxes: Floats, part: Part) -> npt.NDArray[np.bool_]:
    x1, y1, x2, y2 = part
    left, top = boxes[:, 0] < (_EDGE if x1 > 0 else -1), boxes[:, 1] < (_EDGE if y1 > 0 else -1)
    right, bottom = boxes[:, 2] > (1 - _EDGE if x2 < 1 else 2), boxes[:, 3] > (1 - _EDGE if y2 < 1 else 2)
    return np.asarray(left | top | right | bottom)


def _overlaps(whole: Detections, larger: Detections) -> tuple[Floats, Floats]:
    """(whole, larger): IoU, and the share of the larger picture's box that lies in the other; 0 between labels."""
    one, other = whole.boxes[:, None], larger.boxes[None]
    sides = np.minimum(one[..., 2:], other[..., 2:]) - np.maximum(one[..., :2], other[..., :2])
    common = np.clip(sides, 0.0, None).prod(axis=-1)
    common *= np.array(whole.labels, object)[:, None] == np.array(larger.labels, object)[None]
    areas = [np.maximum((boxes[..., 2:] - boxes[..., :2]).prod(axis=-1), 1e-9) for boxes in (one, other)]
    return common / (areas[0] + areas[1] - common), common / areas[1]
