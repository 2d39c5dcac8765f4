"""A film to look at: decoded, with camera name and time burned in, masks filled, everything but one track pixelated,
and encoded again as H.264. It proves nothing; the master beside it does.

The texts stand in a band above the picture, so that they cover nothing of it. Works on the planes of YUV 4:2:0, on one
thread: a task's. Decoding is `video.shots`; drawing on planes is `video.drawn_planes`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error
from av.video.stream import VideoStream

from storage.durable import make_folder, typed_errors
from storage.footage_files import TIMESCALE
from storage.records import Box
from video.drawn_planes import Band, Mask, Planes
from video.footage import FilePiece
from video.shots import Idle, Shot, shots
from video.source import VideoCode, VideoError

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.frame import VideoFrame

Progress = Callable[[float], None]
"""Told the share that is done, 0..1; raises to cancel."""
Polygon = Sequence[tuple[float, float]]

CODEC = "libx264"
_OPTIONS = {"preset": "superfast", "crf": "21"}
_GOP_S = 2
_BOX_HOLD_S = 0.6
_BOX_GROWTH = 0.15
_SAME_S = 0.02
_TOLD_EVERY = 15


@dataclass(frozen=True, slots=True)
class SeenBox:
    """Where a track was at a time."""

    utc_s: float
    track_id: int
    box: Box


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """What is burned in. With `keep_track` every box of another track is pixelated, for `_BOX_HOLD_S` around its time;
    where the kept one is behind it, that is pixelated too: who is not asked for must not be seen.

    With `hide_rest` the whole picture is pixelated but for the kept track's box, where it is known: between two of its
    `boxes` that touch and are not further apart than twice `_BOX_HOLD_S`. Somebody whom the detector missed, within the
    kept box, is not known of: a person looks at the film before it is given."""

    title: str
    zone: tzinfo
    masks: tuple[Polygon, ...] = ()
    boxes: tuple[SeenBox, ...] = ()
    keep_track: int | None = None
    hide_rest: bool = False


class Hidden:
    """What is pixelated of a picture at a time, and what is not; see `ViewOptions`."""

    def __init__(self, boxes: Sequence[SeenBox], keep_track: int | None, *, hide_rest: bool) -> None:
        self.hide_rest = hide_rest
        self._blurred = sorted((b for b in boxes if b.track_id != keep_track), key=_time_of)
        self._kept = sorted((b for b in boxes if b.track_id == keep_track), key=_time_of)

    def boxes_at(self, utc_s: float) -> list[Box]:
        """Boxes to pixelate now, grown: what was seen shortly before or after may be here."""
        begin = bisect_left(self._blurred, utc_s - _BOX_HOLD_S, key=_time_of)
        end = bisect_right(self._blurred, utc_s + _BOX_HOLD_S, lo=begin, key=_time_of)
        return [_grown(seen.box) for seen in self._blurred[begin:end]]

    def kept_at(self, utc_s: float) -> Box | None:
        """Where the kept track is now; None: not known for certain."""
        at = bisect_left(self._kept, utc_s, key=_time_of)
        near = self._kept[max(at - 1, 0) : at + 1]
        for seen in near:
            if abs(seen.utc_s - utc_s) <= _SAME_S:
                return seen.box
        if len(near) < 2:
            return None
        before, after = near
        if after.utc_s - before.utc_s > 2 * _BOX_HOLD_S or not _touch(before.box, after.box):
            return None
        share = (utc_s - before.utc_s) / (after.utc_s - before.utc_s)
        return Box(*(one + (other - one) * share for one, other in zip(before.box, after.box, strict=True)))


@dataclass(frozen=True, slots=True)
class ViewFile:
    """A finished view copy."""

    path: str
    from_utc_s: float
    to_utc_s: float
    width: int
    height: int
    frames: int
    codec: str = "h264"

    @property
    def fps(self) -> float:
        """Pictures per second, on average."""
        length_s = self.to_utc_s - self.from_utc_s
        return (self.frames - 1) / length_s if length_s > 0 else 0.0


def view_copy(
    pieces: Sequence[FilePiece],
    from_utc_s: float,
    to_utc_s: float,
    target: Path,
    options: ViewOptions,
    progress: Progress | None = None,
) -> ViewFile:
    """Make `target` of what `pieces` show of the range (whole or absent), and count its pictures again afterwards.

    Raises VideoError: NOT_BUFFERED (no picture in the range), DAMAGED (it does not read back), UNSUPPORTED (no
    encoder), StorageError (DISK_FULL, READ_ONLY), and what `progress` raises."""
    make_folder(target.parent)
    temporary = target.with_name(f".{target.stem}.part{target.suffix}")
    try:
        with typed_errors(target):
            made = _Film(temporary, options, (from_utc_s, to_utc_s), progress or _unheard).run(pieces)
            if made is None:
                raise VideoError(VideoCode.NOT_BUFFERED, utc_s=from_utc_s)
            if frames_in(temporary) != made.frames:
                raise VideoError(VideoCode.DAMAGED, url=str(target))
            temporary.replace(target)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return ViewFile(str(target), made.from_utc_s, made.to_utc_s, made.width, made.height, made.frames)


def frames_in(path: Path) -> int:
    """Packets that a player finds. Raises VideoError(DAMAGED)."""
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            return sum(1 for packet in container.demux(video=0) if packet.size)
    except (av.error.FFmpegError, IndexError) as error:
        raise VideoError(VideoCode.DAMAGED, url=str(path)) from error


class _Film:
    """One view copy while it is written. All pictures get the size of the first."""

    def __init__(self, path: Path, options: ViewOptions, asked: tuple[float, float], progress: Progress) -> None:
        self._path, self._options, self._asked, self._progress = path, options, asked, progress
        self._stream: VideoStream | None = None
        self._band: Band | None = None
        self._masks: tuple[Mask, ...] = ()
        self._size = (0, 0)
        self._frames = 0
        self._first = self._last = 0.0
        self._hidden = Hidden(options.boxes, options.keep_track, hide_rest=options.hide_rest)

    def run(self, pieces: Sequence[FilePiece]) -> ViewFile | None:
        """None when there was no picture."""
        begin, end = self._asked
        with av.open(str(self._path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            with closing(shots(pieces, begin)) as found:
                for shot in found:
                    if isinstance(shot, Idle) or shot.utc_s < begin:
                        continue
                    if shot.utc_s > end:
                        break
                    self._add(container, shot)
            if self._stream is not None:
                container.mux(self._stream.encode(None))
        if not self._frames:
            return None
        width, height = self._size[0], self._size[1] + (self._band.height_px if self._band else 0)
        return ViewFile(str(self._path), self._first, self._last, width, height, self._frames)

    def _add(self, container: OutputContainer, shot: Shot) -> None:
        if self._stream is None:
            self._begin(container, shot)
        if self._stream is None or self._band is None:
            raise VideoError(VideoCode.UNSUPPORTED, codec=CODEC)
        planes = Planes(self._size, self._band.height_px)
        planes.show(shot.frame)
        for mask in self._masks:
            planes.cover(mask)
        if self._options.hide_rest:
            planes.pixelate_all_but(self._hidden.kept_at(shot.utc_s))
        if self._options.hide_rest or self._options.keep_track is not None:
            for box in self._hidden.boxes_at(shot.utc_s):
                planes.pixelate(box)
        self._band.write(planes, self._options.title, time_texts(shot.utc_s, self._options.zone))
        frame = planes.frame
        frame.pts = round((shot.utc_s - self._first) * TIMESCALE)
        frame.time_base = Fraction(1, TIMESCALE)
        container.mux(self._stream.encode(frame))
        self._last = shot.utc_s
        self._frames += 1
        if self._frames % _TOLD_EVERY == 0:
            self._progress(min((shot.utc_s - self._asked[0]) / max(self._asked[1] - self._asked[0], 0.001), 1.0))

    def _begin(self, container: OutputContainer, shot: Shot) -> None:
        frame: VideoFrame = shot.frame
        self._first = shot.utc_s
        self._size = (max(frame.width // 2 * 2, 2), max(frame.height // 2 * 2, 2))
        self._band = Band(self._size)
        self._masks = tuple(Mask(polygon, self._size) for polygon in self._options.masks)
        try:
            stream = container.add_stream(CODEC, rate=25)
        except (ValueError, av.error.FFmpegError) as error:
            raise VideoError(VideoCode.UNSUPPORTED, codec=CODEC) from error
        if not isinstance(stream, VideoStream):
            raise VideoError(VideoCode.UNSUPPORTED, codec=CODEC)
        stream.width, stream.height = self._size[0], self._size[1] + self._band.height_px
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, TIMESCALE)
        stream.codec_context.gop_size = _GOP_S * 25
        stream.codec_context.thread_count = 1
        stream.options = dict(_OPTIONS)
        self._stream = stream


def time_texts(utc_s: float, zone: tzinfo) -> tuple[str, str]:
    """`2026-10-25 00:30:00.040 UTC` and the site's own time with its offset."""
    at = datetime.fromtimestamp(round(utc_s, 3), UTC)
    local = at.astimezone(zone).isoformat(" ", "milliseconds")
    return f"{at.replace(tzinfo=None).isoformat(' ', 'milliseconds')} UTC", f"{local[:-6]} {local[-6:]}"


def _time_of(seen: SeenBox) -> float:
    return seen.utc_s


def _touch(one: Box, other: Box) -> bool:
    """A track that jumps may have gone over to somebody else."""
    return one.x1 <= other.x2 and other.x1 <= one.x2 and one.y1 <= other.y2 and other.y1 <= one.y2


def _grown(box: Box) -> Box:
    x, y = (box.x2 - box.x1) * _BOX_GROWTH, (box.y2 - box.y1) * _BOX_GROWTH
    return Box(box.x1 - x, box.y1 - y, box.x2 + x, box.y2 + y)


def _unheard(_share: float) -> None:
    """Nobody wants to know."""
