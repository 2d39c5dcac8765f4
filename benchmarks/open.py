"""How soon is a whole wall there: 64 RTSP cameras from the moment they are asked for to the last tile's picture.

Ours: sessions, decode pool and wall, at most 16 opens at once, cameras that begin with a key frame. Reference: PyAV's
bare opens of the same cameras in 16 threads, each up to its first decoded and converted frame.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import av
import numpy as np

from benchmarks.clips import make_clip
from benchmarks.harness import RUNS, report
from benchmarks.wall_rtsp import farms
from benchmarks.wall_site import cameras_of, wall_site
from video.session import MOST_OPENS

STREAMS = 64
_CLIP_S = 10.0


def run(streams: int = STREAMS, runs: int = RUNS) -> dict[str, object]:
    """The bench's result; `ratio` is ours / PyAV's bare opens."""
    ours, bare = [], []
    with tempfile.TemporaryDirectory(prefix="watchfloor-bench-") as folder:
        clip = make_clip(Path(folder) / "clip.mp4", _CLIP_S)
        with farms(clip, streams) as (urls, _children):
            for _run in range(runs):
                bare.append(_bare(urls))
                ours.append(_wall(urls))
    return {**report("open", "lower", ours, {"pyav": bare}, "last_s"), "streams": streams}


def _wall(urls: Sequence[str]) -> dict[str, float]:
    begin_s = time.monotonic()
    with wall_site(cameras_of(urls)) as site:
        shown_s = time.monotonic() - begin_s
        site.wait(lambda: site.pictured() == len(urls), what="the last picture")
        firsts = [ages[0][0] - begin_s for ages in site.desk.ages.values()]
    return {"last_s": max(firsts), "first_s": min(firsts), "median_s": float(np.median(firsts)), "call_s": shown_s}


def _bare(urls: Sequence[str]) -> dict[str, float]:
    begin_s = time.monotonic()

    def opened(url: str) -> float:
        with av.open(url, options={"rtsp_transport": "tcp", "analyzeduration": "500000"}) as container:
            container.streams.video[0].codec_context.thread_count = 1
            next(container.decode(video=0)).reformat(width=240, height=134, format="bgra", threads=1)
        return time.monotonic() - begin_s

    with ThreadPoolExecutor(MOST_OPENS) as pool:
        firsts = list(pool.map(opened, urls))
    return {"last_s": max(firsts), "first_s": min(firsts), "median_s": float(np.median(firsts)), "call_s": 0.0}
