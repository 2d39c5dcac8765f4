"""How soon is there a picture: from the start of a session on a local file to the first picture in a tile's mailbox.

Reference: PyAV's bare open, decode of one frame, conversion to BGRA, in one thread.
"""

from __future__ import annotations

import tempfile
import threading
import time
from pathlib import Path

import av

from benchmarks.clips import make_clip
from benchmarks.harness import RUNS, report
from video.decode import DecodePool
from video.fanout import PictureTap
from video.frame import Picture
from video.session import CameraSession

_PATIENCE_S = 10.0


class _FirstPicture(PictureTap):
    """A tile's mailbox that says when it got something."""

    def __init__(self) -> None:
        super().__init__()
        self.came = threading.Event()

    def put(self, picture: Picture) -> None:
        """Keep it and tell."""
        super().put(picture)
        self.came.set()


def run(runs: int = RUNS) -> dict[str, object]:
    """The bench's result; `first_picture_s` counts the pool's and the reader's thread start, too."""
    with tempfile.TemporaryDirectory() as folder:
        clip = make_clip(Path(folder) / "clip.mp4", 4.0)
        pairs = [({"first_picture_s": _ours(clip)}, {"first_picture_s": _pyav(clip)}) for _ in range(runs)]
    return report(
        "start", "lower", [ours for ours, _ in pairs], {"pyav": [pure for _, pure in pairs]}, "first_picture_s"
    )


def _ours(clip: Path) -> float:
    begin_s = time.monotonic()
    pool = DecodePool()
    pool.start()
    session = CameraSession("bench", "bench", str(clip), pool=pool)
    tap = _FirstPicture()
    tap.want(640, 360)
    session.add_tap(tap)
    session.start()
    came = tap.came.wait(_PATIENCE_S)
    took_s = time.monotonic() - begin_s
    session.stop()
    pool.stop()
    if not (session.join(_PATIENCE_S) and pool.join(_PATIENCE_S) and came):
        raise TimeoutError("no first picture")
    return took_s


def _pyav(clip: Path) -> float:
    begin_s = time.monotonic()
    with av.open(str(clip)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        next(container.decode(video=0)).reformat(format="bgra", threads=1)
    return time.monotonic() - begin_s
