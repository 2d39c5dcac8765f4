from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from tests.conftest import wait_until
from tests.video.conftest import Clips, make_clip
from video.convert import fitted
from video.decode import DecodePool, DecodeStream
from video.fanout import PacketRing
from video.file_source import FileSource
from video.frame import Packet, Picture, StreamInfo


class Collector:
    """A tap that keeps everything."""

    def __init__(self, box: tuple[int, int] | None = (4000, 4000), pixel_format: str = "bgra") -> None:
        self.pixel_format = pixel_format
        self.box = box
        self.pictures: list[Picture] = []
        self.thread = ""

    def wanted(self) -> tuple[int, int] | None:
        return self.box

    def put(self, picture: Picture) -> None:
        self.thread = threading.current_thread().name
        self.pictures.append(picture)


@pytest.fixture
def pool() -> Iterator[DecodePool]:
    pool = DecodePool(2)
    pool.start()
    yield pool
    pool.stop()
    assert pool.join(30.0)


def packets_of(path: Path, count: int, generation: int = 1) -> tuple[StreamInfo, list[Packet]]:
    source = FileSource(str(path), generation, paced=False)
    info = source.open()
    packets = list(islice((p for p in source.packets() if p is not None), count))
    source.close()
    return info, packets


def feed_slowly(stream: DecodeStream, packets: list[Packet]) -> None:
    """One packet after the other, as a camera does: the pool is never behind."""
    for packet in packets:
        stream.feed(packet)
        wait_until(lambda: stream.stats().backlog == 0, 5, "an empty queue")


def image(picture: Picture) -> npt.NDArray[np.uint8]:
    depth = 4 if picture.pixel_format == "bgra" else 3
    rows = np.frombuffer(picture.pixels, np.uint8).reshape(picture.height, picture.stride)
    return rows[:, : picture.width * depth].reshape(picture.height, picture.width, depth)


@pytest.mark.parametrize("name", ["h264", "bframes", "h265", "mjpeg"])
def test_pictures_carry_the_times_of_their_own_packets(clips: Clips, pool: DecodePool, name: str) -> None:
    info, packets = packets_of(getattr(clips, name), 24)
    stream, tap = pool.register("cam", PacketRing()), Collector()
    stream.configure(1, info)
    stream.add_tap(tap)
    feed_slowly(stream, packets)
    wait_until(lambda: len(tap.pictures) >= 15, 5, "pictures")
    by_pts = {packet.pts_s: packet for packet in packets}
    for picture in tap.pictures:
        origin = by_pts[picture.pts_s]
        assert (picture.utc_s, picture.due_s) == (origin.utc_s, origin.due_s)
        bar_px = round(picture.pts_s * 15) * 4 + 8
        blue, green, red, _ = image(picture)[90, bar_px]
        assert red > 150 > max(blue, green), f"not the picture of its time: {picture.pts_s}"
    assert all(a.seq < b.seq and a.pts_s < b.pts_s for a, b in pairwise(tap.pictures))
    assert tap.thread.startswith("decode-")


def test_no_taker_no_decoding_and_the_first_picture_comes_from_the_ring(clips: Clips, pool: DecodePool) -> None:
    info, packets = packets_of(clips.h264, 25)
    ring = PacketRing()
    ring.configure(1, info)
    stream, tap = pool.register("cam", ring), Collector()
    stream.configure(1, info)
    for packet in packets:
        ring.add(packet)
        stream.feed(packet)
    assert stream.stats().decoded == 0
    stream.add_tap(tap)
    wait_until(lambda: bool(tap.pictures) and tap.pictures[-1].pts_s == packets[-1].pts_s, 5, "the newest picture")
    assert stream.stats().decoded == 10, "from the last key frame on"
    stream.remove_tap(tap)
    before = stream.stats().decoded
    stream.feed(packets[-1])
    assert (stream.stats().backlog, stream.stats().decoded) == (0, before)


