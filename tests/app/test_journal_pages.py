"""The journal view's questions: answered elsewhere, cancellable, one failure never ends the service."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.errors import AppCode, AppError
from app.journal_pages import PAGE_ROWS, Histogram, JournalPager
from app.texts import sentence
from storage.embedded_journal import EmbeddedJournal, open_journal
from storage.errors import StorageCode, StorageError
from storage.records import Actor, new_id
from storage.search import IncidentQuery, Page
from tests.conftest import running, wait_until
from tests.storage.incident_rows import OPENED_UTC_S, many, put_incidents
from tests.storage.site import OPERATOR, add_people


class Answers:
    """What came, and on which thread."""

    def __init__(self) -> None:
        self.got: queue.Queue[Any] = queue.Queue()
        self.thread = 0

    def __call__(self, *values: object) -> None:
        self.thread = threading.get_ident()
        self.got.put(values[0] if values else None)

    def next(self) -> Any:
        return self.got.get(timeout=60)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[EmbeddedJournal]:
    path = tmp_path / "journal.db"
    with contextlib.closing(open_journal(path)) as opened:
        add_people(opened)
        put_incidents(path, many(PAGE_ROWS + 30))
        yield opened


class Seat:
    """Who sits there may change."""

    def __init__(self) -> None:
        self.actor = OPERATOR


@pytest.fixture
def seat() -> Seat:
    return Seat()


@pytest.fixture
def pager(journal: EmbeddedJournal, seat: Seat) -> Iterator[JournalPager]:
    made = JournalPager(journal, lambda: seat.actor, journal.registry)
    with running(made.workers):
        yield made


def test_pages_counts_and_histograms_come_from_another_thread(pager: JournalPager) -> None:
    done, failed = Answers(), Answers()
    pager.page(IncidentQuery(), None, done, failed)
    page: Page = done.next()
    assert len(page.incidents) == PAGE_ROWS
    assert done.thread != threading.get_ident()
    pager.page(IncidentQuery(), page.next_id, done, failed)
    rest: Page = done.next()
    hidden = sum(i.restricted and i.owner_id == "operator-2" for i in many(PAGE_ROWS + 30))
    assert len(page.incidents) + len(rest.incidents) == PAGE_ROWS + 30 - hidden
    pager.count(IncidentQuery(), done, failed)
    assert done.next() == PAGE_ROWS + 30 - hidden
    pager.histogram(IncidentQuery(), 10, done, failed)
    histogram: Histogram = done.next()
    assert (len(histogram.counts), sum(histogram.counts)) == (10, PAGE_ROWS + 30 - hidden)
    assert histogram.from_utc_s == OPENED_UTC_S
    assert failed.got.empty()


def test_a_time_without_length_has_no_histogram(pager: JournalPager) -> None:
    done = Answers()
    pager.histogram(IncidentQuery(from_utc_s=5.0, to_utc_s=5.0), 10, done, Answers())
    assert done.next() == Histogram()


def test_what_was_cancelled_is_not_answered(journal: EmbeddedJournal) -> None:
    pager = JournalPager(journal, lambda: OPERATOR, journal.registry)
    called_off, wanted = Answers(), Answers()
    pager.page(IncidentQuery(), None, called_off, called_off).cancel()
    pager.page(IncidentQuery(), None, wanted, wanted)
    pager.workers[0].start()
    assert isinstance(wanted.next(), Page)
    assert called_off.got.empty()
    pager.workers[0].stop()
    assert pager.workers[0].join(30.0)


def test_too_many_questions_cancel_the_oldest(journal: EmbeddedJournal) -> None:
    pager = JournalPager(journal, lambda: OPERATOR, journal.registry)
    watches = [pager.page(IncidentQuery(), None, Answers(), Answers()) for _ in range(70)]
    assert [w.cancelled for w in watches] == [True] * 6 + [False] * 64


def test_a_failure_is_told_as_a_sentence_and_the_next_question_is_answered(
    journal: EmbeddedJournal, pager: JournalPager, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failed = Answers()

    def refuse(*_values: object, **_named: object) -> Page:
        raise StorageError(StorageCode.BUSY)

    def break_down(*_values: object, **_named: object) -> Page:
        raise ZeroDivisionError

    for broken in (refuse, break_down):
        with monkeypatch.context() as patch:
            patch.setattr(journal, "find_incidents", broken)
            pager.page(IncidentQuery(), None, Answers(), failed)
            assert failed.next().endswith(".")
    assert "ZeroDivisionError" in caplog.text
    done = Answers()
    pager.page(IncidentQuery(), None, done, failed)
    assert done.next().incidents


def test_stopping_cancels_the_question_at_work(journal: EmbeddedJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    pager = JournalPager(journal, lambda: OPERATOR, journal.registry)
    at_work = threading.Event()

    def slow(*_values: object, watch: Any, **_named: object) -> Page:
        at_work.set()
        wait_until(lambda: bool(watch.cancelled))
        raise StorageError(StorageCode.CANCELLED)

    monkeypatch.setattr(journal, "find_incidents", slow)
    failed = Answers()
    pager.workers[0].start()
    pager.page(IncidentQuery(), None, Answers(), failed)
    assert at_work.wait(30)
    pager.workers[0].stop()
    assert pager.workers[0].join(30.0)
    assert failed.got.empty()


def test_saved_searches_are_everybodys_own(pager: JournalPager, seat: Seat) -> None:
    done, failed = Answers(), Answers()
    mine, query = new_id(), IncidentQuery(text="нож", open_only=True)
    pager.save(mine, "Ножи", query, done, failed)
    done.next()
    pager.saved(done, failed)
    (kept,) = done.next()
    assert (kept.id, kept.name, IncidentQuery.from_json(kept.query)) == (mine, "Ножи", query)
    seat.actor = Actor("supervisor-1")
    pager.saved(done, failed)
    assert done.next() == ()
    pager.remove(mine, done, failed)
    assert failed.next()
    pager.save(mine, "Taken over", query, done, failed)
    assert failed.next()
    seat.actor = OPERATOR
    pager.remove(mine, done, failed)
    done.next()
    pager.saved(done, failed)
    assert done.next() == ()
    pager.save(mine, "Ножи", query, done, failed)
    done.next()
    pager.saved(done, failed)
    assert done.next() == (replace(kept, name="Ножи"),)


def test_where_nobody_may_act_every_question_is_answered_with_a_sentence(journal: EmbeddedJournal) -> None:
    def nobody() -> Actor:
        raise AppError(AppCode.SEAT_LOCKED)

    pager = JournalPager(journal, nobody, journal.registry)
    for worker in pager.workers:
        worker.start()
    done, failed = Answers(), Answers()
    try:
        pager.page(IncidentQuery(), None, done, failed)
        pager.count(IncidentQuery(), done, failed)
        pager.histogram(IncidentQuery(), 10, done, failed)
        pager.saved(done, failed)
        pager.save(new_id(), "Mine", IncidentQuery(), done, failed)
        pager.remove("s1", done, failed)
        told = {failed.next() for _question in range(6)}
    finally:
        for worker in pager.workers:
            worker.stop()
            assert worker.join(30.0)
    assert told == {sentence(AppError(AppCode.SEAT_LOCKED))}
    assert done.got.empty()
