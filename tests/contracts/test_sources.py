"""Every Source is held to the same promises: a paced file and a real RTSP stream."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import islice, pairwise

import pytest

import video.pyav_source  # noqa: F401 - registers the schemes
from tests.video.conftest import Clips, RtspServer, clips, rtsp  # noqa: F401 - fixtures
from video.codec import new_decoder
from video.frame import Packet, StreamInfo
from video.source import Source, source_for

KINDS = ("file", "rtsp")
COUNT = 25


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest, clips: Clips) -> Callable[[], Source]:  # noqa: F811 - a fixture
    if request.param == "file":
        return lambda: source_for(str(clips.h264), 7)
    server: RtspServer = request.getfixturevalue("rtsp")
    return lambda: source_for(server.url(clips.h264), 7)


@pytest.fixture
def opened(make: Callable[[], Source]) -> tuple[StreamInfo, list[Packet], float]:
    source = make()
    begin_s = time.monotonic()
    info = source.open()
    packets = list(islice((packet for packet in source.packets() if packet is not None), COUNT))
    source.close()
    source.close()
    return info, packets, begin_s


def test_a_source_describes_and_stamps_its_packets(opened: tuple[StreamInfo, list[Packet], float]) -> None:
    info, packets, begin_s = opened
    assert (info.codec, info.width, info.height, round(info.fps)) == ("h264", 320, 180, 15)
    assert packets[0].key, "the first packet can be decoded"
    assert {packet.generation for packet in packets} == {7}
    assert all(a.seq < b.seq for a, b in pairwise(packets))
    assert all(packet.size == packet.av.size > 0 for packet in packets)
    for name in ("pts_s", "utc_s", "due_s"):
        values = [getattr(packet, name) for packet in packets]
        assert values == sorted(values), f"{name} runs backwards"
    assert packets[-1].due_s - time.monotonic() < 0.05, "not in the future"
    assert min(packet.due_s for packet in packets) > begin_s - 2.5
    assert all(abs(packet.utc_s - time.time()) < 10 for packet in packets)


def test_a_decoder_of_its_own_decodes_every_packet(opened: tuple[StreamInfo, list[Packet], float]) -> None:
    info, packets, _ = opened
    decoder = new_decoder(info)
    frames = [frame for packet in packets for frame in decoder.decode(packet.av)]
    assert len(frames) >= COUNT - 1
    assert {(frame.width, frame.height) for frame in frames} == {(320, 180)}


def test_real_time_is_kept(make: Callable[[], Source]) -> None:
    source = make()
    source.open()
    packets = (packet for packet in source.packets() if packet is not None)
    first = next(islice(packets, 15, None))
    begin_s = time.monotonic()
    last = next(islice(packets, 29, None))
    took_s = time.monotonic() - begin_s
    source.close()
    assert last.pts_s - first.pts_s == pytest.approx(2.0, abs=0.1)
    assert took_s > 1.5, "over the loop, too; late is a busy machine"
