"""Many RTSP cameras in one process, made to be mistreated: the child of `benchmarks.camera_farm`.

Each camera has its own port and speaks RTSP 1.0 (RFC 2326) with RTP interleaved in TCP or over UDP, as it is asked,
sender reports, and digest login (RFC 2617) if it has one. What is lost, late and damaged comes from dice whose seed is
the camera's. Faults come as JSON lines on standard input; the process ends with its input.
The product's demo server serves six streams a process and knows no faults: this one is for measuring.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import random
import re
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.clock_picture import ClockCamera
from benchmarks.rtp_clip import RtpClip, h264_attributes, load

HOST = "127.0.0.1"
CLOCK = "clock"
"""In place of a clip's path: pictures that carry the time at which they were drawn, encoded live."""
_TICKS = 90_000
_NTP_S = 2_208_988_800
_REPORT_S = 2.0
_BEHIND_S = 1.0
_MOST_WAITING = 4_000_000
_MASK = 0xFFFFFFFF


@dataclass(slots=True)
class Camera:
    """What a camera does now; commands change the fields of the same names while it plays."""

    clip: str
    port: int
    host: str = HOST
    seed: int = 0
    login: str = ""
    down: bool = False
    mute: bool = False
    late: bool = False
    corrupt: float = 0.0
    lost: float = 0.0
    jitter_ms: float = 0.0
    clock_off_s: float = 0.0
    jump_s: float = 0.0
    server: asyncio.Server | None = None
    clients: set[Client] = field(default_factory=set)


class Farm:
    """All cameras of this process."""

    def __init__(self, cameras: dict[str, Camera]) -> None:
        self.cameras = cameras
        self._clips: dict[str, RtpClip] = {}

    def clip(self, path: str) -> RtpClip:
        """A clip, read once."""
        if path not in self._clips:
            self._clips[path] = load(Path(path))
        return self._clips[path]

    async def start(self) -> None:
        """Open every port that is not down."""
        for camera in self.cameras.values():
            if camera.clip != CLOCK:
                self.clip(camera.clip)
            if not camera.down:
                await self._up(camera)

    async def change(self, name: str, change: dict[str, object]) -> None:
        """One command. A new login throws the clients out, as cameras do."""
        camera = self.cameras[name]
        kicked = bool(change.pop("kick", False))
        for key, value in change.items():
            setattr(camera, key, value)
        if "down" in change or "login" in change or kicked:
            for client in tuple(camera.clients):
                client.abort()
        if camera.down and camera.server is not None:
            camera.server.close()
            camera.server = None
        elif not camera.down and camera.server is None:
            await self._up(camera)

    async def _up(self, camera: Camera) -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
                await Client(self, camera, reader, writer).run()

        camera.server = await asyncio.start_server(serve, camera.host, camera.port, reuse_address=True)


