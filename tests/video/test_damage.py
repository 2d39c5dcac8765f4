"""Damaged frames: counted by the decoder of each codec, told by the session once at begin and end, with its name."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import av
import pytest

import video.session
from benchmarks.clips import make_clip
from tests.conftest import wait_until
from video.damage import DamageWatch
from video.decode import DecodePool
from video.decoder import StreamDecoder
from video.fanout import PictureTap
from video.file_source import FileSource
from video.frame import Packet, StreamInfo
from video.retry import RetryPolicy
from video.session import CameraSession, SessionState
from video.source import VideoCode


@pytest.fixture(scope="module", params=["libx264", "libx265"])
def clip(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A byte stream with start codes, as cameras send it: a cut slice stays a slice."""
    return make_clip(tmp_path_factory.mktemp("damage") / "clip.ts", 2.0, size=(320, 180), codec=request.param)


def cut(packet: Packet) -> Packet:
    """The packet without its second half."""
    short = av.Packet(bytes(packet.av)[: max(packet.size // 2, 40)])
    short.pts, short.dts, short.time_base = packet.av.pts, packet.av.dts, packet.av.time_base
    return replace(packet, av=short)  # type: ignore[arg-type]  # of no stream, which a decoder does not mind


class Wounded(FileSource):
    """A file of which every third packet is cut while `hurts` is set."""

    hurts = threading.Event()

    def packets(self) -> Iterator[Packet | None]:
        for packet in super().packets():
            hurt = packet is not None and self.hurts.is_set() and packet.seq % 3 == 0
            yield cut(packet) if hurt and packet is not None else packet


def test_damaged_frames_are_shown_and_counted(clip: Path) -> None:
    source = FileSource(str(clip), 1, paced=False)
    info = source.open()
    packets = [packet for packet in islice(source.packets(), 28) if packet is not None]
    source.close()
    whole, hurt = StreamDecoder("whole"), StreamDecoder("hurt")
    whole.decode(0, packets, (1, info))
    hurt.decode(0, [cut(packet) if packet.seq in (5, 9, 13) else packet for packet in packets], (1, info))
    assert (whole.damaged, whole.errors) == (0, 0)
    assert 1 <= hurt.damaged <= 6
    assert (hurt.decoded, hurt.errors) == (whole.decoded, 0), "what is damaged is shown all the same"


def test_telling_begins_and_ends_with_hysteresis() -> None:
    watch = DamageWatch()
    assert not watch.look(0, 0)
    assert not watch.look(50, 1)
    assert watch.share == 0.0, "one frame is no news"
    assert watch.look(100, 6)
    assert watch.share == pytest.approx(0.06)
    told = [watch.look(100 + 50 * number, 6) for number in range(1, 6)]
    assert told == [False, False, False, False, True], "goes on until the last hurt look has gone"
    assert watch.share == 0.0
    assert not watch.look(400, 9), "3 of 250 begin nothing"
    assert watch.look(450, 20)
    assert not watch.look(450, 20), "a look without frames tells nothing"
    assert watch.share > 0
    watch.forget()
    assert watch.share == 0.0
    assert not watch.look(10, 5), "counters of a new stream begin anywhere"


def test_a_frame_that_never_comes_counts_too() -> None:
    watch = DamageWatch()
    watch.look(0, 0)
    assert watch.look(0, 10)
    assert watch.share == 1.0


@pytest.fixture
def pool() -> Iterator[DecodePool]:
    pool = DecodePool(1)
    pool.start()
    yield pool
    pool.stop()
    assert pool.join(30.0)


def test_a_damaged_picture_is_told_once_at_begin_and_end(
    clip: Path, pool: DecodePool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video.session, "_RATE_S", 0.2)
    caplog.set_level(logging.INFO, "video.session")
    session = CameraSession("7", "Gate", str(clip), pool=pool, factory=Wounded)
    session.add_tap(PictureTap())
    Wounded.hurts.set()
    try:
        session.start()
        wait_until(lambda: session.status().damaged_share > 0.1, what="a damaged picture")
        assert session.status().state is SessionState.LIVE
        Wounded.hurts.clear()
        wait_until(lambda: session.status().damaged_share == 0.0, what="a whole picture")
    finally:
        Wounded.hurts.clear()
        session.stop()
        assert session.join(30.0)
    lines = [record.getMessage() for record in caplog.records]
    assert [line.partition(",")[0].partition(" after")[0] for line in lines] == [
        "Gate: picture damaged",
        "Gate: picture whole again",
    ]


def test_a_codec_that_changed_without_a_word_is_opened_anew(
    pool: DecodePool, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Packets come, pictures do not: neither FFmpeg nor the camera would end it."""
    hevc = make_clip(tmp_path / "clip.ts", 1.0, size=(320, 180), codec="libx265")

    class Wrong(FileSource):
        def open(self) -> StreamInfo:
            return replace(super().open(), codec="h264", decoder="h264", extradata=None)

    monkeypatch.setattr(video.session, "_RATE_S", 0.02)
    policy = RetryPolicy(first_s=0.02, most_s=0.05)
    session = CameraSession("7", "Gate", str(hevc), pool=pool, factory=Wrong, policy=policy)
    session.add_tap(PictureTap())
    session.start()
    try:
        wait_until(lambda: session.status().reconnects >= 2, what="another try")
    finally:
        session.stop()
        assert session.join(30.0)
    lost = [r.getMessage() for r in caplog.records if "picture lost" in r.getMessage()]
    assert lost
    assert all(line.startswith(f"Gate: picture lost ({VideoCode.DAMAGED.value})") for line in lost)
    assert session._patience > video.session._BLIND_LOOKS
