"""One film of a playback as one tile sees it, and the work of it on the threads of the session's pool.

What a camera's feed does, with another right (to know of the incident), another clock (set by hand against a known
moment) and more that may be wrong with the file: then its tile says so in a sentence, and the cameras play on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

from app.acting import Acting
from app.feeds import TileState, TileStatus
from app.film_words import (
    altered_words,
    clock_words,
    ends_words,
    fault_words,
    film_name,
    moment_words,
    unnamed_film,
)
from app.i18n import _
from app.playback_access import Ask
from app.playback_feed import FeedJob, FeedSession, FeedSources, PlaybackFeed, quality_of
from app.playback_feeds import ClockNote, FilmClockNote, FilmWish
from storage.case_records import Exhibit
from storage.commands import Command
from storage.errors import StorageCode, StorageError
from storage.film_clocks import FilmClock, film_clocks
from storage.footage_files import hash_unless
from storage.journal import IncidentFile, Registry
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.records import Actor, Camera
from video.convert import Scalers
from video.footage import FilePiece, Piece
from video.foreign_file import look_at
from video.shots import Shot, shots
from video.source import VideoCode, VideoError
from video.synced_reel import SyncedReel

log = logging.getLogger(__name__)

TYPED_S = 1.0
"""How sure a clock is that was typed to the second when the film was taken in."""
_CHECK_S = 5.0
_MOST_UNDECODED = 600
_HASH_LETTERS = 16
_MOST_S = 31 * 86_400.0
"""A file may say any length; no calendar shows where some would end."""


@dataclass(frozen=True, slots=True)
class FilmSite:
    """Where films come from at a site: `read` gives an incident's file to a viewer, `folder` is the evidence store;
    `allowed` says which of our cameras may be seen here: a film that another recorder had is of one."""

    read: Callable[[str, str], IncidentFile]
    folder: Path
    ask: Ask
    sits: Callable[[], str]
    acting: Acting
    apply: Callable[[Command, Actor], object]
    registry: Callable[[], Registry]
    zone: ZoneInfo
    allowed: Callable[[str], bool] = lambda _camera_id: True
    changed: Callable[[], None] = lambda: None
    stopping: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Held:
    """A frame that is held, at a time of the session; `jump` is the film's own while it is."""

    utc_s: float
    jump: int
    backward: bool = False


