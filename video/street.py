"""Draws the street that the demo cameras look at: sky, facades, kerb, asphalt, trees. Once per camera, with Pillow.

Everything is a function of the `Backdrop` (the seed included), so that a clip can be made again. The ground where
people walk is kept plain: the built-in people detector (gradients) loses them on a busy pattern.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

Rgb = tuple[int, int, int]
Image8 = npt.NDArray[np.uint8]
Point = tuple[float, float]

_OVERSAMPLING = 2
_WALLS: tuple[Rgb, ...] = (
    (205, 176, 126),
    (164, 108, 88),
    (212, 200, 176),
    (150, 154, 160),
    (146, 158, 138),
    (188, 150, 132),
    (120, 132, 148),
)
_AWNINGS: tuple[Rgb, ...] = ((140, 46, 44), (40, 84, 70), (44, 64, 110), (188, 140, 50))


@dataclass(frozen=True, slots=True)
class Light:
    """Time of day: sky from top to bottom, gain per channel, share of lit windows."""

    sky_top: Rgb
    sky_low: Rgb
    gain: tuple[float, float, float]
    lit: float


LIGHTS = {
    "day": Light((116, 164, 214), (206, 222, 234), (1.0, 1.0, 1.0), 0.0),
    "morning": Light((150, 176, 210), (248, 226, 196), (1.06, 0.99, 0.9), 0.1),
    "overcast": Light((150, 158, 166), (196, 200, 204), (0.86, 0.9, 0.94), 0.15),
    "dusk": Light((66, 74, 116), (222, 152, 118), (0.74, 0.67, 0.74), 0.5),
}


@dataclass(frozen=True, slots=True)
class Backdrop:
    """What the street looks like. `kind` is street, plaza or avenue; `zebra` the crossing's left edge, 0..1."""

    seed: int
    kind: str = "street"
    light: str = "day"
    trees: tuple[float, ...] = ()
    zebra: float | None = None
    ground: Rgb = (172, 168, 160)


class _Canvas:
    """A drawing board in 0..1 coordinates, larger than the picture by `_OVERSAMPLING` so that edges come out smooth."""

    def __init__(self, width_px: int, height_px: int, spec: Backdrop) -> None:
        self.size = (width_px * _OVERSAMPLING, height_px * _OVERSAMPLING)
        self.image = Image.new("RGB", self.size)
        self.draw = ImageDraw.Draw(self.image)
        self.random = random.Random(spec.seed)  # noqa: S311 - a picture, not a secret
        self.light = LIGHTS[spec.light]
        self.spec = spec

    def polygon(self, points: tuple[Point, ...], colour: Rgb) -> None:
        """Fill a polygon."""
        self.draw.polygon([(x * self.size[0], y * self.size[1]) for x, y in points], fill=colour)

    def box(self, x1: float, y1: float, x2: float, y2: float, colour: Rgb) -> None:
        """Fill an upright rectangle."""
        self.polygon(((x1, y1), (x2, y1), (x2, y2), (x1, y2)), colour)

    def line(self, start: Point, end: Point, colour: Rgb, width_px: int = 1) -> None:
        """Draw a line, its width in pixels of the finished picture."""
        w, h = self.size
        points = [(start[0] * w, start[1] * h), (end[0] * w, end[1] * h)]
        self.draw.line(points, fill=colour, width=width_px * _OVERSAMPLING)

    def fade(self, y1: float, y2: float, top: Rgb, low: Rgb) -> None:
        """Fill a horizontal band with a vertical gradient."""
        first, last = int(y1 * self.size[1]), int(y2 * self.size[1])
        for row in range(first, last):
            share = (row - first) / max(last - first - 1, 1)
            colour = _mix(top, low, share)
            self.draw.line([(0, row), (self.size[0], row)], fill=colour)

    def shadow(self, boxes: list[tuple[float, float, float, float]], strength: int, blur_px: float) -> None:
        """Darken soft ellipses."""
        mask = Image.new("L", self.size)
        pen = ImageDraw.Draw(mask)
        for x1, y1, x2, y2 in boxes:
            pen.ellipse(
                [x1 * self.size[0], y1 * self.size[1], x2 * self.size[0], y2 * self.size[1]],
                fill=strength,
            )
        mask = mask.filter(ImageFilter.GaussianBlur(blur_px * _OVERSAMPLING))
        self.image.paste((18, 20, 28), (0, 0), mask)


