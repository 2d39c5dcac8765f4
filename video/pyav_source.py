"""Live network streams through FFmpeg (RTSP, HTTP, HLS, RTMP), and the registration of every scheme that PyAV serves.

A `LiveSource` belongs to one reader thread. FFmpeg cannot be woken from another thread: its waits are kept short.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import av
import av.error
import av.logging

from video.audio import AudioInfo, AudioPacket, SoundTrack
from video.av_errors import live_error
from video.codec import stream_info, video_stream
from video.file_source import FileSource
from video.frame import Packet, StreamInfo
from video.live_pace import TICK, ArrivalTimes, Pace
from video.rtsp_greeting import Greeting, greeting
from video.source import Source, VideoCode, VideoError, host_of, redact, register, scheme_of
from video.timing import StreamClock

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

OPEN_TIMEOUT_S = 4.0
READ_TIMEOUT_S = 1.5
_PROBE_TIMEOUT_S = 0.4
_MICRO = 1_000_000
_TRANSPORT = "#transport="
_DEFAULT_FPS = 25.0
_NAP_S = 0.25
_DESCRIBED = frozenset({"rtsp", "rtsps"})
_LOOK_US, _NO_LOOK = "500000", "32"
_HASTE_S = 1.0
_MOST_UNTOLD = 4096
_untold: set[int] = set()
"""Addresses whose description tells too little, as hashes: they hold passwords."""
_TIMELESS = frozenset({"mpjpeg", "mjpeg", "image2pipe", "jpeg_pipe"})


def reachable(url: str, timeout_s: float) -> bool:
    """Whether somebody accepts TCP connections there; True for what has no host."""
    address = host_of(url)
    if address is None:
        return True
    try:
        socket.create_connection(address, timeout_s).close()
    except OSError:
        return False
    return True


def knock(url: str, timeout_s: float, *, was_silent: bool) -> VideoCode | None:
    """Why opening is not worth it now; None when it is. One that took calls and said nothing is asked for a word first
    (RTSP): opening it would hold a place, which others wait for, until FFmpeg's patience ends."""
    if was_silent and scheme_of(url) == "rtsp":
        return _NO_WORD.get(greeting(url, timeout_s))
    return None if reachable(url, timeout_s) else VideoCode.UNREACHABLE


_NO_WORD = {Greeting.NOBODY: VideoCode.UNREACHABLE, Greeting.NOTHING: VideoCode.SILENT}


def is_told(container: InputContainer) -> bool:
    """Whether everything is known that a decoder and a recorder have to know, without having seen a picture."""
    for video in container.streams.video[:1]:
        context: VideoCodecContext | None = video.codec_context
        if context is None:
            return True  # no look would help
        sets = bool(context.extradata) or context.name not in ("h264", "hevc")
        if not (context.width and context.pix_fmt and video.average_rate and sets):
            return False
    return all(audio.codec_context.sample_rate and audio.codec_context.channels for audio in container.streams.audio)


def _timed_out(waited_s: float) -> bool:
    return waited_s > OPEN_TIMEOUT_S - 0.1