def test_nothing_from_before_a_gap_comes_after_it(clips: Clips, pool: DecodePool) -> None:
    info, packets = packets_of(clips.bframes, 45)
    keys = [at for at, packet in enumerate(packets) if packet.key]
    stream, tap = pool.register("cam", PacketRing()), Collector()
    stream.configure(1, info)
    stream.add_tap(tap)
    feed_slowly(stream, packets[: keys[1] - 3])
    wait_until(lambda: bool(tap.pictures), 5, "pictures")
    held_back = keys[1] - 3 - stream.stats().decoded
    assert held_back > 0, "the material must reorder"
    before = stream.stats().decoded
    stream.remove_tap(tap)
    tap.pictures.clear()
    stream.add_tap(tap)
    feed_slowly(stream, packets[keys[1] : keys[2]])
    wait_until(lambda: len(tap.pictures) > 5, 5, "pictures after the gap")
    assert all(picture.pts_s >= packets[keys[1]].pts_s for picture in tap.pictures)
    assert stream.stats().decoded - before <= keys[2] - keys[1] - held_back


def test_backlog_is_decoded_but_not_converted(clips: Clips) -> None:
    pool = DecodePool(1)
    pictures, packets = shown_after(pool, clips.h264, 10)
    assert len(pictures) <= 3
    assert pictures[-1].pts_s == packets[-1].pts_s


def shown_after(pool: DecodePool, path: Path, waiting: int) -> tuple[list[Picture], list[Packet]]:
    """What is shown of a stream of which so many packets wait when the pool comes to it; the pool ends with it."""
    info, packets = packets_of(path, waiting)
    stream, tap = pool.register("cam", PacketRing()), Collector()
    stream.configure(1, info)
    stream.add_tap(tap)
    for packet in packets:
        stream.feed(packet)
    pool.start()
    done = packets[-1].pts_s
    wait_until(lambda: bool(tap.pictures) and tap.pictures[-1].pts_s == done, 5, "the newest picture")
    pool.stop()
    assert pool.join(30.0)
    assert stream.stats().decoded == waiting
    return tap.pictures, packets


@pytest.mark.parametrize(("waiting", "shown"), [(1, [0]), (2, [0, 1]), (4, [1, 2, 3]), (6, [1, 3, 4, 5])])
def test_a_moment_behind_costs_no_picture_and_more_than_that_every_second(
    clips: Clips, waiting: int, shown: list[int]
) -> None:
    pictures, packets = shown_after(DecodePool(1), clips.h264, waiting)
    assert [picture.pts_s for picture in pictures] == [packets[at].pts_s for at in shown]


def test_each_tap_gets_its_size_and_format_and_equal_wishes_share(clips: Clips, pool: DecodePool) -> None:
    info, packets = packets_of(clips.h264, 3)
    stream = pool.register("cam", PacketRing())
    small, twin, bgr, hidden = (
        Collector((128, 100)),
        Collector((128, 100)),
        Collector((640, 90), "bgr24"),
        Collector(None),
    )
    stream.configure(1, info)
    for tap in (small, twin, bgr, hidden):
        stream.add_tap(tap)
    feed_slowly(stream, packets)
    wait_until(lambda: len(bgr.pictures) >= 3, 5, "pictures")
    first = small.pictures[0]
    assert (first.width, first.height, first.source_width, first.source_height) == (128, 72, 320, 180)
    assert first is twin.pictures[0]
    assert (bgr.pictures[0].width, bgr.pictures[0].height, bgr.pictures[0].pixel_format) == (160, 90, "bgr24")
    assert image(bgr.pictures[0])[40, 4].tolist() == pytest.approx([20, 30, 250], abs=30)
    assert hidden.pictures == []


