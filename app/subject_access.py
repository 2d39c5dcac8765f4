"""A person asks what is stored of them (GDPR Art. 15 and national laws): which tracks are theirs, and what of the
recordings may be shown. Blocking; a task's thread.

The person's own tracks are chosen by a human, by looking: nothing here recognises anybody. What is not chosen is not
shown sharp (`video.view_copy`): without stored tracks the whole picture is pixelated.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from app.package_content import CameraScope
from app.subject_choice import OwnTrack, SubjectChoice, TrackRow
from storage.errors import StorageCode, StorageError
from storage.records import Box
from storage.release_records import Disclosure
from storage.side_file import BROKEN
from storage.track_chunks import SeenTrack
from storage.tracks import StoredTracks
from video.view_copy import SeenBox

log = logging.getLogger(__name__)

OWN, OTHER = 1, 0
"""Track numbers in the scopes made here: numbers of the detector begin anew with every start of it."""
_SAME_FIRST_S = 0.05
_PAUSE_S = 2.0
_NEAR_S = 0.7
_LIVE_S = 0.01
MOST_ROWS = 400


def rows_of(stored: StoredTracks, camera_id: str, from_utc_s: float, to_utc_s: float) -> list[TrackRow]:
    """Tracks of a camera in a time, the first seen first, at most `MOST_ROWS`; empty where none are stored."""
    found: dict[OwnTrack, TrackRow] = {}
    for utc_s, track, own in _sightings(stored, camera_id, from_utc_s, to_utc_s):
        if not _live(utc_s, track):
            continue
        row = found.get(own)
        if row is None:
            if len(found) < MOST_ROWS:
                found[own] = TrackRow(own, track.label, utc_s, 1, utc_s, track.box)
            continue
        row = replace(row, last_utc_s=utc_s, looks=row.looks + 1)
        if _size(track.box) > _size(row.best_box):
            row = replace(row, best_utc_s=utc_s, best_box=track.box)
        found[own] = row
    return list(found.values())


def subject_scopes(disclosure: Disclosure, choice: SubjectChoice, stored: StoredTracks) -> tuple[CameraScope, ...]:
    """One scope a camera of the request: own tracks sharp, all else pixelated."""
    return tuple(_scope(disclosure, camera_id, choice.tracks, stored) for camera_id in disclosure.camera_ids)


def _scope(disclosure: Disclosure, camera_id: str, chosen: Sequence[OwnTrack], stored: StoredTracks) -> CameraScope:
    begin, end = disclosure.from_utc_s, disclosure.to_utc_s
    scope = CameraScope(camera_id, begin, end, hide_rest=True)
    wanted = frozenset(track for track in chosen if track.camera_id == camera_id)
    if not wanted:
        return scope
    own, others = [], []
    for utc_s, track, run in _sightings(stored, camera_id, begin, end):
        if run not in wanted:
            others.append(SeenBox(utc_s, OTHER, track.box))
        elif _live(utc_s, track):
            own.append(SeenBox(utc_s, OWN, track.box))
    own.sort(key=_time_of)
    times = [seen.utc_s for seen in own]
    near = tuple(seen for seen in others if _is_near(times, seen.utc_s))
    return replace(scope, boxes=(*own, *near), keep_track=OWN) if own else scope


def _sightings(
    stored: StoredTracks, camera_id: str, from_utc_s: float, to_utc_s: float
) -> Iterator[tuple[float, SeenTrack, OwnTrack]]:
    """Every track of every look with the run that it belongs to; nothing, with a word in the log, where there is no
    file or it cannot be read."""
    runs: dict[int, _Run] = {}
    try:
        for _share, looks in stored.looks(camera_id, from_utc_s, to_utc_s):
            for look in looks:
                for track in look.tracks:
                    run = runs.get(track.id)
                    if run is None or not run.goes_on(look.utc_s, track):
                        own = OwnTrack(camera_id, track.id, round(look.utc_s, 3))
                        runs[track.id] = run = _Run(own, track.first_utc_s, look.utc_s)
                    run.last_utc_s = look.utc_s
                    yield look.utc_s, track, run.own
    except StorageError as error:
        if error.code is not StorageCode.NOT_FOUND and error.code not in BROKEN:
            raise
        log.warning("no stored tracks of camera %s can be read: %s", camera_id, error.code.value)


@dataclass(slots=True)
class _Run:
    """A track while it is read."""

    own: OwnTrack
    first_utc_s: float
    last_utc_s: float

    def goes_on(self, utc_s: float, track: SeenTrack) -> bool:
        """A chunk knows only one beginning of a number: a pause tells a new start of the detector, too."""
        same = abs(track.first_utc_s - self.first_utc_s) < _SAME_FIRST_S
        return same and 0.0 <= utc_s - self.last_utc_s <= _PAUSE_S


def _live(utc_s: float, track: SeenTrack) -> bool:
    """Whether it was seen in this look: where it was only expected, somebody else may be."""
    return abs(utc_s - track.last_utc_s) < _LIVE_S


def _is_near(times: Sequence[float], utc_s: float) -> bool:
    at = bisect_left(times, utc_s - _NEAR_S)
    return at < len(times) and times[at] <= utc_s + _NEAR_S


def _size(box: Box) -> float:
    return (box.x2 - box.x1) * (box.y2 - box.y1)


def _time_of(seen: SeenBox) -> float:
    return seen.utc_s
