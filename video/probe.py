"""What a source is: a short look at its packets, nothing decoded. Blocks; for the command line and task threads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import video.pyav_source  # noqa: F401 - registers the schemes
from video.frame import Packet, StreamInfo
from video.source import VideoCode, VideoError, source_for


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """`fps`, `bitrate_bps` and `gop_s` are measured (`gop_s` None: fewer than two key frames were seen)."""

    info: StreamInfo
    seconds: float
    packets: int
    fps: float
    bitrate_bps: float
    gop_s: float | None

    @property
    def audio_codec(self) -> str | None:
        """The sound's codec, None without sound."""
        return self.info.audio_codec


def probe(url: str, seconds: float = 3.0) -> ProbeResult:
    """Watch a source for `seconds`. Raises VideoError; one that ends early is judged by what came."""
    source = source_for(url)
    try:
        info = source.open()
        return _judged(info, list(_seen(source.packets(), seconds)))
    finally:
        source.close()


def _seen(packets: Iterator[Packet | None], seconds: float) -> Iterator[Packet]:
    end_s = time.monotonic() + seconds
    came = False
    try:
        for packet in packets:
            if packet is not None:
                came = True
                yield packet
            if time.monotonic() >= end_s:
                return
    except VideoError:
        if not came:
            raise


def _judged(info: StreamInfo, packets: list[Packet]) -> ProbeResult:
    if not packets:
        raise VideoError(VideoCode.SILENT)
    times = sorted(packet.pts_s for packet in packets)
    span_s = times[-1] - times[0]
    keys = [packet.pts_s for packet in packets if packet.key]
    return ProbeResult(
        info=info,
        seconds=span_s,
        packets=len(packets),
        fps=(len(packets) - 1) / span_s if span_s > 0 else info.fps,
        bitrate_bps=8 * sum(packet.size for packet in packets[:-1]) / span_s if span_s > 0 else 0.0,
        gop_s=(keys[-1] - keys[0]) / (len(keys) - 1) if len(keys) > 1 else None,
    )
