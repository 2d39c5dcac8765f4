from __future__ import annotations

import io
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.video.conftest import Clips
from video.fanout import PacketRing
from video.file_source import FileSource
from video.probe import probe
from video.source import VideoCode, VideoError
from video.stills import jpeg_size, still_at


def _ring(path: Path, count: int) -> PacketRing:
    ring = PacketRing()
    source = FileSource(str(path), 1, paced=False)
    ring.configure(1, source.open())
    for packet in islice(source.packets(), count):
        assert packet is not None
        ring.add(packet)
    source.close()
    return ring


@pytest.mark.parametrize("name", ["h264", "bframes", "h265", "mjpeg"])
@pytest.mark.parametrize("number", [0, 7, 14, 15, 22])
def test_a_still_is_the_frame_of_its_time(clips: Clips, name: str, number: int) -> None:
    ring = _ring(getattr(clips, name), 29)
    span = ring.span()
    assert span is not None
    before = [(packet.av.pts, packet.av.dts, bytes(packet.av)) for packet in ring.last_gop()]
    still = still_at(ring, span[0] + number / 15 + 0.01)
    assert (still.width, still.height) == (320, 180) == jpeg_size(still.jpeg)
    assert still.utc_s == pytest.approx(span[0] + number / 15, abs=0.001)
    pixels = np.asarray(Image.open(io.BytesIO(still.jpeg)))
    red, green, blue = pixels[90, number * 4 + 8]
    assert red > 150 > max(green, blue)
    assert max(pixels[90, number * 4 + 40]) < 90
    assert [(packet.av.pts, packet.av.dts, bytes(packet.av)) for packet in ring.last_gop()] == before


def test_a_time_that_is_not_held_is_refused(clips: Clips) -> None:
    ring = _ring(clips.h264, 29)
    span = ring.span()
    assert span is not None
    for utc_s in (span[0] - 5, span[1] + 5):
        with pytest.raises(VideoError) as caught:
            still_at(ring, utc_s)
        assert caught.value.code is VideoCode.NOT_BUFFERED
    with pytest.raises(VideoError):
        still_at(PacketRing(), span[0])


def test_jpeg_size_refuses_other_bytes() -> None:
    with pytest.raises(VideoError) as caught:
        jpeg_size(b"no picture")
    assert caught.value.code is VideoCode.DAMAGED


def test_probe_measures(clips: Clips) -> None:
    result = probe(str(clips.h264), 1.3)
    assert (result.info.codec, result.info.width, result.audio_codec) == ("h264", 320, None)
    assert result.fps == pytest.approx(15, abs=0.5)
    assert result.gop_s == pytest.approx(1.0, abs=0.01)
    assert result.bitrate_bps > 1000


def test_probe_says_why_not(clips: Clips) -> None:
    with pytest.raises(VideoError) as caught:
        probe(str(clips.text))
    assert caught.value.code is VideoCode.NOT_VIDEO
