"""Where playback lives: on a monitor of its own when one is free, else below the live wall; never over live pictures.

Opens and closes the one playback of this window, and moves the keyboard there and back. GUI thread only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QSplitter, QWidget

from app.feeds import Desk
from app.i18n import _
from app.playback_feeds import FilmWish
from app.sign_in import SeatChanged
from storage.case_records import Exhibit
from storage.records import Incident
from widgets.film_opening import FilmOpening, is_foreign_film, time_of, wish_of
from widgets.playback_keys import MOMENT_NAMES, RANGE_NAMES, TILE_NAMES, WALL_NAMES
from widgets.playback_tile import MOST_TILES
from widgets.playback_window import PlaybackWindow
from widgets.wall_window import identity_of

if TYPE_CHECKING:
    from widgets.main_window import MainWindow
    from widgets.playback_view import PlaybackView
    from widgets.tile_tools import TileTools

BACK_S, LEAD_S = 60.0, 5.0
_LIVE_SHARE, _LIVE_SHARE_LOW, _LOW_PX = 0.5, 0.42, 900
"""Of the column, until somebody draws the line elsewhere: a low one gives playback, which has bars, a little more."""


class PlaybackDock(QObject):
    """`column` holds the live wall, and below it the view when no monitor is free."""

    said = Signal(str)
    opened = Signal(bool)
    """A playback is there, or went."""

    def __init__(
        self, desk: Desk, main: MainWindow, column: QSplitter, *, now: Callable[[], float] = time.time
    ) -> None:
        super().__init__(main)
        self._desk, self._main, self._column, self._now = desk, main, column, now
        self._live = main.wall
        self.view: PlaybackView | None = None
        self.window: PlaybackWindow | None = None
        self._tools: TileTools | None = None
        self._seat = SeatChanged()
        self._asker = self._calling = False
        self._page: QWidget | None = None
        self._share: float | None = None
        self._films = FilmOpening(desk, main.bridge, main.panel.incident, lambda: self.view)
        main.wall.entered.connect(self._stay)
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)
        app.screenRemoved.connect(self._on_screen_removed)

    # Keys of the window

    def toggle(self) -> None:
        """F10: open on the wall in use, one minute ago; or the keyboard there and back."""
        if self.view is None or not self.view.has_keyboard:
            self._live = self._main.walls.wall_in_use()
        if self.view is None:
            arrangement = self._live.arrangement
            self._open(arrangement.on_page, arrangement.focused, self._now() - BACK_S)
        elif self.view.has_keyboard:
            self.give_back()
        else:
            self.enter()

    def open_case(self) -> None:
        """Shift+F10: at the time of the selected alarm, else of the incident in the panel; its camera in focus."""
        camera_id, utc_s, incident = self._case()
        if camera_id is None:
            self.said.emit(_("Neither an alarm nor an incident is selected."))
            return
        self._live = self._main.walls.wall_in_use()
        films = self._films.films(incident)
        if self.view is None:
            cameras = self._main.walls.wall_in_use().arrangement.on_page
            if incident is not None and films:
                cameras = self._films.cameras(incident)  # few and large beside the film
            ordered = cameras if camera_id in ("", *cameras) else (camera_id, *cameras)
            incident_id = incident.id if incident is not None else ""
            self._open(ordered, camera_id or None, utc_s - LEAD_S, incident_id, films=films)
        else:
            if incident is not None:
                self.view.because("", incident.id)
            self._films.add(self.view, films)
            self._show(camera_id, utc_s - LEAD_S)
        if incident is not None:
            self._films.follow(incident)

    def show_exhibit(self, incident: Incident, exhibit: Exhibit) -> None:
        """A film of the incident beside its camera, or what our camera recorded then; Esc goes back to the panel."""
        self._live = self._main.walls.wall_in_use()
        film = (wish_of(exhibit, incident),) if is_foreign_film(exhibit) else ()
        begin = exhibit.from_utc_s if exhibit.from_utc_s is not None else time_of(incident)
        camera_id = exhibit.camera_id or incident.camera_id
        if self.view is None:
            focused = film[0].camera_id if film else camera_id or None
            self._open((camera_id,), focused, begin, incident.id, films=film)
            return
        self.view.because("", incident.id)
        self._films.add(self.view, film, focus=True)
        self._show("" if film else camera_id, begin)

    def show_moment(self, camera_id: str, utc_s: float, reason: str = "") -> None:
        """A moment that was found elsewhere, for a reason that was given there; its camera in focus. Esc goes back to
        the page where it was found."""
        page = self._main.panel.pages.currentWidget()
        self._live = self._main.walls.wall_in_use()
        if self.view is None:
            cameras = self._live.arrangement.on_page
            ordered = cameras if camera_id in cameras else (camera_id, *cameras)
            self._open(ordered, camera_id, utc_s - LEAD_S, reason=reason)
        else:
            if reason:
                self.view.because(reason)
            self._show(camera_id, utc_s - LEAD_S)
        self._page = page

    def _case(self) -> tuple[str | None, float, Incident | None]:
        panel = self._main.panel
        row = panel.alarms.selected
        if row is not None and (panel.alarms.hasFocus() or panel.incident.incident is None):
            return row.first.camera_id, row.first_utc_s, None
        incident = panel.incident.incident
        if incident is not None and not incident.camera_id and self._films.films(incident):
            return "", time_of(incident), incident
        if incident is None or not incident.camera_id:
            return (row.first.camera_id, row.first_utc_s, None) if row is not None else (None, 0.0, None)
        happened = incident.happened_utc_s
        return incident.camera_id, happened if happened is not None else incident.opened_utc_s, incident

    def _show(self, camera_id: str, utc_s: float) -> None:
        assert self.view is not None
        wall = self.view.wall
        if camera_id and camera_id not in wall.arrangement.order:
            wall.call_up(camera_id)
        if camera_id:
            wall.show_camera(camera_id)
        self.enter()
        self.view.moves.seek(utc_s)  # may ask for a reason, with the keyboard

    # Opening and closing

    def _open(
        self,
        cameras: tuple[str, ...],
        focused: str | None,
        utc_s: float,
        incident_id: str = "",
        reason: str = "",
        films: tuple[FilmWish, ...] = (),
    ) -> None:
        from widgets.playback_view import PlaybackView  # see `office_pages.prepare`

        desk = self._desk.offices.playback
        wanted = tuple(dict.fromkeys(one for one in cameras if one))
        if desk is None:
            self.said.emit(_("This is not available here."))
            return
        if focused is not None and focused in wanted[MOST_TILES:]:
            wanted = (focused, *(one for one in wanted if one != focused))
        wanted = wanted[: MOST_TILES - len(films)]
        waits = not incident_id and not reason and desk.needs_reason(utc_s)
        begin_utc_s = self._now() - BACK_S if waits else utc_s
        session = desk.open(wanted, begin_utc_s, reason, incident_id, films) if wanted or films else None
        if session is None:
            self.said.emit(
                _("Nothing can be played: too many playbacks are open, or you may see none of these cameras.")
            )
            return
        self.view = view = PlaybackView(self._desk, session, self._main.bridge, self._main.wall.lifts, now=self._now)
        self._fit(view)
        self._house(self._free_screen())
        shown = (*wanted, *(film.camera_id for film in films if session.films is not None))
        # at its size already, and not seen yet: its tiles are placed once
        view.begin(shown, focused if focused in shown else None, begin_utc_s)
        self._reveal()
        if incident_id or reason:
            view.because(reason, incident_id)
        self.opened.emit(True)
        self.enter()
        if waits:
            view.moves.seek(utc_s)

    def _fit(self, view: PlaybackView) -> None:
        """Its keys and its tiles' tools; they go with it."""
        from widgets.recorded_stills import RecordedStills

        main, wall = self._main, view.wall
        self._tools = tools = main.tools_of(wall)
        tools.show_seat(self._seat)
        calls: dict[str, Callable[[], object]] = {name: tools.calls()[name] for name in TILE_NAMES}
        calls |= {f"layout_{tiles}": partial(wall.choose_layout, tiles) for tiles in (1, 4, 9, 16)}
        calls["overlay"] = wall.toggle_overlay
        for name in MOMENT_NAMES:
            calls[name] = partial(self._asking, self._main.actions_by_name[name].trigger)
        calls["unmask"] = partial(self._asking, tools.unmask)
        stills = RecordedStills(self._desk, main.bridge, view, main.page_keys.ask, lambda: main.panel.incident.incident)
        stills.said.connect(self.said)
        calls["snapshot"] = partial(self._asking, stills.take)
        for name in RANGE_NAMES:
            calls[name] = partial(self._asking, self._main.actions_by_name[name].trigger)
        assert calls.keys() <= WALL_NAMES | TILE_NAMES | MOMENT_NAMES | RANGE_NAMES
        view.use(calls)
        view.said.connect(self.said)
        view.beside.films.was_set.connect(main.panel.incident.reload)
        view.left.connect(self._leave)
        view.closed.connect(self.close)

    def close(self) -> None:
        """The session ends; the live wall has its room again."""
        view, self.view = self.view, None
        if view is None:
            return
        self._films.forget()
        had_keyboard = view.has_keyboard
        self._remember_share()
        self._leave_window(view)
        view.setParent(None)
        view.release()
        view.deleteLater()
        if self._tools is not None:
            self._tools.deleteLater()
            self._tools = None
        self._asker, self._page = False, None
        self.opened.emit(False)
        if had_keyboard:
            self.give_back()

    def show_seat(self, seat: SeatChanged) -> None:
        """Somebody else sits here, or nobody may act: what one looked back at is not the next one's."""
        other = seat.operator_id != self._seat.operator_id
        self._seat = seat
        if self._tools is not None:
            self._tools.show_seat(seat)
        if other or not seat.may_act:
            self.close()

    # Where it is

    def _place(self, screen: QScreen | None) -> None:
        """Elsewhere."""
        self._house(screen)
        self._reveal()

    def _house(self, screen: QScreen | None) -> None:
        """Where it will be, at the size that it will have, and hidden until `_reveal`: shown first, it and the live
        wall would be laid out several times, every tile each time."""
        view = self.view
        assert view is not None
        if screen is None:
            self._leave_window(view)
            view.hide()
            self._column.addWidget(view)
            room, handle_px = self._column.contentsRect(), self._column.handleWidth()
            share = self._share or (_LIVE_SHARE_LOW if room.height() < _LOW_PX else _LIVE_SHARE)
            live_px = round((room.height() - handle_px) * share)
            past_px = room.height() - handle_px - live_px
            self._column.setSizes([live_px, past_px])
            view.setGeometry(0, live_px + handle_px, room.width(), past_px)
            return
        if self.window is None:
            self.window = PlaybackWindow()
            self.window.went.connect(self._on_window_closed)
            self._give_keys(self.window)
        view.resize(screen.size())
        self.window.hold(view)
        self.window.put_on(screen)

    def _reveal(self) -> None:
        assert self.view is not None
        (self.window or self.view).show()
        self._column.refresh()  # now, not at the next event: the live wall makes room for it

    def _remember_share(self) -> None:
        """Where the operator drew the line between live and playback is where it is the next time."""
        sizes = self._column.sizes()
        if self.window is None and len(sizes) > 1 and sum(sizes) > 0:
            self._share = sizes[0] / sum(sizes)

    def _leave_window(self, view: PlaybackView) -> None:
        window, self.window = self.window, None
        if window is not None:
            view.setParent(None)
            window.went.disconnect(self._on_window_closed)
            window.close()
            window.deleteLater()

    def _on_window_closed(self) -> None:
        self.close()

    def _give_keys(self, window: PlaybackWindow) -> None:
        """What stays the main window's acts from here too; what it asks or shows is in the panel."""
        own = {"full_screen": window.toggle_full_screen, "move_window": self.move_on, "close_window": self.close}
        window.give_keys(lambda name: own.get(name) or partial(self._in_main, name))

    def _in_main(self, name: str) -> None:
        before = self._main.focusWidget()
        self._main.actions_by_name[name].trigger()
        if self._main.focusWidget() is not before:
            self._main.activateWindow()

    def _free_screen(self) -> QScreen | None:
        """A monitor without live pictures; None: below the live wall."""
        taken = [identity_of(self._main.screen()), *(window.monitor for window in self._main.walls.windows)]
        screens = QGuiApplication.screens()
        return next((one for one in screens if not any(identity_of(one).is_same(known) for known in taken)), None)

    def move_on(self) -> None:
        """To a free monitor, or from it below the live wall."""
        if self.view is None:
            return
        screen = self._free_screen() if self.window is None else None
        if self.window is None and screen is None:
            self.said.emit(_("No monitor is free for it."))
            return
        self._place(screen)
        self.enter()

    def _on_screen_removed(self, screen: QScreen) -> None:
        window = self.window
        if self.view is not None and window is not None and identity_of(window.screen()).is_same(identity_of(screen)):
            self._place(None)

    # The keyboard

    def enter(self) -> None:
        """The keys act in the playback."""
        self._asker = False
        if self.view is not None:
            self.view.window().raise_()
            self.view.window().activateWindow()
            self.view.take_keyboard()

    def _leave(self) -> None:
        """To the page of the panel where the moment was chosen, while it is there; else to the live wall."""
        page, self._page = self._page, None
        if page is not None and page.isVisible() and page is not self._main.panel.work:
            self._main.activateWindow()
            page.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.give_back()

    def give_back(self) -> None:
        """The keys act on the live wall that they came from."""
        self._asker, self._page = False, None
        live = self._live if self._live in self._main.walls.walls else self._main.wall
        live.window().activateWindow()
        live.setFocus()

    def take_back(self) -> bool:
        """What was asked about a moment of it is answered, or left: the keyboard comes back; False: nothing was."""
        asked = (self._asker or self._calling) and self.view is not None
        if asked:
            self.enter()
        return asked

    def returning(self, calls: Mapping[str, Callable[[], object]]) -> dict[str, Callable[[], object]]:
        """The same calls of keys; whoever goes to the panel by one of them from here comes back here."""
        return {name: partial(self._returning, call) for name, call in calls.items()}

    def _returning(self, call: Callable[[], object]) -> None:
        view, before = self.view, self._main.focusWidget()
        if view is None or not view.has_keyboard:
            call()
            return
        self._calling = True
        try:
            call()
        finally:
            self._calling = False
        after: QWidget | None = self._main.focusWidget()
        if self.view is not view or after is None or after is before:
            return
        self._asker = self._main.panel.isAncestorOf(after)

    def _stay(self) -> None:
        """The keyboard went to the live wall on purpose: playback waits for no answer any more."""
        self._asker = False

    def _asking(self, call: Callable[[], object]) -> None:
        """A call of the window about the moment that is played; when it asks something the keyboard comes back."""
        assert self.view is not None
        before = self._main.focusWidget()
        self._main.walls.lend(self.view.wall, call)
        self._asker = self._main.focusWidget() not in (before, self._main.wall)
