"""RTP packets (RFC 3550) put together to access units with start codes: H.264 (RFC 6184), H.265 (RFC 7798).

With the replay extension of ONVIF (Streaming Specification, 6.3: 0xABAC, an NTP time of the frame and flags). A unit
of which a packet is missing is not given, nor what needs it: units go on with the next key frame. Pure; one thread.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

NTP_TO_UNIX_S = 2_208_988_800
_ONVIF = 0xABAC
_MOST_UNIT = 16_000_000
_START = b"\0\0\0\1"
_H264_STAP_A, _H264_FU_A = 24, 28
_H265_AP, _H265_FU = 48, 49
_H264_IDR = 5
_H265_IRAP = range(16, 22)


class RtpPacket(NamedTuple):
    """`utc_s` is the frame's, by the sender's clock, where the packet carries it; `last`: a hole follows."""

    marker: bool
    kind: int
    number: int
    ticks: int
    payload: bytes
    utc_s: float | None = None
    last: bool = False


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One frame in decoding order. `ticks` is its RTP time; `last` says that nothing follows without a hole."""

    data: bytes
    ticks: int
    key: bool
    utc_s: float | None = None
    last: bool = False


def parse_rtp(data: bytes) -> RtpPacket | None:
    """None for what is no RTP packet of version 2."""
    if len(data) < 12 or data[0] >> 6 != 2:
        return None
    first, second, number, ticks = struct.unpack(">BBHI", data[:8])
    at, end = 12 + 4 * (first & 0x0F), len(data)
    utc_s, last = None, False
    if first & 0x10:
        if len(data) < at + 4:
            return None
        profile, words = struct.unpack(">HH", data[at : at + 4])
        if profile == _ONVIF and words >= 3 and len(data) >= at + 16:
            seconds, parts, flags = struct.unpack(">IIB", data[at + 4 : at + 13])
            utc_s = seconds - NTP_TO_UNIX_S + parts / 2**32 if seconds else None
            last = bool(flags & 0x40)
        at += 4 + 4 * words
    if first & 0x20:
        end -= data[-1]
    if at > end:
        return None
    return RtpPacket(bool(second & 0x80), second & 0x7F, number, ticks, data[at:end], utc_s, last)


class UnitBuilder:
    """Feed it the packets of one stream. `lost` counts holes in their numbers, `refused` parts that are not known."""

    def __init__(self, codec: str) -> None:
        self.lost = self.refused = 0
        self._h265 = codec == "hevc"
        self._parts = bytearray()
        self._open = self._key = self._spoiled = False
        self._ticks: int | None = None
        self._utc_s: float | None = None
        self._last = False
        self._number: int | None = None
        self._broken = True  # nothing can be decoded before the first key frame

    def feed(self, packet: RtpPacket) -> Iterator[AccessUnit]:
        """Units that are whole now."""
        hole = self._number is not None and packet.number != (self._number + 1) & 0xFFFF
        self.lost += hole
        if hole:
            self._spoil()  # it may have lacked its end
        if self._ticks is not None and packet.ticks != self._ticks:
            yield from self._finish()
        if hole:
            self._spoil()  # it may lack its beginning
        self._number, self._ticks = packet.number, packet.ticks
        self._utc_s = packet.utc_s if packet.utc_s is not None else self._utc_s
        self._last = self._last or packet.last
        if len(self._parts) + len(packet.payload) > _MOST_UNIT:
            self.refused += 1
            self._spoil()
        elif packet.payload:
            self._take(packet.payload)
        if packet.marker:
            yield from self._finish()

    def end(self) -> Iterator[AccessUnit]:
        """Nothing follows: a unit whose end was not seen is not given."""
        self._spoil()
        yield from self._finish()

    def _finish(self) -> Iterator[AccessUnit]:
        data, key, ticks, whole = bytes(self._parts), self._key, self._ticks, not (self._open or self._spoiled)
        utc_s, last, self._utc_s, self._last = self._utc_s, self._last, None, False
        self._parts.clear()
        self._open = self._key = self._spoiled = False
        self._ticks = None
        self._broken = not whole or (self._broken and not (key and data))
        if data and ticks is not None and not self._broken:
            yield AccessUnit(data, ticks, key, utc_s, last)

    def _spoil(self) -> None:
        """What is at work cannot become whole."""
        self._parts.clear()
        self._open, self._key, self._spoiled = False, False, True

    def _take(self, payload: bytes) -> None:
        kind = payload[0] >> 1 & 0x3F if self._h265 else payload[0] & 0x1F
        if kind == (_H265_AP if self._h265 else _H264_STAP_A):
            self._take_several(payload)
        elif kind == (_H265_FU if self._h265 else _H264_FU_A):
            self._take_part(payload)
        elif kind < (48 if self._h265 else 24) and (kind or self._h265):
            self._add(payload)
        else:
            self.refused += 1

    def _take_several(self, payload: bytes) -> None:
        at = 2 if self._h265 else 1
        while at + 2 <= len(payload):
            size = int.from_bytes(payload[at : at + 2], "big")
            unit = payload[at + 2 : at + 2 + size]
            if not size or len(unit) < size:
                self.refused += 1
                self._spoil()
                return
            self._add(unit)
            at += 2 + size

    def _take_part(self, payload: bytes) -> None:
        head = 3 if self._h265 else 2
        if len(payload) <= head:
            self.refused += 1
            return
        flags = payload[head - 1]
        if flags & 0x80:
            first = payload[0] & 0x81 | (flags & 0x3F) << 1 if self._h265 else payload[0] & 0xE0 | flags & 0x1F
            self._add(bytes([first, payload[1]] if self._h265 else [first]) + payload[head:])
            self._open = True
        elif self._open:
            self._parts += payload[head:]
        if flags & 0x40:
            self._open = False

    def _add(self, unit: bytes) -> None:
        kind = unit[0] >> 1 & 0x3F if self._h265 else unit[0] & 0x1F
        self._key = self._key or (kind in _H265_IRAP if self._h265 else kind == _H264_IDR)
        self._parts += _START + unit
