"""A PeopleDesk that remembers what it was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.bus import Bus
from app.people_desk import PeopleState, Said
from app.seat_test import Check
from app.sign_in import SeatChanged
from storage.people_commands import ShiftWord
from storage.people_queries import Briefing
from storage.people_records import Shift, ShiftItem, ShiftItemKind, ShiftState
from storage.records import Role
from storage.registry_records import Sector

ME = SeatChanged("o1", "Olena", Role.OPERATOR, by_password=True)
NOBODY = SeatChanged()
SECTORS = (Sector("s1", "Market"), Sector("s2", "Park & river"), Sector("s3", "Station"))
ITEM = ShiftItem("t1", "shift-0", ShiftItemKind.INCIDENT, "i1", "2026-000007 Fight · Verified", 0.0)
WORDS = (
    ShiftWord(ShiftItemKind.INCIDENT, "i2", "2026-000008 Theft · New"),
    ShiftWord(ShiftItemKind.DEAD_CAMERA, "c1", "Camera 1 Gate: no picture"),
)


def shift(shift_id: str, operator_id: str, *sectors: str, version: int = 1) -> Shift:
    return Shift(shift_id, operator_id, "seat", sectors, ShiftState.ON, 1_800_000_000.0, version)


class FakePeople:
    """Answers nothing by itself: the test publishes states."""

    def __init__(self, seat: SeatChanged = ME) -> None:
        self.bus = Bus()
        self.asked: list[tuple[object, ...]] = []
        self.refusal = ""
        self.now = PeopleState(
            seat=seat,
            sectors=SECTORS,
            names={"o1": "Olena", "o2": "Taras", "o3": "Aigerim"},
            items=(ITEM,),
            candidates=WORDS,
            briefing=Briefing(1, 2, 1, 0, 3),
            checks=(Check("disk", True, "90 GB are free."), Check("sound", False, "No sound device.")),
        )

    def publish(self, **changes: object) -> None:
        self.now = replace(self.now, **changes)  # type: ignore[arg-type]  # named by the tests
        self.bus.publish(self.now)

    def publish_seat(self, seat: SeatChanged) -> None:
        self.now = replace(self.now, seat=seat)
        self.bus.publish(seat)

    def state(self) -> PeopleState:
        return self.now

    def refresh(self) -> None:
        self.asked.append(("refresh",))

    def test_seat(self) -> None:
        self.asked.append(("test",))

    def sign_in(self, name: str, password: str, said: Said) -> None:
        self.asked.append(("sign_in", name, password))
        said(self.refusal)

    def sign_out(self) -> None:
        self.asked.append(("sign_out",))

    def lock(self) -> None:
        self.asked.append(("lock",))

    def change_password(self, old: str, new: str, said: Said) -> None:
        self.asked.append(("change", old, new))
        said(self.refusal)

    def start_shift(self, sector_ids: Sequence[str]) -> None:
        self.asked.append(("start", *sector_ids))

    def hand_over(self, words: Sequence[ShiftWord], shift: Shift | None = None) -> None:
        self.asked.append(("hand_over", *words, *([shift.id] if shift else [])))

    def take_item(self, item: ShiftItem) -> None:
        self.asked.append(("take", item.id))

    def end_shift(self) -> None:
        self.asked.append(("end",))

    def lend_sectors(self, sector_ids: Sequence[str], to_shift: Shift | None) -> None:
        self.asked.append(("lend", to_shift.id if to_shift else None, *sector_ids))

    def take_sectors_back(self, sector_ids: Sequence[str], from_shift: Shift) -> None:
        self.asked.append(("back", from_shift.id, *sector_ids))
