"""A moving scene whose truth is known: actors on paths before a street, and the boxes and stays that follow from them.

`Stage` renders, `Truth` remembers (JSON beside each clip). A scene is periodic: a path may run past the end of the loop
and is continued at its beginning, so a looped clip has no jump. Times are seconds from the clip's first frame; of a
client's picture it is `pts_s % loop_s`, because a file and our RTSP server both begin with the first frame.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from storage.records import Box
from video.cutouts import STRIDE_PHASES, Cutouts, Gain, Look, Sprite, sprite_from
from video.source import VideoCode, VideoError
from video.street import LIGHTS, Backdrop, Image8, Point, draw_street

TRUTH_VERSION = 1
_NOISE_PICTURES = 5
_STEP_PER_HEIGHT = 0.4
_BOB_PER_HEIGHT = 0.012
_HEIGHT_REFERENCE_Y = 0.8


class Waypoint(NamedTuple):
    """Where an actor's foot is at a time of the loop."""

    at_s: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class ActorSpec:
    """Somebody on a path. `height` is the share of the picture's height when the foot is at y = 0.8; the path may begin
    before 0 or end after the loop's length but lasts no longer than one loop."""

    id: str
    look: Look
    height: float
    path: tuple[Waypoint, ...]
    label: str = "person"


@dataclass(frozen=True, slots=True)
class ZoneSpec:
    """A guarded polygon, 0..1; actors with one of `labels` count."""

    id: str
    points: tuple[Point, ...]
    labels: tuple[str, ...] = ("person",)


@dataclass(frozen=True, slots=True)
class SceneSpec:
    """Everything that a clip is made from. `noise` is the sensor's, in grey levels; `slope` is how fast people grow
    when they come nearer."""

    name: str
    backdrop: Backdrop
    actors: tuple[ActorSpec, ...] = ()
    zones: tuple[ZoneSpec, ...] = ()
    width: int = 640
    height: int = 360
    fps: int = 15
    loop_s: float = 20.0
    codec: str = "h264"
    noise: int = 1
    slope: float = 0.9

    @property
    def frames(self) -> int:
        """Pictures in one loop."""
        return round(self.loop_s * self.fps)


@dataclass(frozen=True, slots=True)
class TrueBox:
    """One actor in one picture: the part of its box inside the frame, and the share of it that can be seen."""

    actor_id: str
    label: str
    box: Box
    visible: float


@dataclass(frozen=True, slots=True)
class Stay:
    """An actor's foot is inside the zone during [from_s, to_s)."""

    actor_id: str
    from_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class TrueZone:
    """A zone with everybody's stays in one loop (a stay across the loop's end is two)."""

    id: str
    points: tuple[Point, ...]
    labels: tuple[str, ...]
    stays: tuple[Stay, ...]

    def due(self, hold_s: float) -> tuple[Stay, ...]:
        """When "inside for `hold_s`" is true: the stays that last long enough, without their first `hold_s`."""
        long_enough = (s for s in self.stays if s.to_s - s.from_s > hold_s)
        return tuple(Stay(s.actor_id, s.from_s + hold_s, s.to_s) for s in long_enough)


@dataclass(frozen=True, slots=True)
class Truth:
    """What is really to be seen in a clip. `boxes[i]` belongs to picture i."""

    name: str
    width: int
    height: int
    fps: int
    loop_s: float
    codec: str
    boxes: tuple[tuple[TrueBox, ...], ...]
    zones: tuple[TrueZone, ...]

    @property
    def frames(self) -> int:
        """Pictures in one loop."""
        return len(self.boxes)

    def boxes_at(self, t_s: float) -> tuple[TrueBox, ...]:
        """Boxes of the picture shown at `t_s`; any number of loops later is the same."""
        return self.boxes[math.floor(t_s * self.fps + 1e-6) % len(self.boxes)]


@dataclass(frozen=True, slots=True)
class _Placement:
    actor: ActorSpec
    sprite: Sprite
    left: int
    top: int
    foot: tuple[int, int]

    def body(self) -> tuple[int, int, int, int]:
        """The body's box in picture pixels, also outside of the frame."""
        x1, y1, x2, y2 = self.sprite.body
        return self.left + x1, self.top + y1, self.left + x2, self.top + y2


