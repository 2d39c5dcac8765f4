"""Stills with privacy masks burned in, made from the original JPEG, which stays. Pure, any thread; Pillow."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.masks import MASK_COLOUR, Polygon

if TYPE_CHECKING:
    from PIL import Image

_JPEG_QUALITY = 90
_GROWTH_PX = 3


def draw_masks(picture: Image.Image, masks: Sequence[Polygon]) -> None:
    """Cover the polygons of an RGB picture, and a pixel around them: half a pixel of a face is not wanted either."""
    from PIL import ImageDraw  # Pillow: not at start

    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    for mask in masks:
        corners = [(x * (width - 1), y * (height - 1)) for x, y in mask]
        draw.polygon(corners, fill=MASK_COLOUR)
        draw.line([*corners, corners[0]], fill=MASK_COLOUR, width=_GROWTH_PX)


def masked_still(jpeg: bytes, masks: Sequence[Polygon], *, quarters: int = 0, mirrored: bool = False) -> bytes:
    """A new JPEG with the masks burned in, then mirrored and turned clockwise; the same bytes where nothing is done.

    Raises OSError (Pillow's UnidentifiedImageError is one) when `jpeg` is not a readable picture."""
    if not masks and not quarters % 4 and not mirrored:
        return jpeg
    from PIL import Image

    with Image.open(io.BytesIO(jpeg)) as source:
        picture = source.convert("RGB")
    draw_masks(picture, masks)
    if mirrored:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if quarters % 4:
        picture = picture.transpose(Image.Transpose[_TURNS[quarters % 4]])
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return out.getvalue()


_TURNS = {1: "ROTATE_270", 2: "ROTATE_180", 3: "ROTATE_90"}
"""Pillow turns counter-clockwise."""
