"""Pictures of a file at a fixed rate of its own time, for looking at it again: the same pictures on every run.

A look falls on the first frame at or after each multiple of 1/rate of the file's PTS; nothing is paced, nothing is
dropped for load. Pictures are scaled as live ones are. Blocks; for the command line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import av
import av.error
import numpy as np
import numpy.typing as npt

from video.av_errors import file_error
from video.codec import video_stream
from video.convert import Converter
from video.frame import Packet
from video.shared_slots import FIT_HEIGHT_PX, FIT_WIDTH_PX

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.stream import Stream
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

LOOKS_PER_S = 5.0
_FORMAT = "bgr24"
_SOON_S = 1e-4
"""Time bases round: a frame this much before its look is on time."""


@dataclass(frozen=True, slots=True)
class FileLook:
    """One picture: `frame` counts the file's frames from 0, `pts_s` from its first frame; `image` is (H,W,3) BGR."""

    frame: int
    pts_s: float
    image: npt.NDArray[np.uint8]


def file_looks(path: str, per_s: float = LOOKS_PER_S) -> Iterator[FileLook]:
    """Looks at a file from its beginning to its end, or to where it is torn. Raises VideoError."""
    try:
        container = av.open(path, metadata_errors="replace")
    except av.error.FFmpegError as error:
        raise file_error(error, path) from None
    with container:
        converter = Converter(path)
        first_s: float | None = None
        due_s = last_s = 0.0
        for number, frame in enumerate(_frames(container, path)):
            at_s = last_s if frame.pts is None else float(frame.time)
            first_s = at_s if first_s is None else first_s
            last_s = at_s
            pts_s = at_s - first_s
            if pts_s < due_s - _SOON_S:
                continue
            due_s = (int((pts_s + _SOON_S) * per_s) + 1) / per_s
            yield FileLook(number, round(pts_s, 6), _image(converter, frame, number, pts_s))


def _frames(container: InputContainer, path: str) -> Iterator[VideoFrame]:
    stream = video_stream(container, path)
    stream.thread_type = "NONE"
    packets: Stream = stream
    try:
        for packet in container.demux(packets):
            yield from cast("list[VideoFrame]", packet.decode())
    except av.error.InvalidDataError:
        return  # torn: what was whole has been seen


def _image(converter: Converter, frame: VideoFrame, number: int, pts_s: float) -> npt.NDArray[np.uint8]:
    packet = Packet(cast("av.Packet[VideoStream]", av.Packet()), number, frame.key_frame, pts_s, pts_s, pts_s, 0, 0)
    picture = converter.picture(frame, packet, number, (FIT_WIDTH_PX, FIT_HEIGHT_PX), _FORMAT)
    rows = np.ndarray((picture.height, picture.width * 3), np.uint8, picture.pixels, strides=(picture.stride, 1))
    return rows.reshape(picture.height, picture.width, 3).copy()
