"""Whether a camera's packets are wanted now: its plan, events and demands, and a hold while the disk is short.

Written by any thread (alarms, operators, the footage keeper), asked by the writer's thread; each value is replaced
whole. Times are UTC epoch seconds of the packets. Not a clock, and knows no camera.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import StrEnum

from storage.footage_records import GapReason

PRE_ROLL_S = 10.0
POST_ROLL_S = 30.0
_ALWAYS = float("-inf")


class RecordingMode(StrEnum):
    """When a camera is recorded by itself; on demand it is recorded in every mode."""

    CONTINUOUS = "continuous"
    SCHEDULED = "scheduled"
    EVENT = "event"
    OFF = "off"


class RecordingGate:
    """Open for ever unless told otherwise. `planned` answers for SCHEDULED."""

    def __init__(
        self, mode: RecordingMode = RecordingMode.CONTINUOUS, planned: Callable[[float], bool] = lambda _utc_s: True
    ) -> None:
        self._lock = threading.Lock()
        self._mode, self._planned = mode, planned
        self._until_utc_s = _ALWAYS
        self._since_utc_s: float | None = None
        self._held: GapReason | None = None

    @property
    def mode(self) -> RecordingMode:
        """What the plan says."""
        return self._mode

    @property
    def held(self) -> GapReason | None:
        """Why nothing is recorded whatever the plan says."""
        return self._held

    @property
    def until_utc_s(self) -> float:
        """How long events and demands keep it open."""
        return self._until_utc_s

    def replan(self, mode: RecordingMode, planned: Callable[[float], bool]) -> None:
        """Another plan; events and demands that run go on."""
        self._planned = planned
        self._mode = mode

    def event(self, utc_s: float) -> None:
        """Something happened: matters to cameras that are recorded on event."""
        if self._mode is RecordingMode.EVENT:
            self.want(utc_s - PRE_ROLL_S, utc_s + POST_ROLL_S)

    def want(self, from_utc_s: float, to_utc_s: float) -> None:
        """Record this time, of which the beginning may have passed (as far as the packet ring holds it)."""
        with self._lock:
            self._until_utc_s = max(self._until_utc_s, to_utc_s)
            self._since_utc_s = min(from_utc_s, self._since_utc_s or from_utc_s)

    def hold(self, reason: GapReason | None) -> None:
        """Record nothing for this reason; None: as planned again."""
        self._held = reason

    def take_wish(self) -> float | None:
        """From when on packets that have passed are wanted, once after `want`."""
        if self._since_utc_s is None:
            return None
        with self._lock:
            since, self._since_utc_s = self._since_utc_s, None
            return since

    def refusal(self, utc_s: float) -> GapReason | None:
        """Why a packet of this time is not to be recorded; None: it is."""
        if self._held is not None:
            return self._held
        if utc_s <= self._until_utc_s or self._mode is RecordingMode.CONTINUOUS:
            return None
        if self._mode is RecordingMode.SCHEDULED and self._planned(utc_s):
            return None
        return GapReason.NOT_PLANNED
