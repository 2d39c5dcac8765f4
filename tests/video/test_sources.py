"""What FFmpeg gives besides plain RTSP, on loopback: HTTP MJPEG, HLS, logins, TLS, devices, missing protocols."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import av
import pytest

from app.texts import sentence
from tests.app.alert_servers import Authority
from tests.video.conftest import Clips, FakeServer, Handler, RtspServer, free_port, make_clip, relay
from video.device_source import DeviceSource
from video.file_source import FileSource
from video.frame import Packet
from video.glimpse import glimpse
from video.live_pace import ArrivalTimes, Pace
from video.source import Source, VideoCode, VideoError, host_of, knows, source_for

Make = Callable[[Handler], FakeServer]
Answer = Callable[[BaseHTTPRequestHandler], None]


class WebServer:
    """HTTP on loopback: `answer` writes each response."""

    def __init__(self, answer: Answer) -> None:
        class Requests(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with suppress(OSError):
                    answer(self)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
                """Be quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Requests)
        self._server.daemon_threads = False
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@pytest.fixture
def web() -> Iterator[Callable[[Answer], WebServer]]:
    servers: list[WebServer] = []

    def make(answer: Answer) -> WebServer:
        servers.append(WebServer(answer))
        return servers[-1]

    yield make
    for server in servers:
        server.close()


def respond(request: BaseHTTPRequestHandler, kind: str, body: bytes, status: int = 200, **headers: str) -> None:
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(body)))
    for name, value in headers.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(body)


def pictures_of(clips: Clips) -> list[bytes]:
    source = FileSource(str(clips.mjpeg), paced=False)
    source.open()
    found = [bytes(packet.av) for packet in islice(source.packets(), 20) if packet is not None]
    source.close()
    return found


def send_pictures(request: BaseHTTPRequestHandler, pictures: list[bytes], fps: float, count: int) -> None:
    request.send_response(200)
    request.send_header("Content-Type", "multipart/x-mixed-replace; boundary=cut")
    request.end_headers()
    begin_s = time.monotonic()
    for number in range(count):
        picture = pictures[number % len(pictures)]
        head = b"--cut\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(picture)
        request.wfile.write(head + picture + b"\r\n")
        threading.Event().wait(max(begin_s + (number + 1) / fps - time.monotonic(), 0))


def seen(source: Source, count: int) -> list[tuple[Packet, float]]:
    """So many packets and when they came."""
    found = []
    for packet in source.packets():
        if packet is not None:
            found.append((packet, time.monotonic()))
        if len(found) >= count:
            break
    return found


@pytest.mark.parametrize("fps", [8.0, 40.0])
def test_motion_jpeg_keeps_the_time_of_its_arrival_whatever_its_rate(
    clips: Clips, web: Callable[[Answer], WebServer], fps: float
) -> None:
    server = web(partial(send_pictures, pictures=pictures_of(clips), fps=fps, count=round(fps * 1.6)))
    source = source_for(f"{server.url}/video.mjpg")
    source.open()
    packets = seen(source, round(fps * 1.5))
    source.close()
    (first, began_s), (last, ended_s) = packets[0], packets[-1]
    assert last.pts_s - first.pts_s == pytest.approx(ended_s - began_s, abs=0.15)
    assert median(at_s - packet.due_s for packet, at_s in packets) < 0.15, "a picture that has just come is not old"
    ticks = [packet.av.dts or 0 for packet, _at in packets]
    assert ticks == sorted(set(ticks)), "a recorder can write it"


def test_arrival_times_never_repeat() -> None:
    times, packets = ArrivalTimes(), [av.Packet(b"x") for _ in range(3)]
    for packet in packets:
        times.put(packet, 5.0)  # type: ignore[arg-type]  # a packet of a made stream
    assert [packet.dts for packet in packets] == [0, 1, 2]


