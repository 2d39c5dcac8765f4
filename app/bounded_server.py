"""A small HTTP server for a loopback or alarm line: as many connections as are meant, none for longer than allowed.

Used inside a `Worker` that calls `handle_request` and `end_old` in turn and closes it at the end; connections are on
threads of their own, which `server_close` joins.
"""

from __future__ import annotations

import contextlib
import http.server
import logging
import socket
import sys
import threading
import time
from typing import Any, ClassVar

log = logging.getLogger(__name__)


class BoundedServer(http.server.ThreadingHTTPServer):
    """Connections counted, timed and joined. Raises OSError, or OverflowError for a port that is none."""

    daemon_threads = False
    block_on_close = True
    allow_reuse_address = True
    connections: ClassVar[int] = 4

    def __init__(self, host: str, port: int, handler: type[http.server.BaseHTTPRequestHandler]) -> None:
        self.request_queue_size = self.connections
        self._lock = threading.Lock()
        self._since: dict[socket.socket, float] = {}
        if ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), handler)

    def server_bind(self) -> None:
        """Bind without asking a name server for this machine's name."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = "watchfloor", self.server_address[1]

    def verify_request(self, request: Any, _address: Any) -> bool:
        """Refuse what would be one connection too many."""
        with self._lock:
            if len(self._since) >= self.connections:
                return False
            self._since[request] = time.monotonic()
        return True

    def shutdown_request(self, request: Any) -> None:
        """The connection is over."""
        with self._lock:
            self._since.pop(request, None)
        super().shutdown_request(request)

    def end_old(self, longest_s: float) -> None:
        """Cut connections that last longer: a slow one must not hold a place for ever."""
        limit_s = time.monotonic() - longest_s
        with self._lock:
            for request in (r for r, since_s in self._since.items() if since_s <= limit_s):
                with contextlib.suppress(OSError):
                    request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, _request: Any, client_address: Any) -> None:
        """A client that went away; without the traceback on stderr that the library prints."""
        log.info("the connection of %s failed: %s", client_address[0], sys.exc_info()[1])
