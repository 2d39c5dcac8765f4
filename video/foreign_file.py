"""A film that somebody brought: what it is, and whether its end is there. Untrusted: only containers of films are read.

FFmpeg follows what a file names (playlists, concatenations) to other files and addresses; formats that can do so are
not opened, whatever the file's name says. Blocking; a task thread's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error

from video.av_errors import file_error
from video.codec import limits, video_stream
from video.footage import FOREIGN
from video.source import VideoCode, VideoError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

_MOST_UNDECODED = 300
_SLACK_S = 1.0
_SLACK_SHARE = 0.02
_TOLD_EVERY = 500
_LAST_YEAR = 2100

Told = Callable[[float], None]
"""Told the share that was read, 0..1; raises to cancel."""


@dataclass(frozen=True, slots=True)
class ForeignFilm:
    """`created_utc_s` is what the file says of its beginning by its own clock; None when it says nothing. `quarters`:
    so many quarters clockwise its pictures are to be turned (a phone that was held upright)."""

    container: str
    codec: str
    width: int
    height: int
    duration_s: float
    sound: bool
    created_utc_s: float | None
    quarters: int = 0


def look_at(path: Path) -> ForeignFilm:
    """Its head, and one picture decoded. Raises VideoError: NO_FILE, NOT_VIDEO, DAMAGED, UNSUPPORTED."""
    with _opened(path) as (container, stream):
        frame = _first_frame(container, stream, path)
        return ForeignFilm(
            container=container.format.name.partition(",")[0],
            codec=stream.codec_context.name,
            width=stream.codec_context.width,
            height=stream.codec_context.height,
            duration_s=(container.duration or 0) / av.time_base,
            sound=bool(container.streams.audio),
            created_utc_s=_created(container.metadata.get("creation_time", "")),
            quarters=round(-frame.rotation / 90) % 4,
        )


def read_through(path: Path, told: Told | None = None) -> float:
    """Every packet of its pictures; the length in seconds that is really there.

    Raises VideoError(DAMAGED) when its end is missing, and what `told` raises."""
    size = max(path.stat().st_size, 1)
    count, first, last, whole = 0, None, 0.0, True
    with _opened(path) as (container, stream):
        try:
            for packet in container.demux(stream):
                if not packet.size:
                    continue
                count += 1
                whole = whole and not packet.is_corrupt
                at = packet.pts if packet.pts is not None else packet.dts
                if at is not None and packet.time_base is not None:
                    begin = float(at * packet.time_base)
                    first = begin if first is None else min(first, begin)
                    last = max(last, begin + float((packet.duration or 0) * packet.time_base))
                if told is not None and count % _TOLD_EVERY == 0:
                    told(min(max(packet.pos or 0, 0) / size, 1.0))
        except av.error.FFmpegError as error:
            raise VideoError(VideoCode.DAMAGED, url=str(path)) from error
        said_s = (container.duration or 0) / av.time_base
        length_s = last - (first or 0.0)
        short = said_s - length_s > max(_SLACK_S, said_s * _SLACK_SHARE)
        if not count or not whole or count < stream.frames or (short and container.format.name != "mpegts"):
            raise VideoError(VideoCode.DAMAGED, url=str(path))
    return length_s


@contextmanager
def _opened(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    try:
        container = av.open(f"file:{path.absolute()}", options=FOREIGN, metadata_errors="replace")
    except av.error.FFmpegError as error:
        raise file_error(error, str(path)) from None
    try:
        yield container, video_stream(container, str(path))
    finally:
        container.close()


def _first_frame(container: InputContainer, stream: VideoStream, path: Path) -> VideoFrame:
    """Raises VideoError(DAMAGED) when the first packets hold no picture."""
    stream.codec_context.thread_count = 1
    stream.codec_context.options = limits()
    try:
        for number, packet in enumerate(container.demux(stream)):
            for frame in packet.decode():
                return frame
            if number > _MOST_UNDECODED:
                break
    except av.error.FFmpegError as error:
        raise VideoError(VideoCode.DAMAGED, url=str(path)) from error
    raise VideoError(VideoCode.DAMAGED, url=str(path))


def _created(text: str) -> float | None:
    """`2026-11-22T18:00:05.000000Z`; phones say UTC. None for the epochs that devices without a clock write."""
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return at.timestamp() if datetime(1990, 1, 1, tzinfo=UTC) < at < datetime(_LAST_YEAR, 1, 1, tzinfo=UTC) else None
