"""Which decoder a stream gets: what was found out about this machine's devices, and how many streams each has.

`Hardware` is shared by all streams of a decode pool and may be asked on any thread. Nothing is decoded here, and no
device is opened before it was tried in a process of its own (`video.hardware_probe`): drivers lie, hang and crash.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Protocol

from video.frame import StreamInfo
from video.hardware_codec import open_decoder

if TYPE_CHECKING:
    import av
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

AUTO, SOFTWARE = "auto", "software"
DEVICES = {
    "videotoolbox": "VideoToolbox",
    "d3d11va": "D3D11",
    "cuda": "NVDEC",
    "vaapi": "VAAPI",
    "qsv": "QSV",
    "amf": "AMF",
}
"""FFmpeg's device types and what people call them, the preferred first where two cost alike."""
CODECS = ("h264", "hevc")
LONGEST_OPENING_MS = 100.0
"""PyAV 18.1 holds the GIL while it opens a device: the wall stands still for so long."""
_CHEAPER = 0.8
_ALIKE = 1.15
_MOST_HELD = 0.25
"""PyAV 18.1 fetches a frame from the device with the GIL held: all streams together may hold it for a quarter of the
time. This, measured, is how many streams a device gets, unless the settings name it."""
_OPEN_EVERY_S = 0.5
_MOST_FAILURES = 3
_UNKNOWN_FPS = 25.0


class Refusal(StrEnum):
    """Why a device does not decode. The first ones are known before it does, the last ones of one stream."""

    NO_DECODER = "no_decoder"
    NO_DEVICE = "no_device"
    CRASHED = "crashed"
    HUNG = "hung"
    WRONG = "wrong"
    LATE = "late"
    SLOW_OPENING = "slow_opening"
    NOT_OPENED = "not_opened"
    FULL = "full"
    FAILED = "failed"
    DAMAGED = "damaged"


class Cost(NamedTuple):
    """A frame of so many pixels, decoded, fetched and made small: ms of CPU over all threads. `held_ms`: time in which
    the GIL may have been held."""

    pixels: int
    software_ms: float
    hardware_ms: float
    held_ms: float


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of trying a device with a codec. `detail` is FFmpeg's word for it; `costs` by size."""

    device: str
    codec: str
    refusal: Refusal | None = None
    detail: str = ""
    seconds: float = 0.0
    open_ms: float = 0.0
    costs: tuple[Cost, ...] = ()

    def cost(self, pixels: int) -> Cost | None:
        """What was measured nearest to this size."""
        return min(self.costs, key=lambda cost: abs(math.log(pixels / cost.pixels)), default=None)


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a stream that was to be decoded by `device` is decoded by the processor, until it is opened anew."""

    device: str
    refusal: Refusal
    detail: str = ""


class Decoder(Protocol):
    """What is needed of a codec context."""

    def decode(self, packet: av.Packet[VideoStream] | None = None) -> list[VideoFrame]:
        """Frames that are ready; None drains."""

    def flush_buffers(self) -> None:
        """Forget what was sent."""


def error_word(error: Exception) -> str:
    """FFmpeg's own word, without whatever else an error carries."""
    return str(getattr(error, "strerror", "") or getattr(error, "code", "") or type(error).__name__)


Opener = Callable[[str, StreamInfo], Decoder]


def chosen(trials: Iterable[Trial], wish: str, codec: str, pixels: int) -> tuple[Trial, Cost] | None:
    """The device for such a stream. By itself the cheapest, if it is clearly cheaper than the processor; one that is
    named in the settings whatever it costs."""
    able = [t for t in trials if t.codec == codec and t.refusal is None and wish in (AUTO, t.device)]
    known = [(t, cost) for t in able if (cost := t.cost(pixels)) is not None]
    if wish == AUTO:
        known = [(t, cost) for t, cost in known if cost.hardware_ms < _CHEAPER * cost.software_ms]
    best_ms = min((cost.hardware_ms for _, cost in known), default=0.0)
    alike = [pair for pair in known if pair[1].hardware_ms <= _ALIKE * best_ms]
    order = list(DEVICES)
    return min(alike, key=lambda pair: order.index(pair[0].device), default=None)


class Hardware:
    """The devices of this machine; `wish` is the setting. Until `learn` was called there are none."""

    def __init__(
        self, wish: str = AUTO, opener: Opener = open_decoder, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.wish = wish
        self._opener, self._clock = opener, clock
        self._lock = threading.Lock()
        self._trials: tuple[Trial, ...] = ()
        self._held = 0.0
        self._open: Counter[str] = Counter()
        self._rooms: dict[str, int] = {}
        self._failures: Counter[str] = Counter()
        self._opened_s = -math.inf

    @property
    def ready(self) -> bool:
        """Whether there is any device to ask for."""
        return bool(self._trials)

    @property
    def given_up(self) -> tuple[str, ...]:
        """Devices that failed one stream after the other: nobody gets them any more in this run."""
        return tuple(device for device, count in list(self._failures.items()) if count >= _MOST_FAILURES)

    def learn(self, trials: Iterable[Trial]) -> None:
        """What was found out; from here on streams take devices."""
        self._trials = tuple(trial for trial in trials if trial.refusal is None) if self.wish != SOFTWARE else ()

    def open_count(self, device: str) -> int:
        """Streams that it decodes now."""
        return self._open[device]

    def lease(self, info: StreamInfo, size: tuple[int, int]) -> Lease | None:
        """A place for a stream, None where the processor is the better one, or the only one now."""
        pixels = size[0] * size[1]
        found = chosen(self._trials, self.wish, info.codec, pixels) if pixels > 0 else None
        if found is None:
            return None
        device, held = found[0].device, found[1].held_ms / 1000 * (info.fps or _UNKNOWN_FPS)
        with self._lock:
            now_s = self._clock()
            full = self._open[device] >= self._rooms.get(device, self._open[device] + 1)
            if full or device in self.given_up or (self.wish == AUTO and self._held + held > _MOST_HELD):
                return None
            if now_s - self._opened_s < _OPEN_EVERY_S:
                return None
            self._opened_s = now_s
            self._open[device] += 1
            self._held += held
        return Lease(self, device, held)

    def open(self, lease: Lease, info: StreamInfo) -> Decoder:
        """A decoder on the leased device. Raises FFmpegError, VideoError."""
        return self._opener(lease.device, info)

    def note(self, lease: Lease, refusal: Refusal | None) -> Refusal | None:
        """How it went: None when a frame came. A device that cannot be opened while it decodes other streams has no
        more room than for these."""
        with self._lock:
            others = self._open[lease.device] - 1
            if refusal is None:
                self._failures[lease.device] = 0
            elif refusal is Refusal.NOT_OPENED and others > 0:
                self._rooms[lease.device] = others
                return Refusal.FULL
            elif refusal is not Refusal.DAMAGED:
                self._failures[lease.device] += 1
            return refusal

    def release(self, lease: Lease) -> None:
        """The place is free."""
        with self._lock:
            self._open[lease.device] -= 1
            self._held = max(self._held - lease.held, 0.0) if self._open.total() else 0.0


class Lease(NamedTuple):
    """A stream's place on a device; `held` is its share of the GIL's time."""

    hardware: Hardware
    device: str
    held: float
