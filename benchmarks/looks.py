"""How often is each of 16 cameras looked at while a wall shows all of them? Needs `WATCHFLOOR_MODEL`.

Made clips in which somebody walks all the time, so that the motion gate saves nothing (`asked_per_s`). Six looks
a second are asked for; `ours.looks_per_s` is what the camera with the fewest got, `look_cpu_ms` what one costs the
detection process. Reference: the five that are to be held.
"""

from __future__ import annotations

import statistics

from benchmarks.harness import report
from benchmarks.watched_wall import Seen, clips, given_model, measured

CAMERAS = 16
SECONDS = 15
RUNS = 3
TO_HOLD = 5.0


def run(runs: int = RUNS, seconds: int = SECONDS, cameras: int = CAMERAS) -> dict[str, object]:
    """The figures. Raises DetectionError(NO_MODEL) without `WATCHFLOOR_MODEL`."""
    model = given_model()
    with clips(cameras) as paths:
        seen = [measured(paths, seconds, model) for _ in range(runs)]
    ours = [_figures(one) for one in seen]
    result = report("looks", "higher", ours, {"to_hold": [{"looks_per_s": TO_HOLD}] * runs}, "looks_per_s")
    return {**result, "cameras": cameras, "said": sorted({text for one in seen for text in one.banners})}


def _figures(seen: Seen) -> dict[str, float]:
    latencies = [camera.latency_ms for camera in seen.pace.cameras.values()] if seen.pace else []
    return {
        "looks_per_s": min(seen.looks_per_s, default=0.0),
        "median_looks_per_s": statistics.median(seen.looks_per_s or (0.0,)),
        "asked_per_s": seen.asked_per_s,
        "made_per_s": sum(seen.looks_per_s),
        "look_cpu_ms": seen.cpu_s / max(sum(seen.looks_per_s) * seen.passed_s, 1.0) * 1000,
        "latency_ms": statistics.median(latencies or [0.0]),
        "shown_ratio": seen.shown_ratio,
    }
