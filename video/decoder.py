"""Codec state of one stream: packets in, the newest frame out. Called on its pool thread only."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import TYPE_CHECKING

import av.error

from video.codec import new_decoder, raises_for_damage
from video.convert import Converter, Scalers
from video.fanout import Tap
from video.frame import Packet, Picture, StreamInfo
from video.hardware import Decoder, Hardware
from video.hardware_shift import Shift
from video.source import VideoError

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

log = logging.getLogger(__name__)

_LATE_SHOW_S = 0.25
_MOST_PENDING = 64


class StreamDecoder:
    """Decodes, and knows which packet a reordered frame came from (by its pts). Counters may be read anywhere.

    While `keys_only` each key frame is drained out at once: a decoder that reorders would hold it back for seconds.
    `shift` says which device decodes, if not the processor."""

    def __init__(self, camera_id: str, scalers: Scalers | None = None, hardware: Hardware | None = None) -> None:
        self.decoded = self.converted = self.errors = self.skipped = self.damaged = 0
        self.keys_only = False
        self.newest_due_s = 0.0
        self.size = (0, 0)
        self._camera_id = camera_id
        self.shift = Shift(hardware)
        self._context: Decoder | None = None
        self._info: StreamInfo | None = None
        self._decoded_before = 0
        self._patches = False
        self._generation = -1
        self._gaps = 0
        self._need_key = True
        self._pending: dict[int | None, Packet] = {}
        self._converter = Converter(camera_id, scalers)
        self._newest: tuple[VideoFrame, Packet] | None = None
        self._shown_s = 0.0

    def decode(self, gaps: int, packets: list[Packet], info: tuple[int, StreamInfo]) -> None:
        """Feed packets in order; remembers the newest frame."""
        if gaps != self._gaps:
            self._gaps = gaps
            self._resume()
        for packet in packets:
            if packet.generation != self._generation:
                self._renew(packet.generation, info)
            if self._context is None or (self._need_key and not packet.key):
                self.skipped += 1
                continue
            self._need_key = False
            self._feed(self._context, packet)

    def show(self, taps: tuple[Tap, ...], *, backlog: bool) -> None:
        """Give the newest frame to whoever wants it; with a backlog at most four times a second."""
        now_s = time.monotonic()
        if self._newest is None or (backlog and now_s - self._shown_s < _LATE_SHOW_S):
            return
        (frame, packet), self._newest = self._newest, None
        self._shown_s = now_s
        made: dict[tuple[tuple[int, int], str], Picture] = {}
        for tap in taps:
            box = tap.wanted()
            if box is None:
                continue
            key = (box, tap.pixel_format)
            if key not in made:
                made[key] = self._converter.picture(frame, packet, self.decoded, box, tap.pixel_format)
                self.converted += 1
            tap.put(made[key])

    def rest(self) -> None:
        """Nobody looks: leave the device to others."""
        if self.shift.device:
            self._to_processor()

    def distrust(self, error: Exception) -> None:
        """A device fails, or cannot cope with damage: from the next key frame on the processor decodes."""
        if self.shift.device:
            self.shift.fail(error)
            self._to_processor()

    def _feed(self, context: Decoder, packet: Packet) -> None:
        while len(self._pending) >= _MOST_PENDING:
            del self._pending[next(iter(self._pending))]
        self._pending[packet.av.pts] = packet
        try:
            if packet.key and self.shift.due:
                context, frames = self._shifted(context, packet)
            else:
                frames = context.decode(packet.av)
                if self.shift.unproven and frames:
                    self.shift.came()
            if self.keys_only and packet.key:
                frames += context.decode(None)
                self._resume()
        except av.error.FFmpegError as error:
            if self.shift.device:
                self.errors += 1
                self.distrust(error)
                return
            if self._patches and not self.keys_only:
                self.damaged += 1
                return
            self.errors += 1
            log.debug("%s: a packet could not be decoded (errno %s)", self._camera_id, error.errno)
            self._resume()
            return
        for frame in frames:
            self.decoded += 1
            self.damaged += frame.is_corrupt
            self.size = (frame.width, frame.height)
            origin = self._pending.pop(frame.pts, packet)
            self.newest_due_s = origin.due_s
            self._newest = (frame, origin)

    def _renew(self, generation: int, info: tuple[int, StreamInfo]) -> None:
        """A new opening: a new decoder. Packets of an opening whose description is gone are skipped."""
        self._resume()
        self._generation = generation
        self._context = self._info = None
        self.shift.renew()
        if info[0] == generation:
            self._info = info[1]
            self._to_processor()

    def _to_processor(self) -> None:
        """A new decoder, for the next key frame on; what was shown stays."""
        self.shift.release()
        self._need_key, self._context, self._decoded_before = True, None, self.decoded
        self._pending.clear()
        if self._info is None:
            return
        try:
            self._context = new_decoder(self._info, telling=True)
            self._patches = raises_for_damage(self._info)
        except VideoError as error:
            self.errors += 1
            log.warning("%s: %s cannot be decoded (%s)", self._camera_id, self._info.codec, error.code.value)

    def _shifted(self, context: Decoder, packet: Packet) -> tuple[Decoder, list[VideoFrame]]:
        """A key frame by a device, if there is one for this stream, else as before: nothing is lost on the way."""
        if self._info is None or self.keys_only or self.decoded == self._decoded_before:
            return context, context.decode(packet.av)
        device = self.shift.take(self._info, self.size)
        if device is None:
            return context, context.decode(packet.av)
        last: list[VideoFrame] = []
        with contextlib.suppress(av.error.FFmpegError):  # what is left in it may be damaged
            last = context.decode(None)
        try:
            first = device.decode(packet.av)
        except av.error.FFmpegError as error:
            self.shift.fail(error)
            context.flush_buffers()
            return context, last + context.decode(packet.av)
        if first:
            self.shift.came()
        self._context, self._patches = device, False
        return device, last + first

    def _resume(self) -> None:
        """After a hole: forget half a picture, wait for a key frame."""
        self._need_key = True
        self._pending.clear()
        self._newest = None
        if self._context is not None:
            self._context.flush_buffers()
