"""A recorder of another maker on loopback: ONVIF device, search and replay by HTTP, RTSP replay of a made clip.

One thread with an event loop; `with ForeignRecorder(...)` joins it. What it does wrong is said by `Faults`.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from benchmarks.rtp_clip import RtpClip, load
from storage.sealed import Credential
from video.rtp_units import NTP_TO_UNIX_S

Served = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LOGIN = Credential("operator", 'pa ss"word@1')
REALM, NONCE = "recorder", "0a1b2c"
TOKEN = "Recording_1"


@dataclass
class Faults:
    """`cut_after` frames the line breaks, `cuts` times; `answers` are sent in place of an operation's own."""

    cut_after: int = 0
    cuts: int = 1
    extension: bool = True
    range_told: bool = True
    hangs_up: bool = True
    goodbye: bool = False
    refuses_replay: bool = False
    redirects: str = ""
    rtsp_redirects: str = ""
    stray_host: str = ""
    answers: dict[str, bytes] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    drop_every: int = 0
    holes: tuple[tuple[float, float], ...] = ()
    hole_told: bool = True
    encoding: str = ""
    drips: bytes = b""
    """Said to HTTP again and again, a head that never ends."""
    goes_on: bytes = b""
    """Said in the place of hanging up, again and again, behind the pictures."""


class Minutes:
    """A clock that a sleep moves: the recorder's and the one that it is held against."""

    def __init__(self, utc_s: float) -> None:
        self.utc_s = utc_s

    def __call__(self) -> float:
        return self.utc_s

    def sleep(self, seconds: float) -> None:
        self.utc_s += seconds


