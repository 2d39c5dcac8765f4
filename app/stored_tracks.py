"""Keeps the looks of all cameras as stored tracks, a chunk a camera and minute, and gives them back as TrackSets.

`take` is called on the detection service's thread for every look and returns at once; a bounded queue drops the oldest
and counts them. Packing, writing and pruning are the worker's own. Looks that saw nothing are kept once a second: rules
need to know that time went on, no more. No identities are kept, so erasure does not concern this; retention does
(`storage.tracks`). A file that cannot be read is set aside, and a new one begins.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from detection.detector import Track, TrackSet, TrackState
from storage.errors import StorageError, WatchfloorError
from storage.settings import TrackSettings
from storage.side_file import BROKEN, set_aside
from storage.track_chunks import MOST_LOOKS, SeenLook, SeenTrack, is_sound, pack
from storage.tracks import CHUNK_S, Chunk, HeldSpan, Pruned, StoredTracks, TrackStore
from storage.verdict_queries import Judged
from storage.worker import Worker

log = logging.getLogger(__name__)

QUEUE = 8192
AROUND_S = 30.0
"""What is kept before and after an alarm that was judged."""

_BATCH_S = 1.0
_EMPTY_S = 1.0
_PRUNE_S = 3600.0
_RETRY_S = 60.0
_MOST_WAITING = 2000
"""Chunks that wait for a file that cannot be written."""

Verdicts = Callable[[float], Sequence[Judged]]
"""Alarms that have a verdict and had events since then."""


@dataclass(slots=True)
class _Minute:
    """One camera's looks that are not packed yet."""

    looks: list[SeenLook] = field(default_factory=list)
    begun_s: float = 0.0

    def takes(self, look: SeenLook) -> bool:
        """Whether it belongs to the same minute, in the order of time."""
        if not self.looks:
            return True
        first, last = self.looks[0].utc_s, self.looks[-1].utc_s
        return last <= look.utc_s < (first // CHUNK_S + 1) * CHUNK_S and len(self.looks) < MOST_LOOKS

    def needs(self, look: SeenLook) -> bool:
        """Whether it says more than the last one; a look that saw nothing hardly does."""
        if look.tracks or not self.looks or self.looks[-1].tracks:
            return True
        return look.utc_s - self.looks[-1].utc_s >= _EMPTY_S


class TrackRecorder(Worker):
    """`judged` reads verdicts out of the journal, on the worker's thread."""

    def __init__(
        self, path: Path, settings: TrackSettings, judged: Verdicts, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__("stored tracks")
        self.dropped = 0
        self.chunks = 0
        self.pruned = Pruned(0, 0, 0)
        self.held_gone = 0
        self._path, self._settings, self._judged, self._clock = path, settings, judged, clock
        self._queue: deque[TrackSet] = deque()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._minutes: dict[str, _Minute] = {}
        self._done: deque[Chunk] = deque(maxlen=_MOST_WAITING)
        self._store: TrackStore | None = None
        self._prune_s = self._retry_s = 0.0

    def take(self, found: TrackSet) -> None:
        """One look; any thread, returns at once."""
        with self._lock:
            if len(self._queue) >= QUEUE:
                self._queue.popleft()
                self.dropped += 1
            self._queue.append(found)

    def run(self) -> None:
        """Write once a second until asked to stop; what is left of the last minute is written too."""
        try:
            while not self.stopping.is_set():
                self.beat()
                self.work(time.monotonic())
                self._wake.wait(_BATCH_S)
            self.finish(time.monotonic())
        finally:
            self._close()

    def stop(self) -> None:
        """Ask, and wake."""
        super().stop()
        self._wake.set()

    def work(self, now_s: float) -> None:
        """One batch; `now_s` is monotonic."""
        with self._lock:
            batch = list(self._queue)
            self._queue.clear()
        for found in batch:
            self._add(found, now_s)
        for camera_id, minute in list(self._minutes.items()):
            if minute.looks and now_s - minute.begun_s > CHUNK_S * 1.5:  # nothing comes any more
                self._end(camera_id)
        self._write(now_s)

    def finish(self, now_s: float) -> None:
        """The last batch, whole."""
        self.work(now_s)
        for camera_id in list(self._minutes):
            self._end(camera_id)
        self._retry_s = 0.0
        self._write(now_s)

    def _add(self, found: TrackSet, now_s: float) -> None:
        look = look_of(found)
        if not is_sound(look):
            return
        minute = self._minutes.get(found.camera_id)
        if minute is None or not minute.takes(look):
            self._end(found.camera_id)
            minute = self._minutes[found.camera_id] = _Minute(begun_s=now_s)
        if minute.needs(look):
            minute.looks.append(look)

    def _end(self, camera_id: str) -> None:
        minute = self._minutes.pop(camera_id, None)
        if minute is None or not minute.looks:
            return
        looks = minute.looks
        if len(self._done) == _MOST_WAITING:
            self.dropped += self._done[0].looks
        self._done.append(Chunk(camera_id, looks[0].utc_s, looks[-1].utc_s, len(looks), pack(looks)))

    def _write(self, now_s: float) -> None:
        if now_s < self._retry_s or (not self._done and self._store is None):
            return
        try:
            if self._store is None:
                self._store = self._opened()
            if self._done:
                self._store.write(self._done)
                self.chunks += len(self._done)
                self._done.clear()
            if now_s >= self._prune_s:
                self._prune_s = now_s + _PRUNE_S
                self._prune(self._store)
        except WatchfloorError as error:
            log.error("tracks are not stored: %s", error)
            self._retry_s = now_s + _RETRY_S
            self._close()
            if isinstance(error, StorageError) and error.code in BROKEN and self._path.is_file():
                log.error("stored tracks cannot be read; they are kept as %s", set_aside(self._path).name)

    def _prune(self, store: TrackStore) -> None:
        """Ask the journal first what is held; nothing is too old while it cannot say."""
        held: list[HeldSpan] | None = None
        try:
            held = held_spans(self._judged(store.oldest_utc_s() or self._clock()))
        except WatchfloorError as error:
            log.error("which tracks verdicts hold is not known now: %s", error)
        keep_s, most_bytes = self._settings.keep_days * 86400.0, self._settings.most_mb * 1_000_000
        self.pruned = store.prune(self._clock(), keep_s, most_bytes, held)
        self.held_gone += self.pruned.held_gone
        if self.pruned.held_gone:
            log.warning("no room for tracks of judged alarms: %d minutes of them went", self.pruned.held_gone)

    def _opened(self) -> TrackStore:
        try:
            return TrackStore(self._path)
        except StorageError as error:
            if error.code not in BROKEN:
                raise
            log.error("stored tracks cannot be read; they are kept as %s", set_aside(self._path).name)
            return TrackStore(self._path)

    def _close(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            store.close()


def held_spans(verdicts: Iterable[Judged]) -> list[HeldSpan]:
    """What verdicts keep: the time around their alarms."""
    return [HeldSpan(v.camera_id, v.since_utc_s - AROUND_S, v.last_utc_s + AROUND_S) for v in verdicts]


def look_of(found: TrackSet) -> SeenLook:
    """A look as it is stored."""
    return SeenLook(
        found.utc_s,
        tuple(
            SeenTrack(t.id, t.box, t.label, t.score, t.first_utc_s, t.last_utc_s, t.path, t.doubt) for t in found.tracks
        ),
    )


def track_set_of(camera_id: str, look: SeenLook) -> TrackSet:
    """A look as rules take it; velocities, which no rule reads, are zero."""
    at_s = look.utc_s
    tracks = tuple(
        Track(
            t.id,
            t.box,
            t.label,
            t.score,
            (0.0, 0.0),
            t.first_utc_s,
            t.last_utc_s,
            TrackState.LIVE if t.last_utc_s == at_s else TrackState.LOST,
            t.path,
            doubt=t.doubt,
        )
        for t in look.tracks
    )
    return TrackSet(camera_id, at_s, tracks)


def stored_sets(
    stored: StoredTracks, camera_id: str, from_utc_s: float, to_utc_s: float, wanted: Iterable[str] | None = None
) -> Iterator[tuple[float, list[TrackSet]]]:
    """Chunk after chunk, with the share (0..1) that is read after it. Raises StorageError as `StoredTracks` does."""
    for share, looks in stored.looks(camera_id, from_utc_s, to_utc_s, wanted):
        yield share, [track_set_of(camera_id, look) for look in looks]
