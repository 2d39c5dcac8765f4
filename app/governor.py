"""The load ladder: what is given up, rung by rung, while this machine cannot keep up, and taken back when it can.

`Ladder` decides, over samples with the caller's time (monotonic seconds): pure, no thread. `Governor` tells those who
carry it out. Samples come once a second from the wall, as `WallLoad` facts: how late its pictures are against each
camera's own best (a camera's clock is none of our load), and how late its GUI thread is. Lateness counts only as far as
decoding is behind: for a network that brings packets late nothing is lowered.
"""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from enum import IntEnum

from app.feeds import Banner
from app.i18n import _

log = logging.getLogger(__name__)

BANNER = "load"
LATE_MS = 300.0
STALL_MS = 100.0
CALM_LATE_MS = 150.0
CALM_STALL_MS = 50.0
DWELL_S = 6.0
"""No rung is held for less."""
HOT_S = 3.0
"""So long the load must last before the next rung is taken."""
CALM_S = 10.0
"""So long it must be gone before one is given back; up to eight times as long where giving back brought it back."""
MOST_PATIENCE = 8
_RELAPSE_S = 60.0
_FORGIVEN_S = 300.0
_GAP_S = 5.0
_LOST_S = 5.0


class Rung(IntEnum):
    """What is lowered, each rung with those before it. Rules are touched last: `LOOKS` leaves them what they need,
    `DEGRADED` is taken only where their streams lose pictures anyway. What the operator looks at is never lowered.
    Key frames only costs a tile nearly everything, so it comes to a third of them first."""

    NORMAL = 0
    HALVED = 1
    SOME_KEYS = 2
    MOST_KEYS = 3
    KEYS = 4
    LOOKS = 5
    DEGRADED = 6


_SHARES = {Rung.NORMAL: 0.0, Rung.HALVED: 0.0, Rung.SOME_KEYS: 1 / 3, Rung.MOST_KEYS: 2 / 3}


def key_frames_only(rung: Rung, streams: Collection[str], ruled: Collection[str]) -> frozenset[str]:
    """Those of the streams of which nothing but key frames is decoded; `ruled` of them have rules.

    The newest cameras come first and always the same ones: tiles that take turns would jerk everywhere."""
    if rung is Rung.DEGRADED:
        return frozenset(streams)
    spare = sorted(frozenset(streams) - frozenset(ruled), reverse=True)
    return frozenset(spare[: math.ceil(_SHARES.get(rung, 1.0) * len(spare))])


@dataclass(frozen=True, slots=True)
class WallLoad:
    """One wall's last seconds: 95th percentile of the pictures' lateness, 99th of the GUI thread's; None unseen."""

    late_p95_ms: float | None = None
    stall_p99_ms: float | None = None
    wall: str = ""

    @property
    def hot(self) -> bool:
        """Too much."""
        return (self.late_p95_ms or 0.0) > LATE_MS or (self.stall_p99_ms or 0.0) > STALL_MS

    @property
    def calm(self) -> bool:
        """Room for more."""
        return (self.late_p95_ms or 0.0) < CALM_LATE_MS and (self.stall_p99_ms or 0.0) < CALM_STALL_MS


def worst_of(loads: Collection[WallLoad]) -> WallLoad:
    """One sample for several walls."""
    late = [load.late_p95_ms for load in loads if load.late_p95_ms is not None]
    stall = [load.stall_p99_ms for load in loads if load.stall_p99_ms is not None]
    return WallLoad(max(late, default=None), max(stall, default=None))


