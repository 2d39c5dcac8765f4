"""A still with what is known of it printed beside: a strip right of the picture, lines below; nothing over it.

Pure, any thread; Pillow is imported when a card is drawn.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

from app.dori import DoriBand, DoriClass, level_text

if TYPE_CHECKING:
    from PIL import ImageFont

_QUALITY = 95
_PAPER, _INK, _FAINT = (255, 255, 255), (20, 22, 26), (120, 126, 134)
_COLOURS = {
    DoriClass.IDENTIFY: (27, 94, 32),
    DoriClass.RECOGNISE: (76, 140, 74),
    DoriClass.OBSERVE: (139, 184, 120),
    DoriClass.DETECT: (205, 224, 190),
    DoriClass.NONE: (232, 234, 237),
}
"""One hue, darker is more: it also reads in grey."""


def still_card(jpeg: bytes, lines: Sequence[str], bands: Sequence[DoriBand]) -> bytes:
    """JPEG: the picture at its full size, the bands' strip beside it, the lines below.

    Raises OSError when `jpeg` is not a readable picture."""
    from PIL import Image, ImageDraw

    with Image.open(io.BytesIO(jpeg)) as source:
        picture = source.convert("RGB")
    width, height = picture.size
    size = max(round(height / 40), 12)
    font = _font(size)
    texts = [_fit(" ".join(line.split()), font, width) for line in lines]
    strip = _strip_width(bands, font, size)
    card = Image.new("RGB", (width + strip, height + round(size * 1.45 * len(texts)) + size), _PAPER)
    card.paste(picture, (0, 0))
    draw = ImageDraw.Draw(card)
    for band in bands:
        top, bottom = round(band.top * height), max(round(band.bottom * height) - 1, 0)
        draw.rectangle((width + size // 2, top, width + size, bottom), fill=_COLOURS[band.level])
        draw.line((width + size // 2, top, width + strip, top), fill=_FAINT)
        if bottom - top >= size * 1.2:
            draw.text((width + size * 1.4, top + size * 0.2), level_text(band.level), font=font, fill=_INK)
    for number, text in enumerate(texts):
        draw.text((size // 2, height + size // 2 + round(size * 1.45 * number)), text, font=font, fill=_INK)
    out = io.BytesIO()
    card.save(out, "JPEG", quality=_QUALITY, subsampling=0)
    return out.getvalue()


def _strip_width(bands: Sequence[DoriBand], font: ImageFont.FreeTypeFont, size: int) -> int:
    if not bands:
        return 0
    return round(max(font.getlength(level_text(band.level)) for band in bands) + size * 2)


def _fit(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """Cut where it would leave the picture's width."""
    room = max(width - 8, 40)
    while len(text) > 1 and font.getlength(text) > room:
        text = text[:-2] + "…"
    return text


def _font(size: int) -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    name = "NotoSans-Regular.ttf"
    return ImageFont.truetype(io.BytesIO(files("resources").joinpath("fonts", name).read_bytes()), size)
