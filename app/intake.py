"""From a rule's event to a durable alarm with its still.

The journal's writer makes event and alarm durable; a task then takes the still from the packet ring and attaches it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable

from app.archive import RUNTIME, Archive
from app.cameras import CameraHub
from app.tasks import Tasks
from storage.commands import AttachEvidence, RecordEvent
from storage.errors import WatchfloorError
from storage.journal import Receipt
from storage.records import BoxMark, Event, Evidence, EvidenceKind, RuleSpec, new_id
from video.stills import still_at

log = logging.getLogger(__name__)


class EventIntake:
    """`take(event)` may be called on any thread and returns at once."""

    def __init__(
        self,
        archive: Archive,
        hub: CameraHub,
        tasks: Tasks,
        changed: Callable[[], None],
        refused: Callable[[WatchfloorError], None],
        happened: Callable[[str, float], None] = lambda _camera_id, _utc_s: None,
    ) -> None:
        self.events = 0
        self._journal, self._store, self._hub, self._tasks = archive.journal, archive.store, hub, tasks
        self._rules: dict[str, RuleSpec] = {rule.id: rule for rule in archive.registry.rules}
        self._changed, self._refused, self._happened = changed, refused, happened
        self._unanswered = 0
        self._answered = threading.Condition()

    def renew(self, rules: Iterable[RuleSpec]) -> None:
        """The site's rules have changed; a plain assignment, safe on any thread."""
        self._rules = {rule.id: rule for rule in rules}

    def take(self, event: Event) -> None:
        """Record the event; its still follows when the record is durable."""
        self.events += 1
        self._happened(event.camera_id, event.utc_s)
        rule = self._rules.get(event.rule_id)
        command = RecordEvent(
            event,
            opens_incident=rule.opens_incident if rule else False,
            category_id=rule.category_id if rule else "intrusion",
        )
        with self._answered:
            self._unanswered += 1
        try:
            self._journal.apply_soon(command, RUNTIME, lambda result: self._note_answer(event, result))
        except WatchfloorError as error:  # full or closed: it must not end the thread that brought the event
            self._note_answer(event, error)

    def settle(self, timeout_s: float) -> bool:
        """Wait until every event taken so far is durable or refused, and its still is asked for; False when late."""
        with self._answered:
            return self._answered.wait_for(lambda: self._unanswered == 0, max(timeout_s, 0.0))

    def _note_answer(self, event: Event, result: Receipt | Exception) -> None:
        try:
            self._recorded(event, result)
        finally:
            with self._answered:
                self._unanswered -= 1
                self._answered.notify_all()

    def _recorded(self, event: Event, result: Receipt | Exception) -> None:
        if isinstance(result, WatchfloorError):
            log.error("event %s of camera %s was not recorded: %s", event.id, event.camera_id, result)
            self._refused(result)
            return
        if isinstance(result, Exception):
            log.error("event %s of camera %s was not recorded", event.id, event.camera_id, exc_info=result)
            return
        self._changed()
        self._tasks.submit(lambda: self._attach_still(event), failed=lambda error: _no_still(event, error))

    def _attach_still(self, event: Event) -> None:
        session = self._hub.session(event.camera_id)
        if session is None:
            log.warning("camera %s closed before its still was taken", event.camera_id)
            return
        still = still_at(session.ring, event.utc_s)
        path, sha256 = self._store.put(still.jpeg, ".jpg")
        mark = BoxMark(event.box, event.label, event.score, event.track_id)
        evidence = Evidence(
            id=new_id(),
            kind=EvidenceKind.STILL,
            path=path,
            sha256=sha256,
            camera_id=event.camera_id,
            event_id=event.id,
            from_utc_s=still.utc_s,
            to_utc_s=still.utc_s,
            marks=(mark,),
        )
        self._journal.apply(AttachEvidence(evidence), RUNTIME)
        self._changed()


def _no_still(event: Event, error: Exception) -> None:
    if isinstance(error, WatchfloorError):
        log.warning("no still of event %s of camera %s: %s", event.id, event.camera_id, error)
    else:
        log.error("no still of event %s of camera %s", event.id, event.camera_id, exc_info=error)
