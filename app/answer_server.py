"""Answers by webhook: a small HTTP server, `POST /answers`, on 127.0.0.1 unless the settings say otherwise.

Headers `X-Watchfloor-Route`, `-Timestamp`, `-Signature` as in our own webhooks. At most eight connections of five
seconds each, 16 kB a body, thirty requests a minute and address; whoever wants more is refused. Another address than
this machine's needs TLS.
"""

from __future__ import annotations

import contextlib
import http.server
import logging
import ssl
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from app.alert_answers import LARGEST, AnswerDesk, SignedAnswer, Verdict
from app.alert_lines import is_local
from app.bounded_server import BoundedServer
from app.errors import AppCode, AppError
from app.one_process import only_here
from storage.settings import AlertSettings
from storage.worker import Worker

log = logging.getLogger(__name__)

PATH = "/answers"
CONNECTIONS = 8
CONNECTION_S = 5.0
PER_MINUTE = 30
_ADDRESSES = 1024
_POLL_S = 0.25


class AnswerServer(Worker):
    """Owns the listening socket and its connections' threads; all end with it."""

    def __init__(
        self, settings: AlertSettings, desk: AnswerDesk, complain: Callable[[AppError], None], folder: Path | None
    ) -> None:
        super().__init__("answer-server")
        self._settings, self._desk, self._complain, self._folder = settings, desk, complain, folder
        self.port = 0

    def run(self) -> None:
        """Serve until asked to stop. An address that cannot be had is said once, and tried again."""
        with only_here(self._folder, self, lambda: self.stopping.wait(_POLL_S)):
            server = self._bound()
            if server is not None:
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

    def _bound(self) -> _Server | None:
        told = False
        while not self.stopping.is_set():
            self.beat()
            try:
                return _Server(self._settings, self._desk)
            except AppError as error:
                if not told:
                    log.error("answers are not received: %s", error)
                    self._complain(error)
                told = True
            self.stopping.wait(_POLL_S * 4)
        return None


class Allowance:
    """How many requests an address may still make: `PER_MINUTE`, filled up evenly (token bucket). Any thread."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}

    def take(self, address: str) -> bool:
        """Whether one more is allowed; it counts."""
        now_s = self._clock()
        with self._lock:
            left, at_s = self._left.pop(address, (float(PER_MINUTE), now_s))
            left = min(left + (now_s - at_s) * PER_MINUTE / 60.0, float(PER_MINUTE))
            self._left[address] = (max(left - 1.0, 0.0), now_s)
            while len(self._left) > _ADDRESSES:
                del self._left[next(iter(self._left))]
        return left >= 1.0


class _Server(BoundedServer):
    """The line, with TLS where a certificate is set."""

    timeout = _POLL_S
    connections = CONNECTIONS

    def __init__(self, settings: AlertSettings, desk: AnswerDesk) -> None:
        host, port = settings.answers_address, settings.answers_port
        self.desk, self.allowance = desk, Allowance()
        self._context = _certificate(settings)
        try:
            super().__init__(host, port, _Handler)
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else ""
            raise AppError(AppCode.ANSWERS_ADDRESS, address=f"{host}:{port}", reason=reason or "") from error

    def finish_request(self, request: Any, client_address: Any) -> None:
        """On the connection's thread; TLS begins here, where it holds nobody up."""
        if self._context is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(CONNECTION_S)
        with contextlib.suppress(OSError), self._context.wrap_socket(request.dup(), server_side=True) as line:
            super().finish_request(line, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    """One request a connection (HTTP/1.0 or 1.1 with close)."""

    server: _Server
    timeout = CONNECTION_S
    server_version, sys_version = "Watchfloor", ""

    def do_POST(self) -> None:
        """Take an answer."""
        self.close_connection = True
        self._reply(self._taken())

    def _taken(self) -> int:
        if not self.server.allowance.take(str(self.client_address[0])):
            return Verdict.TOO_MANY
        if self.path != PATH:
            return HTTPStatus.NOT_FOUND
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in self.headers:
            return HTTPStatus.LENGTH_REQUIRED
        if len(length) > 6 or int(length) > LARGEST:
            return Verdict.TOO_LARGE
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            return Verdict.MALFORMED
        names = ("X-Watchfloor-Route", "X-Watchfloor-Timestamp", "X-Watchfloor-Signature")
        route_id, timestamp, signature = (self.headers.get(name, "") for name in names)
        return self.server.desk.take(SignedAnswer(route_id, timestamp, signature, body))

    def _reply(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Into our log, which redacts and keeps one line a record."""
        log.info("answer from %s: %s", self.client_address[0], format % args)


def _certificate(settings: AlertSettings) -> ssl.SSLContext | None:
    if not settings.answers_certificate:
        if not is_local(settings.answers_address):
            raise AppError(AppCode.ANSWERS_NEED_TLS)
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(Path(settings.answers_certificate).expanduser())
    except OSError as error:
        raise AppError(AppCode.ALERT_TLS, target=settings.answers_certificate, reason=error.strerror or "") from error
    return context
