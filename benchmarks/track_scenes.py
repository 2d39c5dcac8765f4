"""Made scenes with known truth for the tracker: paths of people and vehicles, and what a detector would see of them.

The detector of these scenes shakes its boxes, misses some, sees worse what stands behind others, and invents a little.
Everything follows from the seed. Boxes are xyxy, 0..1; an object's number is its identity through the scene.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from detection.detector import Detections
from detection.geometry import iou_matrix

LOOKS_PER_S = 5.0
SECONDS = 40.0
START_S = 1_700_000_000.0

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]
Path = Callable[[float], tuple[float, float]]

_HIDDEN = 0.75
"""A detector sees nothing of an object that is covered by so much."""

_TRUE_UNTIL = 0.9
"""An object that is covered by more is not in the truth."""

_MISSED = 0.06
_SHAKE = 0.03
_INVENTED_PER_LOOK = 0.3
_SAME_BOX = 0.6


@dataclass(frozen=True, slots=True)
class TrueLook:
    """One look: when, who is where (`numbers` (N,) of `boxes` (N,4)), and what the detector says."""

    utc_s: float
    numbers: Numbers
    boxes: Floats
    detections: Detections


@dataclass(frozen=True, slots=True)
class _Actor:
    path: Path
    width: float
    height: float
    from_s: float
    until_s: float


def scenes(seed: int) -> dict[str, list[TrueLook]]:
    """All scenes by name."""
    return {name: list(_looks(name, make, seed)) for name, make in _MAKERS.items()}


def _looks(name: str, make: Callable[[np.random.Generator], list[_Actor]], seed: int) -> Iterator[TrueLook]:
    random = np.random.default_rng([seed, list(_MAKERS).index(name)])
    actors = make(random)
    label = "car" if name == "vehicles" else "person"
    for number in range(int(SECONDS * LOOKS_PER_S)):
        t_s = number / LOOKS_PER_S + float(random.uniform(-0.03, 0.03))
        here = [(n, _box(actor, t_s)) for n, actor in enumerate(actors) if actor.from_s <= t_s < actor.until_s]
        numbers = np.array([n for n, _ in here], np.int64)
        boxes = np.array([box for _, box in here], np.float64).reshape(-1, 4)
        middles = (boxes[:, :2] + boxes[:, 2:]) / 2
        inside = ((middles > 0.0) & (middles < 1.0)).all(axis=1)
        numbers, boxes = numbers[inside], np.clip(boxes[inside], 0.0, 1.0)
        covered = _covered(boxes)
        seen = _detected(boxes, covered, label, random)
        known = covered < _TRUE_UNTIL
        yield TrueLook(START_S + t_s, numbers[known], boxes[known], seen)


def _box(actor: _Actor, t_s: float) -> tuple[float, float, float, float]:
    x, y = actor.path(t_s - actor.from_s)
    return x - actor.width / 2, y - actor.height, x + actor.width / 2, y


def _covered(boxes: Floats) -> Floats:
    """The share of each box that is behind a single nearer one (its foot is lower in the picture)."""
    if not len(boxes):
        return np.zeros(0)
    sides = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - np.maximum(boxes[:, None, :2], boxes[None, :, :2])
    common = np.prod(np.maximum(sides, 0.0), axis=2)
    area = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    nearer = boxes[None, :, 3] > boxes[:, None, 3]
    result: Floats = (np.where(nearer, common, 0.0) / area[:, None]).max(axis=1)
    return result


def _detected(boxes: Floats, covered: Floats, label: str, random: np.random.Generator) -> Detections:
    count = len(boxes)
    sizes = boxes[:, 2:] - boxes[:, :2]
    shaken = boxes + random.normal(0.0, _SHAKE, (count, 4)) * np.hstack((sizes, sizes))
    scores = 0.82 - 0.6 * covered + random.normal(0.0, 0.1, count)
    kept = (covered < _HIDDEN) & (random.random(count) >= _MISSED) & (scores > 0.1)
    false_count = int(random.poisson(_INVENTED_PER_LOOK))
    corner = random.uniform(0.0, 0.85, (false_count, 2))
    false_boxes = np.hstack((corner, corner + random.uniform(0.03, 0.15, (false_count, 2))))
    all_boxes = np.vstack((shaken[kept], false_boxes))
    all_scores = np.clip(np.concatenate((scores[kept], random.uniform(0.1, 0.5, false_count))), 0.0, 1.0)
    order = [int(i) for i in np.argsort(-all_scores)]
    overlap = iou_matrix(all_boxes, all_boxes)
    best: list[int] = []
    for i in order:
        if all(overlap[i, j] < _SAME_BOX for j in best):
            best.append(i)
    return Detections(
        all_boxes[best].astype(np.float32), all_scores[best].astype(np.float32), tuple([label] * len(best))
    )


def _line(x: float, y: float, vx: float, vy: float) -> Path:
    return lambda t_s: (x + vx * t_s, y + vy * t_s)


def _passers(
    random: np.random.Generator, count: int, rows: tuple[float, float], speed: tuple[float, float]
) -> list[_Actor]:
    """People that cross the picture both ways."""
    actors = []
    for _ in range(count):
        foot, way = float(random.uniform(*rows)), int(random.choice((-1, 1)))
        height = 0.1 + 0.3 * (foot - 0.3)
        pace = float(random.uniform(*speed))
        begin = float(random.uniform(-8.0, SECONDS - 5.0))
        path = _line(0.0 if way > 0 else 1.0, foot, way * pace, float(random.uniform(-0.006, 0.006)))
        actors.append(_Actor(path, height * 0.23, height, begin, begin + 1.0 / pace))
    return actors


def _street(random: np.random.Generator) -> list[_Actor]:
    return _passers(random, 30, (0.5, 0.95), (0.05, 0.14))


def _crossing(random: np.random.Generator) -> list[_Actor]:
    """Two streams in nearly one row: everybody passes behind somebody."""
    return _passers(random, 26, (0.78, 0.86), (0.06, 0.16))


def _crowd(random: np.random.Generator) -> list[_Actor]:
    """Twenty who stand and sway in a small place, and some who go through."""
    actors = []
    for _ in range(20):
        x, y = float(random.uniform(0.3, 0.7)), float(random.uniform(0.55, 0.9))
        phase, sway = float(random.uniform(0, 6.28)), float(random.uniform(0.005, 0.03))
        period = float(random.uniform(4.0, 12.0))
        path = _swaying(x, y, sway, period, phase)
        height = 0.1 + 0.3 * (y - 0.3)
        actors.append(_Actor(path, height * 0.23, height, -1.0, SECONDS + 1.0))
    return actors + _passers(random, 6, (0.6, 0.9), (0.06, 0.12))


def _swaying(x: float, y: float, sway: float, period_s: float, phase: float) -> Path:
    return lambda t_s: (
        x + sway * float(np.sin(phase + 6.28 * t_s / period_s)),
        y + 0.4 * sway * float(np.cos(phase + 6.28 * t_s / period_s)),
    )


def _walkers(random: np.random.Generator) -> list[_Actor]:
    """People who go, stand, turn and go on."""
    actors = []
    for _ in range(12):
        knots_s = np.cumsum(np.concatenate(([0.0], random.uniform(1.5, 6.0, 14))))
        stands = random.random(14) < 0.35
        steps = random.uniform(-0.09, 0.09, (14, 2)) * np.array([1.0, 0.25]) * ~stands[:, None]
        spans = np.diff(knots_s)[:, None]
        places = np.array([random.uniform(0.2, 0.8), random.uniform(0.6, 0.85)]) + np.vstack(
            ([[0.0, 0.0]], np.cumsum(steps * spans, axis=0))
        )
        height = 0.1 + 0.3 * (float(places[0, 1]) - 0.3)
        actors.append(_Actor(_by_knots(knots_s, places), height * 0.23, height, -1.0, SECONDS + 1.0))
    return actors


def _by_knots(knots_s: Floats, places: Floats) -> Path:
    return lambda t_s: (float(np.interp(t_s, knots_s, places[:, 0])), float(np.interp(t_s, knots_s, places[:, 1])))


def _vehicles(random: np.random.Generator) -> list[_Actor]:
    """Two lanes each way, with gaps between them; some stop at a light."""
    actors = []
    for _ in range(24):
        lane = int(random.integers(0, 4))
        foot, way = 0.55 + 0.1 * lane, 1 if lane >= 2 else -1
        pace, begin = float(random.uniform(0.12, 0.3)), float(random.uniform(-4.0, SECONDS - 3.0))
        width = 0.1 + 0.03 * lane
        at_light_s = 0.45 / pace if random.random() < 0.3 else 1e9
        path = _stopping(0.0 if way > 0 else 1.0, foot, way * pace, at_light_s)
        actors.append(_Actor(path, width, width * 0.8, begin, begin + 1.0 / pace + (4.0 if at_light_s < 1e9 else 0.0)))
    return actors


def _stopping(x: float, y: float, vx: float, stop_s: float) -> Path:
    """Goes, stands for four seconds, goes on."""
    return lambda t_s: (x + vx * (t_s - min(max(t_s - stop_s, 0.0), 4.0)), y)


_MAKERS: dict[str, Callable[[np.random.Generator], list[_Actor]]] = {
    "street": _street,
    "crossing": _crossing,
    "crowd": _crowd,
    "walkers": _walkers,
    "vehicles": _vehicles,
}
