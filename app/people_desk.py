"""What the pages for login and shift may ask (`PeopleDesk`), and its answer over journal, tasks and seat.

All calls return at once; `PeopleState` on the bus brings what changed, `CommandRefused` a refusal.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from app.alarm_rows import in_force
from app.bus import Bus
from app.errors import AppCode, AppError
from app.feeds import CommandRefused
from app.i18n import _
from app.labels import label_of
from app.seat_test import Check, SeatTest, as_json
from app.sign_in import Seat, SeatChanged
from app.tasks import Tasks
from app.texts import sentence
from storage.access import Permission, cameras_of, may
from storage.commands import Command
from storage.errors import WatchfloorError
from storage.journal import Journal, Registry
from storage.people_commands import EndShift, HandOverShift, LendSectors, ShiftWord, StartShift, TakeShiftItem
from storage.people_queries import Briefing
from storage.people_records import Shift, ShiftItem, ShiftItemKind, ShiftState
from storage.records import Actor, Camera, Incident, Operator
from storage.registry_records import Sector

log = logging.getLogger(__name__)

Said = Callable[[str], None]
"""A refusal's sentence, or "" when it is done; called on any thread."""


@dataclass(frozen=True, slots=True)
class PeopleState:
    """Everything that the pages show. `items` are left to take, `candidates` are what the operator would put down,
    `others` are the colleagues' shifts that are on; who may relieve an absent one has what that one would put down in
    `absent`, by shift id."""

    seat: SeatChanged = field(default_factory=SeatChanged)
    mine: Shift | None = None
    others: tuple[Shift, ...] = ()
    items: tuple[ShiftItem, ...] = ()
    candidates: tuple[ShiftWord, ...] = ()
    absent: dict[str, tuple[ShiftWord, ...]] = field(default_factory=dict)
    sectors: tuple[Sector, ...] = ()
    names: dict[str, str] = field(default_factory=dict)
    briefing: Briefing = field(default_factory=Briefing)
    checks: tuple[Check, ...] = ()


class PeopleDesk(Protocol):
    """Login and shift of one seat."""

    bus: Bus

    def state(self) -> PeopleState:
        """The newest PeopleState."""

    def refresh(self) -> None:
        """Read again."""

    def test_seat(self) -> None:
        """Run the seat test."""

    def sign_in(self, name: str, password: str, said: Said) -> None:
        """Sit down, unlock, or relieve who sits here."""

    def sign_out(self) -> None:
        """The login ends."""

    def lock(self) -> None:
        """Keep the picture, block control."""

    def change_password(self, old: str, new: str, said: Said) -> None:
        """The own one."""

    def start_shift(self, sector_ids: Sequence[str]) -> None:
        """Begin, with the seat test's result."""

    def hand_over(self, words: Sequence[ShiftWord], shift: Shift | None = None) -> None:
        """Put these down: of the own shift, or (by permission) of an absent colleague's."""

    def take_item(self, item: ShiftItem) -> None:
        """It is mine now."""

    def end_shift(self) -> None:
        """Over."""

    def lend_sectors(self, sector_ids: Sequence[str], to_shift: Shift | None) -> None:
        """To a colleague; None: put down."""

    def take_sectors_back(self, sector_ids: Sequence[str], from_shift: Shift) -> None:
        """What I lent; from my own shift: what was put down."""


