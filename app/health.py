"""Health of the cameras: one light worker that looks at every session's counters now and then. Decodes nothing.

None of it goes into the journal. `snapshot` may be read on any thread; it is replaced whole.
"""

from __future__ import annotations

import threading
import time
import weakref
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from app.cameras import STALE_AFTER_S, tile_state
from app.clock_log import ClockLog
from app.decoder_words import Decoding
from app.feeds import TileState
from app.health_facts import STALE, CameraHealth, HealthSnapshot, HealthState, Looking
from app.outage_log import OutageLog
from storage.outages import Outage
from storage.records import Camera
from storage.worker import Worker
from video.session import CameraSession, SessionStatus

PERIOD_S = 2.0
RECENT_S = 300.0
DAY_S = 86400.0
OFFSET_EVERY_S = 60.0
OFFSETS = 720
"""Twelve hours of a camera's clock."""
UNKNOWN_GOP_S = 2.0
_RATE_SAMPLES = 4
_LOSS_SAMPLES = round(RECENT_S / PERIOD_S)
_BEST_FIRST = (TileState.LIVE, TileState.STALE, TileState.CONNECTING, TileState.NO_SIGNAL)
_STATES = {
    TileState.STALE: HealthState.STALE,
    TileState.CONNECTING: HealthState.CONNECTING,
    TileState.NO_SIGNAL: HealthState.NO_SIGNAL,
}


class _Counts(NamedTuple):
    bytes: int = 0
    dropped_gops: int = 0
    dropped_frames: int = 0
    decode_errors: int = 0
    reconnects: int = 0
    damaged_frames: int = 0

    def plus(self, other: _Counts) -> _Counts:
        return _Counts(*map(sum, zip(self, other, strict=True)))

    def since(self, before: _Counts) -> _Counts:
        return _Counts(*(max(now - then, 0) for now, then in zip(self, before, strict=True)))


@dataclass(slots=True)
class _Kept:
    """What is kept of one camera between two samples. All of it is bounded."""

    totals: _Counts = field(default_factory=_Counts)
    seen: dict[str, tuple[weakref.ref[CameraSession], _Counts]] = field(default_factory=dict)
    rates: deque[tuple[float, int, int]] = field(default_factory=lambda: deque(maxlen=_RATE_SAMPLES))
    losses: deque[int] = field(default_factory=lambda: deque(maxlen=_LOSS_SAMPLES))
    offset_times: array[float] = field(default_factory=lambda: array("d"))
    offsets: array[float] = field(default_factory=lambda: array("d"))
    last_picture_utc_s: float = 0.0
    stale: int = 0

    def count(self, sessions: Sequence[CameraSession], statuses: Sequence[SessionStatus]) -> int:
        """Add what the sessions counted since the last sample; how much of it was lost."""
        gained = _Counts()
        for session, status in zip(sessions, statuses, strict=True):
            now, before = _counts(session, status), _Counts()
            known = self.seen.get(session.camera_id)
            if known is not None and known[0]() is session:
                before = known[1]
            self.seen[session.camera_id] = weakref.ref(session), now
            gained = gained.plus(now.since(before))
        self.totals = self.totals.plus(gained)
        return sum(gained[1:])

    def note_offset(self, offset_s: float | None, now_utc_s: float) -> None:
        """One value a minute, the oldest goes."""
        due = not self.offset_times or abs(now_utc_s - self.offset_times[-1]) >= OFFSET_EVERY_S
        if offset_s is None or not due:
            return
        for values, value in ((self.offset_times, now_utc_s), (self.offsets, offset_s)):
            values.append(value)
            if len(values) > OFFSETS:
                del values[0]

    def rate(self, now_s: float, looks: int) -> tuple[float, float]:
        """Bits and looks a second over the last samples."""
        self.rates.append((now_s, self.totals.bytes, looks))
        first_s, size, looked = self.rates[0]
        span_s = now_s - first_s
        if span_s <= 0:
            return 0.0, 0.0
        return (self.totals.bytes - size) * 8 / span_s, max(looks - looked, 0) / span_s


