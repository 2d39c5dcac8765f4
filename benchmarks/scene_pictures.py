"""One picture of each rule firing: a made scene on a tile of the wall, drawn by the code that draws the wall.

`./run bench scenes --pictures FOLDER` writes them and a contact sheet. Detections are the truth's; nobody real is to be
seen. Needs Qt (offscreen will do).
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPainter, QRegion
from PySide6.QtWidgets import QApplication

from app.feeds import TileState, TileStatus
from app.i18n import _
from benchmarks import scene_tamper
from benchmarks.scene_clips import Clip, Studio, known
from benchmarks.scene_stories import CAMERA, KINDS, WHOLE, Story, stories
from benchmarks.scene_weather import CONDITIONS
from detection.detector import Detections, TrackSet
from detection.pipeline import Pipeline
from storage.records import Camera, RuleKind, RuleSpec, Zone
from video.file_looks import FileLook
from video.frame import Picture
from widgets.figures import TileCount
from widgets.tile import Look, Tile

SIZE = (960, 564)
SHEET_COLUMNS = 4
_SHEET_PX = (400, 235)
_START_S = 1_700_000_000.0
_SHOWN_AFTER = 2
"""Looks after the event: the tile is alarmed by then."""


@dataclass
class Shot:
    """A camera as one tile sees it at one moment (`feeds.CameraFeed`)."""

    camera: Camera
    zones: tuple[Zone, ...]
    rules: tuple[RuleSpec, ...]
    picture: Picture | None
    seen: TrackSet | None = None
    state: TileStatus = field(default_factory=lambda: TileStatus(TileState.LIVE, fps=15.0))

    def want(self, width_px: int, height_px: int) -> None:
        """The picture is there already."""

    def attend(self, *, attended: bool, high: bool) -> None:
        """There is one stream."""

    def take(self) -> Picture | None:
        """Once."""
        taken, self.picture = self.picture, None
        return taken

    def status(self) -> TileStatus:
        """As it is."""
        return self.state

    def tracks(self) -> TrackSet | None:
        """Of the picture's time."""
        return self.seen

    def close(self) -> None:
        """Nothing is open."""


def write(folder: Path) -> list[Path]:
    """One PNG a rule, and `sheet.png` with all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    existing = QApplication.instance()
    app = existing if existing is not None else QApplication([])
    written, images = [], []
    with tempfile.TemporaryDirectory() as scratch:
        for name, shot in _shots(Studio(Path(scratch))):
            images.append(painted(shot))
            written.append(folder / f"{name}.png")
            images[-1].save(str(written[-1]))
    sheet = folder / "sheet.png"
    _sheet(images).save(str(sheet))
    del app
    return [*written, sheet]


def painted(shot: Shot) -> QImage:
    """The tile with its header, as the wall paints it while its alarm stands."""
    image = QImage(*SIZE, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    tile, count = Tile(shot), TileCount()
    tile.alarmed = True
    tile.place(QRect(0, 0, *SIZE), 1.0)
    tile.pull(count, 30.0)
    tile.refresh(count)
    painter = QPainter(image)
    tile.paint(painter, QRegion(image.rect()), Look(smooth=True))
    painter.end()
    tile.close()
    return image


def _shots(studio: Studio) -> Iterator[tuple[str, Shot]]:
    for number, kind in enumerate(KINDS):
        story = next(story for story in stories(kind) if story.due)
        yield kind.value, _fired(studio.clip(story, CONDITIONS[number % len(CONDITIONS)], number))
    for prank in scene_tamper.pranks():
        if prank.cause and prank.name not in ("sprayed", "frozen"):
            clip = studio.clip(prank.story, "day", 0, prank.spoil)
            look = clip.looks[round(prank.story.due[0][0] * 5) + _SHOWN_AFTER]
            yield f"tamper_{prank.name}", _shot(clip.story, look, None)
    last = _shot(Story("", scene_tamper.TAMPER, WHOLE, (), 1.0), look, None)
    gone = TileStatus(TileState.NO_SIGNAL, reason=_("Connecting again."))
    yield RuleKind.SIGNAL_LOSS.value, replace(last, state=gone)


def _fired(clip: Clip) -> Shot:
    """A moment after the rule has fired."""
    pipeline, random = Pipeline(CAMERA), np.random.default_rng(3)
    pipeline.change_rules((clip.story.rule,), (clip.story.zone,), (), scale=clip.story.scale)
    left = _SHOWN_AFTER
    for look, truth in zip(clip.looks, clip.truth, strict=True):
        seen: Detections = known(truth, random)
        found = pipeline.look(seen, _START_S + look.pts_s)
        left -= bool(found.events) or left < _SHOWN_AFTER
        if left <= 0:
            return _shot(clip.story, look, found.tracks)
    raise RuntimeError(f"{clip.story.name}: the rule says nothing")


def _shot(story: Story, look: FileLook, seen: TrackSet | None) -> Shot:
    height, width = look.image.shape[:2]
    pixels = np.dstack((look.image, np.full((height, width), 255, np.uint8)))
    picture = Picture(
        CAMERA,
        look.frame,
        look.pts_s,
        _START_S + look.pts_s,
        time.monotonic() + 60.0,
        width,
        height,
        width * 4,
        "bgra",
        width,
        height,
        pixels.data.cast("B"),
        pixels,
    )
    camera = Camera(CAMERA, 7, _("Made scene"), "")
    zones = () if story.rule.kind is RuleKind.TAMPER else (story.zone,)
    return Shot(camera, zones, (story.rule,), picture, seen)


def _sheet(images: list[QImage]) -> QImage:
    width, height = _SHEET_PX
    rows = -(-len(images) // SHEET_COLUMNS)
    sheet = QImage(SHEET_COLUMNS * width, rows * height, QImage.Format.Format_RGB32)
    sheet.fill(QColor("#202020"))
    painter = QPainter(sheet)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    for number, image in enumerate(images):
        place = QRect(number % SHEET_COLUMNS * width, number // SHEET_COLUMNS * height, width, height)
        painter.drawImage(place.adjusted(2, 2, -2, -2), image)
    painter.end()
    return sheet
