"""What does a paced wall cost against pure decoding? The real sessions, decode pool and wall widget, without a screen.

Ours: CPU of this process for 15 s of N paced files, from the moment when every tile has its picture. Reference: CPU of
decoding the same seconds of the same files flat out (PyAV, thread_type NONE, one thread). The naive wall (QThread +
cv2.VideoCapture + QLabel, `benchmarks.naive_wall`) is measured as capacity in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av

from app.cameras import CameraHub, LiveFeed
from app.layouts import grid
from benchmarks.clips import FPS, make_clip
from benchmarks.harness import RUNS, report
from detection.detector import TrackSet
from storage.journal import Registry
from storage.records import Camera
from storage.worker import Supervisor
from video.decode import DecodePool

SECONDS = 15
SIZE_PX = (1920, 1080)
_FIRST_PICTURES_S = 20.0
_NAIVE_TIMEOUT_S = 300


class _BenchDesk:
    """Cameras over files, without journal and analytics."""

    def __init__(self, paths: list[Path]) -> None:
        self._pool = DecodePool()
        self._supervisor = Supervisor()
        self._cameras = tuple(Camera(f"c{n}", n, f"Camera {n}", str(path)) for n, path in enumerate(paths, 1))
        self._hub = CameraHub(self._pool, self._supervisor, lambda camera: camera.main_url)

    def start(self) -> None:
        """Start pool and hub."""
        self._supervisor.start()
        for worker in (*self._pool.workers, self._hub):
            self._supervisor.add(worker)

    def stop(self) -> None:
        """Stop everything. Raises RuntimeError when a worker does not end."""
        late = self._supervisor.shutdown(5.0)
        if late:
            raise RuntimeError(f"still running: {[latecomer.name for latecomer in late]}")

    def registry(self) -> Registry:
        """The cameras."""
        return Registry(cameras=self._cameras)

    def feed(self, camera_id: str) -> LiveFeed:
        """A camera for a tile."""
        camera = next(c for c in self._cameras if c.id == camera_id)
        return LiveFeed(camera, (), (), self._hub, _no_tracks, lambda _camera_id: "")


def _no_tracks(_camera_id: str) -> TrackSet | None:
    return None


def run(streams: int = 16, runs: int = RUNS, seconds: int = SECONDS, *, naive: bool = True) -> dict[str, object]:
    """The bench's result; `ratio` is CPU of the wall / CPU of pure decoding."""
    with tempfile.TemporaryDirectory(prefix="watchfloor-bench-") as folder:
        clip = make_clip(Path(folder) / "clip.mp4", seconds)
        paths = [clip] * streams
        ours, pure = [], []
        for _run in range(runs):
            pure.append(_pure_decode(paths, seconds))
            ours.append(_wall(paths, seconds))
        references = {"pure_decode": pure}
        if naive:
            references["naive_wall"] = [_naive(clip)]
    result = report("wall", "lower", ours, references, "cpu_s")
    return {**result, "streams": streams, "seconds": seconds}


def _wall(paths: list[Path], seconds: int) -> dict[str, float]:
    # Other benches, and a node without Qt, import this folder: Qt is loaded only where a wall is measured.
    from PySide6.QtCore import QEventLoop, QTimer

    from widgets.application import create_application
    from widgets.wall import Wall

    application = create_application(offscreen=True)
    desk = _BenchDesk(paths)
    desk.start()
    wall = Wall(desk)
    wall.resize(*SIZE_PX)
    wall.show_cameras(tuple(c.id for c in desk.registry().cameras), grid(len(paths)))
    wall.show()
    deadline_s = time.monotonic() + _FIRST_PICTURES_S
    while wall.live_count() < len(paths) and time.monotonic() < deadline_s:
        application.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
    loop = QEventLoop()
    QTimer.singleShot(seconds * 1000, loop.quit)
    wall.figures.reset()
    cpu_s = time.process_time()
    loop.exec()
    cpu_s = time.process_time() - cpu_s
    figures = wall.figures.read()
    wall.hide()
    wall.release()
    wall.deleteLater()
    desk.stop()
    return {
        "cpu_s": cpu_s,
        "cpu_s_per_stream_s": cpu_s / len(paths) / seconds,
        "shown_ratio": figures.shown_ratio or 0.0,
        "tiles": figures.tiles,
        "frame_age_p50_ms": figures.frame_age_p50_ms or 0.0,
        "frame_age_p95_ms": figures.frame_age_p95_ms or 0.0,
        "gui_stall_p99_ms": figures.gui_stall_p99_ms or 0.0,
        "gui_stall_max_ms": figures.gui_stall_max_ms or 0.0,
    }


def _pure_decode(paths: list[Path], seconds: int) -> dict[str, float]:
    frames = 0
    cpu_s = time.process_time()
    for path in paths:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "NONE"
            stream.codec_context.thread_count = 1
            frames += sum(1 for _frame in container.decode(stream))
    cpu_s = time.process_time() - cpu_s
    if frames != len(paths) * seconds * FPS:
        raise RuntimeError(f"{frames} frames decoded")
    return {"cpu_s": cpu_s, "cpu_s_per_stream_s": cpu_s / len(paths) / seconds}


def _naive(clip: Path) -> dict[str, float]:
    """Largest count of streams over 99 % shown; the process is its own because cv2 brings its own Qt."""
    command = [sys.executable, "-m", "benchmarks.naive_wall", str(clip)]
    root = Path(__file__).resolve().parent.parent
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    ran = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, timeout=_NAIVE_TIMEOUT_S, check=True
    )
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return found
