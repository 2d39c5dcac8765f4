"""A picture turned by quarters, as a phone's film asks for that was held upright. Pure; small pictures, any thread."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from video.frame import Picture

_CHANNELS = 4


def turned(picture: Picture, quarters: int) -> Picture:
    """Clockwise by so many quarters, of a picture with four bytes a pixel; its source's size is turned with it."""
    quarters %= 4
    if not quarters:
        return picture
    rows = np.frombuffer(picture.pixels, np.uint8)[: picture.height * picture.stride]
    grid = rows.reshape(picture.height, picture.stride)[:, : picture.width * _CHANNELS]
    pixels = grid.reshape(picture.height, picture.width, _CHANNELS)
    made = np.ascontiguousarray(np.rot90(pixels, -quarters))
    wide, high = (picture.height, picture.width) if quarters % 2 else (picture.width, picture.height)
    source = (picture.source_width, picture.source_height)
    source_wide, source_high = source[::-1] if quarters % 2 else source
    return replace(
        picture,
        width=wide,
        height=high,
        stride=wide * _CHANNELS,
        source_width=source_wide,
        source_height=source_high,
        pixels=made.reshape(-1).data,
        owner=made,
    )
