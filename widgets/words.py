"""Short words that only views need: a tile's state, times, names by id, the outcomes' keys. Translated when called.

Display names of the enumerations are `app.texts.label_of`.
"""

from __future__ import annotations

import time
from datetime import datetime

from app.feeds import TileState
from app.i18n import _, marked
from app.labels import outcome_name
from app.site_time import offset_text
from storage.journal import Registry
from storage.records import Incident
from video.playback import Hole, PlaybackState, PlaybackStatus

_TILE_STATES = {
    TileState.CONNECTING: marked("CONNECTING"),
    TileState.LIVE: marked("LIVE"),
    TileState.STALE: marked("STALE"),
    TileState.NO_SIGNAL: marked("NO SIGNAL"),
    TileState.NO_RIGHTS: marked("NO RIGHTS"),
}


_PAST_STATES = {
    TileState.CONNECTING: marked("SEEKING"),
    TileState.LIVE: marked("PLAYBACK"),
    TileState.STALE: marked("PLAYBACK"),
    TileState.NO_SIGNAL: marked("NO FOOTAGE"),
    TileState.NO_RIGHTS: marked("NO RIGHTS"),
}


def tile_state_word(state: TileState, *, past: bool = False) -> str:
    """What a tile's header says: shorter than the display name. `past`: of a tile that plays recordings."""
    return _((_PAST_STATES if past else _TILE_STATES)[state])


def age_text(age_s: float) -> str:
    """The age of a picture: tenths below ten seconds, then seconds, minutes, hours."""
    if age_s < 10:
        return f"{max(age_s, 0.0):.1f} s"
    if age_s < 120:
        return f"{age_s:.0f} s"
    return f"{age_s / 60:.0f} min" if age_s < 7200 else f"{age_s / 3600:.0f} h"


def replay_text(status: PlaybackStatus, now_s: float) -> str:
    """`REPLAY −12 s`, so that nobody takes it for live; with what the player does when it does not simply play."""
    if status.utc_s is None:
        return _("REPLAY") if status.state is PlaybackState.EMPTY else f"{_('REPLAY')} …"
    paused = f"  {_('PAUSED')}" if status.state is PlaybackState.PAUSED else ""
    return f"{_('REPLAY')} −{max(now_s - status.utc_s, 0.0):.0f} s{paused}"


def speed_text(speed: float) -> str:
    """`1x`, `4x`, `1/4x`."""
    return f"{speed:g}x" if speed >= 1 else f"1/{1 / speed:g}x"


def gap_text(hole: Hole) -> str:
    """Where footage is missing, and how long."""
    text = _("No footage {begin} – {end} ({seconds} s)")
    seconds = round(hole.to_utc_s - hole.from_utc_s)
    return text.format(begin=clock_text(hole.from_utc_s), end=clock_text(hole.to_utc_s), seconds=seconds)


def clock_text(utc_s: float) -> str:
    """Local time of day."""
    return time.strftime("%H:%M:%S", time.localtime(utc_s))


def time_text(utc_s: float) -> str:
    """Local date and time with the offset of that moment."""
    local = datetime.fromtimestamp(utc_s).astimezone()
    return f"{local:%Y-%m-%d %H:%M:%S} {offset_text(local)}"


class Names:
    """Names of registry records by id, as a view shows them."""

    def __init__(self, registry: Registry) -> None:
        self._cameras = {c.id: f"{c.number} {c.name}" for c in registry.cameras}
        self._rules = {r.id: r.name for r in registry.rules}
        self._places = {p.id: ", ".join(filter(None, (p.name, p.address))) for p in registry.places}
        self._place_names = {p.id: p.name for p in registry.places}
        self._districts = {d.id: d.name for d in registry.districts}
        self._categories = {c.id: c.name for c in registry.categories}
        self._outcomes = registry.outcomes
        self._operators = {o.id: o.name for o in registry.operators}

    def camera(self, camera_id: str) -> str:
        """Number and name."""
        return self._cameras.get(camera_id, camera_id)

    def rule(self, rule_id: str) -> str:
        """The rule's name."""
        return self._rules.get(rule_id, rule_id)

    def category(self, category_id: str) -> str:
        """The category's name."""
        return self._categories.get(category_id, category_id)

    def outcome(self, outcome_id: str | None) -> str:
        """The outcome's name."""
        return outcome_name(outcome_id, self._outcomes) if outcome_id else ""

    def actor(self, actor_id: str | None) -> str:
        """An operator's name, or what stands for one (`os:anna`)."""
        return self._operators.get(actor_id, actor_id.partition(":")[2] or actor_id) if actor_id else ""

    def place_named(self, place_id: str) -> str:
        """A place's name alone."""
        return self._place_names.get(place_id, place_id)

    def district(self, district_id: str) -> str:
        """The district's name."""
        return self._districts.get(district_id, district_id)

    def place(self, incident: Incident) -> str:
        """Name and address."""
        return self._places.get(incident.place_id, "") if incident.place_id else ""
