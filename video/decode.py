"""The decode pool: one thread per core, every stream owned by one of them. No taker, no decoding."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from storage.worker import Worker
from video.convert import Scalers
from video.decoder import StreamDecoder
from video.fanout import PacketQueue, PacketRing, Tap
from video.frame import Packet, StreamInfo
from video.hardware import Fault, Hardware
from video.heap import bound_heaps

log = logging.getLogger(__name__)

_IDLE_S = 0.5
_BEHIND_S = 0.1
"""From here on only every second picture is shown: a thread that was kept from its work for a moment catches up, and a
stream that is less behind loses none."""
_LATE_S = 0.5
"""From here on a stream has to catch up: a few packets at once, few pictures, and after the others."""
_BATCH = 4
_OTHERS = 32
"""So many turns of streams that are not late come before one of those that are, as long as there are any."""


@dataclass(frozen=True, slots=True)
class DecodeStats:
    """Counters of one stream since it was registered. `newest_due_s` is that of the newest decoded frame (0: none),
    `key_every_s` the distance of the newest two key frames (0: unknown). `damaged` frames were shown, patched.
    `device`: what decodes, "" the processor; `fault`: why that, after a device."""

    decoded: int
    converted: int
    errors: int
    dropped_gops: int
    dropped_frames: int
    backlog: int
    newest_due_s: float
    width: int
    height: int
    key_every_s: float = 0.0
    damaged: int = 0
    device: str = ""
    fault: Fault | None = None


class DecodeStream:
    """One camera in the pool. `configure` and `feed` belong to its reader thread; taps come and go from any thread."""

    def __init__(self, camera_id: str, worker: DecodeWorker, ring: PacketRing) -> None:
        self.camera_id = camera_id
        self.worker = worker
        self.queue = PacketQueue()
        self._ring = ring
        self._lock = threading.Lock()
        self._taps: tuple[Tap, ...] = ()
        self._info: tuple[int, StreamInfo] | None = None
        self._scheduled = self._late = False
        self._decoder = StreamDecoder(camera_id, worker.scalers, worker.hardware)
        self._key_s = self._key_every_s = 0.0

    @property
    def keys_only(self) -> bool:
        """Whether nothing but key frames is decoded, for whoever takes pictures here. Any thread may set it."""
        return self.queue.keys_only

    @keys_only.setter
    def keys_only(self, value: bool) -> None:
        if value is not self.queue.keys_only:
            self.queue.keys_only = value

    @property
    def taps(self) -> tuple[Tap, ...]:
        """Who takes pictures now."""
        return self._taps

    def add_tap(self, tap: Tap) -> None:
        """Pictures for `tap`, beginning with the newest one that the ring still can show."""
        with self._lock:
            first = not self._taps
            self._taps += (tap,)
            if first:
                self.queue.restart(self._ring.last_gop())
        self._schedule()

    def remove_tap(self, tap: Tap) -> None:
        """No more pictures for `tap` (one that is being made may still come); the last one ends the decoding."""
        with self._lock:
            self._taps = tuple(t for t in self._taps if t is not tap)
            if not self._taps:
                self.queue.restart(())
        if self._decoder.shift.device:
            self._schedule()

    def configure(self, generation: int, info: StreamInfo) -> None:
        """What a decoder for the packets of `generation` is made from; before the first of them."""
        self._info = (generation, info)

    def feed(self, packet: Packet) -> None:
        """Queue a packet for decoding, if anybody wants pictures. Never blocks for longer than a list operation."""
        if packet.key:
            self._key_s, self._key_every_s = packet.due_s, packet.due_s - (self._key_s or packet.due_s)
        if not self._taps:
            return
        with self._lock:
            if self._taps:
                self.queue.put(packet)
        self._schedule()

    def stats(self) -> DecodeStats:
        """Counters, cheap."""
        decoder = self._decoder
        return DecodeStats(
            decoded=decoder.decoded,
            converted=decoder.converted,
            errors=decoder.errors,
            dropped_gops=self.queue.dropped_gops,
            dropped_frames=self.queue.dropped_frames + decoder.skipped,
            backlog=len(self.queue),
            newest_due_s=decoder.newest_due_s,
            width=decoder.size[0],
            height=decoder.size[1],
            key_every_s=self._key_every_s,
            damaged=decoder.damaged,
            device=decoder.shift.device,
            fault=decoder.shift.fault,
        )

    def work(self) -> None:
        """Decode a packet, or a few; on the owning thread only. Comes back by itself while there are more."""
        self._scheduled = False
        gaps, packets = self.queue.take(self._most())
        if packets and self._info:
            self._decoder.keys_only = self.queue.keys_only
            self._decoder.decode(gaps, packets, self._info)
            self._decoder.show(self._taps, backlog=self._late and len(self.queue) > 0)
        elif not self._taps:
            self._decoder.rest()
        if len(self.queue):
            self._schedule()

    def is_late(self) -> bool:
        """Whether it has to catch up, until it has; on the owning thread only."""
        self._late = len(self.queue) > 1 and (self._late or self.queue.behind_s > _LATE_S)
        return self._late

    def _most(self) -> int:
        """How many packets are decoded in this turn; of several only the last is shown."""
        if self.is_late():
            return _BATCH
        return 2 if len(self.queue) > 2 and self.queue.behind_s > _BEHIND_S else 1

    def start_again(self, error: Exception) -> None:
        """After a fault: wait for the next key frame (owning thread only)."""
        self._decoder.errors += 1
        self._decoder.distrust(error)
        with self._lock:
            self.queue.restart(())

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self.worker.ready.put(self)


class DecodeWorker(Worker):
    """One pool thread: takes streams in turn (each is in `ready` about once); those that have to catch up, which is
    a whole page when it is called up, do not hold up the others."""

    def __init__(self, name: str, hardware: Hardware | None = None) -> None:
        super().__init__(name)
        self.hardware = hardware
        self.ready: SimpleQueue[DecodeStream | None] = SimpleQueue()
        self.scalers = Scalers()
        self.streams = 0
        self.faults = 0
        self._late: deque[DecodeStream] = deque()
        self._others = 0

    def run(self) -> None:
        """Decode until asked to stop."""
        while not self.stopping.is_set():
            self.beat()
            stream = self.next()
            if stream is not None:
                self._work(stream)

    def next(self) -> DecodeStream | None:
        """Whose turn it is; None when nobody came. On this thread only."""
        while not self._late or self._others < _OTHERS:
            try:
                stream = self.ready.get_nowait() if self._late else self.ready.get(timeout=_IDLE_S)
            except Empty:
                break
            if stream is None or not stream.is_late():
                self._others += 1
                return stream
            self._late.append(stream)
        self._others = 0
        return self._late.popleft() if self._late else None

    def _work(self, stream: DecodeStream) -> None:
        """One stream's turn; a fault that FFmpeg did not name costs this stream a GOP, never the other streams."""
        try:
            stream.work()
        except Exception as error:
            self.faults += 1
            if self.faults & (self.faults - 1) == 0:
                log.exception("%s: fault while decoding, number %d on this thread", stream.camera_id, self.faults)
            stream.start_again(error)

    def stop(self) -> None:
        """Ask, and wake."""
        super().stop()
        self.ready.put(None)


