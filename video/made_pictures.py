"""Made pictures for whoever wants to know what painting them costs. One thread; not for showing."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import av
import numpy as np
from av.video.frame import VideoFrame

from video.convert import Converter
from video.frame import Packet, Picture

if TYPE_CHECKING:
    from av.video.stream import VideoStream

_FRAMES = 4


class MadePictures:
    """A few different frames of one size, as a decoder would give them, converted as the decode pool does."""

    def __init__(self, width: int = 640, height: int = 360, pixel_format: str = "yuv420p") -> None:
        self._frames = [_frame(width, height, number).reformat(format=pixel_format) for number in range(_FRAMES)]
        self._packet = Packet(cast("av.Packet[VideoStream]", av.Packet()), 0, True, 0.0, 0.0, 0.0, 0, 0)
        self._converter = Converter("made")

    def picture(self, number: int, box: tuple[int, int], pixel_format: str) -> Picture:
        """The frame of this number, the same again after a few, for a tile of this size."""
        return self._converter.picture(self._frames[number % _FRAMES], self._packet, number, box, pixel_format)


def _frame(width: int, height: int, number: int) -> VideoFrame:
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    pixels = np.stack([across * 255 // width, down * 255 // height, (across + down + 40 * number) % 256], axis=-1)
    return VideoFrame.from_ndarray(pixels.astype(np.uint8), format="rgb24")