class Client:
    """One connection."""

    def __init__(self, farm: Farm, camera: Camera, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._farm, self._camera, self._reader, self._writer = farm, camera, reader, writer
        self._play: asyncio.Task[None] | None = None
        self._ssrc = random.getrandbits(32)
        self._sequence = random.getrandbits(16)
        self._first_tick = random.randrange(_TICKS, 1 << 31)
        self._clock = ClockCamera() if camera.clip == CLOCK else None
        self._dice = random.Random(camera.seed)
        self._datagrams: Datagrams | None = None

    def abort(self) -> None:
        """Hang up."""
        if self._play is not None:
            self._play.cancel()
        if self._datagrams is not None:
            self._datagrams.close()
        self._writer.transport.abort()

    async def run(self) -> None:
        """Answer until the client goes."""
        self._camera.clients.add(self)
        try:
            while True:
                head = await self._reader.readexactly(1)
                if head == b"$":
                    size = struct.unpack("!BH", await self._reader.readexactly(3))[1]
                    await self._reader.readexactly(size)
                    continue
                request = (head + await self._reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
                while self._camera.mute:
                    await asyncio.sleep(0.1)
                self._answer(request)
        finally:
            self._camera.clients.discard(self)
            self.abort()

    def _answer(self, request: str) -> None:
        lines = request.strip().split("\r\n")
        method, url = lines[0].split(" ")[:2]
        fields = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines[1:])}
        sequence = fields.get("cseq", "0")
        if method != "OPTIONS" and not self._may(method, fields.get("authorization", "")):
            self._say(sequence, {"WWW-Authenticate": 'Digest realm="camera", nonce="4711"'}, status="401 Unauthorized")
        elif method == "DESCRIBE":
            self._say(sequence, {"Content-Base": f"{url}/", "Content-Type": "application/sdp"}, self._sdp())
        elif method == "SETUP":
            self._say(sequence, {"Transport": self._transport(fields["transport"]), "Session": "1;timeout=60"})
        elif method == "PLAY":
            info = f"url={url}trackID=0;seq={self._sequence};rtptime={self._first_tick}"
            self._say(sequence, {"Session": "1", "Range": "npt=0.000-", "RTP-Info": info})
            self._play = asyncio.create_task(self._send())
        else:
            self._say(sequence, {"Session": "1", "Public": "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"})

    def _transport(self, asked: str) -> str:
        ports = re.search(r"client_port=(\d+)-(\d+)", asked)
        if ports is None:
            return "RTP/AVP/TCP;unicast;interleaved=0-1"
        peer: str = self._writer.get_extra_info("peername")[0]
        self._datagrams = Datagrams(self._camera.host, peer, (int(ports[1]), int(ports[2])))
        own = "-".join(map(str, self._datagrams.ports))
        return f"RTP/AVP;unicast;client_port={ports[1]}-{ports[2]};server_port={own}"

    def _may(self, method: str, given: str) -> bool:
        if not self._camera.login:
            return True
        fields = dict(re.findall(r'(\w+)="([^"]*)"', given))
        user, _, password = self._camera.login.partition(":")
        own, asked = (_md5(text) for text in (f"{user}:camera:{password}", f"{method}:{fields.get('uri')}"))
        return fields.get("response") == _md5(f"{own}:4711:{asked}")

    def _say(self, sequence: str, fields: dict[str, str], body: str = "", status: str = "200 OK") -> None:
        fields = {"CSeq": sequence, **fields, **({"Content-Length": str(len(body))} if body else {})}
        head = "".join(f"{key}: {value}\r\n" for key, value in fields.items())
        self._writer.write(f"RTSP/1.0 {status}\r\n{head}\r\n{body}".encode())

    def _sdp(self) -> str:
        if self._clock is not None:
            fps, attributes = float(self._clock.fps), h264_attributes(self._clock.head())
        else:
            clip = self._farm.clip(self._camera.clip)
            fps, attributes = clip.fps, clip.attributes
        lines = [
            "v=0",
            f"o=- 1 1 IN IP4 {self._camera.host}",
            "s=camera",
            f"c=IN IP4 {self._camera.host}",
            "t=0 0",
            "a=control:*",
        ]
        media = ["m=video 0 RTP/AVP 96", *attributes, f"a=framerate:{fps:g}", "a=control:trackID=0"]
        return "\r\n".join([*lines, *media, ""])

    async def _send(self) -> None:
        """Pictures at their times, from the clip's first one (a camera that is `late`: from the one after it)."""
        camera, due_s = self._camera, time.monotonic()
        pts_s = reported_s = 0.0
        pictures = self._pictures()
        while True:
            now_s = time.monotonic()
            if now_s - due_s > _BEHIND_S:  # it was frozen, or this machine was: what is past is not sent
                pts_s += now_s - due_s
                due_s = now_s
            late_s = 0.0 if self._datagrams is not None else self._late_s()  # of datagrams each is late by itself
            await asyncio.sleep(max(due_s + late_s - now_s, 0.0))
            parts, step_s = next(pictures)
            if not camera.mute:
                tick = (self._first_tick + round((pts_s + camera.jump_s) * _TICKS)) & _MASK
                reports = due_s - reported_s >= _REPORT_S
                reported_s = due_s if reports else reported_s
                self._write(([(1, self._report(tick, due_s))] if reports else []) + self._packed(parts, tick))
            due_s, pts_s = due_s + step_s, pts_s + step_s

    def _late_s(self) -> float:
        return self._dice.expovariate(1000 / self._camera.jitter_ms) if self._camera.jitter_ms else 0.0

    def _write(self, burst: list[tuple[int, bytes]]) -> None:
        """(channel, packet): 0 is RTP, 1 RTCP."""
        if self._datagrams is not None:
            for channel, packet in burst:
                self._datagrams.send(channel, packet, self._late_s())
            return
        if self._writer.transport.get_write_buffer_size() > _MOST_WAITING:
            self.abort()
        self._writer.write(
            b"".join(struct.pack("!cBH", b"$", channel, len(packet)) + packet for channel, packet in burst)
        )

    def _pictures(self) -> Iterator[tuple[tuple[bytes, ...], float]]:
        if self._clock is not None:
            for drawn in self._clock.pictures():
                yield drawn, 1 / self._clock.fps
        path, number = self._camera.clip, 1 if self._camera.late else 0
        while True:
            if path != self._camera.clip:
                path, number = self._camera.clip, 0
            clip = self._farm.clip(path)
            yield clip.pictures[number % len(clip.pictures)], 1 / clip.fps
            number += 1

    def _packed(self, parts: tuple[bytes, ...], tick: int) -> list[tuple[int, bytes]]:
        burst = []
        for number, part in enumerate(parts, 1):
            marker = 0x80 if number == len(parts) else 0
            self._sequence = (self._sequence + 1) & 0xFFFF
            if self._dice.random() < self._camera.lost:
                continue
            head = struct.pack("!BBHII", 0x80, 96 | marker, self._sequence, tick, self._ssrc)
            burst.append((0, head + (part if self._dice.random() >= self._camera.corrupt else self._damaged(part))))
        return burst

    def _report(self, tick: int, due_s: float) -> bytes:
        utc_s = due_s + time.time() - time.monotonic() + _NTP_S + self._camera.clock_off_s
        return struct.pack("!BBHIIIIII", 0x80, 200, 6, self._ssrc, int(utc_s), int(utc_s % 1 * (1 << 32)), tick, 0, 0)

    def _damaged(self, part: bytes) -> bytes:
        """Some bytes behind the header are others."""
        wrong = bytearray(part)
        for _count in range(8):
            if len(wrong) > 4:
                wrong[self._dice.randrange(3, len(wrong))] = self._dice.getrandbits(8)
        return bytes(wrong)


