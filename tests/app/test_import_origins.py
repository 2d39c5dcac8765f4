"""Configurations as Frigate, go2rtc and MediaMTX have them, a MediaMTX API on loopback, vendors' addresses, bombs."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.camera_import import FoundCamera, Unread
from app.errors import AppCode, AppError
from app.import_frigate import frigate_cameras
from app.import_go2rtc import go2rtc_cameras
from app.import_mediamtx import mediamtx_cameras
from app.import_origins import Origin, read_cameras
from app.import_text import YamlText
from app.texts import sentence
from app.vendor_templates import TEMPLATES, address_range, vendor_cameras
from storage.sealed import Credential

FRIGATE = """
mqtt: {enabled: false}
go2rtc:
  streams:
    yard:
      - rtsp://admin:s3cret@10.0.0.7/main#backchannel=0
      - ffmpeg:yard#audio=opus
    yard_sub: ffmpeg:rtsp://admin:s3cret@10.0.0.7/sub#video=copy
x-defaults: &defaults
  detect: {enabled: true}
cameras:
  front_gate:
    <<: *defaults
    ffmpeg:
      inputs:
        - path: rtsp://admin:s3cret@10.0.0.5:554/Streaming/Channels/102
          roles: [detect]
        - path: rtsp://admin:s3cret@10.0.0.5:554/Streaming/Channels/101
          roles: [record, audio]
  depot:
    friendly_name: Депо
    ffmpeg:
      inputs:
        - path: rtsp://viewer:{FRIGATE_RTSP_PASSWORD}@10.0.0.6/cam/realmonitor?channel=1&subtype=0
          roles: [detect, record]
  yard:
    ffmpeg:
      inputs:
        - {path: "rtsp://127.0.0.1:8554/yard", roles: [record]}
        - {path: "rtsp://127.0.0.1:8554/yard_sub?video", roles: [detect]}
  old:
    enabled: false
    ffmpeg: {inputs: [{path: "rtsp://10.0.0.8/1", roles: [detect]}]}
  empty: {}
