"""Does our tracker keep identities as well as a library's, and at which cost?

Made scenes with known truth (`benchmarks.track_scenes`) at 5 looks a second; both get the same detections with the same
times. Reference: ByteTrack of the package `trackers`, in its own setting and in ours, the better of the two. HOTA and
IDF1 by `trackeval`. Time: 12 people, one look, the median.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.harness import RUNS, report
from benchmarks.track_scenes import LOOKS_PER_S, TrueLook, scenes
from detection.detector import Detections, TrackState
from detection.geometry import iou_matrix
from detection.tracker import Tracker, TrackerSpec

OBJECTS = 12
TIMED_LOOKS = 400

Found = tuple[list[int], npt.NDArray[np.float64]]
"""Identities and boxes (N,4) of one look."""

Step = Callable[[Detections, float], Found]


def run(runs: int = RUNS) -> dict[str, object]:
    """The figure as every bench gives it. `ratio` is about HOTA; `ours.update_ms` is one look at 12 objects."""
    ours, oracle = [], []
    for seed in range(runs):
        made = scenes(seed)
        ours.append(judged(made, our_tracker) | {"update_ms": update_ms(our_tracker())})
        settings = [judged(made, make) for make in (oracle_as_it_comes, oracle_as_ours)]
        best = max(settings, key=lambda figures: figures["hota"])
        oracle.append(best | {"update_ms": update_ms(oracle_as_ours())})
    found = report("track", "higher", ours, {"bytetrack": oracle}, "hota")
    return found | {"looks_per_s": LOOKS_PER_S, "objects": OBJECTS, "hota_lead": _lead(ours, oracle)}


def judged(made: Mapping[str, Sequence[TrueLook]], tracker: Callable[[], Step]) -> dict[str, float]:
    """HOTA and IDF1 over all scenes, and HOTA of each."""
    from trackeval.metrics import HOTA, Identity

    hota, identity = HOTA(), Identity({"PRINT_CONFIG": False})
    sequences = {name: _sequence(looks, tracker()) for name, looks in made.items()}
    by_scene = {name: hota.eval_sequence(data) for name, data in sequences.items()}
    whole = hota.combine_sequences(by_scene)
    ids = identity.combine_sequences({name: identity.eval_sequence(data) for name, data in sequences.items()})
    figures = {"hota": _mean(whole), "idf1": float(ids["IDF1"])}
    return figures | {f"hota_{name}": _mean(result) for name, result in by_scene.items()}


def our_tracker() -> Step:
    """A fresh tracker of ours; a track counts where the look has seen it."""
    tracker = Tracker()

    def step(detections: Detections, utc_s: float) -> Found:
        tracks = [t for t in tracker.update(detections, utc_s) if t.state is TrackState.LIVE]
        return [t.id for t in tracks], np.array([t.box for t in tracks], np.float64).reshape(-1, 4)

    return step


def oracle_as_it_comes() -> Step:
    """ByteTrack with the package's own thresholds."""
    return _oracle(frame_rate=LOOKS_PER_S)


def oracle_as_ours() -> Step:
    """ByteTrack with our thresholds and our patience."""
    spec = TrackerSpec()
    return _oracle(
        frame_rate=LOOKS_PER_S,
        lost_track_buffer=round(spec.keep_lost_s * 30),
        track_activation_threshold=spec.high_score,
        high_conf_det_threshold=spec.high_score,
        minimum_consecutive_frames=spec.min_hits,
        minimum_iou_threshold=spec.min_iou,
    )


def _oracle(**setting: Any) -> Step:
    import supervision
    from trackers import ByteTrackTracker

    tracker = ByteTrackTracker(**setting)

    def step(detections: Detections, utc_s: float) -> Found:
        # In pixels of a picture: its Kalman filter's noise is in them.
        boxes = detections.boxes * np.array([1280, 720, 1280, 720], np.float32)
        seen = supervision.Detections(xyxy=boxes, confidence=detections.scores)
        found: Any = tracker.update(seen, timestamp=utc_s)
        sure = found.tracker_id >= 0
        boxes = found.xyxy[sure] / np.array([1280, 720, 1280, 720])
        return [int(i) for i in found.tracker_id[sure]], boxes.astype(np.float64).reshape(-1, 4)

    return step


def update_ms(step: Step, looks: int = TIMED_LOOKS) -> float:
    """Median of one look with 12 people who walk."""
    random = np.random.default_rng(3)
    costs = []
    x = np.linspace(0.05, 0.9, OBJECTS)
    for number in range(looks):
        corner = np.stack((x + 0.02 * np.sin(number / 9), np.full(OBJECTS, 0.4)), axis=1)
        corner += random.normal(0.0, 0.002, corner.shape)
        boxes = np.hstack((corner, corner + np.array((0.04, 0.3)))).astype(np.float32)
        seen = Detections(boxes, np.full(OBJECTS, 0.8, np.float32), ("person",) * OBJECTS)
        started = time.perf_counter()
        step(seen, 1_700_000_000.0 + number / LOOKS_PER_S)
        costs.append((time.perf_counter() - started) * 1000)
    return statistics.median(costs)


def _sequence(looks: Sequence[TrueLook], step: Step) -> dict[str, Any]:
    """What trackeval wants to know of one scene; identities are numbered from 0."""
    true_ids: dict[int, int] = {}
    own_ids: dict[int, int] = {}
    data: dict[str, Any] = {"gt_ids": [], "tracker_ids": [], "similarity_scores": []}
    for look in looks:
        ids, boxes = step(look.detections, look.utc_s)
        data["gt_ids"].append(_numbered(look.numbers.tolist(), true_ids))
        data["tracker_ids"].append(_numbered(ids, own_ids))
        data["similarity_scores"].append(iou_matrix(look.boxes, boxes))
    data["num_gt_dets"] = sum(map(len, data["gt_ids"]))
    data["num_tracker_dets"] = sum(map(len, data["tracker_ids"]))
    return data | {"num_gt_ids": len(true_ids), "num_tracker_ids": len(own_ids)}


def _numbered(ids: Sequence[int], known: dict[int, int]) -> npt.NDArray[np.int64]:
    return np.array([known.setdefault(i, len(known)) for i in ids], np.int64)


def _mean(result: Mapping[str, Any]) -> float:
    return float(np.mean(result["HOTA"]))


def _lead(ours: Sequence[Mapping[str, float]], oracle: Sequence[Mapping[str, float]]) -> float:
    """Ours minus the oracle's, the median over runs."""
    return round(statistics.median(a["hota"] - b["hota"] for a, b in zip(ours, oracle, strict=True)), 4)
