"""Instant replay beside the live wall: a small picture of what a camera showed some seconds ago, and its keys.

It lies in the panel, never over a camera. Frame, plate and wording say all the time that this is not live. GUI thread
only; pictures are pulled from the player by a timer that runs only while the pane is open.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QKeySequence, QPainter, QPaintEvent, QPen, QResizeEvent, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.feeds import Desk, ReplayFeed
from app.i18n import _
from app.mask_lifts import MaskLifts
from app.masks import masks_of
from video.frame import Picture
from video.playback import SPEEDS, PlaybackState, PlaybackStatus
from widgets import theme
from widgets.chrome import label_pixmap, notice_pixmap
from widgets.claimed_keys import quiet_button
from widgets.masking import Masking
from widgets.recorded_overlay import RecordedScene, paint_over, scene_of
from widgets.tile_view import TileView
from widgets.words import clock_text, gap_text, replay_text, speed_text

STEPS_BACK_S = (10, 30, 60)
_PULL_MS = 33
_FRAME_PX = 3
_BARS_PX = 74
_SHARE = 0.42
_LEAST_PX = 120


class ReplayView(QWidget):
    """The picture in its frame, with the plate that says how old it is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.plate = ""
        self.line = ""
        self._picture: Picture | None = None
        self._scene: RecordedScene | None = None
        self.masking = Masking()

    @property
    def box(self) -> tuple[int, int]:
        """Device pixels that a picture may have."""
        ratio = self.devicePixelRatioF()
        return int(self._inner().width() * ratio), int(self._inner().height() * ratio)

    @property
    def picture(self) -> Picture | None:
        """What is painted."""
        return self._picture

    def show_picture(self, picture: Picture | None) -> None:
        """Replace the picture."""
        self._picture = picture
        self.update()

    @property
    def scene(self) -> RecordedScene | None:
        """What is drawn over the picture."""
        return self._scene

    def show_over(self, scene: RecordedScene | None) -> None:
        """What is drawn over the picture; None: nothing."""
        if scene != self._scene:
            self._scene = scene
            self.update()

    def say(self, plate: str, line: str) -> None:
        """What the plate and the line below say."""
        if (plate, line) != (self.plate, self.line):
            self.plate, self.line = plate, line
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Picture, frame, plate, line."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.WALL))
        ratio = self.devicePixelRatioF()
        area = self._inner()
        if self._picture is not None:
            self._paint_picture(painter, self._picture, area)
        plate = label_pixmap(self.plate, "#14101a", theme.PURPLE, 15, True, ratio)
        painter.drawPixmap(area.topLeft() + QPoint(6, 6), plate)
        if self.line:
            notice = notice_pixmap(self.line, area.width(), ratio)
            painter.drawPixmap(area.left(), round(area.bottom() + 1 - notice.deviceIndependentSize().height()), notice)
        painter.setPen(QPen(QColor(theme.PURPLE), _FRAME_PX))
        half = _FRAME_PX / 2
        painter.drawRect(QRectF(self.rect()).adjusted(half, half, -half, -half))
        painter.end()

    def _inner(self) -> QRect:
        return self.rect().adjusted(_FRAME_PX, _FRAME_PX, -_FRAME_PX, -_FRAME_PX)

    def _paint_picture(self, painter: QPainter, picture: Picture, area: QRect) -> None:
        image = QImage(picture.pixels, picture.width, picture.height, picture.stride, QImage.Format.Format_RGB32)
        scale = min(area.width() / picture.source_width, area.height() / picture.source_height)
        width, height = picture.source_width * scale, picture.source_height * scale
        left, top = area.left() + (area.width() - width) / 2, area.top() + (area.height() - height) / 2
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        whole = QRectF(left, top, width, height)
        painter.drawImage(whole, image, QRectF(image.rect()))
        self.masking.place(TileView().unit(whole))
        self.masking.paint(painter)
        if self._scene is not None:
            paint_over(painter, whole, picture.utc_s, self.devicePixelRatioF(), self._scene)


