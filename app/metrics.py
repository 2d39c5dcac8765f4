"""The figures of one run, as `metrics.json` states them. Filled by the runtime; the wall adds what it painted."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class WallMetrics:
    """What was painted. `shown_ratio`: distinct frames painted / frames due at min(source fps, timer Hz / 1.5), over
    visible connected tiles. Frame age: painting minus due time. Stall: lateness of a 10 ms timer on the GUI thread."""

    tiles: int
    shown_ratio: float | None
    frame_age_p50_ms: float | None
    frame_age_p95_ms: float | None
    gui_stall_p99_ms: float | None
    gui_stall_max_ms: float | None


NO_WALL = WallMetrics(0, None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class Metrics:
    """One run. CPU and memory count the GUI or node process and the detection process, never demo servers."""

    cameras: int
    tiles: int
    seconds: float
    shown_ratio: float | None
    frame_age_p50_ms: float | None
    frame_age_p95_ms: float | None
    gui_stall_p99_ms: float | None
    gui_stall_max_ms: float | None
    cpu_s_per_stream_s: float
    rss_mb: float
    detections_per_s: float
    tracks: int
    events: int
    alarms: int
    incidents: int
    dropped_frames: int
    dropped_gops: int
    reconnects: int
    detector: str

    def write(self, path: Path) -> None:
        """Write as JSON."""
        path.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds and resident memory of some processes at one moment."""

    at_s: float
    cpu_s: float
    rss_mb: float


class UsageMeter:
    """CPU of this process and of worker processes, also of those that died in between. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._own = psutil.Process()
        self._seen: dict[int, float] = {}

    def read(self, pids: tuple[int, ...]) -> Usage:
        """Totals so far; call it now and then, so that a killed worker's share is not lost."""
        with self._lock:
            return self._read(pids)

    def _read(self, pids: tuple[int, ...]) -> Usage:
        own = self._own.cpu_times()
        rss = self._own.memory_info().rss
        for pid in pids:
            try:
                process = psutil.Process(pid)
                times = process.cpu_times()
                rss += process.memory_info().rss
            except psutil.NoSuchProcess:
                continue
            self._seen[pid] = times.user + times.system
        return Usage(time.monotonic(), own.user + own.system + sum(self._seen.values()), rss / 1e6)


def with_wall(metrics: Metrics, wall: WallMetrics) -> Metrics:
    """The run's figures with what the wall painted."""
    return replace(metrics, **asdict(wall))
