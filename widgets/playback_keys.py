"""What a key means where playback has the keyboard: its own keys, those of its tiles, and which stay the window's.

Nothing plain leaks to the live wall behind: a key that has no meaning here says so instead of judging an alarm. No
state; GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QKeyCombination, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence

from widgets.claimed_keys import Call
from widgets.keys import KEYS, Key, KeyGroup, key, name_of_press

WALL_NAMES = frozenset({"layout_1", "layout_4", "layout_9", "layout_16", "overlay"})
TILE_NAMES = frozenset(
    {
        "zoom_in",
        "zoom_out",
        "pan_left",
        "pan_right",
        "pan_up",
        "pan_down",
        "whole",
        "turn",
        "mirror",
        "fill",
        "unmask",
        "snapshot",
    }
)
MOMENT_NAMES = frozenset({"enter", "mark", "bookmark"})
"""Of the window, about the moment that is played."""
RANGE_NAMES = frozenset({"export", "fetch", "footage_search"})
"""Of the window, about the cameras that are played, and the time that was chosen."""
WINDOW_NAMES = frozenset({"alarms", "incident", "mute", "undo", "package", "foreign"})
"""Of the window, and harmless here."""
_OTHER_GROUPS = frozenset({KeyGroup.WINDOW})
_OWN = {QKeySequence(s).toString(): k for k in KEYS if k.group is KeyGroup.PLAYBACK for s in k.sequences}
_WINDOWS = {QKeySequence(s).toString(): k for k in KEYS if not k.wall_only for s in k.sequences}
_LIVE_ONLY = {
    "Backspace": "wall_back",
    **dict.fromkeys(("Shift+Return", "Shift+Enter"), "split_cell"),
    **{f"Shift+{side}": "exchange" for side in ("Left", "Right", "Up", "Down")},
    **{f"Alt+Shift+{side}": "merge_cells" for side in ("Left", "Right", "Up", "Down")},
}
"""Keys with which the live wall's tiles are moved: here the room decides how they lie."""
OPENING = frozenset({"playback", "playback_case"})


def own_key(event: QKeyEvent) -> Key | None:
    """The key of playback that was pressed."""
    found = _OWN.get(_pressed(event))
    if found is None and not event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier:
        name = name_of_press(event.key(), event.nativeVirtualKey(), shifted=_shifted(event), group=KeyGroup.PLAYBACK)
        found = key(name) if name is not None else None
    return found if found is not None and found.name not in OPENING else None


def window_key(event: QKeyEvent) -> Key | None:
    """The key of the window that was pressed."""
    found = _WINDOWS.get(_pressed(event))
    if found is None and not event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier:
        name = name_of_press(event.key(), event.nativeVirtualKey(), shifted=_shifted(event))
        found = key(name) if name is not None else None
    return found


def stays_the_windows(asked: Key) -> bool:
    """Whether a key of the window acts from here as it does anywhere."""
    elsewhere = asked.group in _OTHER_GROUPS and asked.name not in RANGE_NAMES
    return elsewhere or asked.name in OPENING or asked.name in WINDOW_NAMES


class PlaybackKeys:
    """`calls` by name: all of the group, `WALL_NAMES`, `TILE_NAMES`, `MOMENT_NAMES` and `RANGE_NAMES`; `refuse` is told
    a key that has no meaning here; `typed` are digits of a camera's number, which Backspace takes back."""

    def __init__(
        self,
        calls: Mapping[str, Callable[[], object]],
        refuse: Callable[[Key], None],
        typed: Callable[[], str] = lambda: "",
    ) -> None:
        self._calls, self._refuse, self._typed = calls, refuse, typed

    def call_of(self, event: QKeyEvent) -> Call | None:
        """What to do for `ClaimedKeys`; None leaves the key to the widget and the window."""
        pressed = own_key(event)
        if pressed is None:
            pressed = window_key(event) or self._live_key(event)
            if pressed is None or stays_the_windows(pressed):
                return None
        call = self._calls.get(pressed.name)
        if event.isAutoRepeat() and not pressed.repeats:
            return _nothing
        if call is None:
            return lambda: self._refuse(pressed)
        return lambda: (call(), None)[1]

    def _live_key(self, event: QKeyEvent) -> Key | None:
        name = _LIVE_ONLY.get(_pressed(event))
        return None if name is None or (name == "wall_back" and self._typed()) else key(name)


def _shifted(event: QKeyEvent) -> bool:
    return event.modifiers() == Qt.KeyboardModifier.ShiftModifier


def _pressed(event: QKeyEvent) -> str:
    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    return QKeySequence(QKeyCombination(modifiers, Qt.Key(event.key()))).toString()


def _nothing() -> None:
    """A key that is held down acts once."""
