"""Frames of footage in the order in which they are shown, each once, whatever pieces they lie in.

Pure generators for the player's thread, with a decoder of their own (one thread, no delay); nothing is converted here.
"""

from __future__ import annotations

import logging
from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import av.error

from video.codec import new_decoder
from video.footage import Items, Piece
from video.frame import Packet, StreamInfo
from video.source import VideoError

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame

log = logging.getLogger(__name__)

SAME_S = 0.004
"""Frames nearer than this are one: the end of a file and the ring tell its time with different roundings."""
_MOST_PENDING = 64


@dataclass(frozen=True, slots=True)
class Shot:
    """A decoded frame and the packet that carries its times."""

    frame: VideoFrame
    packet: Packet

    @property
    def utc_s(self) -> float:
        """When it was filmed."""
        return self.packet.utc_s


class Idle(Enum):
    """Why there is no frame this time: BUSY still decoding, EDGE nothing newer has come yet."""

    BUSY = "busy"
    EDGE = "edge"


Shots = Generator[Shot | Idle, None, None]


def shots(pieces: Sequence[Piece], utc_s: float) -> Shots:
    """From the key frame before `utc_s` on, in growing time; an `Idle` whenever the caller may look at its orders."""
    last_utc_s = float("-inf")
    for piece in pieces:
        try:
            with closing(_decoded(piece.play(max(utc_s, last_utc_s)))) as found:
                for shot in found:
                    if isinstance(shot, Idle):
                        yield shot
                    elif shot.utc_s > last_utc_s + SAME_S:
                        last_utc_s = shot.utc_s
                        yield shot
        except VideoError as error:
            log.warning("a piece of footage cannot be played: %s", error.code.value)


def _decoded(items: Items) -> Shots:
    with closing(items):
        yield from _frames(items)


def _frames(items: Items) -> Shots:
    decoder: _Decoder | None = None
    for item in items:
        if item is None:
            yield Idle.EDGE
            continue
        info, packet = item
        if decoder is None or decoder.info != info:
            yield from decoder.rest() if decoder is not None else ()
            decoder = _Decoder(info)
        yield Idle.BUSY
        yield from decoder.feed(packet)
    yield from decoder.rest() if decoder is not None else ()


class _Decoder:
    """One decoder, and which packet a reordered frame came from."""

    def __init__(self, info: StreamInfo) -> None:
        self.info = info
        self._context: VideoCodecContext = new_decoder(info)
        self._pending: dict[int | None, Packet] = {}
        self._need_key = True
        self._newest: Packet | None = None

    def feed(self, packet: Packet) -> list[Shot]:
        """Frames that became ready; after damage nothing before the next key frame."""
        if self._need_key and not packet.key:
            return []
        self._need_key = False
        while len(self._pending) >= _MOST_PENDING:
            del self._pending[next(iter(self._pending))]
        self._pending[packet.av.pts] = self._newest = packet
        try:
            frames = self._context.decode(packet.av)
        except av.error.FFmpegError:
            self._context.flush_buffers()
            self._pending.clear()
            self._need_key = True
            return []
        return [Shot(frame, self._pending.pop(frame.pts, packet)) for frame in frames]

    def rest(self) -> list[Shot]:
        """What the decoder still holds back; it takes nothing more afterwards."""
        try:
            frames = self._context.decode(None)
        except av.error.FFmpegError:
            return []
        return [Shot(f, self._pending.pop(f.pts, self._newest)) for f in frames if self._newest is not None]
