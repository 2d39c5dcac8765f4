"""Process of its own: `python -m widgets.gl_trial [KNOWN]` says which OpenGL is here and what it would cost (JSON).

A driver that crashes or hangs takes only this process with it. `KNOWN` is a driver that was tried before: then its name
is said and nothing else. Else a wall of 64 new pictures is painted again and again, for half a second each way:
by raster, conversion and scaling included, and by OpenGL, carrying the planes to the card included. What counts is
the processor's time of all threads; OpenGL must have finished each wall before the next begins.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, QSize
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QImage,
    QOffscreenSurface,
    QOpenGLContext,
    QPainter,
    QPen,
    QTransform,
)

from video.frame import Picture
from video.made_pictures import MadePictures
from video.planes import PLANES
from widgets.gl_check import Driver, Trial

if TYPE_CHECKING:
    from widgets.gl_pictures import GlPictures

SIZE = QSize(1920, 1080)
_SIDE = 8
_HEADER_PX = 20
_SAMPLES = 4
_TRIED_S = 0.5
_VENDOR, _RENDERER, _VERSION = 0x1F00, 0x1F01, 0x1F02


@dataclass(slots=True)
class Place:
    """One tile of the wall that is tried."""

    area: QRect
    unit: QTransform
    picture: Picture | None = None


def main(known: str = "", *, force: bool = False) -> Trial:
    """Says the driver first, then the figures: who crashes in between is known. `force`: also on the processor."""
    application = QGuiApplication(sys.argv[:1])
    surface, context = QOffscreenSurface(), QOpenGLContext()
    driver = begun(context, surface)
    trial = say(Trial(driver))
    if driver is None:
        return trial
    if (driver.name != known and not driver.software) or force:
        trial = say(timed(driver))
    context.doneCurrent()
    application.processEvents()
    return trial


def begun(context: QOpenGLContext, surface: QOffscreenSurface) -> Driver | None:
    """Make a context, and what drives it; None where there is no OpenGL."""
    surface.create()
    if not context.create() or not context.makeCurrent(surface):
        return None
    gl = context.functions()
    return Driver(*(str(gl.glGetString(name) or "") for name in (_VENDOR, _RENDERER, _VERSION)))


def say(trial: Trial) -> Trial:
    """For who asked."""
    sys.stdout.write(json.dumps(asdict(trial)) + "\n")
    sys.stdout.flush()
    return trial


def timed(driver: Driver) -> Trial:
    """Both ways, in the current context."""
    from widgets.gl_pictures import GlError, GlPictures  # where OpenGL cannot be had its modules may not load

    made, places = MadePictures(), list(_places())
    image = QImage(SIZE, QImage.Format.Format_RGB32)
    try:
        pictures = GlPictures()
        raster_ms, _raster_wall_ms = cost_ms(lambda turn: _paint_raster(image, places, made, turn))
        gl_ms, wall_ms = cost_ms(_gl_painter(pictures, places, made))
        pictures.check()
        pictures.close()
    except GlError as error:
        return Trial(driver, detail=str(error))
    return Trial(driver, raster_ms, gl_ms, wall_ms)


def cost_ms(paint: Callable[[int], None], seconds: float = _TRIED_S) -> tuple[float, float]:
    """The processor's time and the clock's for one wall, of as many as fit into the time; the first does not count."""
    paint(0)
    begin_s, begin_cpu_s, turns = time.monotonic(), time.process_time(), 0
    while not turns or time.monotonic() - begin_s < seconds:
        turns += 1
        paint(turns)
    taken_s, cpu_s = time.monotonic() - begin_s, time.process_time() - begin_cpu_s
    return 1000 * cpu_s / turns, 1000 * taken_s / turns


def _paint_raster(image: QImage, places: list[Place], made: MadePictures, turn: int) -> None:
    painter = QPainter(image)
    for number, place in enumerate(places):
        picture = made.picture(turn + number, (place.area.width(), place.area.height()), "bgra")
        shown = QImage(picture.pixels, picture.width, picture.height, picture.stride, QImage.Format.Format_RGB32)
        painter.setClipRect(place.area)
        painter.drawImage(place.area.topLeft(), shown)
        _paint_over(painter, place.area)
    painter.end()


def _gl_painter(pictures: GlPictures, places: list[Place], made: MadePictures) -> Callable[[int], None]:
    from PySide6.QtOpenGL import QOpenGLFramebufferObject, QOpenGLFramebufferObjectFormat, QOpenGLPaintDevice

    shape = QOpenGLFramebufferObjectFormat()
    shape.setSamples(_SAMPLES)
    shape.setAttachment(QOpenGLFramebufferObject.Attachment.CombinedDepthStencil)
    buffer = QOpenGLFramebufferObject(SIZE, shape)
    gl = QOpenGLContext.currentContext().functions()

    def paint(turn: int) -> None:
        buffer.bind()
        gl.glViewport(0, 0, SIZE.width(), SIZE.height())
        for number, place in enumerate(places):
            place.picture = made.picture(turn + number, (place.area.width(), place.area.height()), PLANES)
        pictures.paint(places, SIZE, 1.0)
        device = QOpenGLPaintDevice(SIZE)
        painter = QPainter(device)
        for place in places:
            painter.setClipRect(place.area)
            _paint_over(painter, place.area)
        painter.end()
        gl.glFinish()

    return paint


def _paint_over(painter: QPainter, area: QRect) -> None:
    """A header and a box, as most tiles have them."""
    painter.fillRect(QRect(area.left(), area.top(), area.width(), _HEADER_PX), QColor("#202428"))
    painter.setPen(QPen(QColor("#40c090"), 2))
    painter.drawRect(QRectF(area).adjusted(40, 40, -60, -20))


def _places() -> Iterator[Place]:
    wide, high = SIZE.width() // _SIDE, SIZE.height() // _SIDE
    for number in range(_SIDE * _SIDE):
        area = QRect(number % _SIDE * wide, number // _SIDE * high, wide, high)
        yield Place(area, QTransform(wide, 0, 0, high, area.left(), area.top()))


if __name__ == "__main__":
    main(*sys.argv[1:2], force="force" in sys.argv[2:])
