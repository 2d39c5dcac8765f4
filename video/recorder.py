"""Writes packets of many cameras to the disk as they came. A few threads serve all cameras.

Not one thread a camera: 64 that wait for the same disk's fsync stand in each other's way, and stop one by one. A camera
belongs to one writer; a slow disk makes its queue longer, then whole GOPs are dropped, counted, and become a gap.
"""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path

from storage.errors import StorageError
from storage.footage_folders import OneFolder
from storage.segments import SegmentIndex
from storage.worker import Worker
from video.camera_recorder import RETRY_S, CameraRecorder, OpenFile, Shelf
from video.recording_gate import RecordingGate
from video.segment_file import SegmentFile

log = logging.getLogger(__name__)

WRITERS = 2
TURN_S = 0.25


class Recorder(Worker):
    """One writer thread with its cameras. `add` may be called from any thread."""

    def __init__(self, name: str, index: SegmentIndex, turn_s: float = TURN_S) -> None:
        super().__init__(name)
        self._index = index
        self._turn_s = turn_s
        self._wake = threading.Event()
        self._cameras: tuple[CameraRecorder, ...] = ()

    @property
    def cameras(self) -> tuple[CameraRecorder, ...]:
        """Those that are recorded here."""
        return self._cameras

    def add(self, camera: CameraRecorder) -> None:
        """Record this camera too."""
        self._cameras = (*self._cameras, camera)

    def run(self) -> None:
        """Give every camera its turn, four times a second."""
        while not self.stopping.is_set():
            self.beat()
            self._round(time.monotonic())
            self._wake.wait(self._turn_s)
        for camera in self._cameras:
            self.beat()
            camera.end()

    def stop(self) -> None:
        """Ask to stop; every open segment is finished first."""
        super().stop()
        self._wake.set()

    def _round(self, now_s: float) -> None:
        progress = [done for camera in self._cameras if (done := camera.work(now_s)) is not None]
        if not progress:
            return
        try:
            self._index.grow(progress)
        except StorageError as error:
            log.warning("the recording index lags behind: %s", error)


class RecorderPool:
    """All writers of a site. Workers are started and stopped by their owner."""

    def __init__(
        self,
        shelf: Shelf | Path,
        index: SegmentIndex,
        *,
        segment_s: float = 60.0,
        writers: int = WRITERS,
        open_file: OpenFile = SegmentFile,
        retry_s: float = RETRY_S,
    ) -> None:
        self.workers = tuple(Recorder(f"recorder-{n}", index) for n in range(writers))
        self._shelf = OneFolder(shelf) if isinstance(shelf, Path) else shelf
        self._index = index
        self._segment_s = segment_s
        self._open_file, self._retry_s = open_file, retry_s
        self._recorders: dict[str, CameraRecorder] = {}

    def add(self, camera_id: str, gate: RecordingGate | None = None) -> CameraRecorder:
        """A recorder for a camera; its `queue` is what the camera's session feeds. `gate` says what is wanted."""
        recorder = CameraRecorder(
            camera_id,
            self._shelf,
            self._index,
            segment_s=self._segment_s,
            open_file=self._open_file,
            retry_s=self._retry_s,
            gate=gate,
        )
        self._recorders[camera_id] = recorder
        min(self.workers, key=lambda worker: len(worker.cameras)).add(recorder)
        return recorder

    def recording(self, camera_id: str) -> bool:
        """Whether footage of this camera reaches the disk now."""
        recorder = self._recorders.get(camera_id)
        return recorder is not None and recorder.active

    @property
    def recorders(self) -> tuple[CameraRecorder, ...]:
        """Of all cameras."""
        return tuple(self._recorders.values())
