"""Words for what a wall showed, as the black box kept it. Pure; translated when called."""

from __future__ import annotations

from app.blackbox import AGES_S
from app.feeds import TileState
from app.i18n import _
from app.labels import label_of
from storage.shown_wall import ShownWall


def age_words(bucket: int) -> str:
    """How old the picture was."""
    if bucket < len(AGES_S):
        end_s = AGES_S[bucket]
        return f"< {end_s:.0f} s" if end_s < 120 else f"< {end_s / 60:.0f} min"
    return _("> 1 h, or none")


def state_words(state: str) -> str:
    """The state's display name."""
    return label_of(TileState(state)) if state in set(TileState) else state


def window_words(wall: ShownWall) -> str:
    """Which window it was, and on which monitor."""
    screen = f" ({wall.screen})" if wall.screen else ""
    return _("Wall {window} on monitor {monitor}").format(window=wall.window, monitor=wall.monitor) + screen
