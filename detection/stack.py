"""Several cameras in one input of the network: where each picture lies, and whose detections are whose.

Two 16:9 pictures fill a square input (upper half, lower half) at 8/9 of their height, which doubles the looks a second.
Small objects score less there; `on_whole_scale` mends that, so that one threshold of tracker and rules means the same
for both. Measured by `main.py bench stack`. Pure; detection process only (OpenCV is imported inside).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import gcd

import numpy as np

from detection.detector import Detections, Image
from detection.yolo_output import Fit, letterbox

SHARED_SCORE, WHOLE_SCORE = 0.25, 0.4
"""A score in a shared input and the score in a whole one that find the same people of 24-96 px."""

_EQUAL_SCORE = 0.6
"""From here on both give the same: people of 48 px and over."""

_LEAST_SQUEEZE = 0.85
"""A picture is not made lower than this."""

_SLOT_ASPECT = 9 / 16

_MOST_ROWS_OF_A_PATTERN = 32


def pictures_per_input(height_px: int, width_px: int) -> int:
    """2 when two 16:9 pictures fit an input of this size without becoming much lower, else 1."""
    return 2 if height_px / 2 >= _LEAST_SQUEEZE * width_px * _SLOT_ASPECT else 1


def lay_out(images: Sequence[Image], canvas: Image) -> tuple[Fit, ...]:
    """Draw the pictures into `canvas` (H,W,3), each above the next, in equal parts."""
    part_px = canvas.shape[0] // len(images)
    fits = []
    for number, image in enumerate(images):
        part = canvas[number * part_px : (number + 1) * part_px]
        fit = letterbox(image, part) if len(images) == 1 else _squeezed(image, part)
        fits.append(replace(fit, top_px=fit.top_px + number * part_px))
    canvas[len(images) * part_px :] = 0
    return tuple(fits)


def on_whole_scale(found: Detections) -> Detections:
    """Detections of a shared input with the scores that a whole one would give; the order is kept."""
    scores = np.interp(found.scores, (0.0, SHARED_SCORE, _EQUAL_SCORE, 1.0), (0.0, WHOLE_SCORE, _EQUAL_SCORE, 1.0))
    return replace(found, scores=scores.astype(np.float32))


def _squeezed(image: Image, part: Image) -> Fit:
    """A 16:9 picture fills its part and only loses height: small people keep their width. Others are letterboxed."""
    import cv2

    height, width = image.shape[:2]
    room_height, room_width = part.shape[:2]
    squeeze = (room_height / height) / (room_width / width)
    if not _LEAST_SQUEEZE <= squeeze <= 1.0:
        return letterbox(image, part)
    pattern = room_height // gcd(height, room_height)
    if width == room_width and 1 < pattern <= _MOST_ROWS_OF_A_PATTERN:
        _drop_rows(image, part, pattern)
    else:
        cv2.resize(image, (room_width, room_height), dst=part, interpolation=cv2.INTER_CUBIC)
    return Fit(room_width / width, 0, 0, room_width, room_height)


def _drop_rows(image: Image, part: Image, pattern: int) -> None:
    """Each new row lies between two old ones, and their shares come again every `pattern` rows: all rows of one share
    at once, whole rows, which costs a fifth of a resize (that goes through the columns too)."""
    import cv2

    groups = len(part) // pattern
    old, new = image.reshape(groups, -1, image[0].size), part.reshape(groups, pattern, image[0].size)
    for row in range(pattern):
        place = (row + 0.5) * old.shape[1] / pattern - 0.5
        upper = int(place)
        share = place - upper
        cv2.addWeighted(old[:, upper], 1.0 - share, old[:, upper + 1], share, 0.0, dst=new[:, row])
