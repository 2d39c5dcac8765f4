"""Where pictures and packets wait for their takers: always bounded, always counting what is dropped."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from typing import Protocol

from video.frame import Packet, Picture, StreamInfo


class Tap(Protocol):
    """A taker of pictures from the decode pool. Called on the pool's threads."""

    pixel_format: str

    def wanted(self) -> tuple[int, int] | None:
        """The box (width, height in px) that the next picture must fit, aspect kept; None: nothing now.

        Asked per decoded frame: with None from every tap the frame is not converted."""

    def put(self, picture: Picture) -> None:
        """Take a picture; must not block."""


class PacketTaker(Protocol):
    """A taker of packets beside ring and decoder. Called on the reader's thread; must return at once and only reads
    the packets, which it shares."""

    def configure(self, generation: int, info: StreamInfo) -> None:
        """Packets of this opening follow, beginning with a key frame."""

    def put(self, packet: Packet) -> None:
        """Take a packet; must not block."""


class PictureTap:
    """Mailbox of one for a tile: the pool puts, the GUI timer takes. Replacing an untaken picture counts as dropped.

    While `halved` it asks for every second picture only."""

    pixel_format = "bgra"

    def __init__(self) -> None:
        self.dropped = 0
        self.halved = False
        self._skips = False
        self._box: tuple[int, int] | None = None
        self._picture: Picture | None = None

    def want(self, width_px: int, height_px: int) -> None:
        """Ask for pictures that fit the tile; 0, 0 pauses."""
        self._box = (width_px, height_px) if width_px > 0 and height_px > 0 else None

    def wanted(self) -> tuple[int, int] | None:
        """The tile's size in device pixels."""
        if self.halved:
            self._skips = not self._skips
            if self._skips:
                return None
        return self._box

    def put(self, picture: Picture) -> None:
        """Keep the newest (an attribute store: atomic under the GIL)."""
        if self._picture is not None:
            self.dropped += 1
        self._picture = picture

    def take(self) -> Picture | None:
        """The newest picture, once; None when nothing new came."""
        picture, self._picture = self._picture, None
        return picture


class PacketQueue:
    """Packets on their way to a decoder: whole GOPs only. One thread puts, one takes; every call is short.

    Over `lag_s` of backlog the decoder is sent ahead to the newest key frame; over `most` packets or `most_bytes`
    everything goes and nothing comes in before the next key frame. `gaps` tells the taker that something is missing.

    With `keys_only` other packets do not come in at all, and after it none before the next key frame. They are counted
    apart (`spared`): nobody lost them.
    """

    def __init__(self, lag_s: float = 0.5, most: int = 400, most_bytes: int = 24_000_000) -> None:
        self.dropped_gops = 0
        self.dropped_frames = 0
        self.gaps = 0
        self.spared = 0
        self._keys_only = self._sparing = False
        self._lag_s = lag_s
        self._most = most
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._packets: deque[Packet] = deque()
        self._bytes = 0
        self._last = (-1, -1)
        self._waiting = True

    def __len__(self) -> int:
        return len(self._packets)

    @property
    def keys_only(self) -> bool:
        """Whether key frames only are queued. What is queued already stays."""
        return self._keys_only

    @keys_only.setter
    def keys_only(self, value: bool) -> None:
        with self._lock:
            self._keys_only = value
            self._sparing = self._sparing or value

    @property
    def behind_s(self) -> float:
        """How much time of the stream waits here: how far its decoder is behind."""
        with self._lock:
            return self._packets[-1].due_s - self._packets[0].due_s if self._packets else 0.0

    def put(self, packet: Packet) -> None:
        """Queue a packet; one that was queued before (by `restart`) is ignored."""
        with self._lock:
            if (packet.generation, packet.seq) <= self._last:
                return
            if self._sparing:
                if not packet.key:
                    self.spared += 1
                    return
                self._sparing = self._keys_only
            if packet.key and self._packets and packet.due_s - self._packets[0].due_s > self._lag_s:
                self._drop()
            if len(self._packets) >= self._most or self._bytes + packet.size > self._most_bytes:
                self._drop()
                self._waiting = True
            if self._waiting and not packet.key:
                self.dropped_frames += self._last != (-1, -1)
                return
            self._append(packet)

    def restart(self, packets: Iterable[Packet]) -> None:
        """Begin anew with these packets (the first a key frame), or with the next key frame when there are none."""
        with self._lock:
            self._packets.clear()
            self._bytes = 0
            self.gaps += 1
            self._waiting = True
            self._sparing = self._keys_only
            self._last = (-1, -1)
            for packet in packets:
                if packet.key or not self._keys_only:
                    self._append(packet)

    def take(self, most: int) -> tuple[int, list[Packet]]:
        """Up to `most` packets, and the count of gaps before them."""
        with self._lock:
            taken = [self._packets.popleft() for _ in range(min(most, len(self._packets)))]
            self._bytes -= sum(packet.size for packet in taken)
            return self.gaps, taken

    def _append(self, packet: Packet) -> None:
        self._packets.append(packet)
        self._bytes += packet.size
        self._last = (packet.generation, packet.seq)
        self._waiting = False

    def _drop(self) -> None:
        self.dropped_frames += len(self._packets)
        self.dropped_gops += sum(packet.key for packet in self._packets) or 1
        self.gaps += 1
        self._packets.clear()
        self._bytes = 0


