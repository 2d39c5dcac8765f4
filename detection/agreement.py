"""Whether an int8 model finds what the float model found that it was made of: counted on pictures that it was not
calibrated with, kept beside the model, and asked before it is taken without anybody's choice. Loads no library.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from detection.detector import Detections
from detection.geometry import iou_matrix
from detection.model_files import provenance

SCORE = 0.4
"""What has this score counts."""
IOU = 0.5
LEAST_SHARE = 0.9
"""Below, a model is used only where somebody has chosen it."""
LEAST_BOXES = 20
"""Fewer say nothing."""
NOTE = "agreement"
"""Where it stands in the model's provenance."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of `boxes` that the float model gives, the int8 model gives `found` too, and `extra` that the float model does
    not; on `pictures` that neither was calibrated with. `of` names the float model."""

    boxes: int = 0
    found: int = 0
    extra: int = 0
    pictures: int = 0
    of: str = ""

    @property
    def share(self) -> float:
        """Found of all; 0 when there was nothing to find."""
        return self.found / self.boxes if self.boxes else 0.0

    @property
    def known(self) -> bool:
        """Whether there was enough to find."""
        return self.boxes >= LEAST_BOXES

    @property
    def good(self) -> bool:
        """Whether it may take the float model's place without a look at its boxes."""
        return self.known and self.share >= LEAST_SHARE

    def as_note(self) -> dict[str, object]:
        """For the provenance."""
        return asdict(self)


def compared(looks: Iterable[tuple[Detections, Detections]], pictures: int) -> Agreement:
    """Of float's and int8's detections of the same looks."""
    boxes = found = extra = 0
    for theirs, ours in looks:
        left, right = sure(theirs), sure(ours)
        same = _pairs(left, right)
        boxes, found, extra = boxes + len(left), found + same, extra + len(right) - same
    return Agreement(boxes, found, extra, pictures)


def sure(found: Detections) -> Detections:
    """Those that count."""
    keep = np.flatnonzero(found.scores >= SCORE)
    return Detections(found.boxes[keep], found.scores[keep], tuple(found.labels[at] for at in keep.tolist()))


def noted_agreement(path: Path) -> Agreement | None:
    """What was noted when the int8 model was made; None of a model that was not made here."""
    note = provenance(path).get(NOTE)
    if not isinstance(note, dict):
        return None
    try:
        boxes, found, extra, pictures = (int(note[name]) for name in ("boxes", "found", "extra", "pictures"))
        return Agreement(boxes, found, extra, pictures, str(note["of"]))
    except (KeyError, TypeError, ValueError):
        return Agreement()


def _pairs(first: Detections, second: Detections) -> int:
    """How many boxes of the same class lie on each other, each taken once, the best overlap first."""
    ious = iou_matrix(first.boxes, second.boxes)
    ious *= np.array([[one == other for other in second.labels] for one in first.labels]).reshape(ious.shape)
    count = 0
    while ious.size and ious.max() >= IOU:
        row, column = np.unravel_index(ious.argmax(), ious.shape)
        ious[row], ious[:, column] = 0.0, 0.0
        count += 1
    return count