class Ladder:
    """The decision alone."""

    def __init__(self) -> None:
        self.rung = Rung.NORMAL
        self._changed_s = float("-inf")
        self._left_s = float("-inf")
        self._seen_s = float("-inf")
        self._lost_s = float("-inf")
        self._hot_since_s: float | None = None
        self._calm_since_s: float | None = None
        self._patience = 1

    def take(self, load: WallLoad, now_s: float, *, lost: bool = False) -> Rung:
        """The rung after this sample. `lost`: a stream with rules has just lost pictures because we are behind."""
        if now_s - self._seen_s > _GAP_S:
            self._hot_since_s = self._calm_since_s = None
        self._seen_s = now_s
        self._lost_s = now_s if lost else self._lost_s
        self._hot_since_s = _since(self._hot_since_s, load.hot, now_s)
        self._calm_since_s = _since(self._calm_since_s, load.calm, now_s)
        if now_s - self._changed_s >= DWELL_S:
            if self._must_climb(now_s):
                self._climb(now_s)
            elif self._may_descend(now_s):
                self._move(Rung(self.rung - 1), now_s)
                self._left_s = self._calm_since_s = now_s
        return self.rung

    def _must_climb(self, now_s: float) -> bool:
        if self._hot_since_s is None or now_s - self._hot_since_s < HOT_S or self.rung is Rung.DEGRADED:
            return False
        return self.rung is not Rung.LOOKS or now_s - self._lost_s <= _LOST_S

    def _may_descend(self, now_s: float) -> bool:
        since_s = self._calm_since_s
        return self.rung is not Rung.NORMAL and since_s is not None and now_s - since_s >= CALM_S * self._patience

    def _climb(self, now_s: float) -> None:
        if now_s - self._left_s <= _RELAPSE_S:
            self._patience = min(self._patience * 2, MOST_PATIENCE)
        elif now_s - self._changed_s > _FORGIVEN_S:
            self._patience = 1
        self._move(Rung(self.rung + 1), now_s)

    def _move(self, rung: Rung, now_s: float) -> None:
        self.rung, self._changed_s = rung, now_s


def _since(since_s: float | None, holds: bool, now_s: float) -> float | None:
    return (now_s if since_s is None else since_s) if holds else None


class Governor:
    """Hands the rung on when it changes. `take` is called on the GUI thread, through the bus, and returns at once."""

    def __init__(
        self,
        carry_out: Callable[[Rung], None],
        tell: Callable[[Banner], None],
        behind_ms: Callable[[], float],
        lost_pictures: Callable[[], int] = lambda: 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`behind_ms` is how far decoding is behind: pictures that are later than that are the network's doing.
        `lost_pictures` counts what streams with rules have lost so far; asked only when it matters."""
        self.ladder = Ladder()
        self._carry_out, self._tell, self._clock = carry_out, tell, clock
        self._behind_ms, self._lost_pictures = behind_ms, lost_pictures
        self._behind: deque[tuple[float, float]] = deque(maxlen=64)
        self._lost: int | None = None
        self._walls: dict[str, tuple[float, WallLoad]] = {}

    def take(self, load: WallLoad) -> None:
        """A second of one wall has passed."""
        before, now_s = self.ladder.rung, self._clock()
        self._walls[load.wall] = now_s, load
        self._walls = {wall: entry for wall, entry in self._walls.items() if now_s - entry[0] < _GAP_S}
        worst = self._ours(worst_of([entry[1] for entry in self._walls.values()]), now_s)
        rung = self.ladder.take(worst, now_s, lost=self._losing())
        if rung is before:
            return
        log.warning("load ladder: rung %d (%s) after %s", rung, rung.name, worst)
        self._carry_out(rung)
        self._tell(Banner(BANNER, rung_text(rung), _("It ends by itself when the load falls.") if rung else ""))

    def _ours(self, load: WallLoad, now_s: float) -> WallLoad:
        self._behind.append((now_s, self._behind_ms()))
        behind_ms = max(ms for at_s, ms in self._behind if now_s - at_s < HOT_S)
        return replace(load, late_p95_ms=min(load.late_p95_ms or 0.0, behind_ms))

    def _losing(self) -> bool:
        if self.ladder.rung < Rung.LOOKS:
            self._lost = None
            return False
        before, self._lost = self._lost, self._lost_pictures()
        return before is not None and self._lost > before


def rung_text(rung: Rung) -> str:
    """The operator's sentence; empty when nothing is lowered."""
    return {
        Rung.NORMAL: "",
        Rung.HALVED: _("This computer is busy: small tiles show every second picture."),
        Rung.SOME_KEYS: _("This computer is busy: a third of the tiles without rules show key frames only."),
        Rung.MOST_KEYS: _("This computer is busy: two thirds of the tiles without rules show key frames only."),
        Rung.KEYS: _("This computer is busy: tiles without rules show key frames only."),
        Rung.LOOKS: _("This computer is busy: rules look 3 times a second, tiles without rules show key frames only."),
        Rung.DEGRADED: _("This computer cannot keep up: analytics are degraded, rules see key frames only."),
    }[rung]
