"""What of a reel is ready: the picture that is shown, and those that wait for the clock in the order of playing.

The pool's thread fills it, the GUI's thread takes; every call is short, under one lock.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from storage.footage_records import Gap
from video.footage import FilePiece, Piece, RingPiece
from video.frame import Picture
from video.frame_runs import EXACT_S

GAP_S = 1.5
"""More than this without a frame is a gap."""
AHEAD, AHEAD_STANDING = 6, 2
"""Pictures that wait for the clock."""
_REACH_S = 1.0
_STALE_EDGE_S = 4.0


@dataclass(frozen=True, slots=True)
class Heading:
    """Where the clock stands now and goes: `speed` 0 when it stands; `jump` as in `PlayClock`."""

    utc_s: float
    speed: float
    jump: int
    backward: bool = False


class Way(StrEnum):
    """In which order frames come, and which of them."""

    FORWARD = "forward"
    BACKWARD = "backward"
    KEYS_FORWARD = "keys forward"
    KEYS_BACKWARD = "keys backward"

    @property
    def is_backward(self) -> bool:
        """Whether the newest comes first."""
        return self in (Way.BACKWARD, Way.KEYS_BACKWARD)

    @property
    def keys(self) -> bool:
        """Whether it is key frames only."""
        return self in (Way.KEYS_FORWARD, Way.KEYS_BACKWARD)


class ReelWindow:
    """`jump` is that of the heading that it serves, -1: of none. `settled`: what is shown at that time is known.
    `lasting`: a frame holds until the next one, however long that takes; `faults` are paths that cannot be read."""

    def __init__(self) -> None:
        self.jump, self.way = -1, Way.FORWARD
        self.settled = self.ended = self.at_edge = False
        self.pieces: Sequence[Piece] = ()
        self.gap: Gap | None = None
        self.offset_s = 0.0
        self.lasting = False
        self.faults: Mapping[str, object] = {}
        self._lock = threading.Lock()
        self._near: deque[Picture] = deque()
        self._shown: Picture | None = None
        self._given: Picture | None = None
        self._keeps = False

    def begin(self, jump: int, way: Way) -> None:
        """Frames for this jump will follow; the picture that is shown stays until the first of them."""
        with self._lock:
            self.jump, self.way, self._keeps = jump, way, False

    def clear(self) -> None:
        """Nothing waits any more, and no heading is served."""
        with self._lock:
            self._near.clear()
            self.jump = -1
            self.settled = self.ended = self.at_edge = False

    def forget(self) -> None:
        """Not even the picture that is shown stays."""
        with self._lock:
            self._shown = self._given = None

    def take(self, heading: Heading) -> tuple[Picture | None, bool]:
        """The picture of the heading's time, once; whether there is too little ahead of it."""
        with self._lock:
            if heading.jump != self.jump:
                return None, True
            self._move_on(heading.utc_s)
            shown = self._shown if not (self.settled and self._in_hole(heading.utc_s)) else None
            fresh = shown if shown is not self._given else None
            self._given = shown
            return fresh, len(self._near) <= _most(heading) // 2

    def look(self, heading: Heading) -> tuple[bool, Gap | None]:
        """Whether what is shown is of that time, and the gap in which it lies."""
        with self._lock:
            if not self.settled or heading.jump != self.jump:
                return False, None
            return True, self.gap if self._in_hole(heading.utc_s) else None

    def in_hole(self, utc_s: float) -> bool:
        """Whether it is known that there is no frame of this time."""
        with self._lock:
            return self.settled and self._in_hole(utc_s)

    def wants_more(self, heading: Heading) -> bool:
        """Whether frames are to be decoded now."""
        with self._lock:
            self._move_on(heading.utc_s)
            return not self.settled or len(self._near) < _most(heading)

    def next_utc_s(self) -> float | None:
        """Of the picture that follows the one that is shown."""
        with self._lock:
            return self._near[0].utc_s if self._near else None

    def append(self, picture: Picture) -> None:
        """One more that waits."""
        with self._lock:
            self._near.append(picture)

    def settle(self, picture: Picture | None) -> None:
        """This is shown now; None: what is shown already, if it belongs there, else nothing."""
        with self._lock:
            if picture is not None or not self._keeps:
                self._shown = picture
            self.settled = True

    def show(self, picture: Picture) -> None:
        """In passing, on the way to a time that nobody wants any more."""
        with self._lock:
            self._shown = picture

    def reach(self, heading: Heading) -> bool:
        """Serve a jump to a time that lies in what waits, or shortly after it; False: begin anew."""
        with self._lock:
            shown, last, at = self._shown, self._near[-1] if self._near else None, heading.utc_s + EXACT_S
            if not self.settled or shown is None:
                return False
            if self.way.is_backward:
                reached = last is not None and last.utc_s <= at <= shown.utc_s + 2 * EXACT_S
            else:
                reached = last is not None and shown.utc_s <= at < last.utc_s
            if not reached:
                newest = last or shown
                if self.way is not Way.FORWARD or not shown.utc_s <= at <= newest.utc_s + _REACH_S:
                    return False
                self.settled, self._keeps, self._shown = False, True, newest
                self._near.clear()
            self.jump = heading.jump
            return True

    def _move_on(self, utc_s: float) -> None:
        """What waits and is due becomes what is shown."""
        near, back = self._near if self.settled else (), self.way.is_backward
        while near and (
            (self._shown is None or self._shown.utc_s > utc_s + EXACT_S) if back else near[0].utc_s <= utc_s + EXACT_S
        ):
            self._shown = self._near.popleft()

    def _in_hole(self, utc_s: float) -> bool:
        shown = self._shown
        if shown is not None and -EXACT_S <= utc_s - shown.utc_s <= GAP_S:
            return False
        if self.way.keys or self.lasting:
            at = utc_s + self.offset_s
            covered = any(_covers(piece, at) and not self._is_broken(piece) for piece in self.pieces)
            return not covered and not self._grew(utc_s)
        if shown is None or utc_s < shown.utc_s - EXACT_S:
            return True
        if self.ended or self._near or self.way.is_backward:
            return True
        return self.at_edge and utc_s - shown.utc_s > _STALE_EDGE_S

    def origin(self, utc_s: float) -> str:
        """From where what may be shown of this time was fetched; empty: all of it is our own recording."""
        at = utc_s + self.offset_s
        covering = (piece for piece in self.pieces if isinstance(piece, FilePiece) and _covers(piece, at))
        return next((piece.origin for piece in covering if piece.origin), "")

    def _grew(self, utc_s: float) -> bool:
        """The newest file went on after it was looked up: a frame of it waits that comes soon."""
        known_utc_s = max((piece.to_utc_s for piece in self.pieces), default=float("inf"))
        near = self._near[0].utc_s if self._near and not self.way.is_backward else float("inf")
        return utc_s + self.offset_s > known_utc_s and 0.0 <= near - utc_s <= _STALE_EDGE_S

    def _is_broken(self, piece: Piece) -> bool:
        return isinstance(piece, FilePiece) and piece.path in self.faults


def _covers(piece: Piece, at: float) -> bool:
    """The ring's own end was known when it was looked up: it grows."""
    grows = isinstance(piece, RingPiece)
    return piece.from_utc_s - EXACT_S <= at and (grows or at <= piece.to_utc_s + GAP_S)


def _most(heading: Heading) -> int:
    return AHEAD if heading.speed else AHEAD_STANDING
