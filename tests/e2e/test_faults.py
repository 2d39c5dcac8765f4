"""What a camera's fault does to a wall, over real RTSP: few cases of `main.py bench faults`, without its limits of
time, and that the tools which measure tell the truth."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtWidgets import QApplication

from benchmarks import clock_picture, faults, soak_wall
from benchmarks.camera_farm import CameraFarm, farm
from benchmarks.clips import make_clip
from benchmarks.fault_cases import CASES, LOGIN
from benchmarks.rtp_clip import payloads
from benchmarks.rtsp_child import CLOCK
from benchmarks.slopes import slope_of
from tests.conftest import wait_until
from tests.e2e.conftest import Program
from video.source import VideoCode, VideoError, source_for


def test_faults_are_told_and_overcome(qapp: QApplication) -> None:
    """The cable is a real one (of a network namespace) where this machine lets us pull it; else the cameras freeze."""
    names = ("network cut", "password changed", "larger picture")
    result = faults.run(cases=names, base_s=0.3, haste=10.0)
    rows = result["cases"]
    assert isinstance(rows, list)
    assert tuple(row["case"] for row in rows) == names
    for row in rows[:2]:
        assert row["state"] in {"stale", "no_signal", "connecting"}
        assert row["frames_lost"] > 0
        assert row["log_lines"] >= 1
    for row in rows:
        assert row["session_s"] < 45
        assert row["picture_s"] < 45
        assert row["secrets"] == 0
    assert rows[2]["log_lines"] == 0.0  # another size in mid-stream needs no new session
    assert "password changed" in faults.table(result)


def test_every_fault_has_its_own_name() -> None:
    assert len({fault.name for fault in CASES}) == len(CASES)


def test_a_wall_that_flaps_is_live_again_and_its_trends_are_told(qapp: QApplication) -> None:
    result = soak_wall.run(0.08, tiles=6, sample_s=0.03)  # eight samples on a busy machine too
    assert result["all_live_again_s"] is not None
    assert set(result["slopes_per_hour"]) == {"rss_mb", "threads", "handles"}  # type: ignore[call-overload]
    assert "all live again" in soak_wall.table(result)


@pytest.fixture(scope="module")
def cameras(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CameraFarm]:
    folder = tmp_path_factory.mktemp("clips")
    codecs = {"h264": "libx264", "hevc": "libx265"}
    clips = {name: make_clip(folder / f"{name}.mp4", 1.0, size=(320, 180), codec=codecs[name]) for name in codecs}
    with farm({**clips, "clock": CLOCK}, LOGIN) as running:
        yield running


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_the_farm_sends_what_a_session_can_read(cameras: CameraFarm, codec: str) -> None:
    source = source_for(cameras.url(codec), 1)
    info = source.open()
    packets = [packet for packet, _ in zip(source.packets(), range(20), strict=False)]
    source.close()
    assert (info.codec, info.width, info.height) == (codec, 320, 180)
    assert any(packet is not None and packet.key for packet in packets)
    assert cameras.cpu_s > 0
    cameras.change(codec, login="operator:other")
    wait_until(lambda: _refusal(cameras.url(codec)) is VideoCode.UNAUTHORIZED)


def _refusal(url: str) -> VideoCode | None:
    source = source_for(url, 2)
    try:
        source.open()
    except VideoError as error:
        return VideoCode(error.code)
    source.close()
    return None


def test_the_farm_sends_datagrams_too_some_late_and_some_never(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "clip.mp4", 1.0, size=(320, 180))
    with farm({"udp": clip}, LOGIN, udp=True) as running:
        source = source_for(running.url("udp"), 1)
        info = source.open()
        running.change("udp", lost=0.2, jitter_ms=5.0)
        packets = [packet for packet, _ in zip(source.packets(), range(12), strict=False)]
        source.close()
    assert (info.codec, info.width) == ("h264", 320)
    assert len([packet for packet in packets if packet is not None]) >= 6


def test_the_burned_in_clock_is_read_from_the_decoded_picture(cameras: CameraFarm) -> None:
    import av

    with av.open(cameras.url("clock"), options={"rtsp_transport": "tcp"}) as stream:
        frames = [frame for frame, _ in zip(stream.decode(video=0), range(10), strict=False)]
    stamps = [clock_picture.read(frame.to_ndarray(format="gray").astype(np.uint8)) for frame in frames]
    found = [stamp for stamp in stamps if stamp is not None]
    assert len(found) == len(stamps)
    assert found == sorted(found)
    assert 0 < clock_picture.now_ms() - found[-1] < 60_000


@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 2, 3, 5]))
def test_a_clock_outlives_scaling_and_a_wrong_cell_is_noticed(stamp: int, shrink: int) -> None:
    picture = clock_picture.drawn(stamp)
    assert clock_picture.read(picture[::shrink, ::shrink]) == stamp
    picture[:72, :80] = 255 - picture[:72, :80]
    assert clock_picture.read(picture) != stamp


def test_large_pictures_are_cut_and_can_be_put_together() -> None:
    nal = bytes([0x65]) + random.Random(1).randbytes(5000).replace(b"\x00\x00", b"\x01\x01")
    parts = payloads(b"\x00\x00\x00\x01" + nal)
    assert max(map(len, parts)) <= 1400
    assert all(part[0] == 0x7C for part in parts)
    assert [part[1] >> 6 for part in parts] == [2, *[0] * (len(parts) - 2), 1]
    assert bytes([(parts[0][0] & 0xE0) | (parts[0][1] & 0x1F)]) + b"".join(part[2:] for part in parts) == nal


def test_a_trend_is_told_from_noise() -> None:
    dice = np.random.default_rng(1)
    times = np.arange(600.0)
    flat, leak = dice.normal(300.0, 2.0, 600), 300.0 + times / 3600 * 60 + dice.normal(0.0, 2.0, 600)
    assert not slope_of(list(times), list(flat)).grows
    found = slope_of(list(times), list(leak))
    assert found.grows
    assert found.low < 60 < found.high
    still = slope_of(list(times), [5.0] * 600)
    assert abs(still.per_hour) < 1e-6
    assert not still.grows
    with pytest.raises(ValueError, match="no trend"):
        slope_of([0.0, 1.0], [1.0, 2.0])


def test_a_random_walk_is_no_proof_of_a_leak() -> None:
    """Least squares alone would find a slope in almost every walk: its samples are not independent."""
    walks = [np.cumsum(np.random.default_rng(seed).normal(0.0, 1.0, 300)) for seed in range(40)]
    grown = sum(slope_of(list(np.arange(300.0)), list(walk)).grows for walk in walks)
    assert grown <= 6


def test_a_kind_of_wall_bench_that_is_not_known_is_refused(program: Program) -> None:
    done = program("bench", "wall", "--village")
    assert done.code == 2
    assert "Traceback" not in done.err
