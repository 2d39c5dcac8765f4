"""The window that holds playback on a monitor of its own. GUI thread only."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QKeySequence, QScreen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.i18n import _
from widgets.keys import KEYS
from widgets.playback_keys import stays_the_windows

if TYPE_CHECKING:
    from widgets.playback_view import PlaybackView


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
        """All of that monitor, once it is shown."""
        self.setScreen(screen)
        self.setGeometry(screen.geometry())
        self.setWindowState(Qt.WindowState.WindowFullScreen)

    def give_keys(self, call_of: Callable[[str], Callable[[], object]]) -> None:
        """Those that stay the main window's act from here too."""
        for key in (k for k in KEYS if not k.wall_only and stays_the_windows(k)):
            action = QAction(key.meaning, self)
            action.setShortcuts([QKeySequence(sequence) for sequence in key.sequences])
            action.setAutoRepeat(key.repeats)
            action.triggered.connect(partial(_called, call_of(key.name)))
            self.addAction(action)

    def toggle_full_screen(self) -> None:
        """All of the monitor, or a window on it."""
        full = self.isFullScreen()
        self.setWindowState(Qt.WindowState.WindowNoState if full else Qt.WindowState.WindowFullScreen)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Told first: the view is taken out before its window goes."""
        self.went.emit()
        super().closeEvent(event)


def _called(call: Callable[[], object], _checked: bool = False) -> None:
    """Call without the `checked` that a triggered action sends."""
    call()
