"""A playback without footage: one clock that the test moves, feeds whose pictures carry its time, orders noted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from app.feeds import TileState, TileStatus
from app.playback_feeds import ClockNote, FilmBench, FilmWish, PlaybackPlace
from storage.journal import Registry
from storage.records import Camera
from tests.widgets.fakes import FakeFeed, picture
from video.frame import Picture


@dataclass
class FakePastFeed(FakeFeed):
    """Shows one picture of the session's time for every wish and every order."""

    session: FakeSession | None = None
    gap: str = ""

    def want(self, width_px: int, height_px: int) -> None:
        super().want(width_px, height_px)
        self.renew()

    def renew(self) -> None:
        """A picture of the session's time, due long ago: nobody may call it stale."""
        if self.session is None or not self.wanted[0] or self.gap:
            return
        utc_s, scale = self.session.stands.utc_s, min(self.wanted[0] / 640, self.wanted[1] / 360)
        made = picture(self.camera.id, int(utc_s * 15) % 900, round(640 * scale), round(360 * scale), 0.0)
        self._picture = replace(made, utc_s=utc_s)

    def take(self) -> Picture | None:
        taken, self._picture = self._picture, None
        return taken

    def status(self) -> TileStatus:
        if self.gap:
            return TileStatus(TileState.NO_SIGNAL, reason=self.gap)
        return self.tile_status


@dataclass
class FakeSession:
    """Follows every order at once; `arrive` ends a seek."""

    registered: Registry
    stands: PlaybackPlace
    asked: list[tuple[object, ...]] = field(default_factory=list)
    feeds: dict[str, FakePastFeed] = field(default_factory=dict)
    notes: dict[str, ClockNote] = field(default_factory=dict)
    free_from_s: float = 0.0
    closed: bool = False
    films: FilmBench | None = None

    def registry(self) -> Registry:
        return self.registered

    def feed(self, camera_id: str) -> FakePastFeed:
        camera: Camera = next(c for c in self.registered.cameras if c.id == camera_id)
        self.feeds[camera_id] = FakePastFeed(camera, session=self)
        return self.feeds[camera_id]

    def place(self) -> PlaybackPlace:
        return self.stands

    def clock_note(self, camera_id: str) -> ClockNote | None:
        return self.notes.get(camera_id)

    def needs_reason(self, utc_s: float) -> bool:
        return utc_s < self.free_from_s

    def because(self, reason: str, incident_id: str = "") -> None:
        self.asked.append(("because", reason, incident_id))
        self.free_from_s = 0.0

    def seek(self, utc_s: float) -> None:
        self.asked.append(("seek", utc_s))
        self.arrive(utc_s)

    def play(self, speed: float) -> None:
        self.asked.append(("play", speed))
        self.stands = replace(self.stands, playing=True, speed=speed)

    def pause(self) -> None:
        self.asked.append(("pause",))
        self.stands = replace(self.stands, playing=False)

    def step(self, frames: int) -> None:
        self.asked.append(("step", frames))
        self.stands = replace(self.stands, playing=False)

    def focus(self, camera_id: str) -> None:
        self.asked.append(("focus", camera_id))

    def close(self) -> None:
        self.closed = True

    def arrive(self, utc_s: float) -> None:
        """Stand at that time, with pictures of it."""
        self.stands = replace(self.stands, utc_s=utc_s)
        for feed in self.feeds.values():
            feed.renew()


class FakePlaybackDesk:
    """Gives one session after the other; `full` refuses."""

    def __init__(self, registered: Registry) -> None:
        self.registered = registered
        self.opened: list[tuple[tuple[str, ...], float, str, str]] = []
        self.sessions: list[FakeSession] = []
        self.full = False
        self.free_from_s = 0.0

    def needs_reason(self, utc_s: float) -> bool:
        return utc_s < self.free_from_s

    def open(
        self,
        camera_ids: Sequence[str],
        utc_s: float,
        reason: str = "",
        incident_id: str = "",
        films: Sequence[FilmWish] = (),
    ) -> FakeSession | None:
        if self.full:
            return None
        self.opened.append((tuple(camera_ids), utc_s, reason, incident_id))
        free_from_s = 0.0 if reason or incident_id else self.free_from_s
        self.sessions.append(FakeSession(self.registered, PlaybackPlace(utc_s), free_from_s=free_from_s))
        return self.sessions[-1]
