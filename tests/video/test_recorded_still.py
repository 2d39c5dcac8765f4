"""A picture of a moment that has passed: the right frame, at full size; none over a hole."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from tests.video.numbered import FPS, numbered_clip
from video.footage import FilePiece
from video.recorded_still import recorded_still
from video.source import VideoCode, VideoError

UTC_S = 1_800_000_000.0


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> list[FilePiece]:
    """Frames 0 to 59, and 120 to 179: 4 s are missing."""
    folder = tmp_path_factory.mktemp("still")
    found = []
    for first in (0, 120):
        path = numbered_clip(folder / f"{first}.mp4", first, 60, bframes=2)
        found.append(FilePiece(str(path), UTC_S + first / FPS, UTC_S + (first + 59) / FPS))
    return found


def shown(jpeg: bytes) -> int:
    image = np.asarray(Image.open(io.BytesIO(jpeg)).convert("L"))
    return sum(int(image[90, int((bit + 0.5) * 32)] > 127) << bit for bit in range(10))


@pytest.mark.parametrize(("at_s", "frame"), [(0.0, 0), (1.0, 15), (1.05, 15), (2.99, 44), (8.0, 120), (10.0, 150)])
def test_the_frame_that_stood_at_that_moment(pieces: list[FilePiece], at_s: float, frame: int) -> None:
    still = recorded_still(pieces, UTC_S + at_s)
    assert shown(still.jpeg) == frame
    assert (still.width, still.height) == (320, 180)
    assert still.utc_s == pytest.approx(UTC_S + frame / FPS, abs=0.002)


@pytest.mark.parametrize("at_s", [-2.0, 6.0, 13.5])
def test_none_where_nothing_is_near(pieces: list[FilePiece], at_s: float) -> None:
    with pytest.raises(VideoError) as caught:
        recorded_still(pieces, UTC_S + at_s)
    assert caught.value.code is VideoCode.NOT_BUFFERED
