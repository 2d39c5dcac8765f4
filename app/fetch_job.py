"""One fetch from a foreign recorder at work: its spans one after the other, broken lines tried again, files kept.

Knows neither journal nor rights (`app.fetching`). Blocking; one task thread.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from app.errors import AppCode, AppError
from app.recorder_search import FoundRecorder
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.footage_records import Segment
from storage.package_zip import need_space
from storage.segments import TOLERANCE_S
from video.fetched_pieces import PieceWriter
from video.frame import StreamInfo
from video.replay_source import Gop, ReplaySource, ReplayWish
from video.source import VideoCode, VideoError

log = logging.getLogger(__name__)

_PIECE_BYTES = 200_000_000
_MOST_BYTES = 100_000_000_000
_MOST_BREAKS = 5
_AGAIN = frozenset({VideoCode.ENDED, VideoCode.SILENT, VideoCode.UNREACHABLE})
_NOTHING_THERE = frozenset({VideoCode.NO_RECORDING, VideoCode.NOT_FOUND})
_FINDING, _STORING = 0.05, 0.9

Span = tuple[float, float]
Told = Callable[[float], None]
Keep = Callable[[Segment], bool]
"""Takes a finished file; False: it is not needed any more."""
OpenReplay = Callable[[ReplayWish, FoundRecorder], ReplaySource]


class FetchJob:
    """One fetch at work. `segments` are its finished files, `problem` why it ended early."""

    def __init__(
        self,
        open_replay: OpenReplay,
        camera_id: str,
        found: FoundRecorder,
        folder: Path,
        cancelled: Callable[[], bool],
        told: Told,
    ) -> None:
        self.segments: list[Segment] = []
        self.problem: WatchfloorError | None = None
        self.by_request = False
        self.found = found
        self.origin = origin_of(found)
        self._open_replay, self._camera_id, self._folder = open_replay, camera_id, folder
        self._cancelled, self._told = cancelled, told
        self._keep: Keep = lambda _segment: True
        self._share = 0.0
        self._torn: tuple[Gop, StreamInfo] | None = None

    def run(self, spans: Sequence[Span], keep: Keep | None) -> None:
        """Fetch the spans, one after the other; `keep` is given each finished file. Raises CANCELLED, DISK_FULL."""
        self._keep = keep or self._keep
        total_s = sum(end - begin for begin, end in spans)
        done_s = 0.0
        for begin, end in spans:
            self._span((begin, end), partial(self._tell, done_s - begin, total_s))
            done_s += end - begin
            if self.problem is not None and self.problem.code not in _NOTHING_THERE:
                return

    def _tell(self, before_s: float, of_s: float, utc_s: float) -> None:
        """Come to this time; `before_s` is what was done before its span, less when that begins."""
        if self._cancelled():
            raise AppError(AppCode.CANCELLED)
        share = min(max((before_s + utc_s) / max(of_s, 1e-9), 0.0), 1.0)
        self._share = max(self._share, _FINDING + (_STORING - _FINDING) * share)
        self._told(self._share)

    def _span(self, span: Span, told: Callable[[float], None]) -> None:
        """Until it is there, or nothing more of it comes."""
        begin, end = span
        for attempt in range(_MOST_BREAKS):
            self.problem, count = None, len(self.segments)
            try:
                self._once(begin, end, told)
            except VideoError as error:
                if self._cancelled():  # then an answer is waited for no longer, which looks like silence
                    raise AppError(AppCode.CANCELLED) from error
                self.problem = error
            except OSError as error:
                full = error.errno in (errno.ENOSPC, errno.EDQUOT)
                code = StorageCode.DISK_FULL if full else StorageCode.DISK_FAILED
                raise StorageError(code, path=str(self._folder)) from error
            new = self.segments[count:]
            if self.problem is None or self.problem.code not in _AGAIN or not (new or self._torn):
                break
            again = self._torn[0].packets[0].utc_s if self._torn else max(piece.to_utc_s for piece in new)
            if again <= begin + TOLERANCE_S and attempt:
                break  # the same place twice
            begin = again
            log.info("a fetch from %s broke (%s) and goes on", self.found.host, self.problem.code.value)
        self._keep_torn()

    def _once(self, begin: float, end: float, told: Callable[[float], None]) -> None:
        """One opening. What came before an error is kept, and the error raised."""
        source = self._open_replay(self.found.wish(begin, end), self.found)
        source.ended = self._cancelled
        writer = PieceWriter(self._camera_id, self._folder, self.origin)
        try:
            source.open()
            for gop in source.gops():
                told(gop.packets[-1].utc_s if gop is not None else begin)
                self._write(writer, source, gop)
        except VideoError as error:
            # The last frames before a break come again with their key frame: kept only when they do not.
            torn, info = source.rest() if error.code in _AGAIN else None, source.info
            self._torn = (torn, info) if torn is not None and info is not None else self._torn
            self._finish(writer, source)
            raise
        except AppError:
            self._finish(writer, source)
            raise
        except BaseException:
            writer.abandon()
            raise
        else:
            self._finish(writer, source)
        finally:
            source.close()
            self.by_request = self.by_request or source.by_request

    def _write(self, writer: PieceWriter, source: ReplaySource, gop: Gop | None) -> None:
        if gop is None or source.info is None:
            return
        self._torn = None
        if not self.segments or writer.fresh:
            need_space(self._folder, _PIECE_BYTES)
            if sum(piece.bytes for piece in self.segments) > _MOST_BYTES:
                raise AppError(AppCode.FETCH_RANGE)
        self._take(writer.take(gop, source.info))

    def _finish(self, writer: PieceWriter, source: ReplaySource) -> None:
        try:
            self._write(writer, source, source.rest())
            self._take(writer.end())
        except BaseException:
            writer.abandon()
            raise

    def _keep_torn(self) -> None:
        """What came before a break and did not come again."""
        torn, self._torn = self._torn, None
        if torn is None:
            return
        writer = PieceWriter(self._camera_id, self._folder, self.origin)
        try:
            writer.take(*torn)
            self._take(writer.end())
        except BaseException:
            writer.abandon()
            raise

    def _take(self, segment: Segment | None) -> None:
        if segment is None:
            return
        kept = False
        try:
            kept = self._keep(segment)
        finally:
            if not kept:
                Path(segment.path).unlink(missing_ok=True)  # nobody would know of it
        if kept:
            self.segments.append(segment)


def origin_of(found: FoundRecorder) -> str:
    """As it stands in files, exhibits and manifests: in English, for any reader, without a login."""
    way = "ONVIF recorder" if found.onvif else "recorder (maker's address)"
    clock = found.clock
    if clock is None:
        return f"{way} {found.host}, its clock was not compared"
    return f"{way} {found.host}, its clock was {clock.offset_s:+.1f} s (± {clock.sure_s:.1f} s)"


def spans_without(held: Iterable[Span], asked: Span) -> tuple[Span, ...]:
    """What of a time is in none of the spans; less than a gap is nothing."""
    found, at = [], asked[0]
    for begin, end in (*sorted(held), (asked[1], asked[1])):
        if min(begin, asked[1]) - at > TOLERANCE_S:
            found.append((at, min(begin, asked[1])))
        at = max(at, end)
    return tuple(found)
