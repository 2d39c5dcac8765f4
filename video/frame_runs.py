"""Frames of footage in the order in which they are played: forward, backward, or key frames only, either way.

Generators for one thread at a time, as `video.shots` (an `Idle` whenever the caller may look at its orders). Backward,
a GOP is decoded forward and given from its end; of one that does not fit its last frames are kept and the rest is
decoded again, so that no frame is left out. One that would be decoded too often waits at half the size.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import av.error

from video.codec import new_decoder
from video.footage import Piece
from video.frame import Packet, StreamInfo
from video.shots import SAME_S, Idle, Shot, Shots, shots
from video.source import VideoError

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

log = logging.getLogger(__name__)

PiecesAt = Callable[[float], Sequence[Piece]]
"""The footage around a time, oldest first."""
Shrink = Callable[[Shot], Shot]
Halve = Callable[[Shot], "Shot | None"]
"""The same frame at half its width and height; None: it is to stay as it is."""

EXACT_S = 0.0001
"""Times nearer than this are the same frame's."""
_BACK_S = 0.001
_MOST_DROPPED = 2
"""Of a GOP that is more than so many times longer than what may wait, and what waits, frames are halved."""
_BESIDE = 4
"""So many steps of the next GOP's decoding go with every frame of this one that is given."""


def from_time(pieces: Sequence[Piece], utc_s: float) -> list[Piece]:
    """The piece that holds this time and all after it; in a gap the one before it too."""
    later = [piece for piece in pieces if piece.to_utc_s > utc_s + EXACT_S]
    if later and later[0].from_utc_s <= utc_s + EXACT_S:
        return later
    before = [piece for piece in pieces if piece.to_utc_s <= utc_s + EXACT_S]
    return [*before[-1:], *later]


def up_to_time(pieces: Sequence[Piece], utc_s: float) -> list[Piece]:
    """The one piece that shows this time, or the last one before it."""
    return [piece for piece in pieces if piece.from_utc_s <= utc_s + EXACT_S][-1:]


def forward(pieces_at: PiecesAt, utc_s: float) -> Shots:
    """From the key frame before that time on."""
    yield from shots(from_time(pieces_at(utc_s), utc_s), utc_s)


def keys_forward(pieces_at: PiecesAt, utc_s: float) -> Shots:
    """Key frames only, the first one at or before that time; nothing between them is decoded."""
    last_utc_s = float("-inf")
    for piece in from_time(pieces_at(utc_s), utc_s):
        try:
            with closing(_keys_of(piece, max(utc_s, last_utc_s))) as found:
                for shot in found:
                    if isinstance(shot, Idle):
                        yield shot
                    elif shot.utc_s > last_utc_s + SAME_S:
                        last_utc_s = shot.utc_s
                        yield shot
        except VideoError as error:
            log.warning("a piece of footage cannot be played: %s", error.code.value)


def keys_backward(pieces_at: PiecesAt, utc_s: float) -> Shots:
    """Key frames only, from the last one at or before that time back."""
    bound_utc_s = utc_s
    while pieces := up_to_time(pieces_at(bound_utc_s), bound_utc_s):
        shot = yield from _last_key(pieces[0], bound_utc_s)
        if shot is not None:
            yield shot
        bound_utc_s = (shot.utc_s if shot is not None else pieces[0].from_utc_s) - _BACK_S


def backward(
    pieces_at: PiecesAt, utc_s: float, shrink: Shrink, most_bytes: int, halve: Halve = lambda _shot: None
) -> Shots:
    """From the last frame at or before that time back, made smaller by `shrink` while they wait. No more than
    `most_bytes` wait: the half of a GOP that is being given, and what is decoded of the next one meanwhile."""
    most_of_one = most_bytes * 2 // 3
    pile: deque[Shot] = deque()
    bound_utc_s = utc_s
    while pieces := up_to_time(pieces_at(bound_utc_s), bound_utc_s):
        half, more = len(pile) // 2, None
        with closing(_pile(pieces, bound_utc_s, _Room(shrink, halve, most_of_one))) as coming:
            while pile:
                if len(pile) <= half and more is None:
                    more = _advanced(coming)
                yield pile.pop()
            if more is None:
                more = yield from coming
        pile = more
        bound_utc_s = (pile[0].utc_s if pile else pieces[0].from_utc_s) - _BACK_S
    while pile:
        yield pile.pop()


