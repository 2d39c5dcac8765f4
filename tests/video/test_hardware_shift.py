"""A stream between the processor and a device that is none: taken, refused, dying, full."""

from __future__ import annotations

import dataclasses
import logging
from typing import Any

import av
import numpy as np
import pytest

from tests.video.conftest import Clips
from tests.video.fake_device import DAMAGED, LOST, FakeDevice, hardware
from tests.video.test_decode import Collector, image, packets_of
from video.decode import DecodePool, DecodeStream
from video.decoder import StreamDecoder
from video.fanout import PacketRing
from video.frame import Packet, StreamInfo
from video.hardware import Fault, Hardware, Refusal
from video.hardware_shift import ShiftNews

GOP = 15


def _fed(decoder: StreamDecoder, packets: list[Packet], info: StreamInfo, tap: Collector | None = None) -> list[float]:
    """One by one; the times of the pictures that a tap got."""
    tap = tap or Collector()
    for packet in packets:
        decoder.decode(0, [packet], (packet.generation, info))
        decoder.show((tap,), backlog=False)
    return [picture.pts_s for picture in tap.pictures]


@pytest.mark.parametrize(("name", "leading"), [("h264", 0), ("bframes", 0), ("h265", 2)])
def test_a_device_takes_a_stream_at_its_second_key_frame_and_no_picture_is_lost(
    clips: Clips, name: str, leading: int
) -> None:
    """But for those of an open GOP that are made from the one before."""
    info, packets = packets_of(getattr(clips, name), 30)
    second = [at for at, packet in enumerate(packets) if packet.key][1]
    alone, device = StreamDecoder("alone"), FakeDevice()
    ours = StreamDecoder("ours", hardware=hardware(device))
    _fed(ours, packets[:second], info)
    assert device.opened == []
    _fed(alone, packets, info)
    _fed(ours, packets[second:], info)
    assert (device.opened, ours.shift.device, ours.shift.fault, ours.errors) == (["cuda"], "cuda", None, 0)
    assert ours.decoded >= alone.decoded - leading


def test_its_pictures_are_those_of_the_processor(clips: Clips) -> None:
    info, packets = packets_of(clips.h264, 30)
    ours, theirs = Collector((200, 200)), Collector((200, 200))
    _fed(StreamDecoder("alone"), packets, info, ours)
    _fed(StreamDecoder("ours", hardware=hardware(FakeDevice())), packets, info, theirs)
    assert [p.pts_s for p in ours.pictures] == [p.pts_s for p in theirs.pictures]
    pairs = zip(ours.pictures, theirs.pictures, strict=True)
    assert max(np.abs(image(a).astype(int) - image(b)).mean() for a, b in pairs) < 1.5


@pytest.mark.parametrize(
    ("device", "refusal"),
    [(FakeDevice(refuses=LOST), Refusal.NOT_OPENED), (FakeDevice(rooms=0), Refusal.NOT_OPENED)],
)
def test_a_device_that_cannot_be_opened_costs_no_picture_and_is_not_asked_again(
    clips: Clips, device: FakeDevice, refusal: Refusal
) -> None:
    info, packets = packets_of(clips.h264, 30)
    decoder, taken = StreamDecoder("cam", hardware=hardware(device)), len(device.opened)
    assert len(_fed(decoder, packets, info)) == 30
    assert (decoder.shift.device, decoder.shift.fault) == ("", Fault("cuda", refusal, "Input/output error"))
    assert len(device.opened) <= taken + 1


def test_it_is_asked_again_after_the_next_opening(clips: Clips) -> None:
    info, packets = packets_of(clips.h264, 30)
    device = FakeDevice(refuses=LOST)
    decoder = StreamDecoder("cam", hardware=hardware(device))
    _fed(decoder, packets, info)
    device.refuses = None
    again = [dataclasses.replace(packet, generation=2) for packet in packets]
    _fed(decoder, again[:GOP], info)
    assert device.opened == [], "no device delays the first picture"
    _fed(decoder, again[GOP:], info)
    assert (decoder.shift.device, decoder.shift.fault) == ("cuda", None)


def test_a_device_that_dies_costs_the_rest_of_the_gop(clips: Clips) -> None:
    info, packets = packets_of(clips.h264, 30)
    twice = [*packets, *(dataclasses.replace(p, seq=p.seq + 30, pts_s=p.pts_s + 2.0) for p in packets)]
    device = FakeDevice(dies_at=6)
    decoder, tap = StreamDecoder("cam", hardware=hardware(device)), Collector()
    times = _fed(decoder, twice, info, tap)
    assert decoder.shift.fault == Fault("cuda", Refusal.FAILED, "Input/output error")
    assert times == [p.pts_s for n, p in enumerate(twice) if not GOP + 5 <= n < 2 * GOP]
    assert device.opened == ["cuda"], "no second time"


