from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from types import SimpleNamespace

import av
import pytest

import video.pyav_source
from tests.video.conftest import Clips, FakeServer, Handler, RtspServer, answer, free_port, relay, say_nothing
from video.file_source import FileSource
from video.pyav_source import LiveSource, reachable
from video.source import VideoCode, VideoError, host_of, redact, source_for

Make = Callable[[Handler], FakeServer]


def _refusal(url: str) -> VideoError:
    source = source_for(url)
    begin_s = time.monotonic()
    with pytest.raises(VideoError) as caught:
        source.open()
    source.close()
    assert time.monotonic() - begin_s < 30
    assert caught.value.__cause__ is None, "no foreign text with a password travels along"
    assert "geheim" not in f"{caught.value}{caught.value.details}"
    return caught.value


@pytest.mark.parametrize(
    ("status", "code"),
    [(401, VideoCode.UNAUTHORIZED), (403, VideoCode.UNAUTHORIZED), (404, VideoCode.NOT_FOUND)],
)
def test_refusals_are_told_apart(fake_server: Make, status: int, code: VideoCode) -> None:
    server = fake_server(answer(status))
    error = _refusal(f"rtsp://admin:geheim@127.0.0.1:{server.port}/main")
    assert error.code is code
    assert error.details["url"] == f"rtsp://127.0.0.1:{server.port}/main"


def test_nobody_there() -> None:
    assert _refusal(f"rtsp://admin:geheim@127.0.0.1:{free_port()}/main").code is VideoCode.UNREACHABLE
    assert _refusal("rtsp://admin:geheim@host.invalid/main").code is VideoCode.UNREACHABLE


def test_a_server_that_accepts_and_says_nothing(fake_server: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video.pyav_source, "OPEN_TIMEOUT_S", 0.6)
    server = fake_server(say_nothing)
    assert _refusal(f"rtsp://admin:geheim@127.0.0.1:{server.port}/main").code is VideoCode.SILENT


def test_a_server_that_plays_and_sends_nothing(
    rtsp: RtspServer, clips: Clips, fake_server: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video.pyav_source, "OPEN_TIMEOUT_S", 1.0)
    server = fake_server(relay(rtsp.port, threading.Event(), media=False))
    url = rtsp.url(clips.h264).replace(str(rtsp.port), str(server.port))
    assert _refusal(url).code is VideoCode.SILENT


def test_something_else_on_the_port(fake_server: Make) -> None:
    def talk(client: socket.socket) -> None:
        client.recv(1000)
        client.sendall(b"SSH-2.0-OpenSSH\r\n")
        client.shutdown(socket.SHUT_RDWR)

    assert _refusal(f"rtsp://127.0.0.1:{fake_server(talk).port}/main").code is VideoCode.NOT_VIDEO


def test_unknown_scheme() -> None:
    with pytest.raises(VideoError) as caught:
        source_for("gopher://admin:geheim@host/x")
    assert caught.value.code is VideoCode.UNKNOWN_SCHEME
    assert "geheim" not in str(caught.value)


def _read_until_error(source: LiveSource) -> tuple[int, VideoError]:
    seen: list[object] = []
    with pytest.raises(VideoError) as caught:
        seen.extend(source.packets())
    source.close()
    return sum(packet is not None for packet in seen), caught.value


def test_a_killed_server_is_an_end(rtsp: RtspServer, clips: Clips) -> None:
    source = LiveSource(rtsp.url(clips.h264))
    source.open()
    assert len(list(islice(source.packets(), 5))) == 5
    rtsp.kill()
    _, error = _read_until_error(source)
    assert error.code is VideoCode.ENDED


def test_a_stream_cut_in_the_middle_is_an_end(rtsp: RtspServer, clips: Clips, fake_server: Make) -> None:
    server = fake_server(relay(rtsp.port, threading.Event(), most_bytes=6000))
    source = LiveSource(rtsp.url(clips.h264).replace(str(rtsp.port), str(server.port)))
    source.open()
    count, error = _read_until_error(source)
    assert count > 5
    assert error.code is VideoCode.ENDED


def test_a_stream_that_falls_silent_is_noticed(
    rtsp: RtspServer, clips: Clips, fake_server: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video.pyav_source, "READ_TIMEOUT_S", 0.3)
    stalled = threading.Event()
    server = fake_server(relay(rtsp.port, stalled))
    source = LiveSource(rtsp.url(clips.h264).replace(str(rtsp.port), str(server.port)))
    source.open()
    assert next(source.packets()) is not None
    stalled.set()
    _, error = _read_until_error(source)
    assert error.code is VideoCode.SILENT


def test_reachable(fake_server: Make) -> None:
    assert reachable(f"rtsp://127.0.0.1:{fake_server(say_nothing).port}/x", 1.0)
    assert not reachable(f"rtsp://127.0.0.1:{free_port()}/x", 1.0)
    assert reachable("/a/file.mp4", 1.0)


