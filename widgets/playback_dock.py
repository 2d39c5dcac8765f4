"""Where playback lives: on a monitor of its own when one is free, else below the live wall; never over live pictures.

Opens and closes the one playback of this window, and moves the keyboard there and back. GUI thread only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QGuiApplication, QKeySequence, QScreen
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from app.feeds import Desk
from app.i18n import _
from app.sign_in import SeatChanged
from storage.records import Incident
from widgets.keys import KEYS
from widgets.playback_keys import MOMENT_NAMES, RANGE_NAMES, TILE_NAMES, WALL_NAMES, stays_the_windows
from widgets.playback_tile import MOST_TILES
from widgets.wall_window import identity_of

if TYPE_CHECKING:
    from widgets.main_window import MainWindow
    from widgets.playback_view import PlaybackView
    from widgets.tile_tools import TileTools

BACK_S, LEAD_S = 60.0, 5.0
_LIVE_SHARE = 0.5


class PlaybackWindow(QWidget):
    """Holds the view on another monitor. Closing it by the window system's means closes the playback."""

    went = Signal()

    def __init__(self) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self.setWindowTitle(_("Watchfloor, playback"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)

    def hold(self, view: PlaybackView) -> None:
        """Take the view in."""
        layout = self.layout()
        assert layout is not None
        layout.addWidget(view)
        self.setFocusProxy(view)
        view.show()

    def put_on(self, screen: QScreen) -> None:
        """All of that monitor."""
        self.setScreen(screen)
        self.setGeometry(screen.geometry())
        self.setWindowState(Qt.WindowState.WindowFullScreen)
        self.show()

    def toggle_full_screen(self) -> None:
        """All of the monitor, or a window on it."""
        full = self.isFullScreen()
        self.setWindowState(Qt.WindowState.WindowNoState if full else Qt.WindowState.WindowFullScreen)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Told first: the view is taken out before its window goes."""
        self.went.emit()
        super().closeEvent(event)


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
        self._asker = False
        self._page: QWidget | None = None
        self._share = _LIVE_SHARE
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
        if self.view is None:
            cameras = self._main.walls.wall_in_use().arrangement.on_page
            ordered = cameras if camera_id in cameras else (camera_id, *cameras)
            incident_id = incident.id if incident is not None else ""
            self._open(ordered, camera_id, utc_s - LEAD_S, incident_id)
        elif incident is not None:
            self.view.because("", incident.id)
            self._show(camera_id, utc_s - LEAD_S)
        else:
            self._show(camera_id, utc_s - LEAD_S)

    def show_moment(self, camera_id: str, utc_s: float) -> None:
        """A moment that was found elsewhere, its camera in focus; Esc goes back to the page where it was found."""
        page = self._main.panel.pages.currentWidget()
        self._live = self._main.walls.wall_in_use()
        if self.view is None:
            cameras = self._live.arrangement.on_page
            ordered = cameras if camera_id in cameras else (camera_id, *cameras)
            self._open(ordered, camera_id, utc_s - LEAD_S)
        else:
            self._show(camera_id, utc_s - LEAD_S)
        self._page = page

    def _case(self) -> tuple[str | None, float, Incident | None]:
        panel = self._main.panel
        row = panel.alarms.selected
        if row is not None and (panel.alarms.hasFocus() or panel.incident.incident is None):
            return row.first.camera_id, row.first_utc_s, None
        incident = panel.incident.incident
        if incident is None or not incident.camera_id:
            return (row.first.camera_id, row.first_utc_s, None) if row is not None else (None, 0.0, None)
        happened = incident.happened_utc_s
        return incident.camera_id, happened if happened is not None else incident.opened_utc_s, incident

    def _show(self, camera_id: str, utc_s: float) -> None:
        assert self.view is not None
        wall = self.view.wall
        if camera_id not in wall.arrangement.order:
            wall.call_up(camera_id)
        wall.show_camera(camera_id)
        self.enter()
        self.view.moves.seek(utc_s)  # may ask for a reason, with the keyboard

    # Opening and closing

    def _open(self, cameras: tuple[str, ...], focused: str | None, utc_s: float, incident_id: str = "") -> None:
        from widgets.playback_view import PlaybackView  # see `office_pages.prepare`

        desk = self._desk.offices.playback
        wanted = tuple(dict.fromkeys(one for one in cameras if one))
        if desk is None:
            self.said.emit(_("This is not available here."))
            return
        if focused is not None and focused in wanted[MOST_TILES:]:
            wanted = (focused, *(one for one in wanted if one != focused))
        wanted = wanted[:MOST_TILES]
        waits = not incident_id and desk.needs_reason(utc_s)
        begin_utc_s = self._now() - BACK_S if waits else utc_s
        session = desk.open(wanted, begin_utc_s, "", incident_id) if wanted else None
        if session is None:
            self.said.emit(
                _("Nothing can be played: too many playbacks are open, or you may see none of these cameras.")
            )
            return
        self.view = view = PlaybackView(self._desk, session, self._main.bridge, self._main.wall.lifts, now=self._now)
        self._fit(view)
        view.begin(wanted, focused, begin_utc_s)
        self._place(self._free_screen())
        if incident_id:
            view.because("", incident_id)
        self.opened.emit(True)
        self.enter()
        if waits:
            view.moves.seek(utc_s)

    def _fit(self, view: PlaybackView) -> None:
        """Its keys and its tiles' tools; they go with it."""
        main, wall = self._main, view.wall
        self._tools = tools = main.tools_of(wall)
        tools.show_seat(self._seat)
        calls: dict[str, Callable[[], object]] = {name: tools.calls()[name] for name in TILE_NAMES}
        calls |= {f"layout_{tiles}": partial(wall.choose_layout, tiles) for tiles in (1, 4, 9, 16)}
        calls["overlay"] = wall.toggle_overlay
        for name in MOMENT_NAMES:
            calls[name] = partial(self._asking, self._main.actions_by_name[name].trigger)
        calls["unmask"] = partial(self._asking, tools.unmask)
        for name in RANGE_NAMES:
            calls[name] = partial(self._asking, self._main.actions_by_name[name].trigger)
        assert calls.keys() <= WALL_NAMES | TILE_NAMES | MOMENT_NAMES | RANGE_NAMES
        view.use(calls)
        view.said.connect(self.said)
        view.left.connect(self._leave)
        view.closed.connect(self.close)

    def close(self) -> None:
        """The session ends; the live wall has its room again."""
        view, self.view = self.view, None
        if view is None:
            return
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
        view = self.view
        assert view is not None
        if screen is None:
            self._leave_window(view)
            self._column.addWidget(view)
            live_px = round(self._column.height() * self._share)
            self._column.setSizes([live_px, self._column.height() - live_px])
            view.show()
            return
        if self.window is None:
            self.window = PlaybackWindow()
            self.window.went.connect(self._on_window_closed)
            self._give_keys(self.window)
        self.window.hold(view)
        self.window.put_on(screen)

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
        for key in (k for k in KEYS if not k.wall_only and stays_the_windows(k)):
            action = QAction(key.meaning, window)
            action.setShortcuts([QKeySequence(sequence) for sequence in key.sequences])
            action.setAutoRepeat(key.repeats)
            call = own.get(key.name) or partial(self._in_main, key.name)
            action.triggered.connect(partial(_called, call))
            window.addAction(action)

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
        asked = self._asker and self.view is not None
        if asked:
            self.enter()
        return asked

    def _stay(self) -> None:
        """The keyboard went to the live wall on purpose: playback waits for no answer any more."""
        self._asker = False

    def _asking(self, call: Callable[[], object]) -> None:
        """A call of the window about the moment that is played; when it asks something the keyboard comes back."""
        assert self.view is not None
        before = self._main.focusWidget()
        self._main.walls.lend(self.view.wall, call)
        self._asker = self._main.focusWidget() not in (before, self._main.wall)


def _called(call: Callable[[], object], _checked: bool = False) -> None:
    """Call without the `checked` that a triggered action sends."""
    call()
