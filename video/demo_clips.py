"""Renders the demo's scenes into looping clips, once, into a cache folder that the caller owns.

A clip's name holds a digest of scene, outlines and renderer version: what changed is made again, the rest reused.
Files appear under their name only when they are complete (temporary name, then rename), the truth before the clip.
Two threads: Pillow, numpy and the encoders leave the GIL for most of the time.
"""

from __future__ import annotations

import errno
import hashlib
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import av
from av.video.stream import VideoStream

from storage.errors import StorageCode, StorageError
from video.cutouts import Cutouts
from video.source import VideoCode, VideoError
from video.synthetic import SceneSpec, Stage, TrueBox, save_truth, truth_of

RENDERER_VERSION = 1
GOP_PICTURES = 20
Progress = Callable[[int, int], None]

_ENCODERS = {"h264": "libx264", "hevc": "libx265"}
_THREADS = 2
_ABANDONED_AFTER_S = 600.0


@dataclass(frozen=True, slots=True)
class Clip:
    """A finished clip and the truth beside it."""

    name: str
    path: Path
    truth_path: Path


class _Cancelled(Exception):
    """Another clip failed, or the caller gave up."""


def make_clips(scenes: Sequence[SceneSpec], folder: Path, progress: Progress) -> dict[str, Clip]:
    """Make what is missing and return all clips by scene name; `progress(done, total)` counts pictures, on any thread.

    Raises VideoError NO_FILE (no photograph), UNSUPPORTED (no encoder), DISK_FULL; StorageError READ_ONLY
    for every other reason why the folder cannot be written."""
    clips = {scene.name: clip_of(scene, folder) for scene in scenes}
    missing = [s for s in scenes if not (clips[s.name].path.is_file() and clips[s.name].truth_path.is_file())]
    if missing:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _sweep(folder)
            _make(missing, clips, _Counter(sum(s.frames for s in missing), progress))
        except OSError as error:
            raise _typed(error, folder) from error
    return clips


def clip_of(scene: SceneSpec, folder: Path) -> Clip:
    """Where the clip of this very scene is or will be."""
    outlines = (files("resources") / "demo" / "cutouts.json").read_bytes()
    digest = hashlib.sha256(f"{RENDERER_VERSION} {scene!r} ".encode() + outlines).hexdigest()[:12]
    stem = f"{scene.name}-{digest}"
    return Clip(scene.name, folder / f"{stem}.mp4", folder / f"{stem}.truth.json")


class _Counter:
    """Counts rendered pictures of all threads and carries the wish to stop."""

    def __init__(self, total: int, progress: Progress) -> None:
        self.cancelled = threading.Event()
        self._total = total
        self._progress = progress
        self._done = 0
        self._lock = threading.Lock()

    def add(self) -> None:
        """One more picture; raises when the others gave up."""
        if self.cancelled.is_set():
            raise _Cancelled
        with self._lock:
            self._done += 1
            done = self._done
        if done % GOP_PICTURES == 0 or done == self._total:
            self._progress(done, self._total)


def _make(scenes: Sequence[SceneSpec], clips: dict[str, Clip], counter: _Counter) -> None:
    # The longest first, or the last thread works alone at the end.
    ordered = sorted(scenes, key=lambda s: -s.width * s.height * s.frames * (2 if s.codec == "hevc" else 1))
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="demo-clips") as pool:
        try:
            for done in as_completed([pool.submit(_make_one, s, clips[s.name], counter) for s in ordered]):
                done.result()
        finally:
            counter.cancelled.set()


def _sweep(folder: Path) -> None:
    """Remove what a killed process left half made; younger files may be another process's work."""
    for part in folder.glob(".*.part"):
        if time.time() - part.stat().st_mtime > _ABANDONED_AFTER_S:
            part.unlink(missing_ok=True)


def _make_one(scene: SceneSpec, clip: Clip, counter: _Counter) -> None:
    stage = Stage(scene, Cutouts())
    unfinished = clip.path.with_name(f".{clip.path.name}.{os.getpid()}.part")
    unfinished_truth = clip.truth_path.with_name(f".{clip.truth_path.name}.{os.getpid()}.part")
    try:
        boxes = encode(stage, unfinished, counter.add)
        save_truth(truth_of(scene, boxes), unfinished_truth)
        unfinished_truth.replace(clip.truth_path)
        unfinished.replace(clip.path)
    finally:
        unfinished.unlink(missing_ok=True)
        unfinished_truth.unlink(missing_ok=True)


def encode(stage: Stage, path: Path, tick: Callable[[], None]) -> list[tuple[TrueBox, ...]]:
    """Encode one loop of a scene as MP4 (no B frames, closed GOPs, first time stamp 0); the truth of each picture."""
    scene = stage.scene
    truth = []
    with av.open(str(path), "w", format="mp4") as container:
        stream = _add_stream(container, scene)
        for index in range(scene.frames):
            pixels, boxes = stage.render(index)
            truth.append(boxes)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts = index
            container.mux(stream.encode(frame))
            tick()
        container.mux(stream.encode(None))
    return truth


def _add_stream(container: av.container.OutputContainer, scene: SceneSpec) -> VideoStream:
    name = _ENCODERS[scene.codec]
    fixed = f"keyint={GOP_PICTURES}:min-keyint={GOP_PICTURES}:scenecut=0:bframes=0"
    if name == "libx264":
        options = {"preset": "veryfast", "crf": "26", "x264-params": f"{fixed}:rc-lookahead=10"}
    else:
        params = f"{fixed}:open-gop=0:pools=none:frame-threads=1:log-level=error"
        options = {"preset": "superfast", "crf": "28", "x265-params": params, "tag": "hvc1"}
    try:
        stream = container.add_stream(name, rate=scene.fps, options=options)
    except ValueError as error:
        raise VideoError(VideoCode.UNSUPPORTED, url=name) from error
    if not isinstance(stream, VideoStream):
        raise TypeError(name)
    stream.width, stream.height, stream.pix_fmt = scene.width, scene.height, "yuv420p"
    stream.codec_context.thread_count = 1
    return stream


def _typed(error: OSError, folder: Path) -> VideoError | StorageError:
    if error.errno == errno.ENOSPC:
        return VideoError(VideoCode.DISK_FULL, url=str(folder))
    return StorageError(StorageCode.READ_ONLY, path=str(folder))
