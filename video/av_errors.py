"""PyAV's exceptions as our codes. The only place that reads them: their texts carry the URL with its password."""

from __future__ import annotations

from pathlib import Path

import av
import av.error

from video.source import VideoCode, VideoError, redact

_CODES: tuple[tuple[type[Exception], VideoCode], ...] = (
    (av.error.HTTPUnauthorizedError, VideoCode.UNAUTHORIZED),
    (av.error.HTTPForbiddenError, VideoCode.UNAUTHORIZED),
    (av.error.HTTPNotFoundError, VideoCode.NOT_FOUND),
    (av.error.HTTPBadRequestError, VideoCode.NOT_FOUND),
    (av.error.HTTPClientError, VideoCode.NOT_FOUND),
    (av.error.HTTPServerError, VideoCode.NOT_VIDEO),
    (av.error.ExitError, VideoCode.SILENT),
    (av.error.EOFError, VideoCode.ENDED),
    (av.error.ProtocolNotFoundError, VideoCode.NO_PROTOCOL),
    (av.error.DecoderNotFoundError, VideoCode.UNSUPPORTED),
    (av.error.PatchWelcomeError, VideoCode.UNSUPPORTED),
    (av.error.NotImplementedError, VideoCode.UNSUPPORTED),
    (av.error.DemuxerNotFoundError, VideoCode.NOT_VIDEO),
)
_FILE_CODES: tuple[tuple[type[Exception], VideoCode], ...] = (
    (av.error.FileNotFoundError, VideoCode.NO_FILE),
    (av.error.NotADirectoryError, VideoCode.NO_FILE),
    (av.error.PermissionError, VideoCode.NO_FILE),
    (av.error.IsADirectoryError, VideoCode.NOT_VIDEO),
)
# Broken pipe and reset while a camera reboots look like these; without a file every other OS error is the network's.
_LIVE_CODES: tuple[tuple[type[Exception], VideoCode], ...] = (
    (av.error.InvalidDataError, VideoCode.NOT_VIDEO),
    (av.error.ArgumentError, VideoCode.NOT_VIDEO),
)
_MAGIC: tuple[tuple[int, bytes], ...] = (
    (4, b"ftyp"),
    (4, b"moov"),
    (4, b"mdat"),
    (4, b"styp"),
    (0, b"\x1aE\xdf\xa3"),
    (0, b"RIFF"),
    (0, b"\x00\x00\x01"),
    (0, b"\x00\x00\x00\x01"),
    (0, b"G"),
    (0, b"FLV"),
    (0, b"\xff\xd8\xff"),
)
_HEAD_SIZE = 16


def live_error(error: av.error.FFmpegError, url: str, *, opened: bool = False) -> VideoError:
    """Why a network stream gave nothing; after opening, what is not silence is an end."""
    code = _lookup(error, _CODES) or _lookup(error, _LIVE_CODES) or VideoCode.UNREACHABLE
    if opened and code is not VideoCode.SILENT:
        code = VideoCode.ENDED
    return _with_reason(code, error, url)


def file_error(error: av.error.FFmpegError, path: str) -> VideoError:
    """Why a file gave nothing: a container that is torn is told from something that never was a video."""
    code = _lookup(error, _FILE_CODES) or _lookup(error, _CODES)
    if code is None or code is VideoCode.ENDED:
        code = VideoCode.DAMAGED if _looks_like_video(path) else VideoCode.NOT_VIDEO
    return _with_reason(code, error, path)


def _lookup(error: Exception, table: tuple[tuple[type[Exception], VideoCode], ...]) -> VideoCode | None:
    return next((code for kind, code in table if isinstance(error, kind)), None)


def _with_reason(code: VideoCode, error: av.error.FFmpegError, url: str) -> VideoError:
    return VideoError(code, url=redact(url), errno=error.errno or 0)


def _looks_like_video(path: str) -> bool:
    try:
        with Path(path).open("rb") as stream:
            head = stream.read(_HEAD_SIZE)
    except OSError:
        return True
    return not head or any(head[at : at + len(magic)] == magic for at, magic in _MAGIC)
