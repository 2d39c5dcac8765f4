"""What the playback view sees of the runtime: several cameras' footage on one clock. Made by `app.playback_wall`.

A session is a `feeds.CameraDesk`: the same wall that shows live pictures shows its feeds. Everything here may be called
on the GUI thread and returns at once; index, files and decoders belong to the session's own threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.acting import Said
from app.feeds import CameraDesk
from storage.case_records import Exhibit

SPEEDS = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Times real time; negative ones play backwards."""
MOST_FILMS = 4
"""From elsewhere, beside the cameras of one session."""


@dataclass(frozen=True, slots=True)
class PlaybackPlace:
    """Where a session stands. `utc_s` is the common time of all its cameras, their clocks' offsets taken out;
    `speed` is signed; `seeking`: not every visible camera shows that time yet; `live`: caught up with now."""

    utc_s: float
    speed: float = 1.0
    playing: bool = False
    seeking: bool = False
    live: bool = False


@dataclass(frozen=True, slots=True)
class ClockNote:
    """How far a camera's clock was ahead of ours on that day, and how sure that is (None: unknown)."""

    offset_s: float
    uncertainty_s: float | None = None


FILM = "film:"
"""What the id of a film begins with that stands among the cameras of a session."""


def is_film(camera_id: str) -> bool:
    """Whether this is no camera of ours but a film that somebody brought."""
    return camera_id.startswith(FILM)


@dataclass(frozen=True, slots=True)
class FilmWish:
    """An incident's film to be played with the cameras; `around_utc_s` is where it lies while nothing is known of its
    clock."""

    exhibit: Exhibit
    around_utc_s: float

    @property
    def camera_id(self) -> str:
        """What it is called among the cameras."""
        return FILM + self.exhibit.id


@dataclass(frozen=True, slots=True)
class FilmLane:
    """When a film runs, on the session's clock."""

    camera_id: str
    name: str
    from_utc_s: float
    to_utc_s: float


@dataclass(frozen=True, slots=True)
class FilmClockNote:
    """What is known of a film's clock. `offset_s` is what was added to it (None: it was never compared with ours);
    `against` is the moment it was set against, as words ("": typed when it was taken in); `by` who did so."""

    offset_s: float | None
    uncertainty_s: float | None
    against: str
    by: str


class FilmBench(Protocol):
    """The films of a session. Every call returns at once; sentences come on a task thread."""

    @property
    def held(self) -> str:
        """The film whose frame is held while the cameras go on; empty: none."""

    def add(self, film: FilmWish) -> str:
        """Play it too; its id among the cameras."""

    def lanes(self) -> Sequence[FilmLane]:
        """Those that who sits here may see, in the order in which they were added."""

    def clock_note(self, camera_id: str) -> FilmClockNote | None:
        """How its clock was set; None: no such film."""

    def hold(self, camera_id: str, utc_s: float) -> bool:
        """Hold the frame that is shown at this time of the session, while the cameras are brought to the same moment;
        False while it shows none."""

    def let_go(self) -> None:
        """The film goes on with the others."""

    def set_clock(
        self, real_utc_s: float, against: str, uncertainty_s: float, done: Callable[[float], None], refused: Said
    ) -> None:
        """The held frame shows this real time: `against` is the camera whose frame says so ("": none), sure to
        `uncertainty_s`. Written down first; `done` gets by how much the film was moved."""


class PlaybackSession(CameraDesk, Protocol):
    """Cameras in step on one clock. A feed's `status` says NO_SIGNAL with the gap's reason where footage is missing;
    its `tracks` are the stored ones of that moment."""

    @property
    def films(self) -> FilmBench | None:
        """Films that somebody brought; None: not here."""

    def place(self) -> PlaybackPlace:
        """Cheap; read per repaint."""

    def clock_note(self, camera_id: str) -> ClockNote | None:
        """What was taken out for this camera; None: nothing known."""

    def seek(self, utc_s: float) -> None:
        """All cameras to that time; playing goes on, standing stays standing. Newest wins."""

    def play(self, speed: float) -> None:
        """Go on at `speed` of `SPEEDS`, backwards when negative."""

    def pause(self) -> None:
        """Stand still."""

    def step(self, frames: int) -> None:
        """One frame of the camera `focus` on or back, the others to the same time; stands still afterwards."""

    def focus(self, camera_id: str) -> None:
        """The camera whose frames `step` counts."""

    def needs_reason(self, utc_s: float) -> bool:
        """Whether a look at this time needs a case or a reason that was not given yet: without it nothing is shown and
        a refusal is told."""

    def because(self, reason: str, incident_id: str = "") -> None:
        """What the looks from now on are for: written down with each of them. Followed by a `seek`."""

    def close(self) -> None:
        """Ends all feeds and threads of this session (within a second, by themselves)."""


class PlaybackDesk(Protocol):
    """Opens sessions; every opening is written down as access to recordings, per camera."""

    def needs_reason(self, utc_s: float) -> bool:
        """Whether to begin at this time a case or a reason must be given."""

    def open(
        self,
        camera_ids: Sequence[str],
        utc_s: float,
        reason: str = "",
        incident_id: str = "",
        films: Sequence[FilmWish] = (),
    ) -> PlaybackSession | None:
        """Standing at that time. None when too many are open or who sits here may see none of the cameras, and no film
        is to be played."""