class DecodePool:
    """The pool threads, for a supervisor to own (`workers`) or to be started here."""

    def __init__(self, threads: int | None = None, hardware: Hardware | None = None) -> None:
        bound_heaps()
        count = threads or os.cpu_count() or 1
        self.workers = tuple(DecodeWorker(f"decode-{number}", hardware) for number in range(count))
        self._lock = threading.Lock()
        self._streams: list[DecodeStream] = []

    def register(self, camera_id: str, ring: PacketRing) -> DecodeStream:
        """A new stream on the least loaded thread; decodes nothing before it has a tap."""
        with self._lock:
            worker = min(self.workers, key=lambda w: w.streams)
            worker.streams += 1
            stream = DecodeStream(camera_id, worker, ring)
            self._streams.append(stream)
            return stream

    def unregister(self, stream: DecodeStream) -> None:
        """Forget a stream; its taps get nothing more."""
        with self._lock:
            if stream in self._streams:
                self._streams.remove(stream)
                stream.worker.streams -= 1
        for tap in stream.taps:
            stream.remove_tap(tap)

    def start(self) -> None:
        """Start all threads."""
        for worker in self.workers:
            worker.start()

    def stop(self) -> None:
        """Ask all threads to end."""
        for worker in self.workers:
            worker.stop()

    def join(self, timeout_s: float) -> bool:
        """Wait for all against one deadline; False when one missed it."""
        end_s = time.monotonic() + timeout_s
        late = [worker for worker in self.workers if not worker.join(end_s - time.monotonic())]
        return not late
