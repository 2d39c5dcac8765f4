from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial

import pytest

from app.tasks import Tasks
from tests.conftest import running, wait_until


@pytest.fixture
def tasks() -> Iterator[Tasks]:
    pool = Tasks(threads=2, limit=2)
    with running(pool.workers):
        yield pool


def test_work_is_done_elsewhere_and_its_result_comes_back(tasks: Tasks) -> None:
    seen: list[tuple[int, bool]] = []
    here = threading.get_ident()
    assert tasks.submit(lambda: 7, lambda result: seen.append((result, threading.get_ident() == here)))
    wait_until(lambda: seen == [(7, False)])


def test_a_failure_is_handed_over_and_the_thread_lives_on(tasks: Tasks) -> None:
    failures: list[Exception] = []
    done: list[int] = []

    def fail() -> int:
        raise ValueError("no")

    assert tasks.submit(fail, failed=failures.append)
    wait_until(lambda: len(failures) == 1)
    assert tasks.submit(lambda: 1, done.append)
    wait_until(lambda: done == [1])


def test_a_failure_nobody_asked_for_is_logged(tasks: Tasks, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ValueError("unheard")

    assert tasks.submit(fail)
    wait_until(lambda: "unheard" in caplog.text)


def test_a_full_queue_refuses_and_counts(tasks: Tasks) -> None:
    gate = threading.Event()
    try:
        results = [tasks.submit(gate.wait) for _ in range(10)]
        assert not all(results)
        assert tasks.refused == results.count(False)
    finally:
        gate.set()


def test_long_work_leaves_a_thread_for_what_an_operator_does(tasks: Tasks) -> None:
    gate, begun, short, done = threading.Event(), list[int](), list[int](), list[int]()

    def long(number: int) -> int:
        begun.append(number)
        gate.wait(20)
        return number

    try:
        assert all(tasks.submit(partial(long, n), done.append, long=True) for n in range(3))
        assert tasks.submit(lambda: 1, short.append)
        wait_until(lambda: short == [1])
        assert len(begun) <= 1
    finally:
        gate.set()
    wait_until(lambda: done == [0, 1, 2])
    assert tasks.submit(lambda: 3, done.append, long=True), "the place was given back"
    wait_until(lambda: done == [0, 1, 2, 3])


def test_too_much_long_work_is_refused_and_counted(tasks: Tasks) -> None:
    gate = threading.Event()
    try:
        results = [tasks.submit(gate.wait, long=True) for _ in range(5)]
        assert results == [True, True, True, False, False]
        assert tasks.refused == 2
    finally:
        gate.set()


@pytest.mark.parametrize("long", [False, True])
def test_an_answer_that_fails_itself_costs_no_thread_and_no_place(tasks: Tasks, *, long: bool) -> None:
    def broken(*_anything: object) -> None:
        raise RuntimeError("the view is gone")

    done: list[int] = []
    assert all(tasks.submit(lambda: 1, broken, broken, long=long) for _ in tasks.workers)
    wait_until(lambda: tasks.submit(lambda: 2, done.append, long=long) and 2 in done)
    assert all(worker.alive for worker in tasks.workers)


def test_accepted_work_is_finished_before_the_threads_end() -> None:
    pool = Tasks(threads=1, limit=8)
    done: list[int] = []
    for number in range(5):
        assert pool.submit(partial(int, number), done.append)
    pool.workers[0].stop()
    pool.workers[0].start()
    assert pool.workers[0].join(30.0)
    assert done == [0, 1, 2, 3, 4]


def test_work_after_the_end_was_asked_for_is_refused_and_not_lost_silently() -> None:
    tasks = Tasks(threads=1)
    for worker in tasks.workers:
        worker.stop()
    assert not tasks.submit(lambda: None)
    assert tasks.refused == 1
