"""What a camera's picture usually looks like, and whether a place in it looks different now: something came there.

A small grey picture is learned slowly, and with it what each place varies by (leaves, water, flags). Places are
compared by their structure (normalised correlation, Lewis 1995), so that light, shadow and exposure change little. When
most of the picture is another one (infrared, a camera that turned), all is learned anew; until then nothing is said.
Pure; times are the frames' own. Detection process only.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from detection.detector import Image
from storage.records import Box

SETTLE_S = 10.0
"""So long a view must have been learned before it is one."""

LEAST_PERIOD_S = 0.95
STEP = 4
_LEAST_PX = 32
_LEARN_S = 60.0
_VARY_S = 30.0
_LONGEST_GAP_S = 600.0
_NOISES = 3.0
_LEAST_CHANGE = 4.0
"""Grey levels that are left when the usual picture is taken away: less is no change."""

_LIKE = 0.8
_OTHER_CHANGE = 12.0
_OTHER_SHARE = 0.4
"""Of the picture is different: it is another view."""

_MARGIN = 0.15
_LEAST_MARGIN_PX = 2
_THIN = 3

Levels = npt.NDArray[np.float32]


def quarter(image: Image) -> Levels:
    """Green of a BGR picture (H,W,3) at a quarter of its size, each value of two pixels."""
    rows, columns = image.shape[0] // STEP * STEP, image.shape[1] // STEP * STEP
    cut = image[:rows, :columns, 1]
    grey: Levels = (cut[::STEP, ::STEP].astype(np.float32) + cut[2::STEP, 2::STEP]) * np.float32(0.5)
    return grey


class UsualView:
    """One camera's. `see` each picture, ask `has_changed`, then `learn` without what is guarded."""

    def __init__(self) -> None:
        self._image: Image | None = None
        self._grey: Levels | None = None
        self._at_s = -math.inf
        self._usual: Levels | None = None
        self._varies = np.zeros((0, 0), np.float32)
        self._since_s = self._learned_s = 0.0
        self._looks = 0

    def see(self, image: Image, utc_s: float) -> None:
        """The picture (H,W,3 BGR) of the next look; it is not changed until the look after it."""
        fits = min(image.shape[:2]) >= _LEAST_PX and math.isfinite(utc_s)
        self._image, self._grey, self._at_s = image if fits else None, None, utc_s

    def has_changed(self, box: Box, utc_s: float) -> bool:
        """Whether the place of the box looks otherwise than usual in the picture of this time; False while nobody can
        tell."""
        usual, grey = self._usual, self._now(utc_s)
        if usual is None or grey is None or usual.shape != grey.shape or not self._is_settled(utc_s):
            return False
        place = _place(box, grey.shape)
        if place is None:
            return False
        top, bottom, left, right = place
        varies = float(self._varies[top:bottom, left:right].mean())
        least = max(_LEAST_CHANGE, _NOISES * varies)
        present = grey[top:bottom, left:right]
        for down, aside in _SHIFTS:  # wind moves the mast
            known = usual[top + down : bottom + down, left + aside : right + aside]
            if known.shape == present.shape and _is_like(present, known, least):
                return False
        return True

    def learn(self, utc_s: float, guarded: Iterable[Box]) -> None:
        """Follow the picture of this time, but not at the places of the boxes; at most once a second."""
        if 0.0 <= utc_s - self._learned_s < LEAST_PERIOD_S:
            return
        grey = self._now(utc_s)
        if grey is None:
            return
        passed_s, self._learned_s = utc_s - self._learned_s, utc_s
        usual = self._usual
        if usual is None or usual.shape != grey.shape or not 0.0 <= passed_s <= _LONGEST_GAP_S:
            self._begin(grey, utc_s)
            return
        change = np.abs(grey - _fitted(usual, grey))
        thin = change[::_THIN, ::_THIN]
        if float((thin > np.maximum(_OTHER_CHANGE, _NOISES * self._varies[::_THIN, ::_THIN])).mean()) > _OTHER_SHARE:
            self._begin(grey, utc_s)
            return
        self._follow(grey, change, passed_s, guarded)

    def _follow(self, grey: Levels, change: Levels, passed_s: float, guarded: Iterable[Box]) -> None:
        usual, varies = self._usual, self._varies
        if usual is None:
            return
        self._looks += 1
        least = 1.0 / (self._looks + 1) if not self._is_settled(self._learned_s) else 0.0
        kept = [(part, usual[part].copy(), varies[part].copy()) for part in _parts(guarded, grey.shape)]
        usual += (grey - usual) * np.float32(max(min(passed_s / _LEARN_S, 1.0), least))
        varies += (change - varies) * np.float32(max(min(passed_s / _VARY_S, 1.0), least))
        for part, old, variety in kept:
            usual[part], varies[part] = old, variety

    def _begin(self, grey: Levels, utc_s: float) -> None:
        self._usual, self._varies = grey.copy(), np.full_like(grey, _LEAST_CHANGE / _NOISES)
        self._since_s, self._looks = utc_s, 0

    def _is_settled(self, utc_s: float) -> bool:
        return utc_s - self._since_s >= SETTLE_S

    def _now(self, utc_s: float) -> Levels | None:
        """The picture of this time as it is compared; None where no such picture was seen."""
        if self._image is None or self._at_s != utc_s:
            return None
        if self._grey is None:
            self._grey = quarter(self._image)
        return self._grey


_SHIFTS = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))


def _fitted(usual: Levels, grey: Levels) -> Levels:
    """The usual picture as bright and as rich in contrast as this one."""
    known, seen = usual[::_THIN, ::_THIN], grey[::_THIN, ::_THIN]
    middle, bright = float(known.mean()), float(seen.mean())
    spread = float(np.square(known - middle).mean())
    common = float(((known - middle) * (seen - bright)).mean())
    gain = common / spread if spread > 1.0 and common > 0.0 else 1.0
    return usual * np.float32(gain) + np.float32(bright - gain * middle)


def _is_like(present: Levels, known: Levels, least: float) -> bool:
    """Whether one is the other in another light: alike in structure, or with less left than `least` levels."""
    seen, usual = present - present.mean(), known - known.mean()
    power, known_power = float(np.vdot(seen, seen)), float(np.vdot(usual, usual))
    common = max(float(np.vdot(seen, usual)), 0.0)
    explained = common * common / known_power if known_power > 0.0 else 0.0
    left = math.sqrt(max(power - explained, 0.0) / present.size)
    return left < least or explained >= _LIKE * _LIKE * power


def _place(box: Box, shape: tuple[int, ...]) -> tuple[int, int, int, int] | None:
    """Rows and columns (from, to) of a box and some of what is around it."""
    height, width = shape[0], shape[1]
    across = max(_MARGIN * (box.x2 - box.x1) * width, _LEAST_MARGIN_PX)
    down = max(_MARGIN * (box.y2 - box.y1) * height, _LEAST_MARGIN_PX)
    top, bottom = round(max(box.y1 * height - down, 1)), round(min(box.y2 * height + down, height - 1))
    left, right = round(max(box.x1 * width - across, 1)), round(min(box.x2 * width + across, width - 1))
    return (top, bottom, left, right) if bottom - top > 1 and right - left > 1 else None


def _parts(boxes: Iterable[Box], shape: tuple[int, ...]) -> list[tuple[slice, slice]]:
    places = (_place(box, shape) for box in boxes)
    return [(slice(place[0], place[1]), slice(place[2], place[3])) for place in places if place is not None]
