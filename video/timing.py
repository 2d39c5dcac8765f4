"""When a packet was due: one clock per opening that maps a stream's own time to the host's, smoothly.

Pure arithmetic on times handed in; lives on the reader's thread. Not a clock: it never asks for the time.
"""

from __future__ import annotations

from typing import NamedTuple

TRUST_S = 2.0
_BACK_S = 1.0
_GAP_S = 10.0
_REPEAT_S = 0.001
_RISE = 0.005
_SLEW = 0.1


class Stamp(NamedTuple):
    """`pts_s` without jumps, `utc_s` epoch seconds, `due_s` monotonic seconds."""

    pts_s: float
    utc_s: float
    due_s: float


class Timeline:
    """A stream's timestamps (s) without jumps and repeats; reordered frames may step back by less than a second."""

    def __init__(self, step_s: float = 1 / 25) -> None:
        self._step_s = step_s
        self._shift_s = 0.0
        self._top_s: float | None = None
        self._last_s: float | None = None
        self._given_s: float | None = None

    def continued(self, pts_s: float | None) -> float:
        """`pts_s`, moved so that it goes on where the stream was."""
        if self._top_s is None:
            self._shift_s = 0.0 if pts_s is not None else self._shift_s
            self._top_s = self._last_s = pts_s or 0.0
            return self._top_s
        if pts_s is None:
            moved = self._top_s + self._step_s
        else:
            moved = pts_s + self._shift_s
            if not -_BACK_S < moved - self._top_s < _GAP_S:
                self._shift_s += self._top_s + self._step_s - moved
                moved = self._top_s + self._step_s
            elif pts_s == self._given_s or moved == self._last_s:
                moved = self._top_s + _REPEAT_S
        self._last_s, self._given_s = moved, pts_s
        self._top_s = max(self._top_s, moved)
        return moved


class StreamClock:
    """Maps the pts of one opening of a live source to host time.

    With sender reports (RFC 3550, 6.4) within 2 s of the host: the stream's own time. Else arrival, smoothed: the
    smallest seen `arrival - pts` is the undelayed one (a slow rise lets it follow the camera's clock drift).
    A change between the two is slewed at a tenth of real time, so that time never runs backwards.
    """

    def __init__(self, step_s: float = 1 / 25) -> None:
        self.offset_s: float | None = None
        self._timeline = Timeline(step_s)
        self._arrival_s: float | None = None
        self._residual_s = 0.0
        self._carried: bool | None = None
        self._target_s = 0.0
        self._previous_s = 0.0

    @property
    def carried(self) -> bool:
        """Whether the stream's own UTC is used."""
        return bool(self._carried)

    def stamp(self, pts_s: float | None, arrival_s: float, arrival_utc_s: float, start_utc_s: float | None) -> Stamp:
        """Times of one packet. `arrival_s` monotonic; `start_utc_s` the stream's UTC at pts 0, if it carries one.

        `offset_s` afterwards tells how far the camera's clock is ahead of the host (None: it carries none)."""
        moved = self._timeline.continued(pts_s)
        step_s = max(moved - self._previous_s, 0.0) if self._carried is not None else 0.0
        self._previous_s = max(moved, self._previous_s)
        target = self._from_arrival(moved, arrival_s, step_s)
        carried = False
        if start_utc_s is not None and pts_s is not None:
            self.offset_s = start_utc_s + pts_s - arrival_utc_s
            carried = abs(self.offset_s) <= TRUST_S
            if carried:
                target = arrival_s + self.offset_s - moved
        self._slew(target, carried, step_s)
        # What is left of an older mapping must not put a packet later than its arrival.
        self._residual_s = min(self._residual_s, max(arrival_s - moved - target, 0.0))
        due_s = moved + target + self._residual_s
        return Stamp(moved, due_s + arrival_utc_s - arrival_s, due_s)

    def _from_arrival(self, moved_s: float, arrival_s: float, step_s: float) -> float:
        delay = arrival_s - moved_s
        if self._arrival_s is None or delay <= self._arrival_s or delay - self._arrival_s > TRUST_S:
            self._arrival_s = delay
        else:
            self._arrival_s += min(delay - self._arrival_s, _RISE * step_s)
        return self._arrival_s

    def _slew(self, target_s: float, carried: bool, step_s: float) -> None:
        if self._carried is not None and carried is not self._carried:
            self._residual_s += self._target_s - target_s
            if abs(self._residual_s) > 2 * TRUST_S:
                self._residual_s = 0.0
        self._carried, self._target_s = carried, target_s
        shrink = min(abs(self._residual_s), _SLEW * step_s)
        self._residual_s -= shrink if self._residual_s > 0 else -shrink
