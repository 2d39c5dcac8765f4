"""Which cameras are open, for whom, and what a tile may say about them.

Owns one `CameraSession` per stream that somebody wants (a tile, a rule, a recorder): a camera's main stream and its
sub-stream are two. The last taker gone, the session closes after a grace time. Runs one light worker, which also moves
tiles between streams and lowers what the load ladder says; sessions and the decode pool have their own threads.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import overload

from app.feeds import TileState
from app.governor import Rung, key_frames_only
from app.i18n import _
from app.stream_choice import Stream
from app.viewing import SmallTap, Viewing
from storage.records import Camera
from storage.worker import Supervisor, Worker
from video.decode import DecodePool
from video.fanout import PacketRing, PacketTaker, PictureTap, Tap
from video.heap import give_back
from video.recording_queue import RecordingQueue
from video.retry import RetryPolicy
from video.session import MOST_OPENS, CameraSession, SessionState, SessionStatus

log = logging.getLogger(__name__)

STALE_AFTER_S = 2.0
FORGET_AFTER_S = 30.0
GRACE_S = 10.0
GIVE_BACK_S = 10.0
"""Often, so that each time takes a few milliseconds only."""
_CLOSE_S = 1.0
_STEP_S = 0.5
_SUB = "/sub"


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
        ruled: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """`ruled` are the cameras that have rules now: theirs is lowered last."""
        super().__init__("camera-hub")
        self.first_picture = threading.Event()
        self._pool = pool
        self._supervisor = supervisor
        self._url_of = url_of
        self._grace_s = grace_s
        self._policy = policy or RetryPolicy()
        self._wake = threading.Event()
        self._ruled = ruled
        self._rung = self._applied = Rung.NORMAL
        self._viewings: tuple[Viewing, ...] = ()
        self._small_taps: tuple[SmallTap, ...] = ()
        self._newest: dict[str, Camera] = {}
        self._readdress_due = False
        self._stirred, self._give_back_s = False, 0.0
        self._opens = threading.Semaphore(MOST_OPENS)
        self._lock = threading.Lock()
        self._open: dict[str, _Open] = {}
        self._closed_totals = {"reconnects": 0, "dropped_gops": 0, "dropped_frames": 0}

    def run(self) -> None:
        """Close what nobody wants any more, move tiles between streams, lower and raise."""
        while not self.stopping.is_set():
            self.beat()
            self.step(time.monotonic())
            self._wake.wait(_STEP_S)
            self._wake.clear()

    def stop(self) -> None:
        """Ask to stop; the supervisor stops the sessions."""
        super().stop()
        self._wake.set()

    def step(self, now_s: float) -> None:
        """Everything that is due; on the hub's own thread, or where there is none."""
        for viewing in self._viewings:
            viewing.step(now_s)
        for small in self._small_taps:
            small.step(now_s)
        self._apply_rung()
        self._readdress()
        self.close_unwanted(now_s)
        if self._stirred and now_s >= self._give_back_s:
            self._stirred, self._give_back_s = False, now_s + GIVE_BACK_S
            give_back()

    def renew(self, cameras: Iterable[Camera]) -> None:
        """Addresses and logins as they are in the registry now: what is open under others is opened anew. Any thread;
        the hub does it."""
        self._newest = {camera.id: camera for camera in cameras}
        self._readdress_due = True
        self.nudge()

    def _readdress(self) -> None:
        due, self._readdress_due = self._readdress_due, False
        for key, session in self._sessions().items() if due else ():
            camera = self._newest.get(camera_of(key))
            if camera is not None:
                session.readdress(self._address(camera, sub=key != camera.id))

    def _address(self, camera: Camera, *, sub: bool) -> str:
        return self._url_of(replace(camera, main_url=camera.sub_url or camera.main_url) if sub else camera)

    def nudge(self) -> None:
        """Look soon."""
        self._wake.set()

    def attach(self, camera: Camera, tap: Tap, *, sub: bool = False) -> CameraSession:
        """Give `tap` the camera's pictures, opening the camera if needed; with `sub` those of its sub-stream."""
        session = self._wanted(camera, tap, sub=sub)
        session.add_tap(tap)
        return session

    def attach_small(self, camera: Camera, tap: Tap) -> None:
        """Give `tap` the cheapest pictures: of the sub-stream if there is one and it opens, else of the main stream."""
        small = SmallTap(camera, self, tap)
        with self._lock:
            self._small_taps += (small,)

    def view(self, camera: Camera) -> Viewing:
        """A tile's place at the camera; `leave` ends it."""
        viewing = Viewing(camera, self)
        with self._lock:
            self._viewings += (viewing,)
        return viewing

    def leave(self, viewing: Viewing) -> None:
        """The tile is gone."""
        with self._lock:
            self._viewings = tuple(other for other in self._viewings if other is not viewing)
        viewing.close()

    def lower(self, rung: Rung) -> None:
        """What the load ladder says, from the next step on."""
        self._rung = rung
        self.nudge()

    @property
    def rung(self) -> Rung:
        """How far everything is lowered."""
        return self._rung

    def _apply_rung(self) -> None:
        rung = self._rung
        if rung is Rung.NORMAL and self._applied is Rung.NORMAL:
            return
        attended = {_key(v.camera.id, stream) for v in self._viewings if v.wish.attended for stream in v.streams}
        decoded = {key: session.stream for key, session in self._sessions().items() if session.stream is not None}
        ruled = frozenset(self._ruled())
        keyed = key_frames_only(rung, decoded, [key for key in decoded if camera_of(key) in ruled]) - attended
        for key, stream in decoded.items():
            stream.keys_only = key in keyed
        for viewing in self._viewings:
            lowered = viewing.wish.small and not viewing.wish.attended and rung >= Rung.HALVED
            # Half of the few key frames would be too little.
            viewing.halve(halved=lowered and all(_key(viewing.camera.id, one) not in keyed for one in viewing.streams))
        self._applied = rung

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

    def detach(self, camera_id: str, tap: Tap, *, sub: bool = False) -> None:
        """`tap` wants no more pictures of this stream."""
        session = self._left(sub_key(camera_id) if sub else camera_id, tap)
        if session is not None:
            session.remove_tap(tap)

    def detach_small(self, camera_id: str, tap: Tap) -> None:
        """`tap`, given by `attach_small`, wants no more."""
        with self._lock:
            gone = [s for s in self._small_taps if s.tap is tap and s.camera.id == camera_id]
            self._small_taps = tuple(s for s in self._small_taps if s not in gone)
        for small in gone:
            small.close()

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
        """The open session of the main stream, if any; of the sub-stream under its `sub_key`."""
        with self._lock:
            entry = self._open.get(camera_id)
        return entry.session if entry else None

    def ring(self, camera_id: str) -> PacketRing | None:
        """The camera's last seconds: of the main stream, if that has any."""
        rings = [s.ring for s in map(self.session, (camera_id, sub_key(camera_id))) if s is not None]
        return next((ring for ring in rings if ring.span() is not None), rings[0] if rings else None)

    def sessions(self) -> Iterable[CameraSession]:
        """All open sessions."""
        return list(self._sessions().values())

    def _sessions(self) -> dict[str, CameraSession]:
        with self._lock:
            return {key: entry.session for key, entry in self._open.items()}

    def dark_cameras(self) -> frozenset[str]:
        """Cameras that are open and of which no stream is live now."""
        live: dict[str, bool] = {}
        for key, session in self._sessions().items():
            camera_id = camera_of(key)
            live[camera_id] = live.get(camera_id, False) or session.status().state is SessionState.LIVE
        return frozenset(camera_id for camera_id, lives in live.items() if not lives)

    def behind_ms(self) -> float:
        """How far decoding is behind on most streams: nine of ten are less."""
        waits = sorted(s.stream.queue.behind_s for s in self.sessions() if s.stream is not None and s.stream.taps)
        return waits[int(0.9 * (len(waits) - 1))] * 1000 if waits else 0.0

    def lost_gops(self) -> int:
        """How often streams with rules lost pictures because decoding was behind."""
        sessions = [self.session(camera_id) for camera_id in self._ruled()]
        return sum(s.stream.stats().dropped_gops for s in sessions if s is not None and s.stream is not None)

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
        camera = self._newest.get(camera.id, camera)
        return CameraSession(
            sub_key(camera.id) if sub else camera.id,
            _("{camera} (sub-stream)").format(camera=camera.name) if sub else camera.name,
            self._address(camera, sub=sub),
            pool=self._pool,
            shows=camera.id,
            policy=self._policy,
            opens=self._opens,
            on_change=self._on_change,
        )

    def _on_change(self, camera_id: str, status: SessionStatus) -> None:
        self._stirred = True
        if status.state is SessionState.LIVE:
            self.first_picture.set()
        log.debug("camera %s is %s", camera_id, status.state)

    def _count_closed(self, session: CameraSession) -> None:
        with self._lock:
            for key, value in _figures(session).items():
                self._closed_totals[key] += value


def sub_key(camera_id: str) -> str:
    """Under which name the session of a camera's sub-stream runs."""
    return f"{camera_id}{_SUB}"


def camera_of(key: str) -> str:
    """Whose session runs under this name."""
    return key.removesuffix(_SUB)


def _key(camera_id: str, stream: Stream) -> str:
    return sub_key(camera_id) if stream is Stream.SUB else camera_id


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


def tile_state(status: SessionStatus, newest_s: float, now_s: float, stale_after_s: float = STALE_AFTER_S) -> TileState:
    """What the tile says. A stream that is open but whose newest picture is two seconds old is stale, never live.

    `newest_s` and `now_s` are monotonic; `newest_s` is 0 when nothing was decoded yet."""
    if status.state is SessionState.LIVE:
        return TileState.STALE if newest_s and now_s - newest_s > stale_after_s else TileState.LIVE
    if newest_s and now_s - newest_s < FORGET_AFTER_S:
        return TileState.STALE
    return TileState.CONNECTING if status.reason is None else TileState.NO_SIGNAL
