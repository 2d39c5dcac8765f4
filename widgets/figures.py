"""What the wall measures of itself: pictures shown against pictures due, frame age, stalls of the GUI thread.

Lives on the GUI thread. All stores are bounded, so a wall that runs for months measures its last minutes. Times are
`time.monotonic()` seconds, the clock of `Picture.due_s`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer

from app.governor import WallLoad
from app.metrics import WallMetrics

STALL_PERIOD_S = 0.010
_SAMPLES = 200_000
_RECENT = 4096
_FLOOR_RISE = 0.0003
"""Seconds a picture: a camera's own delay may grow, a computer that cannot keep up must stay visible for minutes."""
_SECONDS = 900


class Samples:
    """A ring of (time, value) pairs; the oldest go first."""

    def __init__(self, size: int = _SAMPLES) -> None:
        self._times = np.zeros(size, np.float64)
        self._values = np.zeros(size, np.float32)
        self._count = 0

    def add(self, at_s: float, value: float) -> None:
        """Append one value."""
        spot = self._count % len(self._times)
        self._times[spot], self._values[spot] = at_s, value
        self._count += 1

    def recent(self, percent: float, since_s: float) -> float | None:
        """As `percentile`, over the newest few thousand values only: cheap enough for every second."""
        held = min(self._count, len(self._times), _RECENT)
        spots = np.arange(self._count - held, self._count) % len(self._times)
        values = self._values[spots][self._times[spots] >= since_s]
        return float(np.percentile(values, percent)) if len(values) else None

    def percentile(self, percent: float, since_s: float) -> float | None:
        """The percentile of the values at or after `since_s`; None without values."""
        held = min(self._count, len(self._times))
        values = self._values[:held][self._times[:held] >= since_s]
        return float(np.percentile(values, percent)) if len(values) else None


@dataclass(slots=True)
class _Second:
    at_s: int
    painted: int = 0
    due: float = 0.0


class TileCount:
    """Pictures of one tile, by second. Due pictures wait until the stream proves that it was still there: the next
    picture confirms them, a disconnection takes back what was due since the last picture."""

    def __init__(self) -> None:
        self._seconds: deque[_Second] = deque(maxlen=_SECONDS)
        self._pending_due = 0.0
        self._floor_s = float("inf")

    def late_s(self, age_s: float) -> float:
        """How much older a picture is than the camera's pictures at their best: what of it is ours."""
        self._floor_s = age_s if age_s < self._floor_s else min(self._floor_s + _FLOOR_RISE, age_s)
        return age_s - self._floor_s

    def painted(self, at_s: float) -> None:
        """A distinct picture reached the screen."""
        second = self._second(at_s)
        second.painted += 1
        second.due += self._pending_due
        self._pending_due = 0.0

    def due(self, pictures: float) -> None:
        """So many pictures were due since the last call."""
        self._pending_due += pictures

    def disconnected(self) -> None:
        """The source is gone: nothing was due since its last picture."""
        self._pending_due = 0.0

    def totals(self, since_s: float) -> tuple[int, float]:
        """(painted, due) since then."""
        seconds = [s for s in self._seconds if s.at_s >= int(since_s)]
        return sum(s.painted for s in seconds), sum(s.due for s in seconds) + self._pending_due

    def _second(self, at_s: float) -> _Second:
        if not self._seconds or self._seconds[-1].at_s != int(at_s):
            self._seconds.append(_Second(int(at_s)))
        return self._seconds[-1]


class WallFigures:
    """Figures of one wall since the last `reset()`. `first_picture_s` is when the first picture ever was painted."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._parent = QObject()
        self._stall_timer = QTimer(self._parent)
        self._stall_timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._stall_timer.setInterval(int(STALL_PERIOD_S * 1000))
        self._stall_timer.timeout.connect(self._on_stall_timer)
        self.first_picture_s: float | None = None
        self.reset()

    def reset(self) -> None:
        """Forget everything; call it at the first picture."""
        self._tiles: dict[str, TileCount] = {}
        self._ages = Samples()
        self._lateness = Samples(_RECENT)
        self._stalls = Samples()
        self._last_beat_s: float | None = None
        self._since_s = self._clock()

    def start(self) -> None:
        """Begin to watch the GUI thread for stalls."""
        self._last_beat_s = None
        self._stall_timer.start()

    def stop(self) -> None:
        """Stop watching."""
        self._stall_timer.stop()

    def tile(self, camera_id: str) -> TileCount:
        """The counts of one tile."""
        if camera_id not in self._tiles:
            self._tiles[camera_id] = TileCount()
        return self._tiles[camera_id]

    def painted(self, camera_id: str, due_s: float) -> None:
        """A new picture of a tile was painted now."""
        now = self._clock()
        if self.first_picture_s is None:
            self.first_picture_s = now
        count = self.tile(camera_id)
        count.painted(now)
        self._ages.add(now, now - due_s)
        self._lateness.add(now, count.late_s(now - due_s))

    def load(self, seconds: float, wall: str = "") -> WallLoad:
        """What the load ladder asks every second: of the last seconds, in a fraction of a millisecond."""
        since_s = self._clock() - seconds
        return WallLoad(_ms(self._lateness.recent(95, since_s)), _ms(self._stalls.recent(99, since_s)), wall)

    def read(self, since_s: float | None = None) -> WallMetrics:
        """The figures since `since_s` (monotonic) or the last reset. A tile that showed more than was due counts as
        full, so that it cannot hide another's loss."""
        since = self._since_s if since_s is None else since_s
        totals = [count.totals(since) for count in self._tiles.values()]
        due = sum(d for _, d in totals)
        shown = sum(min(p, d) for p, d in totals)
        return WallMetrics(
            tiles=sum(1 for painted, _ in totals if painted),
            shown_ratio=round(shown / due, 4) if due else None,
            frame_age_p50_ms=_ms(self._ages.percentile(50, since)),
            frame_age_p95_ms=_ms(self._ages.percentile(95, since)),
            gui_stall_p99_ms=_ms(self._stalls.percentile(99, since)),
            gui_stall_max_ms=_ms(self._stalls.percentile(100, since)),
        )

    def _on_stall_timer(self) -> None:
        now = self._clock()
        if self._last_beat_s is not None:
            self._stalls.add(now, max(0.0, now - self._last_beat_s - STALL_PERIOD_S))
        self._last_beat_s = now


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 2)
