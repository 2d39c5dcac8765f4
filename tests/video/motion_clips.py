"""Made footage with known motion: a textured street, noise, light that changes, figures that cross a region or pass
beside it. Everything by one seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from tests.video.numbered import FRAGMENTED
from video.footage import FilePiece

FPS = 5
SIZE = (320, 180)
GOP_S = 2
T0 = 1_790_000_000.0
REGION = ((0.35, 0.35), (0.7, 0.35), (0.7, 0.9), (0.35, 0.9))

Image = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Figure:
    """Walks on a straight way between two points (0..1) from `at_s` on for `for_s` seconds."""

    at_s: float
    for_s: float
    start: tuple[float, float]
    end: tuple[float, float]
    size_px: tuple[int, int] = (8, 20)
    grey: float = 40.0

    def draw(self, image: Image, at_s: float) -> None:
        share = (at_s - self.at_s) / self.for_s
        if not 0.0 <= share <= 1.0:
            return
        x = int((self.start[0] + share * (self.end[0] - self.start[0])) * SIZE[0])
        y = int((self.start[1] + share * (self.end[1] - self.start[1])) * SIZE[1])
        width, height = self.size_px
        image[max(y - height, 0) : max(y, 0), max(x, 0) : max(x + width, 0)] = self.grey


@dataclass(frozen=True)
class Light:
    """From `at_s` on the picture is brighter by `gain`, at once or over `over_s`; a `spot` lights only a part."""

    at_s: float
    gain: float
    over_s: float = 0.0
    spot: tuple[float, float, float, float] | None = None

    def shine(self, image: Image, at_s: float) -> None:
        if at_s < self.at_s:
            return
        share = min((at_s - self.at_s) / self.over_s, 1.0) if self.over_s else 1.0
        part = image
        if self.spot is not None:
            x1, y1, x2, y2 = self.spot
            part = image[int(y1 * SIZE[1]) : int(y2 * SIZE[1]), int(x1 * SIZE[0]) : int(x2 * SIZE[0])]
        part *= 1.0 + share * (self.gain - 1.0)


def street(seed: int) -> Image:
    """Slabs, walls and gravel: coarse blocks and fine grain, without a blur between them."""
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(70, 170, (12, 16)).repeat(15, 0).repeat(20, 1)
    fine = rng.normal(0, 9, (90, 160)).repeat(2, 0).repeat(2, 1)
    return np.asarray(np.clip(coarse + fine, 20, 220), np.float64)


def motion_clip(
    path: Path,
    seconds: float,
    *,
    seed: int,
    figures: tuple[Figure, ...] = (),
    lights: tuple[Light, ...] = (),
    noise: float = 2.5,
) -> FilePiece:
    """Key frames every `GOP_S`; frame n was at T0 + n / FPS."""
    rng = np.random.default_rng(seed + 1)
    ground = street(seed)
    with av.open(str(path), "w", options=FRAGMENTED) as container:
        stream = container.add_stream("libx264", rate=FPS)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = SIZE
        stream.gop_size = GOP_S * FPS
        stream.pix_fmt = "yuv420p"
        stream.codec_context.thread_count = 1
        stream.options = {"preset": "ultrafast", "crf": "24", "sc_threshold": "0"}
        for number in range(round(seconds * FPS)):
            image = ground.copy()
            for figure in figures:
                figure.draw(image, number / FPS)
            for light in lights:
                light.shine(image, number / FPS)
            image += rng.normal(0, noise, image.shape)
            grey = np.clip(image, 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(grey, format="gray")))
        container.mux(stream.encode())
    return FilePiece(str(path), T0, T0 + seconds - 1 / FPS)
