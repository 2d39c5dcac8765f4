"""An operator's usual picture: one camera enlarged (H.265, 1920x1080 at 25 a second), the others as sub-streams around.

Over loopback RTSP, all in one wall: the large one takes a quarter of it. Ours: CPU of this process. Reference: CPU of
decoding the same seconds of the same streams flat out (PyAV, one thread, nothing shown).
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path

from app.layouts import Cell, Layout
from benchmarks.camera_farm import farm
from benchmarks.clips import FPS, make_clip
from benchmarks.harness import RUNS, report
from benchmarks.wall import pure_decode
from benchmarks.wall_site import cameras_of, wall_site

SECONDS = 15
MAIN_PX, MAIN_FPS = (1920, 1080), 25
_SIDE = 6
_CLIP_S = 4
MOST = 1 + 3 * _SIDE * _SIDE // 4


def run(streams: int = 16, runs: int = RUNS, seconds: int = SECONDS) -> dict[str, object]:
    """The bench's result; `streams` counts the enlarged camera too (at most 28); `ratio` is ours / pure decoding."""
    count = min(streams, MOST)
    ours, pure = [], []
    with tempfile.TemporaryDirectory(prefix="watchfloor-bench-") as folder:
        main = make_clip(Path(folder) / "main.mp4", _CLIP_S, size=MAIN_PX, fps=MAIN_FPS, gop_s=1.0, codec="libx265")
        sub = make_clip(Path(folder) / "sub.mp4", _CLIP_S)
        for _run in range(runs):
            pure.append(_pure(main, sub, count - 1, seconds))
            ours.append(_wall(main, sub, count, seconds))
    return {
        **report("wall --city", "lower", ours, {"pure_decode": pure}, "cpu_s"),
        "streams": count,
        "seconds": seconds,
    }


def _wall(main: Path, sub: Path, count: int, seconds: int) -> dict[str, float]:
    with ExitStack() as stack:
        child = stack.enter_context(farm({"main": main, **{f"sub{number}": sub for number in range(1, count)}}))
        cameras = cameras_of([child.url(name) for name in child.names])
        site = stack.enter_context(wall_site(cameras, _layout(count)))
        site.wait(lambda: site.pictured() == count, what="the first pictures")
        before_s = child.cpu_s
        figures = site.measured(seconds)
        large = site.age_ms(("c1",), 95, 0.0)
        return {**figures, "large_age_p95_ms": large, "server_cpu_s": child.cpu_s - before_s}


def _pure(main: Path, sub: Path, subs: int, seconds: int) -> dict[str, float]:
    loops = seconds / _CLIP_S
    large = pure_decode([main], frames=_CLIP_S * MAIN_FPS)["cpu_s"]
    small = pure_decode([sub] * subs, frames=subs * _CLIP_S * FPS)["cpu_s"] if subs else 0.0
    return {"cpu_s": (large + small) * loops, "main_cpu_s": large * loops}


def _layout(count: int) -> Layout:
    """The large one over a quarter of a 6 x 6 wall, the others around it; empty cells stay dark."""
    half = _SIDE // 2
    spots = [(column, row) for row in range(_SIDE) for column in range(_SIDE) if column >= half or row >= half]
    cells = (Cell(0, 0, half, half), *(Cell(column, row) for column, row in spots))
    return Layout(f"city-{count}", _SIDE, _SIDE, cells)