def _advanced(coming: Generator[Idle, None, deque[Shot]]) -> deque[Shot] | None:
    """A few steps; what it gives when it is done."""
    try:
        for _step in range(_BESIDE):
            next(coming)
    except StopIteration as done:
        found: deque[Shot] = done.value
        return found
    return None


@dataclass(frozen=True, slots=True)
class _Room:
    """How frames wait, and how many bytes of them."""

    shrink: Shrink
    halve: Halve
    most_bytes: int


class _Pile:
    """Frames that wait, oldest first: the last ones that there is room for."""

    def __init__(self, room: _Room) -> None:
        self.shots: deque[Shot] = deque()
        self._room = room
        self._bytes = self._dropped = self._halvings = 0

    def add(self, shot: Shot) -> None:
        """One more; the oldest go, or all are made smaller."""
        small = self._room.shrink(shot)
        for _time in range(self._halvings):
            small = self._room.halve(small) or small
        self.shots.append(small)
        self._bytes += _bytes(small)
        while self._bytes > self._room.most_bytes and len(self.shots) > 1:
            if self._dropped < _MOST_DROPPED * len(self.shots) or not self._halve():
                self._bytes -= _bytes(self.shots.popleft())
                self._dropped += 1

    def _halve(self) -> bool:
        halved = deque(small for small in map(self._room.halve, self.shots) if small is not None)
        if len(halved) < len(self.shots):
            return False
        self.shots, self._bytes = halved, sum(_bytes(small) for small in halved)
        self._halvings, self._dropped = self._halvings + 1, 0
        return True


def _pile(pieces: Sequence[Piece], utc_s: float, room: _Room) -> Generator[Idle, None, deque[Shot]]:
    """The frames of a GOP up to a time, oldest first; the last ones when they are too many."""
    pile = _Pile(room)
    with closing(shots(pieces, utc_s)) as found:
        for shot in found:
            if isinstance(shot, Idle):
                if shot is Idle.EDGE:
                    break
                yield shot
            elif shot.utc_s > utc_s + EXACT_S:
                break
            else:
                pile.add(shot)
    return pile.shots


def _bytes(shot: Shot) -> int:
    return sum(plane.buffer_size for plane in shot.frame.planes)


def _last_key(piece: Piece, utc_s: float) -> Generator[Idle, None, Shot | None]:
    try:
        with closing(_keys_of(piece, utc_s)) as found:
            for shot in found:
                if isinstance(shot, Shot):
                    return shot if shot.utc_s <= utc_s + EXACT_S else None
                if shot is Idle.EDGE:
                    return None
                yield shot
    except VideoError as error:
        log.warning("a piece of footage cannot be played: %s", error.code.value)
    return None


def _keys_of(piece: Piece, utc_s: float) -> Shots:
    """Key frames of one piece, each decoded by itself."""
    context: VideoCodecContext | None = None
    made_from: StreamInfo | None = None
    with closing(piece.play(utc_s)) as items:
        for item in items:
            if item is None:
                yield Idle.EDGE
                continue
            info, packet = item
            if not packet.key:
                yield Idle.BUSY
                continue
            if context is None or made_from != info:
                context, made_from = new_decoder(info), info
            shot = _alone(context, packet)
            if shot is not None:
                yield shot


def _alone(context: VideoCodecContext, packet: Packet) -> Shot | None:
    """A key frame without what comes after it: the decoder is emptied and ready for the next one."""
    try:
        frames = [*context.decode(packet.av), *context.decode(None)]
    except av.error.FFmpegError:
        frames = []
    context.flush_buffers()
    return Shot(frames[0], packet) if frames else None
