"""Stills: one frame out of the packet ring, at full size, as JPEG. Runs on a task thread with a decoder of its own."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import av.error

from video.codec import new_decoder
from video.fanout import PacketRing
from video.frame import Packet, StreamInfo
from video.source import VideoCode, VideoError

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

QUALITY = 90
TOLERANCE_S = 1.0


@dataclass(frozen=True, slots=True)
class Still:
    """An original picture of an event: no boxes, nothing scaled."""

    jpeg: bytes
    width: int
    height: int
    utc_s: float


def still_at(ring: PacketRing, utc_s: float, tolerance_s: float = TOLERANCE_S) -> Still:
    """The frame nearest to `utc_s`. Raises VideoError: NOT_BUFFERED (no frame within `tolerance_s`), DAMAGED.

    Packets are shared with decoder and recorder: decoding only reads them."""
    found = ring.nearest(utc_s)
    if found is None or abs(found[0].utc_s - utc_s) > tolerance_s:
        raise VideoError(VideoCode.NOT_BUFFERED, utc_s=utc_s)
    packet, gop, info = found
    frame = _frame_of(packet, gop, info)
    return Still(encoded(frame), frame.width, frame.height, packet.utc_s)


def jpeg_size(jpeg: bytes) -> tuple[int, int]:
    """Width and height in px. Raises VideoError(DAMAGED)."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(jpeg)) as image:
            return image.size
    except UnidentifiedImageError:
        raise VideoError(VideoCode.DAMAGED) from None


def _frame_of(target: Packet, gop: tuple[Packet, ...], info: StreamInfo) -> VideoFrame:
    """The frame of `target`, decoding from the GOP's key frame; the last good one when it is broken."""
    context = new_decoder(info)
    best: VideoFrame | None = None
    for packet in (*gop, None):
        try:
            frames = context.decode(packet.av if packet else None)
        except av.error.FFmpegError:
            continue
        for frame in frames:
            best = frame
            if frame.pts == target.av.pts:
                return frame
    if best is None:
        raise VideoError(VideoCode.DAMAGED, utc_s=target.utc_s)
    return best


def encoded(frame: VideoFrame) -> bytes:
    """The frame as JPEG, at full size."""
    from PIL import Image

    plane = frame.reformat(format="rgb24", threads=1).planes[0]
    size = (frame.width, frame.height)
    out = io.BytesIO()
    Image.frombuffer("RGB", size, bytes(plane), "raw", "RGB", plane.line_size, 1).save(out, "JPEG", quality=QUALITY)
    return out.getvalue()
