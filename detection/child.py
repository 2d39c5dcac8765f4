"""The parent's handle on one detection process: start, send, receive, end. No policy; see `detection.worker`.

Two threads carry the pipes, so that neither a hung child nor a full pipe ever blocks the caller.
"""

from __future__ import annotations

import logging
import pickle
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from detection.messages import Message, read_message, write_message

log = logging.getLogger(__name__)

COMMAND = (sys.executable, "-m", "detection.process")
_ROOT = Path(__file__).resolve().parent.parent
_WAITING_ORDERS = 64
_WAITING_RESULTS = 256
_REAP_S = 2.0
"""A killed process is gone at once, but a busy machine may take its time to say so."""


class ChildProcess:
    """One detection process. Made, used and ended by one thread."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        # A group of its own keeps the terminal's Ctrl+C away; the parent's session keeps the niceness worth something:
        # Linux's autogroup weighs sessions against each other first, and niceness within a session only.
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT, process_group=0
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the detection process has no pipes")
        self.pid = self._process.pid
        self._orders: queue.Queue[Message | None] = queue.Queue(_WAITING_ORDERS)
        self._results: queue.Queue[Message | None] = queue.Queue(_WAITING_RESULTS)
        self._ended = threading.Event()
        self._threads = (
            threading.Thread(target=self._write, args=(self._process.stdin,), name="detection-orders", daemon=True),
            threading.Thread(target=self._read, args=(self._process.stdout,), name="detection-results", daemon=True),
        )
        for thread in self._threads:
            thread.start()

    def send(self, message: Message) -> bool:
        """Order something; False when the child does not take orders any more."""
        try:
            self._orders.put_nowait(message)
        except queue.Full:
            return False
        return True

    def receive(self, timeout_s: float) -> Message | None:
        """The next result; None when none came in time or the child has gone (see `gone`)."""
        try:
            return self._results.get(timeout=timeout_s)
        except queue.Empty:
            return None

    @property
    def gone(self) -> bool:
        """Whether the child has ended and everything that it sent has been received."""
        return self._ended.is_set() and self._results.empty()

    def end(self, deadline_s: float) -> None:
        """Close the child's input, wait, then terminate, then kill; gives up unread results. Safe to call twice."""
        end_s = time.monotonic() + deadline_s
        self._queue_end()
        for ask in (None, self._process.terminate):
            if ask is not None:
                ask()
            if self._wait(max((end_s - time.monotonic()) / 2, 0.1)):
                break
        else:
            self._process.kill()
            self._wait(_REAP_S)
        self._ended.set()
        self._drain()
        for thread in self._threads:
            thread.join(1.0)

    def kill(self) -> None:
        """End a child that does not answer."""
        self._process.kill()

    def _queue_end(self) -> None:
        try:
            self._orders.put_nowait(None)
        except queue.Full:
            self._process.kill()

    def _wait(self, timeout_s: float) -> bool:
        end_s = time.monotonic() + timeout_s
        while time.monotonic() < end_s:
            self._drain()
            try:
                self._process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
            return True
        return False

    def _drain(self) -> None:
        """Make room, so that the reading thread can see the end of the pipe."""
        while not self._results.empty():
            self._results.get_nowait()

    def _write(self, stream: BinaryIO) -> None:
        try:
            with stream:
                message = self._orders.get()
                while message is not None:
                    write_message(stream, message)
                    message = self._orders.get()
        except OSError:
            log.debug("the detection process takes no orders any more")

    def _read(self, stream: BinaryIO) -> None:
        try:
            with stream:
                message = read_message(stream)
                while message is not None:
                    self._results.put(message)
                    message = read_message(stream)
        except pickle.UnpicklingError:
            log.exception("the detection process sent something else than a message")
            self._process.kill()
        self._ended.set()
        self._queue_end()
