"""What weather, night and wind make of a made scene: the conditions under which rules are judged. Pictures are RGB.

Everything follows from the condition's name and the seed. A condition may also move the whole picture (`shift`).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from video.street import Image8

WIDTH, HEIGHT = 640, 360
CONDITIONS = ("day", "night", "rain", "shake", "headlights", "infrared", "flags")
LIGHT_OF = {"rain": "overcast", "night": "dusk", "headlights": "dusk", "infrared": "dusk"}
"""The backdrop's own light; day where nothing is said."""

SWITCH_AT = 0.4
"""The camera goes over to infrared after this share of the clip."""

_FLASH_S = 0.6
_NOISES = 6
_STREAKS = 130
_SHAKE_PX = (6.0, 3.5)
_JITTER_PX = 1.2
_BEAM_S = 4.0
_TREES = ((0.62, 0.30), (0.9, 0.34))
_POLES = ((0.56, 0.42), (0.78, 0.5))
_FLAGS = ((190, 40, 40), (30, 70, 160))

Levels = npt.NDArray[np.float32]


class Weather:
    """One condition over one clip of `seconds`."""

    def __init__(self, name: str, seconds: float, seed: int) -> None:
        self.name, self._seconds = name, seconds
        self._random = np.random.default_rng([seed, CONDITIONS.index(name)])

    def shift(self, at_s: float) -> tuple[int, int]:
        """How far the mast has moved the picture, in pixels."""
        if self.name != "shake":
            return 0, 0
        jitter = self._random.normal(0.0, _JITTER_PX, 2)
        right = _SHAKE_PX[0] * math.sin(2 * math.pi * 0.8 * at_s) + jitter[0]
        down = _SHAKE_PX[1] * math.sin(2 * math.pi * 1.1 * at_s + 1.0) + jitter[1]
        return round(right), round(down)

    def shown(self, picture: Image8, at_s: float, shift: tuple[int, int] = (0, 0)) -> Image8:
        """What the camera makes of (360, 640, 3) at this time."""
        if shift != (0, 0):
            picture = _moved(picture, *shift)
        if self.name == "night":
            return self._noisy(_night(picture), 5)
        if self.name == "headlights":
            return self._noisy(_beams(_night(picture), at_s), 5)
        if self.name == "infrared":
            return self._infrared(picture, at_s)
        if self.name == "rain":
            return self._noisy(self._rain(picture), 3)
        return self._noisy(_windy(picture, at_s) if self.name == "flags" else picture, 2)

    def _noisy(self, picture: Image8, sigma: int) -> Image8:
        noise = _noises(sigma)[int(self._random.integers(0, _NOISES))]
        noisy: Image8 = np.clip(picture.astype(np.int16) + noise, 0, 255).astype(np.uint8)
        return noisy

    def _infrared(self, picture: Image8, at_s: float) -> Image8:
        """Dusk, then washed out for a moment, then grey under the camera's own lamp."""
        since_s = at_s - SWITCH_AT * self._seconds
        if since_s < 0.0:
            return self._noisy(_table(0.55, 0.0)[picture], 4)
        grey = picture.mean(axis=2, dtype=np.float32)[..., None]
        lit: Levels = grey * 1.7 + 70 if since_s < _FLASH_S else 12 + grey * 0.75 * _lamp()
        return self._noisy(np.clip(np.repeat(lit, 3, axis=2), 0, 255).astype(np.uint8), 4)

    def _rain(self, picture: Image8) -> Image8:
        image = Image.fromarray(_table(0.82, 18.0)[picture])
        pen = ImageDraw.Draw(image)
        starts = self._random.uniform((0, -20), (WIDTH, HEIGHT), (_STREAKS, 2))
        lengths = self._random.uniform(8, 26, _STREAKS)
        for (x, y), length in zip(starts.tolist(), lengths.tolist(), strict=True):
            pen.line([(x, y), (x - length * 0.15, y + length)], fill=(196, 200, 206))
        return np.asarray(image)


def _moved(picture: Image8, right: int, down: int) -> Image8:
    """The edge is repeated."""
    rows = np.clip(np.arange(HEIGHT) - down, 0, HEIGHT - 1)
    columns = np.clip(np.arange(WIDTH) - right, 0, WIDTH - 1)
    return picture[rows[:, None], columns[None, :]]


@lru_cache(maxsize=16)
def _table(gain: float, lift: float) -> Image8:
    table: Image8 = np.clip(np.arange(256) * gain + lift, 0, 255).astype(np.uint8)
    return table


