"""The small picture over the pointer while somebody runs along the timeline. GUI thread only.

A window's child that takes no mouse: the timeline may be low, the picture stands above it.
"""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QTransform
from PySide6.QtWidgets import QWidget

from app.i18n import _
from app.timeline import Preview
from widgets import theme
from widgets.masking import Masking

WIDTH_PX, HEIGHT_PX = 256, 144
_EDGE_PX = 2
_CAPTION_PX = 20
_AWAY_PX = 10


class PreviewCard(QWidget):
    """Shows one preview with a caption; hidden until it has one."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.resize(WIDTH_PX + 2 * _EDGE_PX, HEIGHT_PX + _CAPTION_PX + 2 * _EDGE_PX)
        self.hide()
        self._preview: Preview | None = None
        self._image = QImage()
        self._caption = ""
        self._masking = Masking()

    def show_preview(self, preview: Preview, caption: str, at: QPoint) -> None:
        """Above a point of the parent, inside of it."""
        self._preview, self._caption = preview, caption
        picture = preview.picture
        self._image = QImage()
        if picture is not None:
            shape = picture.width, picture.height, picture.stride
            self._image = QImage(picture.pixels, *shape, QImage.Format.Format_RGB32)
        self._masking.show(preview.masks, 0.0)
        self.place(at)
        self.show()
        self.raise_()
        self.update()

    def place(self, at: QPoint) -> None:
        """Follow the pointer."""
        parent = self.parentWidget()
        assert parent is not None
        x = min(max(at.x() - self.width() // 2, 0), max(parent.width() - self.width(), 0))
        self.move(x, max(at.y() - self.height() - _AWAY_PX, 0))

    def clear(self) -> None:
        """Nobody looks any more; nothing of the picture stays."""
        self.hide()
        self._preview, self._image = None, QImage()

    @property
    def preview(self) -> Preview | None:
        """What is shown."""
        return self._preview

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Picture, masks over it, time below."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.PURPLE))
        inner = self.rect().adjusted(_EDGE_PX, _EDGE_PX, -_EDGE_PX, -_EDGE_PX)
        painter.fillRect(inner, QColor(theme.WALL))
        area = QRect(inner.left(), inner.top(), WIDTH_PX, HEIGHT_PX)
        if self._image.isNull():
            painter.setPen(QColor(theme.MUTED))
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, _("Nothing recorded"))
        else:
            self._paint_picture(painter, area)
        painter.setPen(QColor(theme.TEXT))
        below = QRect(inner.left() + 4, area.bottom() + 1, WIDTH_PX - 8, _CAPTION_PX)
        painter.drawText(below, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self._caption)
        painter.end()

    def _paint_picture(self, painter: QPainter, area: QRect) -> None:
        scale = min(area.width() / self._image.width(), area.height() / self._image.height())
        width, height = self._image.width() * scale, self._image.height() * scale
        left, top = area.center().x() - width / 2, area.center().y() - height / 2
        painter.save()
        painter.setClipRect(area)
        painter.drawImage(QRectF(left, top, width, height), self._image)
        self._masking.place(QTransform(width, 0, 0, height, left, top))
        self._masking.paint(painter)
        painter.restore()