@pytest.mark.parametrize("scheme", ["Basic", "Digest"])
def test_a_login_over_http(clips: Clips, web: Callable[[Answer], WebServer], scheme: str) -> None:
    pictures = pictures_of(clips)
    kept: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        given = request.headers.get("Authorization", "")
        kept.append(given)
        if not allowed(given, "GET"):
            respond(request, "text/plain", b"", 401, WWW_Authenticate=challenge(scheme))
            return
        send_pictures(request, pictures, 30, 20)

    url = web(answer).url.replace("//", "//admin:p%40ss@")
    assert glimpse(f"{url}/video").info.width == 320
    assert kept[-1].startswith(scheme)
    with pytest.raises(VideoError) as caught:
        glimpse(url.replace("p%40ss", "geheim") + "/video")
    assert caught.value.code is VideoCode.UNAUTHORIZED
    assert "geheim" not in sentence(caught.value)


def challenge(scheme: str) -> str:
    return 'Digest realm="cam", nonce="abc"' if scheme == "Digest" else 'Basic realm="cam"'


def allowed(given: str, method: str) -> bool:
    """The login admin, p@ss (RFC 7617; RFC 2617 without qop)."""
    if given.startswith("Basic "):
        return base64.b64decode(given[6:]) == b"admin:p@ss"
    fields = dict(re.findall(r'(\w+)="([^"]*)"', given))
    if not fields:
        return False
    own, asked = (
        hashlib.md5(text.encode()).hexdigest() for text in ("admin:cam:p@ss", f"{method}:{fields.get('uri')}")
    )
    return fields.get("response") == hashlib.md5(f"{own}:abc:{asked}".encode()).hexdigest()


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Four segments of half a second, as a camera's HLS server makes them."""
    root = tmp_path_factory.mktemp("hls")
    clip = make_clip(root / "clip.mp4", seconds=2.0, fps=20, gop=10)
    options = {"hls_time": "0.5", "hls_list_size": "0", "hls_segment_filename": str(root / "s%d.ts")}
    with av.open(str(clip)) as given, av.open(str(root / "l.m3u8"), "w", format="hls", options=options) as made:
        stream = made.add_stream_from_template(given.streams.video[0])
        for packet in given.demux(given.streams.video[0]):
            if packet.size:
                packet.stream = stream
                made.mux(packet)
    return [path.read_bytes() for path in sorted(root.glob("s*.ts"))]


def test_hls_is_played_at_its_own_speed_and_not_in_heaps(
    segments: list[bytes], web: Callable[[Answer], WebServer]
) -> None:
    assert len(segments) == 4
    listed = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:0\n"
    listed += "".join(f"#EXTINF:0.5,\ns{n}.ts\n" for n in range(len(segments)))

    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.path.endswith(".m3u8"):
            respond(request, "application/vnd.apple.mpegurl", listed.encode())
        else:
            respond(request, "video/mp2t", segments[int(request.path[2])])

    source = source_for(f"{web(answer).url}/live.m3u8")
    info = source.open()
    assert (info.codec, info.width, info.live) == ("h264", 320, True)
    packets = seen(source, 25)
    source.close()
    (first, began_s), (last, ended_s) = packets[0], packets[-1]
    assert first.key
    assert ended_s - began_s == pytest.approx(last.pts_s - first.pts_s, abs=0.2)
    assert median(abs(at_s - packet.due_s) for packet, at_s in packets) < 0.2


def test_pace_goes_on_after_running_dry_and_after_a_jump() -> None:
    pace = Pace()
    assert pace.due_s(10.0, 100.0) == 100.0
    assert pace.due_s(11.0, 100.0) == 101.0
    assert pace.due_s(11.5, 104.0) == 104.0
    assert pace.due_s(12.0, 104.0) == 104.5
    assert pace.due_s(500.0, 105.0) == 105.0


