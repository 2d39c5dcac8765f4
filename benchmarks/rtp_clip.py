"""A clip as a camera sends it: every picture cut into RTP payloads once (H.264: RFC 6184; H.265: RFC 7798).

Runs in the child process of `benchmarks.camera_farm`, and holds no socket and no clock.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
from av.bitstream import BitStreamFilterContext

_MOST = 1400
_START_CODE = re.compile(b"\x00\x00\x00?\x01")
_FU_A, _FU_HEVC = 28, 49


@dataclass(frozen=True, slots=True)
class RtpClip:
    """`pictures` are the payloads of each access unit in sending order; `attributes` are its lines of the SDP."""

    pictures: tuple[tuple[bytes, ...], ...]
    fps: float
    attributes: tuple[str, ...]


def load(path: Path) -> RtpClip:
    """Read a clip without B frames. Raises ValueError when there is nothing to send."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        hevc = stream.codec_context.name == "hevc"
        fps = float(stream.average_rate or 0)
        annexb = BitStreamFilterContext("hevc_mp4toannexb" if hevc else "h264_mp4toannexb", stream)
        units = [bytes(out) for packet in container.demux(stream) for out in annexb.filter(_or_end(packet)) if out.size]
    if not units or not fps:
        raise ValueError(f"{path.name} holds no video")
    return RtpClip(tuple(payloads(unit, hevc=hevc) for unit in units), fps, _attributes(units[0], hevc=hevc))


def _or_end(packet: av.Packet) -> av.Packet | None:  # type: ignore[type-arg]  # of whichever stream
    return packet if packet.size else None


def payloads(unit: bytes, *, hevc: bool = False) -> tuple[bytes, ...]:
    """One access unit (Annex B) as RTP payloads of at most 1400 bytes."""
    return tuple(part for nal in _nals(unit) for part in _parts(nal, hevc=hevc))


def h264_attributes(unit: bytes) -> tuple[str, ...]:
    """SDP lines for a stream that begins with this access unit."""
    return _attributes(unit, hevc=False)


def _nals(unit: bytes) -> list[bytes]:
    return [nal for nal in _START_CODE.split(unit) if nal]


def _parts(nal: bytes, *, hevc: bool) -> Iterator[bytes]:
    if len(nal) <= _MOST:
        yield nal
        return
    head = 2 if hevc else 1
    kind = (nal[0] >> 1) & 0x3F if hevc else nal[0] & 0x1F
    lead = bytes([(nal[0] & 0x81) | _FU_HEVC << 1, nal[1]]) if hevc else bytes([(nal[0] & 0xE0) | _FU_A])
    spots = range(head, len(nal), _MOST - 3)
    for at in spots:
        first, last = at == head, at == spots[-1]
        yield lead + bytes([first << 7 | last << 6 | kind]) + nal[at : at + _MOST - 3]


def _attributes(unit: bytes, *, hevc: bool) -> tuple[str, ...]:
    nals = _nals(unit)
    if hevc:
        sets = {name: _encoded(n for n in nals if (n[0] >> 1) & 0x3F == kind) for name, kind in _HEVC_SETS.items()}
        return ("a=rtpmap:96 H265/90000", "a=fmtp:96 " + ";".join(f"{name}={value}" for name, value in sets.items()))
    sets_h264 = _encoded(n for n in nals if n[0] & 0x1F in (7, 8))
    return "a=rtpmap:96 H264/90000", f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={sets_h264}"


_HEVC_SETS = {"sprop-vps": 32, "sprop-sps": 33, "sprop-pps": 34}


def _encoded(nals: Iterable[bytes]) -> str:
    return ",".join(base64.b64encode(nal).decode() for nal in nals)