def draw_street(spec: Backdrop, width_px: int, height_px: int) -> Image8:
    """The picture without anybody in it: (height, width, 3) uint8 RGB, values 6..249."""
    canvas = _Canvas(width_px, height_px, spec)
    canvas.fade(0.0, 0.4, canvas.light.sky_top, canvas.light.sky_low)
    {"street": _street, "plaza": _plaza, "avenue": _avenue}[spec.kind](canvas)
    small = canvas.image.resize((width_px, height_px), Image.Resampling.LANCZOS)
    return _graded(np.asarray(small, np.float32), canvas)


def _graded(pixels: npt.NDArray[np.float32], canvas: _Canvas) -> Image8:
    height_px, width_px = pixels.shape[:2]
    grain = np.random.default_rng(canvas.spec.seed).normal(0.0, 2.0, (height_px, width_px, 1))
    y, x = np.mgrid[-1 : 1 : height_px * 1j, -1 : 1 : width_px * 1j]
    vignette = (1.04 - 0.13 * (x * x + y * y) / 2)[..., None]
    lit = np.clip(pixels.max(axis=2, keepdims=True) - 235, 0, 12) / 12 if canvas.light.lit else 0.0
    gain = np.asarray(canvas.light.gain, np.float32)
    gain = gain + (1 - gain) * lit
    graded: Image8 = np.clip(pixels * gain * vignette + grain, 6, 249).astype(np.uint8)
    return graded


def _mix(first: Rgb, second: Rgb, share: float) -> Rgb:
    r, g, b = (round(a + (z - a) * share) for a, z in zip(first, second, strict=True))
    return r, g, b


def _shade(colour: Rgb, factor: float) -> Rgb:
    r, g, b = (max(0, min(255, round(c * factor))) for c in colour)
    return r, g, b


def _street(canvas: _Canvas) -> None:
    _row_of_houses(canvas, 0.37)
    canvas.fade(0.37, 0.425, (150, 146, 140), (166, 162, 154))
    canvas.box(0, 0.425, 1, 0.435, (196, 194, 188))
    canvas.box(0, 0.435, 1, 0.45, (120, 118, 114))
    canvas.fade(0.45, 0.62, (76, 78, 84), (96, 98, 102))
    _speckle(canvas, 0.45, 0.62)
    for start in range(-1, 8):
        if canvas.spec.zebra is not None and -0.1 < start * 0.16 + 0.03 - canvas.spec.zebra < 0.27:
            continue
        canvas.polygon(_slanted(start * 0.16 + 0.03, 0.526, 0.075, 0.534), (206, 206, 198))
    if canvas.spec.zebra is not None:
        _zebra(canvas, canvas.spec.zebra)
    canvas.box(0, 0.62, 1, 0.632, (120, 118, 114))
    canvas.box(0, 0.632, 1, 0.65, (204, 202, 196))
    _pavement(canvas, 0.65)
    _furniture(canvas, 0.425)


def _plaza(canvas: _Canvas) -> None:
    _row_of_houses(canvas, 0.3)
    canvas.fade(0.3, 0.382, (156, 152, 146), (162, 158, 150))
    for x in (0.08, 0.36, 0.64, 0.9):
        canvas.box(x - 0.06, 0.335, x + 0.06, 0.38, (126, 120, 112))
        _bush(canvas, x, 0.33, 0.055)
    _pavement(canvas, 0.38)
    _furniture(canvas, 0.34)


def _avenue(canvas: _Canvas) -> None:
    far = (0.52, 0.24)
    canvas.fade(0.2, 0.3, (168, 172, 178), (150, 150, 150))
    _pavement(canvas, 0.26)
    canvas.polygon(((far[0] - 0.012, 0.26), (far[0] + 0.012, 0.26), (0.98, 0.74), (0.06, 0.74)), (84, 86, 92))
    for near, side in ((0.06, -1), (0.98, 1)):
        kerb = ((far[0], 0.26), (near, 0.74), (near + side * 0.022, 0.74))
        canvas.polygon(kerb, (200, 198, 192))
    for step in range(5):
        y1, y2 = 0.27 + 0.47 * (step / 5) ** 2, 0.27 + 0.47 * ((step + 0.55) / 5) ** 2
        canvas.polygon(
            ((far[0], y1), (far[0] + 0.003, y1), (far[0] + 0.004 + y2 / 90, y2), (far[0], y2)), (204, 204, 196)
        )
    for side in (-1, 1):
        _house_front(canvas, far, side)
    canvas.box(0, 0.74, 1, 0.752, (206, 204, 198))
    canvas.fade(0.752, 1.0, _shade(canvas.spec.ground, 0.93), canvas.spec.ground)
    _furniture(canvas, 0.5, lamp=0.9)


