"""The searches of one seat: one worker thread, one search at a time, the newest wins. See `app.footage_search`.

Every search is written into the journal, with its case or reason, before anything of it is given; what is found of a
camera that who sits here may not see is never given, and a search ends when somebody else sits down. It is nice to what
is live: after each picture that it decoded it rests for a share of the time that this took.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.archive import Archive
from app.camera_rights import seen_by
from app.errors import AppCode, AppError
from app.footage_finders import Finders
from app.footage_search import DRAWN, LONGEST_S, MOST_MOMENTS, FootageQuery, FoundMoment, SearchNews, SearchState
from app.moment_pictures import MomentPictures, cover_of
from app.texts import sentence
from storage.errors import WatchfloorError
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind
from storage.records import Actor
from storage.worker import Worker
from video.footage import Footage

log = logging.getLogger(__name__)

_REST_SHARE = 0.25
_LONGEST_REST_S = 0.1
_WAIT_S = 0.5
_MOST_NAMED = 16
"""A search of the events of more cameras is written down once, as one of all of them."""
_CASE = re.compile(r"\d{4}-\d{6,}")
_POINT = "{:.3f},{:.3f}"


class FootageRun:
    """One search: what came of it and is not taken yet. Any thread. `may` is asked again when a moment is taken."""

    def __init__(self, query: FootageQuery, may: Callable[[FoundMoment], bool] = lambda _moment: True) -> None:
        self.query, self._may = query, may
        self.ended = threading.Event()
        self._lock = threading.Lock()
        self._moments: list[FoundMoment] = []
        self._news = SearchNews()

    def take(self) -> SearchNews:
        """See `SearchRun`."""
        with self._lock:
            moments, self._moments = self._moments, []
            news = self._news
        return replace(news, moments=tuple(moment for moment in moments if self._may(moment)))

    def cancel(self) -> None:
        """See `SearchRun`."""
        self.end(SearchState.CANCELLED)

    def add(self, moment: FoundMoment) -> None:
        """One more; none after its end."""
        with self._lock:
            if not self.ended.is_set():
                self._moments.append(moment)

    def tell(self, share: float) -> None:
        """How far it is."""
        with self._lock:
            self._news = replace(self._news, share=share)

    def end(self, state: SearchState, text: str = "") -> None:
        """The first end counts; what was not taken of a cancelled one is gone."""
        with self._lock:
            if self.ended.is_set():
                return
            self.ended.set()
            done = state in (SearchState.DONE, SearchState.FULL)
            self._news = SearchNews(share=1.0 if done else self._news.share, state=state, sentence=text)
            if state is SearchState.CANCELLED:
                self._moments.clear()


@dataclass(slots=True)
class _Order:
    run: FootageRun
    actor: Actor
    rested_s: float = field(default_factory=time.monotonic)


class FootageSearcher(Worker):
    """`app.footage_search.FootageSearchDesk` over an archive. `actor` says who sits here, or raises why nobody may act;
    `sits` is the id of who sits here now."""

    def __init__(
        self, archive: Archive, footage: Footage, tracks: Path, actor: Callable[[], Actor], sits: Callable[[], str]
    ) -> None:
        super().__init__("footage-search")
        self._archive, self._actor, self._sits = archive, actor, sits
        self._finders = Finders(archive, footage, tracks)
        self._pictures = MomentPictures(footage, lambda: archive.registry)
        self._orders = threading.Condition()
        self._next: _Order | None = None
        self._current: FootageRun | None = None

    def begin(self, query: FootageQuery) -> FootageRun:
        """See `FootageSearchDesk`."""
        try:
            actor = self._actor()
        except WatchfloorError as error:
            run = FootageRun(query)
            run.end(SearchState.REFUSED, sentence(error))
            return run
        run = FootageRun(query, lambda moment: self._sits() == actor.id and self._may_see(actor.id, moment.camera_id))
        order = _Order(run, actor)
        with self._orders:
            before = (self._current, self._next.run if self._next is not None else None)
            self._next = order
            self._orders.notify()
        for one in before:
            if one is not None:
                one.cancel()
        return run

    def run(self) -> None:
        """Search by search."""
        while not self.stopping.is_set():
            self.beat()
            with self._orders:
                if self._next is None:
                    self._orders.wait(_WAIT_S)
                order, self._next = self._next, None
                self._current = order.run if order is not None else None
            if order is not None and not order.run.ended.is_set():
                self._answer(order)

    def stop(self) -> None:
        """Ask to stop; the search at work is cancelled."""
        super().stop()
        with self._orders:
            current, waiting = self._current, self._next
            self._orders.notify()
        for run in (current, waiting.run if waiting is not None else None):
            if run is not None:
                run.cancel()

    def _answer(self, order: _Order) -> None:
        """A search that fails ends alone."""
        try:
            full = self._search(order)
        except WatchfloorError as error:
            order.run.end(SearchState.REFUSED, sentence(error))
        except Exception:
            log.exception("a search in recordings failed")
            order.run.end(SearchState.REFUSED, sentence(AppError(AppCode.INTERNAL)))
        else:
            order.run.end(SearchState.FULL if full else SearchState.DONE)

    def _search(self, order: _Order) -> bool:
        """Whether there is more than may be given."""
        run = order.run
        run.query = query = self._permitted(run.query, order.actor)
        self._write_down(query, order.actor)
        given = 0
        with closing(self._finders.moments(query, order.actor.id, lambda share: self._go_on(order, share))) as moments:
            for moment in moments:
                if run.ended.is_set():
                    return False
                if not self._may_see(order.actor.id, moment.camera_id):
                    continue
                if given == MOST_MOMENTS:
                    return True
                run.add(self._pictured(moment, query, run))
                given += 1
        return False

    def _permitted(self, query: FootageQuery, actor: Actor) -> FootageQuery:
        """The query with the cameras that may be searched. Raises AppError: SEARCH_RANGE, SEARCH_CAMERA."""
        if not 0.0 < query.to_utc_s - query.from_utc_s <= LONGEST_S:
            raise AppError(AppCode.SEARCH_RANGE)
        seen = seen_by(self._archive.registry, actor.id)
        known = [c.id for c in self._archive.registry.cameras if seen is None or c.id in seen]
        wanted = tuple(c for c in known if c in query.camera_ids or not query.camera_ids)
        if not wanted or (query.kind in DRAWN and len(wanted) != 1):
            raise AppError(AppCode.SEARCH_CAMERA)
        return replace(query, camera_ids=wanted)

    def _write_down(self, query: FootageQuery, actor: Actor) -> None:
        """Raises StorageError: NO_REASON, NOT_PERMITTED, NOT_FOUND (no such case)."""
        ground = " ".join(query.ground.split())
        incident_id = None
        if _CASE.fullmatch(ground):
            incident_id = self._archive.journal.incident_file(ground, viewer_id=actor.id).incident.id
        cameras: tuple[str | None, ...] = query.camera_ids
        if len(cameras) > _MOST_NAMED:
            cameras = (None,)
        for camera_id in cameras:
            access = RecordAccess(
                AccessKind.SEARCH,
                "" if incident_id is not None else ground,
                camera_id,
                incident_id,
                query.from_utc_s,
                query.to_utc_s,
                _detail(query),
            )
            self._archive.journal.apply(access, actor)

    def _pictured(self, moment: FoundMoment, query: FootageQuery, run: FootageRun) -> FoundMoment:
        pictures = self._pictures.of(
            moment.camera_id, moment.from_utc_s, moment.to_utc_s, run.ended.is_set, near=query.thorough
        )
        return replace(moment, pictures=pictures, cover=cover_of(pictures, moment.utc_s))

    def _may_see(self, operator_id: str, camera_id: str) -> bool:
        seen = seen_by(self._archive.registry, operator_id)
        return seen is None or camera_id in seen

    def _go_on(self, order: _Order, share: float) -> bool:
        """Between two pictures: rest, and see whether it is still wanted by who asked."""
        self.beat()
        run = order.run
        run.tell(share)
        if self._sits() != order.actor.id:
            run.cancel()
        worked_s = time.monotonic() - order.rested_s
        run.ended.wait(min(worked_s * _REST_SHARE, _LONGEST_REST_S))
        order.rested_s = time.monotonic()
        return not run.ended.is_set()


def _detail(query: FootageQuery) -> str:
    """What was looked for, in the words of the journal."""
    parts = [query.kind.value, *query.event_kinds, *query.labels, query.direction]
    parts += [_POINT.format(*point) for point in query.points]
    return " ".join(part for part in parts if part)
