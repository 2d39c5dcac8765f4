"""Recorded files that one reel keeps open: opening one costs a decoded frame, and seeks mostly stay in the same file.

For one thread at a time. A file that has grown since is opened again. `close` when nobody looks any more. `faults` says
of files that could not be read why.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import av
import av.error

from video.av_errors import file_error
from video.codec import video_stream
from video.footage import FilePiece, Items, Piece, packets_of
from video.source import VideoCode

if TYPE_CHECKING:
    from av.container import InputContainer

_MOST = 2
_MOST_FAULTS = 32
_PROBE = {"fpsprobesize": "0"}
"""The nominal rate stands in the file: not one frame more than needed is decoded at the opening."""


class OpenFiles:
    """What is open and not being read at the moment, the newest last."""

    def __init__(self) -> None:
        self._idle: OrderedDict[str, tuple[int, InputContainer]] = OrderedDict()
        self.faults: dict[str, StrEnum] = {}

    def kept(self, piece: Piece) -> Piece:
        """The same piece, of a file that stays open after it was played."""
        if type(piece) is not FilePiece:
            return piece
        return KeptPiece(piece.path, piece.from_utc_s, piece.to_utc_s, piece.foreign, files=self)

    def taken(self, path: str, options: dict[str, str]) -> tuple[int, InputContainer]:
        """The file, open, and its size then. Raises FFmpeg's errors."""
        size, container = self._idle.pop(path, (-1, None))
        now = _size(path)
        if container is not None and size == now:
            return size, container
        if container is not None:
            container.close()
        return now, av.open(path, options=options, metadata_errors="replace")

    def put_back(self, path: str, size: int, container: InputContainer) -> None:
        """Nobody reads it now; the one that was not used for longest is closed."""
        self._idle[path] = size, container
        while len(self._idle) > _MOST:
            self._idle.popitem(last=False)[1][1].close()

    def fault(self, path: str, code: StrEnum | None) -> None:
        """Whether this file could be opened last time; those that could not be are kept in mind until they can."""
        if code is None:
            self.faults.pop(path, None)
        elif path in self.faults or len(self.faults) < _MOST_FAULTS:
            self.faults[path] = code

    def close(self) -> None:
        """Close all."""
        while self._idle:
            self._idle.popitem()[1][1].close()


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPiece(FilePiece):
    """One recorded file out of those that are open."""

    files: OpenFiles

    def play(self, utc_s: float) -> Items:
        """See `Piece.play`."""
        try:
            size, container = self.files.taken(self.path, {**self.options, **_PROBE})
        except av.error.InvalidDataError:
            self.files.fault(self.path, VideoCode.DAMAGED)
            return  # nothing whole in it yet
        except av.error.FFmpegError as error:
            fault = file_error(error, self.path)
            self.files.fault(self.path, fault.code)
            raise fault from None
        self.files.fault(self.path, None)
        whole = False
        try:
            stream = video_stream(container, self.path)
            container.seek(stream.start_time or 0, stream=stream)
            yield from packets_of(container, self, utc_s)
            whole = True
        except GeneratorExit:
            whole = True
            raise
        except av.error.InvalidDataError:
            return
        except av.error.FFmpegError as error:
            fault = file_error(error, self.path)
            self.files.fault(self.path, fault.code)
            raise fault from None
        finally:
            if whole:
                self.files.put_back(self.path, size, container)
            else:
                container.close()


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return -2  # opening it says why