def _slanted(x: float, y1: float, width: float, y2: float) -> tuple[Point, ...]:
    return (x, y1), (x + width, y1), (x + width - 0.006, y2), (x - 0.006, y2)


def _zebra(canvas: _Canvas, left: float) -> None:
    for stripe in range(7):
        x = left + stripe * 0.036
        canvas.polygon(((x, 0.452), (x + 0.018, 0.452), (x + 0.008, 0.618), (x - 0.012, 0.618)), (212, 212, 206))


def _speckle(canvas: _Canvas, y1: float, y2: float) -> None:
    for _ in range(240):
        x, y = canvas.random.random(), canvas.random.uniform(y1, y2 - 0.01)
        tone = canvas.random.randint(70, 104)
        canvas.box(x, y, x + 0.004, y + 0.003, (tone, tone + 1, tone + 4))


def _pavement(canvas: _Canvas, top: float) -> None:
    ground = canvas.spec.ground
    canvas.fade(top, 1.0, _shade(ground, 0.92), _shade(ground, 1.03))
    joint = _shade(ground, 0.9)
    y, step = top, 0.05
    while y < 1.0:
        canvas.line((0, y), (1, y), joint)
        y, step = y + step, step * 1.32
    for column in range(-14, 26):
        x = column / 11
        canvas.line((0.5 + (x - 0.5) * 0.62, top), (0.5 + (x - 0.5) * (0.62 + 0.75 * (1 - top)), 1.0), joint)
    blobs = []
    for _ in range(5):
        x, y = canvas.random.random(), canvas.random.uniform(top + 0.05, 1.0)
        blobs.append((x - 0.16, y - 0.03, x + 0.16, y + 0.04))
    canvas.shadow(blobs, 26, 9)


def _row_of_houses(canvas: _Canvas, foot: float) -> None:
    x = -0.05
    last: Rgb | None = None
    while x < 1.0:
        width = canvas.random.uniform(0.17, 0.27)
        wall = canvas.random.choice([c for c in _WALLS if c != last])
        _house(canvas, x, width, foot, wall)
        x, last = x + width, wall


def _house(canvas: _Canvas, x: float, width: float, foot: float, wall: Rgb) -> None:
    top = canvas.random.choice((-0.05, -0.05, 0.02, 0.06))
    canvas.box(x, top, x + width, foot, wall)
    canvas.box(x, top, x + width, top + 0.014, _shade(wall, 0.72))
    canvas.box(x + width - 0.004, top, x + width, foot, _shade(wall, 0.7))
    shop = foot - 0.125
    columns = max(2, round(width / 0.062))
    step = width / columns
    for row in range(3):
        y = shop - 0.02 - (row + 1) * 0.118
        for column in range(columns):
            if y > top + 0.02:
                _window(canvas, x + (column + 0.28) * step, y, step * 0.46, 0.078, wall)
    canvas.box(x, shop - 0.012, x + width, shop, _shade(wall, 0.82))
    _ground_floor(canvas, x, width, shop, foot, wall)


def _window(canvas: _Canvas, x: float, y: float, width: float, height: float, wall: Rgb) -> None:
    lit = canvas.random.random() < canvas.light.lit
    glass = (252, 214, 140) if lit else _mix((46, 56, 68), (112, 130, 146), canvas.random.random() * 0.7)
    canvas.box(x - 0.005, y - 0.008, x + width + 0.005, y + height + 0.008, _shade(wall, 1.14))
    canvas.box(x, y, x + width, y + height, glass)
    if not lit:
        canvas.polygon(((x, y), (x + width * 0.6, y), (x, y + height * 0.8)), _mix(glass, (200, 214, 226), 0.25))
    canvas.box(x + width * 0.47, y, x + width * 0.53, y + height, (226, 224, 216))
    canvas.box(x - 0.008, y + height + 0.006, x + width + 0.008, y + height + 0.014, _shade(wall, 0.74))


