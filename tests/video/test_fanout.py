from __future__ import annotations

from typing import Any

import av
from hypothesis import given
from hypothesis import strategies as st

from video.fanout import PacketQueue, PacketRing, PictureTap
from video.frame import Packet, StreamInfo

INFO = StreamInfo("h264", 320, 180, 10.0, live=True)


def packet(seq: int, *, key: bool, size: int = 100, generation: int = 1, step_s: float = 0.1) -> Packet:
    at_s = seq * step_s
    blank: Any = av.Packet()
    return Packet(blank, seq, key, at_s, 1000 + at_s, at_s, generation, size)


def gops(count: int, length: int, size: int = 100) -> list[Packet]:
    return [packet(n, key=n % length == 0, size=size) for n in range(count * length)]


def test_queue_begins_with_a_key_frame() -> None:
    queue = PacketQueue()
    for p in gops(2, 5)[3:]:
        queue.put(p)
    assert [p.seq for p in queue.take(10)[1]] == [5, 6, 7, 8, 9]


def test_queue_that_lags_goes_ahead_to_the_new_key_frame() -> None:
    queue = PacketQueue(lag_s=1.5)
    for p in gops(3, 10):
        queue.put(p)
    gaps, taken = queue.take(100)
    assert [p.seq for p in taken] == list(range(20, 30))
    assert gaps == 1
    assert (queue.dropped_gops, queue.dropped_frames) == (2, 20)


def test_full_queue_waits_for_a_key_frame() -> None:
    queue = PacketQueue(lag_s=1e9, most=8)
    for p in gops(2, 10)[:15]:
        queue.put(p)
    assert [p.seq for p in queue.take(100)[1]] == [10, 11, 12, 13, 14]
    assert (queue.dropped_gops, queue.dropped_frames) == (1, 10)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(1, 400)), min_size=1, max_size=120),
    st.integers(1, 12),
    st.integers(1, 5),
)
def test_a_decoder_never_sees_half_a_gop(stream: list[tuple[bool, int]], most: int, every: int) -> None:
    queue = PacketQueue(lag_s=0.5, most=most, most_bytes=1500)
    seen_gaps, previous, took = 0, -1, 0
    for seq, (key, size) in enumerate(stream):
        queue.put(packet(seq, key=key, size=size))
        assert len(queue) <= most
        if seq % every == 0:
            gaps, taken = queue.take(2)
            took += len(taken)
            for p in taken:
                assert p.key or (gaps == seen_gaps and p.seq == previous + 1)
                previous, seen_gaps = p.seq, gaps
    assert took + len(queue) + queue.dropped_frames <= len(stream)


def test_restart_ignores_what_it_already_holds() -> None:
    queue = PacketQueue()
    all_packets = gops(1, 5)
    queue.restart(all_packets[:3])
    for p in all_packets:
        queue.put(p)
    assert [p.seq for p in queue.take(10)[1]] == [0, 1, 2, 3, 4]


def test_ring_keeps_whole_gops_for_its_seconds() -> None:
    ring = PacketRing(seconds=3.0)
    ring.configure(1, INFO)
    for p in gops(10, 10):
        ring.add(p)
    span = ring.span()
    assert span is not None
    assert 3.0 <= span[1] - span[0] <= 4.0
    assert [p.seq for p in ring.last_gop()] == list(range(90, 100))


def test_ring_is_bounded_in_bytes_even_without_key_frames() -> None:
    ring = PacketRing(seconds=100, most_bytes=5000)
    ring.configure(1, INFO)
    ring.add(packet(0, key=True))
    for n in range(1, 200):
        ring.add(packet(n, key=False))
        assert ring.size <= 5000
    assert ring.dropped_gops == 1
    assert ring.last_gop() == ()


def test_ring_never_mixes_generations() -> None:
    ring = PacketRing()
    ring.configure(1, INFO)
    for p in gops(1, 5):
        ring.add(p)
    ring.configure(2, INFO)
    ring.add(packet(7, key=False, generation=2))
    assert len(ring.last_gop()) == 5
    ring.add(packet(8, key=True, generation=2))
    assert [p.generation for p in ring.last_gop()] == [2]


def test_ring_finds_the_nearest_packet_and_its_gop() -> None:
    ring = PacketRing()
    assert ring.nearest(1000.0) is None
    ring.configure(1, INFO)
    for p in gops(3, 10):
        ring.add(p)
    found = ring.nearest(1001.46)
    assert found is not None
    assert found[0].seq == 15
    assert [p.seq for p in found[1]] == list(range(10, 20))
    assert found[2] is INFO


def test_key_frames_only_and_nothing_else_before_the_next_key_frame() -> None:
    queue = PacketQueue(lag_s=99)
    packets = gops(6, 10)
    for p in packets[:5]:
        queue.put(p)
    queue.keys_only = True
    for p in packets[5:35]:
        queue.put(p)
    queue.keys_only = False
    for p in packets[35:]:
        queue.put(p)
    gaps, taken = queue.take(1000)
    assert [p.seq for p in taken] == [0, 1, 2, 3, 4, 10, 20, 30, *range(40, 60)]
    assert (gaps, queue.dropped_frames, queue.dropped_gops, queue.spared) == (0, 0, 0, 32)


def test_a_queue_that_begins_anew_while_sparing_takes_the_key_frame_alone() -> None:
    queue = PacketQueue()
    queue.keys_only = True
    queue.restart(gops(1, 5))
    assert [p.seq for p in queue.take(10)[1]] == [0]


def test_a_halved_tap_wants_every_second_picture() -> None:
    tap = PictureTap()
    tap.want(320, 180)
    assert [tap.wanted() for _ in range(3)] == [(320, 180)] * 3
    tap.halved = True
    wishes = [tap.wanted() for _ in range(10)]
    assert wishes.count(None) == 5
    assert wishes[0] != wishes[1]
    tap.halved = False
    assert tap.wanted() == (320, 180)


def test_a_queue_says_how_far_its_taker_is_behind() -> None:
    queue = PacketQueue()
    assert queue.behind_s == 0.0
    for p in gops(1, 11):
        queue.put(p)
    assert round(queue.behind_s, 6) == 1.0
    queue.take(10)
    assert queue.behind_s == 0.0
