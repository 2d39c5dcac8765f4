"""Made pictures of a street and what happens to its camera: five troubles, and what only looks like one."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from video.street import Backdrop, draw_street

Image8 = npt.NDArray[np.uint8]
Change = Callable[[Image8, float, np.random.Generator], Image8]

STREETS = (
    Backdrop(1, "street", "day", (0.2, 0.7)),
    Backdrop(2, "plaza", "overcast"),
    Backdrop(3, "avenue", "dusk", (0.1,)),
    Backdrop(4, "street", "morning", zebra=0.4),
)
BEGIN_S, SECONDS = 14.0, 30.0


@lru_cache(maxsize=8)
def street(number: int) -> Image8:
    """BGR."""
    return np.ascontiguousarray(draw_street(STREETS[number], 640, 360)[:, :, ::-1])


def _noisy(image: npt.NDArray[np.float32], random: np.random.Generator, sigma: float = 2.0) -> Image8:
    noise = _noises()[int(random.integers(0, 7))] * np.float32(sigma)
    return np.clip(np.asarray(image, np.float32) + noise, 0, 255).astype(np.uint8)


@lru_cache(maxsize=1)
def _noises() -> list[npt.NDArray[np.float32]]:
    random = np.random.default_rng(0)
    return [random.normal(0.0, 1.0, (360, 640, 1)).astype(np.float32) for _ in range(7)]


def _walkers(image: Image8, at_s: float, speed: float = 0.07) -> Image8:
    image = image.copy()
    for number in range(3):
        x = int(((0.2 + 0.3 * number + speed * at_s) % 1.0) * 600)
        image[180:300, x : x + 36] = (60 + 40 * number, 50, 90)
    return image


def plain(image: Image8, at_s: float, random: np.random.Generator) -> Image8:
    return _noisy(_walkers(image, at_s).astype(np.float32), random)


def _during(change: Change, length_s: float = 1e9) -> Change:
    def made(image: Image8, at_s: float, random: np.random.Generator) -> Image8:
        if not BEGIN_S <= at_s < BEGIN_S + length_s:
            return plain(image, at_s, random)
        return change(_walkers(image, at_s), at_s, random)

    return made


def _covered(image: Image8, at_s: float, random: np.random.Generator) -> Image8:
    y, x = np.mgrid[0:1:360j, 0:1:640j]
    return _noisy((70 + 40 * x + 30 * y)[..., None] * np.array((0.7, 0.8, 1.0)), random, 3.0)


def _sprayed(image: Image8, at_s: float, random: np.random.Generator) -> Image8:
    cover = _covered(image, at_s, random).astype(np.float32)
    cover[:40, :120] = image[:40, :120]
    return cover.astype(np.uint8)


def _sprayed_at_night(image: Image8, at_s: float, random: np.random.Generator) -> Image8:
    """Most of a night's texture is the sensor's noise, and stays."""
    if at_s < BEGIN_S:
        return _noisy(_walkers(image, at_s) * np.float32(0.35), random, 5.0)
    covered = _sprayed(np.asarray(image * np.float32(0.35), np.uint8), at_s, random)
    return _noisy(covered.astype(np.float32), random, 5.0)


def _blurred(image: Image8, at_s: float, random: np.random.Generator) -> Image8:
    soft = np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(4)), np.float32)
    return _noisy(soft, random, 1.0)


def _turned(image: Image8, at_s: float, random: np.random.Generator) -> Image8:
    return _noisy(np.roll(image, (40, 210), axis=(0, 1)).astype(np.float32), random)


def _dark(image: Image8, at_s: float, random: np.random.Generator) -> Image8:
    return _noisy(image.astype(np.float32) * 0.03, random, 1.5)


def frozen(image: Image8, at_s: float, random: np.random.Generator) -> Image8:
    """From the trouble's beginning on always the same picture, to the last bit."""
    return plain(image, min(at_s, BEGIN_S), np.random.default_rng(1) if at_s >= BEGIN_S else random)


def _headlights(image: Image8, at_s: float, random: np.random.Generator) -> Image8:
    y, x = np.mgrid[0:1:360j, 0:1:640j]
    glow = 220 * np.exp(-((x - 0.5) ** 2 + (y - 0.7) ** 2) / 0.03)
    return _noisy(image.astype(np.float32) * 0.8 + glow[..., None], random)


def _infrared(image: Image8, at_s: float, random: np.random.Generator) -> Image8:
    grey = image.astype(np.float32).mean(axis=2, keepdims=True) * 0.6 + 15
    return _noisy(np.repeat(grey, 3, axis=2), random, 5.0)


def _bus(image: Image8, at_s: float, random: np.random.Generator) -> Image8:
    image = image.copy()
    left = int((at_s - BEGIN_S) / 3.0 * 900) - 400
    image[120:320, max(left, 0) : max(left + 400, 0)] = (40, 60, 190)
    return _noisy(image.astype(np.float32), random)


def _dusk(image: Image8, at_s: float, random: np.random.Generator) -> Image8:
    share = min(max((SECONDS - at_s) / SECONDS, 0.0), 1.0)
    return _noisy(_walkers(image, at_s).astype(np.float32) * (0.3 + 0.7 * share), random)


def _rain(image: Image8, at_s: float, random: np.random.Generator) -> Image8:
    image = image.copy()
    for _ in range(120):
        x, y = int(random.integers(0, 636)), int(random.integers(0, 330))
        image[y : y + 24, x : x + 1] = 210
    return _noisy(image.astype(np.float32) * 0.9, random, 4.0)


TROUBLES: dict[str, tuple[str, Change]] = {
    "covered": ("covered", _during(_covered)),
    "sprayed": ("covered", _during(_sprayed)),
    "sprayed at night": ("covered", _sprayed_at_night),
    "defocused": ("defocused", _during(_blurred)),
    "moved": ("moved", _during(_turned)),
    "dark": ("dark", _during(_dark)),
    "frozen": ("frozen", frozen),
}
HARMLESS: dict[str, Change] = {
    "plain": plain,
    "headlights": _during(_headlights, 3.0),
    "infrared": _during(_infrared),
    "bus": _during(_bus, 3.0),
    "dusk": _dusk,
    "rain": _during(_rain),
    "covered for two seconds": _during(_covered, 2.0),
    "dark for two seconds": _during(_dark, 2.0),
}
