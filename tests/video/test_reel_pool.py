"""Jobs are served in turn; one that fails harms nobody else."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from video import reel_pool
from video.convert import Scalers
from video.reel_pool import ReelPool


class Turns:
    """A job that raises what a decoder's own code might, until it is well."""

    def __init__(self, fails: int = 0) -> None:
        self.fails, self.turns = fails, 0
        self.served, self.closed = threading.Event(), threading.Event()

    def turn(self, _scalers: Scalers) -> float | None:
        self.turns += 1
        if self.turns <= self.fails:
            raise RuntimeError("nobody thought of it")
        self.served.set()
        return time.monotonic() + 60.0

    def close(self) -> None:
        self.closed.set()


@pytest.fixture
def pool() -> Iterator[ReelPool]:
    pool = ReelPool("reels", threads=1)
    for worker in pool.workers:
        worker.start()
    yield pool
    pool.stop()
    for worker in pool.workers:
        assert worker.join(30)


def test_a_job_that_fails_takes_no_thread_with_it(
    pool: ReelPool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(reel_pool, "_FAILED_S", 0.01)
    bad, good = Turns(fails=2), Turns()
    pool.add(bad)
    pool.add(good)
    assert good.served.wait(30)
    assert bad.served.wait(30)
    assert bad.turns == 3
    assert "nobody thought of it" in caplog.text
    pool.remove(bad)
    assert bad.closed.wait(30)
