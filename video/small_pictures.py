"""Small pictures of a stretch of footage: of its key frames alone, or of frames some time apart. Not for playing.

Generators for the thread of whoever looks through footage, with a decoder of their own (one thread). Between two
pictures the caller may rest or end; nothing is held but one picture. A piece that cannot be read is logged and left
out, as `video.shots` does: its gap is told by the recordings' index.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import av.error
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation, VideoReformatter

from video.codec import new_decoder
from video.convert import fitted
from video.footage import Piece
from video.frame import Packet, StreamInfo
from video.shots import SAME_S, Idle, shots
from video.source import VideoError

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

log = logging.getLogger(__name__)

Pixels = npt.NDArray[np.uint8]
SMALL_PX = (320, 180)
APART_S = 0.4
"""Streams of key frames alone (MJPEG) are not looked at more often."""
_CHANNELS = {"gray": 1, "rgb24": 3}
_QUICK = {"skip_loop_filter": "all"}
"""A quarter less time for a key frame of 1080p; what the filter would have smoothed is lost in the scaling."""


@dataclass(frozen=True, slots=True)
class SmallPicture:
    """`pixels`: (H,W) uint8 grey, or (H,W,3) RGB; its own memory."""

    utc_s: float
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class Look:
    """How pictures are wanted: fitted into `box_px`, grey or in colours, at least `apart_s` apart."""

    box_px: tuple[int, int] = SMALL_PX
    colour: bool = False
    apart_s: float = APART_S


GREY = Look()
Stopped = Callable[[], bool]
Pictures = Generator[SmallPicture, None, None]


def key_pictures(
    pieces: Sequence[Piece],
    from_utc_s: float,
    to_utc_s: float,
    look: Look = GREY,
    stopped: Stopped = lambda: False,
) -> Pictures:
    """Key frames in growing time, from the last one at or before `from_utc_s` up to `to_utc_s`. `stopped` is asked at
    every packet; nothing follows once it says so."""
    camera, last_utc_s = _Camera(look), float("-inf")
    for piece in pieces:
        if piece.from_utc_s > to_utc_s:
            continue
        try:
            with closing(_keys(piece, max(from_utc_s, last_utc_s), to_utc_s, stopped)) as keys:
                for packet, info in keys:
                    if packet.utc_s - last_utc_s < max(look.apart_s, SAME_S):
                        continue
                    frame = camera.decoded(packet, info)
                    if frame is not None:
                        last_utc_s = packet.utc_s
                        yield SmallPicture(packet.utc_s, camera.small(frame))
        except VideoError as error:
            log.warning("a piece of footage cannot be looked through: %s", error.code.value)


def near_pictures(
    pieces: Sequence[Piece],
    from_utc_s: float,
    to_utc_s: float,
    look: Look = GREY,
    stopped: Stopped = lambda: False,
) -> Pictures:
    """Frames at least `look.apart_s` apart in this time; every frame is decoded, so that it costs what playing does."""
    camera, due_utc_s = _Camera(look), from_utc_s
    with closing(shots(pieces, from_utc_s)) as found:
        for shot in found:
            if stopped() or shot is Idle.EDGE:
                return
            if isinstance(shot, Idle) or shot.utc_s < due_utc_s - SAME_S:
                continue
            if shot.utc_s > to_utc_s:
                return
            due_utc_s = shot.utc_s + look.apart_s
            yield SmallPicture(shot.utc_s, camera.small(shot.frame))


def _keys(
    piece: Piece, utc_s: float, to_utc_s: float, stopped: Stopped
) -> Generator[tuple[Packet, StreamInfo], None, None]:
    """Ends where what follows has not been filmed yet."""
    with closing(piece.play(utc_s)) as items:
        for item in items:
            if item is None or stopped() or item[1].utc_s > to_utc_s:
                return
            info, packet = item
            if packet.key:
                yield packet, info


class _Camera:
    """The decoder of one stream at a time, and one scaler."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._format = "rgb24" if look.colour else "gray"
        self._scaler = VideoReformatter()
        self._info: StreamInfo | None = None

    def decoded(self, key: Packet, info: StreamInfo) -> VideoFrame | None:
        """The frame of one key packet alone: drained and flushed, so that it waits for no other. None: damaged."""
        if info != self._info:
            self._context, self._info = new_decoder(info), info
            self._context.options = dict(_QUICK)
        try:
            frames = [*self._context.decode(key.av), *self._context.decode(None)]
        except av.error.FFmpegError:
            frames = []
        self._context.flush_buffers()
        return frames[0] if frames else None

    def small(self, frame: VideoFrame) -> Pixels:
        """Scaled by areas: what nearer pixels alone say is noise, which looks like motion."""
        width, height = fitted(frame.width, frame.height, self._look.box_px)
        scaled = self._scaler.reformat(frame, width, height, self._format, interpolation=Interpolation.AREA, threads=1)
        plane, channels = scaled.planes[0], _CHANNELS[self._format]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        shape = (height, width) if channels == 1 else (height, width, channels)
        return rows[:height, : width * channels].reshape(shape).copy()
