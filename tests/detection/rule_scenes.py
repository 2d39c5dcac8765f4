"""Made scenes with known truth for guard rules: who walks where, what a detector sees of it, and which events are due.

Paths are `video.synthetic`'s; a detector is made of noise by weather: jitter, misses, false boxes, shake. Boxes only,
no pictures: what a model misses is not in these figures.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from detection.detector import Detections
from detection.pipeline import Pipeline
from storage.records import Event, RuleKind, RuleSpec, Zone
from storage.registry_records import CameraScale
from tests.detection.scenes import CAMERA, START_S, seen
from video.cutouts import Look
from video.synthetic import ActorSpec, Waypoint, position

LOOKS_PER_S = 5.0
ASPECT = 16 / 9
SCALE = CameraScale(CAMERA, ((0.5, 0.4, 0.12), (0.5, 0.9, 0.35)))
YARD = Zone("z", CAMERA, "yard", ((0.5, 0.3), (0.99, 0.3), (0.99, 1.0), (0.5, 1.0)))
WHOLE = Zone("z", CAMERA, "street", ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)))
GATE = Zone("z", CAMERA, "gate", ((0.5, 0.3), (0.5, 1.0)), kind="line")
FENCE = Zone("z", CAMERA, "fence", ((0.0, 0.55), (1.0, 0.55), (1.0, 0.65), (0.0, 0.65)))
WIDTHS = {"person": 0.4, "car": 3.0, "backpack": 0.9, "suitcase": 0.8}
"""Widths of boxes over their heights."""

Path = tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Weather:
    """What a detector makes of it: jitter as a share of the box, share of missed looks, false boxes a look, shake."""

    name: str
    jitter: float
    missed: float
    false: float = 0.0
    shake: float = 0.0


WEATHERS = (
    Weather("day", 0.015, 0.03),
    Weather("night", 0.03, 0.15),
    Weather("rain", 0.025, 0.1, false=0.03),
    Weather("shake", 0.02, 0.05, shake=0.006),
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or something; hidden between `hidden` (seconds from, to)."""

    path: Path
    label: str = "person"
    height: float = 0.3
    hidden: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Episode:
    """What happens, and when events are due (from, to, in seconds)."""

    rule: RuleSpec
    zone: Zone
    actors: tuple[Actor, ...]
    seconds: float
    due: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """Counts over episodes; intervals after Wilson (1927), 95 %."""

    right: int = 0
    false: int = 0
    missed: int = 0

    def plus(self, other: Score) -> Score:
        return Score(self.right + other.right, self.false + other.false, self.missed + other.missed)

    @property
    def precision(self) -> float:
        return self.right / max(self.right + self.false, 1)

    @property
    def recall(self) -> float:
        return self.right / max(self.right + self.missed, 1)

    def __str__(self) -> str:
        low_p, high_p = wilson(self.right, self.right + self.false)
        low_r, high_r = wilson(self.right, self.right + self.missed)
        return (
            f"precision {self.precision:.3f} ({low_p:.2f}-{high_p:.2f}) recall {self.recall:.3f}"
            f" ({low_r:.2f}-{high_r:.2f}) right {self.right} false {self.false} missed {self.missed}"
        )


def wilson(hits: int, count: int) -> tuple[float, float]:
    if count == 0:
        return 0.0, 1.0
    z, share = 1.96, hits / count
    middle, scale = share + z * z / (2 * count), 1 + z * z / count
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return (middle - half) / scale, (middle + half) / scale


def played(episode: Episode, weather: Weather, seed: int) -> list[Event]:
    """Events of the real tracker and rule."""
    random = np.random.default_rng(seed)
    pipeline = Pipeline(CAMERA)
    pipeline.change_rules((episode.rule,), (episode.zone,), (), scale=SCALE)
    events: list[Event] = []
    for look in range(int(episode.seconds * LOOKS_PER_S)):
        at_s = look / LOOKS_PER_S
        events += pipeline.look(_seen(episode, weather, random, at_s), START_S + at_s).events
    return events


def score(episode: Episode, events: list[Event]) -> Score:
    """Each due event wants one event in its time; everything else is false."""
    free = [event.utc_s - START_S for event in events]
    right = 0
    for begin_s, end_s in episode.due:
        hit = next((t for t in free if begin_s <= t <= end_s), None)
        if hit is not None:
            free.remove(hit)
            right += 1
    return Score(right, len(free), len(episode.due) - right)


