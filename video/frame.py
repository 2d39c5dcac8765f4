"""What flows: stream descriptions, packets, pictures. Each carries two clocks, relative (PTS) and absolute (UTC)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av
    from av.video.stream import VideoStream


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What a source turned out to be. `fps` is the nominal rate (0.0 if unknown).

    `decoder` (FFmpeg's name, "" means `codec`) and `extradata` are what a decoder of its own is made from."""

    codec: str
    width: int
    height: int
    fps: float
    live: bool
    audio_codec: str | None = None
    bitrate_bps: int | None = None
    decoder: str = ""
    extradata: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Packet:
    """One access unit. `due_s` (monotonic) is when it was due: start + pts of a paced file, else sending or arrival.

    `clock_offset_s`: how far the camera's own clock is ahead of the host (None: the stream carries none)."""

    av: av.Packet[VideoStream]
    seq: int
    key: bool
    pts_s: float
    utc_s: float
    due_s: float
    generation: int
    size: int
    clock_offset_s: float | None = None


@dataclass(frozen=True, slots=True)
class Plane:
    """One component of a frame: `height` rows of `stride` bytes, of which the first `width` are the picture."""

    pixels: memoryview
    stride: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Planes:
    """A frame as it was decoded: Y', Cb, Cr. `kr` and `kb` are the weights of ITU-R BT.601, 709 or 2020; `full`: from 0
    to 255, else 16 to 235 (240)."""

    parts: tuple[Plane, Plane, Plane]
    kr: float
    kb: float
    full: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded frame, scaled and converted to what its taker asked for.

    `pixels` has `height` rows of `stride` bytes (`pixel_format` "bgra" or "bgr24"); `owner` keeps them alive. With
    "planes" nothing was converted: `pixels` is the luma of `planes`."""

    camera_id: str
    seq: int
    pts_s: float
    utc_s: float
    due_s: float
    width: int
    height: int
    stride: int
    pixel_format: str
    source_width: int
    source_height: int
    pixels: memoryview
    owner: object
    planes: Planes | None = None
