"""Where the playback wall's facts come from at a site: footage and its gaps, stored tracks, offsets of the clocks.

Composes the desk; starts nothing. Files are read on the threads of a session's pool.
"""

from __future__ import annotations

import logging
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from app.acting import Acting
from app.archive import Archive
from app.film_feed import FilmSite
from app.people import People
from app.playback_feed import FeedSources
from app.playback_feeds import ClockNote
from app.playback_wall import PlaybackSite, Seat, SitePlaybackDesk
from app.recorded_tracks import RecordedTracks
from app.recording import Recording
from app.site_time import zone_of
from app.stored_tracks import stored_sets
from app.tasks import Tasks
from detection.detector import TrackSet
from storage.errors import StorageCode, StorageError
from storage.event_queries import EventQuery
from storage.records import Event
from storage.tracks import StoredTracks
from storage.worker import Supervisor
from video.footage import Footage
from video.synced_reel import Holdings
from video.timing import TRUST_S

log = logging.getLogger(__name__)

Offsets = Callable[[str, float], Sequence[tuple[float, float]]]
"""(time, how far the camera's clock was ahead) as it was measured around a time."""
ARRIVAL_S = 0.5
"""How sure the time of a camera is whose clock is not trusted, so that its pictures carry the time of arrival."""
_LEAST_S = 0.05
_AROUND_S = 3600.0
_SAME_DAY_S = 12 * 3600.0


def playback_desk(
    archive: Archive,
    people: People,
    footage: Footage,
    recording: Recording,
    supervisor: Supervisor,
    *,
    allowed: Callable[[str], bool],
    offsets: Offsets,
    films: FilmSite | None = None,
) -> SitePlaybackDesk:
    """The desk of a running site; `films` are those of incidents, where they are played."""
    index = recording.index
    holdings = Holdings(footage, index.reasons) if index is not None else Holdings(footage)
    tracks = RecordedTracks(TracksBeside(archive.folders.tracks).sets, EventsBeside(archive, people).of)
    sources = FeedSources(tracks.sets, lambda camera_id, utc_s: clock_note(offsets(camera_id, utc_s), utc_s))
    seat = Seat(people.audit.ask, lambda: people.seat.state.operator_id, allowed)
    return SitePlaybackDesk(PlaybackSite(holdings, lambda: archive.registry, supervisor, seat, sources, films=films))


def film_site(
    archive: Archive, people: People, tasks: Tasks, changed: Callable[[], None], allowed: Callable[[str], bool]
) -> FilmSite:
    """Where the films of incidents come from."""
    seat = people.seat
    return FilmSite(
        read=lambda incident_id, viewer_id: archive.journal.incident_file(incident_id, viewer_id=viewer_id),
        folder=archive.folders.evidence,
        ask=people.audit.ask,
        sits=lambda: seat.state.operator_id,
        acting=Acting(tasks, lambda: seat.actor, "a film's clock"),
        apply=archive.journal.apply,
        registry=lambda: archive.registry,
        zone=zone_of(archive.settings),
        allowed=allowed,
        changed=changed,
        stopping=lambda: tasks.ending,
    )


class EventsBeside:
    """Events for a picture: those that who sits here may know of."""

    def __init__(self, archive: Archive, people: People) -> None:
        self._journal, self._seat = archive.journal, people.seat

    def of(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> Sequence[Event]:
        """Of a time, by time; nothing where nobody sits."""
        viewer_id = self._seat.state.operator_id
        if not viewer_id:
            return ()
        return self._journal.find_events(EventQuery((camera_id,), from_utc_s, to_utc_s), viewer_id=viewer_id)


class TracksBeside:
    """Stored tracks for a picture; what cannot be read is as if it were not there."""

    def __init__(self, path: Path) -> None:
        self._stored = StoredTracks(path)

    def sets(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> list[TrackSet]:
        """Of a time, by time."""
        try:
            chunks = stored_sets(self._stored, camera_id, from_utc_s, to_utc_s)
            return sorted((found for _share, sets in chunks for found in sets), key=lambda found: found.utc_s)
        except StorageError as error:
            if error.code is not StorageCode.NOT_FOUND:
                log.warning("stored tracks are not shown: %s", error)
            return []


def clock_note(measured: Sequence[tuple[float, float]], utc_s: float) -> ClockNote | None:
    """What is to be taken out of a camera's times: the middle of what was measured in that hour, else on that day.

    Pictures of a clock that is further off than `video.timing` trusts carry the time of arrival instead: nothing is
    taken out of them."""
    near = [one for one in measured if abs(one[0] - utc_s) <= _SAME_DAY_S]
    if not near:
        return None
    hour = [offset_s for at_utc_s, offset_s in near if abs(at_utc_s - utc_s) <= _AROUND_S]
    values = hour or [offset_s for _at_utc_s, offset_s in near]
    middle = statistics.median(values)
    if abs(middle) > TRUST_S:
        return ClockNote(0.0, ARRIVAL_S)
    spread = max(abs(value - middle) for value in values) if len(values) > 1 else ARRIVAL_S
    return ClockNote(middle, max(spread, _LEAST_S))
