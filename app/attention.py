"""What this operator has not looked at: viewing debt by camera, coverage of the shift, what an attention tile shows.

A camera counts as looked at while its live picture is seen in a tile large enough to see anything. These are the
operator's own figures: they live in memory on the GUI thread, begin anew with each sign-in, and are never stored, never
sent and never compared between people. Pure: the caller gives the time (monotonic seconds).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

LOOK_WIDTH_PX = 160
"""A narrower picture shows nobody anything."""
GLANCE_S = 1.0
"""Turning pages quickly is no looking."""
_GAP_S = 5.0
_PATIENCE_S = 3.0
DWELL_S = 8.0


@dataclass(frozen=True, slots=True)
class Glance:
    """One tile that is seen now; `width_px` of the picture in logical pixels."""

    camera_id: str
    width_px: float
    live: bool

    @property
    def counts(self) -> bool:
        """Whether anything can be seen in it."""
        return self.live and self.width_px >= LOOK_WIDTH_PX


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the cameras was looked at since the shift began; `worst_s` is the longest time without a look."""

    looked: int
    cameras: int
    worst_s: float = 0.0
    worst_id: str = ""


class Attention:
    """Debts of one operator, over all walls of the seat. `weights` make the debt of important cameras grow faster."""

    def __init__(self, now_s: float = 0.0) -> None:
        self._began_s = now_s
        self._known: dict[str, float] = {}
        self._weights: Mapping[str, float] = {}
        self._looked: dict[str, float] = {}
        self._tried: dict[str, float] = {}
        self._since: dict[tuple[str, str], float] = {}
        self._last_look: dict[str, float] = {}

    def begin(self, now_s: float) -> None:
        """Somebody else sits here: nothing was looked at, every debt is zero."""
        self._began_s = now_s
        self._known = dict.fromkeys(self._known, now_s)
        for kept in (self._looked, self._tried, self._since, self._last_look):
            kept.clear()

    def know(self, now_s: float, cameras: Iterable[str], weights: Mapping[str, float] | None = None) -> None:
        """The cameras that there are; a new one's debt begins now."""
        self._known = {camera: self._known.get(camera, now_s) for camera in cameras}
        self._weights = weights or {}
        self._looked = {camera: at_s for camera, at_s in self._looked.items() if camera in self._known}
        self._tried = {camera: at_s for camera, at_s in self._tried.items() if camera in self._known}

    def look(self, now_s: float, glances: Iterable[Glance], wall: str = "") -> None:
        """What one wall shows now; called about once a second while somebody is there to look."""
        before_s = self._last_look.get(wall)
        self._last_look[wall] = now_s
        gap = before_s is None or now_s - before_s > _GAP_S
        seen = {glance.camera_id for glance in glances if glance.counts and glance.camera_id in self._known}
        began = {camera: now_s if gap else self._since.get((wall, camera), now_s) for camera in seen}
        self._since = {key: at_s for key, at_s in self._since.items() if key[0] != wall}
        for camera, since_s in began.items():
            self._since[wall, camera] = since_s
            if now_s - since_s >= GLANCE_S:
                self._looked[camera] = now_s

    def tried(self, camera_id: str, now_s: float) -> None:
        """It was offered in an attention tile; without a live picture it goes to the end, its debt stays."""
        self._tried[camera_id] = now_s

    def debt_s(self, camera_id: str, now_s: float) -> float:
        """Seconds since it was last looked at; since the shift began when it never was."""
        return max(0.0, now_s - self._looked.get(camera_id, self._known.get(camera_id, self._began_s)))

    def most_indebted(self, now_s: float, without: Collection[str] = ()) -> str | None:
        """The camera whose weighted debt is largest; those that were offered in vain wait for their next turn."""
        rest = [camera for camera in self._known if camera not in without]
        return max(rest, key=lambda camera: self._claim(camera, now_s), default=None)

    def _claim(self, camera_id: str, now_s: float) -> float:
        since_tried_s = now_s - self._tried.get(camera_id, float("-inf"))
        return min(self.debt_s(camera_id, now_s), since_tried_s) * self._weights.get(camera_id, 1.0)

    def coverage(self, now_s: float) -> Coverage:
        """Of the shift so far."""
        worst = self.worst(now_s, 1)
        if not worst:
            return Coverage(0, 0)
        return Coverage(len(self._looked), len(self._known), worst[0][1], worst[0][0])

    def worst(self, now_s: float, count: int) -> tuple[tuple[str, float], ...]:
        """The cameras that were not looked at for longest, with their seconds."""
        debts = [(camera, self.debt_s(camera, now_s)) for camera in self._known]
        return tuple(sorted(debts, key=lambda debt: -debt[1])[:count])


class AttentionTiles:
    """Which camera each attention cell of one wall shows: the most indebted, for a dwell each."""

    def __init__(self, attention: Attention, dwell_s: float = DWELL_S) -> None:
        self.attention, self.dwell_s = attention, dwell_s
        self._since: dict[int, tuple[str, float]] = {}
        self.owed_s: dict[int, float] = {}
        """What each cell's camera owed when it was brought forward."""

    def step(
        self, now_s: float, cells: tuple[int, ...], kept: Mapping[int, str], live: Collection[str] = ()
    ) -> dict[int, str]:
        """Camera by cell. `kept` cells are not touched; `live` are the cameras that these cells see alive."""
        self._since = {cell: held for cell, held in self._since.items() if cell in cells and cell not in kept}
        for cell in cells:
            if cell not in kept and self._due(cell, now_s, live):
                self._turn(cell, now_s, kept)
        return {cell: camera for cell, (camera, _since_s) in self._since.items()}

    def _due(self, cell: int, now_s: float, live: Collection[str]) -> bool:
        camera, since_s = self._since.get(cell, ("", float("-inf")))
        return now_s - since_s >= (self.dwell_s if not camera or camera in live else _PATIENCE_S)

    def _turn(self, cell: int, now_s: float, kept: Mapping[int, str]) -> None:
        """To the next camera, unless everything else was looked at just now: then nothing moves."""
        before = self._since.get(cell, ("", 0.0))[0]
        if before:
            self.attention.tried(before, now_s)
        others = {camera for camera, _since_s in self._since.values()} | set(kept.values())
        found = self.attention.most_indebted(now_s, others)
        if found is not None and (not before or self.attention.debt_s(found, now_s) >= self.dwell_s):
            self._since[cell] = found, now_s
            self.owed_s[cell] = self.attention.debt_s(found, now_s)
