"""The still with boxes that operators and reports show, made from the original JPEG and the stored marks.

The original is never changed: this draws on a copy. Pure, any thread; needs Pillow, no Qt.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from storage.records import BoxMark

FONT_FOLDER = Path(__file__).resolve().parent.parent / "resources" / "fonts"
BOX_COLOUR = (255, 196, 0)
_EDGE_COLOUR = (0, 0, 0)
_TEXT_COLOUR = (0, 0, 0)
_JPEG_QUALITY = 90


def marked_still(original: bytes, marks: Sequence[BoxMark], names: dict[str, str] | None = None) -> bytes:
    """JPEG bytes with a box, label, track number and score for each mark; `names` translates labels.

    Raises OSError (Pillow's UnidentifiedImageError is one) when `original` is not a readable picture."""
    with Image.open(io.BytesIO(original)) as source:
        picture = source.convert("RGB")
    draw = ImageDraw.Draw(picture)
    for mark in marks:
        _draw_mark(draw, picture.size, mark, (names or {}).get(mark.label, mark.label))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_JPEG_QUALITY, subsampling=0)
    return out.getvalue()


def _draw_mark(draw: ImageDraw.ImageDraw, size_px: tuple[int, int], mark: BoxMark, name: str) -> None:
    width, height = size_px
    x1, x2 = sorted((_inside(mark.box.x1) * (width - 1), _inside(mark.box.x2) * (width - 1)))
    y1, y2 = sorted((_inside(mark.box.y1) * (height - 1), _inside(mark.box.y2) * (height - 1)))
    line_px = max(2, round(height / 240))
    draw.rectangle((x1 - 1, y1 - 1, x2 + 1, y2 + 1), outline=_EDGE_COLOUR, width=line_px + 2)
    draw.rectangle((x1, y1, x2, y2), outline=BOX_COLOUR, width=line_px)
    font = _font(max(11, round(height / 30)))
    text = f"{name} #{mark.track_id} {mark.score:.0%}"
    left, top, right, bottom = draw.textbbox((0, 0), text, font=font)
    text_width, text_height = right - left + 8, bottom - top + 6
    x = min(x1, max(width - text_width, 0))
    y = y1 - text_height if y1 >= text_height else min(y1, height - text_height)
    draw.rectangle((x, y, x + text_width, y + text_height), fill=BOX_COLOUR)
    draw.text((x + 4 - left, y + 3 - top), text, font=font, fill=_TEXT_COLOUR)


def _inside(value: float) -> float:
    return min(max(value, 0.0), 1.0)


@lru_cache(maxsize=8)
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(FONT_FOLDER / "NotoSans-Bold.ttf"), size_px)
