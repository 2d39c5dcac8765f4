"""Which cameras are open, for whom, and what a tile may say about them.

Owns one `CameraSession` per camera that somebody wants (a tile, a rule); the last taker gone, the session closes after
a grace time. Runs one light worker; sessions and the decode pool have their own threads.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import overload

from app.feeds import TileState, TileStatus
from app.texts import sentence
from detection.detector import TrackSet
from storage.records import Camera, RuleSpec, Zone
from storage.worker import Supervisor, Worker
from video.decode import DecodePool
from video.fanout import PacketTaker, PictureTap, Tap
from video.frame import Picture
from video.recording_queue import RecordingQueue
from video.retry import RetryPolicy
from video.session import MOST_OPENS, CameraSession, SessionState, SessionStatus

log = logging.getLogger(__name__)

STALE_AFTER_S = 2.0
FORGET_AFTER_S = 30.0
GRACE_S = 10.0
_CLOSE_S = 1.0


@dataclass(slots=True)
class _Open:
    session: CameraSession
    taps: list[Tap | PacketTaker] = field(default_factory=list)
    unwanted_since_s: float | None = None


class CameraHub(Worker):
    """Opens, shares and closes camera sessions. `url_of` gives the URL with its credentials; nobody else sees it."""

    def __init__(
        self,
        pool: DecodePool,
        supervisor: Supervisor,
        url_of: Callable[[Camera], str],
        *,
        grace_s: float = GRACE_S,
        policy: RetryPolicy | None = None,
    ) -> None:
        super().__init__("camera-hub")
        self.first_picture = threading.Event()
        self._pool = pool
        self._supervisor = supervisor
        self._url_of = url_of
        self._grace_s = grace_s
        self._policy = policy or RetryPolicy()
        self._opens = threading.Semaphore(MOST_OPENS)
        self._lock = threading.Lock()
        self._open: dict[str, _Open] = {}
        self._closed_totals = {"reconnects": 0, "dropped_gops": 0, "dropped_frames": 0}
        self._wake = threading.Event()

    def run(self) -> None:
        """Close what nobody wants any more."""
        while not self.stopping.is_set():
            self.beat()
            self.close_unwanted(time.monotonic())
            self._wake.wait(1.0)

    def stop(self) -> None:
        """Ask to stop; the supervisor stops the sessions."""
        super().stop()
        self._wake.set()

    def attach(self, camera: Camera, tap: Tap) -> CameraSession:
        """Give `tap` the camera's pictures, opening the camera if needed."""
        session = self._wanted(camera, tap)
        session.add_tap(tap)
        return session

    def record(self, camera: Camera, taker: PacketTaker, *, sub: bool = False) -> CameraSession:
        """Give `taker` the camera's packets, opening the camera if needed and keeping it open; nothing is decoded.

        With `sub` those of its sub-stream, which is a session of its own that nobody views (`sub_key`)."""
        session = self._wanted(camera, taker, sub=sub and camera.sub_url is not None)
        session.add_taker(taker)
        return session

    def unrecord(self, camera: Camera, taker: PacketTaker) -> None:
        """`taker` wants no more packets, of whichever stream."""
        for key in (camera.id, sub_key(camera.id)):
            session = self._left(key, taker)
            if session is not None:
                session.remove_taker(taker)
                if isinstance(taker, RecordingQueue):
                    session.remove_ear(taker)

    def _wanted(self, camera: Camera, tap: Tap | PacketTaker, *, sub: bool = False) -> CameraSession:
        key = sub_key(camera.id) if sub else camera.id
        session = self._taken(key, tap)
        if session is None:
            fresh = self._session(camera, sub=sub)  # asks the journal for the login: never under the lock
            session = self._taken(key, tap, fresh)
            if session is fresh:
                self._supervisor.add(session)
            else:
                fresh.stop()
        session.wanted = True
        return session

    @overload
    def _taken(self, camera_id: str, tap: Tap | PacketTaker) -> CameraSession | None: ...
    @overload
    def _taken(self, camera_id: str, tap: Tap | PacketTaker, fresh: CameraSession) -> CameraSession: ...
    def _taken(
        self, camera_id: str, tap: Tap | PacketTaker, fresh: CameraSession | None = None
    ) -> CameraSession | None:
        """The camera's session with `tap` among its takers; `fresh` becomes it when there is none."""
        with self._lock:
            entry = self._open.get(camera_id)
            if entry is None:
                if fresh is None:
                    return None
                entry = self._open[camera_id] = _Open(fresh)
            entry.taps.append(tap)
            entry.unwanted_since_s = None
            return entry.session

    def detach(self, camera_id: str, tap: Tap) -> None:
        """`tap` wants no more pictures."""
        session = self._left(camera_id, tap)
        if session is not None:
            session.remove_tap(tap)

    def _left(self, key: str, tap: Tap | PacketTaker) -> CameraSession | None:
        """The session that `tap` leaves with this, None where it took nothing."""
        with self._lock:
            entry = self._open.get(key)
            if entry is None or tap not in entry.taps:
                return None
            entry.taps.remove(tap)
            self._closed_totals["dropped_frames"] += _untaken(tap)
            if not entry.taps:
                entry.unwanted_since_s = time.monotonic()
                entry.session.wanted = False
            return entry.session

    def close_unwanted(self, now_s: float) -> None:
        """Close sessions without takers whose grace time is over."""
        with self._lock:
            due = [
                camera_id
                for camera_id, entry in self._open.items()
                if entry.unwanted_since_s is not None and now_s - entry.unwanted_since_s >= self._grace_s
            ]
            entries = [self._open.pop(camera_id) for camera_id in due]
        for entry in entries:
            entry.session.stop()
        for entry in entries:
            if not self._supervisor.remove(entry.session, timeout_s=_CLOSE_S):
                log.warning("camera %s is still closing", entry.session.camera_id)
            self._count_closed(entry.session)

    def session(self, camera_id: str) -> CameraSession | None:
        """The open session, if any."""
        with self._lock:
            entry = self._open.get(camera_id)
        return entry.session if entry else None

    def sessions(self) -> Iterable[CameraSession]:
        """All open sessions."""
        with self._lock:
            return [entry.session for entry in self._open.values()]

    def totals(self) -> dict[str, int]:
        """Reconnects and drops of all sessions since the start, also of closed ones."""
        with self._lock:
            totals = dict(self._closed_totals)
            totals["dropped_frames"] += sum(_untaken(tap) for entry in self._open.values() for tap in entry.taps)
        for session in self.sessions():
            for key, value in _figures(session).items():
                totals[key] += value
        return totals

    def _session(self, camera: Camera, *, sub: bool = False) -> CameraSession:
        return CameraSession(
            sub_key(camera.id) if sub else camera.id,
            camera.name,
            self._url_of(replace(camera, main_url=camera.sub_url or camera.main_url) if sub else camera),
            pool=None if sub else self._pool,
            policy=self._policy,
            opens=self._opens,
            on_change=self._on_change,
        )

    def _on_change(self, camera_id: str, status: SessionStatus) -> None:
        if status.state is SessionState.LIVE:
            self.first_picture.set()
        log.debug("camera %s is %s", camera_id, status.state)

    def _count_closed(self, session: CameraSession) -> None:
        with self._lock:
            for key, value in _figures(session).items():
                self._closed_totals[key] += value