class Film:
    """What is known of one film of a session. Written on pool and task threads, each value at once; read on any."""

    def __init__(self, wish: FilmWish, site: FilmSite) -> None:
        self.camera_id, self.exhibit = wish.camera_id, wish.exhibit
        begin, end = wish.exhibit.from_utc_s, wish.exhibit.to_utc_s
        self.base_utc_s = begin if begin is not None else wish.around_utc_s
        self.begins_utc_s = self.base_utc_s
        self.length_s = end - begin if begin is not None and end is not None else 0.0
        self.clock: FilmClock | None = None
        self.allowed: bool | None = None
        self.fault = ""
        self.hashed = False
        self.held: Held | None = None
        self.reason = ""
        self._site = site
        self._granted = self._asked = ""

    @property
    def path(self) -> Path:
        """Of the file in the evidence store."""
        return self._site.folder / self.exhibit.path

    @property
    def refused(self) -> bool:
        """Whether it is known that who sits here may not see it."""
        camera_id = self.exhibit.camera_id
        return self.allowed is False or (camera_id is not None and not self._site.allowed(camera_id))

    @property
    def name(self) -> str:
        """What its tile is headed with; whose it is is part of its incident."""
        return unnamed_film() if self.refused else film_name(self.exhibit)

    @property
    def shown(self) -> bool:
        """Whether pictures of it may be given now: who sits here may know of it, and their look is written down."""
        return bool(self.allowed) and not self.refused and self._granted == self._site.sits() != "" and not self.fault

    @property
    def clock_note(self) -> FilmClockNote:
        """How its clock was set, as words and figures."""
        registry = self._site.registry()
        names = {operator.id: operator.name for operator in registry.operators}
        offset_s, clock = self.exhibit.clock_offset_s, self.clock
        if clock is None:
            by = names.get(self.exhibit.actor_id, self.exhibit.actor_id)
            return FilmClockNote(offset_s, TYPED_S if offset_s is not None else None, "", by)
        camera = next((f"{c.number} {c.name}" for c in registry.cameras if c.id == clock.camera_id), "")
        moment = moment_words(camera, clock.real_utc_s, self._site.zone)
        return FilmClockNote(offset_s or 0.0, clock.uncertainty_s, moment, names.get(clock.actor_id, clock.actor_id))

    def check(self, granted: Callable[[], None]) -> None:
        """Ask the journal whether it may be seen here now, and where it lies; write the look down. A pool thread."""
        who = self._site.sits()
        try:
            file = self._site.read(self.exhibit.incident_id, who) if who else None
        except StorageError as error:
            if error.code in (StorageCode.NOT_PERMITTED, StorageCode.NOT_FOUND):
                self.allowed = False
            else:
                log.warning("a film's incident cannot be read now: %s", error)
            return
        exhibit = next((one for one in file.exhibits if one.id == self.exhibit.id), None) if file is not None else None
        self.allowed = exhibit is not None
        if file is not None and exhibit is not None:
            self.adopt(exhibit, film_clocks(file.notes).get(exhibit.id))
            self._write_down(who, granted)

    def adopt(self, exhibit: Exhibit, clock: FilmClock | None) -> None:
        """The facts as they are now."""
        self.exhibit, self.clock = exhibit, clock
        if exhibit.from_utc_s is not None:
            self.begins_utc_s = exhibit.from_utc_s

    def ask_again(self) -> None:
        """An order came: what was refused may be asked again."""
        self._asked = ""

    def verify(self) -> None:
        """Read the file through and hold it against its hash; a task's thread, long."""
        try:
            found = hash_unless(self.path, self._site.stopping)
        except OSError:
            return  # the look at it says so
        self.hashed = found == self.exhibit.sha256
        if found is not None and not self.hashed:
            log.error("a film of the evidence store was altered: %s", self.exhibit.path)
            self.fault = altered_words()

    def _write_down(self, who: str, granted: Callable[[], None]) -> None:
        if who in (self._granted, self._asked):
            return
        self._asked = who
        one = self.exhibit
        access = RecordAccess(
            AccessKind.PLAYBACK,
            self.reason,
            incident_id=one.incident_id,
            from_utc_s=max(self.begins_utc_s, 0.0),
            detail=f"{one.name} SHA-256 {one.sha256[:_HASH_LETTERS]}",
        )

        def write() -> None:
            if self._site.sits() == who:
                self._granted = who
                granted()

        self._site.ask(access, write)


class FilmFootage:
    """The one piece of a film, at the time at which the session took it up (`footage.Footage`)."""

    def __init__(self, film: Film) -> None:
        self._film = film

    def reel(self, _camera_id: str, _from_utc_s: float, _to_utc_s: float) -> Sequence[Piece]:
        """See `Footage.reel`."""
        film = self._film
        return [FilePiece(str(film.path), film.base_utc_s, film.base_utc_s + film.length_s, foreign=True)]


