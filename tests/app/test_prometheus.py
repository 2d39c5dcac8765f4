"""The metrics text as Prometheus' own parser reads it; loopback only; nothing secret; ends in time."""

from __future__ import annotations

import http.client
import re
import socket
import time
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.errors import AppCode, AppError
from app.health_facts import CameraHealth, HealthSnapshot, HealthState
from app.prometheus import CONNECTIONS, CONTENT_TYPE, PrometheusServer, exposition
from tests.conftest import wait_until

SNAPSHOT = HealthSnapshot(
    1.0,
    (
        CameraHealth(
            "c1",
            1,
            'Gate "A"\\\n',
            HealthState.GOOD,
            fps=25.0,
            bytes=5000,
            dropped_gops=2,
            damaged_frames=7,
            latency_s=0.1,
        ),
        CameraHealth("c2", 2, "Міст", HealthState.NO_SIGNAL, reason="video.silent", since_utc_s=1.0, reconnects=3),
    ),
)


@pytest.fixture
def server() -> Iterator[PrometheusServer]:
    made = PrometheusServer(0, lambda: SNAPSHOT)
    made.start()
    wait_until(lambda: made.port > 0)
    yield made
    made.stop()
    assert made.join(30.0)


def _get(port: int, path: str = "/metrics", method: str = "GET", host: str = "") -> tuple[int, str, str]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    line.request(method, path, headers={"Host": host} if host else {})
    answer = line.getresponse()
    text = answer.read().decode()
    line.close()
    return answer.status, answer.headers.get("Content-Type", ""), text


def test_the_text_is_what_prometheus_reads(server: PrometheusServer) -> None:
    status, kind, text = _get(server.port)
    assert (status, kind) == (200, CONTENT_TYPE)
    found = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    first, second = (("camera", 'Gate "A"\\\n'), ("number", "1")), (("camera", "Міст"), ("number", "2"))
    assert found["watchfloor_camera_up", first] == 1
    assert found["watchfloor_camera_up", second] == 0
    assert found["watchfloor_camera_fps", first] == 25
    assert found["watchfloor_camera_received_bytes_total", first] == 5000
    assert found["watchfloor_camera_dropped_gops_total", first] == 2
    assert found["watchfloor_camera_damaged_frames_total", first] == 7
    assert found["watchfloor_camera_reconnects_total", second] == 3
    assert found["watchfloor_camera_analytics_latency_seconds", first] == pytest.approx(0.1)
    assert ("watchfloor_camera_analytics_latency_seconds", second) not in found
    assert found["watchfloor_cameras", (("state", "no_signal"),)] == 1


def test_every_name_is_of_the_old_format_and_described() -> None:
    text = exposition(lambda: SNAPSHOT).decode()
    names = {line.split(" ")[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert all(re.fullmatch(r"watchfloor_[a-z_]+", name) for name in names)
    assert {line.split(" ")[2] for line in text.splitlines() if line.startswith("# HELP")} == names
    assert "://" not in text


@pytest.mark.parametrize(
    ("path", "method", "host", "status"),
    [
        ("/", "GET", "", 404),
        ("/metrics?x=1", "GET", "", 200),
        ("/metrics", "POST", "", 501),
        ("/metrics", "GET", "evil.example:80", 403),
        ("/metrics", "GET", "localhost:9", 200),
        ("/metrics", "GET", "localhost", 200),
    ],
)
def test_what_else_is_asked_is_refused(
    server: PrometheusServer, path: str, method: str, host: str, status: int
) -> None:
    assert _get(server.port, path, method, host)[0] == status


def test_slow_clients_hold_neither_a_place_nor_the_end(server: PrometheusServer) -> None:
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(CONNECTIONS + 2)]
    for one in slow:
        one.sendall(b"GET /metr")
    wait_until(lambda: _answers(server.port))
    begin_s = time.monotonic()
    server.stop()
    assert server.join(30.0)
    assert time.monotonic() - begin_s < 30
    for one in slow:
        one.close()


def _answers(port: int) -> bool:
    try:
        return _get(port)[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def test_a_taken_port_is_said_once_and_taken_when_it_is_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        said: list[AppError] = []
        server = PrometheusServer(other.getsockname()[1], lambda: SNAPSHOT, said.append)
        server.start()
        wait_until(lambda: bool(said))
        assert server.port == 0
    wait_until(lambda: server.port > 0)
    assert [error.code for error in said] == [AppCode.METRICS_ADDRESS]
    server.stop()
    assert server.join(30.0)


def test_nobody_else_on_the_network_can_ask(server: PrometheusServer) -> None:
    with pytest.raises(OSError, match=r".*"):
        socket.create_connection(("127.0.0.2", server.port), timeout=2)
