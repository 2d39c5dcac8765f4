"""A device that is none: the processor decodes in its name and hands out NV12, as devices do; it can refuse and die."""

from __future__ import annotations

from dataclasses import dataclass, field

import av
import av.error
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from video.codec import new_decoder
from video.frame import StreamInfo
from video.hardware import Cost, Decoder, Hardware, Trial

CHEAP = tuple(Cost(width * height, 4.0, 1.0, 0.5) for width, height in ((320, 180), (1920, 1080)))
LOST = av.error.OSError(5, "Input/output error")
DAMAGED = av.error.InvalidDataError(1094995529, "Invalid data")


def trials(*devices: str, costs: tuple[Cost, ...] = CHEAP) -> tuple[Trial, ...]:
    return tuple(Trial(device, codec, costs=costs) for device in devices for codec in ("h264", "hevc"))


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        self.now_s += 1.0  # nobody waits between two openings
        return self.now_s


@dataclass
class FakeDevice:
    """An opener. `rooms`: how many it opens; `dies_at`: the packet (from 1) for which each decoder raises `error`."""

    rooms: int = 100
    dies_at: int = 0
    error: Exception = LOST
    refuses: Exception | None = None
    opened: list[str] = field(default_factory=list)
    pixel_format: str = "nv12"

    def __call__(self, device: str, info: StreamInfo) -> Decoder:
        if self.refuses is not None:
            raise self.refuses
        self.opened.append(device)
        return _Opened(self, info, full=len(self.opened) > self.rooms)


class _Opened:
    def __init__(self, device: FakeDevice, info: StreamInfo, *, full: bool) -> None:
        self._device, self._inner, self._full, self._packets = device, new_decoder(info), full, 0

    def decode(self, packet: av.Packet[VideoStream] | None = None) -> list[VideoFrame]:
        self._packets += packet is not None
        if self._full or self._packets == self._device.dies_at:
            raise self._device.error
        return [frame.reformat(format=self._device.pixel_format) for frame in self._inner.decode(packet)]

    def flush_buffers(self) -> None:
        self._inner.flush_buffers()


def hardware(device: FakeDevice, wish: str = "auto", name: str = "cuda") -> Hardware:
    """One that knows its device already."""
    made = Hardware(wish, device, Clock())
    made.learn(trials(name))
    return made
