"""An RTSP conversation of our own (RFC 2326) over one TCP connection, with interleaved media (10.12).

For replays by absolute time only: FFmpeg's client can send neither `Range: clock=` nor `Require`. What the other side
says is bounded; a redirect is refused, so that a login is never given to another machine. One thread, no state shared.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.request import parse_http_list, parse_keqv_list

from storage.sealed import Credential
from video.source import VideoCode, VideoError, host_of, redact, scheme_of

CONNECT_S = 4.0
READ_S = 1.5
SILENT_S = 10.0
_MOST_HEAD = 65_536
_MOST_LINES = 200
_MOST_DIGITS = 9
_MOST_BODY = 262_144
_MOST_WAITING = 4_000
_AGENT = "Watchfloor"
_CODES = {
    401: VideoCode.UNAUTHORIZED,
    403: VideoCode.UNAUTHORIZED,
    404: VideoCode.NOT_FOUND,
    454: VideoCode.NOT_FOUND,
    457: VideoCode.NO_RECORDING,
    551: VideoCode.NO_REPLAY,
}
_HASHES: dict[str, Callable[[bytes], str]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; names of headers in lower case, of several of one name all."""

    status: int
    headers: Mapping[str, tuple[str, ...]]
    body: bytes = b""

    def header(self, name: str) -> str:
        """The first of that name, or nothing."""
        return next(iter(self.headers.get(name.lower(), ())), "")


