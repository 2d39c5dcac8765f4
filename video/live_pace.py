"""Streams whose own times cannot be used as they come: those that carry none, and those that come in heaps.

Pure arithmetic on times handed in; lives on the reader's thread.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import av
    from av.video.stream import VideoStream

TICK = Fraction(1, 90_000)
_LATE_S = 1.0
_AHEAD_S = 30.0


class ArrivalTimes:
    """Gives packets the time of their arrival: for Motion JPEG over HTTP, where FFmpeg counts 25 pictures to a second
    whatever the camera sends, so that a slower one would seem older with every picture."""

    def __init__(self) -> None:
        self._start_s: float | None = None
        self._last = -1

    def put(self, packet: av.Packet[VideoStream], arrival_s: float) -> None:
        """Write pts and dts in `TICK`s since the first packet, always rising."""
        self._start_s = arrival_s if self._start_s is None else self._start_s
        self._last = max(self._last + 1, round((arrival_s - self._start_s) / TICK))
        packet.time_base = TICK
        packet.pts = packet.dts = self._last


class Pace:
    """When a picture of an HLS segment (RFC 8216) is due: segments come whole, and would be shown as one jump each."""

    def __init__(self) -> None:
        self._base_s: float | None = None

    def due_s(self, pts_s: float, now_s: float) -> float:
        """Monotonic seconds. What ran dry goes on from now; what is far ahead is a jump of the stream's own time."""
        if self._base_s is None or not -_LATE_S <= self._base_s + pts_s - now_s <= _AHEAD_S:
            self._base_s = now_s - pts_s
        return self._base_s + pts_s
