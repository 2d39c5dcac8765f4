"""Codec parameters as an AVI without packets (Microsoft's RIFF AVI: hdrl, strl, an empty movi).

PyAV makes an output stream only from an input stream, and the source's may be gone or belong to another thread: a
demuxer over such a header is one, and AVI takes codec data as they are.
"""

from __future__ import annotations

import struct

from video.audio import AudioInfo
from video.frame import StreamInfo
from video.source import VideoCode, VideoError

_FOURCC = {"h264": b"H264", "hevc": b"HEVC", "mjpeg": b"MJPG", "mpeg4": b"FMP4"}
_WAVE_TAGS = {"aac": 0xFF, "mp3": 0x55, "mp3float": 0x55, "mp2": 0x50, "ac3": 0x2000}
"""What a fragmented MP4 takes (ISO/IEC 14496-12 and its registrations); telephone sound (G.711, G.726) it does not."""


def picture_header(info: StreamInfo) -> bytes:
    """A header with one picture stream. Raises VideoError(UNSUPPORTED)."""
    if info.codec not in _FOURCC:
        raise VideoError(VideoCode.UNSUPPORTED, codec=info.codec)
    tag, extra = _FOURCC[info.codec], info.extradata or b""
    width, height = info.width, info.height
    stream = struct.pack("<4s4s12I", b"vids", tag, 0, 0, 0, 1, 25, 0, 0, 0, 0, 0, 0, 0)
    picture = struct.pack("<IiiHH4sIiiII", 40 + len(extra), width, height, 1, 24, tag, 0, 0, 0, 0, 0) + extra
    return _header(stream, picture, width, height)


def sound_header(info: AudioInfo) -> bytes:
    """A header with one sound stream. Raises VideoError(UNSUPPORTED)."""
    if info.codec not in _WAVE_TAGS or not info.rate_hz or not info.channels:
        raise VideoError(VideoCode.UNSUPPORTED, codec=info.codec)
    extra = info.extradata or b""
    stream = struct.pack("<4s4s12I", b"auds", b"\0" * 4, 0, 0, 0, 1, info.rate_hz, 0, 0, 0, 0, 0, 0, 0)
    tag = _WAVE_TAGS[info.codec]
    wave = struct.pack("<HHIIHHH", tag, info.channels, info.rate_hz, 0, 1, 16, len(extra)) + extra
    return _header(stream, wave, 0, 0)


def _header(stream: bytes, form: bytes, width: int, height: int) -> bytes:
    main = struct.pack("<14I", 40_000, 0, 0, 0, 0, 0, 1, 0, width, height, 0, 0, 0, 0)
    strl = _chunk(b"LIST", b"strl" + _chunk(b"strh", stream) + _chunk(b"strf", form))
    hdrl = _chunk(b"LIST", b"hdrl" + _chunk(b"avih", main) + strl)
    return _chunk(b"RIFF", b"AVI " + hdrl + _chunk(b"LIST", b"movi"))


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
