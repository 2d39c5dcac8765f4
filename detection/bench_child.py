"""Process of its own: `python -m detection.bench_child MODEL SECONDS DEVICE` looks flat out and says how long a look
took. A JSON line on standard output: {"done": name, "ms", "cpu_ms", "looks_per_s", "pictures", "int8"} or
{"failed": word}.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from detection.detector import DetectionError, Detector
from detection.model_files import pinned_model

WARM_LOOKS = 6


def measure(detector: Detector, seconds: float) -> dict[str, float]:
    """Milliseconds of one input and pictures a second, as many pictures an input as the model has room for."""
    import numpy as np

    random = np.random.default_rng(7)
    pictures = [random.integers(0, 255, (360, 640, 3), np.uint8) for _ in range(max(detector.room, 1))]
    finished: list[Any] = []
    for _ in range(WARM_LOOKS):
        detector.detect(pictures[0])
    looks, started_s, cpu_s = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - started_s < seconds:
        detector.submit_together(pictures, finished.append)
        looks += 1
    detector.close()
    elapsed_s = time.perf_counter() - started_s
    return {
        "ms": elapsed_s / looks * 1000,
        "cpu_ms": (time.process_time() - cpu_s) / looks * 1000,
        "looks_per_s": looks * len(pictures) / elapsed_s,
        "pictures": len(pictures),
    }


def main(path: Path, seconds: float, device: str) -> int:
    """Measure and say; other libraries' prints go to standard error."""
    said = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        from detection.openvino_detector import OpenVinoDetector

        model = pinned_model(path)
        detector = OpenVinoDetector(path, device=device)
        words: dict[str, object] = {"done": model.name, "int8": model.int8, **measure(detector, seconds)}
    except DetectionError as error:
        words = {"failed": str(error.code).rpartition(".")[2]}
    except (RuntimeError, MemoryError) as error:
        words = {"failed": type(error).__name__}
    said.write(json.dumps(words) + "\n")
    said.flush()
    return 1 if "failed" in words else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), float(sys.argv[2]), sys.argv[3]))
