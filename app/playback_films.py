"""The films of one playback: among the cameras as tiles of their own, on the same clock, set against known moments.

A film lies where the incident's facts say that it begins. To set it, its frame is held while the cameras are brought
to the same moment; "this frame is that moment" is a note of the incident, and the film moves at once. Calls come on the
GUI thread but for `heading` and `stepped`; nothing waits.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from app.acting import Said
from app.film_feed import Film, FilmFeed, FilmFootage, FilmJob, FilmSite, Held
from app.i18n import _
from app.playback_feed import FeedSession
from app.playback_feeds import MOST_FILMS, FilmClockNote, FilmLane, FilmWish
from storage.film_clocks import FilmClock, clock_note, film_clocks
from storage.journal import Registry
from storage.records import Actor, Camera
from storage.registry_records import PrivacyMask
from video.reel_pool import Job
from video.reel_window import Heading
from video.synced_reel import Holdings, SyncedReel

_HELD_JUMPS = 1 << 40
"""A held film's jumps are no clock's."""


class FilmSession(FeedSession, Protocol):
    """What the films need of their session."""

    def nudge_job(self, job: Job) -> None:
        """There is something to do for it."""

    def stepped(self, jump: int, utc_s: float, backward: bool) -> None:
        """Where a step leads to (`synced_reel.Stepped`)."""


class SiteFilmBench:
    """See `playback_feeds.FilmBench`."""

    def __init__(self, site: FilmSite, session: FilmSession, reason: str = "") -> None:
        self._site, self._session = site, session
        self.reason = reason
        self._films: dict[str, Film] = {}
        self._jobs: dict[str, list[FilmJob]] = {}
        self._jumps = itertools.count(_HELD_JUMPS)
        self._seen: tuple[Registry, tuple[str, ...], Registry] | None = None

    @property
    def held(self) -> str:
        """See `FilmBench.held`."""
        return next((film.camera_id for film in self._films.values() if film.held is not None), "")

    def add(self, film: FilmWish) -> str:
        """See `FilmBench.add`; one that is there already is left as it is."""
        if film.camera_id not in self._films and len(self._films) < MOST_FILMS:
            self._films[film.camera_id] = Film(film, self._site)
        return film.camera_id

    def lanes(self) -> Sequence[FilmLane]:
        """See `FilmBench.lanes`."""
        return [
            FilmLane(film.camera_id, film.name, film.begins_utc_s, film.begins_utc_s + film.length_s)
            for film in list(self._films.values())
            if film.allowed and not film.refused
        ]

    def clock_note(self, camera_id: str) -> FilmClockNote | None:
        """See `FilmBench.clock_note`."""
        film = self._films.get(camera_id)
        return film.clock_note if film is not None and not film.refused else None

    def knows(self, camera_id: str) -> bool:
        """Whether it is a film of this session."""
        return camera_id in self._films

    def with_films(self, registry: Registry) -> Registry:
        """The cameras, and the films behind them with the numbers that follow; the same object for the same facts."""
        known, names = self._seen, tuple(film.name for film in self._films.values())
        if known is None or known[0] is not registry or known[1] != names:
            first = max((camera.number for camera in registry.cameras), default=0) + 1
            films = tuple(
                Camera(camera_id, first + n, name, "")
                for n, (camera_id, name) in enumerate(zip(self._films, names, strict=True))
            )
            made = replace(registry, cameras=(*registry.cameras, *films), privacy_masks=self._masks(registry))
            self._seen = known = registry, names, made
        return known[2]

    def _masks(self, registry: Registry) -> tuple[PrivacyMask, ...]:
        """What covers a camera covers a film of it too."""
        of_films = [
            replace(mask, id=f"{mask.id} {film.camera_id}", camera_id=film.camera_id)
            for film in self._films.values()
            for mask in registry.privacy_masks
            if mask.camera_id == film.exhibit.camera_id
        ]
        return (*registry.privacy_masks, *of_films)

    def feed(self, camera: Camera, heading: Callable[[], Heading | None], most_bytes: int) -> FilmFeed:
        """A film for a tile."""
        film = self._films[camera.id]
        film.reason = self.reason

        def stepped(jump: int, utc_s: float, backward: bool) -> None:
            self._stepped(film, jump, utc_s, backward)

        reel = SyncedReel(
            camera.id, Holdings(FilmFootage(film)), heading, most_bytes=most_bytes, stepped=stepped, lasting=True
        )
        job = FilmJob(film, self._session, reel, lambda: self._session.nudge_job(job), self._site.acting)
        self._jobs.setdefault(camera.id, []).append(job)
        return FilmFeed(camera, self._session, job, self._site)

    def left(self, job: Job) -> None:
        """Its tile shows something else."""
        for jobs in self._jobs.values():
            if job in jobs:
                jobs.remove(job)

    def allows(self, camera_id: str) -> bool:
        """Whether who sits here may see it, as far as is known; any thread."""
        film = self._films.get(camera_id)
        return film is not None and not film.refused

    def heading(self, camera_id: str, of_clock: Heading) -> Heading | None:
        """Where the film is to stand: with the clock, or at the frame that is held. Any thread."""
        film = self._films.get(camera_id)
        if film is None or not film.shown:
            return None
        held = film.held
        return Heading(held.utc_s, 0.0, held.jump, held.backward) if held is not None else of_clock

    def renew(self) -> None:
        """An order came: what was refused may be asked again."""
        for camera_id in self._films:
            for job in tuple(self._jobs.get(camera_id, ())):
                job.again()

    def hold(self, camera_id: str, utc_s: float) -> bool:
        """See `FilmBench.hold`."""
        film = self._films.get(camera_id)
        if film is None or not film.shown or not 0.0 <= utc_s - film.begins_utc_s <= film.length_s + 1.0:
            return False
        self.let_go()
        film.held = Held(utc_s, next(self._jumps))
        self._nudge(film)
        return True

    def let_go(self) -> None:
        """See `FilmBench.let_go`."""
        for film in self._films.values():
            if film.held is not None:
                film.held = None
                self._nudge(film)

    def set_clock(
        self, real_utc_s: float, against: str, uncertainty_s: float, done: Callable[[float], None], refused: Said
    ) -> None:
        """See `FilmBench.set_clock`."""
        film = self._films.get(self.held)
        held = film.held if film is not None else None
        if film is None or held is None:
            refused(_("No film is held."))
            return
        into_s = max(held.utc_s - film.begins_utc_s, 0.0)
        film_s = math.ceil(into_s * 1000) / 1000  # the frame is never later than the moment that it shows
        clock = FilmClock(film.exhibit.id, film_s, real_utc_s, uncertainty_s, against or None)

        def work(actor: Actor) -> None:
            before_utc_s, exhibit = film.begins_utc_s, film.exhibit
            self._site.apply(clock_note(clock, exhibit.incident_id, exhibit.name), actor)
            self._adopt(film, actor)
            film.held = None
            self._nudge(film)
            self._site.changed()
            done(film.begins_utc_s - before_utc_s)

        self._site.acting.act(work, refused)

    def _adopt(self, film: Film, actor: Actor) -> None:
        """What the journal says now."""
        file = self._site.read(film.exhibit.incident_id, actor.id)
        exhibit = next((one for one in file.exhibits if one.id == film.exhibit.id), film.exhibit)
        film.adopt(exhibit, film_clocks(file.notes).get(exhibit.id))

    def _stepped(self, film: Film, jump: int, utc_s: float, backward: bool) -> None:
        """A step of a held film moves it alone; a pool thread."""
        held = film.held
        if held is None:
            self._session.stepped(jump, utc_s, backward)
        elif held.jump == jump:
            film.held = Held(utc_s, next(self._jumps), backward)
            self._nudge(film)

    def _nudge(self, film: Film) -> None:
        for job in tuple(self._jobs.get(film.camera_id, ())):
            self._session.nudge_job(job)