"""
GO2RTC = """
api: {listen: ":1984"}
streams:
  gate:
    - rtsp://admin:s3cret@10.0.0.5/main
    - ffmpeg:gate#video=h264
  gate_sub: rtsp://admin:s3cret@10.0.0.5/sub
  env: rtsp://admin:${CAM_PASSWORD}@10.0.0.6/main
  script: exec:ffmpeg -i secret {output}
  hls: [http://10.0.0.9/index.m3u8]
  nothing:
"""
MEDIAMTX = """
paths:
  gate: {source: "rtsp://admin:s3cret@10.0.0.5/main", sourceOnDemand: yes}
  gate_sub: {source: "rtsp://admin:s3cret@10.0.0.5/sub"}
  drone: {source: publisher}
  pi: {source: rpiCamera}
  ~^cam[0-9]+$: {}
  all_others:
"""


def cameras(folder: Path, text: str, origin: Origin | None = None) -> dict[str, FoundCamera]:
    path = folder / "config.yml"
    path.write_text(text, encoding="utf-8")
    found = read_cameras(str(path), origin)
    assert "s3cret" not in repr(found)
    return {camera.name: camera for camera in found}


def test_frigate(tmp_path: Path) -> None:
    found = cameras(tmp_path, FRIGATE)
    assert list(found) == ["front gate", "Депо", "yard", "old", "empty"]
    gate = found["front gate"]
    assert gate.main_url == "rtsp://10.0.0.5:554/Streaming/Channels/101"
    assert gate.sub_url == "rtsp://10.0.0.5:554/Streaming/Channels/102"
    assert gate.login == Credential("admin", "s3cret")
    assert gate.line == FRIGATE[: FRIGATE.index("front_gate")].count("\n") + 1
    assert (found["Депо"].unread, found["Депо"].detail) == (Unread.SECRET, "FRIGATE_RTSP_PASSWORD")
    assert (found["yard"].main_url, found["yard"].sub_url) == ("rtsp://10.0.0.7/main", "rtsp://10.0.0.7/sub")
    assert found["old"].unread is Unread.OFF
    assert found["empty"].unread is Unread.NO_ADDRESS


def test_a_password_with_a_hash_is_no_option_of_go2rtc(tmp_path: Path) -> None:
    path = tmp_path / "go2rtc.yaml"
    path.write_text("streams: {gate: 'ffmpeg:rtsp://admin:p@ss/w#1@10.0.0.5/main#video=copy'}", encoding="utf-8")
    (camera,) = read_cameras(str(path))
    assert camera.main_url == "rtsp://10.0.0.5/main"
    assert camera.login == Credential("admin", "p@ss/w#1")


def test_go2rtc(tmp_path: Path) -> None:
    found = cameras(tmp_path, GO2RTC)
    assert list(found) == ["gate", "env", "script", "hls", "nothing"]
    assert (found["gate"].main_url, found["gate"].sub_url) == ("rtsp://10.0.0.5/main", "rtsp://10.0.0.5/sub")
    assert (found["env"].unread, found["env"].detail) == (Unread.SECRET, "CAM_PASSWORD")
    assert found["script"].unread is Unread.NOT_A_STREAM
    assert found["hls"].main_url == "http://10.0.0.9/index.m3u8"
    assert found["nothing"].unread is Unread.NO_ADDRESS


def test_mediamtx(tmp_path: Path) -> None:
    found = cameras(tmp_path, MEDIAMTX)
    assert list(found) == ["gate", "drone", "pi"]
    assert (found["gate"].main_url, found["gate"].sub_url) == ("rtsp://10.0.0.5/main", "rtsp://10.0.0.5/sub")
    assert found["drone"].unread is Unread.PUSHED
    assert found["pi"].unread is Unread.NOT_A_STREAM


@pytest.mark.parametrize("text", ["", "a: 1", "[1, 2]", "cameras: {}", "cameras: 5", "streams: [a]", "just words"])
def test_what_is_no_list_of_cameras_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(AppError) as caught:
        cameras(tmp_path, text)
    assert caught.value.code is AppCode.IMPORT_KIND


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("cameras:\n  a: [1\n  b: 2\n", 3),
        ("cameras:\n\t- x\n", 2),
        ("cameras:\n  a: *missing\n", 2),
        ("cameras: !!python/object/apply:os.system ['true']\n", 1),
        ("cameras:\n  a: 2020-99-99\n", 1),
        ("a: 1\n---\nb: 2\n", 2),
        ("cameras:\n  ? {a: 1}\n  : x\n", 2),
    ],
)
def test_a_broken_configuration_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(AppError) as caught:
        cameras(tmp_path, text)
    assert caught.value.code is AppCode.IMPORT_BROKEN
    assert caught.value.details["line"] == line


def test_bombs_are_refused_at_once(tmp_path: Path) -> None:
    laughs = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    merges = "a0: &a0 {k: v}\n" + "".join(
        f"a{n}: &a{n}\n  <<: [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    for text in (laughs, merges, "[" * 100_000, "a: " * 50_000, "x: " + "y" * 5_000_000):
        with pytest.raises(AppError) as caught:
            cameras(tmp_path, text)
        assert caught.value.code in (AppCode.IMPORT_TOO_LARGE, AppCode.IMPORT_BROKEN)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["rtsp://h/1", "ffmpeg:a", "a_sub"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "a_sub", "ffmpeg", "inputs", "path", "roles", "source", "url"]), inner)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["cameras", "streams", "paths", "go2rtc"]), VALUES))
def test_any_shape_of_a_configuration_is_read(data: dict[str, object]) -> None:
    document = YamlText(data, None)
    for reader in (frigate_cameras, go2rtc_cameras, mediamtx_cameras):
        assert all(camera.main_url or camera.unread for camera in reader(document))


def test_a_dollar_in_a_password_is_a_password(tmp_path: Path) -> None:
    found = cameras(tmp_path, 'paths: {a: {source: "rtsp://u:$word@h/1"}, b: {source: "rtsp://h/$G1"}}')
    assert found["a"].login == Credential("u", "$word")
    assert found["b"].unread is Unread.NOT_A_STREAM


class MediaMtx(BaseHTTPRequestHandler):
    """The three answers that are read, two pages long."""

    pages: ClassVar[dict[str, list[list[dict[str, object]]]]] = {
        "/v3/config/paths/list": [
            [{"name": "gate", "source": "rtsp://admin:s3cret@10.0.0.5/main"}, {"name": "all_others"}],
            [{"name": "drone", "source": "publisher"}],
        ],
        "/v3/paths/list": [[{"name": "gate", "ready": True}, {"name": "cam 7", "ready": True}]],
    }
    asked: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        self.asked.append(self.headers.get("Authorization"))
        page = int(query.rpartition("page=")[2] or 0)
        if path == "/v3/config/global/get":
            body: object = {"rtspAddress": ":8555"}
        elif path in self.pages:
            body = {"pageCount": len(self.pages[path]), "items": self.pages[path][page]}
        else:
            self.send_error(404)
            return
        raw = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Be quiet."""


@pytest.fixture
def mediamtx() -> Iterator[ThreadingHTTPServer]:
    MediaMtx.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), MediaMtx) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server
        server.shutdown()
        thread.join(5)


