"""Instant replay: what a camera showed some seconds ago, out of its recordings and its packet ring.

Opens a player per replay (`video.playback`, one thread each) and closes it; at most `MOST_REPLAYS` at once. Called on
the GUI thread and returns at once: index and files are read by the player.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from app.recent_tracks import RecentTracks
from detection.detector import TrackSet
from storage.journal import Registry
from storage.records import Camera
from storage.worker import Supervisor
from video.fanout import PictureTap
from video.footage import Footage
from video.frame import Picture
from video.playback import Playback, PlaybackStatus

log = logging.getLogger(__name__)

MOST_REPLAYS = 4
Viewed = Callable[[Camera, float], None]


class Replays:
    """All replays that are open. `viewed(camera, utc_s)` is told whenever somebody looks at a time that has passed."""

    def __init__(
        self,
        footage: Footage,
        supervisor: Supervisor,
        registry: Callable[[], Registry],
        *,
        viewed: Viewed | None = None,
        clock: Callable[[], float] = time.time,
        allowed: Callable[[str], bool] = lambda _camera_id: True,
    ) -> None:
        """`allowed` says whether who sits here may see a camera; asked before every picture."""
        self.recent = RecentTracks()
        """What was tracked when: given every look, asked by replays."""
        self.clock, self.allowed = clock, allowed
        self.viewed: Viewed = viewed or _note_view
        self._footage, self._supervisor, self._registry = footage, supervisor, registry
        self._open: list[Playback] = []

    def open(self, camera_id: str, seconds_back: float) -> Replay | None:
        """Begin to play; None for an unknown camera, one that may not be seen, or when too many replays are open."""
        camera = next((c for c in self._registry().cameras if c.id == camera_id), None)
        if camera is None or not self.allowed(camera_id) or len(self._open) >= MOST_REPLAYS:
            return None
        return Replay(self, camera, seconds_back)

    def play(self, camera: Camera, tap: PictureTap, utc_s: float) -> Playback:
        """A running player."""
        playback = Playback(camera.id, self._footage, tap, utc_s)
        self._open.append(playback)
        self._supervisor.add(playback)
        self.viewed(camera, utc_s)
        return playback

    def end(self, playback: Playback) -> None:
        """Ask a player to end; it does so by itself within a second."""
        if playback in self._open:
            self._open.remove(playback)
            self._supervisor.remove(playback, timeout_s=0.0)


class Replay:
    """One replay (`feeds.ReplayFeed`)."""

    def __init__(self, replays: Replays, camera: Camera, seconds_back: float) -> None:
        self.camera = camera
        self._replays = replays
        self._tap = PictureTap()
        self._ended = False
        self._playback = replays.play(camera, self._tap, replays.clock() - seconds_back)

    def want(self, width_px: int, height_px: int) -> None:
        """Size of the picture in device pixels; 0, 0 when hidden."""
        self._tap.want(*((width_px, height_px) if self._allowed else (0, 0)))

    @property
    def _allowed(self) -> bool:
        """A replay whose camera may not be seen any more has ended: it does not come back with the right."""
        if not self._ended and not self._replays.allowed(self.camera.id):
            self.close()
        return not self._ended

    def take(self) -> Picture | None:
        """The newest picture once."""
        return self._tap.take() if self._allowed else None

    def status(self) -> PlaybackStatus:
        """Where the player is."""
        return self._playback.status()

    def tracks(self, utc_s: float) -> TrackSet | None:
        """What was tracked at that time, while it is remembered."""
        return self._replays.recent.at(self.camera.id, utc_s) if self._allowed else None

    def go_back(self, seconds: float) -> None:
        """Play from so many seconds before now."""
        if not self._allowed:
            return
        utc_s = self._replays.clock() - seconds
        self._playback.seek(utc_s)
        self._playback.pause(paused=False)
        self._replays.viewed(self.camera, utc_s)

    def pause(self, *, paused: bool) -> None:
        """Stand still, or go on."""
        self._playback.pause(paused=paused)

    def step(self, frames: int) -> None:
        """Frames on, or back when negative."""
        self._playback.step(frames)

    def set_speed(self, speed: float) -> None:
        """1/4 to 4."""
        self._playback.set_speed(speed)

    def close(self) -> None:
        """Nobody looks any more."""
        self._ended = True
        self._tap.want(0, 0)
        self._replays.end(self._playback)


def _note_view(camera: Camera, utc_s: float) -> None:
    """For a runtime without a seat; else `access_audit.AccessAudit.viewed` writes it into the journal."""
    log.info("replay of camera %s from %.1f", camera.id, utc_s)
