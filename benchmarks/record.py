"""What recording adds to watching: CPU of recording and decoding live streams over decoding them alone.

Both in this process and in turns: `streams` paced cameras (640x360, 15 fps, GOP 2 s) through the same sessions and
decode pool, once with recorders behind them and once without. The first seconds (opening, settling) are not counted.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.clips import make_clip
from benchmarks.harness import RUNS, report
from storage.segments import SegmentIndex
from storage.worker import Worker
from video.decode import DecodePool
from video.frame import Picture
from video.recorder import RecorderPool
from video.session import CameraSession, SessionState

SECONDS = 8.0
_SETTLE_S = 1.0


class _Nobody:
    """A tap that keeps the stream decoding and takes no picture."""

    pixel_format = "bgra"

    def wanted(self) -> tuple[int, int] | None:
        """Nothing."""
        return None

    def put(self, picture: Picture) -> None:
        """Never called."""
        raise AssertionError(picture.camera_id)


def run(streams: int = 16, runs: int = RUNS, seconds: float = SECONDS) -> dict[str, object]:
    """The bench's result; the ratio is of CPU seconds per decoded frame, to reach: at most 1.03."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clip = make_clip(folder / "clip.mp4", 20.0)
        ours: list[dict[str, float]] = []
        alone: list[dict[str, float]] = []
        for number in range(runs):
            # In turns, and each first in turn: warmth and other processes hit both alike.
            for recorded in (True, False) if number % 2 else (False, True):
                figures = _run(clip, folder / f"footage-{number}" if recorded else None, streams, seconds)
                (ours if recorded else alone).append(figures)
        return report("record", "lower", ours, {"decoding alone": alone}, "cpu_ms_per_frame")


def _run(clip: Path, folder: Path | None, streams: int, seconds: float) -> dict[str, float]:
    pool = DecodePool()
    sessions = [CameraSession(f"c{n}", f"c{n}", str(clip), pool=pool) for n in range(streams)]
    workers: list[Worker] = [*pool.workers, *sessions]
    index: SegmentIndex | None = None
    if folder is not None:
        index = SegmentIndex(folder / "index.db")
        recorders = RecorderPool(folder, index)
        workers += recorders.workers
        for session in sessions:
            session.add_taker(recorders.add(session.camera_id).queue)
    for session in sessions:
        session.add_tap(_Nobody())
    try:
        figures = _measure(workers, sessions, seconds)
    finally:
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.join(10)
    figures["recorded_mb"] = 0.0
    if index is not None:
        figures["recorded_mb"] = index.total_bytes() / 1e6
        index.close()
    return figures


def _measure(workers: Sequence[Worker], sessions: Sequence[CameraSession], seconds: float) -> dict[str, float]:
    for worker in workers:
        worker.start()
    while any(session.status().state is not SessionState.LIVE for session in sessions):
        time.sleep(0.01)
    time.sleep(_SETTLE_S)
    before, frames, begin_s = _cpu_s(), _decoded(sessions), time.monotonic()
    time.sleep(seconds)
    cpu_s, decoded, wall_s = _cpu_s() - before, _decoded(sessions) - frames, time.monotonic() - begin_s
    return {"cpu_ms_per_frame": cpu_s / decoded * 1000, "frames_per_s": decoded / wall_s, "frames": float(decoded)}


def _decoded(sessions: Sequence[CameraSession]) -> int:
    return sum(session.stream.stats().decoded for session in sessions if session.stream)


def _cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
