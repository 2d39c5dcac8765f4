"""Frames that stay as they were decoded: whose bytes they are, when they are scaled after all, what their colours are.

That these colours are swscale's is shown by `tests/widgets/test_gl_pictures.py`."""

from __future__ import annotations

import numpy as np
import pytest

from video.frame import Plane, Planes
from video.made_pictures import MadePictures
from video.planes import PLANES, colour_terms, converted, too_large


def planes(width: int, height: int, box: tuple[int, int], pixel_format: str = "yuv420p") -> Planes:
    picture = MadePictures(width, height, pixel_format).picture(1, box, PLANES)
    assert picture.planes is not None
    luma = picture.planes.parts[0]
    assert (picture.width, picture.height, picture.pixel_format) == (luma.width, luma.height, PLANES)
    assert (picture.source_width, picture.source_height) == (width, height)
    for part in picture.planes.parts:
        assert len(part.pixels) == part.stride * part.height
        assert part.stride >= part.width
    return picture.planes


@pytest.mark.parametrize(
    ("size", "box", "kept"),
    [
        ((640, 360), (640, 360), True),
        ((640, 360), (236, 130), True),
        ((640, 360), (174, 90), True),
        ((640, 360), (1900, 1000), True),  # never made larger here
        ((640, 360), (120, 60), False),  # more than four times as wide
        ((1920, 1080), (1900, 1000), True),
        ((1920, 1080), (960, 540), True),
        ((1920, 1080), (640, 360), False),  # would cost more on the way than it costs here
    ],
)
def test_a_frame_is_left_as_it_is_unless_it_is_much_larger_than_its_tile(
    size: tuple[int, int], box: tuple[int, int], kept: bool
) -> None:
    luma = planes(*size, box).parts[0]
    assert ((luma.width, luma.height) == size) is kept
    if not kept:
        assert luma.width <= box[0]
        assert luma.height <= box[1]


def test_the_planes_are_the_decoders_own_bytes() -> None:
    made = MadePictures(64, 36)
    one, again = made.picture(0, (64, 36), PLANES), made.picture(0, (64, 36), PLANES)
    assert one.planes is not None
    assert again.planes is not None
    assert [np.frombuffer(p.pixels, np.uint8).ctypes.data for p in one.planes.parts] == [
        np.frombuffer(p.pixels, np.uint8).ctypes.data for p in again.planes.parts
    ]


@pytest.mark.parametrize(
    ("pixel_format", "chroma"),
    [("yuv420p", (33, 18)), ("yuvj422p", (33, 35)), ("yuv444p", (65, 35)), ("nv12", (33, 18)), ("gray", (33, 18))],
)
def test_odd_sizes_and_other_formats(pixel_format: str, chroma: tuple[int, int]) -> None:
    luma, blue, red = planes(65, 35, (65, 35), pixel_format).parts
    assert (luma.width, luma.height) == (65, 35)
    assert (blue.width, blue.height) == (red.width, red.height) == chroma


def test_full_and_narrow_range_are_told_apart() -> None:
    assert planes(64, 36, (64, 36), "yuvj420p").full
    assert not planes(64, 36, (64, 36), "yuv420p").full


def test_white_and_black_come_out_as_such() -> None:
    part = Plane(memoryview(b"\x80"), 1, 1, 1)
    for full, black, white in ((False, 16, 235), (True, 0, 255)):
        begin, scale, *_chroma = colour_terms(Planes((part, part, part), 0.2126, 0.0722, full))
        assert (black / 255 - begin) * scale == pytest.approx(0.0, abs=1e-9)
        assert (white / 255 - begin) * scale == pytest.approx(1.0)


def test_too_large_goes_by_area() -> None:
    assert not too_large(400_000, 25_000)
    assert too_large(400_000, 24_999)
    assert not too_large(2_000_000, 500_000)
    assert too_large(2_000_000, 499_999)


def test_pixels_stay_what_they_are() -> None:
    picture = MadePictures(64, 36).picture(0, (64, 36), "bgra")
    assert converted(picture) is picture
