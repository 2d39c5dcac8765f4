"""Process of its own: `python -m tests.widgets.gl_drawing OUT` paints made pictures and small walls by OpenGL, whatever
does it, and leaves them in OUT (npz). Says which driver it has and what that costs, as `widgets.gl_trial` does; without
one nothing.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import av
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QImage, QOffscreenSurface, QOpenGLContext, QTransform
from PySide6.QtWidgets import QApplication

from app.feeds import TileState, TileStatus
from app.layouts import grid
from tests.widgets.fakes import FakeDesk, picture
from video.convert import Converter
from video.frame import Packet, Picture
from video.planes import PLANES
from widgets import theme
from widgets.figures import TileCount
from widgets.gl_check import Trial
from widgets.gl_trial import Place, begun, say, timed
from widgets.tile import Tile
from widgets.tile_view import TileView
from widgets.wall import Wall

Pixels = npt.NDArray[np.uint8]
WALL = QSize(640, 400)
_NEVER_MS = 10**9
BROKEN = "void main() { this is no shader }"
COLOURS = {
    "unspecified": ("yuv420p", 2, 0),
    "bt601": ("yuv420p", 5, 1),
    "bt709": ("yuv420p", 1, 1),
    "bt709 full": ("yuv420p", 1, 2),
    "bt2020": ("yuv420p", 9, 1),
    "jpeg": ("yuvj420p", 5, 2),
    "jpeg 422": ("yuvj422p", 5, 2),
    "444": ("yuv444p", 1, 1),
    "nv12": ("nv12", 1, 1),
}
"""Format, colour space and range as FFmpeg numbers them."""
VIEWS = {
    "whole": (TileView(), (320, 180)),
    "shrunk": (TileView(), (136, 100)),
    "grown": (TileView(), (500, 300)),
    "zoomed": (TileView(zoom=2.5, x=0.3, y=0.6), (240, 200)),
    "turned": (TileView(quarters=1), (200, 240)),
    "upside down": (TileView(quarters=2), (240, 160)),
    "mirrored": (TileView(mirrored=True), (240, 160)),
    "turned and mirrored": (TileView(quarters=3, mirrored=True), (200, 240)),
    "filled": (TileView(filled=True), (150, 240)),
}
"""A view and the size of its tile."""


def flat(pixel_format: str, space: int, full: int) -> VideoFrame:
    """One colour, which no kind of matrix or range cuts off, and a width that leaves padding in every row."""
    frame = VideoFrame(72, 48, pixel_format)
    for plane, value in zip(frame.planes, (110, 90, 200), strict=False):
        plane.update(bytes([value]) * plane.buffer_size)
    if pixel_format == "nv12":
        plane = frame.planes[1]
        plane.update((bytes([90, 200]) * plane.buffer_size)[: plane.buffer_size])
    frame.colorspace, frame.color_range = space, full
    return frame


def scene(width: int = 320, height: int = 180) -> VideoFrame:
    """Something of which every turn looks different."""
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    pixels = np.stack([across * 255 // width, down * 255 // height, np.full_like(across, 90)], axis=-1)
    pixels[height // 8 : height // 3, width // 8 : width // 4] = (230, 40, 40)
    return VideoFrame.from_ndarray(pixels.astype(np.uint8), format="rgb24").reformat(format="yuv420p")


def made(frame: VideoFrame, box: tuple[int, int], pixel_format: str) -> Picture:
    """As the decode pool gives it."""
    packet = Packet(cast("av.Packet[VideoStream]", av.Packet()), 0, True, 0.0, 0.0, 0.0, 0, 0)
    return Converter("c").picture(frame, packet, 1, box, pixel_format)


def placed(view: TileView, size: tuple[int, int]) -> tuple[QRect, QTransform]:
    """A tile alone on its surface, and how a picture of 16:9 lies in it."""
    area = QRect(0, 0, *size)
    return area, view.unit(view.placed(area, 16, 9))


def pixels_of(image: QImage) -> Pixels:
    """Rows, columns, BGR; a copy."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    return rows[:, : image.width(), :3].copy()


