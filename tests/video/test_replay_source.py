"""A replay by absolute time over a real RTSP connection: the right frames with the right times, whatever breaks."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.footage_files import hash_file, read_segment
from storage.footage_records import Segment
from storage.sealed import Credential
from tests.video.foreign_recorder import LOGIN, Faults, ForeignRecorder
from tests.video.numbered import FPS, numbered_clip
from video import replay_source
from video.fetched_pieces import PieceWriter
from video.frame import Packet
from video.replay_source import Gop, ReplaySource, ReplayWish, dated_gop, says_goodbye
from video.rtsp_talk import authorization, challenge_of
from video.session_description import video_track
from video.source import VideoCode, VideoError

BEGIN = 1_800_000_000.0 // 60 * 60 - 10.0
"""Ten seconds before a minute of UTC."""
AHEAD_S = 3600.25


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return numbered_clip(tmp_path_factory.mktemp("clip") / "c.mp4", 0, 300)


def source(recorder: ForeignRecorder, begin: float, end: float, **changes: object) -> ReplaySource:
    wish = ReplayWish(recorder.rtsp, BEGIN + begin, BEGIN + end, AHEAD_S, **changes)  # type: ignore[arg-type]  # bools
    return ReplaySource(wish, recorder.login, read_s=0.3, silent_s=20.0)


def played(one: ReplaySource) -> Iterator[Gop]:
    """All of it, and what came before an error."""
    try:
        one.open()
        yield from (gop for gop in one.gops() if gop is not None)
    finally:
        rest = one.rest()
        one.close()
    if rest is not None:
        yield rest


def times(gops: list[Gop]) -> list[float]:
    return [round(packet.utc_s - BEGIN, 3) for gop in gops for packet in gop.packets]


def frames(begin: int, end: int) -> list[float]:
    return [round(at / FPS, 3) for at in range(begin, end)]


@pytest.mark.parametrize(
    "faults",
    [Faults(), Faults(hangs_up=False, goodbye=True), Faults(hangs_up=False), Faults(extension=False)],
    ids=["hangs up", "bye", "silent", "range"],
)
def test_every_frame_from_the_key_frame_before_comes_with_its_time_by_our_clock(clip: Path, faults: Faults) -> None:
    with ForeignRecorder(clip, BEGIN, ahead_s=AHEAD_S, faults=faults) as recorder:
        one = source(recorder, 3.0, 9.0)
        gops = list(played(one))
        headers = recorder.played
    assert times(gops) == pytest.approx(frames(30, 135), abs=0.002)
    assert not one.by_request
    assert [gop.packets[0].key for gop in gops] == [True] * 4
    assert [gop.follows for gop in gops] == [False, True, True, True]
    assert one.info is not None
    assert (one.info.codec, one.info.width, one.info.height) == ("h264", 320, 180)
    assert (headers["Require"], headers["Rate-Control"]) == ("onvif-replay", "no")
    assert headers["Range"] == "clock=20270115T085953.250Z-20270115T085959.250Z"


def test_one_that_tells_no_time_counts_from_what_was_asked_for_and_says_so(clip: Path) -> None:
    faults = Faults(extension=False, range_told=False)
    with ForeignRecorder(clip, BEGIN, ahead_s=AHEAD_S, faults=faults) as recorder:
        one = source(recorder, 4.0, 9.0)
        gops = list(played(one))
    assert one.by_request
    assert times(gops)[0] == 4.0


def test_a_makers_address_gets_no_headers_of_onvif_and_is_ended_by_us(clip: Path) -> None:
    with ForeignRecorder(clip, BEGIN, ahead_s=AHEAD_S) as recorder:
        gops = list(played(source(recorder, 0.0, 5.0, onvif=False)))
        headers = recorder.played
    assert times(gops) == pytest.approx(frames(0, 75), abs=0.002)
    assert "Require" not in headers
    assert headers["Range"].startswith("npt=")


def test_a_line_that_breaks_leaves_what_came(clip: Path) -> None:
    with ForeignRecorder(clip, BEGIN, ahead_s=AHEAD_S, faults=Faults(cut_after=70)) as recorder:
        one = source(recorder, 0.0, 15.0)
        one.open()
        got: list[Gop] = []
        with pytest.raises(VideoError) as caught:
            got.extend(gop for gop in one.gops() if gop is not None)
        rest = one.rest()
        one.close()
    assert caught.value.code is VideoCode.ENDED
    assert rest is not None
    assert rest.packets[0].key
    seen = times([rest])
    assert seen == pytest.approx(frames(60, 60 + len(seen)), abs=0.002)


def test_a_hole_in_the_recording_is_a_hole(clip: Path) -> None:
    hole = (BEGIN + 4.0, BEGIN + 15.0)
    with ForeignRecorder(clip, BEGIN, ahead_s=AHEAD_S, faults=Faults(holes=(hole,))) as recorder:
        gops = list(played(source(recorder, 0.0, 18.0)))
    assert times(gops) == pytest.approx([*frames(0, 60), *frames(240, 270)], abs=0.002)
    assert [gop.follows for gop in gops] == [False, True, False]


@pytest.mark.parametrize("extension", [True, False])
def test_a_hole_of_seconds_that_nobody_names_is_a_hole(clip: Path, extension: bool) -> None:
    faults = Faults(holes=((BEGIN + 4.0, BEGIN + 8.0),), extension=extension, hole_told=False)
    with ForeignRecorder(clip, BEGIN, ahead_s=AHEAD_S, faults=faults) as recorder:
        found = list(played(source(recorder, 0.0, 12.0)))
    begins = [round(gop.packets[0].utc_s - BEGIN) for gop in found if not gop.follows]
    assert begins == [0, 8]


def test_a_frame_of_an_hour_ago_brings_no_hour_that_nobody_asked_for(clip: Path) -> None:
    """A key frame and others, less than ten seconds apart each, up to the time that was asked for."""
    one = ReplaySource(ReplayWish("rtsp://h/", BEGIN, BEGIN + 5.0), None)
    packets = [Packet(av.Packet(b"x"), n, n == 0, 0.0, BEGIN - 3600.0 + 9.0 * n, 0.0, 0, 1) for n in range(401)]  # type: ignore[arg-type]  # of no stream
    assert not list(one._given(packets, None, follows=False))
    assert list(one._given(packets[395:], None, follows=False))


RTP_THAT_NEVER_ENDS = b"$\0\xff\xff" + b"a" * 10
REPORT = b"$\1\0\x08\x80\xc9\0\1\0\0\0\7"
REQUEST = b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"


@pytest.mark.parametrize("goes_on", [RTP_THAT_NEVER_ENDS, REPORT, REQUEST], ids=["drips", "reports", "requests"])
def test_what_is_no_picture_is_silence(clip: Path, goes_on: bytes) -> None:
    faults = Faults(goes_on=goes_on, extension=False)  # which would say what is the last
    with ForeignRecorder(clip, BEGIN, ahead_s=AHEAD_S, faults=faults) as recorder:
        wish = ReplayWish(recorder.rtsp, BEGIN, BEGIN + 600.0, AHEAD_S)
        one = ReplaySource(wish, recorder.login, read_s=0.1, silent_s=0.4)
        with pytest.raises(VideoError) as caught:
            list(played(one))
    assert caught.value.code is VideoCode.SILENT


@pytest.mark.parametrize("goes_on", [RTP_THAT_NEVER_ENDS, REPORT, REQUEST], ids=["drips", "reports", "requests"])
def test_a_cancel_is_heard_whatever_comes(clip: Path, goes_on: bytes) -> None:
    """None is what a caller cancels at."""
    faults = Faults(goes_on=goes_on, extension=False)
    with ForeignRecorder(clip, BEGIN, ahead_s=AHEAD_S, faults=faults) as recorder:
        wish = ReplayWish(recorder.rtsp, BEGIN, BEGIN + 600.0, AHEAD_S)
        one = ReplaySource(wish, recorder.login, read_s=0.1, silent_s=60.0)
        one.open()
        quiet = sum(gop is None for gop, _n in zip(one.gops(), range(60), strict=False))
        one.close()
    assert quiet > 40


def test_a_gop_without_end_is_cut_and_what_is_left_out_is_a_hole(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_source, "_MOST_FRAMES", 10)
    with ForeignRecorder(clip, BEGIN, ahead_s=AHEAD_S) as recorder:
        found = list(played(source(recorder, 0.0, 6.0)))
    assert [len(gop.packets) for gop in found] == [10] * 3
    assert not any(gop.follows for gop in found)


def test_a_recorder_that_never_comes_to_the_point_is_left(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay_source, "_NOTHING_S", -1.0)
    with ForeignRecorder(clip, BEGIN, ahead_s=AHEAD_S) as recorder, pytest.raises(VideoError) as caught:
        list(played(source(recorder, 0.0, 6.0)))
    assert caught.value.code is VideoCode.BAD_ANSWER


@pytest.mark.parametrize("number", ["9" * 5000, "²", "٣", "0", "-1", "1e9"])
def test_numbers_that_none_are(number: str) -> None:
    lines = ["m=video 0 RTP/AVP 96", f"a=rtpmap:96 H264/{number}", "a=control:http://["]
    with pytest.raises(VideoError) as caught:
        video_track("\r\n".join(lines).encode(), "rtsp://h/", "rtsp://h/")
    assert caught.value.code is VideoCode.UNSUPPORTED
    good = ["m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000", "a=control:http://["]
    assert video_track("\r\n".join(good).encode(), "rtsp://h/", "rtsp://h/")[0].control == "http://["


@pytest.mark.parametrize(
    "answer",
    [
        "RTSP/1.0 " + "2" * 5000 + "\r\n\r\n",
        "RTSP/1.0 ²00 OK\r\n\r\n",
        "RTSP/1.0 200 OK\r\nContent-Length: " + "9" * 5000 + "\r\n\r\n",
        "RTSP/1.0 200 OK\r\n" + "a:\r\n" * 5000 + "\r\n",
        "RTSP/1.0 200 OK\r\nSession: 1;timeout=" + "9" * 5000 + "\r\n\r\n",
        "RTSP/1.0 200 OK\r\nRange: clock=20269999T999999Z-\r\n\r\n",
    ],
    ids=["status", "power", "length", "headers", "timeout", "month"],
)
def test_answers_that_none_are(answer: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"rtsp://127.0.0.1:{server.getsockname()[1]}/x"
        one = ReplaySource(ReplayWish(url, BEGIN, BEGIN + 1), None, silent_s=60.0)
        answering = threading.Thread(target=_answer, args=(server, answer.encode()))
        answering.start()
        with pytest.raises(VideoError) as caught:
            one.open()
        one.close()
        answering.join(30)
    assert caught.value.code in (VideoCode.BAD_ANSWER, VideoCode.NOT_VIDEO)


def _answer(server: socket.socket, answer: bytes) -> None:
    line, _peer = server.accept()
    with line:
        line.recv(4096)
        line.sendall(answer)
        while line.recv(4096):
            pass


def test_lost_packets_cost_whole_frames_only(clip: Path, tmp_path: Path) -> None:
    with ForeignRecorder(clip, BEGIN, ahead_s=AHEAD_S, faults=Faults(drop_every=200)) as recorder:
        gops = list(played(source(recorder, 0.0, 20.0)))
    assert 250 < len(times(gops)) < 300
    for gop in gops:
        assert gop.packets[0].key


@pytest.mark.parametrize(
    ("faults", "code"),
    [
        (Faults(refuses_replay=True), VideoCode.NO_REPLAY),
        (Faults(holes=((0.0, 9e9),)), VideoCode.NO_RECORDING),
        (Faults(rtsp_redirects="rtsp://203.0.113.9/x"), VideoCode.ELSEWHERE),
    ],
)
def test_refusals_are_told_apart(clip: Path, faults: Faults, code: VideoCode) -> None:
    with ForeignRecorder(clip, BEGIN, faults=faults) as recorder, pytest.raises(VideoError) as caught:
        list(played(source(recorder, 0.0, 5.0)))
    assert caught.value.code is code


@pytest.mark.parametrize("login", [None, Credential("operator", "wrong")])
def test_a_refused_login_is_asked_once_and_stands_nowhere(clip: Path, login: Credential | None) -> None:
    with ForeignRecorder(clip, BEGIN) as recorder, pytest.raises(VideoError) as caught:
        list(played(ReplaySource(ReplayWish(recorder.rtsp, BEGIN, BEGIN + 5), login)))
    assert caught.value.code is VideoCode.UNAUTHORIZED
    assert len(recorder.heard) == 1 + (login is not None)
    assert LOGIN.password not in f"{caught.value} {caught.value.details}"


def test_files_of_a_minute_that_say_where_they_are_from(clip: Path, tmp_path: Path) -> None:
    written: list[Segment] = []
    with ForeignRecorder(clip, BEGIN, ahead_s=AHEAD_S) as recorder:
        one = source(recorder, 3.0, 16.0)
        writer = PieceWriter("c1", tmp_path, "ONVIF recorder x")
        for gop in played(one):
            assert one.info is not None
            done = writer.take(gop, one.info)
            written += [done] if done is not None else []
        last = writer.end()
    assert last is not None
    written.append(last)
    ends = [(round(s.from_utc_s - BEGIN, 2), round(s.to_utc_s - BEGIN, 2)) for s in written]
    assert ends == [(2.0, 10.0), (10.0, 16.0)]
    for piece in written:
        told = read_segment(Path(piece.path))
        assert told.flaw is None
        assert told.segment is not None
        assert (told.segment.origin, told.segment.camera_id) == ("ONVIF recorder x", "c1")
        assert hash_file(Path(piece.path)) == piece.sha256
    with av.open(written[1].path) as container:
        assert sum(1 for _frame in container.decode(video=0)) == 90
    assert sorted(path.name for path in tmp_path.rglob("*.mp4")) == [Path(piece.path).name for piece in written]


def test_an_abandoned_file_leaves_nothing(clip: Path, tmp_path: Path) -> None:
    with ForeignRecorder(clip, BEGIN, ahead_s=AHEAD_S) as recorder:
        one = source(recorder, 0.0, 9.0)
        gop = next(played(one))
        assert one.info is not None
        writer = PieceWriter("c1", tmp_path, "x")
        writer.take(gop, one.info)
        one.close()
        writer.abandon()
        writer.abandon()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


@given(st.permutations(range(6)))
def test_reordered_frames_get_times_to_be_decoded_at(order: list[int]) -> None:
    packets = []
    for at in order:
        made = av.Packet(b"x")
        made.pts = made.dts = at * 6000
        packets.append(Packet(made, at, False, 0.0, 0.0, 0.0, 0, 1))  # type: ignore[arg-type]  # of no stream
    dated_gop(packets)
    decoded = [packet.av.dts or 0 for packet in packets]
    assert decoded == sorted(set(decoded))
    assert all((packet.av.pts or 0) >= (packet.av.dts or 0) for packet in packets)


def test_a_goodbye_is_heard_behind_a_report() -> None:
    report = bytes([0x80, 200, 0, 6]) + b"\0" * 24
    assert says_goodbye(report + bytes([0x81, 203, 0, 1]) + b"\0" * 4)
    assert not says_goodbye(report)
    assert not says_goodbye(b"\x80\xcb")


def test_the_digests_of_rfc_2617_and_7616() -> None:
    login = Credential("Mufasa", "Circle Of Life")
    plain = challenge_of(['Digest realm="testrealm@host.com", nonce="abc"', 'Basic realm="x"'])
    header = authorization(plain, login, "GET", "/dir/index.html")
    assert 'uri="/dir/index.html"' in header
    assert "Circle" not in header
    strong = challenge_of(
        [
            'Digest realm="h", qop="auth, auth-int", algorithm=SHA-256, nonce="n", opaque="o"',
            'Digest realm="h", qop="auth", algorithm=MD5, nonce="n"',
        ]
    )
    told = authorization(strong, login, "PLAY", "rtsp://x/y")
    assert 'opaque="o"' in told
    assert "algorithm=SHA-256" in told
    assert "qop=auth, nc=00000001" in told
    assert challenge_of(["Bearer x", 'Digest realm="h", algorithm=MD5-sess, nonce="n"']) == {}
