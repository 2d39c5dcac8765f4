"""Sound beside the pictures, for recordings only and only where the plan says so. Packets, never samples.

A source that is not listened to hands none out. Called on the reader's thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import av
    from av.audio.stream import AudioStream
    from av.container import InputContainer


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What a source's sound is; `codec` is FFmpeg's name."""

    codec: str
    rate_hz: int
    channels: int
    extradata: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class AudioPacket:
    """Encoded sound; `pts_s` is on the continuous time of the same opening's pictures."""

    data: bytes
    pts_s: float
    duration_s: float
    generation: int


class Ear(Protocol):
    """A taker of sound."""

    def configure_audio(self, generation: int, info: AudioInfo) -> None:
        """Packets of this opening follow."""

    def put_audio(self, packet: AudioPacket) -> None:
        """Take a packet; must not block."""


@runtime_checkable
class AudibleSource(Protocol):
    """A source that may have sound."""

    def listen(self, ear: Callable[[AudioPacket], None]) -> AudioInfo | None:
        """Hand out sound too; None when it has none. After `open`, before `packets`."""


class SoundTrack:
    """The sound of one opening. `at(pts_s, own_s)` tells how its pictures' time goes; sound before it is dropped."""

    def __init__(self, container: InputContainer, ear: Callable[[AudioPacket], None], generation: int) -> None:
        self.stream: AudioStream = container.streams.audio[0]
        self._ear, self._generation = ear, generation
        self._tick_s = float(self.stream.time_base or 0)
        self._offset_s: float | None = None

    @property
    def info(self) -> AudioInfo:
        """What it is."""
        context = self.stream.codec_context
        return AudioInfo(context.name, context.sample_rate, context.channels, context.extradata)

    def at(self, pts_s: float, own_s: float) -> None:
        """A picture that the stream itself places at `own_s` is at `pts_s` for us."""
        self._offset_s = pts_s - own_s

    def take(self, packet: av.Packet[AudioStream]) -> None:
        """Hand one packet on."""
        if packet.pts is None or not packet.size or self._offset_s is None:
            return
        duration_s = float(packet.duration or 0) * self._tick_s
        pts_s = packet.pts * self._tick_s + self._offset_s
        self._ear(AudioPacket(bytes(packet), pts_s, duration_s, self._generation))
