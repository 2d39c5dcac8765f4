"""The decode pool's tap for a far view: the whole picture into one slot, a part of it larger into another.

The part is cut from the stream's own pixels as far as these go. Both come from one frame; the part is written first, so
that whoever sees the whole finds it there. Lives on a pool thread; not in the detection process, which only reads.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from video.convert import fitted
from video.frame import Picture
from video.shared_slots import FIT_HEIGHT_PX, FIT_WIDTH_PX, SharedSlots, SlotTap

MOST_PX = (3840, 2160)


class FarTap(SlotTap):
    """`part` is x1, y1, x2, y2 of the picture (0..1). `gain`: how many times larger things are in it than in the whole
    picture; 0 before the first."""

    def __init__(self, slots: SharedSlots, slot: int, far_slot: int, part: tuple[float, float, float, float]) -> None:
        super().__init__(slots, slot)
        self.gain = 0.0
        self._far = SlotTap(slots, far_slot)
        self._part = part
        self._scaler = VideoReformatter()

    def leave(self) -> None:
        """Write nothing more into either."""
        super().leave()
        self._far.leave()

    def wanted(self) -> tuple[int, int] | None:
        """A picture of which the part fills its slot."""
        if super().wanted() is None:
            return None
        x1, y1, x2, y2 = self._part
        return min(math.ceil(FIT_WIDTH_PX / (x2 - x1)), MOST_PX[0]), min(
            math.ceil(FIT_HEIGHT_PX / (y2 - y1)), MOST_PX[1]
        )

    def put(self, picture: Picture) -> None:
        """Cut the part out, make the whole smaller, write both."""
        rows = np.ndarray((picture.height, picture.width * 3), np.uint8, picture.pixels, strides=(picture.stride, 1))
        left, top, width, height = _cut(self._part, picture.width, picture.height)
        part = np.ascontiguousarray(rows[top : top + height, left * 3 : (left + width) * 3])
        whole_width, whole_height = fitted(picture.width, picture.height, (FIT_WIDTH_PX, FIT_HEIGHT_PX))
        self.gain = picture.width / whole_width
        self._far.put(replace(picture, width=width, height=height, stride=width * 3, pixels=part.data, owner=part))
        if (whole_width, whole_height) == (picture.width, picture.height):
            super().put(picture)
            return
        if not isinstance(picture.owner, VideoFrame):
            raise TypeError("a far view's picture is a frame")
        frame = self._scaler.reformat(
            picture.owner, whole_width, whole_height, self.pixel_format, interpolation=Interpolation.AREA, threads=1
        )
        plane = frame.planes[0]
        small = replace(picture, width=whole_width, height=whole_height, stride=plane.line_size)
        super().put(replace(small, pixels=memoryview(plane), owner=frame))


def _cut(part: tuple[float, float, float, float], width: int, height: int) -> tuple[int, int, int, int]:
    """Left, top, width, height in px: at most a slot's size, within the picture."""
    x1, y1, x2, y2 = part
    cut_width = min(max(round((x2 - x1) * width), 2), FIT_WIDTH_PX, width)
    cut_height = min(max(round((y2 - y1) * height), 2), FIT_HEIGHT_PX, height)
    return (
        min(round(x1 * width), width - cut_width),
        min(round(y1 * height), height - cut_height),
        cut_width,
        cut_height,
    )