def test_damage_is_left_to_the_processor_and_is_not_the_devices_fault(clips: Clips) -> None:
    info, packets = packets_of(clips.h264, 30)
    ours = hardware(FakeDevice(dies_at=3, error=DAMAGED))
    for number in range(4):
        decoder = StreamDecoder(f"cam{number}", hardware=ours)
        _fed(decoder, packets, info)
        assert decoder.shift.fault is not None
        assert decoder.shift.fault.refusal is Refusal.DAMAGED
    assert ours.given_up == ()


def test_a_device_without_room_goes_on_with_what_it_has(clips: Clips) -> None:
    info, packets = packets_of(clips.h264, 30)
    device = FakeDevice(rooms=2)
    ours = hardware(device)
    decoders = [StreamDecoder(f"cam{number}", hardware=ours) for number in range(4)]
    assert [len(_fed(decoder, packets, info)) for decoder in decoders] == [30] * 4
    assert [decoder.shift.device for decoder in decoders] == ["cuda", "cuda", "", ""]
    assert decoders[2].shift.fault == Fault("cuda", Refusal.FULL, "Input/output error")
    assert decoders[3].shift.fault is None, "it was not tried: it is known to be full"
    assert len(device.opened) == 3
    assert ours.given_up == ()


def _pooled(clips: Clips, ours: Hardware) -> tuple[DecodePool, DecodeStream, Collector]:
    """Two GOPs through a pool whose threads are this one."""
    info, packets = packets_of(clips.h264, 30)
    pool, tap = DecodePool(1, ours), Collector()
    stream = pool.register("cam", PacketRing())
    stream.configure(1, info)
    stream.add_tap(tap)
    for packet in packets:
        stream.feed(packet)
        pool.workers[0]._work(stream)
    return pool, stream, tap


def test_whoever_is_not_looked_at_leaves_the_device_to_others(clips: Clips) -> None:
    ours = hardware(FakeDevice())
    pool, stream, tap = _pooled(clips, ours)
    assert (stream.stats().device, ours.open_count("cuda")) == ("cuda", 1)
    stream.remove_tap(tap)
    pool.workers[0]._work(stream)
    assert (stream.stats().device, ours.open_count("cuda")) == ("", 0)


def test_a_fault_that_ffmpeg_did_not_name_gives_the_device_back(clips: Clips) -> None:
    ours = hardware(FakeDevice(dies_at=4, error=RuntimeError("driver")))
    _pool, stream, _tap = _pooled(clips, ours)
    stats = stream.stats()
    assert (stats.device, stats.fault) == ("", Fault("cuda", Refusal.FAILED, "RuntimeError"))
    assert ours.open_count("cuda") == 0


def test_while_key_frames_only_are_decoded_nothing_is_opened(clips: Clips) -> None:
    info, packets = packets_of(clips.h264, 30)
    device = FakeDevice()
    decoder = StreamDecoder("cam", hardware=hardware(device))
    decoder.keys_only = True
    _fed(decoder, [packet for packet in packets if packet.key], info)
    assert device.opened == []


@pytest.mark.parametrize("broken", [False, True])
def test_what_was_held_back_comes_before_the_devices_first(clips: Clips, broken: bool) -> None:
    info, packets = packets_of(clips.bframes, 45)
    if broken:  # the last packet before the key frame: what is left in the processor's decoder is damaged
        garbage: Any = av.Packet(b"\x00\x00\x00\x00\xff" * 30)
        at = [n for n, p in enumerate(packets) if p.key][1] - 1
        garbage.pts, garbage.time_base = packets[at].av.pts, packets[at].av.time_base
        packets[at] = dataclasses.replace(packets[at], av=garbage)
    decoder = StreamDecoder("cam", hardware=hardware(FakeDevice()))
    times = _fed(decoder, packets, info)
    assert times == sorted(times)
    assert decoder.shift.device == "cuda"


def test_no_device_no_question(clips: Clips) -> None:
    info, packets = packets_of(clips.h264, 30)
    empty = Hardware("auto", FakeDevice())
    decoder = StreamDecoder("cam", hardware=empty)
    assert len(_fed(decoder, packets, info)) == 30
    assert not decoder.shift.due


def test_the_log_says_once_what_decodes_and_what_failed(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    news, fault = ShiftNews(), Fault("cuda", Refusal.FAILED, "Input/output error")
    for device, known in (("", None), ("cuda", None), ("cuda", None), ("", fault), ("", fault)):
        news.tell("Gate", device, known)
    assert [record.getMessage() for record in caplog.records] == [
        "Gate: decoded by NVDEC",
        "Gate: decoded by the processor, NVDEC: failed (Input/output error)",
    ]
