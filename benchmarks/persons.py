"""Street scenes with people of a chosen height, for benches of detectors. In memory only; nobody's picture is kept.

Made: the two cut-outs of the demo (`video.cutouts`) in many dresses. Real: people cut out of the clips in
`WATCHFLOOR_TEST_MEDIA` by difference from the clip's median picture, where a detector is sure of them.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from PIL import Image as PilImage
from PIL import ImageFilter

from detection.detector import Detector, Image
from video.cutouts import Cutouts, Look, Sprite, sprite_from
from video.street import LIGHTS, Backdrop, draw_street

WIDTH, HEIGHT = 640, 360
_CLOTHES = (None, (60, 60, 70), (150, 40, 40), (40, 70, 130), (200, 200, 190), (70, 90, 60))
_KINDS = ("street", "plaza", "avenue")
_EVERY_FRAMES = 8
_SURE = 0.6
_LEAST_HEIGHT = 0.35
_MOST_CUTOUTS = 40
_CHANGE = 28
_FILL = (0.25, 0.85)


class People:
    """Sprites of people by height in pixels; `material` says where they come from."""

    def __init__(self, seed: int, real: Sequence[PilImage.Image] = ()) -> None:
        self.material = f"{len(real)} cut-outs of the clips" if real else "made: two cut-outs in many dresses"
        self._real = real
        self._random = np.random.default_rng(seed)
        self._cutouts = Cutouts()
        looks = [Backdrop(n, kind, light) for n, (kind, light) in enumerate((k, li) for k in _KINDS for li in LIGHTS)]
        self._grounds = [draw_street(look, WIDTH, HEIGHT) for look in looks]

    def scene(self, height_px: int, count: int) -> Image:
        """(360, 640, 3) BGR with `count` people side by side, 7 % more or less than `height_px`."""
        random = self._random
        picture = self._grounds[random.integers(len(self._grounds))].copy()
        for place in range(count):
            sprite = self._sprite(round(height_px * random.uniform(0.93, 1.07)))
            x = round((place + random.uniform(0.1, 0.7)) * WIDTH / count)
            sprite.paste(picture, x, round(random.uniform(0.35 * HEIGHT, HEIGHT - 4 - height_px * 1.07)))
        return np.ascontiguousarray(picture[..., ::-1])

    def _sprite(self, height_px: int) -> Sprite:
        random = self._random
        flip = bool(random.integers(2))
        if self._real:
            return _scaled(self._real[int(random.integers(len(self._real)))], height_px, flip)
        coat, trousers = (_CLOTHES[random.integers(len(_CLOTHES))] for _ in range(2))
        look = Look(("cream", "dark")[random.integers(2)], coat, trousers)
        return self._cutouts.sprite(look, height_px, int(random.integers(8)), flip, (1.0, 1.0, 1.0))


def real_people(detector: Detector) -> list[PilImage.Image]:
    """RGBA cut-outs from the clips of `WATCHFLOOR_TEST_MEDIA`; none when it is not set or nobody walks there."""
    folder = os.environ.get("WATCHFLOOR_TEST_MEDIA", "")
    found: list[PilImage.Image] = []
    for path in sorted(Path(folder).glob("*person*.mp4")) if folder else ():
        frames = _frames(path)
        ground = np.median(frames[:: max(len(frames) // 40, 1)], axis=0).astype(np.int16)
        for frame in frames:
            found += _cut_out(frame, ground, detector)
    return found[:: max(len(found) // _MOST_CUTOUTS, 1)][:_MOST_CUTOUTS]


def _frames(path: Path) -> list[Image]:
    with av.open(str(path)) as container:
        pictures = enumerate(container.decode(video=0))
        wanted = (picture for number, picture in pictures if number % _EVERY_FRAMES == 0)
        return [np.asarray(picture.to_ndarray(format="bgr24"), np.uint8) for picture in wanted]


def _cut_out(frame: Image, ground: npt.NDArray[np.int16], detector: Detector) -> list[PilImage.Image]:
    height, width = frame.shape[:2]
    seen = detector.detect(frame)
    cut = []
    for box, score, label in zip(seen.boxes, seen.scores, seen.labels, strict=True):
        inside = box.min() > 0.01 and box.max() < 0.99
        if label != "person" or score < _SURE or not inside or box[3] - box[1] < _LEAST_HEIGHT:
            continue
        x1, y1, x2, y2 = (box * (width, height, width, height)).astype(int)
        part = np.s_[y1:y2, x1:x2]
        changed = (np.abs(frame[part].astype(np.int16) - ground[part]).max(axis=2) > _CHANGE).astype(np.uint8) * 255
        mask = PilImage.fromarray(changed).filter(ImageFilter.MedianFilter(7)).filter(ImageFilter.GaussianBlur(1))
        if _FILL[0] < np.asarray(mask).mean() / 255 < _FILL[1]:
            person = PilImage.fromarray(np.ascontiguousarray(frame[part][..., ::-1]))
            person.putalpha(mask)
            cut.append(person)
    return cut


def _scaled(person: PilImage.Image, height_px: int, flip: bool) -> Sprite:
    width_px = max(round(person.width * height_px / person.height), 2)
    small = person.convert("RGBa").resize((width_px, height_px), PilImage.Resampling.LANCZOS).convert("RGBA")
    if flip:
        small = small.transpose(PilImage.Transpose.FLIP_LEFT_RIGHT)
    return sprite_from(np.asarray(small.convert("RGB"), np.float32), small.getchannel("A"))