def _ground_floor(canvas: _Canvas, x: float, width: float, top: float, foot: float, wall: Rgb) -> None:
    canvas.box(x, top, x + width - 0.004, foot, _shade(wall, 0.68))
    canvas.box(x, foot - 0.02, x + width - 0.004, foot, _shade(wall, 0.5))
    bays = max(2, round(width / 0.09))
    step = width / bays
    awning = canvas.random.choice(_AWNINGS)
    door = canvas.random.randrange(bays)
    lit = canvas.random.random() < canvas.light.lit * 1.4
    for bay in range(bays):
        left = x + (bay + 0.12) * step
        right = left + step * 0.76
        if bay == door:
            canvas.box(left + 0.01, top + 0.03, right - 0.01, foot, _shade(awning, 0.6))
            canvas.box(left + 0.018, top + 0.042, right - 0.018, foot - 0.04, (70, 80, 90))
            continue
        canvas.box(left, top + 0.04, right, foot - 0.024, (250, 216, 150) if lit else (58, 68, 78))
        slope = ((left - 0.006, top + 0.02), (right + 0.006, top + 0.02), (right + 0.012, top + 0.052))
        canvas.polygon((*slope, (left - 0.012, top + 0.052)), awning)
        canvas.box(left - 0.012, top + 0.05, right + 0.012, top + 0.056, _shade(awning, 1.5))


def _house_front(canvas: _Canvas, far: Point, side: int) -> None:
    """A terrace seen along the street: bays between the picture's edge and the vanishing point."""
    edges = [0.5 + side * offset for offset in (0.72, 0.5, 0.36, 0.26, 0.19, 0.14, 0.105)]

    def at(x: float, level: float) -> Point:
        depth = abs(x - far[0])
        return x, far[1] + depth * level

    for near, beyond in pairwise(edges):
        wall = canvas.random.choice(_WALLS)
        shade = _shade(wall, 0.9 if side > 0 else 0.76)
        canvas.polygon((at(near, -1.3), at(beyond, -1.3), at(beyond, 0.42), at(near, 0.42)), shade)
        canvas.polygon((at(near, 0.0), at(beyond, 0.0), at(beyond, 0.42), at(near, 0.42)), _shade(shade, 0.7))
        for row in range(4):
            for left, right in ((0.15, 0.4), (0.6, 0.85)):
                x1, x2 = near + (beyond - near) * left, near + (beyond - near) * right
                low = -0.08 - row * 0.26
                lit = canvas.random.random() < canvas.light.lit
                glass = (252, 214, 140) if lit else (70, 82, 96)
                canvas.polygon((at(x1, low - 0.16), at(x2, low - 0.16), at(x2, low), at(x1, low)), glass)
        left, right = near + (beyond - near) * 0.2, near + (beyond - near) * 0.8
        canvas.polygon((at(left, 0.1), at(right, 0.1), at(right, 0.36), at(left, 0.36)), (60, 68, 78))


def _furniture(canvas: _Canvas, foot: float, lamp: float | None = None) -> None:
    for x in canvas.spec.trees:
        _tree(canvas, x, foot)
    lamp = canvas.random.uniform(0.3, 0.7) if lamp is None else lamp
    canvas.box(lamp, 0.04, lamp + 0.005, foot, (52, 54, 58))
    canvas.box(lamp - 0.03, 0.036, lamp + 0.005, 0.046, (52, 54, 58))
    canvas.box(lamp - 0.04, 0.044, lamp - 0.016, 0.056, (250, 240, 206) if canvas.light.lit > 0.3 else (180, 182, 180))


def _tree(canvas: _Canvas, x: float, foot: float) -> None:
    canvas.shadow([(x - 0.08, foot - 0.012, x + 0.1, foot + 0.018)], 90, 3)
    canvas.polygon(
        ((x - 0.008, foot), (x + 0.008, foot), (x + 0.004, foot - 0.26), (x - 0.004, foot - 0.26)), (84, 66, 50)
    )
    _bush(canvas, x, foot - 0.27, 0.075)


def _bush(canvas: _Canvas, x: float, y: float, radius: float) -> None:
    aspect = canvas.size[0] / canvas.size[1]
    for index in range(150):
        share = index / 150
        dx, dy = (max(-0.8, min(0.8, canvas.random.gauss(0, 0.42))) * radius for _ in range(2))
        dy *= aspect
        size = radius * canvas.random.uniform(0.08, 0.26)
        tone = _mix((34, 58, 34), (116, 142, 76), min(1.0, share * 0.6 + max(0.0, -dy) * 2.2))
        w, h = canvas.size
        left, upper = (x + dx - size) * w, (y + dy - size * aspect) * h
        canvas.draw.ellipse([left, upper, left + 2 * size * w, upper + 2 * size * w], fill=tone)
