"""One tile's place at a camera: on its main or its sub-stream, or on both while it changes over. Not the tile.

`want` and `take` are the GUI thread's and return at once; `step` is the camera hub's and opens and leaves streams. The
old picture is kept until the other stream has given one that is not older: no black, and time does not run back.
A stream that cannot be opened is left alone for a while, and the other one shows the camera.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.stream_choice import Stream, StreamChoice, Wish
from storage.records import Camera
from video.fanout import PictureTap, Tap
from video.frame import Picture
from video.planes import PLANES
from video.session import CameraSession, SessionState
from video.source import VideoCode, VideoError, host_of

if TYPE_CHECKING:
    from app.cameras import CameraHub

_BACK_S = 0.5
"""So much older may the first picture of the other stream be: two streams never run in step."""
_PATIENCE_S = 3.0
_TRIES = 2
_RATE_S = 4.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Place:
    """A tap at one stream of the camera."""

    stream: Stream
    session: CameraSession
    tap: PictureTap
    since_s: float
    counted: tuple[float, int] = field(default=(0.0, 0))
    bitrate_bps: float = 0.0

    def failure(self, now_s: float) -> VideoError | None:
        """Why this stream gives no picture and will not soon: refused, tried twice in vain, or not to be decoded."""
        status, stream = self.session.status(), self.session.stream
        if status.state is not SessionState.LIVE:
            return status.reason if status.attempt >= _TRIES or _final(status.reason) else None
        stats = stream.stats() if stream is not None else None
        broken = stats is None or (stats.errors > 0 and not stats.decoded)
        late = now_s - self.since_s > _PATIENCE_S
        return VideoError(VideoCode.UNSUPPORTED, url=self.session.camera_name) if broken and late else None

    def measure(self, now_s: float) -> float:
        """Bits a second over the last seconds, in two figures; 0 until they have passed."""
        begin_s, before = self.counted
        count = self.session.status().bytes
        if now_s - begin_s >= _RATE_S:
            if begin_s:
                self.bitrate_bps = float(f"{8 * max(count - before, 0) / (now_s - begin_s):.1e}")
            self.counted = now_s, count
        return self.bitrate_bps


class Viewing:
    """Made and stepped by the hub. Ends with `close`."""

    def __init__(self, camera: Camera, hub: CameraHub) -> None:
        self.camera = camera
        self.wish = Wish()
        self._refused: tuple[Stream, VideoError] | None = None
        self._hub = hub
        self._choice = StreamChoice(has_sub=camera.sub_url is not None)
        self._lock = threading.Lock()
        self._now: Place | None = None
        self._next: Place | None = None
        self._old: list[Place] = []
        self._closed = False
        self._shown_s = float("-inf")
        if not self._choice.has_sub:
            self._now = self._placed(Stream.MAIN, time.monotonic())

    @property
    def place(self) -> Place | None:
        """Where the pictures come from now; None before the first stream was chosen."""
        return self._now

    @property
    def changing(self) -> bool:
        """Whether another stream is on its way."""
        return self._next is not None

    @property
    def refused(self) -> VideoError | None:
        """Why the stream that the tile's size asks for is not the one that is shown; None when it is."""
        if self._refused is None or self._now is None or self._now.stream is self._choice.by_size:
            return None
        return self._refused[1]

    @property
    def streams(self) -> tuple[Stream, ...]:
        """Which streams it takes pictures of."""
        return tuple(place.stream for place in (self._now, self._next) if place is not None)

    def halve(self, *, halved: bool) -> None:
        """Every second picture only, or all."""
        with self._lock:
            for place in (self._now, self._next):
                if place is not None:
                    place.tap.halved = halved

    @property
    def forced(self) -> bool:
        """Whether the main stream is shown although the tile is small."""
        wish = self.wish
        return wish.high and Wish(wish.width_px, wish.height_px).small

    def want(self, wish: Wish) -> None:
        """What the tile asks for from now on."""
        with self._lock:
            same, self.wish = wish == self.wish, wish
            for place in (self._now, self._next):
                if place is not None:
                    _tell(place.tap, wish)
        if not same and (self._choice.has_sub or self._hub.rung):
            self._hub.nudge()

    def take(self) -> Picture | None:
        """The newest picture, once; the other stream's as soon as it has a good one."""
        if self._next is not None:
            picture = self._change_over()
            if picture is not None:
                return picture
        place = self._now
        picture = place.tap.take() if place is not None else None
        if picture is not None:
            self._shown_s = picture.due_s
        return picture

    def _change_over(self) -> Picture | None:
        with self._lock:
            coming = self._next
            picture = coming.tap.take() if coming is not None else None
            if coming is None or picture is None or not self._follows(coming, picture):
                return None
            if self._now is not None:
                self._old.append(self._now)
            self._now, self._next = coming, None
        self._shown_s = picture.due_s
        self._hub.nudge()
        return picture

    def _follows(self, coming: Place, picture: Picture) -> bool:
        return picture.due_s >= self._shown_s - _BACK_S or time.monotonic() - coming.since_s > _PATIENCE_S

    def step(self, now_s: float) -> None:
        """Open what is to be shown, leave what was. On the hub's thread only."""
        self._leave_old()
        if not self._choice.has_sub:
            return
        self._note_failures(now_s)
        target = self._choice.target(self.wish, now_s)
        with self._lock:
            now, coming = self._now, self._next
        if coming is not None and (coming.stream is not target or not self.wish.seen):
            with self._lock:
                dropped, self._next = self._next, None
            self._left(dropped)
        elif target is not None and coming is None and (now is None or (now.stream is not target and self.wish.seen)):
            self._arrive(self._placed(target, now_s))

    def _arrive(self, place: Place) -> None:
        with self._lock:
            closed = self._closed
            if not closed and self._now is None:
                self._now = place
            elif not closed:
                self._next = place
            _tell(place.tap, self.wish)
        if closed:
            self._left(place)

    def _note_failures(self, now_s: float) -> None:
        for place in (self._now, self._next):
            failure = unusable(self.camera, place, now_s) if place is not None else None
            if place is None or failure is None:
                continue
            self._refused = place.stream, failure
            if not self._choice.barred(place.stream, now_s):
                self._choice.bar(place.stream, now_s)

    def _placed(self, stream: Stream, now_s: float) -> Place:
        tap = PictureTap()
        _tell(tap, self.wish)
        return Place(stream, self._hub.attach(self.camera, tap, sub=stream is Stream.SUB), tap, now_s)

    def _left(self, place: Place | None) -> None:
        if place is not None:
            self._hub.detach(self.camera.id, place.tap, sub=place.stream is Stream.SUB)

    def _leave_old(self) -> None:
        with self._lock:
            gone, self._old = self._old, []
        for place in gone:
            self._left(place)

    def close(self) -> None:
        """The tile shows something else."""
        with self._lock:
            self._closed = True
            places = [self._now, self._next, *self._old]
            self._now = self._next = None
            self._old = []
        for place in places:
            self._left(place)


