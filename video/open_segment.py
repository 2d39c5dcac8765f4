"""The segment at work: a file with its muxer, its times and how far it is whole. Used on one writer thread."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field

from storage.footage_files import TIMESCALE
from storage.footage_records import Segment
from video.audio import AudioPacket
from video.frame import Packet, StreamInfo
from video.recording_queue import dts_s
from video.remux import Remux

log = logging.getLogger(__name__)


@dataclass(slots=True)
class OpenSegment:
    """Ticks (1/90000 s) count from the first packet's decoding time; `step` is how long the last one lasts."""

    segment: Segment
    remux: Remux
    info: StreamInfo
    generation: int
    slot: int
    first_pts_s: float
    first_dts_s: float
    step: int = TIMESCALE // 25
    synced: int = -1
    _last_dts: int = -1
    _last_sound: int = -1
    _keys: list[int] = field(default_factory=list)

    def drift_s(self, packet: Packet) -> float:
        """By how much the packet's UTC has moved against the camera's own time."""
        return packet.utc_s - self.segment.from_utc_s - (packet.pts_s - self.first_pts_s)

    def mux(self, packet: Packet, sounds: deque[AudioPacket]) -> None:
        """Write a packet, and what was heard before it. Raises OSError, VideoError."""
        dts = max(round((dts_s(packet) - self.first_dts_s) * TIMESCALE), self._last_dts + 1)
        # The first picture's delay behind its decoding stays in every time stamp: no edit list, no negative time.
        pts = max(round((packet.pts_s - self.first_dts_s) * TIMESCALE), dts)
        self._mux_sounds(sounds, dts)
        self.remux.add(packet.av, pts, dts, self.step, key=packet.key)
        if packet.key:
            self._keys.append(dts)
        self._last_dts = dts

    def close(self, next_dts_s: float | None, sounds: deque[AudioPacket]) -> tuple[float, int, str]:
        """Write the end: UTC of it, bytes and SHA-256 of the file. `next_dts_s`: when the next packet is decoded.

        Raises OSError, VideoError; then `abandon` is what remains."""
        if next_dts_s is not None:
            self.step = max(round((next_dts_s - self.first_dts_s) * TIMESCALE) - self._last_dts, 1)
        end = self._last_dts + self.step
        self._mux_sounds(sounds, end)
        self.remux.close()
        return self._at(end), *self.remux.file.finish()

    def abandon(self) -> tuple[float, int, str]:
        """Keep what is whole, whatever the disk says: UTC of its end, bytes and SHA-256."""
        end_utc_s = self.whole_utc_s
        size, sha256 = self.remux.file.abandon()
        self.remux.discard()
        return end_utc_s, size, sha256

    @property
    def whole_utc_s(self) -> float:
        """Up to where the file is whole: a fragment is a GOP."""
        fragments = self.remux.file.fragments
        return self._at(self._keys[min(fragments, len(self._keys) - 1)] if self._keys else 0)

    def _mux_sounds(self, sounds: deque[AudioPacket], before: int) -> None:
        """Sound up to this time of the picture; what came before the segment or belongs to another opening goes."""
        while sounds and self.remux.sounds:
            sound = sounds[0]
            at = round((sound.pts_s - self.first_dts_s) * TIMESCALE)
            if sound.generation > self.generation or (sound.generation == self.generation and at >= before):
                return
            sounds.popleft()
            if sound.generation == self.generation and at > self._last_sound:
                self._last_sound = at
                self.remux.add_sound(sound.data, at, round(sound.duration_s * TIMESCALE))

    def _at(self, dts: int) -> float:
        return self.segment.from_utc_s + dts / TIMESCALE
