"""A further monitor of the same operator: a window that is a wall alone, over the same desk. GUI thread only.

Its keys are those of the main window: what concerns tiles is done on this wall, the rest goes to the main window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QKeyEvent, QScreen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.feeds import Desk
from app.i18n import _
from app.wall_store import MonitorId, WallPlace
from widgets.tile_moves import TileMoves
from widgets.wall import Wall
from widgets.window_calls import actions_of, meant

_SHARE = 0.7
"""Of the monitor's sides, for a window that is not full screen."""


class WallWindow(QWidget):
    """Made hidden; `put_on` shows it. `WallWindows` remembers its `place`."""

    went = Signal(object)
    """Closed by the operator, or by `close`: no tile is open any more."""
    moved = Signal()
    """On another monitor, or of another size: to be remembered."""

    def __init__(self, desk: Desk, number: int) -> None:
        super().__init__(None, Qt.WindowType.Window)
        self.monitor = MonitorId()
        self._watched = False
        self.wall = Wall(desk, self)
        self.moves = TileMoves(self.wall)
        self.actions_by_name: dict[str, QAction] = {}
        self.leave_panel: Callable[[], bool] = lambda: False
        """Esc closes what is open in the panel before it ends the full screen."""
        self.setWindowTitle(_("Watchfloor, wall {number}").format(number=number))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.wall)
        self.setFocusProxy(self.wall)

    def use(self, calls: Mapping[str, Callable[[], object]]) -> None:
        """The keys of this window, once."""
        self.actions_by_name = actions_of(self, calls)

    def put_on(self, screen: QScreen, *, full_screen: bool, area: tuple[int, ...] = ()) -> None:
        """Show it on a monitor: all of it, or a part (`area`: left, top of the monitor, width, height)."""
        self.monitor = identity_of(screen)
        self.setWindowState(Qt.WindowState.WindowNoState)
        self.setScreen(screen)
        self.setGeometry(screen.geometry() if full_screen else _part_of(screen, area))
        if full_screen:
            self.setWindowState(Qt.WindowState.WindowFullScreen)
        self.show()
        if not self._watched:
            self.windowHandle().screenChanged.connect(self._on_screen_changed)
            self._watched = True
        self.wall.setFocus()

    def leave(self) -> None:
        """Close this window; it is not opened again at the next start."""
        self.close()

    def toggle_full_screen(self) -> None:
        """All of the monitor, or a window on it."""
        screen = self.screen()
        self.put_on(screen, full_screen=not self.isFullScreen())
        self.moved.emit()

    def place(self, layout: str) -> WallPlace:
        """Where it is and what it shows; `layout` is the key of its layout."""
        now, origin, here = self.wall.arrangement, self.screen().geometry().topLeft(), self.geometry()
        full = self.isFullScreen()
        area = (here.x() - origin.x(), here.y() - origin.y(), here.width(), here.height())
        return WallPlace(self.monitor, layout, now.on_page, now.focus, full, () if full else area)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that the wall left over: letters under another keyboard layout, Esc out of full screen."""
        name = meant(event)
        if event.key() == Qt.Key.Key_Escape:
            if not self.leave_panel() and self.isFullScreen():
                self.toggle_full_screen()
        elif name is not None and name in self.actions_by_name:
            self.actions_by_name[name].trigger()
        else:
            super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Give the feeds back."""
        self.wall.release()
        super().closeEvent(event)
        self.went.emit(self)

    def changeEvent(self, event: QEvent) -> None:
        """Full screen or not, by the window system's own means."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.moved.emit()

    def _on_screen_changed(self, screen: QScreen) -> None:
        self.monitor = identity_of(screen)
        self.moved.emit()


def identity_of(screen: QScreen) -> MonitorId:
    """A monitor as it names itself."""
    return MonitorId(screen.manufacturer(), screen.model(), screen.serialNumber(), screen.name())


def _part_of(screen: QScreen, area: tuple[int, ...]) -> QRect:
    """A part of the monitor that is surely on it, whatever its size was before."""
    room = screen.availableGeometry()
    if not area:
        wide, high = round(room.width() * _SHARE), round(room.height() * _SHARE)
        return QRect(room.x() + (room.width() - wide) // 2, room.y() + (room.height() - high) // 2, wide, high)
    left, top, wide, high = area
    wide, high = min(wide, room.width()), min(high, room.height())
    x = min(max(room.x(), screen.geometry().x() + left), room.right() + 1 - wide)
    y = min(max(room.y(), screen.geometry().y() + top), room.bottom() + 1 - high)
    return QRect(x, y, wide, high)
