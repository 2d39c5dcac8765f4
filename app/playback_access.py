"""Leave to look at recordings: asked per camera, written down before anything is given, for who sits here.

What was granted holds from the time that was asked for on, and only for this operator; a look further back asks anew.
Older recordings need a reason or a case (`storage.logins.record_access` refuses without; the refusal is shown once an
order). GUI thread and pool threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from storage.logins import INSTANT_S
from storage.people_commands import RecordAccess
from storage.people_records import AccessKind

Ask = Callable[[RecordAccess, Callable[[], None]], None]
"""`AccessAudit.ask`."""
_MARGIN_S = 30.0
_FURTHER_S = 3600.0
"""An older look is asked for from so long before it on, so that a slider that is drawn does not fill the journal."""


@dataclass(frozen=True, slots=True)
class _Leave:
    """Of one operator for one camera, from a time on; for the last minutes no reason is needed."""

    operator_id: str
    from_utc_s: float
    reasoned: bool

    def covers(self, operator_id: str, utc_s: float) -> bool:
        """Whether it holds for this look."""
        return self.operator_id == operator_id and utc_s >= self.from_utc_s


class LookLeaves:
    """`sits` is the id of who sits here; `now` is UTC."""

    def __init__(self, ask: Ask, sits: Callable[[], str], now: Callable[[], float]) -> None:
        self.reason, self.incident_id = "", ""
        self._ask_for, self._sits, self._now = ask, sits, now
        self._lock = threading.Lock()
        self._given: dict[str, _Leave] = {}
        self._asked: dict[str, _Leave] = {}

    def needs_reason(self, utc_s: float) -> bool:
        """Whether this time is too long ago to be looked at without one, and none is known."""
        return utc_s < self._now() - INSTANT_S and not self.reason and not self.incident_id

    def covers(self, camera_id: str, utc_s: float) -> bool:
        """Whether this may be shown; any thread, cheap."""
        leave = self._given.get(camera_id)
        return leave is not None and leave.covers(self._sits(), utc_s)

    def renew(self, utc_s: float) -> None:
        """An order leads there: what was refused may be asked again, and what was of the last minutes once, and given
        without a reason, is not given any more."""
        old = utc_s < self._now() - INSTANT_S
        with self._lock:
            self._asked.clear()
            self._given = {one: leave for one, leave in self._given.items() if leave.reasoned or not old}

    def ask(self, camera_ids: Sequence[str], utc_s: float) -> None:
        """Write down the looks that are not covered; a refusal of the first one is that of all."""
        who = self._sits()
        wanted = [one for one in camera_ids if not self.covers(one, utc_s) and not self._is_asked(one, who, utc_s)]
        leave = _Leave(who, self._from(utc_s), bool(self.reason or self.incident_id))
        with self._lock:
            self._asked.update(dict.fromkeys(wanted, leave))
        if wanted:
            self._next(tuple(wanted), leave)

    def _from(self, utc_s: float) -> float:
        """The last minutes are one look, and so is an hour of what is older."""
        instant = self._now() - INSTANT_S + _MARGIN_S
        if utc_s >= instant:
            return max(instant, 0.0)
        return utc_s if utc_s >= instant - _MARGIN_S else max(utc_s - _FURTHER_S, 0.0)

    def _is_asked(self, camera_id: str, who: str, utc_s: float) -> bool:
        asked = self._asked.get(camera_id)
        return asked is not None and asked.covers(who, utc_s)

    def _next(self, camera_ids: tuple[str, ...], leave: _Leave) -> None:
        """One after the other, each once the one before it is written."""
        access = RecordAccess(
            AccessKind.PLAYBACK,
            self.reason,
            camera_id=camera_ids[0],
            incident_id=self.incident_id or None,
            from_utc_s=leave.from_utc_s,
        )

        def granted() -> None:
            if self._sits() != leave.operator_id:
                return  # relieved meanwhile: what is asked from now on would stand under another name
            with self._lock:
                self._given[camera_ids[0]] = leave
                self._asked.pop(camera_ids[0], None)
            if camera_ids[1:]:
                self._next(camera_ids[1:], leave)

        self._ask_for(access, granted)
