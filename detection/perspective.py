"""A camera's ground as a plane, from the height of standing people at two places or more. Pure; any thread.

People's height in the picture grows in a straight line with the foot's y (pinhole camera without roll over flat
ground; Hoiem, Efros, Hebert, "Putting Objects in Perspective", 2006). So a foot point has a place in metres, up to
the lens, which is assumed. Good for "this is fast", not a measurement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from detection.detector import DetectionCode, DetectionError
from detection.rule_memory import Foot
from storage.registry_records import CameraScale

PERSON_M = 1.7
ASPECT = 16 / 9
"""Width of the slot's picture over its height."""

FOCAL = 1.2
"""Assumed focal length in picture heights (about 73 degrees of horizontal view)."""

_FLAT_SLOPE = 0.02
"""People who grow less than this over the whole picture are seen from straight above, or from very far."""

_ROUNDING = 1e-6
_LEAST_HEIGHT = 0.01
_EDGE_STEPS = 8


class Ground:
    """Places and distances in metres. Raises DetectionError(BAD_RULE, why="scale") for a scale that fits no plane."""

    def __init__(self, scale: CameraScale) -> None:
        people = np.asarray(scale.people, dtype=np.float64)
        if people.ndim != 2 or people.shape[0] < 2 or not np.isfinite(people).all() or (people[:, 2] <= 0).any():
            raise DetectionError(DetectionCode.BAD_RULE, why="scale", camera=scale.id)
        y, height = people[:, 1], people[:, 2]
        spread = float(np.ptp(y))
        self._slope = float(np.polyfit(y, height, 1)[0]) if spread > 1e-3 else 0.0
        self._base = float(height.mean() - self._slope * y.mean())
        if self._slope < -_ROUNDING:
            raise DetectionError(DetectionCode.BAD_RULE, why="scale", camera=scale.id)

    def height(self, y: float) -> float:
        """Height (0..1) of a person whose foot is at `y`."""
        return max(self._base + self._slope * y, _LEAST_HEIGHT)

    def metres_per_fraction(self, foot: Foot) -> tuple[float, float]:
        """Metres that one whole picture width and height would be at this foot point."""
        height = self.height(foot[1])
        across = ASPECT * PERSON_M / height
        if self._slope < _FLAT_SLOPE:
            return across, PERSON_M / height
        return across, FOCAL * PERSON_M * self._slope / (height * height)

    def place(self, foot: Foot) -> tuple[float, float]:
        """Where a foot point is on the ground, in metres: to the right, and away from the camera."""
        height = self.height(foot[1])
        right = (foot[0] - 0.5) * ASPECT * PERSON_M / height
        if self._slope < _FLAT_SLOPE:
            return right, -foot[1] * PERSON_M / height
        return right, FOCAL * PERSON_M / height

    def distance_m(self, first: Foot, second: Foot) -> float:
        """Between two foot points."""
        (x1, z1), (x2, z2) = self.place(first), self.place(second)
        return math.hypot(x1 - x2, z1 - z2)

    def area_m2(self, polygon: Sequence[Foot]) -> float:
        """Of a zone on the ground."""
        corners = []
        for index, start in enumerate(polygon):
            end = polygon[(index + 1) % len(polygon)]
            for step in range(_EDGE_STEPS):
                share = step / _EDGE_STEPS
                foot = (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)
                corners.append(self.place(foot))
        pairs = zip(corners, [*corners[1:], corners[0]], strict=True)
        return abs(sum(x1 * z2 - x2 * z1 for (x1, z1), (x2, z2) in pairs)) / 2
