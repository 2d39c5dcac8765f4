"""From a picture to a YOLO network's input and from its output to detections: letterbox, decode by shape, NMS.

Detection process only (OpenCV is imported inside). No inference library here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from detection.detector import DetectionCode, DetectionError, Detections, Floats, Image
from detection.lean_head import Head

_GREY = 114
"""Padding that YOLO models are trained with."""

_COCO = (
    "person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,parking meter,"
    "bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,frisbee,skis,"
    "snowboard,sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,cup,"
    "fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,"
    "potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,"
    "refrigerator,book,clock,vase,scissors,teddy bear,hair drier,toothbrush"
)
COCO_LABELS = tuple(_COCO.split(","))
"""Classes of COCO 2017 in the order of YOLO models; used when a model of 80 classes names none."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How a picture lies in the network's input, px of the input."""

    scale: float
    left_px: int
    top_px: int
    width_px: int
    height_px: int


def letterbox(image: Image, canvas: Image) -> Fit:
    """Draw the picture into the middle of `canvas` (H,W,3), aspect kept, the rest grey."""
    import cv2

    height, width = image.shape[:2]
    room_height, room_width = canvas.shape[:2]
    scale = min(room_width / width, room_height / height)
    inner_width, inner_height = max(round(width * scale), 1), max(round(height * scale), 1)
    left, top = (room_width - inner_width) // 2, (room_height - inner_height) // 2
    canvas[:top] = _GREY
    canvas[top + inner_height :] = _GREY
    canvas[:, :left] = _GREY
    canvas[:, left + inner_width :] = _GREY
    inner = canvas[top : top + inner_height, left : left + inner_width]
    if (inner_width, inner_height) == (width, height):
        inner[:] = image
    else:
        cv2.resize(image, (inner_width, inner_height), dst=inner, interpolation=cv2.INTER_LINEAR)
    return Fit(scale, left, top, inner_width, inner_height)