class FilmJob(FeedJob):
    """A film's turns: its right and its clock now and then, the file once, then its pictures."""

    def __init__(
        self, film: Film, session: FeedSession, reel: SyncedReel, nudge: Callable[[], None], acting: Acting
    ) -> None:
        super().__init__(film.camera_id, session, reel, FeedSources())
        self.film = film
        self._nudge, self._acting = nudge, acting
        self._check_s = 0.0
        self._looked = False

    def turn(self, scalers: Scalers) -> float | None:
        """See `reel_pool.Job`."""
        if not self.reel.wanted:
            return self.reel.turn(scalers)
        film = self.film
        if time.monotonic() >= self._check_s:
            film.check(self._on_granted)
            self._check_s = time.monotonic() + _CHECK_S
        if film.shown and not self._looked:
            self._looked = True
            self._look()
        told = film.clock_note
        self.note = ClockNote(told.offset_s or 0.0, told.uncertainty_s)
        self.reel.set_offset(film.base_utc_s - film.begins_utc_s)
        due_s = self.reel.turn(scalers)
        return min(due_s, self._check_s) if due_s is not None else self._check_s

    def again(self) -> None:
        """An order came: ask the journal at the next turn."""
        self.film.ask_again()
        self._check_s = 0.0

    def _on_granted(self) -> None:
        self._nudge()
        self._acting.run(
            self._verify, lambda text: log.warning("a film is not held against its hash: %s", text), long=True
        )

    def _verify(self) -> None:
        self.film.verify()
        self._nudge()

    def _look(self) -> None:
        """What the file is, and whether the decoders here make pictures of it."""
        film = self.film
        try:
            seen = look_at(film.path)
            film.length_s = film.length_s or min(max(seen.duration_s, 0.0), _MOST_S)
            self.reel.quarters = seen.quarters
            code: StrEnum | None = None if _is_decoded(film) else VideoCode.UNSUPPORTED
        except VideoError as error:
            code = error.code
        if code is not None:
            log.warning("a film of an incident cannot be played: %s", code)
            film.fault = fault_words(code)


def _is_decoded(film: Film) -> bool:
    """Whether a decoder of ours makes a picture of it."""
    piece = FilePiece(str(film.path), 0.0, film.length_s, foreign=True)
    with closing(shots([piece], 0.0)) as found:
        return any(isinstance(item, Shot) for _n, item in zip(range(_MOST_UNDECODED), found, strict=False))


class FilmFeed(PlaybackFeed):
    """What a film's tile holds. GUI thread."""

    def __init__(self, camera: Camera, session: FeedSession, job: FilmJob, site: FilmSite) -> None:
        super().__init__(camera, (), (), session, job)
        self.film, self._site = job.film, site

    @property
    def settled(self) -> bool:
        """A film that is not to be seen keeps nobody waiting."""
        return super().settled or (self.film.allowed is not None and not self.film.shown)

    def status(self) -> TileStatus:
        """As a camera's; what is wrong with the file or the right to it comes first."""
        film = self.film
        if self.camera.name != film.name:
            self.camera = replace(self.camera, name=film.name)
        if film.refused or not self._session.may_see(self.camera.id):
            return TileStatus(TileState.NO_RIGHTS, reason=_("You may not know of this film's incident."))
        if film.fault:
            return TileStatus(TileState.NO_SIGNAL, reason=film.fault)
        told, heading = self.job.reel.status(), self._session.heading(self.camera.id)
        if not told.settled or heading is None:
            return TileStatus(TileState.CONNECTING, width=told.width, height=told.height)
        if told.gap is not None:
            return TileStatus(TileState.NO_SIGNAL, reason=self._missing(told.fault))
        speed = abs(heading.speed)
        return TileStatus(
            TileState.LIVE,
            notice=self._notice(),
            fps=told.fps,
            width=told.width,
            height=told.height,
            quality=quality_of(late=told.late),
            pictures_per_s=max(told.fps * speed, 1e-6),
        )

    def tracks(self) -> None:
        """Nobody's rules looked at it."""

    def _missing(self, fault: object) -> str:
        film = self.film
        if fault is not None:
            return fault_words(fault)
        return ends_words(film.begins_utc_s, film.begins_utc_s + film.length_s, self._site.zone)

    def _notice(self) -> str:
        """Not ours, whose clock it has, whether the file is what was taken in."""
        film = self.film
        held = _("HELD at this frame: find the same moment on a camera, then S") if film.held is not None else ""
        whole = "SHA-256 ✓" if film.hashed else _("SHA-256 is being compared")
        foreign = _("not from our cameras")
        return "  ·  ".join(filter(None, (held, clock_words(film.clock_note), foreign, whole)))
