"""Recorded footage from a foreign recorder by RTSP, from one moment to another (ONVIF Streaming Specification, 6).

`PLAY` with `Range: clock=`, `Require: onvif-replay`, `Rate-Control: no`; or a vendor's address that holds the times.
What comes is taken apart here (`video.rtp_units`), because FFmpeg's client sends none of these headers and throws the
frames' absolute time away. H.264 and H.265. Blocking, on one task thread; `gops` yields None at least every 1.5 s.

A frame's time: the replay extension of its packets; else the `Range` of the answer and RTP time from there; else the
moment that was asked for, and `by_request` says so. `offset_s` is how far the recorder's clock is ahead: it is taken
out of every time that is given, and added to those that are asked for.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction

import av
import av.error

from storage.footage_files import TIMESCALE
from storage.sealed import Credential
from video.codec import new_decoder
from video.frame import Packet, StreamInfo
from video.rtp_units import AccessUnit, UnitBuilder, parse_rtp
from video.rtsp_talk import READ_S, SILENT_S, Reply, RtspTalk
from video.session_description import VideoTrack, sets_of, video_track
from video.source import VideoCode, VideoError, redact

log = logging.getLogger(__name__)

_TICK = Fraction(1, TIMESCALE)
_MOST_GOP = 64_000_000
_MOST_FRAMES = 20_000
_NOTHING_S = 300.0
_MOST_STEP_S = 10.0
_MOST_LEAD_S = 60.0
_HOLE_S, _HOLE_FRAMES = 1.0, 5.0
_REORDERED_S = 1.0
_NEAR_END_S = 0.25
_EXACT_S = 0.02
_BREATH = 500
"""Packets after which the caller may cancel, whatever they hold."""
_CLOCK = re.compile(r"clock=([0-9]{8}T[0-9]{6}(?:\.[0-9]{1,9})?)Z")


@dataclass(frozen=True, slots=True)
class ReplayWish:
    """What is asked for; times are ours. `onvif`: by `Range: clock=`, else `url` holds the times already."""

    url: str
    from_utc_s: float
    to_utc_s: float
    offset_s: float = 0.0
    onvif: bool = True


@dataclass(frozen=True, slots=True)
class Gop:
    """Frames in decoding order, the first a key frame. `follows`: it goes on where the one before ended."""

    packets: tuple[Packet, ...]
    follows: bool


class ReplaySource:
    """One opening. `open`, then `gops` once, then `close`. Raises VideoError."""

    def __init__(
        self, wish: ReplayWish, login: Credential | None, *, read_s: float = READ_S, silent_s: float = SILENT_S
    ) -> None:
        self.by_request = False
        self.ended: Callable[[], bool] = lambda: False
        """Whether nobody waits any more: an answer is then not waited for to its end."""
        self.info: StreamInfo | None = None
        self._wish, self._login = wish, login
        self._waits = {"read_s": read_s, "silent_s": silent_s}
        self._talk: RtspTalk | None = None
        self._track: VideoTrack | None = None
        self._clock = _FrameClock(wish.from_utc_s + wish.offset_s)
        self._seq = 0
        self._base_s = wish.from_utc_s
        self._newest_utc_s = 0.0
        self._given_utc_s, self._given_at_s = -1.0, 0.0
        self._said_last = False
        self._rest: tuple[list[Packet], bool] = ([], False)

    def open(self) -> None:
        """Ask for it. Raises VideoError: UNREACHABLE, UNAUTHORIZED, NOT_FOUND, NO_RECORDING, NO_REPLAY, ELSEWHERE,
        UNSUPPORTED, BAD_ANSWER, SILENT."""
        wish = self._wish
        talk = self._talk = RtspTalk(wish.url, self._login, ended=self.ended, **self._waits)
        described = talk.ask("DESCRIBE", wish.url, {"Accept": "application/sdp"})
        base = described.header("content-base") or described.header("content-location") or wish.url
        self._track, whole = video_track(described.body, base, wish.url)
        transport = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
        talk.ask("SETUP", self._track.control, transport)
        reply = talk.ask("PLAY", whole, self._play_headers())
        self._note_range(reply)

    def _play_headers(self) -> dict[str, str]:
        wish = self._wish
        if not wish.onvif:
            return {"Range": "npt=0.000-"}
        span = f"clock={_clock_text(wish.from_utc_s + wish.offset_s)}-{_clock_text(wish.to_utc_s + wish.offset_s)}"
        return {"Require": "onvif-replay", "Range": span, "Rate-Control": "no"}

    def _note_range(self, reply: Reply) -> None:
        """When the first frame is, where the answer says so."""
        found = _CLOCK.search(reply.header("range"))
        begin_s = _utc_of(found[1]) if found is not None else None
        if begin_s is not None:
            ticks = re.search(r"rtptime=([0-9]{1,10})", reply.header("rtp-info"))
            self._clock.begin(begin_s, int(ticks[1]) & 0xFFFFFFFF if ticks else None)

    def gops(self) -> Iterator[Gop | None]:
        """What is there of the asked time, and of the key frame before it; None when nothing came for a moment.

        Raises VideoError: SILENT, BAD_ANSWER; ENDED when the connection breaks before the end of what was asked for."""
        waiting: list[Packet] = []
        held_bytes, follows = 0, False
        self._given_at_s = time.monotonic()
        try:
            for unit in self._units():
                if unit is None:
                    yield None
                    continue
                packet, held = self._packet(unit), bool(waiting)
                step = held and (
                    not -_MOST_STEP_S < packet.utc_s - waiting[-1].utc_s < _MOST_STEP_S
                    or (packet.key and _is_hole(waiting, packet.utc_s))
                )
                if held and (packet.key or step or held_bytes > _MOST_GOP or len(waiting) >= _MOST_FRAMES):
                    yield from self._given(waiting, None if step else packet, follows=follows)
                    yield None
                    waiting, held_bytes, follows = [], 0, packet.key and not step
                if time.monotonic() - self._given_at_s > _NOTHING_S:
                    raise VideoError(VideoCode.BAD_ANSWER, url=redact(self._wish.url))
                if packet.utc_s >= self._wish.to_utc_s + (0.0 if packet.key else _REORDERED_S):
                    return
                if packet.key or waiting:
                    waiting.append(packet)
                    held_bytes += packet.size
                self._newest_utc_s, self._said_last = packet.utc_s, unit.last
                if unit.last and waiting:
                    yield from self._given(waiting, None, follows=follows)
                    waiting, held_bytes, follows = [], 0, False
            if not self._at_end:
                raise VideoError(VideoCode.ENDED, url=redact(self._wish.url))
        finally:
            self._rest = waiting, follows  # what came before a break is kept

    def rest(self) -> Gop | None:
        """The frames behind the last GOP, after `gops` ended or raised."""
        (waiting, follows), self._rest = self._rest, ([], False)
        return next(self._given(waiting, None, follows=follows), None) if waiting else None

    @property
    def _at_end(self) -> bool:
        """Whether silence, or an end, means that all has come: some recorders do not hang up, some do too early."""
        return self._said_last or self._newest_utc_s > self._wish.to_utc_s - _NEAR_END_S

    def _given(self, waiting: list[Packet], after: Packet | None, *, follows: bool) -> Iterator[Gop]:
        """A GOP, unless all of it lies before what was asked for; cut where that ends."""
        end_s = after.utc_s if after is not None else max(packet.utc_s for packet in waiting) + 0.04
        inside = [packet for packet in waiting if packet.utc_s < self._wish.to_utc_s or packet is waiting[0]]
        lead_s = self._wish.from_utc_s - waiting[0].utc_s  # time that nobody asked for, of which we have our own
        wanted = end_s > self._wish.from_utc_s + _EXACT_S and waiting[0].utc_s < self._wish.to_utc_s
        wanted = wanted and lead_s < _MOST_LEAD_S
        if wanted and waiting[0].utc_s > self._given_utc_s:  # what comes again, or goes back, is not wanted
            self._given_utc_s = waiting[0].utc_s
            yield Gop(tuple(dated_gop(inside)), follows)
            self._given_at_s = time.monotonic()

    def _units(self) -> Iterator[AccessUnit | None]:
        track, talk = self._track, self._talk
        if track is None or talk is None:
            raise VideoError(VideoCode.ENDED, url=redact(self._wish.url))
        builder, heard_s = UnitBuilder(track.codec), time.monotonic()
        for count, found in enumerate(talk.media(), 1):
            silent_s = time.monotonic() - heard_s  # reports that go on behind the end are no pictures
            if found is None or count % _BREATH == 0 or silent_s > self._waits["read_s"]:
                yield None
            if self._at_end and (found is None or silent_s > self._waits["silent_s"]):
                return
            if silent_s > self._waits["silent_s"]:
                raise VideoError(VideoCode.SILENT, url=redact(self._wish.url))
            if found is None:
                continue
            channel, data = found
            if channel == 1 and says_goodbye(data):
                self._said_last = True
                break
            packet = parse_rtp(data) if channel == 0 else None
            if packet is not None and packet.kind == track.kind:
                yield from builder.feed(packet)
                heard_s = time.monotonic()
        if builder.lost or builder.refused:
            log.warning("a replay from %s lacked %d packets", redact(self._wish.url), builder.lost + builder.refused)

    def _packet(self, unit: AccessUnit) -> Packet:
        track = self._track
        if track is None:
            raise VideoError(VideoCode.ENDED, url=redact(self._wish.url))
        utc_s = self._clock.utc_s(unit, track.rate_hz) - self._wish.offset_s
        self.by_request = not self._clock.told
        made = av.Packet(unit.data)
        made.time_base, made.is_keyframe = _TICK, unit.key
        made.pts = made.dts = round((utc_s - self._base_s) * TIMESCALE)
        self._seq += 1
        if unit.key and self.info is None:
            self.info = self._found(made)
        packet: Packet = Packet(made, self._seq, unit.key, utc_s - self._base_s, utc_s, time.monotonic(), 0, made.size)  # type: ignore[arg-type]  # of no stream yet
        return packet

    def _found(self, key: av.Packet) -> StreamInfo:  # type: ignore[type-arg]  # of no stream yet
        """What the stream is, out of its first key frame. Raises VideoError(DAMAGED)."""
        track = self._track
        if track is None:
            raise VideoError(VideoCode.ENDED, url=redact(self._wish.url))
        sets = sets_of(track.codec, bytes(key)) or track.sets
        info = StreamInfo(track.codec, 0, 0, 0.0, live=False, extradata=sets or None)
        try:
            context = new_decoder(info)
            frames = [*context.decode(key), *context.decode(None)]
        except av.error.FFmpegError as error:
            raise VideoError(VideoCode.DAMAGED, url=redact(self._wish.url)) from error
        if not frames or not sets:
            raise VideoError(VideoCode.DAMAGED, url=redact(self._wish.url))
        return replace(info, width=frames[0].width, height=frames[0].height)

    def close(self) -> None:
        """Hang up; a second call does nothing."""
        talk, self._talk = self._talk, None
        if talk is not None:
            with suppress(OSError):
                talk.close()


class _FrameClock:
    """The recorder's time of a frame."""

    def __init__(self, asked_utc_s: float) -> None:
        self.told = False
        self._utc_s = asked_utc_s
        self._ticks: int | None = None

    def begin(self, utc_s: float, ticks: int | None) -> None:
        """The answer to `PLAY` says when it begins."""
        self.told, self._utc_s, self._ticks = True, utc_s, ticks

    def utc_s(self, unit: AccessUnit, rate_hz: int) -> float:
        """By the frame itself, else by RTP time from what is known."""
        if unit.utc_s is not None:
            self.told, self._utc_s, self._ticks = True, unit.utc_s, unit.ticks
            return unit.utc_s
        if self._ticks is None:
            self._ticks = unit.ticks
        steps = (unit.ticks - self._ticks + 0x80000000 & 0xFFFFFFFF) - 0x80000000
        self._utc_s, self._ticks = self._utc_s + steps / rate_hz, unit.ticks
        return self._utc_s


