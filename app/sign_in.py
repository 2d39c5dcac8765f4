"""The seat: who sits here, and whether they may act now. Logins end here, never the runtime; pictures go on.

Nothing waits on the GUI thread: passwords are checked on a task thread, one at a time, and `done` is called there. A
site without any password goes on as before: whoever starts the program sits at the seat as the operator `owner`.
Passwords are arguments only: not kept, not logged.
"""

from __future__ import annotations

import logging
import math
import platform
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from app.bus import Bus
from app.errors import AppCode, AppError
from app.feeds import Banner, CommandRefused
from app.i18n import _
from app.login_delays import LoginDelays
from app.tasks import Tasks
from app.texts import sentence
from storage.access import is_valid
from storage.commands import Command
from storage.errors import StorageCode, StorageError, WatchfloorError
from storage.journal import Journal
from storage.passwords import fits, is_outdated, sealed
from storage.people_commands import LogIn, LogOut, SetPassword
from storage.people_records import Password
from storage.records import Actor, Operator, Role, new_id

log = logging.getLogger(__name__)

IDLE_LOCK_S = 600.0
BANNER = "seat"

Answer = Callable[[WatchfloorError | None], None]
"""None: done. Called on a task thread, or at once when nothing can be begun."""
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class SeatChanged:
    """Who sits here. Published on the bus at every change; `operator_id` is empty when nobody does."""

    operator_id: str = ""
    name: str = ""
    role: Role | None = None
    locked: bool = False
    must_change: bool = False
    by_password: bool = False

    @property
    def may_act(self) -> bool:
        """Whether commands are taken from this seat now."""
        return bool(self.operator_id) and not self.locked and not self.must_change


