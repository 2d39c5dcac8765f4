"""Network connections of alerts: verified TLS, time limits, and a cut that ends all of them at once.

A delivery thread waits in the system's calls; shutdown does not wait for it but cuts its connection. Looking a name up
is the one wait that nothing can cut: it runs on a thread of its own, which is left behind when it hangs.
"""

from __future__ import annotations

import contextlib
import ipaddress
import queue
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.errors import AppCode, AppError

TIMEOUT_S = 10.0
_LOOK_S = 0.1

Address = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]


def tls_context(authorities: str) -> ssl.SSLContext:
    """Certificates and host names are checked, TLS 1.2 or newer; `authorities` is a PEM file of further ones.

    Raises AppError(ALERT_TLS) when it cannot be read."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if authorities:
        try:
            context.load_verify_locations(Path(authorities).expanduser())
        except OSError as error:  # ssl.SSLError is one
            raise AppError(AppCode.ALERT_TLS, target=authorities, reason=error.strerror or "") from error
    return context


def is_local(host: str) -> bool:
    """Whether the host is this machine; of names only `localhost` (`127.example.org` is anybody's)."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Lines:
    """Opens connections and cuts those that are open. Any thread."""

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self.timeout_s = timeout_s
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._cut = threading.Event()

    @property
    def is_cut(self) -> bool:
        """Whether no connection is to be had any more."""
        return self._cut.is_set()

    def cut(self) -> None:
        """End all connections, and let none be opened; their threads get an error at once."""
        with self._lock:
            self._cut.set()
            for handle in self._open:
                _shut(handle)

    @contextmanager
    def open(self, host: str, port: int, context: ssl.SSLContext | None = None) -> Iterator[socket.socket]:
        """A connection with the time limit on each of its operations, with TLS when there is a context. Raises
        OSError."""
        with self._connected(host, port) as line:
            if context is None:
                yield line
                return
            with context.wrap_socket(line, server_hostname=host) as safe:
                yield safe

    @contextmanager
    def _connected(self, host: str, port: int) -> Iterator[socket.socket]:
        addresses = self._addresses(host, port)
        for last, (family, address) in ((n == len(addresses), a) for n, a in enumerate(addresses, start=1)):
            with socket.socket(family, socket.SOCK_STREAM) as line, self._listed(line):
                line.settimeout(self.timeout_s)
                try:
                    line.connect(address)
                except OSError:
                    if last or self.is_cut:
                        raise
                    continue
                yield line
                return

    @contextmanager
    def _listed(self, line: socket.socket) -> Iterator[None]:
        # A duplicate reaches the connection also after TLS took the original's descriptor over.
        handle = line.dup()
        try:
            with self._lock:
                if self.is_cut:
                    raise ConnectionAbortedError("the program is ending")
                self._open.add(handle)
            yield
        finally:
            with self._lock:
                self._open.discard(handle)
            handle.close()

    def _addresses(self, host: str, port: int) -> list[Address]:
        if self.is_cut:
            raise ConnectionAbortedError("the program is ending")
        with contextlib.suppress(socket.gaierror, ValueError):
            return _looked_up(host, port, socket.AI_NUMERICHOST)
        answer: queue.SimpleQueue[list[Address] | OSError] = queue.SimpleQueue()

        def look_up() -> None:
            try:
                answer.put(_looked_up(host, port, 0))
            except (OSError, ValueError) as error:  # a name that IDNA refuses, or with a NUL
                answer.put(error if isinstance(error, OSError) else OSError("not a host name"))

        threading.Thread(target=look_up, name="alert-look-up", daemon=True).start()
        found = self._wait(answer)
        if isinstance(found, OSError):
            raise found
        return found

    def _wait(self, answer: queue.SimpleQueue[list[Address] | OSError]) -> list[Address] | OSError:
        for _turn in range(int(self.timeout_s / _LOOK_S)):
            try:
                return answer.get(timeout=_LOOK_S)
            except queue.Empty:
                if self.is_cut:
                    return ConnectionAbortedError("the program is ending")
        return TimeoutError("the name was not found in time")


@contextmanager
def failures(target: str) -> Iterator[None]:
    """What the network refuses becomes ALERT_TLS, ALERT_TIMEOUT or ALERT_UNREACHABLE of `target` (without secrets)."""
    try:
        yield
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or ""
        raise AppError(AppCode.ALERT_TLS, target=target, reason=reason) from error
    except TimeoutError as error:
        raise AppError(AppCode.ALERT_TIMEOUT, target=target) from error
    except OSError as error:
        raise AppError(AppCode.ALERT_UNREACHABLE, target=target, reason=error.strerror or "") from error


def _looked_up(host: str, port: int, flags: int) -> list[Address]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [(family, address) for family, _kind, _protocol, _name, address in found]


def _shut(handle: socket.socket) -> None:
    with contextlib.suppress(OSError):  # it was not connected yet, or the other side was quicker
        handle.shutdown(socket.SHUT_RDWR)