def _is_hole(waiting: list[Packet], utc_s: float) -> bool:
    """Whether more is missing before a key frame than the pace of the frames before it says."""
    newest = max(packet.utc_s for packet in waiting)
    if len(waiting) < 2:
        return False
    pace_s = (newest - waiting[0].utc_s) / (len(waiting) - 1)
    return utc_s - newest > max(_HOLE_S, _HOLE_FRAMES * pace_s)


def says_goodbye(data: bytes) -> bool:
    """Whether a compound RTCP packet holds a BYE (RFC 3550, 6.6)."""
    at = 0
    while at + 4 <= len(data):
        if data[at + 1] == 203:
            return True
        at += 4 + 4 * int.from_bytes(data[at + 2 : at + 4], "big")
    return False


def dated_gop(packets: list[Packet]) -> list[Packet]:
    """Decoding times for frames that came in decoding order with the times at which they are shown."""
    shown = sorted(packet.av.pts or 0 for packet in packets)
    late = max(at - (packet.av.pts or 0) for at, packet in zip(shown, packets, strict=True))
    for at, packet in zip(shown, packets, strict=True):
        packet.av.dts = at - late
    return packets


def _clock_text(utc_s: float) -> str:
    at = datetime.fromtimestamp(utc_s, UTC)
    return f"{at:%Y%m%dT%H%M%S}.{at.microsecond // 1000:03d}Z"


def _utc_of(text: str) -> float | None:
    head, _dot, part = text.partition(".")
    try:
        return datetime.strptime(head, "%Y%m%dT%H%M%S").replace(tzinfo=UTC).timestamp() + float(f"0.{part or 0}")
    except ValueError:  # a thirteenth month
        return None
