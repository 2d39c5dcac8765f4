"""Parameter sets inside a stream (H.264 7.3.1, H.265 7.3.1): has the camera changed its picture without hanging up?

Only for byte streams with start codes (Annex B), which is how cameras send. Called at key frames, on a writer thread.
"""

from __future__ import annotations

from dataclasses import replace

import av
import av.error

from video.codec import new_decoder
from video.frame import Packet, StreamInfo
from video.source import VideoError

_START = b"\0\0\1"
_MOST_UNITS = 16
_H264 = {7, 8}
_H264_SEQUENCE = 7
_H265 = {32, 33, 34}
_H265_SEQUENCE = 33


def changed_info(info: StreamInfo, packet: Packet) -> StreamInfo | None:
    """The description that fits from this key frame on, or None while the old one does."""
    if info.codec not in ("h264", "hevc") or not _is_byte_stream(info.extradata):
        return None
    units = _units(info.codec, bytes(packet.av))
    sequence = _sequences(info.codec, units)
    if not sequence or sequence == _sequences(info.codec, _units(info.codec, info.extradata or b"")):
        return None
    fresh = replace(info, extradata=b"".join(b"\0\0\0\1" + unit for unit in units))
    size = _size(fresh, packet)
    return replace(fresh, width=size[0], height=size[1]) if size else None


def _is_byte_stream(extradata: bytes | None) -> bool:
    return not extradata or extradata.startswith((b"\0\0\1", b"\0\0\0\1"))


def _units(codec: str, data: bytes) -> list[bytes]:
    """The parameter sets at the beginning of an access unit."""
    wanted = _H264 if codec == "h264" else _H265
    found: list[bytes] = []
    at = data.find(_START)
    for _ in range(_MOST_UNITS):
        if at < 0 or at + 3 >= len(data):
            break
        kind = _kind(codec, data[at + 3])
        if kind in wanted:
            end = data.find(_START, at + 3)
            found.append((data[at + 3 :] if end < 0 else data[at + 3 : end]).rstrip(b"\0"))
        elif _is_picture(codec, kind):
            break
        at = data.find(_START, at + 3)
    return found


def _sequences(codec: str, units: list[bytes]) -> list[bytes]:
    wanted = _H264_SEQUENCE if codec == "h264" else _H265_SEQUENCE
    return [unit for unit in units if _kind(codec, unit[0]) == wanted]


def _kind(codec: str, first: int) -> int:
    return first & 0x1F if codec == "h264" else first >> 1 & 0x3F


def _is_picture(codec: str, kind: int) -> bool:
    return 1 <= kind <= 5 if codec == "h264" else kind < 32


def _size(info: StreamInfo, packet: Packet) -> tuple[int, int] | None:
    """Width and height as a decoder finds them; decoding one key frame, since cameras change their size rarely."""
    try:
        context = new_decoder(replace(info, width=0, height=0))
        frames = [*context.decode(packet.av), *context.decode(None)]
    except (av.error.FFmpegError, VideoError):
        return None
    return (frames[0].width, frames[0].height) if frames else None
