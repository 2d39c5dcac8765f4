"""A far view's two slots: the whole picture smaller, a part of it from the stream's own pixels, both of one frame."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import av
import numpy as np
import pytest

from video.convert import Converter
from video.far_tap import FarTap
from video.frame import Packet, Picture
from video.shared_slots import SharedSlots, SlotReader, camera_digest

if TYPE_CHECKING:
    from av.video.stream import VideoStream

PART = (0.5, 0.25, 0.75, 0.5)
CAMERA = "c1"
PACKET = Packet(
    av=cast("av.Packet[VideoStream]", av.Packet(0)),
    seq=1,
    key=True,
    pts_s=1.0,
    utc_s=2.0,
    due_s=3.0,
    generation=1,
    size=0,
)


@pytest.fixture
def slots(tmp_path: Path) -> Iterator[SharedSlots]:
    made = SharedSlots.create(3, tmp_path)
    yield made
    made.close()


def picture_of(tap: FarTap, width: int, height: int, seq: int = 1) -> Picture:
    """As the decode pool makes it: grey, and white where the part is."""
    image = np.full((height, width, 3), 60, np.uint8)
    x1, y1, x2, y2 = PART
    image[round(y1 * height) : round(y2 * height), round(x1 * width) : round(x2 * width)] = 250
    frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
    box = tap.wanted()
    assert box is not None
    return Converter(CAMERA).picture(frame, PACKET, seq, box, tap.pixel_format)


@pytest.mark.parametrize(("size", "gain"), [((1920, 1080), 3.0), ((2560, 1440), 4.0), ((640, 360), 1.0)])
def test_the_part_comes_from_the_streams_own_pixels(slots: SharedSlots, size: tuple[int, int], gain: float) -> None:
    tap, reader = FarTap(slots, 0, 2, PART), SlotReader(slots)
    assert tap.wanted() is None
    reader.ask(0)
    tap.put(picture_of(tap, *size, seq=7))
    whole, part = (reader.newest(slot, camera_digest(CAMERA)) for slot in (0, 2))
    assert whole is not None
    assert part is not None
    assert whole.image.shape == (360, 640, 3)
    assert part.image.shape == (min(size[1] // 4, 360), min(size[0] // 4, 640), 3)
    assert (whole.seq, whole.utc_s) == (part.seq, part.utc_s) == (7, 2.0)
    assert tap.gain == pytest.approx(gain)
    assert part.image[4:-4, 4:-4].min() > 200
    assert whole.image[100:170, 330:470].min() > 200
    assert whole.image[200:].max() < 100


def test_a_tap_that_left_writes_into_neither_slot(slots: SharedSlots) -> None:
    tap, reader = FarTap(slots, 0, 2, PART), SlotReader(slots)
    reader.ask(0)
    picture = picture_of(tap, 1280, 720)
    tap.leave()
    tap.put(picture)
    assert [reader.newest(slot, camera_digest(CAMERA)) for slot in (0, 2)] == [None, None]