class Seat:
    """One workstation's seat. `idle_lock_s` 0: never locks by itself."""

    def __init__(
        self,
        journal: Journal,
        bus: Bus,
        tasks: Tasks,
        owner: Actor,
        *,
        workstation: str = "",
        idle_lock_s: float = IDLE_LOCK_S,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.bus = bus
        self.workstation = workstation or platform.node() or "seat"
        self._journal, self._tasks, self._owner = journal, tasks, owner
        self._idle_lock_s, self._clock, self._monotonic = idle_lock_s, clock, monotonic
        self._delays = LoginDelays(journal, self.workstation, clock)
        self._busy = threading.Lock()
        self._state = SeatChanged()
        self._login_id = ""
        self._touched_s = monotonic()

    @property
    def state(self) -> SeatChanged:
        """Who sits here now."""
        return self._state

    @property
    def actor(self) -> Actor:
        """Who acts from this seat; to be asked when the key is pressed, not when the work is done.

        Raises AppError: SEAT_EMPTY, SEAT_LOCKED, TEMPORARY_LOGIN."""
        state = self._state
        if not state.operator_id:
            raise AppError(AppCode.SEAT_EMPTY)
        if state.locked:
            raise AppError(AppCode.SEAT_LOCKED)
        if state.must_change:
            raise AppError(AppCode.TEMPORARY_LOGIN)
        return Actor(state.operator_id)

    def open(self, *, hint: bool = True) -> None:
        """At start, before there is a view: the owner sits down when nobody has a password yet."""
        if self._journal.has_passwords():
            self._change(SeatChanged())
            return
        found = [o for o in self._journal.registry().operators if o.id == self._owner.id]
        if not found:
            self._change(SeatChanged())
            return
        self._sit_down(found[0], must_change=False, by_password=False)
        if hint:
            text = _("Nobody has a password yet: whoever starts the program acts as {name}.")
            how = _("“main.py operator password” sets one.")
            self.bus.publish(Banner(BANNER, text.format(name=found[0].name), how))

    def sign_in(self, name: str, password: str, done: Answer) -> None:
        """By name or id. Unlocks the same operator's seat; another operator relieves the one who sits here."""

        def work() -> None:
            operator, stored = self._admitted(name, password)
            if is_outdated(stored.phc) and not stored.temporary:
                self._journal.apply(SetPassword(operator.id, sealed(password)), Actor(operator.id))
            if self._state.operator_id == operator.id:
                self._change(replace(self._state, locked=False, must_change=stored.temporary))
            else:
                self._sit_down(operator, must_change=stored.temporary, by_password=True)

        self._run(work, lambda _nothing: done(None), done)

    def sign_out(self) -> None:
        """The login ends; what runs goes on, and so does the shift."""
        if self._refuses_to_leave():
            return
        state, login_id, self._login_id = self._state, self._login_id, ""
        self._change(SeatChanged())
        self._note(LogOut(login_id), Actor(state.operator_id))

    def lock(self) -> None:
        """Keep the picture, block control, until a password is given."""
        if not self._refuses_to_leave():
            self._change(replace(self._state, locked=True))

    def touch(self) -> None:
        """Somebody pressed a key or moved the mouse. Cheap."""
        self._touched_s = self._monotonic()

    def tick(self) -> None:
        """Lock when nobody has touched anything for long; to be called now and then."""
        idle_s = self._monotonic() - self._touched_s
        if self._idle_lock_s and idle_s >= self._idle_lock_s and self._state.by_password and not self._state.locked:
            self.lock()

    def change_password(self, old: str, new: str, done: Answer) -> None:
        """The own one, which ends a temporary one. BAD_VALUE (too short) and WRONG_LOGIN come to `done`."""
        operator_id = self._state.operator_id

        def work() -> None:
            if not operator_id:
                raise AppError(AppCode.SEAT_EMPTY)
            self._admitted(operator_id, old, first=not self._state.by_password)
            self._journal.apply(SetPassword(operator_id, sealed(new)), Actor(operator_id))
            if self._state.operator_id == operator_id:
                self._change(replace(self._state, must_change=False, by_password=True))
                self.bus.publish(Banner(BANNER, ""))

        self._run(work, lambda _nothing: done(None), done)

    def second_person(
        self, name: str, password: str, done: Callable[[Actor], None], refused: Callable[[WatchfloorError], None]
    ) -> None:
        """Somebody else's own password at this seat, for an approval: this seat stays as it is."""

        def work() -> Actor:
            operator, stored = self._admitted(name, password)
            if operator.id == self._state.operator_id:
                raise StorageError(StorageCode.NOT_PERMITTED, actor=operator.name, reason="the one who asked")
            if stored.temporary:
                raise AppError(AppCode.TEMPORARY_LOGIN)
            return Actor(operator.id)

        self._run(work, done, refused)

    def _admitted(self, name: str, password: str, *, first: bool = False) -> tuple[Operator, Password]:
        """The operator whose password this is. A refusal takes as long for a name that nobody has.

        With `first`, the first password may be set without an old one. Raises LOGIN_DELAYED, WRONG_LOGIN."""
        operator = self._named(name)
        names = {name} if operator is None else {name, operator.id, operator.name}
        wait_s = self._delays.wait_s(names)
        if wait_s > 0:
            raise AppError(AppCode.LOGIN_DELAYED, seconds=math.ceil(wait_s))
        stored = None if operator is None else self._journal.password(operator.id)
        if first and stored is None and operator is not None:
            return operator, Password(operator.id, "", 0.0)
        if not fits(None if stored is None else stored.phc, password) or operator is None or stored is None:
            self._delays.failed(name)
            raise AppError(AppCode.WRONG_LOGIN)
        if not is_valid(operator, self._clock()):
            raise StorageError(StorageCode.NOT_PERMITTED, actor=operator.name, reason="not valid at this time")
        self._delays.passed(names)
        return operator, stored

    def _named(self, name: str) -> Operator | None:
        """By id, else by a name that only one has."""
        wanted = name.strip().casefold()
        people = [o for o in self._journal.registry().operators if o.role is not Role.SERVICE]
        found = [o for o in people if o.id.casefold() == wanted] or [o for o in people if o.name.casefold() == wanted]
        return found[0] if len(found) == 1 else None

    def _sit_down(self, operator: Operator, *, must_change: bool, by_password: bool) -> None:
        login_id = new_id()
        self._journal.apply(LogIn(self.workstation, login_id), Actor(operator.id))
        self._login_id = login_id
        self.touch()
        self._change(SeatChanged(operator.id, operator.name, operator.role, False, must_change, by_password))

    def _refuses_to_leave(self) -> bool:
        """Without a password nobody could come back."""
        if self._state.operator_id and not self._state.by_password:
            self.bus.publish(CommandRefused(sentence(AppError(AppCode.SEAT_UNPROTECTED))))
            return True
        return not self._state.operator_id

    def _change(self, state: SeatChanged) -> None:
        self._state = state
        self.bus.publish(state)

    def _note(self, command: Command, actor: Actor) -> None:
        self._tasks.submit(lambda: self._journal.apply(command, actor))

    def _run(
        self, work: Callable[[], Result], done: Callable[[Result], None], refused: Callable[[WatchfloorError], None]
    ) -> None:
        if not self._busy.acquire(blocking=False):
            refused(AppError(AppCode.SEAT_BUSY))
            return

        def alone() -> Result:
            try:
                return work()
            finally:
                self._busy.release()

        def failed(error: Exception) -> None:
            if not isinstance(error, WatchfloorError):
                log.error("signing in failed", exc_info=error)
                error = AppError(AppCode.INTERNAL)
            refused(error)

        if not self._tasks.submit(alone, done, failed):
            self._busy.release()
            refused(AppError(AppCode.SEAT_BUSY))
