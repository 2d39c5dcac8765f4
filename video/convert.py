"""From decoded frames to pictures of the size that a taker wants. Lives on one pool thread per stream."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING

from av.video.reformatter import Interpolation, VideoReformatter

from video.frame import Packet, Picture
from video.planes import DIRECT, PLANES, planes_of, too_large

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_PLANAR = frozenset({"yuv420p", "yuvj420p"})
_MOST_SCALERS = 128
# WORKAROUND(FFmpeg in PyAV 18.1): yuv420p to bgra without scaling leaves the last 2 or 4 columns unwritten at these
# widths modulo 16; a test compares every width with the slow path.
_BROKEN = (2, 4)
_PAINTED = "bgra"
_AVERAGED = (1 / 3, 1 / 2)
"""Between these scales the mean of what falls together costs less than FAST_BILINEAR (640x360 to a 64th of a wall:
0.067 against 0.075 ms) and does not shimmer (42 against 27 dB to Lanczos); below, up to twice as much. What a detector
looks at stays as its figures were measured."""


def fitted(width: int, height: int, box: tuple[int, int]) -> tuple[int, int]:
    """The largest even size in `box` with the aspect of width x height, never larger than that.

    The width may be up to 4 px less: see _BROKEN."""
    scale = min(box[0] / width, box[1] / height, 1.0)
    even = max(round(width * scale / 2) * 2, 2)
    return even - even % 16 if even % 16 in _BROKEN and even > 16 else even, max(round(height * scale / 2) * 2, 2)


_Shape = tuple[int, int, str, int, int, int, int, str, Interpolation]


class Scalers:
    """The scalers of one thread, kept per kind of work: making one costs more than using it, and holds 0.15 MB.

    Streams of one size in tiles of one size share theirs. What was not used for longest goes first."""

    def __init__(self) -> None:
        self._known: OrderedDict[_Shape, VideoReformatter] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def reformat(
        self,
        frame: VideoFrame,
        width: int,
        height: int,
        pixel_format: str,
        how: Interpolation = Interpolation.FAST_BILINEAR,
    ) -> VideoFrame:
        """The frame in another size or format."""
        colours = int(frame.colorspace), int(frame.color_range)
        shape = (frame.width, frame.height, frame.format.name, *colours, width, height, pixel_format, how)
        scaler = self._known.get(shape)
        if scaler is None:
            scaler = self._known[shape] = VideoReformatter()
            if len(self._known) > _MOST_SCALERS:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(shape)
        return scaler.reformat(frame, width, height, pixel_format, interpolation=how, threads=1)


class Converter:
    """One stream's pictures; `scalers` are those of the thread that it lives on."""

    def __init__(self, camera_id: str, scalers: Scalers | None = None) -> None:
        self._camera_id = camera_id
        self._scalers = scalers if scalers is not None else Scalers()

    def picture(self, frame: VideoFrame, packet: Packet, seq: int, box: tuple[int, int], pixel_format: str) -> Picture:
        """The frame, fitted into `box`. Scaling first in YUV takes swscale's fast path (0.19 against 0.27 ms)."""
        width, height = fitted(frame.width, frame.height, box)
        if pixel_format == PLANES:
            return self._planar(frame, packet, seq, (width, height))
        scaled = frame
        if (width, height) != (frame.width, frame.height):
            planar = frame.format.name if frame.format.name in _PLANAR else "yuv420p"
            averaged = pixel_format == _PAINTED and _AVERAGED[0] <= width / frame.width <= _AVERAGED[1]
            how = Interpolation.AREA if averaged else Interpolation.FAST_BILINEAR
            scaled = self._scalers.reformat(frame, width, height, planar, how)
        painted = self._scalers.reformat(scaled, width, height, pixel_format)
        plane = painted.planes[0]
        return self._known(frame, packet, seq)(
            width=width,
            height=height,
            stride=plane.line_size,
            pixel_format=pixel_format,
            pixels=memoryview(plane),
            owner=painted,
        )

    def _planar(self, frame: VideoFrame, packet: Packet, seq: int, size: tuple[int, int]) -> Picture:
        """The frame as the decoder left it, for a painter that scales and converts by itself; one that is much larger
        than what is painted is scaled here, which costs less than carrying it to the graphics card."""
        shown, name = frame, frame.format.name
        if too_large(frame.width * frame.height, size[0] * size[1]):
            shown = self._scalers.reformat(frame, *size, name if name in DIRECT else "yuv420p")
        elif name not in DIRECT:
            shown = self._scalers.reformat(frame, frame.width, frame.height, "yuv420p")
        planes = planes_of(shown)
        luma = planes.parts[0]
        return self._known(frame, packet, seq)(
            width=luma.width,
            height=luma.height,
            stride=luma.stride,
            pixel_format=PLANES,
            pixels=luma.pixels,
            owner=shown,
            planes=planes,
        )

    def _known(self, frame: VideoFrame, packet: Packet, seq: int) -> partial[Picture]:
        """What holds however it is converted."""
        return partial(
            Picture,
            camera_id=self._camera_id,
            seq=seq,
            pts_s=packet.pts_s,
            utc_s=packet.utc_s,
            due_s=packet.due_s,
            source_width=frame.width,
            source_height=frame.height,
        )