class RtspTalk:
    """`ask` until `play` was answered, then `media`. Raises VideoError."""

    def __init__(
        self,
        url: str,
        login: Credential | None,
        *,
        read_s: float = READ_S,
        silent_s: float = SILENT_S,
        ended: Callable[[], bool] = lambda: False,
    ) -> None:
        self._ended = ended
        self.url, self._login = url, login
        self._read_s, self._silent_s = read_s, silent_s
        self._waiting: deque[tuple[int, bytes]] = deque(maxlen=_MOST_WAITING)
        self._buffer = bytearray()
        self._number = 0
        self._challenge: dict[str, str] = {}
        self._session = ""
        self._alive_s = 30.0
        self._asked_s = 0.0
        self._line = self._connected()

    def _connected(self) -> socket.socket:
        address = host_of(self.url)
        if address is None:
            raise self._error(VideoCode.NOT_FOUND)
        try:
            line = socket.create_connection(address, CONNECT_S)
            if scheme_of(self.url) == "rtsps":  # not checked, as for live pictures (docs/SOURCES.md)
                context = ssl.create_default_context()
                context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
                line = context.wrap_socket(line)
        except TimeoutError:
            raise self._error(VideoCode.UNREACHABLE) from None
        except OSError:
            raise self._error(VideoCode.UNREACHABLE) from None
        line.settimeout(self._read_s)
        return line

    def ask(self, method: str, url: str, headers: Mapping[str, str] | None = None) -> Reply:
        """A request and its answer; once more with the login when that is asked for."""
        reply = self._exchange(method, url, headers or {})
        if reply.status == 401 and self._login is not None and self._use_challenge(reply):
            reply = self._exchange(method, url, headers or {})
        if 300 <= reply.status < 400:
            raise self._error(VideoCode.ELSEWHERE)
        if not 200 <= reply.status < 300:
            raise self._error(_CODES.get(reply.status, VideoCode.NOT_FOUND), status=reply.status)
        self._note_session(reply)
        return reply

    def media(self) -> Iterator[tuple[int, bytes] | None]:
        """Channel and packet, as they come; None now and then when nothing does. Ends when the other side hangs up.

        Raises VideoError: SILENT, BAD_ANSWER, ENDED for a connection that broke."""
        heard_s = time.monotonic()
        while True:
            self._keep_alive()
            found = self._waiting.popleft() if self._waiting else self._frame()
            if found is not None:
                yield found
                heard_s = time.monotonic()  # how long it took to store it is no silence
                continue
            quiet = False
            try:
                if not self._fill():
                    return
            except TimeoutError:
                quiet = True
            quiet_s = time.monotonic() - heard_s
            if quiet_s > self._silent_s:
                raise self._error(VideoCode.SILENT)
            if quiet or quiet_s > self._read_s or self._ended():  # a packet that drips is waited for no longer
                yield None

    def close(self) -> None:
        """Say farewell without waiting, and hang up."""
        try:
            if self._session:
                self._send("TEARDOWN", self.url, {})
        except OSError:
            self._session = ""
        finally:
            self._line.close()

    def _exchange(self, method: str, url: str, headers: Mapping[str, str]) -> Reply:
        end_s = time.monotonic() + self._silent_s
        try:
            self._send(method, url, headers)
            while True:
                reply = self._message()
                if reply is not None:
                    if reply.status and reply.header("cseq").strip() in ("", str(self._number)):
                        return reply
                    continue
                frame = self._frame()
                if frame is not None:
                    self._waiting.append(frame)
                elif not self._patient(end_s):
                    raise self._error(VideoCode.ENDED)
        except TimeoutError:
            raise self._error(VideoCode.SILENT) from None
        except OSError:
            raise self._error(VideoCode.ENDED) from None

    def _patient(self, end_s: float) -> bool:
        """Wait for more; False: hung up. Raises TimeoutError at the end."""
        while True:
            if time.monotonic() > end_s or self._ended():
                raise TimeoutError
            try:
                return self._fill()
            except TimeoutError:
                continue

    def _fill(self) -> bool:
        try:
            data = self._line.recv(65_536)
        except TimeoutError:
            raise
        except OSError:
            raise self._error(VideoCode.ENDED) from None
        self._buffer += data
        return bool(data)

    def _send(self, method: str, url: str, headers: Mapping[str, str]) -> None:
        self._number += 1
        self._asked_s = time.monotonic()
        lines = [f"{method} {url} RTSP/1.0", f"CSeq: {self._number}", f"User-Agent: {_AGENT}"]
        if self._session:
            lines.append(f"Session: {self._session}")
        if self._challenge and self._login is not None:
            lines.append(f"Authorization: {authorization(self._challenge, self._login, method, url)}")
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self._line.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "replace"))

    def _keep_alive(self) -> None:
        if self._session and time.monotonic() - self._asked_s > self._alive_s:
            try:
                self._send("GET_PARAMETER", self.url, {})
            except OSError:
                raise self._error(VideoCode.ENDED) from None

    def _frame(self) -> tuple[int, bytes] | None:
        """The next whole packet in the buffer; answers between packets are passed over."""
        while self._buffer:
            if self._buffer[0] != 0x24:
                if self._message() is None:
                    return None
                continue
            if len(self._buffer) < 4:
                return None
            size = int.from_bytes(self._buffer[2:4], "big")
            if len(self._buffer) < 4 + size:
                return None
            channel, packet = self._buffer[1], bytes(self._buffer[4 : 4 + size])
            del self._buffer[: 4 + size]
            return channel, packet
        return None

    def _message(self) -> Reply | None:
        """The message that the buffer begins with, once it is whole; `status` 0: a request of the other side."""
        if not self._buffer or self._buffer[0] == 0x24:
            return None
        if not 0x41 <= self._buffer[0] <= 0x5A:
            raise self._error(VideoCode.BAD_ANSWER)
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > _MOST_HEAD:
                raise self._error(VideoCode.BAD_ANSWER)
            return None
        first, *rest = bytes(self._buffer[:end]).decode("utf-8", "replace").split("\r\n")
        headers: dict[str, tuple[str, ...]] = {}
        if len(rest) > _MOST_LINES:
            raise self._error(VideoCode.BAD_ANSWER)
        for line in rest:
            name, _colon, value = line.partition(":")
            headers[name.strip().lower()] = (*headers.get(name.strip().lower(), ()), value.strip())
        size = self._number_of(next(iter(headers.get("content-length", ())), "0"), _MOST_BODY)
        if len(self._buffer) < end + 4 + size:
            return None
        body = bytes(self._buffer[end + 4 : end + 4 + size])
        del self._buffer[: end + 4 + size]
        words = first.split(" ", 2)
        if not words[0].startswith("RTSP/"):
            return Reply(0, headers, body)
        return Reply(self._number_of(words[1] if len(words) > 1 else "", 999), headers, body)

    def _number_of(self, text: str, most: int) -> int:
        if not (_is_number(text) and int(text) <= most):
            raise self._error(VideoCode.BAD_ANSWER)
        return int(text)

    def _note_session(self, reply: Reply) -> None:
        session, _semicolon, rest = reply.header("session").partition(";")
        if session.strip():
            self._session = session.strip()
            seconds = rest.partition("timeout=")[2].partition(";")[0].strip()
            timeout_s = int(seconds) if _is_number(seconds) else 60
            self._alive_s = max(min(timeout_s, 120) / 2, 1.0)

    def _use_challenge(self, reply: Reply) -> bool:
        """Digest before Basic; False where there is nothing (new) to answer."""
        found = challenge_of(reply.headers.get("www-authenticate", ()))
        if not found or (self._challenge and found.get("nonce") == self._challenge.get("nonce")):
            return False
        self._challenge = found
        return True

    def _error(self, code: VideoCode, **details: int) -> VideoError:
        return VideoError(code, url=redact(self.url), **details)


