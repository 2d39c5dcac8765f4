"""Plays one camera's footage into a tap: any time, any speed, frame by frame, across files and into the ring.

One thread with a decoder of its own; orders come from any thread and are carried out there. Holds two decoded frames
and what a piece has waiting, nothing more. It does not know who looks, and says honestly where footage is missing.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from enum import StrEnum

from storage.worker import Worker
from video.convert import Converter
from video.fanout import Tap
from video.footage import Footage
from video.shots import Idle, Shot, Shots, shots

GAP_S = 1.5
"""More than this between two frames is told as a gap."""
SPEEDS = (0.25, 4.0)
_EXACT_S = 0.0001
_BACK_S = 0.001
_LEAD_S = 30.0
_AHEAD_S = 300.0
_EDGE_S = 0.1
_ENDED_S = 0.5
_REST_S = 0.2
_LATE_S = 0.1
_HOPELESS_S = 1.0
_TELL_S = 5.0
_MOST_STEPS = 50


class PlaybackState(StrEnum):
    """What the player does now."""

    SEEKING = "seeking"
    PLAYING = "playing"
    PAUSED = "paused"
    CAUGHT_UP = "caught_up"
    EMPTY = "empty"


@dataclass(frozen=True, slots=True)
class Hole:
    """A time without footage that the player has come to."""

    from_utc_s: float
    to_utc_s: float


@dataclass(frozen=True, slots=True)
class PlaybackStatus:
    """`utc_s` is the shown frame's own time, None before the first. EMPTY: there is nothing at or after that time."""

    state: PlaybackState
    utc_s: float | None
    speed: float
    hole: Hole | None = None


