"""Whose turn it is to be looked at: equal turns, weighted by what goes on, at most each camera's own rate.

Pure: the caller gives the time (monotonic seconds). Lives on the detection process's main thread.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum


class Urgency(IntEnum):
    """The share of turns a camera gets when there are not enough for all."""

    IDLE = 1
    TRACKS = 2
    ALARM = 4


@dataclass(slots=True)
class _Turn:
    period_s: float
    due_s: float
    urgency: Urgency = Urgency.IDLE


class Scheduler:
    """Keeps when each camera is due. The most overdue goes first, lateness counted times its urgency:
    lateness grows without end, weights do not, so nobody starves."""

    def __init__(self) -> None:
        self._turns: dict[str, _Turn] = {}

    def configure(self, rates_hz: dict[str, float], now_s: float) -> None:
        """Look after exactly these cameras; known ones keep their place in the queue."""
        turns = {}
        for camera_id, rate_hz in rates_hz.items():
            turn = self._turns.get(camera_id) or _Turn(0.0, now_s)
            turn.period_s = 1.0 / max(rate_hz, 0.01)
            turns[camera_id] = turn
        self._turns = turns

    def note(self, camera_id: str, urgency: Urgency) -> None:
        """What the last look saw; unknown cameras are ignored."""
        if camera_id in self._turns:
            self._turns[camera_id].urgency = urgency

    def due(self, now_s: float) -> list[str]:
        """Cameras whose turn has come, most deserving first."""
        late = [(self._claim(turn, now_s), camera_id) for camera_id, turn in self._turns.items() if turn.due_s <= now_s]
        return [camera_id for _, camera_id in sorted(late, reverse=True)]

    def take(self, ready: Collection[str], now_s: float) -> str | None:
        """The camera among `ready` that is looked at now, or None. Its next turn is one period later;
        a turn that was missed is not made up for."""
        for camera_id in self.due(now_s):
            if camera_id in ready:
                turn = self._turns[camera_id]
                turn.due_s = max(turn.due_s + turn.period_s, now_s + turn.period_s / 2)
                return camera_id
        return None

    def next_due_s(self) -> float | None:
        """When the next turn comes."""
        return min((turn.due_s for turn in self._turns.values()), default=None)

    @staticmethod
    def _claim(turn: _Turn, now_s: float) -> float:
        return (now_s - turn.due_s + turn.period_s / 10) * turn.urgency
