"""Signal loss: a camera with such a rule that sends nothing raises an event, once for each loss.

One worker of the runtime. Silence is measured by the session's own packets on the monotonic clock, never by the wall
clock; a round that comes late (a machine that slept) says nothing about the time between.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from app.cameras import camera_of
from app.rule_texts import SIGNAL_LOSS_S
from storage.errors import StorageError
from storage.recording_schedule import Schedule
from storage.records import Box, Event, RuleKind, RuleSpec, new_id
from storage.worker import Worker
from video.session import SessionStatus

log = logging.getLogger(__name__)

PERIOD_S = 0.5
LATE_ROUND_S = 3.0
BACK_S = 3.0
"""A camera that sent for less than this has not come back."""

OPENING_S = 15.0
"""What a camera has besides before its first packet."""

LABEL = "no signal"
_WHOLE = Box(0.0, 0.0, 1.0, 1.0)


class WatchedSession(Protocol):
    """What is needed of a camera's session."""

    camera_id: str

    def status(self) -> SessionStatus:
        """As `CameraSession.status`."""


@dataclass(slots=True)
class _Line:
    """One rule's camera: `heard_s` is on the monotonic clock, `heard_utc_s` on the wall's."""

    heard_s: float
    heard_utc_s: float
    packets: int = 0
    begun: bool = False
    lost: bool = False
    back_since_s: float | None = None
    told_s: float | None = None


class SignalWatch(Worker):
    """`on_event` is called on this worker's thread."""

    def __init__(
        self,
        rules: Callable[[], Iterable[RuleSpec]],
        sessions: Callable[[], Iterable[WatchedSession]],
        on_event: Callable[[Event], None],
        zone: ZoneInfo,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__("signal watch")
        self._rules, self._sessions, self._on_event, self._zone = rules, sessions, on_event, zone
        self._monotonic, self._clock = monotonic, clock
        self._lines: dict[str, _Line] = {}
        self._round_s: float | None = None

    def run(self) -> None:
        """A round twice a second."""
        while not self.stopping.wait(PERIOD_S):
            self.beat()
            self.round()

    def round(self) -> None:
        """Look at all cameras with such a rule."""
        rules = [r for r in self._rules() if r.kind is RuleKind.SIGNAL_LOSS and r.enabled]
        now_s, before_s = self._monotonic(), self._round_s
        self._round_s = now_s
        late_s = now_s - before_s if before_s is not None and now_s - before_s > LATE_ROUND_S else 0.0
        packets: dict[str, int] = {}
        for session in self._sessions() if rules else ():
            camera_id = camera_of(session.camera_id)
            packets[camera_id] = packets.get(camera_id, 0) + session.status().packets
        self._lines = {r.id: self._lines.get(r.id) or _Line(now_s, self._clock()) for r in rules}
        for rule in rules:
            line = self._lines[rule.id]
            line.heard_s += late_s
            self._look(rule, line, packets.get(rule.camera_id, 0), now_s)

    def _look(self, rule: RuleSpec, line: _Line, packets: int, now_s: float) -> None:
        if packets != line.packets:
            line.begun = line.begun or packets > 0
            line.packets, line.heard_s, line.heard_utc_s = packets, now_s, self._clock()
            self._note_back(line, now_s)
            return
        silent_s = now_s - line.heard_s
        if silent_s > PERIOD_S * 3:
            line.back_since_s = None
        limit_s = (rule.limit if rule.limit is not None else SIGNAL_LOSS_S) + (0.0 if line.begun else OPENING_S)
        if line.lost or silent_s < limit_s or not _is_armed(rule, self._clock(), self._zone):
            return
        line.lost = True
        silenced = line.told_s is not None and now_s - line.told_s < rule.cooldown_s
        line.told_s = now_s
        if not silenced:
            self._on_event(_event(rule, line, self._clock()))

    @staticmethod
    def _note_back(line: _Line, now_s: float) -> None:
        if not line.lost:
            return
        if line.back_since_s is None:
            line.back_since_s = now_s
        elif now_s - line.back_since_s >= BACK_S:
            line.lost, line.back_since_s, line.told_s = False, None, now_s


def _is_armed(rule: RuleSpec, utc_s: float, zone: ZoneInfo) -> bool:
    try:
        return not rule.schedule or Schedule.parse(rule.schedule).covers(utc_s, zone)
    except StorageError:
        log.warning("the schedule of rule %s cannot be read", rule.id)
        return True


def _event(rule: RuleSpec, line: _Line, utc_s: float) -> Event:
    return Event(
        id=new_id(utc_s),
        camera_id=rule.camera_id,
        rule_id=rule.id,
        kind=rule.kind,
        severity=rule.severity,
        utc_s=utc_s,
        since_utc_s=min(line.heard_utc_s, utc_s),
        track_id=0,
        label=LABEL,
        score=1.0,
        box=_WHOLE,
    )
