"""What does one more stream cost in memory: the slope of RSS over the number of tiles, against a wall of none.

Each wall is measured in a process of its own, over paced files, when its packet rings (10 s) are full. Reference: a
process with as many bare PyAV decoders, each holding its newest frame. `python -m benchmarks.memory KIND N CLIP` is
one such process.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import psutil

from benchmarks.clips import make_clip
from benchmarks.harness import report
from benchmarks.wall_site import cameras_of, wall_site

COUNTS = (0, 16, 32, 64)
SETTLE_S = 12.0
_CLIP_S = 20.0
_MEGA = 1_000_000
_ROOT = Path(__file__).resolve().parent.parent
_FRAMES = 30
_TIMEOUT_S = 180


def run(streams: int = COUNTS[-1], runs: int = 1, settle_s: float = SETTLE_S) -> dict[str, object]:
    """The bench's result; `streams` is the largest count; `ratio` is our slope / the bare decoders' slope."""
    counts = [count for count in COUNTS if count < streams] + [streams]
    ours, bare = [], []
    with tempfile.TemporaryDirectory(prefix="watchfloor-bench-") as folder:
        clip = make_clip(Path(folder) / "clip.mp4", _CLIP_S)
        for _run in range(runs):
            bare.append(_slope("bare", counts, clip, settle_s))
            ours.append(_slope("wall", counts, clip, settle_s))
    return {**report("memory", "lower", ours, {"pyav": bare}, "mb_per_stream"), "counts": counts}


def _slope(kind: str, counts: Sequence[int], clip: Path, settle_s: float) -> dict[str, float]:
    found = {count: _apart(kind, count, clip, settle_s) for count in counts}
    slope = float(np.polyfit(list(found), list(found.values()), 1)[0])
    return {"mb_per_stream": slope, **{f"rss_mb_{count}": rss for count, rss in found.items()}}


def _apart(kind: str, count: int, clip: Path, settle_s: float) -> float:
    command = [sys.executable, "-m", "benchmarks.memory", kind, str(count), str(clip), str(settle_s)]
    ran = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True)
    return float(json.loads(ran.stdout.splitlines()[-1]))


def _wall(count: int, clip: str, settle_s: float) -> float:
    with wall_site(cameras_of([clip] * count)) as site:
        site.wait(lambda: site.pictured() == count, what="the first pictures")
        site.spin(settle_s)
        return _rss_mb()


def _bare(count: int, clip: str) -> float:
    held = []
    for _number in range(count):
        container = av.open(clip)
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        stream.codec_context.thread_count = 1
        frames = container.decode(stream)
        for _frame in range(_FRAMES):
            frame = next(frames)
        held.append((container, frames, frame))
    time.sleep(0.5)
    return _rss_mb()


def _rss_mb() -> float:
    return float(psutil.Process().memory_info().rss) / _MEGA


def main(kind: str, count: str, clip: str, settle_s: str) -> None:
    """One process's figure, as the last line of output."""
    rss_mb = _wall(int(count), clip, float(settle_s)) if kind == "wall" else _bare(int(count), clip)
    print(json.dumps(round(rss_mb, 2)))


if __name__ == "__main__":
    main(*sys.argv[1:])
