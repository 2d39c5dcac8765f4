"""A playback desk over made footage: frame n of every camera was filmed at T0 + n / FPS; the clocks are the test's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.film_feed import FilmSite
from app.playback_feed import FeedSources, PlaybackFeed
from app.playback_wall import Clocks, PlaybackSite, Seat, SitePlaybackDesk, WallPlayback
from storage.footage_records import Gap, GapReason, Segment
from storage.journal import Registry
from storage.people_commands import RecordAccess
from storage.records import Camera
from storage.registry_records import PrivacyMask
from storage.worker import Supervisor
from tests.conftest import wait_until
from tests.video.numbered import FPS, number_in, numbered_clip, segment
from video.fanout import PacketRing
from video.footage import StoredFootage
from video.synced_reel import Holdings

T0 = 1_790_000_000.0
NOW = T0 + 500.0


def at(number: float) -> float:
    """The time of a frame."""
    return T0 + number / FPS


class Tapes:
    """Frames 0-149 in two files without a gap, 300-389 in a third."""

    def __init__(self, root: Path) -> None:
        self.segments = tuple(
            segment(numbered_clip(root / f"{first}.mp4", first, count, bframes=bframes), first, count, T0)
            for first, count, bframes in ((0, 90, 0), (90, 60, 2), (300, 90, 2))
        )


@dataclass
class Time:
    """What the clocks say."""

    monotonic_s: float = 100.0
    utc_s: float = NOW

    def pass_by(self, seconds: float) -> None:
        """Both go on."""
        self.monotonic_s += seconds
        self.utc_s += seconds


@dataclass
class PlaybackHouse:
    """The desk, and everything that a test turns."""

    segments: Mapping[str, Sequence[Segment]]
    rings: dict[str, PacketRing] = field(default_factory=dict)
    sources: FeedSources = field(default_factory=FeedSources)
    time: Time = field(default_factory=Time)
    sits: str = "ada"
    hidden: set[str] = field(default_factory=set)
    refuses: bool = False
    waiting: list[Callable[[], None]] | None = None
    asked: list[RecordAccess] = field(default_factory=list)
    films: FilmSite | None = None
    masks: tuple[PrivacyMask, ...] = ()

    def __post_init__(self) -> None:
        self.supervisor = Supervisor()
        self._registered: Registry | None = None
        self.cameras = tuple(Camera(one, n, f"Camera {n}", "test://1") for n, one in enumerate(self.segments, 1))
        site = PlaybackSite(
            Holdings(StoredFootage(self.rings.get, self._between), self._gaps),
            self._registry,
            self.supervisor,
            Seat(self.ask, lambda: self.sits, lambda camera_id: camera_id not in self.hidden),
            self.sources,
            Clocks(lambda: self.time.utc_s, lambda: self.time.monotonic_s),
            self.films,
        )
        self.desk = SitePlaybackDesk(site)

    def _registry(self) -> Registry:
        if self._registered is None or self._registered.privacy_masks != self.masks:
            self._registered = Registry(cameras=self.cameras, privacy_masks=self.masks)
        return self._registered

    def open(self, utc_s: float) -> WallPlayback:
        """A session for all cameras."""
        session = self.desk.open([camera.id for camera in self.cameras], utc_s)
        assert session is not None
        return session

    def feed(self, session: WallPlayback, camera_id: str = "c1") -> PlaybackFeed:
        """A visible tile."""
        feed = session.feed(camera_id)
        feed.want(320, 180)
        return feed

    def _between(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> Sequence[Segment]:
        known = self.segments[camera_id]
        return [one for one in known if one.to_utc_s > from_utc_s and one.from_utc_s < to_utc_s]

    def _gaps(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> Sequence[Gap]:
        if at(149) < to_utc_s and from_utc_s < at(300):
            return [Gap(camera_id, at(149), at(300), GapReason.NO_SIGNAL)]
        return [Gap(camera_id, from_utc_s, at(0), GapReason.NOT_BEGUN)] if to_utc_s < at(0) else []

    def ask(self, access: RecordAccess, granted: Callable[[], None]) -> None:
        self.asked.append(access)
        if self.waiting is not None:
            self.waiting.append(granted)
        elif not self.refuses:
            granted()


def stands(session: WallPlayback) -> None:
    """Every visible tile shows the session's time."""
    wait_until(lambda: not session.place().seeking, what="the time that was sought")


def shown(feed: PlaybackFeed) -> int | None:
    """The number in the picture that is due now."""
    picture = feed.take()
    return number_in(picture) if picture is not None else None


def comes_to(feed: PlaybackFeed, number: int) -> None:
    """The tile's picture becomes this frame."""
    seen: list[int] = []

    def look() -> bool:
        found = shown(feed)
        seen.extend([found] if found is not None else [])
        return seen[-1:] == [number]

    wait_until(look, what=f"frame {number}")
