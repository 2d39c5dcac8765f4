"""The roles of every wall of one seat: made with the wall, one `Attention` for all of them. GUI thread only."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.attention import Attention
from app.feeds import Desk
from app.sign_in import SeatChanged
from widgets.bridge import Bridge
from widgets.choice import Question
from widgets.role_tiles import RoleTiles
from widgets.role_words import coverage_text, debts_text
from widgets.wall import Wall
from widgets.words import Names

_TOLD = 5

Calls = dict[str, Callable[[], object]]


class SeatRoles(QObject):
    """Viewing figures begin anew with each operator, stay in memory, and are shown to that operator only."""

    said = Signal(str)

    def __init__(
        self, desk: Desk, bridge: Bridge, ask: Callable[[Question], None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._desk, self._bridge, self._ask = desk, bridge, ask
        self._seat: SeatChanged | None = None
        self._walls: dict[Wall, RoleTiles] = {}
        self.clock: Callable[[], float] = time.monotonic
        self.attention = Attention(self.clock())
        bridge.seat_changed.connect(self.show_seat)

    def of(self, wall: Wall) -> RoleTiles:
        """The roles of a wall; they go with it."""
        if wall not in self._walls:
            made = RoleTiles(
                self._desk, wall, self._ask, self.attention, self.is_somebody_there, clock=lambda: self.clock()
            )
            made.said.connect(self.said)
            self._bridge.desk_changed.connect(made.step)
            self._bridge.seat_changed.connect(made.plan_anew)
            wall.destroyed.connect(lambda: self._walls.pop(wall, None))
            self._walls[wall] = made
        return self._walls[wall]

    def calls_of(self, wall: Wall) -> Calls:
        """Keys of a wall, by the names of the key table."""
        return {**self.of(wall).calls(), "debts": self.tell_debts}

    def close(self) -> None:
        """The run ends."""
        for roles in self._walls.values():
            roles.close()

    def is_somebody_there(self) -> bool:
        """Whether anybody can be looking; a seat that never told is a trial wall."""
        return self._seat is None or self._seat.may_act

    def show_seat(self, seat: SeatChanged) -> None:
        """Another operator begins with figures of their own."""
        before, self._seat = self._seat, seat
        if seat.operator_id and (before is None or seat.operator_id != before.operator_id):
            self.attention.begin(self.clock())

    def coverage(self) -> str:
        """For the status line."""
        waiting = max((roles.roles.waiting for roles in self._walls.values()), default=0)
        return coverage_text(self.attention.coverage(self.clock()), waiting)

    def tell_debts(self) -> None:
        """Your own figures: what was not looked at for longest."""
        now_s = self.clock()
        names = Names(self._desk.registry())
        self.said.emit(debts_text(self.attention.coverage(now_s), self.attention.worst(now_s, _TOLD), names))
