"""People and a bus cut out of the one photograph that the `ultralytics` package carries: sprites for demo scenes.

The photograph itself is never copied; `resources/demo/cutouts.json` holds outlines in its pixels. Faces are averaged to
a handful of cells before anything else happens, so that no sprite shows a face. Coats and trousers are recoloured, legs
swing (a trapezoid): two people serve for a dozen.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from video.source import VideoCode, VideoError
from video.street import Image8, Rgb

Blend = npt.NDArray[np.uint16]
Gain = tuple[float, float, float]

STRIDE_PHASES = 8
_FACE_CELLS = (3, 3)
_FACE_BLUR_PX = 9
_LIGHTNESS_WEIGHT = 0.25


@dataclass(frozen=True, slots=True)
class Look:
    """One cut-out in one dress: `coat` and `trousers` replace the colours of the photograph."""

    cutout: str
    coat: Rgb | None = None
    trousers: Rgb | None = None


@dataclass(frozen=True, slots=True)
class Sprite:
    """A cut-out ready to be pasted: `colour` (h, w, 3) times opacity, `clear` (h, w, 1) the rest of it, 0..256.

    `body` is the opaque part in sprite pixels (x1, y1, x2, y2)."""

    colour: Blend
    clear: Blend
    body: tuple[int, int, int, int]

    def paste(self, picture: Image8, left: int, top: int) -> None:
        """Blend into (height, width, 3) `picture`; what lies outside is cut off."""
        height, width = self.colour.shape[:2]
        x1, y1 = max(left, 0), max(top, 0)
        x2, y2 = min(left + width, picture.shape[1]), min(top + height, picture.shape[0])
        if x1 >= x2 or y1 >= y2:
            return
        part = np.s_[y1 - top : y2 - top, x1 - left : x2 - left]
        picture[y1:y2, x1:x2] = (picture[y1:y2, x1:x2] * self.clear[part] + self.colour[part]) >> 8


def sprite_from(rgb: npt.NDArray[np.float32], mask: Image.Image) -> Sprite:
    """A sprite of RGB pixels (h, w, 3), 0..255, and their opacity."""
    opacity = np.asarray(mask, np.float32)[..., None] * (256 / 255)
    body = mask.point([0] * 128 + [255] * 128).getbbox() or (0, 0, mask.width, mask.height)
    return Sprite((rgb * opacity).astype(np.uint16), (256 - opacity).astype(np.uint16), body)


def picture_path() -> Path:
    """Where the photograph is, without importing ultralytics. Raises VideoError(NO_FILE)."""
    spec = find_spec("ultralytics")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "assets" / "bus.jpg"
        if path.is_file():
            return path
    raise VideoError(VideoCode.NO_FILE, url="ultralytics/assets/bus.jpg")


class Cutouts:
    """All sprites of one process, cached by look, height, stride, direction and light. Not for two threads at once."""

    def __init__(self, picture: Path | None = None) -> None:
        data: dict[str, Any] = json.loads((files("resources") / "demo" / "cutouts.json").read_text(encoding="utf-8"))
        self._shapes: dict[str, dict[str, Any]] = data["cutouts"]
        try:
            with Image.open(picture or picture_path()) as image:
                self._photo = image.convert("RGB")
        except OSError as error:
            raise VideoError(VideoCode.NO_FILE, url="ultralytics/assets/bus.jpg") from error
        if self._photo.size != tuple(data["size_px"]):
            raise VideoError(VideoCode.DAMAGED, url="ultralytics/assets/bus.jpg")
        self._dressed = lru_cache(maxsize=64)(self._cut)
        self.sprite = lru_cache(maxsize=2048)(self._sprite)

    def _sprite(self, look: Look, height_px: int, phase: int, flip: bool, gain: Gain) -> Sprite:
        cut = self._dressed(look)
        width_px = max(2, round(cut.width * height_px / cut.height))
        # Premultiplied ("RGBa"), or the street behind the people of the photograph bleeds into their edges.
        small = cut.convert("RGBa").resize((width_px, max(2, height_px)), Image.Resampling.LANCZOS)
        hip = self._shapes[look.cutout].get("hip")
        if hip is not None:
            small = _step(small, hip, phase)
        if flip:
            small = small.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        straight = small.convert("RGBA")
        lit = np.asarray(straight.convert("RGB"), np.float32) * np.asarray(gain, np.float32)
        return sprite_from(np.clip(lit, 0, 255), straight.getchannel("A"))

    def _cut(self, look: Look) -> Image.Image:
        shape = self._shapes[look.cutout]
        photo = self._photo.copy()
        if "face" in shape:
            _hide_face(photo, shape["face"])
        pen = ImageDraw.Draw(photo)
        for patch in shape.get("patches", ()):
            pen.polygon([(x, y) for x, y in patch["points"]], fill=tuple(patch["rgb"]))
        for part, colour in (("coat", look.coat), ("trousers", look.trousers)):
            if colour is not None:
                _dye(photo, shape["parts"][part], colour)
        mask = Image.new("L", photo.size)
        ImageDraw.Draw(mask).polygon([(x, y) for x, y in shape["outline"]], fill=255)
        photo.putalpha(mask.filter(ImageFilter.GaussianBlur(0.8)))
        return photo.crop(mask.getbbox())


def _hide_face(photo: Image.Image, box: list[int]) -> None:
    """Average the head to a few cells and blur these: irreversible, unlike a blur alone."""
    x1, y1, x2, y2 = box
    head = photo.crop((x1, y1, x2, y2))
    cells = head.resize(_FACE_CELLS, Image.Resampling.BOX).resize(head.size, Image.Resampling.BICUBIC)
    cells = cells.filter(ImageFilter.GaussianBlur(_FACE_BLUR_PX / 2))
    mask = Image.new("L", head.size)
    ImageDraw.Draw(mask).ellipse([2, 6, head.width - 2, head.height - 2], fill=255)
    photo.paste(cells, (x1, y1), mask.filter(ImageFilter.GaussianBlur(2)))


def _dye(photo: Image.Image, part: dict[str, Any], colour: Rgb) -> None:
    """Replace a cloth's colour, folds kept; hands and buttons are too far from the cloth's colour to be dyed."""
    x1, y1, x2, y2 = part["area"]
    pixels = np.asarray(photo.crop((x1, y1, x2, y2)), np.float32)
    base = np.asarray(part["rgb"], np.float32)
    lightness, base_lightness = pixels.mean(axis=2, keepdims=True), base.mean()
    hue_distance = np.linalg.norm((pixels - lightness) - (base - base_lightness), axis=2)
    distance = hue_distance + _LIGHTNESS_WEIGHT * np.abs(lightness[..., 0] - base_lightness)
    share = np.clip(2.0 * (1.0 - distance / part["reach"]), 0.0, 1.0)[..., None]
    folds = (lightness - base_lightness) * 0.75
    dyed: npt.NDArray[np.float32] = np.asarray(colour, np.float32) + folds
    mixed = pixels + (dyed - pixels) * share
    photo.paste(Image.fromarray(np.clip(mixed, 0, 255).astype(np.uint8)), (x1, y1))


def _step(image: Image.Image, hip: float, phase: int) -> Image.Image:
    """Draw the legs together and apart: phase 0 is the photograph's full stride."""
    spread = 0.42 + 0.58 * abs(float(np.cos(np.pi * phase / STRIDE_PHASES)))
    width, height = image.size
    waist, middle = round(height * hip), width / 2
    left, right = middle - middle / spread, middle + middle / spread
    mesh = [
        ((0, 0, width, waist), (0, 0, 0, waist, width, waist, width, 0)),
        ((0, waist, width, height), (0, waist, left, height, right, height, width, waist)),
    ]
    return image.transform(image.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)
