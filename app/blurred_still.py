"""Stills in which people are pixelated, as they are in the film beside them. Pure, any thread; Pillow."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from storage.records import Box
from video.view_copy import Hidden

if TYPE_CHECKING:
    from PIL import Image

_CELLS, _CELLS_OF_ALL = 6, 24
_LEAST_CELL_PX = 8
_QUALITY = 95


def blurred_still(jpeg: bytes, hidden: Hidden, utc_s: float) -> bytes:
    """What is hidden at that time becomes coarse cells, too few for a face or a plate; everything else stays.

    Raises OSError when `jpeg` is not a readable picture."""
    from PIL import Image  # Pillow: not at start

    with Image.open(io.BytesIO(jpeg)) as source:
        image = source.convert("RGB")
    kept = hidden.kept_at(utc_s) if hidden.hide_rest else None
    before = _cut(image, kept) if kept is not None else None
    if hidden.hide_rest:
        _coarsen(image, Box(0.0, 0.0, 1.0, 1.0), _CELLS_OF_ALL)
    if kept is not None and before is not None:
        image.paste(before, _area(image, kept)[:2])
    for box in hidden.boxes_at(utc_s):
        _coarsen(image, box, _CELLS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY, subsampling=0)
    return out.getvalue()


def _area(image: Image.Image, box: Box) -> tuple[int, int, int, int]:
    """Whole pixels, one more at the right and below."""
    width, height = image.size
    x1, y1 = (int(min(max(at, 0.0), 1.0) * size) for at, size in ((box.x1, width), (box.y1, height)))
    x2, y2 = (int(min(max(at, 0.0), 1.0) * size) + 1 for at, size in ((box.x2, width), (box.y2, height)))
    return x1, y1, min(x2, width), min(y2, height)


def _cut(image: Image.Image, box: Box) -> Image.Image | None:
    area = _area(image, box)
    return image.crop(area) if area[2] > area[0] and area[3] > area[1] else None


def _coarsen(image: Image.Image, box: Box, cells: int) -> None:
    from PIL import Image

    found = _cut(image, box)
    if found is None:
        return
    cell = max(max(found.size) // cells, _LEAST_CELL_PX)
    few = (-(-found.width // cell), -(-found.height // cell))
    coarse = found.resize(few, Image.Resampling.BOX).resize(found.size, Image.Resampling.NEAREST)
    image.paste(coarse, _area(image, box)[:2])
