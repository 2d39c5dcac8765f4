"""What playback's keys do with its session: play, shuttle, step, seek, next event; asked why before it goes far back.

The session answers at once; where it stands is read from it each time. GUI thread only.
"""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.i18n import _
from app.playback_feeds import SPEEDS, PlaybackSession

MINUTE_S, SECONDS_S = 60.0, 10.0
_SAME_EVENT_S = 1.0


class PlaybackMoves(QObject):
    """`next_event` knows when the next event after (or before) a time was; `now` is the present, epoch seconds."""

    said = Signal(str)
    moved = Signal()
    reason_needed = Signal()
    """What is asked for is too long ago to be looked at without a case or a reason: `because` goes on."""

    def __init__(self, session: PlaybackSession, now: Callable[[], float], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._now = session, now
        self.next_event: Callable[[float, bool], float | None] = lambda _utc_s, _forward: None
        self.speed = 1.0
        """Signed: what playing has, or will have."""
        self._event_utc_s: float | None = None
        self._wanted_utc_s: float | None = None

    def seek(self, utc_s: float) -> None:
        """All cameras to a time; never into the future."""
        target = min(utc_s, self._now())
        if self._session.needs_reason(target):
            self._wanted_utc_s = target
            self.reason_needed.emit()
            return
        self._session.seek(target)
        self.moved.emit()

    def because(self, reason: str, incident_id: str = "") -> None:
        """Why it is looked at; where somebody wanted to go waits no longer."""
        self._session.because(reason, incident_id)
        wanted, self._wanted_utc_s = self._wanted_utc_s, None
        if wanted is not None:
            self.seek(wanted)

    def watch(self) -> None:
        """Playing backwards comes to what needs a reason too: it waits there."""
        place = self._session.place()
        if place.playing and place.speed < 0 and self._session.needs_reason(place.utc_s):
            self._session.pause()
            self._wanted_utc_s = place.utc_s
            self.reason_needed.emit()

    def skip(self, seconds: float) -> None:
        """So much on or back."""
        self.seek(self._session.place().utc_s + seconds)

    def play(self) -> None:
        """Go on with the speed that was chosen last."""
        self._session.play(self.speed)
        self.moved.emit()

    def toggle(self) -> None:
        """Play or stand still."""
        if self._session.place().playing:
            self._session.pause()
            self.moved.emit()
        else:
            self.play()

    def shuttle(self, way: int) -> None:
        """Play that way; twice as fast when it does so already."""
        place = self._session.place()
        same = place.playing and (place.speed > 0) == (way > 0)
        self.speed = way * (_faster(place.speed, 1) if same else 1.0)
        self.play()

    def change_speed(self, steps: int) -> None:
        """Half or double the speed, whichever way it plays; standing still it is that of the next play."""
        place = self._session.place()
        speed = place.speed if place.playing else self.speed
        self.speed = _faster(speed, steps) * (1 if speed > 0 else -1)
        if place.playing:
            self._session.play(self.speed)
        self.moved.emit()

    def step(self, frames: int) -> None:
        """One frame of the focused camera, the others to its time."""
        self._session.step(frames)
        self.moved.emit()

    def go_live(self) -> None:
        """To the newest that is recorded, played as it comes."""
        self.seek(self._now())
        self.speed = 1.0
        self.play()

    def go_to_event(self, *, forward: bool) -> None:
        """The next event of these cameras, or the one before."""
        here = self._session.place().utc_s
        if self._event_utc_s is not None and abs(here - self._event_utc_s) < _SAME_EVENT_S:
            here = self._event_utc_s  # a frame lies a little before or after what was sought
        found = self.next_event(here, forward)
        if found is None:
            self.said.emit(_("No further event in the time that the timeline shows."))
            return
        self._event_utc_s = found
        self.seek(found)


def _faster(speed: float, steps: int) -> float:
    """The size of a speed so many places on in `SPEEDS`."""
    here = min(range(len(SPEEDS)), key=lambda n: abs(SPEEDS[n] - abs(speed)))
    return SPEEDS[min(max(here + steps, 0), len(SPEEDS) - 1)]