class HealthMonitor(Worker):
    """Samples every `PERIOD_S`. `cameras` and `sessions` say what there is now, `looking` what analytics see."""

    def __init__(
        self,
        cameras: Callable[[], Sequence[Camera]],
        sessions: Callable[[], Iterable[CameraSession]],
        looking: Callable[[str], Looking] = lambda _camera_id: Looking(),
        path: Path | None = None,
    ) -> None:
        super().__init__("health")
        self.snapshot = HealthSnapshot()
        self._cameras, self._sessions, self._looking = cameras, sessions, looking
        self.clocks = ClockLog(path.with_name("clocks.db") if path is not None else None)
        self._outages = OutageLog(path)
        self._kept: dict[str, _Kept] = {}
        self._wake = threading.Event()

    def run(self) -> None:
        """Look until asked to stop."""
        self._outages.open(time.time())
        self.clocks.open()
        try:
            while not self.stopping.is_set():
                self.sample(time.monotonic(), time.time())
                for _ in range(round(PERIOD_S)):
                    self.beat()
                    if self._wake.wait(1.0):
                        break
        finally:
            self._outages.close(time.time())
            self._keep_clocks(time.time())
            self.clocks.close()

    def stop(self) -> None:
        """Ask, and wake."""
        super().stop()
        self._wake.set()

    def outages(self, camera_id: str) -> tuple[Outage, ...]:
        """The newest of a camera, newest first; any thread."""
        return self._outages.of(camera_id)

    def offsets(self, camera_id: str) -> tuple[tuple[float, float], ...]:
        """(time, how far the camera's clock was ahead) of the last hours, oldest first; any thread."""
        kept = self._kept.get(camera_id)
        if kept is None:
            return ()
        return tuple(zip(tuple(kept.offset_times), tuple(kept.offsets), strict=False))

    def sample(self, now_s: float, now_utc_s: float) -> None:
        """Look once; `now_s` is monotonic."""
        cameras = sorted(self._cameras(), key=lambda camera: camera.number)
        of: dict[str, list[CameraSession]] = {}
        for session in self._sessions():
            of.setdefault(session.camera_id.partition("/")[0], []).append(session)
        for gone in self._kept.keys() - {camera.id for camera in cameras}:
            self._outages.see(gone, None, 0.0, now_utc_s)
            del self._kept[gone]
        found = tuple(self._health(camera, of.get(camera.id, []), now_s, now_utc_s) for camera in cameras)
        self._outages.flush(now_utc_s)
        if self.clocks.due(now_utc_s):
            self._keep_clocks(now_utc_s)
        self.snapshot = HealthSnapshot(now_utc_s, found)

    def _keep_clocks(self, now_utc_s: float) -> None:
        self.clocks.keep([(camera_id, self.offsets(camera_id)) for camera_id in self._kept], now_utc_s)

    def _health(
        self, camera: Camera, sessions: Sequence[CameraSession], now_s: float, now_utc_s: float
    ) -> CameraHealth:
        kept = self._kept.setdefault(camera.id, _Kept())
        statuses = [session.status() for session in sessions]
        kept.losses.append(kept.count(sessions, statuses))
        looking = self._looking(camera.id)
        bits_per_s, looks_per_s = kept.rate(now_s, looking.looks)
        kept.last_picture_utc_s = max([kept.last_picture_utc_s, *(s.last_packet_utc_s for s in statuses)])
        state, status = _state(sessions, statuses, now_s, sum(kept.losses))
        kept.stale = kept.stale + 1 if state is HealthState.STALE else 0
        if kept.stale == 1 and status is not None and status.reason is None:
            state = HealthState.GOOD  # decoding may just have begun: the next look tells
        offset_s = status.clock_offset_s if status is not None and state in _SEEN else None
        kept.note_offset(offset_s, now_utc_s)
        outage = self._outages.see(camera.id, _trouble(state, status), kept.last_picture_utc_s, now_utc_s)
        return CameraHealth(
            camera_id=camera.id,
            number=camera.number,
            name=camera.name,
            state=state,
            reason=outage.reason if outage is not None else "",
            attempt=status.attempt if status is not None else 0,
            since_utc_s=outage.from_utc_s if outage is not None else None,
            fps=status.fps if status is not None else 0.0,
            bitrate_bps=bits_per_s,
            recent_losses=sum(kept.losses),
            outages=self._outages.since(camera.id, now_utc_s - DAY_S),
            clock_offset_s=offset_s,
            last_picture_utc_s=kept.last_picture_utc_s,
            looks=looking.looks,
            looks_per_s=looks_per_s,
            latency_s=looking.latency_s,
            looked_for=looking.reason,
            asked_looks_per_s=looking.asked_per_s,
            decoders=tuple(found for pair in zip(sessions, statuses, strict=True) if (found := _decoding(*pair))),
            **kept.totals._asdict(),
        )


_SEEN = frozenset({HealthState.GOOD, HealthState.UNSTEADY})


def _counts(session: CameraSession, status: SessionStatus) -> _Counts:
    stats = session.stream.stats() if session.stream else None
    if stats is None:
        return _Counts(status.bytes, reconnects=status.reconnects)
    return _Counts(
        status.bytes, stats.dropped_gops, stats.dropped_frames, stats.errors, status.reconnects, stats.damaged
    )


def _decoding(session: CameraSession, status: SessionStatus) -> Decoding | None:
    if session.stream is None or not session.stream.taps or status.info is None:
        return None
    stats = session.stream.stats()
    return Decoding(status.info.codec, stats.device, stats.fault)


def _state(
    sessions: Sequence[CameraSession], statuses: Sequence[SessionStatus], now_s: float, losses: int
) -> tuple[HealthState, SessionStatus | None]:
    """The camera is as well as the better of its streams, whose status comes along."""
    states = [_stream_state(session, status, now_s) for session, status in zip(sessions, statuses, strict=True)]
    seen = [(_BEST_FIRST.index(state), n) for n, state in enumerate(states)]
    if not seen:
        return HealthState.CLOSED, None
    best, number = min(seen)
    if _BEST_FIRST[best] is TileState.LIVE:
        return (HealthState.UNSTEADY if losses else HealthState.GOOD), statuses[number]
    return _STATES[_BEST_FIRST[best]], statuses[number]


def _stream_state(session: CameraSession, status: SessionStatus, now_s: float) -> TileState:
    """As a tile would say it; a stream of which nothing is decoded is judged by its packets alone."""
    stream = session.stream
    if stream is None or not stream.taps:
        return tile_state(status, 0.0, now_s)
    stats = stream.stats()
    patience_s = max(STALE_AFTER_S, 3 * (stats.key_every_s or UNKNOWN_GOP_S)) if stream.keys_only else STALE_AFTER_S
    return tile_state(status, stats.newest_due_s, now_s, patience_s)


def _trouble(state: HealthState, status: SessionStatus | None) -> str | None:
    """Why there is no picture, as an outage keeps it; the first seconds of a connection are none."""
    if status is None or state in _SEEN or (state is HealthState.CONNECTING and status.reason is None):
        return None
    return str(status.reason.code.value) if status.reason is not None else STALE
