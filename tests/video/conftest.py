"""Made video: tiny clips, a real RTSP server in a child process, and servers that misbehave. Loopback only."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest

from tests.conftest import wait_until

SERVER = """
import asyncio, sys
import aio_rtsp_toolkit.server as server

class Quiet:
    def __getattr__(self, name):
        return lambda *args, **kwargs: None

server.logger = Quiet()
asyncio.run(server.serve(sys.argv[1], "127.0.0.1", int(sys.argv[2]), control_port=int(sys.argv[3])))
"""


def make_clip(
    path: Path,
    codec: str = "libx264",
    *,
    seconds: float = 2.0,
    fps: int = 15,
    size: tuple[int, int] = (320, 180),
    gop: int = 15,
    bframes: int = 0,
    colour: tuple[int, int, int] = (40, 40, 40),
    options: dict[str, str] | None = None,
) -> Path:
    """A red bar moving right over `colour`, 4 px a frame."""
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=fps)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height = size
        stream.gop_size = gop
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if codec != "mjpeg":
            stream.codec_context.thread_count = 1
            x265 = f"log-level=none:bframes={bframes}:keyint={gop}:scenecut=0:pools=1"
            stream.options = {"preset": "ultrafast", "bf": str(bframes), "x265-params": x265}
        for number in range(round(seconds * fps)):
            for packet in stream.encode(_frame(number, size, colour)):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def _frame(number: int, size: tuple[int, int], colour: tuple[int, int, int]) -> av.VideoFrame:
    image = np.full((size[1], size[0], 3), colour, np.uint8)
    x = number * 4 % size[0]
    image[:, x : x + 16] = (250, 30, 20)
    return av.VideoFrame.from_ndarray(image, format="rgb24")


@dataclass(frozen=True)
class Clips:
    """Paths of made clips, 320x180 at 15 fps."""

    h264: Path
    bframes: Path
    h265: Path
    mjpeg: Path
    torn: Path
    resized: Path
    text: Path
    empty: Path
    corrupt: Path


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Clips:
    root = tmp_path_factory.mktemp("clips")
    fragmented = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
    whole = make_clip(root / "whole.mp4", options=fragmented).read_bytes()
    torn = root / "torn.mp4"
    torn.write_bytes(whole[: int(len(whole) * 0.8)])
    resized = root / "resized.h264"
    small = make_clip(root / "small.h264", seconds=1, size=(320, 180))
    large = make_clip(root / "large.h264", seconds=1, size=(480, 272))
    resized.write_bytes(small.read_bytes() + large.read_bytes())
    text = root / "text.txt"
    text.write_text("this is not a video\n" * 100)
    empty = root / "empty.mp4"
    empty.touch()
    corrupt = root / "corrupt.mp4"
    corrupt.write_bytes(b"\0\0\0\x18ftypisom" + bytes(range(256)) * 40)
    return Clips(
        h264=make_clip(root / "h264.mp4"),
        bframes=make_clip(root / "bframes.mp4", bframes=2),
        h265=make_clip(root / "h265.mp4", "libx265", bframes=2),
        mjpeg=make_clip(root / "mjpeg.avi", "mjpeg"),
        torn=torn,
        resized=resized,
        text=text,
        empty=empty,
        corrupt=corrupt,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RtspServer:
    """A real RTSP server over a folder of clips; `kill` is SIGKILL, `start` brings it back on the same port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(self._folder), str(self.port), str(free_port())],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._answers, 15, "the RTSP server")

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(5)

    def url(self, clip: Path) -> str:
        return f"rtsp://127.0.0.1:{self.port}/{clip.name}/play_count_0"

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.2):
            return True
        return False


@pytest.fixture
def rtsp(clips: Clips) -> Iterator[RtspServer]:
    server = RtspServer(clips.h264.parent)
    server.start()
    yield server
    server.kill()


Handler = Callable[[socket.socket], None]


class FakeServer:
    """Accepts on a free port and hands every connection to `handler` on a thread; counts connections."""

    def __init__(self, handler: Handler) -> None:
        self.connections = 0
        self._handler = handler
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                self._open.append(client)
                thread = threading.Thread(target=self._serve, args=(client,), daemon=True)
                self._threads.append(thread)
                thread.start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            self._handler(client)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join(5)
        for client in self._open:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)


def say_nothing(client: socket.socket) -> None:
    """Read for ever, never answer."""
    while client.recv(4096):
        pass


def answer(code: int) -> Handler:
    """An RTSP server that answers every DESCRIBE with `code`."""

    def handle(client: socket.socket) -> None:
        buffer = b""
        while data := client.recv(4096):
            buffer += data
            while b"\r\n\r\n" in buffer:
                request, _, buffer = buffer.partition(b"\r\n\r\n")
                client.sendall(_reply(request, code))

    return handle


def _reply(request: bytes, code: int) -> bytes:
    sequence = next(line for line in request.split(b"\r\n") if line.lower().startswith(b"cseq"))
    if request.startswith(b"OPTIONS"):
        return b"RTSP/1.0 200 OK\r\n" + sequence + b"\r\nPublic: DESCRIBE\r\n\r\n"
    challenge = b'WWW-Authenticate: Digest realm="camera", nonce="abc"\r\n' if code == 401 else b""
    return b"RTSP/1.0 %d No\r\n" % code + sequence + b"\r\n" + challenge + b"\r\n"


def relay(target_port: int, stalled: threading.Event, most_bytes: int | None = None, *, media: bool = True) -> Handler:
    """Pass an RTSP connection through; with `stalled` set nothing more comes back, after `most_bytes` it is cut.

    Without `media` the answers come through and no RTP (interleaved frames begin with a dollar: RFC 2326, 10.12)."""

    def handle(client: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", target_port), 5) as upstream:
            upstream.settimeout(None)
            back = threading.Thread(target=_back, args=(upstream, client, stalled, most_bytes, media), daemon=True)
            back.start()
            with contextlib.suppress(OSError):
                while data := client.recv(4096):
                    upstream.sendall(data)
            upstream.shutdown(socket.SHUT_RDWR)
            back.join(5)

    return handle


def _back(
    upstream: socket.socket, client: socket.socket, stalled: threading.Event, most_bytes: int | None, media: bool
) -> None:
    passed = 0
    with contextlib.suppress(OSError):
        while data := upstream.recv(4096):
            if not media and data.startswith(b"$"):
                stalled.set()
            if not stalled.is_set():
                client.sendall(data)
                passed += len(data)
            if most_bytes is not None and passed >= most_bytes:
                client.shutdown(socket.SHUT_RDWR)
                return


@pytest.fixture
def fake_server() -> Iterator[Callable[[Handler], FakeServer]]:
    servers: list[FakeServer] = []

    def make(handler: Handler) -> FakeServer:
        servers.append(FakeServer(handler))
        return servers[-1]

    yield make
    for server in servers:
        server.close()
