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

from benchmarks.clips import FPS, make_clip
from benchmarks.harness import RUNS, report
from benchmarks.wall_site import cameras_of, wall_site

SECONDS = 15
_NAIVE_TIMEOUT_S = 300


def run(streams: int = 16, runs: int = RUNS, seconds: int = SECONDS, *, naive: bool = True) -> dict[str, object]:
    """The bench's result; `ratio` is CPU of the wall / CPU of pure decoding."""
    with tempfile.TemporaryDirectory(prefix="watchfloor-bench-") as folder:
        clip = make_clip(Path(folder) / "clip.mp4", seconds)
        paths = [clip] * streams
        ours, pure = [], []
        for _run in range(runs):
            pure.append(pure_decode(paths, streams * seconds * FPS))
            ours.append(wall_of(paths, seconds))
        references = {"pure_decode": pure}
        if naive:
            references["naive_wall"] = [naive_wall(clip)]
    result = report("wall", "lower", ours, references, "cpu_s")
    return {**result, "streams": streams, "seconds": seconds}


def wall_of(paths: list[Path], seconds: int) -> dict[str, float]:
    """CPU and figures of a wall over these paced files, from the moment when every tile has its picture."""
    with wall_site(cameras_of([str(path) for path in paths])) as site:
        site.wait(lambda: site.pictured() == len(paths), what="the first pictures")
        return site.measured(seconds)


def pure_decode(paths: list[Path], frames: int) -> dict[str, float]:
    """CPU of decoding these files flat out, nothing shown. Raises RuntimeError when they hold another count."""
    found = 0
    cpu_s = time.process_time()
    for path in paths:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "NONE"
            stream.codec_context.thread_count = 1
            found += sum(1 for _frame in container.decode(stream))
    cpu_s = time.process_time() - cpu_s
    if found != frames:
        raise RuntimeError(f"{found} frames decoded")
    return {"cpu_s": cpu_s, "cpu_s_per_frame": cpu_s / frames}


def naive_wall(clip: Path) -> dict[str, float]:
    """Largest count of streams over 99 % shown; the process is its own because cv2 brings its own Qt."""
    command = [sys.executable, "-m", "benchmarks.naive_wall", str(clip)]
    root = Path(__file__).resolve().parent.parent
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    ran = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, timeout=_NAIVE_TIMEOUT_S, check=True
    )
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return found
