"""Draws a story under a condition into a clip of five frames a second, and gives it back as looks with their truth.

The clip is a real file (H.264), replayed as `main.py replay` does: looks fixed by PTS. People and bus are the demo's
cut-outs; the suitcase is drawn. Nobody's picture is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw

from benchmarks.scene_stories import CASE_LABEL, Story
from benchmarks.scene_weather import HEIGHT, LIGHT_OF, WIDTH, Weather
from detection.detector import Detections
from storage.records import Box
from video.cutouts import Cutouts, Look
from video.file_looks import LOOKS_PER_S, FileLook, file_looks
from video.street import Backdrop, Image8
from video.synthetic import SceneSpec, Stage, TrueBox

_GROUNDS = (
    Backdrop(5, "plaza"),
    Backdrop(2, "plaza", ground=(150, 146, 140)),
    Backdrop(9, "street", trees=(0.1,)),
)
_JITTER = 0.015
_SEEN_FROM = 0.4
"""Of a thing: less of it than this is not seen by a detector that knows the truth."""

_KNOWN_SCORE = 0.8
Spoil = Callable[[Image8, float], Image8]
"""What is done to the camera at a time of the clip."""

_OPTIONS = {"preset": "veryfast", "crf": "21", "bf": "0"}


@dataclass(frozen=True, slots=True)
class Clip:
    """What was read back from the file; `truth[i]` belongs to `looks[i]`."""

    story: Story
    condition: str
    looks: tuple[FileLook, ...]
    truth: tuple[tuple[TrueBox, ...], ...]


class Dresser(Cutouts):
    """The demo's cut-outs, and a suitcase."""

    def __init__(self) -> None:
        super().__init__()
        self._shapes = {**self._shapes, "case": {}}

    def _cut(self, look: Look) -> Image.Image:
        return _suitcase() if look.cutout == "case" else super()._cut(look)


class Studio:
    """Makes clips; one thread only."""

    def __init__(self, folder: Path, dresser: Dresser | None = None) -> None:
        self._folder = folder
        self._dresser = dresser or Dresser()

    def clip(self, story: Story, condition: str, seed: int, spoil: Spoil | None = None) -> Clip:
        """Drawn, encoded, and read back."""
        path = self._folder / "scene.mp4"
        truth = self.write(story, condition, seed, path, spoil)
        looks = tuple(file_looks(str(path)))
        if len(looks) != len(truth):
            raise RuntimeError("a frame was lost")
        return Clip(story, condition, looks, truth)

    def write(
        self, story: Story, condition: str, seed: int, path: Path, spoil: Spoil | None = None
    ) -> tuple[tuple[TrueBox, ...], ...]:
        """The clip as a file, and the truth of its frames."""
        weather = Weather(condition, story.seconds, seed)
        ground = replace(_GROUNDS[seed % len(_GROUNDS)], light=LIGHT_OF.get(condition, "day"))
        scene = SceneSpec("made", ground, story.actors, fps=round(LOOKS_PER_S), loop_s=story.seconds + 30.0)
        stage = Stage(scene, self._dresser)
        truth = []
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=scene.fps)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height, stream.pix_fmt, stream.gop_size = WIDTH, HEIGHT, "yuv420p", 2 * scene.fps
            stream.codec_context.thread_count = 1
            stream.options = dict(_OPTIONS)
            for number in range(round(story.seconds * scene.fps)):
                at_s = number / scene.fps
                picture, boxes = stage.render(number)
                shift = weather.shift(at_s)
                seen = weather.shown(picture, at_s, shift)
                shown = np.ascontiguousarray(seen if spoil is None else spoil(seen, at_s))
                truth.append(tuple(_shifted(box, *shift) for box in boxes))
                container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
            container.mux(stream.encode())
        return tuple(truth)


def known(boxes: Sequence[TrueBox], random: np.random.Generator) -> Detections:
    """What a detector sees that knows the truth: all that can be seen of people, vehicles and things, hardly shaken."""
    seen = [box for box in boxes if box.visible >= _SEEN_FROM]
    found = np.array([box.box for box in seen], np.float64).reshape(-1, 4)
    sizes = np.tile(found[:, 2:] - found[:, :2], 2)
    shaken = np.clip(found + random.normal(0.0, _JITTER, found.shape) * sizes, 0.0, 1.0)
    return Detections(
        shaken.astype(np.float32), np.full(len(seen), _KNOWN_SCORE, np.float32), tuple(box.label for box in seen)
    )


def with_things(found: Detections, truth: Detections) -> Detections:
    """A model's people and vehicles, and the truth's things: no model knows a drawn suitcase."""
    own = [n for n, label in enumerate(found.labels) if label != CASE_LABEL]
    things = [n for n, label in enumerate(truth.labels) if label == CASE_LABEL]
    return Detections(
        np.concatenate((found.boxes[own], truth.boxes[things])),
        np.concatenate((found.scores[own], truth.scores[things])),
        (*(found.labels[n] for n in own), *(truth.labels[n] for n in things)),
    )


def _shifted(box: TrueBox, right: int, down: int) -> TrueBox:
    if not right and not down:
        return box
    dx, dy = right / WIDTH, down / HEIGHT
    x1, y1, x2, y2 = box.box
    return replace(box, box=Box(x1 + dx, y1 + dy, x2 + dx, y2 + dy))


def _suitcase() -> Image.Image:
    image = Image.new("RGBA", (150, 220))
    pen = ImageDraw.Draw(image)
    pen.rounded_rectangle([50, 2, 100, 60], 10, outline=(40, 40, 44, 255), width=8)
    pen.rounded_rectangle([6, 44, 144, 212], 16, fill=(120, 34, 40, 255), outline=(70, 18, 24, 255), width=5)
    for x in (40, 75, 110):
        pen.line([(x, 54), (x, 202)], fill=(98, 26, 32, 255), width=5)
    for x in (28, 122):
        pen.ellipse([x - 9, 206, x + 9, 219], fill=(30, 30, 32, 255))
    return image


def rgb_of(look: FileLook) -> Image8:
    """A look's picture in RGB."""
    return np.ascontiguousarray(look.image[..., ::-1])