def _seen(episode: Episode, weather: Weather, random: np.random.Generator, at_s: float) -> Detections:
    boxes, scores, labels = [], [], []
    shake = random.normal(0.0, weather.shake, 2) if weather.shake else np.zeros(2)
    for actor in episode.actors:
        spot = position(_spec(actor), at_s, 1000.0)
        if spot is None or actor.hidden[0] <= at_s < actor.hidden[1] or random.random() < weather.missed:
            continue
        height = actor.height
        width = height * WIDTHS[actor.label] / ASPECT
        x, y = spot[0] + shake[0], spot[1] + shake[1]
        noise = random.normal(0.0, weather.jitter, 4) * np.array((width, height, width, height))
        box = np.array((x - width / 2, y - height, x + width / 2, y)) + noise
        cut = np.clip(box, 0.0, 1.0)
        if (cut[2] - cut[0]) * (cut[3] - cut[1]) > 0.3 * width * height:
            boxes.append(cut)
            scores.append(float(np.clip(random.normal(0.75, 0.08), 0.4, 0.95)))
            labels.append(actor.label)
    if random.random() < weather.false:
        x, y = random.uniform(0.1, 0.9), random.uniform(0.4, 0.95)
        boxes.append(np.array((x - 0.03, y - 0.2, x + 0.03, y)))
        scores.append(float(random.uniform(0.36, 0.6)))
        labels.append("person")
    return seen(*boxes, scores=scores, labels=labels)


def _spec(actor: Actor) -> ActorSpec:
    return ActorSpec("a", Look("walker"), actor.height, tuple(Waypoint(*p) for p in actor.path), actor.label)


def rule(kind: RuleKind, labels: tuple[str, ...] = ("person",), hold_s: float = 1.0, **changes: object) -> RuleSpec:
    spec = RuleSpec("r", CAMERA, "z", kind.value, kind, labels, hold_s=hold_s)
    return replace(spec, **changes)  # type: ignore[arg-type] # names of RuleSpec's fields


def walk(x1: float, x2: float, y: float, seconds: float, begin_s: float = 0.0) -> Path:
    return ((begin_s, x1, y), (begin_s + seconds, x2, y))


def stays(x: float, y: float, begin_s: float, end_s: float) -> Path:
    return ((begin_s, x, y), (end_s, x + 0.004, y))


def episodes(kind: RuleKind) -> Iterator[Episode]:
    """Six variants of every story of a kind."""
    for variant in range(6):
        yield from _STORIES[kind](0.68 + 0.04 * variant, 0.01 * variant)


def _intrusion(y: float, d: float) -> Iterator[Episode]:
    spec = rule(RuleKind.INTRUSION, hold_s=2.0)
    yield Episode(spec, YARD, (Actor(walk(0.2, 0.8 + d, y, 10.0)),), 11.0, ((5.0, 9.5),))
    yield Episode(spec, YARD, (Actor(walk(0.1, 0.44, y, 9.0)),), 10.0)
    yield Episode(spec, YARD, (Actor(((0.0, 0.35, y), (3.0, 0.53 + d / 2, y), (6.0, 0.3, y))),), 7.0)
    yield Episode(spec, YARD, (Actor(walk(0.3, 0.8, y, 8.0), "car", 0.12),), 9.0)


def _loitering(y: float, d: float) -> Iterator[Episode]:
    spec = rule(RuleKind.LOITERING, limit=10.0)
    wander = ((0.0, 0.4, y), (2.0, 0.6, y), (7.0, 0.7, y), (8.5, 0.48, y), (9.5, 0.55, y), (17.0, 0.75 + d, y))
    yield Episode(spec, YARD, (Actor(wander),), 18.0, ((10.5, 14.0),))
    yield Episode(spec, YARD, (Actor(walk(0.3, 0.95, y, 9.0)),), 12.0)
    gone = ((0.0, 0.6, y), (5.0, 0.6 + d, y), (6.0, 0.4, y), (12.0, 0.4, y), (13.0, 0.6, y), (18.0, 0.6, y))
    yield Episode(spec, YARD, (Actor(gone),), 19.0)


