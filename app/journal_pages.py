"""The journal view's questions, answered off the GUI thread: pages, counts, histograms, saved searches.

Two threads: a page never waits behind a histogram of five years. Every question has a `Watch`; the view cancels what it
no longer wants. `JournalPages` is what the view sees; answers come on the service's threads.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from app.i18n import _
from app.texts import sentence
from storage.commands import PutRecord, RemoveRecord
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.journal import Journal, Registry
from storage.records import Actor
from storage.registry_records import SavedSearch
from storage.search import IncidentQuery, Page, Watch
from storage.worker import Worker

log = logging.getLogger(__name__)

PAGE_ROWS = 200
COUNTED = 20_000
"""A table holds no more; who needs more narrows the filter."""

_WAITING = 64
_WAIT_S = 0.25
_SAVED_TABLE = "saved_searches"


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many incidents were opened in equal parts of a time; empty when there are none at all."""

    from_utc_s: float = 0.0
    to_utc_s: float = 0.0
    counts: tuple[int, ...] = ()


Failed = Callable[[str], None]
"""Told a sentence for the operator; not called for what was cancelled."""


class JournalPages(Protocol):
    """All calls return at once; `done` and `failed` are called on another thread, at most one of them, once."""

    def registry(self) -> Registry:
        """Cached registry."""

    def page(self, query: IncidentQuery, before_id: str | None, done: Callable[[Page], None], failed: Failed) -> Watch:
        """One page of `PAGE_ROWS`."""

    def count(self, query: IncidentQuery, done: Callable[[int], None], failed: Failed) -> Watch:
        """How many, counted up to `COUNTED`."""

    def histogram(self, query: IncidentQuery, parts: int, done: Callable[[Histogram], None], failed: Failed) -> Watch:
        """Of the query's time; where it has no beginning or end, of the journal's."""

    def saved(self, done: Callable[[tuple[SavedSearch, ...]], None], failed: Failed) -> None:
        """The viewer's own saved searches by name."""

    def save(self, search_id: str, name: str, query: IncidentQuery, done: Callable[[], None], failed: Failed) -> None:
        """Keep a search under a name; with the id of one that was there it is replaced, also brought back."""

    def remove(self, search_id: str, done: Callable[[], None], failed: Failed) -> None:
        """Take a saved search out of use."""


class _Lane(Worker):
    """One thread and its questions; the oldest waiting one is cancelled when there are too many."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.dropped = 0
        self._jobs: queue.Queue[tuple[Watch, Callable[[], None]]] = queue.Queue(_WAITING)
        self._at_work: Watch | None = None
        self._lock = threading.Lock()

    def put(self, watch: Watch, job: Callable[[], None]) -> None:
        while True:
            try:
                self._jobs.put_nowait((watch, job))
                return
            except queue.Full:
                self._drop()

    def run(self) -> None:
        """Answer until asked to stop; what waits then is not answered."""
        while not self.stopping.is_set():
            self.beat()
            try:
                watch, job = self._jobs.get(timeout=_WAIT_S)
            except queue.Empty:
                continue
            with self._lock:
                self._at_work = watch
            if not watch.cancelled and not self.stopping.is_set():
                job()
            with self._lock:
                self._at_work = None

    def stop(self) -> None:
        """Ask to stop; the question at work is cancelled."""
        super().stop()
        with self._lock:
            if self._at_work is not None:
                self._at_work.cancel()

    def _drop(self) -> None:
        try:
            watch, _job = self._jobs.get_nowait()
        except queue.Empty:
            return
        watch.cancel()
        self.dropped += 1


class JournalPager:
    """`JournalPages` over a journal, as one person sees it."""

    def __init__(self, journal: Journal, actor: Callable[[], Actor], registry: Callable[[], Registry]) -> None:
        """`actor` is who is signed in now; `registry` returns at once."""
        self._journal, self._actor, self.registry = journal, actor, registry
        self._pages, self._figures = _Lane("journal-pages"), _Lane("journal-figures")
        self.workers: list[Worker] = [self._pages, self._figures]

    def page(self, query: IncidentQuery, before_id: str | None, done: Callable[[Page], None], failed: Failed) -> Watch:
        """See `JournalPages.page`."""
        watch, who = Watch(), self._who()

        def work() -> Page:
            return self._journal.find_incidents(
                query, limit=PAGE_ROWS, before_id=before_id, viewer_id=who().id, watch=watch
            )

        self._pages.put(watch, lambda: _answer(work, done, failed))
        return watch

    def count(self, query: IncidentQuery, done: Callable[[int], None], failed: Failed) -> Watch:
        """See `JournalPages.count`."""
        watch, who = Watch(), self._who()

        def work() -> int:
            return self._journal.count_incidents(query, COUNTED, viewer_id=who().id, watch=watch)

        self._figures.put(watch, lambda: _answer(work, done, failed))
        return watch

    def histogram(self, query: IncidentQuery, parts: int, done: Callable[[Histogram], None], failed: Failed) -> Watch:
        """See `JournalPages.histogram`."""
        watch, who = Watch(), self._who()

        def work() -> Histogram:
            span = self._journal.incident_span()
            if span is None:
                return Histogram()
            low = span[0] if query.from_utc_s is None else query.from_utc_s
            high = span[1] + 1.0 if query.to_utc_s is None else query.to_utc_s
            if high <= low:
                return Histogram()
            counts = self._journal.histogram(query, low, high, parts, viewer_id=who().id, watch=watch)
            return Histogram(low, high, counts)

        self._figures.put(watch, lambda: _answer(work, done, failed))
        return watch

    def saved(self, done: Callable[[tuple[SavedSearch, ...]], None], failed: Failed) -> None:
        """See `JournalPages.saved`."""
        who = self._who()

        def work() -> tuple[SavedSearch, ...]:
            viewer_id = who().id
            own = [s for s in self._journal.registry().saved_searches if s.operator_id == viewer_id]
            return tuple(sorted(own, key=lambda s: s.name.casefold()))

        self._figures.put(Watch(), lambda: _answer(work, done, failed))

    def save(self, search_id: str, name: str, query: IncidentQuery, done: Callable[[], None], failed: Failed) -> None:
        """See `JournalPages.save`."""
        who = self._who()

        def work() -> object:
            record = SavedSearch(search_id, who().id, name, query.to_json())
            return self._journal.apply(PutRecord(record), who())

        self._change(work, done, failed)

    def remove(self, search_id: str, done: Callable[[], None], failed: Failed) -> None:
        """See `JournalPages.remove`."""
        who = self._who()
        self._change(lambda: self._journal.apply(RemoveRecord(_SAVED_TABLE, search_id), who()), done, failed)

    def _who(self) -> Callable[[], Actor]:
        """Who sits here at this moment; why nobody may act is the question's answer, not the asking view's error."""
        try:
            actor = self._actor()
        except WatchfloorError as error:
            return partial(_refuse, error)
        return lambda: actor

    def _change(self, work: Callable[[], object], done: Callable[[], None], failed: Failed) -> None:
        self._pages.put(Watch(), lambda: _answer(work, lambda _receipt: done(), failed))


def _refuse(error: WatchfloorError) -> Actor:
    raise error


def _answer(work: Callable[[], object], done: Callable[..., None], failed: Failed) -> None:
    """Run on a lane's thread; a failure of one question never ends the lane."""
    try:
        result = work()
    except WatchfloorError as error:
        if not (isinstance(error, StorageError) and error.code is StorageCode.CANCELLED):
            failed(sentence(error))
    except Exception:
        log.exception("a question to the journal failed")
        failed(_("This did not work: a fault in the program, noted in the log."))
    else:
        done(result)