class Stage:
    """Renders one scene, picture by picture. One thread only."""

    def __init__(self, scene: SceneSpec, cutouts: Cutouts) -> None:
        for actor in scene.actors:
            _check_path(actor, scene.loop_s)
        self.scene = scene
        self._cutouts = cutouts
        self.background: Image8 = draw_street(scene.backdrop, scene.width, scene.height)
        red, green, blue = (1 + (g - 1) * 0.7 for g in LIGHTS[scene.backdrop.light].gain)
        self._gain: Gain = (red, green, blue)
        self._noisy = _with_noise(self.background, scene)

    def render(self, index: int) -> tuple[Image8, tuple[TrueBox, ...]]:
        """Picture `index` as (height, width, 3) uint8 RGB, and its truth, the farthest actor first."""
        placed = self._placements(index / self.scene.fps)
        pixels = self._noisy[index % len(self._noisy)].copy()
        for placement in placed:
            body = placement.sprite.body
            shadow = _shadow(body[2] - body[0], placement.actor.label == "person")
            high, wide = shadow.clear.shape[:2]
            shadow.paste(pixels, placement.foot[0] - wide // 2, placement.foot[1] - round(high * 0.7))
            placement.sprite.paste(pixels, placement.left, placement.top)
        boxes = (self._true_box(p, placed[i + 1 :]) for i, p in enumerate(placed))
        return pixels, tuple(b for b in boxes if b is not None)

    def _placements(self, t_s: float) -> list[_Placement]:
        found = (self._place(actor, t_s) for actor in self.scene.actors)
        return sorted((p for p in found if p is not None), key=lambda p: p.foot[1])

    def _place(self, actor: ActorSpec, t_s: float) -> _Placement | None:
        spot = position(actor, t_s, self.scene.loop_s)
        if spot is None:
            return None
        x, y, walked, left_ward = spot
        scene = self.scene
        height_px = round(actor.height * (1 + scene.slope * (y - _HEIGHT_REFERENCE_Y)) * scene.height)
        stride = walked * scene.width / (_STEP_PER_HEIGHT * height_px)
        phase = round(stride * STRIDE_PHASES) % STRIDE_PHASES if actor.label == "person" else 0
        bob_px = _BOB_PER_HEIGHT * height_px * abs(math.sin(math.pi * stride)) if actor.label == "person" else 0.0
        flip = left_ward if actor.label == "person" else not left_ward
        sprite = self._cutouts.sprite(actor.look, height_px, phase, flip, self._gain)
        foot = round(x * scene.width), round(y * scene.height)
        x1, _, x2, y2 = sprite.body
        return _Placement(actor, sprite, foot[0] - (x1 + x2) // 2, round(foot[1] - y2 - bob_px), foot)

    def _true_box(self, placement: _Placement, nearer: list[_Placement]) -> TrueBox | None:
        x1, y1, x2, y2 = placement.body()
        width, height = self.scene.width, self.scene.height
        inside = max(x1, 0), max(y1, 0), min(x2, width), min(y2, height)
        area = _area(inside)
        if area == 0:
            return None
        hidden = sum(_overlap(inside, other.body()) for other in nearer)
        box = Box(inside[0] / width, inside[1] / height, inside[2] / width, inside[3] / height)
        visible = max(0.0, (area - hidden) / ((x2 - x1) * (y2 - y1)))
        return TrueBox(placement.actor.id, placement.actor.label, box, round(visible, 3))


def position(actor: ActorSpec, t_s: float, loop_s: float) -> tuple[float, float, float, bool] | None:
    """Foot x and y, way walked so far (shares of the width), whether it goes left; None when it is not on its way."""
    first_s, last_s = actor.path[0].at_s, actor.path[-1].at_s
    turns = math.ceil((first_s - t_s) / loop_s - 1e-9)
    t_s += turns * loop_s
    if t_s > last_s:
        return None
    walked, left_ward = 0.0, False
    for start, end in pairwise(actor.path):
        way = math.hypot(end.x - start.x, end.y - start.y)
        if end.x != start.x:
            left_ward = end.x < start.x
        if t_s <= end.at_s:
            share = (t_s - start.at_s) / (end.at_s - start.at_s)
            return (
                start.x + (end.x - start.x) * share,
                start.y + (end.y - start.y) * share,
                walked + way * share,
                left_ward,
            )
        walked += way
    return None


def truth_of(scene: SceneSpec, boxes: Iterable[tuple[TrueBox, ...]]) -> Truth:
    """The truth of a rendered scene."""
    per_picture = tuple(boxes)
    zones = tuple(TrueZone(z.id, z.points, z.labels, _stays(z, per_picture, scene.fps)) for z in scene.zones)
    size = scene.width, scene.height
    return Truth(scene.name, *size, scene.fps, scene.loop_s, scene.codec, per_picture, zones)


def inside(point: Point, polygon: tuple[Point, ...]) -> bool:
    """Even-odd rule."""
    x, y = point
    hit = False
    for (x1, y1), (x2, y2) in pairwise((*polygon, polygon[0])):
        if (y1 > y) != (y2 > y) and x < x1 + (x2 - x1) * (y - y1) / (y2 - y1):
            hit = not hit
    return hit


def save_truth(truth: Truth, path: Path) -> None:
    """Write a truth as JSON (version 1: `boxes[picture]` = [[actor, label, x1, y1, x2, y2, visible], ...])."""
    data = {
        "version": TRUTH_VERSION,
        **{key: getattr(truth, key) for key in ("name", "width", "height", "fps", "loop_s", "codec", "frames")},
        "boxes": [
            [[b.actor_id, b.label, *(round(v, 5) for v in b.box), b.visible] for b in row] for row in truth.boxes
        ],
        "zones": [asdict(zone) for zone in truth.zones],
    }
    path.write_text(json.dumps(data), encoding="utf-8")


def load_truth(path: Path) -> Truth:
    """Read what `save_truth` wrote. Raises VideoError NO_FILE, or DAMAGED for anything else than version 1."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["version"] != TRUTH_VERSION:
            raise VideoError(VideoCode.DAMAGED, url=path.name)
        boxes = tuple(tuple(TrueBox(b[0], b[1], Box(*b[2:6]), b[6]) for b in row) for row in data["boxes"])
        zones = tuple(_zone_from(zone) for zone in data["zones"])
        head = {key: data[key] for key in ("name", "width", "height", "fps", "loop_s", "codec")}
        return Truth(**head, boxes=boxes, zones=zones)
    except OSError as error:
        raise VideoError(VideoCode.NO_FILE, url=path.name) from error
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise VideoError(VideoCode.DAMAGED, url=path.name) from error


def _zone_from(data: dict[str, list[list[float]]]) -> TrueZone:
    points = tuple((x, y) for x, y in data["points"])
    stays = tuple(Stay(**stay) for stay in data["stays"])  # type: ignore[arg-type]  # checked by the caller's except
    return TrueZone(str(data["id"]), points, tuple(map(str, data["labels"])), stays)


def _stays(zone: ZoneSpec, boxes: tuple[tuple[TrueBox, ...], ...], fps: int) -> tuple[Stay, ...]:
    stays: list[Stay] = []
    actors = sorted({b.actor_id for row in boxes for b in row if b.label in zone.labels})
    for actor_id in actors:
        first: int | None = None
        for index, row in enumerate((*boxes, ())):
            here = any(b.actor_id == actor_id and inside(b.box.foot, zone.points) for b in row)
            if here and first is None:
                first = index
            if not here and first is not None:
                stays.append(Stay(actor_id, first / fps, index / fps))
                first = None
    return tuple(sorted(stays, key=lambda s: s.from_s))


def _check_path(actor: ActorSpec, loop_s: float) -> None:
    times = [point.at_s for point in actor.path]
    if len(times) < 2 or sorted(set(times)) != times or times[-1] - times[0] > loop_s:
        raise ValueError(f"path of {actor.id}: at least two points in order, at most one loop long")
    closed = times[-1] - times[0] == loop_s
    if closed and actor.path[0][1:] != actor.path[-1][1:]:
        raise ValueError(f"path of {actor.id} must end where it began")


def _area(box: tuple[int, int, int, int]) -> int:
    return max(0, box[2] - box[0]) * max(0, box[3] - box[1])


def _overlap(first: tuple[int, int, int, int], second: tuple[int, int, int, int]) -> int:
    common = max(first[0], second[0]), max(first[1], second[1]), min(first[2], second[2]), min(first[3], second[3])
    return _area(common)


@lru_cache(maxsize=512)
def _shadow(width_px: int, person: bool) -> Sprite:
    wide, high = round(width_px * 1.25), max(4, round(width_px * (0.2 if person else 0.1)))
    mask = Image.new("L", (wide + 8, high + 8))
    ImageDraw.Draw(mask).ellipse([4, 4, wide + 4, high + 4], fill=120)
    dark = np.full((mask.height, mask.width, 3), 20, np.float32)
    return sprite_from(dark, mask.filter(ImageFilter.GaussianBlur(2)))


def _with_noise(background: Image8, scene: SceneSpec) -> list[Image8]:
    random = np.random.default_rng(scene.backdrop.seed)
    noisy = []
    for _ in range(_NOISE_PICTURES):
        noise = random.integers(-scene.noise, scene.noise, (scene.height, scene.width, 1), np.int16, endpoint=True)
        noisy.append(np.clip(background + noise, 0, 255).astype(np.uint8))
    return noisy
