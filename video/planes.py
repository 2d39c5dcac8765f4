"""Frames that stay as they were decoded, for a painter on the graphics card: what their planes mean. Any thread."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from video.frame import Picture, Plane, Planes

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

PLANES = "planes"
"""The `pixel_format` of a tap that takes them."""
DIRECT = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p"})
"""Eight bits, three planes; whatever else a decoder gives is converted to the first of them."""
_SMALL_PX = 400_000
_MOST_SHRUNK, _MOST_SMALL_SHRUNK = 4, 16
_WEIGHTS = {1: (0.2126, 0.0722), 7: (0.212, 0.087), 9: (0.2627, 0.0593), 10: (0.2627, 0.0593)}
_BT601 = (0.299, 0.114)
"""Also for what says nothing, as swscale has it: both ways of painting show the same colours."""
_FULL = 2


def too_large(frame_px: int, painted_px: int) -> bool:
    """Whether a frame has so many more pixels than its tile that it is better scaled before it is carried on."""
    most = _MOST_SMALL_SHRUNK if frame_px <= _SMALL_PX else _MOST_SHRUNK
    return frame_px > most * painted_px


def planes_of(frame: VideoFrame) -> Planes:
    """The three planes of a frame in one of the `DIRECT` formats, with the colours that FFmpeg found in the stream."""
    luma, blue, red = (Plane(memoryview(p), p.line_size, p.width, p.height) for p in frame.planes)
    kr, kb = _WEIGHTS.get(int(frame.colorspace), _BT601)
    full = frame.format.name.startswith("yuvj") or int(frame.color_range) == _FULL
    return Planes((luma, blue, red), kr, kb, full)


def colour_terms(planes: Planes) -> tuple[float, float, float, float, float, float]:
    """For samples of 0 to 1: black's luma, its scale, Cr's part of red, Cb's and Cr's of green, Cb's of blue."""
    black, scale, chroma = (0.0, 1.0, 1.0) if planes.full else (16 / 255, 255 / 219, 255 / 224)
    kr, kb = planes.kr, planes.kb
    kg = 1.0 - kr - kb
    red, blue = 2 * (1 - kr) * chroma, 2 * (1 - kb) * chroma
    return black, scale, red, -blue * kb / kg, -red * kr / kg, blue


def converted(picture: Picture) -> Picture:
    """A picture of planes as BGRA in the size of its colour planes: for the moment in which nothing else is there."""
    if picture.planes is None:
        return picture
    luma, blue, red = (_grid(part) for part in picture.planes.parts)
    height, width = blue.shape
    across, down = -(-luma.shape[1] // width), -(-luma.shape[0] // height)
    black, scale, *terms = colour_terms(picture.planes)
    light = (luma[::down, ::across].astype(np.float32) - 255 * black) * scale
    cb, cr = blue.astype(np.float32) - 128, red.astype(np.float32) - 128
    made: npt.NDArray[np.uint8] = np.full((height, width, 4), 255, np.uint8)
    for channel, part in enumerate((terms[3] * cb, terms[1] * cb + terms[2] * cr, terms[0] * cr)):
        made[:, :, channel] = np.clip(light + part + 0.5, 0, 255)
    return replace(
        picture,
        width=width,
        height=height,
        stride=4 * width,
        pixel_format="bgra",
        pixels=made.reshape(-1).data,
        owner=made,
        planes=None,
    )


def _grid(plane: Plane) -> npt.NDArray[np.uint8]:
    rows = np.frombuffer(plane.pixels, np.uint8)[: plane.height * plane.stride]
    return rows.reshape(plane.height, plane.stride)[:, : plane.width]
