"""Packets into one fragmented MP4 (ISO/IEC 14496-12, 8.8) without touching their bytes. Lives on a writer thread.

A fragment is one GOP: it reaches the file when the next key frame comes. PyAV makes an output stream only from an
input stream, and the source's may be gone or belong to another thread: the parameters therefore come from `StreamInfo`
by way of an AVI header made in memory, whose demuxer takes codec data as they are.
"""

from __future__ import annotations

import io
import logging
import struct
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import av.error

from storage.footage_files import TIMESCALE
from video.frame import StreamInfo
from video.segment_file import SegmentFile
from video.source import VideoCode, VideoError

if TYPE_CHECKING:
    from av.video.stream import VideoStream

log = logging.getLogger(__name__)

_OPTIONS = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}
_TICK = Fraction(1, TIMESCALE)
_FOURCC = {"h264": b"H264", "hevc": b"HEVC", "mjpeg": b"MJPG", "mpeg4": b"FMP4"}
_TAGS = {"hevc": "hvc1"}


class Remux:
    """One open segment. Times are ticks of the file (1/90000 s)."""

    def __init__(self, file: SegmentFile, info: StreamInfo, comment: str) -> None:
        """Write the header. Raises OSError of the file, VideoError(UNSUPPORTED)."""
        self.file = file
        header = _template(info)
        try:
            self._container = av.open(file, "w", format="mp4", options=dict(_OPTIONS))
            self._container.metadata["comment"] = comment
            with av.open(io.BytesIO(header), format="avi") as template:
                self._stream: VideoStream = self._container.add_stream_from_template(
                    template.streams.video[0], opaque=True
                )
            self._stream.time_base = _TICK
            if info.codec in _TAGS:
                self._stream.codec_context.codec_tag = _TAGS[info.codec]
            self._container.start_encoding()
        except (av.error.FFmpegError, ValueError) as error:
            raise VideoError(VideoCode.UNSUPPORTED, codec=info.codec) from error
        file.mark()

    def add(self, source: av.Packet[VideoStream], pts: int, dts: int, duration: int, *, key: bool) -> None:
        """Mux a copy: `mux` rescales in place, and ring and decoders hold the original. Raises OSError."""
        packet = av.Packet(bytes(source))
        packet.time_base = _TICK
        packet.pts, packet.dts, packet.duration = pts, dts, duration
        packet.is_keyframe = key
        packet.stream = self._stream
        self._container.mux_one(packet)
        if key:
            self.file.mark()  # All before this packet is in the file now, and nothing of it.

    def close(self) -> None:
        """Write the last fragment and the end. Raises OSError."""
        self._container.close()

    def discard(self) -> None:
        """Release the muxer after the file was abandoned, which then takes no more bytes."""
        try:
            self._container.close()
        except (OSError, av.error.FFmpegError) as error:
            log.debug("closing an abandoned segment: %s", error)


def _template(info: StreamInfo) -> bytes:
    """An AVI without pictures (Microsoft's RIFF AVI: hdrl, strl, an empty movi). Raises VideoError(UNSUPPORTED)."""
    if info.codec not in _FOURCC:
        raise VideoError(VideoCode.UNSUPPORTED, codec=info.codec)
    tag, extra = _FOURCC[info.codec], info.extradata or b""
    width, height = info.width, info.height
    main = struct.pack("<14I", 40_000, 0, 0, 0, 0, 0, 1, 0, width, height, 0, 0, 0, 0)
    stream = struct.pack("<4s4s12I", b"vids", tag, 0, 0, 0, 1, 25, 0, 0, 0, 0, 0, 0, 0)
    picture = struct.pack("<IiiHH4sIiiII", 40 + len(extra), width, height, 1, 24, tag, 0, 0, 0, 0, 0) + extra
    strl = _chunk(b"LIST", b"strl" + _chunk(b"strh", stream) + _chunk(b"strf", picture))
    hdrl = _chunk(b"LIST", b"hdrl" + _chunk(b"avih", main) + strl)
    return _chunk(b"RIFF", b"AVI " + hdrl + _chunk(b"LIST", b"movi"))


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
