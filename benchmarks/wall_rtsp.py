"""How many RTSP cameras does a wall hold on this machine, with every picture shown and none of them old?

Cameras are `benchmarks.camera_farm`'s, in child processes whose CPU is counted apart; each has its own port, key
frames every 2 s and sender reports. Capacity is the largest N with shown over 0.99, all N tiles live and p95 of the
frames' age under 150 ms, by steps of 16 and then 4. Reference: the naive wall (`naive_wall`) over files, which have no
network.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.camera_farm import CameraFarm, farm
from benchmarks.clips import make_clip
from benchmarks.harness import report
from benchmarks.wall import naive_wall
from benchmarks.wall_site import PATIENCE_S, cameras_of, wall_site

ENOUGH = 0.99
MOST_AGE_MS = 150.0
SECONDS = 10.0
_COARSE, _FINE = 16, 4
_CLIP_S = 10.0
_A_PROCESS = 64


def run(streams: int = 16, runs: int = 1, seconds: float = SECONDS, *, most: int = 144) -> dict[str, object]:
    """The bench's result; `streams` is the first count that is tried; `ratio` is our capacity / the naive wall's."""
    tried: list[dict[str, float]] = []
    ours, naive = [], []
    with tempfile.TemporaryDirectory(prefix="watchfloor-bench-") as folder:
        clip = make_clip(Path(folder) / "clip.mp4", _CLIP_S)
        for _run in range(runs):
            found = naive_wall(clip)
            naive.append({**found, "streams": max(found["streams"], 1)})  # none counts as one: a ratio needs it
            ours.append(_capacity(lambda count: _wall(clip, count, seconds), streams, most, tried))
    result = report("wall --rtsp", "higher", ours, {"naive_wall": naive}, "streams")
    return {**result, "seconds": seconds, "tried": tried}


def _capacity(
    wall: Callable[[int], dict[str, float]], first: int, most: int, tried: list[dict[str, float]]
) -> dict[str, float]:
    """Coarse steps up to the first failure, then fine ones from the last success; the figures of the largest."""
    best: dict[str, float] = {"streams": 0.0}
    for step in (_COARSE, _FINE):
        count = first if step == _COARSE else int(best["streams"]) + step
        while count <= most and not any(one["streams"] == count and not _held(one) for one in tried):
            tried.append(wall(count))
            if not _held(tried[-1]):
                break
            best = tried[-1]
            count += step
    return best


def _held(figures: dict[str, float]) -> bool:
    all_live = figures["tiles"] == figures["streams"]
    return all_live and figures["shown_ratio"] > ENOUGH and figures["frame_age_p95_ms"] < MOST_AGE_MS


def _wall(clip: Path, count: int, seconds: float) -> dict[str, float]:
    with farms(clip, count) as (urls, children), wall_site(cameras_of(urls)) as site:
        opened_s = site.wait(lambda: site.pictured() == count, PATIENCE_S)
        site.spin(2.0)  # the opening's own load is another bench
        before_s = sum(child.cpu_s for child in children)
        figures = site.measured(seconds)
        server_s = sum(child.cpu_s for child in children) - before_s
    return {"streams": count, **figures, "server_cpu_s": server_s, "opened_s": opened_s}


@contextmanager
def farms(clip: Path, count: int) -> Iterator[tuple[list[str], list[CameraFarm]]]:
    """So many cameras, 64 a process: their addresses and the processes."""
    with ExitStack() as stack:
        children = []
        for first in range(0, count, _A_PROCESS):
            names = range(first, min(first + _A_PROCESS, count))
            children.append(stack.enter_context(farm({f"cam{name}": clip for name in names})))
        yield [child.url(name) for child in children for name in child.names], children
