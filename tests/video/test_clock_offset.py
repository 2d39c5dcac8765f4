"""How far a camera's clock is ahead reaches the session's status, packet by packet."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tests.conftest import wait_until
from tests.video.numbered import live, numbered_clip
from video.frame import Packet, StreamInfo
from video.session import CameraSession


class _Told:
    """A source whose packets carry what the test says."""

    def __init__(self, info: StreamInfo, packet: Packet, told: list[float | None], done: threading.Event) -> None:
        self._info, self._packet, self._told, self._done = info, packet, told, done

    def open(self) -> StreamInfo:
        return self._info

    def packets(self) -> Iterator[Packet | None]:
        while not self._done.wait(0.01):
            yield replace(self._packet, clock_offset_s=self._told[0])

    def close(self) -> None:
        """Nothing is held."""


def test_the_newest_offset_is_known(tmp_path: Path) -> None:
    info, packets = live(numbered_clip(tmp_path / "a.mp4", 0, 30), 0, 1000.0)
    told: list[float | None] = [-3599.5]
    done = threading.Event()
    source = _Told(info, packets[0], told, done)
    session = CameraSession("c1", "Gate", "x://y", factory=lambda _url, _generation: source)
    assert session.status().clock_offset_s is None
    session.start()
    wait_until(lambda: session.status().clock_offset_s == -3599.5)
    told[0] = None
    wait_until(lambda: session.status().clock_offset_s is None)
    done.set()
    session.stop()
    assert session.join(30.0)
