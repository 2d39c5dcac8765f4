"""A clock burned into a picture as cells of black and white, and how it is read again from any copy of the picture.

32 bits of the machine's monotonic milliseconds and 8 bits of check sum, 8 x 5 cells: they outlive H.264 and scaling.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import av
import numpy as np
import numpy.typing as npt

from benchmarks.rtp_clip import payloads

COLUMNS, ROWS = 8, 5
_WIDTH, _HEIGHT, _FPS = 640, 360, 25
_BLACK, _WHITE, _HALF = 24, 230, 128
_MASK = 0xFFFFFFFF


def now_ms() -> int:
    """The time that goes into the picture: the same clock in all processes of a machine."""
    return time.monotonic_ns() // 1_000_000 & _MASK


def cells(stamp: int) -> npt.NDArray[np.bool_]:
    """The clock as 5 x 8 cells."""
    word = stamp << 8 | _check(stamp)
    bits = [word >> (COLUMNS * ROWS - 1 - spot) & 1 for spot in range(COLUMNS * ROWS)]
    return np.array(bits, np.bool_).reshape(ROWS, COLUMNS)


def drawn(stamp: int) -> npt.NDArray[np.uint8]:
    """The picture, grey."""
    levels = np.where(cells(stamp), _WHITE, _BLACK).astype(np.uint8)
    return levels.repeat(_HEIGHT // ROWS, 0).repeat(_WIDTH // COLUMNS, 1)


def read(grey: npt.NDArray[np.uint8]) -> int | None:
    """The clock in a picture of any size; None when its check sum is wrong."""
    height, width = grey.shape
    rows = [int((row + 0.5) * height / ROWS) for row in range(ROWS)]
    columns = [int((column + 0.5) * width / COLUMNS) for column in range(COLUMNS)]
    word = 0
    for level in grey[np.ix_(rows, columns)].ravel():
        word = word << 1 | int(level > _HALF)
    stamp, check = word >> 8, word & 0xFF
    return stamp if check == _check(stamp) else None


def _check(stamp: int) -> int:
    return sum(stamp >> shift & 0xFF for shift in (0, 8, 16, 24)) * 7 + 90 & 0xFF


class ClockCamera:
    """An encoder that is fed with the time, as live cameras are: no B frames, nothing held back."""

    fps = _FPS

    def __init__(self) -> None:
        self._encoder = self._made()

    def head(self) -> bytes:
        """A first access unit, with the parameter sets."""
        return self._encoded(self._made(), 0)

    def pictures(self) -> Iterator[tuple[bytes, ...]]:
        """Each drawn when it is asked for."""
        number = 0
        while True:
            yield payloads(self._encoded(self._encoder, number))
            number += 1

    def _made(self) -> av.VideoCodecContext:
        encoder = av.CodecContext.create("libx264", "w")
        if not isinstance(encoder, av.VideoCodecContext):
            raise TypeError("libx264 is no video encoder here")
        encoder.width, encoder.height, encoder.pix_fmt, encoder.gop_size = _WIDTH, _HEIGHT, "yuv420p", _FPS
        encoder.framerate, encoder.thread_count = _FPS, 1  # type: ignore[assignment]  # PyAV takes whole numbers
        encoder.options = {"preset": "ultrafast", "tune": "zerolatency"}
        return encoder

    def _encoded(self, encoder: av.VideoCodecContext, number: int) -> bytes:
        frame = av.VideoFrame.from_ndarray(drawn(now_ms()), format="gray").reformat(format="yuv420p")
        frame.pts = number
        return b"".join(bytes(packet) for packet in encoder.encode(frame))
