"""A key frame of footage as a small picture: what can be shown while somebody runs over days with the pointer.

Only the one key frame is read and decoded, whatever its distance to the asked time. One thread, scalers of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import av.error

from video.codec import new_decoder
from video.convert import Converter, Scalers
from video.footage import Footage, Piece
from video.frame import Packet, Picture, StreamInfo
from video.source import VideoError

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_EDGE_S = 1.0
"""So far from footage is still on it: a segment's end is that of its last whole fragment."""


class KeyFrames:
    """Pictures out of `footage`; to be asked on one thread."""

    def __init__(self, footage: Footage) -> None:
        self._footage = footage
        self._scalers = Scalers()
        self._seq = 0

    def picture(self, camera_id: str, utc_s: float, box: tuple[int, int]) -> Picture | None:
        """The last key frame at or before that time, fitted into `box` as BGRA; None where nothing is recorded, or
        nothing of it can be shown."""
        reel = self._footage.reel(camera_id, utc_s - _EDGE_S, utc_s + _EDGE_S)
        for piece in _nearest(reel, utc_s):
            with suppress(VideoError):
                found = _key_frame(piece, utc_s)
                if found is not None:
                    self._seq += 1
                    return Converter(camera_id, self._scalers).picture(*found, self._seq, box, "bgra")
        return None


def _nearest(pieces: Sequence[Piece], utc_s: float) -> list[Piece]:
    """Those that hold the time first, then those that end or begin beside it."""

    def away_s(piece: Piece) -> float:
        return max(piece.from_utc_s - utc_s, utc_s - piece.to_utc_s, 0.0)

    return sorted((piece for piece in pieces if away_s(piece) <= _EDGE_S), key=away_s)


def _key_frame(piece: Piece, utc_s: float) -> tuple[VideoFrame, Packet] | None:
    with closing(piece.play(utc_s)) as items:
        for item in items:
            if item is None:
                return None
            info, packet = item
            if packet.key:
                frame = _decoded(info, packet)
                return None if frame is None else (frame, packet)
    return None


def _decoded(info: StreamInfo, packet: Packet) -> VideoFrame | None:
    context = new_decoder(info)
    with suppress(av.error.FFmpegError):
        for data in (packet.av, None):  # a decoder gives its picture only when it knows that no other comes
            for frame in context.decode(data):
                return frame
    return None
