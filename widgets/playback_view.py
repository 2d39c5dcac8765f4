"""Playback as the operator sees it: several cameras in step, their clock, the timeline, and the keys that move it.

A purple frame, a plate and the tiles' own words say all the time that this is not live. It lies below the live wall or
in a window of its own (`playback_dock`), never over live pictures. GUI thread only; pictures are pulled by its wall.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from app.feeds import Desk
from app.i18n import _
from app.layouts import Arrangement, grid
from app.mask_lifts import MaskLifts
from app.playback_feeds import PlaybackSession
from app.typed_time import moments_of
from widgets.bridge import Bridge
from widgets.claimed_keys import Call, ClaimedKeys
from widgets.day_page import DayPage
from widgets.keys import Key
from widgets.oldest_footage import OldestFootage
from widgets.playback_bars import NAME_END, Moment, PlaybackHead, Transport
from widgets.playback_beside import PlaybackBeside, with_films
from widgets.playback_keys import PlaybackKeys
from widgets.playback_moves import MINUTE_S, SECONDS_S, PlaybackMoves
from widgets.playback_tile import MOST_TILES, PlaybackWall
from widgets.playback_words import clock_in
from widgets.prompt_line import PromptLine
from widgets.time_field import TimeField
from widgets.timeline import Timeline
from widgets.timeline_legend import LEGEND_PX
from widgets.timeline_sheet import AXIS_PX

_TICK_MS = 50
_SPAN_BEFORE_S, _SPAN_AFTER_S = 2700.0, 900.0
_FRAME_PX = 3
_MARGIN_PX = 8
_ROW_PX, _LEAST_PX = 22, 460
_TIMELINE_SHARES = ((640, 0.3), (_LEAST_PX, 0.32), (0, 0.22))
"""Of so high a view, at most so much: in a low one the pictures need the room."""
_PLAIN = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
_TIMELINE_KEYS = frozenset(
    {
        Qt.Key.Key_Plus,
        Qt.Key.Key_Equal,
        Qt.Key.Key_Minus,
        Qt.Key.Key_Left,
        Qt.Key.Key_Right,
        Qt.Key.Key_Up,
        Qt.Key.Key_Down,
        Qt.Key.Key_PageUp,
        Qt.Key.Key_PageDown,
        Qt.Key.Key_Return,
        Qt.Key.Key_Enter,
    }
)


class PlaybackView(QFrame):
    """For one session, which it closes. `release` ends everything; nothing of it may be used afterwards."""

    said = Signal(str)
    left = Signal()
    """The keyboard is to go to the live wall; playback stays."""
    closed = Signal()
    """Asked to be closed; whoever holds it does."""
    range_chosen = Signal(float, float)

    def __init__(
        self,
        desk: Desk,
        session: PlaybackSession,
        bridge: Bridge,
        lifts: MaskLifts,
        parent: QWidget | None = None,
        *,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("playback")
        self._desk, self.session, self._now = desk, session, now
        office, self._zone = with_films(desk.offices.timeline, session), desk.offices.zone
        self._cameras: tuple[str, ...] = ()
        self._focused: str | None = None
        self._ends: tuple[float | None, float | None] = (None, None)
        self.why = ("", "")
        """Reason and id of the incident that were given for looking."""
        self.moves = PlaybackMoves(session, now, self)
        self.wall = PlaybackWall(session, self._zone)
        self.wall.lifts = lifts
        self.wall.leave = self._leave
        self.timeline = Timeline(office, bridge, self._zone, self) if office is not None else None
        self._oldest = OldestFootage(office, bridge, self._zone) if office is not None else None
        self.beside = PlaybackBeside(desk, session, self.wall, bridge, self)
        self.calls = self._own_calls()
        self.head = PlaybackHead(self._zone, self.closed.emit, self)
        self.transport = Transport(self.calls, self)
        self.time_field = TimeField(self._zone, now, self)
        self.reason = PromptLine(_("Case or reason"), self)
        self.days = DayPage(office, bridge, self)
        self._build()
        self._connect()
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._on_tick)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(_FRAME_PX, _FRAME_PX, _FRAME_PX, _FRAME_PX)
        column.setSpacing(0)
        column.addWidget(self.head)
        column.addLayout(self.beside.row(), 1)
        if self.timeline is not None:
            column.addWidget(self.timeline)
        column.addWidget(self.transport)
        self.setFocusProxy(self.wall)

    def _connect(self) -> None:
        self.moves.said.connect(self.said)
        self.beside.said.connect(self.said)
        self.beside.film_moved.connect(self._on_film_moved)
        self.beside.reason_needed.connect(self._ask_reason)
        self.moves.moved.connect(self._renew)
        self.moves.reason_needed.connect(self._ask_reason)
        self.wall.arrangement_changed.connect(self._on_arranged)
        self.time_field.chosen.connect(self.moves.seek)
        self.reason.entered.connect(self._on_reason)
        self.days.chosen.connect(self._go_to_day)
        for popup in (self.time_field, self.reason, self.days):
            popup.left.connect(self.wall.setFocus)
        if self.timeline is not None:
            self.timeline.sought.connect(self.moves.seek)
            self.timeline.range_chosen.connect(self._choose)
            self.moves.next_event = self.timeline.next_event

    def use(self, calls: Mapping[str, Callable[[], object]]) -> None:
        """The keys of its tiles, and of the window about the moment that is played; once."""
        keys = PlaybackKeys({**calls, **self.calls}, self._refuse, lambda: self.wall.entry)
        ClaimedKeys(self.wall, keys.call_of)
        if self.timeline is not None:
            ClaimedKeys(self.timeline, partial(self._timeline_call, self.timeline, keys))

    def begin(self, camera_ids: tuple[str, ...], focused: str | None, utc_s: float) -> None:
        """These cameras; the session stands at `utc_s` already, and goes on from there."""
        shown = Arrangement(camera_ids, grid(min(len(camera_ids), MOST_TILES)))
        self.wall.arrange(shown.focused_on(focused) if focused is not None else shown)
        if self.timeline is not None:
            self.timeline.show_span(utc_s - _SPAN_BEFORE_S, min(utc_s + _SPAN_AFTER_S, self._now()))
            self.timeline.show_previews("")  # of the last minutes, which need no reason
        self.moves.play()

    def because(self, reason: str, incident_id: str = "") -> None:
        """Why all this is looked at: what was waiting for it goes on, and the timeline shows small pictures."""
        self.why = (reason, incident_id)
        if self.timeline is not None:
            self.timeline.show_previews(reason, incident_id or None)
        self.beside.use(reason, incident_id)
        self.moves.because(reason, incident_id)

    def _own_calls(self) -> dict[str, Callable[[], None]]:
        moves = self.moves
        return {
            "play": moves.toggle,
            "play_back": partial(moves.shuttle, -1),
            "play_on": partial(moves.shuttle, 1),
            "frame_back": partial(moves.step, -1),
            "frame_on": partial(moves.step, 1),
            "play_slower": partial(moves.change_speed, -1),
            "play_faster": partial(moves.change_speed, 1),
            "minute_back": partial(moves.skip, -MINUTE_S),
            "minute_on": partial(moves.skip, MINUTE_S),
            "seconds_back": partial(moves.skip, -SECONDS_S),
            "seconds_on": partial(moves.skip, SECONDS_S),
            "event_next": partial(moves.go_to_event, forward=True),
            "event_before": partial(moves.go_to_event, forward=False),
            "to_time": self.ask_time,
            "to_day": self.ask_day,
            "range_begin": self._begin_range,
            "range_end": self._end_range,
            "to_now": moves.go_live,
            **self.beside.calls(),
            "to_oldest": self.go_to_oldest,
            "playback_close": self.closed.emit,
        }

    def _timeline_call(self, timeline: Timeline, keys: PlaybackKeys, event: QKeyEvent) -> Call | None:
        """Where the timeline has the keyboard its own keys come first; Esc goes back to the pictures."""
        plain = not event.modifiers() & ~_PLAIN
        if plain and event.key() in _TIMELINE_KEYS:
            return partial(timeline.keyPressEvent, event)
        if plain and event.key() == Qt.Key.Key_Escape:
            return self.wall.setFocus
        return keys.call_of(event)

    # What is asked

    def ask_time(self) -> None:
        """A typed time."""
        self._clear_popups(self.time_field)
        self.time_field.begin(self.session.place().utc_s)
        self._place_popup(self.time_field)

    def ask_day(self) -> None:
        """A day of the calendar."""
        self._clear_popups(self.days)
        shown, today = (self._local(at).date() for at in (self.session.place().utc_s, self._now()))
        self.days.begin(self.wall.arrangement.order, shown, today)
        self._place_popup(self.days)

    def _ask_reason(self) -> None:
        if self.reason.isHidden():
            self._clear_popups(self.reason)
            self.reason.ask()
            older = _("Older recordings are looked at for a case or a reason; it is written down.")
            self.reason.tell(self.beside.asks or older, quiet=True)
            self._place_popup(self.reason)

    def _on_reason(self, reason: str) -> None:
        if reason:
            self.reason.leave()
            self.because(reason)

    def go_to_oldest(self) -> None:
        """The beginning of what is recorded of these cameras."""
        if self._oldest is not None:
            self._oldest.find(self.wall.arrangement.order, self._local(self._now()).date(), self._on_oldest)

    def _on_oldest(self, utc_s: float | None) -> None:
        if utc_s is None:
            self.said.emit(_("Nothing is recorded of these cameras."))
        else:
            self.moves.seek(utc_s)

    def _go_to_day(self, day: date) -> None:
        """The same time of that day; where the clocks were put forward over it, an hour later."""
        local = datetime.combine(day, self._local(self.session.place().utc_s).time())
        moments = moments_of(local, self._zone) or moments_of(local + timedelta(hours=1), self._zone)
        self.moves.seek(moments[0])

    def _local(self, utc_s: float) -> datetime:
        return datetime.fromtimestamp(utc_s, self._zone)

    def _refuse(self, pressed: Key) -> None:
        text = _("{key} is for the live wall: F10 goes there and back.")
        self.said.emit(text.format(key=pressed.label))

    def _leave(self) -> bool:
        if not self.beside.films.let_go():
            self.left.emit()
        return True

    @property
    def chosen_range(self) -> tuple[float, float] | None:
        """Begin and end of the time that was chosen to be exported."""
        begin, end = self._ends
        return (begin, end) if begin is not None and end is not None else None

    def _begin_range(self) -> None:
        begin, end = self.session.place().utc_s, self._ends[1]
        self._choose(begin, end if end is not None and end > begin else None)

    def _end_range(self) -> None:
        begin, end = self._ends[0], self.session.place().utc_s
        self._choose(begin if begin is not None and begin < end else None, end)

    def _choose(self, begin: float | None, end: float | None) -> None:
        self._ends = (begin, end)
        if begin is not None and end is not None:
            self.range_chosen.emit(begin, end)
        if self.timeline is not None:
            self.timeline.show_range(self.chosen_range)
        self._renew()

    # What is shown

    def _on_arranged(self) -> None:
        """Other cameras, or another one in focus."""
        now = self.wall.arrangement
        if now.order != self._cameras:
            self._cameras = now.order
            self.beside.show_cameras(now.order)
            if self.timeline is not None:
                self.timeline.show_cameras(now.order)
                self._give_room()
        if now.focused is not None and now.focused != self._focused:
            self._focused = now.focused
            self.session.focus(now.focused)
            self.beside.films.focus(now.focused)
            if self.timeline is not None:
                self.timeline.focus_camera(now.focused)
        self._renew()

    def _on_film_moved(self) -> None:
        if self.timeline is not None:
            self.timeline.show_cameras(self._cameras)

    def _give_room(self) -> None:
        """The timeline has a row for each camera, and never more than its share."""
        if self.timeline is not None:
            around = AXIS_PX + (LEGEND_PX if self.height() >= _LEAST_PX else 0)
            wanted = around + max(len(self._cameras), 2) * _ROW_PX
            share = next(share for px, share in _TIMELINE_SHARES if self.height() >= px)
            least = around + 2 * _ROW_PX
            self.timeline.setFixedHeight(max(min(wanted, round(self.height() * share)), least))

    def _on_tick(self) -> None:
        self.moves.watch()
        self._renew()
        self.beside.follow()

    def _renew(self) -> None:
        place = self.session.place()
        if place.playing:
            self.moves.speed = place.speed
        self.head.show_moment(Moment(place, self.moves.speed, self._now(), self._told(), self._range_told()))
        self.head.show_keyboard(here=self.has_keyboard)
        self.transport.show_place(place, self.moves.speed)
        if self.timeline is not None:
            self.timeline.show_place(place.utc_s)

    def _told(self) -> str:
        camera = next((c for c in self.session.registry().cameras if c.id == self._focused), None)
        if camera is None:
            return ""
        return f"{camera.number} {camera.name}{NAME_END}{self.beside.told(camera)}"

    def _range_told(self) -> str:
        if self._ends == (None, None):
            return ""
        begin, end = ("…" if at is None else clock_in(self._zone, at) for at in self._ends)
        return f"<{begin} – {end}>" + ("  Ctrl+E" if self.chosen_range is not None else "")

    @property
    def has_keyboard(self) -> bool:
        """Whether the keys act here."""
        window = self.window()
        focused: QWidget | None = window.focusWidget()
        return window.isActiveWindow() and focused is not None and self.isAncestorOf(focused)

    def take_keyboard(self) -> None:
        """The keys act here: in what is still asked, else on the pictures."""
        asked = next((one for one in (self.time_field, self.reason, self.days) if one.isVisible()), self.wall)
        asked.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _clear_popups(self, wanted: QWidget) -> None:
        """One question at a time."""
        for popup in (self.time_field, self.reason, self.days):
            if popup is not wanted:
                popup.hide()

    def _place_popup(self, popup: QWidget) -> None:
        popup.adjustSize()
        popup.resize(min(popup.width(), self.width() - 2 * _MARGIN_PX), popup.height())
        top = self.wall.geometry().top() + _MARGIN_PX
        free = max(self.height() - popup.height() - _MARGIN_PX, 0)
        popup.move(_FRAME_PX + _MARGIN_PX, min(top, free))

    # Life

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that nobody here took end here: none of them acts on the live wall."""
        self.wall.take_key(Qt.Key(event.key()), event.text(), event.modifiers())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """What lies over the wall stays inside."""
        super().resizeEvent(event)
        self._give_room()
        for popup in (self.time_field, self.reason, self.days):
            if popup.isVisible():
                self._place_popup(popup)

    def showEvent(self, event: QShowEvent) -> None:
        """The clock runs while it is seen."""
        super().showEvent(event)
        self._renew()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody sees it."""
        super().hideEvent(event)
        self._timer.stop()

    def release(self) -> None:
        """End the session and give every feed back."""
        self._timer.stop()
        self.days.close_down()
        self.beside.close_down()
        if self.timeline is not None:
            self.timeline.close_down()
        if self._oldest is not None:
            self._oldest.forget()
        self.wall.release()
        self.session.close()