def test_motion_jpeg_over_http(clips: Clips, fake_server: Make) -> None:
    source = FileSource(str(clips.mjpeg), paced=False)
    source.open()
    pictures = [bytes(packet.av) for packet in islice(source.packets(), 30) if packet is not None]
    source.close()

    def stream(client: socket.socket) -> None:
        client.recv(4096)
        client.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=cut\r\n\r\n")
        for picture in pictures:
            head = b"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture)
            client.sendall(head + picture + b"\r\n")
        client.shutdown(socket.SHUT_RDWR)

    live = LiveSource(f"http://127.0.0.1:{fake_server(stream).port}/video")
    info = live.open()
    assert (info.codec, info.width, info.live) == ("mjpeg", 320, True)
    count, error = _read_until_error(live)
    assert count >= 28
    assert error.code is VideoCode.ENDED


@pytest.mark.parametrize("url", ["rtsp://a:b#c@host/x", "rtsp://a:b/c@host:554/x", "rtsp://[::1/x", "http://h:99999/"])
def test_odd_urls_are_refused_and_not_a_bug(url: str) -> None:
    host_of(url)
    assert "b" not in redact(url).partition("host")[0].replace("rtsp", "")


class Dials:
    """In place of `av.open`: notes what was asked for, and gives containers that tell as much as `told` says."""

    def __init__(self, *told: bool, takes_s: float = 0.0) -> None:
        self.asked: list[dict[str, str]] = []
        self.closed = 0
        self._told, self._takes_s = list(told), takes_s

    def __call__(self, _url: str, options: dict[str, str], **_more: object) -> object:
        self.asked.append(options)
        told = self._told.pop(0)
        sound = SimpleNamespace(codec_context=SimpleNamespace(sample_rate=8000, channels=1))
        context = SimpleNamespace(width=320 * told, pix_fmt="yuv420p", extradata=b"x", name="h264")
        video = SimpleNamespace(codec_context=context, average_rate=Fraction(15))
        threading.Event().wait(self._takes_s)
        return SimpleNamespace(streams=SimpleNamespace(video=[video], audio=[sound]), close=self._close)

    def _close(self) -> None:
        self.closed += 1


@pytest.fixture
def dial(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Dials]:
    def make(*told: bool, takes_s: float = 0.0) -> Dials:
        dials = Dials(*told, takes_s=takes_s)
        monkeypatch.setattr(av, "open", dials)
        monkeypatch.setattr(video.pyav_source, "_untold", set())
        return dials

    return make


PASSWORDS = (
    "p@ss",
    "p/a/ss",
    "p?a=ss",
    "p#ss",
    "12/3@4",
    "geheim 2",
    "p@s/s",
    "пароль",
    "%E2%82%AC",
    "p:ss@w",
    "p://s",
)


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize(
    "host", ["10.0.0.5:554/Streaming/101", "cam.example/x?a=b@c", "[fe80::1]:554/x", "localhost/x"]
)
def test_a_login_is_cut_out_whatever_signs_it_has(password: str, host: str) -> None:
    url = f"rtsp://admin:{password}@{host}"
    assert redact(url) == f"rtsp://{host}"
    assert redact(f"opening '{url}' failed, rtsp://h/x too") == f"opening 'rtsp://{host}' failed, rtsp://h/x too"


@pytest.mark.parametrize(
    "url", ["rtsp://10.0.0.5/stream@1", "rtsp://10.0.0.5:554/x?mail=a@b.c", "rtsp://[fe80::1]/a@b"]
)
def test_an_address_without_login_keeps_its_at_sign(url: str) -> None:
    assert redact(url) == url


def test_transport_is_chosen_behind_the_url(dial: Callable[..., Dials]) -> None:
    dials = dial(True, True, True)
    for url in ("rtsp://h/x#transport=udp", "rtsp://h/x", "http://h/x"):
        LiveSource(url)._connect()
    assert [asked.get("rtsp_transport") for asked in dials.asked] == ["udp", "tcp", None]


def test_what_is_described_in_words_is_not_looked_at_for_half_a_second(dial: Callable[..., Dials]) -> None:
    dials = dial(True, False, True, True)
    LiveSource("rtsp://h/told")._connect()
    LiveSource("rtsp://h/untold")._connect()
    assert dials.closed == 1
    LiveSource("rtsp://h/untold")._connect()
    looked = ["analyzeduration" in asked for asked in dials.asked]
    assert looked == [False, False, True, True], "the second time it is known"


def test_a_camera_that_is_slow_to_say_too_little_is_asked_thoroughly_the_next_time(
    dial: Callable[..., Dials], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both looks together would be longer than an opening may take."""
    monkeypatch.setattr(video.pyav_source, "_HASTE_S", 0.0)
    dials = dial(False, True, takes_s=0.01)
    with pytest.raises(VideoError) as caught:
        LiveSource("rtsp://a:geheim@h/slow")._connect()
    assert caught.value.code is VideoCode.SILENT
    assert "geheim" not in str(caught.value.details)
    LiveSource("rtsp://a:geheim@h/slow")._connect()
    assert "analyzeduration" in dials.asked[-1]


def test_a_described_camera_opens_with_all_that_a_recorder_needs(rtsp: RtspServer, clips: Clips) -> None:
    live = LiveSource(rtsp.url(clips.h264))
    info = live.open()
    first = next(packet for packet in live.packets() if packet is not None)
    live.close()
    assert (info.codec, info.width, info.height, info.fps) == ("h264", 320, 180, 15.0)
    assert info.extradata
    assert first.key
