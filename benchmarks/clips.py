"""Made video for the benches that need some: a textured street-like pan, H.264, 640x360 at 15 fps, GOP 2 s."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

WIDTH, HEIGHT, FPS = 640, 360, 15
_OPTIONS: dict[str, dict[str, object]] = {
    "libx264": {"preset": "veryfast", "bf": "0", "crf": "24"},
    # x265 writes its log on standard error by itself, and has its own words for B frames and threads
    "libx265": {"preset": "superfast", "crf": "26", "x265-params": "bframes=0:log-level=none:pools=1"},
}


def make_clip(
    path: Path,
    seconds: float = 20.0,
    *,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    fps: int = FPS,
    gop_s: float = 2.0,
    codec: str = "libx264",
) -> Path:
    """Write the clip (about 0.2 s per second of video); the same every time. Other sizes are the same scene, scaled."""
    ground = scene()
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt, stream.gop_size = *size, "yuv420p", round(gop_s * fps)
        stream.codec_context.thread_count = 1
        stream.options = _OPTIONS[codec]
        for number in range(round(seconds * fps)):
            frame = av.VideoFrame.from_ndarray(picture_at(ground, number), format="rgb24")
            container.mux(stream.encode(frame.reformat(*size, "yuv420p")))
        container.mux(stream.encode())
    return path


def scene() -> npt.NDArray[np.uint8]:
    """What the pan goes over, twice as wide as a picture."""
    random = np.random.default_rng(3)
    coarse = random.integers(60, 190, (HEIGHT // 8, WIDTH // 4, 3)).repeat(8, 0).repeat(8, 1)
    fine = random.integers(-12, 12, (HEIGHT, WIDTH * 2, 3))
    ground: npt.NDArray[np.uint8] = np.clip(coarse + fine, 0, 255).astype(np.uint8)
    return ground


def picture_at(ground: npt.NDArray[np.uint8], number: int) -> npt.NDArray[np.uint8]:
    """One picture of the pan, RGB, with what moves in it."""
    shift = number % WIDTH
    picture = ground[:, shift : shift + WIDTH].copy()
    for actor in range(4):
        x = (number * (3 + actor) + actor * 150) % (WIDTH - 40)
        picture[120 + actor * 30 : 250 + actor * 25, x : x + 40] = (40 * actor, 90, 200 - 40 * actor)
    return np.ascontiguousarray(picture)
