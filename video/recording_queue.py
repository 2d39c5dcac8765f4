"""Where a session leaves packets for the recorder, and what the times of early packets are.

The session's reader thread puts, one writer thread takes.
"""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace

from video.audio import AudioInfo, AudioPacket
from video.fanout import PacketQueue
from video.frame import Packet, StreamInfo

_MOST_PACKETS = 3000
_MOST_BYTES = 16_000_000
_MOST_AUDIO = 1000


class RecordingQueue:
    """A `fanout.PacketTaker` and an `audio.Ear`: bounded, whole GOPs, counting. `audio` is the taker's to empty."""

    def __init__(self, most_packets: int = _MOST_PACKETS, most_bytes: int = _MOST_BYTES) -> None:
        self.packets = PacketQueue(float("inf"), most_packets, most_bytes)
        self.newest_s = time.monotonic()
        self.audio: deque[AudioPacket] = deque(maxlen=_MOST_AUDIO)
        self._infos: dict[int, StreamInfo] = {}
        self._audio_infos: dict[int, AudioInfo] = {}

    def configure(self, generation: int, info: StreamInfo) -> None:
        """A new opening of the stream."""
        self._infos = {**dict(list(self._infos.items())[-3:]), generation: info}

    def put(self, packet: Packet) -> None:
        """Queue; never blocks."""
        self.newest_s = time.monotonic()
        self.packets.put(packet)

    def configure_audio(self, generation: int, info: AudioInfo) -> None:
        """This opening has sound (`audio.Ear`)."""
        self._audio_infos = {**dict(list(self._audio_infos.items())[-3:]), generation: info}

    def put_audio(self, packet: AudioPacket) -> None:
        """Queue sound; the oldest makes room."""
        self.audio.append(packet)

    def audio_info(self, generation: int) -> AudioInfo | None:
        """What the sound of this opening is, if it has any."""
        return self._audio_infos.get(generation)

    def info(self, generation: int) -> StreamInfo | None:
        """What packets of this opening are."""
        return self._infos.get(generation)


def dts_s(packet: Packet) -> float:
    """When the packet is to be decoded, on the stream's continuous time; its own pts where it has no other."""
    pts, dts = packet.av.pts, packet.av.dts
    if pts is None or dts is None or pts == dts:
        return packet.pts_s
    tick = packet.av.time_base  # makes a Fraction: only asked for where frames are reordered
    if tick is None:
        return packet.pts_s
    return packet.pts_s - (pts - dts) * float(tick)


def dated(held: list[Packet], packet: Packet, info: StreamInfo | None) -> list[Packet]:
    """Give packets without a time the frames before the first one that has it."""
    frame_s = 1 / (info.fps if info and info.fps else 25.0)
    begin_s = dts_s(packet) - packet.pts_s
    return [
        replace(
            early,
            pts_s=packet.pts_s + begin_s - (len(held) - at) * frame_s,
            utc_s=packet.utc_s + begin_s - (len(held) - at) * frame_s,
        )
        for at, early in enumerate(held)
    ]
