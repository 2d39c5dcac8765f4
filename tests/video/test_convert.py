from __future__ import annotations

from typing import TYPE_CHECKING, cast

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange

from video.convert import Converter, Scalers, fitted
from video.frame import Packet

if TYPE_CHECKING:
    from av.video.stream import VideoStream

PACKET = Packet(
    av=cast("av.Packet[VideoStream]", av.Packet(0)),
    seq=1,
    key=True,
    pts_s=0.0,
    utc_s=0.0,
    due_s=0.0,
    generation=1,
    size=0,
)


def _frame(width: int, height: int) -> av.VideoFrame:
    blocks = np.random.default_rng(1).integers(0, 255, (height // 16 + 1, width // 16 + 1, 3))
    image = np.kron(blocks, np.ones((16, 16, 1)))[:height, :width].astype(np.uint8)
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24").reformat(format="yuv420p")


@pytest.mark.parametrize("width", range(320, 354, 2))
def test_every_column_is_written_at_every_width(width: int) -> None:
    frame = _frame(640, 360)
    picture = Converter("c").picture(frame, PACKET, 1, (width, 1000), "bgra")
    rows = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, -1)[:, : picture.width * 4]
    ours = rows.reshape(picture.height, picture.width, 4)[..., 2::-1].astype(int)
    slow = frame.reformat(picture.width, picture.height, "rgb24").to_ndarray().astype(int)
    assert abs(ours[:, -4:] - slow[:, -4:]).mean() < 25


@pytest.mark.parametrize(("from_device", "full_range"), [("nv12", False), ("nv12", True), ("p010le", False)])
@pytest.mark.parametrize("box", [(640, 360), (320, 180), (234, 200)])
@pytest.mark.parametrize("taken_as", ["bgra", "bgr24"])
def test_what_devices_give_looks_as_what_the_processor_gives(
    from_device: str, full_range: bool, box: tuple[int, int], taken_as: str
) -> None:
    ours = _frame(640, 360)
    theirs = ours.reformat(format=from_device)
    if full_range:  # the processor marks it in the format, a device in the frame
        ours = av.VideoFrame.from_ndarray(ours.to_ndarray(), format="yuvj420p")
        ours.color_range = theirs.color_range = ColorRange.JPEG
    pictures = [Converter("c").picture(frame, PACKET, 1, box, taken_as) for frame in (ours, theirs)]
    assert (pictures[0].width, pictures[0].height) == (pictures[1].width, pictures[1].height)
    one, other = (np.frombuffer(p.pixels, np.uint8).reshape(p.height, -1).astype(int) for p in pictures)
    assert abs(one - other).mean() < 3
    assert abs(one.mean(0) - other.mean(0)).max() < 25, "a column is amiss"


@pytest.mark.parametrize(
    ("size", "box", "expected"),
    [
        ((640, 360), (640, 360), (640, 360)),
        ((640, 360), (320, 360), (320, 180)),
        ((640, 360), (9999, 9999), (640, 360)),
    ],
)
def test_a_picture_fits_its_box_and_is_never_enlarged(
    size: tuple[int, int], box: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert fitted(*size, box) == expected


def test_streams_of_one_thread_share_what_scales_alike() -> None:
    scalers = Scalers()
    first, second = (Converter(name, scalers) for name in ("a", "b"))
    for converter in (first, second):
        converter.picture(_frame(640, 360), PACKET, 1, (320, 180), "bgra")
    assert len(scalers) == 2, "one scales, one paints"
    second.picture(_frame(320, 180), PACKET, 1, (160, 90), "bgra")
    assert len(scalers) == 4
    for width in range(20, 600, 2):
        second.picture(_frame(640, 360), PACKET, 1, (width, 600), "bgra")
    assert len(scalers) <= 128
    assert first.picture(_frame(640, 360), PACKET, 1, (320, 180), "bgra").width == 320


@pytest.mark.parametrize("width", [216, 234, 256, 320])
def test_fine_stripes_do_not_shimmer_in_a_small_tile(width: int) -> None:
    stripes = np.zeros((360, 640, 3), np.uint8)
    stripes[:, ::2] = 255
    frame = av.VideoFrame.from_ndarray(stripes, format="rgb24").reformat(format="yuv420p")
    picture = Converter("c").picture(frame, PACKET, 1, (width, 1000), "bgra")
    rows = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, -1)[:, : picture.width * 4]
    green = rows.reshape(picture.height, picture.width, 4)[:, 8:-8, 1]
    assert green.max() - green.min() < 140  # taking single pixels gives 255: black and white bands that wander
