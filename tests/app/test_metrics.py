"""The usage meter: one reading at a time, whoever asks."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from app.metrics import UsageMeter


def test_readings_of_two_threads_do_not_mix(monkeypatch: pytest.MonkeyPatch) -> None:
    meter = UsageMeter()
    own: Any = meter._own
    inside: list[int] = []
    most: list[int] = []
    first, go_on = threading.Event(), threading.Event()

    class Slow:
        def cpu_times(self) -> object:
            inside.append(1)
            most.append(len(inside))
            first.set()
            assert go_on.wait(30)
            inside.pop()
            return own.cpu_times()

        def memory_info(self) -> object:
            return own.memory_info()

    monkeypatch.setattr(meter, "_own", Slow())
    threads = [threading.Thread(target=meter.read, args=((),)) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert first.wait(30)
    threads[1].join(0.1)  # time enough to come in where nothing holds it
    go_on.set()
    for thread in threads:
        thread.join(30)
    assert most == [1, 1]
