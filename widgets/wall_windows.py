"""All wall windows of the operator: opened on the next monitor, remembered by it, closed and opened with it.

A monitor that is unplugged takes its windows with it; they come back when it does, and nothing jumps elsewhere. The
main window's wall is the first of the walls, but never moved from here. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QScreen
from PySide6.QtWidgets import QApplication, QMainWindow

from app import wall_plans
from app.feeds import Desk
from app.i18n import _
from app.layouts import Arrangement
from app.sign_in import SeatChanged
from app.wall_store import MainPlace, WallPlace, WallStore
from widgets.application import destroy
from widgets.tile_tools import TileTools
from widgets.wall import Wall
from widgets.wall_window import WallWindow, identity_of

_REMEMBER_MS = 1000


class WallWindows(QObject):
    """`fit` gives a window its keys and its tiles' tools; `restore` says which file remembers the windows."""

    said = Signal(str)

    def __init__(
        self,
        desk: Desk,
        main: QMainWindow,
        first: Wall,
        fit: Callable[[WallWindow], TileTools],
    ) -> None:
        super().__init__(main)
        self._desk, self._main, self._first, self._fit = desk, main, first, fit
        self.windows: list[WallWindow] = []
        self._tools: dict[WallWindow, TileTools] = {}
        self._waiting: list[WallPlace] = []
        self._asking: Wall | None = None
        self._asker: WallWindow | None = None
        self._alarmed: frozenset[str] = frozenset()
        self._quiet: frozenset[str] = frozenset()
        self._seat = SeatChanged()
        self._store: WallStore | None = None
        self._kept: tuple[tuple[WallPlace, ...], MainPlace | None] | None = None
        self._main_place: MainPlace | None = None
        self._closing = False
        self.take_wall: Callable[[Wall], None] = lambda _wall: None
        """Chooses who paints a window's wall, before it is shown."""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_REMEMBER_MS)
        self._timer.timeout.connect(self._keep)
        app = QGuiApplication.instance()
        assert isinstance(app, QGuiApplication)
        app.screenRemoved.connect(self._on_screen_removed)
        app.screenAdded.connect(self._on_screen_added)
        first.entered.connect(self._stay)

    # Which wall is meant

    @property
    def walls(self) -> tuple[Wall, ...]:
        """Every wall, the main window's first."""
        return (self._first, *(window.wall for window in self.windows))

    def wall_in_use(self) -> Wall:
        """The wall whose window a key was pressed in, while its call runs; else the main window's."""
        return self._asking or self._first

    def pass_on(self, window: WallWindow, call: Callable[[], object]) -> None:
        """A key of a wall window that is the main window's: its call acts on that window's wall. What it asks or shows
        is in the panel, so the keyboard goes there when the call moved it."""
        self.lend(window.wall, call)

    def lend(self, wall: Wall, call: Callable[[], object]) -> None:
        """The same for a wall that is none of these, as playback's."""
        before, self._asking = self._main.focusWidget(), wall
        try:
            call()
        finally:
            self._asking = None
        after = self._main.focusWidget()
        if after is not before and after is not self._first:
            self.bring_panel_forward()

    def bring_panel_forward(self) -> None:
        """Something is asked in the panel: the keyboard goes there, from whichever window."""
        active = QApplication.activeWindow()
        if active is not self._main:
            self._asker = active if isinstance(active, WallWindow) else None
            self._main.raise_()
            self._main.activateWindow()

    def _stay(self) -> None:
        """The keyboard is at the main window's wall: no wall window waits for it any more."""
        self._asker = None

    def give_back(self) -> None:
        """What was asked from a wall window is answered, or left: the keyboard goes back there."""
        asker, self._asker = self._asker, None
        if asker in self.windows:
            self._activate(asker)

    # Opening, moving, closing

    def open_next(self) -> WallWindow:
        """Another window on the next monitor that has no wall yet, with the cameras that no window shows yet."""
        screen = self._next_screen()
        alone = identity_of(screen).is_same(identity_of(self._main.screen()))
        now = self._first.arrangement
        shown = wall_plans.without_gaps(Arrangement(now.order, now.layout))
        page = shown.turned(now.page + len(self.windows) + 1)
        window = self._opened(page)
        window.put_on(screen, full_screen=not alone)
        self._activate(window)
        self._remember()
        return window

    def move_on(self, window: WallWindow) -> None:
        """This window to the next monitor."""
        screens = QGuiApplication.screens()
        if len(screens) == 1:
            self.said.emit(_("There is one monitor only."))
            return
        here = next((n for n, one in enumerate(screens) if identity_of(one).is_same(window.monitor)), 0)
        window.put_on(screens[(here + 1) % len(screens)], full_screen=window.isFullScreen())
        self._remember()

    def enter_next(self, window: WallWindow | None = None) -> None:
        """The keyboard to the wall of the next window, in turn; from the main window (None) to the first."""
        ring: list[QMainWindow | WallWindow] = [self._main, *self.windows]
        here = ring.index(window) if window in ring else 0
        following = ring[(here + 1) % len(ring)]
        if following is self._main:
            self._main.activateWindow()
            self._first.setFocus()
        elif isinstance(following, WallWindow):
            self._activate(following)

    def close_all(self) -> None:
        """The run ends: the windows go, and are remembered as they are."""
        self._timer.stop()
        if self._store is not None:
            self._kept = None  # the last writing may have been refused
            self._keep()
        self._closing = True
        for window in list(self.windows):
            destroy(window)  # now: nobody waits for events any more
        self.windows.clear()

    def _opened(self, arrangement: Arrangement) -> WallWindow:
        window = WallWindow(self._desk, len(self.windows) + 2)
        self.take_wall(window.wall)
        tools = self._fit(window)
        tools.show_seat(self._seat)
        window.wall.show_alarms(self._alarmed, self._quiet)
        window.wall.arrange(arrangement)
        window.moves.begin()
        window.wall.arrangement_changed.connect(partial(self._on_arranged, window.wall))
        window.moved.connect(self._remember)
        window.went.connect(self._on_went)
        self.windows.append(window)
        self._tools[window] = tools
        return window

    def _activate(self, window: WallWindow) -> None:
        window.raise_()
        window.activateWindow()
        window.wall.setFocus()

    def _next_screen(self) -> QScreen:
        screens = QGuiApplication.screens()
        taken = [identity_of(self._main.screen()), *(window.monitor for window in self.windows)]
        free = (one for one in screens if not any(identity_of(one).is_same(known) for known in taken))
        return next(free, self._main.screen())

    def _on_went(self, window: WallWindow) -> None:
        if window in self.windows and not self._closing:
            if QApplication.activeWindow() in (window, None):
                self._main.activateWindow()  # not every window system finds the next one by itself
            self.windows.remove(window)
            self._tools.pop(window).deleteLater()
            window.deleteLater()
            self._remember()

    # Facts that every wall shows

    def show_alarms(self, camera_ids: frozenset[str], quiet: frozenset[str] = frozenset()) -> None:
        """Mark these cameras on every wall; see `Wall.show_alarms`."""
        self._alarmed, self._quiet = camera_ids, quiet
        for wall in self.walls:
            wall.show_alarms(camera_ids, quiet)

    def show_seat(self, seat: SeatChanged) -> None:
        """Somebody else sits here: every mask that was lifted on these walls comes back."""
        self._seat = seat
        for tools in self._tools.values():
            tools.show_seat(seat)

    # Monitors come and go

    def restore(self, store: WallStore, *, main: bool = False) -> None:
        """Open the windows of the last run whose monitors are there; the others wait for theirs. The monitor that the
        main window fills is its own. With `main` its wall is as it was left too, and remembered from now on."""
        self._waiting += store.load()
        self._store = store
        if main:
            self._resume(store.main)
        for screen in QGuiApplication.screens():
            self._on_screen_added(screen)

    def _resume(self, place: MainPlace | None) -> None:
        if place is not None:
            now = self._first.arrangement
            self._first.arrange(wall_plans.resumed(self._desk.registry(), place, now.order))
        self._main_place = self._place_of_main()
        self._first.arrangement_changed.connect(self._on_main_arranged)

    def _on_main_arranged(self) -> None:
        """What nobody did by hand is not what the operator would find again."""
        if not self._first.giving:
            self._main_place = self._place_of_main()
            self._remember()

    def _place_of_main(self) -> MainPlace:
        shown = self._first.settled
        layout = wall_plans.spelled(self._desk.registry(), shown.layout, self._seat.operator_id)
        return MainPlace(layout, shown.order, shown.page, shown.focus)

    def _on_screen_added(self, screen: QScreen) -> None:
        known = identity_of(screen)
        if self._main.isFullScreen() and known.is_same(identity_of(self._main.screen())):
            return
        back = [place for place in self._waiting if place.monitor.is_same(known)]
        if not back or self._closing:
            return
        self._waiting = [place for place in self._waiting if place not in back]
        before = QApplication.activeWindow()
        for place in back:
            window = self._opened(self._shown_at(place))
            window.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)  # the keyboard stays where it is
            window.put_on(screen, full_screen=place.full_screen, area=place.area)
            window.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating, on=False)
        if before is not None:
            before.activateWindow()
        self._remember()

    def _on_screen_removed(self, screen: QScreen) -> None:
        """Before Qt moves what is left to another monitor."""
        gone = identity_of(screen)
        for window in [one for one in self.windows if one.monitor.is_same(gone)]:
            self._waiting.append(self._place_of(window))
            window.close()

    def _shown_at(self, place: WallPlace) -> Arrangement:
        shown = wall_plans.arranged(
            self._desk.registry(), place.layout, place.camera_ids, self._first.arrangement.order
        )
        return shown.focused_at(min(place.focus, len(shown.layout) - 1))

    def _place_of(self, window: WallWindow) -> WallPlace:
        layout = window.wall.arrangement.layout
        return window.place(wall_plans.spelled(self._desk.registry(), layout, self._seat.operator_id))

    def _on_arranged(self, wall: Wall) -> None:
        """Tours and alarms move tiles all day: nothing of that is to be remembered."""
        if not wall.giving:
            self._remember()

    def _remember(self) -> None:
        if self._store is not None and not self._closing:
            self._timer.start()

    @property
    def remembering(self) -> bool:
        """Whether something is still to be written."""
        return self._timer.isActive()

    def _keep(self) -> None:
        now = (*map(self._place_of, self.windows), *self._waiting), self._main_place
        if self._store is not None and now != self._kept:
            self._kept = now
            self._store.keep(*now)
