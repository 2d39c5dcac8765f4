"""Made footage whose pictures carry their frame number as ten blocks of black and white."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from storage.footage_records import Segment
from video.codec import stream_info
from video.fanout import PacketRing
from video.frame import Packet, Picture, StreamInfo

FPS = 15
SIZE = (320, 180)
_BITS = 10
_BLOCK_PX = SIZE[0] // _BITS
FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}


def numbered_clip(
    path: Path, first: int, count: int, *, gop: int = 30, bframes: int = 0, codec: str = "libx264"
) -> Path:
    """Frames `first`, `first` + 1, ... as fragmented MP4."""
    with av.open(str(path), "w", options=FRAGMENTED) as container:
        stream = container.add_stream(codec, rate=FPS)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = SIZE
        stream.gop_size = gop
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        x265 = f"log-level=none:bframes={bframes}:keyint={gop}:scenecut=0:pools=1"
        stream.options = {"preset": "ultrafast", "bf": str(bframes), "x265-params": x265}
        for number in range(first, first + count):
            container.mux(stream.encode(_drawn(number)))
        container.mux(stream.encode())
    return path


def _drawn(number: int) -> av.VideoFrame:
    image = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    for bit in range(_BITS):
        if number >> bit & 1:
            image[:, bit * _BLOCK_PX : (bit + 1) * _BLOCK_PX] = 255
    return av.VideoFrame.from_ndarray(image, format="rgb24")


def number_in(picture: Picture) -> int:
    """The frame number that a picture shows, whatever its size."""
    rows = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.stride)
    line = rows[picture.height // 2, : picture.width * 4].reshape(-1, 4)[:, 1]
    centres = [int((bit + 0.5) * picture.width / _BITS) for bit in range(_BITS)]
    return sum(int(line[x] > 127) << bit for bit, x in enumerate(centres))


def segment(path: Path, first: int, count: int, utc_s: float) -> Segment:
    """The record of a numbered clip; frame 0 was at `utc_s`."""
    from_utc_s, to_utc_s = utc_s + first / FPS, utc_s + (first + count - 1) / FPS
    return Segment(path.stem, "c1", str(path), from_utc_s, to_utc_s, path.stat().st_size, "h264", *SIZE)


def live(path: Path, first: int, utc_s: float, generation: int = 1) -> tuple[StreamInfo, list[Packet]]:
    """A numbered clip as a session would have received it; frame 0 was at `utc_s`."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        info = stream_info(container, stream, live=True)
        tick_s, start = float(stream.time_base or 0), stream.start_time or 0
        packets: list[Packet] = []
        for packet in container.demux(stream):
            if packet.size and packet.pts is not None:
                at_s = (packet.pts - start) * tick_s + first / FPS
                seq, key = len(packets), packet.is_keyframe
                packets.append(Packet(packet, seq, key, at_s, utc_s + at_s, at_s, generation, packet.size))
    return info, packets


def filled(info: StreamInfo, packets: list[Packet], seconds: float = 10.0) -> PacketRing:
    """A ring that holds the last seconds of these packets."""
    ring = PacketRing(seconds)
    ring.configure(packets[0].generation, info)
    for packet in packets:
        ring.add(packet)
    return ring
