"""An incident's still with the boxes that its rule saw, drawn over the original. GUI thread only, but for `decoded`."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.i18n import _
from app.labels import object_name
from app.masks import Polygon
from storage.records import BoxMark
from widgets import theme
from widgets.chrome import label_pixmap
from widgets.masking import Masking
from widgets.tile_view import TileView

LEAST_PX = 110
_MAX_PX = 960


def decoded(jpeg: bytes) -> QImage:
    """The picture, at most 960 px wide; null when the bytes are no picture. Any thread."""
    image = QImage.fromData(jpeg)
    return image.scaledToWidth(_MAX_PX, _SMOOTH) if image.width() > _MAX_PX else image


_SMOOTH = Qt.TransformationMode.SmoothTransformation


class StillView(QWidget):
    """The picture fitted into the widget, boxes with label and score."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image = QImage()
        self.marks: tuple[BoxMark, ...] = ()
        self.masking = Masking()
        self.setMinimumHeight(LEAST_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        """16:9 of the panel's usual width."""
        return QSize(440, 248)

    def show_still(self, image: QImage, marks: tuple[BoxMark, ...]) -> None:
        """Replace the picture; a null image says that there is none yet."""
        self.image, self.marks = image, marks
        self.update()

    def show_masks(self, masks: tuple[Polygon, ...]) -> None:
        """Cover this; the picture itself stays as it was kept."""
        if self.masking.show(masks, 0.0):
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Picture and boxes."""
        painter = QPainter(self)
        painter.fillRect(event.rect(), QColor(theme.WALL))
        if self.image.isNull():
            painter.setPen(QColor(theme.MUTED))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, _("No still yet"))
        else:
            self._paint_still(painter)
        painter.end()

    def _paint_still(self, painter: QPainter) -> None:
        size = self.image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        left, top = (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
        rect = QRectF(left, top, size.width(), size.height())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(rect, self.image)
        self.masking.place(TileView().unit(rect))
        self.masking.paint(painter)
        for mark in self.marks:
            self._paint_mark(painter, rect, mark)

    def _paint_mark(self, painter: QPainter, rect: QRectF, mark: BoxMark) -> None:
        x1, y1, x2, y2 = mark.box
        width, height = rect.width(), rect.height()
        box = QRectF(rect.left() + x1 * width, rect.top() + y1 * height, (x2 - x1) * width, (y2 - y1) * height)
        painter.setPen(QPen(QColor(theme.LIGHT_VERMILLION), 2))
        painter.drawRect(box)
        text = f"{object_name(mark.label)} {mark.track_id} · {mark.score:.0%}"
        plate = label_pixmap(text, "#101214", theme.LIGHT_VERMILLION, 11, False, self.devicePixelRatioF())
        plate_size = plate.deviceIndependentSize()
        x = max(rect.left(), min(box.left() - 1, rect.right() - plate_size.width()))
        painter.drawPixmap(round(x), round(max(rect.top(), box.top() - plate_size.height())), plate)
