"""Speed of exporting a range of recordings against `ffmpeg -c copy` of the same range and files.

Ours does more: it holds every segment against its hash, reads the copy again and compares it with its sources. Both
write to the same disk, in turns; the files are in the system's cache. Without ffmpeg the reference is PyAV copying
packet by packet in this process.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import av

from benchmarks.clips import make_clip
from benchmarks.harness import RUNS, report
from storage.footage_files import hash_file
from storage.footage_records import Segment
from video.export_copy import export_copy

MINUTES = 20
CLIP_S = 60.0
_UTC_S = 1_800_000_000.0


def run(runs: int = RUNS, minutes: int = MINUTES, clip_s: float = CLIP_S) -> dict[str, object]:
    """The bench's result; to reach: at least 0.8."""
    ffmpeg = shutil.which("ffmpeg")
    name = "ffmpeg -c copy" if ffmpeg else "pyav"
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        segments = recorded(folder, minutes, clip_s)
        ours: list[dict[str, float]] = []
        others: list[dict[str, float]] = []
        for number in range(runs):
            for mine in (True, False) if number % 2 else (False, True):
                if mine:
                    ours.append(_ours(segments, folder / f"out-{number}", clip_s))
                else:
                    others.append(_reference(ffmpeg, segments, folder / "reference.mp4", clip_s))
        return report("export", "higher", ours, {name: others}, "mb_per_s")


def recorded(folder: Path, minutes: int, clip_s: float) -> list[Segment]:
    """One clip as so many closed segments of `clip_s`, one after another."""
    first = _fragmented(make_clip(folder / "clip.mp4", clip_s), folder / "s0.mp4")
    size, sha256 = first.stat().st_size, hash_file(first)
    one = Segment("s0", "c1", str(first), _UTC_S, _UTC_S + clip_s, size, "h264", 640, 360, sha256)
    found = [one]
    for number in range(1, round(minutes * 60 / clip_s)):
        path = shutil.copyfile(first, folder / f"s{number}.mp4")
        begin = _UTC_S + number * clip_s
        found.append(replace(one, id=f"s{number}", path=str(path), from_utc_s=begin, to_utc_s=begin + clip_s))
    return found


def _fragmented(source: Path, target: Path) -> Path:
    """As the recorder writes it."""
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(str(source)) as clip, av.open(str(target), "w", options=options) as out:
        stream = out.add_stream_from_template(clip.streams.video[0])
        for packet in clip.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux_one(packet)
    return target


def _span(segments: list[Segment], clip_s: float) -> tuple[float, float]:
    """From the middle of the first segment to the middle of the last."""
    return segments[0].from_utc_s + clip_s / 2, segments[-1].from_utc_s + clip_s / 2


def _ours(segments: list[Segment], folder: Path, clip_s: float) -> dict[str, float]:
    begin, end = _span(segments, clip_s)
    started_s = time.perf_counter()
    result = export_copy(segments, begin, end, folder, "export")
    took_s = time.perf_counter() - started_s
    if not result.complete or len(result.files) != 1:
        raise RuntimeError("the export is not complete")
    size = result.files[0].bytes
    shutil.rmtree(folder)
    return {"mb_per_s": size / 1e6 / took_s, "seconds": took_s, "mb": size / 1e6, "x_realtime": (end - begin) / took_s}


def _reference(ffmpeg: str | None, segments: list[Segment], target: Path, clip_s: float) -> dict[str, float]:
    begin, end = _span(segments, clip_s)
    started_s = time.perf_counter()
    if ffmpeg:
        _with_ffmpeg(ffmpeg, segments, target, begin, end)
    else:
        _with_pyav(segments, target, begin, end)
    took_s = time.perf_counter() - started_s
    size = target.stat().st_size
    target.unlink()
    return {"mb_per_s": size / 1e6 / took_s, "seconds": took_s, "mb": size / 1e6, "x_realtime": (end - begin) / took_s}


def _with_ffmpeg(ffmpeg: str, segments: list[Segment], target: Path, begin: float, end: float) -> None:
    listed = target.with_suffix(".txt")
    listed.write_text("".join(f"file '{segment.path}'\n" for segment in segments))
    options = ["-v", "error", "-y", "-ss", str(begin - segments[0].from_utc_s), "-f", "concat", "-safe", "0"]
    wanted = ["-i", str(listed), "-t", str(end - begin), "-c", "copy", str(target)]
    subprocess.run([ffmpeg, *options, *wanted], check=True, stdin=subprocess.DEVNULL)


def _with_pyav(segments: list[Segment], target: Path, begin: float, end: float) -> None:
    with av.open(str(target), "w") as out:
        stream: av.VideoStream | None = None
        for segment in segments:
            with av.open(segment.path) as source:
                track = source.streams.video[0]
                stream = stream or out.add_stream_from_template(track)
                tick_s = float(track.time_base or 0)
                shift = round((segment.from_utc_s - begin) / tick_s)
                for packet in source.demux(track):
                    if packet.size and packet.pts is not None and packet.dts is not None:
                        if not 0 <= packet.pts + shift <= (end - begin) / tick_s:
                            continue
                        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                        packet.stream = stream
                        out.mux_one(packet)
