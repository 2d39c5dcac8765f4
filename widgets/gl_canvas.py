"""A wall's canvas on the graphics card: ONE OpenGL widget over all of the wall, which stays what it is behind it.

Pictures are painted first (`gl_pictures`), then headers, masks, boxes and all the rest with QPainter, by the code that
paints a raster wall. What was painted stays, so only tiles that changed are painted again, each of them whole: nothing
that is half transparent is painted twice. GUI thread. Imported only where a wall is painted so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QOpenGLContext, QPainter, QRegion
from PySide6.QtOpenGL import QOpenGLPaintDevice
from PySide6.QtOpenGLWidgets import QOpenGLWidget

from widgets.gl_pictures import GlError, GlPictures
from widgets.tile import GUTTER_PX, Tile
from widgets.wall import Wall

log = logging.getLogger(__name__)

_SAMPLES = 4
"""Edges of boxes and frames are as smooth as QPainter's own."""
_PATIENCE = 60
"""So often may the wall ask for painting without a context to paint with: about two seconds."""
_CHECKED = 100
_RENDERER = 0x1F01


class GlCanvas(QOpenGLWidget):
    """Put on the wall by `begin`, off by `end`. `expected`: the renderer that was tried; empty: any will do."""

    failed = Signal(str)
    """OpenGL does not work (any more), and why; once."""
    painted = Signal()
    """So many paints went well that this driver may be trusted; once."""

    def __init__(self, wall: Wall, expected: str = "", pictures_of: Callable[[], GlPictures] = GlPictures) -> None:
        super().__init__(wall)
        self._wall, self._expected, self._pictures_of = wall, expected, pictures_of
        self._pictures: GlPictures | None = None
        self._region = QRegion()
        self._failing = False
        self._owed = self._paints = 0
        shape = self.format()
        shape.setSamples(_SAMPLES)
        self.setFormat(shape)
        self.setUpdateBehavior(QOpenGLWidget.UpdateBehavior.PartialUpdate)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def begin(self) -> None:
        """Paint the wall from now on."""
        self._wall.installEventFilter(self)
        self.setGeometry(self._wall.rect())
        self.lower()
        self.show()
        self._wall.paint_by(self)

    def end(self) -> None:
        """The wall paints itself again."""
        self._wall.removeEventFilter(self)
        if self._wall.canvas is self:
            self._wall.paint_by(None)
        self._release()
        self.hide()
        self.deleteLater()

    def renew(self, *area: QRect | QRegion) -> None:
        """Paint this again, at the next turn of the event loop; without an area everything."""
        for part in area or (self.rect(),):
            self._region |= part
        self._owed += 1
        if self._owed > _PATIENCE and not self.isValid():
            self._fail("the context was lost" if self._paints else "no context")
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """As large as the wall."""
        if watched is self._wall and event.type() == QEvent.Type.Resize:
            self.setGeometry(self._wall.rect())
        return False

    def initializeGL(self) -> None:
        """A new context: nothing of an old one is left."""
        context = self.context()
        context.aboutToBeDestroyed.connect(self._release)
        found = str(context.functions().glGetString(_RENDERER))
        log.info("the wall is painted by OpenGL: %s", found)
        if self._expected and found != self._expected:
            self._fail(f"another renderer than the one that was tried: {found}")
            return
        try:
            self._pictures = self._pictures_of()
        except GlError as error:
            self._fail(str(error))

    def resizeGL(self, _width: int, _height: int) -> None:
        """A new surface is empty."""
        self._region = QRegion(self.rect())

    def paintGL(self) -> None:
        """Paint what is due; everything when Qt asks without a reason of ours."""
        region, self._region = self._region, QRegion()
        self._owed = 0
        if self._failing or self._pictures is None:
            return
        try:
            self._paint(self._pictures, self._whole_tiles(region if not region.isEmpty() else QRegion(self.rect())))
        except GlError as error:
            self._fail(str(error))

    def _paint(self, pictures: GlPictures, region: QRegion) -> None:
        wall, ratio = self._wall, self.devicePixelRatioF()
        size = QSize(round(self.width() * ratio), round(self.height() * ratio))
        pictures.keep_only(wall.board)
        pictures.paint([tile for tile in wall.board if tile.beneath and region.intersects(tile.area)], size, ratio)
        device = QOpenGLPaintDevice(size)  # a painter on the widget itself goes astray while a window is grabbed
        device.setDevicePixelRatio(ratio)
        painter = QPainter(device)
        wall.paint_on(painter, region, replace(wall.look, beneath=True))
        painter.end()
        self._paints += 1
        if self._paints < _CHECKED or not self._paints % _CHECKED:
            pictures.check()
        if self._paints == _CHECKED:
            self.painted.emit()

    def _whole_tiles(self, region: QRegion) -> QRegion:
        whole = QRegion(region)
        for tile in self._wall.board:
            if region.intersects(tile.cell):
                whole |= _part_of(tile, region.intersected(tile.cell))
        if self._wall.entry and self._wall.focused_tile is not None:
            whole |= self._wall.focused_tile.area
        return whole

    def _fail(self, why: str) -> None:
        if not self._failing:
            self._failing = True
            QTimer.singleShot(0, self, partial(self.failed.emit, why))

    def _release(self) -> None:
        """Give the textures back while their context is there."""
        pictures, self._pictures = self._pictures, None
        if pictures is None:
            return
        self.makeCurrent()
        if QOpenGLContext.currentContext() is not None:
            pictures.close()
            self.doneCurrent()


def _part_of(tile: Tile, touched: QRegion) -> QRect:
    """What of a tile is painted again, whole: its picture, all but the frame, or all of it."""
    inner = tile.cell.adjusted(GUTTER_PX, GUTTER_PX, -GUTTER_PX, -GUTTER_PX)
    return next((part for part in (tile.area, inner) if touched.subtracted(part).isEmpty()), tile.cell)