class SeatDesk:
    """`PeopleDesk` of a runtime. `changed` wakes the change feed; `dead_cameras` are those without a picture now."""

    def __init__(
        self,
        journal: Journal,
        tasks: Tasks,
        seat: Seat,
        seat_test: SeatTest,
        *,
        changed: Callable[[], None] = lambda: None,
        dead_cameras: Callable[[], Sequence[Camera]] = lambda: (),
        clock: Callable[[], float] = time.time,
        zone: ZoneInfo | None = None,
    ) -> None:
        """`zone` is the site's; None: the computer's."""
        self.bus: Bus = seat.bus
        self._zone = zone
        self._journal, self._tasks, self._seat, self._seat_test = journal, tasks, seat, seat_test
        self._changed, self._dead_cameras, self._clock = changed, dead_cameras, clock
        self._checks: tuple[Check, ...] = ()
        self._state = PeopleState(seat=seat.state)
        self._lock = threading.Lock()
        self._begun = self._shown = 0
        self.bus.subscribe(SeatChanged, lambda _seat: self.refresh())

    def state(self) -> PeopleState:
        """See `PeopleDesk.state`. Who sits here is never older than what the bus has said of it."""
        return replace(self._state, seat=self._seat.state)

    def refresh(self) -> None:
        """See `PeopleDesk.refresh`."""
        self._run(self._read)

    def test_seat(self) -> None:
        """See `PeopleDesk.test_seat`."""

        def work() -> None:
            self._checks = self._seat_test.run()
            self._read()

        self._run(work)

    def sign_in(self, name: str, password: str, said: Said) -> None:
        """See `PeopleDesk.sign_in`."""
        self._seat.sign_in(name, password, lambda error: said(_said(error)))

    def sign_out(self) -> None:
        """See `PeopleDesk.sign_out`."""
        self._seat.sign_out()

    def lock(self) -> None:
        """See `PeopleDesk.lock`."""
        self._seat.lock()

    def change_password(self, old: str, new: str, said: Said) -> None:
        """See `PeopleDesk.change_password`."""
        self._seat.change_password(old, new, lambda error: said(_said(error)))

    def start_shift(self, sector_ids: Sequence[str]) -> None:
        """See `PeopleDesk.start_shift`."""
        self._apply(StartShift(self._seat.workstation, tuple(sector_ids), as_json(self._checks)))

    def hand_over(self, words: Sequence[ShiftWord], shift: Shift | None = None) -> None:
        """See `PeopleDesk.hand_over`."""
        given = shift or self._state.mine
        if given is not None:
            self._apply(HandOverShift(given.id, given.version, tuple(words)))

    def take_item(self, item: ShiftItem) -> None:
        """See `PeopleDesk.take_item`."""
        self._apply(TakeShiftItem(item.id))

    def end_shift(self) -> None:
        """See `PeopleDesk.end_shift`."""
        if (mine := self._state.mine) is not None:
            self._apply(EndShift(mine.id, mine.version))

    def lend_sectors(self, sector_ids: Sequence[str], to_shift: Shift | None) -> None:
        """See `PeopleDesk.lend_sectors`."""
        if (mine := self._state.mine) is not None:
            to_id = None if to_shift is None else to_shift.id
            self._apply(LendSectors(mine.id, mine.version, tuple(sector_ids), to_id))

    def take_sectors_back(self, sector_ids: Sequence[str], from_shift: Shift) -> None:
        """See `PeopleDesk.take_sectors_back`."""
        if (mine := self._state.mine) is not None:
            self._apply(LendSectors(from_shift.id, from_shift.version, tuple(sector_ids), mine.id))

    def _apply(self, command: Command) -> None:
        try:
            actor: Actor = self._seat.actor
        except WatchfloorError as error:
            self._refused(error)
            return

        def work() -> None:
            try:
                self._journal.apply(command, actor)
            finally:
                self._read()
            self._changed()

        self._run(work)

    def _read(self) -> None:
        """Read and publish, unless a later reading came first."""
        with self._lock:
            self._begun += 1
            number = self._begun
        state = self._read_state()
        with self._lock:
            if number < self._shown:
                return
            self._shown, self._state = number, state
        self.bus.publish(state)

    def _read_state(self) -> PeopleState:
        seat = self._seat.state
        registry = self._journal.registry()
        shifts = self._journal.shifts()
        on = [shift for shift in shifts if shift.state is ShiftState.ON]
        others = tuple(shift for shift in on if shift.operator_id != seat.operator_id)
        people = {operator.id: operator for operator in registry.operators}
        me = people.get(seat.operator_id)
        relieving = me is not None and may(me.role, Permission.ASSIGN)
        return PeopleState(
            seat=seat,
            mine=next((shift for shift in on if shift.operator_id == seat.operator_id), None),
            others=others,
            items=tuple(self._journal.shift_items(viewer_id=seat.operator_id)),
            candidates=self._candidates(registry, me),
            absent={s.id: self._candidates(registry, people.get(s.operator_id)) for s in others if relieving},
            sectors=registry.sectors,
            names={operator.id: operator.name for operator in registry.operators},
            briefing=self._journal.briefing(self._clock()),
            checks=self._checks,
        )

    def _candidates(self, registry: Registry, me: Operator | None) -> tuple[ShiftWord, ...]:
        """Open incidents that are mine or nobody's, cameras without a picture, rules that are switched off, and
        shelves: alarms that the next one would not see."""
        if me is None:
            return ()
        allowed = cameras_of(me, registry.camera_groups)
        categories = {category.id: category.name for category in registry.categories}
        found = self._journal.incidents(open_only=True, viewer_id=me.id)
        incidents = [i for i in found if i.owner_id in (None, me.id)]
        words = [_incident_word(i, categories) for i in incidents if _seen(allowed, i.camera_id)]
        for camera in self._dead_cameras():
            text = _("Camera {number} {name}: no picture").format(number=camera.number, name=camera.name)
            words += [ShiftWord(ShiftItemKind.DEAD_CAMERA, camera.id, text)] if _seen(allowed, camera.id) else []
        words += [
            ShiftWord(ShiftItemKind.MUTED_RULE, rule.id, _("Rule {name} is switched off").format(name=rule.name))
            for rule in registry.rules
            if not rule.enabled and _seen(allowed, rule.camera_id)
        ]
        return (*words, *self._shelves(allowed))

    def _shelves(self, allowed: frozenset[str] | None) -> list[ShiftWord]:
        now_utc_s = self._clock()
        text = _("{name} is shelved until {until}: {reason}")
        return [
            ShiftWord(
                ShiftItemKind.SHELF,
                shelf.id,
                text.format(
                    name=shelf.name,
                    until=f"{datetime.fromtimestamp(shelf.until_utc_s, self._zone):%H:%M}",
                    reason=shelf.reason,
                ),
            )
            for shelf in self._journal.shelves(now_utc_s)
            if in_force(shelf, now_utc_s) and any(_seen(allowed, camera_id) for camera_id in shelf.camera_ids)
        ]

    def _run(self, work: Callable[[], None]) -> None:
        if not self._tasks.submit(work, failed=self._failed):
            self._refused(AppError(AppCode.SEAT_BUSY))

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, WatchfloorError):
            log.error("a step of the shift failed", exc_info=error)
            error = AppError(AppCode.INTERNAL)
        self._refused(error)

    def _refused(self, error: WatchfloorError) -> None:
        self.bus.publish(CommandRefused(sentence(error)))


def _said(error: WatchfloorError | None) -> str:
    return "" if error is None else sentence(error)


def _seen(allowed: frozenset[str] | None, camera_id: str) -> bool:
    return allowed is None or not camera_id or camera_id in allowed


def _incident_word(incident: Incident, categories: dict[str, str]) -> ShiftWord:
    name = incident.title or _(categories.get(incident.category_id, incident.category_id))
    return ShiftWord(ShiftItemKind.INCIDENT, incident.id, f"{incident.number} {name} · {label_of(incident.state)}")
