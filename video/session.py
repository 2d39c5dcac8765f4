"""One open camera: the only retry loop of the program, for every protocol. Owns the camera's reader thread.

Packets go into the ring (stills, pre-event) and to the decode stream; nothing is decoded here.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from storage.worker import Worker
from video.audio import AudibleSource, AudioPacket, Ear
from video.damage import DamageWatch
from video.decode import DecodePool, DecodeStats, DecodeStream
from video.fanout import PacketRing, PacketTaker, Tap
from video.frame import Packet, StreamInfo
from video.hardware_shift import ShiftNews
from video.pyav_source import knock
from video.retry import RetryPolicy
from video.source import Source, VideoCode, VideoError, host_of, redact, source_for

log = logging.getLogger(__name__)

MOST_OPENS = 16
_LOOK_S = 0.25
_RATE_S = 2.0
_GOOD_S = 5.0
_BLIND_LOOKS = 8
_MOST_BLIND_LOOKS = 900
_LONG_ATTEMPTS = 8
_OPENS_ANYWAY = 8
"""Every eighth time a silent camera is opened unasked: some speak only when they are asked to play."""
_PASSING = frozenset({VideoCode.UNREACHABLE, VideoCode.SILENT, VideoCode.ENDED})


class SessionState(StrEnum):
    """Life of a session."""

    CONNECTING = "connecting"
    LIVE = "live"
    WAITING = "waiting"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """`attempt` counts tries (openings and TCP probes) since the last picture; `reason` is why there is none.

    `reconnects`: times live again after having been live. `fps` is measured, `info` is of the newest opening.
    `clock_offset_s`: see `Packet`, of the newest one. `damaged_share` of the last seconds' frames were patched by the
    decoder (0: too few to speak of)."""

    state: SessionState
    attempt: int = 0
    reason: VideoError | None = None
    info: StreamInfo | None = None
    reconnects: int = 0
    packets: int = 0
    bytes: int = 0
    last_packet_utc_s: float = 0.0
    fps: float = 0.0
    generation: int = 0
    clock_offset_s: float | None = None
    damaged_share: float = 0.0


OnChange = Callable[[str, SessionStatus], None]


class CameraSession(Worker):
    """Reads one camera until stopped. `status()` is readable on any thread at any time."""

    def __init__(
        self,
        camera_id: str,
        name: str,
        url: str,
        *,
        pool: DecodePool | None = None,
        ring: PacketRing | None = None,
        policy: RetryPolicy | None = None,
        opens: threading.Semaphore | None = None,
        on_change: OnChange | None = None,
        factory: Callable[[str, int], Source] = source_for,
        shows: str = "",
    ) -> None:
        """`opens` is shared by all sessions (at most MOST_OPENS at once); `on_change` runs on the reader thread.

        `shows` is the camera that pictures are of, where `camera_id` names one of several sessions of it."""
        super().__init__(f"camera-{camera_id}")
        self.camera_id = camera_id
        self.camera_name = name
        self.ring = ring or PacketRing()
        self.stream: DecodeStream | None = pool.register(shows or camera_id, self.ring) if pool else None
        self._pool = pool
        self._url = url
        self._policy = policy or RetryPolicy()
        self._opens = opens or threading.Semaphore(MOST_OPENS)
        self._on_change = on_change
        self._factory = factory
        self._network = host_of(url) is not None
        self._wanted = True
        self._wake = threading.Event()
        self._state = SessionState.CONNECTING
        self._reason: VideoError | None = None
        self._failed_by = ""
        self._info: StreamInfo | None = None
        self._attempt = self._failures = self._generation = 0
        self._lives = self._packets = self._bytes = 0
        self._last_utc_s = self._fps = self._live_s = 0.0
        self._offset_s: float | None = None
        self._window, self._settled = (0.0, 0), False
        self._damage, self._damaged_s = DamageWatch(), 0.0
        self._shifts = ShiftNews()
        self._decoded = self._blind = 0
        self._patience = _BLIND_LOOKS
        self._takers: tuple[PacketTaker, ...] = ()
        self._told: dict[PacketTaker, int] = {}
        self._ears: tuple[Ear, ...] = ()
        self._deaf = self._moved = False

    def status(self) -> SessionStatus:
        """What is known now."""
        return SessionStatus(
            state=self._state,
            attempt=self._attempt,
            reason=self._reason,
            info=self._info,
            reconnects=max(self._lives - 1, 0),
            packets=self._packets,
            bytes=self._bytes,
            last_packet_utc_s=self._last_utc_s,
            fps=self._fps if self._state is SessionState.LIVE else 0.0,
            generation=self._generation,
            clock_offset_s=self._offset_s,
            damaged_share=self._damage.share,
        )

    @property
    def wanted(self) -> bool:
        """Whether somebody waits for this camera; decides how often a dead one is tried."""
        return self._wanted

    @wanted.setter
    def wanted(self, value: bool) -> None:
        self._wanted = value
        if value:
            self._wake.set()

    def readdress(self, url: str) -> None:
        """Another address or login, from now on: what is open is opened anew, what waits does not wait any longer. One
        that lacks nothing but the login is no news: the login could not be read just now. Any thread."""
        if url in (self._url, redact(self._url)):
            return
        self._url, self._network = url, host_of(url) is not None
        self._moved = True
        self._wake.set()

    def add_tap(self, tap: Tap) -> None:
        """Pictures for `tap`; a session without a pool has none."""
        if self.stream:
            self.stream.add_tap(tap)

    def remove_tap(self, tap: Tap) -> None:
        """No more pictures for `tap`."""
        if self.stream:
            self.stream.remove_tap(tap)

    def add_taker(self, taker: PacketTaker) -> None:
        """Packets for `taker`, from the GOP at work on; it is called on the reader thread."""
        self._takers = (*self._takers, taker)

    def remove_taker(self, taker: PacketTaker) -> None:
        """No more packets for `taker`, but for one that is just being handed over."""
        self._takers = tuple(other for other in self._takers if other is not taker)

    def add_ear(self, ear: Ear) -> None:
        """Sound for `ear`, if the camera has any; a stream that is open without it is opened again."""
        self._ears = (*self._ears, ear)
        self._deaf = True

    def remove_ear(self, ear: Ear) -> None:
        """No more sound for `ear`."""
        self._ears = tuple(other for other in self._ears if other is not ear)

    def stop(self) -> None:
        """Ask to stop; seen within 0.3 s, or when FFmpeg's own wait ends (reading 3 s, opening 5 s)."""
        super().stop()
        self._wake.set()
        if not self.alive:
            self._leave()

    def run(self) -> None:
        """Open, read, and after every end wait and begin again."""
        while not self.stopping.is_set():
            try:
                self._play()
            except VideoError as error:
                self._failed(error)
            if not self.stopping.is_set():
                self._pause()
        self._turn(SessionState.STOPPED)
        self._leave()

    def _leave(self) -> None:
        if self._pool and self.stream:
            self._pool.unregister(self.stream)

    def _play(self) -> None:
        """One generation: from opening to the end of the stream (always a VideoError, unless stopped)."""
        self._attempt += 1
        self._moved = False
        self._turn(SessionState.CONNECTING)
        if not self._enter():
            return
        self._generation += 1
        source: Source | None = None
        try:
            try:
                source = self._factory(self._url, self._generation)
                info = source.open()
            finally:
                self._opens.release()
            self._begin(info)
            self._listen(source)
            for packet in source.packets():
                self.beat()
                if self.stopping.is_set() or self._deaf or self._moved:
                    return
                if packet is not None:
                    self._take(packet)
        finally:
            if source is not None:
                source.close()

    def _enter(self) -> bool:
        """A place among those who may open now; False when asked to stop meanwhile."""
        while not self.stopping.is_set():
            self.beat()
            if self._opens.acquire(timeout=_LOOK_S):
                return True
        return False

    def _begin(self, info: StreamInfo) -> None:
        self._info = info
        self.ring.configure(self._generation, info)
        if self.stream:
            self.stream.configure(self._generation, info)
        self._window, self._fps, self._settled = (time.monotonic(), 0), info.fps, False

    def _listen(self, source: Source) -> None:
        self._deaf = False
        if not self._ears or not isinstance(source, AudibleSource):
            return
        info = source.listen(self._hear)
        if info is not None:
            for ear in self._ears:
                ear.configure_audio(self._generation, info)

    def _hear(self, packet: AudioPacket) -> None:
        for ear in self._ears:
            ear.put_audio(packet)

    def _take(self, packet: Packet) -> None:
        if self._state is not SessionState.LIVE:
            if not packet.key:
                return
            self._live()
        self._packets += 1
        self._bytes += packet.size
        self._last_utc_s = packet.utc_s
        self._offset_s = packet.clock_offset_s
        self._measure()
        self.ring.add(packet)
        if self.stream:
            self.stream.feed(packet)
        for taker in self._takers:
            self._hand_over(taker, packet)

    def _hand_over(self, taker: PacketTaker, packet: Packet) -> None:
        if self._told.get(taker) == self._generation or self._info is None:
            taker.put(packet)
            return
        self._told = {known: told for known, told in self._told.items() if known in self._takers}
        self._told[taker] = self._generation
        taker.configure(self._generation, self._info)
        for earlier in self.ring.last_gop():  # ends with `packet`
            taker.put(earlier)

    def _live(self) -> None:
        if self._attempt > 1:
            log.info("%s: picture again after %d attempts", self.camera_name, self._attempt)
        self._attempt, self._reason = 0, None
        self._lives += 1
        self._live_s = time.monotonic()
        self._turn(SessionState.LIVE)

    def _measure(self) -> None:
        begin_s, count = self._window
        now_s = time.monotonic()
        if now_s - begin_s >= _RATE_S:
            if self._settled or not self._fps:  # what had waited in the camera comes in a burst at first
                self._fps = (count + 1) / (now_s - begin_s)
            self._window, self._settled = (now_s, 0), True
            self._look_at_decoder(now_s)
        else:
            self._window = (begin_s, count + 1)

    def _look_at_decoder(self, now_s: float) -> None:
        """Every `_RATE_S`. Raises VideoError when packets come and no picture is made of them."""
        if self.stream is None:
            return
        stats = self.stream.stats()
        self._look_for_pictures(self.stream, stats)
        self._shifts.tell(self.camera_name, stats.device, stats.fault)
        if not self._damage.look(stats.decoded, stats.damaged):
            return
        if self._damage.share:
            self._damaged_s = now_s
            log.warning("%s: picture damaged, %.0f %% of the frames", self.camera_name, 100 * self._damage.share)
        else:
            log.info("%s: picture whole again after %.0f s", self.camera_name, now_s - self._damaged_s)

    def _look_for_pictures(self, stream: DecodeStream, stats: DecodeStats) -> None:
        """A camera may change its codec without hanging up: only opening it again tells. Each time that did not help,
        twice as patient."""
        if stats.decoded != self._decoded:
            self._decoded, self._blind, self._patience = stats.decoded, 0, _BLIND_LOOKS
        elif stream.taps and not stream.keys_only and not stats.backlog:
            self._blind += 1
        if self._blind >= self._patience:
            self._blind, self._patience = 0, min(2 * self._patience, _MOST_BLIND_LOOKS)
            raise VideoError(VideoCode.DAMAGED, url=redact(self._url))

    def _failed(self, error: VideoError) -> None:
        """Note why; a stream that held for a while begins its pauses anew, and so does another reason: a camera that
        starts up hangs up and talks nonsense in turn, and is not refusing anything yet."""
        held = self._state is SessionState.LIVE and time.monotonic() - self._live_s > _GOOD_S
        if held or error.code != self._failed_by:
            self._failures = 0
        self._failures += 1
        self._failed_by = error.code
        self._reason = error
        self._damage.forget()
        self._report(error)
        self._turn(SessionState.WAITING)

    def _report(self, error: VideoError) -> None:
        """One line for a short fault; a long one has more, each after twice as many attempts."""
        attempt = self._attempt
        if attempt == 0:
            log.warning("%s: picture lost (%s), %s", self.camera_name, error.code.value, redact(self._url))
        elif self._lives and attempt < _LONG_ATTEMPTS and error.code in _PASSING:
            return  # it was told that the picture is lost
        elif attempt & (attempt - 1) == 0:
            text = "%s: no picture (%s), attempt %d, %s"
            log.warning(text, self.camera_name, error.code.value, attempt, redact(self._url))

    def _pause(self) -> None:
        """Wait as the policy says; a wanted network camera is probed until somebody answers there."""
        while self._reason is not None:
            code = VideoCode(self._reason.code)
            self._sleep(self._policy.pause_s(self._failures, code, wanted=self._wanted, network=self._network))
            probing = self._policy.probes(code, network=self._network)
            if self.stopping.is_set() or self._moved:
                self._failures = 0
                return
            silent = code is VideoCode.SILENT
            if not probing or (silent and self._failures % _OPENS_ANYWAY == 0):
                return
            found = knock(self._url, self._policy.probe_timeout_s, was_silent=silent)
            if found is None:
                return
            self._attempt += 1
            self._failed(VideoError(found, url=redact(self._url)))

    def _sleep(self, seconds: float) -> None:
        """Wait, beating; ends early on a stop, and when somebody begins to want the camera."""
        self._wake.clear()
        end_s = time.monotonic() + seconds
        while not self.stopping.is_set() and not self._moved and (rest_s := end_s - time.monotonic()) > 0:
            self.beat()
            if self._wake.wait(min(rest_s, _LOOK_S)):
                return

    def _turn(self, state: SessionState) -> None:
        if state is self._state:
            return
        self._state = state
        if self._on_change:
            self._on_change(self.camera_id, self.status())