class ReplayPane(QFrame):
    """Hidden until `replay(camera_id)`; then it plays one camera until it is closed."""

    opened = Signal(bool)
    """It appeared, or went."""
    said = Signal(str)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("replay")
        self._desk = desk
        self.lifts = MaskLifts()
        """Those of the wall, given by the window."""
        self.overlaid: Callable[[], bool] = lambda: True
        """Whether the wall shows boxes and zones now, given by the window."""
        self._feed: ReplayFeed | None = None
        self._back = 0
        self._height_px = _BARS_PX + _LEAST_PX
        self.setMinimumHeight(self._height_px)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.view = ReplayView(self)
        self.title, self.clock = QLabel(self), QLabel(self)
        self.escape: Callable[[], bool] = lambda: False
        """Asked first when Esc is pressed: whether something else was left."""
        self._buttons = {
            "replay": quiet_button(self, "", self.go_further_back),
            "slower": quiet_button(self, "", partial(self.change_speed, 0.5)),
            "back": quiet_button(self, "", partial(self.step, -1)),
            "pause": quiet_button(self, "", self.toggle_pause),
            "on": quiet_button(self, "", partial(self.step, 1)),
            "faster": quiet_button(self, "", partial(self.change_speed, 2.0)),
            "close": quiet_button(self, "", self.close_replay),
        }
        self._build()
        self._timer = QTimer(self)
        self._timer.setInterval(_PULL_MS)
        self._timer.timeout.connect(self._on_tick)
        self._escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self._on_escape)
        self.hide()

    def _build(self) -> None:
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(12, 4, 12, 6)
        column.setSpacing(4)
        head, foot = QHBoxLayout(), QHBoxLayout()
        head.setSpacing(8)
        self.title.setObjectName("heading")
        self.title.setMinimumWidth(60)
        head.addWidget(self.title, 1)
        head.addWidget(self.clock)
        foot.setSpacing(4)
        for button in self._buttons.values():
            foot.addWidget(button, 1)
        column.addLayout(head)
        column.addWidget(self.view, 1)
        column.addLayout(foot)
        texts = {"slower": "[  " + _("slower"), "back": ",  −1", "on": ".  +1", "faster": "]  " + _("faster")}
        for name, text in {**texts, "close": "Esc"}.items():
            self._buttons[name].setText(text)

    # What can be done

    def replay(self, camera_id: str) -> None:
        """Play this camera from 10 s ago; the same camera again: from 30 s, 60 s, and again 10 s ago."""
        if self._feed is not None and self._feed.camera.id == camera_id:
            self.go_further_back()
            return
        self._leave()
        self._back = 0
        self._feed = self._desk.replay(camera_id, STEPS_BACK_S[0])
        if self._feed is None:
            self.close_replay()
            self.said.emit(_("No more replays can be opened. Close one first."))
            return
        self.title.setText(f"{self._feed.camera.number} {self._feed.camera.name}")
        self.view.show_picture(None)
        self.show()
        self._timer.start()
        self.opened.emit(True)
        self._want()
        self._renew()

    def go_further_back(self) -> None:
        """From 30 s, from 60 s, and then from 10 s ago again."""
        if self._feed is not None:
            self._back = (self._back + 1) % len(STEPS_BACK_S)
            self._feed.set_speed(1.0)
            self._feed.go_back(STEPS_BACK_S[self._back])
            self._renew()

    def toggle_pause(self) -> None:
        """Stand still, or go on."""
        if self._feed is None:
            self._say_none()
        else:
            self._feed.pause(paused=self._feed.status().state is not PlaybackState.PAUSED)
            self._renew()

    def step(self, frames: int) -> None:
        """One frame on or back; stands still afterwards."""
        if self._feed is None:
            self._say_none()
        else:
            self._feed.step(frames)
            self._renew()

    def change_speed(self, factor: float) -> None:
        """Half or double the speed, 1/4 to 4."""
        if self._feed is None:
            self._say_none()
        else:
            speed = self._feed.status().speed * factor
            if SPEEDS[0] <= speed <= SPEEDS[1]:
                self._feed.set_speed(speed)
            self._renew()

    def _say_none(self) -> None:
        self.said.emit(_("No replay is open: R opens one."))

    def close_replay(self) -> None:
        """Stop the player; the place is given back."""
        self._leave()
        self.hide()
        self.opened.emit(False)

    def _leave(self) -> None:
        feed, self._feed = self._feed, None
        self._timer.stop()
        if feed is not None:
            feed.close()
        self.view.show_picture(None)

    def _on_escape(self) -> None:
        if not self.escape():
            self.close_replay()

    # What is shown

    @property
    def feed(self) -> ReplayFeed | None:
        """What is played."""
        return self._feed

    def set_room(self, width_px: int, height_px: int) -> None:
        """The panel's size: as high as a 16:9 picture of its width, at most two fifths of it."""
        picture_px = round((width_px - 24) * 9 / 16)
        self._height_px = _BARS_PX + max(min(picture_px, round(height_px * _SHARE) - _BARS_PX), _LEAST_PX)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """The height that fits the panel; the layout may give less, down to the minimum."""
        return QSize(380, self._height_px)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Ask for pictures of the new size."""
        super().resizeEvent(event)
        self._want()

    def _want(self) -> None:
        if self._feed is not None:
            self._column.activate()
            self._feed.want(*self.view.box)

    def _on_tick(self) -> None:
        if self._feed is None:
            return
        if not self._desk.may_see(self._feed.camera.id):
            self.close_replay()
            return
        picture = self._feed.take()
        if picture is not None:
            self.view.show_picture(picture)
        self._renew()

    def _renew(self) -> None:
        if self._feed is None:
            return
        status = self._feed.status()
        masks = masks_of(self._desk.registry(), self._feed.camera.id)
        if self.view.masking.show(masks, self.lifts.left_s(self._feed.camera.id)):
            self.view.update()
        line = " · ".join(filter(None, (self.view.masking.notice or self.view.masking.word, _line(status))))
        self.view.say(replay_text(status, time.time()), line)
        if status.state is PlaybackState.EMPTY:
            self.view.show_picture(None)
        self.view.show_over(self._scene_of(self._feed))
        clock = f"{clock_text(status.utc_s)}.{int(status.utc_s * 10) % 10}" if status.utc_s is not None else "–"
        self.clock.setText(f"{clock}   {speed_text(status.speed)}")
        paused = status.state is PlaybackState.PAUSED
        further = STEPS_BACK_S[(self._back + 1) % len(STEPS_BACK_S)]
        self._buttons["replay"].setText(f"R  −{further} s")
        self._buttons["pause"].setText("K  " + (_("Play") if paused else _("Pause")))

    def _scene_of(self, feed: ReplayFeed) -> RecordedScene | None:
        """What was tracked when the painted picture was taken."""
        picture = self.view.picture
        if picture is None or not self.overlaid():
            return None
        return scene_of(self._desk.registry(), feed.camera.id, feed.tracks(picture.utc_s))


def _line(status: PlaybackStatus) -> str:
    """What must be known beside the picture; empty when it simply plays."""
    if status.state is PlaybackState.EMPTY:
        return _("No footage of this time.")
    if status.hole is not None:
        return gap_text(status.hole)
    if status.state is PlaybackState.CAUGHT_UP:
        return _("Caught up with the newest footage.")
    return ""