def _draw_pictures(found: dict[str, Pixels]) -> None:
    from PySide6.QtOpenGL import QOpenGLFramebufferObject

    from widgets.gl_pictures import GlError, GlPictures

    pictures = GlPictures()
    gl = QOpenGLContext.currentContext().functions()

    def draw(name: str, frame: VideoFrame, area: QRect, unit: QTransform) -> None:
        size = area.width(), area.height()
        buffer = QOpenGLFramebufferObject(area.size())
        buffer.bind()
        gl.glViewport(0, 0, *size)
        pictures.paint([Place(area, unit, made(frame, size, PLANES))], area.size(), 1.0)
        pictures.check()
        found[name] = pixels_of(buffer.toImage())
        buffer.release()

    for name, kind in COLOURS.items():
        draw(name, flat(*kind), QRect(0, 0, 72, 48), QTransform.fromScale(72, 48))
    for name, (view, size) in VIEWS.items():
        draw(name, scene(), *placed(view, size))
    pictures.close()
    try:
        GlPictures(fragment=BROKEN)
    except GlError as error:
        found["refused"] = np.frombuffer(str(error).encode(), np.uint8)


def _draw_walls(found: dict[str, Pixels], application: QApplication) -> None:
    from widgets.gl_canvas import GlCanvas
    from widgets.gl_pictures import FRAGMENT, GlPictures

    theme.apply(application)
    for name, fragment, renderer in (
        ("gl wall", FRAGMENT, ""),
        ("broken shader", BROKEN, ""),
        ("other renderer", FRAGMENT, "another"),
    ):
        failed: list[str] = []
        wall = Wall(FakeDesk(), refresh_ms=_NEVER_MS)
        wall.resize(WALL)
        wall.show_cameras(tuple(f"c{number}" for number in range(1, 5)), grid(4))
        canvas = GlCanvas(wall, renderer, partial(GlPictures, fragment=fragment))
        canvas.failed.connect(failed.append)
        canvas.failed.connect(canvas.end)
        canvas.begin()
        wall.show()
        _until(application, partial(_is_begun, wall, name != "gl wall"))
        found[name] = _grabbed(application, wall, planes=True)
        found[f"{name}, why"] = np.frombuffer(" ".join(failed).encode(), np.uint8)
        if wall.canvas is not None:
            wall.canvas.end()
            found["raster wall"] = _grabbed(application, wall, planes=False)
        wall.hide()
        wall.release()
        wall.deleteLater()
        application.processEvents()


def _is_begun(wall: Wall, fails: bool) -> bool:
    return wall.isVisible() and (wall.canvas is None) is fails


def _grabbed(application: QApplication, wall: Wall, *, planes: bool) -> Pixels:
    """Live, masked, zoomed, and one that is stale, with its sentence."""
    first, second, third, fourth = wall.tiles
    first.masking.show((((0.1, 0.1), (0.4, 0.1), (0.4, 0.5), (0.1, 0.5)),), 0.0)
    wall.look_through(second, TileView(zoom=2.0, quarters=1, mirrored=True))
    for tile in wall.tiles:
        _push(tile, planes=planes)
        tile.pull(TileCount(), 30.0)
        tile.refresh(TileCount())
    third.feed.tile_status = TileStatus(TileState.NO_SIGNAL, attempt=3)  # type: ignore[attr-defined]
    third.refresh(TileCount())
    assert fourth.picture is not None
    wall.update()
    application.processEvents()
    return pixels_of(wall.grab().toImage())


def _push(tile: Tile, *, planes: bool) -> None:
    feed = tile.feed
    drawn = picture(feed.camera.id, 5, 320, 180)
    given = made(scene(), (tile.area.width(), tile.area.height()), PLANES if planes else "bgra")
    feed._picture = replace(given, utc_s=drawn.utc_s, due_s=drawn.due_s)  # type: ignore[attr-defined]
    feed.tile_status = TileStatus(TileState.LIVE, fps=15.0)  # type: ignore[attr-defined]
    feed.show_tracks(frozenset({7}))  # type: ignore[attr-defined]


def _until(application: QApplication, condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + 60.0
    while not condition() and time.monotonic() < end_s:
        application.processEvents()
        time.sleep(0.005)


def main(out: str) -> None:
    """Everything, once."""
    application = QApplication(sys.argv[:1])
    surface, context = QOffscreenSurface(), QOpenGLContext()
    driver = begun(context, surface)
    if driver is None:
        say(Trial())
        return
    found: dict[str, Pixels] = {}
    _draw_pictures(found)
    trial = timed(driver)
    context.doneCurrent()
    _draw_walls(found, application)
    with Path(out).open("wb") as file:
        np.savez(file, **found)  # type: ignore[arg-type]
    say(trial)


if __name__ == "__main__":
    main(*sys.argv[1:])
