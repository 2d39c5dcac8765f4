"""A camera's live picture in the panel with a line or region to draw on it (`zone_canvas`), which is saved nowhere.

The camera is open only while the board is seen; its privacy masks are painted as on the wall and are never lifted here.
GUI thread only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QHideEvent, QImage, QPainter, QPaintEvent, QResizeEvent, QShowEvent, QTransform
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.feeds import CameraFeed, Desk
from app.i18n import _
from app.masks import masks_of
from app.zone_drafts import Point, Shape, ZoneDraft
from video.frame import Picture
from widgets import theme
from widgets.masking import Masking
from widgets.tile_view import TileView
from widgets.zone_canvas import ZoneCanvas

if TYPE_CHECKING:
    from widgets.tile import Tile
    from widgets.wall import Wall

_STEP_MS = 100
_ASPECT = 9 / 16
_USUAL_PX = 440


class RegionBoard(QWidget):
    """`asked` is "save" for Enter on the drawing and "leave" for Esc; `drawn_anew`: there is another canvas."""

    drawn_anew = Signal()
    asked = Signal(str)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self._camera_id = ""
        self._feed: CameraFeed | None = None
        self._picture: Picture | None = None
        self._masking = Masking()
        self._drafts: dict[tuple[str, Shape], ZoneDraft] = {}
        self.canvas: ZoneCanvas | None = None
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._timer = QTimer(self)
        self._timer.setInterval(_STEP_MS)
        self._timer.timeout.connect(self._take)

    # What is drawn

    @property
    def points(self) -> tuple[Point, ...]:
        """The drawing, 0..1 of the source picture."""
        return self.canvas.draft.now.points if self.canvas is not None else ()

    @property
    def fault_text(self) -> str:
        """What is wrong with the drawing; empty for none at all."""
        return self.canvas.draft.fault_text() if self.canvas is not None and self.points else ""

    def show_camera(self, camera_id: str, shape: Shape | None) -> None:
        """The picture to draw on; what is drawn on another one, or as another shape, waits there. None: nothing."""
        if camera_id != self._camera_id:
            self._close_feed()
            self._camera_id = camera_id
            self._draw(shape)
        elif shape is not (self.canvas.draft.shape if self.canvas is not None else None):
            self._draw(shape)
        self.setVisible(shape is not None and bool(camera_id))
        self._open_feed()

    def clear(self) -> None:
        """Begin this drawing anew."""
        if self.canvas is not None:
            shape = self.canvas.draft.shape
            self._drafts.pop((self._camera_id, shape), None)
            self._draw(shape)

    def forget(self) -> None:
        """All drawings go."""
        self._drafts.clear()
        self.clear()

    def _draw(self, shape: Shape | None) -> None:
        if self.canvas is not None:
            self.setFocusProxy(None)  # type: ignore[arg-type]  # Qt takes nothing for "none", the stubs do not
            self.canvas.hide()
            self.canvas.deleteLater()
            self.canvas = None
        if shape is None:
            return
        draft = self._drafts.setdefault((self._camera_id, shape), ZoneDraft(shape, self._camera_id))
        # The canvas asks of a tile no more than where its picture lies, and of a wall that it is a widget.
        self.canvas = canvas = ZoneCanvas(cast("Wall", self), cast("Tile", self), draft, tuple)
        canvas.setAccessibleName(_("Drawing on the picture"))
        canvas.asked.connect(self._on_asked)
        self.setFocusProxy(canvas)
        canvas.show()
        self.drawn_anew.emit()

    def _on_asked(self, what: str) -> None:
        canvas = self.canvas
        if canvas is None:
            return
        if what in ("save", "leave"):
            self.asked.emit(what)
        elif what == "remove":
            had_keys = canvas.hasFocus()
            self.clear()
            if had_keys:
                self.setFocus()
        else:
            steps = {"undo": canvas.draft.undo, "redo": canvas.draft.redo, "turn": canvas.draft.turn_round}
            if what in steps:
                steps[what]()
                canvas.renew()

    # Where the picture lies, as `ZoneCanvas` asks of a tile

    @property
    def area(self) -> QRect:
        """All of the board."""
        return self.rect()

    @property
    def unit(self) -> QTransform:
        """From the source picture (0..1) to the board."""
        return TileView().unit(self._fit())

    def _fit(self) -> QRectF:
        width, height = (
            (self._picture.source_width, self._picture.source_height) if self._picture is not None else (16, 9)
        )
        scale = min(self.width() / width, self.height() / height)
        left, top = (self.width() - width * scale) / 2, (self.height() - height * scale) / 2
        return QRectF(left, top, width * scale, height * scale)

    # The picture

    def _take(self) -> None:
        if self._feed is None:
            return
        picture = self._feed.take()
        self._masking.show(masks_of(self._desk.registry(), self._camera_id), 0.0)
        if picture is not None or not self._desk.may_see(self._camera_id):
            self._picture = picture
            self.update()

    def _open_feed(self) -> None:
        if self._feed is None and self._camera_id and self.isVisible():
            self._feed = self._desk.feed(self._camera_id)
            self._want()
            self._timer.start()

    def _close_feed(self) -> None:
        self._timer.stop()
        feed, self._feed, self._picture = self._feed, None, None
        if feed is not None:
            feed.want(0, 0)
            feed.close()

    def _want(self) -> None:
        ratio = self.devicePixelRatioF()
        if self._feed is not None:
            self._feed.want(int(self.width() * ratio), int(self.height() * ratio))

    # Qt

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The picture with its masks; the canvas lies over it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.WALL))
        picture, fit = self._picture, self._fit()
        if picture is None:
            painter.setPen(QColor(theme.MUTED))
            painter.drawText(
                self.rect(), Qt.AlignmentFlag.AlignCenter, _("No live picture; drawing works all the same")
            )
        else:
            image = QImage(picture.pixels, picture.width, picture.height, picture.stride, QImage.Format.Format_RGB32)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(fit, image, QRectF(image.rect()))
        self._masking.place(TileView().unit(fit))
        self._masking.paint(painter)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Pictures of the new size."""
        super().resizeEvent(event)
        self._want()

    def showEvent(self, event: QShowEvent) -> None:
        """Open the camera."""
        super().showEvent(event)
        self._open_feed()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks: close it."""
        super().hideEvent(event)
        self._close_feed()

    def hasHeightForWidth(self) -> bool:
        """As wide pictures are."""
        return True

    def heightForWidth(self, width: int) -> int:
        """16:9."""
        return round(width * _ASPECT)

    def sizeHint(self) -> QSize:
        """Of the panel's usual width."""
        return QSize(_USUAL_PX, self.heightForWidth(_USUAL_PX))
