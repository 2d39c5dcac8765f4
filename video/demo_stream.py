"""What runs inside a demo server's process: aio-rtsp-toolkit's RTSP server, serving looped clips from memory.

WORKAROUND(aio-rtsp-toolkit 0.1.4), all in `_ClipSession` and `ClipServer`:
- it reopens the file for every loop in a thread and polls a queue per packet: here packets are read once;
- it spreads a picture's RTP packets over the picture's duration, so a key frame ends 66 ms late: here a picture goes
  out in one write when it is due, as a camera's encoder does;
- it begins at RTP time 0, which FFmpeg takes for "not known yet": every picture then carries the time of the one
  before it. Here it begins at a random time, as RFC 3550 (5.1) asks, and says so in RTP-Info;
- it prints its log on standard output: here it goes to `logging`;
- a client that leaves while a picture is written can end in a traceback of asyncio: here it ends the session.
Needs neither root nor another package. TCP only (RFC 2326, 10.12), no login.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import aio_sockets
import av
from aio_rtsp_toolkit.server import RtspServer
from aio_rtsp_toolkit.server_session import RtspServerSession
from aio_rtsp_toolkit.server_session_types import StreamTrackState
from av.video.stream import VideoStream

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """One encoded picture of a clip; `at_s` counts from the clip's first one."""

    data: bytes
    at_s: float
    key: bool


@dataclass(frozen=True, slots=True)
class StoredClip:
    """A clip in memory (a third of a megabyte)."""

    path: Path
    loop_s: float
    pictures: tuple[StoredPicture, ...]


def load_clip(path: Path) -> StoredClip:
    """Read all packets of a clip that has no B frames."""
    with av.open(str(path), metadata_errors="replace") as container:
        stream = container.streams.video[0]
        rate = stream.average_rate
        pictures = tuple(_stored(packet) for packet in container.demux(stream) if packet.size)
    if not pictures or not rate:
        raise ValueError(f"{path.name} holds no video")
    return StoredClip(path, len(pictures) / float(rate), pictures)


def _stored(packet: av.Packet[VideoStream]) -> StoredPicture:
    if packet.pts is None or packet.time_base is None:
        raise ValueError("a demo clip has a time stamp in every packet")
    return StoredPicture(bytes(packet), float(packet.pts * packet.time_base), packet.is_keyframe)


class ClipServer(RtspServer):  # type: ignore[misc]  # the toolkit is untyped
    """Serves clips under their names on one port; call `start()` inside the event loop."""

    def __init__(self, host: str, port: int, control_port: int, clips: Mapping[str, Path]) -> None:
        folder = next(iter(clips.values())).parent
        super().__init__(str(folder), host=host, port=port, control_host=host, control_port=control_port)
        self.logger = _Log()
        self.clips = {name: load_clip(path) for name, path in clips.items()}

    async def _handle_client(self, sock: aio_sockets.TCPSocket) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            await _ClipSession(self, sock).run()

    def clip_of(self, uri: str) -> StoredClip:
        """The clip that a request means. Raises FileNotFoundError (answered with 404)."""
        parts = [part for part in uri.partition("://")[2].split("/")[1:] if part]
        name = parts[0].partition("?")[0] if parts else ""
        if name not in self.clips:
            raise FileNotFoundError(name)
        return self.clips[name]

    def resolve_request_path(self, uri: str) -> Path:
        """Where the clip's file is; only named clips exist, never a path from the network."""
        return self.clip_of(uri).path


class _ClipSession(RtspServerSession):  # type: ignore[misc]  # the toolkit is untyped
    """One client's playback."""

    def __init__(self, server: ClipServer, sock: aio_sockets.TCPSocket) -> None:
        super().__init__(server, sock)
        self._burst: bytearray | None = None
        self._first_timestamp = random.randrange(90_000, 1 << 31)  # noqa: S311 - a start value, not a secret

    async def _stream_media(self) -> None:
        clip = self.server.clip_of(self.content_base)
        state = next(s for s in self.track_states.values() if s.rtp_channel is not None)
        duration_s = clip.loop_s / len(clip.pictures)
        try:
            for loop in count():
                for picture in clip.pictures:
                    if self.closed:
                        return
                    due_s = loop * clip.loop_s + picture.at_s
                    await self._send_video_packet(state, picture.data, due_s, duration_s, picture.key)
        except OSError as error:
            log.debug("client gone: %s", error)

    async def _send_paced_rtp_payloads(
        self,
        state: StreamTrackState,
        payloads: list[tuple[bytes, int]],
        timestamp: int,
        media_time: float,
        duration_seconds: float,  # noqa: ARG002 - the toolkit's signature
    ) -> None:
        await self._sleep_until_media_time(state, media_time)
        self._burst = bytearray()
        for payload, marker in payloads:
            shifted = (self._first_timestamp + timestamp) & 0xFFFFFFFF
            await self._send_rtp_packet(state, payload, timestamp=shifted, marker=marker)
        data, self._burst = bytes(self._burst), None
        async with self.write_lock:
            await self.sock.send(data)

    async def _send_response(
        self,
        req_headers: dict[str, str],
        status_code: int,
        reason: str,
        extra_headers: dict[str, str] | None = None,
        body: bytes = b"",
    ) -> None:
        headers = dict(extra_headers or {})
        if "RTP-Info" in headers:
            headers["RTP-Info"] = headers["RTP-Info"].replace("rtptime=0", f"rtptime={self._first_timestamp}")
        await super()._send_response(req_headers, status_code, reason, headers, body)

    async def _send_interleaved_frame(self, channel: int, payload: bytes) -> None:
        if self._burst is None:
            await super()._send_interleaved_frame(channel, payload)
        else:
            self._burst += struct.pack("!cBH", b"$", channel, len(payload)) + payload


class _Log:
    """The toolkit's logger interface over `logging`; its chatter is debug here."""

    def debug(self, message: str) -> None:
        """Chatter."""
        log.debug("%s", message)

    info = debug

    def warning(self, message: str) -> None:
        """Something that a client did wrong."""
        log.info("%s", message)

    def error(self, message: str) -> None:
        """A bug or a full disk."""
        log.warning("%s", message)

    critical = error