def _line(y: float, d: float) -> Iterator[Episode]:
    spec = rule(RuleKind.LINE_CROSSING, direction="in")
    yield Episode(spec, GATE, (Actor(walk(0.8 + d, 0.2, y, 8.0)),), 9.0, ((3.5, 6.5),))
    waits = ((0.0, 0.8, y), (3.0, 0.505, y), (8.0, 0.495, y), (11.0, 0.2 + d, y))
    yield Episode(spec, GATE, (Actor(waits),), 12.0, ((2.0, 10.5),))
    yield Episode(spec, GATE, (Actor(walk(0.2, 0.8 + d, y, 8.0)),), 9.0)
    yield Episode(spec, GATE, (Actor(((0.0, 0.8, y), (3.0, 0.54, y), (6.0, 0.8 + d, y))),), 7.0)
    yield Episode(spec, GATE, (Actor(walk(0.8, 0.2 + d, 0.24, 8.0), height=0.15),), 9.0)


def _crowd(y: float, d: float) -> Iterator[Episode]:
    spec = rule(RuleKind.CROWD, hold_s=3.0, limit=4.0)
    gather = tuple(
        Actor(((0.0, 0.1 + 0.09 * i, y), (3.0, 0.56 + 0.09 * i, y), (12.0, 0.56 + 0.09 * i + d / 2, y)))
        for i in range(5)
    )
    yield Episode(spec, YARD, gather, 12.0, ((4.5, 9.0),))
    yield Episode(spec, YARD, gather[:3], 12.0)
    passing = tuple(Actor(walk(0.1 - 0.07 * i, 1.3 - 0.07 * i, y, 6.0), height=0.25) for i in range(4))
    yield Episode(spec, YARD, passing, 8.0)


def _abandoned(y: float, d: float) -> Iterator[Episode]:
    spec = rule(RuleKind.ABANDONED, ("backpack", "suitcase"), limit=8.0)
    carried = ((0.0, 0.45, y), (4.0, 0.7, y), (24.0, 0.702, y))
    bag = Actor(carried, "backpack", 0.1)
    leaves = Actor(((0.0, 0.44, y), (4.0, 0.69, y), (6.0, 0.69, y), (8.0 + d * 10, 0.25, y), (9.0, 0.2, y)))
    yield Episode(spec, YARD, (bag, leaves), 24.0, ((13.0, 19.0),))
    yield Episode(spec, YARD, (bag, Actor(((0.0, 0.44, y), (4.0, 0.69, y), (24.0, 0.68 + d / 2, y)))), 24.0)
    back = ((0.0, 0.44, y), (4.0, 0.69, y), (6.0, 0.4, y), (10.0, 0.4, y), (12.0, 0.69, y), (24.0, 0.69 + d / 4, y))
    yield Episode(spec, YARD, (bag, Actor(back)), 24.0)
    passer = Actor(walk(0.2, 0.97, y + 0.02, 6.0, 9.5))
    yield Episode(spec, YARD, (bag, leaves, passer), 26.0, ((13.0, 22.0),))


def _removed(y: float, d: float) -> Iterator[Episode]:
    spec = rule(RuleKind.REMOVED, ("suitcase",), limit=4.0)
    thing = Actor(stays(0.7, y, 0.0, 16.0), "suitcase", 0.15)
    thief = Actor(((13.0, 0.2, y), (16.0, 0.69 + d, y), (19.0, 0.2, y)))
    yield Episode(spec, YARD, (thing, thief), 28.0, ((18.5, 26.0),))
    stands = replace(thing, path=stays(0.7, y, 0.0, 30.0), hidden=(15.0, 23.0))
    before = Actor(((13.0, 0.2, y + 0.03), (15.0, 0.7, y + 0.03), (23.0, 0.7, y + 0.03), (25.0, 0.2, y + 0.03)))
    yield Episode(spec, YARD, (stands, before), 30.0)
    yield Episode(spec, YARD, (replace(stands, hidden=(15.0, 17.0 + d * 10)),), 30.0)


def _wrong_way(y: float, d: float) -> Iterator[Episode]:
    spec = rule(RuleKind.WRONG_WAY, direction="90")
    yield Episode(spec, YARD, (Actor(walk(0.95, 0.52, y, 6.0 + d * 10)),), 8.0, ((0.5, 6.5),))
    turns = ((0.0, 0.3, y), (4.0, 0.9, y), (9.0, 0.55, y))
    yield Episode(spec, YARD, (Actor(turns),), 10.0, ((4.0, 9.0),))
    yield Episode(spec, YARD, (Actor(walk(0.3, 0.95, y, 7.0)),), 8.0)
    yield Episode(spec, YARD, (Actor(stays(0.7 + d, y, 0.0, 10.0)),), 10.0)
    yield Episode(spec, YARD, (Actor(((0.0, 0.7, 0.95), (8.0, 0.7 - d / 2, 0.5))),), 9.0)


