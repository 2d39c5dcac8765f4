"""What our decode path costs: CPU per frame of source + packet queue + pool, nothing converted.

References: `ffmpeg -threads 1 -f null -` where it is installed (then it is the first), and PyAV flat out in one thread.
"""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import av

from benchmarks.clips import make_clip
from benchmarks.harness import RUNS, report
from video.decode import DecodePool
from video.fanout import PacketRing
from video.file_source import FileSource
from video.frame import Picture

PASSES = 4
_SECONDS = 20.0
_MOST_AHEAD = 12


class _Nobody:
    """A tap that keeps the stream decoding and takes no picture."""

    pixel_format = "bgra"

    def wanted(self) -> tuple[int, int] | None:
        """Nothing."""
        return None

    def put(self, picture: Picture) -> None:
        """Never called."""
        raise AssertionError(picture.camera_id)


def run(runs: int = RUNS, passes: int = PASSES, seconds: float = _SECONDS) -> dict[str, object]:
    """The bench's result; `reference` says whether it was ffmpeg or (without ffmpeg) PyAV."""
    ffmpeg = shutil.which("ffmpeg")
    with tempfile.TemporaryDirectory() as folder:
        clip = make_clip(Path(folder) / "clip.mp4", seconds)
        ours: list[dict[str, float]] = []
        references: dict[str, list[dict[str, float]]] = {"ffmpeg": [], "pyav": []} if ffmpeg else {"pyav": []}
        for _ in range(runs):
            ours.append(_ours(clip, passes))
            references["pyav"].append(_pyav(clip, passes))
            if ffmpeg:
                references["ffmpeg"].append(_ffmpeg(ffmpeg, clip, passes, round(seconds * 15)))
        return report("decode", "lower", ours, references, "cpu_ms_per_frame")


def _ours(clip: Path, passes: int) -> dict[str, float]:
    pool = DecodePool(1)
    pool.start()
    stream = pool.register("bench", PacketRing())
    stream.add_tap(_Nobody())
    source = FileSource(str(clip), 1, paced=False)
    before = _cpu_s(resource.RUSAGE_SELF)
    begin_s = time.monotonic()
    stream.configure(1, source.open())
    last_s = passes * _length_s(clip)
    for packet in source.packets():
        if packet is None:
            continue
        if packet.pts_s >= last_s:
            break
        while len(stream.queue) >= _MOST_AHEAD:
            time.sleep(0.002)
        stream.feed(packet)
    while len(stream.queue):
        time.sleep(0.002)
    pool.stop()
    pool.join(5)
    source.close()
    return _figures(_cpu_s(resource.RUSAGE_SELF) - before, time.monotonic() - begin_s, stream.stats().decoded)


def _pyav(clip: Path, passes: int) -> dict[str, float]:
    before, begin_s, frames = _cpu_s(resource.RUSAGE_SELF), time.monotonic(), 0
    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "NONE"
        stream.codec_context.thread_count = 1
        for _ in range(passes):
            frames += sum(1 for _ in container.decode(stream))
            container.seek(0)
    return _figures(_cpu_s(resource.RUSAGE_SELF) - before, time.monotonic() - begin_s, frames)


def _ffmpeg(program: str, clip: Path, passes: int, frames: int) -> dict[str, float]:
    before, begin_s = _cpu_s(resource.RUSAGE_CHILDREN), time.monotonic()
    loop = ["-stream_loop", str(passes - 1)]
    command = [program, "-v", "error", "-threads", "1", *loop, "-i", str(clip), "-f", "null", "-"]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return _figures(_cpu_s(resource.RUSAGE_CHILDREN) - before, time.monotonic() - begin_s, frames * passes)


def _length_s(clip: Path) -> float:
    with av.open(str(clip)) as container:
        return (container.duration or 0) / 1_000_000


def _cpu_s(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def _figures(cpu_s: float, wall_s: float, frames: int) -> dict[str, float]:
    return {"cpu_ms_per_frame": cpu_s / frames * 1000, "frames_per_s": frames / wall_s, "frames": frames}
