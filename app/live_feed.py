"""One camera as one tile sees it (`feeds.CameraFeed`): pictures, honest state, what they are made from, tracks.

GUI thread. Streams are opened and left by the camera hub (`app.viewing`); nothing here waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from app.cameras import STALE_AFTER_S, CameraHub, tile_state
from app.decoder_words import device_word, fault_words
from app.feeds import Lowered, Quality, TileState, TileStatus
from app.governor import Rung
from app.health_facts import reason_words
from app.i18n import _
from app.stream_choice import Stream, Wish
from app.texts import sentence
from app.viewing import Place, Viewing
from detection.detector import TrackSet
from storage.records import Camera, RuleSpec, Zone
from video.decode import DecodeStats
from video.frame import Picture
from video.session import SessionStatus

_UNKNOWN_GOP_S = 10.0
_LIE = 0.2


class LiveFeed:
    """Holds the camera open until `close`."""

    def __init__(
        self,
        camera: Camera,
        zones: tuple[Zone, ...],
        rules: tuple[RuleSpec, ...],
        hub: CameraHub,
        tracks: Callable[[str], TrackSet | None],
        notice: Callable[[str], str],
        recording: Callable[[str], bool] = lambda _: False,
        allowed: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """`allowed` says whether who sits here may see the camera; asked before every picture."""
        self.camera = camera
        self.zones = zones
        self.rules = rules
        self._hub = hub
        self._tracks = tracks
        self._notice = notice
        self._recording = recording
        self._allowed = allowed
        self._attended = self._high = self._closed = self._planes = False
        self._size_px = (0, 0)
        self.viewing: Viewing | None = None
        self._may_see()

    def attend(self, *, attended: bool, high: bool) -> None:
        """Whether the operator looks here, and whether it shall be the main stream; from the next `want` on."""
        self._attended, self._high = attended, high

    def give_planes(self, *, planes: bool) -> None:
        """Pictures as the decoder left them, or pixels; from the next `want` on."""
        self._planes = planes

    def want(self, width_px: int, height_px: int) -> None:
        """Size of the tile in device pixels; 0, 0 when hidden."""
        self._size_px = (width_px, height_px)
        if self._may_see() and self.viewing is not None:
            self.viewing.want(self._wish())

    def _wish(self) -> Wish:
        return Wish(*self._size_px, self._high, self._attended, self._planes)

    def _may_see(self) -> bool:
        """Leave the camera when it may not be seen any more: nothing of it is decoded then; come back when it may."""
        allowed = self._allowed(self.camera.id) and not self._closed
        if not allowed and self.viewing is not None:
            self._leave()
        elif allowed and self.viewing is None:
            self.viewing = self._hub.view(self.camera)
            self.viewing.want(self._wish())
        return allowed

    def take(self) -> Picture | None:
        """The newest picture once; none of a camera that may not be seen."""
        return self.viewing.take() if self._may_see() and self.viewing is not None else None

    def status(self) -> TileStatus:
        """Session state, told honestly: live only while packets come."""
        if not self._may_see() and not self._closed:
            return TileStatus(TileState.NO_RIGHTS, reason=_("Your camera groups do not hold this camera."))
        place = self.viewing.place if self.viewing is not None else None
        if self.viewing is None or place is None:
            return TileStatus(TileState.CONNECTING)
        status, stream = place.session.status(), place.session.stream
        info, stats = status.info, stream.stats() if stream is not None else None
        every_s = _every_s(stats) if stream is not None and stream.keys_only else 0.0
        fps = _rate(info.fps if info else 0.0, status.fps)
        lowered = Lowered.KEYS if every_s else Lowered.HALVED if place.tap.halved else Lowered.NO
        now_s, newest_s = time.monotonic(), stats.newest_due_s if stats else 0.0
        return TileStatus(
            state=tile_state(status, newest_s, now_s, max(STALE_AFTER_S, 3 * every_s)),
            attempt=status.attempt,
            reason=sentence(status.reason) if status.reason else "",
            brief=reason_words(status.reason.code) if status.reason else "",
            notice=" · ".join(filter(None, (_damage(status), self._notices()))),
            codec=info.codec if info else "",
            fps=fps,
            width=info.width if info else 0,
            height=info.height if info else 0,
            recording=self._recording(self.camera.id),
            quality=self._quality(self.viewing, place, lowered, now_s, stats),
            pictures_per_s={Lowered.KEYS: 1 / (every_s or 1.0), Lowered.HALVED: fps / 2}.get(lowered, 0.0),
        )

    def _quality(
        self, viewing: Viewing, place: Place, lowered: Lowered, now_s: float, stats: DecodeStats | None
    ) -> Quality:
        refused = viewing.refused
        return Quality(
            stream=place.stream,
            decoder=device_word(stats.device if stats else "") if place.session.status().info else "",
            fault=fault_words(stats.fault if stats else None),
            bitrate_bps=place.measure(now_s),
            lowered=lowered,
            refused=sentence(refused) if refused else "",
            forced=place.stream is Stream.MAIN and viewing.forced,
        )

    def _notices(self) -> str:
        notice = self._notice(self.camera.id)
        if notice or self._hub.rung < Rung.DEGRADED or not any(rule.enabled for rule in self.rules):
            return notice
        session = self._hub.session(self.camera.id)
        degraded = session is not None and session.stream is not None and session.stream.keys_only
        return _("Analytics degraded: key frames only") if degraded else ""

    def tracks(self) -> TrackSet | None:
        """Newest tracks of the camera."""
        return self._tracks(self.camera.id) if self._allowed(self.camera.id) else None

    def close(self) -> None:
        """The tile shows something else."""
        self._closed = True
        self._leave()

    def _leave(self) -> None:
        viewing, self.viewing = self.viewing, None
        if viewing is not None:
            self._hub.leave(viewing)


def _damage(status: SessionStatus) -> str:
    if not status.damaged_share:
        return ""
    return _("Picture damaged: {percent:.0f} % of the frames").format(percent=100 * status.damaged_share)


def _rate(nominal: float, measured: float) -> float:
    """Pictures a second: as the stream says, unless what comes tells otherwise."""
    return measured if measured and abs(measured - nominal) > _LIE * nominal else nominal


def _every_s(stats: DecodeStats | None) -> float:
    return (stats.key_every_s if stats is not None else 0.0) or _UNKNOWN_GOP_S