def _stopped(y: float, d: float) -> Iterator[Episode]:
    spec = rule(RuleKind.STOPPED, ("car", "truck"), limit=8.0)

    def car(*path: tuple[float, float, float]) -> Actor:
        return Actor(path, "car", 0.12)

    stop = car((0.0, 0.2, y), (4.0, 0.7, y), (24.0, 0.702 + d / 50, y))
    yield Episode(spec, YARD, (stop,), 24.0, ((11.0, 16.0),))
    hidden = replace(stop, path=(*stop.path[:2], (40.0, 0.702, y)), hidden=(20.0, 28.0))
    yield Episode(spec, YARD, (hidden,), 40.0, ((11.0, 16.0),))
    yield Episode(spec, YARD, (car((0.0, 0.2, y), (6.0, 1.0, y)),), 8.0)
    yield Episode(spec, YARD, (car((0.0, 0.45, y), (14.0, 0.95 + d, y)),), 14.0)
    yield Episode(spec, YARD, (car((0.0, 0.3, y), (3.0, 0.7, y), (8.0, 0.701, y), (11.0, 1.0, y)),), 12.0)


def _running(y: float, d: float) -> Iterator[Episode]:
    spec = rule(RuleKind.RUNNING, hold_s=0.4, limit=10.0)
    spec_height = 0.12 + (y - 0.4) * 0.46
    per_s = spec_height / 1.7 / ASPECT  # picture widths in which a person of this height goes 1 m
    fast = 0.9 / ((3.6 + d * 3) * per_s)
    yield Episode(
        spec, WHOLE, (Actor(walk(0.05, 0.95, y, fast), height=spec_height),), fast + 1.0, ((0.8, fast + 0.5),)
    )
    slow = 0.9 / ((1.4 + d * 4) * per_s)
    yield Episode(spec, WHOLE, (Actor(walk(0.95, 0.05, y, slow), height=spec_height),), slow + 1.0)
    yield Episode(spec, WHOLE, (Actor(stays(0.5, y, 0.0, 10.0), height=spec_height),), 10.0)


def _speed(y: float, d: float) -> Iterator[Episode]:
    spec = rule(RuleKind.SPEED, ("car",), hold_s=0.2, limit=30.0)
    y = 0.42 + d
    person = 0.12 + (y - 0.4) * 0.46
    per_m, height = person / 1.7 / ASPECT, 1.5 * person / 1.7
    for kmh in (44.0, 52.0):
        seconds = 1.1 / (kmh / 3.6 * per_m)
        yield Episode(
            spec, WHOLE, (Actor(walk(-0.05, 1.05, y, seconds), "car", height),), seconds + 1, ((0.7, seconds),)
        )
    for kmh in (12.0, 22.0):
        seconds = 1.1 / (kmh / 3.6 * per_m)
        yield Episode(spec, WHOLE, (Actor(walk(-0.05, 1.05, y, seconds), "car", height),), seconds + 1)


def _perimeter(y: float, d: float) -> Iterator[Episode]:
    spec = rule(RuleKind.PERIMETER, hold_s=0.4)
    x = y - 0.2
    yield Episode(spec, FENCE, (Actor(((0.0, x, 0.85), (6.0, x + d, 0.45)), height=0.2),), 7.0, ((2.5, 5.8),))
    yield Episode(spec, FENCE, (Actor(walk(0.1, 0.9, 0.75 + d, 8.0)),), 9.0)
    yield Episode(spec, FENCE, (Actor(walk(0.9, 0.1, 0.5 - d, 8.0), height=0.15),), 9.0)


_STORIES = {
    RuleKind.INTRUSION: _intrusion,
    RuleKind.LOITERING: _loitering,
    RuleKind.LINE_CROSSING: _line,
    RuleKind.CROWD: _crowd,
    RuleKind.ABANDONED: _abandoned,
    RuleKind.REMOVED: _removed,
    RuleKind.WRONG_WAY: _wrong_way,
    RuleKind.STOPPED: _stopped,
    RuleKind.RUNNING: _running,
    RuleKind.SPEED: _speed,
    RuleKind.PERIMETER: _perimeter,
}
KINDS = tuple(_STORIES)