def challenge_of(lines: Sequence[str]) -> dict[str, str]:
    """The strongest way to log in that is offered; `scheme` says which. Empty: none that is known."""
    found: list[tuple[int, dict[str, str]]] = []
    for line in lines:
        scheme, _space, rest = line.strip().partition(" ")
        values = {k.lower(): v for k, v in parse_keqv_list([x for x in parse_http_list(rest) if "=" in x]).items()}
        algorithm = values.get("algorithm", "MD5").upper()
        if scheme.lower() == "digest" and algorithm in _HASHES and values.get("nonce"):
            found.append((1 + (algorithm != "MD5"), {**values, "scheme": "digest", "algorithm": algorithm}))
        elif scheme.lower() == "basic":
            found.append((0, {"scheme": "basic"}))
    return max(found, key=lambda one: one[0])[1] if found else {}


def authorization(challenge: Mapping[str, str], login: Credential, method: str, url: str) -> str:
    """The header that answers a challenge (RFC 7616; RFC 2617 without qop; RFC 7617)."""
    if challenge["scheme"] == "basic":
        return "Basic " + base64.b64encode(f"{login.user}:{login.password}".encode()).decode()
    hashed, realm, nonce = _HASHES[challenge["algorithm"]], challenge.get("realm", ""), challenge["nonce"]
    secret = hashed(f"{login.user}:{realm}:{login.password}".encode())
    asked = hashed(f"{method}:{url}".encode())
    parts = {"username": login.user, "realm": realm, "nonce": nonce, "uri": url}
    extra = ""
    if "auth" in [word.strip() for word in challenge.get("qop", "").split(",")]:
        count, own = "00000001", secrets.token_hex(8)
        parts["response"] = hashed(f"{secret}:{nonce}:{count}:{own}:auth:{asked}".encode())
        extra = f', qop=auth, nc={count}, cnonce="{own}"'
    else:
        parts["response"] = hashed(f"{secret}:{nonce}:{asked}".encode())
    if "opaque" in challenge:
        parts["opaque"] = challenge["opaque"]
    if "algorithm" in challenge and challenge["algorithm"] != "MD5":
        extra += f", algorithm={challenge['algorithm']}"
    return "Digest " + ", ".join(f'{name}="{_quoted(value)}"' for name, value in parts.items()) + extra


def _is_number(text: str) -> bool:
    """Python reads other alphabets' digits too, and refuses thousands of them."""
    return text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS


def _quoted(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable()).replace("\\", "\\\\").replace('"', '\\"')
