"""How each kind of search finds its moments, one after the other. No threads, no rights: `app.footage_searcher` has
both. Times come from footage, events and tracks, never the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import AppCode, AppError
from app.footage_search import FootageQuery, FoundMoment, SearchKind
from app.i18n import _, marked
from app.labels import label_of, object_name
from app.masks import masks_of
from app.stored_tracks import stored_sets
from detection.geometry import checked_polygon
from detection.rules import AREA, LINE, RuleEngine
from storage.class_names import OUR_CLASSES
from storage.errors import StorageCode, StorageError
from storage.event_queries import EventQuery
from storage.records import Event, RuleKind, RuleSpec, Zone
from storage.tracks import StoredTracks
from video.footage import Footage
from video.motion_search import Region, find_motion

if TYPE_CHECKING:
    from app.archive import Archive

Moments = Generator[FoundMoment, None, None]
GoOn = Callable[[float], bool]
"""Told the share (0..1) that is done; may rest; False ends the search."""
THOROUGH_S = 0.4
_PAGE = 50
_LOOKS = 64
_DRAWN = "drawn"


@dataclass(frozen=True, slots=True)
class Finders:
    """Where to look. `tracks` is the file of stored tracks."""

    archive: Archive
    footage: Footage
    tracks: Path

    def moments(self, query: FootageQuery, viewer_id: str, go_on: GoOn) -> Moments:
        """Raises AppError(NO_FOOTAGE_THERE, NO_TRACKS_THERE), DetectionError(BAD_ZONE), StorageError, VideoError."""
        if query.kind is SearchKind.MOTION:
            return self._motion(query, go_on)
        if query.kind is SearchKind.EVENTS:
            return self._events(query, viewer_id, go_on)
        return self._tracks(query, go_on)

    def _motion(self, query: FootageQuery, go_on: GoOn) -> Moments:
        camera_id = query.camera_ids[0]
        hidden = masks_of(self.archive.registry, camera_id)
        region = Region(checked_polygon(query.points), hidden)
        pieces = self.footage.reel(camera_id, query.from_utc_s, query.to_utc_s)
        if not pieces:
            raise AppError(AppCode.NO_FOOTAGE_THERE)
        progress = _Progress(query, go_on)
        thorough_s = THOROUGH_S if query.thorough else 0.0
        for motion in find_motion(
            pieces, query.from_utc_s, query.to_utc_s, region, progress.told, thorough_s=thorough_s
        ):
            text = _("Motion in {share} of the region").format(share=f"{max(motion.share, 0.01):.0%}")
            yield FoundMoment(camera_id, motion.peak_utc_s, motion.from_utc_s, motion.to_utc_s, text)

    def _events(self, query: FootageQuery, viewer_id: str, go_on: GoOn) -> Moments:
        wanted = EventQuery(query.camera_ids, query.from_utc_s, query.to_utc_s, query.event_kinds, query.labels)
        progress = _Progress(query, go_on)
        last: Event | None = None
        while True:
            events = self.archive.journal.find_events(wanted, after=last, limit=_PAGE, viewer_id=viewer_id)
            for event in events:
                if not progress.told(event.utc_s):
                    return
                yield FoundMoment(event.camera_id, event.utc_s, event.since_utc_s, event.utc_s, event_text(event))
            if len(events) < _PAGE:
                return
            last = events[-1]

    def _tracks(self, query: FootageQuery, go_on: GoOn) -> Moments:
        camera_id, stored = query.camera_ids[0], StoredTracks(self.tracks)
        labels = query.labels or OUR_CLASSES
        engine = _drawn_rules(query, camera_id, labels)
        if not _is_covered(stored, query):
            raise AppError(AppCode.NO_TRACKS_THERE)
        done = 0.0
        for share, sets in stored_sets(stored, camera_id, query.from_utc_s, query.to_utc_s, labels):
            for looked, found in enumerate(sets):
                for event in engine.update(found):
                    yield FoundMoment(camera_id, event.utc_s, event.since_utc_s, event.utc_s, _track_text(event))
                if looked % _LOOKS == 0 and not go_on(done):
                    return
            done = share


class _Progress:
    """How far a search through time is."""

    def __init__(self, query: FootageQuery, go_on: GoOn) -> None:
        self._from_utc_s, self._go_on = query.from_utc_s, go_on
        self._length_s = max(query.to_utc_s - query.from_utc_s, 1e-6)
        self._share = 0.0

    def told(self, utc_s: float) -> bool:
        """What was looked at up to now; False ends it."""
        self._share = min(max((utc_s - self._from_utc_s) / self._length_s, self._share), 1.0)
        return self._go_on(self._share)


def event_text(event: Event) -> str:
    """What an event was, and of whom."""
    kind = label_of(event.kind)
    return _("{kind}: {what}").format(kind=kind, what=object_name(event.label)) if event.label else kind


_TRACK_TEXTS = {
    "in": marked("{what} over the line, from its left to its right"),
    "out": marked("{what} over the line, from its right to its left"),
    AREA: marked("{what} in the region for {seconds} s"),
}
"""By the id of the rule that was made for it."""


def _track_text(event: Event) -> str:
    seconds = f"{event.utc_s - event.since_utc_s:.0f}"
    text = _(_TRACK_TEXTS[event.rule_id]).format(what=object_name(event.label), seconds=seconds)
    return text[:1].upper() + text[1:]


def _drawn_rules(query: FootageQuery, camera_id: str, labels: tuple[str, ...]) -> RuleEngine:
    """The drawing as rules that are silent about nothing; each direction over a line is one of its own, so that an
    event says which it was. Raises DetectionError(BAD_ZONE)."""
    over_line = query.kind is SearchKind.LINE
    kind = RuleKind.LINE_CROSSING if over_line else RuleKind.INTRUSION
    ids = ((query.direction,) if query.direction else ("in", "out")) if over_line else (AREA,)
    zone = Zone(_DRAWN, camera_id, "", query.points, kind=LINE if over_line else AREA)
    rule = RuleSpec(_DRAWN, camera_id, _DRAWN, "", kind, labels, min_score=0.0, hold_s=query.stay_s, cooldown_s=0.0)
    rules = [replace(rule, id=one, direction=one if over_line else "") for one in ids]
    return RuleEngine(camera_id, rules, (zone,))


def _is_covered(stored: StoredTracks, query: FootageQuery) -> bool:
    try:
        return stored.coverage(query.camera_ids[0], query.from_utc_s, query.to_utc_s) is not None
    except StorageError as error:
        if error.code is not StorageCode.NOT_FOUND:
            raise
        return False
