"""Try before saving: what a changed rule, zone or scale would have done, told before it is saved, and the saving.

`TrialDesk` is what forms ask; `SiteTrialDesk` works on task threads. A change that loses a confirmed alarm is saved
only after somebody else has signed for exactly this change (the approvals page); the first wish to save it asks for
that. One trial at a time: a newer one ends the one before.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.archive import Archive
from app.errors import AppCode, AppError
from app.i18n import _
from app.rule_changes import RuleChanges, SaveAnswer
from app.rule_trial import Change, Trial, Tried, change_of, try_change
from app.site_time import zone_of
from app.stored_tracks import stored_sets
from app.tasks import Tasks
from app.texts import sentence
from app.trial_texts import trial_sentence
from storage.class_names import class_map
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.records import Actor
from storage.side_file import BROKEN
from storage.tracks import StoredTracks

log = logging.getLogger(__name__)

DAYS = 7
DAY_S = 86_400.0
FRESH_S = 300.0
"""So long a trial is good for saving."""

Said = Callable[[str], None]
Told = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class TrialAnswer:
    """What was found of one record: the sentence to show, and the trial where there was one."""

    record: Tried
    sentence: str
    trial: Trial | None = None

    @property
    def lost(self) -> int:
        """Confirmed alarms that would not have come."""
        return self.trial.lost if self.trial is not None else 0


class TrialDesk(Protocol):
    """Every call returns at once; answers come on a task thread, or at once when nothing can be begun."""

    def try_record(self, record: Tried, told: Told, done: Callable[[TrialAnswer], None], refused: Said) -> None:
        """What saving it would change. `told` gets the share (0..1) that is done, at most once a per cent."""

    def cancel(self) -> None:
        """Nobody waits for the trial any more."""

    def save(self, record: Tried, told: Told, done: Callable[[SaveAnswer], None], refused: Said) -> None:
        """Save it, tried before; or ask a second person first."""

    def save_all(self, records: Sequence[Tried], done: Callable[[SaveAnswer], None], refused: Said) -> None:
        """The same with several, one after the other; nothing ends it. `done` once, with whether all were saved."""

    def remove(self, record: Tried, done: Callable[[SaveAnswer], None], refused: Said) -> None:
        """Take it out of use; or ask a second person first."""


class TrialWork:
    """The work itself, on the calling thread: also the command line's."""

    def __init__(self, archive: Archive, tracks: Path, clock: Callable[[], float] = time.time) -> None:
        self._archive, self._tracks, self._clock = archive, StoredTracks(tracks), clock

    def run(
        self,
        record: Tried,
        days: int = DAYS,
        told: Told = lambda _share: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> TrialAnswer:
        """Raises DetectionError for a zone or rule that cannot be used, StorageError, AppError(CANCELLED)."""
        settings = self._archive.settings
        words = class_map(settings.detection.classes)
        change = change_of(self._archive.registry, record, zone_of(settings).key, words)
        if change is None:
            return TrialAnswer(record, _("No rule needs it yet: nothing changes."))
        if not change.can_be_tried:
            return TrialAnswer(record, _("This rule is about the picture itself: it cannot be tried on stored tracks."))
        if not change.matters:
            return TrialAnswer(record, _("It does not change when the rule raises an alarm."))
        try:
            trial = self._tried(change, days, told, cancelled)
        except StorageError as error:
            if error.code not in BROKEN:
                raise
            return TrialAnswer(record, _("Not tried. {why}").format(why=sentence(error)))  # a rule must be changeable
        return TrialAnswer(record, trial_sentence(trial, days, new=not change.before.rules), trial)

    def _tried(self, change: Change, days: int, told: Told, cancelled: Callable[[], bool]) -> Trial:
        now_utc_s = self._clock()
        since_utc_s = now_utc_s - days * DAY_S
        verdicts = self._archive.journal.judged(since_utc_s, change.camera_id)
        chunks = stored_sets(self._tracks, change.camera_id, since_utc_s, now_utc_s, change.labels)
        try:
            return try_change(change, chunks, verdicts, told, cancelled)
        except StorageError as error:
            if error.code is not StorageCode.NOT_FOUND:
                raise
            return try_change(change, (), verdicts)  # no track was ever stored here


class SiteTrialDesk:
    """Of one archive and one seat; `actor` is who sits here, `changed` wakes the change feed."""

    def __init__(
        self,
        archive: Archive,
        tasks: Tasks,
        actor: Callable[[], Actor],
        *,
        changed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._archive, self._tasks, self._actor = archive, tasks, actor
        self._work = TrialWork(archive, archive.folders.tracks, clock)
        self._changes = RuleChanges(archive, changed)
        self._lock = threading.Lock()
        self._newest = threading.Event()
        self._last: tuple[float, int, TrialAnswer] | None = None

    def try_record(self, record: Tried, told: Told, done: Callable[[TrialAnswer], None], refused: Said) -> None:
        """See `TrialDesk.try_record`. One that was ended by a newer one says nothing."""
        ended = self._next()
        self._run(lambda: done(self._found(record, told, ended)), refused)

    def cancel(self) -> None:
        """See `TrialDesk.cancel`."""
        self._newest.set()

    def save(self, record: Tried, told: Told, done: Callable[[SaveAnswer], None], refused: Said) -> None:
        """See `TrialDesk.save`. What cannot be tried is saved as it was before there were trials."""
        try:
            actor = self._actor()
        except WatchfloorError as error:
            refused(sentence(error))
            return
        ended = self._next()
        self._run(lambda: done(self._saved(self._found(record, told, ended), actor)), refused)

    def save_all(self, records: Sequence[Tried], done: Callable[[SaveAnswer], None], refused: Said) -> None:
        """See `TrialDesk.save_all`."""
        try:
            actor = self._actor()
        except WatchfloorError as error:
            refused(sentence(error))
            return
        self._run(lambda: done(self._all_saved(records, actor)), refused)

    def remove(self, record: Tried, done: Callable[[SaveAnswer], None], refused: Said) -> None:
        """See `TrialDesk.remove`."""
        try:
            actor = self._actor()
        except WatchfloorError as error:
            refused(sentence(error))
            return
        self._run(lambda: done(self._changes.remove(record, actor)), refused)

    def _next(self) -> threading.Event:
        with self._lock:
            self._newest.set()
            self._newest = threading.Event()
            return self._newest

    def _found(self, record: Tried, told: Told, ended: threading.Event) -> TrialAnswer:
        last, seq = self._last, self._archive.registry_seq
        if last is not None and last[2].record == record and last[1] == seq and time.monotonic() - last[0] < FRESH_S:
            return last[2]
        answer = self._work.run(record, DAYS, _seldom(told), lambda: ended.is_set() or self._tasks.ending)
        self._last = (time.monotonic(), seq, answer)
        return answer

    def _saved(self, answer: TrialAnswer, actor: Actor) -> SaveAnswer:
        return self._changes.save(answer.record, answer.lost, answer.sentence, actor)

    def _all_saved(self, records: Sequence[Tried], actor: Actor) -> SaveAnswer:
        answers = [
            self._saved(self._work.run(record, cancelled=lambda: self._tasks.ending), actor) for record in records
        ]
        told = [one.sentence for one in answers if not one.saved] or [one.sentence for one in answers[-1:]]
        return SaveAnswer(all(one.saved for one in answers), " ".join(dict.fromkeys(told)))

    def _run(self, work: Callable[[], None], refused: Said) -> None:
        if not self._tasks.submit(work, failed=_failing(refused)):
            refused(_("Too much is waiting; nothing was done. Try again in a moment."))


def _failing(refused: Said) -> Callable[[Exception], None]:
    def failed(error: Exception) -> None:
        if isinstance(error, AppError) and error.code is AppCode.CANCELLED:
            return
        if not isinstance(error, WatchfloorError):
            log.error("a trial failed", exc_info=error)
            error = AppError(AppCode.INTERNAL)
        refused(sentence(error))

    return failed


def _seldom(told: Told) -> Told:
    """Only when the per cent changes: views are told over a bounded queue."""
    last = -1

    def tell(share: float) -> None:
        nonlocal last
        if int(share * 100) != last:
            last = int(share * 100)
            told(share)

    return tell
