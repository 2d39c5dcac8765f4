from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from itertools import islice

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


def test_transport_is_chosen_behind_the_url() -> None:
    assert LiveSource("rtsp://h/x#transport=udp")._options()["rtsp_transport"] == "udp"
    assert LiveSource("rtsp://h/x")._options()["rtsp_transport"] == "tcp"
