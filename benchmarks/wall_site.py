"""A wall to be measured: the real sessions, decode pool, camera hub and wall widget, without journal and analytics.

GUI thread of the measuring process. Nothing is lowered under load (no governor): a bench says what happens then.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from app.cameras import CameraHub
from app.layouts import MAX_CELLS, Cell, Layout, grid
from app.live_feed import LiveFeed
from detection.detector import TrackSet
from storage.journal import Registry
from storage.records import Camera
from storage.worker import Supervisor
from video.decode import DecodePool
from video.frame import Picture

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from widgets.tile import Tile
    from widgets.wall import Wall

SIZE_PX = (1920, 1080)
PATIENCE_S = 60.0
_AGES = 20_000
_LOOK_S = 0.01
"""Seldom enough to cost nothing: asking a hundred sessions takes half a millisecond of the GUI thread."""
_STOP_S = 10.0


class AgedFeed(LiveFeed):
    """A feed that notes when each picture was taken by the wall, and how old it was: (monotonic s, age s)."""

    ages: deque[tuple[float, float]]

    def take(self) -> Picture | None:
        """The newest picture once."""
        picture = super().take()
        if picture is not None:
            now_s = time.monotonic()
            self.ages.append((now_s, now_s - picture.due_s))
        return picture


class BenchDesk:
    """Cameras for a wall, and what runs behind them."""

    def __init__(self, cameras: Sequence[Camera], ages: int = _AGES) -> None:
        self._most_ages = ages
        self._pool = DecodePool()
        self._supervisor = Supervisor()
        self._cameras = {camera.id: camera for camera in cameras}
        self.hub = CameraHub(self._pool, self._supervisor, lambda camera: camera.main_url)
        self.ages: dict[str, deque[tuple[float, float]]] = {}

    def start(self) -> None:
        """Start pool and hub."""
        self._supervisor.start()
        for worker in (*self._pool.workers, self.hub):
            self._supervisor.add(worker)

    def stop(self) -> None:
        """Stop everything. Raises RuntimeError when a worker does not end."""
        late = self._supervisor.shutdown(_STOP_S)
        if late:
            raise RuntimeError(f"still running: {[latecomer.name for latecomer in late]}")

    def registry(self) -> Registry:
        """The cameras."""
        return Registry(cameras=tuple(self._cameras.values()))

    def feed(self, camera_id: str) -> LiveFeed:
        """A camera for a tile."""
        feed = AgedFeed(self._cameras[camera_id], (), (), self.hub, _no_tracks, lambda _camera_id: "")
        feed.ages = self.ages.setdefault(camera_id, deque(maxlen=self._most_ages))
        return feed


def _no_tracks(_camera_id: str) -> TrackSet | None:
    return None


@dataclass(slots=True)
class WallSite:
    """What a bench holds while its wall is up."""

    application: QApplication
    desk: BenchDesk
    wall: Wall

    def spin(self, seconds: float) -> None:
        """Let the wall run."""
        from PySide6.QtCore import QEventLoop, QTimer

        loop = QEventLoop()
        QTimer.singleShot(round(seconds * 1000), loop.quit)
        loop.exec()

    def wait(
        self, true: Callable[[], bool], timeout_s: float = PATIENCE_S, what: str = "", every_s: float = _LOOK_S
    ) -> float:
        """Let the wall run until `true()`, asked `every_s`; seconds that it took. Raises TimeoutError when `what` is
        given."""
        begin_s = time.monotonic()
        while not true() and time.monotonic() - begin_s < timeout_s:
            self.spin(every_s)
        if what and not true():
            raise TimeoutError(what)
        return time.monotonic() - begin_s

    def meanwhile(self, act: Callable[[], None]) -> None:
        """Do something that takes its time, on another thread: the wall goes on."""
        with ThreadPoolExecutor(1, thread_name_prefix="meanwhile") as other:
            done = other.submit(act)
            self.wait(done.done)
            done.result()

    def pictured(self) -> int:
        """Tiles that have a picture."""
        return sum(tile.picture is not None for tile in self.wall.tiles)

    def tile(self, camera_id: str) -> Tile:
        """The tile of a camera."""
        return next(tile for tile in self.wall.tiles if tile.feed.camera.id == camera_id)

    def measured(self, seconds: float) -> dict[str, float]:
        """CPU of this process and the wall's own figures over so many seconds."""
        self.wall.figures.reset()
        cpu_s = time.process_time()
        self.spin(seconds)
        cpu_s = time.process_time() - cpu_s
        figures = self.wall.figures.read()
        return {
            "cpu_s": cpu_s,
            "cpu_s_per_stream_s": cpu_s / len(self.wall.tiles) / seconds,
            "shown_ratio": figures.shown_ratio or 0.0,
            "tiles": figures.tiles,
            "frame_age_p50_ms": figures.frame_age_p50_ms or 0.0,
            "frame_age_p95_ms": figures.frame_age_p95_ms or 0.0,
            "gui_stall_p99_ms": figures.gui_stall_p99_ms or 0.0,
            "gui_stall_max_ms": figures.gui_stall_max_ms or 0.0,
        }

    def age_ms(self, camera_ids: Sequence[str], percent: float, since_s: float) -> float:
        """Percentile of the ages at which these cameras' pictures were taken since then; not a number without any."""
        ages = [age for camera_id in camera_ids for at_s, age in tuple(self.desk.ages[camera_id]) if at_s >= since_s]
        return float(np.percentile(ages, percent)) * 1000 if ages else math.nan


@contextmanager
def wall_site(cameras: Sequence[Camera], layout: Layout | None = None, ages: int = _AGES) -> Iterator[WallSite]:
    """A wall of all these cameras, shown; it need not have a picture yet. `ages` are noted per camera at most."""
    # Other benches, and a node without Qt, import this folder: Qt is loaded only where a wall is measured.
    from widgets.application import create_application
    from widgets.wall import Wall

    application = create_application(offscreen=True)
    desk = BenchDesk(cameras, ages)
    desk.start()
    wall = Wall(desk)
    try:
        wall.resize(*SIZE_PX)
        wall.show_cameras(tuple(camera.id for camera in cameras), layout or layout_of(max(len(cameras), 1)))
        wall.show()
        yield WallSite(application, desk, wall)
    finally:
        wall.hide()
        wall.release()
        wall.deleteLater()
        application.processEvents()
        desk.stop()


def layout_of(tiles: int) -> Layout:
    """The product's grid; beyond what a wall has today, one that is as square."""
    if tiles <= MAX_CELLS:
        return grid(tiles)
    columns = math.ceil(math.sqrt(tiles))
    rows = math.ceil(tiles / columns)
    cells = tuple(Cell(column, row) for row in range(rows) for column in range(columns))
    return Layout(f"{columns}x{rows}", columns, rows, cells)


def cameras_of(urls: Sequence[str]) -> tuple[Camera, ...]:
    """Cameras c1, c2, ... at these addresses."""
    return tuple(Camera(f"c{number}", number, f"Camera {number}", url) for number, url in enumerate(urls, 1))
