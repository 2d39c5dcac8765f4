from __future__ import annotations

import threading

import pytest

from storage.worker import Supervisor, Worker
from tests.conftest import wait_until


class Patient(Worker):
    """Runs until asked to stop."""

    def __init__(self, name: str = "patient") -> None:
        super().__init__(name)
        self.runs = 0

    def run(self) -> None:
        self.runs += 1
        self.stopping.wait()


class Dying(Worker):
    """Dies as often as told, then runs on."""

    def __init__(self, deaths: int) -> None:
        super().__init__("dying")
        self.deaths = deaths
        self.runs = 0

    def run(self) -> None:
        self.runs += 1
        if self.runs <= self.deaths:
            raise RuntimeError("a bug")
        self.stopping.wait()


class Deaf(Worker):
    """Does not listen to stop until released."""

    def __init__(self) -> None:
        super().__init__("deaf")
        self.release = threading.Event()

    def run(self) -> None:
        self.release.wait()


def test_a_worker_runs_until_it_is_asked_to_stop() -> None:
    worker = Patient()
    assert not worker.alive
    worker.start()
    assert worker.alive
    with pytest.raises(RuntimeError):
        worker.start()
    worker.stop()
    assert worker.join(30.0)
    assert not worker.alive


def test_a_worker_that_never_started_joins_at_once() -> None:
    assert Patient().join(0)


def test_the_supervisor_restarts_what_died(caplog: pytest.LogCaptureFixture) -> None:
    supervisor = Supervisor(first_pause_s=0.0)
    worker = Dying(deaths=2)
    supervisor.start()
    supervisor.add(worker)
    try:
        wait_until(lambda: worker.runs == 3 and worker.alive, 5)
    finally:
        assert supervisor.shutdown(2) == []
    assert worker.failures == 2
    assert "a bug" in caplog.text


def test_restarts_wait_longer_each_time() -> None:
    now = [0.0]
    supervisor = Supervisor(clock=lambda: now[0], first_pause_s=1.0)
    worker = Dying(deaths=2)
    supervisor.add(worker)
    assert worker.join(30.0)
    supervisor.restart_dead()
    assert worker.runs == 1
    now[0] = 1.0
    supervisor.restart_dead()
    assert worker.join(30.0)
    assert worker.runs == 2
    supervisor.restart_dead()
    now[0] = 2.5
    supervisor.restart_dead()
    assert worker.runs == 2
    now[0] = 3.0
    supervisor.restart_dead()
    wait_until(lambda: worker.runs == 3)
    assert supervisor.shutdown(2) == []


def test_a_stopped_worker_is_not_restarted() -> None:
    supervisor = Supervisor(first_pause_s=0.0)
    worker = Patient()
    supervisor.add(worker)
    assert supervisor.remove(worker, 2)
    supervisor.restart_dead()
    assert worker.runs == 1


def test_who_misses_the_deadline_is_named_with_its_stack() -> None:
    supervisor = Supervisor()
    worker = Deaf()
    supervisor.start()
    supervisor.add(worker)
    late = supervisor.shutdown(0.2)
    worker.release.set()
    assert worker.join(30.0)
    assert [entry.name for entry in late] == ["deaf"]
    assert "release.wait" in late[0].stack


def test_a_day_of_deaths_does_not_end_the_supervisor() -> None:
    now = [0.0]
    supervisor = Supervisor(clock=lambda: now[0])
    worker = Dying(deaths=1)
    supervisor.add(worker)
    assert worker.join(30.0)
    worker.failures = 5000
    supervisor.restart_dead()
    now[0] = 30.0
    supervisor.restart_dead()
    wait_until(lambda: worker.runs == 2)
    assert supervisor.shutdown(2) == []


def test_a_worker_that_held_for_long_begins_its_pauses_anew() -> None:
    worker = Dying(deaths=2)
    worker.failures = 7
    worker.start()
    assert worker.join(30.0)
    assert worker.failures == 8
    worker.start = lambda: None  # type: ignore[method-assign] # as if it had been started long ago
    worker._started_s -= 3600
    worker._guarded()
    assert worker.failures == 1


def test_a_worker_that_cannot_be_started_leaves_the_others_alive(caplog: pytest.LogCaptureFixture) -> None:
    class Refused(Dying):
        def start(self) -> None:
            if self.runs:
                raise RuntimeError("can't start new thread")
            super().start()

    supervisor = Supervisor(first_pause_s=0.0)
    refused, other = Refused(deaths=1), Dying(deaths=1)
    for worker in (refused, other):
        supervisor.add(worker)
        assert worker.join(30.0)
    supervisor.restart_dead()
    wait_until(lambda: other.runs == 2)
    assert refused.failures == 2
    assert "can't start new thread" in caplog.text
    assert supervisor.shutdown(2) == []


class Slow(Patient):
    """Takes its time to start, as on a machine that is busy."""

    def __init__(self) -> None:
        super().__init__()
        self.starting, self.go_on = threading.Event(), threading.Event()
        self.starts = 0

    def start(self) -> None:
        self.starts += 1
        self.starting.set()
        assert self.go_on.wait(30.0)
        super().start()


def test_a_worker_that_is_slow_to_start_is_not_started_twice(caplog: pytest.LogCaptureFixture) -> None:
    now_s = [0.0]
    supervisor, worker = Supervisor(clock=lambda: now_s[0]), Slow()
    adding = threading.Thread(target=supervisor.add, args=(worker,))
    adding.start()
    assert worker.starting.wait(30.0)
    for _look in range(3):
        supervisor.restart_dead()
        now_s[0] += 100.0
    worker.go_on.set()
    adding.join(30.0)
    supervisor.restart_dead()
    assert worker.starts == 1
    assert not caplog.records
    assert supervisor.shutdown(30.0) == []


def test_a_worker_that_is_removed_while_it_starts_is_not_owned_afterwards() -> None:
    supervisor, worker = Supervisor(), Slow()
    adding = threading.Thread(target=supervisor.add, args=(worker,))
    adding.start()
    assert worker.starting.wait(30.0)
    assert supervisor.remove(worker, 0.0)
    worker.go_on.set()
    adding.join(30.0)
    assert worker.join(30.0)
    assert supervisor.shutdown(30.0) == []
    assert supervisor._workers == []