class SmallTap:
    """A tap at the sub-stream, which goes to the main stream for good when the other cannot be opened."""

    def __init__(self, camera: Camera, hub: CameraHub, tap: Tap) -> None:
        self.camera, self.tap = camera, tap
        self._hub = hub
        self._sub = camera.sub_url is not None
        self._closed = threading.Event()
        self._place = Place(Stream.SUB, hub.attach(camera, tap, sub=self._sub), PictureTap(), time.monotonic())

    def step(self, now_s: float) -> None:
        """Look whether the sub-stream opens."""
        if not self._sub or self._closed.is_set() or unusable(self.camera, self._place, now_s) is None:
            return
        self._sub = False
        log.warning("%s: the sub-stream cannot be used; analytics take the main stream", self.camera.name)
        self._hub.detach(self.camera.id, self.tap, sub=True)
        self._hub.attach(self.camera, self.tap)
        if self._closed.is_set():
            self.close()

    def close(self) -> None:
        """No more pictures, of whichever stream."""
        self._closed.set()
        for sub in (True, False):
            self._hub.detach(self.camera.id, self.tap, sub=sub)


def unusable(camera: Camera, place: Place, now_s: float) -> VideoError | None:
    """Why the other stream may be better. Where both have one address and nobody answers there, the camera is away."""
    failure = place.failure(now_s)
    if failure is None or failure.code is not VideoCode.UNREACHABLE:
        return failure
    return failure if host_of(camera.main_url) != host_of(camera.sub_url or "") else None


def _tell(tap: PictureTap, wish: Wish) -> None:
    tap.pixel_format = PLANES if wish.planes else PictureTap.pixel_format
    tap.want(wish.width_px, wish.height_px)


def _final(reason: VideoError | None) -> bool:
    """Whether the camera answered, and said no."""
    answers = (VideoCode.NOT_FOUND, VideoCode.UNAUTHORIZED, VideoCode.NOT_VIDEO, VideoCode.UNSUPPORTED)
    return reason is not None and reason.code in (*answers, VideoCode.NO_FILE)
