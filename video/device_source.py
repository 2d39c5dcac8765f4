"""A camera of this machine: Video4Linux2 (`v4l2:///dev/video0` or just `/dev/video0`), through FFmpeg's v4l2 device.

Belongs to one reader thread. Motion JPEG is asked for first: it needs no pixel format besides the stream's own words.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import av
import av.error

from video.frame import StreamInfo
from video.pyav_source import OPEN_TIMEOUT_S, READ_TIMEOUT_S, LiveSource
from video.source import VideoCode, VideoError, scheme_of

if TYPE_CHECKING:
    from av.container import InputContainer

SCHEME = "v4l2"
_FORMATS = ("mjpeg", "h264")


class DeviceSource(LiveSource):
    """One opening of a device. Raises VideoError: NO_DEVICE, UNSUPPORTED (it gives raw pictures only)."""

    def __init__(self, url: str, generation: int = 0) -> None:
        super().__init__(url, generation)
        self.path = urlsplit(url).path if scheme_of(url) == SCHEME else url

    def open(self) -> StreamInfo:
        """Open the device."""
        info = super().open()
        if info.codec == "rawvideo":
            self.close()
            raise VideoError(VideoCode.UNSUPPORTED, url=self.path, codec=info.codec)
        return info

    def _connect(self) -> InputContainer:
        if not sys.platform.startswith("linux"):
            raise VideoError(VideoCode.NO_DEVICE, url=self.path)
        refused: av.error.FFmpegError | None = None
        for wished in _FORMATS:
            try:
                options = {"input_format": wished}
                return av.open(
                    self.path,
                    format=SCHEME,
                    options=options,
                    timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S),
                    metadata_errors="replace",
                )
            except av.error.FFmpegError as error:
                refused = error
        raise VideoError(VideoCode.NO_DEVICE, url=self.path, errno=getattr(refused, "errno", 0) or 0)