@lru_cache(maxsize=8)
def _noises(sigma: int) -> tuple[npt.NDArray[np.int16], ...]:
    random = np.random.default_rng(sigma)
    return tuple(random.normal(0.0, sigma, (HEIGHT, WIDTH, 1)).astype(np.int16) for _ in range(_NOISES))


@lru_cache(maxsize=1)
def _grid() -> tuple[Levels, Levels]:
    y, x = np.mgrid[0 : 1 : HEIGHT * 1j, 0 : 1 : WIDTH * 1j]
    return x.astype(np.float32), y.astype(np.float32)


@lru_cache(maxsize=1)
def _lamps() -> Levels:
    """Street lamps of the night: how much of the light is left where."""
    x, y = _grid()
    light = np.full_like(x, 0.34)
    for at in (0.2, 0.75):
        light += 0.3 * np.exp(-((x - at) ** 2 / 0.03 + (y - 0.75) ** 2 / 0.1))
    return light[..., None]


@lru_cache(maxsize=1)
def _lamp() -> Levels:
    x, y = _grid()
    return (0.55 + 0.65 * np.exp(-((x - 0.5) ** 2 / 0.12 + (y - 0.7) ** 2 / 0.2)))[..., None].astype(np.float32)


def _night(picture: Image8) -> Image8:
    return np.asarray(picture * _lamps(), np.uint8)


def _beams(picture: Image8, at_s: float) -> Image8:
    """A car comes round the corner every four seconds: its lamps, their light on the ground, and the exposure."""
    x, y = _grid()
    share = (at_s % _BEAM_S) / _BEAM_S
    at = -0.15 + 1.3 * share
    glow = 150 * np.exp(-((x - at - 0.12) ** 2 / 0.02 + (y - 0.72) ** 2 / 0.008))
    for lamp in (at - 0.025, at + 0.025):
        glow += 255 * np.exp(-((x - lamp) ** 2 / 0.0003 + (y - 0.56) ** 2 / 0.0006))
    exposure = 1.0 - 0.22 * math.sin(math.pi * share)
    lit: Image8 = np.clip(picture * np.float32(exposure) + glow[..., None], 0, 255).astype(np.uint8)
    return lit


def _windy(picture: Image8, at_s: float) -> Image8:
    """Two trees before the houses and two flags, all in a strong wind."""
    image = Image.fromarray(picture)
    pen = ImageDraw.Draw(image)
    for number, (x, y) in enumerate(_TREES):
        sway = 9 * math.sin(2 * math.pi * 0.45 * at_s + number) + 3 * math.sin(2 * math.pi * 1.3 * at_s)
        crown = _crown(number)
        root = round(x * WIDTH), round((y + 0.38) * HEIGHT)
        pen.line([root, (root[0] + sway * 0.6, y * HEIGHT + 60)], fill=(70, 54, 40), width=7)
        image.paste(crown, (round(x * WIDTH - crown.width / 2 + sway), round(y * HEIGHT - 30)), crown)
    for number, (x, y) in enumerate(_POLES):
        left, top = x * WIDTH, y * HEIGHT
        pen.line([(left, top), (left, top + 110)], fill=(210, 210, 214), width=3)
        wave = [5 * math.sin(2 * math.pi * (1.6 * at_s - step / 5) + number) * (step / 5) for step in range(6)]
        upper = [(left + 9 * step, top + wave[step]) for step in range(6)]
        lower = [(left + 9 * step, top + 30 + wave[step]) for step in reversed(range(6))]
        pen.polygon(upper + lower, fill=_FLAGS[number])
    return np.asarray(image)


@lru_cache(maxsize=4)
def _crown(number: int) -> Image.Image:
    random = np.random.default_rng(number)
    tone = random.integers(40, 120, (14, 12, 1)).repeat(8, 0).repeat(8, 1)
    leaves = np.clip(np.concatenate((tone * 0.6, tone, tone * 0.4), axis=2), 0, 255).astype(np.uint8)
    crown = Image.fromarray(leaves).filter(ImageFilter.GaussianBlur(1.5))
    mask = Image.new("L", crown.size)
    pen = ImageDraw.Draw(mask)
    for _ in range(14):
        x, y, r = random.uniform(18, crown.width - 18), random.uniform(18, crown.height - 18), random.uniform(12, 20)
        pen.ellipse([x - r, y - r, x + r, y + r], fill=255)
    crown.putalpha(mask.filter(ImageFilter.GaussianBlur(1)))
    return crown
