"""Does the motion gate pay? Measured: the processor time of a look against that of a glance. Pure.

A glance costs the decode pool a picture (0.1 ms from 640x360, 0.8 ms from 720p) and the gate 0.05 ms; a look by the
nano model costs 10-40 ms on a CPU. On a GPU a look is cheap for the CPU: there the gate works only in overload.
"""

from __future__ import annotations

GLANCE_MS = 1.0
PAYS_FROM = 3.0
PAYS_NO_MORE = 2.0
"""Times that a look costs more than a glance: begin, and end."""

_KEEP_S = 60.0
"""An overload that has ended keeps the gate working, or it would come back at once."""

_LEAST_LOOKS = 10


class GateWorth:
    """`looks` is counted up by the caller."""

    def __init__(self, process_s: float) -> None:
        self.pays = True
        self.looks = 0
        self._process_s = process_s
        self._needed_until_s = 0.0

    def judge(self, now_s: float, process_s: float, *, overloaded: bool) -> bool:
        """Judge what was spent since the last call (`process_s`: our CPU time); whether the answer changed."""
        before = self.pays
        if overloaded:
            self._needed_until_s = now_s + _KEEP_S
        if self.looks >= _LEAST_LOOKS:
            look_ms = (process_s - self._process_s) / self.looks * 1000
            self.looks, self._process_s = 0, process_s
            self.pays = look_ms > GLANCE_MS * (PAYS_NO_MORE if before else PAYS_FROM)
        self.pays = self.pays or now_s < self._needed_until_s
        return self.pays is not before
