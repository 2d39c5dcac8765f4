"""Choosing what is a person's own: the tracks of a request, and a picture of each to know them by. Returns at once.

Looking is written down before anything is read (`RecordAccess`, the request's number as its reason), camera by camera.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

from app.archive import Archive
from app.bus import Bus
from app.camera_rights import seen_by
from app.errors import AppCode, AppError
from app.feeds import CommandRefused
from app.masks import masks_of
from app.subject_choice import TrackRow
from app.tasks import Tasks
from app.texts import sentence
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.records import Actor, BoxMark, Camera
from storage.release_records import Disclosure
from storage.segments import SegmentIndex
from storage.tracks import StoredTracks
from video.source import VideoError

log = logging.getLogger(__name__)

RowsFound = Callable[[tuple[TrackRow, ...]], None]
PictureFound = Callable[[bytes], None]
_MARGIN_S = 2.0


class SubjectDesk(Protocol):
    """What a view that chooses tracks can ask. Answers come on a task thread, refusals over the bus."""

    def cameras(self) -> tuple[Camera, ...]:
        """For their names."""

    def rows(self, disclosure: Disclosure, found: RowsFound) -> None:
        """The stored tracks of the request, camera after camera; none where none are stored."""

    def picture(self, disclosure: Disclosure, row: TrackRow, found: PictureFound) -> None:
        """The track where it is largest, marked, privacy masks burned in; no bytes where there is no recording."""


class SubjectTracks:
    """The looking itself, over one archive and its recordings. Blocking: not on the GUI thread."""

    def __init__(self, archive: Archive, index: SegmentIndex) -> None:
        self._archive, self._index = archive, index

    def rows(self, disclosure: Disclosure, actor: Actor) -> tuple[TrackRow, ...]:
        """Each camera's look is written down first. Raises StorageError."""
        from app.subject_access import rows_of  # what draws films: not at start

        stored, rows = StoredTracks(self._archive.folders.tracks), []
        for camera_id in disclosure.camera_ids:
            self._write_down(disclosure, camera_id, actor)
            rows += rows_of(stored, camera_id, disclosure.from_utc_s, disclosure.to_utc_s)
        return tuple(rows)

    def picture(self, disclosure: Disclosure, row: TrackRow, actor: Actor) -> bytes:
        """No bytes where there is no recording. Raises StorageError."""
        from app.marked_still import marked_still  # Pillow: not at start
        from app.masked_still import masked_still
        from video.footage import FilePiece
        from video.recorded_still import recorded_still

        camera_id, at_s = row.track.camera_id, row.best_utc_s
        self._refuse_unseen(camera_id, actor)
        segments = self._index.between(camera_id, at_s - _MARGIN_S, at_s + _MARGIN_S)
        pieces = [FilePiece(segment.path, segment.from_utc_s, segment.to_utc_s) for segment in segments]
        try:
            still = recorded_still(pieces, at_s, _MARGIN_S)
            covered = masked_still(still.jpeg, masks_of(self._archive.journal.registry(), camera_id))
            return marked_still(covered, (BoxMark(row.best_box, row.label, 1.0, row.track.track_id),))
        except (VideoError, OSError) as error:
            log.info("no picture of a track of %s: %s", disclosure.number, error)
            return b""

    def _write_down(self, disclosure: Disclosure, camera_id: str, actor: Actor) -> None:
        self._refuse_unseen(camera_id, actor)
        access = RecordAccess(
            AccessKind.PLAYBACK,
            disclosure.number,
            camera_id,
            from_utc_s=disclosure.from_utc_s,
            to_utc_s=disclosure.to_utc_s,
            detail="tracks to choose from",
        )
        self._archive.journal.apply(access, actor)

    def _refuse_unseen(self, camera_id: str, actor: Actor) -> None:
        seen = seen_by(self._archive.journal.registry(), actor.id)
        if seen is not None and camera_id not in seen:
            raise StorageError(StorageCode.NOT_PERMITTED, actor=actor.id, permission="camera", id=camera_id)


class SiteSubjectDesk:
    """Of one archive and its recordings; `actor` says who sits here now."""

    def __init__(
        self, archive: Archive, index: SegmentIndex, bus: Bus, tasks: Tasks, actor: Callable[[], Actor]
    ) -> None:
        self._archive, self._bus, self._tasks, self._actor = archive, bus, tasks, actor
        self._tracks = SubjectTracks(archive, index)

    def cameras(self) -> tuple[Camera, ...]:
        """As read at start."""
        return tuple(self._archive.registry.cameras)

    def rows(self, disclosure: Disclosure, found: RowsFound) -> None:
        """See `SubjectDesk`."""
        self._act(lambda actor: found(self._tracks.rows(disclosure, actor)))

    def picture(self, disclosure: Disclosure, row: TrackRow, found: PictureFound) -> None:
        """See `SubjectDesk`."""
        self._act(lambda actor: found(self._tracks.picture(disclosure, row, actor)))

    def _act(self, work: Callable[[Actor], None]) -> None:
        try:
            actor = self._actor()
        except WatchfloorError as error:
            self._refuse(error)
            return
        if not self._tasks.submit(lambda: work(actor), failed=self._failed):
            self._refuse(AppError(AppCode.SEAT_BUSY))

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, WatchfloorError):
            log.error("tracks to choose from could not be read", exc_info=error)
        self._refuse(error if isinstance(error, WatchfloorError) else AppError(AppCode.INTERNAL))

    def _refuse(self, error: WatchfloorError) -> None:
        self._bus.publish(CommandRefused(sentence(error)))
