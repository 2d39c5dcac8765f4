"""Packets into one fragmented MP4 (ISO/IEC 14496-12, 8.8) without touching their bytes. Lives on a writer thread.

A fragment is one GOP: it reaches the file when the next key frame comes (with sound, when sound behind that key frame
comes, or after half a second without any). How to make a stream without its source: `video.avi_header`.
"""

from __future__ import annotations

import io
import logging
from contextlib import ExitStack
from fractions import Fraction
from typing import TYPE_CHECKING, cast

import av
import av.error

from storage.footage_files import TIMESCALE
from video.audio import AudioInfo
from video.avi_header import picture_header, sound_header
from video.frame import StreamInfo
from video.segment_file import SegmentFile
from video.source import VideoCode, VideoError

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.stream import Stream
    from av.video.stream import VideoStream

log = logging.getLogger(__name__)

_OPTIONS = {"movflags": "frag_keyframe+empty_moov+default_base_moof", "flush_packets": "1"}
_SOUND_OPTIONS = {**_OPTIONS, "max_interleave_delta": "500000"}
_TICK = Fraction(1, TIMESCALE)
_TAGS = {"hevc": "hvc1"}


class Remux:
    """One open segment. Times are ticks of the file (1/90000 s)."""

    def __init__(self, file: SegmentFile, info: StreamInfo, comment: str, audio: AudioInfo | None = None) -> None:
        """Write the header. Raises OSError of the file, VideoError(UNSUPPORTED)."""
        self.file = file
        sources = [picture_header(info), *([sound_header(audio)] if audio is not None else [])]
        try:
            options = _OPTIONS if audio is None else _SOUND_OPTIONS
            self._container = av.open(file, "w", format="mp4", options=dict(options))
            self._container.metadata["comment"] = comment
            with ExitStack() as stack:
                streams = [stack.enter_context(av.open(io.BytesIO(one), format="avi")).streams[0] for one in sources]
                copies = [self._container.add_stream_from_template(one, opaque=True) for one in streams]
            self._stream = cast("VideoStream", copies[0])
            self._sound = cast("AudioStream", copies[1]) if audio is not None else None
            self._stream.time_base = _TICK
            if info.codec in _TAGS:
                self._stream.codec_context.codec_tag = _TAGS[info.codec]
            self._container.start_encoding()
        except (av.error.FFmpegError, ValueError) as error:
            raise VideoError(VideoCode.UNSUPPORTED, codec=info.codec) from error

    @property
    def sounds(self) -> bool:
        """Whether it takes sound."""
        return self._sound is not None

    def add(self, source: av.Packet[VideoStream], pts: int, dts: int, duration: int, *, key: bool) -> None:
        """Mux a copy: `mux` rescales in place, and ring and decoders hold the original.

        Raises OSError, VideoError(DAMAGED) for what the muxer does not understand."""
        packet = av.Packet(bytes(source))
        packet.time_base = _TICK
        packet.pts, packet.dts, packet.duration = pts, dts, duration
        packet.is_keyframe = key
        packet.stream = self._stream
        self._mux(packet)

    def add_sound(self, data: bytes, pts: int, duration: int) -> None:
        """Mux one packet of sound; nothing where there is no track for it. Raises as `add` does."""
        if self._sound is None:
            return
        packet = av.Packet(data)
        packet.time_base = _TICK
        packet.pts = packet.dts = pts
        packet.duration = duration
        packet.is_keyframe = True
        packet.stream = self._sound
        self._mux(packet)

    def _mux(self, packet: av.Packet[Stream]) -> None:
        try:
            self._container.mux_one(packet)
        except av.error.FFmpegError as error:  # also "not permitted", for sound; the file's are no FFmpegError
            raise VideoError(VideoCode.DAMAGED, url=str(self.file.path)) from error

    def close(self) -> None:
        """Write the last fragment and the end. Raises as `add` does."""
        try:
            self._container.close()
        except av.error.FFmpegError as error:  # also "not permitted", for sound; the file's are no FFmpegError
            raise VideoError(VideoCode.DAMAGED, url=str(self.file.path)) from error

    def discard(self) -> None:
        """Release the muxer after the file was abandoned, which then takes no more bytes."""
        try:
            self._container.close()
        except (OSError, av.error.FFmpegError) as error:
            log.debug("closing an abandoned segment: %s", error)
