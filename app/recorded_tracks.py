"""Stored tracks as an overlay draws them: how fast each thing moves between its looks, and for which an alarm came.

Chunks keep neither (`storage.track_chunks`): speed follows from where a track is seen next, and alarms are the
journal's. Read on the threads of a playback session, never on the GUI's.
"""

from __future__ import annotations

import logging
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from detection.detector import Track, TrackSet, TrackState
from storage.errors import WatchfloorError
from storage.records import Event

log = logging.getLogger(__name__)

NEXT_S = 1.5
"""A track that is seen again later than this has gone nobody knows how."""
SHOWN_S = 10.0
"""So long after its event a track is marked, where it is still there."""

SetsOf = Callable[[str, float, float], Sequence[TrackSet]]
EventsOf = Callable[[str, float, float], Sequence[Event]]
"""Events of a camera and time that who sits here may know of, by time; reads the journal."""
Velocity = tuple[float, float]


class RecordedTracks:
    """Both together. What the journal cannot say is as if there had been no event."""

    def __init__(self, sets_of: SetsOf, events_of: EventsOf) -> None:
        self._sets_of, self._events_of = sets_of, events_of

    def sets(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> list[TrackSet]:
        """As `playback_feed.SetsOf`."""
        sets = in_motion(self._sets_of(camera_id, from_utc_s, to_utc_s))
        if not sets:
            return sets
        try:
            events = self._events_of(camera_id, from_utc_s - SHOWN_S, to_utc_s)
        except WatchfloorError as error:
            log.warning("alarms are not shown on recorded pictures: %s", error)
            return sets
        return with_alarms(sets, events)


def in_motion(sets: Sequence[TrackSet]) -> list[TrackSet]:
    """The same looks, by time; each track with the speed that takes it to where it is seen next, and one that is not
    seen any more with the speed that it had."""
    later: dict[int, Track] = {}
    speeds: list[dict[int, Velocity | None]] = []
    for found in reversed(sets):
        speeds.append({track.id: _speed(track, later.get(track.id)) for track in found.tracks})
        later.update((track.id, track) for track in found.tracks if track.state is TrackState.LIVE)
    known: dict[int, Velocity] = {}
    moving = []
    for found, ahead in zip(sets, reversed(speeds), strict=True):
        known = {track_id: speed or known.get(track_id, (0.0, 0.0)) for track_id, speed in ahead.items()}
        moving.append(replace(found, tracks=tuple(replace(track, velocity=known[track.id]) for track in found.tracks)))
    return moving


def with_alarms(sets: Sequence[TrackSet], events: Iterable[Event]) -> list[TrackSet]:
    """The same looks with the tracks marked of which an event told."""
    marked = [set[int]() for _ in sets]
    times = [found.utc_s for found in sets]
    for event in events:
        for number in range(bisect_left(times, event.utc_s), bisect_right(times, event.utc_s + SHOWN_S)):
            if any(track.id == event.track_id for track in sets[number].tracks):
                marked[number].add(event.track_id)
    return [replace(found, alarmed=frozenset(ids)) if ids else found for found, ids in zip(sets, marked, strict=True)]


def _speed(track: Track, later: Track | None) -> Velocity | None:
    """Shares of the picture a second until it is seen again; None where that is not known."""
    if later is None or not 0.0 < later.last_utc_s - track.last_utc_s <= NEXT_S:
        return None
    passed_s, here, there = later.last_utc_s - track.last_utc_s, track.box, later.box
    right, down = there.x1 + there.x2 - here.x1 - here.x2, there.y1 + there.y2 - here.y1 - here.y2
    return right / 2 / passed_s, down / 2 / passed_s
