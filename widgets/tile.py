"""One camera on the wall: its newest picture, its honest state, and how both are painted. GUI thread only.

Not a widget: the wall paints all tiles in one pass. A picture is wrapped, not copied (QImage over the decoder's bytes),
so the tile holds the `Picture` for as long as the image may be painted.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap, QRegion, QTransform

from app.feeds import CameraFeed, Lowered, PlanarFeed, TileState, TileStatus
from app.i18n import _
from video.frame import Picture
from video.planes import PLANES, converted
from widgets import theme
from widgets.chrome import Header, HeaderPrint, dimmed, draw_message, header_height_px, notice_pixmap
from widgets.figures import TileCount
from widgets.masking import Masking
from widgets.overlay import Scene, draw_tracks
from widgets.quality_words import quality_glyph
from widgets.tile_fit import ROUNDING_PX, asked_px, fitted, is_own_size, shape, stripes
from widgets.tile_view import TileView
from widgets.words import age_text, clock_text, tile_state_word
from widgets.zone_layer import ZoneLayer

GUTTER_PX = 2
STALE_AFTER_S = 2.0
_FRAME_PX, _QUIET_FRAME_PX = 3.0, 1.0
_PIXEL_BYTES = frozenset({"bgra", PLANES})
_BLACK = QColor(theme.WALL)
_NO_IMAGE = QImage()


@dataclass(frozen=True, slots=True)
class Look:
    """How the wall wants its tiles drawn now. `beneath`: live pictures of planes lie there already."""

    overlay: bool = True
    smooth: bool = False
    beneath: bool = False


class Tile:
    """A camera feed with a place on the wall. What a picture's painting needs is found when the tile is placed, not for
    each of a thousand pictures a second: calls into Qt cost more there than the painting.

    `placed` says whether it has a rectangle on the wall now."""

    def __init__(self, feed: CameraFeed) -> None:
        self.feed = feed
        self.cell = QRect()
        self.area = QRect()
        self.placed = False
        self.alarmed = False
        self.quiet = False
        self.focused = False
        self.alone = False
        self.forced = False
        self.planar = False
        """Whether its pictures are asked for as planes, for a painter on the graphics card."""
        self.status: TileStatus = feed.status()
        self.view = TileView()
        self.masking = Masking()
        self._ratio = 1.0
        self._picture: Picture | None = None
        self._image = QImage()
        self._dimmed = _NO_IMAGE
        self._told = ("", "")
        self._own = QRect()
        self._framed = False
        self._fit = QRectF()
        self._exact_at: QPointF | None = None
        self._header_rect = QRect()
        self._whole = QRectF()
        self._unit = QTransform()
        self._bars: tuple[QRect, ...] = ()
        self._fresh = False
        self._last_tick_s = time.monotonic()
        self._header = Header(0, "", TileState.CONNECTING, "", "", alarmed=False, focused=False)
        self._header_pixmap = QPixmap()
        self._print = HeaderPrint()
        self._zones = ZoneLayer()

    @property
    def header(self) -> Header:
        """What the header says."""
        return self._header

    @property
    def fresh_area(self) -> QRect:
        """What a new picture changes: all of the tile's area, until the stripes beside it have been painted."""
        return self._own if self._framed else self.area

    @property
    def picture(self) -> Picture | None:
        """The picture that is painted."""
        return self._picture

    @property
    def beneath(self) -> bool:
        """Whether its picture can be painted by the graphics card, before everything else of the tile."""
        return self._picture is not None and self._picture.planes is not None and self.state is TileState.LIVE

    @property
    def unit(self) -> QTransform:
        """From the source's unit square to the wall, as the picture lies now."""
        return self._unit

    def place(self, cell: QRect, ratio: float) -> None:
        """Take a rectangle of the wall (its pixels and the screen's ratio); an empty one hides the tile."""
        inner = cell.adjusted(GUTTER_PX, GUTTER_PX, -GUTTER_PX, -GUTTER_PX)
        self.cell, self.placed, self._ratio = cell, not cell.isEmpty(), ratio
        self.area = inner.adjusted(0, header_height_px(inner.width()), 0, 0) if self.placed else QRect()
        self._header_rect = QRect(inner.left(), inner.top(), inner.width(), self.area.top() - inner.top())
        self._fit_picture(self._picture)
        self._image.setDevicePixelRatio(ratio)
        self._dimmed = _NO_IMAGE
        self._header_pixmap = QPixmap()

    def want(self, *, visible: bool) -> None:
        """Ask for pictures of the tile's size in device pixels, or for none. `alone`, zoomed or `forced` it gets the
        main stream; where the operator looks nothing is lowered."""
        if isinstance(self.feed, PlanarFeed):
            self.feed.give_planes(planes=self.planar)
        large = self.alone or self.forced or self.view.enlarged
        self.feed.attend(attended=self.focused or large, high=large)
        if not (visible and self.placed):
            self.feed.want(0, 0)
        elif self.view.plain or self._picture is None:
            self.feed.want(int(self.area.width() * self._ratio), int(self.area.height() * self._ratio))
        else:
            self.feed.want(*asked_px(self.view, self._whole, self._picture, self._ratio))

    def show_as(self, view: TileView) -> None:
        """Show the picture another way, and ask for as much detail as that needs."""
        self.view = view
        self._fit_picture(self._picture)
        self.want(visible=True)

    def zoomed(self, factor: float, spot: QPointF | None = None) -> TileView:
        """The view nearer or further; `spot` of the wall stays where it is."""
        return self.view.zoomed(factor, self._whole, self.area, spot) if self._picture is not None else self.view

    def panned(self, right: float, down: float) -> TileView:
        """The view moved by shares of what is seen."""
        return self.view.panned(right, down, self._whole, self.area) if self._picture is not None else self.view

    def pull(self, count: TileCount, max_hz: float) -> bool:
        """Take the newest picture; whether there is a new one. Counts what was due since the last call."""
        now = time.monotonic()
        if self.status.state is TileState.LIVE and self._picture is not None:
            count.due(min(self.status.fps, max_hz) * (now - self._last_tick_s))
        self._last_tick_s = now
        picture = self.feed.take()
        if picture is None or picture.pixel_format not in _PIXEL_BYTES:
            return False
        if self.status.state is not TileState.LIVE:  # else a first picture would wait for the next refresh
            self.status = self.feed.status()
        self._show(picture)
        return True

    def _show(self, picture: Picture) -> None:
        before = self._picture
        if before is None or shape(picture) != shape(before):
            self._fit_picture(picture)
        self._image = _NO_IMAGE if picture.planes is not None else _image_of(picture)
        if self._ratio != 1.0:
            self._image.setDevicePixelRatio(self._ratio)
        self._dimmed = _NO_IMAGE
        self._picture, self._fresh = picture, True
        if not self.view.plain and (before is None or shape(picture)[:2] != shape(before)[:2]):
            self.want(visible=True)

    def _fit_picture(self, picture: Picture | None) -> None:
        if picture is None or self.area.isEmpty() or self.view.plain:
            self._fit = self._whole = fitted(self.area, picture, self._ratio)
        else:
            self._whole = self.view.placed(self.area, picture.source_width, picture.source_height)
            self._fit = self._whole.intersected(QRectF(self.area))
        own = picture if picture is not None and picture.planes is None else None
        self._exact_at = self._fit.topLeft() if own is not None and self._is_one_to_one(own) else None
        self._unit = self.view.unit(self._whole)
        exact = own is not None and self._ratio == 1.0 and self.view.plain and is_own_size(own, self._fit)
        self._bars = stripes(self.area, self._fit.toRect(), 0 if exact else ROUNDING_PX)
        self._own = self._fit.toRect() if exact else self.area
        self._framed = False
        self.masking.place(self._unit)

    def refresh(self, count: TileCount) -> QRect:
        """Read the state again and renew the header; what has to be repainted. Called about twice a second."""
        before = self.status, self.state
        self._framed = False  # alarm frames and notices may have come or gone beside the picture
        self.status = self.feed.status()
        if self.status.state is TileState.NO_RIGHTS:
            self._forget()
        if before[0].state in (TileState.LIVE, TileState.STALE) and self.status.state not in (
            TileState.LIVE,
            TileState.STALE,
        ):
            count.disconnected()
        if not self.placed:
            return QRect()
        header = self._header_now()
        if header == self._header and not self._header_pixmap.isNull():
            return QRect() if self.state is TileState.LIVE or self._message(self.state) == self._told else self.cell
        self._header, self._header_pixmap = header, QPixmap()  # drawn when it is painted: a window is placed in steps
        return self._header_rect if before == (self.status, TileState.LIVE) == (self.status, self.state) else self.cell

    def _forget(self) -> None:
        """Nothing stays of what was seen by somebody who might: neither picture nor its grey copy."""
        self._image, self._dimmed, self._picture = QImage(), QImage(), None
        self._fresh = False

    def _header_now(self) -> Header:
        picture, camera = self._picture, self.feed.camera
        age = age_text(self.age_s) if picture is not None else "–"
        clock = clock_text(picture.utc_s) if picture is not None else ""
        recording = self.status.recording
        return Header(
            camera.number,
            camera.name,
            self.state,
            age,
            clock,
            self.alarmed,
            self.focused,
            recording,
            self.masking.word,
            self.masking.lifted,
            self.view.word,
            quality_glyph(self.status, self._header_rect.width()),
            self.status.quality.lowered is not Lowered.NO,
            self.quiet,
        )

    @property
    def age_s(self) -> float:
        """How long ago the painted picture was due; infinite without one."""
        return time.monotonic() - self._picture.due_s if self._picture is not None else float("inf")

    @property
    def state(self) -> TileState:
        """The state that is shown: live only with a young picture, whatever the session believes."""
        if self.status.state is not TileState.LIVE:
            return self.status.state
        if self._picture is None:
            return TileState.CONNECTING
        fps = self.status.pictures_per_s or self.status.fps
        slow = 3.0 / fps if fps > 0 else 0.0
        return TileState.STALE if self.age_s > max(STALE_AFTER_S, slow) else TileState.LIVE

    def close(self) -> None:
        """The tile no longer shows its camera."""
        self.feed.want(0, 0)
        self.feed.close()

    def paint(self, painter: QPainter, region: QRegion, look: Look) -> float | None:
        """Paint what of the tile lies in `region`; the due time of a picture that is painted for the first time."""
        header, state = self._header_rect, self.state
        if region.intersects(header):
            if self._header_pixmap.isNull() or self._header.state is not state:  # it grew old since the last refresh
                self._header = self._header_now()
                self._header_pixmap = self._print.pixmap(self._header, header.width(), self._ratio)
            painter.setClipRect(header)
            painter.drawPixmap(header.topLeft(), self._header_pixmap)
        if not region.intersects(self.area):
            return None
        painter.setClipRect(self.area)
        if state is TileState.LIVE:
            self._paint_live(painter, region, look)
        else:
            self._paint_other(painter, state)
        if self.alarmed:
            width = _QUIET_FRAME_PX if self.quiet else _FRAME_PX
            pen = QPen(QColor(theme.LIGHT_VERMILLION), width)
            pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
            painter.setPen(pen)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(QRectF(self.area).adjusted(width / 2, width / 2, -width / 2, -width / 2))
        fresh, self._fresh = self._fresh, False
        return self._picture.due_s if fresh and self._picture is not None else None

    def _paint_live(self, painter: QPainter, region: QRegion, look: Look) -> None:
        if look.beneath and self._picture is not None and self._picture.planes is not None:
            self._framed = False
            self._paint_masks(painter)
        else:
            for bar in self._bars:
                if region.intersects(bar):
                    painter.fillRect(bar, _BLACK)
            if not self._framed:
                self._framed = QRegion(self.area).subtracted(region).isEmpty()
            self._paint_image(painter, self._bgra(), smooth=look.smooth)
        if look.overlay and self._picture is not None:
            self._paint_overlay(painter, self._picture.utc_s)
        lifted, degraded = self.masking.notice, self.status.notice
        if lifted or degraded:
            told = " · ".join(filter(None, (lifted, degraded)))
            notice = notice_pixmap(told, self.area.width(), self._ratio)
            painter.drawPixmap(self.area.left(), round(self.area.bottom() + 1 - _height(notice)), notice)

    def _paint_overlay(self, painter: QPainter, utc_s: float) -> None:
        tracks, zones = self.feed.tracks(), self.feed.zones
        if tracks is None and not zones:
            return
        scene = Scene(self._fit, utc_s, self._ratio, None if self.view.plain else self._unit)
        painter.save()
        painter.setClipRect(self._fit, Qt.ClipOperation.IntersectClip)  # what lies beside it is not painted each time
        self._zones.draw(painter, scene, zones, tracks, self.feed.rules)
        if tracks is not None:
            draw_tracks(painter, scene, tracks, self.feed.rules, zones)
        painter.restore()

    def _paint_other(self, painter: QPainter, state: TileState) -> None:
        """Not live: the last picture grey and dark, so that it cannot be taken for now, and why."""
        self._framed = False
        painter.fillRect(self.area, QColor("#131518"))
        if self._picture is not None:
            if self._dimmed.isNull():
                self._dimmed = dimmed(self._bgra(), self._ratio)
            self._paint_image(painter, self._dimmed, smooth=False)
        self._told = self._message(state)
        draw_message(painter, self.area, state, *self._told, brief=self.status.brief)

    def _message(self, state: TileState) -> tuple[str, str]:
        head, reason = tile_state_word(state), self.status.reason
        age = self._header.age if self._picture is not None else ""
        if state is TileState.STALE:
            return f"{head} · {age}", reason or _("The last picture is this old; no newer one has come.")
        if state is TileState.CONNECTING:
            attempt = self.status.attempt
            head = f"{head} · {_('attempt {count}').format(count=attempt)}" if attempt > 1 else head
        last = _("Last picture {age} ago.").format(age=age) if age else ""
        tried = state is TileState.NO_SIGNAL and self.status.attempt > 1
        tries = _("Attempt {count}.").format(count=self.status.attempt) if tried else ""
        return head, " ".join(filter(None, (reason, last, tries)))

    def _bgra(self) -> QImage:
        """The picture for Qt's own painter; of planes it is made when it is needed, which is seldom."""
        if self._image.isNull() and self._picture is not None:
            self._image = _image_of(converted(self._picture)).copy()
            self._image.setDevicePixelRatio(self._ratio)
        return self._image

    def _paint_masks(self, painter: QPainter) -> None:
        if self.view.plain:
            self.masking.paint(painter)
            return
        painter.save()
        painter.setClipRect(self._fit, Qt.ClipOperation.IntersectClip)
        self.masking.paint(painter)
        painter.restore()

    def _paint_image(self, painter: QPainter, image: QImage, *, smooth: bool) -> None:
        """One to one when the picture has the tile's pixels, else scaled; masks over it."""
        if self.view.plain:
            self._paint_plain(painter, image, smooth=smooth)
            self.masking.paint(painter)
            return
        painter.save()
        painter.setClipRect(self._fit, Qt.ClipOperation.IntersectClip)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.setTransform(self._unit, combine=True)
        painter.drawImage(QRectF(0, 0, 1, 1), image, QRectF(image.rect()))
        painter.restore()
        self.masking.paint(painter)
        painter.restore()

    def _is_one_to_one(self, picture: Picture) -> bool:
        missing = self._fit.width() * self._ratio - picture.width, self._fit.height() * self._ratio - picture.height
        return abs(missing[0]) <= ROUNDING_PX and abs(missing[1]) <= ROUNDING_PX

    def _paint_plain(self, painter: QPainter, image: QImage, *, smooth: bool) -> None:
        if self._exact_at is not None:
            painter.drawImage(self._exact_at, image)
            return
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.drawImage(self._fit, image, QRectF(image.rect()))


def _image_of(picture: Picture) -> QImage:
    return QImage(picture.pixels, picture.width, picture.height, picture.stride, QImage.Format.Format_RGB32)


def _height(pixmap: QPixmap) -> float:
    return pixmap.deviceIndependentSize().height()
