"""Tells the black box what the walls show: at every change of an arrangement, and every two seconds for what changes by
itself (states, ages, lifted masks, windows that come and go). GUI thread only; well under a millisecond a wall.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication

from app.blackbox import age_bucket
from storage.shown_wall import ShownTile, ShownWall
from widgets.tile import Tile
from widgets.wall import Wall

PERIOD_MS = 2000


class ShownTo(Protocol):
    """Whoever takes what is shown (`app.blackbox.BlackBoxRecorder`)."""

    def show(self, wall: ShownWall, utc_s: float) -> bool:
        """Take it; returns at once."""


class BlackBoxWatch(QObject):
    """`walls` are those of now, the main window's first; `operator` says who sits here. Looks until it is closed."""

    def __init__(
        self, walls: Callable[[], Sequence[Wall]], box: ShownTo, operator: Callable[[], str], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._walls, self._box, self._operator = walls, box, operator
        self._known: list[Wall] = []
        self._told: dict[int, ShownWall] = {}
        self._closed = False
        self._timer = QTimer(self)
        self._timer.setInterval(PERIOD_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        self.look()

    def look(self) -> None:
        """Tell what is shown now."""
        if self._closed:
            return
        walls, now_utc_s, operator_id = list(self._walls()), time.time(), self._operator()
        for wall in walls:
            if wall not in self._known:
                wall.arrangement_changed.connect(self.look)
        self._known = walls
        for number, wall in enumerate(walls, start=1):
            self._tell(shown_now(wall, number, operator_id), now_utc_s)
        for number in [n for n in self._told if n > len(walls)]:
            self._box.show(replace(self._told.pop(number), tiles=()), now_utc_s)

    def close(self) -> None:
        """The windows go."""
        self._timer.stop()
        self._closed = True
        now_utc_s = time.time()
        for shown in self._told.values():
            self._box.show(replace(shown, tiles=()), now_utc_s)
        self._told.clear()

    def _tell(self, shown: ShownWall, now_utc_s: float) -> None:
        if self._told.get(shown.window) != shown:
            self._told[shown.window] = shown
            self._box.show(shown, now_utc_s)


def shown_now(wall: Wall, number: int, operator_id: str) -> ShownWall:
    """What a wall shows; one that is hidden shows nothing."""
    width, height, overlay = max(wall.width(), 1), max(wall.height(), 1), wall.look.overlay
    tiles = sorted(wall.tiles, key=lambda tile: (tile.cell.top(), tile.cell.left())) if wall.isVisible() else ()
    shown = tuple(_tile(tile, width, height, overlay=overlay) for tile in tiles)
    return ShownWall(number, *_monitor_of(wall), width, height, operator_id, shown)


def _tile(tile: Tile, width: int, height: int, *, overlay: bool) -> ShownTile:
    cell, camera = tile.cell, tile.feed.camera
    return ShownTile(
        rect=(
            round(cell.left() / width, 4),
            round(cell.top() / height, 4),
            round((cell.left() + cell.width()) / width, 4),
            round((cell.top() + cell.height()) / height, 4),
        ),
        camera_id=camera.id,
        camera=f"{camera.number} {camera.name}",
        stream=tile.status.quality.stream.value if tile.picture is not None else "",
        state=tile.state.value,
        age=age_bucket(tile.age_s),
        overlay=overlay,
        lifted=tile.masking.lifted,
    )


def _monitor_of(wall: Wall) -> tuple[int, str]:
    """The monitor's number (from 1, as the system lists them) and name."""
    screens, screen = QGuiApplication.screens(), wall.screen()
    number = screens.index(screen) + 1 if screen in screens else 0
    return number, " ".join(filter(None, (screen.name(), screen.manufacturer(), screen.model())))
