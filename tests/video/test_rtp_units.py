"""RTP put together to frames: whatever is cut, lost or made up, a frame is whole or absent."""

from __future__ import annotations

import struct

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rtp_clip import payloads
from video.rtp_units import NTP_TO_UNIX_S, AccessUnit, RtpPacket, UnitBuilder, parse_rtp

_IDR, _SLICE = bytes([0x65]), bytes([0x41])


def packets_of(units: list[bytes], begin: int = 65_530) -> list[RtpPacket]:
    """Access units as packets of one stream; numbers wrap."""
    found: list[RtpPacket] = []
    for at, unit in enumerate(units):
        parts = payloads(unit)
        for part in parts:
            number = (begin + len(found)) & 0xFFFF
            found.append(RtpPacket(part is parts[-1], 96, number, at * 3000, part))
    return found


def built(packets: list[RtpPacket], codec: str = "h264") -> list[AccessUnit]:
    builder = UnitBuilder(codec)
    return [unit for packet in packets for unit in builder.feed(packet)] + list(builder.end())


def unit(head: bytes, size: int) -> bytes:
    return b"\0\0\0\1" + head + bytes(7 + n % 240 for n in range(size))


sizes = st.lists(st.integers(1, 5000), min_size=1, max_size=8)


@settings(max_examples=30)
@given(sizes)
def test_what_was_cut_into_packets_comes_back_byte_for_byte(made: list[int]) -> None:
    units = [unit(_IDR if not at % 3 else _SLICE, size) for at, size in enumerate(made)]
    found = built(packets_of(units))
    assert [one.data for one in found] == units
    assert [one.key for one in found] == [not at % 3 for at in range(len(made))]
    assert [one.ticks for one in found] == [at * 3000 for at in range(len(made))]


@settings(max_examples=30)
@given(sizes, st.data())
def test_a_lost_packet_costs_its_frame_and_all_up_to_the_next_key_frame(made: list[int], data: st.DataObject) -> None:
    units = [unit(_IDR if not at % 3 else _SLICE, size) for at, size in enumerate(made)]
    packets = packets_of(units)
    lost = data.draw(st.integers(0, len(packets) - 1))
    found = built(packets[:lost] + packets[lost + 1 :])
    assert all(one.data in units for one in found)
    hit = packets[lost].ticks // 3000
    whole = {at for at in range(len(units)) if at < hit or at // 3 > hit // 3}
    assert {one.ticks // 3000 for one in found} <= whole
    late = {at for at in whole if at // 3 > hit // 3 + 1 or at < hit - 1}
    assert late <= {one.ticks // 3000 for one in found}


@given(st.binary(max_size=200))
def test_whatever_comes_is_a_packet_or_nothing(data: bytes) -> None:
    found = parse_rtp(data)
    if found is not None:
        builder = UnitBuilder("hevc")
        assert all(one.data for one in [*builder.feed(found), *builder.end()])


def test_nothing_is_given_before_a_key_frame() -> None:
    assert [one.key for one in built(packets_of([unit(_SLICE, 30), unit(_IDR, 30), unit(_SLICE, 30)]))] == [True, False]


def test_several_units_in_one_packet() -> None:
    sets = [b"\x67abc", b"\x68d"]
    body = b"\x78" + b"".join(struct.pack(">H", len(one)) + one for one in (*sets, b"\x65picture"))
    (found,) = built([RtpPacket(True, 96, 1, 0, body)])
    assert found.data == b"".join(b"\0\0\0\1" + one for one in (*sets, b"\x65picture"))
    assert found.key
    assert not built([RtpPacket(True, 96, 1, 0, body[:-3])])


def test_h265_in_parts_and_together() -> None:
    head = bytes([19 << 1, 1])
    parts = [b"\x62\x01" + bytes([flags | 19]) + piece for flags, piece in ((0x80, b"ab"), (0, b"cd"), (0x40, b"ef"))]
    packets = [RtpPacket(at == 2, 96, at, 9, part) for at, part in enumerate(parts)]
    (found,) = built(packets, "hevc")
    assert (found.data, found.key) == (b"\0\0\0\1" + head + b"abcdef", True)
    together = b"\x60\x01" + b"".join(struct.pack(">H", 4) + head + two for two in (b"xy", b"zw"))
    (found,) = built([RtpPacket(True, 96, 7, 9, together)], "hevc")
    assert found.data == (b"\0\0\0\1" + head + b"xy") + (b"\0\0\0\1" + head + b"zw")


def test_the_replay_extension_tells_the_frames_time() -> None:
    def packet(flags: int, profile: int = 0xABAC) -> RtpPacket | None:
        head = struct.pack(">BBHII", 0x90, 0xE0, 5, 77, 1)
        return parse_rtp(
            head + struct.pack(">HHIIBBH", profile, 3, NTP_TO_UNIX_S + 100, 1 << 31, flags, 0, 0) + b"\x65x"
        )

    first = packet(0xC0)
    assert first == RtpPacket(True, 96, 5, 77, b"\x65x", 100.5, last=True)
    plain = packet(0, 0xBEDE)
    assert plain is not None
    assert (plain.payload, plain.utc_s, plain.last) == (b"\x65x", None, False)
    (found,) = built([first])
    assert (found.utc_s, found.last) == (100.5, True)


def test_padding_and_contributors_are_no_payload() -> None:
    data = struct.pack(">BBHII", 0xA2, 0x60, 5, 77, 1) + b"\0" * 8 + b"\x65ab" + b"\0\0\3"
    found = parse_rtp(data)
    assert found is not None
    assert found.payload == b"\x65ab"
    assert parse_rtp(data[:-1] + b"\xff") is None
