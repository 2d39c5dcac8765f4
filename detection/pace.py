"""How often and how late each camera is looked at, and whether what is asked for can be held. Pure; monotonic seconds.

Lives on the detection process's main thread; its sum goes to the parent once a second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from detection.messages import CameraLooks, Pace
from detection.scheduler import Taken, Urgency

WINDOW_S = 5.0
REPORT_S = 1.0
OVERLOADED_BELOW, HELD_FROM = 0.9, 0.97
"""Share of the asked looks that are made: less is announced as overload, so much ends it."""


class PaceMeter:
    """Counts over the last seconds."""

    def __init__(self, now_s: float) -> None:
        self.overloaded = False
        self._taken: deque[tuple[float, float]] = deque()
        self._looks: dict[str, deque[tuple[float, float]]] = {}
        self._began_s = now_s
        self._due_s = now_s + REPORT_S

    def took(self, turn: Taken, now_s: float) -> None:
        """A turn was given; `held_s / period_s` turns were lost to a busy detector."""
        self._taken.append((now_s, turn.held_s / turn.period_s))

    def looked(self, camera_id: str, latency_s: float, now_s: float) -> None:
        """A look was answered, so long after its frame was taken."""
        self._looks.setdefault(camera_id, deque(maxlen=512)).append((now_s, latency_s))

    def report(
        self,
        now_s: float,
        asked_hz: float,
        reason: Callable[[str], Urgency],
        rate_hz: Callable[[str], float] = lambda _camera_id: 0.0,
    ) -> Pace | None:
        """The figures, once a second; what of a single camera is asked for says `rate_hz`."""
        if now_s < self._due_s:
            return None
        self._due_s = now_s + REPORT_S
        for camera_id in [i for i, looks in self._looks.items() if not _recent(looks, now_s)]:
            del self._looks[camera_id]
        self._judge(now_s)
        span_s = min(max(now_s - self._began_s, REPORT_S), WINDOW_S)
        cameras = {
            camera_id: CameraLooks(
                looks_per_s=round(len(looks) / span_s, 2),
                latency_ms=round(sum(latency_s for _, latency_s in looks) / len(looks) * 1000, 1),
                reason=reason(camera_id),
                asked_per_s=round(rate_hz(camera_id), 2),
            )
            for camera_id, looks in self._looks.items()
        }
        return Pace(round(asked_hz, 1), sum(c.looks_per_s for c in cameras.values()), self.overloaded, cameras)

    def forget(self, kept: frozenset[str]) -> None:
        """Only these cameras are there now."""
        self._looks = {camera_id: looks for camera_id, looks in self._looks.items() if camera_id in kept}

    def _judge(self, now_s: float) -> None:
        while self._taken and now_s - self._taken[0][0] > WINDOW_S:
            self._taken.popleft()
        if now_s - self._began_s < WINDOW_S:
            return
        made = len(self._taken)
        asked = made + sum(lost for _, lost in self._taken)
        share = made / asked if asked else 1.0
        self.overloaded = share < (HELD_FROM if self.overloaded else OVERLOADED_BELOW)


def _recent(looks: deque[tuple[float, float]], now_s: float) -> bool:
    while looks and now_s - looks[0][0] > WINDOW_S:
        looks.popleft()
    return bool(looks)
