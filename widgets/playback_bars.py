"""The two lines of playback: above, what time is shown and that it is not now; below, what can be done.

GUI thread only. They only show and call; `PlaybackView` decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QWidget

from app.i18n import _
from app.playback_feeds import PlaybackPlace
from widgets.claimed_keys import quiet_button
from widgets.keys import key
from widgets.playback_words import ago_text, clock_in, date_in, offset_in, rate_text, state_text

_NARROW_PX = 760
_SPACE_PX = 12
_LEAST_PX, _AROUND_PX = 26, 10
_LEAST_LETTERS = 18
NAME_END = "  ·  "
"""Stands between the focused camera's name and its clock's sentence."""
_KEY_SIGNS = {"Shift+N": "⇧N", "PgDown": "PgDn"}


@dataclass(frozen=True, slots=True)
class Moment:
    """What the head tells: where the session stands, the speed that playing has, what is now, what is told besides."""

    place: PlaybackPlace
    speed: float
    now_utc_s: float
    told: str = ""
    range_told: str = ""


class PlaybackHead(QFrame):
    """Plate, clock, date, how long ago, what it does; to the right the focused camera's clock and a chosen range."""

    def __init__(self, zone: ZoneInfo, close: Callable[[], None], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("playback_head")
        self._zone = zone
        self.plate, self.clock, self.date = QLabel(_("PLAYBACK"), self), QLabel(self), QLabel(self)
        self.ago, self.doing, self.range, self.told = (QLabel(self) for _each in range(4))
        self.close_button = quiet_button(self, "  Ctrl+W  " + _("Close") + "  ", close, "narrow")
        for label, name in ((self.plate, "plate"), (self.clock, "clock"), (self.doing, "heading")):
            label.setObjectName(name)
        self.date.setObjectName("playback_date")
        self.told.setObjectName("muted")
        self.told.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.told.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.range.setObjectName("playback_range")
        line = QHBoxLayout(self)
        line.setContentsMargins(6, 3, 6, 3)
        line.setSpacing(_SPACE_PX)
        for label in (self.plate, self.clock, self.date, self.ago, self.doing, self.range):
            line.addWidget(label)
        line.addWidget(self.told, 1)
        line.addWidget(self.close_button)
        self._widened: dict[QLabel, int] = {}

    def show_moment(self, moment: Moment) -> None:
        """Cheap; several times a second. Nothing jumps while the figures run: columns only grow."""
        place = moment.place
        now = _("at the newest") if place.live else ago_text(moment.now_utc_s - place.utc_s)
        self._say(self.clock, clock_in(self._zone, place.utc_s, tenths=True))
        self._say(self.date, f"{date_in(self._zone, place.utc_s)}  {offset_in(self._zone, place.utc_s)}")
        self._say(self.ago, now)
        self._say(self.doing, state_text(place, moment.speed))
        self._tell(moment.told)
        self._say(self.range, moment.range_told)
        self.range.setVisible(bool(moment.range_told))

    def _say(self, label: QLabel, text: str) -> None:
        if label.text() == text:
            return
        label.setText(text)
        if label not in (self.told, self.range):
            wide = max(self._widened.get(label, 0), label.sizeHint().width())
            if wide != self._widened.get(label):
                self._widened[label] = wide
                label.setMinimumWidth(wide)

    def _tell(self, text: str) -> None:
        """As much of it as there is room for, and no scrap of it; all of it in the tooltip."""
        if self.told.toolTip() != text:
            self.told.setToolTip(text)
        metrics, room_px = self.told.fontMetrics(), self.told.width()
        readable = room_px >= metrics.averageCharWidth() * _LEAST_LETTERS
        if metrics.horizontalAdvance(text) > room_px:
            text = text.partition(NAME_END)[2] or text  # the name stands in the tile that is framed
        fitting = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, room_px) if readable else ""
        self._say(self.told, fitting)

    def show_keyboard(self, *, here: bool) -> None:
        """The plate is full while the keys act here, a frame while they act elsewhere."""
        if self.plate.property("here") != here:
            self.plate.setProperty("here", here)
            self.plate.style().unpolish(self.plate)
            self.plate.style().polish(self.plate)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In little room the clock, the date and the plate stay."""
        super().resizeEvent(event)
        self.ago.setVisible(self.width() >= _NARROW_PX)
        self.close_button.setVisible(self.width() >= _NARROW_PX)


class Transport(QFrame):
    """Buttons for the mouse; each says its key. `calls` are those of the key table."""

    _ROW = (
        ("event_before", ""),
        ("minute_back", "−1 min"),
        ("play_back", "◀◀"),
        ("frame_back", "◀|"),
        ("play", ""),
        ("frame_on", "|▶"),
        ("play_on", "▶▶"),
        ("minute_on", "+1 min"),
        ("event_next", ""),
        ("play_slower", ""),
        ("play_faster", ""),
        ("to_time", ""),
        ("to_day", ""),
        ("to_now", ""),
    )
    """Names of the key table; a sign where no word is needed."""

    def __init__(self, calls: Mapping[str, Callable[[], None]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("playback_transport")
        self.rate = QLabel("1×", self)
        self.rate.setObjectName("heading")
        self.rate.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.rate.setMinimumWidth(self.rate.fontMetrics().horizontalAdvance("1/8×") + 6)
        self.buttons = {name: quiet_button(self, "", calls[name]) for name, _sign in self._ROW}
        self._playing: bool | None = None
        line = QHBoxLayout(self)
        line.setContentsMargins(6, 3, 6, 4)
        line.setSpacing(4)
        for name, button in self.buttons.items():
            if name in ("play_slower", "to_time"):
                line.addSpacing(_SPACE_PX)
            if name == "play_faster":
                line.addWidget(self.rate)
            line.addWidget(button, 1)
            button.setToolTip(f"{key(name).label}: {key(name).meaning}")
            button.setMinimumWidth(_LEAST_PX)
            button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    def show_place(self, place: PlaybackPlace, speed: float) -> None:
        """Play or pause, and how fast."""
        if self.rate.text() != rate_text(speed):
            self.rate.setText(rate_text(speed))
        if place.playing != self._playing:
            self._playing = place.playing
            self._label()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Words where there is room for them; the keys always."""
        super().resizeEvent(event)
        self._label()

    def minimumSizeHint(self) -> QSize:
        """Keys alone need little."""
        return QSize(len(self.buttons) * (_LEAST_PX + 4), super().minimumSizeHint().height())

    def _label(self) -> None:
        """Key and word; in little room the sign, and the key where there is none. The tooltip says both."""
        keys = {name: _KEY_SIGNS.get(key(name).sequences[0], key(name).sequences[0]) for name in self.buttons}
        signs = {name: sign for name, sign in self._ROW if sign}
        words = signs | {
            "event_before": "◂ " + _("event"),
            "event_next": _("event") + " ▸",
            "play": _("Pause") if self._playing else _("Play"),
            "play_slower": _("slower"),
            "play_faster": _("faster"),
            "to_time": _("to time"),
            "to_day": _("calendar"),
            "to_now": _("newest"),
        }
        both = {name: f"{keys[name]}  {words[name]}" for name in self.buttons}
        metrics, free_px = self.fontMetrics(), self.width() - len(both) * (_AROUND_PX + 4) - 3 * _SPACE_PX - 60
        fits = sum(metrics.horizontalAdvance(text) for text in both.values()) <= free_px
        for name, button in self.buttons.items():
            text = both[name] if fits or name == "play" else signs.get(name, keys[name])
            if button.text() != text:
                button.setText(text)
                button.setMinimumWidth(
                    max(metrics.horizontalAdvance(text) + _AROUND_PX, _LEAST_PX) if fits else _LEAST_PX
                )
