"""Whose masks are lifted at this seat, and for how long. One thread (the GUI's); nothing is stored.

Lifting is allowed and written down by the journal before `lift` is called; here it only runs out.
"""

from __future__ import annotations

import time
from collections.abc import Callable

LIFT_S = 1800.0


class MaskLifts:
    """Ends of lifts by camera, on the monotonic clock: a clock that is set does not lengthen one."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends: dict[str, float] = {}

    def lift(self, camera_id: str) -> None:
        """From now on for half an hour."""
        self._ends[camera_id] = self._clock() + LIFT_S

    def give_back(self, camera_id: str) -> bool:
        """At once; False when it was not lifted."""
        lifted = self.left_s(camera_id) > 0
        self._ends.pop(camera_id, None)
        return lifted

    def give_all_back(self) -> bool:
        """At once; False when none was lifted."""
        lifted = any(self.left_s(camera_id) > 0 for camera_id in tuple(self._ends))
        self._ends.clear()
        return lifted

    def left_s(self, camera_id: str) -> float:
        """Seconds until it gives itself back; 0 when the masks are on."""
        end_s = self._ends.get(camera_id)
        if end_s is None:
            return 0.0
        left_s = end_s - self._clock()
        if left_s <= 0:
            del self._ends[camera_id]
            return 0.0
        return left_s