class Decoder:
    """Reads one model's output. Raises DetectionError(WRONG_TASK) for a shape that is no detection model's.

    Known shapes: (1, 4 + classes, N) centre x, y, width, height and scores; (1, N, 6) end-to-end xyxy, score, class.
    With a `head` the network was cut (`detection.lean_head`): logits of boxes and scores of the `wanted` classes."""

    def __init__(
        self,
        path: Path,
        shape: tuple[int, ...],
        classes: tuple[str, ...],
        labels: Collection[str],
        min_score: float = 0.1,
        max_iou: float = 0.5,
    ) -> None:
        if len(shape) != 3 or shape[0] != 1:
            raise DetectionError(DetectionCode.WRONG_TASK, path=str(path), shape=str(shape))
        self.end_to_end = shape[2] == 6
        named = classes or (COCO_LABELS if self.end_to_end or shape[1] == 4 + len(COCO_LABELS) else ())
        if not named or not (self.end_to_end or shape[1] == 4 + len(named)):
            raise DetectionError(DetectionCode.WRONG_TASK, path=str(path), shape=str(shape), classes=len(named))
        self._classes = tuple(labels.get(name, name) for name in named) if isinstance(labels, Mapping) else named
        wanted = [i for i, name in enumerate(named) if name in labels] or list(range(len(named)))
        self.wanted = np.array(wanted)
        self.head: Head | None = None
        self._min_score = min_score
        self._max_iou = max_iou

    def decode(self, output: Floats, fit: Fit) -> Detections:
        """Detections in 0..1 of the picture that `fit` laid into the input, best first."""
        return self.decode_parts((output,), (fit,))[0]

    def decode_parts(self, outputs: Sequence[Floats], fits: Sequence[Fit]) -> tuple[Detections, ...]:
        """The same for several pictures of one input, each above the next. An object belongs to the picture in which
        its middle lies, and is cut off at that picture's edge."""
        if self.head is not None:
            boxes, scores, class_ids = self._places(self.head, outputs[0][0], outputs[1][0])
        else:
            boxes, scores, class_ids = (self._rows if self.end_to_end else self._columns)(outputs[0][0])
        seams = [(upper.top_px + upper.height_px + lower.top_px) / 2 for upper, lower in pairwise(fits)]
        owners = np.searchsorted(np.array(seams), (boxes[:, 1] + boxes[:, 3]) / 2, side="right")
        boxes = _to_pictures(boxes, fits, owners)
        keep = np.flatnonzero((boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1]))
        # A score over 1, as a model without its last sigmoid gives it, is 1: it would outweigh all others.
        boxes, scores, class_ids, owners = boxes[keep], np.minimum(scores[keep], 1.0), class_ids[keep], owners[keep]
        kinds = class_ids + owners * len(self._classes)
        best = suppressed(boxes, scores, kinds, self._min_score, self._max_iou)
        parts = [best[owners[best] == number] for number in range(len(fits))] if len(fits) > 1 else [best]
        return tuple(self._detections(boxes[own], scores[own], class_ids[own]) for own in parts)

    def _detections(self, boxes: Floats, scores: Floats, class_ids: npt.NDArray[np.int64]) -> Detections:
        return Detections(boxes, scores, tuple(self._classes[i] for i in class_ids.tolist()))

    def _places(self, head: Head, logits: Floats, scores: Floats) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
        found = np.flatnonzero(scores.max(axis=0) >= self._min_score)
        found = found[np.isfinite(logits[found]).all(axis=1) & np.isfinite(scores[:, found]).all(axis=0)]
        scores = scores[:, found]
        best = scores.argmax(axis=0)
        return head.boxes_of(logits, found), scores[best, np.arange(len(found))], self.wanted[best]

    def _columns(self, output: Floats) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
        scores = output[4 + self.wanted]
        found = np.flatnonzero(scores.max(axis=0) >= self._min_score)
        found = found[np.isfinite(output[:4, found]).all(axis=0) & np.isfinite(scores[:, found]).all(axis=0)]
        scores = scores[:, found]
        best = scores.argmax(axis=0)
        x, y, width, height = output[:4, found] * np.array([[1], [1], [0.5], [0.5]], np.float32)
        boxes = np.stack((x - width, y - height, x + width, y + height), axis=1)
        return boxes, scores[best, np.arange(len(found))], self.wanted[best]

    def _rows(self, output: Floats) -> tuple[Floats, Floats, npt.NDArray[np.int64]]:
        output = output[np.isfinite(output).all(axis=1)]
        class_ids = np.clip(output[:, 5], -1.0, float(len(self._classes))).astype(np.int64)
        found = np.flatnonzero((output[:, 4] >= self._min_score) & np.isin(class_ids, self.wanted))
        return output[found, :4], output[found, 4], class_ids[found]


def suppressed(
    boxes: Floats, scores: Floats, class_ids: npt.NDArray[np.int64], min_score: float, max_iou: float
) -> npt.NDArray[np.int64]:
    """Indices that survive non-maximum suppression within each class, best score first. Boxes are xyxy."""
    import cv2

    if not len(boxes):
        return np.zeros(0, np.int64)
    # OpenCV takes x, y, width, height as numbers of any unit; 0..1 would do, but its area test prefers pixels.
    sized: Any = np.concatenate((boxes[:, :2], boxes[:, 2:] - boxes[:, :2]), axis=1, dtype=np.float64) * 1000.0
    weights: Any = scores
    kinds: Any = class_ids.astype(np.int32)
    kept = cv2.dnn.NMSBoxesBatched(sized, weights, kinds, score_threshold=min_score, nms_threshold=max_iou)
    indices = np.asarray(kept, np.int64).reshape(-1)
    return indices[np.argsort(-scores[indices], kind="stable")]


def _to_pictures(boxes: Floats, fits: Sequence[Fit], owners: npt.NDArray[np.int64]) -> Floats:
    """From px of the input to 0..1 of the picture that each box belongs to."""
    offsets = np.array([(fit.left_px, fit.top_px) * 2 for fit in fits], np.float32)
    sizes = np.array([(fit.width_px, fit.height_px) * 2 for fit in fits], np.float32)
    result: Floats = np.clip((boxes - offsets[owners]) / sizes[owners], 0.0, 1.0).astype(np.float32)
    return result
