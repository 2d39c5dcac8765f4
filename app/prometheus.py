"""Health as text for Prometheus (exposition format 0.0.4), on 127.0.0.1 only and only when the settings give a port.

Labels are a camera's number and name, never addresses or logins. At most four connections of three seconds each; a
browser that was lured here under another name (DNS rebinding) is refused by its Host header.
"""

from __future__ import annotations

import http.server
import logging
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from app.bounded_server import BoundedServer
from app.errors import AppCode, AppError
from app.health_facts import CameraHealth, HealthSnapshot, HealthState
from storage.worker import Worker

if TYPE_CHECKING:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

log = logging.getLogger(__name__)

ADDRESS = "127.0.0.1"
PATH = "/metrics"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
CONNECTIONS = 4
CONNECTION_S = 3.0
_POLL_S = 0.25
_LABELS = ("number", "camera")
_GAUGES: dict[str, tuple[str, str]] = {
    "fps": ("fps", "Frames a second that arrive"),
    "bitrate_bits_per_second": ("bitrate_bps", "Bits a second that arrive"),
    "clock_offset_seconds": ("clock_offset_s", "How far the camera's clock is ahead of this machine's"),
    "last_picture_timestamp_seconds": ("last_picture_utc_s", "Time of the last picture"),
    "looks_per_second": ("looks_per_s", "Looks of the analytics a second"),
    "analytics_latency_seconds": ("latency_s", "From a frame's time to its tracks"),
    "outages_last_day": ("outages", "Outages in the last 24 hours, at most 20"),
}
_COUNTERS: dict[str, tuple[str, str]] = {
    "received_bytes": ("bytes", "Bytes that arrived"),
    "dropped_gops": ("dropped_gops", "Groups of pictures that were dropped before decoding"),
    "dropped_frames": ("dropped_frames", "Frames that were dropped before decoding"),
    "damaged_frames": ("damaged_frames", "Frames that were shown though parts of them were lost"),
    "decode_errors": ("decode_errors", "Errors of the decoder"),
    "reconnects": ("reconnects", "Times live again after having been live"),
}


class HealthMetrics:
    """A collector of prometheus_client: one snapshot per scrape."""

    def __init__(self, snapshot: Callable[[], HealthSnapshot]) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """See prometheus_client."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        taken = self._snapshot()
        states = GaugeMetricFamily("watchfloor_cameras", "Cameras by state", labels=("state",))
        for state in HealthState:
            states.add_metric((state.value,), taken.count(state))
        yield states
        up = GaugeMetricFamily("watchfloor_camera_up", "1 while pictures come", labels=_LABELS)
        for camera in taken.cameras:
            up.add_metric(_labels(camera), camera.state in (HealthState.GOOD, HealthState.UNSTEADY))
        yield up
        yield from _families(GaugeMetricFamily, _GAUGES, taken.cameras)
        yield from _families(CounterMetricFamily, _COUNTERS, taken.cameras)


_Family = TypeVar("_Family", "GaugeMetricFamily", "CounterMetricFamily")


def _families(
    kind: type[_Family], table: dict[str, tuple[str, str]], cameras: Sequence[CameraHealth]
) -> Iterator[_Family]:
    for name, (field, text) in table.items():
        family = kind(f"watchfloor_camera_{name}", text, labels=_LABELS)
        for camera in cameras:
            value = getattr(camera, field)
            if value is not None:
                family.add_metric(_labels(camera), value)
        yield family


def _labels(camera: CameraHealth) -> tuple[str, str]:
    return str(camera.number), camera.name


def exposition(snapshot: Callable[[], HealthSnapshot]) -> bytes:
    """The whole text."""
    from prometheus_client import CollectorRegistry, generate_latest

    registry = CollectorRegistry(auto_describe=False)
    registry.register(HealthMetrics(snapshot))
    return generate_latest(registry)


class PrometheusServer(Worker):
    """Owns the listening socket and its connections' threads; all end with it."""

    def __init__(
        self, port: int, snapshot: Callable[[], HealthSnapshot], complain: Callable[[AppError], None] = lambda _: None
    ) -> None:
        super().__init__("prometheus")
        self._wanted, self._snapshot, self._complain = port, snapshot, complain
        self.port = 0

    def run(self) -> None:
        """Serve until asked to stop. A port that cannot be had is said once, and tried again."""
        told = False
        while not self.stopping.is_set():
            self.beat()
            try:
                server = _Server(self._wanted, self._snapshot)
            except AppError as error:
                if not told:
                    log.error("health is not served: %s", error)
                    self._complain(error)
                told = True
                self.stopping.wait(_POLL_S * 4)
                continue
            self._serve(server)

    def _serve(self, server: _Server) -> None:
        try:
            self.port = server.server_port
            while not self.stopping.is_set():
                self.beat()
                server.handle_request()
                server.end_old(CONNECTION_S)
        finally:
            server.end_old(0.0)
            server.server_close()


class _Server(BoundedServer):
    """This machine's only."""

    timeout = _POLL_S
    connections = CONNECTIONS

    def __init__(self, port: int, snapshot: Callable[[], HealthSnapshot]) -> None:
        self.snapshot = snapshot
        try:
            super().__init__(ADDRESS, port, _Handler)
        except OSError as error:
            address = f"{ADDRESS}:{port}"
            raise AppError(AppCode.METRICS_ADDRESS, address=address, reason=error.strerror or "") from error


class _Handler(http.server.BaseHTTPRequestHandler):
    """One request a connection."""

    server: _Server
    timeout = CONNECTION_S
    server_version, sys_version = "Watchfloor", ""

    def do_GET(self) -> None:
        """The text, for who asks this machine for it."""
        self.close_connection = True
        host = self.headers.get("Host", ADDRESS).rpartition(":")[0] or self.headers.get("Host", "")
        if host not in (ADDRESS, "localhost"):
            self._reply(HTTPStatus.FORBIDDEN, b"")
        elif self.path.partition("?")[0] != PATH:
            self._reply(HTTPStatus.NOT_FOUND, b"")
        else:
            self._reply(HTTPStatus.OK, exposition(self.server.snapshot))

    def _reply(self, status: HTTPStatus, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Into our log, which redacts and keeps one line a record."""
        log.debug("metrics for %s: %s", self.client_address[0], format % args)
