"""RTSP servers of the demo: child processes around PyPI's aio-rtsp-toolkit, and the workers that own them.

`python -m video.demo_server --port P --control-port C --clip NAME=PATH ...` serves `rtsp://127.0.0.1:P/NAME` (TCP),
says `ready P` on standard output and ends when its standard input ends: it cannot outlive its parent. Every client
gets its own playback from the clip's first picture, looped for ever with growing time stamps.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from storage.worker import Worker

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
_BEAT_S = 0.1
_FAREWELL_S = 1.5
_PROBE_TIMEOUT_S = 0.2
_HELD_CALLERS = 32
# Below the range from which Linux takes the ports of outgoing connections (32768 and up): a client that knocks at a
# dead server's port must not be given that very port as its own, and nobody else may get it while the server is down.
_PORTS = range(20_000, 32_000)


def free_ports(wanted: int) -> tuple[int, ...]:
    """Different loopback ports on which nobody listens now."""
    found: list[int] = []
    candidates = random.sample(_PORTS, len(_PORTS))
    for port in candidates:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            found.append(port)
        if len(found) == wanted:
            return tuple(found)
    raise OSError("no free loopback port")


class DemoServer(Worker):
    """Owns one server process: starts it, starts it again when it dies, takes it along when it stops.

    `kill()` and `revive()` may be called from any thread; in between the address is dead."""

    def __init__(self, name: str, clips: Mapping[str, Path], port: int, control_port: int) -> None:
        super().__init__(name)
        self.port = port
        self.starts = 0
        self.ready = threading.Event()
        self._clips = dict(clips)
        self._control_port = control_port
        self._wanted = threading.Event()
        self._wanted.set()
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, clip: str) -> str:
        """The address of one clip."""
        if clip not in self._clips:
            raise KeyError(clip)
        return f"rtsp://{HOST}:{self.port}/{clip}"

    @property
    def pid(self) -> int | None:
        """The living child's process id."""
        with self._lock:
            return self._process.pid if self._process and self._process.poll() is None else None

    def kill(self) -> None:
        """Kill the process (SIGKILL) and leave it dead until `revive()`."""
        self._wanted.clear()
        self.ready.clear()
        with self._lock:
            if self._process is not None:
                self._process.kill()

    def revive(self) -> None:
        """Start the server again on the same ports."""
        self._wanted.set()
        self._wake.set()

    def stop(self) -> None:
        """Ask to stop; the child goes when the worker's loop ends."""
        super().stop()
        self._wake.set()

    def run(self) -> None:
        """Watch the child ten times a second."""
        try:
            while not self.stopping.is_set():
                self.beat()
                self._look_after()
                self._wake.wait(_BEAT_S)
                self._wake.clear()
        finally:
            self.ready.clear()
            self._end()

    def _look_after(self) -> None:
        with self._lock:
            dead = self._process is None or self._process.poll() is not None
        if dead:
            self.ready.clear()
            self._end()
            if self._wanted.is_set():
                self._start()
        elif not self._wanted.is_set():
            self.kill()  # it was started while `kill()` was called
        elif not self.ready.is_set() and _answers(self.port):
            self.ready.set()

    def _start(self) -> None:
        command = [sys.executable, "-m", "video.demo_server", "--port", str(self.port)]
        command += ["--control-port", str(self._control_port)]
        for name, path in self._clips.items():
            command += ["--clip", f"{name}={path}"]
        root = str(Path(__file__).resolve().parents[1])
        search = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        environment = {**os.environ, "PYTHONPATH": search}
        with self._lock:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment)
        self.starts += 1

    def _end(self) -> None:
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(_FAREWELL_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class MuteListener(Worker):
    """An address that takes every call and never says a word: a camera whose firmware hangs."""

    def __init__(self, port: int) -> None:
        super().__init__("mute-listener")
        self.port = port
        self.calls = 0
        self.ready = threading.Event()

    @property
    def url(self) -> str:
        """The address."""
        return f"rtsp://{HOST}:{self.port}/mute"

    def run(self) -> None:
        """Accept and hold the newest callers."""
        held: deque[socket.socket] = deque()
        with socket.create_server((HOST, self.port)) as listener:
            listener.settimeout(0.25)
            self.ready.set()
            while not self.stopping.is_set():
                self.beat()
                with contextlib.suppress(TimeoutError):
                    held.append(listener.accept()[0])
                    self.calls += 1
                if len(held) > _HELD_CALLERS:
                    held.popleft().close()
            for caller in held:
                caller.close()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), timeout=_PROBE_TIMEOUT_S):
            return True
    except OSError:
        return False


async def _serve(port: int, control_port: int, clips: Mapping[str, Path]) -> None:
    from video.demo_stream import ClipServer  # the toolkit is for the child process only

    server = ClipServer(HOST, port, control_port, clips)
    await server.start()
    sys.stdout.write(f"ready {port}\n")
    sys.stdout.flush()
    end = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait_for_parent() -> None:
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(end.set)

    threading.Thread(target=wait_for_parent, name="parent", daemon=True).start()
    await end.wait()
    # Open clients keep their coroutines busy; there is nothing to save, so none of them is cancelled or waited for.
    os._exit(0)


def main(arguments: Sequence[str] | None = None) -> int:
    """The child's entry: serve until standard input ends."""
    parser = argparse.ArgumentParser(prog="video.demo_server", description="Serve clips over RTSP on loopback.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--control-port", type=int, required=True)
    parser.add_argument("--clip", action="append", required=True, metavar="NAME=PATH")
    options = parser.parse_args(arguments)
    # Ctrl-C in a terminal reaches the whole process group; the parent decides when this process ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING)
    named = (clip.partition("=") for clip in options.clip)
    asyncio.run(_serve(options.port, options.control_port, {name: Path(path) for name, _, path in named}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
