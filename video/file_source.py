"""A file played as a camera: paced by its own time, looped for ever without a jump. Used on the reader's thread."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

import av
import av.error

from video.audio import AudioInfo, AudioPacket, SoundTrack
from video.av_errors import file_error
from video.codec import stream_info, video_stream
from video.frame import Packet, StreamInfo
from video.source import VideoCode, VideoError, scheme_of
from video.timing import Timeline

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.stream import VideoStream

log = logging.getLogger(__name__)

_NAP_S = 0.25
_DEFAULT_FPS = 25.0
_SEEKABLE = frozenset({"mov", "mp4", "matroska", "webm", "avi"})


class FileSource:
    """Packets of one file. `paced=False` reads as fast as it can; `loop=False` raises VideoError(ENDED) at its end.

    A torn file plays what is there: its readable part is the loop."""

    def __init__(self, url: str, generation: int = 0, *, paced: bool = True, loop: bool = True) -> None:
        self.path = url2pathname(urlsplit(url).path) if scheme_of(url) == "file" else url
        self._generation = generation
        self._paced = paced
        self._loop = loop
        self._container: InputContainer | None = None
        self._stream: VideoStream | None = None
        self._frame_s = 1 / _DEFAULT_FPS
        self._seq = 0
        self._start_s = self._start_utc_s = 0.0
        self._ear: Callable[[AudioPacket], None] | None = None
        self._sound: SoundTrack | None = None

    def open(self) -> StreamInfo:
        """Open the file. Raises VideoError: NO_FILE, NOT_VIDEO, DAMAGED, UNSUPPORTED."""
        try:
            self._container = av.open(self.path, metadata_errors="replace")
        except av.error.FFmpegError as error:
            raise file_error(error, self.path) from None
        try:
            self._stream = video_stream(self._container, self.path)
            info = stream_info(self._container, self._stream, live=False)
        except VideoError:
            self.close()
            raise
        self._frame_s = 1 / (info.fps or _DEFAULT_FPS)
        return info

    def listen(self, ear: Callable[[AudioPacket], None]) -> AudioInfo | None:
        """See `audio.AudibleSource`."""
        if self._container is None or not self._container.streams.audio:
            return None
        self._ear = ear
        self._sound = SoundTrack(self._container, ear, self._generation)
        return self._sound.info

    def packets(self) -> Iterator[Packet | None]:
        """Packets at their time, None while waiting for it (at least four times a second)."""
        self._start_s, self._start_utc_s = time.monotonic(), time.time()
        begin_s = 0.0
        while True:
            length_s = yield from self._pass(begin_s)
            if length_s <= 0.0:
                raise VideoError(VideoCode.DAMAGED, url=self.path)
            if not self._loop:
                raise VideoError(VideoCode.ENDED, url=self.path)
            begin_s += length_s
            self._rewind()

    def close(self) -> None:
        """Release the file."""
        container, self._container, self._stream, self._sound = self._container, None, None, None
        if container is not None:
            container.close()

    def _pass(self, begin_s: float) -> Generator[Packet | None, None, float]:
        """Play the file once from `begin_s` on; returns the length of what could be read (last pts + one frame)."""
        timeline = Timeline(self._frame_s)
        tick_s = float(self._stream.time_base or 0) if self._stream else 0.0
        first_s: float | None = None
        top_s = 0.0
        for packet in self._demux():
            pts = packet.dts if packet.pts is None else packet.pts
            pts_s = timeline.continued(None if pts is None else pts * tick_s)
            first_s = pts_s if first_s is None else first_s
            top_s = max(top_s, pts_s)
            at_s = begin_s + pts_s - first_s
            if self._sound is not None and pts is not None:
                self._sound.at(at_s, pts * tick_s)
            # A frame that others refer to comes before its time: as much earlier as it comes from an encoder.
            early_s = 0.0 if pts is None or packet.dts is None else (pts - packet.dts) * tick_s
            yield from self._wait(self._start_s + at_s - early_s)
            yield self._packet(packet, at_s)
        return 0.0 if first_s is None else top_s - first_s + self._frame_s

    def _demux(self) -> Iterator[av.Packet[VideoStream]]:
        if self._container is None or self._stream is None:
            return
        streams: tuple[Stream, ...] = (self._stream, *([self._sound.stream] if self._sound is not None else []))
        try:
            for packet in self._container.demux(streams):
                if self._sound is not None and packet.stream_index == self._sound.stream.index:
                    self._sound.take(cast("av.Packet[AudioStream]", packet))
                elif packet.size:
                    yield cast("av.Packet[VideoStream]", packet)
        except av.error.InvalidDataError:
            return  # Torn at its end: a recording that lost its power.
        except av.error.FFmpegError as error:
            raise file_error(error, self.path) from None

    def _wait(self, due_s: float) -> Iterator[None]:
        while self._paced and (rest_s := due_s - time.monotonic()) > 0:
            time.sleep(min(rest_s, _NAP_S))
            if rest_s > _NAP_S:
                yield None

    def _packet(self, packet: av.Packet[VideoStream], at_s: float) -> Packet:
        self._seq += 1
        return Packet(
            av=packet,
            seq=self._seq,
            key=packet.is_keyframe,
            pts_s=at_s,
            utc_s=self._start_utc_s + at_s,
            due_s=self._start_s + at_s,
            generation=self._generation,
            size=packet.size,
        )

    def _rewind(self) -> None:
        """Back to the beginning; what cannot seek (or was torn) is opened again."""
        if self._container is not None and not _SEEKABLE.isdisjoint(self._container.format.name.split(",")):
            try:
                self._container.seek(0)
                return
            except av.error.FFmpegError:
                log.debug("%s does not seek, opening it again", self.path)
        self.close()
        self.open()
        if self._ear is not None:
            self.listen(self._ear)
