"""From glass to glass: how old is the time that the wall's window shows, in ms?

A camera draws the clock into its picture (`clock_picture`), encodes it (H.264, 25 a second, nothing held back) and
sends it over loopback RTSP; the wall shows it among other cameras; the window's pixels are grabbed where that tile is
and the clock is read from them. One value per picture, at the first grab that shows it. No camera's sensor and no
screen's own delay is in it. Reference: PyAV alone with the same camera, to the decoded frame.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from benchmarks.camera_farm import farm
from benchmarks.clips import make_clip
from benchmarks.clock_picture import now_ms, read
from benchmarks.harness import RUNS, report
from benchmarks.rtsp_child import CLOCK
from benchmarks.wall_site import WallSite, cameras_of, wall_site

SECONDS = 10.0
_CLIP_S = 10.0
_SETTLE_S = 3.0
_LEAST = 20


def run(streams: int = 16, runs: int = RUNS, seconds: float = SECONDS) -> dict[str, object]:
    """The bench's result; `streams` is the number of tiles, the clock's included; `ratio` is of the medians."""
    ours, bare = [], []
    with tempfile.TemporaryDirectory(prefix="watchfloor-bench-") as folder:
        clip = make_clip(Path(folder) / "clip.mp4", _CLIP_S)
        clips = {"clock": CLOCK, **{f"cam{number}": str(clip) for number in range(1, streams)}}
        with farm(clips) as cameras:
            urls = [cameras.url(name) for name in cameras.names]
            for _run in range(runs):
                bare.append(_figures(_bare(urls[0], seconds)))
                with wall_site(cameras_of(urls)) as site:
                    site.wait(lambda: site.pictured() == streams, what="the first pictures")
                    site.spin(_SETTLE_S)
                    ours.append(_figures(_seen(site, seconds)))
    return {**report("glass", "lower", ours, {"pyav": bare}, "p50_ms"), "streams": streams}


def _seen(site: WallSite, seconds: float) -> list[int]:
    """Ages of the clock, one for each new time that the window shows."""
    ages: dict[int, int] = {}
    end_s = time.monotonic() + seconds

    def look() -> bool:
        stamp = read(grabbed(site))
        if stamp is not None and stamp not in ages:
            ages[stamp] = now_ms() - stamp
        return time.monotonic() > end_s

    site.wait(look, seconds + 1.0, every_s=0.001)
    return list(ages.values())


def grabbed(site: WallSite) -> npt.NDArray[np.uint8]:
    """What the screen shows where the first camera's picture is, grey."""
    from PySide6.QtGui import QImage

    tile = site.tile("c1")
    picture, area, wall = tile.picture, tile.area, site.wall
    if picture is None:
        return np.zeros((1, 1), np.uint8)
    # The picture keeps its shape below the header, in the middle of the area's width.
    scale = min(area.width() / picture.source_width, area.height() / picture.source_height)
    width, height = round(picture.source_width * scale), round(picture.source_height * scale)
    left = area.left() + (area.width() - width) // 2
    pixmap = wall.screen().grabWindow(wall.winId(), left, area.top(), width, height)
    image = pixmap.toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width()].copy()


def _bare(url: str, seconds: float) -> list[int]:
    ages = []
    begin_s = time.monotonic()
    with av.open(url, options={"rtsp_transport": "tcp", "analyzeduration": "500000"}) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        stream.codec_context.thread_count = 1
        for frame in container.decode(stream):
            stamp = read(frame.to_ndarray(format="gray").astype(np.uint8))
            passed_s = time.monotonic() - begin_s
            if stamp is not None and passed_s > _SETTLE_S:
                ages.append(now_ms() - stamp)
            if passed_s > _SETTLE_S + seconds:
                break
    return ages


def _figures(ages: list[int]) -> dict[str, float]:
    if len(ages) < _LEAST:
        raise RuntimeError(f"the clock was read {len(ages)} times only")
    p50, p95, p99 = np.percentile(ages, (50, 95, 99))
    return {"p50_ms": float(p50), "p95_ms": float(p95), "p99_ms": float(p99), "pictures": len(ages)}