class LiveSource:
    """One opening of a network stream. `#transport=udp` behind the URL asks for RTP over UDP (default TCP)."""

    def __init__(self, url: str, generation: int = 0) -> None:
        # Cut off by hand: a password may hold a "#", for which a URL parser would take it as the end.
        self._url, _, transport = url.partition(_TRANSPORT)
        self._transport = transport or "tcp"
        self._generation = generation
        self._container: InputContainer | None = None
        self._stream: VideoStream | None = None
        self._clock = StreamClock()
        self._seq = 0
        self._tick_s = 0.0
        self._sound: SoundTrack | None = None
        self._arrivals: ArrivalTimes | None = None
        self._pace: Pace | None = None

    def open(self) -> StreamInfo:
        """Connect and find the video stream. Raises VideoError."""
        begin_s = time.monotonic()
        try:
            self._container = self._connect()
        except av.error.FFmpegError as error:
            raise self._open_error(error, time.monotonic() - begin_s) from None
        try:
            self._stream = video_stream(self._container, self._url)
            info = stream_info(self._container, self._stream, live=True)
        except VideoError:
            self.close()
            raise
        if not info.width and _timed_out(time.monotonic() - begin_s):
            self.close()
            raise VideoError(VideoCode.SILENT, url=redact(self._url))  # It promised a stream and sent nothing.
        kind = self._container.format.name
        self._arrivals = ArrivalTimes() if kind in _TIMELESS else None
        self._pace = Pace() if kind == "hls" else None
        self._tick_s = float(TICK if self._arrivals else self._stream.time_base or 0)
        self._clock = StreamClock(1 / (info.fps or _DEFAULT_FPS))
        return info

    def _connect(self) -> InputContainer:
        """RTSP mostly describes its streams in words (SDP: rate, size, parameter sets): then nothing of them has to be
        looked at, which takes half a second. Where the words do not tell, once more, and thoroughly from then on."""
        begin_s = time.monotonic()
        if scheme_of(self._url) not in _DESCRIBED or hash(self._url) in _untold:
            return self._dial({"analyzeduration": _LOOK_US})
        container = self._dial({"probesize": _NO_LOOK})
        if is_told(container):
            return container
        container.close()
        if len(_untold) >= _MOST_UNTOLD:
            _untold.clear()
        _untold.add(hash(self._url))
        if time.monotonic() - begin_s > _HASTE_S:
            raise VideoError(VideoCode.SILENT, url=redact(self._url))
        return self._dial({"analyzeduration": _LOOK_US})

    def _dial(self, look: dict[str, str]) -> InputContainer:
        # Not fflags=nobuffer: it throws away what was read to find the stream, and with it the first key frame;
        # without it the delay is the same (measured) and the first picture comes up to a GOP earlier.
        transport = {"rtsp_transport": self._transport} if scheme_of(self._url) in _DESCRIBED else {}
        return av.open(
            self._url,
            options={**look, **transport},
            timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S),
            metadata_errors="replace",
        )

    def listen(self, ear: Callable[[AudioPacket], None]) -> AudioInfo | None:
        """See `audio.AudibleSource`."""
        if self._container is None or not self._container.streams.audio:
            return None
        self._sound = SoundTrack(self._container, ear, self._generation)
        return self._sound.info

    def packets(self) -> Iterator[Packet | None]:
        """Packets as they arrive, None for those that carry nothing. Raises VideoError: ENDED, SILENT."""
        if self._container is None or self._stream is None:
            raise VideoError(VideoCode.ENDED, url=redact(self._url))
        streams: tuple[Stream, ...] = (self._stream, *([self._sound.stream] if self._sound is not None else []))
        try:
            for packet in self._container.demux(streams):
                if self._sound is not None and packet.stream_index == self._sound.stream.index:
                    self._sound.take(cast("av.Packet[AudioStream]", packet))
                elif packet.size:
                    yield from self._in_time(self._packet(cast("av.Packet[VideoStream]", packet)))
                else:
                    yield None
        except av.error.FFmpegError as error:
            raise live_error(error, self._url, opened=True) from None
        raise VideoError(VideoCode.ENDED, url=redact(self._url))

    def _in_time(self, packet: Packet) -> Iterator[Packet | None]:
        """The packet, at its time when the stream comes in heaps."""
        if self._pace is None:
            yield packet
            return
        due_s = self._pace.due_s(packet.pts_s, time.monotonic())
        while (rest_s := due_s - time.monotonic()) > 0:
            time.sleep(min(rest_s, _NAP_S))
            if rest_s > _NAP_S:
                yield None
        yield replace(packet, due_s=due_s, utc_s=due_s + time.time() - time.monotonic())

    def close(self) -> None:
        """Hang up."""
        container, self._container, self._stream, self._sound = self._container, None, None, None
        if container is not None:
            container.close()

    def _open_error(self, error: av.error.FFmpegError, waited_s: float) -> VideoError:
        """A timeout comes as "invalid data": only its length tells silence from an address where nobody answers."""
        if not _timed_out(waited_s):
            return self._cut_off(live_error(error, self._url))
        silent = reachable(self._url, _PROBE_TIMEOUT_S)
        return VideoError(VideoCode.SILENT if silent else VideoCode.UNREACHABLE, url=redact(self._url))

    def _cut_off(self, error: VideoError) -> VideoError:
        """A connection that is cut comes as "invalid data" too: only a server that talks, and not RTSP, is no camera.

        Behind TLS nothing can be asked."""
        if error.code is not VideoCode.NOT_VIDEO or scheme_of(self._url) != "rtsp":
            return error
        answer = greeting(self._url, _PROBE_TIMEOUT_S)
        if answer is Greeting.OTHER:
            return error
        code = VideoCode.UNREACHABLE if answer is Greeting.NOBODY else VideoCode.ENDED
        return VideoError(code, url=redact(self._url))

    def _packet(self, packet: av.Packet[VideoStream]) -> Packet:
        self._seq += 1
        if self._arrivals is not None:
            self._arrivals.put(packet, time.monotonic())
        pts = packet.dts if packet.pts is None else packet.pts
        start = self._container.start_time_realtime if self._container else None
        stamp = self._clock.stamp(
            None if pts is None else pts * self._tick_s,
            time.monotonic(),
            time.time(),
            None if start is None else start / _MICRO,
        )
        if self._sound is not None and pts is not None:
            self._sound.at(stamp.pts_s, pts * self._tick_s)
        return Packet(
            av=packet,
            seq=self._seq,
            key=packet.is_keyframe,
            pts_s=stamp.pts_s,
            utc_s=stamp.utc_s,
            due_s=stamp.due_s,
            generation=self._generation,
            size=packet.size,
            clock_offset_s=self._clock.offset_s,
        )


def _of_path(path: str, generation: int) -> Source:
    return _device(path, generation) if path.startswith("/dev/video") else FileSource(path, generation)


def _device(url: str, generation: int) -> Source:
    from video.device_source import DeviceSource  # it is a LiveSource, and so comes after this module

    return DeviceSource(url, generation)


# FFmpeg writes to stderr itself, URLs with passwords included; what matters comes back as an exception.
av.logging.set_level(None)
register(("rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "srt"), LiveSource)
register(("", "file"), _of_path)
register(("v4l2",), _device)
