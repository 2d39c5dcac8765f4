"""One picture of a source that is not open yet: connect, decode up to the first frame, hang up. Blocks for seconds."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import av.error

import video.pyav_source  # noqa: F401 - registers the schemes
from video.codec import new_decoder
from video.frame import StreamInfo
from video.source import Source, VideoCode, VideoError, redact, source_for
from video.stills import Still, encoded

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

TIMEOUT_S = 8.0


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What the stream says of itself, and its first picture."""

    info: StreamInfo
    still: Still


def glimpse(url: str, timeout_s: float = TIMEOUT_S) -> Glimpse:
    """Look once. Raises VideoError; a stream without a key frame within `timeout_s` is SILENT."""
    source = source_for(url)
    try:
        info = source.open()
        frame, utc_s = _first_frame(source, info, url, time.monotonic() + timeout_s)
        return Glimpse(info, Still(encoded(frame), frame.width, frame.height, utc_s))
    finally:
        source.close()


def _first_frame(source: Source, info: StreamInfo, url: str, end_s: float) -> tuple[VideoFrame, float]:
    context = new_decoder(info)
    keyed = False
    for packet in source.packets():
        if packet is not None and (keyed := keyed or packet.key):
            # What comes before the first whole picture may be damaged: the next packet is tried.
            with suppress(av.error.FFmpegError):
                for frame in context.decode(packet.av):
                    return frame, packet.utc_s
        if time.monotonic() >= end_s:
            break
    raise VideoError(VideoCode.SILENT, url=redact(url))
