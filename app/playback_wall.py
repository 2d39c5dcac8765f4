"""The playback wall's runtime: several cameras' footage in step on one clock (`playback_feeds`).

A session has one clock, a reel a tile and a few threads for all of them (`video.reel_pool`); closing it ends them.
Calls come on the GUI thread and return at once. Rights are asked before every picture; looking is written down before
the first one (`app.playback_access`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from app.film_feed import FilmSite
from app.playback_access import Ask, LookLeaves
from app.playback_feed import FeedJob, FeedSources, PlaybackFeed
from app.playback_feeds import SPEEDS, ClockNote, FilmWish, PlaybackPlace, is_film
from app.playback_films import SiteFilmBench
from storage.journal import Registry
from storage.worker import Supervisor
from video.play_clock import PlayClock
from video.reel_pool import Job, ReelPool
from video.reel_window import Heading
from video.synced_reel import Holdings, SyncedReel

MOST_SESSIONS = 2
MOST_BYTES = 192_000_000
"""Frames that wait while a session plays backwards, of all its cameras."""
_LEAST_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class Seat:
    """Who sits here: `sits` their id (empty: nobody may act), `allowed` which cameras they may see, `ask` writes a look
    down and then lets it be done."""

    ask: Ask
    sits: Callable[[], str] = lambda: ""
    allowed: Callable[[str], bool] = lambda _camera_id: True


@dataclass(frozen=True, slots=True)
class Clocks:
    """UTC and monotonic time."""

    utc: Callable[[], float] = time.time
    monotonic: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class PlaybackSite:
    """What sessions are made from."""

    holdings: Holdings
    registry: Callable[[], Registry]
    supervisor: Supervisor
    seat: Seat
    sources: FeedSources = field(default_factory=FeedSources)
    clocks: Clocks = field(default_factory=Clocks)
    films: FilmSite | None = None


class SitePlaybackDesk:
    """All sessions that are open (`playback_feeds.PlaybackDesk`)."""

    def __init__(self, site: PlaybackSite) -> None:
        self._site = site
        self._open: list[WallPlayback] = []

    def needs_reason(self, utc_s: float) -> bool:
        """Whether to look at this time a reason or a case must be given first."""
        return self._leaves().needs_reason(utc_s)

    def open(
        self,
        camera_ids: Sequence[str],
        utc_s: float,
        reason: str = "",
        incident_id: str = "",
        films: Sequence[FilmWish] = (),
    ) -> WallPlayback | None:
        """A session that stands at that time, for the cameras of these that may be seen here."""
        known = {camera.id for camera in self._site.registry().cameras}
        seen = [one for one in camera_ids if one in known and self._site.seat.allowed(one)]
        if not (seen or (films and self._site.films)) or len(self._open) >= MOST_SESSIONS:
            return None
        leaves = self._leaves()
        leaves.reason, leaves.incident_id = reason, incident_id
        session = WallPlayback(self._site, seen, utc_s, leaves, self._ended)
        if session.films is not None:
            for film in films:
                session.films.add(film)
        self._open.append(session)
        return session

    def _leaves(self) -> LookLeaves:
        return LookLeaves(self._site.seat.ask, self._site.seat.sits, self._site.clocks.utc)

    def _ended(self, session: WallPlayback) -> None:
        if session in self._open:
            self._open.remove(session)


class WallPlayback:
    """One session (`playback_feeds.PlaybackSession`); running from the start on."""

    def __init__(
        self,
        site: PlaybackSite,
        camera_ids: Sequence[str],
        utc_s: float,
        leaves: LookLeaves,
        ended: Callable[[WallPlayback], None],
    ) -> None:
        self.leaves = leaves
        self._site, self._camera_ids, self._ended = site, list(camera_ids), ended
        self._lock = threading.Lock()
        self._feeds: tuple[PlaybackFeed, ...] = ()
        self._focus = next(iter(self._camera_ids), "")
        self.films = SiteFilmBench(site.films, self, leaves.reason) if site.films is not None else None
        clocks = site.clocks
        self._clock = PlayClock(clocks.monotonic(), min(utc_s, clocks.utc()))
        self._pool = ReelPool("playback wall")
        for worker in self._pool.workers:
            site.supervisor.add(worker)
        self._closed = False
        self.leaves.ask(self._camera_ids, self._clock.anchor_utc_s)

    # What a wall needs (`feeds.CameraDesk`)

    def registry(self) -> Registry:
        """Cameras and privacy masks, as they are now, and the films among the cameras."""
        registry = self._site.registry()
        return self.films.with_films(registry) if self.films is not None else registry

    def feed(self, camera_id: str) -> PlaybackFeed:
        """A camera for a tile; one that was not asked for at the opening is asked for now."""
        registry = self.registry()
        camera = next(one for one in registry.cameras if one.id == camera_id)
        share = max(MOST_BYTES // max(len(self._camera_ids), len(self._feeds) + 1), _LEAST_BYTES)
        if self.films is not None and is_film(camera_id):
            return self._take_up(self.films.feed(camera, lambda: self.heading(camera_id), share))
        reel = SyncedReel(
            camera_id,
            self._site.holdings,
            lambda: self.heading(camera_id),
            most_bytes=share,
            stepped=self.stepped,
        )
        job = FeedJob(camera_id, self, reel, self._site.sources)
        zones = tuple(zone for zone in registry.zones if zone.camera_id == camera_id)
        rules = tuple(rule for rule in registry.rules if rule.camera_id == camera_id)
        if camera_id not in self._camera_ids:
            self._camera_ids.append(camera_id)
            self.leaves.ask((camera_id,), self.place().utc_s)
        return self._take_up(PlaybackFeed(camera, zones, rules, self, job))

    def _take_up(self, feed: PlaybackFeed) -> PlaybackFeed:
        self._feeds += (feed,)
        self._pool.add(feed.job)
        return feed

    # Where it stands

    def place(self) -> PlaybackPlace:
        """Cheap; read per repaint."""
        clock, now_s, edge_utc_s = self._clock, self._site.clocks.monotonic(), self._site.clocks.utc()
        return PlaybackPlace(
            utc_s=clock.at(now_s, edge_utc_s),
            speed=clock.speed,
            playing=clock.playing,
            seeking=not all(feed.settled for feed in self._feeds if self.may_see(feed.camera.id)),
            live=clock.at_edge(now_s, edge_utc_s),
        )

    def clock_note(self, camera_id: str) -> ClockNote | None:
        """What was taken out for this camera; None: nothing known, or not looked up yet."""
        return next((feed.job.note for feed in self._feeds if feed.camera.id == camera_id), None)

    def needs_reason(self, utc_s: float) -> bool:
        """Whether to look at this time a reason or a case must be given first (`because`)."""
        return self.leaves.needs_reason(utc_s)

    def because(self, reason: str, incident_id: str = "") -> None:
        """What further looks are for: written down with each of them."""
        self.leaves.reason, self.leaves.incident_id = reason, incident_id
        if self.films is not None:
            self.films.reason = reason

    # Orders

    def seek(self, utc_s: float) -> None:
        """All cameras to that time."""
        target = min(max(utc_s, 0.0), self._site.clocks.utc())
        self.leaves.renew(target)  # before the clock is there: nothing is shown by a leave that does not hold there
        self.leaves.ask(self._camera_ids, target)
        if self.films is not None:
            self.films.renew()
        self._order(lambda clock, now_s, edge: clock.sought(target, now_s, edge, backward=False))

    def play(self, speed: float) -> None:
        """Go on, backwards when negative."""
        signed = max(SPEEDS[0], min(abs(speed), SPEEDS[-1])) * (-1.0 if speed < 0 else 1.0)
        self._order(lambda clock, now_s, edge: clock.played(signed, now_s, edge))

    def pause(self) -> None:
        """Stand still."""
        self._order(lambda clock, now_s, edge: clock.paused(now_s, edge))

    def step(self, frames: int) -> None:
        """One frame of the focused camera on or back for each of `frames`; stands still afterwards."""
        if self._clock.playing:
            self.pause()
        feed = self._counted()
        if feed is not None:
            feed.job.reel.step(frames)
            self.nudge(feed)

    def focus(self, camera_id: str) -> None:
        """The camera whose frames `step` counts."""
        self._focus = camera_id

    def close(self) -> None:
        """Ends all feeds and threads."""
        if self._closed:
            return
        self._closed = True
        for feed in self._feeds:
            feed.job.reel.want(0, 0)
        self._pool.stop()
        for worker in self._pool.workers:
            self._site.supervisor.remove(worker, timeout_s=0.0)
        self._ended(self)

    def _order(self, change: Callable[[PlayClock, float, float], PlayClock]) -> None:
        for feed in self._feeds:
            feed.job.reel.forget_steps()
        with self._lock:
            self._clock = change(self._clock, self._site.clocks.monotonic(), self._site.clocks.utc())
        self._pool.nudge(*(feed.job for feed in self._feeds))

    def _counted(self) -> PlaybackFeed | None:
        """The feed whose frames count: of the focused camera, else the first that is seen."""
        seen = [feed for feed in self._feeds if feed.job.reel.wanted and self.may_see(feed.camera.id)]
        return next((feed for feed in seen if feed.camera.id == self._focus), next(iter(seen), None))

    def stepped(self, jump: int, utc_s: float, backward: bool) -> None:
        """Where a step leads to; a pool thread. An order that came meanwhile counts more."""
        with self._lock:
            clock = self._clock
            if clock.jump != jump or clock.playing:
                return
            now_s, edge_utc_s = self._site.clocks.monotonic(), self._site.clocks.utc()
            self._clock = clock.sought(utc_s, now_s, edge_utc_s, backward=backward)
        self._pool.nudge(*(feed.job for feed in self._feeds))

    # What feeds ask (`playback_feed.FeedSession`)

    def heading(self, camera_id: str) -> Heading | None:
        """Where the clock is and goes; None while this camera may not be shown. Any thread."""
        clock, now_s, edge_utc_s = self._clock, self._site.clocks.monotonic(), self._site.clocks.utc()
        utc_s = clock.at(now_s, edge_utc_s)
        if self._closed or not self.may_see(camera_id):
            return None
        film = self.films is not None and is_film(camera_id)
        if not film and not self.leaves.covers(camera_id, utc_s):
            self.leaves.ask((camera_id,), utc_s)
            return None
        speed = clock.speed if clock.playing else 0.0
        if speed > 1.0 and clock.at_edge(now_s, edge_utc_s):
            speed = 1.0
        heading = Heading(utc_s, speed, clock.jump, clock.backward)
        return self.films.heading(camera_id, heading) if self.films is not None and film else heading

    def nudge(self, feed: PlaybackFeed) -> None:
        """There is something to do for it."""
        self._pool.nudge(feed.job)

    def nudge_job(self, job: Job) -> None:
        """There is something to do for it."""
        self._pool.nudge(job)

    def left(self, feed: PlaybackFeed) -> None:
        """Its tile shows something else."""
        self._feeds = tuple(one for one in self._feeds if one is not feed)
        if self.films is not None:
            self.films.left(feed.job)
        self._pool.remove(feed.job)

    def may_see(self, camera_id: str) -> bool:
        """Whether who sits here may see this camera, or know of this film's incident."""
        if is_film(camera_id):
            return self.films is not None and self.films.allows(camera_id)
        return self._site.seat.allowed(camera_id)

    def now(self) -> float:
        """UTC."""
        return self._site.clocks.utc()
