"""Plane geometry of boxes and zones, all in 0..1 of the frame. Pure functions over numpy arrays, any thread.

Knows nothing of labels, tracks or time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from detection.detector import DetectionCode, DetectionError

Points = npt.NDArray[np.float64]
Polygon = tuple[tuple[float, float], ...]

MIN_AREA = 1e-5
"""Smallest zone, as a share of the picture (about 2 x 1 px of 640x360)."""


def inside(points: npt.ArrayLike, polygon: Sequence[tuple[float, float]]) -> npt.NDArray[np.bool_]:
    """Which of N points (N,2) lie inside a polygon: even-odd rule, half-open edges (PNPOLY), NaN outside."""
    xy = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    start = np.asarray(polygon, dtype=np.float64)
    end = np.roll(start, -1, axis=0)
    x, y = xy[:, :1], xy[:, 1:]
    straddles = (start[:, 1] > y) != (end[:, 1] > y)
    rise = end[:, 1] - start[:, 1]
    slope = (end[:, 0] - start[:, 0]) / np.where(rise == 0.0, 1.0, rise)
    left_of_edge = x < start[:, 0] + slope * (y - start[:, 1])
    crossings: npt.NDArray[np.bool_] = np.count_nonzero(straddles & left_of_edge, axis=1) % 2 == 1
    return crossings


def area(polygon: Sequence[tuple[float, float]]) -> float:
    """Area of a simple polygon by the shoelace formula, always positive."""
    xy = np.asarray(polygon, dtype=np.float64)
    following = np.roll(xy, -1, axis=0)
    return abs(float(np.sum(xy[:, 0] * following[:, 1] - following[:, 0] * xy[:, 1]))) / 2


def checked_polygon(points: Sequence[tuple[float, float]]) -> Polygon:
    """The zone's corners, clipped to 0..1, without repeated neighbours.

    Raises DetectionError(BAD_ZONE, why="not_finite" | "points" | "crossing" | "area")."""
    if not all(math.isfinite(value) for point in points for value in point):
        raise DetectionError(DetectionCode.BAD_ZONE, why="not_finite")
    clipped = [(min(max(float(x), 0.0), 1.0), min(max(float(y), 0.0), 1.0)) for x, y in points]
    corners = tuple(point for i, point in enumerate(clipped) if point != clipped[i - 1])
    if len(corners) < 3:
        raise DetectionError(DetectionCode.BAD_ZONE, why="points", corners=len(corners))
    if crosses_itself(corners):
        raise DetectionError(DetectionCode.BAD_ZONE, why="crossing")
    if area(corners) < MIN_AREA:
        raise DetectionError(DetectionCode.BAD_ZONE, why="area")
    return corners


def checked_line(points: Sequence[tuple[float, float]]) -> Polygon:
    """An open line's points, clipped to 0..1, without repeated neighbours.

    Raises DetectionError(BAD_ZONE, why="not_finite" | "points" | "crossing")."""
    if not all(math.isfinite(value) for point in points for value in point):
        raise DetectionError(DetectionCode.BAD_ZONE, why="not_finite")
    clipped = [(min(max(float(x), 0.0), 1.0), min(max(float(y), 0.0), 1.0)) for x, y in points]
    kept = tuple(point for i, point in enumerate(clipped) if i == 0 or point != clipped[i - 1])
    if len(kept) < 2:
        raise DetectionError(DetectionCode.BAD_ZONE, why="points", corners=len(kept))
    edges = list(pairwise(kept))
    if any(_edges_meet(edges[i], edges[j]) for i in range(len(edges)) for j in range(i + 2, len(edges))):
        raise DetectionError(DetectionCode.BAD_ZONE, why="crossing")
    return kept


class Area:
    """A checked polygon that is asked for one point at a time: for a few feet quicker than `inside`, and the same."""

    def __init__(self, polygon: Polygon) -> None:
        self.polygon = polygon
        self._left, self._right = min(x for x, _ in polygon), max(x for x, _ in polygon)
        self._top, self._bottom = min(y for _, y in polygon), max(y for _, y in polygon)
        ends = (*polygon[1:], polygon[0])
        self._edges = tuple(
            (x1, y1, y2, (x2 - x1) / (y2 - y1)) for (x1, y1), (x2, y2) in zip(polygon, ends, strict=True) if y1 != y2
        )

    def holds(self, point: tuple[float, float]) -> bool:
        """Whether the point is inside: even-odd rule, half-open edges, NaN outside."""
        x, y = point
        if not (self._left <= x <= self._right and self._top <= y <= self._bottom):
            return False
        within = False
        for x1, y1, y2, slope in self._edges:
            if (y1 > y) != (y2 > y) and x < x1 + slope * (y - y1):
                within = not within
        return within


def crosses_itself(polygon: Sequence[tuple[float, float]]) -> bool:
    """Whether any two edges that are not neighbours touch or cross."""
    count = len(polygon)
    edges = [(polygon[i], polygon[(i + 1) % count]) for i in range(count)]
    return any(
        _edges_meet(edges[i], edges[j])
        for i in range(count)
        for j in range(i + 2, count)
        if not (i == 0 and j == count - 1)
    )


def iou_matrix(first: npt.ArrayLike, second: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Intersection over union of every box of `first` (N,4) with every box of `second` (M,4): (N,M)."""
    a = np.asarray(first, dtype=np.float64).reshape(-1, 1, 4)
    b = np.asarray(second, dtype=np.float64).reshape(1, -1, 4)
    sides = np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2])
    np.maximum(sides, 0.0, out=sides)
    common = sides[..., 0] * sides[..., 1]
    total = _areas(a) + _areas(b) - common
    result: npt.NDArray[np.float64] = common / np.maximum(total, 1e-12)
    return result


def _areas(boxes: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    result: npt.NDArray[np.float64] = (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])
    return result


Edge = tuple[tuple[float, float], tuple[float, float]]


def _edges_meet(first: Edge, second: Edge) -> bool:
    (a, b), (c, d) = first, second
    sides = (_turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b))
    if sides[0] * sides[1] < 0 and sides[2] * sides[3] < 0:
        return True
    corners = ((sides[0], first, c), (sides[1], first, d), (sides[2], second, a), (sides[3], second, b))
    return any(side == 0 and _between(edge, point) for side, edge, point in corners)


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _between(edge: Edge, point: tuple[float, float]) -> bool:
    (x1, y1), (x2, y2) = edge
    return min(x1, x2) <= point[0] <= max(x1, x2) and min(y1, y2) <= point[1] <= max(y1, y2)