class ForeignRecorder:
    """Frame n was at `begin_utc_s + n / fps` by OUR clock; its own is `ahead_s` ahead. `heard` is what was asked."""

    def __init__(
        self,
        clip: Path,
        begin_utc_s: float,
        *,
        ahead_s: float = 0.0,
        faults: Faults | None = None,
        login: Credential | None = LOGIN,
        gop: int = 30,
    ) -> None:
        self.clip: RtpClip = load(clip)
        self.begin_utc_s, self.ahead_s, self.gop = begin_utc_s, ahead_s, gop
        self.faults, self.login = faults or Faults(), login
        self.clock: Callable[[], float] = time.time
        self.heard: list[str] = []
        self.sent_logins: list[str] = []
        self._lines: list[asyncio.StreamWriter] = []
        self._serving: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._ready, self._end = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="foreign-recorder")

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(30)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(30)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def rtsp(self) -> str:
        return f"rtsp://127.0.0.1:{self.rtsp_port}/replay/{TOKEN}"

    def live_url(self, path: str = "live") -> str:
        """What the registry has of the camera."""
        return f"rtsp://127.0.0.1:{self.rtsp_port}/{path}"

    def at(self, frame: int) -> float:
        return self.begin_utc_s + frame / self.clip.fps

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        http = await asyncio.start_server(self._quietly(self._http), "127.0.0.1", 0)
        rtsp = await asyncio.start_server(self._quietly(self._rtsp), "127.0.0.1", 0)
        self.http_port, self.rtsp_port = (one.sockets[0].getsockname()[1] for one in (http, rtsp))
        self._ready.set()
        await self._end.wait()
        own = asyncio.current_task()
        while taking := {task for task in asyncio.all_tasks() if task is not own} - self._serving:
            # asyncio's own: cancelled, or with the server closed, while it takes a connection it leaves that open
            await asyncio.wait(taking, timeout=0.02)
        http.close()
        rtsp.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        for writer in self._lines:
            writer.transport.abort()
        await asyncio.sleep(0)  # in which they are told so

    def _quietly(self, serve: Served) -> Served:
        async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._lines.append(writer)
            task = asyncio.current_task()
            assert task is not None
            self._serving.add(task)
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await serve(reader, writer)
            writer.close()

        return served

    # HTTP

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            size = int(re.search(r"(?i)content-length: *(\d+)", head)[1])  # type: ignore[index]  # httpx sends it
            body = (await reader.readexactly(size)).decode()
            operation = re.search(r"<(?:\w+:)?Body[^>]*>\s*<(?:\w+:)?(\w+)", body)
            name = operation[1] if operation else ""
            self.heard.append(name)
            if "Authorization" in head or "UsernameToken" in body:
                self.sent_logins.append(name)
            assert self.login is None or self.login.password not in body
            await self._for_ever(writer, self.faults.drips)
            writer.write(self._answer(name, body))
            await writer.drain()

    async def _for_ever(self, writer: asyncio.StreamWriter, said: bytes) -> None:
        while said:
            writer.write(said)
            await writer.drain()
            await asyncio.sleep(0.02)

    def _answer(self, name: str, body: str) -> bytes:
        if self.faults.redirects:
            return _http("302 Found", b"", f"Location: {self.faults.redirects}\r\n")
        if name in self.faults.answers:
            extra = f"Content-Encoding: {self.faults.encoding}\r\n" if self.faults.encoding else ""
            return _http("200 OK", self.faults.answers[name], extra)
        if name not in ("GetSystemDateAndTime", "GetServices", "GetCapabilities") and not self._knows(body):
            return _http("400 Bad Request", _fault("ter:NotAuthorized"))
        answer = getattr(self, "_" + re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(), None)
        if answer is None or name in self.faults.without:
            return _http("400 Bad Request", _fault("ter:ActionNotSupported"))
        return _http("200 OK", _envelope(str(answer())))

    def _knows(self, body: str) -> bool:
        """WS-UsernameToken digest (OASIS WSS 1.0), within five minutes of the recorder's own clock."""
        if self.login is None:
            return True
        found = {tag: re.search(rf"<(?:\w+:)?{tag}[^>]*>([^<]*)<", body) for tag in ("Password", "Nonce", "Created")}
        if not all(found.values()):
            return False
        password, nonce, created = (one[1] for one in found.values() if one)
        made = hashlib.sha1(base64.b64decode(nonce) + created.encode() + self.login.password.encode()).digest()
        at = datetime.fromisoformat(created).timestamp()
        return base64.b64encode(made).decode() == password and abs(at - self.now()) < 300

    def now(self) -> float:
        return self.clock() + self.ahead_s

    def _get_system_date_and_time(self) -> str:
        at = datetime.fromtimestamp(self.now(), UTC)
        time_of = f"<tt:Time><tt:Hour>{at.hour}</tt:Hour><tt:Minute>{at.minute}</tt:Minute>"
        date = (
            f"<tt:Date><tt:Year>{at.year}</tt:Year><tt:Month>{at.month}</tt:Month><tt:Day>{at.day}</tt:Day></tt:Date>"
        )
        both = f"{time_of}<tt:Second>{at.second}</tt:Second></tt:Time>{date}"
        told = f"<tt:UTCDateTime>{both}</tt:UTCDateTime><tt:LocalDateTime>{both}</tt:LocalDateTime>"
        inner = f"<tds:SystemDateAndTime>{told}</tds:SystemDateAndTime>"
        return f"<tds:GetSystemDateAndTimeResponse>{inner}</tds:GetSystemDateAndTimeResponse>"

    def _get_services(self) -> str:
        host = self.faults.stray_host or "127.0.0.1"
        names = [one for one in ("device", "search", "replay") if one not in self.faults.without]
        services = "".join(
            f"<tds:Service><tds:Namespace>http://www.onvif.org/ver10/{name}/wsdl</tds:Namespace>"
            f"<tds:XAddr>http://{host}:{self.http_port}/onvif/{name}</tds:XAddr></tds:Service>"
            for name in names
        )
        return f"<tds:GetServicesResponse>{services}</tds:GetServicesResponse>"

    def _get_capabilities(self) -> str:
        return "<tds:GetCapabilitiesResponse><tds:Capabilities/></tds:GetCapabilitiesResponse>"

    def _find_recordings(self) -> str:
        return "<tse:FindRecordingsResponse><tse:SearchToken>s1</tse:SearchToken></tse:FindRecordingsResponse>"

    def _get_recording_search_results(self) -> str:
        end = self.at(len(self.clip.pictures))
        first, last = (datetime.fromtimestamp(at + self.ahead_s, UTC).isoformat() for at in (self.begin_utc_s, end))
        track = "<tt:Track><tt:TrackToken>v</tt:TrackToken><tt:TrackType>Video</tt:TrackType></tt:Track>"
        source = "<tt:Source><tt:SourceId>1</tt:SourceId><tt:Name>Gate</tt:Name><tt:Address>x</tt:Address></tt:Source>"
        one = (
            f"<tt:RecordingInformation><tt:RecordingToken>{TOKEN}</tt:RecordingToken>{source}"
            f"<tt:EarliestRecording>{first}</tt:EarliestRecording><tt:LatestRecording>{last}</tt:LatestRecording>"
            f"{track}</tt:RecordingInformation>"
        )
        return (
            "<tse:GetRecordingSearchResultsResponse><tse:ResultList><tt:SearchState>Completed</tt:SearchState>"
            f"{one}</tse:ResultList></tse:GetRecordingSearchResultsResponse>"
        )

    def _get_replay_uri(self) -> str:
        host = self.faults.stray_host or "127.0.0.1"
        uri = f"<trp:Uri>rtsp://{host}:{self.rtsp_port}/replay/{TOKEN}</trp:Uri>"
        return f"<trp:GetReplayUriResponse>{uri}</trp:GetReplayUriResponse>"

    # RTSP

    async def _rtsp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, url, _version = head.split("\r\n", 1)[0].split(" ")
            headers = dict(re.findall(r"(?m)^([\w-]+): *(.*?)\r?$", head))
            self.heard.append(f"{method} {url}")
            number = headers["CSeq"]
            if self.login is not None and not self._may(method, url, headers):
                challenge = f'WWW-Authenticate: Digest realm="{REALM}", nonce="{NONCE}"'
                writer.write(f"RTSP/1.0 401 Unauthorized\r\nCSeq: {number}\r\n{challenge}\r\n\r\n".encode())
            elif self.faults.rtsp_redirects:
                told = f"Location: {self.faults.rtsp_redirects}"
                writer.write(f"RTSP/1.0 302 Moved\r\nCSeq: {number}\r\n{told}\r\n\r\n".encode())
            elif method == "DESCRIBE":
                body = self._sdp().encode()
                told = f"Content-Base: {url}/\r\nContent-Type: application/sdp\r\nContent-Length: {len(body)}"
                writer.write(f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{told}\r\n\r\n".encode() + body)
            elif method == "SETUP":
                told = "Session: 77;timeout=60\r\nTransport: RTP/AVP/TCP;unicast;interleaved=0-1"
                writer.write(f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{told}\r\n\r\n".encode())
            elif method == "PLAY":
                self.played = headers
                await self._play(writer, number, headers)
                await self._for_ever(writer, self.faults.goes_on)
                if self.faults.hangs_up:
                    return
            else:
                writer.write(f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n\r\n".encode())
            await writer.drain()

    def _may(self, method: str, url: str, headers: dict[str, str]) -> bool:
        assert self.login is not None
        told = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', headers.get("Authorization", "")))
        if not told:
            return False
        self.sent_logins.append(method)
        assert self.login.password not in headers["Authorization"]
        secret = _md5(f"{self.login.user}:{REALM}:{self.login.password}")
        good = _md5(f"{secret}:{NONCE}:{_md5(f'{method}:{url}')}")
        return bool(told["response"] == good and told["uri"] == url)

    def _sdp(self) -> str:
        lines = ["v=0", "o=- 1 1 IN IP4 0.0.0.0", "s=replay", "t=0 0", "a=control:*"]
        lines += ["m=video 0 RTP/AVP 96", *self.clip.attributes, "a=control:track1"]
        return "\r\n".join([*lines, "m=audio 0 RTP/AVP 0", "a=control:track2", ""])

    async def _play(self, writer: asyncio.StreamWriter, number: str, headers: dict[str, str]) -> None:
        span = re.search(r"clock=(\S+?)Z-(\S+?)Z", headers.get("Range", ""))
        times = [self.begin_utc_s, self.at(len(self.clip.pictures))]
        if span is not None:
            times = [datetime.fromisoformat(one + "+00:00").timestamp() - self.ahead_s for one in span.groups()]
        frames = list(self._frames(*times))
        if self.faults.refuses_replay or not frames:
            status = "551 Option not supported" if self.faults.refuses_replay else "457 Invalid Range"
            writer.write(f"RTSP/1.0 {status}\r\nCSeq: {number}\r\n\r\n".encode())
            return
        first = datetime.fromtimestamp(self.at(frames[0]) + self.ahead_s, UTC)
        told = f"Session: 77\r\nRTP-Info: url=x;seq=1;rtptime={self._ticks(frames[0])}"
        if self.faults.range_told:
            told += f"\r\nRange: clock={first:%Y%m%dT%H%M%S}.{first.microsecond // 1000:03d}Z-"
        writer.write(f"RTSP/1.0 200 OK\r\nCSeq: {number}\r\n{told}\r\n\r\n".encode())
        await self._stream(writer, frames)

    def _frames(self, from_utc_s: float, to_utc_s: float) -> Iterator[int]:
        """Those of the asked time, from the key frame before it on."""
        count = len(self.clip.pictures)
        inside = [n for n in range(count) if from_utc_s <= self.at(n) < to_utc_s and not self._in_hole(n)]
        if inside:
            key = inside[0] // self.gop * self.gop
            yield from (n for n in range(key, inside[-1] + 1) if not self._in_hole(n))

    def _in_hole(self, frame: int) -> bool:
        return any(begin <= self.at(frame) < end for begin, end in self.faults.holes)

    def _ticks(self, frame: int) -> int:
        return (4_294_000_000 + round(frame * 90_000 / self.clip.fps)) & 0xFFFFFFFF

    async def _stream(self, writer: asyncio.StreamWriter, frames: list[int]) -> None:
        number = sent = 0
        for frame in frames:
            if self.faults.cut_after and self.faults.cuts > 0 and sent >= self.faults.cut_after:
                self.faults.cuts -= 1
                writer.transport.abort()
                raise ConnectionAbortedError
            payloads = self.clip.pictures[frame]
            for at, payload in enumerate(payloads):
                number += 1
                if self.faults.drop_every and number % self.faults.drop_every == 0:
                    continue
                ends = frame == frames[-1] or (self.faults.hole_told and frame + 1 not in frames)
                packet = self._packet(number, frame, payload, first=at == 0, marker=payload is payloads[-1], ends=ends)
                writer.write(struct.pack(">cBH", b"$", 0, len(packet)) + packet)
            sent += 1
            if sent % 50 == 0:
                await writer.drain()
        if self.faults.goodbye:
            writer.write(struct.pack(">cBHBBHI", b"$", 1, 8, 0x81, 203, 1, 7))
        await writer.drain()

    def _packet(self, number: int, frame: int, payload: bytes, *, first: bool, marker: bool, ends: bool) -> bytes:
        extended = first and self.faults.extension
        head = struct.pack(">BBHII", 0x80 | 0x10 * extended, 96 | 0x80 * marker, number, self._ticks(frame), 7)
        if extended:
            at = self.at(frame) + self.ahead_s + NTP_TO_UNIX_S
            flags = 0x80 * (frame % self.gop == 0) | 0x40 * ends
            head += struct.pack(">HHIIBBH", 0xABAC, 3, int(at), int(at % 1 * 2**32), flags, 0, 0)
        return head + payload


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


_SPACES = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tt="http://www.onvif.org/ver10/schema"'
    ' xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:tse="http://www.onvif.org/ver10/search/wsdl"'
    ' xmlns:trp="http://www.onvif.org/ver10/replay/wsdl" xmlns:ter="http://www.onvif.org/ver10/error"'
)


def _envelope(inner: str) -> bytes:
    return f'<?xml version="1.0"?><s:Envelope {_SPACES}><s:Body>{inner}</s:Body></s:Envelope>'.encode()


def _fault(code: str) -> bytes:
    inner = f"<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{code}</s:Value></s:Subcode></s:Code>"
    reason = f'<s:Reason><s:Text xml:lang="en">{code.partition(":")[2]}</s:Text></s:Reason>'
    return _envelope(f"<s:Fault>{inner}{reason}</s:Fault>")


def _http(status: str, body: bytes, extra: str = "") -> bytes:
    kind = "Content-Type: application/soap+xml; charset=utf-8"
    return f"HTTP/1.1 {status}\r\n{kind}\r\n{extra}Content-Length: {len(body)}\r\n\r\n".encode() + body
