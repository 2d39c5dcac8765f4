"""What the search page asks: moments in recordings, by motion in a drawn region, by kind and class of events, or by
stored tracks that cross a line or stay in a region. Made by `app.footage_searcher`.

A search is pulled: the page takes what has come since it last asked, so that nothing piles up for a slow screen. Calls
are made on the GUI thread and return at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from app.i18n import marked
from storage.records import RuleKind

Point = tuple[float, float]
MOST_MOMENTS = 300
"""A search that finds more ends there and says so."""
LONGEST_S = 31 * 86_400.0


class SearchKind(StrEnum):
    """What is looked for."""

    MOTION = "motion"
    EVENTS = "events"
    LINE = "line"
    REGION = "region"


KIND_TEXTS = {
    SearchKind.MOTION: marked("Motion in a region"),
    SearchKind.EVENTS: marked("Events by kind and class"),
    SearchKind.LINE: marked("Stored tracks over a line"),
    SearchKind.REGION: marked("Stored tracks in a region"),
}
DRAWN = frozenset({SearchKind.MOTION, SearchKind.LINE, SearchKind.REGION})
"""Needs a drawing on one camera's picture."""


@dataclass(frozen=True, slots=True)
class FootageQuery:
    """`ground`: the number of the case, or the reason. `camera_ids`: of events also several, none of them: all that may
    be seen. `points`: the line or region, 0..1. `labels` and `event_kinds`: none of them is any. `direction` of a line:
    "in", "out", "" both. `thorough`: motion in every frame instead of key frames."""

    kind: SearchKind
    camera_ids: tuple[str, ...]
    from_utc_s: float
    to_utc_s: float
    ground: str
    points: tuple[Point, ...] = ()
    labels: tuple[str, ...] = ()
    event_kinds: tuple[RuleKind, ...] = ()
    direction: str = ""
    stay_s: float = 0.0
    thorough: bool = False


@dataclass(frozen=True, slots=True)
class MomentPicture:
    """A small picture, privacy masks burned in."""

    utc_s: float
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class FoundMoment:
    """`utc_s` is what to show of it; `text` a translated sentence; `pictures` in the order of time, none where nothing
    is recorded, `cover` the place of the one nearest to `utc_s`."""

    camera_id: str
    utc_s: float
    from_utc_s: float
    to_utc_s: float
    text: str
    pictures: tuple[MomentPicture, ...] = ()
    cover: int = 0


class SearchState(StrEnum):
    """RUNNING also while it waits; FULL: there is more than `MOST_MOMENTS`."""

    RUNNING = "running"
    DONE = "done"
    FULL = "full"
    CANCELLED = "cancelled"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class SearchNews:
    """What has come since the last question, and how far it is (0..1). `sentence`: why it was refused, what is not
    known; empty else."""

    moments: tuple[FoundMoment, ...] = ()
    share: float = 0.0
    state: SearchState = SearchState.RUNNING
    sentence: str = ""


class SearchRun(Protocol):
    """One search that was asked for."""

    def take(self) -> SearchNews:
        """News; each moment once."""

    def cancel(self) -> None:
        """Nobody waits for it any more; it ends at the next picture."""


class FootageSearchDesk(Protocol):
    """One search at a time: a newer one ends the one before."""

    def begin(self, query: FootageQuery) -> SearchRun:
        """Written down as access to recordings, per camera, before anything is given."""