def guarded(target_port: int, scheme: str) -> Handler:
    """An RTSP server that wants a login before it passes anything on."""

    def handle(client: socket.socket) -> None:
        while request := client.recv(8192):
            lines = request.decode().split("\r\n")
            fields = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines[1:]}
            if allowed(fields.get("authorization", ""), lines[0].split(" ")[0]):
                break
            head = f"RTSP/1.0 401 Unauthorized\r\nCSeq: {fields['cseq']}\r\nWWW-Authenticate: {challenge(scheme)}"
            client.sendall(f"{head}\r\n\r\n".encode())
        with socket.create_connection(("127.0.0.1", target_port), 5) as upstream:
            upstream.settimeout(None)
            upstream.sendall(request)
            pass_on(client, upstream)

    return handle


def pass_on(client: socket.socket, upstream: socket.socket) -> None:
    def back() -> None:
        with suppress(OSError):
            while data := upstream.recv(65536):
                client.sendall(data)

    thread = threading.Thread(target=back, daemon=True)
    thread.start()
    with suppress(OSError):
        while data := client.recv(65536):
            upstream.sendall(data)
    with suppress(OSError):
        upstream.shutdown(socket.SHUT_RDWR)
    thread.join(5)


@pytest.mark.parametrize("scheme", ["Basic", "Digest"])
def test_a_login_over_rtsp(rtsp: RtspServer, clips: Clips, fake_server: Make, scheme: str) -> None:
    server = fake_server(guarded(rtsp.port, scheme))
    url = rtsp.url(clips.h264).replace(str(rtsp.port), str(server.port))
    seen_once = glimpse(url.replace("//", "//admin:p%40ss@"))
    assert (seen_once.info.codec, seen_once.still.width) == ("h264", 320)
    with pytest.raises(VideoError) as caught:
        glimpse(url.replace("//", "//admin:geheim@"))
    assert caught.value.code is VideoCode.UNAUTHORIZED


def test_rtsps(rtsp: RtspServer, clips: Clips, fake_server: Make, tmp_path: Path) -> None:
    context = Authority.made(tmp_path).server_context()

    def handle(client: socket.socket) -> None:
        with suppress(ssl.SSLError), context.wrap_socket(client.dup(), server_side=True) as safe:
            relay(rtsp.port, threading.Event())(safe)

    server = fake_server(handle)
    url = rtsp.url(clips.h264).replace(str(rtsp.port), str(server.port)).replace("rtsp://", "rtsps://")
    assert glimpse(url).info.codec == "h264"


@pytest.mark.parametrize("url", ["v4l2:///dev/video99", "/dev/video99"])
def test_a_device_that_is_not_there_is_one_sentence(url: str) -> None:
    source = source_for(url)
    assert isinstance(source, DeviceSource)
    with pytest.raises(VideoError) as caught:
        source.open()
    assert caught.value.code is VideoCode.NO_DEVICE
    assert "/dev/video99" in sentence(caught.value)


def test_rtmp_has_its_own_port_and_says_when_nobody_answers() -> None:
    with pytest.raises(VideoError) as caught:
        source_for(f"rtmp://admin:geheim@127.0.0.1:{free_port()}/live/cam").open()
    assert caught.value.code is VideoCode.UNREACHABLE
    assert host_of("rtmp://host/live") == ("host", 1935)


def test_a_protocol_that_this_build_lacks_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert knows("srt://host:9000")

    def lacking(*_args: object, **_options: object) -> None:
        raise av.error.ProtocolNotFoundError(0x1234, "Protocol not found", "srt://admin:geheim@host:9000")

    monkeypatch.setattr(av, "open", lacking)
    with pytest.raises(VideoError) as caught:
        source_for("srt://admin:geheim@host:9000").open()
    assert caught.value.code is VideoCode.NO_PROTOCOL
    assert "geheim" not in sentence(caught.value) + str(caught.value)
    assert "media server" in sentence(caught.value)


def test_a_glimpse_of_files(clips: Clips) -> None:
    with pytest.raises(VideoError) as caught:
        glimpse(str(clips.text))
    assert caught.value.code is VideoCode.NOT_VIDEO
    assert glimpse(str(clips.h265)).still.height == 180
    assert glimpse(str(clips.torn)).still.jpeg.startswith(b"\xff\xd8")
