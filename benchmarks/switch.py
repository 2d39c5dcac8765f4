"""How soon does a tile that becomes large show the main stream: from the request to the first main picture, in ms.

Over loopback RTSP, from the demo's own server. Ours: the camera hub, a small tile on the sub-stream, then a wish for
1280x720; `cold` with the main stream closed, `warm` while it is open for somebody else (rules, a recorder). `gap_ms` is
the longest time without a new picture meanwhile. Reference: PyAV's bare open of the same main stream, decode of one
frame, conversion, in one thread.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np

from app.cameras import CameraHub
from app.live_feed import LiveFeed
from benchmarks.harness import RUNS, report
from storage.records import Camera
from storage.worker import Supervisor
from video.decode import DecodePool
from video.demo_server import DemoServer, free_ports
from video.fanout import PictureTap

SMALL_PX, LARGE_PX = (320, 180), (1280, 720)
_SIZES = {"main": (1280, 720), "sub": (320, 180)}
_FPS = 25
_PATIENCE_S = 20.0
_POLL_S = 0.001


def run(runs: int = RUNS) -> dict[str, object]:
    """The bench's result; `ratio` is ours (cold) / PyAV's bare open."""
    ours, bare = [], []
    with tempfile.TemporaryDirectory(prefix="watchfloor-bench-") as folder:
        clips = {name: _clip(Path(folder) / f"{name}.mp4", size) for name, size in _SIZES.items()}
        port, control = free_ports(2)
        server = DemoServer("bench-server", clips, port, control)
        server.start()
        try:
            main, sub = server.url("main"), server.url("sub")
            _wait(lambda: _opens(sub), "the server")
            for _run in range(runs):
                bare.append({"switch_ms": _bare(main)})
                ours.append(_switch(Camera("c1", 1, "Bench", main, sub)))
        finally:
            server.stop()
            server.join(_PATIENCE_S)
    return report("switch", "lower", ours, {"pyav": bare}, "switch_ms")


def _switch(camera: Camera) -> dict[str, float]:
    cold_s, gap_s = _timed(camera, warm=False)
    warm_s, _gap_s = _timed(camera, warm=True)
    return {"switch_ms": cold_s * 1000, "warm_ms": warm_s * 1000, "gap_ms": gap_s * 1000}


def _timed(camera: Camera, *, warm: bool) -> tuple[float, float]:
    """Seconds to the first main picture, and the longest time without any picture until then."""
    with _site() as hub:
        other = PictureTap()
        if warm:
            hub.attach(camera, other)
            _wait(lambda: _decoding(hub, camera), "the main stream")
        feed = LiveFeed(camera, (), (), hub, lambda _camera_id: None, lambda _camera_id: "")
        feed.want(*SMALL_PX)
        _wait(lambda: feed.take() is not None, "the sub-stream")
        begin_s = last_s = time.monotonic()
        gap_s = 0.0
        feed.want(*LARGE_PX)
        while last_s - begin_s < _PATIENCE_S:
            picture = feed.take()
            if picture is not None:
                gap_s, last_s = max(gap_s, time.monotonic() - last_s), time.monotonic()
                if picture.source_width == _SIZES["main"][0]:
                    break
            time.sleep(_POLL_S)
        else:
            raise TimeoutError("no main picture")
        feed.close()
        hub.detach(camera.id, other)
        return last_s - begin_s, gap_s


@contextmanager
def _site() -> Iterator[CameraHub]:
    supervisor, pool = Supervisor(), DecodePool()
    hub = CameraHub(pool, supervisor, lambda camera: camera.main_url)
    supervisor.start()
    for worker in (*pool.workers, hub):
        supervisor.add(worker)
    try:
        yield hub
    finally:
        supervisor.shutdown(_PATIENCE_S)


def _decoding(hub: CameraHub, camera: Camera) -> bool:
    session = hub.session(camera.id)
    return session is not None and session.stream is not None and session.stream.stats().decoded > 0


def _bare(url: str) -> float:
    begin_s = time.monotonic()
    with av.open(url, options={"rtsp_transport": "tcp"}) as container:
        container.streams.video[0].codec_context.thread_count = 1
        next(container.decode(video=0)).reformat(format="bgra", threads=1)
    return (time.monotonic() - begin_s) * 1000


def _opens(url: str) -> bool:
    try:
        with av.open(url, options={"rtsp_transport": "tcp"}):
            return True
    except OSError:
        return False


def _wait(true: Callable[[], bool], what: str) -> None:
    end_s = time.monotonic() + _PATIENCE_S
    while not true():
        if time.monotonic() > end_s:
            raise TimeoutError(what)
        time.sleep(_POLL_S)


def _clip(path: Path, size: tuple[int, int]) -> Path:
    """Four seconds with a moving bar, a key frame a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=_FPS)
        if not isinstance(stream, av.VideoStream):
            raise TypeError("libx264 is no video encoder here")
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = *size, "yuv420p", _FPS
        stream.codec_context.thread_count = 1
        stream.options = {"preset": "ultrafast", "bf": "0"}
        for number in range(4 * _FPS):
            image = np.full((size[1], size[0], 3), 90, np.uint8)
            left = number * 8 % size[0]
            image[:, left : left + 40] = (230, 120, 40)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return path