class Datagrams:
    """RTP over UDP to one client: each packet takes as long as it takes, and may overtake others."""

    def __init__(self, host: str, peer: str, ports: tuple[int, int]) -> None:
        self._to = [(peer, port) for port in ports]
        self._sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _port in ports]
        for one in self._sockets:
            one.setblocking(False)
            one.bind((host, 0))
        self._closed = False

    @property
    def ports(self) -> tuple[int, ...]:
        """From which it sends."""
        return tuple(one.getsockname()[1] for one in self._sockets)

    def send(self, channel: int, packet: bytes, late_s: float) -> None:
        """Send after so many seconds."""
        if late_s:
            asyncio.get_running_loop().call_later(late_s, self._send, channel, packet)
        else:
            self._send(channel, packet)

    def _send(self, channel: int, packet: bytes) -> None:
        if not self._closed:
            with contextlib.suppress(OSError):  # a full buffer, or nobody there any more: datagrams get lost
                self._sockets[channel].sendto(packet, self._to[channel])

    def close(self) -> None:
        """No more."""
        self._closed = True
        for one in self._sockets:
            one.close()


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


async def _serve(farm: Farm) -> None:
    await farm.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    loop = asyncio.get_running_loop()

    def hear() -> None:
        for line in sys.stdin:
            name, change = json.loads(line)
            asyncio.run_coroutine_threadsafe(farm.change(name, change), loop).result()
        os._exit(0)  # the parent is gone, or wants this process to go: there is nothing to save

    threading.excepthook = _die  # a command that fails: the parent shall see it
    threading.Thread(target=hear, name="parent", daemon=True).start()
    await asyncio.Event().wait()


def _die(failure: threading.ExceptHookArgs) -> None:
    sys.__excepthook__(failure.exc_type, failure.exc_value or failure.exc_type(), failure.exc_traceback)
    os._exit(1)


def main() -> None:
    """Serve the cameras of the first line of input."""
    cameras = json.loads(sys.stdin.readline())
    asyncio.run(_serve(Farm({name: Camera(**fields) for name, fields in cameras.items()})))


if __name__ == "__main__":
    main()
