"""What does detection do to the GUI thread? Lateness of its 10 ms timer, 16 tiles shown. Needs `WATCHFLOOR_MODEL`.

Ours: with the detection process looking at all 16 cameras. Reference: the same wall without detection, interleaved.
"""

from __future__ import annotations

from benchmarks.harness import report
from benchmarks.watched_wall import Seen, clips, given_model, measured

CAMERAS = 16
SECONDS = 12
RUNS = 3


def run(runs: int = RUNS, seconds: int = SECONDS, cameras: int = CAMERAS) -> dict[str, object]:
    """The figures. Raises DetectionError(NO_MODEL) without `WATCHFLOOR_MODEL`."""
    model = given_model()
    ours, without = [], []
    with clips(cameras) as paths:
        for _ in range(runs):
            without.append(_figures(measured(paths, seconds, None)))
            ours.append(_figures(measured(paths, seconds, model)))
    return report("stall", "lower", ours, {"without_detection": without}, "gui_stall_p99_ms") | {"cameras": cameras}


def _figures(seen: Seen) -> dict[str, float]:
    return {
        "gui_stall_p99_ms": seen.stall_p99_ms,
        "gui_stall_max_ms": seen.stall_max_ms,
        "shown_ratio": seen.shown_ratio,
    }