def test_full_range_video_keeps_its_white(tmp_path: Path, pool: DecodePool) -> None:
    clip = make_clip(tmp_path / "white.avi", "mjpeg", seconds=0.2, colour=(255, 255, 255))
    info, packets = packets_of(clip, 2)
    stream, tap = pool.register("cam", PacketRing()), Collector((160, 90))
    stream.configure(1, info)
    stream.add_tap(tap)
    feed_slowly(stream, packets)
    wait_until(lambda: bool(tap.pictures), 5, "a picture")
    assert image(tap.pictures[0])[45, 100].min() >= 250


def test_resolution_changes_in_mid_stream(clips: Clips, pool: DecodePool) -> None:
    info, packets = packets_of(clips.resized, 30)
    stream, tap = pool.register("cam", PacketRing()), Collector()
    stream.configure(1, info)
    stream.add_tap(tap)
    feed_slowly(stream, packets)
    wait_until(lambda: any(p.source_width == 480 for p in tap.pictures), 5, "the new size")
    assert {(p.width, p.height) for p in tap.pictures} == {(320, 180), (480, 272)}
    assert (stream.stats().width, stream.stats().height) == (480, 272)


def test_a_new_opening_may_bring_another_codec(clips: Clips, pool: DecodePool) -> None:
    stream, tap = pool.register("cam", PacketRing()), Collector()
    stream.add_tap(tap)
    for generation, path in enumerate((clips.h264, clips.h265, clips.mjpeg), 1):
        info, packets = packets_of(path, 8, generation)
        stream.configure(generation, info)
        before = len(tap.pictures)
        feed_slowly(stream, packets)
        wait_until(lambda before=before: len(tap.pictures) > before, 5, f"pictures of opening {generation}")  # type: ignore[misc]
    assert stream.stats().errors == 0
    assert all(a.seq < b.seq for a, b in pairwise(tap.pictures))


def test_a_broken_packet_costs_one_gop_and_no_thread(clips: Clips, pool: DecodePool) -> None:
    info, packets = packets_of(clips.h264, 30)
    garbage: Any = av.Packet(b"\x00\x00\x00\x00\xff" * 30)
    garbage.pts, garbage.time_base = packets[5].av.pts, packets[5].av.time_base
    packets[5] = dataclasses.replace(packets[5], av=garbage)
    stream, tap = pool.register("cam", PacketRing()), Collector()
    stream.configure(1, info)
    stream.add_tap(tap)
    feed_slowly(stream, packets)
    wait_until(lambda: bool(tap.pictures) and tap.pictures[-1].pts_s == packets[-1].pts_s, 5, "pictures after it")
    stats = stream.stats()
    assert (stats.errors, stats.dropped_frames, stats.decoded) == (1, 9, 20)
    assert all(worker.alive and worker.failures == 0 for worker in pool.workers)


def test_streams_share_the_threads_evenly(pool: DecodePool) -> None:
    streams = [pool.register(str(n), PacketRing()) for n in range(6)]
    assert [worker.streams for worker in pool.workers] == [3, 3]
    for stream in streams[:2]:
        pool.unregister(stream)
        pool.unregister(stream)
    assert [worker.streams for worker in pool.workers] == [2, 2]
    assert pool.register("new", PacketRing()).worker in pool.workers


def test_one_stream_with_a_backlog_does_not_starve_another(clips: Clips) -> None:
    pool = DecodePool(1)
    info, packets = packets_of(clips.h264, 10)
    order: list[str] = []

    class Order(Collector):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def put(self, picture: Picture) -> None:
            order.append(self.name)
            super().put(picture)

    busy, calm = pool.register("busy", PacketRing()), pool.register("calm", PacketRing())
    for stream, count in ((busy, 10), (calm, 1)):
        stream.configure(1, info)
        stream.add_tap(Order(stream.camera_id))
        for packet in packets[:count]:
            stream.feed(packet)
    pool.start()
    wait_until(lambda: order.count("calm") == 1 and busy.stats().backlog == 0, 5, "both")
    pool.stop()
    assert pool.join(30.0)
    assert order[0] == "calm"


