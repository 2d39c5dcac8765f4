"""Is a stream's picture damaged? The share of its frames that the decoder had to patch, told with hysteresis.

FFmpeg conceals what is missing, and the picture goes on: without a word about it, grey blocks look like the scene.
Arithmetic only; one thread looks, `share` may be read on any.
"""

from __future__ import annotations

from collections import deque

BEGIN_SHARE = 0.03
"""From here on it is told: at 1 % of lost packets, of which a frame has several, more frames than this are hurt."""
END_SHARE = 0.01
_FEWEST = 2
_LOOKS = 5


class DamageWatch:
    """Over the last five looks at which something had been decoded (a look is due every 2 s)."""

    def __init__(self) -> None:
        self.share = 0.0
        self._seen: tuple[int, int] | None = None
        self._windows: deque[tuple[int, int]] = deque(maxlen=_LOOKS)

    def look(self, frames: int, damaged: int) -> bool:
        """Note a stream's counters; True when telling begins or ends. `share` (0..1) is 0.0 while nothing is told."""
        before, self._seen = self._seen or (frames, damaged), (frames, damaged)
        hurt = damaged - before[1]
        new = max(frames - before[0], hurt)
        if new <= 0:
            return False
        self._windows.append((new, hurt))
        total, count = (sum(column) for column in zip(*self._windows, strict=True))
        was, share = self.share > 0, count / total
        tells = share >= END_SHARE if was else share >= BEGIN_SHARE and count >= _FEWEST
        self.share = share if tells else 0.0
        return tells is not was

    def forget(self) -> None:
        """The stream ended: what was wrong with it says nothing about the next one."""
        self.share = 0.0
        self._seen = None
        self._windows.clear()