class Playback(Worker):
    """Make it with the moment to begin at, start it, stop it (ends within a second)."""

    def __init__(self, camera_id: str, footage: Footage, tap: Tap, utc_s: float) -> None:
        super().__init__(f"playback-{camera_id}")
        self.dropped = 0
        self._camera_id, self._footage, self._tap = camera_id, footage, tap
        self._orders = threading.Condition()
        self._target: float | None = utc_s
        self._steps = 0
        self._paused = False
        self._speed = 1.0
        self._state = PlaybackState.SEEKING
        self._hole: Hole | None = None
        self._told_s = 0.0
        self._shots: Shots = shots((), utc_s)
        self._ended = False
        self._shot: Shot | None = None
        self._ahead: Shot | None = None
        self._anchor = (0.0, 0.0)
        self._box: tuple[int, int] | None = None
        self._converter = Converter(camera_id)
        self._seq = 0

    # Orders, from any thread

    def seek(self, utc_s: float) -> None:
        """Show the frame of that time (the last one not after it) and go on as before."""
        with self._orders:
            self._target, self._steps = utc_s, 0
            self._state = PlaybackState.SEEKING
            self._orders.notify()

    def pause(self, *, paused: bool = True) -> None:
        """Stand still, or go on."""
        with self._orders:
            self._paused, self._steps = paused, 0
            self._anchor = (0.0, 0.0)
            self._orders.notify()

    def step(self, frames: int) -> None:
        """So many frames on, or back when negative; stands still afterwards."""
        with self._orders:
            self._paused = True
            self._steps = max(-_MOST_STEPS, min(self._steps + frames, _MOST_STEPS))
            self._orders.notify()

    def set_speed(self, speed: float) -> None:
        """1/4 to 4 times real time."""
        with self._orders:
            self._speed = min(max(speed, SPEEDS[0]), SPEEDS[1])
            self._anchor = (0.0, 0.0)
            self._orders.notify()

    def stop(self) -> None:
        """Ask to stop, and wake."""
        super().stop()
        with self._orders:
            self._orders.notify()

    def status(self) -> PlaybackStatus:
        """Where it is; any thread, cheap."""
        shot, state = self._shot, self._state
        if self._paused and state in (PlaybackState.PLAYING, PlaybackState.CAUGHT_UP):
            state = PlaybackState.PAUSED
        return PlaybackStatus(state, shot.utc_s if shot is not None else None, self._speed, self._hole)

    @property
    def paused(self) -> bool:
        """Whether it stands still by order."""
        return self._paused

    # The work, on the player's thread

    def run(self) -> None:
        """Carry out orders, else play."""
        if self._target is None and self._shot is not None:
            self._target = self._shot.utc_s  # started again by the supervisor
        try:
            while not self.stopping.is_set():
                self.beat()
                self._turn()
        finally:
            self._leave()

    def _turn(self) -> None:
        with self._orders:
            target, self._target = self._target, None
            step = (self._steps > 0) - (self._steps < 0)
            self._steps -= step
        if target is not None:
            self._find(target)
        elif step and self._shot is not None:
            self._move(step, self._shot)
        elif self._paused or self._shot is None:
            self._rest(_REST_S)
        else:
            self._play_on(self._shot)

    def _find(self, utc_s: float) -> None:
        """The last frame at or before `utc_s`; where that lies in a gap, the first one after it, and the gap told."""
        best, after = self._around(utc_s)
        if self._interrupted:
            return
        self._tell(None)
        in_gap = best is not None and utc_s - best.utc_s > GAP_S
        if after is not None and (best is None or in_gap):
            if after.utc_s - utc_s > GAP_S or in_gap:
                self._tell(Hole(best.utc_s if best is not None else utc_s, after.utc_s))
            best, after = after, None
        elif best is not None and in_gap:
            self._tell(Hole(best.utc_s, utc_s))
        self._settle(best, after)

    def _move(self, step: int, shot: Shot) -> None:
        """One frame on or back, over gaps."""
        if step > 0:
            best, after = self._next(shot), None
        else:
            best, after = self._around(shot.utc_s - _BACK_S)
        if best is None or self._interrupted:
            return
        low, high = sorted((best.utc_s, shot.utc_s))
        self._tell(Hole(low, high) if high - low > GAP_S else None)
        self._settle(best, after)

    def _tell(self, hole: Hole | None) -> None:
        """Say it as long as it takes to read, whatever the speed."""
        self._hole, self._told_s = hole, time.monotonic()

    def _settle(self, shot: Shot | None, ahead: Shot | None) -> None:
        self._shot, self._ahead = shot or self._shot, ahead
        self._anchor = (0.0, 0.0)
        self._state = PlaybackState.PLAYING if shot is not None else PlaybackState.EMPTY
        if shot is not None:
            self._show(shot)
        else:
            self._shot = None

    def _around(self, utc_s: float) -> tuple[Shot | None, Shot | None]:
        """The last frame at or before a time, and the first after it."""
        self._open(utc_s)
        best: Shot | None = None
        for shot in self._shots:
            if self._interrupted or shot is Idle.EDGE:
                break
            if isinstance(shot, Shot):
                if shot.utc_s > utc_s + _EXACT_S:
                    return best, shot
                best = shot
        return best, None

    def _open(self, utc_s: float) -> None:
        self._leave()
        reel = self._footage.reel(self._camera_id, utc_s - _LEAD_S, utc_s + _AHEAD_S)
        before = [piece for piece in reel if piece.to_utc_s <= utc_s]
        self._shots = shots([*before[-1:], *(piece for piece in reel if piece.to_utc_s > utc_s)], utc_s)

    def _leave(self) -> None:
        """Close files and forget what was read ahead."""
        self._ahead = None
        self._shots.close()

    def _next(self, last: Shot) -> Shot | None:
        """The frame after `last`, from further pieces if need be; None when nothing newer is there yet."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            return ahead
        for _attempt in range(2):
            self._ended = False
            for shot in self._shots:
                if self._interrupted or shot is Idle.EDGE:
                    return None
                if isinstance(shot, Shot) and shot.utc_s > last.utc_s + _EXACT_S:
                    return shot
            self._open(last.utc_s)
            self._ended = True
        return None

    def _play_on(self, last: Shot) -> None:
        shot = self._next(last)
        if shot is None:
            if not self._interrupted:
                self._state = PlaybackState.CAUGHT_UP
                self._rest(_ENDED_S if self._ended else _EDGE_S)
            return
        if shot.utc_s - last.utc_s > GAP_S:
            self._tell(Hole(last.utc_s, shot.utc_s))
            self._anchor = (0.0, 0.0)
        elif time.monotonic() - self._told_s > _TELL_S:
            self._hole = None
        late_s = self._wait_for(shot)
        if late_s is None:
            self._ahead = shot
            return
        self._state, self._shot = PlaybackState.PLAYING, shot
        if late_s < _LATE_S or self._seq % 4 == 0:
            self._show(shot)
        else:
            self._seq += 1
            self.dropped += 1

    def _wait_for(self, shot: Shot) -> float | None:
        """Wait until the frame is due; how late it is then, None when an order came first."""
        at_s, utc_s = self._anchor
        now_s = time.monotonic()
        due_s = at_s + (shot.utc_s - utc_s) / self._speed
        if not at_s or now_s - due_s > _HOPELESS_S:
            self._anchor, due_s = (now_s, shot.utc_s), now_s
        with self._orders:
            while (rest_s := due_s - time.monotonic()) > 0:
                if self._ordered or self._paused or not self._anchor[0]:
                    return None
                self.beat()
                self._orders.wait(min(rest_s, _REST_S))
        return time.monotonic() - due_s

    def _rest(self, seconds: float) -> None:
        """Wait for an order; a tap that wants another size meanwhile gets the same frame again."""
        with self._orders:
            if not self._ordered:
                self._orders.wait(seconds)
        if self._shot is not None and self._tap.wanted() != self._box:
            self._show(self._shot)

    def _show(self, shot: Shot) -> None:
        self._box = box = self._tap.wanted()
        self._seq += 1
        if box is not None:
            packet = replace(shot.packet, due_s=time.monotonic())
            self._tap.put(self._converter.picture(shot.frame, packet, self._seq, box, self._tap.pixel_format))

    @property
    def _interrupted(self) -> bool:
        """Whether what is being done is no longer wanted."""
        return self.stopping.is_set() or self._target is not None

    @property
    def _ordered(self) -> bool:
        return self._interrupted or self._steps != 0
