"""What the timeline sees of the runtime: recording, gaps, motion, events, bookmarks and incidents of many cameras,
counted into as many columns as it paints; and small pictures of a moment. Made by `app.timeline_desk`.

An answer is small whatever the time is: a byte a column, row and layer. Facts of cameras that who sits here may not
see, and of incidents that they must not know of, are not in it. Calls may be made on the GUI thread, return at once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from app.masks import Polygon
from storage.footage_records import Gap, GapReason
from video.frame import Picture

MOST_COLUMNS = 4096
MOST_CAMERAS = 64

REASONS: tuple[GapReason, ...] = (
    GapReason.NOT_PLANNED,
    GapReason.DELETED,
    GapReason.STOPPED,
    GapReason.UNKNOWN,
    GapReason.CLOCK_STEP,
    GapReason.NO_SIGNAL,
    GapReason.TOO_SLOW,
    GapReason.DISK_FAILED,
    GapReason.DISK_FULL,
)
"""What matters more stands later: of several gaps in a column the worst is told."""
PLANNED = frozenset({GapReason.NOT_PLANNED, GapReason.DELETED})
"""Nothing went wrong there."""


class MarkKind(StrEnum):
    """What stands over a row at a moment."""

    MARK = "mark"
    BOOKMARK = "bookmark"
    INCIDENT = "incident"


@dataclass(frozen=True, slots=True)
class TimelineQuestion:
    """At most `MOST_CAMERAS` and `MOST_COLUMNS`; the order of cameras is that of the rows."""

    camera_ids: tuple[str, ...]
    from_utc_s: float
    to_utc_s: float
    columns: int

    @property
    def column_s(self) -> float:
        """How long one column is."""
        return (self.to_utc_s - self.from_utc_s) / max(self.columns, 1)


@dataclass(frozen=True, slots=True)
class TimelineMark:
    """`text` is a number, or an operator's words; `severity` 0: it has none."""

    utc_s: float
    kind: MarkKind
    text: str = ""
    severity: int = 0
    subject_id: str = ""


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """One camera; a byte a column: `recorded` the share of it (0..255), `missing` why some is missing (0: nothing is,
    else 1 + the place in `REASONS`), `severity` the highest of its events (0: none), `motion` how much moved (0..255;
    no bytes at all: nothing is known), `foreign` the share that was fetched from a recorder elsewhere (no bytes at all:
    nothing was). `gaps` are those of a column's length and more, `event_utc_s` when events were
    (of many in one column the first), both oldest first."""

    camera_id: str
    name: str
    recorded: bytes = b""
    missing: bytes = b""
    severity: bytes = b""
    motion: bytes = b""
    gaps: tuple[Gap, ...] = ()
    event_utc_s: tuple[float, ...] = ()
    marks: tuple[TimelineMark, ...] = ()
    foreign: bytes = b""


@dataclass(frozen=True, slots=True)
class TimelineAnswer:
    """Rows in the order asked for; of a camera that may not be seen there is none. Nothing is known after
    `now_utc_s`."""

    question: TimelineQuestion
    rows: tuple[TimelineRow, ...]
    now_utc_s: float


@dataclass(frozen=True, slots=True)
class RecordedDay:
    """A day of the site's calendar and which share of it (0..1, over all cameras asked for) is recorded."""

    day: date
    share: float


@dataclass(frozen=True, slots=True)
class Preview:
    """A key frame near the asked time, to be covered by `masks`; `picture` None: nothing is recorded there."""

    camera_id: str
    asked_utc_s: float
    picture: Picture | None = None
    masks: tuple[Polygon, ...] = ()


Shown = Callable[[Preview], None]
Failed = Callable[[str], None]
"""Told a sentence for the operator; not called for what a newer question took the place of."""


class PreviewFeed(Protocol):
    """Small pictures for one opened view, of one camera at a time. Looking counts as playback of that camera: it is
    written down once, before the first picture is given."""

    def want(self, camera_id: str, utc_s: float, width_px: int, height_px: int, shown: Shown) -> None:
        """The key frame nearest before that time, no larger than so many device pixels. The newest wish wins; `shown`
        is called on a worker's thread. Not called when it is refused."""

    def close(self) -> None:
        """Nobody looks any more."""


class TimelineDesk(Protocol):
    """`done` and `failed` are called on a worker's thread, at most one of them, once."""

    def ask(
        self, asker: Hashable, question: TimelineQuestion, done: Callable[[TimelineAnswer], None], failed: Failed
    ) -> None:
        """A newer question of the same asker takes the place of an older one, which is never answered then."""

    def days(
        self,
        camera_ids: Sequence[str],
        first: date,
        count: int,
        done: Callable[[tuple[RecordedDay, ...]], None],
        failed: Failed,
    ) -> None:
        """So many days of the site's calendar from `first` on, with what is recorded of them. Each is answered."""

    def previews(self, reason: str, incident_id: str | None = None) -> PreviewFeed:
        """Begin to look: what is older than some minutes needs a reason or a case."""
