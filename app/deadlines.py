"""Watches the deadlines of open incidents: where nobody acted in time the journal escalates, and the seats are told.

One worker of the runtime. Keeps nothing: the journal has `due_utc_s`; who acts in the same moment wins by the version.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from app.archive import RUNTIME
from app.feeds import Banner
from app.i18n import _
from storage.case_commands import EscalateIncident
from storage.commands import Command
from storage.errors import StorageCode, StorageError
from storage.journal import Receipt
from storage.records import Actor, Incident
from storage.worker import Worker

log = logging.getLogger(__name__)

PERIOD_S = 3.0
MOST_A_ROUND = 100
BANNER = "deadlines"
_MOST_NAMED = 5
_SOMEBODY_WAS_FIRST = frozenset({StorageCode.STALE_VERSION, StorageCode.ILLEGAL_TRANSITION})


class DeadlineJournal(Protocol):
    """What deadlines need of the journal."""

    def apply(self, command: Command, actor: Actor) -> Receipt:
        """As `Journal.apply`."""

    def overdue(self, now_utc_s: float, limit: int = 100) -> Sequence[Incident]:
        """As `Journal.overdue`."""

    def incidents(self, *, open_only: bool = False, limit: int = 200) -> Sequence[Incident]:
        """As `Journal.incidents`."""

    def head(self) -> tuple[int, str]:
        """As `Journal.head`."""


class Deadlines(Worker):
    """`tell` gets the banner of what nobody acts on."""

    def __init__(
        self,
        journal: DeadlineJournal,
        tell: Callable[[Banner], None],
        *,
        clock: Callable[[], float] = time.time,
        period_s: float = PERIOD_S,
    ) -> None:
        super().__init__("deadlines")
        self.escalations = 0
        self._journal, self._tell = journal, tell
        self._clock, self._period_s = clock, period_s
        self._seq = -1
        self._told = ""

    def run(self) -> None:
        """A round every few seconds."""
        due_s = 0.0
        while not self.stopping.is_set():
            self.beat()
            if time.monotonic() >= due_s:
                self.round()
                due_s = time.monotonic() + self._period_s
            self.stopping.wait(min(1.0, self._period_s))

    def round(self) -> None:
        """Escalate what is overdue, then say what nobody acts on. A busy journal is asked again next time."""
        try:
            for incident in self._journal.overdue(self._clock(), MOST_A_ROUND):
                self.beat()
                self._escalate(incident)
            self._say()
        except StorageError as error:
            log.warning("deadlines are not watched: %s", error)

    def _escalate(self, incident: Incident) -> None:
        try:
            self._journal.apply(EscalateIncident(incident.id, incident.version), RUNTIME)
        except StorageError as error:
            if error.code not in _SOMEBODY_WAS_FIRST:
                raise
            return
        self.escalations += 1
        log.info("incident %s: nobody acted in time", incident.number)

    def _say(self) -> None:
        """Only after something changed: the list of open incidents is not read for nothing."""
        seq, _hash = self._journal.head()
        if seq == self._seq:
            return
        late = [i.number for i in self._journal.incidents(open_only=True) if i.escalated_utc_s is not None]
        self._seq = seq
        names = ", ".join(late[:_MOST_NAMED]) + (" …" if len(late) > _MOST_NAMED else "")
        text = _("Nobody acted in time on {incidents}. Take over or ask a colleague.").format(incidents=names)
        if not late:
            text = ""
        if text != self._told:
            self._told = text
            self._tell(Banner(BANNER, text))
