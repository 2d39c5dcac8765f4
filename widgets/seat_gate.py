"""What a locked or empty seat still does: looking goes on, control is blocked. The one place that decides it.

Focus, enlarging, zoom and pages are looking; what is on the tiles, forms, windows and every command are control. The
journal refuses a locked seat by itself: this keeps a passer-by from rearranging the wall and reading on. GUI thread
only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QStackedWidget, QWidget

from app.i18n import _
from app.sign_in import SeatChanged

Calls = dict[str, Callable[[], object]]

LOOKS = frozenset(
    {
        *("next_page", "previous_page", "overlay", "next_window", "full_screen", "panel", "keys", "quit"),
        *("zoom_in", "zoom_out", "pan_left", "pan_right", "pan_up", "pan_down", "whole"),
        *("login", "lock"),
        "acknowledge",  # Space also presses the button that has the keyboard; an alarm is refused by the journal
    }
)
"""Keys, by their names in the table, that stay."""

_FOCUS = frozenset({Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down})
_WALLS_OWN = frozenset({*_FOCUS, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Backspace})


class SeatGate(QObject):
    """Told who sits here (`show_seat`); a seat that never told is a trial wall, and open."""

    said = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._seat: SeatChanged | None = None

    @property
    def closed(self) -> bool:
        """Whether nobody may act here now."""
        return self._seat is not None and not self._seat.may_act

    def show_seat(self, seat: SeatChanged, pages: QStackedWidget, open_pages: tuple[QWidget | None, ...]) -> None:
        """Somebody sits down, leaves or is away: of the panel's pages only `open_pages` can be used meanwhile."""
        self._seat = seat
        for page in map(pages.widget, range(pages.count())):
            if page is not None:
                page.setEnabled(not self.closed or page in open_pages)

    def guarded(self, calls: Mapping[str, Callable[[], object]]) -> Calls:
        """The same calls of keys; those that are control say why not while the seat is closed."""
        return {name: call if name in LOOKS else partial(self._called, call) for name, call in calls.items()}

    def watch(self, wall: QWidget) -> None:
        """Keep control from a wall's own keys and mouse: to be called after everybody else who filters its events."""
        wall.installEventFilter(self)

    def takes(self, event: QKeyEvent) -> bool:
        """Whether a key of the wall is control that is blocked now; then it has been said why."""
        if not self.closed or not _changes_wall(event):
            return False
        self._refuse()
        return True

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A drag never begins; digits, and keys with which tiles are moved, are taken."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            return self.takes(event)
        return (event.type() == QEvent.Type.MouseMove and self.closed) or super().eventFilter(watched, event)

    def _called(self, call: Callable[[], object]) -> None:
        if self.closed:
            self._refuse()
        else:
            call()

    def _refuse(self) -> None:
        self.said.emit(_("Nobody may act at this seat now: sign in first (F2)."))


def _changes_wall(event: QKeyEvent) -> bool:
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    digit = event.text().isascii() and event.text().isdigit()
    moved = bool(modifiers) and Qt.Key(event.key()) in _WALLS_OWN
    return digit or moved or event.key() == Qt.Key.Key_Backspace
