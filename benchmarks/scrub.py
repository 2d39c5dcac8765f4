"""How many previews a second the timeline's pointer gets out of a minute of 1080p footage with key frames every 2 s.

Ours is the preview thread's work at places that are never the same: the index's segment, the one key frame, decoded and
brought to 256x144. The reference is bare PyAV: open, seek, decode the key frame, nothing more. `again_per_s` is of
places whose key frame is known already.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import av

from app.previews import Previews
from benchmarks.clips import make_clip
from benchmarks.harness import RUNS, report
from storage.footage_records import Segment
from storage.journal import Registry
from storage.records import Actor, Camera
from video.footage import StoredFootage

SECONDS = 60.0
PREVIEWS = 30
BOX = (256, 144)
_BEGIN_UTC_S = 1_800_000_000.0


class _NoAudit:
    def ask(self, access: object, granted: object) -> None:
        """What is asked for here is the pictures alone."""


def run() -> dict[str, object]:
    """The bench's result: previews a second, higher is better."""
    with tempfile.TemporaryDirectory() as name:
        clip = make_clip(Path(name) / "minute.mp4", SECONDS, size=(1920, 1080))
        ours: list[dict[str, float]] = []
        bare: list[dict[str, float]] = []
        for number in range(RUNS):
            for mine in (True, False) if number % 2 else (False, True):
                (ours if mine else bare).append(_ours(clip) if mine else _bare(clip))
    return report("scrub", "higher", ours, {"PyAV's bare seek": bare}, "previews_per_s")


def _places() -> list[float]:
    """One in each stretch between two key frames, to and fro."""
    return [2.0 * (number * 7 % PREVIEWS) + 1.3 for number in range(PREVIEWS)]


def _ours(clip: Path) -> dict[str, float]:
    end_utc_s = _BEGIN_UTC_S + SECONDS
    segment = Segment("s", "c", str(clip), _BEGIN_UTC_S, end_utc_s, clip.stat().st_size, "h264", 1920, 1080)
    footage = StoredFootage(lambda _camera: None, lambda *_range: (segment,))
    registry = Registry(cameras=(Camera("c", 1, "Gate", "made://"),))
    later_utc_s = end_utc_s + 3600.0
    previews = Previews(
        footage, lambda: registry, lambda: Actor("a"), lambda _camera: True, _NoAudit(), lambda: later_utc_s
    )
    first = [_timed_s(previews, at_s) for at_s in _places()]
    again = [_timed_s(previews, at_s - 0.5) for at_s in _places()]
    return {
        "previews_per_s": 1 / statistics.mean(first),
        "worst_ms": max(first) * 1000,
        "again_per_s": 1 / statistics.mean(again),
    }


def _timed_s(previews: Previews, at_s: float) -> float:
    begin_s = time.perf_counter()
    if previews.picture("c", _BEGIN_UTC_S + at_s, BOX) is None:
        raise RuntimeError(f"no preview at {at_s} s")
    return time.perf_counter() - begin_s


def _bare(clip: Path) -> dict[str, float]:
    taken = []
    for at_s in _places():
        begin_s = time.perf_counter()
        with av.open(str(clip)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "NONE"
            container.seek(round(at_s / float(stream.time_base or 1)), stream=stream)
            next(container.decode(stream))
        taken.append(time.perf_counter() - begin_s)
    return {"previews_per_s": 1 / statistics.mean(taken), "worst_ms": max(taken) * 1000, "again_per_s": 0.0}
