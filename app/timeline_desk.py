"""The timeline's questions answered over recordings index, journal and stored tracks, on a thread of its own.

Who sits here is asked when the question comes and again before the answer is given: what they may not see is not read.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from functools import partial
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

import numpy as np

from app.archive import Archive
from app.i18n import _
from app.newest_lane import NewestLane
from app.people import People
from app.previews import Previews
from app.recording import Recording
from app.site_time import zone_of
from app.texts import sentence
from app.timeline import (
    MOST_CAMERAS,
    MOST_COLUMNS,
    Failed,
    MarkKind,
    PreviewFeed,
    RecordedDay,
    TimelineAnswer,
    TimelineMark,
    TimelineQuestion,
    TimelineRow,
)
from app.timeline_events import EventColumns, EventSource
from app.timeline_rows import covered_s, edges, long_gaps, missing_bytes, motion_bytes, recorded_bytes
from storage.case_records import NoteKind
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.footage_spans import FootageSpans, Recorded
from storage.journal import Registry
from storage.records import Actor
from storage.search import Watch
from storage.timeline_queries import CaseMark, EventRow
from storage.track_activity import Activity, TrackActivity
from storage.worker import Worker
from video.footage import Footage

log = logging.getLogger(__name__)

Found = TypeVar("Found")

_MOST_DAYS = 400
_LONGEST_TEXT = 200
_MOST_MINUTES = 60_000
"""Motion is told while so many minutes of all cameras together are asked for: each is read."""
_NOTE_KINDS = {NoteKind.MARK: MarkKind.MARK, NoteKind.BOOKMARK: MarkKind.BOOKMARK}


class TimelineJournal(EventSource, Protocol):
    """What is asked of the journal."""

    def cameras_of(self, operator_id: str) -> frozenset[str] | None:
        """See `Journal.cameras_of`."""

    def hidden_events(
        self, cameras: Sequence[str], from_utc_s: float, to_utc_s: float, viewer_id: str, watch: Watch
    ) -> list[EventRow]:
        """See `timeline_reads.TimelineReads`."""

    def case_marks(
        self, cameras: Sequence[str], from_utc_s: float, to_utc_s: float, viewer_id: str, watch: Watch
    ) -> list[CaseMark]:
        """See `timeline_reads.TimelineReads`."""


class SiteTimelineDesk:
    """The desk of one running site. `spans` None: nothing is recorded here."""

    def __init__(
        self,
        journal: TimelineJournal,
        registry: Callable[[], Registry],
        actor: Callable[[], Actor],
        zone: ZoneInfo,
        *,
        spans: FootageSpans | None,
        activity: TrackActivity | None,
        previews: Previews,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._journal, self._registry, self._actor, self._zone = journal, registry, actor, zone
        self._spans, self._activity, self._clock = spans, activity, clock
        self._previews = previews
        self._events = EventColumns(journal)
        self._lane = NewestLane("timeline")
        self.workers: tuple[Worker, ...] = (self._lane, previews.worker)

    def ask(
        self, asker: Hashable, question: TimelineQuestion, done: Callable[[TimelineAnswer], None], failed: Failed
    ) -> None:
        """See `TimelineDesk.ask`."""
        self._put(asker, lambda actor, watch: self._answer(question, actor, watch), done, failed)

    def days(
        self,
        camera_ids: Sequence[str],
        first: date,
        count: int,
        done: Callable[[tuple[RecordedDay, ...]], None],
        failed: Failed,
    ) -> None:
        """See `TimelineDesk.days`."""
        asker = object()  # a calendar's months and a view's oldest day do not take each other's place
        self._put(asker, lambda actor, watch: self._days(tuple(camera_ids), first, count, actor, watch), done, failed)

    def previews(self, reason: str, incident_id: str | None = None) -> PreviewFeed:
        """See `TimelineDesk.previews`."""
        return self._previews.open(reason, incident_id)

    def _put(
        self, asker: Hashable, work: Callable[[Actor, Watch], Found], done: Callable[[Found], None], failed: Failed
    ) -> None:
        watch = Watch()
        try:
            actor = self._actor()
        except WatchfloorError as error:
            text = sentence(error)
            self._lane.put(asker, watch, lambda: failed(text))
        else:
            self._lane.put(asker, watch, lambda: self._run(partial(work, actor, watch), actor, done, failed))

    def _run(self, work: Callable[[], Found], actor: Actor, done: Callable[[Found], None], failed: Failed) -> None:
        """On the worker's thread; a failure of one question never ends it."""
        try:
            found = work()
            if self._actor() != actor:
                return  # somebody else sits here now
        except WatchfloorError as error:
            if not (isinstance(error, StorageError) and error.code is StorageCode.CANCELLED):
                failed(sentence(error))
        except Exception:
            log.exception("a question of the timeline failed")
            failed(_("This did not work: a fault in the program, noted in the log."))
        else:
            done(found)

    def _answer(self, question: TimelineQuestion, actor: Actor, watch: Watch) -> TimelineAnswer:
        question = _bounded(question)
        ids = self._seen(question.camera_ids, actor)
        now_utc_s = self._clock()
        begin, end = question.from_utc_s, question.to_utc_s
        recorded = self._recorded(ids, begin, min(end, now_utc_s), watch)
        hidden = self._journal.hidden_events(ids, begin, end, actor.id, watch)
        severity, times = self._events.counted(
            {camera_id: row for row, camera_id in enumerate(ids)}, begin, end, question.columns, watch, hidden
        )
        marks = self._marks(ids, question, actor, watch)
        moved = self._moved(ids, question, watch)
        names = {camera.id: f"{camera.number} {camera.name}" for camera in self._registry().cameras}
        at = edges(question)
        rows = tuple(
            TimelineRow(
                camera_id=one.camera_id,
                name=names.get(one.camera_id, one.camera_id),
                recorded=recorded_bytes(one.spans, at),
                missing=missing_bytes(one.gaps, question),
                severity=severity[row].tobytes(),
                motion=motion_bytes(moved.get(one.camera_id, ()), question, at),
                foreign=recorded_bytes(one.foreign, at) if one.foreign else b"",
                gaps=long_gaps(one.gaps, question),
                event_utc_s=times[row],
                marks=tuple(marks.get(one.camera_id, ())),
            )
            for row, one in enumerate(recorded)
        )
        return TimelineAnswer(question, rows, now_utc_s)

    def _days(
        self, camera_ids: tuple[str, ...], first: date, count: int, actor: Actor, watch: Watch
    ) -> tuple[RecordedDay, ...]:
        days = [first + timedelta(days=number) for number in range(max(min(count, _MOST_DAYS), 0) + 1)]
        at = np.array([midnight_utc_s(day, self._zone) for day in days])
        ids = self._seen(camera_ids, actor)
        seconds = np.zeros(len(days) - 1)
        for one in self._recorded(ids, float(at[0]), min(float(at[-1]), self._clock()), watch):
            seconds += covered_s(one.spans, at)
        shares = seconds / (np.diff(at) * max(len(ids), 1))
        return tuple(RecordedDay(day, float(share)) for day, share in zip(days, shares, strict=False))

    def _seen(self, camera_ids: Sequence[str], actor: Actor) -> tuple[str, ...]:
        seen = self._journal.cameras_of(actor.id)
        return tuple(one for one in dict.fromkeys(camera_ids) if seen is None or one in seen)

    def _recorded(self, ids: Sequence[str], begin: float, end: float, watch: Watch) -> list[Recorded]:
        if self._spans is None or end <= begin:
            return [Recorded(camera_id) for camera_id in ids]
        return self._spans.read(ids, begin, end, watch.check)

    def _marks(
        self, ids: Sequence[str], question: TimelineQuestion, actor: Actor, watch: Watch
    ) -> dict[str, list[TimelineMark]]:
        found: dict[str, list[TimelineMark]] = {}
        begin, end = question.from_utc_s, question.to_utc_s
        for mark in sorted(self._journal.case_marks(ids, begin, end, actor.id, watch), key=lambda one: one.utc_s):
            kind = MarkKind.INCIDENT if mark.kind is None else _NOTE_KINDS[mark.kind]
            made = TimelineMark(mark.utc_s, kind, mark.text[:_LONGEST_TEXT], mark.severity, mark.id)
            found.setdefault(mark.camera_id, []).append(made)
        return found

    def _moved(self, ids: Sequence[str], question: TimelineQuestion, watch: Watch) -> dict[str, list[Activity]]:
        """Out of the stored tracks; a file that cannot be read leaves the row out, as no file does."""
        minutes = (question.to_utc_s - question.from_utc_s) / 60.0 * len(ids)
        if self._activity is None or minutes > _MOST_MINUTES:
            return {}
        try:
            return self._activity.read(ids, question.from_utc_s, question.to_utc_s, watch.check)
        except StorageError as error:
            if error.code is StorageCode.CANCELLED:
                raise
            if error.code is not StorageCode.NOT_FOUND:
                log.warning("no motion in the timeline: %s", error)
            return {}


