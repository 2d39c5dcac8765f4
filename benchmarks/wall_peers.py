"""The same wall beside what a user could take instead: GStreamer's compositor, mpv, ffplay, FFmpeg's xstack.

All over the same paced files, one after the other in one run, drawn without a screen. What is not installed is reported
as that. CPU is of the peer with all its processes over `seconds`, after its start. Ours composes 1920x1080 and paints;
ffplay and mpv are one process a tile and paint each its own; compositor and xstack make the 1920x1080 picture and throw
it away unseen, which flatters them. `ratio` is ours / pure decoding; each peer's own stands in `peers`.
"""

from __future__ import annotations

import math
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from benchmarks.clips import FPS, make_clip
from benchmarks.harness import report
from benchmarks.wall import pure_decode, wall_of
from benchmarks.wall_site import SIZE_PX

SECONDS = 10
NOT_INSTALLED = "not installed"
_WARM_S = 4.0
_END_S = 5.0


def run(streams: int = 16, runs: int = 1, seconds: int = SECONDS) -> dict[str, object]:
    """The bench's result, with `peers`: CPU seconds of each, its ratio to ours, or why there is none."""
    ours, pure = [], []
    peers: dict[str, float | str] = {}
    with tempfile.TemporaryDirectory(prefix="watchfloor-bench-") as folder:
        clip = make_clip(Path(folder) / "clip.mp4", seconds)
        for _run in range(runs):
            pure.append(pure_decode([clip] * streams, streams * seconds * FPS))
            ours.append(wall_of([clip] * streams, seconds))
            found = {name: _peer(name, clip, streams, seconds) for name in _PEERS}
            peers = {name: _least(peers.get(name), new) for name, new in found.items()}
    result = report("wall --peers", "lower", ours, {"pure_decode": pure}, "cpu_s")
    return {**result, "streams": streams, "seconds": seconds, "peers": _against(ours, peers)}


def _least(before: float | str | None, new: float | str) -> float | str:
    """The best of a peer's runs: nobody shall say that its worst was taken."""
    return min(before, new) if isinstance(before, float) and isinstance(new, float) else new


def _against(ours: Sequence[dict[str, float]], peers: dict[str, float | str]) -> dict[str, object]:
    mine = min(one["cpu_s"] for one in ours)
    return {
        name: {"cpu_s": round(found, 3), "ours_to_it": round(mine / found, 3)} if isinstance(found, float) else found
        for name, found in peers.items()
    }


def _peer(name: str, clip: Path, streams: int, seconds: int) -> float | str:
    program, commands = _PEERS[name]
    path = shutil.which(program)
    if path is None:
        return NOT_INSTALLED
    running: list[subprocess.Popen[bytes]] = []
    environment = {**os.environ, "SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy"}
    try:
        for arguments in commands(clip, streams):
            command = [path, *arguments]
            quiet = subprocess.DEVNULL
            running.append(subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, env=environment))
        time.sleep(_WARM_S)
        before_s = _cpu_s(running)
        time.sleep(seconds)
        spent_s = _cpu_s(running) - before_s
        ended = sum(one.poll() is not None for one in running)
        return f"{ended} of {len(running)} processes ended by themselves" if ended else spent_s
    finally:
        _end(running)


def _cpu_s(running: Sequence[subprocess.Popen[bytes]]) -> float:
    total = 0.0
    for one in running:
        if one.poll() is None:
            times = psutil.Process(one.pid).cpu_times()
            total += times.user + times.system
    return total


def _end(running: Sequence[subprocess.Popen[bytes]]) -> None:
    for one in running:
        if one.poll() is None:
            one.send_signal(signal.SIGTERM)
    for one in running:
        try:
            one.wait(_END_S)
        except subprocess.TimeoutExpired:
            one.kill()
            one.wait()


def _cell(streams: int) -> tuple[int, int, int]:
    """Columns of a square wall, and a tile's width and height."""
    columns = math.ceil(math.sqrt(streams))
    return columns, SIZE_PX[0] // columns // 2 * 2, SIZE_PX[1] // columns // 2 * 2


def _ffplay(clip: Path, streams: int) -> list[list[str]]:
    _columns, width, height = _cell(streams)
    one = ["-v", "quiet", "-an", "-sn", "-loop", "0", "-threads", "1", "-x", str(width), "-y", str(height), str(clip)]
    return [one] * streams


def _mpv(clip: Path, streams: int) -> list[list[str]]:
    _columns, width, height = _cell(streams)
    one = ["--no-config", "--no-audio", "--really-quiet", "--loop-file=inf", "--vd-lavc-threads=1", "--hwdec=no"]
    shown = ["--vo=x11" if os.environ.get("DISPLAY") else "--vo=null", f"--geometry={width}x{height}", str(clip)]
    return [[*one, *shown]] * streams


def _xstack(clip: Path, streams: int) -> list[list[str]]:
    columns, width, height = _cell(streams)
    inputs = ["-re", "-stream_loop", "-1", "-threads", "1", "-i", str(clip)] * streams
    scaled = ";".join(f"[{n}:v]scale={width}:{height}:flags=fast_bilinear[v{n}]" for n in range(streams))
    spots = "|".join(f"{n % columns * width}_{n // columns * height}" for n in range(streams))
    joined = "".join(f"[v{n}]" for n in range(streams)) + f"xstack=inputs={streams}:layout={spots}[out]"
    graph = f"{scaled};{joined}" if streams > 1 else "[0:v]scale=1920:1080:flags=fast_bilinear[out]"
    return [["-v", "quiet", *inputs, "-filter_complex", graph, "-map", "[out]", "-pix_fmt", "bgra", "-f", "null", "-"]]


def _compositor(clip: Path, streams: int) -> list[list[str]]:
    columns, width, height = _cell(streams)
    pads = [f"sink_{n}::xpos={n % columns * width} sink_{n}::ypos={n // columns * height}" for n in range(streams)]
    head = f"compositor name=c {' '.join(pads)} ! video/x-raw,format=BGRx ! fakesink sync=true"
    source = f"multifilesrc location={clip} loop=true ! qtdemux ! h264parse ! avdec_h264 max-threads=1 ! videoscale"
    tiles = [f"{source} ! video/x-raw,width={width},height={height} ! c.sink_{n}" for n in range(streams)]
    return [["-q", *" ".join([head, *tiles]).split()]]


_PEERS: dict[str, tuple[str, Callable[[Path, int], list[list[str]]]]] = {
    "gstreamer_compositor": ("gst-launch-1.0", _compositor),
    "mpv": ("mpv", _mpv),
    "ffplay": ("ffplay", _ffplay),
    "ffmpeg_xstack": ("ffmpeg", _xstack),
}
