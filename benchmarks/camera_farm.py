"""RTSP cameras in a child process, from the parent's side: addresses, faults, the child's CPU time and its death.

Nothing of it is part of the product: `benchmarks.rtsp_child` is what runs over there.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks.net_space import NetSpace
from benchmarks.rtsp_child import HOST
from video.demo_server import free_ports

_ROOT = Path(__file__).resolve().parent.parent
_READY_S = 30.0
_FAREWELL_S = 5.0


class CameraFarm:
    """Owns one child. `clips` names a clip for each camera (or `rtsp_child.CLOCK`); the ports stay over a `kill`.

    `space` is a network of their own, whose cable `cut` pulls; `udp` says how their addresses ask for the pictures."""

    def __init__(
        self,
        clips: Mapping[str, Path | str],
        login: str = "",
        *,
        space: NetSpace | None = None,
        udp: bool = False,
    ) -> None:
        self._login, self._space, self._udp = login, space, udp
        self._host = space.address if space is not None else HOST
        ports = free_ports(len(clips))
        self._cameras: dict[str, dict[str, object]] = {
            name: {"clip": str(clip), "port": port, "host": self._host, "seed": number, "login": login}
            for number, ((name, clip), port) in enumerate(zip(clips.items(), ports, strict=True))
        }
        self._process: subprocess.Popen[str] | None = None
        self._spent_s = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """The cameras."""
        return tuple(self._cameras)

    def url(self, name: str) -> str:
        """The camera's address, with the login that was right at the beginning."""
        login = f"{self._login}@" if self._login else ""
        wish = "#transport=udp" if self._udp else ""
        return f"rtsp://{login}{self._host}:{self._cameras[name]['port']}/{name}{wish}"

    def start(self) -> None:
        """Start the child, with the faults as they are; returns when every camera answers."""
        command = [*(self._space.prefix if self._space else ()), sys.executable, "-m", "benchmarks.rtsp_child"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT)
        self._process = process
        self._say(self._cameras)
        watch = threading.Timer(_READY_S, process.kill)
        watch.start()
        try:
            if process.stdout is None or not process.stdout.readline():
                raise RuntimeError("the cameras' process does not answer")
        finally:
            watch.cancel()
            watch.join()

    def change(self, name: str, **change: object) -> None:
        """Change what a camera does (`rtsp_child.Camera`), now and after the next start."""
        self._cameras[name].update({key: value for key, value in change.items() if key != "kick"})
        self._say([name, change])

    def kill(self) -> None:
        """SIGKILL; `start` brings it back."""
        if self._process is not None:
            self._spent_s += self._cpu_s()
            self._process.kill()
            self._end(self._process)
            self._process = None

    def freeze(self) -> None:
        """SIGSTOP: connections stay, nobody answers."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGCONT)

    def cut(self) -> None:
        """Pull their cable; without a network of their own they only fall silent, which looks the same from here."""
        if self._space is not None:
            self._space.cut()
        else:
            self.freeze()

    def mend(self) -> None:
        """Put it back."""
        if self._space is not None:
            self._space.mend()
        else:
            self.thaw()

    def stop(self) -> None:
        """End the child."""
        self.kill()

    @property
    def cpu_s(self) -> float:
        """What the child has used, all its lives together."""
        return self._spent_s + self._cpu_s()

    def _cpu_s(self) -> float:
        if self._process is None or self._process.poll() is not None:
            return 0.0
        times = psutil.Process(self._process.pid).cpu_times()
        return float(times.user + times.system)

    def _say(self, what: object) -> None:
        if self._process is None or self._process.stdin is None:
            return
        self._process.stdin.write(json.dumps(what) + "\n")
        self._process.stdin.flush()

    @staticmethod
    def _end(process: subprocess.Popen[str]) -> None:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        process.wait(_FAREWELL_S)


@contextmanager
def farm(
    clips: Mapping[str, Path | str], login: str = "", *, space: NetSpace | None = None, udp: bool = False
) -> Iterator[CameraFarm]:
    """Cameras for the time of a `with`."""
    cameras = CameraFarm(clips, login, space=space, udp=udp)
    cameras.start()
    try:
        yield cameras
    finally:
        cameras.stop()


def wait_for(true: object, what: str, timeout_s: float = 30.0) -> None:
    """Poll `true()` until it holds. Raises TimeoutError."""
    end_s = time.monotonic() + timeout_s
    while not (callable(true) and true()):
        if time.monotonic() > end_s:
            raise TimeoutError(what)
        time.sleep(0.01)
