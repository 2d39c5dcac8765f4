"""How soon is the right frame there after a seek, at 1080p with a GOP of 2 s, for one camera and for a wall of 16?

Ours: the playback wall's session from `seek` until every tile has the picture of that time, taken as a wall takes it.
One camera is shown at full size, 16 in tiles of 480x270. Every picture carries its frame's number, which is read from
what the tile got: a wrong frame ends the bench. Reference: PyAV's bare seek in files that are open already, decoded up
to the frame and converted, one camera after the other in one thread. Seeks go to random times of three minutes.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from app.playback_feed import PlaybackFeed
from app.playback_wall import PlaybackSite, Seat, SitePlaybackDesk, WallPlayback
from benchmarks.clips import picture_at, scene
from benchmarks.clock_picture import drawn, read
from benchmarks.harness import report
from storage.footage_records import Segment
from storage.journal import Registry
from storage.records import Camera
from storage.worker import Supervisor
from video.footage import StoredFootage
from video.frame import Picture
from video.synced_reel import Holdings

STREAMS = 16
SEEKS = 60
RUNS = 3
FPS, GOP_S, CLIP_S, SEGMENTS = 25, 2.0, 20.0, 9
SIZE, TILE = (1920, 1080), (480, 270)
_UTC_S = 1_790_000_000.0
_PATIENCE_S = 30.0
_WALL_SHARE = 4
"""Of so many seeks one is made with the whole wall, too."""


def run(streams: int = STREAMS, runs: int = RUNS, seeks: int = SEEKS) -> dict[str, object]:
    """The bench's result; to reach: `ours.seek_p95_ms` under 250."""
    ours, bare = [], []
    with tempfile.TemporaryDirectory(prefix="watchfloor-bench-") as folder:
        clip = numbered_clip(Path(folder) / "clip.mp4")
        for number in range(runs):
            times = [
                _UTC_S + random.Random(number * 1000 + n).uniform(0, SEGMENTS * CLIP_S - 0.1) for n in range(seeks)
            ]
            few = times[: seeks // _WALL_SHARE + 2]
            bare.append(_figures(_bare(clip, times, 1, SIZE), _bare(clip, few, streams, TILE)))
            ours.append(_figures(_ours(clip, times, 1, SIZE), _ours(clip, few, streams, TILE)))
    return {**report("seek", "lower", ours, {"pyav": bare}, "seek_p95_ms"), "streams": streams}


def _figures(one: Sequence[float], wall: Sequence[float]) -> dict[str, float]:
    def cut(values: Sequence[float], percent: float) -> float:
        return float(np.percentile(np.array(values) * 1000, percent))

    return {
        "seek_p50_ms": cut(one, 50),
        "seek_p95_ms": cut(one, 95),
        "wall_p50_ms": cut(wall, 50),
        "wall_p95_ms": cut(wall, 95),
    }


def numbered_clip(path: Path) -> Path:
    """A pan over a street-like scene; a third of every picture is its frame's number. Fragmented, as recorded."""
    ground = scene()
    options = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    with av.open(str(path), "w", options=options) as container:
        stream = container.add_stream("libx264", rate=FPS)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = *SIZE, "yuv420p", round(GOP_S * FPS)
        stream.options = {"preset": "veryfast", "bf": "0", "crf": "24", "sc_threshold": "0"}
        for number in range(round(CLIP_S * FPS)):
            small = av.VideoFrame.from_ndarray(picture_at(ground, number), format="rgb24")
            large = small.reformat(*SIZE, "yuv420p")
            plane = large.planes[0]
            luma = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size).copy()
            luma[: SIZE[1] // 3, : SIZE[0] // 3] = drawn(number)
            plane.update(luma.tobytes())
            for chroma in large.planes[1:]:
                grey = np.frombuffer(memoryview(chroma), np.uint8).reshape(chroma.height, chroma.line_size).copy()
                grey[: chroma.height // 3, : chroma.width // 3] = 128
                chroma.update(grey.tobytes())
            large.pts, large.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(large))
        container.mux(stream.encode())
    return path


def _number(utc_s: float) -> int:
    """Of the last frame at or before a time."""
    return int((utc_s - _UTC_S) % CLIP_S * FPS + 1e-3)


def _check(grey: npt.NDArray[np.uint8], utc_s: float) -> None:
    found = read(grey[: grey.shape[0] // 3, : grey.shape[1] // 3])
    if found != _number(utc_s):
        raise RuntimeError(f"frame {found} was shown for {_number(utc_s)}")


def _grey(picture: Picture) -> npt.NDArray[np.uint8]:
    rows = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.stride)
    return rows[:, : picture.width * 4].reshape(picture.height, picture.width, 4)[:, :, 1]


def _ours(clip: Path, times: Sequence[float], streams: int, size: tuple[int, int]) -> list[float]:
    taken: list[float] = []
    with _session(clip, streams, times[0]) as (session, feeds):
        for feed in feeds:
            feed.want(*size)
        _shown(session, feeds)
        for utc_s in times[1:]:
            begin_s = time.monotonic()
            session.seek(utc_s)
            pictures = _shown(session, feeds)
            taken.append(time.monotonic() - begin_s)
            for picture in pictures:
                _check(_grey(picture), utc_s)
    return taken


def _shown(session: WallPlayback, feeds: Sequence[PlaybackFeed]) -> list[Picture]:
    """The pictures of the time that was sought, once all tiles have theirs."""
    found: dict[int, Picture] = {}
    end_s = time.monotonic() + _PATIENCE_S
    while True:
        settled = not session.place().seeking
        for number, feed in enumerate(feeds):
            picture = feed.take()
            if picture is not None:
                found[number] = picture
        if settled and len(found) == len(feeds):
            return list(found.values())
        if time.monotonic() > end_s:
            raise RuntimeError(f"{len(found)} of {len(feeds)} pictures came")
        time.sleep(0.002)


@contextmanager
def _session(clip: Path, streams: int, utc_s: float) -> Iterator[tuple[WallPlayback, list[PlaybackFeed]]]:
    size = clip.stat().st_size
    spans = [(_UTC_S + n * CLIP_S, _UTC_S + (n + 1) * CLIP_S - 1 / FPS) for n in range(SEGMENTS)]
    segments = [Segment(str(n), "", str(clip), *span, size, "h264", *SIZE) for n, span in enumerate(spans)]

    def between(_camera_id: str, from_utc_s: float, to_utc_s: float) -> list[Segment]:
        return [one for one in segments if one.to_utc_s > from_utc_s and one.from_utc_s < to_utc_s]

    cameras = tuple(Camera(f"c{n}", n, f"Camera {n}", "file://") for n in range(1, streams + 1))
    supervisor = Supervisor()
    footage = StoredFootage(lambda _camera_id: None, between)
    seat = Seat(lambda _access, granted: granted(), lambda: "bench")
    desk = SitePlaybackDesk(PlaybackSite(Holdings(footage), lambda: Registry(cameras=cameras), supervisor, seat))
    session = desk.open([camera.id for camera in cameras], utc_s, "bench")
    if session is None:
        raise RuntimeError("no session")
    try:
        yield session, [session.feed(camera.id) for camera in cameras]
    finally:
        session.close()
        supervisor.shutdown(5.0)


def _bare(clip: Path, times: Sequence[float], streams: int, size: tuple[int, int]) -> list[float]:
    taken: list[float] = []
    with ExitStack() as opened:
        containers = [opened.enter_context(av.open(str(clip))) for _stream in range(streams)]
        for utc_s in times[1:]:
            begin_s = time.monotonic()
            pictures = [_sought(container, _number(utc_s) / FPS, size) for container in containers]
            taken.append(time.monotonic() - begin_s)
            for picture in pictures:
                _check(picture.to_ndarray()[:, :, 1].astype(np.uint8), utc_s)
    return taken


def _sought(container: av.container.InputContainer, at_s: float, size: tuple[int, int]) -> av.VideoFrame:
    stream = container.streams.video[0]
    container.seek(round(at_s * 1_000_000))
    for frame in container.decode(stream):
        if frame.time > at_s - 0.5 / FPS:
            return frame.reformat(*size, "bgra")
    raise RuntimeError("no frame")