def timeline_desk(
    archive: Archive, people: People, footage: Footage, recording: Recording, allowed: Callable[[str], bool]
) -> SiteTimelineDesk:
    """The desk of a running site; its workers are for the supervisor."""

    def actor() -> Actor:
        return people.seat.actor

    def registry() -> Registry:
        return archive.registry

    return SiteTimelineDesk(
        archive.journal,
        registry,
        actor,
        zone_of(archive.settings),
        spans=FootageSpans(recording.index.path) if recording.index is not None else None,
        activity=TrackActivity(archive.folders.tracks),
        previews=Previews(footage, registry, actor, allowed, people.audit),
    )


def midnight_utc_s(day: date, zone: ZoneInfo) -> float:
    """When a day of the site's calendar begins; where the clock jumps over midnight, the first moment after it."""
    return datetime.combine(day, clock_time.min, zone).timestamp()


def _bounded(question: TimelineQuestion) -> TimelineQuestion:
    """No more than can be painted. Raises BAD_VALUE for a time that is none."""
    begin, end = question.from_utc_s, question.to_utc_s
    if not (math.isfinite(begin) and math.isfinite(end) and end > begin) or question.columns < 1:
        raise StorageError(StorageCode.BAD_VALUE, field="time")
    return replace(question, camera_ids=question.camera_ids[:MOST_CAMERAS], columns=min(question.columns, MOST_COLUMNS))
