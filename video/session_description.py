"""What a recorder says of a stream before it plays it (SDP, RFC 8866; H.264: RFC 6184, 8.2.1; H.265: RFC 7798, 7.2).

Pure; what is not understood is passed over.
"""

from __future__ import annotations

import base64
import binascii
import re
from contextlib import suppress
from dataclasses import dataclass

from video.source import VideoCode, VideoError, redact

_CODECS = {"H264": "h264", "H265": "hevc", "HEVC": "hevc"}
_NUMBER = re.compile(r"[0-9]{1,9}")
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_SETS = {"h264": ("sprop-parameter-sets",), "hevc": ("sprop-vps", "sprop-sps", "sprop-pps")}


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The pictures of a description: how they are packed, and where they are asked for. `sets` have start codes."""

    codec: str
    kind: int
    rate_hz: int
    control: str
    sets: bytes


def sets_of(codec: str, unit: bytes) -> bytes:
    """The parameter sets of an access unit, with start codes; nothing where there are none."""
    wanted = range(7, 9) if codec == "h264" else range(32, 35)
    found = b""
    for part in re.split(b"\0\0\0\1", unit)[1:]:
        kind = part[0] & 0x1F if codec == "h264" else part[0] >> 1 & 0x3F
        if kind in wanted:
            found += b"\0\0\0\1" + part
    return found


def video_track(body: bytes, base: str, url: str) -> tuple[VideoTrack, str]:
    """The picture of a description (RFC 8866), and the address that is played. Raises VideoError(UNSUPPORTED)."""
    whole, found, lines = "*", None, body.decode("utf-8", "replace").splitlines()
    sections: list[list[str]] = [[]]
    for line in lines[:2000]:
        if line.startswith("m="):
            sections.append([])
        sections[-1].append(line.strip())
    for line in sections[0]:
        whole = line[10:] if line.startswith("a=control:") else whole
    for section in sections[1:]:
        if section[0].startswith("m=video") and found is None:
            found = _track_of(section, base, url)
    if found is None:
        raise VideoError(VideoCode.NOT_VIDEO, url=redact(url))
    return found, _resolved(whole, base)


def _track_of(section: list[str], base: str, url: str) -> VideoTrack:
    words = section[0].split()
    kind = _number(words[3]) if len(words) > 3 else -1
    values = {"rtpmap": "", "fmtp": "", "control": ""}
    for line in section[1:]:
        name, _colon, value = line.removeprefix("a=").partition(":")
        if name in ("rtpmap", "fmtp"):
            number, _space, value = value.partition(" ")
            if number != str(kind):
                continue
        if line.startswith("a=") and name in values:
            values[name] = value
    name, _slash, rate = values["rtpmap"].partition("/")
    codec, rate_hz = _CODECS.get(name.upper(), ""), _number(rate.partition("/")[0])
    if not codec or rate_hz < 1:
        raise VideoError(VideoCode.UNSUPPORTED, url=redact(url), codec=name[:20])
    told = dict(part.strip().partition("=")[::2] for part in values["fmtp"].split(";"))
    sets = b"".join(_sets(told.get(key, "")) for key in _SETS[codec])
    return VideoTrack(codec, kind, rate_hz, _resolved(values["control"], base), sets)


def _number(text: str) -> int:
    """-1 where it is none, or more than anybody means."""
    return int(text) if _NUMBER.fullmatch(text) else -1


def _sets(text: str) -> bytes:
    found = b""
    for part in filter(None, text.split(",")):
        with suppress(binascii.Error, ValueError):
            found += b"\0\0\0\1" + base64.b64decode(part)
    return found


def _resolved(control: str, base: str) -> str:
    """What a control attribute means (RFC 2326, C.1.1). Only a name in a request: nothing is connected to."""
    if control in ("", "*"):
        return base
    if _ABSOLUTE.match(control):
        return control
    return f"{base.rstrip('/')}/{control}"
