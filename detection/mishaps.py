"""What one camera's pipeline has failed at, and when it is tried again. Pure: the caller brings the time."""

from __future__ import annotations

from dataclasses import dataclass

PAUSES_S = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
"""Before each restart in a row; the last one repeats."""

HEALTHY_S = 60.0
"""A pipeline that worked this long has earned a quick restart again."""


@dataclass(slots=True)
class Mishaps:
    """`count` since the process began; `failing` from a failure to the first look that works."""

    count: int = 0
    failing: bool = False
    _in_a_row: int = 0
    _until_s: float = 0.0

    def note(self, now_s: float) -> float:
        """It failed: how long it rests."""
        if not self.failing and now_s - self._until_s > HEALTHY_S:
            self._in_a_row = 0
        pause_s = PAUSES_S[min(self._in_a_row, len(PAUSES_S) - 1)]
        self.count, self.failing, self._in_a_row = self.count + 1, True, self._in_a_row + 1
        self._until_s = now_s + pause_s
        return pause_s

    def rests(self, now_s: float) -> bool:
        """Whether it is not to be tried yet."""
        return self.failing and now_s < self._until_s

    def worked(self) -> bool:
        """A look worked; whether it was failing until now."""
        was, self.failing = self.failing, False
        return was
