"""A wall of paced clips with or without detection: what the benches `looks` and `stall` measure. Not a bench itself."""

from __future__ import annotations

import logging
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from app.analytics import Analytics
from app.bus import Bus
from app.cameras import CameraHub
from app.feeds import Banner
from app.layouts import grid
from app.live_feed import LiveFeed
from detection.detector import DetectionCode, DetectionError
from detection.messages import Pace
from detection.models import ModelChoice, ModelSource
from storage.journal import Registry
from storage.records import Camera, RuleSpec, Zone
from storage.worker import Supervisor
from video.cutouts import Look
from video.decode import DecodePool
from video.demo_clips import make_clips
from video.street import Backdrop
from video.synthetic import ActorSpec, SceneSpec, Waypoint

log = logging.getLogger(__name__)

SIZE_PX = (1920, 1080)
LOOKS_PER_S = 6.0
"""Asked for: one more than is to be held."""

_FIRST_S = 60.0
_WALK_S = 7.0
_SETTLE_S = 6.0
_WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Seen:
    """`looks_per_s` by camera over the measured time, `asked_per_s` at its end (all cameras); `cpu_s` of the detection
    process in it. Empty or 0 without detection."""

    looks_per_s: tuple[float, ...]
    asked_per_s: float
    cpu_s: float
    passed_s: float
    pace: Pace | None
    stall_p99_ms: float
    stall_max_ms: float
    shown_ratio: float
    banners: tuple[str, ...]


def given_model() -> ModelChoice:
    """The model of `WATCHFLOOR_MODEL`. Raises DetectionError(NO_MODEL)."""
    path = os.environ.get("WATCHFLOOR_MODEL", "")
    if not path:
        raise DetectionError(DetectionCode.NO_MODEL, path="WATCHFLOOR_MODEL")
    return ModelChoice(Path(path).name, ModelSource.COMMAND_LINE, Path(path))


def _walk(name: str, look: Look, begin_s: float, foot_y: float) -> ActorSpec:
    path = Waypoint(begin_s, -0.1, foot_y), Waypoint(begin_s + _WALK_S, 1.1, foot_y)
    return ActorSpec(name, look, 0.4, path)


STREET = SceneSpec(
    "bench-street",
    Backdrop(11, "street", "day", (0.2, 0.86), 0.62),
    (
        _walk("a", Look("cream"), 0.0, 0.88),
        _walk("b", Look("dark"), 4.0, 0.8),
        _walk("c", Look("cream", (62, 76, 116)), 8.0, 0.93),
    ),
    loop_s=12.0,
)
"""Somebody walks there at every moment. (What only moves, like a pan, the motion gate gets used to within 15 s.)"""


@contextmanager
def clips(count: int) -> Iterator[list[Path]]:
    """The same made street, 640x360 at 15 fps, for every camera."""
    with tempfile.TemporaryDirectory(prefix="watchfloor-bench-") as folder:
        made = make_clips((STREET,), Path(folder), lambda _done, _total: None)
        yield [made[STREET.name].path] * count


class _Desk:
    """Cameras over files with a rule each; no journal."""

    def __init__(self, paths: Sequence[Path], model: ModelChoice | None) -> None:
        self.bus = Bus()
        self.banners: list[str] = []
        self.bus.subscribe(Banner, lambda banner: self.banners.append(banner.text))
        self._pool, self._supervisor = DecodePool(), Supervisor()
        cameras = tuple(Camera(f"c{n}", n, f"Camera {n}", str(path)) for n, path in enumerate(paths, 1))
        self.site = Registry(
            cameras=cameras,
            zones=tuple(Zone(f"z{c.id}", c.id, "all", _WHOLE) for c in cameras),
            rules=tuple(RuleSpec(f"r{c.id}", c.id, f"z{c.id}", "all", hold_s=1.0) for c in cameras),
        )
        self._hub = CameraHub(self._pool, self._supervisor, lambda camera: camera.main_url)
        self.analytics: Analytics | None = None
        if model is not None:
            count = len(cameras)
            self.analytics = Analytics(self._hub, self._supervisor, self.bus, model, lambda _event: None, slots=count)

    def start(self) -> None:
        self._supervisor.start()
        for worker in (*self._pool.workers, self._hub):
            self._supervisor.add(worker)
        if self.analytics is not None:
            self.analytics.start(self.site)
            team = self.analytics.service
            team.configure([replace(camera, looks_per_s=LOOKS_PER_S) for camera in team.cameras])

    def stop(self) -> None:
        late = self._supervisor.shutdown(10.0)
        if self.analytics is not None:
            self.analytics.close()
        if late:
            raise RuntimeError(f"still running: {[latecomer.name for latecomer in late]}")

    def registry(self) -> Registry:
        """What the wall shows."""
        return self.site

    def feed(self, camera_id: str) -> LiveFeed:
        camera = next(c for c in self.site.cameras if c.id == camera_id)
        analytics = self.analytics
        tracks = analytics.tracks if analytics else lambda _camera_id: None
        return LiveFeed(camera, (), (), self._hub, tracks, lambda _camera_id: "")

    def looks(self) -> dict[str, int]:
        return self.analytics.service.status.looks if self.analytics else {}

    def cpu_s(self) -> float:
        """CPU time of the detection process."""
        pids = self.analytics.service.status.pids if self.analytics else ()
        return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)


def measured(paths: Sequence[Path], seconds: int, model: ModelChoice | None) -> Seen:
    """Show the clips on one wall, look at all of them if there is a model, and count for some seconds."""
    from PySide6.QtCore import QEventLoop, QTimer

    from widgets.application import create_application
    from widgets.wall import Wall

    application = create_application(offscreen=True)
    desk = _Desk(paths, model)
    desk.start()
    wall = Wall(desk)
    wall.resize(*SIZE_PX)
    wall.show_cameras(tuple(c.id for c in desk.site.cameras), grid(len(paths)))
    wall.show()

    def wait(milliseconds: int) -> None:
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()

    deadline_s = time.monotonic() + _FIRST_S
    while time.monotonic() < deadline_s:
        application.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
        if wall.live_count() >= len(paths) and (model is None or len(desk.looks()) >= len(paths)):
            break
    wait(round(_SETTLE_S * 1000))
    wall.figures.reset()
    before, began_s, began_cpu_s = dict(desk.looks()), time.monotonic(), desk.cpu_s()
    wait(seconds * 1000)
    passed_s, after, cpu_s = time.monotonic() - began_s, dict(desk.looks()), desk.cpu_s() - began_cpu_s
    figures, analytics = wall.figures.read(), desk.analytics
    pace = analytics.service.status.pace if analytics else None
    wall.hide()
    wall.release()
    wall.deleteLater()
    desk.stop()
    return Seen(
        looks_per_s=tuple((after[name] - before.get(name, 0)) / passed_s for name in sorted(after)),
        asked_per_s=pace.asked_per_s if pace else 0.0,
        cpu_s=cpu_s,
        passed_s=passed_s,
        pace=pace,
        stall_p99_ms=figures.gui_stall_p99_ms or 0.0,
        stall_max_ms=figures.gui_stall_max_ms or 0.0,
        shown_ratio=figures.shown_ratio or 0.0,
        banners=tuple(text for text in desk.banners if text),
    )
