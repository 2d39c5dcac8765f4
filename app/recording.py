"""Recording of this site, composed: which cameras, where to, who writes, who looks after it. Starts nothing by itself.

`Recording.index` is what playback asks. A folder that cannot be used (taken, read-only, full) is said on the banner;
the wall and the journal go on without recording.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from app.bus import Bus
from app.cameras import CameraHub
from app.feeds import Banner
from app.footage_keeper import BANNER, FootageKeeper, adopt
from app.texts import sentence
from storage.errors import WatchfloorError
from storage.folders import Folders
from storage.footage_files import read_segment
from storage.footage_lock import FolderLock
from storage.journal import Journal
from storage.records import Camera, GapReason, Segment
from storage.segments import SegmentIndex
from storage.settings import RecordingSettings, Settings
from storage.worker import Worker
from video.recorder import RecorderPool

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecordingFigures:
    """For the health view: cameras that are recorded now, of how many; drops and failures since the start."""

    cameras: int = 0
    active: int = 0
    segments: int = 0
    dropped_gops: int = 0
    failures: int = 0
    total_bytes: int = 0


def recordings_folder(folders: Folders, settings: Settings) -> Path:
    """The settings' folder, or the usual one."""
    chosen = settings.recording.folder
    return Path(chosen).expanduser().absolute() if chosen else folders.recordings


class Recording:
    """`start` attaches cameras; `close` after all workers ended. Without an index nothing is recorded."""

    def __init__(self, folders: Folders, settings: Settings, journal: Journal, bus: Bus) -> None:
        self.folder = recordings_folder(folders, settings)
        self.index: SegmentIndex | None = None
        self.pool: RecorderPool | None = None
        self._bus = bus
        self._lock: FolderLock | None = None
        self._keeper: FootageKeeper | None = None
        self._failure: WatchfloorError | None = None
        if settings.recording.enabled:
            try:
                self._open(folders.footage_index, settings.recording, journal)
            except WatchfloorError as error:
                self._failure = error
                log.error("nothing is recorded: %s", error)
                self.close()
                self.index = self.pool = None

    def _open(self, path: Path, settings: RecordingSettings, journal: Journal) -> None:
        self._lock = FolderLock(self.folder)
        self.index = SegmentIndex(path)
        left_open = adopt(self.index, _told)
        for segment in left_open:
            self.index.open_gap(segment.camera_id, segment.to_utc_s, GapReason.UNKNOWN)
        self.pool = RecorderPool(self.folder, self.index, segment_s=float(settings.segment_s))
        self._keeper = FootageKeeper(
            self.folder, self.index, journal, settings, self._bus.publish, self._problem, left_open=left_open
        )

    @property
    def workers(self) -> tuple[Worker, ...]:
        """To be owned by the supervisor."""
        if self.pool is None or self._keeper is None:
            return ()
        return (*self.pool.workers, self._keeper)

    def start(self, hub: CameraHub, cameras: Iterable[Camera]) -> None:
        """Record these cameras, and keep them open for it."""
        if self._failure is not None:
            self._bus.publish(Banner(BANNER, sentence(self._failure)))
        if self.pool is None:
            return
        for camera in cameras:
            hub.record(camera, self.pool.add(camera.id).queue)

    def between(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> tuple[Segment, ...]:
        """Segments that hold something of this time; nothing without recording. Reads the index: not on the GUI's."""
        return self.index.between(camera_id, from_utc_s, to_utc_s) if self.index is not None else ()

    def recording(self, camera_id: str) -> bool:
        """Whether footage of this camera reaches the disk now; cheap, any thread."""
        return self.pool is not None and self.pool.recording(camera_id)

    def figures(self) -> RecordingFigures:
        """Counts so far."""
        if self.pool is None or self.index is None:
            return RecordingFigures()
        recorders = self.pool.recorders
        return RecordingFigures(
            cameras=len(recorders),
            active=sum(recorder.active for recorder in recorders),
            segments=sum(recorder.segments for recorder in recorders),
            dropped_gops=sum(recorder.dropped_gops for recorder in recorders),
            failures=sum(recorder.failures for recorder in recorders),
            total_bytes=self.index.total_bytes(),
        )

    def close(self) -> None:
        """Release index and folder; a second call does nothing."""
        if self.index is not None:
            self.index.close()
        if self._lock is not None:
            self._lock.release()

    def _problem(self) -> WatchfloorError | None:
        recorders = self.pool.recorders if self.pool else ()
        return next((recorder.problem for recorder in recorders if recorder.problem is not None), None)


def _told(path: Path) -> Segment | None:
    return read_segment(path).segment