def test_a_running_mediamtx_tells_its_cameras(mediamtx: ThreadingHTTPServer) -> None:
    found = {c.name: c for c in read_cameras(f"http://reader:w0rd@127.0.0.1:{mediamtx.server_port}")}
    assert list(found) == ["gate", "drone", "cam 7"]
    assert found["gate"].main_url == "rtsp://10.0.0.5/main"
    assert found["gate"].login == Credential("admin", "s3cret")
    assert found["drone"].main_url == "rtsp://127.0.0.1:8555/drone"
    assert found["cam 7"].main_url == "rtsp://127.0.0.1:8555/cam%207"
    assert found["drone"].login == Credential("reader", "w0rd")
    assert all(token and token.startswith("Basic ") for token in MediaMtx.asked)
    assert "s3cret" not in repr(found)
    assert "w0rd" not in repr(found)


def test_what_is_no_mediamtx_is_said_without_the_login(mediamtx: ThreadingHTTPServer) -> None:
    MediaMtx.pages, kept = {"/v3/config/paths/list": [[]]}, MediaMtx.pages
    try:
        with pytest.raises(AppError) as caught:
            read_cameras(f"http://reader:w0rd@127.0.0.1:{mediamtx.server_port}")
    finally:
        MediaMtx.pages = kept
    assert caught.value.code is AppCode.IMPORT_API
    assert "w0rd" not in sentence(caught.value) + repr(caught.value)
    with pytest.raises(AppError):
        read_cameras("http://127.0.0.1:1")


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("10.0.0.5", ["10.0.0.5"]),
        ("10.0.0.8-10", ["10.0.0.8", "10.0.0.9", "10.0.0.10"]),
        ("10.0.0.254-10.0.1.1:8554", [f"{a}:8554" for a in ("10.0.0.254", "10.0.0.255", "10.0.1.0", "10.0.1.1")]),
        ("gate-1.example, 10.0.0.5:555", ["gate-1.example", "10.0.0.5:555"]),
    ],
)
def test_ranges(text: str, addresses: list[str]) -> None:
    assert list(address_range(text)) == addresses


@pytest.mark.parametrize(
    "text", ["10.0.0.9-8", "10.0.0.1-300", "10.0.0.5:x", "10.0.0.5:99999", "10.0.0.0-10.9.0.0", "a b", "u:p@h", "[::1]"]
)
def test_bad_ranges_are_refused(text: str) -> None:
    with pytest.raises(AppError) as caught:
        list(address_range(text))
    assert caught.value.code is AppCode.IMPORT_ADDRESS


@pytest.mark.parametrize("vendor", TEMPLATES)
def test_every_vendor_gives_two_streams_of_each_camera(vendor: str) -> None:
    found = vendor_cameras(vendor, "10.0.0.5-6", "1-2", Credential("admin", "s3cret"), "SERVER1")
    assert len(found) == 4
    assert len({url for camera in found for url in (camera.main_url, camera.sub_url)}) == 8
    assert all(camera.unread is None and camera.login for camera in found)
    assert "s3cret" not in repr(found)


def test_vendor_addresses_as_documented() -> None:
    assert vendor_cameras("Hikvision", "10.0.0.5", "16")[0].sub_url == "rtsp://10.0.0.5/Streaming/Channels/1602"
    assert vendor_cameras("hanwha", "10.0.0.5")[0].main_url == "rtsp://10.0.0.5/profile2/media.smp"
    assert vendor_cameras("hanwha", "10.0.0.5", "2")[0].main_url == "rtsp://10.0.0.5/1/profile2/media.smp"
    assert vendor_cameras("uniview", "10.0.0.5", "3")[0].main_url == "rtsp://10.0.0.5/unicast/c3/s0/live"
    for bad in (("sony", "1", ""), ("axis", "0", ""), ("axis", "x", ""), ("axis", "2-1", ""), ("axxon", "1", "")):
        with pytest.raises(AppError):
            vendor_cameras(bad[0], "10.0.0.5", bad[1], server=bad[2])