def sub_key(camera_id: str) -> str:
    """Under which name the session of a camera's sub-stream runs."""
    return f"{camera_id}/sub"


def _untaken(tap: Tap | PacketTaker) -> int:
    """Pictures that a tile did not take before the next one came."""
    return tap.dropped if isinstance(tap, PictureTap) else 0


def _figures(session: CameraSession) -> dict[str, int]:
    stats = session.stream.stats() if session.stream else None
    return {
        "reconnects": session.status().reconnects,
        "dropped_gops": stats.dropped_gops if stats else 0,
        "dropped_frames": stats.dropped_frames if stats else 0,
    }


class LiveFeed:
    """One camera as one tile sees it (`feeds.CameraFeed`)."""

    def __init__(
        self,
        camera: Camera,
        zones: tuple[Zone, ...],
        rules: tuple[RuleSpec, ...],
        hub: CameraHub,
        tracks: Callable[[str], TrackSet | None],
        notice: Callable[[str], str],
        recording: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self.camera = camera
        self.zones = zones
        self.rules = rules
        self._hub = hub
        self._tracks = tracks
        self._notice = notice
        self._recording = recording
        self._tap = PictureTap()
        self._session = hub.attach(camera, self._tap)

    def want(self, width_px: int, height_px: int) -> None:
        """Size of the tile in device pixels; 0, 0 when hidden."""
        self._tap.want(width_px, height_px)

    def take(self) -> Picture | None:
        """The newest picture once."""
        return self._tap.take()

    def status(self) -> TileStatus:
        """Session state, told honestly: live only while packets come."""
        status = self._session.status()
        info = status.info
        newest_s = self._session.stream.stats().newest_due_s if self._session.stream else 0.0
        return TileStatus(
            state=tile_state(status, newest_s, time.monotonic()),
            attempt=status.attempt,
            reason=sentence(status.reason) if status.reason else "",
            notice=self._notice(self.camera.id),
            codec=info.codec if info else "",
            fps=info.fps if info else 0.0,
            width=info.width if info else 0,
            height=info.height if info else 0,
            recording=self._recording(self.camera.id),
        )

    def tracks(self) -> TrackSet | None:
        """Newest tracks of the camera."""
        return self._tracks(self.camera.id)

    def close(self) -> None:
        """The tile shows something else."""
        self._hub.detach(self.camera.id, self._tap)


def tile_state(status: SessionStatus, newest_s: float, now_s: float) -> TileState:
    """What the tile says. A stream that is open but whose newest picture is two seconds old is stale, never live.

    `newest_s` and `now_s` are monotonic; `newest_s` is 0 when nothing was decoded yet."""
    if status.state is SessionState.LIVE:
        return TileState.STALE if newest_s and now_s - newest_s > STALE_AFTER_S else TileState.LIVE
    if newest_s and now_s - newest_s < FORGET_AFTER_S:
        return TileState.STALE
    return TileState.CONNECTING if status.reason is None else TileState.NO_SIGNAL
