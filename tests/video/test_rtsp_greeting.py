from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest

from tests.video.conftest import FakeServer, Handler, answer, free_port, say_nothing
from video.rtsp_greeting import Greeting, greeting
from video.source import VideoCode, VideoError, source_for

Make = Callable[[Handler], FakeServer]


def hang_up(client: socket.socket) -> None:
    client.recv(1000)
    client.shutdown(socket.SHUT_RDWR)


def talk(client: socket.socket) -> None:
    client.recv(1000)
    client.sendall(b"SSH-2.0-OpenSSH\r\n")
    client.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        (answer(401), Greeting.RTSP),
        (hang_up, Greeting.NOTHING),
        (say_nothing, Greeting.NOTHING),
        (talk, Greeting.OTHER),
    ],
)
def test_what_answers_is_told(fake_server: Make, handler: Handler, expected: Greeting) -> None:
    assert greeting(f"rtsp://127.0.0.1:{fake_server(handler).port}/x", 0.3) is expected


def test_nobody_is_told() -> None:
    assert greeting(f"rtsp://127.0.0.1:{free_port()}/x", 0.3) is Greeting.NOBODY
    assert greeting("/a/file.mp4", 0.3) is Greeting.NOBODY


def code_of(url: str) -> str:
    source = source_for(url)
    with pytest.raises(VideoError) as caught:
        source.open()
    assert "geheim" not in f"{caught.value}{caught.value.details}"
    return str(caught.value.code)


def test_a_connection_cut_during_opening_is_an_end(fake_server: Make) -> None:
    """FFmpeg calls it invalid data, as it does what is no camera at all."""

    def half(client: socket.socket) -> None:
        if client.recv(4000).startswith(b"OPTIONS *"):
            client.sendall(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n")
        else:
            client.sendall(b"RTSP/1.0 200 OK\r\nCSe")
        client.shutdown(socket.SHUT_RDWR)

    for handler in (hang_up, half):
        assert code_of(f"rtsp://a:geheim@127.0.0.1:{fake_server(handler).port}/x") == VideoCode.ENDED
    assert code_of(f"rtsp://a:geheim@127.0.0.1:{fake_server(talk).port}/x") == VideoCode.NOT_VIDEO


def test_a_camera_that_went_away_while_it_was_opened_is_unreachable() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def leave() -> None:
        client, _ = listener.accept()
        listener.close()
        with client:
            hang_up(client)

    camera = threading.Thread(target=leave)
    camera.start()
    assert code_of(f"rtsp://a:geheim@127.0.0.1:{port}/x") == VideoCode.UNREACHABLE
    camera.join(5)
