"""The one clock of a playback: where it stands as a function of monotonic time. Pure; it never asks for the time.

A clock is a fact about one moment (`anchor_s`, `anchor_utc_s`) and what has gone on since; every order makes a new one.
It never runs past `edge_utc_s`, the present, and stays with it once it has caught up.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

LIVE_S = 1.0
"""So near to the present is live."""


@dataclass(frozen=True, slots=True)
class PlayClock:
    """`speed` is signed, in times real time. `jump` grows with every seek and step: what was looked for before is no
    longer wanted. `backward` is the side from which a clock that stands was reached."""

    anchor_s: float
    anchor_utc_s: float
    speed: float = 1.0
    playing: bool = False
    jump: int = 0
    backward: bool = False

    def at(self, now_s: float, edge_utc_s: float) -> float:
        """The time that is shown at the monotonic time `now_s`."""
        gone_s = max(now_s - self.anchor_s, 0.0) * self.speed if self.playing else 0.0
        return min(self.anchor_utc_s + gone_s, edge_utc_s)

    def at_edge(self, now_s: float, edge_utc_s: float) -> bool:
        """Whether it has caught up with the present; it then goes on in real time, whatever its speed."""
        return not self.backward and self.at(now_s, edge_utc_s) >= edge_utc_s - LIVE_S

    def sought(self, utc_s: float, now_s: float, edge_utc_s: float, *, backward: bool | None = None) -> PlayClock:
        """Elsewhere; goes on as before. `backward` only when it stands: where the next step is expected."""
        side = self.backward if backward is None or self.playing else backward
        target = min(utc_s, edge_utc_s)
        return replace(self, anchor_s=now_s, anchor_utc_s=target, jump=self.jump + 1, backward=side)

    def played(self, speed: float, now_s: float, edge_utc_s: float) -> PlayClock:
        """Going on from where it is."""
        here = self.at(now_s, edge_utc_s)
        return replace(self, anchor_s=now_s, anchor_utc_s=here, speed=speed, playing=True, backward=speed < 0)

    def paused(self, now_s: float, edge_utc_s: float) -> PlayClock:
        """Standing where it is."""
        return replace(self, anchor_s=now_s, anchor_utc_s=self.at(now_s, edge_utc_s), playing=False)
