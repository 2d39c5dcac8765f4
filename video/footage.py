"""Footage of one camera as pieces in time: recorded files, and what only the packet ring still holds.

Pieces are made on the player's thread and used on no other. A piece gives packets; decoding is `video.shots`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import av
import av.error

from storage.footage_records import Segment
from video.av_errors import file_error
from video.codec import stream_info, video_stream
from video.fanout import PacketRing
from video.frame import Packet, StreamInfo

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

Item = tuple[StreamInfo, Packet]
Items = Generator[Item | None, None, None]
RECORDED = {"protocol_whitelist": "file", "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts"}
FOREIGN = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,asf,flv",
}
"""No format that names other files: FFmpeg would follow a playlist that somebody laid in the place of a recording."""
_MOST_WAITING = 3000
_PULL_S = 0.5
_SEEKS = 5
_BACK_S = 1


class Piece(Protocol):
    """A stretch of footage. `to_utc_s` of one that still grows is what was known when it was made."""

    @property
    def from_utc_s(self) -> float:
        """Time of its first frame."""

    @property
    def to_utc_s(self) -> float:
        """Time of its last frame."""

    def play(self, utc_s: float) -> Items:
        """Packets in decoding order, beginning with the last key frame at or before `utc_s` (else the first).

        None: nothing more yet, ask again. Ends where this piece ends. Raises VideoError. Close it when done."""


class Footage(Protocol):
    """Where a player gets its pieces from."""

    def reel(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> Sequence[Piece]:
        """What there is of that time, oldest first; pieces may overlap. Never the GUI's thread: it reads an index."""


@dataclass(frozen=True, slots=True)
class FilePiece:
    """One recorded file; its times follow from the file's own, counted from its first frame. `foreign`: somebody
    brought it, in any container of films. `origin`: see `Segment`."""

    path: str
    from_utc_s: float
    to_utc_s: float
    foreign: bool = False
    origin: str = ""

    @property
    def options(self) -> dict[str, str]:
        """What FFmpeg may open it as."""
        return FOREIGN if self.foreign else RECORDED

    def play(self, utc_s: float) -> Items:
        """See `Piece.play`. A torn or still growing file ends where it can be read to."""
        try:
            with av.open(self.path, options=self.options, metadata_errors="replace") as container:
                yield from packets_of(container, self, utc_s)
        except av.error.InvalidDataError:
            return  # Torn at its end: a recorder that lost its power, or one that is writing now.
        except av.error.FFmpegError as error:
            raise file_error(error, self.path) from None


def packets_of(container: InputContainer, piece: FilePiece, utc_s: float) -> Items:
    """What `Piece.play` gives, out of the piece's open file. Raises FFmpeg's errors."""
    stream = video_stream(container, piece.path)
    info = stream_info(container, stream, live=False)
    tick_s, first = float(stream.time_base or 0), stream.start_time or 0
    wanted = first + int(max(utc_s - piece.from_utc_s, 0.0) / tick_s) if tick_s else first
    for seq, packet in enumerate(_from_key(container, stream, wanted)):
        pts = packet.dts if packet.pts is None else packet.pts
        if packet.size and pts is not None:
            pts_s = (pts - first) * tick_s
            due_s, key = time.monotonic(), packet.is_keyframe
            yield info, Packet(packet, seq, key, pts_s, piece.from_utc_s + pts_s, due_s, 0, packet.size)


def _from_key(container: InputContainer, stream: VideoStream, pts: int) -> Iterator[av.Packet[VideoStream]]:
    """Packets from the last key frame that is shown at or before `pts` on. FFmpeg seeks by decoding time, which with
    B frames is earlier: what it finds may have to be shown too late, then the key frame before it is meant. Program
    streams have no index: a seek may end anywhere, so that it is tried from ever further back."""
    first = stream.start_time or 0
    back = int(_BACK_S / stream.time_base) if stream.time_base else 0
    packets = container.demux(stream)
    head, seek_to = None, pts
    for _attempt in range(_SEEKS if pts > first else 0):
        container.seek(max(seek_to, first), stream=stream)
        packets = container.demux(stream)
        head, skipped = _key_of(packets)
        if head is not None and (head.pts is None or head.dts is None or head.pts <= pts):
            break
        if seek_to <= first or not (skipped or head):
            break
        before = head.dts - 1 if head is not None and head.dts is not None else seek_to
        seek_to, back = (min(before, seek_to - back), 4 * back) if skipped else (before, back)
    if head is not None:
        yield head
    yield from packets


def _key_of(packets: Iterator[av.Packet[VideoStream]]) -> tuple[av.Packet[VideoStream] | None, int]:
    """The next key frame, and how many packets came before it."""
    for number, packet in enumerate(packets):
        if packet.is_keyframe or not packet.size:
            return (packet if packet.size else None), number
    return None, 0


class RingPiece:
    """What a session's ring holds, followed while it fills. Ends when the ring ran away from its reader (a pause)."""

    def __init__(self, ring: PacketRing) -> None:
        self.from_utc_s, self.to_utc_s = ring.span() or (0.0, 0.0)
        self._ring = ring
        self._waiting: deque[Item] = deque()
        self._last: Packet | None = None
        self._broken = False

    def play(self, utc_s: float) -> Items:
        """See `Piece.play`. Packets belong to decoder and recorder too: they are only read."""
        self._begin(utc_s)
        pulled_s = time.monotonic()
        while True:
            if not self._waiting or time.monotonic() - pulled_s > _PULL_S:
                pulled_s = time.monotonic()
                self._pull()
            if self._waiting:
                yield self._waiting.popleft()
            elif self._broken:
                return
            else:
                yield None

    def _begin(self, utc_s: float) -> None:
        gops = self._ring.gops()
        first = max((at for at, (_info, gop) in enumerate(gops) if gop[0].utc_s <= utc_s), default=0)
        self._waiting = deque((info, packet) for info, gop in gops[first:] for packet in gop)
        self._last = self._waiting[-1][1] if self._waiting else None

    def _pull(self) -> None:
        """Take over what came since; a hole between the last packet and the ring's oldest ends this piece."""
        if self._broken or len(self._waiting) >= _MOST_WAITING:
            return
        last = self._last
        mark = (last.generation, last.seq) if last is not None else (-1, -1)
        fresh = [(i, p) for i, gop in self._ring.gops() for p in gop if (p.generation, p.seq) > mark]
        if not fresh:
            return
        first = fresh[0][1]
        self._broken = last is not None and first.generation == last.generation and first.seq != last.seq + 1
        if not self._broken:
            self._waiting += fresh
            self._last = fresh[-1][1]


class StoredFootage:
    """Recorded segments, and after them the camera's ring. Either may be missing."""

    def __init__(
        self,
        ring_of: Callable[[str], PacketRing | None],
        between: Callable[[str, float, float], Sequence[Segment]] | None = None,
    ) -> None:
        """`between` is `SegmentIndex.between`; None without recording."""
        self._ring_of, self._between = ring_of, between

    def reel(self, camera_id: str, from_utc_s: float, to_utc_s: float) -> Sequence[Piece]:
        """See `Footage.reel`."""
        segments = self._between(camera_id, from_utc_s, to_utc_s) if self._between is not None else ()
        pieces: list[Piece] = [FilePiece(s.path, s.from_utc_s, s.to_utc_s, origin=s.origin) for s in segments]
        pieces.sort(key=lambda piece: piece.from_utc_s)
        ring = self._ring_of(camera_id)
        span = ring.span() if ring is not None else None
        if ring is not None and span is not None and span[0] < to_utc_s:
            pieces.append(RingPiece(ring))
        return pieces
