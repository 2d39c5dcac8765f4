"""A network of its own for cameras: a Linux network namespace behind a pair of virtual cables, which can be pulled.

Needs root and iproute2; `permitted` says whether this machine lets us. No closed socket does what a pulled cable does:
nobody hangs up, packets vanish, and the connections of both sides live on until somebody's patience ends.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import lru_cache
from types import TracebackType

_NET = "198.18"
"""Set aside for measuring (RFC 2544, C.2.2): no network of a site is hidden by it."""


class NetSpace:
    """One namespace with one cable. `address` is the cameras' side; a context manager."""

    def __init__(self, number: int = 0) -> None:
        place = (os.getpid() * 4 + number) % 16_000
        self.name = f"wf{os.getpid()}-{number}"
        self._here, self._there = f"wfa{place}", f"wfb{place}"
        third, last = divmod(place * 4, 256)
        self._own, self.address = f"{_NET}.{third}.{last + 1}", f"{_NET}.{third}.{last + 2}"

    @property
    def prefix(self) -> tuple[str, ...]:
        """What stands before a command that shall run in there."""
        return "ip", "netns", "exec", self.name

    def cut(self) -> None:
        """Pull the cable out of the cameras."""
        _ip("-n", self.name, "link", "set", self._there, "down")

    def mend(self) -> None:
        """Put it back."""
        _ip("-n", self.name, "link", "set", self._there, "up")

    def __enter__(self) -> NetSpace:
        _ip("netns", "add", self.name)
        try:
            _ip("link", "add", self._here, "type", "veth", "peer", "name", self._there, "netns", self.name)
            _ip("addr", "add", f"{self._own}/30", "dev", self._here)
            _ip("link", "set", self._here, "up")
            _ip("-n", self.name, "addr", "add", f"{self.address}/30", "dev", self._there)
            _ip("-n", self.name, "link", "set", "lo", "up")
            self.mend()
        except subprocess.SubprocessError:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    def _remove(self) -> None:
        _ip("netns", "del", self.name)  # its end of the cable goes with it, and so does ours


@lru_cache(maxsize=1)
def permitted() -> bool:
    """Whether a namespace can be made here; tried once."""
    if not sys.platform.startswith("linux") or os.geteuid() != 0 or shutil.which("ip") is None:
        return False
    try:
        with NetSpace(number=3):
            return True
    except (OSError, subprocess.SubprocessError):
        return False


def _ip(*words: str) -> None:
    subprocess.run(("ip", *words), check=True, capture_output=True, timeout=10.0)
