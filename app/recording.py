"""Recording of this site, composed: which cameras, where to, who writes, who looks after it. Starts nothing by itself.

`Recording.index` is what playback asks. A folder that cannot be used (taken, read-only, full) is said on the banner;
the wall and the journal go on without recording.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.age_clock import AgeClock, newest_known
from app.bus import Bus
from app.cameras import CameraHub
from app.errors import AppCode, AppError
from app.feeds import Banner
from app.footage_keeper import BANNER, FootageKeeper
from app.index_repair import open_index
from app.recorded_cameras import RecordedCameras
from app.site_time import zone_of
from app.texts import sentence
from storage.errors import WatchfloorError
from storage.folders import Folders
from storage.footage_files import read_segment
from storage.footage_folders import FootageFolders
from storage.footage_records import GapReason, Segment
from storage.journal import Journal, Registry
from storage.segments import SegmentIndex
from storage.settings import RecordingSettings, Settings
from storage.worker import Worker
from video.recorder import RecorderPool

log = logging.getLogger(__name__)

_MOST_OPEN = 1000
"""A crash leaves one segment a camera open; what is older is only not hashed yet, and has time."""


@dataclass(frozen=True, slots=True)
class RecordingFigures:
    """For the health view: cameras that are recorded now, of how many; drops and failures since the start."""

    cameras: int = 0
    active: int = 0
    segments: int = 0
    dropped_gops: int = 0
    failures: int = 0
    total_bytes: int = 0


def recordings_folders(folders: Folders, settings: Settings) -> tuple[Path, ...]:
    """The settings' folder, or the usual one, and the further ones."""
    chosen = settings.recording.folder
    first = Path(chosen).expanduser().absolute() if chosen else folders.recordings
    return (first, *(Path(one).expanduser().absolute() for one in settings.recording.folders))


class Recording:
    """`start` attaches cameras; `close` after all workers ended. Without an index nothing is recorded."""

    def __init__(self, folders: Folders, settings: Settings, journal: Journal, bus: Bus) -> None:
        self.index: SegmentIndex | None = None
        self.pool: RecorderPool | None = None
        self._bus = bus
        self._folders: FootageFolders | None = None
        self._keeper: FootageKeeper | None = None
        self._cameras: RecordedCameras | None = None
        self._zone = zone_of(settings)
        self._asked, self._starting = threading.Event(), threading.Lock()
        self._failure: WatchfloorError | None = None
        if settings.recording.enabled:
            try:
                self._folders = FootageFolders(recordings_folders(folders, settings), known=folders.known_recordings)
                self._open(self._folders, folders.footage_index, settings.recording, journal)
            except WatchfloorError as error:
                self._failure = error
                log.error("nothing is recorded: %s", error)
                self.close()
                self.index = self.pool = self._cameras = None

    def _open(self, folders: FootageFolders, path: Path, settings: RecordingSettings, journal: Journal) -> None:
        self.index = open_index(path, folders.paths)
        for segment in adopt(self.index, _told):
            self.index.open_gap(segment.camera_id, segment.to_utc_s, GapReason.UNKNOWN)
        self.pool = RecorderPool(folders, self.index, segment_s=float(settings.segment_s))
        self._cameras = RecordedCameras(self.pool, self._zone, time.time)
        ages = AgeClock(newest_known(self.index.newest_before))
        self._keeper = FootageKeeper(
            folders, self.index, journal, settings, self._bus.publish, self._cameras, ages=ages
        )

    @property
    def workers(self) -> tuple[Worker, ...]:
        """To be owned by the supervisor."""
        if self.pool is None or self._keeper is None:
            return ()
        return (*self.pool.workers, self._keeper)

    def start(self, hub: CameraHub, newest: Callable[[], Registry]) -> None:
        """Record the cameras as planned, and keep them open for it. Again after plans or cameras have changed, on any
        thread: who comes while another one is at it leaves it to that one, which asks for the `newest` registry."""
        if self._failure is not None:
            self._bus.publish(Banner(BANNER, sentence(self._failure)))
        self._asked.set()
        while self._cameras is not None and self._asked.is_set() and self._starting.acquire(blocking=False):
            try:
                self._asked.clear()
                self._cameras.start(hub, newest())
            finally:
                self._starting.release()

    def event(self, camera_id: str, utc_s: float) -> None:
        """Something happened there: a camera that is recorded on event is, from 10 s before it. Any thread."""
        if self._cameras is not None:
            self._cameras.event(camera_id, utc_s)

    @property
    def problem(self) -> WatchfloorError | None:
        """What keeps footage from the disk now."""
        if self._failure is not None:
            return self._failure
        trouble = self._cameras.trouble if self._cameras is not None else None
        return trouble or (self._folders.problem if self._folders is not None else None)

    def start_now(self, camera_id: str, seconds: float) -> bool:
        """Record for so long whatever the plan says; False where nothing can be recorded. Any thread."""
        return self._cameras is not None and self._cameras.start_now(camera_id, seconds)

    def between(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> tuple[Segment, ...]:
        """Segments that hold something of this time; nothing without recording. Reads the index: not on the GUI's."""
        return self.index.between(camera_id, from_utc_s, to_utc_s) if self.index is not None else ()

    def folder_of(self, camera_id: str) -> Path:
        """Where a camera's next file belongs. Raises StorageError(FOLDER_MISSING), AppError(NO_RECORDINGS)."""
        if self._folders is None:
            raise AppError(AppCode.NO_RECORDINGS)
        return self._folders.choose(camera_id)

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
        if self._folders is not None:
            self._folders.release()


def adopt(index: SegmentIndex, read: Callable[[Path], Segment | None]) -> tuple[Segment, ...]:
    """Segments that a crash left open, as their files tell; the others are forgotten. Before recording."""
    found: list[Segment] = []
    for segment in index.unfinished(_MOST_OPEN, newest=True):
        told = read(Path(segment.path))
        if told is None or told.id != segment.id:
            log.warning("segment %s was left open and cannot be read", segment.path)
            index.discard(segment.id)
            continue
        found.append(told)
    index.grow((segment.id, segment.to_utc_s, segment.bytes) for segment in found)
    return tuple(found)


def _told(path: Path) -> Segment | None:
    return read_segment(path).segment
