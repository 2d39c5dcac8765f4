"""Motion search in recordings: hours of 1080p footage with a key frame every 2 s that one second of one core looks
through, against decoding every frame of it with PyAV.

A still street with noise; in one of ten stretches a figure passes through the region, and all is decoded around it. It
is CPU time of this thread, so that the rests that the program takes between pictures count for nothing.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import av
import numpy as np

from benchmarks.clips import picture_at, scene
from benchmarks.harness import RUNS, report
from video.footage import FilePiece
from video.motion_search import Region, find_motion

SIZE, FPS, GOP_S = (1920, 1080), 15, 2
CLIP_S = 24.0
PIECES = 40
_QUIET_TO_BUSY = 9
_UTC_S = 1_800_000_000.0
_REGION = Region(((0.3, 0.4), (0.7, 0.4), (0.7, 0.95), (0.3, 0.95)))
_FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}


def run(
    runs: int = RUNS, pieces: int = PIECES, clip_s: float = CLIP_S, size: tuple[int, int] = SIZE
) -> dict[str, object]:
    """The bench's result; `found` of `busy` passes say that it looked."""
    with tempfile.TemporaryDirectory() as folder:
        quiet, busy = (
            street_clip(Path(folder) / f"{name}.mp4", clip_s, size, passes=name == "busy") for name in ("quiet", "busy")
        )
        reel = [
            FilePiece(
                str(busy if n % (_QUIET_TO_BUSY + 1) == 0 else quiet), _UTC_S + n * clip_s, _UTC_S + (n + 1) * clip_s
            )
            for n in range(pieces)
        ]
        ours = [_searched(reel, clip_s) for _run in range(runs)]
        whole = [_decoded(quiet, clip_s) for _run in range(runs)]
    return report("motion_search", "higher", ours, {"pyav every frame": whole}, "hours_per_core_s")


def street_clip(path: Path, seconds: float, size: tuple[int, int], *, passes: bool) -> Path:
    """As a recorder writes it: nothing moves but noise, and whoever passes."""
    ground, random = picture_at(scene(), 0), np.random.default_rng(5)
    noise = [random.integers(-5, 6, ground.shape, dtype=np.int16) for _number in range(4)]
    with av.open(str(path), "w", options=_FRAGMENTED) as container:
        stream = container.add_stream("libx264", rate=FPS)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = *size, "yuv420p", GOP_S * FPS
        stream.codec_context.thread_count = 1
        stream.options = {"preset": "superfast", "bf": "0", "crf": "24", "sc_threshold": "0"}
        for number in range(round(seconds * FPS)):
            image = ground.copy()
            at = (number / FPS - 3.0) / 6.0
            if passes and 0.0 <= at <= 1.0:
                x = int(at * (image.shape[1] - 30))
                image[170:280, x : x + 30] = (200, 60, 60)
            noisy = np.clip(image + noise[number % 4], 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(noisy, format="rgb24").reformat(*size, "yuv420p")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def _searched(reel: list[FilePiece], clip_s: float) -> dict[str, float]:
    begin, end = reel[0].from_utc_s, reel[-1].to_utc_s
    started_s = time.thread_time()
    found = list(find_motion(reel, begin, end, _REGION))
    took_s = time.thread_time() - started_s
    passes = -(-len(reel) // (_QUIET_TO_BUSY + 1))
    return {**_speed(len(reel) * clip_s, took_s), "found": float(len(found)), "passes": float(passes)}


def _decoded(clip: Path, clip_s: float) -> dict[str, float]:
    started_s = time.thread_time()
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "NONE", 1
        frames = sum(1 for _frame in container.decode(stream))
    took_s = time.thread_time() - started_s
    if frames < clip_s * FPS - 1:
        raise RuntimeError("frames are missing")
    return _speed(clip_s, took_s)


def _speed(footage_s: float, took_s: float) -> dict[str, float]:
    return {"hours_per_core_s": footage_s / 3600.0 / took_s, "x_realtime": footage_s / took_s}