class PacketRing:
    """The last seconds of a stream as whole GOPs, for stills and for what was before an event. Any thread may read.

    Keeps at least `seconds` when the stream has them; over `most_bytes` the oldest GOPs go first, and a GOP that is
    too big by itself goes too."""

    def __init__(self, seconds: float = 10.0, most_bytes: int = 32_000_000) -> None:
        self.dropped_gops = 0
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._gops: deque[list[Packet]] = deque()
        self._infos: dict[int, StreamInfo] = {}
        self._bytes = 0

    def configure(self, generation: int, info: StreamInfo) -> None:
        """Packets of this generation will follow; a GOP never spans two."""
        with self._lock:
            kept = {gop[0].generation for gop in self._gops}
            self._infos = {number: old for number, old in self._infos.items() if number in kept}
            self._infos[generation] = info

    def keep(self, seconds: float) -> None:
        """Keep at least so much from here on, for somebody who asks for it later."""
        with self._lock:
            self._seconds = max(self._seconds, seconds)

    def add(self, packet: Packet) -> None:
        """Keep a packet; those before the first key frame are of no use to anybody."""
        with self._lock:
            if packet.key:
                self._gops.append([])
            elif not self._gops or self._gops[-1][0].generation != packet.generation:
                return
            self._gops[-1].append(packet)
            self._bytes += packet.size
            self._trim(packet)

    def last_gop(self) -> tuple[Packet, ...]:
        """From the newest key frame on."""
        with self._lock:
            return tuple(self._gops[-1]) if self._gops else ()

    def gops(self) -> list[tuple[StreamInfo, tuple[Packet, ...]]]:
        """All that is held, oldest first: whole GOPs, each with what a decoder for it is made from."""
        with self._lock:
            infos = self._infos
            return [(infos[gop[0].generation], tuple(gop)) for gop in self._gops if gop[0].generation in infos]

    def nearest(self, utc_s: float) -> tuple[Packet, tuple[Packet, ...], StreamInfo] | None:
        """The packet nearest in time, what must be decoded for it, and what a decoder is made from; None when empty."""
        with self._lock:
            found = [(abs(p.utc_s - utc_s), at, p) for at, gop in enumerate(self._gops) for p in gop]
            if not found:
                return None
            _, at, packet = min(found, key=lambda item: item[0])
            needed = list(self._gops[at])
            if packet.pts_s < needed[0].pts_s and at > 0:
                # An open GOP's leading picture: sent after the key frame, shown before it, made from the GOP before.
                needed = [*self._gops[at - 1], *needed]
            info = self._infos.get(packet.generation)
            return (packet, tuple(needed), info) if info else None

    def span(self) -> tuple[float, float] | None:
        """Oldest and newest `utc_s` held."""
        with self._lock:
            return (self._gops[0][0].utc_s, self._gops[-1][-1].utc_s) if self._gops else None

    @property
    def size(self) -> int:
        """Bytes of packets held."""
        return self._bytes

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._gops.clear()
            self._bytes = 0

    def _trim(self, newest: Packet) -> None:
        while len(self._gops) > 1 and newest.due_s - self._gops[1][0].due_s > self._seconds:
            self._pop()
        while self._gops and self._bytes > self._most_bytes:
            self.dropped_gops += 1
            self._pop()

    def _pop(self) -> None:
        self._bytes -= sum(packet.size for packet in self._gops.popleft())
