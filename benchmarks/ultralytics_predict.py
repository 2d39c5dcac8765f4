"""Milliseconds a frame of ultralytics' own `predict`. Arguments: model, frames, cameras."""

from __future__ import annotations

import sys
import time

from benchmarks.detect import street_pictures

_WARM_UP = 10


def main(model: str, frames: int, cameras: int) -> float:
    """Predict frame after frame, as one would in a loop over cameras."""
    from ultralytics import YOLO  # type: ignore[attr-defined] # made available by its __getattr__

    network = YOLO(model, task="detect")
    pictures = street_pictures(cameras)
    for number in range(_WARM_UP):
        network.predict(pictures[number % cameras], verbose=False)
    started = time.perf_counter()
    for number in range(frames):
        network.predict(pictures[number % cameras], verbose=False)
    return (time.perf_counter() - started) / frames * 1000


if __name__ == "__main__":
    sys.stdout.write(f"{main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])):.3f}\n")