def test_a_stream_that_has_to_catch_up_comes_after_the_others_and_yet_in_its_turn(clips: Clips) -> None:
    _info, packets = packets_of(clips.h264, 10)
    pool = DecodePool(1)
    late, *others = (pool.register(name, PacketRing()) for name in ("late", "a", "b"))
    late.queue.restart(packets)
    worker = pool.workers[0]
    for stream in (late, *others):
        worker.ready.put(stream)
    turns = []
    for _turn in range(200):
        stream_now = worker.next()
        assert stream_now is not None
        turns.append(stream_now.camera_id)
        worker.ready.put(stream_now)
    assert turns[:2] == ["a", "b"]
    assert 3 <= turns.count("late") <= 10
    assert abs(turns.count("a") - turns.count("b")) <= 1


@pytest.mark.parametrize(
    ("source", "box", "expected"),
    [
        ((640, 360), (320, 320), (320, 180)),
        ((640, 360), (1000, 1000), (640, 360)),
        ((1920, 1080), (333, 200), (332, 188)),
        ((100, 2000), (50, 50), (2, 50)),
    ],
)
def test_fitted(source: tuple[int, int], box: tuple[int, int], expected: tuple[int, int]) -> None:
    assert fitted(*source, box) == expected


class Poison(Collector):
    """A tap that breaks."""

    def put(self, picture: Picture) -> None:
        super().put(picture)
        raise ValueError("this picture does not fit")


def test_a_stream_that_breaks_leaves_the_others_of_its_thread_alone(
    clips: Clips, caplog: pytest.LogCaptureFixture
) -> None:
    pool = DecodePool(1)
    pool.start()
    info, packets = packets_of(clips.h264, 30)
    taps = Poison(), Collector()
    streams = [pool.register(name, PacketRing()) for name in ("bad", "good")]
    for stream, tap in zip(streams, taps, strict=True):
        stream.configure(1, info)
        stream.add_tap(tap)
        feed_slowly(stream, packets)
    wait_until(lambda: len(taps[1].pictures) >= 20, 5, "pictures of the other stream")
    wait_until(lambda: len(taps[0].pictures) >= 2, 5, "the broken stream's next key frame")
    assert streams[0].stats().errors >= 2
    assert "does not fit" in caplog.text
    pool.stop()
    assert pool.join(30.0)


@pytest.mark.parametrize("name", ["h264", "bframes", "h265"])
def test_key_frames_alone_are_shown_at_once_and_then_every_frame_again(
    clips: Clips, pool: DecodePool, name: str
) -> None:
    info, packets = packets_of(getattr(clips, name), 90)
    keys = [packet for packet in packets if packet.key]
    assert len(keys) >= 5
    stream, tap = pool.register("cam", PacketRing()), Collector((64, 36))
    stream.configure(1, info)
    stream.add_tap(tap)
    stream.keys_only = True
    for packet in packets:
        if packet.seq == keys[3].seq:
            break
        stream.feed(packet)
        wait_until(lambda: stream.stats().backlog == 0, 5, "an empty queue")
        newest = max(key.pts_s for key in keys if key.seq <= packet.seq)
        wait_until(lambda newest=newest: bool(tap.pictures) and tap.pictures[-1].pts_s == newest, 5, "the key frame")  # type: ignore[misc]
    assert [picture.pts_s for picture in tap.pictures] == [key.pts_s for key in keys[:3]]
    assert stream.stats().key_every_s == pytest.approx(1.0, abs=0.01)
    stream.keys_only = False
    feed_slowly(stream, [packet for packet in packets if packet.seq >= keys[3].seq])
    wait_until(lambda: len(tap.pictures) > 3 + 10, 5, "every frame")
    assert stream.stats().errors == 0
    assert stream.stats().dropped_frames == 0
