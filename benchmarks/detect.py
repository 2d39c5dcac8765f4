"""How far is our detector from pure inference? Time per frame of 16 cameras in turn, unstacked, 640x360 pictures.

Ours: letterbox, inference queue and decode per frame. Reference: the same IR with a prepared input, flat out,
THROUGHPUT, 2 streams; and ultralytics' own `predict` on the same model, in a process of its own. Needs
`WATCHFLOOR_MODEL`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.harness import RUNS, report
from detection.detector import DetectionCode, DetectionError, Detections, Image
from detection.model_files import check_model
from detection.openvino_detector import IN_FLIGHT, STREAMS, OpenVinoDetector

FRAMES = 160
CAMERAS = 16
_ULTRALYTICS_TIMEOUT_S = 300


def run(runs: int = RUNS, frames: int = FRAMES, *, ultralytics: bool = True) -> dict[str, object]:
    """The figure as every bench gives it. Raises DetectionError(NO_MODEL) without `WATCHFLOOR_MODEL`."""
    path = os.environ.get("WATCHFLOOR_MODEL", "")
    if not path:
        raise DetectionError(DetectionCode.NO_MODEL, path="WATCHFLOOR_MODEL")
    pictures = street_pictures(CAMERAS)
    detector = OpenVinoDetector(Path(path))
    reference = _pure_inference(check_model(Path(path)).path)
    ours, pure = [], []
    _ours(detector, pictures, 20)
    reference(20)
    for _ in range(runs):
        ours.append({"frame_ms": _ours(detector, pictures, frames)})
        pure.append({"frame_ms": reference(frames)})
    detector.close()
    references = {"pure_inference": pure}
    if ultralytics:
        references["ultralytics_predict"] = [{"frame_ms": _ultralytics(path, frames)}]
    return report("detect", "lower", ours, references, "frame_ms") | {"detector": detector.name, "cameras": CAMERAS}


def street_pictures(count: int) -> list[Image]:
    """Street-like pictures: smooth ground, blocks, noise. What is in them does not change the time of inference."""
    random = np.random.default_rng(7)
    ramp = np.linspace(60, 180, 360, dtype=np.float32)[:, None, None]
    pictures = []
    for _ in range(count):
        picture = np.broadcast_to(ramp, (360, 640, 3)) + random.normal(0, 6, (360, 640, 3))
        for x, y in random.integers(0, (560, 220), (12, 2)):
            picture[y : y + 130, x : x + 50] = random.integers(0, 255, 3)
        pictures.append(np.clip(picture, 0, 255).astype(np.uint8))
    return pictures


def _ours(detector: OpenVinoDetector, pictures: list[Image], frames: int) -> float:
    finished: list[Detections] = []
    started = time.perf_counter()
    for number in range(frames):
        detector.submit(pictures[number % len(pictures)], finished.append)
    detector.wait()
    elapsed_s = time.perf_counter() - started
    if len(finished) != frames:
        raise RuntimeError(f"{frames - len(finished)} frames were lost")
    return elapsed_s / frames * 1000


def _pure_inference(network: Path) -> Callable[[int], float]:
    import openvino as ov
    from openvino import properties

    core = ov.Core()
    model = core.read_model(network)
    plan = {
        properties.hint.performance_mode(): properties.hint.PerformanceMode.THROUGHPUT,
        properties.streams.num(): STREAMS,
    }
    compiled = core.compile_model(model, "CPU", plan)
    queue = ov.AsyncInferQueue(compiled, IN_FLIGHT)
    random = np.random.default_rng(7)
    for request in queue:
        request.set_input_tensor(ov.Tensor(random.random(tuple(model.input(0).shape), dtype=np.float32)))

    def measure(frames: int) -> float:
        started = time.perf_counter()
        for _ in range(frames):
            queue.start_async(None, None)
        queue.wait_all()
        return (time.perf_counter() - started) / frames * 1000

    return measure


def _ultralytics(model: str, frames: int) -> float:
    """A process of its own: torch brings its own threads."""
    command = [sys.executable, "-m", "benchmarks.ultralytics_predict", model, str(frames), str(CAMERAS)]
    root = Path(__file__).resolve().parent.parent
    environment = {**os.environ, "YOLO_OFFLINE": "1", "YOLO_AUTOINSTALL": "false"}
    ran = subprocess.run(
        command, cwd=root, env=environment, capture_output=True, text=True, timeout=_ULTRALYTICS_TIMEOUT_S, check=True
    )
    return float(ran.stdout.splitlines()[-1])
