"""Alerts by webhook: HTTPS POST with an HMAC-SHA256 signature over time and body; no redirect is followed.

`http.client` instead of a larger library: its connection can be handed a socket that shutdown cuts, it knows no
proxies, cookies or redirects, and that is what is wanted here. Headers: `X-Watchfloor-Message` (to drop doubles by),
`-Route`, `-Timestamp` (epoch seconds) and `-Signature` (`alert_secrets.signature` with the route's secret).
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

from app.alert_lines import Lines, failures, is_local
from app.alert_message import AlertMessage, as_json
from app.alert_secrets import signature
from app.errors import AppCode, AppError
from video.source import redact

LARGEST_REPLY = 65536

Secret = Callable[[str], str | None]


class WebhookSender:
    """Posts to `message.target`. One connection a message."""

    def __init__(
        self, context: ssl.SSLContext, secret: Secret, lines: Lines, clock: Callable[[], float] = time.time
    ) -> None:
        self._context, self._secret, self._lines, self._clock = context, secret, lines, clock

    def send(self, message: AlertMessage) -> None:
        """Post the alert as JSON. Raises AppError."""
        self.post(message, "application/json; charset=utf-8", as_json(message))

    def post(self, message: AlertMessage, kind: str, body: bytes) -> None:
        """Post any body; returns when the other side said 2xx. Raises AppError."""
        place = _Place.of(message.target)
        headers = {
            "Content-Type": kind,
            "User-Agent": "Watchfloor",
            "Connection": "close",
            **self._signed(message, body),
        }
        context = self._context if place.tls else None
        with failures(place.shown), self._lines.open(place.host, place.port, context) as line:
            _check(_posted(line, place, body, headers), place.shown)

    def _signed(self, message: AlertMessage, body: bytes) -> dict[str, str]:
        secret = self._secret(message.route_id)
        if not secret:
            raise AppError(AppCode.ALERT_LOGIN, target=_Place.of(message.target).shown, reason="no secret")
        timestamp = int(self._clock())
        return {
            "X-Watchfloor-Message": message.id,
            "X-Watchfloor-Route": message.route_id,
            "X-Watchfloor-Timestamp": str(timestamp),
            "X-Watchfloor-Signature": signature(secret, timestamp, body),
        }


@dataclass(frozen=True, slots=True)
class _Place:
    """A URL taken apart. `shown` has neither path nor query: many services put their key there."""

    host: str
    port: int
    path: str
    tls: bool

    @property
    def shown(self) -> str:
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"

    @classmethod
    def of(cls, url: str) -> _Place:
        """Raises AppError(ALERT_TARGET): no HTTPS to another machine, a login in the address, or no address at all."""
        try:
            parts = urlsplit(url)
            host, tls = parts.hostname or "", parts.scheme == "https"
            port = parts.port or (443 if tls else 80)
        except ValueError as error:
            raise AppError(AppCode.ALERT_TARGET, target="the webhook") from error
        plain = parts.scheme == "http" and is_local(host)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        clean = url.isprintable() and " " not in url and path.isascii() and "@" not in parts.netloc
        if not host or not (tls or plain) or not clean:
            raise AppError(AppCode.ALERT_TARGET, target=redact(f"{parts.scheme}://{parts.netloc}"))
        return cls(host, port, path, tls)


def _posted(line: socket.socket, place: _Place, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer."""
    connection = http.client.HTTPConnection(place.host, place.port)
    connection.sock = line
    with closing(connection):
        try:
            connection.request("POST", place.path, body, headers)
            with connection.getresponse() as reply:
                reply.read(LARGEST_REPLY)
                return reply.status
        except http.client.RemoteDisconnected as error:
            raise AppError(AppCode.ALERT_UNREACHABLE, target=place.shown) from error
        except http.client.HTTPException as error:
            raise AppError(AppCode.ALERT_REFUSED, target=place.shown, reason="not HTTP") from error


def _check(status: int, shown: str) -> None:
    if status in {401, 403}:
        raise AppError(AppCode.ALERT_LOGIN, target=shown, reason=status)
    if not 200 <= status < 300:
        raise AppError(AppCode.ALERT_REFUSED, target=shown, reason=status)
